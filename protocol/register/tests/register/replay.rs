//! Every recorded decision can be made again from its bytes, and a forged one is found.

use sekisho_register::change::{CardState, Change, RequireVersion};
use sekisho_register::*;
use sekisho_wire::decision::*;
use sekisho_wire::id::*;
use sekisho_wire::reason::{PreviousEnd, Reason};
use sekisho_wire::record::{
    Body, Decision, Emitter, Opening, Record, RegisterAdvanced, SessionReason, TerminalUp, decision_digest,
    session_digest,
};
use sekisho_wire::verdict::VerdictCode;

use crate::office::*;

fn record(office: &Office, body: Body) -> Record {
    let input = body.input();
    Record {
        version: 1,
        critical: true,
        emitter: Emitter::Terminal(input.map_or(code("mado-1"), |input| input.terminal.clone())),
        office: input.map_or(office.register.office().unwrap(), |input| input.office),
        epoch: 0,
        seq: 0,
        boot: BootId([1; 16]),
        salt: Salt([6; 16]),
        retention: body.retention(),
        wall: office.now,
        trusted: office.now,
        monotonic: 0,
        body,
    }
}

fn opened(office: &Office, input: DecisionInput, card: u8) -> Record {
    let root = office.register.root();
    let digest = session_digest(&Salt([6; 16]), &root, &input);
    let signature = Signature(sign_with_card(card, Slot::Authentication, &digest));
    record(office, Body::SessionOpened(Opening { input, root, signature }))
}

fn decided(office: &Office, input: DecisionInput, verdict: VerdictCode, slot: Option<Slot>) -> Record {
    let request = RequestId([8; 16]);
    let digest = decision_digest(&Salt([6; 16]), &request, &input);
    let signature = slot.map(|slot| Signature(sign_with_card(10, slot, &digest)));
    record(office, Body::Decision(Decision { request, input, verdict, signature }))
}

/// From the bytes of the record alone.
fn replayed(office: &Office, record: &Record) -> Result<(), Mismatch> {
    replay(&office.register, &Record::decode(&record.encode().unwrap()).unwrap())
}

/// The record that an agent writes of a verdict.
fn written(office: &Office, input: DecisionInput) -> Record {
    let verdict = decide(&office.register, &input).code();
    match (input.request, verdict) {
        (Request::Open, VerdictCode::Granted) => opened(office, input, 10),
        (Request::Unlock, VerdictCode::Granted) => {
            let record = opened(office, input, 10);
            let Body::SessionOpened(opening) = record.body else { panic!("an opening") };
            Record { body: Body::SessionUnlocked(opening), ..record }
        }
        // It leaves what the card says, which holds no input: the verdict is all there is to compare.
        (Request::ChangePin, VerdictCode::Granted) => record(office, Body::TerminalDown),
        (Request::Open | Request::Unlock | Request::Function | Request::ChangePin, _) => {
            decided(office, input, verdict, None)
        }
    }
}

#[test]
fn every_verdict_of_the_table_comes_out_again_from_the_bytes_alone() {
    let base = Office::furnished();
    let mut seen = Vec::new();
    for row in crate::decide::rows() {
        let mut office = base.clone();
        crate::decide::arrange(&mut office, &row);
        // Nothing but bytes: the entries of the register log, and the record.
        let mut register = Register::new();
        office.entries.iter().for_each(|entry| drop(register.fold(entry).unwrap()));
        for request in crate::decide::REQUESTS {
            let mut input = crate::decide::asked(&office, request);
            crate::decide::change(&mut input, &row);
            let (needed, rules, given) = (input.register, input.rules, register.size());
            let bytes = written(&office, input).encode().unwrap();
            let replayed = replay(&register, &Record::decode(&bytes).unwrap());
            // Neither can be asked of the register that this one is: each is a finding of its own.
            let expected = if row.code == VerdictCode::RulesUnknown {
                Err(Mismatch::RulesUnknown { rules })
            } else if row.code == VerdictCode::OtherRegister {
                Err(Mismatch::RegisterSize { needed, given })
            } else {
                Ok(())
            };
            assert_eq!(replayed, expected, "{:?}, {request:?}", row.code);
            seen.push((row.expected(request), request));
        }
    }
    for request in crate::decide::REQUESTS {
        assert!(seen.contains(&(VerdictCode::CardRevoked, request)));
    }
    assert!(seen.contains(&(VerdictCode::Granted, Request::Unlock)), "a session_unlocked is among them");
}

#[test]
fn a_register_that_a_terminal_says_it_took_is_compared() {
    let office = Office::furnished();
    let said = |size, root| record(&office, Body::RegisterAdvanced(RegisterAdvanced { size, root }));
    let (size, root) = (office.register.size(), office.register.root());
    assert_eq!(replayed(&office, &said(size, root)), Ok(()));
    assert_eq!(replayed(&office, &said(1, office.register.root_at(1).unwrap())), Ok(()));
    assert_eq!(replayed(&office, &said(1, root)), Err(Mismatch::RegisterRoot));
    let ahead = Mismatch::RegisterSize { needed: size + 1, given: size };
    assert_eq!(replayed(&office, &said(size + 1, root)), Err(ahead));
    assert_eq!(register_of(&said(7, root)), Some(7));
}

#[test]
fn what_is_given_after_the_end_of_a_session_or_while_it_is_locked_is_found() {
    let mut office = Office::furnished();
    let opening = opened(&office, office.login(), 10);
    let opened_at = office.now;
    office.now += 60_000;
    let next = |seq, record: Record| Record { seq, ..record };
    let granted =
        decided(&office, DecisionInput { opened: Some(opened_at), ..office.request() }, VerdictCode::Granted, None);
    let unlocked = written(&office, DecisionInput { opened: Some(opened_at), ..office.unlock() });
    let session = SessionId([5; 16]);
    let ended = |reason| SessionReason { session, reason };
    let locked = record(&office, Body::Locked(ended(Reason::Idle)));
    let closed = record(&office, Body::SessionClosed(ended(Reason::CardRemoved)));
    let up = TerminalUp { version: AgentVersion::new("1").unwrap(), previous: PreviousEnd::WithoutNotice };
    let up = record(&office, Body::TerminalUp(up));
    let refused =
        decided(&office, DecisionInput { session: None, ..office.request() }, VerdictCode::SessionMissing, None);

    let told = |story: &[&Record]| {
        let mut session = Session::None;
        let mut last = Ok(());
        for (seq, told) in (0..).zip(story) {
            let told = next(seq, (*told).clone());
            last = session.replay(&office.register, &told);
            session.follow(&told);
        }
        last
    };
    assert_eq!(told(&[&opening, &granted]), Ok(()));
    assert_eq!(told(&[&granted]), Err(Mismatch::OtherSession));
    assert_eq!(told(&[&opening, &closed, &granted]), Err(Mismatch::OtherSession));
    assert_eq!(told(&[&opening, &up, &granted]), Err(Mismatch::OtherSession));
    assert_eq!(told(&[&opening, &locked, &granted]), Err(Mismatch::SessionLocked));
    assert_eq!(told(&[&opening, &locked, &unlocked]), Ok(()));
    assert_eq!(told(&[&opening, &locked, &unlocked, &granted]), Ok(()));
    assert_eq!(told(&[&opening, &locked, &closed, &unlocked]), Err(Mismatch::OtherSession));
    // What is refused gives nothing, wherever it stands.
    assert_eq!(told(&[&opening, &closed, &refused]), Ok(()));
}

#[test]
fn true_records_replay() {
    let office = Office::furnished();
    assert_eq!(replayed(&office, &opened(&office, office.login(), 10)), Ok(()));
    assert_eq!(replayed(&office, &decided(&office, office.request(), VerdictCode::Granted, None)), Ok(()));
    let out_of_scope = DecisionInput { function: Some(code("inkan")), purpose: None, ..office.request() };
    assert_eq!(replayed(&office, &decided(&office, out_of_scope, VerdictCode::FunctionNotInScope, None)), Ok(()));
    let refused_login = DecisionInput { card: Some(guid(99)), ..office.login() };
    assert_eq!(replayed(&office, &decided(&office, refused_login, VerdictCode::CardUnknown, None)), Ok(()));
}

#[test]
fn a_forged_verdict_is_found() {
    let office = Office::furnished();
    let out_of_scope = DecisionInput { function: Some(code("inkan")), purpose: None, ..office.request() };
    let forged = decided(&office, out_of_scope, VerdictCode::Granted, None);
    let expected = Mismatch::Verdict { recorded: VerdictCode::Granted, decided: VerdictCode::FunctionNotInScope };
    assert_eq!(replayed(&office, &forged), Err(expected));
    let denied = decided(&office, office.request(), VerdictCode::OutOfHours, None);
    assert!(matches!(replayed(&office, &denied), Err(Mismatch::Verdict { .. })));
}

#[test]
fn a_session_without_the_cards_own_signature_is_found() {
    let office = Office::furnished();
    assert_eq!(replayed(&office, &opened(&office, office.login(), 1)), Err(Mismatch::SignatureWrong));
    // The card signed another moment than the record claims.
    let mut moved = opened(&office, office.login(), 10);
    if let Body::SessionOpened(opening) = &mut moved.body {
        opening.input.time += 1;
        moved.trusted += 1;
    }
    assert_eq!(replayed(&office, &moved), Err(Mismatch::SignatureWrong));
    let mut copied = opened(&office, office.login(), 10);
    copied.salt = Salt([7; 16]);
    assert_eq!(replayed(&office, &copied), Err(Mismatch::SignatureWrong));
}

#[test]
fn the_level_decides_which_slot_must_have_signed() {
    let office = Office::furnished();
    let at_level = |level| DecisionInput { level, ..office.request() };
    for (level, slot, expected) in [
        (Level::Session, None, Ok(())),
        (Level::Card, Some(Slot::Presence), Ok(())),
        (Level::Pin, Some(Slot::Authentication), Ok(())),
        (Level::Card, None, Err(Mismatch::SignatureMissing)),
        (Level::Pin, None, Err(Mismatch::SignatureMissing)),
        (Level::Pin, Some(Slot::Presence), Err(Mismatch::SignatureWrong)),
        (Level::Card, Some(Slot::Signature), Err(Mismatch::SignatureWrong)),
    ] {
        assert_eq!(replayed(&office, &decided(&office, at_level(level), VerdictCode::Granted, slot)), expected);
    }
}

#[test]
fn a_record_is_replayed_at_the_register_it_names() {
    let mut office = Office::furnished();
    let before = office.clone();
    let record = opened(&office, office.login(), 10);
    office.act(vec![card_state(10, CardState::Revoked, office.now)]).unwrap();
    let (needed, given) = (before.register.size(), office.register.size());
    assert_eq!(replayed(&office, &record), Err(Mismatch::RegisterSize { needed, given }));
    assert_eq!(replayed(&before, &record), Ok(()));
}

#[test]
fn a_terminal_that_was_shown_another_register_is_found() {
    let (mut shown, mut published) = (Office::furnished(), Office::furnished());
    // Same size, same content, another history: the ledger kept an entry that it should have refused.
    shown.register.fold(b"one history").unwrap_err();
    published.register.fold(b"another history").unwrap_err();
    let record = opened(&shown, shown.login(), 10);
    assert_eq!(replayed(&shown, &record), Ok(()));
    assert_eq!(replayed(&published, &record), Err(Mismatch::RegisterRoot));
}

#[test]
fn a_record_about_another_place_or_section_is_found() {
    let office = Office::furnished();
    let mut elsewhere = decided(&office, office.request(), VerdictCode::Granted, None);
    elsewhere.emitter = Emitter::Terminal(code("mado-2"));
    assert_eq!(replayed(&office, &elsewhere), Err(Mismatch::OtherPlace));
    let mut abroad = decided(&office, office.request(), VerdictCode::Granted, None);
    abroad.office = OfficeId([1; 16]);
    assert_eq!(replayed(&office, &abroad), Err(Mismatch::OtherPlace));
    let lying = DecisionInput { section: Some(code("zeimu")), ..office.request() };
    let expected = Mismatch::Verdict { recorded: VerdictCode::Granted, decided: VerdictCode::OperatorUnknown };
    assert_eq!(replayed(&office, &decided(&office, lying, VerdictCode::Granted, None)), Err(expected));
    let mut moved = decided(&office, office.request(), VerdictCode::Granted, None);
    moved.trusted += 1;
    assert_eq!(replayed(&office, &moved), Err(Mismatch::OtherTime));
    let quiet_login = decided(&office, office.login(), VerdictCode::Granted, None);
    assert_eq!(replayed(&office, &quiet_login), Err(Mismatch::OtherRequest));
}

#[test]
fn a_decision_that_belongs_to_no_opened_session_is_found() {
    let mut office = Office::furnished();
    let opening = opened(&office, office.login(), 10);
    let opened_at = office.now;
    office.now += 60_000;
    let asked = DecisionInput { opened: Some(opened_at), ..office.request() };
    let record = |change: fn(&mut DecisionInput), retell: fn(&mut Record)| {
        let mut input = asked.clone();
        change(&mut input);
        let verdict = decide(&office.register, &input).code();
        let mut record = decided(&office, input, verdict, None);
        record.seq = 7;
        retell(&mut record);
        record
    };
    let judged = |record: &Record| replay_in_session(&office.register, &opening, record);
    assert_eq!(judged(&record(|_| {}, |_| {})), Ok(()));
    let elsewhere: [fn(&mut DecisionInput); 7] = [
        |input| input.session = Some(SessionId([6; 16])),
        |input| input.session = None,
        |input| input.card = Some(guid(1)),
        |input| input.operator = Some(code("aoki")),
        |input| input.profile = Some(code("p2")),
        |input| input.session_kind = SessionKind::Training,
        |input| input.opened = Some(input.time - 1),
    ];
    for change in elsewhere {
        assert_eq!(judged(&record(change, |_| {})), Err(Mismatch::OtherSession));
    }
    let retold: [fn(&mut Record); 3] = [
        |record| record.seq = 0,
        |record| record.epoch = 1,
        |record| record.emitter = Emitter::Terminal(code("mado-2")),
    ];
    for retell in retold {
        assert_eq!(judged(&record(|_| {}, retell)), Err(Mismatch::OtherSession));
    }
    // A decision is no opening; and what belongs to the session must still replay.
    let record = record(|_| {}, |_| {});
    assert_eq!(replay_in_session(&office.register, &record, &record), Err(Mismatch::OtherSession));
    let mut forged = record;
    if let Body::Decision(decision) = &mut forged.body {
        decision.verdict = VerdictCode::OutOfHours;
    }
    assert!(matches!(judged(&forged), Err(Mismatch::Verdict { .. })));
}

#[test]
fn what_a_program_refused_as_too_old_stays_true_and_newer_rules_are_a_finding_of_their_own() {
    let mut office = Office::furnished();
    let proposal = office.proposal(vec![Change::RequireVersion(RequireVersion { version: 2 })]);
    let approval = office.approval(&proposal, "vice", 2);
    office.register.fold(&approval).unwrap();
    assert_eq!(office.register.rules(), 1);
    let by = |rules, verdict| decided(&office, DecisionInput { rules, ..office.request() }, verdict, None);
    assert_eq!(replayed(&office, &by(1, VerdictCode::RulesUnknown)), Ok(()));
    for verdict in [VerdictCode::Granted, VerdictCode::RulesUnknown] {
        assert_eq!(replayed(&office, &by(2, verdict)), Err(Mismatch::RulesUnknown { rules: 2 }));
    }
    // Rules that no act asks for are not to be chosen by a terminal.
    let office = Office::furnished();
    assert_eq!(
        decide(&office.register, &DecisionInput { rules: 2, ..office.request() }).code(),
        VerdictCode::RulesUnknown
    );
}
