//! A card that is asked and does not come back holds up its own reader, and nobody who works beside it.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, verdict_of, wait_card, wait_state};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

/// Asks the card each time.
const ASKS_CARD: &str = "koseki.issue";

fn session(scene: &Scene) -> Option<String> {
    scene.terminal.client().status().unwrap().session.map(|session| session.id)
}

/// Waits until the terminal says that the card in its second reader holds that up.
fn wait_told(scene: &Scene) {
    let reader = scene.terminal.pcscd.reader(1);
    let mut client = scene.terminal.client();
    wait::until("the card that hangs to be told of", || {
        let problem = client.status().ok()?.card_problem?;
        (problem.what.contains(&reader) && problem.what_ja.contains(&reader)).then_some(())
    });
}

#[test]
fn a_card_that_hangs_in_another_reader_takes_nobody_s_session() {
    let mut scene = Scene::with("hangs", |terminal| terminal.configure_card("deadline_seconds = 2"));
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let (before, worker) = (session(&scene), scene.terminal.process_id(Part::CardWorker));
    scene.other.card.be_difficult(Some("mute"));
    scene.other.card.insert(&scene.terminal.pcscd, 1);
    wait_told(&scene);
    assert!(session(&scene).is_some() && session(&scene) == before);
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    assert!(!scene.terminal.has_ended(Part::CardWorker));
    // Whoever looks hears of it, in either language, with what to do.
    for (language, next) in [("en", "Take it out and insert it again"), ("ja", "カードを抜いて、もう一度挿入")]
    {
        let mut doctor = scene.terminal.sekisho(&["--lang", language, "doctor"]);
        let said = both(&doctor.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket()).output().unwrap());
        assert!(said.contains(next), "{said}");
    }
    // The reader that works goes on working, with another session and with another worker.
    pull(&scene.terminal, &mut scene.clerk);
    assert_eq!(scene.terminal.client().status().unwrap().advice.code, "card_problem");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(scene.terminal.process_id(Part::CardWorker), worker);
    scene.terminal.kill(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::NoCard);
    scene.terminal.start_part(Part::CardWorker);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    wait::until("the card that hangs to be told of again", || {
        scene.terminal.client().status().ok()?.card_problem.is_some().then_some(())
    });
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    assert!(!scene.terminal.has_ended(Part::CardWorker));
    // Pulled, it is forgotten; the reader is as good as any.
    scene.other.card.pull();
    scene.terminal.pcscd.wait_slot(1, false);
    wait::until("nothing the matter with any card", || {
        scene.terminal.client().status().ok()?.card_problem.is_none().then_some(())
    });
    assert_eq!(verdict_of(&scene.terminal, ASKS_CARD), "granted");
    pull(&scene.terminal, &mut scene.clerk);
    scene.other.card.be_difficult(None);
    scene.other.card.insert(&scene.terminal.pcscd, 1);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.other);
}

#[test]
fn a_worker_that_died_of_a_card_is_not_killed_by_it_again() {
    let mut scene = Scene::with("again", |terminal| terminal.configure_card("deadline_seconds = 2"));
    insert(&scene.terminal, &mut scene.clerk);
    // It hangs with a PIN in its hands: the worker ends, and the PIN with it.
    scene.clerk.card.freeze();
    let told = sekisho_tests::clerk::try_login(&scene.terminal, &scene.clerk);
    assert_ne!(told, "granted");
    wait::until("the card worker to end", || scene.terminal.has_ended(Part::CardWorker).then_some(()));
    scene.terminal.start_part(Part::CardWorker);
    wait::until("the card to be told of as one that cannot be read", || {
        scene.terminal.client().status().ok()?.card_problem.map(drop)
    });
    // Beside it, somebody else works.
    scene.other.card.insert(&scene.terminal.pcscd, 1);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.other);
    assert!(!scene.terminal.has_ended(Part::CardWorker));
}
