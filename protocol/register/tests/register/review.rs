//! What readers of records look for (§R11.8): each sort of doubt is found where it is, and nothing else.

use sekisho_register::calendar::{local_day, moment};
use sekisho_register::change::*;
use sekisho_register::forms::checks;
use sekisho_register::review::{Doubt, doubts};
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{BootId, Hash, RequestId, SessionId, Signature};
use sekisho_wire::reason::{AlarmKind, Reason};
use sekisho_wire::record::{Alarm, Body, Decision, Emitter, Opening, RECORD_VERSION, Record, Retention, SessionReason};
use sekisho_wire::verdict::VerdictCode;

use crate::office::*;

const MINUTE: u64 = 60_000;

/// Records of some days, in the order of the log.
struct Told {
    office: Office,
    records: Vec<(u64, Record)>,
}

impl Told {
    fn new() -> Self {
        Self { office: Office::furnished(), records: Vec::new() }
    }

    /// So many minutes after nine on the first day.
    fn at(&self, minutes: u64) -> u64 {
        moment(local_day(self.office.now), 9 * 60) + minutes * MINUTE
    }

    fn add(&mut self, emitter: Emitter, trusted: u64, body: Body) -> u64 {
        let index = 100 + self.records.len() as u64;
        let record = Record {
            version: RECORD_VERSION,
            critical: true,
            emitter,
            office: self.office.register.office().unwrap(),
            epoch: 0,
            seq: index,
            boot: BootId([1; 16]),
            salt: sekisho_wire::id::Salt([2; 16]),
            retention: Retention::Access,
            wall: trusted,
            trusted,
            monotonic: trusted,
            body,
        };
        self.records.push((index, record));
        index
    }

    fn decided(&mut self, minutes: u64, verdict: VerdictCode, of: impl FnOnce(DecisionInput) -> DecisionInput) -> u64 {
        let time = self.at(minutes);
        let input = of(DecisionInput { time, ..self.office.request() });
        let emitter = Emitter::Terminal(input.terminal.clone());
        let decision = Decision { request: RequestId([3; 16]), input, verdict, signature: None };
        self.add(emitter, time, Body::Decision(decision))
    }

    fn opened(&mut self, minutes: u64, terminal: &str, session: u8) -> u64 {
        let time = self.at(minutes);
        let (terminal, session) = (code(terminal), Some(SessionId([session; 16])));
        let input = DecisionInput { time, terminal: terminal.clone(), session, ..self.office.login() };
        let opening = Opening { input, root: Hash([0; 32]), signature: Signature([0; 64]) };
        self.add(Emitter::Terminal(terminal), time, Body::SessionOpened(opening))
    }

    fn found(&self) -> Vec<Doubt> {
        doubts(&self.records, &self.office.register)
    }
}

type Story = fn(&mut Told);

/// Each sort by its name, what happened, and the person whom it concerns and how many records say so.
const SORTS: [(&str, Story, Option<&str>, u32); 8] = [
    ("one-id-all-day", |told| (0..=24).for_each(|n| granted(told, n * 20)), Some("chiba"), 25),
    (
        "out-of-hours",
        |told| {
            let week = [OpenSpan { open: 0, close: 0 }; 7];
            told.office.approved(vec![Change::Hours(SetHours { terminal: None, week })]).unwrap();
            // It counts from now on.
            granted(told, 24 * 60);
        },
        Some("chiba"),
        1,
    ),
    (
        "out-of-duty",
        |told| {
            told.decided(0, VerdictCode::FunctionNotInScope, |input| input);
        },
        Some("chiba"),
        1,
    ),
    (
        "no-purpose",
        |told| {
            told.decided(0, VerdictCode::Granted, |input| DecisionInput { purpose: None, ..input });
        },
        Some("chiba"),
        1,
    ),
    (
        "two-terminals",
        |told| {
            at_two_terminals(told);
        },
        Some("chiba"),
        1,
    ),
    (
        "refusals",
        |told| {
            for n in 0..5 {
                told.decided(n, VerdictCode::PinNeeded, |input| input);
            }
        },
        Some("chiba"),
        5,
    ),
    (
        "unusual-count",
        |told| {
            (1..=3).for_each(|day| granted(told, day * 24 * 60));
            (0..31).for_each(|n| granted(told, n));
        },
        Some("chiba"),
        31,
    ),
    // A card that is nobody's here: no person can be asked, the section of the terminal can.
    (
        "refusals",
        |told| {
            let strange = |input| DecisionInput { operator: None, profile: None, section: None, ..input };
            told.decided(0, VerdictCode::CardUnknown, strange);
        },
        None,
        1,
    ),
];

fn granted(told: &mut Told, minutes: u64) {
    told.decided(minutes, VerdictCode::Granted, |input| input);
}

/// The same person at two terminals: one session that ended, one that is open still, and the later; the alarm names the later's place alone.
fn at_two_terminals(told: &mut Told) -> (u64, u64) {
    told.opened(0, "mado-9", 7);
    let ended = SessionReason { session: SessionId([7; 16]), reason: Reason::CardRemoved };
    let time = told.at(1);
    told.add(Emitter::Terminal(code("mado-9")), time, Body::SessionClosed(ended));
    let earlier = told.opened(2, "mado-2", 8);
    let later = told.opened(3, "mado-1", 9);
    let alarm = Alarm {
        kind: AlarmKind::TwoTerminals,
        terminal: Some(code("mado-1")),
        epoch: Some(0),
        seq: Some(later),
        act: None,
    };
    let time = told.at(4);
    (earlier, told.add(Emitter::Ledger, time, Body::Alarm(alarm)))
}

#[test]
fn each_sort_of_doubt_is_found_and_names_whom_to_ask() {
    for (name, story, operator, count) in SORTS {
        let mut told = Told::new();
        story(&mut told);
        let found = told.found();
        let [doubt] = &found[..] else { panic!("{name}: {found:?}") };
        let word = checks::DOUBTS.iter().find(|word| word.number == doubt.doubt).unwrap();
        assert_eq!((word.name, doubt.count), (name, count));
        assert_eq!(doubt.operator.as_ref().map(|code| code.as_str()), operator, "{name}");
        assert_eq!(doubt.section, Some(code("jumin")), "{name}");
    }
    let sorts: std::collections::BTreeSet<&str> = SORTS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(sorts.len() + 1, checks::DOUBTS.len(), "all but 'other'");
}

#[test]
fn a_day_of_work_is_no_doubt() {
    let mut told = Told::new();
    told.opened(0, "mado-1", 1);
    for n in 0..20 {
        granted(&mut told, 10 + n * 5);
        granted(&mut told, 300 + n * 5);
    }
    told.decided(20, VerdictCode::PinNeeded, |input| input);
    assert_eq!(told.found(), []);
}

#[test]
fn of_two_sessions_at_once_both_are_named() {
    let mut told = Told::new();
    let (earlier, alarm) = at_two_terminals(&mut told);
    let doubt = told.found().remove(0);
    assert_eq!((doubt.record, doubt.terminal), (alarm, Some(code("mado-1"))));
    assert_eq!(doubt.beside, Some((earlier, code("mado-2"))), "not the one that had ended");
    // Where the openings were not read, nobody is named, and the terminal's section can say more.
    told.records.retain(|(index, _)| *index == alarm);
    let doubt = told.found().remove(0);
    assert_eq!((doubt.operator, doubt.section, doubt.beside), (None, Some(code("jumin")), None));
}
