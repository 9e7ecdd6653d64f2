//! PINs: their rules, their secrecy, and what becomes of one that is known.

use std::process::Command;

use sekisho_ipc::SessionState;
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::said;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::wait;

#[test]
fn s2_11_2_1_a_card_is_its_own_persons_and_that_one_is_at_one_terminal() {
    let mut scene = Scene::new("honnin");
    // Her PIN does not open his card, nor his hers.
    insert(&scene.terminal, &mut scene.clerk);
    let wrong = sekisho_tests::clerk::type_pin(
        &mut scene.terminal.client(),
        &sekisho_ipc::PromptRequest::login(),
        &scene.other.pin(),
    );
    assert!(wrong.is_err(), "his PIN is none of hers");
    login(&scene.terminal, &scene.clerk);
    assert_eq!(scene.terminal.client().status().unwrap().session.unwrap().operator, "10023");
    wait_sealed(&scene.terminal);
    let [opened] = scene.search(&["--kind", "session_opened"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(opened["what"].as_str().unwrap().contains("田中 さくら (10023)"), "{opened}");
    // A card that is hers cannot be given to another, not even by whoever issues cards.
    let mut card = scene.desk.known("10023");
    pull(&scene.terminal, &mut scene.clerk);
    scene.desk.lay_in(&mut card);
    let pin = scene.desk.file("none.pin");
    let said =
        scene.refused(&["card", "issue", "--operator", "10031", "--also", "--first-pin-file", pin.to_str().unwrap()]);
    assert!(said.contains("it is issued already"), "{said}");
    scene.desk.take_out(&mut card);

    let other = scene.another_terminal("t2", "jumin-2");
    let (mut again, _) = scene.desk.issue("again", &["--operator", "10023", "--also"]);
    scene.wait_current();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    insert(&other, &mut again);
    login(&other, &again);
    wait::until("the alarm", || {
        let alarms = scene.search(&["--kind", "alarm", "--terminal", "jumin-2"]);
        alarms.iter().any(|row| row["what"].as_str().unwrap().contains("another was open")).then_some(())
    });
}

fn change(scene: &Scene, old: &str, new: &str) -> (bool, String) {
    let mut command = scene.terminal.sekisho(&["change-pin", "--pin-stdin"]);
    let (status, said) = said::run("sekisho", &mut command, &format!("{old}\n{new}\n"));
    (status.success(), said)
}

#[test]
fn s2_11_2_3_a_pin_that_breaks_the_rules_is_refused_with_the_rule() {
    let mut scene = Scene::new("mojisu");
    scene.apply("[policy]\npin_alphabet = \"mixed\"\npin_minimum = 8\n");
    let envelope = scene.desk.file("handed.pin");
    let more = ["--operator", "10023", "--also", "--first-pin-file", envelope.to_str().unwrap()];
    let (mut card, _) = scene.desk.issue_with("mixed", &more);
    scene.wait_current();
    let first = std::fs::read_to_string(&envelope).unwrap();
    insert(&scene.terminal, &mut card);
    for (new, rule) in
        [("4a!B7c", "longer"), ("49371605", "three of small letters"), ("abcdwxyz", "three of small letters")]
    {
        let (done, said) = change(&scene, &first, new);
        assert!(!done && said.contains(rule), "{rule}: {said}");
    }
    let (done, said) = change(&scene, &first, "Kx7#wq2Z");
    assert!(done, "{said}");
    assert_eq!(sekisho_tests::clerk::tries_left(&scene.terminal), Some(5), "none of it cost a try");
    pull(&scene.terminal, &mut card);
    // What anybody guesses, where the office asks for nothing more.
    insert(&scene.terminal, &mut scene.clerk);
    let pin = scene.clerk.pin();
    for (new, rule) in [("222222", "one character repeated"), ("123456", "characters in a row")] {
        let (done, said) = change(&scene, &pin, new);
        assert!(!done && said.contains(rule), "{rule}: {said}");
    }
}

#[test]
fn s2_11_2_4_an_expired_pin_allows_its_change_alone_and_no_earlier_one_comes_again() {
    let mut scene = Scene::new("yukokigen");
    scene.apply("[policy]\npin_lasts = \"3\"\n");
    scene.clock.pass(std::time::Duration::from_secs(3 * 24 * 3600));
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "pin_expired");
    let before = scene.terminal.client().status().unwrap();
    assert!(before.session.is_none() && before.functions.iter().all(|function| !function.verdict.granted));
    // A former value within the history is refused; another one is taken, and she works.
    let old = scene.clerk.pin();
    let (done, said) = change(&scene, &old, &old);
    assert!(!done && said.contains("none of the last ones"), "{said}");
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "pin_expired");
    let (done, said) = change(&scene, &old, "7g3k9x");
    assert!(done, "{said}");
    let (done, said) = change(&scene, "7g3k9x", &old);
    assert!(!done && said.contains("none of the last ones"), "{said}");
    std::fs::write(scene.clerk.pin_file(), "7g3k9x").unwrap();
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // It stands in the book why she was not let in, and that she changed it.
    wait_sealed(&scene.terminal);
    let said = |kind: &str| scene.search(&["--kind", kind, "--operator", "10023"]);
    assert!(said("decision").iter().any(|row| row["what"].as_str().unwrap().contains("PIN has expired")));
    assert_eq!(said("pin_changed").len(), 1);
}

#[test]
fn s2_11_2_5_nothing_returns_a_pin() {
    let mut scene = Scene::new("kaitou");
    // No message of the agent's has a field for one, and no answer of the ledger's has.
    for file in ["agent/ipc/src/io.sekisho.varlink", "protocol/openapi.json"] {
        let text = std::fs::read_to_string(checkout().join(file)).unwrap().to_lowercase();
        let fields = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '"' && c != ':');
        let found: Vec<&str> = fields.filter(|word| ["pin:", "\"pin\":", "puk:", "\"puk\":"].contains(word)).collect();
        assert!(found.is_empty(), "{file}: {found:?}");
    }
    // What people can ask for sets, changes or resets one.
    for (name, arguments) in [("sekisho-admin", &["card"][..]), ("sekisho", &[])] {
        let output = Command::new(program(name)).args(arguments).args(["--lang", "en", "--help"]).output().unwrap();
        let said = both(&output);
        let commands = said.split("Commands:").nth(1).and_then(|commands| commands.split("\n\n").next()).unwrap();
        let of_pins: Vec<&str> = commands
            .lines()
            .filter(|line| line.contains("PIN"))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let sets = ["issue", "reset-pin", "change-pin", "login", "report", "authorize", "run", "activate-card"];
        assert!(!of_pins.is_empty() && of_pins.iter().all(|command| sets.contains(command)), "{name}: {of_pins:?}");
    }
    // Asked about a card, the tool tells everything but that; and so does a reset.
    scene.desk.lay_in(&mut scene.clerk);
    let pin = scene.clerk.pin();
    let mut said = scene.desk.run(&["card", "show"]);
    let new = scene.desk.file("new.pin");
    said += &scene.desk.run(&[
        "card",
        "reset-pin",
        "--identified",
        "staff-card",
        "--first-pin-file",
        new.to_str().unwrap(),
    ]);
    said += &both(&scene.terminal.sekisho(&["status"]).output().unwrap());
    let new = std::fs::read_to_string(&new).unwrap();
    assert!(!said.contains(&pin) && !said.contains(&new), "the old one is gone, the new one is in its envelope alone");
}

#[test]
fn s2_11_2_6_a_pin_that_is_known_blocks_the_card_at_once() {
    let mut scene = Scene::new("roei");
    let other = scene.another_terminal("t2", "jumin-2");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    succeeded("sekisho report", &other.sekisho(&["report", "pin-known", "10023"]).output().unwrap());
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    let [row] = scene.desk.list(&["report", "list", "--open"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row["why"].as_str().unwrap().contains("PIN") && row["whose"].as_str().unwrap().contains("田中"), "{row}");
}
