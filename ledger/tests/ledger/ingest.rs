//! Batches: each way in which one can come, and what is stored of it (wire §7).

use sekisho_ledger::checkpoint::Halt;
use sekisho_ledger::clock::Clock;
use sekisho_ledger::keys::Keys;
use sekisho_ledger::log_keys::log_key;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{EmitterName, LogName, SqliteStore, Store};
use sekisho_register::change::{Change, EpochReason, OpenEpoch, SetTerminalState, TerminalUse};
use sekisho_tlog::{Checkpoint, leaf_hash};
use sekisho_wire::batch::{SeenNote, chain_start};
use sekisho_wire::id::{Hash, OfficeId};
use sekisho_wire::reason::{AlarmKind, LinkState, LostReason};
use sekisho_wire::record::{Body, Lost, Record};

use crate::faulty::Next;
use crate::office::faulty_town;
use crate::town::{TestBatch, TestTerminal, Town, code};

impl Town {
    pub(crate) fn stored(&self) -> SqliteStore {
        SqliteStore::open_existing(&self.data.database()).unwrap()
    }

    pub(crate) fn records(&self) -> u64 {
        self.stored().frontier(&self.office, LogName::Records).unwrap().size()
    }

    fn next_of(&self, terminal: &TestTerminal) -> u64 {
        let emitter = EmitterName::Terminal(terminal.peer.terminal.clone());
        self.stored().cursor(&self.office, &emitter, terminal.epoch).unwrap().map_or(0, |cursor| cursor.next)
    }

    pub(crate) fn alarms(&self) -> Vec<AlarmKind> {
        let all = (0..self.records()).map(|index| self.ledger.record_bytes(&self.office, index).unwrap());
        let alarm = |bytes: Vec<u8>| {
            let body = Record::decode(&bytes).ok()?.body;
            if let Body::Alarm(alarm) = body { Some(alarm.kind) } else { None }
        };
        all.filter_map(alarm).collect()
    }
}

#[test]
fn records_come_back_byte_for_byte_in_order() {
    let mut town = Town::new();
    let receipt = town.send(300);
    assert_eq!((receipt.stored, receipt.repeated, receipt.place.expected), (300, 0, 300));
    assert_eq!(receipt.place.chain.0, town.terminal.chain.0);
    let fresh = TestTerminal::new(town.office, "jumin-1", [3; 32], Vec::new());
    for seq in [0, 1, 255, 256, 299] {
        let expected = fresh.record(seq, Body::Link(LinkState::Up));
        assert_eq!(town.ledger.record_bytes(&town.office, seq).unwrap(), expected);
        let entry = &town.stored().entries(&town.office, LogName::Records, seq, 1).unwrap()[0];
        assert_eq!(entry.leaf, leaf_hash(&expected));
        assert!(!entry.payload.windows(7).any(|window| window == b"jumin-1"), "payloads are sealed at rest");
    }
}

#[test]
fn a_repeat_is_compared_and_absorbed() {
    let mut town = Town::new();
    let (first, after) = town.terminal.batch(10);
    town.deliver(&first).unwrap();
    let again = town.deliver(&first).unwrap();
    assert_eq!((again.stored, again.repeated, again.place.expected), (0, 10, 10));
    town.terminal = after;
    town.send(5);
    let old = town.deliver(&first).unwrap();
    assert_eq!((old.stored, old.repeated, old.place.expected), (0, 10, 15));
    assert_eq!((town.records(), town.next_of(&town.terminal)), (15, 15));
}

#[test]
fn a_partial_repeat_stores_only_what_is_new() {
    let mut town = Town::new();
    let beginning = town.terminal.clone();
    town.send(10);
    town.send(3);
    let (longer, after) = beginning.batch(40);
    let receipt = town.deliver(&longer).unwrap();
    assert_eq!((receipt.stored, receipt.repeated, receipt.place.expected), (27, 13, 40));
    town.terminal = after;
    town.send(2);
    assert_eq!(town.records(), 42);
}

#[test]
fn a_gap_is_answered_with_what_is_expected() {
    let mut town = Town::new();
    town.send(4);
    let (_, skipped) = town.terminal.batch(3);
    let (late, _) = skipped.batch(2);
    match town.deliver(&late) {
        Err(Refusal::Gap(place)) => {
            assert_eq!((place.expected, place.epoch), (4, 0));
            assert_eq!(place.chain.0, town.terminal.chain.0);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(town.records(), 4);
    assert!(town.alarms().is_empty(), "a gap is no alarm: the terminal sends what is missing");
}

#[test]
fn a_gap_declared_lost_is_crossed_and_the_chain_goes_on() {
    let mut town = Town::new();
    town.send(4);
    let mut ahead = town.terminal.clone();
    ahead.next = 9;
    let lost = |to| Body::Lost(Lost { from: 4, to, reason: LostReason::JournalDamaged, epoch: None });
    let (wrong, _) = ahead.batch_of(vec![ahead.record(9, lost(7))]);
    assert!(matches!(town.deliver(&wrong), Err(Refusal::Gap(_))), "the declared range must be the missing one");
    let (declared, after) = ahead.batch_of(vec![ahead.record(9, lost(8)), ahead.record(10, Body::TerminalDown)]);
    assert_eq!(town.deliver(&declared).unwrap().stored, 2);
    assert_eq!(town.deliver(&declared).unwrap().repeated, 2);
    town.terminal = after;
    town.send(1);
    assert_eq!((town.records(), town.next_of(&town.terminal)), (7, 12));
}

#[test]
fn a_fork_stores_nothing_and_alarms_once() {
    let mut town = Town::new();
    let restored = town.terminal.clone();
    town.send(6);
    let other = (0..8).map(|seq| restored.record(seq, Body::Link(LinkState::Down))).collect();
    let (fork, _) = restored.batch_of(other);
    for _ in 0..3 {
        assert!(matches!(town.deliver(&fork), Err(Refusal::Fork(place)) if place.expected == 6));
    }
    assert_eq!(town.alarms(), [AlarmKind::Fork]);
    assert_eq!((town.records(), town.next_of(&town.terminal)), (7, 6));
    town.send(1);
}

#[test]
fn a_wrong_chain_stores_nothing_and_alarms() {
    let mut town = Town::new();
    town.send(6);
    for spoil in [(|batch: &mut TestBatch| batch.header.before = Hash([1; 32])) as fn(&mut TestBatch), |batch| {
        batch.header.after = Hash([1; 32])
    }] {
        let (mut batch, _) = town.terminal.batch(2);
        spoil(&mut batch);
        assert!(matches!(town.deliver(&batch), Err(Refusal::WrongChain(_))));
    }
    assert_eq!(town.alarms(), [AlarmKind::WrongChain]);
    assert_eq!(town.next_of(&town.terminal), 6);
}

#[test]
fn bytes_that_are_no_record_are_kept_flagged_and_block_nothing() {
    let mut town = Town::new();
    let elsewhere = TestTerminal::new(OfficeId([5; 16]), "jumin-1", [3; 32], Vec::new());
    let records = vec![
        town.terminal.record(0, Body::TerminalDown),
        b"poison".to_vec(),
        elsewhere.record(2, Body::TerminalDown),
        town.terminal.record(7, Body::TerminalDown),
        town.terminal.record(4, Body::TerminalDown),
    ];
    let (batch, after) = town.terminal.batch_of(records);
    assert_eq!(town.deliver(&batch).unwrap().stored, 5);
    assert_eq!(town.ledger.record_bytes(&town.office, 1).unwrap(), b"poison");
    assert_eq!(town.alarms(), [AlarmKind::UnreadableRecord], "the first stands for all of its batch");
    town.terminal = after;
    town.send(1);
}

/// A record of version 2 of this terminal, with a kind that this release does not know.
pub(crate) fn newer(terminal: &TestTerminal, seq: u64, critical: bool, class: u8) -> Vec<u8> {
    let ours = Record::decode(&terminal.record(seq, Body::TerminalDown)).unwrap();
    let mut e = minicbor::Encoder::new(Vec::new());
    e.map(8).unwrap().u8(0).unwrap().u8(2).unwrap().u8(1).unwrap().bool(critical).unwrap();
    e.u8(2).unwrap().encode(&ours.emitter).unwrap().u8(3).unwrap().encode(ours.office).unwrap();
    e.u8(4).unwrap().u32(ours.epoch).unwrap().u8(5).unwrap().u64(seq).unwrap();
    e.u8(8).unwrap().u8(class).unwrap().u8(12).unwrap().array(1).unwrap().u8(99).unwrap();
    e.into_writer()
}

#[test]
fn a_newer_record_that_the_office_has_not_come_to_is_kept_as_long_as_any_and_alarms() {
    let mut town = Town::new();
    let classes = |town: &Town| {
        let used: Vec<u32> = (0..town.records())
            .map(|at| town.stored().entries(&town.office, LogName::Records, at, 1).unwrap()[0].key)
            .collect();
        let keys = town.stored().keys(&town.office).unwrap();
        used.iter().map(|used| keys.iter().find(|key| key.number == *used).unwrap().class).collect::<Vec<u8>>()
    };
    let kinds = [(false, 2), (false, 3), (true, 2), (false, 9)];
    let records: Vec<_> =
        (0..).zip(kinds).map(|(seq, (critical, class))| newer(&town.terminal, seq, critical, class)).collect();
    let (batch, after) = town.terminal.batch_of(records.clone());
    assert_eq!(town.deliver(&batch).unwrap().stored, 4);
    assert_eq!(town.alarms(), [AlarmKind::UnreadableRecord]);
    assert_eq!(classes(&town)[..4], [1; 4], "nobody knows how long, so as long as any");
    assert_eq!(town.ledger.record_bytes(&town.office, 0).unwrap(), records[0]);
    town.terminal = after;
    town.send(1);
}

#[test]
fn a_clock_far_off_is_alarmed_once_a_day_and_refuses_nothing() {
    let mut town = Town::new();
    let mut send = |minutes: u64| {
        let (mut batch, after) = town.terminal.batch(1);
        batch.header.sent = town.clock.now() + minutes * 60_000;
        town.deliver(&batch).unwrap();
        town.terminal = after;
        town.alarms()
    };
    assert_eq!(send(9), []);
    for minutes in [11, 600, 0, 11] {
        assert_eq!(send(minutes), [AlarmKind::ClockFarOff], "{minutes} minutes ahead");
    }
    town.clock.advance(24 * 3_600_000);
    town.send(1);
    assert_eq!(town.alarms().len(), 2, "a day behind, on another day");
}

#[test]
fn only_the_terminal_itself_is_heard() {
    let town = Town::new();
    let (batch, _) = town.terminal.batch(1);
    let forger = TestTerminal { key: ed25519_dalek::SigningKey::from_bytes(&[8; 32]), ..town.terminal.clone() };
    let forged = town.ledger.ingest(&town.terminal.peer, &batch.envelope(&forger));
    assert!(matches!(forged, Err(Refusal::NotEnrolled)), "{forged:?}");

    let mut other = town.terminal.clone();
    other.peer.terminal = code("jumin-2");
    let relayed = town.ledger.ingest(&town.terminal.peer, &batch.envelope(&other));
    assert!(matches!(relayed, Err(Refusal::Malformed("envelope"))), "{relayed:?}");
    let (mut lying, _) = town.terminal.batch(1);
    lying.header.office = OfficeId([5; 16]);
    assert!(matches!(town.deliver(&lying), Err(Refusal::NotYou)));
    lying.header.office = town.office;
    lying.header.terminal = code("jumin-2");
    assert!(matches!(town.deliver(&lying), Err(Refusal::NotYou)));
    assert_eq!(town.records(), 0);
}

#[test]
fn damaged_envelopes_are_malformed() {
    let town = Town::new();
    let envelope = town.terminal.batch(1).0.envelope(&town.terminal);
    for length in [0, 1, 20, envelope.len() - 1] {
        let cut = town.ledger.ingest(&town.terminal.peer, &envelope[..length]);
        assert!(matches!(cut, Err(Refusal::Malformed(_))), "{cut:?}");
    }
    let mut other = envelope.clone();
    other[4] ^= 1;
    let other = town.ledger.ingest(&town.terminal.peer, &other);
    assert!(matches!(other, Err(Refusal::EnvelopeKey)), "{other:?}");
    for at in [12, 40, envelope.len() - 5] {
        let mut flipped = envelope.clone();
        flipped[at] ^= 1;
        let flipped = town.ledger.ingest(&town.terminal.peer, &flipped);
        assert!(matches!(flipped, Err(Refusal::Malformed(_))), "{flipped:?}");
    }
}

#[test]
fn an_epoch_that_no_act_opened_is_refused() {
    let mut town = Town::new();
    town.terminal.epoch = 1;
    let (batch, _) = town.terminal.batch(1);
    assert!(matches!(town.deliver(&batch), Err(Refusal::EpochNotOpen { epoch: 1, open: 0 })));
}

impl Town {
    fn set_terminal(&self, state: TerminalUse) {
        let state = SetTerminalState { terminal: code("jumin-1"), state, effective: 0 };
        self.submit(vec![Change::TerminalState(state)]).unwrap();
    }
}

#[test]
fn a_suspended_terminal_is_heard_for_what_it_has_done() {
    let mut town = Town::new();
    let (first, after) = town.terminal.batch(2);
    town.deliver(&first).unwrap();
    town.terminal = after;
    town.set_terminal(TerminalUse::Suspended);
    assert_eq!(town.deliver(&first).unwrap().repeated, 2, "nor is it told that what is stored is not");
    town.send(3);
    assert_eq!((town.records(), town.alarms()), (5, vec![]));
}

#[test]
fn a_retired_terminal_is_heard_with_an_alarm_and_is_behind_until_then() {
    let mut town = Town::new();
    town.send(2);
    town.clock.advance(60_000);
    town.set_terminal(TerminalUse::Retired);
    let behind = |town: &Town| town.ledger.behind(&town.office).unwrap().len();
    assert_eq!(behind(&town), 1, "nobody knows what it still holds");
    town.clock.advance(60_000);
    town.send(1);
    assert_eq!(town.alarms(), [AlarmKind::RetiredHeard]);
    assert_eq!(behind(&town), 0);
    town.send(1);
    assert_eq!(town.alarms().len(), 1, "once");
    let (_, skipped) = town.terminal.batch(3);
    assert!(matches!(town.deliver(&skipped.batch(1).0), Err(Refusal::Gap(_))));
    assert_eq!(behind(&town), 1, "it has shown that some are missing");
}

#[test]
fn a_clock_alarm_that_could_not_be_written_is_raised_the_next_time() {
    let (mut town, store) = faulty_town();
    town.send(1);
    let mut send = |next: Option<Next>| {
        let (mut batch, after) = town.terminal.batch(1);
        batch.header.sent = town.clock.now() + 3_600_000;
        // The batch's own commit goes well, the one after it as ordered.
        store.order_after(1, next.unwrap_or(Next::Works));
        town.deliver(&batch).unwrap();
        town.terminal = after;
        town.alarms()
    };
    assert_eq!(send(Some(Next::Fails)), []);
    assert_eq!(send(None), [AlarmKind::ClockFarOff]);
    assert_eq!(send(None), [AlarmKind::ClockFarOff]);
}

/// A checkpoint of the records log as only this ledger can sign one.
fn signed_note(town: &Town, size: u64, root: Hash) -> SeenNote {
    let master = Keys::read(&town.data).unwrap().wrapping.master;
    let seeds = &town.stored().offices().unwrap()[0].seeds;
    let key = log_key(&master, seeds, "ledger.test", &town.office, LogName::Records, 1).unwrap();
    let root = sekisho_tlog::Hash(root.0);
    let checkpoint = Checkpoint { origin: key.name().into(), size, root, extensions: Vec::new() };
    SeenNote::new(&checkpoint.sign(&key)).unwrap()
}

#[test]
fn a_terminal_that_shows_another_signed_history_stops_the_log() {
    let table: [(u64, Hash, Halt); 2] =
        [(9, Hash([4; 32]), Halt::Outrun { seen: 9, stored: 3 }), (2, Hash([4; 32]), Halt::Contradicted { size: 2 })];
    for (seen, root, expected) in table {
        let mut town = Town::new();
        town.send(3);
        town.publish();
        let (mut batch, _) = town.terminal.batch(1);
        let office = town.ledger.office(&town.office).unwrap();
        let published = office.log(LogName::Records).published().unwrap();
        (batch.header.seen_size, batch.header.seen_root) = (published.size, Hash(published.root.0));
        batch.header.seen_note = Some(SeenNote::new(&published.text).unwrap());
        town.deliver(&batch).unwrap();
        (batch.header.seen_size, batch.header.seen_root) = (seen, root);
        batch.header.seen_note = Some(signed_note(&town, seen, root));
        let stored = town.records();
        assert!(matches!(town.deliver(&batch), Err(Refusal::Halted { .. })));
        let halted = office.log(LogName::Records).halted().unwrap();
        let expected = if let Halt::Outrun { seen, .. } = expected { Halt::Outrun { seen, stored } } else { expected };
        assert_eq!(halted, expected);
        assert!(town.ledger.publish(&office, LogName::Records).is_err(), "nothing is signed any more");
        assert!(matches!(town.deliver(&town.terminal.batch(1).0), Err(Refusal::Halted { .. })));
        let invited = town.ledger.invite(&town.office, &code("jumin-7"), &code("10001"));
        assert!(matches!(invited, Err(Refusal::Halted { .. })), "the ledger writes nothing of its own either");
        assert_eq!(town.records(), stored);
    }
}

#[test]
fn a_terminal_that_only_claims_another_history_is_refused_alone() {
    let mut town = Town::new();
    let other = TestTerminal::new(town.office, "jumin-2", [4; 32], town.terminal.envelope.clone());
    town.submit(vec![Change::Terminal(Box::new(other.registration()))]).unwrap();
    town.send(3);
    town.publish();
    let office = town.ledger.office(&town.office).unwrap();
    let published = office.log(LogName::Records).published().unwrap();
    let forged = sekisho_tlog::SigningKey::from_seed(office.log(LogName::Records).origin(), &[9; 32]).unwrap();
    let root = sekisho_tlog::Hash([1; 32]);
    let forged = Checkpoint { origin: forged.name().into(), size: 1 << 40, root, extensions: Vec::new() }.sign(&forged);
    // Nothing; a note of another key; a true note beside another claim.
    for note in [None, Some(forged.as_str()), Some(published.text.as_str())] {
        let (mut batch, _) = town.terminal.batch(1);
        (batch.header.seen_size, batch.header.seen_root) = (1 << 40, Hash([1; 32]));
        batch.header.seen_note = note.map(|note| SeenNote::new(note).unwrap());
        assert!(matches!(town.deliver(&batch), Err(Refusal::SeenUnproved)));
    }
    assert_eq!(town.alarms(), [AlarmKind::SeenUnproved], "once, however often it is tried");
    town.ledger.ingest(&other.peer, &other.batch(1).0.envelope(&other)).unwrap();
    assert_eq!(office.log(LogName::Records).halted(), None);
}

#[test]
fn once_a_later_epoch_is_open_an_earlier_one_takes_repeats_only() {
    let mut town = Town::new();
    let (old, after) = town.terminal.batch(3);
    town.deliver(&old).unwrap();
    let open = OpenEpoch { terminal: code("jumin-1"), epoch: 1, reason: EpochReason::Restored };
    town.submit(vec![Change::OpenEpoch(open)]).unwrap();
    assert_eq!(town.deliver(&old).unwrap().repeated, 3);
    let (new, _) = after.batch(2);
    assert!(matches!(town.deliver(&new), Err(Refusal::EpochClosed { epoch: 0, open: 1 })));
    let (longer, _) = town.terminal.batch(4);
    assert!(matches!(town.deliver(&longer), Err(Refusal::EpochClosed { .. })), "nor the new rest of a repeat");
    assert_eq!(town.records(), 3);
    let peer = town.terminal.peer.clone();
    town.terminal.epoch = 1;
    town.terminal.chain = chain_start(&peer.office, &peer.terminal, 1);
    town.send(1);
}

#[test]
fn a_seq_beyond_what_a_database_counts_is_malformed_and_hurts_nobody() {
    let mut town = Town::new();
    for first in [1 << 53, (1 << 63) + 5] {
        let mut ahead = town.terminal.clone();
        ahead.next = first;
        let lost = Body::Lost(Lost { from: 0, to: first - 1, reason: LostReason::JournalDamaged, epoch: None });
        let (batch, _) = ahead.batch_of(vec![ahead.record(first, lost)]);
        assert!(matches!(town.deliver(&batch), Err(Refusal::Malformed(_))));
    }
    town.send(2);
    let last = (1 << 53) - 1;
    let mut ahead = town.terminal.clone();
    ahead.next = last;
    let lost = Body::Lost(Lost { from: 2, to: last - 1, reason: LostReason::JournalDamaged, epoch: None });
    let (batch, after) = ahead.batch_of(vec![ahead.record(last, lost)]);
    assert_eq!(town.deliver(&batch).unwrap().place.expected, 1 << 53);
    assert_eq!(town.deliver(&batch).unwrap().repeated, 1);
    assert_eq!(after.next, 1 << 53);
}

#[test]
fn two_terminals_and_many_threads_lose_nothing_and_double_nothing() {
    let town = Town::new();
    let envelope = town.terminal.envelope.clone();
    let other = TestTerminal::new(town.office, "jumin-2", [4; 32], envelope);
    town.submit(vec![Change::Terminal(Box::new(other.registration()))]).unwrap();
    std::thread::scope(|scope| {
        for terminal in [&town.terminal, &other, &town.terminal, &other] {
            scope.spawn(|| {
                let mut terminal = terminal.clone();
                for _ in 0..20 {
                    let (batch, after) = terminal.batch(7);
                    town.ledger.ingest(&terminal.peer, &batch.envelope(&terminal)).unwrap();
                    terminal = after;
                }
            });
        }
    });
    assert_eq!(town.records(), 280);
    assert_eq!((town.next_of(&town.terminal), town.next_of(&other)), (140, 140));
}
