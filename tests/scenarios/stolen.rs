//! A terminal is stolen while somebody works at it: it is retired, grants nothing within seconds, adds nothing unseen, and another one takes its place.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{FUNCTIONS, Scene, enrol, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Terminal;
use sekisho_tests::wait::until;

const FUNCTION: &str = "juminhyo.issue";

#[test]
fn a_stolen_terminal_is_refused_everywhere_and_another_takes_its_place() {
    let mut scene = Scene::new("stolen");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_sealed(&scene.terminal);
    let of_it = |scene: &Scene| scene.search(&["--terminal", "jumin-1"]).len();
    let sealed = of_it(&scene);
    assert!(sealed > 0);

    // It is taken with the line still up: the session ends, and nothing is granted any more.
    scene.decide(&["terminal", "retire", "jumin-1"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "terminal_retired");
    pull(&scene.terminal, &mut scene.clerk);
    // What is done to it at the thief's is brought, and is an alarm.
    until("the alarm", || {
        let alarms = format!("{:?}", scene.search(&["--kind", "alarm"]));
        alarms.contains("a retired terminal has sent records").then_some(())
    });
    assert!(of_it(&scene) > sealed, "what was sealed stays, and what came after stands behind it");

    // Its place is ended for good, so that no act gives its code to another key; the one that comes has a code of its own.
    let code = scene.desk.file("again.code");
    let invited = scene.desk.try_run(&["terminal", "invite", "jumin-1", "--out", code.to_str().unwrap()]);
    if invited.status.success() {
        let again = Terminal::new(&scene.scratch.folder("again"), &scene.clock);
        let shown = again.enrol(&code);
        let fingerprint = sekisho_tests::scene::fingerprint_in(&shown);
        let output = scene.desk.try_run(&[
            "terminal",
            "enrol",
            "jumin-1",
            "--section",
            "jumin",
            "--fingerprint",
            &fingerprint,
            "--function",
            FUNCTION,
        ]);
        assert!(!output.status.success() && both(&output).contains("ended"), "{}", both(&output));
    }
    let mut replacement = Terminal::new(&scene.scratch.folder("u"), &scene.clock);
    enrol(&scene.desk, &replacement, "jumin-2", FUNCTIONS);
    replacement.start();
    wait_fresh(&replacement);
    let acts = sekisho_tests::history::acts(&scene.ledger);
    until("the newest act at the replacement", || {
        (replacement.client().status().ok()?.register_size >= acts).then_some(())
    });
    insert(&replacement, &mut scene.clerk);
    login(&replacement, &scene.clerk);
    assert_eq!(verdict_of(&replacement, FUNCTION), "granted");
    wait_sealed(&replacement);
    scene.desk.assert_verified();
}
