//! A PIN whose time is over: here, at another terminal, without a line, and over a death of the agent.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{change_pin, insert, login, pull, tries_left, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::both;
use sekisho_tests::said;
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A town whose PINs last fifteen days; the two cards were made today.
fn fifteen_days(story: &str) -> Scene {
    let scene = Scene::new(story);
    let said = scene.apply("[policy]\npin_lasts = \"15\"\n");
    assert!(said.contains("a PIN lasts 15 days"), "{said}");
    scene
}

fn pass(scene: &Scene, days: u32, terminals: &[&Terminal]) {
    scene.clock.pass(DAY * days);
    terminals.iter().for_each(|terminal| wait_fresh(terminal));
}

fn status(terminal: &Terminal, language: &str) -> String {
    both(&terminal.sekisho(&["status", "--lang", language]).output().unwrap())
}

/// Waits until the register at a terminal says that this card's PIN lasts longer than a day from now.
fn wait_renewed(scene: &Scene, terminal: &Terminal) {
    wait::until("the new PIN to be known at the other terminal", || {
        let state = terminal.client().status().ok()?;
        (state.card?.pin_ends? > scene.clock.now_ms() + 24 * 3600 * 1000).then_some(())
    });
}

#[test]
fn an_expired_pin_opens_nothing_but_the_way_to_another_and_that_one_is_good_everywhere() {
    let mut scene = fifteen_days("pinend");
    let other = scene.another_terminal("u", "jumin-2");
    let mut elsewhere = scene.desk.known("10023");

    // Weeks before its end nobody hears of it, days before she does.
    insert(&scene.terminal, &mut scene.clerk);
    assert!(!status(&scene.terminal, "en").contains("expires"));
    pull(&scene.terminal, &mut scene.clerk);
    pass(&scene, 2, &[&scene.terminal, &other]);
    insert(&scene.terminal, &mut scene.clerk);
    let (en, ja) = (status(&scene.terminal, "en"), status(&scene.terminal, "ja"));
    assert!(en.contains("Your PIN expires in") && ja.contains("暗証番号の有効期限が切れます"), "{en}{ja}");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");

    // Its end comes amid a session: the session ends, and the PIN opens none.
    pass(&scene, 13, &[&scene.terminal, &other]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "pin_expired");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    assert_eq!(tries_left(&scene.terminal), Some(5), "it was not asked for, and cost no try");
    for (language, what, next) in
        [("en", "your PIN has expired", "change-pin"), ("ja", "有効期限が切れています", "変更し")]
    {
        let mut command = scene.terminal.sekisho(&["login", "--pin-stdin", "--lang", language]);
        let (status, said) = said::run("sekisho", &mut command, &format!("{}\n", scene.clerk.pin()));
        assert!(!status.success() && said.contains(what) && said.contains(next), "{said}");
    }

    // Not to what it was.
    let old = scene.clerk.pin();
    let mut command = scene.terminal.sekisho(&["change-pin", "--pin-stdin", "--lang", "en"]);
    let (status, said) = said::run("sekisho", &mut command, &format!("{old}\n{old}\n"));
    assert!(!status.success() && said.contains("none of the last ones"), "{said}");
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "pin_expired");

    change_pin(&scene.terminal, &scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    pull(&scene.terminal, &mut scene.clerk);

    // Elsewhere within seconds, and in the book for everybody who reads the register log.
    scene.wait_current();
    insert(&other, &mut elsewhere);
    wait_renewed(&scene, &other);
    login(&other, &elsewhere);
    pull(&other, &mut elsewhere);
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("was changed") && acts.contains("jumin-1"), "{acts}");
    scene.desk.assert_verified();
    scene.ledger.assert_sound();
}

#[test]
fn without_a_line_it_is_changed_all_the_same_and_the_others_hear_when_the_line_is_back() {
    let mut scene = fifteen_days("pinline");
    let other = scene.another_terminal("u", "jumin-2");
    let mut elsewhere = scene.desk.known("10023");
    pass(&scene, 15, &[&scene.terminal, &other]);
    scene.terminal.stop_part(Part::Forwarder);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "pin_expired");
    change_pin(&scene.terminal, &scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);

    // The agent dies before anybody was told: the book says it.
    scene.terminal.kill(Part::Agent);
    scene.terminal.start_part(Part::Agent);
    wait::until("the card worker at the new agent", || scene.terminal.client().status().ok().map(drop));
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);

    // Another terminal has not heard, and asks for one more; or waits for the line.
    insert(&other, &mut elsewhere);
    assert_eq!(try_login(&other, &elsewhere), "pin_expired");
    scene.terminal.start_part(Part::Forwarder);
    wait_renewed(&scene, &other);
    login(&other, &elsewhere);
    pull(&other, &mut elsewhere);
    scene.desk.assert_verified();
}

#[test]
fn a_reset_at_the_desk_begins_anew_and_a_terminal_alone_speaks_of_changes() {
    let mut scene = fifteen_days("pinreset");
    pass(&scene, 15, &[&scene.terminal]);
    scene.desk.lay_in(&mut scene.clerk);
    let pin = scene.clerk.pin_file().to_owned();
    std::fs::write(&pin, "805294").unwrap();
    scene.desk.run(&["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", pin.to_str().unwrap()]);
    scene.desk.take_out(&mut scene.clerk);
    scene.wait_current();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    assert_eq!(try_login(&scene.terminal, &scene.other), "pin_expired");
    pull(&scene.terminal, &mut scene.other);

    // The office may as well ask for none.
    scene.apply("[policy]\npin_lasts = \"never\"\n");
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
    for (wrong, why) in [("0", "1–1,830"), ("1831", "1–1,830"), ("often", "not how long a PIN lasts")] {
        let file = scene.desk.file("wrong.toml");
        std::fs::write(&file, format!("[policy]\npin_lasts = \"{wrong}\"\n")).unwrap();
        let output = scene.desk.try_run(&["apply", file.to_str().unwrap()]);
        let said = both(&output);
        assert!(!output.status.success() && (said.contains(why) || why.starts_with('1')), "{said}");
    }
}
