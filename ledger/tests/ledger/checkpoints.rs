//! A log never forks: what was signed is remembered outside the database, and a database that says otherwise signs nothing.

use std::sync::Arc;

use rusqlite::Connection;
use sekisho_ledger::checkpoint::{Halt, HaltNote};
use sekisho_ledger::command;
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::fsck::Fault;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::log_keys::log_key;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, Store};
use sekisho_register::change::{Change, Log, SucceedLog};
use sekisho_tlog::Checkpoint;
use sekisho_wire::reason::AlarmKind;

use crate::faulty::Next;
use crate::office::faulty_town;
use crate::town::Town;

impl Town {
    fn checkpoint_file(&self) -> std::path::PathBuf {
        self.root.join("checkpoints").join(self.office.to_string()).join("records")
    }

    fn resume(&self) -> Result<HaltNote, LedgerError> {
        command::resume(&self.root, &self.office, LogName::Records, self.clock.clone())
    }

    /// The checkpoint that the ledger would sign now.
    fn sign_records(&self) -> String {
        let store = self.stored();
        let stored = store.offices().unwrap().into_iter().find(|office| office.id == self.office).unwrap();
        let master = Keys::read(&self.data).unwrap().wrapping.master;
        let key = log_key(&master, &stored.seeds, "ledger.test", &self.office, LogName::Records, 1).unwrap();
        let head = store.frontier(&self.office, LogName::Records).unwrap();
        let (size, root) = (head.size(), head.root());
        Checkpoint { origin: key.name().into(), size, root, extensions: Vec::new() }.sign(&key)
    }

    fn halt(&self) -> Option<Halt> {
        self.ledger.office(&self.office).unwrap().log(LogName::Records).halted()
    }
}

#[test]
fn a_checkpoint_is_in_the_file_before_anybody_sees_it() {
    let mut town = Town::new();
    town.send(5);
    let office = town.ledger.office(&town.office).unwrap();
    let log = office.log(LogName::Records);
    let watch = log.watch();
    assert_eq!(*watch.borrow(), 0);
    let published = town.ledger.publish(&office, LogName::Records).unwrap();
    assert_eq!((published.size, *watch.borrow()), (5, 5));
    assert_eq!(std::fs::read_to_string(town.checkpoint_file()).unwrap(), published.text);
    assert_eq!(town.ledger.publish(&office, LogName::Records).unwrap().text, published.text, "one size is signed once");
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
        assert!(town.resume().is_err(), "what stopped it is still so");
        std::fs::write(town.checkpoint_file(), &signed).unwrap();
        town.reopen();
        assert_eq!(town.halt(), Some(expected), "somebody put the file back, and nobody has looked at it yet");
        town.resume().unwrap();
        town.reopen();
        assert_eq!(town.halt(), None);
    }
}

#[test]
fn a_stopped_log_stays_stopped_until_an_operator_says_otherwise() {
    let mut town = Town::new();
    town.waits_for_nobody();
    town.send(5);
    town.publish();
    let halt = Halt::Outrun { seen: 9, stored: 5 };
    town.ledger.office(&town.office).unwrap().log(LogName::Records).halt(halt, "the note that a terminal showed");
    town.reopen();
    assert_eq!(town.halt(), Some(halt));
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Halted { .. })));

    let found = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings;
    assert!(matches!(found[0].fault, Fault::Halted { halt: named, .. } if named == halt), "{found:?}");
    assert!(command::status(&town.root, &*town.clock).unwrap().contains("STOPPED since"));

    let note = town.resume().unwrap();
    assert_eq!((note.halt, note.evidence.as_str()), (halt, "the note that a terminal showed"));
    assert!(town.resume().is_err(), "it goes on already");
    town.reopen();
    assert_eq!(town.halt(), None);
    assert_eq!(town.alarms(), [AlarmKind::LogResumed], "it is written down");
    town.send(1);
    town.publish();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn a_stop_that_cannot_be_written_down_stays_owed_until_it_is() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let blocked = town.checkpoint_file().with_extension("halted.new");
    std::fs::create_dir(&blocked).unwrap();
    // A checkpoint is written elsewhere, before it takes its place: neither comes to stand under the other's name.
    town.send(1);
    town.publish();
    let office = town.ledger.office(&town.office).unwrap();
    let log = office.log(LogName::Records);
    let halt = Halt::Outrun { seen: 9, stored: 6 };
    log.halt(halt, "the note");
    assert!(log.write_owed_note().is_err());
    std::fs::remove_dir(&blocked).unwrap();
    log.write_owed_note().unwrap();
    town.reopen();
    assert_eq!(town.halt(), Some(halt));
}

#[test]
fn a_ledger_that_does_not_open_keeps_the_note_of_a_stopped_log() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    let halt = Halt::Outrun { seen: 9, stored: 5 };
    town.ledger.office(&town.office).unwrap().log(LogName::Records).halt(halt, "the note");
    let key = std::fs::read(town.data.envelope_key()).unwrap();
    std::fs::write(town.data.envelope_key(), [7; 32]).unwrap();
    assert!(town.resume().is_err());
    std::fs::write(town.data.envelope_key(), key).unwrap();
    town.reopen();
    assert_eq!(town.halt(), Some(halt));
    town.resume().unwrap();
}

#[test]
fn a_note_that_cannot_be_read_stops_the_log_too() {
    let mut town = Town::new();
    std::fs::write(town.checkpoint_file().with_extension("halted"), "torn").unwrap();
    town.reopen();
    assert_eq!(town.halt(), Some(Halt::NoteUnreadable));
}

#[test]
fn a_ledger_without_the_offices_that_it_has_signed_for_does_not_start() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let connection = Connection::open(town.data.database()).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    for table in [
        "heads",
        "records_1",
        "register_1",
        "casebook_1",
        "tiles",
        "cursors",
        "batches",
        "acts",
        "names",
        "codes",
        "keys",
        "offices",
    ] {
        connection.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    let found = || command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings;
    assert_eq!(found().iter().map(|finding| &finding.fault).collect::<Vec<_>>(), [&Fault::OfficeGone]);
    let store = Arc::new(town.stored());
    let opened = Ledger::open_with(&town.data, town.clock.clone(), store, None);
    assert!(matches!(opened, Err(LedgerError::OfficeGone { office, .. }) if office == town.office));

    drop(connection);
    std::fs::write(town.data.database(), b"").unwrap();
    assert_eq!(found().iter().map(|finding| &finding.fault).collect::<Vec<_>>(), [&Fault::OfficeGone]);
    assert_eq!(std::fs::metadata(town.data.database()).unwrap().len(), 0, "fsck wrote to the evidence");
}

#[test]
fn a_disk_that_fails_twice_and_lands_once_halts_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let mut town = Town::new();
    town.send(1);
    town.publish();
    let office = town.ledger.office(&town.office).unwrap();
    let before = std::fs::read(town.checkpoint_file()).unwrap();
    let blocked = town.checkpoint_file().with_extension("new");
    std::fs::create_dir(&blocked).unwrap();
    let mut landed = Vec::new();
    for _ in 0..2 {
        town.send(1);
        assert!(town.ledger.publish(&office, LogName::Records).is_err());
        landed.push(town.sign_records());
    }
    std::fs::remove_dir(&blocked).unwrap();
    // The first of the two had landed all the same.
    std::fs::write(town.checkpoint_file(), &landed[0]).unwrap();
    town.send(1);
    assert_eq!(town.ledger.publish(&office, LogName::Records).unwrap().size, 4);
    assert_ne!(std::fs::read(town.checkpoint_file()).unwrap(), before);
    let mode = std::fs::metadata(town.checkpoint_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_log_has_its_checkpoint_before_anybody_can_write_to_it() {
    let mut town = Town::new();
    let file = town.checkpoint_file();
    let files = || LogName::ALL.map(|log| file.with_file_name(log.as_str()));
    // The power went after the founding commit, before the first files.
    for file in files() {
        if !file.ends_with("register") {
            std::fs::remove_file(file).unwrap();
        }
    }
    town.reopen();
    assert!(files().iter().all(|file| file.exists()));
    town.send(1);
    town.reopen();
    assert_eq!(town.halt(), None);
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let town = Town::new();
    let open = || Ledger::open(&town.data, town.clock.clone()).err();
    for path in [town.root.to_path_buf(), town.root.join("checkpoints")] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
        let refused = open().unwrap();
        assert!(refused.to_string().contains("mode 750") && refused.next_step().0.contains("chmod 700"), "{refused}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    for file in ["ledger.db", "index.db"] {
        assert_eq!(std::fs::metadata(town.root.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_file_that_changes_under_the_running_ledger_halts_the_log() {
    let mut town = Town::new();
    town.send(5);
    town.publish();
    town.send(1);
    std::fs::write(town.checkpoint_file(), "somebody else's").unwrap();
    let office = town.ledger.office(&town.office).unwrap();
    assert!(town.ledger.publish(&office, LogName::Records).is_err());
    assert_eq!(town.halt(), Some(Halt::Changed));
    assert!(town.ledger.publish(&office, LogName::Records).is_err(), "and it stays so");
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

#[test]
fn what_does_not_read_back_as_it_was_taken_is_not_signed() {
    for altered in [Next::AltersPayload, Next::AltersLeaf] {
        let (mut town, store) = faulty_town();
        town.send(3);
        town.publish();
        let (index, signed) = (town.records(), std::fs::read(town.checkpoint_file()).unwrap());
        store.order(altered);
        town.send(5);
        town.send(2);
        let office = town.ledger.office(&town.office).unwrap();
        assert!(town.ledger.publish(&office, LogName::Records).is_err());
        assert_eq!(town.halt(), Some(Halt::NotAsWritten { index }));
        assert!(matches!(town.deliver(&town.terminal.batch(1).0), Err(Refusal::Halted { .. })));
        // What is damaged is not what another log goes on from.
        let (kept_size, root, signed_size) = office.log(LogName::Records).left().unwrap();
        let kept_root = sekisho_wire::id::Hash(root.0);
        let lost = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size: signed_size + 1 };
        assert!(matches!(town.decide_together(vec![Change::SucceedLog(lost)]), Err(Refusal::LogNotLost)));
        assert_eq!(std::fs::read(town.checkpoint_file()).unwrap(), signed, "{altered:?} is signed");
    }
}
