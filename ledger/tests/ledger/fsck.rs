//! `fsck` names what was altered, wherever it is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rusqlite::Connection;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::code::{Code as LedgerCode, CodeSecret};
use sekisho_ledger::command;
use sekisho_ledger::enrol::Applicant;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::fsck::{Fault, Finding, Report};
use sekisho_ledger::keys::Keys;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{self, Append, Entry, LogName, Store, StoredAct};
use sekisho_ledger::vault::Vault;
use sekisho_register::change::{
    Change, ConnectionState, EpochReason, IncidentClass, Log, OpenCase, OpenEpoch, SetConnection,
};
use sekisho_register::{Act, FoldRefusal, SignedAct};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::batch::{chain_start, enrol_digest};
use sekisho_wire::cose::Signer;
use sekisho_wire::reason::LostReason;
use sekisho_wire::record::{Body, Lost, Record};
use sekisho_wire::words::Language;

use crate::town::{Slot, Town, blank_act, code};

/// What is altered, which entry must be named, and what must be said of it.
type Altered = (String, Option<u64>, fn(&Fault) -> bool);

fn check(town: &Town) -> Report {
    command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap()
}

/// A town with some of everything: full tiles, a poison record, records of the ledger's own, a repeated batch.
pub(crate) fn lived_in() -> Town {
    let mut town = Town::new();
    for count in [200, 100, 1, 255] {
        let before = town.terminal.clone();
        town.send(count);
        let (longer, after) = before.batch(count + 3);
        town.deliver(&longer).unwrap();
        town.terminal = after;
    }
    let (poison, after) = town.terminal.batch_of(vec![b"poison".to_vec()]);
    town.deliver(&poison).unwrap();
    town.terminal = after;
    town.send(4);
    town.publish();
    town
}

pub(crate) fn alter(town: &Town, sql: &str) {
    let connection = Connection::open(town.data.database()).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

/// The column with another byte behind the first `at` than stands there, whichever that is.
fn flip(column: &str, at: u32) -> String {
    let (byte, rest) = (at + 1, at + 2);
    let other = format!("CASE substr({column}, {byte}, 1) WHEN x'5a' THEN x'a5' ELSE x'5a' END");
    format!("CAST(substr({column}, 1, {at}) || CAST({other} AS BLOB) || substr({column}, {rest}) AS BLOB)")
}

fn first(report: &Report) -> &Finding {
    report.findings.first().expect("something is wrong and was not found")
}

#[test]
fn a_newer_record_that_the_office_has_not_come_to_is_unreadable_and_no_finding() {
    let mut town = lived_in();
    let seq = Record::decode(&town.terminal.batch(1).0.records[0]).unwrap().seq;
    let (batch, after) = town.terminal.batch_of(vec![crate::ingest::newer(&town.terminal, seq, false, 2)]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.send(1);
    town.publish();
    let report = check(&town);
    assert_eq!(report.findings, []);
    assert_eq!((report.newer, report.unreadable), (0, 2), "the poison is the other");
}

#[test]
fn a_lived_in_ledger_is_sound() {
    let town = lived_in();
    let report = check(&town);
    assert_eq!(report.findings, []);
    // 200 + 100 + 1 + 255, three more each time, the poison, four more, and the ledger's alarm about the poison; two acts.
    assert_eq!((report.entries, report.batches, report.unreadable), (556 + 12 + 1 + 4 + 1 + 2, 10, 1));
}

#[test]
fn every_altered_byte_is_found_and_named() {
    let table: [Altered; 19] = [
        (format!("UPDATE records_1 SET payload = {} WHERE idx = 300", flip("payload", 40)), Some(300), |fault| {
            matches!(fault, Fault::PayloadAltered)
        }),
        (format!("UPDATE records_1 SET leaf = {} WHERE idx = 17", flip("leaf", 7)), Some(17), |fault| {
            matches!(fault, Fault::PayloadAltered)
        }),
        (format!("UPDATE tiles SET hashes = {} WHERE log = 0 AND level = 1", flip("hashes", 33)), Some(256), |fault| {
            matches!(fault, Fault::TileAltered { level: 1, tile: 0 })
        }),
        (format!("UPDATE heads SET frontier = {} WHERE log = 0", flip("frontier", 20)), Some(573), |fault| {
            matches!(fault, Fault::HeadAltered)
        }),
        (format!("UPDATE batches SET header = {} WHERE first = 0", flip("header", 90)), Some(0), |fault| {
            matches!(fault, Fault::BatchAltered | Fault::BatchSignature | Fault::ChainBroken)
        }),
        (
            "UPDATE batches SET header = (SELECT header FROM batches WHERE first = 203) WHERE first = 0".into(),
            Some(0),
            |fault| matches!(fault, Fault::BatchAltered),
        ),
        ("DELETE FROM batches WHERE first = 203".into(), Some(203), |fault| matches!(fault, Fault::Unaccounted)),
        ("UPDATE cursors SET next = next - 1 WHERE emitter <> ''".into(), None, |fault| {
            matches!(fault, Fault::CursorAltered { .. })
        }),
        (format!("UPDATE cursors SET chain = {} WHERE emitter <> ''", flip("chain", 3)), None, |fault| {
            matches!(fault, Fault::CursorChain)
        }),
        ("DELETE FROM cursors WHERE emitter = ''".into(), None, |fault| matches!(fault, Fault::CursorUnpaired)),
        (format!("UPDATE register_1 SET payload = {} WHERE idx = 1", flip("payload", 60)), Some(1), |fault| {
            matches!(fault, Fault::LeafAltered)
        }),
        ("UPDATE register_1 SET key = 1 WHERE idx = 1".into(), Some(1), |fault| matches!(fault, Fault::PayloadAltered)),
        ("UPDATE acts SET idx = 7 WHERE idx = 1 AND log = 1".into(), Some(1), |fault| matches!(fault, Fault::ActRow)),
        (
            format!("UPDATE names SET sealed = {} WHERE hash = (SELECT min(hash) FROM names)", flip("sealed", 30)),
            Some(0),
            |fault| matches!(fault, Fault::NameAltered),
        ),
        ("DELETE FROM records_1 WHERE idx = 573".into(), Some(573), |fault| matches!(fault, Fault::EntryMissing)),
        ("DELETE FROM records_1 WHERE idx = 300".into(), Some(300), |fault| matches!(fault, Fault::EntryMissing)),
        ("UPDATE records_1 SET key = -1 WHERE idx = 300".into(), Some(300), |fault| {
            matches!(fault, Fault::Unreadable { .. })
        }),
        ("UPDATE records_1 SET leaf = zeroblob(31) WHERE idx = 300".into(), Some(300), |fault| {
            matches!(fault, Fault::Unreadable { .. })
        }),
        // Far behind the end, where the next entry would not meet it.
        (
            "INSERT INTO records_1 SELECT 900, leaf, key, payload FROM records_1 WHERE idx = 3".into(),
            Some(574),
            |fault| matches!(fault, Fault::EntryBeyondHead),
        ),
    ];
    for (sql, index, expected) in table {
        let town = lived_in();
        alter(&town, &sql);
        let report = check(&town);
        let finding = first(&report);
        assert!(expected(&finding.fault), "{sql}: {:?}", report.findings);
        assert_eq!(finding.index, index, "{sql}: {finding:?}");
        assert!(finding.text(Language::English).contains("office"));
        assert!(finding.text(Language::Japanese).contains("団体"));
    }
}

#[test]
fn rows_that_no_leaf_covers_are_held_against_what_tells_of_them() {
    type Expected = fn(&Fault) -> bool;
    let table: [(&str, Expected); 19] = [
        ("UPDATE heads SET size = size + 1 WHERE log = 0", |fault| matches!(fault, Fault::HeadAltered)),
        ("UPDATE heads SET frontier = zeroblob(9) WHERE log = 0", |fault| matches!(fault, Fault::HeadAltered)),
        ("INSERT INTO tiles SELECT office, 0, 2, 7, zeroblob(32) FROM heads WHERE log = 0", |fault| {
            matches!(fault, Fault::TileStray { level: 2, tile: 7 })
        }),
        ("DELETE FROM tiles WHERE log = 0", |fault| matches!(fault, Fault::TileAltered { level: 1, tile: 0 })),
        ("DELETE FROM names WHERE hash = (SELECT max(hash) FROM names)", |fault| matches!(fault, Fault::NameMissing)),
        ("INSERT INTO names SELECT office, log, 1, hash, sealed FROM names LIMIT 1", |fault| {
            matches!(fault, Fault::NameStray)
        }),
        ("UPDATE batches SET received = 1 WHERE first = 203", |fault| {
            matches!(fault, Fault::BatchTime { received: 1 })
        }),
        // Far ahead: the one itself is named, and not those behind it, which would look early beside it.
        ("UPDATE batches SET received = 99999999999999 WHERE first = 203", |fault| {
            matches!(fault, Fault::BatchTime { received: 99_999_999_999_999 })
        }),
        ("UPDATE batches SET received = 99999999999999 WHERE first = (SELECT max(first) FROM batches)", |fault| {
            matches!(fault, Fault::BatchTime { received: 99_999_999_999_999 })
        }),
        ("INSERT INTO records_1 SELECT -1, leaf, key, payload FROM records_1 WHERE idx = 3", |fault| {
            matches!(fault, Fault::Unreadable { .. })
        }),
        // The act that has this id would count as taken, and would not be in the log.
        ("INSERT INTO acts SELECT office, zeroblob(32), log, idx FROM acts WHERE idx = 1", |fault| {
            matches!(fault, Fault::ActRow)
        }),
        ("INSERT INTO acts SELECT office, zeroblob(32), 0, 5 FROM acts WHERE idx = 1", |fault| {
            matches!(fault, Fault::ActRow)
        }),
        ("UPDATE offices SET seeds = zeroblob(124)", |fault| matches!(fault, Fault::Unreadable { .. })),
        ("UPDATE offices SET founded = 7", |fault| matches!(fault, Fault::FoundedAltered { founded: 7 })),
        ("DELETE FROM codes WHERE seeds IS NOT NULL", |fault| matches!(fault, Fault::FoundingCode)),
        ("DELETE FROM codes WHERE seeds IS NULL", |fault| {
            matches!(fault, Fault::CodesMiscounted { codes: 0, invited: 1, .. })
        }),
        ("UPDATE keys SET wrapped = zeroblob(60) WHERE number = 1", |fault| {
            matches!(fault, Fault::KeyDamaged { number: 1 })
        }),
        (
            "INSERT INTO enrolments SELECT office, zeroblob(32), 'jumin-2', zeroblob(32), x'00', 5 FROM heads LIMIT 1",
            |fault| matches!(fault, Fault::EnrolmentsMiscounted { enrolments: 1, requested: 0, .. }),
        ),
        ("INSERT INTO codes VALUES (zeroblob(32), 5, (SELECT id FROM offices), 'jumin-7', NULL, NULL)", |fault| {
            matches!(fault, Fault::CodesMiscounted { codes: 1, invited: 0, .. })
        }),
    ];
    for (sql, expected) in table {
        let town = lived_in();
        town.ledger.invite(&town.office, &code("jumin-2"), &code("10001")).unwrap();
        town.publish();
        assert_eq!(check(&town).findings, [], "before {sql}");
        alter(&town, sql);
        let found = check(&town).findings;
        assert!(found.iter().any(|finding| expected(&finding.fault)), "{sql}: {found:?}");
        if sql.contains("received") {
            assert_eq!(found.len(), 1, "{sql}: {found:?}");
        }
        assert!(found.iter().all(|finding| !finding.text(Language::Japanese).is_empty()));
    }
}

/// Invites the town's terminal and enrols it.
fn enrol(town: &Town) {
    let (line, _) = town.ledger.invite(&town.office, &code("jumin-1"), &code("10001")).unwrap();
    let secret = STANDARD.decode(LedgerCode::from_line(&line).unwrap().secret).unwrap();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
    let signer = &town.terminal.key;
    let proof = signer.sign(&enrol_digest(secret.as_slice().try_into().unwrap(), &request)).to_bytes();
    let (peer, key) = (town.terminal.peer.clone(), signer.verifying_key().to_bytes());
    let secret = CodeSecret::from_base64(&STANDARD.encode(secret)).unwrap();
    town.ledger.enrol(Applicant { peer, secret, key, request, proof }).unwrap();
}

#[test]
fn codes_and_enrolments_are_what_the_records_tell_of() {
    type Expected = fn(&Fault) -> bool;
    let unused = "WHERE seeds IS NULL AND used IS NULL";
    let code_altered: Expected = |fault| matches!(fault, Fault::CodeAltered { .. });
    let enrolment_altered: Expected = |fault| matches!(fault, Fault::EnrolmentAltered { .. });
    let certificate_altered: Expected = |fault| matches!(fault, Fault::CertificateAltered { .. });
    let flipped = |at: u32| format!("UPDATE enrolments SET certificate = {}", flip("certificate", at));
    let table: Vec<(String, Expected)> = vec![
        (format!("UPDATE codes SET expires = expires + 1 {unused}"), code_altered),
        (format!("UPDATE codes SET hash = zeroblob(32) {unused}"), code_altered),
        (format!("UPDATE codes SET used = 5 {unused}"), code_altered),
        ("UPDATE codes SET used = used + 1 WHERE seeds IS NULL AND used IS NOT NULL".into(), code_altered),
        ("UPDATE codes SET used = NULL WHERE seeds IS NULL AND used IS NOT NULL".into(), |fault| {
            matches!(fault, Fault::CodeUnused { .. })
        }),
        ("UPDATE enrolments SET key = zeroblob(32)".into(), enrolment_altered),
        ("UPDATE enrolments SET at = at + 1".into(), enrolment_altered),
        ("UPDATE enrolments SET code = zeroblob(32)".into(), enrolment_altered),
        ("UPDATE enrolments SET certificate = x'00'".into(), certificate_altered),
        (flipped(60), certificate_altered),
        (flipped(250), certificate_altered),
    ];
    let town = Town::new();
    town.ledger.invite(&town.office, &code("jumin-2"), &code("10001")).unwrap();
    enrol(&town);
    town.publish();
    assert_eq!(check(&town).findings, []);
    for (sql, expected) in table {
        let copy = town.root.join("ledger.db.copy");
        let connection = Connection::open(town.data.database()).unwrap();
        connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        alter(&town, &sql);
        let found = check(&town).findings;
        assert!(found.iter().any(|finding| expected(&finding.fault)), "{sql}: {found:?}");
        assert!(found.iter().all(|finding| !finding.text(Language::Japanese).is_empty()));
        let restored = Connection::open(&copy).unwrap();
        let mut to = Connection::open(town.data.database()).unwrap();
        let backup = rusqlite::backup::Backup::new(&restored, &mut to).unwrap();
        backup.step(-1).unwrap();
        std::fs::remove_file(copy).unwrap();
    }
    assert_eq!(check(&town).findings, []);
}

#[test]
fn keys_beside_the_database_are_those_that_it_speaks_of() {
    let town = lived_in();
    let reopened = || Ledger::open_with(&town.data, town.clock.clone(), Arc::new(town.stored()), None).map(drop);
    let own = std::fs::read(town.data.envelope_key()).unwrap();
    std::fs::write(town.data.envelope_key(), [7; 32]).unwrap();
    assert!(matches!(reopened(), Err(LedgerError::OtherEnvelopeKey { office, .. }) if office == town.office));
    assert_eq!(check(&town).findings.iter().map(|found| &found.fault).collect::<Vec<_>>(), [&Fault::OtherEnvelopeKey]);
    std::fs::write(town.data.envelope_key(), own).unwrap();
    reopened().unwrap();

    let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    std::fs::write(town.data.authority_key(), other.serialize_der()).unwrap();
    let names_it = |error: LedgerError| error.to_string().contains("authority.key");
    assert!(reopened().is_err_and(names_it));
    assert!(command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).is_err_and(names_it));
}

#[test]
fn a_damaged_payload_key_stops_what_it_sealed_and_nothing_else() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    alter(&town, "UPDATE keys SET wrapped = zeroblob(60) WHERE number = 1");
    town.reopen();
    let (batch, _) = town.terminal.batch(1);
    assert!(town.deliver(&batch).is_err(), "its key is this month's");
    assert!(town.ledger.record_bytes(&town.office, 0).is_err());
    town.clock.advance(40 * 24 * 3_600_000);
    town.ledger.invite(&town.office, &code("jumin-2"), &code("10001")).unwrap();
    assert!(town.ledger.record_bytes(&town.office, 3).is_ok(), "another month has another key");
}

#[test]
fn a_finding_names_emitter_epoch_and_seq() {
    let town = lived_in();
    alter(&town, "UPDATE records_1 SET payload = zeroblob(200) WHERE idx = 300");
    let report = check(&town);
    let text = first(&report).text(Language::English);
    assert!(text.contains("log records, entry 300 (jumin-1, epoch 0, seq 300)"), "{text}");
    assert!(first(&report).text(Language::Japanese).contains("300 番"));
}

#[test]
fn a_signed_checkpoint_that_does_not_fit_is_found() {
    let town = lived_in();
    let file = |log: LogName| town.root.join("checkpoints").join(town.office.to_string()).join(log.as_str());
    let records = std::fs::read_to_string(file(LogName::Records)).unwrap();
    let altered = records.replace("574", "573");
    assert_ne!(altered, records);
    for (content, expected) in [
        (Some(altered.as_str()), Fault::CheckpointUnreadable),
        (Some(&records[..records.len() / 2]), Fault::CheckpointUnreadable),
        (None, Fault::CheckpointMissing),
    ] {
        match content {
            Some(content) => std::fs::write(file(LogName::Records), content).unwrap(),
            None => std::fs::remove_file(file(LogName::Records)).unwrap(),
        }
        assert_eq!(first(&check(&town)).fault, expected);
    }
}

#[test]
fn a_rewritten_history_does_not_fit_what_was_signed() {
    // Somebody who holds every key of the disk but not the checkpoint file puts yesterday's database back.
    let mut town = Town::new();
    town.send(10);
    town.publish();
    let copy = town.root.join("yesterday.db");
    Connection::open(town.data.database()).unwrap().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    town.send(5);
    town.publish();
    let data = town.data.database();
    let ledger = std::mem::replace(&mut town.ledger, Town::new().ledger.clone());
    drop(ledger);
    for suffix in ["-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{suffix}", data.display())));
    }
    // Another file, not other bytes in this one: a connection that closes late would write into it.
    std::fs::remove_file(&data).unwrap();
    std::fs::copy(&copy, &data).unwrap();
    let fault = Fault::CheckpointAhead { signed: 15, stored: 10 };
    assert!(check(&town).findings.iter().any(|finding| finding.fault == fault), "{:?}", check(&town).findings);
}

/// Overwrites the first page of a table or index with bytes that are no page, and gives back what stood there.
fn tear(town: &Town, name: &str) -> (u64, Vec<u8>) {
    let connection = Connection::open(town.data.database()).unwrap();
    let page: u32 = connection
        .query_row("SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = 'leaf' LIMIT 1", [name], |row| row.get(0))
        .unwrap();
    let size: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let place = u64::from(page - 1) * u64::from(size);
    (place, overwrite(town, place, &vec![0x5a; size as usize]))
}

fn overwrite(town: &Town, place: u64, bytes: &[u8]) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let database = std::fs::OpenOptions::new().read(true).write(true).open(town.data.database()).unwrap();
    let mut before = vec![0; bytes.len()];
    database.read_exact_at(&mut before, place).unwrap();
    database.write_all_at(bytes, place).unwrap();
    before
}

#[test]
fn a_torn_page_is_a_finding_and_the_rest_is_looked_at() {
    let town = lived_in();
    town.ledger.invite(&town.office, &code("jumin-2"), &code("10001")).unwrap();
    town.publish();
    let connection = Connection::open(town.data.database()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let names = {
        let mut names = connection.prepare("SELECT DISTINCT name FROM dbstat").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect::<Vec<String>>()
    };
    drop(connection);
    assert!(names.len() >= 13, "{names:?}");
    let sound = check(&town);
    assert_eq!(sound.findings, []);
    for name in names {
        let (place, before) = tear(&town, &name);
        let report = check(&town);
        let finding = first(&report);
        let unreadable = report.findings.iter().any(|finding| matches!(finding.fault, Fault::Unreadable { .. }));
        assert!(unreadable, "{name}: {:?}", report.findings);
        assert_eq!(finding.office, town.office);
        if name == "records_1" {
            assert_eq!((finding.log, finding.index), (Some(LogName::Records), Some(0)), "{name}");
            assert_eq!(report.findings.len(), 1, "what follows from it says nothing new: {:?}", report.findings);
        }
        if name == "tiles" || name == "codes" {
            assert_eq!(report.entries, sound.entries, "{name}");
        }
        overwrite(&town, place, &before);
    }
    assert_eq!(check(&town).findings, []);
}

#[test]
fn an_entry_in_the_middle_of_a_torn_log_is_named() {
    let town = lived_in();
    let connection = Connection::open(town.data.database()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let last = "SELECT max(pageno) FROM dbstat WHERE name = 'records_1' AND pagetype = 'leaf'";
    let last: u32 = connection.query_row(last, [], |row| row.get(0)).unwrap();

    drop(connection);
    overwrite(&town, u64::from(last - 1) * 8192, &[0x5a; 8192]);
    let report = check(&town);
    let finding = first(&report);
    assert!(matches!(finding.fault, Fault::Unreadable { .. }), "{finding:?}");
    assert!(finding.index.unwrap() > 500 && finding.index.unwrap() < 574, "{finding:?}");
    assert_eq!(report.entries, finding.index.unwrap() + 2, "everything before it was looked at");
}

/// The operator of the server writes an act into a log himself, past all that the ledger asks; gives its place.
pub(crate) fn written_in(town: &Town, log: LogName, act: Vec<u8>) -> u64 {
    let (office, store) = (town.office, town.stored());
    let mut frontier = store.frontier(&office, log).unwrap();
    let (from, leaf) = (frontier.size(), leaf_hash(&act));
    frontier.append(leaf);
    let id = SignedAct::decode(&act).unwrap().id();
    let entries = vec![Entry { leaf, key: 0, payload: act }];
    let append = Append { office, log, from, entries, tiles: Vec::new(), frontier };
    let act = StoredAct { office, id: Hash(id.0), log, index: from };
    store.commit(&store::Change { appends: vec![append], acts: vec![act], ..store::Change::default() }).unwrap();
    from
}

fn refusals(town: &Town) -> Vec<(Option<u64>, FoldRefusal)> {
    let refused = |finding: Finding| {
        if let Fault::ActRefused(refusal) = finding.fault { Some((finding.index, refusal)) } else { None }
    };
    check(town).findings.into_iter().filter_map(refused).collect()
}

#[test]
fn a_way_back_without_a_record_of_the_stop_is_found() {
    let town = lived_in();
    let connection = |state| vec![Change::Connection(SetConnection { state, functions: vec![], incident: None })];
    town.submit(connection(ConnectionState::Stopped)).unwrap();
    let again = town.act(connection(ConnectionState::Connected));
    let refused = town.ledger.submit(&town.office, again.clone(), vec![]);
    assert!(matches!(refused, Err(Refusal::Act(FoldRefusal::StopUnrecorded { .. }))), "{refused:?}");
    assert_eq!(refusals(&town), []);
    let at = written_in(&town, LogName::Register, again);
    let found = refusals(&town);
    assert!(matches!(found[..], [(Some(index), FoldRefusal::StopUnrecorded { .. })] if index == at), "{found:?}");
}

#[test]
fn an_act_in_the_casebook_that_nobody_could_sign_there_is_found() {
    let town = lived_in();
    let office = town.ledger.office(&town.office).unwrap();
    let seen = office.register();
    let incident = OpenCase::incident(IncidentClass::Misuse, code("leak"), code("jumin-1"), None);
    let act = Act {
        office: town.office,
        log: Log::Casebook,
        seen_size: seen.size(),
        seen_root: seen.root(),
        post: Some(code("managers")),
        ..blank_act(town.clock.now(), vec![Change::Open(Box::new(incident))])
    };
    // The mayor's card, another card's signature: as if the operator of the server had written it in himself.
    let to_sign = act.to_be_signed(&Signer::Card(town.mayor.guid));
    let signature = town.deputy.sign(Slot::Signature, &to_sign.digest);
    let forged = to_sign.finish(signature);
    let from = written_in(&town, LogName::Casebook, forged);
    let report = check(&town);
    let finding = first(&report);
    assert_eq!((finding.log, finding.index), (Some(LogName::Casebook), Some(from)), "{:?}", report.findings);
    assert!(matches!(finding.fault, Fault::ActRefused(_)), "{finding:?}");
}

#[test]
fn what_a_terminal_had_acknowledged_of_an_earlier_epoch_must_be_there() {
    for (acknowledged, sound) in [(3, true), (4, false)] {
        let mut town = Town::new();
        town.send(3);
        let open = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: EpochReason::Restored };
        town.submit(vec![Change::OpenEpoch(open)]).unwrap();
        let peer = town.terminal.peer.clone();
        (town.terminal.epoch, town.terminal.next) = (1, 0);
        town.terminal.chain = chain_start(&peer.office, &peer.terminal, 1);
        let reason = LostReason::JournalDamaged;
        let lost = Body::Lost(Lost { from: acknowledged, to: Lost::REST, reason, epoch: Some(0) });
        let (batch, after) = town.terminal.batch_of(vec![town.terminal.record(0, lost)]);
        town.deliver(&batch).unwrap();
        town.terminal = after;
        // It declares no hole of its own epoch.
        let mut ahead = town.terminal.clone();
        ahead.next = 5;
        let other = Body::Lost(Lost { from: 1, to: 4, reason, epoch: Some(0) });
        let (gap, _) = ahead.batch_of(vec![ahead.record(5, other)]);
        assert!(matches!(town.deliver(&gap), Err(Refusal::Gap(_))));
        town.publish();
        let found = check(&town).findings;
        let gone = |fault: &Fault| *fault == Fault::AcknowledgedGone { epoch: 0, acknowledged, stored: 3 };
        assert_eq!(found.is_empty(), sound, "{found:?}");
        assert!(sound || found.iter().any(|finding| gone(&finding.fault)), "{found:?}");
        town.ledger.reindex().unwrap();
        let behind = town.ledger.behind(&peer.office).unwrap();
        assert_eq!(behind[0].lost.as_ref().map(|lost| lost.from), Some(acknowledged));
    }
}

#[test]
fn a_record_under_the_key_of_another_month_is_found() {
    let mut town = lived_in();
    town.clock.advance(40 * sekisho_ledger::clock::DAY);
    town.send(1);
    town.publish();
    let store = town.stored();
    let keys = store.keys(&town.office).unwrap();
    let vault = Vault::open(Keys::read(&town.data).unwrap().wrapping, &store).unwrap();
    let entry = store.entries(&town.office, LogName::Records, 0, 1).unwrap().remove(0);
    // Its own class, another month; another class, its own month.
    let of = |number: u32| keys.iter().find(|key| key.number == number).unwrap();
    let own = of(entry.key);
    let others = keys.iter().filter(|key| (key.class == own.class) != (key.month == own.month));
    let others: Vec<u32> = others.map(|key| key.number).collect();
    assert_eq!(others.len(), 2, "{keys:?}");
    let record = vault.numbered(&town.office, entry.key).unwrap().open_payload(&entry.leaf.0, &entry.payload).unwrap();
    for other in others {
        let sealed = vault.numbered(&town.office, other).unwrap().seal_payload(&entry.leaf.0, &record);
        let change = "UPDATE records_1 SET payload = ?1, key = ?2 WHERE idx = 0";
        Connection::open(town.data.database()).unwrap().execute(change, (sealed, other)).unwrap();
        let report = check(&town);
        assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
        assert_eq!((first(&report).index, &first(&report).fault), (Some(0), &Fault::Misfiled { number: other }));
    }
}
