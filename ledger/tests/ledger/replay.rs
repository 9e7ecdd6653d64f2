//! Decisions are made again by fsck, each by the register that made it (design §3.3).

use sekisho_ledger::command;
use sekisho_ledger::fsck::Fault;
use sekisho_register::change::{Change, SectionState, SetSection};
use sekisho_register::{Mismatch, Title};
use sekisho_wire::decision::{ClockState, DecisionInput, Level, Request, SessionKind, TerminalState};
use sekisho_wire::id::RequestId;
use sekisho_wire::record::{Body, Decision};
use sekisho_wire::verdict::VerdictCode;

use crate::town::{NOON, Town, code};

fn decision(town: &Town, register: u64, verdict: VerdictCode) -> Body {
    let input = DecisionInput {
        rules: sekisho_register::RULES_VERSION,
        register,
        office: town.office,
        terminal: code("jumin-1"),
        reader: None,
        state: TerminalState::NoCard,
        request: Request::Function,
        level: Level::Session,
        card: None,
        operator: None,
        profile: None,
        section: None,
        session: None,
        session_kind: SessionKind::Ordinary,
        opened: None,
        application: None,
        function: Some(code("juminhyo.issue")),
        purpose: None,
        case: None,
        permit: None,
        time: NOON,
        clock: ClockState::Sound,
        note_time: Some(NOON),
        note_until: Some(NOON + 1000),
        worked: 0,
        worked_today: 0,
    };
    Body::Decision(Decision { request: RequestId([1; 16]), input, verdict, signature: None })
}

#[test]
fn a_verdict_that_the_rules_do_not_give_is_named() {
    let mut town = Town::new();
    let (section, title) = (code("zeimu"), Title::new("税務課").unwrap());
    let section = SetSection { section, title, state: SectionState::Open, effective: 0 };
    town.submit(vec![Change::Section(section)]).unwrap();
    // Sizes neither ascend nor repeat in order: a terminal that was away decides by an older register.
    let decisions = [
        (3, VerdictCode::NoCard),
        (1, VerdictCode::NoCard),
        (2, VerdictCode::NoCard),
        (3, VerdictCode::PinNeeded),
        (9, VerdictCode::NoCard),
    ];
    let records = (0..)
        .zip(decisions)
        .map(|(seq, (register, verdict))| town.terminal.record(seq, decision(&town, register, verdict)));
    let (batch, after) = town.terminal.batch_of(records.collect());
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    let report = command::fsck(&town.root, None, &mut |_| {}).unwrap();
    let found: Vec<_> = report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect();
    let mismatch = Mismatch::Verdict { recorded: VerdictCode::PinNeeded, decided: VerdictCode::NoCard };
    // At size 1 the terminal was not registered, but without a card that rule is not reached.
    assert_eq!(found, [(3, Fault::Verdict(mismatch)), (4, Fault::RegisterAhead { size: 9 })]);
    assert_eq!(report.replayed, 4);
}

#[test]
fn a_grant_in_a_session_that_nobody_opened_is_named() {
    let mut town = Town::new();
    let granted = |seq| town.terminal.record(seq, decision(&town, 2, VerdictCode::Granted));
    // Behind bytes that nobody can read nobody knows what was opened there: the decision alone is made again.
    let (batch, after) = town.terminal.batch_of(vec![granted(0), b"unreadable".to_vec(), granted(2)]);
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    let report = command::fsck(&town.root, None, &mut |_| {}).unwrap();
    let found: Vec<_> = report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect();
    let verdict = Mismatch::Verdict { recorded: VerdictCode::Granted, decided: VerdictCode::NoCard };
    assert_eq!(found, [(0, Fault::Verdict(Mismatch::OtherSession)), (2, Fault::Verdict(verdict))]);
}
