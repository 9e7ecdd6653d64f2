//! A PIN that was handed over, the rules for the ones after it, and cards that come to their end.

use sekisho_tests::clerk::{insert, login, pull, tries_left, verdict_of, wait_tries};
use sekisho_tests::desk::Issued;
use sekisho_tests::ledger::both;
use sekisho_tests::said::run;
use sekisho_tests::scene::Scene;

const FUNCTION: &str = "juminhyo.issue";

fn change_pin(scene: &Scene, old: &str, new: &str) -> (bool, String) {
    let mut command = scene.terminal.sekisho(&["change-pin", "--pin-stdin"]);
    let (status, said) = run("sekisho", &mut command, &format!("{old}\n{new}\n"));
    (status.success(), said)
}

fn log_in(scene: &Scene, language: &str, pin: &str) -> (bool, String) {
    let mut command = scene.terminal.sekisho(&["login", "--pin-stdin"]);
    command.args(["--lang", language]);
    let (status, said) = run("sekisho", &mut command, &format!("{pin}\n"));
    (status.success(), said)
}

/// A card whose first PIN stands in a file.
fn handed_over(scene: &mut Scene, name: &str) -> (Issued, String) {
    let file = scene.desk.file("handed-over.pin");
    let _ = std::fs::remove_file(&file);
    let more = ["--operator", "10023", "--first-pin-file", file.to_str().unwrap()];
    let (issued, _) = scene.desk.issue_with(name, &more);
    scene.wait_current();
    (issued, std::fs::read_to_string(file).unwrap())
}

#[test]
fn a_pin_that_was_handed_over_opens_nothing_but_the_way_to_another() {
    let mut scene = Scene::new("firstpin");
    let (mut card, first) = handed_over(&mut scene, "new");
    insert(&scene.terminal, &mut card);
    // Wrong once: what that costs comes back with the right one.
    assert!(!log_in(&scene, "en", "805294").0);
    let (done, said) = log_in(&scene, "en", &first);
    assert!(!done && said.contains("only for handing the card over") && said.contains("PIN of your own"), "{said}");
    let (done, said) = log_in(&scene, "ja", &first);
    assert!(!done && said.contains("初期暗証番号") && said.contains("変更"), "{said}");
    wait_tries(&scene.terminal, 5);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");

    // What nobody may choose is named, and costs no try.
    let (done, said) = change_pin(&scene, &first, "222222");
    assert!(!done && said.contains("one character repeated"), "{said}");
    let (done, said) = change_pin(&scene, &first, &first);
    assert!(!done && said.contains("none of the last ones"), "{said}");
    let (done, said) = change_pin(&scene, &first, "7g3k9x");
    assert!(done, "{said}");
    let (done, said) = log_in(&scene, "en", "7g3k9x");
    assert!(done, "{said}");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    pull(&scene.terminal, &mut card);

    // Set anew by an administrator, it is handed over again; unless its holder stands at the desk.
    card.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    let again = scene.desk.file("again.pin");
    scene.desk.run(&["card", "reset-pin", "--identified", "staff-card", "--first-pin-file", again.to_str().unwrap()]);
    // Everybody who reads the register log sees it.
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("is given a new PIN"), "{acts}");
    card.card.pull();
    scene.desk.pcscd.wait_slot(1, false);
    insert(&scene.terminal, &mut card);
    let (done, said) = log_in(&scene, "en", &std::fs::read_to_string(&again).unwrap());
    assert!(!done && said.contains("PIN of your own"), "{said}");
    pull(&scene.terminal, &mut card);
    card.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    std::fs::write(&again, "4937zz").unwrap();
    scene.desk.run(&["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", again.to_str().unwrap()]);
    card.card.pull();
    scene.desk.pcscd.wait_slot(1, false);
    insert(&scene.terminal, &mut card);
    let (done, said) = log_in(&scene, "en", "4937zz");
    assert!(done, "{said}");
}

#[test]
fn the_office_says_which_pins_its_cards_take() {
    let mut scene = Scene::new("pinrules");
    let said = scene.apply(
        r#"
        [policy]
        pin_tries = 3
        pin_alphabet = "digits"
        pin_minimum = 8
        pin_history = 2
        "#,
    );
    assert!(said.contains("3 PIN tries, PINs of 8 or more digits, none of the last 2"), "{said}");
    let (mut card, first) = handed_over(&mut scene, "digits");
    assert!(first.len() == 8 && first.bytes().all(|byte| byte.is_ascii_digit()), "{} characters", first.len());
    insert(&scene.terminal, &mut card);
    assert_eq!(tries_left(&scene.terminal), Some(3));
    let (done, said) = change_pin(&scene, &first, "4937zz80");
    assert!(!done && said.contains("Type digits alone"), "{said}");
    let (done, said) = change_pin(&scene, &first, "493716");
    assert!(!done && said.contains("Type a longer PIN"), "{said}");
    assert!(change_pin(&scene, &first, "49371605").0);
    assert!(change_pin(&scene, "49371605", "80529417").0);
    let (done, said) = change_pin(&scene, "80529417", "49371605");
    assert!(!done && said.contains("none of the last ones"), "{said}");
    assert!(log_in(&scene, "en", "80529417").0);

    // At the desk the same rules hold, before a card is touched.
    let own = scene.desk.file("own.pin");
    std::fs::write(&own, "4937zz80").unwrap();
    let issue = ["card", "issue", "--operator", "10023", "--also", "--own-pin-file", own.to_str().unwrap()];
    let output = scene.desk.try_run(&issue);
    assert!(!output.status.success() && both(&output).contains("Type digits alone"), "{}", both(&output));
}

#[test]
fn a_card_is_made_blank_or_ended_only_when_the_register_has_ended_it() {
    let mut scene = Scene::new("cardends");
    let guid = scene.desk.guid_of("10023");
    let clerk = &mut scene.clerk;
    clerk.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    for command in ["reset", "terminate"] {
        let output = scene.desk.try_run(&["card", command]);
        let said = both(&output);
        assert!(!output.status.success() && said.contains("in use") && said.contains("card return"), "{said}");
    }
    scene.desk.run(&["card", "return", &guid, "--reason", "left_duty"]);
    assert!(scene.desk.run(&["card", "reset"]).contains("blank again"));
    assert!(scene.desk.run(&["card", "show"]).contains("state: blank"));
    // It becomes another person's card, with another GUID.
    let pin = scene.desk.file("second.pin");
    std::fs::write(&pin, "805294").unwrap();
    scene.desk.run(&["card", "issue", "--operator", "10023", "--own-pin-file", pin.to_str().unwrap()]);
    let second = scene.desk.guid_of("10023");
    assert_ne!(second, guid);
    scene.clerk.card.pull();
    scene.desk.pcscd.wait_slot(1, false);
    scene.wait_current();
    std::fs::write(scene.desk.file("pins/10023.pin"), "805294").unwrap();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    pull(&scene.terminal, &mut scene.clerk);

    scene.clerk.card.insert(&scene.desk.pcscd, 1);
    scene.desk.pcscd.wait_slot(1, true);
    scene.desk.run(&["card", "revoke", &second, "--reason", "damaged"]);
    let said = scene.desk.run(&["card", "terminate"]);
    assert!(said.contains("the card has ended") && said.contains("card dispose"), "{said}");
    scene.desk.run(&["card", "dispose", &second, "--method", "cut through chip and contacts", "--by", "20001"]);
    let output = scene.desk.try_run(&["card", "show"]);
    assert!(!output.status.success() && both(&output).contains("PIV"), "{}", both(&output));
}
