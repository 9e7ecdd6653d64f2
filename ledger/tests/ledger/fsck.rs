//! `fsck` names what was altered, wherever it is (design §3.8, §3.10).

use rusqlite::Connection;
use sekisho_ledger::command;
use sekisho_ledger::fsck::{Fault, Finding, Report};
use sekisho_ledger::store::LogName;
use sekisho_wire::words::Language;

use crate::town::{Town, code};

/// What is altered, which entry must be named, and what must be said of it.
type Altered = (String, Option<u64>, fn(&Fault) -> bool);

fn check(town: &Town) -> Report {
    command::fsck(&town.root, None, &mut |_| {}).unwrap()
}

/// A town with some of everything: full tiles, a poison record, records of the ledger's own, a repeated batch.
fn lived_in() -> Town {
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

fn alter(town: &Town, sql: &str) {
    let connection = Connection::open(town.data.database()).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

fn first(report: &Report) -> &Finding {
    report.findings.first().expect("something is wrong and was not found")
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
    let flip = |column: &str, at: u32| {
        format!("CAST(substr({column}, 1, {at}) || CAST(x'5a' AS BLOB) || substr({column}, {}) AS BLOB)", at + 2)
    };
    let entry = |log: u32, index: u32| format!("WHERE log = {log} AND idx = {index}");
    let table: [Altered; 14] = [
        (format!("UPDATE entries SET payload = {} {}", flip("payload", 40), entry(0, 300)), Some(300), |fault| {
            matches!(fault, Fault::PayloadAltered)
        }),
        (format!("UPDATE entries SET leaf = {} {}", flip("leaf", 7), entry(0, 17)), Some(17), |fault| {
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
        (format!("UPDATE entries SET payload = {} {}", flip("payload", 60), entry(1, 1)), Some(1), |fault| {
            matches!(fault, Fault::LeafAltered)
        }),
        ("UPDATE acts SET idx = 7 WHERE idx = 1 AND log = 1".into(), Some(1), |fault| matches!(fault, Fault::ActRow)),
        (
            format!("UPDATE names SET sealed = {} WHERE hash = (SELECT min(hash) FROM names)", flip("sealed", 30)),
            Some(0),
            |fault| matches!(fault, Fault::NameAltered),
        ),
        (format!("DELETE FROM entries {}", entry(0, 573)), Some(573), |fault| matches!(fault, Fault::EntryMissing)),
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
    let table: [(&str, Expected); 13] = [
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
        town.ledger.invite(&town.office, &code("jumin-2")).unwrap();
        town.publish();
        assert_eq!(check(&town).findings, [], "before {sql}");
        alter(&town, sql);
        let found = check(&town).findings;
        assert!(found.iter().any(|finding| expected(&finding.fault)), "{sql}: {found:?}");
        assert!(found.iter().all(|finding| !finding.text(Language::Japanese).is_empty()));
    }
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
    town.ledger.invite(&town.office, &code("jumin-2")).unwrap();
    assert!(town.ledger.record_bytes(&town.office, 3).is_ok(), "another month has another key");
}

#[test]
fn a_finding_names_emitter_epoch_and_seq() {
    let town = lived_in();
    alter(&town, "UPDATE entries SET payload = zeroblob(200) WHERE log = 0 AND idx = 300");
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
