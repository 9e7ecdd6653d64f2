//! After a start nothing is written or signed before a terminal has shown what it verified last: a book that was put back together with its
//! checkpoint files would sign a second history else.

use std::path::Path;

use sekisho_ledger::backup::backup;
use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;

use crate::town::{TestTerminal, Town, code, scratch};
use sekisho_ledger::authority::Peer;
use sekisho_ledger::terminals::Shown;
use sekisho_register::change::SetPolicy;
use sekisho_register::{Change, Policy};

impl Town {
    /// The same directory, opened by a ledger that hears so many terminals first.
    fn reopen_hearing(&mut self, hear: usize) {
        let config = Config { hear: Some(hear), ..Config::read(&self.data.config()).unwrap() };
        std::fs::write(self.data.config(), config.to_text().unwrap()).unwrap();
        self.reopen();
    }

    /// An act that nobody has made yet.
    fn another(&self) -> Change {
        let other = TestTerminal::new(self.office, "mado-9", [9; 32], self.terminal.envelope.clone());
        Change::Terminal(Box::new(other.registration()))
    }

    /// The disk is put back under a machine that was not switched off.
    fn put_back_under_the_ledger(&mut self, copy: &Path) {
        let memory = scratch();
        std::fs::rename(self.root.join("memory"), &*memory).unwrap();
        self.put_back(copy);
        std::fs::rename(&*memory, self.root.join("memory")).unwrap();
        self.reopen();
    }

    fn hear_everybody(&self) {
        self.ledger.office(&self.office).unwrap().hearing().end();
    }

    fn note_of(&self, log: LogName) -> String {
        self.ledger.office(&self.office).unwrap().log(log).published().unwrap().text.clone()
    }

    fn halts(&self) -> [Option<Halt>; 3] {
        let office = self.ledger.office(&self.office).unwrap();
        LogName::ALL.map(|log| office.log(log).halted())
    }

    fn awaited(&self) -> Option<(usize, usize)> {
        let awaited = self.ledger.office(&self.office).unwrap().awaited();
        awaited.map(|awaited| (awaited.needed, awaited.heard))
    }
}

#[test]
fn nothing_is_written_until_a_terminal_has_shown_what_it_verified() {
    let mut town = Town::new();
    town.forget();
    town.reopen();
    assert_eq!(town.awaited(), None, "no terminal has brought anything yet");
    town.send(5);
    town.forget();
    town.reopen();
    assert_eq!(town.awaited(), Some((1, 0)), "half of those that were at work lately");
    town.ledger.can_write(None).unwrap();
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Hears(_))));
    assert!(matches!(town.submit(vec![town.another()]), Err(Refusal::Hears(_))));
    // What is there is signed: whatever was signed over so many entries was over these. It is given out, and nobody is told that it is the newest.
    town.publish();
    let [records, register, casebook] = LogName::ALL.map(|log| town.note_of(log));
    assert_eq!(records.lines().nth(1), Some("5"));
    let part = |town: &Town| {
        let office = town.ledger.office(&town.office).unwrap();
        let part = town.ledger.register_part(&office, 0, None, None).unwrap();
        (part.entries.len(), part.freshness.is_some())
    };
    assert_eq!(part(&town), (2, false));
    // The register alone says little.
    let shown = Shown { register: Some(register), records: None, casebook: None };
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.awaited(), Some((1, 0)));
    // One that was not at work lately knows nothing of these days: it shows our own word, and others are waited for all the same.
    let shown = Shown { records: Some(records), casebook: Some(casebook), ..shown };
    let newcomer = Peer { terminal: code("newcomer"), ..town.terminal.peer.clone() };
    town.ledger.hear(&newcomer, &shown).unwrap();
    assert_eq!((town.awaited(), part(&town)), (Some((1, 0)), (2, false)));
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!((town.awaited(), part(&town)), (None, (2, true)));
    town.send(5);
    town.submit(vec![town.another()]).unwrap();
}

#[test]
fn the_office_says_how_many_of_its_terminals_are_heard() {
    let mut town = Town::new();
    town.send(1);
    for (name, seed) in [("mado-2", [12; 32]), ("mado-3", [13; 32])] {
        let terminal = TestTerminal::new(town.office, name, seed, town.terminal.envelope.clone());
        town.register_terminal(&terminal);
        let (batch, _) = terminal.batch(1);
        town.ledger.ingest(&terminal.peer, &batch.envelope(&terminal)).unwrap();
    }
    let says = |town: &Town, hear_percent| {
        let policy = Policy { hear_percent, ..Policy::default() };
        let act = town.approved_act(Change::Policy(SetPolicy { policy })).unwrap();
        town.ledger.submit(&town.office, act, Vec::new()).unwrap();
    };
    for (percent, needed) in [(50, 2), (100, 3), (1, 1)] {
        says(&town, percent);
        town.forget();
        town.reopen();
        assert_eq!(town.awaited(), Some((needed, 0)), "{percent}");
        town.waits_for_nobody();
        town.reopen();
        let config = Config { hear: None, ..Config::read(&town.data.config()).unwrap() };
        std::fs::write(town.data.config(), config.to_text().unwrap()).unwrap();
    }
}

#[test]
fn a_machine_that_was_not_switched_off_remembers_and_waits_for_nobody() {
    let mut town = Town::new();
    let copy = town.copied();
    town.send(5);
    town.publish();
    town.reopen();
    assert_eq!(town.awaited(), None);
    town.send(5);
    // What one log's memory has lost may be what was put back.
    let office = town.office.to_string();
    std::fs::remove_file(town.root.join("memory/checkpoints").join(&office).join("casebook")).unwrap();
    town.reopen();
    assert_eq!(town.awaited(), Some((1, 0)));
    // The disk is put back under it: it remembers more, and needs to be shown nothing.
    town.put_back_under_the_ledger(&copy);
    assert_eq!(town.halts(), [Some(Halt::Behind { signed: 15, stored: 5 }), None, None]);
}

/// A town whose records log stopped at five entries of ten that were signed, and goes on at an operator's word.
fn gave_up() -> Town {
    let mut town = Town::new();
    let copy = town.copied();
    let terminal = town.terminal.clone();
    town.send(5);
    town.publish();
    town.put_back_under_the_ledger(&copy);
    let stopped = Some(Halt::Behind { signed: 10, stored: 5 });
    assert_eq!(town.halts(), [stopped, None, None]);
    command::resume(&town.root, &town.office, LogName::Records, town.clock.clone()).unwrap();
    town.reopen();
    assert_eq!(town.halts(), [None; 3]);
    town.terminal = terminal;
    town
}

#[test]
fn below_what_an_operator_gave_up_the_machine_remembers_nothing_that_counts() {
    let mut town = gave_up();
    town.hear_everybody();
    town.send(1);
    town.publish();
    let copy = scratch();
    backup(&town.root, &copy).unwrap();
    town.send(1);
    town.publish();
    assert!(town.end() < 10, "{}", town.end());
    town.put_back_under_the_ledger(&copy);
    assert_eq!((town.halts(), town.awaited()), ([None; 3], Some((1, 0))), "terminals know what was signed");
}

#[test]
fn what_an_operator_gave_up_is_not_held_against_the_book_by_what_the_machine_remembers() {
    let mut town = gave_up();
    town.hear_everybody();
    // Another history by now, which is the one that counts; what was given up was ten entries long.
    town.send(9);
    town.publish();
    let copy = town.copied();
    town.send(1);
    town.publish();
    town.put_back_under_the_ledger(&copy);
    assert!(matches!(town.halts()[0], Some(Halt::Behind { .. })), "{:?}", town.halts());
}

#[test]
fn what_was_written_before_anybody_came_is_seen_to_stand_at_the_place_of_what_was_lost() {
    let mut town = Town::new();
    let copy = town.copied();
    let (lost, _) = town.terminal.batch(3);
    town.deliver(&lost).unwrap();
    town.publish();
    let shown = town.shown();
    town.put_back(&copy);
    town.reopen_hearing(0);
    // A record of its own, where the terminal's had been.
    town.ledger.note_resumed(&town.office, LogName::Casebook);
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.halts()[0], Some(Halt::Outrun { seen: 8, stored: 6 }));
    // It stands over a restart that something was written.
    town.reopen();
    let two = town.terminal.batch(2).0;
    let filled = town.ledger.refill_records(&town.terminal.peer, 6, &two.envelope(&town.terminal));
    assert!(matches!(filled, Err(Refusal::Halted { .. })), "{filled:?}");
    assert_eq!(town.halts()[0], Some(Halt::Contradicted { size: 8 }));
}

#[test]
fn a_restart_forgets_not_that_something_was_written_before_anybody_came() {
    let mut town = Town::new();
    town.send(1);
    town.publish();
    let before = town.shown();
    let copy = town.copied();
    let (lost, _) = town.terminal.batch(3);
    town.deliver(&lost).unwrap();
    town.publish();
    let shown = town.shown();
    town.put_back(&copy);
    town.reopen_hearing(0);
    town.ledger.note_resumed(&town.office, LogName::Casebook);
    town.publish();
    let file = town.data.checkpoints().join(town.office.to_string()).join("records.sure");
    assert!(file.exists());
    // Once by a ledger that remembers itself, once by one that does not.
    town.reopen();
    town.forget();
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert!(matches!(town.halts()[0], Some(Halt::Outrun { .. })), "{:?}", town.halts());
    let said = command::status(&town.root, &*town.clock).unwrap();
    assert!(said.contains("entries from 6 on were written after a start that did not hear everybody"), "{said}");
    // It stands over a restart. Where nothing was written before it stopped there is nothing to be said.
    town.reopen();
    assert!(command::status(&town.root, &*town.clock).unwrap().contains("entries from 6 on"));
    // Where all have come, and nobody knew of more, nothing is in question any more.
    town.put_back(&copy);
    drop(std::fs::remove_file(file.with_extension("halted")));
    drop(std::fs::remove_file(&file));
    town.reopen();
    assert!(file.exists());
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert!(matches!(town.halts()[0], Some(Halt::Outrun { .. })));
    assert!(!command::status(&town.root, &*town.clock).unwrap().contains("did not hear everybody"));
    std::fs::remove_file(file.with_extension("halted")).unwrap();
    town.reopen();
    town.ledger.hear(&town.terminal.peer, &before).unwrap();
    assert!(!file.exists());
}

#[test]
fn what_came_while_the_clock_was_ahead_ends_no_hearing() {
    let mut town = Town::new();
    let other = TestTerminal::new(town.office, "mado-9", [9; 32], town.terminal.envelope.clone());
    town.submit(vec![town.another()]).unwrap();
    town.send(2);
    town.clock.advance(400 * sekisho_ledger::clock::DAY);
    town.ledger.ingest(&other.peer, &other.batch(1).0.envelope(&other)).unwrap();
    town.clock.set_back(400 * sekisho_ledger::clock::DAY);
    town.send(1);
    town.forget();
    town.reopen();
    assert_eq!(town.awaited(), Some((1, 0)), "half of two");
    town.ledger.hear(&town.terminal.peer, &town.shown()).unwrap();
    assert_eq!(town.awaited(), None, "it is as good as the other");
    // The one whose batch came from the future is out of use: the others are waited for all the same.
    let retired = sekisho_register::change::SetTerminalState {
        terminal: code("mado-9"),
        state: sekisho_register::change::TerminalUse::Retired,
        effective: 0,
    };
    town.submit(vec![Change::TerminalState(retired)]).unwrap();
    town.forget();
    town.reopen();
    assert_eq!(town.awaited(), Some((1, 0)));
}

#[test]
fn a_book_that_was_put_back_with_its_checkpoint_files_signs_no_second_history() {
    let mut town = Town::new();
    let copy = town.copied();
    town.send(5);
    town.publish();
    let shown = town.shown();
    town.put_back(&copy);
    town.reopen_hearing(1);
    assert_eq!((town.awaited(), town.halts()), (Some((1, 0)), [None; 3]), "it knows of nothing newer by itself");
    town.ledger.hear(&town.terminal.peer, &shown).unwrap();
    assert_eq!(town.halts(), [Some(Halt::Outrun { seen: 10, stored: 5 }), None, None]);
    LogName::ALL.into_iter().for_each(|log| drop(town.ledger.publish(&town.ledger.office(&town.office).unwrap(), log)));
    let office = town.office.to_string();
    let signed =
        |root: &std::path::Path| std::fs::read_to_string(root.join("checkpoints").join(&office).join("records"));
    assert_eq!(signed(&town.root).unwrap(), signed(&copy).unwrap(), "nothing was signed since");
    // The register is none the worse for it.
    town.submit(vec![town.another()]).unwrap();
    // What is worse than being behind is not forgotten for it, over a restart either.
    let log = town.ledger.office(&town.office).unwrap();
    log.log(LogName::Records).halt(Halt::Contradicted { size: 3 }, "another history");
    log.log(LogName::Records).halt(Halt::Outrun { seen: 11, stored: 5 }, "more");
    assert_eq!(
        (town.halts()[0], log.log(LogName::Records).lacks().is_none()),
        (Some(Halt::Contradicted { size: 3 }), true)
    );
    town.reopen_hearing(0);
    assert_eq!(town.halts()[0], Some(Halt::Contradicted { size: 3 }));
}
