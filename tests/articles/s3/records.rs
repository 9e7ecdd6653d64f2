//! What records hold, what they never hold, and for how long.

use std::time::Duration;

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::scene::{Scene, wait_sealed};

/// All that a record says, as it is taken away: operators, terminals, functions, cases by number; no resident.
const FIELDS: [&str; 20] = [
    "index",
    "kind",
    "terminal",
    "epoch",
    "seq",
    "time",
    "clock",
    "operator",
    "home",
    "card",
    "profile",
    "session",
    "application",
    "function",
    "purpose",
    "case",
    "verdict",
    "reason",
    "what",
    "leaf",
];

/// The titles of a file of records.
fn titles(scene: &mut Scene) -> Vec<String> {
    let file = scene.scratch.path().join("all.csv");
    let permission = scene.desk.permit_export("jumin");
    let out = ["--permission", &permission, "--format", "csv", "--out", file.to_str().unwrap()];
    scene.desk.run(&[&["records", "export"], &out[..]].concat());
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().split(',').map(str::to_owned).collect()
}

/// Whether a request of this purpose and case is answered with a grant.
fn asked(scene: &Scene, purpose: &str, case: &str) -> Result<String, String> {
    let request =
        AuthorizeRequest { purpose: Some(purpose.into()), case: Some(case.into()), ..request("juminhyo.search") };
    let answer = scene.terminal.client().authorize(&request).map_err(|error| error.to_string())?;
    Ok(answer.verdict.code)
}

#[test]
fn s3_5_1_no_field_of_a_record_is_for_a_resident() {
    let mut scene = Scene::new("kojin");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(asked(&scene, "counter", "R8-0012").as_deref(), Ok("granted"));
    // A case has a number. Names and addresses are none.
    for name in ["山田太郎", "Yamada Taro", "白樺町1-2-3", "yamada"] {
        assert!(asked(&scene, "counter", name).is_err(), "'{name}' was taken for a case");
    }
    wait_sealed(&scene.terminal);
    assert_eq!(titles(&mut scene), FIELDS);
    let decisions = scene.search(&["--kind", "decision"]);
    assert_eq!(decisions.len(), 1, "what was no number is nowhere: {decisions:?}");
}

#[test]
fn s3_5_2_purposes_come_from_the_offices_list_and_there_is_no_free_text() {
    let mut scene = Scene::new("shisou");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    for text in ["信仰について", "political party", "because"] {
        let answer = asked(&scene, text, "R8-0012");
        assert!(answer.is_err() || answer.as_deref() == Ok("purpose_unknown"), "'{text}': {answer:?}");
    }
    assert_eq!(asked(&scene, "post", "R8-0012").as_deref(), Ok("granted"));
    // The office adds one, and takes it away.
    scene.decide(&["purpose", "set", "court", "裁判所の照会"]);
    assert_eq!(asked(&scene, "court", "R8-0012").as_deref(), Ok("granted"));
    scene.decide(&["purpose", "set", "court", "裁判所の照会", "--state", "ended"]);
    assert_eq!(asked(&scene, "court", "R8-0012").as_deref(), Ok("purpose_unknown"));
    wait_sealed(&scene.terminal);
    assert_eq!(titles(&mut scene), FIELDS);
}

#[test]
fn s3_15_3_records_of_processing_are_kept_a_year_and_access_records_seven() {
    let scene = Scene::new("ichinen");
    scene.apply("[policy]\nretention_operation_years = 1\nretention_access_years = 7\n");
    let mut scene = scene;
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    let standing = |scene: &Scene, class: &str| {
        let rows = scene.desk.list(&["retention", "list"]);
        // The newest month comes last.
        let row = rows.iter().find(|row| row["class"] == class).unwrap_or_else(|| panic!("{rows:?}"));
        row["standing"].as_str().unwrap().to_owned()
    };
    assert_eq!((standing(&scene, "operation"), standing(&scene, "access")), ("kept".into(), "kept".into()));
    scene.clock.pass(Duration::from_secs(400 * 24 * 3600));
    assert_eq!((standing(&scene, "operation"), standing(&scene, "access")), ("due".into(), "kept".into()));
}
