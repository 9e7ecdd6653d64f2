use super::*;
use crate::journal::disk::Fault;
use crate::session::{InsertedCard, Session, State};
use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, code, panel, tuesday_ten, until};
use sekisho_ipc::{Keypad, PinFrame, PromptRequest};
use sekisho_register::change::{EndPermit, GivePermit, SectionState, SetSection};
use sekisho_register::{Change, Title};
use sekisho_wire::id::CardGuid;
use sekisho_wire::record::SessionReason;

fn named(request: &str) -> AuthorizeRequest {
    AuthorizeRequest { request: Some(request.repeat(16)), ..ask("juminhyo") }
}

#[test]
fn a_grant_is_on_the_disk_when_its_answer_leaves() {
    let bench = Bench::new();
    bench.log_in();
    let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
    assert!(answer.verdict.granted);
    let seq = answer.record.unwrap().seq;
    let record = bench.on_disk().into_iter().find(|record| record.seq == seq).unwrap();
    assert!(matches!(record.body, Body::Decision(decision) if decision.verdict == VerdictCode::Granted));
    bench.assert_replays();
}

#[test]
fn a_card_pulled_while_the_record_is_written_takes_the_grant_back() {
    let bench = Bench::new();
    bench.log_in();
    let (agent, worker) = (bench.agent.clone(), bench.worker.clone());
    bench.disk.amid_next_sync(move || {
        worker.pull();
        until(|| agent.lock().machine.card().is_none());
    });
    let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
    assert_eq!(answer.verdict.code, "ended_meanwhile");
    let of = answer.record.unwrap().seq;
    let withdrawn = Body::Withdrawn(Withdrawn { of, reason: Reason::CardRemoved });
    assert!(bench.records().iter().any(|record| record.body == withdrawn), "{:?}", bench.kinds());
    bench.assert_replays();
}

#[test]
fn what_cannot_be_recorded_is_not_granted_and_ends_the_session() {
    for fault in [Fault::Write(10), Fault::SyncLanded] {
        let bench = Bench::new();
        bench.log_in();
        let _ = bench.records();
        bench.disk.fail(fault);
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_recorded", None));
        assert!(matches!(bench.agent.lock().machine.state(), State::AwaitPin(_)));
        let again = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!(again.verdict.code, "not_recorded");
        bench.disk.fail(None);
        let kinds = bench.kinds();
        assert_eq!(kinds[kinds.len() - 3..], ["decision", "session_closed", "withdrawn"], "{fault:?}");
    }
}

#[test]
fn the_same_request_has_one_answer_and_one_record() {
    let bench = Bench::new();
    bench.log_in();
    let first = bench.agent.authorize(&panel(), &named("ab")).unwrap();
    let count = bench.records().len();
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap(), first);
    assert_eq!(bench.records().len(), count);
    let other = AuthorizeRequest { case: Some("R8-1".into()), ..named("ab") };
    assert!(
        matches!(bench.agent.authorize(&panel(), &other), Err(AgentError::InvalidArgument { field, .. }) if field == "request")
    );
    bench.worker.pull();
    until(|| bench.agent.lock().machine.card().is_none());
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap().verdict.code, "no_card");
}

#[test]
fn nothing_is_granted_by_a_card_that_took_so_long_that_the_ledger_refused_our_history() {
    let bench = Bench::new();
    bench.log_in();
    bench.worker.hold();
    let agent = bench.agent.clone();
    let asked = std::thread::spawn(move || agent.authorize(&panel(), &ask("koseki")).unwrap());
    until(|| !bench.agent.lock().calls.is_empty());
    bench.agent.history_is(crate::agent::History::Refused);
    bench.worker.go_on();
    let answer = asked.join().unwrap();
    assert_eq!((answer.verdict.code.as_str(), answer.record), ("history_refused", None));

    bench.agent.history_is(crate::agent::History::Goes);
    bench.worker.hold();
    let request = PromptRequest::authorize(ask("inkan"));
    let (prompt, client) = bench.agent.prompt(&panel(), &request).unwrap();
    PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    until(|| bench.agent.lock().pins.is_any_sent());
    bench.agent.history_is(crate::agent::History::Refused);
    bench.worker.go_on();
    let refused = bench.agent.await_prompt(&panel(), &prompt.prompt);
    assert!(matches!(refused, Err(AgentError::CardProblem { verdict, .. }) if verdict.code == "history_refused"));
    assert!(!bench.kinds().contains(&"decision"));
}

#[test]
fn a_register_that_comes_while_the_card_proves_costs_the_clerk_nothing() {
    let mut bench = Bench::new();
    bench.log_in();
    bench.worker.hold();
    let agent = bench.agent.clone();
    let asked = std::thread::spawn(move || agent.authorize(&panel(), &ask("koseki")).unwrap());
    until(|| !bench.agent.lock().calls.is_empty());
    let title = Title::new("企画課").unwrap();
    let (state, effective) = (SectionState::Open, tuesday_ten());
    let section = SetSection { section: code("kikaku"), title, state, effective };
    bench.office.act(vec![Change::Section(section)]);
    bench.advance();
    bench.worker.go_on();
    assert_eq!(asked.join().unwrap().verdict.code, "granted");
    bench.assert_replays();
}

#[test]
fn refusals_are_records_too() {
    let bench = Bench::new();
    for (prepare, code) in [(None, "no_card"), (Some(CLERK), "pin_needed")] {
        prepare.into_iter().for_each(|card| bench.insert(card));
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!(answer.verdict.code, code);
        assert!(bench.on_disk().iter().any(|record| record.seq == answer.record.unwrap().seq));
    }
    bench.assert_replays();
}

#[test]
fn a_function_of_level_card_carries_the_cards_signature() {
    let bench = Bench::new();
    bench.log_in();
    let answer = bench.agent.authorize(&panel(), &ask("koseki")).unwrap();
    assert!(answer.verdict.granted, "{answer:?}");
    let seq = answer.record.unwrap().seq;
    let record = bench.records().into_iter().find(|record| record.seq == seq).unwrap();
    assert!(matches!(record.body, Body::Decision(Decision { signature: Some(_), .. })));
    bench.assert_replays();
    bench.worker.defraud();
    let answer = bench.agent.authorize(&panel(), &ask("koseki")).unwrap();
    assert_eq!(answer.verdict.code, "card_proof_needed");
    bench.assert_replays();
}

#[test]
fn a_function_of_level_pin_wants_the_pin_each_time() {
    let bench = Bench::new();
    bench.log_in();
    assert_eq!(bench.agent.authorize(&panel(), &ask("inkan")).unwrap().verdict.code, "pin_proof_needed");
    let answer = bench.prompt(&PromptRequest::authorize(ask("inkan")), RIGHT_PIN).unwrap();
    assert!(answer.verdict.granted && answer.record.is_some());
    assert_eq!(bench.agent.authorize(&panel(), &ask("inkan")).unwrap().verdict.code, "pin_proof_needed");
    bench.assert_replays();
}

#[test]
fn a_wrong_pin_opens_nothing_and_costs_one_try() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let error = bench.prompt(&PromptRequest::login(), b"999999").unwrap_err();
    assert!(matches!(&error, AgentError::CardProblem { verdict, tries_left: Some(4) } if verdict.code == "wrong_pin"));
    assert_eq!(bench.worker.verified(), 1);
    assert!(bench.kinds().contains(&"pin_failed"));
    assert!(matches!(bench.agent.lock().machine.state(), State::AwaitPin(_)));
    for _ in 0..2 {
        let _ = bench.prompt(&PromptRequest::login(), b"999999").unwrap_err();
    }
    // The fourth is not sent at all: three per insertion.
    let error = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(error, AgentError::CardProblem { verdict, .. } if verdict.code == "pin_not_sent"));
    assert_eq!(bench.worker.verified(), 3);
}

#[test]
fn an_unknown_card_is_refused_before_a_pin_is_asked_for() {
    let bench = Bench::new();
    bench.insert(99);
    let error = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(error, AgentError::CardProblem { verdict, .. } if verdict.code == "card_unknown"));
    assert_eq!(bench.worker.verified(), 0);
    assert!(bench.kinds().contains(&"decision"));
    bench.assert_replays();
}

#[test]
fn a_card_with_other_keys_opens_nothing() {
    let bench = Bench::new();
    bench.insert(CLERK);
    bench.worker.defraud();
    let error = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(error, AgentError::CardProblem { verdict, .. } if verdict.code == "card_false"));
    assert!(!bench.kinds().contains(&"session_opened"));
}

#[test]
fn a_card_pulled_while_its_session_is_written_leaves_none_behind() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let _ = bench.records();
    let (agent, worker) = (bench.agent.clone(), bench.worker.clone());
    bench.disk.amid_next_sync(move || {
        worker.pull();
        until(|| agent.lock().machine.card().is_none());
    });
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).is_err());
    // The prompt was cancelled with the card; its thread still waits for the disk.
    until(|| bench.kinds().ends_with(&["session_opened", "session_closed"]));
    assert!(bench.agent.lock().machine.session().is_none());
}

#[test]
fn a_revocation_ends_the_open_session_at_once() {
    let mut bench = Bench::new();
    bench.log_in();
    bench.office.revoke_clerk();
    bench.advance();
    let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
    assert_eq!(answer.verdict.code, "pin_needed");
    assert_eq!(bench.agent.lock().machine.last_reason(), Some(Reason::RegisterChanged));
    let error = bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap_err();
    assert!(matches!(error, AgentError::CardProblem { verdict, .. } if verdict.code == "card_revoked"));
    bench.assert_replays();
}

#[test]
fn a_lost_worker_ends_the_session_at_once() {
    let bench = Bench::new();
    bench.log_in();
    bench.worker.die();
    until(|| bench.agent.lock().worker.is_none());
    assert_eq!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.code, "no_card");
    assert_eq!(bench.agent.lock().machine.last_reason(), Some(Reason::WorkerLost));
    assert!(bench.kinds().contains(&"worker"));
}

#[test]
fn the_idle_lock_keeps_the_session_and_the_pin_opens_it_again() {
    let bench = Bench::new();
    bench.log_in();
    bench.clock.forward(300_000);
    bench.agent.tick();
    assert_eq!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.code, "locked");
    assert!(bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap().verdict.granted);
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
    assert!(bench.kinds().contains(&"session_unlocked"));
    bench.assert_replays();
}

#[test]
fn whose_session_it_is_uses_it_though_no_configuration_names_her() {
    let bench = Bench::new();
    bench.insert(crate::testing::CLERK);
    let _ =
        bench.prompt(&PromptRequest { user: Some(4321), ..PromptRequest::login() }, crate::testing::RIGHT_PIN).unwrap();
    let owner = Caller { uid: 4321, application: None, trusted: false, may_prompt: false };
    assert!(bench.agent.authorize(&owner, &ask("juminhyo")).unwrap().verdict.granted);
    let colleague = Caller { uid: 4322, ..owner };
    let answer = bench.agent.authorize(&colleague, &ask("juminhyo")).unwrap();
    assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_your_session", None));
}

#[test]
fn strangers_neither_see_nor_use_the_session() {
    let bench = Bench::new();
    bench.log_in();
    let stranger = Caller { uid: 4321, application: None, trusted: false, may_prompt: false };
    let answer = bench.agent.authorize(&stranger, &ask("juminhyo")).unwrap();
    assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_your_session", None));
    let (state, _) = bench.agent.state(&stranger);
    assert_eq!((state.advice.code.as_str(), state.reader.as_ref(), state.unsent), ("not_your_session", None, 0));
    assert!(state.session.is_none() && state.card.is_none() && state.functions.is_empty());
    assert!(matches!(bench.agent.prompt(&stranger, &PromptRequest::login()), Err(AgentError::NotPermitted { .. })));
    assert!(bench.agent.lock_asked(&stranger, Event::EndAsked, None).is_err());
    let counter = Caller { uid: 4322, application: Some(code("counter")), trusted: false, may_prompt: false };
    assert!(bench.agent.authorize(&counter, &ask("juminhyo")).unwrap().verdict.granted);
}

#[test]
fn a_grant_is_completed_once_and_by_its_caller() {
    let bench = Bench::new();
    bench.log_in();
    let counter = Caller { uid: 4322, application: Some(code("counter")), trusted: false, may_prompt: false };
    let record = bench.agent.authorize(&counter, &ask("juminhyo")).unwrap().record.unwrap();
    let request = CompleteRequest { record, items: 3, outcome: Outcome::Done };
    let other = Caller { uid: 4323, ..counter.clone() };
    assert!(bench.agent.complete_function(&other, &request).is_err());
    let completed = bench.agent.complete_function(&counter, &request).unwrap();
    assert!(bench.agent.complete_function(&counter, &request).is_err());
    let of = bench.on_disk().into_iter().find(|record| record.seq == completed.seq).unwrap().body;
    assert_eq!(of, Body::Completed(Completed { of: record.seq, items: 3, outcome: RecordedOutcome::Done }));
}

#[test]
fn what_was_taken_back_is_not_granted_to_the_same_request_after_the_unlock() {
    let bench = Bench::new();
    bench.log_in();
    let agent = bench.agent.clone();
    let _ = bench.records();
    bench.disk.amid_next_sync(move || agent.lock_asked(&panel(), Event::LockAsked, None).unwrap());
    let first = bench.agent.authorize(&panel(), &named("ab")).unwrap();
    assert_eq!(first.verdict.code, "ended_meanwhile");
    bench.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap();
    let again = bench.agent.authorize(&panel(), &named("ab")).unwrap();
    assert_eq!(again.verdict.code, "granted");
    assert_ne!(again.record, first.record, "the record that was taken back is no grant");
    let withdrawn = first.record.unwrap().seq;
    assert!(bench.records().iter().any(|record| matches!(&record.body, Body::Withdrawn(it) if it.of == withdrawn)));
    bench.assert_replays();
}

fn wrong_pins(bench: &Bench) -> u8 {
    bench.agent.lock().pins.wrong(&CardGuid([CLERK; 16]))
}

fn juminhyo_wants(bench: &mut Bench, level: Level) {
    use sekisho_register::change::{Change, SetFunction, UseState};
    bench.office.act(vec![Change::Function(SetFunction {
        function: code("juminhyo"),
        title: sekisho_register::Title::new("juminhyo").unwrap(),
        level,
        purpose_required: false,
        essential: false,
        terminal_kind: None,
        applications: vec![],
        state: UseState::InUse,
        management: false,
    })]);
    bench.advance();
}

#[test]
fn a_repeated_request_is_decided_anew_once_the_register_has_grown() {
    let mut bench = Bench::new();
    bench.log_in();
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap().verdict.code, "granted");
    juminhyo_wants(&mut bench, Level::Pin);
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap().verdict.code, "pin_proof_needed");
}

#[test]
fn a_repeated_request_is_another_one_after_a_minute() {
    let bench = Bench::new();
    bench.log_in();
    let first = bench.agent.authorize(&panel(), &named("ab")).unwrap();
    bench.clock.forward(59_000);
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap().record, first.record);
    bench.clock.forward(2_000);
    assert_ne!(bench.agent.authorize(&panel(), &named("ab")).unwrap().record, first.record);
}

#[test]
fn an_outcome_is_told_once_however_often_the_grant_is_asked_for() {
    let bench = Bench::new();
    bench.log_in();
    let granted = bench.agent.authorize(&panel(), &named("ab")).unwrap();
    let done = CompleteRequest { record: granted.record.unwrap(), items: 1, outcome: Outcome::Done };
    bench.agent.complete_function(&panel(), &done).unwrap();
    assert_eq!(bench.agent.authorize(&panel(), &named("ab")).unwrap().record, granted.record);
    assert_eq!(bench.agent.complete_function(&panel(), &done), Err(AgentError::AlreadyCompleted));
}

#[test]
fn wrong_pins_count_and_are_recorded_though_nobody_waits_for_them() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let cap = u32::from(bench.agent.config.card.tries_per_insertion);
    for _ in 0..cap {
        bench.worker.hold();
        let (_, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
        PinFrame::new(b"999999").unwrap().send(&client).unwrap();
        until(|| bench.agent.lock().pins.is_any_sent());
        assert!(bench.agent.prompt(&panel(), &PromptRequest::login()).is_err(), "a PIN is at the card");
        bench.worker.go_on();
        until(|| !bench.agent.lock().pins.is_any_sent() && bench.agent.lock().proving.is_none());
    }
    assert!(bench.agent.prompt(&panel(), &PromptRequest::login()).is_err());
    let failed = bench.kinds().iter().filter(|kind| **kind == "pin_failed").count();
    assert_eq!(failed, usize::try_from(bench.worker.verified()).unwrap());
    assert_eq!((bench.worker.verified(), u32::from(wrong_pins(&bench))), (cap, cap));
}

#[test]
fn a_wrong_pin_counts_when_the_card_was_pulled_before_it_answered() {
    let bench = Bench::new();
    bench.insert(CLERK);
    bench.worker.hold();
    let (_, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    PinFrame::new(b"999999").unwrap().send(&client).unwrap();
    until(|| bench.agent.lock().pins.is_any_sent());
    let insertion = bench.agent.lock().machine.card().unwrap().insertion;
    {
        let mut core = bench.agent.lock();
        bench.agent.step(&mut core, Event::CardRemoved(insertion));
    }
    bench.worker.go_on();
    until(|| !bench.agent.lock().pins.is_any_sent());
    assert!(bench.kinds().contains(&"pin_failed"));
}

#[test]
fn a_wrong_pin_counts_when_another_card_came_before_it_was_answered() {
    let bench = Bench::new();
    bench.insert(CLERK);
    bench.worker.hold();
    let (_, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    PinFrame::new(b"999999").unwrap().send(&client).unwrap();
    until(|| bench.agent.lock().pins.is_any_sent());
    {
        let mut core = bench.agent.lock();
        let (insertion, card) = (Insertion(77), CardGuid([99; 16]));
        let second = InsertedCard { insertion, card, reader: None, tries_left: Some(5), keypad: Keypad::None };
        bench.agent.step(&mut core, Event::CardInserted(second));
    }
    bench.worker.go_on();
    until(|| !bench.agent.lock().pins.is_any_sent());
    assert_eq!(wrong_pins(&bench), 1);
}

#[test]
fn a_session_that_ended_while_the_card_signed_is_not_opened_again() {
    let bench = Bench::new();
    bench.log_in();
    bench.agent.step(&mut bench.agent.lock(), Event::LockAsked);
    bench.worker.hold();
    let (prompt, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    until(|| bench.agent.lock().pins.is_any_sent());
    // Stands between card and agent, so that the end comes after the signature and before the record.
    let (sender, signed) = std::sync::mpsc::channel();
    let waiting = bench.agent.lock().calls.iter_mut().map(|(_, waits)| std::mem::replace(waits, sender.clone())).last();
    bench.worker.go_on();
    let signed = signed.recv().unwrap();
    assert!(matches!(signed, CallAnswer::Signed { .. }));
    bench.agent.step(&mut bench.agent.lock(), Event::EndAsked);
    waiting.unwrap().send(signed).unwrap();
    assert!(matches!(bench.agent.await_prompt(&panel(), &prompt.prompt), Err(AgentError::PromptCancelled)));
    let kinds = bench.kinds();
    let (opened, closed) = (kinds.contains(&"session_unlocked"), kinds.contains(&"session_closed"));
    assert_eq!((opened, closed), (false, true), "{kinds:?}");
}

#[test]
fn a_second_login_cannot_begin_while_the_record_of_the_first_is_written() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let _ = bench.records();
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let (agent, same) = (bench.agent.clone(), clerk.clone());
    let (sender, second) = std::sync::mpsc::channel();
    bench.disk.amid_next_sync(move || {
        let _ = sender.send(agent.prompt(&same, &PromptRequest::login()).map(drop));
    });
    let (answer, client) = bench.agent.prompt(&clerk, &PromptRequest::login()).unwrap();
    PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    assert!(bench.agent.await_prompt(&clerk, &answer.prompt).unwrap().verdict.granted);
    let refused = second.recv().unwrap().unwrap_err();
    assert!(matches!(refused, AgentError::CardProblem { verdict, .. } if verdict.code == "agent_busy"));
}

#[test]
fn the_end_of_a_login_that_lost_leaves_the_session_to_its_owner() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let (answer, client) = bench.agent.prompt(&clerk, &PromptRequest::login()).unwrap();
    PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    assert!(bench.agent.await_prompt(&clerk, &answer.prompt).unwrap().verdict.granted);
    let other = SessionId([9; 16]);
    {
        let mut core = bench.agent.lock();
        let insertion = core.machine.card().unwrap().insertion;
        let waking = core.machine.waking();
        let session = Session { id: other, ..core.machine.session().unwrap().clone() };
        bench.agent.step(&mut core, Event::Opened { insertion, waking, session });
    }
    let closed = Body::SessionClosed(SessionReason { session: other, reason: Reason::Asked });
    assert!(bench.records().iter().any(|record| record.body == closed), "{:?}", bench.kinds());
    let stranger = Caller { uid: 4242, application: None, trusted: false, may_prompt: false };
    let refused = bench.agent.authorize(&stranger, &ask("juminhyo")).unwrap();
    assert_eq!((refused.verdict.code.as_str(), refused.record), ("not_your_session", None));
    assert!(bench.agent.authorize(&clerk, &ask("juminhyo")).unwrap().verdict.granted);
}

#[test]
fn the_right_to_ask_for_a_pin_is_no_right_over_anothers_session() {
    let bench = Bench::new();
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let other = Caller { uid: 1001, ..clerk.clone() };
    bench.insert(CLERK);
    assert!(bench.agent.state(&other).0.card.is_some(), "before a session the panel shows whose card it is");
    let (answer, client) = bench.agent.prompt(&clerk, &PromptRequest::login()).unwrap();
    PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    assert!(bench.agent.await_prompt(&clerk, &answer.prompt).unwrap().verdict.granted);
    bench.agent.authorize(&clerk, &ask("juminhyo")).unwrap();
    assert!(bench.agent.state(&clerk).0.session.is_some());
    let seen = bench.agent.state(&other).0;
    assert!(seen.session.is_none() && seen.card.is_none() && seen.recent.is_empty());
    assert!(matches!(bench.agent.prompt(&other, &PromptRequest::change_pin()), Err(AgentError::NotPermitted { .. })));
    assert!(bench.agent.lock_asked(&other, Event::EndAsked, None).is_err());
    bench.agent.lock_asked(&clerk, Event::EndAsked, Some(SessionId([9; 16]))).unwrap();
    assert!(bench.agent.lock().machine.session().is_some(), "it was another session's end");
    bench.agent.lock_asked(&clerk, Event::EndAsked, None).unwrap();
    assert!(bench.agent.state(&clerk).0.recent.is_empty(), "what was asked within a session ends with it");
}

#[test]
fn a_stranger_fills_no_journal_and_learns_nothing_of_the_card_that_is_in() {
    let mut bench = Bench::new();
    bench.office.revoke_clerk();
    bench.advance();
    bench.insert(CLERK);
    let before = bench.records().len();
    let stranger = Caller { uid: 4321, application: None, trusted: false, may_prompt: false };
    for _ in 0..3 {
        let answer = bench.agent.authorize(&stranger, &ask("juminhyo")).unwrap();
        assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_your_session", None));
    }
    assert_eq!(bench.records().len(), before);
    assert_eq!(bench.agent.state(&panel()).0.advice.code, "card_revoked");
    let seen = bench.agent.state(&stranger).0;
    assert_eq!((seen.advice.code.as_str(), seen.reader), ("pin_needed", None));
}

#[test]
fn a_stranger_s_watch_is_silent_about_another_s_work() {
    let bench = Bench::new();
    bench.log_in();
    let stranger = Caller { uid: 4321, application: None, trusted: false, may_prompt: false };
    let before = bench.agent.state(&stranger);
    bench.clock.forward(1000);
    bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
    let after = bench.agent.state(&stranger);
    assert_ne!(before.1, after.1, "something has changed");
    assert!(!crate::status::is_news(&before.0, &after.0));
    bench.agent.lock_asked(&panel(), Event::LockAsked, None).unwrap();
    assert!(crate::status::is_news(&after.0, &bench.agent.state(&stranger).0));
}

#[test]
fn the_end_of_hours_is_told_before_it_ends_the_session() {
    use sekisho_ipc::SessionEnd;
    const MINUTE: u64 = 60_000;
    let mut bench = Bench::new();
    bench.log_in();
    let left = |bench: &Bench| {
        let session = bench.agent.session_shown(&mut bench.agent.lock()).unwrap();
        (session.ends_in / MINUTE, session.ends_by)
    };
    assert_eq!(left(&bench), (7 * 60 + 15, SessionEnd::Hours), "from 10:00 to 17:15");
    let give = |to: u64| {
        Change::Permit(Box::new(GivePermit {
            operators: vec![code("chiba")],
            terminals: vec![code("mado-1")],
            functions: vec![],
            from: tuesday_ten(),
            to: tuesday_ten() + to * 60 * MINUTE,
            reason: code("zangyo"),
        }))
    };
    bench.office.act(vec![give(9)]);
    bench.advance();
    assert_eq!(left(&bench), (9 * 60, SessionEnd::Hours), "the permit goes on where the hours end");
    bench.office.act(vec![give(11)]);
    bench.advance();
    assert_eq!(left(&bench), (10 * 60, SessionEnd::Length), "one permit after the other lasts longer than any session");
    for number in [1, 2] {
        let permit = bench.office.register.permits().nth(number - 1).unwrap().number();
        bench.office.act(vec![Change::EndPermit(EndPermit { permit, effective: tuesday_ten() })]);
    }
    bench.advance();
    bench.clock.forward((7 * 60 + 14) * MINUTE);
    assert_eq!(left(&bench), (1, SessionEnd::Hours));
    bench.clock.forward(MINUTE);
    bench.agent.tick();
    let core = bench.agent.lock();
    assert_eq!((core.machine.session(), core.machine.last_reason()), (None, Some(Reason::EndOfHours)));
}
