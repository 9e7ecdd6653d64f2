//! Records that a terminal carries out of an earlier epoch into the next (wire §7.5b): both histories stay, and say nothing of the present.

use std::collections::BTreeMap;

use sekisho_ledger::carried::CarriedTo;
use sekisho_ledger::command;
use sekisho_ledger::fsck::{Fault, Report};
use sekisho_ledger::index::{Question, Unshown};
use sekisho_ledger::store::LogName;
use sekisho_register::Mismatch;
use sekisho_register::change::{Change, EpochReason, OpenEpoch};
use sekisho_wire::batch::chain_start;
use sekisho_wire::id::{OfficeId, ReaderIdentity};
use sekisho_wire::reason::{AlarmKind, LinkState, LostReason};
use sekisho_wire::record::{Body, Lost, Record};
use sekisho_wire::verdict::VerdictCode;

use crate::replay::decision;
use crate::town::{TestTerminal, Town, code};

/// The same story over both stores.
fn on_both(story: impl Fn(Town)) {
    story(Town::new());
    story(Town::on_server());
}

impl TestTerminal {
    /// As it begins an epoch.
    fn in_epoch(&self, epoch: u32) -> Self {
        let chain = chain_start(&self.peer.office, &self.peer.terminal, epoch);
        Self { epoch, next: 0, chain, ..self.clone() }
    }

    /// What it wrote from this seq on, told apart by the reader.
    fn wrote(&self, seqs: std::ops::Range<u64>, reader: &str) -> Vec<Vec<u8>> {
        let body = || Body::ReaderUp(ReaderIdentity::new(&format!("name:{reader}")).unwrap());
        seqs.map(|seq| self.record(seq, body())).collect()
    }
}

impl Town {
    fn opens_epoch(&mut self, epoch: u32) {
        let open = OpenEpoch { terminal: code("jumin-1"), epoch, reason: EpochReason::Restored };
        self.submit(vec![Change::OpenEpoch(open)]).unwrap();
        self.terminal = self.terminal.in_epoch(epoch);
    }

    /// Its terminal brings these, in one batch.
    fn brings(&mut self, records: Vec<Vec<u8>>) {
        let count = records.len() as u64;
        let (batch, after) = self.terminal.batch_of(records);
        assert_eq!(self.deliver(&batch).unwrap().stored, count);
        self.terminal = after;
    }

    fn all(&self) -> Vec<Vec<u8>> {
        let size = self.ledger.office(&self.office).unwrap().log(LogName::Records).committed_size();
        (0..size).map(|index| self.ledger.record_bytes(&self.office, index).unwrap()).collect()
    }

    fn alarmed(&self) -> Vec<AlarmKind> {
        let alarm = |bytes: &Vec<u8>| {
            let body = Record::decode(bytes).ok()?.body;
            if let Body::Alarm(alarm) = body { Some(alarm.kind) } else { None }
        };
        self.all().iter().filter_map(alarm).collect()
    }

    /// What a search finds of the terminal, oldest first: what each says of itself, which reader it names, and where it was carried to.
    fn rows_of_it(&self) -> Vec<(u32, u64, Option<String>, Option<CarriedTo>)> {
        self.follows_all();
        let question = Question { terminal: Some("jumin-1".into()), limit: 500, ..Question::default() };
        let found = self.ledger.search(&self.office, &question).unwrap();
        let row = |(index, bytes): &(u64, Option<Vec<u8>>)| {
            let record = Record::decode(bytes.as_ref().unwrap()).unwrap();
            let named = if let Body::ReaderUp(reader) = record.body { Some(reader) } else { None };
            let reader = named.map(|reader| reader.as_str().trim_start_matches("name:").to_owned());
            (record.epoch, record.seq, reader, found.carried.get(index).copied())
        };
        found.rows.iter().rev().map(row).collect()
    }

    fn follows_all(&self) {
        self.publish();
        self.ledger.follow_office(&self.ledger.office(&self.office).unwrap()).unwrap();
    }

    fn missing_ranges(&self) -> Vec<(u32, u64, Option<u64>)> {
        self.follows_all();
        let missing = self.ledger.missing(&self.office).unwrap().ranges;
        missing.into_iter().map(|missing| (missing.epoch, missing.from, missing.to)).collect()
    }

    fn fsck(&self) -> Report {
        self.publish();
        command::fsck(&self.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap()
    }
}

fn to(epoch: u32, seq: u64) -> Option<CarriedTo> {
    Some(CarriedTo { epoch, seq })
}

#[test]
fn what_a_terminal_had_not_sent_comes_in_its_new_epoch() {
    on_both(|mut town| {
        let old = town.terminal.clone();
        town.brings(old.wrote(0..3, "a"));
        let lacks = old.wrote(3..5, "a");
        // It has shown that it has more, and was cut off.
        let (late, _) = TestTerminal { next: 5, ..town.terminal.clone() }.batch_of(old.wrote(5..6, "a"));
        assert!(town.deliver(&late).is_err());
        assert_eq!(town.missing_ranges(), [(0, 3, Some(4))]);
        town.opens_epoch(1);
        town.brings([lacks, old.wrote(5..6, "a")].concat());
        let own = town.terminal.wrote(3..4, "b");
        town.brings(own);
        assert_eq!(town.missing_ranges(), []);
        assert_eq!(town.alarmed(), []);
        let a = || Some("a".to_owned());
        let all = [
            (0, 0, a(), None),
            (0, 1, a(), None),
            (0, 2, a(), None),
            (0, 3, a(), to(1, 0)),
            (0, 4, a(), to(1, 1)),
            (0, 5, a(), to(1, 2)),
            (1, 3, Some("b".into()), None),
        ];
        assert_eq!(town.rows_of_it(), all);
        let report = town.fsck();
        assert_eq!((report.findings, report.carried, report.unreadable), (vec![], 3, 0));
        // The index is derived.
        town.ledger.reindex().unwrap();
        assert_eq!(town.rows_of_it(), all);
        // The terminal's word for it is its word for the batch.
        let evidence = town.ledger.evidence(&town.office, 3).unwrap();
        assert_eq!(Record::decode(&evidence.record).unwrap().seq, 3);
        assert_eq!(evidence.signed.unwrap().leaves.len(), 3);
    });
}

#[test]
fn after_a_fork_both_histories_are_found_and_what_they_share_is_found_once() {
    on_both(|mut town| {
        let old = town.terminal.clone();
        let shared = old.wrote(0..4, "a");
        town.brings([shared.clone(), old.wrote(4..7, "a")].concat());
        // The disk is put back as it was with four records, of which two were known to be acknowledged.
        let other = old.wrote(4..6, "b");
        let (fork, _) = old.batch_of([shared.clone(), other.clone()].concat());
        assert!(town.deliver(&fork).is_err());
        assert_eq!(town.alarmed(), [AlarmKind::Fork]);
        town.opens_epoch(1);
        town.brings([shared[2..].to_vec(), other].concat());
        let seqs = |town: &Town, reader: &str| {
            let found = town.rows_of_it().into_iter().filter(|(_, _, of, _)| of.as_deref() == Some(reader));
            found.map(|(epoch, seq, _, carried)| (epoch, seq, carried)).collect::<Vec<_>>()
        };
        let a: Vec<_> = (0..7).map(|seq| (0, seq, None)).collect();
        assert_eq!(seqs(&town, "a"), a);
        assert_eq!(seqs(&town, "b"), [(0, 4, to(1, 2)), (0, 5, to(1, 3))]);
        let report = town.fsck();
        assert_eq!((report.findings, report.carried, report.contradicting), (vec![], 4, 2));
        assert_eq!(town.alarmed(), [AlarmKind::Fork; 2], "as it was sent in its own epoch, and as it was carried");

        // That disk is put back once more, and all of it comes again in a third epoch; what was carried is carried on.
        town.opens_epoch(2);
        let again: Vec<_> =
            town.all().into_iter().filter(|bytes| Record::decode(bytes).is_ok_and(|it| it.epoch == 0)).collect();
        let again: Vec<_> = again.into_iter().filter(|bytes| bytes != &town.all()[0]).collect();
        town.brings(again);
        assert_eq!((seqs(&town, "a"), seqs(&town, "b").len()), (a, 2));
        let report = town.fsck();
        assert_eq!((report.findings, report.contradicting), (vec![], 2));
    });
}

#[test]
fn what_contradicts_the_record_in_its_own_place_is_an_alarm_though_that_epoch_never_heard_of_it() {
    on_both(|mut town| {
        let old = town.terminal.clone();
        town.brings(old.wrote(0..9, "a"));
        town.opens_epoch(1);
        // In any order, with what stands as it does, and beyond what has come.
        let same = old.wrote(2..4, "a");
        town.brings([old.wrote(20..21, "b"), same, old.wrote(9..12, "b")].concat());
        assert_eq!(town.alarmed(), []);
        town.brings([old.wrote(0..1, "a"), old.wrote(6..8, "b"), old.wrote(8..9, "a")].concat());
        let alarms: Vec<_> = town.all().iter().filter_map(|bytes| Record::decode(bytes).ok()).collect();
        let alarm = alarms.iter().find_map(|it| if let Body::Alarm(alarm) = &it.body { Some(alarm) } else { None });
        let told = alarm.map(|alarm| (alarm.kind, alarm.terminal.clone(), alarm.epoch, alarm.seq));
        assert_eq!(told, Some((AlarmKind::Fork, Some(code("jumin-1")), Some(0), Some(6))));
        town.brings(old.wrote(4..6, "b"));
        assert_eq!((town.fsck().contradicting, town.alarmed().len()), (4, 1), "once for an epoch");
    });
}

#[test]
fn what_does_not_open_in_its_own_place_is_found_where_it_was_carried() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.brings(old.wrote(0..3, "a"));
    town.opens_epoch(1);
    town.brings(old.wrote(0..3, "a"));
    assert!(town.rows_of_it().iter().all(|(_, _, _, carried)| carried.is_none()));
    town.publish();
    crate::fsck::alter(&town, "UPDATE records_1 SET payload = zeroblob(200) WHERE idx = 1");
    town.ledger.reindex().unwrap();
    let question = Question { terminal: Some("jumin-1".into()), limit: 500, ..Question::default() };
    let found = town.ledger.search(&town.office, &question).unwrap();
    assert_eq!(found.carried.into_values().collect::<Vec<_>>(), [CarriedTo { epoch: 1, seq: 1 }]);
    assert!(found.rows.iter().all(|(_, bytes)| bytes.is_some()));
    assert_eq!(found.missing.unshown, Unshown { count: 1, first: vec![1] }, "its own place shows nothing");
}

#[test]
fn what_names_a_later_epoch_another_terminal_or_another_office_is_not_carried() {
    on_both(|mut town| {
        let old = town.terminal.clone();
        town.opens_epoch(1);
        let other = TestTerminal::new(town.office, "jumin-9", [3; 32], Vec::new());
        let elsewhere = TestTerminal::new(OfficeId([5; 16]), "jumin-1", [3; 32], Vec::new());
        let wrong = [old.in_epoch(2).wrote(0..1, "x"), other.wrote(0..1, "x"), elsewhere.wrote(0..1, "x")];
        for (at, records) in wrong.into_iter().enumerate() {
            town.brings(records);
            assert_eq!(town.alarmed(), vec![AlarmKind::UnreadableRecord; at + 1]);
        }
        assert!(town.rows_of_it().iter().all(|(_, _, reader, _)| reader.is_none()));
        let unshown = town.ledger.missing(&town.office).unwrap().unshown;
        assert_eq!((unshown.count, unshown.first.len()), (3, 3), "no search finds them, and every answer says so");
        let report = town.fsck();
        assert_eq!((report.findings, report.carried, report.unreadable), (vec![], 0, 3));
    });
}

#[test]
fn the_same_record_a_thousand_times_is_found_once_and_a_thousand_others_are_found() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.opens_epoch(1);
    let one = old.wrote(7..8, "x").remove(0);
    town.brings(vec![one.clone(); 1000]);
    town.brings(vec![one; 10]);
    assert_eq!(town.rows_of_it(), [(0, 7, Some("x".into()), to(1, 0))]);
    // Whoever has the terminal's key writes what he likes, as his own or as carried: he is known by it.
    town.brings((0..300).flat_map(|n| old.wrote(7..8, &format!("y{n}"))).collect());
    assert_eq!(town.rows_of_it().len(), 301);
    let report = town.fsck();
    assert_eq!((report.findings, report.carried), (vec![], 1310));
}

#[test]
fn what_was_carried_says_nothing_of_the_present() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.brings(old.wrote(0..1, "a"));
    town.opens_epoch(1);
    // That the terminal stopped was long ago; that something was lost closes no hole of this epoch.
    let hole = |epoch| Body::Lost(Lost { from: 0, to: 4, reason: LostReason::JournalDamaged, epoch });
    let mut ahead = town.terminal.clone();
    ahead.next = 5;
    let (gap, _) = ahead.batch_of(vec![old.record(5, hole(None))]);
    assert!(town.deliver(&gap).is_err());
    town.brings(vec![old.record(1, Body::TerminalDown)]);
    town.follows_all();
    let row = &town.ledger.behind(&town.office).unwrap()[0];
    assert_eq!((row.epoch, row.next), (1, 1));
    let told = town.ledger.search(&town.office, &Question { kind: Some(10), limit: 9, ..Question::default() }).unwrap();
    assert_eq!(told.carried, BTreeMap::from([(told.rows[0].0, CarriedTo { epoch: 1, seq: 0 })]));
}

#[test]
fn what_is_declared_lost_beside_what_was_carried_is_missing_and_nothing_else() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.brings(old.wrote(0..2, "a"));
    town.opens_epoch(1);
    town.brings(old.wrote(2..5, "a"));
    let lost = Lost { from: 2, to: Lost::REST, reason: LostReason::JournalDamaged, epoch: Some(0) };
    let own = town.terminal.record(3, Body::Lost(lost));
    town.brings(vec![own]);
    assert_eq!(town.missing_ranges(), [(0, 5, None)]);
    assert_eq!(town.fsck().findings, []);
    // Epoch 2 begins before the ledger has heard more: what epoch 1 says of epoch 0 comes along.
    town.opens_epoch(2);
    let between = town.terminal.clone();
    town.opens_epoch(3);
    let said = Lost { from: 4, to: 6, reason: LostReason::JournalRestored, epoch: Some(1) };
    town.brings(vec![between.record(0, Body::Lost(said))]);
    assert_eq!(town.missing_ranges(), [(1, 4, Some(6)), (0, 5, None)]);
}

#[test]
fn a_carried_decision_is_made_again_in_the_session_of_its_own_epoch() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.brings(vec![old.record(0, Body::TerminalDown)]);
    town.opens_epoch(1);
    let granted = |seq| old.record(seq, decision(&town, 2, VerdictCode::Granted));
    // Where its own epoch is known to be without a session; and behind a hole, where nobody knows.
    let records = vec![granted(1), old.record(2, Body::Link(LinkState::Up)), granted(9)];
    town.brings(records);
    // The ledger itself would not believe the first at its own place either.
    let report = town.fsck();
    let found: Vec<_> = report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect();
    let verdict = Mismatch::Verdict { recorded: VerdictCode::Granted, decided: VerdictCode::NoCard };
    assert_eq!(found, [(1, Fault::Verdict(Mismatch::OtherSession)), (3, Fault::Verdict(verdict))]);
}

#[test]
fn a_ledger_that_was_put_back_gets_what_was_carried_again() {
    let mut town = Town::new();
    let old = town.terminal.clone();
    town.brings(old.wrote(0..2, "a"));
    town.opens_epoch(1);
    let copy = town.copied();
    let (index, records) = (town.end(), old.wrote(2..6, "a"));
    let (batch, after) = town.terminal.batch_of(records);
    town.deliver(&batch).unwrap();
    town.publish();
    let (before, shown) = (town.rows_of_it(), town.shown());
    town.put_back(&copy);
    town.reopen();
    town.shows(&shown);
    town.ledger.refill_records(&town.terminal.peer, index, &batch.envelope(&town.terminal)).unwrap();
    town.terminal = after;
    assert_eq!(town.rows_of_it()[..before.len()], before);
    let report = town.fsck();
    assert_eq!((report.findings, report.carried), (vec![], 4));
}
