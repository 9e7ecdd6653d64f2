//! The connection is stopped and restored (結合停止, 再結合).

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, try_login, verdict_of, wait_state};
use sekisho_tests::scene::Scene;

#[test]
fn a_stop_ends_the_open_session_and_a_reopening_lets_everybody_in_again() {
    let mut scene = Scene::new("stop");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    scene.decide(&["connection", "stop"]);
    let stop = scene.newest_act();
    assert_ne!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let reason = scene.terminal.client().status().unwrap().last_lock_reason;
    assert_eq!(reason.as_deref(), Some("connection_stopped"));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    let said = scene.refused(&["connection", "open"]);
    assert!(said.contains("no open record") && said.contains("case open disconnection"), "{said}");
    scene.turn_both_keys(&[stop]);
    scene.decide(&["connection", "open"]);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}

#[test]
fn a_stop_of_one_function_leaves_the_others_and_the_session() {
    let mut scene = Scene::new("stopone");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["connection", "stop", "--function", "koseki.issue"]);
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "connection_stopped");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    let stop = scene.newest_act();
    scene.turn_both_keys(&[stop]);
    scene.decide(&["connection", "open"]);
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "granted");
}

#[test]
fn a_second_stop_does_not_lift_the_first() {
    let mut scene = Scene::new("stoptwo");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut stops = Vec::new();
    for function in ["koseki.issue", "juminhyo.issue"] {
        scene.decide(&["connection", "stop", "--function", function]);
        stops.push(scene.newest_act());
    }
    for function in ["koseki.issue", "juminhyo.issue"] {
        assert_eq!(verdict_of(&scene.terminal, function), "connection_stopped");
    }
    scene.turn_both_keys(&stops);
    scene.decide(&["connection", "open", "--function", "juminhyo.issue"]);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "connection_stopped");
}
