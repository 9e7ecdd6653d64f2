use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};

use sekisho_ipc::{AuthorizeRequest, PinFrame, PromptRequest, State, Verdict};
use sekisho_wire::record::Body;

use super::*;
use crate::session::Event;
use crate::testing::{Bench, RIGHT_PIN, ask, code, panel, until};

/// A program of the counter, which may not ask for a PIN itself.
fn program() -> Caller {
    Caller { uid: 2002, application: Some(code("counter")), trusted: false, may_prompt: false }
}

fn patient(seconds: u32) -> AuthorizeRequest {
    AuthorizeRequest { wait: Some(seconds), ..ask("inkan") }
}

fn state(bench: &Bench) -> State {
    bench.agent.state(&panel()).0
}

/// Asks as the program, and waits until that is seen to wait.
fn asked(bench: &Bench, request: AuthorizeRequest, gone: &Arc<AtomicBool>) -> (JoinHandle<AuthorizeAnswer>, String) {
    let (agent, gone) = (Arc::clone(&bench.agent), Arc::clone(gone));
    let asking = spawn(move || {
        agent.authorize_for(&program(), &request, Gone::new(move || gone.load(Ordering::SeqCst))).unwrap()
    });
    let mut id = String::new();
    until(|| {
        id = state(bench).waiting.map(|waiting| waiting.id).unwrap_or_default();
        !id.is_empty()
    });
    (asking, id)
}

fn stays() -> Arc<AtomicBool> {
    Arc::default()
}

fn verdicts(bench: &Bench) -> Vec<&'static str> {
    let decided = |body| if let Body::Decision(decision) = body { Some(decision) } else { None };
    let decisions = bench.records().into_iter().filter_map(|record| decided(record.body));
    decisions
        .filter(|decision| decision.input.function == Some(code("inkan")))
        .map(|decision| decision.verdict.name())
        .collect()
}

#[test]
fn the_clerk_types_her_pin_and_the_program_has_its_grant() {
    let bench = Bench::new();
    bench.log_in();
    let (asking, id) = asked(&bench, AuthorizeRequest { case: Some("R8-1".into()), ..patient(60) }, &stays());
    let shown = state(&bench).waiting.unwrap();
    assert_eq!((shown.application.as_deref(), shown.function.as_str(), shown.uid), (Some("counter"), "inkan", 2002));
    assert_eq!(shown.case.as_deref(), Some("R8-1"));
    assert!(!shown.title.is_empty());
    // One wrong PIN ends nothing.
    bench.prompt(&PromptRequest::waiting(id.clone()), b"999999").unwrap_err();
    assert_eq!(state(&bench).waiting.unwrap().id, id);
    let told = bench.prompt(&PromptRequest::waiting(id.clone()), RIGHT_PIN).unwrap();
    assert!(told.verdict.granted && told.record.is_none(), "what was granted is the program's");
    let answer = asking.join().unwrap();
    assert!(answer.verdict.granted && answer.record.is_some());
    assert!(state(&bench).waiting.is_none());
    assert_eq!(verdicts(&bench), ["granted"]);
    // It is the program that completes it, and the PIN was typed for one decision.
    assert_eq!(bench.agent.prompt(&panel(), &PromptRequest::waiting(id)).unwrap_err(), AgentError::NoSuchPrompt);
    assert_eq!(bench.agent.authorize(&program(), &ask("inkan")).unwrap().verdict.code, "pin_proof_needed");
    bench.assert_replays();
}

#[test]
fn a_request_that_waits_ends_with_the_clerk_s_no_the_session_the_time_and_whoever_asks() {
    type Ended = fn(&Bench, &str, &AtomicBool);
    let declined: Ended = |bench, id, _| {
        let declines = |caller: &Caller, id: &str| bench.agent.decline(caller, &DeclineRequest { waiting: id.into() });
        assert!(matches!(declines(&program(), id), Err(AgentError::NotPermitted { reason: Bar::NotAPromptPeer })));
        let colleague = Caller { uid: 1999, may_prompt: true, ..program() };
        assert!(matches!(declines(&colleague, id), Err(AgentError::NotPermitted { reason: Bar::NotYourSession })));
        assert_eq!(declines(&panel(), "another"), Err(AgentError::NoSuchPrompt));
        assert_eq!(declines(&panel(), id), Ok(()));
    };
    let locked: Ended = |bench, _, _| bench.agent.lock_asked(&panel(), Event::LockAsked, None).unwrap();
    let late: Ended = |bench, _, _| bench.clock.forward(60_000);
    let gone: Ended = |_, _, gone| gone.store(true, Ordering::SeqCst);
    let pulled: Ended = |bench, _, _| bench.worker.pull();
    let cases = [
        (declined, "pin_proof_needed"),
        (locked, "locked"),
        (late, "pin_proof_needed"),
        (gone, "pin_proof_needed"),
        (pulled, "no_card"),
    ];
    for (ended, code) in cases {
        let bench = Bench::new();
        bench.log_in();
        let leaves = stays();
        let (asking, id) = asked(&bench, patient(59), &leaves);
        ended(&bench, &id, &leaves);
        let AuthorizeAnswer { verdict: Verdict { code: told, .. }, record, .. } = asking.join().unwrap();
        assert_eq!(told, code);
        assert!(record.is_some());
        assert!(state(&bench).waiting.is_none());
        assert_eq!(verdicts(&bench), [code], "one record of it");
        bench.assert_replays();
    }
}

#[test]
fn one_request_waits_after_the_other() {
    let bench = Bench::new();
    bench.log_in();
    let (first, one) = asked(&bench, patient(60), &stays());
    let agent = Arc::clone(&bench.agent);
    let second = spawn(move || agent.authorize(&program(), &patient(60)).unwrap());
    until(|| bench.agent.lock().waiting.len() == 2);
    assert_eq!(state(&bench).waiting.map(|waiting| waiting.id).as_ref(), Some(&one));
    bench.prompt(&PromptRequest::waiting(one.clone()), RIGHT_PIN).unwrap();
    assert!(first.join().unwrap().verdict.granted);
    let mut two = None;
    until(|| {
        two = state(&bench).waiting.map(|waiting| waiting.id);
        two.is_some()
    });
    assert_ne!(two, Some(one));
    bench.agent.decline(&panel(), &DeclineRequest { waiting: two.unwrap() }).unwrap();
    assert_eq!(second.join().unwrap().verdict.code, "pin_proof_needed");
    assert_eq!(verdicts(&bench), ["granted", "pin_proof_needed"]);
}

#[test]
fn a_pin_that_is_typed_for_a_request_that_waits_no_more_goes_nowhere() {
    let bench = Bench::new();
    bench.log_in();
    let before = bench.worker.verified();
    for declined in [false, true] {
        let leaves = stays();
        let (asking, id) = asked(&bench, patient(60), &leaves);
        let (prompt, client) = bench.agent.prompt(&panel(), &PromptRequest::waiting(id.clone())).unwrap();
        if declined {
            bench.agent.decline(&panel(), &DeclineRequest { waiting: id }).unwrap();
        } else {
            leaves.store(true, Ordering::SeqCst);
        }
        // It does not matter whether whoever waits has seen it yet.
        let _ = PinFrame::new(RIGHT_PIN).unwrap().send(&client);
        assert_eq!(bench.agent.await_prompt(&panel(), &prompt.prompt), Err(AgentError::PromptCancelled));
        assert_eq!(asking.join().unwrap().verdict.code, "pin_proof_needed");
    }
    assert_eq!(bench.worker.verified(), before);
    assert_eq!(verdicts(&bench), ["pin_proof_needed", "pin_proof_needed"]);
    bench.assert_replays();
}

#[test]
fn a_request_waits_once_and_asked_again_later_is_another() {
    let bench = Bench::new();
    bench.log_in();
    let leaves = stays();
    let numbered = AuthorizeRequest { request: Some("ab".repeat(16)), ..patient(60) };
    let (asking, _) = asked(&bench, numbered.clone(), &leaves);
    let twice = bench.agent.authorize(&program(), &numbered).unwrap();
    assert_eq!((twice.verdict.code.as_str(), twice.record), ("agent_busy", None));
    leaves.store(true, Ordering::SeqCst);
    assert_eq!(asking.join().unwrap().verdict.code, "pin_proof_needed");
    let (asking, id) = asked(&bench, numbered, &stays());
    bench.prompt(&PromptRequest::waiting(id), RIGHT_PIN).unwrap();
    assert!(asking.join().unwrap().verdict.granted);
}

#[test]
fn what_the_pin_alone_does_not_open_is_answered_at_once() {
    let bench = Bench::new();
    let at_once = |request: &AuthorizeRequest| bench.agent.authorize(&program(), request);
    assert_eq!(at_once(&patient(60)).unwrap().verdict.code, "no_card");
    bench.log_in();
    assert!(at_once(&AuthorizeRequest { wait: Some(60), ..ask("juminhyo") }).unwrap().verdict.granted);
    assert_eq!(at_once(&patient(0)).unwrap().verdict.code, "pin_proof_needed");
    assert!(matches!(at_once(&patient(601)), Err(AgentError::InvalidArgument { field, .. }) if field == "wait"));
}

#[test]
fn a_colleague_sees_of_it_nothing() {
    let bench = Bench::new();
    bench.log_in();
    let leaves = stays();
    let (asking, _) = asked(&bench, patient(60), &leaves);
    let colleague = Caller { uid: 1999, may_prompt: true, application: None, trusted: false };
    assert!(bench.agent.state(&colleague).0.waiting.is_none());
    leaves.store(true, Ordering::SeqCst);
    asking.join().unwrap();
}

#[test]
fn what_was_asked_in_a_session_that_is_over_is_shown_to_nobody() {
    let bench = Bench::new();
    bench.log_in();
    let (asking, _) = asked(&bench, patient(60), &stays());
    // Whoever waits for it has not looked yet.
    let mut core = bench.agent.lock();
    bench.agent.step(&mut core, Event::EndAsked);
    assert!(core.waiting.front().is_some() && core.waiting_shown().is_none());
    drop(core);
    asking.join().unwrap();
}

#[test]
fn who_waits_now_has_not_heard_that_the_pin_was_missing_before() {
    let bench = Bench::new();
    bench.log_in();
    let numbered = AuthorizeRequest { request: Some("cd".repeat(16)), ..ask("inkan") };
    assert_eq!(bench.agent.authorize(&program(), &numbered).unwrap().verdict.code, "pin_proof_needed");
    let (asking, id) = asked(&bench, AuthorizeRequest { wait: Some(60), ..numbered }, &stays());
    bench.prompt(&PromptRequest::waiting(id), RIGHT_PIN).unwrap();
    assert!(asking.join().unwrap().verdict.granted);
}
