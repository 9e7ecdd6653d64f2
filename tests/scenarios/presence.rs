//! One person at two terminals, and terminals that fall silent and come back.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, wait_state};
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_fresh, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

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
    let other = second(&scene);
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
    // One loses its line, the other is switched off in order.
    wait_sealed(&scene.terminal);
    scene.terminal.kill(Part::Forwarder);
    wait_sealed(&other);
    other.stop_part(Part::Agent);
    scene.clock.pass(std::time::Duration::from_secs(11 * 60));
    wait::until("that it is missed", || (alarms(&scene, "jumin-1", silent) == 1).then_some(()));
    scene.terminal.start_part(Part::Forwarder);
    wait::until("that it is back", || (alarms(&scene, "jumin-1", "hears the terminal again") == 1).then_some(()));
    assert_eq!(alarms(&scene, "jumin-2", silent), 0);
}
