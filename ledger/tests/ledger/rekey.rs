//! A log goes on under a new key, by an act: who knows only the one before still understands it, and one that was replaced signs nothing by itself.

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::command::{fsck, log_key};
use sekisho_ledger::error::LedgerError;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::log_keys::log_key as ledger_key;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::sheet::check::{Fit, Sheet};
use sekisho_ledger::store::{Change as StoreChange, LogName, StoreError};
use sekisho_ledger::terminals::Shown;
use sekisho_register::Ed25519Key;
use sekisho_register::change::{Change, Log, SetLogKey, SucceedLog};
use sekisho_tlog::{Checkpoint, Freshness, Hash, VerifyingKey};
use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::AlarmKind;

use crate::media::{Stick, add, night};
use crate::town::{Town, opened};

impl Town {
    fn makes_key(&self, log: LogName) -> VerifyingKey {
        log_key(&self.root, &self.office, log, &*self.clock).unwrap()
    }

    fn newest_key(&self, log: LogName) -> VerifyingKey {
        self.ledger.office(&self.office).unwrap().log(log).keys().newest().clone()
    }

    /// The newest checkpoint, as everybody is shown it.
    fn checkpoint(&self, log: LogName) -> String {
        self.ledger.office(&self.office).unwrap().log(log).published().unwrap().text.clone()
    }

    /// Two persons name a key that was made for the log.
    fn rekeys(&self, log: LogName) -> VerifyingKey {
        let key = self.makes_key(log);
        self.approve(named(log, key.to_bytes()));
        key
    }

    fn log_of(&self, log: LogName) -> Option<Halt> {
        self.ledger.office(&self.office).unwrap().log(log).halted()
    }

    fn assert_sound(&self) {
        assert_eq!(fsck(&self.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings, []);
    }
}

fn named(log: LogName, key: [u8; 32]) -> Vec<Change> {
    vec![Change::LogKey(SetLogKey { log: log.of_acts(), key: Ed25519Key(key) })]
}

/// Who signed it, by the number of each key.
fn signers(note: &str, keys: &[&VerifyingKey]) -> Vec<usize> {
    (0..keys.len()).filter(|number| Checkpoint::open(note, keys[*number]).is_ok()).collect()
}

#[test]
fn two_persons_change_the_key_of_each_log_and_what_is_signed_is_signed_again() {
    [Town::new(), Town::on_server()].into_iter().for_each(changes_all);
}

fn changes_all(mut town: Town) {
    town.send(3);
    town.publish();
    let before = town.shown();
    for log in LogName::ALL {
        let old = town.newest_key(log);
        let key = town.makes_key(log);
        assert_eq!(
            (town.makes_key(log), key.name()),
            (key.clone(), old.name()),
            "one that nobody has named yet is given again"
        );
        assert_eq!(signers(&town.checkpoint(log), &[&old, &key]), [0], "it signs nothing before the act");
        assert!(matches!(town.decide_together(named(log, [9; 32])), Err(Refusal::LogKeyUnknown | Refusal::Act(_))));
        assert!(town.submit(named(log, key.to_bytes())).is_err(), "one person alone changes no key");
        let another = LogName::ALL.into_iter().find(|other| *other != log).unwrap();
        assert!(matches!(town.decide_together(named(another, key.to_bytes())), Err(Refusal::LogKeyUnknown)));
        town.approve(named(log, key.to_bytes()));
        // Also of a log to which nothing has come since.
        assert_eq!(signers(&town.checkpoint(log), &[&old, &key]), [0, 1]);
        assert!(town.decide_together(named(log, old.to_bytes())).is_err(), "none comes back");
    }
    let office = town.ledger.office(&town.office).unwrap();
    let (_, note) = office.freshness(town.clock.now()).unwrap();
    assert!(Freshness::open(&note, &town.newest_key(LogName::Register)).is_ok());
    // What was verified before the change says as much as ever.
    town.ledger.hear(&town.terminal.peer, &before).unwrap();
    let sheet = Sheet::read(before.records.as_deref().unwrap()).unwrap().check(&town.root).unwrap();
    assert!(matches!(sheet, Fit::Fits { .. }));
    town.assert_sound();
    let keys = LogName::ALL.map(|log| town.newest_key(log));
    town.waits_for_nobody();
    town.reopen();
    assert_eq!(LogName::ALL.map(|log| town.newest_key(log)), keys);
    town.ledger.hear(&town.terminal.peer, &before).unwrap();
    assert!(LogName::ALL.iter().all(|log| town.ledger.office(&town.office).unwrap().log(*log).halted().is_none()));
}

#[test]
fn of_three_keys_the_newest_two_sign_and_a_start_signs_what_a_crash_left() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let first = town.newest_key(LogName::Records);
    let second = town.rekeys(LogName::Records);
    let file = town.data.checkpoints().join(town.office.to_string()).join("records");
    let by_two = std::fs::read(&file).unwrap();
    let third = town.rekeys(LogName::Records);
    assert_eq!(signers(&town.checkpoint(LogName::Records), &[&first, &second, &third]), [1, 2]);
    town.assert_sound();
    // The act was durable, and the file not written yet.
    std::fs::write(&file, by_two).unwrap();
    town.forget();
    town.reopen();
    assert_eq!(signers(&town.checkpoint(LogName::Records), &[&first, &second, &third]), [1, 2]);
    town.assert_sound();
}

#[test]
fn a_database_that_is_older_than_the_key_signs_nothing_and_one_that_has_it_goes_on() {
    for made_before in [false, true] {
        let mut town = Town::new();
        if made_before {
            let _ = town.makes_key(LogName::Register);
        }
        let copy = town.copied();
        let key = town.rekeys(LogName::Register);
        town.publish();
        let (shown, sizes) = (town.shown(), town.sizes());
        let office = town.ledger.office(&town.office).unwrap();
        let part = town.ledger.register_part(&office, 0, None, None).unwrap();
        let kept = town.all_keepsakes();
        drop(office);
        town.put_back(&copy);
        town.reopen();
        // It knows its own former key beside the new one.
        town.shows(&shown);
        assert_eq!(town.log_of(LogName::Register), Some(Halt::Outrun { seen: sizes[1], stored: sizes[1] - 1 }));
        town.ledger.refill_kept(&town.office, &kept).unwrap();
        let acts = part.entries[sizes[1] as usize - 1..].to_vec();
        town.ledger.refill_register(&town.terminal.peer, sizes[1] - 1, acts, &part.names).unwrap();
        town.shows(&shown);
        if made_before {
            assert_eq!(town.log_of(LogName::Register), None);
            assert!(Checkpoint::open(&town.checkpoint(LogName::Register), &key).is_ok());
            town.send(1);
        } else {
            assert_eq!(town.log_of(LogName::Register), Some(Halt::KeyMissing));
            town.reopen();
            assert_eq!(town.log_of(LogName::Register), Some(Halt::KeyMissing), "a start changes nothing");
        }
    }
}

#[test]
fn nothing_takes_the_place_of_a_log_that_lacks_its_key_alone() {
    let mut town = Town::new();
    let copy = town.copied();
    let _ = town.rekeys(LogName::Records);
    town.publish();
    let (shown, sizes) = (town.shown(), town.sizes());
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 0, None, None).unwrap();
    let kept = town.all_keepsakes();
    drop(office);
    town.put_back(&copy);
    town.reopen();
    let from = town.sizes()[1];
    town.shows(&shown);
    town.ledger.refill_kept(&town.office, &kept).unwrap();
    let acts = part.entries[from as usize..sizes[1] as usize].to_vec();
    town.ledger.refill_register(&town.terminal.peer, from, acts, &part.names).unwrap();
    assert_eq!(town.log_of(LogName::Records), Some(Halt::KeyMissing));
    let office = town.ledger.office(&town.office).unwrap();
    let (kept_size, root, signed_size) = office.log(LogName::Records).left().unwrap();
    let kept_root = sekisho_wire::id::Hash(root.0);
    let successor = SucceedLog { log: Log::Records, kept_size, kept_root, signed_size: signed_size + 1 };
    let refused = town.decide_together(vec![Change::SucceedLog(successor)]);
    assert!(matches!(refused, Err(Refusal::LogNotLost)), "{refused:?}");
}

#[test]
fn where_media_are_listed_a_key_is_shown_once_a_backup_has_it() {
    let town = Town::new();
    let stick = Stick::new();
    add(&town, &stick, "A");
    let asked = || log_key(&town.root, &town.office, LogName::Records, &*town.clock);
    assert!(matches!(asked(), Err(LedgerError::KeyInNoBackup)));
    assert!(matches!(asked(), Err(LedgerError::KeyInNoBackup)));
    let _ = night(&town, 1);
    let key = asked().unwrap();
    assert_eq!(asked().unwrap(), key);
    town.approve(named(LogName::Records, key.to_bytes()));
    let strange = log_key(&town.root, &OfficeId([7; 16]), LogName::Records, &*town.clock);
    assert!(matches!(strange, Err(LedgerError::Argument { name: "--office", .. })));
}

#[test]
fn whoever_stole_a_replaced_key_stops_no_log_with_it_and_is_heard_of() {
    let mut town = Town::new();
    town.send(3);
    town.publish();
    let stored = opened(&town.data).offices().unwrap().remove(0);
    let master = Keys::read(&town.data).unwrap().wrapping.master;
    let stolen = ledger_key(&master, &stored.seeds, "ledger.test", &town.office, LogName::Records, 1).unwrap();
    let forged = |size: u64| {
        let origin = stolen.name().to_owned();
        let note = Checkpoint { origin, size, root: Hash([7; 32]), extensions: Vec::new() }.sign(&stolen);
        Shown { records: Some(note), register: None, casebook: None }
    };
    let _ = town.rekeys(LogName::Records);
    for size in [2, 1_000_000] {
        town.ledger.hear(&town.terminal.peer, &forged(size)).unwrap();
        assert_eq!(town.log_of(LogName::Records), None, "{size}");
    }
    assert_eq!(town.alarms().last(), Some(&AlarmKind::SeenUnproved));
    assert_eq!(town.alarms().iter().filter(|alarm| **alarm == AlarmKind::SeenUnproved).count(), 1);
    let sheet = Sheet::read(&forged(2).records.unwrap()).unwrap();
    assert!(matches!(sheet.check(&town.root).unwrap(), Fit::Different { sheet: 2 }));
}

#[test]
fn of_two_who_make_a_key_at_once_none_takes_the_other_s_away() {
    let town = Town::new();
    let store = opened(&town.data);
    let before = store.offices().unwrap().remove(0).seeds;
    let change = |from: &[u8], to: &[u8]| StoreChange {
        seeds: vec![(town.office, [from.to_vec(), to.to_vec()])],
        ..StoreChange::default()
    };
    store.commit(&change(&before, b"one")).unwrap();
    assert!(matches!(store.commit(&change(&before, b"two")), Err(StoreError::Conflict { .. })));
    assert_eq!(store.offices().unwrap().remove(0).seeds, b"one");
}
