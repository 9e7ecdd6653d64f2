//! A log that is behind what was signed is filled again, to the very same tree.

use std::sync::Arc;

use sekisho_ledger::acts::Name;
use sekisho_ledger::clock::DAY;
use sekisho_ledger::command;
use sekisho_ledger::keepsake::Keepsake;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::LogName;
use sekisho_ledger::terminals::Shown;

use sekisho_wire::reason::AlarmKind;

use crate::town::{Scratch, TestBatch, TestTerminal, Town, code};
use sekisho_ledger::authority::Peer;

/// What a terminal would still have.
pub(crate) struct Held {
    pub(crate) batches: Vec<(u64, TestBatch)>,
    pub(crate) acts: Vec<Vec<u8>>,
    pub(crate) names: Vec<Name>,
    pub(crate) kept: Vec<Keepsake>,
    pub(crate) shown: Shown,
}

impl Town {
    pub(crate) fn sizes(&self) -> [u64; 3] {
        let office = self.ledger.office(&self.office).unwrap();
        LogName::ALL.map(|log| office.log(log).committed_size())
    }

    /// Sends a batch, and gives it with the index at which it lies.
    fn sends(&mut self, count: u64) -> (u64, TestBatch) {
        let index = self.sizes()[0];
        let (batch, after) = self.terminal.batch(count);
        self.deliver(&batch).unwrap();
        self.terminal = after;
        (index, batch)
    }

    pub(crate) fn all_keepsakes(&self) -> Vec<Keepsake> {
        let (mut all, mut to) = (Vec::new(), [0, 0]);
        loop {
            let handed = self.ledger.hand_out(&self.terminal.peer, to).unwrap();
            if handed.to == to {
                return all;
            }
            to = handed.to;
            all.extend(handed.keepsakes);
        }
    }

    fn wanted(&self) -> Vec<(LogName, u64, u64)> {
        let wanted = self.ledger.wanted(&self.office).unwrap();
        wanted.into_iter().map(|(log, wanted)| (log, wanted.from, wanted.to)).collect()
    }

    /// Its terminal shows what it verified; whatever does not fit stops its log.
    pub(crate) fn shows(&self, shown: &Shown) {
        self.ledger.hear(&self.terminal.peer, shown).unwrap();
    }
}

/// A town with a copy of yesterday, and what its terminal holds of today.
pub(crate) fn a_day_later() -> (Town, Scratch, Held) {
    let mut town = Town::new();
    let copy = town.copied();
    let mut batches = vec![town.sends(3)];
    // A record of the ledger's own between them, and an act.
    town.note_something();
    batches.push(town.sends(900));
    batches.push(town.sends(900));
    town.register_another("mado-7");
    town.note_something();
    batches.push(town.sends(2));
    town.publish();
    let office = town.ledger.office(&town.office).unwrap();
    let part = town.ledger.register_part(&office, 0, None, None).unwrap();
    let held = Held { batches, acts: part.entries, names: part.names, kept: town.all_keepsakes(), shown: town.shown() };
    (town, copy, held)
}

impl Town {
    fn note_something(&self) {
        self.ledger.note_resumed(&self.office, LogName::Casebook);
    }

    fn register_another(&self, name: &str) {
        let other = TestTerminal::new(self.office, name, [9; 32], self.terminal.envelope.clone());
        self.submit(vec![sekisho_register::Change::Terminal(Box::new(other.registration()))]).unwrap();
    }
}

#[test]
fn a_terminal_that_is_new_is_not_led_through_years_and_gets_what_was_written_lately() {
    let mut town = Town::new();
    town.send(50);
    town.clock.advance(60 * sekisho_ledger::clock::DAY);
    town.ledger.invite(&town.office, &crate::town::code("jumin-2"), &crate::town::code("10001")).unwrap();
    let own = town.end() - 1;
    town.send(5);
    town.publish();
    let handed = town.ledger.hand_out(&town.terminal.peer, [0, 0]).unwrap();
    let of_records = handed.keepsakes.iter().filter(|kept| kept.log == LogName::Records);
    let first = of_records.map(|kept| kept.index).next();
    assert_eq!(first, Some(own), "what the ledger wrote itself before the terminal came again");
    assert_eq!(handed.to[0], town.end());
}

#[test]
fn a_log_goes_on_when_the_database_that_has_all_of_it_is_put_in_its_place() {
    let mut town = Town::new();
    let yesterday = town.copied();
    town.sends(3);
    town.publish();
    let shown = town.shown();
    // Not sealed yet.
    town.sends(2);
    let today = town.copied();
    town.put_back(&yesterday);
    town.reopen();
    town.shows(&shown);
    assert!(!town.wanted().is_empty());
    town.put_back(&today);
    town.reopen();
    assert!(town.ledger.office(&town.office).unwrap().log(LogName::Records).halted().is_some(), "until somebody came");
    town.shows(&shown);
    assert!(
        LogName::ALL.map(|log| town.ledger.office(&town.office).unwrap().log(log).halted()).iter().all(Option::is_none)
    );
    assert_eq!(town.alarms().last(), Some(&AlarmKind::LogResumed));
    town.send(4);
    town.publish();
    town.reopen();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn terminals_fill_it_again_and_the_tree_is_the_same() {
    let (mut town, copy, held) = a_day_later();
    let sizes = town.sizes();
    town.put_back(&copy);
    town.reopen();
    assert_eq!(town.wanted(), []);
    town.shows(&held.shown);
    let from = town.sizes();
    assert_eq!(town.wanted(), [(LogName::Records, from[0], sizes[0]), (LogName::Register, from[1], sizes[1])]);
    let (ledger, peer) = (Arc::clone(&town.ledger), town.terminal.peer.clone());
    let acts = held.acts[from[1] as usize..].to_vec();
    ledger.refill_register(&peer, from[1], acts, &held.names).unwrap();
    assert_eq!(town.wanted(), [(LogName::Records, from[0], sizes[0])]);
    ledger.refill_kept(&town.office, &held.kept).unwrap();
    // In any order, and twice.
    for (index, batch) in held.batches.iter().rev().chain(&held.batches) {
        let envelope = batch.envelope(&town.terminal);
        ledger.refill_records(&peer, *index, &envelope).unwrap();
    }
    let written_since = [sizes[0] + 1, sizes[1], sizes[2]];
    assert_eq!((town.wanted(), town.sizes()), (vec![], written_since), "and that it goes on");
    // What was signed before fits: it is the same tree.
    town.shows(&held.shown);
    assert_eq!(town.wanted(), []);
    assert_eq!(town.alarms().last(), Some(&AlarmKind::LogResumed));
    town.send(4);
    town.publish();
    town.reopen();
    assert_eq!(
        command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap().findings,
        []
    );
}

#[test]
fn nothing_is_written_before_all_of_it_comes_to_the_root_that_was_signed() {
    let (mut town, copy, held) = a_day_later();
    town.put_back(&copy);
    town.reopen();
    town.shows(&held.shown);
    let from = town.sizes();
    let (ledger, peer) = (Arc::clone(&town.ledger), town.terminal.peer.clone());
    let acts = held.acts[from[1] as usize..].to_vec();
    ledger.refill_register(&peer, from[1], acts, &held.names).unwrap();
    // Two batches at each other's places: the lengths do not fit, so the holes tell.
    let (index, batch) = &held.batches[1];
    ledger.refill_records(&peer, *index, &batch.envelope(&town.terminal)).unwrap();
    let clash = ledger.refill_records(&peer, *index + 1, &held.batches[0].1.envelope(&town.terminal));
    assert!(matches!(clash, Err(Refusal::Malformed(_))), "{clash:?}");
    // A keepsake of another place or of another maker is passed over.
    let mut moved = held.kept.clone();
    moved.iter_mut().for_each(|keepsake| keepsake.index += 1);
    let before = ledger.wanted(&town.office).unwrap();
    ledger.refill_kept(&town.office, &moved).unwrap();
    assert_eq!(ledger.wanted(&town.office).unwrap(), before);
    assert_eq!(town.sizes()[0], from[0]);
    town.reopen();
    assert_eq!(
        town.wanted(),
        [(LogName::Records, from[0], held.shown.records.as_deref().unwrap().lines().nth(1).unwrap().parse().unwrap())]
    );
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::Halted { .. })), "it stands still meanwhile");
}

#[test]
fn whoever_brings_what_is_wrong_is_left_out_and_the_others_fill_it() {
    let (mut town, copy, held) = a_day_later();
    town.put_back(&copy);
    town.reopen();
    town.shows(&held.shown);
    let (ledger, peer) = (Arc::clone(&town.ledger), town.terminal.peer.clone());
    let from = town.sizes()[1] as usize;
    let acts = held.acts[from..].to_vec();
    assert_eq!(acts.len(), 1);
    // Another act of ours, as genuine as the one that was lost, and at its place.
    let liar = Peer { terminal: code("liar"), ..peer.clone() };
    let other = TestTerminal::new(town.office, "mado-8", [8; 32], town.terminal.envelope.clone());
    let genuine = town.act(vec![sekisho_register::Change::Terminal(Box::new(other.registration()))]);
    let brings = |who: &Peer, act: &Vec<u8>| ledger.refill_register(who, from as u64, vec![act.clone()], &held.names);
    let lacks = || town.wanted().iter().any(|(log, ..)| *log == LogName::Register);
    assert!(matches!(brings(&liar, &genuine), Err(Refusal::Malformed(_))));
    // Alone it is not left out: it may have been mistaken. The others are heard meanwhile.
    assert!(matches!(brings(&liar, &genuine), Err(Refusal::Malformed(_))));
    assert!(lacks());
    brings(&peer, &acts[0]).unwrap();
    assert!(!lacks(), "it is filled again");
}

#[test]
fn a_terminal_is_given_to_keep_what_is_no_older_than_terminals_keep_it() {
    let (town, _, held) = a_day_later();
    assert!(held.kept.iter().any(|kept| kept.log == LogName::Records));
    let before = town.sizes()[0];
    // Our default is 35 days.
    town.clock.advance(34 * DAY);
    assert_eq!(town.all_keepsakes().len(), held.kept.len());
    town.clock.advance(2 * DAY);
    town.note_something();
    town.publish();
    let kept = town.all_keepsakes();
    let from_before = |kept: &&Keepsake| kept.log == LogName::Records && kept.index < before;
    assert_eq!(kept.iter().find(from_before), None);
    assert!(!kept.is_empty());
    assert!(town.ledger.hand_out(&town.terminal.peer, [0, 0]).unwrap().to[0] >= before, "it goes on behind them");
}
