//! A copy is judged by whether it is the book, not by what the book tells of terminals, stopped logs and destroyed months.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sekisho_ledger::command;
use sekisho_ledger::fsck::Fault;
use sekisho_ledger::media::restore::restore;
use sekisho_ledger::store::LogName;
use sekisho_wire::record::Retention;
use sekisho_wire::verdict::VerdictCode;

use crate::destroy::{A_YEAR_LATER, links};
use crate::media::{Stick, add, bad_night, keep, night};
use crate::replay::decision;
use crate::town::{NOON, Scratch, Town, code, scratch};

fn faults(town: &Town) -> Vec<Fault> {
    let report = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    report.findings.into_iter().map(|finding| finding.fault).collect()
}

/// Where the checkpoint of a log lies.
fn signed(town: &Town, log: LogName) -> PathBuf {
    town.data.checkpoints().join(town.office.to_string()).join(log.as_str())
}

fn backups(stick: &Stick) -> usize {
    std::fs::read_dir(&*stick.at)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().join("verified.json").exists())
        .count()
}

fn alter(town: &Town, sql: &str) {
    assert_eq!(Connection::open(town.data.database()).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
}

/// What is said of the copy that is put back with the keys of this town.
fn put_back(town: &Town, stick: &Stick) -> (Scratch, Vec<String>) {
    let root = scratch();
    let restored = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
    (root, restored.told.into_iter().map(|(english, _)| english).collect())
}

#[test]
fn what_a_terminal_wrote_wrongly_costs_nobody_a_backup() {
    let mut town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    // A verdict that the rules do not give, made by a register that never was; and one card's signature twice.
    let record = |seq| town.terminal.record(seq, decision(&town, 900, VerdictCode::PinNeeded));
    let (batch, after) = town.terminal.batch_of(vec![record(0), record(1)]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    assert!(matches!(faults(&town)[..], [Fault::RegisterAhead { size: 900 }, ..]));
    night(&town, 1);
    let (_root, told) = put_back(&town, &stick);
    assert!(told[0].contains("900"), "{told:?}");
    // Not so what is torn.
    alter(&town, "UPDATE records_1 SET payload = zeroblob(9) WHERE idx = 1");
    let said = bad_night(&town, 2);
    assert!(said.contains("entry 1"), "the one that is damage is named: {said}");
}

#[test]
fn codes_and_enrolments_that_a_copy_is_too_old_for_are_told_and_others_are_damage() {
    let town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    for terminal in ["jumin-2", "jumin-3"] {
        town.ledger.invite(&town.office, &code(terminal), &code("10001")).unwrap();
    }
    town.publish();
    night(&town, 1);
    // As a refill leaves it: the record came back, the row did not.
    alter(&town, "DELETE FROM codes WHERE terminal = 'jumin-2'");
    assert!(matches!(faults(&town)[..], [Fault::CodesMiscounted { codes: 0, invited: 1, .. }]));
    night(&town, 2);
    let (_root, told) = put_back(&town, &stick);
    assert!(told[0].contains("jumin-2") && told[0].contains("older copy"), "{told:?}");
    alter(&town, "INSERT INTO codes VALUES (zeroblob(32), 5, (SELECT id FROM offices), 'jumin-7', NULL, NULL)");
    let said = bad_night(&town, 4);
    assert!(said.contains("jumin-7"), "{said}");
}

#[test]
fn with_keys_from_before_a_destruction_a_backup_from_after_it_is_put_back_and_destroyed_again() {
    let mut town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    town.sends_made(NOON, links(3));
    town.publish();
    let keys = std::fs::read(town.data.payload_key()).unwrap();
    town.clock.advance(A_YEAR_LATER);
    town.destroys(Retention::Operation, "2026-06", "2026-07").unwrap();
    town.carries_out();
    town.publish();
    night(&town, 401);
    // Nobody copied the keys again.
    std::fs::write(town.data.payload_key(), &keys).unwrap();
    let (root, told) = put_back(&town, &stick);
    assert!(told[0].contains("start the ledger, it destroys what acts say"), "{told:?}");
    assert_eq!(std::fs::read(root.join("payload.key")).unwrap(), keys);
}

#[test]
fn a_log_that_has_stopped_is_copied_as_it_is() {
    let mut town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    keep(&town, 2);
    town.send(3);
    town.publish();
    let copy = scratch();
    sekisho_ledger::backup::backup(&town.root, &copy).unwrap();
    town.send(4);
    town.publish();
    night(&town, 1);
    night(&town, 2);
    night(&town, 3);
    assert_eq!(backups(&stick), 2);
    // The book of yesterday under the checkpoints of today.
    let today = LogName::ALL.map(|log| std::fs::read(signed(&town, log)).unwrap());
    town.put_back(&copy);
    LogName::ALL.into_iter().zip(today).for_each(|(log, text)| std::fs::write(signed(&town, log), text).unwrap());
    let said = bad_night(&town, 3);
    assert!(said.contains("signed"), "nobody has been told of it yet: {said}");
    town.reopen();
    assert!(town.ledger.office(&town.office).unwrap().log(LogName::Records).halted().is_some());
    assert!(faults(&town).iter().any(|fault| matches!(fault, Fault::CheckpointAhead { .. })));
    for days in 5..8 {
        assert!(night(&town, days).lacks > 0);
    }
    let (_root, told) = put_back(&town, &stick);
    assert!(told.iter().any(|told| told.contains("the log has stopped")), "{told:?}");
    // What the book lacks now may be in an older one alone: it stays, however long that is so, and takes the room of one.
    assert_eq!(backups(&stick), 2, "the newest of a sound book, and the newest");
    keep(&town, 1);
    night(&town, 8);
    assert_eq!(backups(&stick), 2, "however few are to be kept");
    let sound =
        |at: &Path| std::fs::read_to_string(at.join("verified.json")).is_ok_and(|text| text.contains("\"lacks\": 0"));
    let folders = std::fs::read_dir(&*stick.at).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(folders.filter(|at| sound(at)).count(), 1);
}

#[test]
fn the_newest_checkpoints_of_a_lost_ledger_are_not_removed_for_older_ones() {
    let mut town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    town.send(3);
    town.publish();
    night(&town, 1);
    // Its database, keys and configuration were moved aside.
    let root = scratch();
    let at = root.join("checkpoints").join(town.office.to_string());
    std::fs::create_dir_all(&at).unwrap();
    std::fs::copy(signed(&town, LogName::Records), at.join("records")).unwrap();
    let said = restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("files of a ledger without ledger.toml") && at.join("records").exists(), "{said}");
    std::fs::rename(&at, root.join("aside")).unwrap();
    restore(&root, &stick.at, &town.root, &mut |_| {}).unwrap();
}
