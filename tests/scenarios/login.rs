//! A clerk logs in: what it costs, what a wrong PIN costs, what stays of it after a lock, a pull, a death of the agent.

use std::time::Duration;

use sekisho_ipc::{AgentError, ClientError, PromptRequest, SessionState};
use sekisho_tests::clerk::{authorize, insert, login, pull_while_asking, type_pin, wait_state};
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;

/// From insertion to open session, of a card that the terminal knows: the goal is that a login costs no more.
const LOGIN_APDUS: usize = 8;

#[test]
fn a_login_costs_at_most_eight_apdus_from_insertion_to_open_session() {
    let mut scene = Scene::new("apdus");
    insert(&scene.terminal, &mut scene.clerk);
    // The desk used the card before; what counts begins with the insertion at the terminal.
    let inserted = scene.clerk.card.apdus_at_insertion();
    assert!(scene.clerk.card.apdus() > inserted, "the terminal has read the card");
    login(&scene.terminal, &scene.clerk);
    let spent = scene.clerk.card.apdus_from(inserted);
    assert!(spent.len() <= LOGIN_APDUS, "{} APDUs:\n{}", spent.len(), spent.join("\n"));
}

#[test]
fn a_wrong_pin_costs_one_try_and_nothing_else() {
    let mut scene = Scene::new("wrongpin");
    insert(&scene.terminal, &mut scene.clerk);
    let before = scene.clerk.card.apdus();
    let answer = type_pin(&mut scene.terminal.client(), &PromptRequest::login(), "918273");
    let Err(ClientError::Agent(AgentError::CardProblem { verdict, tries_left })) = answer else {
        panic!("a wrong PIN is a problem of the card: {answer:?}")
    };
    assert_eq!((verdict.code.as_str(), tries_left), ("wrong_pin", Some(4)));
    assert_eq!(scene.clerk.card.verifications_from(before), 1);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn idle_locks_the_pin_opens_again_and_the_session_is_the_same() {
    let mut scene = Scene::new("idle");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let session = |scene: &Scene| scene.terminal.client().status().unwrap().session.map(|session| session.id);
    let before = session(&scene);
    assert!(before.is_some());
    scene.clock.pass(Duration::from_secs(301));
    wait_state(&scene.terminal, SessionState::Locked);
    assert_eq!(authorize(&scene.terminal, "juminhyo.issue").verdict.code, "locked");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(session(&scene), before);
    assert!(authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
}

#[test]
fn after_a_pull_the_very_next_request_is_refused() {
    let mut scene = Scene::new("pull");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull_while_asking(&scene.terminal, &mut scene.clerk, "juminhyo.issue");
    assert_eq!(authorize(&scene.terminal, "juminhyo.issue").verdict.code, "no_card");
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(authorize(&scene.terminal, "juminhyo.issue").verdict.code, "pin_needed");
}

#[test]
fn after_the_agent_s_death_no_session_survives() {
    let mut scene = Scene::new("death");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.kill(Part::Agent);
    scene.terminal.start_part(Part::Agent);
    let answer = authorize(&scene.terminal, "juminhyo.issue");
    assert!(!answer.verdict.granted, "nothing is granted without a new PIN");
    sekisho_tests::clerk::wait_card(&scene.terminal, true);
    assert_eq!(authorize(&scene.terminal, "juminhyo.issue").verdict.code, "pin_needed");
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn the_death_of_the_card_worker_ends_the_session() {
    let mut scene = Scene::new("worker");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    assert!(!authorize(&scene.terminal, "juminhyo.issue").verdict.granted);
    scene.terminal.start_part(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_dead_pcscd_ends_the_session_and_a_new_one_is_found() {
    let mut scene = Scene::new("pcscd");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.pcscd.kill();
    wait_state(&scene.terminal, SessionState::NoCard);
    scene.terminal.pcscd.restart();
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_frozen_pcscd_ends_the_session() {
    let mut scene = Scene::new("frozen");
    insert(&scene.terminal, &mut scene.clerk);
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    // The pace of the real watcher, at its fastest: pcscd knows no simulated clock.
    let configuration = std::fs::read_to_string(scene.terminal.configuration()).unwrap();
    scene.terminal.configure(&format!("{configuration}[card]\nwatch_seconds = 1\n"));
    scene.terminal.start_part(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.pcscd.freeze();
    wait_state(&scene.terminal, SessionState::NoCard);
}

#[test]
fn a_prompt_without_a_card_is_refused_before_any_pin() {
    let scene = Scene::new("nocard");
    let refused = scene.terminal.client().prompt(&PromptRequest::login());
    assert!(matches!(refused, Err(ClientError::Agent(_))), "a prompt needs a card");
}
