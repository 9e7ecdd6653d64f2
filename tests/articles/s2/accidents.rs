//! Accidents: reported at once, instructed, answered, closed when all of it is there; and whose people are whose.

use sekisho_tests::clerk::{insert, login};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::scene::Scene;
use sekisho_tests::wait;

use crate::cases::{REPORT, day, open, shown, step, waits};

#[test]
fn s2_3_2_5_who_manages_one_agency_designates_nobody_of_another() {
    let mut scene = Scene::new("unyo");
    scene.appoint("20003", "運 用", "zei-unyo", &["data_handling_manager"]);
    scene.apply_by_two(
        "[[post]]\npost = \"zei-unyo\"\ntitle = \"税務運用管理者\"\nroles = [\"data_handling_manager\"]\nsection = \"zeimu\"\n\
         [[route]]\nclass = \"operators\"\nproposers = [\"data_handling_manager\"]\napprovers = []\ndistinct = false\n",
    );
    let designate = |operator, section| ["operator", "designate", operator, "--name", "新 人", "--section", section];
    scene.desk.sign_by("20003");
    scene.desk.run(&designate("10040", "zeimu"));
    let said = scene.refused(&designate("10041", "jumin"));
    assert!(said.contains("section"), "{said}");
    let _ = scene.refused(&["operator", "profile", "10023", "jumin-a", "--function", "juminhyo.issue"]);
    scene.desk.sign_by("20001");
    let known = |operator: &str| scene.desk.list(&["operator", "list"]).iter().any(|row| row["operator"] == operator);
    assert!(known("10040") && !known("10041"));
}

#[test]
fn s2_12_1_a_report_reaches_the_system_manager_at_once_and_keeps_his_instruction() {
    let mut scene = Scene::new("jikohou");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    for kind in ["leak", "alteration", "failure", "malfunction"] {
        succeeded("sekisho report", &scene.terminal.sekisho(&["report", kind]).output().unwrap());
    }
    wait::until("the reports", || (scene.terminal.client().status().unwrap().reports_waiting == 0).then_some(()));
    let cases = scene.desk.list(&["case", "list", "--form", "incident"]);
    assert_eq!(cases.len(), 4, "{cases:?}");
    let case = cases[0]["case"].as_str().unwrap().to_owned();
    let waiting = waits(&scene, &case);
    assert!(waiting.iter().any(|row| row.to_string().contains("acknowledged")), "{waiting:?}");
    step(&scene, &case, "acknowledge", &[]);
    step(&scene, &case, "instruct", &["instruction=端末の使用を中止し、証拠を保全すること"]);
    let said = shown(&scene, &case);
    assert!(said.contains("端末の使用を中止し、証拠を保全すること") && said.contains("佐藤 一郎"), "{said}");
}

#[test]
fn s2_12_2_a_report_that_is_asked_for_stays_listed_until_it_is_answered() {
    let mut scene = Scene::new("motome");
    let due = format!("due={}", day(&scene, 7));
    let case = open(&scene, "report-request", &["subject=事故の経過", "post=jumin-kacho", &due]);
    let listed = |scene: &Scene| scene.desk.list(&["case", "list", "--open"]).len();
    assert_eq!((listed(&scene), waits(&scene, &case).len()), (1, 1));
    let _ = scene.refused(&["case", "step", &case, "answer", "report=私が答える"]);
    assert_eq!(listed(&scene), 1, "only who was asked answers");
    scene.desk.sign_by("20002");
    step(&scene, &case, "answer", &["report=復旧済み"]);
    assert_eq!((listed(&scene), waits(&scene, &case).len()), (0, 0));
    assert!(shown(&scene, &case).contains("復旧済み"));
}

#[test]
fn s2_15_1_content_cause_and_damage_have_to_be_there() {
    let scene = Scene::new("shingai");
    let case = open(&scene, "incident", &["class=misuse", "level=1", "kind=alteration", "circumstances=改ざん"]);
    step(&scene, &case, "acknowledge", &[]);
    assert!(scene.refused(&["case", "step", &case, "close"]).contains("comes first"));
    for missing in 0..REPORT.len() {
        let fields = REPORT.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, field)| *field);
        let fields: Vec<&str> = ["case", "step", &case, "report"].into_iter().chain(fields).collect();
        let _ = scene.refused(&fields);
    }
    step(&scene, &case, "report", &REPORT);
    step(&scene, &case, "close", &[]);
}

#[test]
fn s2_15_2_a_serious_one_is_told_to_the_chief_information_security_officer() {
    let scene = Scene::new("juudai");
    let fields = ["class=misuse", "kind=alteration", "circumstances=侵入"];
    let told = "recipients=system_manager";
    let said = scene.refused(&[&["case", "open", "incident", "level=3", told], &fields[..]].concat());
    assert!(said.contains("has to be told to chief_security_officer"), "{said}");
    let minor = open(&scene, "incident", &[&["level=1", told], &fields[..]].concat());
    assert!(!shown(&scene, &minor).contains("chief_security_officer"));
    let case = open(&scene, "incident", &[&["level=3"], &fields[..]].concat());
    assert!(shown(&scene, &case).contains("chief_security_officer"), "{}", shown(&scene, &case));
}

#[test]
fn s2_15_3_a_serious_one_is_not_closed_without_a_plan() {
    let scene = Scene::new("saihatsu");
    let case = open(&scene, "incident", &["class=misuse", "level=3", "kind=alteration", "circumstances=侵入"]);
    // She holds each of the roles that are told.
    for _ in 0..3 {
        let _ = scene.desk.try_run(&["case", "step", &case, "acknowledge"]);
    }
    step(&scene, &case, "report", &REPORT);
    let said = scene.refused(&["case", "step", &case, "close"]);
    assert!(said.contains("comes first") || said.contains("prevention"), "{said}");
    assert_eq!(waits(&scene, "prevention plan").len(), 1, "{:?}", scene.desk.list(&["today"]));
    step(&scene, &case, "prevent", &["plan=二名での照合"]);
    step(&scene, &case, "close", &[]);
    assert!(shown(&scene, &case).contains("二名での照合"));
}
