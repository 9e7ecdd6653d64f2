//! The register of operators, and cards: who is lent one, with which one somebody gets in, when it comes back.

use std::time::Duration;

use sekisho_ipc::{PromptRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::said;
use sekisho_tests::scene::{Scene, wait_sealed};

use crate::cases::{shown, step, waits};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn s1_10_3_2_with_no_card_in_the_reader_no_business_function_starts() {
    let mut scene = Scene::new("kara");
    for function in ["juminhyo.issue", "koseki.issue", "inkan.register"] {
        assert_eq!(verdict_of(&scene.terminal, function), "no_card");
    }
    assert!(scene.terminal.client().prompt(&PromptRequest::login()).is_err(), "nor is a PIN asked for");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    pull(&scene.terminal, &mut scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "no_card");
    // A program is not even started.
    let mut run = scene.terminal.sekisho(&["run", "--function", "juminhyo.issue", "--", "echo", "started"]);
    let (status, said) = said::run("sekisho run", &mut run, "");
    assert!(!status.success() && !said.contains("started"), "{said}");
}

#[test]
fn s1_11_1_the_register_of_operators_prints_as_of_any_date() {
    let scene = Scene::new("toroku");
    let day = |scene: &Scene, days: u32| scene.clock.minute_in(DAY * days)[..10].to_owned();
    let (today, first, middle, last, after) =
        (day(&scene, 0), day(&scene, 10), day(&scene, 15), day(&scene, 20), day(&scene, 21));
    let who = ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin"];
    scene.desk.run(&[&who[..], &["--from", &first, "--to", &last]].concat());
    let state = |scene: &Scene, operator: &str, date: &str| {
        let rows = scene.desk.list(&["register", "print", "operators", "--as-of", date]);
        let row = rows.iter().find(|row| row["operator"] == operator)?.clone();
        Some((row["state"].as_str()?.to_owned(), row["section"].as_str()?.to_owned(), row["name"].as_str()?.to_owned()))
    };
    let of = |state: &str, section: &str| Some((state.to_owned(), section.to_owned(), "山本 新".to_owned()));
    assert_eq!(state(&scene, "10040", &today), of("not yet", "住民課 (jumin)"));
    assert_eq!(state(&scene, "10040", &middle), of("active", "住民課 (jumin)"));
    assert_eq!(state(&scene, "10040", &last), of("active", "住民課 (jumin)"), "its last day counts");
    assert_eq!(state(&scene, "10040", &after), of("ended", "住民課 (jumin)"), "where he last was");

    // What is decided tomorrow does not stand in today's register, then or ever.
    scene.clock.pass(DAY);
    scene.desk.run(&["operator", "designate", "10041", "--name", "山田 明", "--section", "zeimu"]);
    assert_eq!(state(&scene, "10041", &today), None);
    assert!(state(&scene, "10041", &day(&scene, 0)).is_some());
    let printed = said::run("print", &mut scene.desk.command_in("ja", &["register", "print", "operators"]), "").1;
    for word in ["白樺町", "端末機操作者登録簿", "現在", "氏名", "田中 さくら", "山田 明"] {
        assert!(printed.contains(word), "'{word}' is missing:\n{printed}");
    }
}

#[test]
fn s1_11_2_nobody_is_lent_a_card_who_is_not_in_the_register() {
    let scene = Scene::new("taiyo");
    let mut blank = scene.desk.chosen("10040");
    scene.desk.lay_in(&mut blank);
    let pin = blank.pin_file().to_str().unwrap().to_owned();
    let issue = ["card", "issue", "--operator", "10040", "--own-pin-file", &pin];
    let said = scene.refused(&issue);
    assert!(said.contains("10040"), "{said}");
    assert!(scene.desk.run(&["card", "show"]).contains("state: blank"), "the card was not touched");
    scene.desk.run(&[
        "operator",
        "designate",
        "10040",
        "--name",
        "山本 新",
        "--section",
        "jumin",
        "--at-section",
        "jumin",
    ]);
    scene.desk.run(&["operator", "profile", "10040", "jumin-a", "--function", "juminhyo.issue"]);
    scene.desk.run(&issue);
    scene.desk.take_out(&mut blank);
    scene.wait_current();
    insert(&scene.terminal, &mut blank);
    login(&scene.terminal, &blank);
}

#[test]
fn s1_11_3_unknown_and_revoked_cards_are_refused_on_record() {
    let mut scene = Scene::new("mitoroku");
    let mut unknown = scene.desk.unregistered("unknown");
    insert(&scene.terminal, &mut unknown);
    assert_eq!(try_login(&scene.terminal, &unknown), "card_unknown");
    pull(&scene.terminal, &mut unknown);
    scene.decide(&["card", "revoke", &scene.desk.guid_of("10023"), "--reason", "replaced"]);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_revoked");
    pull(&scene.terminal, &mut scene.clerk);
    // Whoever was lent one gets in.
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
    wait_sealed(&scene.terminal);
    for (code, number) in [("card_unknown", "50"), ("card_revoked", "53")] {
        assert_eq!(scene.search(&["--verdict", number]).len(), 1, "{code} is on record");
    }
    scene.desk.assert_verified();
}

#[test]
fn s1_12_2_one_report_blocks_the_card_and_two_officers_acknowledge_its_form() {
    let mut scene = Scene::new("funshitsu");
    let other = scene.another_terminal("t2", "jumin-2");
    scene.appoint("20003", "情 報", "joho-kacho", &["system_manager"]);
    scene.appoint("20004", "住 基", "sosa-kanri", &["access_manager"]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert!(waits(&scene, "its form is not filled in").is_empty());

    // One report, at another panel, and the card opens nothing anywhere.
    succeeded("sekisho report", &other.sekisho(&["report", "lost", "10023"]).output().unwrap());
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "card_suspended");
    let report = |scene: &Scene| {
        let rows = scene.desk.list(&["report", "list", "--open"]);
        rows.into_iter().find(|row| row["why"] == "lost")
    };
    let row = report(&scene).unwrap();
    let id = row["id"].as_str().unwrap().to_owned();

    // It calls for its form, which knows what was reported.
    let [task] = waits(&scene, "its form is not filled in").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(task["due"].as_str().unwrap().starts_with("overdue"), "at once: {task}");
    assert!(task["do"].as_str().unwrap().contains(&format!("report form {id}")), "{task}");
    let without = scene.refused(&["report", "form", &id, "place=駅前"]);
    assert!(without.contains("circumstances"), "{without}");
    scene.desk.run(&["report", "form", &id[..12], "place=駅前", "circumstances=帰宅途中に紛失"]);
    assert!(waits(&scene, "its form is not filled in").is_empty());
    let twice = scene.refused(&["report", "form", &id, "place=駅前", "circumstances=再"]);
    assert!(twice.contains("case show card-loss-"), "{twice}");
    let cases = scene.desk.list(&["case", "list", "--form", "card-loss"]);
    let case = cases[0]["case"].as_str().unwrap().to_owned();
    let said = shown(&scene, &case);
    for word in ["jumin-2", "lost", "帰宅途中に紛失", &id[..16]] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }

    // Two officers hear of it, each for himself, and say what is to be done.
    let heard = |scene: &Scene| waits(scene, &format!("case step {case} acknowledge")).len();
    assert_eq!(heard(&scene), 2);
    scene.desk.sign_by("20003");
    step(&scene, &case, "acknowledge", &[]);
    assert_eq!(heard(&scene), 1);
    scene.desk.sign_by("20004");
    step(&scene, &case, "acknowledge", &[]);
    assert_eq!(heard(&scene), 0);
    let early = scene.refused(&["case", "step", &case, "close"]);
    assert!(early.contains("instruct"), "{early}");
    step(&scene, &case, "instruct", &["instruction=警察に届け出ること"]);
    let guid = scene.desk.guid_of("10023");
    scene.desk.run(&["card", "revoke", &guid, "--reason", "lost"]);
    assert!(waits(&scene, "its form is not filled in").is_empty(), "what is decided about it is no other report");
    let row = report(&scene).unwrap();
    assert!(row["state"].as_str().unwrap().contains(&case), "open as long as its form is: {row}");
    step(&scene, &case, "close", &[]);
    assert!(report(&scene).is_none(), "closed with its form");
    assert!(shown(&scene, &case).contains("警察に届け出ること"));
}

#[test]
fn s1_12_3_with_the_duty_the_card_ends_and_is_listed_until_it_is_returned() {
    let mut scene = Scene::new("hennou");
    let unreturned = |scene: &Scene| scene.desk.list(&["card", "list", "--unreturned"]);
    let ends = scene.clock.minute_in(2 * MINUTE);
    scene.decide(&["operator", "end", "10023", "--reason", "left_duty", "--from", &ends]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert!(unreturned(&scene).is_empty(), "the duty goes on until then");
    scene.clock.pass(3 * MINUTE);
    assert_ne!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "operator_ended");
    let [row] = unreturned(&scene).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!((&row["operator"], &row["back"]), (&"10023".into(), &"overdue".into()));
    scene.desk.run(&["card", "return", row["guid"].as_str().unwrap(), "--reason", "left_duty"]);
    assert!(unreturned(&scene).is_empty());
}
