//! A ledger and its witnesses, over real TLS: lines beside what is published, and what a witness knows better.

use std::process::Command;
use std::sync::Arc;

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::command;
use sekisho_ledger::config::{Config, WitnessEntry};
use sekisho_ledger::data::DataDir;
use sekisho_ledger::hearing::{Awaited, Whom};
use sekisho_ledger::ledger::{Ledger, Threads};
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, SqliteStore};
use sekisho_register::change::{Change, SectionState, SetSection, SetWitnesses, Witness};
use sekisho_register::{Ed25519Key, Title};
use sekisho_tlog::{Checkpoint, VerifyingKey};
use sekisho_wire::reason::LinkState;
use sekisho_wire::record::Body;

use crate::served::{Served, until};
use crate::town::{Town, code, scratch};
use crate::witness::TestWitness;

impl Town {
    fn configure(&self, hear_witnesses: Option<usize>, witnesses: Vec<WitnessEntry>) {
        let config = Config { hear_witnesses, witnesses, ..Config::read(&self.data.config()).unwrap() };
        std::fs::write(self.data.config(), config.to_text().unwrap()).unwrap();
    }

    fn log_keys(&self) -> [VerifyingKey; 3] {
        let office = self.ledger.office(&self.office).unwrap();
        LogName::ALL.map(|log| office.log(log).keys().newest().clone())
    }

    fn witnessed_by(&self, witnesses: &[&TestWitness]) {
        for witness in witnesses {
            for key in self.log_keys() {
                sekisho_ledger::witness::command::add_log(&witness.root, &key.to_string()).unwrap();
            }
        }
    }

    /// Size and number of cosignatures of the newest checkpoint.
    fn lines(&self, witnesses: &[&TestWitness]) -> (u64, usize) {
        let office = self.ledger.office(&self.office).unwrap();
        let log = office.log(LogName::Records);
        let note = log.cosignatures().beside(&log.published().unwrap());
        let keys: Vec<_> = witnesses.iter().map(|witness| witness.key.clone()).collect();
        let opened = Checkpoint::open_cosigned(&note, &[log.keys().newest().clone()], &keys).unwrap();
        (opened.checkpoint.size, opened.witnesses.len())
    }

    fn records_halt(&self) -> Option<Halt> {
        self.ledger.office(&self.office).unwrap().log(LogName::Records).halted()
    }

    fn awaits(&self) -> Option<(usize, usize)> {
        let awaited = self.ledger.office(&self.office).unwrap().witness_hearing().awaited();
        awaited.map(|awaited| (awaited.heard, awaited.needed))
    }
}

/// A change that nobody has made yet.
fn section() -> Change {
    let title = Title::new("税務課").unwrap();
    Change::Section(SetSection { section: code("zei"), title, state: SectionState::Open, effective: 0 })
}

/// The threads of a ledger, ended when a test ends.
struct Working(Arc<Ledger>, Option<Threads>);

impl Working {
    fn new(ledger: &Arc<Ledger>) -> Self {
        Self(Arc::clone(ledger), Some(ledger.start().unwrap()))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.1.take().into_iter().for_each(|threads| self.0.stop(threads));
    }
}

fn two_witnesses() -> (TestWitness, TestWitness) {
    (TestWitness::new("w1.test"), TestWitness::new("w2.test"))
}

#[test]
fn checkpoints_carry_the_lines_of_witnesses_also_after_a_restart() {
    let mut town = Town::new();
    town.send(3);
    let (mut first, mut second) = two_witnesses();
    town.witnessed_by(&[&first, &second]);
    town.configure(None, vec![first.entry(), second.entry()]);
    town.reopen();
    assert_eq!(town.awaits(), Some((0, 2)));
    let served = Served::of(town);
    served.town.ledger.can_write(None).unwrap();
    let ready = served.anybody().get("/readyz");
    assert_eq!((ready.status, ready.body.as_slice()), (200, b"ready; it hears others before it writes\n".as_slice()));
    first.start();
    second.start();
    until(|| served.town.awaits().is_none());
    until(|| served.town.lines(&[&first, &second]) == (3, 2));
    let note = served.anybody().get(&format!("/{}/records/checkpoint", served.town.office));
    let note = String::from_utf8(note.body).unwrap();
    assert_eq!(note.matches('\u{2014}').count(), 3, "{note}");
    // The file that the log is compared with knows nothing of it.
    let file = served.town.root.join("checkpoints").join(served.town.office.to_string()).join("records");
    assert_eq!(std::fs::read_to_string(file).unwrap().matches('\u{2014}').count(), 1);
    let root = served.town.root.to_str().unwrap().to_owned();
    until(|| command::status(root.as_ref(), &MachineClock).unwrap().contains("w2.test: answers"));
    let key = served.town.log_keys()[0].to_string();
    assert!(command::status(root.as_ref(), &MachineClock).unwrap().contains(&key));
    first.stop();
    second.stop();
    let mut served = served;
    served.town.send(1);
    until(|| command::status(root.as_ref(), &MachineClock).unwrap().contains("does NOT answer"));
    let mut town = served.into_town();
    town.reopen();
    let log = town.ledger.office(&town.office).unwrap();
    let newest = log.log(LogName::Records).cosignatures().newest().unwrap();
    assert_eq!((newest.note, town.lines(&[&first, &second]), town.awaits()), (note, (4, 0), Some((0, 2))));
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Hears(Awaited { whom: Whom::Witnesses, .. }))));
}

#[test]
fn a_witness_that_says_nothing_keeps_nobody_waiting() {
    let mut town = Town::new();
    // Somebody listens there and never answers.
    let mut living = TestWitness::new("w1.test");
    let deaf = TestWitness::new("w2.test");
    let _listener = std::net::TcpListener::bind(deaf.address).unwrap();
    town.witnessed_by(&[&living]);
    town.configure(Some(1), vec![deaf.entry(), living.entry()]);
    town.reopen();
    living.start();
    let working = Working::new(&town.ledger);
    until(|| town.awaits().is_none());
    for round in 1..4 {
        town.send(2);
        until(|| town.lines(&[&living]) == (round * 2, 1));
    }
    drop(working);
}

#[test]
fn a_book_that_was_put_back_with_its_checkpoint_files_is_stopped_by_a_witness_before_it_writes() {
    let mut town = Town::new();
    let mut witness = TestWitness::new("w1.test");
    town.witnessed_by(&[&witness]);
    town.configure(None, vec![witness.entry()]);
    witness.start();
    town.reopen();
    let working = Working::new(&town.ledger);
    until(|| town.awaits().is_none());
    let copy = town.copied();
    town.send(5);
    until(|| witness.size_of(town.log_keys()[0].name()) == Some(10));
    drop(working);
    town.put_back(&copy);
    let office = town.root.join("checkpoints").join(town.office.to_string());
    drop(std::fs::remove_file(office.join("records.cosigned")));
    town.reopen();
    assert_eq!((town.records_halt(), town.awaits()), (None, Some((0, 1))), "it knows of nothing newer by itself");
    assert!(matches!(town.submit(vec![section()]), Err(Refusal::Hears(Awaited { whom: Whom::Witnesses, .. }))));
    let working = Working::new(&town.ledger);
    until(|| town.records_halt() == Some(Halt::Outrun { seen: 10, stored: 5 }));
    until(|| town.awaits().is_none());
    // The lines of witnesses are no part of what the log is to be filled to.
    let lacks = town.ledger.office(&town.office).unwrap().log(LogName::Records).lacks().unwrap();
    assert_eq!((lacks.size, lacks.text.matches('\u{2014}').count()), (10, 1));
    drop(working);
}

#[test]
fn what_witnesses_cosigned_stops_a_book_that_was_put_back_beside_it() {
    let mut town = Town::new();
    let mut witness = TestWitness::new("w1.test");
    town.witnessed_by(&[&witness]);
    town.configure(None, vec![witness.entry()]);
    witness.start();
    town.reopen();
    let working = Working::new(&town.ledger);
    until(|| town.awaits().is_none());
    let copy = town.copied();
    town.send(5);
    until(|| town.lines(&[&witness]) == (10, 1));
    drop(working);
    // Book and checkpoint files, and not what witnesses cosigned.
    town.put_back(&copy);
    town.reopen();
    assert_eq!(town.records_halt(), Some(Halt::Behind { signed: 10, stored: 5 }));
}

#[test]
fn of_a_ledger_and_its_clone_one_is_cosigned_and_the_other_stops() {
    let mut town = Town::new();
    let mut witness = TestWitness::new("w1.test");
    town.witnessed_by(&[&witness]);
    town.configure(Some(0), vec![witness.entry()]);
    witness.start();
    town.reopen();
    town.send(4);
    town.publish();
    let clone = scratch();
    assert!(Command::new("cp").arg("-a").arg(&*town.root).arg(&*clone).status().unwrap().success());
    let data = DataDir::new(&clone);
    let store = Arc::new(SqliteStore::open_existing(&data.database()).unwrap());
    let other = Ledger::open_with(&data, town.clock.clone(), store, None).unwrap();
    let working = Working::new(&town.ledger);
    town.send(3);
    until(|| town.lines(&[&witness]) == (7, 1));
    // The clone has the same keys, the same terminals, and writes on by itself.
    let elsewhere = Working::new(&other);
    let halt = || other.office(&town.office).unwrap().log(LogName::Records).halted();
    until(|| halt() == Some(Halt::Outrun { seen: 7, stored: 4 }));
    drop(elsewhere);
    drop(working);
    assert_eq!(town.records_halt(), None);
}

#[test]
fn two_histories_of_one_size_are_told_apart() {
    let mut town = Town::new();
    let mut witness = TestWitness::new("w1.test");
    town.witnessed_by(&[&witness]);
    town.configure(Some(0), vec![witness.entry()]);
    witness.start();
    town.reopen();
    town.send(4);
    town.publish();
    let clone = scratch();
    town.waits_for_nobody();
    assert!(Command::new("cp").arg("-a").arg(&*town.root).arg(&*clone).status().unwrap().success());
    let data = DataDir::new(&clone);
    let store = Arc::new(SqliteStore::open_existing(&data.database()).unwrap());
    let other = Ledger::open_with(&data, town.clock.clone(), store, None).unwrap();
    // Each takes another batch for the same place before either is shown to the witness.
    let (batch, _) = town.terminal.batch(3);
    let down = |seq| town.terminal.record(seq, Body::Link(LinkState::Down));
    let (same_place, _) = town.terminal.batch_of((4..7).map(down).collect());
    town.deliver(&batch).unwrap();
    other.ingest(&town.terminal.peer, &same_place.envelope(&town.terminal)).unwrap();
    let working = Working::new(&town.ledger);
    until(|| town.lines(&[&witness]) == (7, 1));
    let elsewhere = Working::new(&other);
    let halt = || other.office(&town.office).unwrap().log(LogName::Records).halted();
    until(|| halt() == Some(Halt::Contradicted { size: 7 }));
    drop(elsewhere);
    drop(working);
    assert_eq!(town.records_halt(), None);
}

#[test]
fn a_witness_that_was_put_back_is_shown_its_own_word_and_cosigns_no_more() {
    let mut town = Town::new();
    let mut witness = TestWitness::new("w1.test");
    town.witnessed_by(&[&witness]);
    town.configure(Some(0), vec![witness.entry()]);
    witness.start();
    town.reopen();
    let working = Working::new(&town.ledger);
    town.send(4);
    until(|| town.lines(&[&witness]) == (4, 1));
    let copy = scratch();
    assert!(Command::new("cp").arg("-a").arg(&*witness.root).arg(&*copy).status().unwrap().success());
    town.send(4);
    until(|| town.lines(&[&witness]) == (8, 1));
    witness.stop();
    std::fs::remove_dir_all(&*witness.root).unwrap();
    std::fs::rename(&*copy, &*witness.root).unwrap();
    sekisho_ledger::witness::command::moved(&witness.root).unwrap();
    witness.start();
    town.send(1);
    until(|| town.ledger.witnesses.status()[0].faults.iter().any(|(_, fault)| fault.contains("put back")));
    assert!(sekisho_ledger::witness::command::status(&witness.root).unwrap().contains("FORGOTTEN"));
    assert_eq!((town.lines(&[&witness]).1, town.records_halt()), (0, None), "the log itself goes on");
    drop(working);
}

#[test]
fn the_ledger_seals_under_a_checkpoint_that_as_many_witnesses_have_cosigned_as_the_register_asks_for() {
    let mut town = Town::new();
    let (mut first, mut second) = two_witnesses();
    town.witnessed_by(&[&first, &second]);
    town.configure(Some(0), vec![first.entry(), second.entry()]);
    town.reopen();
    let seal = |town: &Town, seen: u64| town.ledger.seal(&town.terminal.peer, 0, 0, seen, None).unwrap();
    town.send(3);
    town.publish();
    assert_eq!(seal(&town, 0).ranges.len(), 1, "no act asks for any");
    let witness =
        |of: &TestWitness| Witness { name: Title::new(of.key.name()).unwrap(), key: Ed25519Key(of.key.to_bytes()) };
    let set = SetWitnesses { witnesses: vec![witness(&first), witness(&second)], needed: 2 };
    town.approve(vec![Change::Witnesses(set)]);
    let working = Working::new(&town.ledger);
    first.start();
    until(|| town.lines(&[&first]) == (3, 1));
    let refused = seal(&town, 3);
    assert_eq!((refused.ranges.len(), refused.checkpoint.size, refused.consistency.len()), (0, 3, 0), "one is not two");
    second.start();
    until(|| !seal(&town, 0).ranges.is_empty());
    let keys = [first.key.clone(), second.key.clone()];
    let opened = Checkpoint::open_cosigned(&seal(&town, 0).note, &town.log_keys()[..1], &keys).unwrap();
    assert_eq!((opened.checkpoint.size, opened.witnesses.len()), (3, 2));
    // One dies: what is newer is stored and signed, and not sealed; what was sealed still is.
    second.stop();
    town.send(2);
    until(|| town.lines(&[&first]) == (5, 1));
    let sealed = seal(&town, 0);
    assert_eq!((sealed.checkpoint.size, sealed.ranges[0].count), (3, 3));
    second.start();
    until(|| seal(&town, 3).checkpoint.size == 5);
    drop(working);
}
