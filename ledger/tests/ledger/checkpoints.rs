//! A log never forks: what was signed is remembered outside the database, and a database that says otherwise signs nothing (design §3.10).

use rusqlite::Connection;
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;

use crate::town::Town;

impl Town {
    fn checkpoint_file(&self) -> std::path::PathBuf {
        self.root.join("checkpoints").join(self.office.to_string()).join("records")
    }

    fn halt(&self) -> Option<Halt> {
        self.ledger.office(&self.office).unwrap().log(LogName::Records).halted()
    }
}

#[test]
fn a_checkpoint_is_in_the_file_before_anybody_sees_it() {
    let mut town = Town::new();
    town.send(5);
    let log = town.ledger.office(&town.office).unwrap();
    let log = log.log(LogName::Records);
    let watch = log.watch();
    assert_eq!(*watch.borrow(), 0);
    let published = log.publish().unwrap();
    assert_eq!((published.size, *watch.borrow()), (5, 5));
    assert_eq!(std::fs::read_to_string(town.checkpoint_file()).unwrap(), published.text);
    assert_eq!(log.publish().unwrap().text, published.text, "one size is signed once");
}

#[test]
fn a_database_older_than_what_was_signed_is_halted() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let signed = std::fs::read(town.checkpoint_file()).unwrap();
    town.send(5);
    town.publish();
    let newer = std::fs::read(town.checkpoint_file()).unwrap();
    // The database of ten entries and a file that knows five: nothing is wrong, the file was behind when the power went.
    std::fs::write(town.checkpoint_file(), signed).unwrap();
    town.reopen();
    assert_eq!(town.halt(), None);
    town.publish();
    assert_eq!(std::fs::read(town.checkpoint_file()).unwrap(), newer, "the same size gets the same checkpoint");

    let connection = Connection::open(town.data.database()).unwrap();
    let shorter = sekisho_tlog::Frontier::new().to_bytes();
    connection.execute("UPDATE heads SET size = 0, frontier = ?1 WHERE log = 0", [shorter]).unwrap();
    town.reopen();
    assert_eq!(town.halt(), Some(Halt::Behind { signed: 10, stored: 0 }));
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Halted { .. })));
    assert_eq!(std::fs::read(town.checkpoint_file()).unwrap(), newer, "what was signed stays");
}

#[test]
fn a_torn_a_missing_and_a_strange_file_halt_the_log() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let signed = std::fs::read_to_string(town.checkpoint_file()).unwrap();
    let other = {
        let mut other = Town::new();
        other.send(5);
        other.publish();
        std::fs::read_to_string(other.checkpoint_file()).unwrap()
    };
    for (content, expected) in [
        (Some(signed[..signed.len() - 20].to_owned()), Halt::Unreadable),
        (Some(String::new()), Halt::Unreadable),
        (Some(other), Halt::Unreadable),
        (None, Halt::Missing),
    ] {
        match content {
            Some(content) => std::fs::write(town.checkpoint_file(), content).unwrap(),
            None => std::fs::remove_file(town.checkpoint_file()).unwrap(),
        }
        town.reopen();
        assert_eq!(town.halt(), Some(expected));
    }
    std::fs::write(town.checkpoint_file(), signed).unwrap();
    town.reopen();
    assert_eq!(town.halt(), None);
}

#[test]
fn a_file_that_changes_under_the_running_ledger_halts_the_log() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    town.send(1);
    std::fs::write(town.checkpoint_file(), "somebody else's").unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    assert!(office.log(LogName::Records).publish().is_err());
    assert_eq!(town.halt(), Some(Halt::Changed));
    assert!(office.log(LogName::Records).publish().is_err(), "and it stays so");
}

#[test]
fn a_tile_or_head_that_was_altered_halts_the_log() {
    for sql in [
        "UPDATE heads SET frontier = zeroblob(length(frontier) - 8) WHERE log = 0",
        "UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE log = 0",
    ] {
        let mut town = Town::new();
        town.send(600);
        town.publish();
        Connection::open(town.data.database()).unwrap().execute(sql, []).unwrap();
        let store = std::sync::Arc::new(town.stored());
        match sekisho_ledger::ledger::Ledger::open_with(&town.data, town.clock.clone(), store, None) {
            // A head whose bytes are none is not opened at all.
            Err(error) => assert!(error.to_string().contains("head"), "{error}"),
            Ok(ledger) => {
                town.ledger = ledger;
                assert_eq!(town.halt(), Some(Halt::TreeDamaged));
            }
        }
    }
}
