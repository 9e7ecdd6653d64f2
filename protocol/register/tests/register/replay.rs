//! Every recorded decision can be made again from its bytes, and a forged one is found.

use sekisho_register::change::{CardState, Change, RequireVersion};
use sekisho_register::*;
use sekisho_wire::decision::*;
use sekisho_wire::id::*;
use sekisho_wire::record::{Body, Decision, Emitter, Opening, Record, Retention, decision_digest, session_digest};
use sekisho_wire::verdict::VerdictCode;

use crate::office::*;

fn record(office: &Office, body: Body) -> Record {
    Record {
        version: 1,
        critical: true,
        emitter: Emitter::Terminal(code("mado-1")),
        office: office.register.office().unwrap(),
        epoch: 0,
        seq: 0,
        boot: BootId([1; 16]),
        salt: Salt([6; 16]),
        retention: Retention::Access,
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
