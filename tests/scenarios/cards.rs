//! Cards, people and permissions: who may open a session here, and with what.

use std::io::Write;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, try_login_with, verdict_of, wait_state};
use sekisho_tests::scene::Scene;

const MINUTE: Duration = Duration::from_secs(60);
const FUNCTION: &str = "juminhyo.issue";

#[test]
fn a_suspended_card_is_refused_until_the_suspension_is_lifted() {
    let mut scene = Scene::new("suspend");
    let guid = scene.desk.guid_of("10023");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["card", "suspend", &guid, "--reason", "lost"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "pin_needed", "the open session ended");
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    scene.decide(&["card", "lift", &guid]);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
}

#[test]
fn a_suspended_operator_waits_and_an_ended_one_is_gone() {
    let mut scene = Scene::new("operator");
    insert(&scene.terminal, &mut scene.clerk);
    scene.decide(&["operator", "suspend", "10023"]);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "operator_suspended");
    scene.decide(&["operator", "lift", "10023"]);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["operator", "end", "10023", "--reason", "left_duty"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "operator_ended");
}

#[test]
fn a_designation_ends_by_itself() {
    let mut scene = Scene::new("designation");
    let until = scene.clock.minute_in(2 * MINUTE);
    let who = ["operator", "designate", "10023", "--name", "田中 さくら"];
    scene.decide(&[&who[..], &["--section", "jumin", "--at-section", "jumin", "--to", &until]].concat());
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.clock.pass(3 * MINUTE);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "designation_ended");
}

#[test]
fn cards_for_managing_cards_and_cards_for_business_are_kept_apart() {
    let mut scene = Scene::new("manage");
    scene.apply(
        r#"
        [[function]]
        function = "card.reset"
        title = "暗証番号の再設定"
        management = true
        [[profile]]
        operator = "10023"
        profile = "kanri"
        functions = ["card.reset", "juminhyo.issue"]
        [[terminal]]
        terminal = "jumin-1"
        functions = ["juminhyo.issue", "card.reset"]
        "#,
    );
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login_with(&scene.terminal, "kanri", &scene.clerk), "granted");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "card.reset"), "card_kind_wrong");
    pull(&scene.terminal, &mut scene.clerk);

    let more = ["--operator", "10023", "--kind", "card-management", "--profile", "kanri"];
    let (mut manager, _) = scene.desk.issue("manager", &more);
    scene.wait_current();
    insert(&scene.terminal, &mut manager);
    login(&scene.terminal, &manager);
    assert_eq!(verdict_of(&scene.terminal, "card.reset"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "card_kind_wrong");
}

#[test]
fn a_person_not_for_the_terminal_and_a_function_not_for_it_are_kept_apart() {
    let mut scene = Scene::new("apart");
    let (mut stranger, _) = scene.desk.issue("10032", &["--operator", "10032"]);
    scene.wait_current();
    insert(&scene.terminal, &mut stranger);
    assert_eq!(try_login(&scene.terminal, &stranger), "operator_not_for_terminal");
    pull(&scene.terminal, &mut stranger);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "zei.certificate"), "function_not_for_terminal");
}

#[test]
fn an_operator_with_several_profiles_chooses_one() {
    let mut scene = Scene::new("profiles");
    scene.decide(&["operator", "profile", "10023", "koseki", "--function", "koseki.issue"]);
    insert(&scene.terminal, &mut scene.clerk);
    let sekisho = |arguments: &[&str]| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(format!("{}\n", scene.clerk.pin()).as_bytes()).unwrap();
        drop(writer);
        let output = scene.terminal.sekisho(arguments).stdin(reader).output().unwrap();
        (output.status.code(), sekisho_tests::ledger::both(&output))
    };
    let (code, said) = sekisho(&["login", "--pin-stdin", "--profile", "koseki"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "function_not_in_scope");
    assert_eq!(sekisho(&["lock", "--end"]).0, Some(0));
    assert_eq!(try_login_with(&scene.terminal, "zeimu", &scene.clerk), "profile_unknown");
    let (code, said) = sekisho(&["login", "--pin-stdin", "--profile", "jumin-a"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}
