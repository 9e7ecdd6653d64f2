//! What towns confirm, report and tell each other.

use std::time::Duration;

use sekisho_tests::other_office::{AGREEMENT, OtherOffice};
use sekisho_tests::scene::Scene;

use crate::cases::{REPORT, day, now, open, shown, step, waits};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A scene whose office has entrusted another one.
fn with_partner(story: &str) -> Scene {
    let mut scene = Scene::new(story);
    let elsewhere = OtherOffice::founded(&scene);
    let introduced = elsewhere.introduced();
    let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();
    scene.by_two(&[&["partner", "set", "tonari"], &introduced[..]].concat());
    scene.by_two(&[&AGREEMENT[..], &["partner", "entrust", "tonari", "--class", "operators"]].concat());
    scene
}

#[test]
fn s0_3_1_2_a_day_that_nobody_confirmed_is_listed() {
    let scene = Scene::new("kakunin");
    scene.clock.pass(2 * DAY);
    assert!(waits(&scene, "no confirmation of").is_empty(), "this office asks for none");
    scene.apply("[policy]\nconfirmations = [\"backup\", \"duplicate\"]\n");
    let first = day(&scene, 0);
    scene.clock.pass(DAY);
    assert_eq!(waits(&scene, "no confirmation of").len(), 2, "nobody ever began: {:?}", scene.desk.list(&["today"]));
    for what in ["what=backup", "what=duplicate"] {
        open(&scene, "confirmation", &[what, &format!("day={first}"), "result=good"]);
    }
    let missed = day(&scene, 0);
    scene.clock.pass(DAY);
    assert_eq!(waits(&scene, "no confirmation of").len(), 2, "{:?}", scene.desk.list(&["today"]));
    open(&scene, "confirmation", &["what=backup", &format!("day={missed}"), "result=failed", "remark=媒体の不良"]);
    let [row] = waits(&scene, "no confirmation of").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row.to_string().contains("what=duplicate") && row.to_string().contains(&missed), "{row}");
    let cases = scene.desk.list(&["case", "list", "--form", "confirmation"]);
    assert!(cases.len() == 3 && cases.iter().all(|row| row["by"].as_str().unwrap().contains("佐藤 一郎")), "{cases:?}");
}

#[test]
fn s0_3_4_a_failure_lists_each_town_and_when_it_was_told() {
    let scene = with_partner("renraku");
    let case = open(&scene, "incident", &["class=failure", "level=1", "kind=failure", "circumstances=回線断"]);
    assert_eq!(waits(&scene, "other office told").len(), 1, "{:?}", scene.desk.list(&["today"]));
    let at = now(&scene);
    step(&scene, &case, "told", &["partner=tonari", &format!("at={at}"), "how=電話"]);
    assert!(waits(&scene, "other office told").is_empty());
    let said = shown(&scene, &case);
    assert!(said.contains("tonari") && said.contains(&at.replace('T', " ")), "{said}");
}

#[test]
fn s0_6_1_a_report_that_was_asked_for_and_is_late_is_listed_as_overdue() {
    let scene = Scene::new("hokoku");
    let due = format!("due={}", day(&scene, 1));
    let case = open(&scene, "report-request", &["subject=機器の状況", "post=jumin-kacho", &due]);
    let [row] = waits(&scene, &case).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(!row.to_string().contains("overdue"), "{row}");
    scene.clock.pass(3 * DAY);
    let [row] = waits(&scene, &case).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row.to_string().contains("overdue"), "{row}");
    let mut scene = scene;
    scene.desk.sign_by("20002");
    step(&scene, &case, "answer", &["report=異常なし"]);
    assert!(waits(&scene, &case).is_empty());
}

#[test]
fn s0_6_2_an_incident_is_closed_when_every_town_was_told_and_not_before() {
    let scene = with_partner("chousa");
    let case = open(&scene, "incident", &["class=failure", "level=1", "kind=failure", "circumstances=誤消去"]);
    step(&scene, &case, "acknowledge", &[]);
    step(&scene, &case, "report", &REPORT);
    let said = scene.refused(&["case", "step", &case, "close"]);
    assert!(said.contains("comes first"), "{said}");
    step(&scene, &case, "told", &["partner=tonari", &format!("at={}", now(&scene))]);
    step(&scene, &case, "close", &[]);
    assert!(scene.desk.list(&["case", "list", "--open"]).is_empty());
    assert!(shown(&scene, &case).contains("照合の省略"), "course and damage stay");
}
