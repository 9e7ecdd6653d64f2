//! `fsck` names what was altered, wherever it is (design §3.8, §3.10).

use rusqlite::Connection;
use sekisho_ledger::command;
use sekisho_ledger::fsck::{Fault, Finding, Report};
use sekisho_ledger::store::LogName;
use sekisho_wire::words::Language;

use crate::town::Town;

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
    std::fs::copy(&copy, &data).unwrap();
    let fault = Fault::CheckpointAhead { signed: 15, stored: 10 };
    assert!(check(&town).findings.iter().any(|finding| finding.fault == fault), "{:?}", check(&town).findings);
}
