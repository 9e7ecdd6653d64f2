//! Which records are missing: every range that anybody has said or shown, before a start and after it.

use sekisho_ledger::index::Question;
use sekisho_ledger::missing::Missing;
use sekisho_ledger::refusal::Refusal;
use sekisho_register::change::{Change, EpochReason, OpenEpoch};
use sekisho_wire::batch::chain_start;
use sekisho_wire::reason::{LinkState, LostReason};
use sekisho_wire::record::{Body, Lost};

use crate::town::{Town, code};

const WHY: LostReason = LostReason::JournalDamaged;

fn missing(town: &Town) -> Vec<(u32, u64, Option<u64>, bool)> {
    let row = |missing: &Missing| (missing.epoch, missing.from, missing.to, missing.said.is_some());
    let told = town.ledger.missing(&town.office).unwrap();
    assert!(!told.is_cut && told.ranges.iter().all(|missing| missing.terminal == "jumin-1"));
    let found = town.ledger.search(&town.office, &Question { limit: 1, ..Question::default() }).unwrap();
    assert_eq!(found.missing, told, "a search names the same");
    told.ranges.iter().map(row).collect()
}

/// Passes over the records up to `to`, and declares them lost.
fn lose(town: &mut Town, to: u64) {
    let from = town.terminal.next;
    let mut ahead = town.terminal.clone();
    ahead.next = to + 1;
    let (batch, after) =
        ahead.batch_of(vec![ahead.record(to + 1, Body::Lost(Lost { from, to, reason: WHY, epoch: None }))]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
}

fn open_epoch(town: &mut Town, epoch: u32) {
    let open = OpenEpoch { terminal: code("jumin-1"), epoch, reason: EpochReason::Restored };
    town.submit(vec![Change::OpenEpoch(open)]).unwrap();
    let peer = town.terminal.peer.clone();
    (town.terminal.epoch, town.terminal.next) = (epoch, 0);
    town.terminal.chain = chain_start(&peer.office, &peer.terminal, epoch);
}

fn leaves_behind(town: &mut Town, epoch: u32, (from, to): (u64, u64)) {
    let seq = town.terminal.next;
    let lost = Body::Lost(Lost { from, to, reason: WHY, epoch: Some(epoch) });
    let (batch, after) = town.terminal.batch_of(vec![town.terminal.record(seq, lost)]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
}

#[test]
fn every_range_that_was_declared_lost_is_named_and_none_is_forgotten_over_a_start() {
    let mut town = Town::new();
    town.send(4);
    lose(&mut town, 8);
    town.send(2);
    lose(&mut town, 14);
    // Somebody says that what is here is lost: it is not.
    let seq = town.terminal.next;
    let there = Body::Lost(Lost { from: 1, to: 2, reason: WHY, epoch: None });
    let (batch, after) = town.terminal.batch_of(vec![town.terminal.record(seq, there)]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    let left = town.terminal.next;
    open_epoch(&mut town, 1);
    // Some of it came, and the answer was lost.
    leaves_behind(&mut town, 0, (left - 3, left + 4));
    town.send(1);
    open_epoch(&mut town, 2);
    leaves_behind(&mut town, 1, (0, Lost::REST));
    town.publish();
    town.ledger.reindex().unwrap();
    let all = [(1, 2, None, true), (0, left, Some(left + 4), true), (0, 12, Some(14), true), (0, 4, Some(8), true)];
    assert_eq!(missing(&town), all);
    assert_eq!(missing(&town), all, "from what is known by now");
    town.reopen();
    town.ledger.reindex().unwrap();
    assert_eq!(missing(&town), all);
}

#[test]
fn what_a_terminal_has_shown_to_be_missing_is_known_after_a_start_until_it_comes() {
    let mut town = Town::new();
    town.send(2);
    let (_, skipped) = town.terminal.batch(3);
    assert!(matches!(town.deliver(&skipped.batch(1).0), Err(Refusal::Gap(_))));
    assert_eq!(missing(&town), [(0, 2, Some(4), false)]);
    town.publish();
    town.ledger.remember_gaps();
    town.reopen();
    assert_eq!(missing(&town), [(0, 2, Some(4), false)]);
    assert_eq!(town.ledger.behind(&town.office).unwrap()[0].gap, Some(5));
    town.send(1);
    assert_eq!(missing(&town), [(0, 3, Some(4), false)]);
    town.send(2);
    assert_eq!(missing(&town), []);
    // A file that is none is begun anew.
    std::fs::write(town.data.gaps(), "[").unwrap();
    town.publish();
    town.reopen();
    assert_eq!(missing(&town), []);
}

#[test]
fn a_record_that_says_lost_where_the_epoch_is_whole_declares_nothing() {
    let mut town = Town::new();
    town.send(3);
    open_epoch(&mut town, 1);
    leaves_behind(&mut town, 0, (1, 2));
    let (batch, after) = town.terminal.batch_of(vec![town.terminal.record(1, Body::Link(LinkState::Up))]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    town.ledger.reindex().unwrap();
    assert_eq!(missing(&town), []);
}

#[test]
fn what_was_awaited_and_then_declared_lost_is_told_once_and_of_a_closed_epoch_nothing_is_awaited() {
    let mut town = Town::new();
    town.send(2);
    let (_, skipped) = town.terminal.batch(3);
    let late = skipped.batch(1).0;
    assert!(matches!(town.deliver(&late), Err(Refusal::Gap(_))));
    open_epoch(&mut town, 1);
    leaves_behind(&mut town, 0, (2, 4));
    town.publish();
    town.ledger.reindex().unwrap();
    assert_eq!(missing(&town), [(0, 2, Some(4), true)]);
    // Whatever is still brought of it awaits nothing.
    let (_, far) = skipped.batch(9);
    assert!(town.deliver(&far.batch(1).0).is_err());
    assert_eq!(missing(&town), [(0, 2, Some(4), true)]);
}
