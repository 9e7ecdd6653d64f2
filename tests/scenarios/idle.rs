//! Where nothing is to be done, nothing is done: no state of card, reader or service costs the processor, and a card that lies there is left
//! alone.

use std::thread::sleep;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, verdict_of, wait_state};
use sekisho_tests::neighbour::Neighbour;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

/// pcscd takes the power from a card that nobody has held for 5 s; this is longer.
const LOOK: Duration = Duration::from_secs(7);
/// Hundredths of a second that a part may have had the processor meanwhile: a loop that does not wait has hundreds, one that waits a few.
const MOST: u64 = 35;

/// Looks on for a while.
fn costs_nothing(scene: &Scene, state: &str) {
    let parts = [Part::Agent, Part::CardWorker];
    let before = parts.map(|part| scene.terminal.ticks(part));
    sleep(LOOK);
    let after = parts.map(|part| scene.terminal.ticks(part));
    for ((part, before), after) in parts.into_iter().zip(before).zip(after) {
        assert!(after - before <= MOST, "{state}: {part:?} took {} hundredths of a second", after - before);
    }
}

/// As [`costs_nothing`], and the card hears nothing and keeps its power.
fn costs_no_card_anything(scene: &Scene, state: &str) {
    let before = scene.clerk.card.log();
    costs_nothing(scene, state);
    assert_eq!(scene.clerk.card.log(), before, "{state}: the card was left alone");
}

/// Waits until the card has been answering nobody for a second.
fn settled(scene: &Scene) {
    wait::until("the card to be left alone", || {
        let before = scene.clerk.card.log().len();
        sleep(Duration::from_secs(1));
        (scene.clerk.card.log().len() == before).then_some(())
    });
}

#[test]
fn no_state_in_which_nothing_happens_costs_anything() {
    let mut scene = Scene::with("still", |terminal| terminal.configure_card("deadline_seconds = 2"));
    costs_nothing(&scene, "no card");
    insert(&scene.terminal, &mut scene.clerk);
    settled(&scene);
    costs_no_card_anything(&scene, "a card that waits for its PIN");
    login(&scene.terminal, &scene.clerk);
    settled(&scene);
    costs_no_card_anything(&scene, "an open session");
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "granted");
    scene.terminal.client().lock().unwrap();
    wait_state(&scene.terminal, SessionState::Locked);
    settled(&scene);
    costs_no_card_anything(&scene, "a locked session");
    pull(&scene.terminal, &mut scene.clerk);

    scene.other.card.be_difficult(Some("mute"));
    scene.other.card.insert(&scene.terminal.pcscd, 1);
    let told = |scene: &Scene| {
        wait::until("a card that cannot be used", || scene.terminal.client().status().ok()?.card_problem.map(drop));
    };
    told(&scene);
    costs_nothing(&scene, "a card that hangs");
    scene.other.card.pull();
    scene.terminal.pcscd.wait_slot(1, false);

    scene.terminal.kill(Part::CardWorker);
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    let mut neighbour = Neighbour::at(&scene.terminal.pcscd, 0);
    neighbour.does(&["connect exclusive"]);
    scene.terminal.start_part(Part::CardWorker);
    told(&scene);
    costs_nothing(&scene, "a card that another program holds");
    drop(neighbour);
    wait_state(&scene.terminal, SessionState::AwaitPin);

    scene.terminal.pcscd.kill();
    wait_state(&scene.terminal, SessionState::NoCard);
    costs_nothing(&scene, "no card service");
}

#[test]
fn a_reader_without_its_plug_costs_nothing() {
    let mut scene = Scene::new("plugless");
    scene.terminal.pcscd.restart_on_a_cable();
    insert(&scene.terminal, &mut scene.clerk);
    scene.terminal.pcscd.unplug();
    wait_state(&scene.terminal, SessionState::NoCard);
    costs_nothing(&scene, "a reader that is listed and does not answer");
    scene.terminal.pcscd.plug_in();
    wait_state(&scene.terminal, SessionState::AwaitPin);
}
