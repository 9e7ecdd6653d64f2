//! Administrators, operators, sections: who gives whom which rights, and takes them away.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::both;
use sekisho_tests::said;
use sekisho_tests::scene::{FUNCTIONS, Scene, wait_fresh, wait_sealed};

use crate::cases::{day, open, step};

#[test]
fn s2_3_2_4_only_the_system_manager_sets_an_administrators_secret() {
    let mut scene = Scene::new("kanrisha");
    scene.appoint("20003", "相沢 務", "access-tanto", &["access_manager"]);
    scene.apply_by_two(
        "[[route]]\nclass = \"cards\"\nproposers = [\"system_manager\"]\napprovers = []\ndistinct = false\n\
         [[route]]\nclass = \"founding\"\nproposers = [\"system_manager\"]\napprovers = [\"system_manager\"]\n",
    );
    // Her own card is the one to be given another PIN; a copy of it lies in the reader.
    let pin = scene.desk.file("second.pin");
    std::fs::write(&pin, "4937zz").unwrap();
    let mut card = scene.desk.known("20003");
    let reset = ["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", pin.to_str().unwrap()];
    scene.desk.lay_in(&mut card);
    let before = sekisho_tests::history::acts(&scene.ledger);
    scene.desk.run(&reset);
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), before + 1);
    assert!(acts.contains("is given a new PIN") && acts.contains("佐藤 一郎"), "{acts}");
    scene.desk.take_out(&mut card);

    // With that PIN she signs; what belongs to the system manager she may not do.
    std::fs::write(card.pin_file(), "4937zz").unwrap();
    let mut other = scene.desk.known("10031");
    scene.desk.lay_in(&mut other);
    scene.desk.sign_by("20003");
    assert!(!scene.refused(&reset).is_empty());
    let issue = ["card", "issue", "--operator", "10032", "--signing", "--own-pin-file", pin.to_str().unwrap()];
    assert!(!scene.refused(&issue).is_empty());
    scene.desk.sign_by("20001");
    assert_eq!(sekisho_tests::history::acts(&scene.ledger), before + 1, "nothing of it is an act");
    assert!(scene.desk.list(&["proposals"]).is_empty(), "nor a proposal");
}

#[test]
fn s2_5_an_operator_has_the_functions_that_are_listed_for_him() {
    let mut scene = Scene::new("gyomu");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["operator", "profile", "10023", "jumin-a", "--function", "juminhyo.issue"]);
    wait_state(&scene.terminal, SessionState::Open);
    let state = scene.terminal.client().status().unwrap();
    let may: Vec<_> = state.functions.iter().filter(|function| function.verdict.granted).collect();
    assert!(may.len() == 1 && may[0].function == "juminhyo.issue", "{may:?}");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    for function in ["koseki.issue", "inkan.register", "juminhyo.search"] {
        assert_eq!(verdict_of(&scene.terminal, function), "function_not_in_scope");
    }
    assert_eq!(verdict_of(&scene.terminal, "no.such"), "function_unknown");
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--kind", "decision", "--verdict", "refused"]).len(), 4, "each refusal is on record");
}

/// What is set up for the residents' section.
const SET_UP: [&str; 9] =
    ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin", "--at-section", "jumin"];

/// The same, under a permit of that number.
fn under(number: &str) -> Vec<&str> {
    [&["--system-use", number], &SET_UP[..]].concat()
}

#[test]
fn s2_6_1_2_nothing_is_set_up_for_a_section_without_the_number_of_its_permit() {
    let mut scene = Scene::new("kyoka");
    let known = |scene: &Scene| scene.desk.list(&["operator", "list"]).iter().any(|row| row["operator"] == "10040");
    scene.apply("[policy]\npermitted_classes = [\"operators\", \"terminals\"]\n");

    // None, one that is not there, one that nobody has decided about, one that was refused, another section's, one that has ended.
    let (status, japanese) = said::run("designate", &mut scene.desk.command_in("ja", &SET_UP), "");
    assert!(
        !status.success() && japanese.contains("利用許可の番号が必要") && japanese.contains("--system-use"),
        "{japanese}"
    );
    let missing = scene.refused(&SET_UP);
    assert!(missing.contains("permit to use the system") && missing.contains("--system-use"), "{missing}");
    assert!(scene.refused(&under("2026-1")).contains("is not there"));
    let apply = |scene: &Scene, section: &str| {
        let case = open(scene, "system-use", &[&format!("section={section}"), "purpose=窓口業務", "users=1"]);
        step(scene, &case, "examine", &["result=適"]);
        let number = case.strip_prefix("system-use-").unwrap().to_owned();
        (case, number)
    };
    let answer = |scene: &Scene, case: &str, more: &[&str]| step(scene, case, "permit", more);
    let (case, number) = apply(&scene, "jumin");
    assert!(scene.refused(&under(&number)).contains("has not been granted yet"));
    let (refused, of_refused) = apply(&scene, "jumin");
    answer(&scene, &refused, &["answer=refused"]);
    assert!(scene.refused(&under(&of_refused)).contains("was refused"));
    let (foreign, of_foreign) = apply(&scene, "zeimu");
    answer(&scene, &foreign, &["answer=granted"]);
    assert!(scene.refused(&under(&of_foreign)).contains("is another section's"));
    let (ended, of_ended) = apply(&scene, "jumin");
    answer(&scene, &ended, &["answer=granted"]);
    step(&scene, &ended, "end", &["reason=運用が不適切"]);
    assert!(scene.refused(&under(&of_ended)).contains("has ended"));
    assert!(!known(&scene));
    // A proposal goes by the same rule, before anybody is to approve it.
    assert!(scene.refused(&[&["--propose"], &SET_UP[..]].concat()).contains("permit to use the system"));
    assert!(scene.refused(&[&["--propose"], &under(&of_ended)[..]].concat()).contains("has ended"));

    // With a permit in force it is set up, and the act says under which.
    let last = day(&scene, 20);
    answer(&scene, &case, &["answer=granted", &format!("until={last}")]);
    scene.decide(&under(&number));
    assert!(known(&scene));
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains(&format!("permit to use the system: {number}")), "{acts}");
    // What only takes rights away waits for no permit; and what the rule does not name asks for none.
    scene.decide(&["operator", "end", "10040", "--reason", "left_duty"]);
    scene.decide(&["function", "set", "nenkin.inquire", "年金照会"]);
    scene.clock.pass(std::time::Duration::from_secs(21 * 24 * 3600));
    let late = scene.refused(&[
        "--system-use",
        &number,
        "operator",
        "profile",
        "10023",
        "jumin-a",
        "--function",
        "juminhyo.issue",
    ]);
    assert!(late.contains("has ended"), "{late}");
    // Whoever holds both books comes to the same.
    scene.desk.assert_verified();
    scene.ledger.kill();
    scene.ledger.assert_sound();
    scene.ledger.serve();
}

#[test]
fn s2_6_3_who_is_suspended_is_refused_until_that_is_lifted() {
    let mut scene = Scene::new("teishi");
    let section = |scene: &Scene, state: &str| {
        scene.decide(&["--request", "SHIJI-3", "section", "set", "jumin", "住民課", "--state", state])
    };
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    section(&scene, "suspended");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "section_suspended");
    section(&scene, "open");
    login(&scene.terminal, &scene.clerk);

    scene.decide(&["--request", "SHIJI-4", "operator", "suspend", "10023", "--reason", "other"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "operator_suspended");
    let acts = scene.desk.run(&["acts", "--full"]);
    for word in ["SHIJI-3", "SHIJI-4", "reason: other"] {
        assert!(acts.contains(word), "'{word}' is missing: {acts}");
    }
    scene.decide(&["operator", "lift", "10023"]);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}

#[test]
fn s2_11_1_2_a_transfer_ends_the_old_scope_on_its_day() {
    let mut scene = Scene::new("ido");
    let year = scene.clock.fiscal_year() + 1;
    let (april, march) = (format!("{year}-04-01"), format!("{year}-03-31"));
    // From 1 April on she works in the tax section, still at this counter.
    scene.apply(&format!(
        r#"
        [[operator]]
        operator = "10023"
        name = "田中 さくら"
        section = "jumin"
        sections = ["jumin"]
        to = "{march}"
        [[profile]]
        operator = "10023"
        profile = "jumin-a"
        functions = ["juminhyo.issue", "koseki.issue"]
        to = "{march}"
        "#
    ));
    scene.apply(&format!(
        r#"
        [[operator]]
        operator = "10023"
        name = "田中 さくら"
        section = "zeimu"
        sections = ["jumin"]
        from = "{april}"
        to = "{next}-03-31"
        [[profile]]
        operator = "10023"
        profile = "zei-a"
        functions = ["juminhyo.search"]
        from = "{april}"
        to = "{next}-03-31"
        "#,
        next = year + 1
    ));
    let (mut card, _) =
        scene.desk.issue("new", &["--operator", "10023", "--also", "--to", &format!("{}-03-31", year + 1)]);
    scene.wait_current();
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    pull(&scene.terminal, &mut card);
    scene.terminal.stop();

    while !scene.clock.minute_in(Duration::ZERO).starts_with(&april) {
        scene.clock.pass(Duration::from_secs(6 * 3600));
    }
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!((session.profile.as_str(), session.section.as_str()), ("zei-a", "zeimu"));
    for function in ["juminhyo.issue", "koseki.issue"] {
        assert_eq!(verdict_of(&scene.terminal, function), "function_not_in_scope");
    }
    assert!(FUNCTIONS.contains(&"juminhyo.search"));
    assert_eq!(
        verdict_of(&scene.terminal, "juminhyo.search"),
        "purpose_missing",
        "what the new scope holds is not refused for its scope"
    );
}

#[test]
fn s2_10_4_nothing_is_taken_away_without_a_permission() {
    let mut scene = Scene::new("mochidashi");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let file = scene.scratch.path().join("taken.csv");
    let out = ["--format", "csv", "--out", file.to_str().unwrap()];
    let without = scene.desk.try_run(&[&["records", "export"], &out[..]].concat());
    assert!(!without.status.success() && both(&without).contains("--permission"), "{}", both(&without));
    let permission = scene.desk.permit_export("jumin");
    let under = ["records", "export", "--permission", &permission];
    // Who holds no post that reads is refused by the ledger, number or not.
    scene.appoint("20003", "臨時 勤", "madoguchi", &["operator"]);
    scene.desk.sign_by("20003");
    let _ = scene.refused(&[&under[..], &out].concat());
    assert!(!file.exists());
    scene.desk.sign_by("20001");
    let _ = scene.refused(&[&["records", "export", "--permission", "R8-7"], &out[..]].concat());
    assert!(!file.exists(), "a number that nobody permitted");
    scene.desk.run(&[&under[..], &out].concat());
    assert!(file.exists());
    let read = scene.search(&["--kind", "read"]);
    let words = format!("to take it away under {permission}");
    let taken = |row: &&serde_json::Value| row["what"].as_str().unwrap().contains(&words);
    assert!(read.iter().any(|row| taken(&row) && row["what"].as_str().unwrap().contains("佐藤 一郎")), "{read:?}");
}
