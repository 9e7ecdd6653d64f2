use super::*;
use crate::session::State;
use crate::testing::{Bench, CLERK, Double, RIGHT_PIN, panel, until};
use sekisho_ipc::PinFrame;
use sekisho_register::change::{Change, ConnectionState, SetConnection};
use sekisho_wire::reason::Reason;
use sekisho_wire::record::{PinChanged, Record};

/// A card of the office that is not the clerk's.
const OTHER: u8 = 1;

fn code(outcome: Result<AwaitAnswer, AgentError>) -> String {
    match outcome {
        Ok(answer) => answer.verdict.code,
        Err(AgentError::CardProblem { verdict, .. }) => verdict.code,
        Err(error) => error.name().to_owned(),
    }
}

fn guid(card: u8) -> Option<String> {
    Some(CardGuid([card; 16]).to_string())
}

fn open(bench: &Bench, request: &PromptRequest) -> (String, OwnedFd) {
    let (answer, client) = bench.agent.prompt(&panel(), request).unwrap();
    (answer.prompt, client)
}

fn type_into(client: &OwnedFd, pin: &[u8]) {
    PinFrame::new(pin).unwrap().send(client).unwrap();
}

#[test]
fn a_pin_typed_for_one_card_is_not_taken_for_another() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let meant = |card| PromptRequest { card: guid(card), ..PromptRequest::login() };
    assert_eq!(code(bench.prompt(&meant(OTHER), RIGHT_PIN)), "card_other");
    assert_eq!(bench.worker.verified(), 0);
    let (answer, client) = bench.agent.prompt(&panel(), &meant(CLERK)).unwrap();
    drop(client);
    assert_eq!(answer.card, guid(CLERK), "a prompt says for which card it is");
    assert_eq!(code(bench.prompt(&meant(CLERK), RIGHT_PIN)), "granted");
}

#[test]
fn a_card_swapped_between_prompt_and_pin_never_sees_the_pin() {
    for next in [OTHER, CLERK] {
        let bench = Bench::new();
        bench.insert(CLERK);
        let (prompt, client) = open(&bench, &PromptRequest::login());
        bench.worker.pull();
        until(|| bench.agent.lock().machine.card().is_none());
        bench.insert(next);
        let _ = PinFrame::new(RIGHT_PIN).unwrap().send(&client);
        assert_eq!(bench.agent.await_prompt(&panel(), &prompt), Err(AgentError::PromptCancelled));
        assert_eq!(bench.worker.verified(), 0);
    }
}

#[test]
fn a_revoked_card_cannot_have_its_pin_changed() {
    let mut bench = Bench::new();
    bench.insert(CLERK);
    let (prompt, client) = open(&bench, &PromptRequest::change_pin());
    bench.office.revoke_clerk();
    bench.advance();
    type_into(&client, RIGHT_PIN);
    assert_eq!(code(bench.agent.await_prompt(&panel(), &prompt)), "card_revoked", "revoked while it was typed");
    assert_eq!(code(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "card_revoked");
    assert_eq!(bench.worker.changed(), 0);
    bench.assert_replays();
}

#[test]
fn a_clerk_may_change_the_pin_with_and_without_a_session() {
    let bench = Bench::new();
    bench.insert(CLERK);
    assert_eq!(code(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "granted");
    assert_eq!(code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "granted");
    assert_eq!(code(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "granted");
    assert_eq!(bench.worker.changed(), 2);
    assert!(matches!(bench.agent.lock().machine.state(), State::Open(_)));
}

#[test]
fn a_pin_may_be_changed_where_and_when_no_session_opens() {
    let mut bench = Bench::new();
    bench.insert(CLERK);
    let stop = SetConnection { state: ConnectionState::Stopped, functions: vec![], incident: None };
    bench.office.act(vec![Change::Connection(stop)]);
    bench.advance();
    assert_eq!(code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "connection_stopped");
    assert_eq!(code(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "granted");
    assert_eq!(bench.worker.changed(), 1);
    bench.assert_replays();
}

#[test]
fn nobody_hears_what_came_of_another_s_prompt() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let other = Caller { uid: 1001, ..clerk.clone() };
    let (answer, client) = bench.agent.prompt(&clerk, &PromptRequest::login()).unwrap();
    type_into(&client, RIGHT_PIN);
    assert_eq!(bench.agent.await_prompt(&other, &answer.prompt), Err(AgentError::NoSuchPrompt));
    assert_eq!(code(bench.agent.await_prompt(&clerk, &answer.prompt)), "granted");
}

#[test]
fn a_reader_that_goes_away_closes_the_session_and_the_record_says_so() {
    for lose in [Double::lose_reader as fn(&Double), |worker| worker.lose_way(crate::worker_link::Lost::Reader)] {
        let bench = Bench::new();
        bench.log_in();
        lose(&bench.worker);
        until(|| bench.agent.lock().machine.session().is_none());
        let closed = |record: &sekisho_wire::record::Record| matches!(&record.body, Body::SessionClosed(closed) if closed.reason == Reason::ReaderLost);
        assert!(bench.records().iter().any(closed), "{:?}", bench.kinds());
        assert_eq!(bench.agent.state(&panel()).0.last_lock_reason.as_deref(), Some("reader_lost"));
    }
}

#[test]
fn a_card_that_is_looked_at_anew_gets_no_more_tries() {
    let bench = Bench::new();
    bench.insert(CLERK);
    for _ in 0..bench.agent.config.card.tries_per_insertion {
        assert_eq!(code(bench.prompt(&PromptRequest::login(), b"999999")), "wrong_pin");
        bench.worker.lose_way(crate::worker_link::Lost::Card);
        until(|| bench.agent.lock().machine.card().is_none());
        bench.worker.tell_again();
        until(|| bench.agent.lock().machine.card().is_some());
    }
    let sent = bench.worker.verified();
    assert_eq!(code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "pin_not_sent");
    assert_eq!(bench.worker.verified(), sent);
    bench.worker.pull();
    until(|| bench.agent.lock().machine.card().is_none());
    bench.insert(CLERK);
    assert_eq!(code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "granted");
}

#[test]
fn a_try_that_a_dead_worker_took_along_is_told_and_recorded() {
    let bench = Bench::new();
    bench.insert(CLERK);
    bench.worker.hold();
    let (prompt, client) = open(&bench, &PromptRequest::login());
    type_into(&client, b"999999");
    until(|| bench.agent.lock().pins.is_any_sent());
    bench.worker.die();
    assert_eq!(code(bench.agent.await_prompt(&panel(), &prompt)), "pin_unanswered");
    until(|| bench.agent.lock().worker.is_none());
    assert!(!bench.kinds().contains(&"pin_failed"), "nobody knows yet");
    let next = Double::join(&bench.agent, 2);
    next.has_tries(4);
    next.insert(&bench.agent, CLERK);
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "pin_failed").count(), 1);
}

#[test]
fn how_many_tries_a_right_pin_leaves_is_told_after_the_session_is_open() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let tries = || bench.agent.lock().machine.card().and_then(|card| card.tries_left);
    assert_eq!(code(bench.prompt(&PromptRequest::login(), b"999999")), "wrong_pin");
    assert_eq!(tries(), Some(4));
    assert_eq!(code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)), "granted");
    until(|| tries() == Some(5));
}

#[test]
fn a_changed_pin_is_recorded_whoever_waits_for_it() {
    let bench = Bench::new();
    bench.insert(CLERK);
    assert_eq!(code(bench.prompt(&PromptRequest::change_pin(), RIGHT_PIN)), "granted");
    let of = |record: Record| if let Body::PinChanged(changed) = record.body { Some(changed) } else { None };
    let changed: Vec<PinChanged> = bench.records().into_iter().filter_map(of).collect();
    let operator = Some(crate::testing::code("chiba"));
    assert_eq!(changed, [PinChanged { card: CardGuid([CLERK; 16]), operator }]);
}

#[test]
fn another_user_s_prompt_is_left_alone_unless_that_user_only_holds_the_place() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let other = Caller { uid: 1001, ..clerk.clone() };
    let open = |caller: &Caller| bench.agent.prompt(caller, &PromptRequest::login());
    let (prompt, client) = open(&clerk).unwrap();
    assert_eq!(code(open(&other).map(|_| unreachable!())), "agent_busy");
    type_into(&client, b"999999");
    assert_eq!(code(bench.agent.await_prompt(&clerk, &prompt.prompt)), "wrong_pin", "it was not cancelled");

    let (held, client) = open(&other).unwrap();
    drop(client);
    assert_eq!(bench.agent.await_prompt(&other, &held.prompt), Err(AgentError::PromptCancelled));
    let (held, holding) = open(&other).unwrap();
    let (prompt, client) = open(&clerk).unwrap();
    assert_eq!(bench.agent.await_prompt(&other, &held.prompt), Err(AgentError::PromptCancelled), "it gave way");
    drop(holding);
    type_into(&client, RIGHT_PIN);
    assert_eq!(code(bench.agent.await_prompt(&clerk, &prompt.prompt)), "granted");
}

#[test]
fn root_s_prompt_comes_before_another_s() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let clerk = Caller { uid: 1000, application: None, trusted: false, may_prompt: true };
    let (prompt, _client) = bench.agent.prompt(&clerk, &PromptRequest::login()).unwrap();
    let (_, _root) = open(&bench, &PromptRequest::login());
    assert_eq!(bench.agent.await_prompt(&clerk, &prompt.prompt), Err(AgentError::PromptCancelled));
}

#[test]
fn the_worker_forgets_a_prompt_however_it_ends_without_a_pin() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let (prompt, client) = open(&bench, &PromptRequest::login());
    drop(client);
    assert_eq!(bench.agent.await_prompt(&panel(), &prompt), Err(AgentError::PromptCancelled));
    until(|| bench.worker.forgotten() == 1);
}

#[test]
fn root_opens_a_session_for_the_account_that_logs_in_and_nobody_else_does_so() {
    let bench = Bench::new();
    bench.insert(CLERK);
    let user = |uid| Caller { uid, application: None, trusted: false, may_prompt: true };
    let for_whom = PromptRequest { user: Some(1000), ..PromptRequest::login() };
    let refused = bench.agent.prompt(&user(1001), &for_whom).unwrap_err();
    assert_eq!(refused, AgentError::NotPermitted { reason: Bar::OnlyRoot });
    assert_eq!(code(bench.prompt(&for_whom, RIGHT_PIN)), "granted");
    let seen_by = |uid| bench.agent.state(&user(uid)).0.session.is_some();
    assert_eq!([1000, 1001].map(seen_by), [true, false], "it is the account's, not root's");
    assert!(bench.agent.lock_asked(&user(1000), crate::session::Event::EndAsked, None).is_ok());
}
