//! One person at two terminals, and terminals that fall silent and come back.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, wait_state};
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_fresh, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

/// The ledger looks every ten seconds who is silent.
const LOOK: std::time::Duration = std::time::Duration::from_secs(11);

fn second(scene: &Scene) -> Terminal {
    let mut terminal = Terminal::new(&scene.scratch.folder("t2"), &scene.clock);
    enrol(&scene.desk, &terminal, "jumin-2", FUNCTIONS);
    terminal.start();
    wait_fresh(&terminal);
    terminal
}

fn alarms(scene: &Scene, terminal: &str, what: &str) -> usize {
    let rows = scene.search(&["--kind", "alarm", "--terminal", terminal]);
    rows.iter().filter(|row| row["what"].as_str().is_some_and(|said| said.contains(what))).count()
}

#[test]
fn whoever_is_at_two_terminals_raises_an_alarm_and_by_policy_the_later_session_ends() {
    let mut scene = Scene::new("presence");
    let mut other = second(&scene);
    let (mut again, _) = scene.desk.issue("again", &["--operator", "10023"]);
    scene.wait_current();
    let two = "opened here while another was open at another terminal";

    // Who pulls the card and goes to the other terminal is at one.
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);
    insert(&other, &mut again);
    login(&other, &again);
    wait_sealed(&other);
    // With both cards she is at two. So far that is told.
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait::until("the alarm", || (alarms(&scene, "jumin-1", two) == 1).then_some(()));
    assert_eq!(alarms(&scene, "jumin-2", two), 0, "the earlier one is none");
    wait_state(&scene.terminal, SessionState::Open);

    // A ledger that ends before it has heard both has not forgotten it when it is back; nor does it tell again what it told before.
    pull(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
    other.kill(Part::Forwarder);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let opened = |scene: &Scene| scene.search(&["--kind", "session_opened", "--terminal", "jumin-1"]).len();
    wait::until("that the opening is indexed", || (opened(&scene) == 3).then_some(()));
    scene.ledger.stop();
    scene.ledger.serve();
    other.start_part(Part::Forwarder);
    wait::until("the alarm", || (alarms(&scene, "jumin-1", two) == 2).then_some(()));

    scene.apply("[policy]\ntwo_terminals = \"close_later\"\n");
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    wait_sealed(&scene.terminal);
    let ends = scene.search(&["--kind", "session_closed", "--terminal", "jumin-1"]);
    assert!(ends[0]["what"].as_str().unwrap().contains("another session was open elsewhere"), "{:?}", ends[0]);
    wait_state(&other, SessionState::Open);
    scene.desk.assert_verified();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn a_terminal_that_falls_silent_is_missed_and_one_that_was_switched_off_is_not() {
    let mut scene = Scene::new("silent");
    let mut other = second(&scene);
    let silent = "hears the terminal no more";
    // One loses its line while the ledger is away, the other is switched off in order.
    wait_sealed(&scene.terminal);
    wait_sealed(&other);
    other.stop_part(Part::Agent);
    wait::until("that it has said so", || {
        (!scene.search(&["--kind", "terminal_down", "--terminal", "jumin-2"]).is_empty()).then_some(())
    });
    scene.ledger.stop();
    scene.terminal.kill(Part::Forwarder);
    scene.clock.pass(std::time::Duration::from_secs(11 * 60));
    scene.ledger.serve();
    let looks = |scene: &Scene| alarms(scene, "jumin-1", silent);
    // Whoever could not come because the ledger was away is not missed.
    std::thread::sleep(LOOK);
    assert_eq!(looks(&scene), 0);
    scene.clock.pass(std::time::Duration::from_secs(11 * 60));
    wait::until("that it is missed", || (looks(&scene) == 1).then_some(()));
    // Another start does not miss it once more.
    scene.ledger.stop();
    scene.ledger.serve();
    std::thread::sleep(LOOK);
    scene.clock.pass(std::time::Duration::from_secs(11 * 60));
    std::thread::sleep(LOOK);
    assert_eq!(looks(&scene), 1);
    scene.terminal.start_part(Part::Forwarder);
    wait::until("that it is back", || (alarms(&scene, "jumin-1", "hears the terminal again") == 1).then_some(()));
    assert_eq!(alarms(&scene, "jumin-2", silent), 0);
}
