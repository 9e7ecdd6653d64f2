use super::*;
use crate::function::Caller;
use crate::session::State;
use crate::testing::{Bench, CLERK, RIGHT_PIN, ask, panel, until};
use sekisho_ipc::{AuthorizeRequest, AwaitAnswer, PromptFor, PromptRequest, PromptWhat};

/// A terminal whose reader has this keypad, used as its configuration says, with the clerk's card in it.
fn bench(pin_pad: &str, keypad: Keypad) -> Bench {
    let bench = Bench::configured(&format!("[card]\npin_pad = {pin_pad:?}\n"));
    bench.worker.has_keypad(keypad);
    bench.insert(CLERK);
    bench
}

fn code(outcome: Result<AwaitAnswer, AgentError>) -> String {
    match outcome {
        Ok(answer) => answer.verdict.code,
        Err(AgentError::CardProblem { verdict, .. }) => verdict.code,
        Err(error) => error.name().to_owned(),
    }
}

/// Lets the reader ask, and gives what comes of it once `person` has done her part.
fn on_reader(bench: &Bench, request: &PromptRequest, person: impl FnOnce()) -> Result<AwaitAnswer, AgentError> {
    let (answer, _client) = bench.agent.prompt(&panel(), request)?;
    let entries = if request.what == PromptWhat::ChangePin { 3 } else { 1 };
    assert_eq!(answer.reader_seconds, Some(30 * entries));
    until(|| bench.worker.asks());
    person();
    bench.agent.await_prompt(&panel(), &answer.prompt)
}

fn entry(bench: &Bench) -> PinEntry {
    bench.agent.state(&panel()).0.card.unwrap().pin_entry
}

fn said(outcome: Result<AwaitAnswer, AgentError>) -> String {
    match outcome {
        Err(AgentError::CardProblem { verdict, .. }) => verdict.what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn configuration_and_reader_say_where_a_pin_is_typed() {
    let table = [
        ("off", Keypad::VerifiesAndChanges, PinEntry::Keyboard),
        ("use", Keypad::None, PinEntry::Keyboard),
        ("use", Keypad::Verifies, PinEntry::Reader),
        ("require", Keypad::None, PinEntry::Nowhere),
        ("require", Keypad::VerifiesAndChanges, PinEntry::Reader),
        ("off", Keypad::Unknown, PinEntry::Keyboard),
        ("use", Keypad::Unknown, PinEntry::Nowhere),
        ("require", Keypad::Unknown, PinEntry::Nowhere),
    ];
    for (pin_pad, keypad, expected) in table {
        assert_eq!(entry(&bench(pin_pad, keypad)), expected, "{pin_pad} {keypad:?}");
    }
    let bench = bench("require", Keypad::None);
    assert!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)).contains("no keypad"));
    assert_eq!(bench.agent.state(&panel()).0.advice.code, "card_problem");
    assert_eq!(bench.worker.verified(), 0);
}

#[test]
fn a_session_by_the_reader_s_keypad_has_the_same_records() {
    let mut kinds = Vec::new();
    for pin_pad in ["off", "use"] {
        let bench = bench(pin_pad, Keypad::Verifies);
        let prompt = |request: &PromptRequest| match pin_pad {
            "off" => bench.prompt(request, RIGHT_PIN),
            _ => on_reader(&bench, request, || bench.worker.typed_on_reader(RIGHT_PIN)),
        };
        assert_eq!(code(prompt(&PromptRequest::login())), "granted");
        assert_eq!(code(prompt(&PromptRequest::authorize(ask("inkan")))), "granted");
        bench.agent.lock_asked(&panel(), crate::session::Event::LockAsked, None).unwrap();
        assert_eq!(code(prompt(&PromptRequest::login())), "granted");
        assert!(matches!(bench.agent.lock().machine.state(), State::Open(_)));
        bench.assert_replays();
        kinds.push(bench.kinds());
    }
    assert_eq!(kinds[0], kinds[1]);
}

#[test]
fn what_is_typed_at_the_keyboard_never_counts_where_the_reader_asks() {
    let bench = bench("use", Keypad::Verifies);
    let (answer, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    until(|| bench.worker.asks());
    // The worker reads none of this, and gives the prompt up for it (`pad_entry.rs`).
    sekisho_ipc::PinFrame::new(RIGHT_PIN).unwrap().send(&client).unwrap();
    bench.worker.nothing_typed(Failure::NoPin);
    assert_eq!(bench.agent.await_prompt(&panel(), &answer.prompt), Err(AgentError::PromptCancelled));
    assert_eq!(bench.worker.verified(), 0);
}

#[test]
fn while_the_reader_waits_nobody_else_asks_and_everybody_sees_it() {
    let bench = bench("use", Keypad::Verifies);
    let (answer, client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    until(|| bench.worker.asks());
    assert_eq!(entry(&bench), PinEntry::ReaderNow);
    drop(client);
    assert!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)).contains("the reader waits"));
    bench.worker.nothing_typed(Failure::NoPin);
    assert_eq!(bench.agent.await_prompt(&panel(), &answer.prompt), Err(AgentError::PromptCancelled));
    assert_eq!(entry(&bench), PinEntry::Reader);
    assert_eq!(code(on_reader(&bench, &PromptRequest::login(), || bench.worker.typed_on_reader(RIGHT_PIN))), "granted");
}

#[test]
fn a_wrong_pin_on_the_reader_is_counted_whoever_waits_for_it() {
    let bench = bench("use", Keypad::Verifies);
    let wrong = || bench.worker.typed_on_reader(b"111111");
    assert_eq!(code(on_reader(&bench, &PromptRequest::login(), wrong)), "wrong_pin");
    // The session that it was for is out of reach: the card goes on judging.
    let (_, _client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    until(|| bench.worker.asks());
    bench.agent.step(&mut bench.agent.lock(), crate::session::Event::Suspending);
    wrong();
    until(|| !bench.agent.lock().pins.is_any_sent() && bench.agent.lock().proving.is_none());
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "pin_failed").count(), 2);
    assert_eq!(code(on_reader(&bench, &PromptRequest::login(), wrong)), "wrong_pin");
    assert_eq!(
        code(bench.prompt(&PromptRequest::login(), RIGHT_PIN)),
        "pin_not_sent",
        "three are enough for one insertion"
    );
}

#[test]
fn a_right_pin_after_its_right_is_gone_opens_nothing() {
    let mut bench = bench("use", Keypad::Verifies);
    let (answer, _client) = bench.agent.prompt(&panel(), &PromptRequest::login()).unwrap();
    until(|| bench.worker.asks());
    bench.office.revoke_clerk();
    bench.advance();
    bench.worker.typed_on_reader(RIGHT_PIN);
    assert_eq!(code(bench.agent.await_prompt(&panel(), &answer.prompt)), "card_revoked");
    // The worker lets go of the card that has taken the PIN; it hears of it a moment after the prompt.
    until(|| bench.worker.forgotten() == 1);
}

#[test]
fn a_pull_while_it_is_typed_ends_the_prompt_and_the_session() {
    let bench = bench("use", Keypad::Verifies);
    assert_eq!(code(on_reader(&bench, &PromptRequest::login(), || bench.worker.typed_on_reader(RIGHT_PIN))), "granted");
    let request =
        PromptRequest::authorize(AuthorizeRequest { function: "inkan".into(), ..AuthorizeRequest::default() });
    let pulled = on_reader(&bench, &request, || {
        bench.worker.nothing_typed(Failure::Unanswered);
        bench.worker.pull();
    });
    assert_eq!(code(pulled), "pin_unanswered");
    until(|| bench.agent.lock().machine.card().is_none());
    assert!(!bench.agent.lock().pins.waits_on_reader());
}

#[test]
fn a_function_that_asks_the_card_is_refused_at_once_while_the_reader_waits() {
    let bench = bench("use", Keypad::Verifies);
    assert_eq!(code(on_reader(&bench, &PromptRequest::login(), || bench.worker.typed_on_reader(RIGHT_PIN))), "granted");
    let (_, _client) = bench.agent.prompt(&panel(), &PromptRequest::authorize(ask("inkan"))).unwrap();
    until(|| bench.worker.asks());
    assert_eq!(bench.agent.authorize(&panel(), &ask("koseki")).unwrap().verdict.code, "agent_busy");
    bench.worker.nothing_typed(Failure::NoPin);
    until(|| !bench.agent.lock().pins.waits_on_reader());
    assert_eq!(bench.agent.authorize(&panel(), &ask("koseki")).unwrap().verdict.code, "granted");
}

#[test]
fn a_pin_is_changed_on_the_reader_or_elsewhere_and_never_here() {
    let can = bench("use", Keypad::VerifiesAndChanges);
    let change = PromptRequest::change_pin();
    assert_eq!(code(on_reader(&can, &change, || can.worker.typed_on_reader(RIGHT_PIN))), "granted");
    assert_eq!(can.worker.changed(), 1);
    assert!(can.kinds().contains(&"pin_changed"));
    let cannot = bench("use", Keypad::Verifies);
    assert!(said(cannot.prompt(&change, RIGHT_PIN)).contains("cannot change"));
    assert!(!cannot.worker.asks());
}

#[test]
fn the_state_says_whose_prompt_it_is_and_what_for() {
    let bench = Bench::configured("[card]\npin_pad = \"use\"\n[peers]\nprompt = [1001, 1002]\n");
    bench.worker.has_keypad(Keypad::Verifies);
    bench.insert(CLERK);
    let user = |uid| Caller { uid, application: None, trusted: false, may_prompt: true };
    let shown = |uid| bench.agent.state(&user(uid)).0.prompt;
    assert_eq!(shown(1001), None);
    let (_, client) = bench.agent.prompt(&user(1001), &PromptRequest::login()).unwrap();
    until(|| bench.worker.asks());
    let seen = shown(1002).unwrap();
    assert_eq!((seen.uid, seen.yours, seen.what, seen.on_reader), (1001, false, PromptFor::Login, true));
    assert!(shown(1001).unwrap().yours);
    let for_account = PromptRequest { user: Some(1002), ..PromptRequest::login() };
    bench.worker.nothing_typed(Failure::NoPin);
    until(|| shown(1002).is_none());
    drop(client);
    let (_, _client) = bench.agent.prompt(&panel(), &for_account).unwrap();
    let seen = shown(1002).unwrap();
    assert!(seen.yours && seen.uid == 0, "root asks for this account: {seen:?}");
    assert!(!shown(1001).unwrap().yours);
}

#[test]
fn one_user_cannot_keep_the_keypad_from_another() {
    let bench = Bench::configured("[card]\npin_pad = \"use\"\n[peers]\nprompt = [1001, 1002]\n");
    bench.worker.has_keypad(Keypad::Verifies);
    bench.insert(CLERK);
    let user = |uid| Caller { uid, application: None, trusted: false, may_prompt: true };
    let in_vain = |uid, wants: Option<u32>| {
        let (answer, _client) = bench.agent.prompt(&user(uid), &PromptRequest::login())?;
        until(|| bench.worker.asks());
        if let Some(other) = wants {
            assert!(bench.agent.prompt(&user(other), &PromptRequest::login()).is_err(), "the reader waits");
        }
        bench.worker.nothing_typed(Failure::NoPin);
        bench.agent.await_prompt(&user(uid), &answer.prompt)
    };
    for _ in 0..3 {
        assert_eq!(in_vain(1001, None), Err(AgentError::PromptCancelled), "alone she asks as often as she likes");
    }
    assert_eq!(in_vain(1001, Some(1002)), Err(AgentError::PromptCancelled));
    assert!(said(in_vain(1001, None)).contains("another user waits"));
    assert_eq!(in_vain(1002, None), Err(AgentError::PromptCancelled), "the other has it");
    bench.clock.forward(30_000);
    assert_eq!(in_vain(1001, None), Err(AgentError::PromptCancelled));
}

#[test]
fn a_reader_that_fails_does_not_move_the_pin_to_the_keyboard() {
    let bench = bench("use", Keypad::Unknown);
    assert!(said(bench.prompt(&PromptRequest::login(), RIGHT_PIN)).contains("failed when it was asked"));
    assert!(bench.agent.state(&panel()).0.advice.what_ja.contains("答えません"));
    assert_eq!(bench.worker.verified(), 0);
}

#[test]
fn a_pin_that_was_typed_already_is_refused_before_the_reader_asks() {
    let bench = bench("use", Keypad::Verifies);
    let piped = PromptRequest { at_keyboard: Some(true), ..PromptRequest::login() };
    assert!(said(bench.prompt(&piped, RIGHT_PIN)).contains("is not taken"));
    assert!(!bench.worker.asks() && entry(&bench) == PinEntry::Reader);
}
