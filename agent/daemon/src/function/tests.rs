use super::*;
use crate::journal::disk::Fault;
use crate::session::State;
use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, code, panel, until};
use sekisho_ipc::PromptRequest;

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
fn strangers_neither_see_nor_use_the_session() {
    let bench = Bench::new();
    bench.log_in();
    let stranger = Caller { uid: 4321, application: None, trusted: false };
    let answer = bench.agent.authorize(&stranger, &ask("juminhyo")).unwrap();
    assert_eq!((answer.verdict.code.as_str(), answer.record), ("not_your_session", None));
    let (state, _) = bench.agent.state(&stranger);
    assert!(state.session.is_none() && state.card.is_none() && state.functions.is_empty());
    assert!(matches!(bench.agent.prompt(&stranger, &PromptRequest::login()), Err(AgentError::NotPermitted { .. })));
    assert!(bench.agent.lock_asked(&stranger, Event::EndAsked).is_err());
    let counter = Caller { uid: 4322, application: Some(code("counter")), trusted: false };
    assert!(bench.agent.authorize(&counter, &ask("juminhyo")).unwrap().verdict.granted);
}

#[test]
fn a_grant_is_completed_once_and_by_its_caller() {
    let bench = Bench::new();
    bench.log_in();
    let counter = Caller { uid: 4322, application: Some(code("counter")), trusted: false };
    let record = bench.agent.authorize(&counter, &ask("juminhyo")).unwrap().record.unwrap();
    let request = CompleteRequest { record, items: 3, outcome: Outcome::Done };
    let other = Caller { uid: 4323, ..counter.clone() };
    assert!(bench.agent.complete_function(&other, &request).is_err());
    let completed = bench.agent.complete_function(&counter, &request).unwrap();
    assert!(bench.agent.complete_function(&counter, &request).is_err());
    let of = bench.on_disk().into_iter().find(|record| record.seq == completed.seq).unwrap().body;
    assert_eq!(of, Body::Completed(Completed { of: record.seq, items: 3, outcome: RecordedOutcome::Done }));
}
