//! Decisions are made again by fsck, each by the register that made it (register §R6).

use sekisho_ledger::command;
use sekisho_ledger::fsck::Fault;
use sekisho_register::change::{Change, SectionState, SetSection};
use sekisho_register::{Mismatch, Title};
use sekisho_wire::decision::{ClockState, DecisionInput, Level, NamedGrant, Request, SessionKind, TerminalState};
use sekisho_wire::id::{Hash, RequestId, Salt, SessionId, Signature};
use sekisho_wire::reason::Reason;
use sekisho_wire::record::{Body, Decision, Opening, Record, RegisterAdvanced, SessionReason};
use sekisho_wire::verdict::VerdictCode;

use crate::town::{NOON, Town, code};

pub(crate) fn decision(town: &Town, register: u64, verdict: VerdictCode) -> Body {
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
        grant: None,
        reported: None,
        home: None,
        pin_changed: None,
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
    let report = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    let found: Vec<_> = report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect();
    let mismatch = Mismatch::Verdict { recorded: VerdictCode::PinNeeded, decided: VerdictCode::NoCard };
    // At size 1 the terminal was not registered, but without a card that rule is not reached.
    assert_eq!(found, [(3, Fault::Verdict(mismatch)), (4, Fault::RegisterAhead { size: 9 })]);
    assert_eq!(report.replayed, 4);
}

#[test]
fn an_act_on_a_card_is_looked_up_in_the_register_log() {
    let mut town = Town::new();
    let (section, title) = (code("zeimu"), Title::new("税務課").unwrap());
    let section = SetSection { section, title, state: SectionState::Open, effective: 0 };
    let entry = town.act(vec![Change::Section(section)]);
    town.ledger.submit(&town.office, entry.clone(), Vec::new()).unwrap();
    let act = Hash(sekisho_tlog::leaf_hash(&entry).0);
    let on_card = |index, act| {
        let Body::Decision(decided) = decision(&town, 2, VerdictCode::NoCard) else { panic!("a decision") };
        let input = DecisionInput { grant: Some(NamedGrant { index, act }), ..decided.input };
        Body::Decision(Decision { input, ..decided })
    };
    let bodies = vec![on_card(2, act), on_card(1, act), on_card(2, Hash([7; 32])), on_card(u64::MAX, act)];
    let missing = |index| Fault::Verdict(Mismatch::GrantNotInLog { index });
    assert_eq!(found_at(&mut town, bodies, |_| {}), [(1, missing(1)), (2, missing(2)), (3, missing(u64::MAX))]);
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
    let report = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    let found: Vec<_> = report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect();
    let verdict = Mismatch::Verdict { recorded: VerdictCode::Granted, decided: VerdictCode::NoCard };
    assert_eq!(found, [(0, Fault::Verdict(Mismatch::OtherSession)), (2, Fault::Verdict(verdict))]);
}

const SESSION: SessionId = SessionId([5; 16]);

/// The register is not looked at: what is told here of sessions stands or falls before it.
fn opening(town: &Town) -> Body {
    let Body::Decision(decided) = decision(town, 2, VerdictCode::Granted) else { panic!("a decision") };
    let input = DecisionInput { request: Request::Open, level: Level::Pin, session: Some(SESSION), ..decided.input };
    Body::SessionOpened(Opening { input, root: Hash([0; 32]), signature: Signature([1; 64]) })
}

fn granted_in_session(town: &Town, signature: Option<Signature>) -> Body {
    let Body::Decision(decided) = decision(town, 2, VerdictCode::Granted) else { panic!("a decision") };
    let input = DecisionInput { session: Some(SESSION), opened: Some(NOON), ..decided.input };
    Body::Decision(Decision { input, signature, ..decided })
}

/// What fsck finds at each of these records of the terminal.
fn found_at(town: &mut Town, bodies: Vec<Body>, alter: fn(&mut Record)) -> Vec<(u64, Fault)> {
    let records = (0..).zip(bodies).map(|(seq, body)| {
        let mut record = Record::decode(&town.terminal.record(seq, body)).unwrap();
        alter(&mut record);
        record.encode().unwrap().to_vec()
    });
    let (batch, after) = town.terminal.batch_of(records.collect());
    town.deliver(&batch).unwrap();
    town.terminal = after;
    town.publish();
    let report = command::fsck(&town.root, None, &sekisho_ledger::clock::MachineClock, &mut |_| {}).unwrap();
    report.findings.into_iter().map(|finding| (finding.index.unwrap(), finding.fault)).collect()
}

#[test]
fn a_grant_after_the_end_of_its_session_or_while_it_is_locked_is_named() {
    let mut town = Town::new();
    let ended = || SessionReason { session: SESSION, reason: Reason::Idle };
    let bodies = vec![
        opening(&town),
        Body::Locked(ended()),
        granted_in_session(&town, None),
        Body::SessionClosed(ended()),
        granted_in_session(&town, None),
    ];
    let found = found_at(&mut town, bodies, |_| {});
    assert!(found.contains(&(2, Fault::Verdict(Mismatch::SessionLocked))), "{found:?}");
    assert!(found.contains(&(4, Fault::Verdict(Mismatch::OtherSession))), "{found:?}");
}

#[test]
fn an_unlocking_that_no_card_signed_unlocks_nothing() {
    let mut town = Town::new();
    let Body::SessionOpened(forged) = opening(&town) else { panic!("an opening") };
    let locked = SessionReason { session: SESSION, reason: Reason::Idle };
    let bodies =
        vec![opening(&town), Body::Locked(locked), Body::SessionUnlocked(forged), granted_in_session(&town, None)];
    let found = found_at(&mut town, bodies, |_| {});
    assert!(found.iter().any(|(at, _)| *at == 2), "{found:?}");
    assert!(found.contains(&(3, Fault::Verdict(Mismatch::SessionLocked))), "{found:?}");
}

#[test]
fn however_many_registers_were_asked_for_an_older_one_is_there() {
    let mut town = Town::new();
    for number in 0..15 {
        let (section, title) = (code(&format!("ka-{number}")), Title::new("課").unwrap());
        town.submit(vec![Change::Section(SetSection { section, title, state: SectionState::Open, effective: 0 })])
            .unwrap();
    }
    let register = town.ledger.office(&town.office).unwrap().register();
    let sizes: Vec<u64> = (1..register.size()).chain([1, 12, 2, 1, 9]).collect();
    let advanced = |size: u64| RegisterAdvanced { size, root: register.root_at(size).unwrap() };
    let bodies = sizes.into_iter().map(|size| Body::RegisterAdvanced(advanced(size))).collect();
    assert_eq!(found_at(&mut town, bodies, |_| {}), []);
}

#[test]
fn what_a_card_signed_once_stands_in_one_record() {
    let mut town = Town::new();
    let ended = SessionReason { session: SESSION, reason: Reason::Idle };
    let proved = Some(Signature([2; 64]));
    let bodies = vec![
        opening(&town),
        granted_in_session(&town, proved),
        Body::SessionClosed(ended),
        opening(&town),
        granted_in_session(&town, proved),
        granted_in_session(&town, None),
    ];
    // The last two are written with the salt of the first proof.
    let found = found_at(&mut town, bodies, |record| {
        record.salt = Salt([if record.seq >= 4 { 1 } else { record.seq as u8 }; 16])
    });
    let of = |fault: Fault| found.iter().filter(|(_, found)| *found == fault).map(|(at, _)| *at).collect::<Vec<_>>();
    assert_eq!(of(Fault::SaltRepeated), [4], "what no card signed may have any salt: {found:?}");
    assert_eq!(of(Fault::SessionRepeated), [3], "{found:?}");
    // It opened nothing.
    assert!(found.contains(&(4, Fault::Verdict(Mismatch::OtherSession))), "{found:?}");
}

#[test]
fn a_register_that_the_log_never_was_is_named() {
    let mut town = Town::new();
    let root = town.ledger.office(&town.office).unwrap().register().root();
    let advanced = |size, root| Body::RegisterAdvanced(RegisterAdvanced { size, root });
    let bodies = vec![advanced(2, root), advanced(1, root), advanced(9, root)];
    let found = found_at(&mut town, bodies, |_| {});
    assert_eq!(found, [(1, Fault::Verdict(Mismatch::RegisterRoot)), (2, Fault::RegisterAhead { size: 9 })]);
}
