//! Another maker's card, which nobody here has written: the Nitrokey 3's PIV application, from the box to its end.

use sekisho_ipc::{AgentError, ClientError, PromptRequest};
use sekisho_tests::clerk::{insert, login, pull, request, tries_left, type_pin, verdict_of, wait_tries};
use sekisho_tests::desk::Issued;
use sekisho_tests::ledger::both;
use sekisho_tests::said::run;
use sekisho_tests::scene::Scene;

const WRONG_PIN: &str = "805294";

/// What comes of a PIN: the verdict's name.
fn answer(scene: &Scene, request: &PromptRequest, pin: &str) -> String {
    match type_pin(&mut scene.terminal.client(), request, pin) {
        Ok(answer) => answer.verdict.code,
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => verdict.code,
        Err(error) => panic!("no answer: {error}"),
    }
}

fn change_pin(scene: &Scene, old: &str, new: &str) -> (bool, String) {
    let mut command = scene.terminal.sekisho(&["change-pin", "--pin-stdin"]);
    let (status, said) = run("sekisho", &mut command, &format!("{old}\n{new}\n"));
    (status.success(), said)
}

/// At the terminal, with everything that a card is asked for there.
fn works_at_the_terminal(scene: &mut Scene, issued: &mut Issued) {
    insert(&scene.terminal, issued);
    assert_eq!(tries_left(&scene.terminal), Some(3));
    assert_eq!(answer(scene, &PromptRequest::login(), WRONG_PIN), "wrong_pin");
    assert_eq!(tries_left(&scene.terminal), Some(2));
    login(&scene.terminal, issued);
    wait_tries(&scene.terminal, 3);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // 9E, and 9A with a PIN of its own.
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "granted");
    let register = PromptRequest::authorize(request("inkan.register"));
    assert_eq!(answer(scene, &register, WRONG_PIN), "wrong_pin");
    assert_eq!(answer(scene, &register, &issued.pin()), "granted");
    pull(&scene.terminal, issued);
}

#[test]
fn another_makers_card_is_seen_through_issued_used_and_ended() {
    let mut scene = Scene::new("nitrokey");
    let mut token = scene.desk.other_make("nitrokey");
    scene.desk.lay_in(&mut token);
    let said = scene.desk.run(&["card", "show"]);
    for found in ["state: blank", "3DES", "PIN tries left", "can be made an operator card"] {
        assert!(said.contains(found), "{found}: {said}");
    }
    let asked = token.card.apdus_from(0);
    for (order, name) in [("00 DB", "PUT DATA"), ("00 47", "GENERATE"), ("00 2C", "RESET RETRY COUNTER")] {
        let given = asked.iter().filter(|line| line.contains(order) && !line.contains("lc=0"));
        assert_eq!(given.count(), 0, "{name}: {asked:?}");
    }
    assert_eq!(token.card.verifications_from(0), 0);
    let japanese = scene.desk.command_in("ja", &["card", "show"]).output().unwrap();
    assert!(both(&japanese).contains("操作者カードにできます"), "{}", both(&japanese));
    scene.desk.take_out(&mut token);

    let (mut token, said) = scene.desk.issue_on(token, &["--operator", "10023"]);
    assert!(said.contains("allows 3 PIN tries") && said.contains("keeps no rules for PINs"), "{said}");
    assert!(
        !said.contains("no place for its grant") && !said.contains("key 9E wants") && !said.contains("key 9C signs"),
        "{said}"
    );
    scene.wait_current();
    works_at_the_terminal(&mut scene, &mut token);

    // Its holder changes the PIN; this card says of a wrong old one only that it was wrong.
    insert(&scene.terminal, &mut token);
    let (done, said) = change_pin(&scene, WRONG_PIN, "715936");
    assert!(!done && said.contains("the PIN is wrong; tries left: 2"), "{said}");
    let (done, said) = change_pin(&scene, &token.pin(), "7g3k9x");
    assert!(!done && said.contains("digits alone"), "{said}");
    let (done, said) = change_pin(&scene, &token.pin(), "715936");
    assert!(done, "{said}");
    assert_eq!(answer(&scene, &PromptRequest::login(), "715936"), "granted");
    // Blocked, and unblocked at the desk.
    scene.terminal.client().lock().unwrap();
    for _ in 0..3 {
        let _ = answer(&scene, &PromptRequest::login(), WRONG_PIN);
    }
    assert_eq!(tries_left(&scene.terminal), Some(0));
    pull(&scene.terminal, &mut token);
    scene.desk.lay_in(&mut token);
    let own = scene.desk.file("pins/nitrokey.pin");
    // It would keep such a PIN and take it for none.
    std::fs::write(&own, "Ab3#5678").unwrap();
    let reset = ["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", own.to_str().unwrap()];
    let output = scene.desk.try_run(&reset);
    assert!(!output.status.success() && both(&output).contains("digits alone"), "{}", both(&output));
    std::fs::write(&own, "493716").unwrap();
    scene.desk.run(&reset);
    scene.desk.take_out(&mut token);
    works_at_the_terminal(&mut scene, &mut token);

    // Returned, made blank step by step, and another card by another GUID.
    let guid = scene.desk.guid_of("10023");
    scene.desk.lay_in(&mut token);
    scene.desk.run(&["card", "return", &guid, "--reason", "left_duty"]);
    let said = scene.desk.run(&["card", "reset"]);
    assert!(said.contains("blank again") && said.contains("no reset for its issuer"), "{said}");
    let said = scene.desk.run(&["card", "show"]);
    assert!(said.contains("state: blank") && said.contains("3DES"), "{said}");
    scene.desk.take_out(&mut token);
    let (mut token, _) = scene.desk.issue_on(token, &["--operator", "10023"]);
    let second = scene.desk.guid_of("10023");
    assert_ne!(second, guid);
    scene.wait_current();
    works_at_the_terminal(&mut scene, &mut token);
    scene.desk.lay_in(&mut token);
    scene.desk.run(&["card", "revoke", &second, "--reason", "damaged"]);
    let said = scene.desk.run(&["card", "terminate"]);
    assert!(said.contains("cannot be ended: it is blank now"), "{said}");
}

#[test]
fn an_administrator_signs_acts_with_another_makers_card() {
    let mut scene = Scene::new("nitrosign");
    let token = scene.desk.other_make("signing");
    let (mut token, said) = scene.desk.issue_on(token, &["--operator", "20001", "--signing"]);
    assert!(said.contains("until it is approved"), "{said}");
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.lay_in(&mut token);
    let said = scene.desk.run(&["card", "issue", "--resume"]);
    assert!(said.contains("is issued"), "{said}");
    scene.desk.take_out(&mut token);
    scene.desk.sign_with(token);
    scene.decide(&["section", "set", "fukushi", "福祉課"]);
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("福祉課") && acts.contains("佐藤 一郎"), "{acts}");
}
