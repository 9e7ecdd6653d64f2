//! The screen is locked with the authorization, by a logind that is there, is not, or lies; and before the machine sleeps.

use std::time::Duration;

use sekisho_ipc::{ScreenState, SessionState};
use sekisho_tests::clerk::{insert, login, pull, verdict_of, wait_state};
use sekisho_tests::desktop::{Desktop, Locker};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

/// A scene whose terminal locks the screen of a desktop.
fn with_desktop(story: &str, on_failure: &str) -> (Scene, Desktop) {
    let mut scene = Scene::new(story);
    let folder = scene.scratch.folder("d");
    let desktop = Desktop::without_logind(&folder);
    scene.terminal.lock_screen_by(&folder, on_failure);
    restart_agent(&mut scene.terminal);
    (scene, desktop)
}

fn restart_agent(terminal: &mut Terminal) {
    terminal.kill(Part::Agent);
    terminal.start_part(Part::Agent);
    wait_fresh(terminal);
}

fn screen(terminal: &Terminal) -> ScreenState {
    terminal.client().status().expect("the agent answers").screen
}

fn wait_screen(terminal: &Terminal, state: ScreenState) {
    wait::until(&format!("the screen to be {state:?}"), || (screen(terminal) == state).then_some(()));
}

/// What the book says of screens that were not locked.
fn told(scene: &Scene) -> Vec<String> {
    wait_sealed(&scene.terminal);
    scene.search(&["--kind", "screen_not_locked"]).iter().map(ToString::to_string).collect()
}

fn lock(terminal: &Terminal) {
    terminal.client().lock().expect("the agent locks");
    assert_eq!(verdict_of(terminal, "juminhyo.issue"), "locked", "the authorization waits for no screen");
}

#[test]
fn every_lock_is_a_lock_of_the_screen_that_the_desktop_confirms() {
    let (mut scene, mut desktop) = with_desktop("screen", "terminate");
    desktop.start_logind(Locker::Locks);
    wait_screen(&scene.terminal, ScreenState::Ready);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    lock(&scene.terminal);
    wait_screen(&scene.terminal, ScreenState::Locked);
    // Whoever opens the screen has not opened the session.
    desktop.unlock();
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "locked");
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);
    wait::until("the screen to be locked again", || desktop.property("LockedHint").contains("true").then_some(()));
    wait_screen(&scene.terminal, ScreenState::Locked);
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--kind", "screen_locked"]).len(), 2);
    assert_eq!(desktop.calls().matches(" Unlock").count(), 1, "only the user has unlocked: {}", desktop.calls());
    assert!(!desktop.calls().contains("TerminateSession"));
}

#[test]
fn a_desktop_that_does_not_lock_is_ended_or_people_are_told() {
    let (mut scene, mut desktop) = with_desktop("deaf", "alert");
    desktop.start_logind(Locker::Deaf);
    wait_screen(&scene.terminal, ScreenState::Ready);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    lock(&scene.terminal);
    wait_screen(&scene.terminal, ScreenState::Failed);
    assert!(!desktop.calls().contains("TerminateSession"));
    for (locker, cause) in [(Locker::Deaf, "the desktop did not confirm it"), (Locker::Refuses, "logind refused")] {
        desktop.start_logind(locker);
        scene.terminal.lock_screen_by(&scene.scratch.folder("d"), "terminate");
        restart_agent(&mut scene.terminal);
        wait_state(&scene.terminal, SessionState::AwaitPin);
        login(&scene.terminal, &scene.clerk);
        lock(&scene.terminal);
        wait_screen(&scene.terminal, ScreenState::Ended);
        assert!(desktop.calls().contains("TerminateSession \"c1\""), "{}", desktop.calls());
        let told = told(&scene);
        assert!(told.iter().any(|line| line.contains(cause) && line.contains("was ended")), "{told:?}");
    }
    let told = told(&scene);
    assert_eq!(told.len(), 3);
    assert!(told.iter().any(|line| line.contains("NOT locked: the desktop did not confirm it")), "{told:?}");
}

#[test]
fn who_logs_out_while_the_screen_is_locked_leaves_nothing_to_lock() {
    let (mut scene, mut desktop) = with_desktop("leaves", "terminate");
    desktop.start_logind(Locker::Leaves);
    wait_screen(&scene.terminal, ScreenState::Ready);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    lock(&scene.terminal);
    wait_screen(&scene.terminal, ScreenState::Locked);
    assert!(!desktop.calls().contains("TerminateSession"), "{}", desktop.calls());
    assert!(told(&scene).is_empty());
}

#[test]
fn after_an_agent_that_ended_a_clerk_s_session_is_ended_and_root_s_is_not() {
    let (scene, mut desktop) = with_desktop("roots", "terminate");
    let mut scene = scene;
    for (locker, ends) in [(Locker::DeafOfRoot, false), (Locker::Deaf, true)] {
        desktop.start_logind(locker);
        restart_agent(&mut scene.terminal);
        scene.terminal.kill(Part::Agent);
        let locked = scene.terminal.agent("lock-screen").output().unwrap().status.success();
        assert_eq!((locked, desktop.calls().contains("TerminateSession")), (ends, ends), "{}", desktop.calls());
        scene.terminal.start_part(Part::Agent);
    }
}

#[test]
fn logind_comes_late_and_comes_back() {
    let (mut scene, mut desktop) = with_desktop("late", "terminate");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(screen(&scene.terminal), ScreenState::Unreachable);
    lock(&scene.terminal);
    wait_screen(&scene.terminal, ScreenState::Failed);
    scene.clock.pass(Duration::from_secs(15));
    desktop.start_logind(Locker::Locks);
    desktop.wait_holds_sleep(true);
    desktop.kill_logind();
    wait_screen(&scene.terminal, ScreenState::Unreachable);
    desktop.start_logind(Locker::Locks);
    desktop.wait_holds_sleep(true);
    desktop.kill_bus();
    wait_screen(&scene.terminal, ScreenState::Unreachable);
    desktop.start_bus();
    desktop.start_logind(Locker::Locks);
    desktop.wait_holds_sleep(true);
    wait_screen(&scene.terminal, ScreenState::Ready);
    login(&scene.terminal, &scene.clerk);
    lock(&scene.terminal);
    wait_screen(&scene.terminal, ScreenState::Locked);
    let told = told(&scene);
    assert!(told.len() == 1 && told[0].contains("logind was not reached"), "{told:?}");
    assert_eq!(scene.search(&["--kind", "alarm"]).len(), 1, "once, and not for a restart");
}

/// A machine that fell asleep over an open session.
fn asleep(story: &str) -> (Scene, Desktop) {
    let (mut scene, mut desktop) = with_desktop(story, "terminate");
    desktop.start_logind(Locker::Locks);
    desktop.wait_holds_sleep(true);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    desktop.tell_sleep(true);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    desktop.wait_holds_sleep(false);
    (scene, desktop)
}

#[test]
fn sleep_waits_until_nothing_is_open_and_the_screen_is_locked() {
    let (scene, desktop) = asleep("sleep");
    wait_screen(&scene.terminal, ScreenState::Locked);
    assert!(
        desktop.property("HeldBack").contains("uint32 1"),
        "let go before the screen was locked: {}",
        desktop.calls()
    );
    let state = scene.terminal.client().status().unwrap();
    assert_eq!(state.last_lock_reason.as_deref(), Some("suspend"));
    desktop.tell_sleep(false);
    desktop.wait_holds_sleep(true);
    assert_eq!(
        verdict_of(&scene.terminal, "juminhyo.issue"),
        "pin_needed",
        "the card is in, and opens nothing by itself"
    );
    login(&scene.terminal, &scene.clerk);
    // The next sleep finds it ready again.
    desktop.tell_sleep(true);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    desktop.wait_holds_sleep(false);
}

#[test]
fn a_card_service_that_does_not_outlive_the_sleep_is_found_again_and_nothing_is_open() {
    let (mut scene, desktop) = asleep("slept");
    // Service and readers go, and come back before or after the machine says that it is awake.
    for late in [false, true] {
        scene.terminal.pcscd.kill();
        wait_state(&scene.terminal, SessionState::NoCard);
        if late {
            desktop.tell_sleep(false);
            assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "no_card");
        }
        scene.terminal.pcscd.restart();
        if !late {
            desktop.tell_sleep(false);
        }
        wait_state(&scene.terminal, SessionState::AwaitPin);
        assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "pin_needed");
        login(&scene.terminal, &scene.clerk);
        desktop.wait_holds_sleep(true);
        desktop.tell_sleep(true);
        wait_state(&scene.terminal, SessionState::AwaitPin);
        desktop.wait_holds_sleep(false);
    }
    assert!(!scene.terminal.has_ended(Part::CardWorker));
}
