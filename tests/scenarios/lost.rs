//! What is lost in the middle of work: a reader whose plug is pulled, a card worker that dies with a PIN in its hands.

use sekisho_ipc::{AgentError, ClientError, PinFrame, PromptRequest, SessionState};
use sekisho_tests::clerk::{authorize, insert, login, pull, tries_left, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

#[test]
fn a_reader_that_is_unplugged_closes_the_session_and_is_no_pulled_card() {
    let mut scene = Scene::new("cable");
    scene.terminal.pcscd.restart_on_a_cable();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.pcscd.unplug();
    wait_state(&scene.terminal, SessionState::NoCard);
    let state = scene.terminal.client().status().unwrap();
    assert_eq!(state.last_lock_reason.as_deref(), Some("reader_lost"));
    assert_eq!(authorize(&scene.terminal, "juminhyo.issue").verdict.code, "no_card");
    scene.terminal.pcscd.plug_in();
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    // pcscd goes on listing a reader that does not answer. It went away once, however often it is looked at.
    let downs = scene.search(&["--kind", "reader_down"]).len();
    assert!(downs <= 4, "two slots went away with pcscd and with the plug, once each, and {downs} records say so");
}

#[test]
fn a_card_worker_that_dies_with_a_pin_says_so_and_takes_it_along() {
    let mut scene = Scene::new("hands");
    insert(&scene.terminal, &mut scene.clerk);
    let before = scene.clerk.card.apdus();
    let mut client = scene.terminal.client();
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    scene.clerk.card.freeze();
    prompt.send_pin(&PinFrame::new(scene.clerk.pin().as_bytes()).unwrap()).unwrap();
    scene.terminal.wait_said(Part::Agent, "a PIN goes to the card");
    scene.terminal.kill(Part::CardWorker);
    let Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) = client.wait_for(&prompt) else {
        panic!("the prompt says what became of the PIN")
    };
    assert_eq!(verdict.code, "pin_unanswered");
    let agent = scene.terminal.process_id(Part::Agent).unwrap();
    assert!(!crate::demo::remembers(agent, scene.clerk.pin().as_bytes()), "the agent never had the PIN");
    scene.clerk.card.thaw();
    scene.terminal.start_part(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(tries_left(&scene.terminal), Some(5), "no try was spent that nobody was told of");
    assert!(scene.clerk.card.verifications_from(before) <= 1, "one PIN typed, one try at most");
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_card_swapped_after_the_prompt_never_sees_the_pin() {
    let mut scene = Scene::new("swapped");
    insert(&scene.terminal, &mut scene.clerk);
    let mut client = scene.terminal.client();
    let shown = client.status().unwrap().card.map(|card| card.guid);
    let prompt = client.prompt(&PromptRequest::login()).unwrap();
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    let before = scene.other.card.apdus();
    let pin = PinFrame::new(scene.clerk.pin().as_bytes()).unwrap();
    let _ = prompt.send_pin(&pin);
    assert!(matches!(client.wait_for(&prompt), Err(ClientError::Agent(AgentError::PromptCancelled))));
    // As the panel does it: the PIN first, for the card that was shown, then the prompt.
    let request = PromptRequest { card: shown, ..PromptRequest::login() };
    let Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) = client.prompt(&request) else {
        panic!("the PIN was typed for another card")
    };
    assert_eq!(verdict.code, "card_other");
    assert_eq!(scene.other.card.verifications_from(before), 0);
}
