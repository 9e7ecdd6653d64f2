//! Readers and what comes and goes in them: not there yet, quickly out and in, upside down, and not this terminal's.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, try_login, verdict_of, wait_card, wait_state};
use sekisho_tests::pin_pad::PinPadReader;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

/// Asks the card each time.
const ASKS_CARD: &str = "koseki.issue";

#[test]
fn a_terminal_that_starts_before_service_reader_and_card_waits_for_each() {
    let mut scene = Scene::with("early", |terminal| terminal.pcscd.kill());
    let is_waiting = |scene: &Scene| {
        let state = scene.terminal.client().status().unwrap();
        assert_eq!((state.state, state.advice.code.as_str()), (SessionState::NoCard, "no_card"));
        assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "no_card");
    };
    scene.terminal.wait_said(Part::CardWorker, "cannot watch the card readers");
    is_waiting(&scene);
    scene.terminal.pcscd.restart_without_readers();
    scene.terminal.wait_said(Part::Agent, "the smart card service is there");
    is_waiting(&scene);
    scene.terminal.pcscd.restart_with_readers();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    assert!(!scene.terminal.has_ended(Part::CardWorker));
}

#[test]
fn the_same_card_quickly_out_and_in_is_asked_for_its_pin() {
    let mut scene = Scene::new("quick");
    insert(&scene.terminal, &mut scene.clerk);
    for round in 0..8 {
        login(&scene.terminal, &scene.clerk);
        assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted", "{round}");
        // As fast as it goes: pcscd may see the slot empty, or may not.
        scene.clerk.card.pull();
        scene.clerk.card.insert(&scene.terminal.pcscd, 0);
        assert_ne!(verdict_of(&scene.terminal, ASKS_CARD), "granted", "{round}");
        if !scene.terminal.pcscd.finds(0) {
            // A card that came back while pcscd failed to reset the reader is seen by nobody until it is pulled again.
            scene.clerk.card.pull();
            scene.terminal.pcscd.wait_slot(0, false);
            scene.clerk.card.insert(&scene.terminal.pcscd, 0);
        }
        wait_state(&scene.terminal, SessionState::AwaitPin);
        assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "pin_needed", "{round}");
    }
}

#[test]
fn a_card_that_does_not_answer_is_said_to_be_one_and_leaves_no_word_behind() {
    let pad = PinPadReader::new();
    let mut scene = Scene::with("upside", |terminal| terminal.pcscd.restart_with_keypad(pad.device()));
    pad.be_mute(true);
    pad.insert(&mut scene.clerk.card);
    let said = wait::until("the card that does not answer", || scene.terminal.client().status().ok()?.card_problem);
    assert!(said.what.contains("does not answer") && said.what_ja.contains("応答しません"), "{said:?}");
    assert!(said.next.contains("chip first") && said.next_ja.contains("ICチップの向き"), "{said:?}");
    assert_eq!(scene.terminal.client().status().unwrap().advice.code, "card_problem");
    assert!(scene.search(&["--kind", "card_seen"]).is_empty());
    // Pulled, it is no problem any more; the right way round it is a card.
    pad.pull(&mut scene.clerk.card);
    wait::until("no card", || (scene.terminal.client().status().ok()?.advice.code == "no_card").then_some(()));
    pad.be_mute(false);
    pad.insert(&mut scene.clerk.card);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_terminal_with_a_reader_of_its_own_takes_no_card_in_another() {
    let mut scene = Scene::new("bound");
    scene.apply("[[terminal]]\nterminal = \"jumin-1\"\nreaders = [\"name:Virtual_PCD_00_00\"]\n");
    scene.clerk.card.insert(&scene.terminal.pcscd, 1);
    wait_card(&scene.terminal, true);
    let before = scene.clerk.card.apdus();
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "reader_unknown");
    assert_eq!(scene.clerk.card.verifications_from(before), 0, "no PIN goes into a reader that is not this terminal's");
    scene.clerk.card.pull();
    scene.terminal.pcscd.wait_slot(1, false);
    wait_card(&scene.terminal, false);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
}
