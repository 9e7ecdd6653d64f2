//! Hours of the office, and permits for work outside them.

use std::time::Duration;

use sekisho_ipc::{SessionEnd, SessionState};
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;

const MINUTE: Duration = Duration::from_secs(60);
const FUNCTION: &str = "juminhyo.issue";

/// A town whose every day is a closed one.
fn closed(story: &str) -> Scene {
    let scene = Scene::new(story);
    scene.apply("[policy]\nhours_enforced = true\n\n[[hours]]\n");
    scene
}

/// When a permit begins. Administrators write whole minutes, so it begins up to one earlier: the other one is there for what the story asks
/// before it has begun.
const BEGINS_IN: Duration = Duration::from_secs(2 * 60);

/// Permits an operator to work at the counter from a minute to come on; after [`BEGINS_IN`] it has begun.
fn permit(scene: &Scene, operator: &str, lasts: Duration) {
    let (from, to) = (scene.clock.minute_in(BEGINS_IN), scene.clock.minute_in(BEGINS_IN + lasts));
    let who = ["--operator", operator, "--terminal", "jumin-1"];
    scene.decide(&[&["permit", "grant"], &who[..], &["--from", &from, "--to", &to, "--reason", "zangyo"]].concat());
}

#[test]
fn a_permit_is_for_the_person_it_names() {
    let mut scene = closed("person");
    permit(&scene, "10031", 10 * MINUTE);
    scene.clock.pass(BEGINS_IN);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours");
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
}

#[test]
fn when_a_permit_runs_out_the_open_session_ends() {
    let mut scene = closed("runsout");
    permit(&scene, "10023", 3 * MINUTE);
    scene.clock.pass(BEGINS_IN);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!(session.ends_by, SessionEnd::Hours);
    assert!(session.ends_in <= 3 * 60_000, "it is told before: {session:?}");
    scene.clock.pass(4 * MINUTE);
    assert_ne!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours");
}

#[test]
fn who_has_worked_as_long_as_policy_allows_rests_also_over_a_death_of_the_agent() {
    let mut scene = Scene::new("rests");
    scene.apply("[policy]\nidle_seconds = 3600\nrest_after_seconds = 600\nrest_seconds = 300\n");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.clock.pass(9 * MINUTE);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!(session.ends_by, SessionEnd::Rest);
    assert!(session.ends_in <= 60_000, "it is told before: {session:?}");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");

    scene.terminal.kill(Part::Agent);
    scene.terminal.start_part(Part::Agent);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!(session.ends_by, SessionEnd::Rest, "what was worked before still counts: {session:?}");
    scene.clock.pass(MINUTE);
    wait_state(&scene.terminal, SessionState::Locked);
    assert_eq!(scene.terminal.client().status().unwrap().last_lock_reason.as_deref(), Some("rest_due"));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "rest_needed");
    let shown = scene.terminal.sekisho(&["status"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("Come back at") || shown.contains("以降に再開"), "{shown}");

    scene.clock.pass(5 * MINUTE);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_sealed(&scene.terminal);
    assert!(scene.desk.run(&["records", "verify", "--all"]).contains(" 0 do not"), "every verdict replays");
    assert_eq!(scene.search(&["--verdict", "95"]).len(), 1, "the refusal is on record");
}

#[test]
fn who_has_worked_as_long_as_a_day_allows_is_refused_there_until_the_next_day() {
    let mut scene = Scene::new("day-limit");
    scene.apply("[policy]\nidle_seconds = 3600\ndaily_seconds = 600\n");
    // So that no midnight comes in between.
    scene.clock.pass_to(10, |_, _| true);
    let other = scene.another_terminal("u", "jumin-2");
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.clock.pass(9 * MINUTE);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!(session.ends_by, SessionEnd::Day);
    assert!(session.ends_in <= 60_000, "it is told before: {session:?}");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    scene.clock.pass(MINUTE);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(scene.terminal.client().status().unwrap().last_lock_reason.as_deref(), Some("daily_limit"));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "daily_limit");
    pull(&scene.terminal, &mut scene.clerk);

    // A terminal counts what was worked at it, for it knows of nothing else while it is cut off: a second one adds its own.
    insert(&other, &mut scene.clerk);
    login(&other, &scene.clerk);
    assert_eq!(verdict_of(&other, FUNCTION), "granted");
    pull(&other, &mut scene.clerk);

    scene.clock.pass_to(10, |_, _| true);
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_sealed(&scene.terminal);
    assert!(scene.desk.run(&["records", "verify", "--all"]).contains(" 0 do not"), "every verdict replays");
    assert_eq!(scene.search(&["--verdict", "96"]).len(), 1, "the refusal is on record");
}
