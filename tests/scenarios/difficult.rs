//! Difficult cards: each way in which real ones are difficult, at a terminal, and some at the administrator's desk.

use std::process::Command;

use sekisho_ipc::{AgentError, ClientError, PromptRequest, SessionState};
use sekisho_tests::clerk::{
    authorize, insert, login, pull, tries_left, try_login, type_pin, verdict_of, wait_state, wait_tries,
};
use sekisho_tests::desk::Issued;
use sekisho_tests::ledger::both;
use sekisho_tests::own_pin::other_login_key;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";
/// A PIN with the clerk's shape that is not hers: her own begins with 4.
const WRONG_PIN: &str = "805294";

/// What comes of a login with this PIN: the verdict's name.
fn try_pin(scene: &Scene, pin: &str) -> Result<String, ClientError> {
    match type_pin(&mut scene.terminal.client(), &PromptRequest::login(), pin) {
        Ok(answer) => Ok(answer.verdict.code),
        Err(ClientError::Agent(AgentError::CardProblem { verdict, .. })) => Ok(verdict.code),
        Err(error) => Err(error),
    }
}

#[test]
fn a_card_of_another_kind_is_used_in_full() {
    let mut scene = Scene::new("otherkind");
    scene.apply("[[function]]\nfunction = \"juminhyo.issue\"\ntitle = \"住民票の写しの交付\"\nlevel = \"card\"\n");
    for how in ["t0", "short-only", "plain", "slow"] {
        scene.clerk.card.be_difficult(Some(how));
        insert(&scene.terminal, &mut scene.clerk);
        assert_eq!(tries_left(&scene.terminal), Some(5), "{how}");
        assert_eq!(try_pin(&scene, WRONG_PIN).unwrap(), "wrong_pin", "{how}");
        assert_eq!(tries_left(&scene.terminal), Some(4), "{how}");
        login(&scene.terminal, &scene.clerk);
        // The card is asked for each of these.
        let answer = authorize(&scene.terminal, FUNCTION);
        assert!(answer.verdict.granted, "{how}: {}", answer.verdict.code);
        pull(&scene.terminal, &mut scene.clerk);
    }
}

#[test]
fn a_card_of_another_make_is_issued_and_what_it_cannot_keep_is_said() {
    let mut scene = Scene::new("othermake");
    for (how, tries, rules) in [("plain", false, true), ("t0", false, false)] {
        let (mut issued, said) = scene.desk.issue_difficult(how, how, &["--operator", "10023"]);
        assert_eq!(said.contains("keeps no rules for PINs"), rules, "{how}: {said}");
        assert_eq!(said.contains("cannot be told the office's number"), tries, "{how}: {said}");
        scene.wait_current();
        insert(&scene.terminal, &mut issued);
        login(&scene.terminal, &issued);
        assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted", "{how}");
        pull(&scene.terminal, &mut issued);
    }
    // Another number of tries is what a plain card cannot be told.
    scene.apply("[policy]\npin_tries = 3\n");
    let (_, said) = scene.desk.issue_difficult("three", "plain", &["--operator", "10023"]);
    assert!(said.contains("allows 5 PIN tries") && said.contains("cannot be told the office's number"), "{said}");
}

#[test]
fn a_pin_that_somebody_else_keeps_verified_opens_nothing() {
    let mut scene = Scene::new("ridden");
    scene.clerk.card.be_difficult(Some("ridden"));
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.client().lock().unwrap();
    wait_state(&scene.terminal, SessionState::Locked);
    // The card is verified all the time now, and a wrong PIN is wrong.
    assert_eq!(try_pin(&scene, WRONG_PIN).unwrap(), "wrong_pin");
    assert_ne!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_state(&scene.terminal, SessionState::Locked);
}

#[test]
fn wrong_answers_at_every_step_open_nothing_and_cost_no_try_that_nobody_typed() {
    let mut scene = Scene::new("wrong");
    let (mut granted_at_all, mut refused_at_all) = (false, false);
    for at in 1..=8 {
        // Not "empty": vpcd takes an empty answer for a card that leaves, again and again.
        for how in ["half", "fine", "noise", "refused"] {
            let step = format!("{at}:{how}");
            scene.clerk.card.be_difficult(Some(&step));
            scene.clerk.card.insert(&scene.terminal.pcscd, 0);
            let before = scene.clerk.card.apdus_at_insertion();
            // Told of as a card, or as one that cannot be read.
            wait::until(&format!("the card that answers {step} to be told of"), || {
                let status = scene.terminal.client().status().ok()?;
                (status.card.is_some() || status.advice.code == "card_problem").then_some(())
            });
            let told = try_pin(&scene, &scene.clerk.pin());
            assert!(scene.clerk.card.verifications_from(before) <= 1, "{step}: typed once, sent at most once");
            let granted = told.as_ref().is_ok_and(|code| code == "granted");
            assert!(granted == (verdict_of(&scene.terminal, FUNCTION) == "granted"), "{step}: {told:?}");
            granted_at_all |= granted;
            refused_at_all |= !granted;
            pull(&scene.terminal, &mut scene.clerk);
            // Looked at before the next right PIN gives back what was lost.
            scene.clerk.card.be_difficult(None);
            insert(&scene.terminal, &mut scene.clerk);
            assert_eq!(tries_left(&scene.terminal), Some(5), "{step}");
            pull(&scene.terminal, &mut scene.clerk);
        }
    }
    assert!(granted_at_all && refused_at_all, "a wrong answer where nothing rests on it does no harm");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_card_that_calls_every_pin_right_opens_nothing_with_a_wrong_one() {
    let mut scene = Scene::new("yes");
    // SELECT, GUID, tries; then logout, VERIFY, signature, logout. One of these is the VERIFY.
    let mut told = Vec::new();
    for at in 4..=6 {
        scene.clerk.card.be_difficult(Some(&format!("{at}:fine")));
        insert(&scene.terminal, &mut scene.clerk);
        let code = try_pin(&scene, WRONG_PIN).unwrap();
        assert_ne!(code, "granted", "{at}");
        told.push(code);
        assert_ne!(verdict_of(&scene.terminal, FUNCTION), "granted", "{at}");
        pull(&scene.terminal, &mut scene.clerk);
        scene.clerk.card.be_difficult(None);
        insert(&scene.terminal, &mut scene.clerk);
        login(&scene.terminal, &scene.clerk);
        pull(&scene.terminal, &mut scene.clerk);
    }
    assert!(told.iter().any(|code| code != "wrong_pin"), "one of them called the wrong PIN right: {told:?}");
}

#[test]
fn a_card_that_falls_out_while_it_judges_a_pin_has_its_tries_counted_again() {
    let mut scene = Scene::new("fallsout");
    scene.clerk.card.be_difficult(Some("falls-out-at-verify"));
    insert(&scene.terminal, &mut scene.clerk);
    // Nobody heard what came of it: that is said, and never that the PIN was wrong.
    let code = try_pin(&scene, WRONG_PIN).unwrap();
    assert!(["card_problem", "pin_unanswered"].contains(&code.as_str()), "{code}");
    wait_tries(&scene.terminal, 4);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
}

#[test]
fn a_clone_with_the_same_guid_and_another_key_opens_nothing_and_is_recorded() {
    let mut scene = Scene::new("clone");
    let mut clone = scene.desk.known("clone");
    std::fs::copy(scene.clerk.card.state(), clone.card.state()).unwrap();
    std::fs::write(scene.desk.file("pins/clone.pin"), scene.clerk.pin()).unwrap();
    let secret = std::fs::read(scene.desk.file("home/card-management.secret")).unwrap();
    other_login_key(clone.card.state(), &secret);
    insert(&scene.terminal, &mut clone);
    assert_eq!(try_login(&scene.terminal, &clone), "card_false");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    pull(&scene.terminal, &mut clone);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait::until("the record of the false card", || (scene.search(&["--kind", "card_false"]).len() == 1).then_some(()));
}

#[test]
fn a_card_that_answers_nothing_is_no_card_and_holds_nothing_up() {
    let mut scene = Scene::new("mute");
    scene.clerk.card.be_difficult(Some("mute"));
    scene.clerk.card.insert(&scene.terminal.pcscd, 0);
    scene.terminal.pcscd.wait_slot(0, true);
    // The card worker waits for it, then says so, and lives; the agent answers meanwhile.
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "no_card");
    scene.terminal.wait_said(Part::CardWorker, "does not come back");
    wait::until("the card to be told of", || {
        (scene.terminal.client().status().ok()?.advice.code == "card_problem").then_some(())
    });
    assert!(try_pin(&scene, &scene.clerk.pin()).is_ok_and(|code| code != "granted"));
    scene.clerk.card.pull();
    scene.terminal.pcscd.wait_slot(0, false);
    assert!(!scene.terminal.has_ended(Part::CardWorker));
    scene.clerk.card.be_difficult(None);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
}

/// Another card, in the terminal's second reader.
fn beside(scene: &Scene, issued: &mut Issued) {
    issued.card.insert(&scene.terminal.pcscd, 1);
    scene.terminal.pcscd.wait_slot(1, true);
}

#[test]
fn a_second_card_in_another_reader_ends_the_session_for_nobody_can_say_who_works() {
    let mut scene = Scene::new("tworeaders");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let first = scene.terminal.client().status().unwrap().card.unwrap().guid;
    let mut other = std::mem::replace(&mut scene.other, scene.desk.known("nobody"));
    beside(&scene, &mut other);
    wait::until("the second card to end the session", || {
        let status = scene.terminal.client().status().ok()?;
        (status.session.is_none() && status.card?.guid != first).then_some(())
    });
    assert_eq!(scene.terminal.client().status().unwrap().last_lock_reason.as_deref(), Some("other_card"));
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    // The card that was told of last is asked for its PIN; the first one's goes to no other card.
    let before = other.card.apdus();
    let request = PromptRequest { card: Some(first.clone()), ..PromptRequest::login() };
    assert!(scene.terminal.client().prompt(&request).is_err());
    assert_eq!(other.card.verifications_from(before), 0);
    login(&scene.terminal, &other);
    // It leaves: its session ends, and the first one, which lies there still, opens nothing without its PIN.
    other.card.pull();
    scene.terminal.pcscd.wait_slot(1, false);
    wait::until("the first card to be asked", || {
        let status = scene.terminal.client().status().ok()?;
        (status.session.is_none() && status.card?.guid == first).then_some(())
    });
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn a_card_swapped_between_two_looks_is_another_card() {
    let mut scene = Scene::new("swap");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let first = scene.terminal.client().status().unwrap().card.unwrap().guid;
    // As fast as it goes, with nobody waiting for anybody to notice.
    scene.clerk.card.pull();
    scene.other.card.insert(&scene.terminal.pcscd, 0);
    wait::until("the other card to be told of", || {
        let card = scene.terminal.client().status().ok()?.card?;
        (card.guid != first).then_some(())
    });
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed");
    assert_eq!(try_pin(&scene, WRONG_PIN).unwrap(), "wrong_pin");
    login(&scene.terminal, &scene.other);
}

#[test]
fn a_program_that_selects_another_application_beside_us_spoils_no_login() {
    let mut scene = Scene::new("otheraid");
    scene.terminal.stop();
    let configuration = std::fs::read_to_string(scene.terminal.configuration()).unwrap();
    scene.terminal.configure(&format!("{configuration}\n[card]\nsharing = \"shared\"\n"));
    scene.terminal.start();
    scene.clerk.card.be_difficult(Some("forgetful"));
    insert(&scene.terminal, &mut scene.clerk);
    let reader = scene.terminal.pcscd.reader(0);
    // The AID of OpenPGP cards, which is not there: SELECT of it ends PIV on many cards.
    let select = "00:A4:04:00:06:D2:76:00:01:24:01";
    for _ in 0..2 {
        let mut opensc = Command::new("opensc-tool");
        opensc.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket()).args(["-r", &reader, "-s", select]);
        let output = opensc.output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        login(&scene.terminal, &scene.clerk);
        assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
        scene.terminal.client().lock().unwrap();
        wait_state(&scene.terminal, SessionState::Locked);
    }
}
