//! Who heads what, and who is let near the system at all.

use sekisho_tests::clerk::{insert, pull, try_login};
use sekisho_tests::scene::Scene;

use crate::cases::{day, now, open, shown, step, waits};
use crate::transfer::{FORMER, NEXT, announced, come};

#[test]
fn s3_8_9_from_the_day_of_transfer_the_next_head_acts_and_the_former_does_not() {
    let mut scene = Scene::new("buchou");
    announced(&mut scene, "hogo-kanri", "data_protection_manager", "");
    let suspend = |scene: &mut Scene, operator: &str, whose: &str| {
        scene.desk.sign_by(operator);
        scene.desk.try_run(&["--wait", "2", "operator", "suspend", whose, "--reason", "other"]).status.success()
    };
    assert!(!suspend(&mut scene, NEXT, "10031"), "not before the day");
    assert!(suspend(&mut scene, FORMER, "10031"));
    come(&scene);
    assert!(!suspend(&mut scene, FORMER, "10023"), "not from the day on");
    assert!(suspend(&mut scene, NEXT, "10023"), "from the day on");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("後藤 継") && acts.contains("(hogo-kanri)"), "in the name of the same post: {acts}");
}

#[test]
fn s3_10_a_designation_of_system_staff_is_reported_to_the_data_protection_manager() {
    let mut scene = Scene::new("hokoku");
    scene.appoint("20003", "保護 守", "hogo", &["data_protection_manager"]);
    let unreported = |scene: &Scene, who: &str| {
        let rows = waits(scene, "was not reported to the data protection manager");
        rows.into_iter().filter(|row| row.to_string().contains(who)).collect::<Vec<_>>()
    };
    let report = |scene: &Scene, how: &str| {
        let acts = scene.desk.list(&["acts", "--last", "1"]);
        let (act, at) = (format!("act={}", acts[0]["id"].as_str().unwrap()), format!("at={}", now(scene)));
        open(scene, "notice", &["post=hogo", &act, &at, how])
    };
    scene.desk.run(&["operator", "designate", "10040", "--name", "電田 算", "--section", "jumin"]);
    assert!(unreported(&scene, "10040").is_empty(), "an operator is none of the system staff");
    let staff =
        ["operator", "designate", "10041", "--name", "電山 機", "--section", "jumin", "--class", "system_staff"];
    scene.desk.run(&staff);
    let [row] = unreported(&scene, "10041").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let how = row["do"].as_str().unwrap();
    let act = scene.desk.list(&["acts", "--last", "1"])[0]["id"].as_str().unwrap().to_owned();
    assert!(how.contains("case open notice post=") && how.contains(&act), "the next step: {how}");

    let case = report(&scene, "how=書面");
    assert!(unreported(&scene, "10041").is_empty());
    // The manager takes note of it himself: until then it waits for him.
    let heard = waits(&scene, &format!("case step {case} acknowledge"));
    assert!(heard.len() == 1 && heard[0]["whose"] == "post 職 hogo", "{heard:?}");
    let _ = scene.refused(&["case", "step", &case, "acknowledge"]);
    scene.desk.sign_by("20003");
    step(&scene, &case, "acknowledge", &[]);
    scene.desk.sign_by("20001");
    assert!(waits(&scene, &case).is_empty());
    let said = shown(&scene, &case);
    assert!(said.contains("保護 守") && said.contains("nothing has to be done"), "{said}");
    let sheet = scene.desk.run(&["case", "sheet", &case]);
    for word in ["hogo", "10041", "system staff", "保護 守"] {
        assert!(sheet.contains(word), "'{word}' is missing from the report: {sheet}");
    }

    // A change is one as well, and so is the end.
    scene.desk.run(&[&staff[..], &["--to", &day(&scene, 20)]].concat());
    assert_eq!(unreported(&scene, "10041").len(), 1);
    report(&scene, "how=書面");
    scene.desk.run(&["operator", "end", "10041", "--reason", "left_duty"]);
    assert_eq!(unreported(&scene, "10041").len(), 1);
    // Telling the person himself is no report.
    let acts = scene.desk.list(&["acts", "--last", "1"]);
    let act = format!("act={}", acts[0]["id"].as_str().unwrap());
    open(&scene, "notice", &["operator=10041", &act, &format!("at={}", now(&scene))]);
    assert_eq!(unreported(&scene, "10041").len(), 1);
    report(&scene, "how=書面");
    assert!(unreported(&scene, "10041").is_empty());
}

#[test]
fn s3_17_2_the_card_of_somebody_who_is_not_registered_administers_nothing() {
    let mut scene = Scene::new("denzan");
    scene.appoint("20003", "電田 算", "denzan", &["system_manager"]);
    let act = ["function", "set", "nenkin.inquire", "年金照会"];
    scene.desk.sign_by("20003");
    scene.desk.run(&act);
    // He leaves the register: an entry that has ended is none.
    scene.desk.sign_by("20001");
    scene.by_two(&["operator", "end", "20003", "--reason", "left_duty"]);
    scene.desk.sign_by("20003");
    let _ = scene.refused(&act);
    let _ = scene.refused(&["records", "search"]);
    // Who never was in it has a card like others, with keys that sign.
    let stranger = scene.desk.unregistered("stranger");
    scene.desk.sign_with(stranger);
    let _ = scene.refused(&act);
    let _ = scene.refused(&["operator", "list"]);
    scene.desk.sign_by("20001");
    assert_eq!(scene.desk.run(&["acts"]).matches("nenkin.inquire").count(), 1, "one act of one person");
}

#[test]
fn s3_25_a_card_for_the_machine_room_opens_no_terminal() {
    let mut scene = Scene::new("door");
    let (mut door, said) = scene.desk.issue("door", &["--kind", "room-entry", "--operator", "10023"]);
    scene.wait_current();
    insert(&scene.terminal, &mut door);
    assert_eq!(try_login(&scene.terminal, &door), "card_never_opens");
    pull(&scene.terminal, &mut door);
    let kinds = scene.desk.list(&["card", "list"]);
    assert!(kinds.iter().any(|card| card["kind"] == "room-entry"), "a kind of its own: {kinds:?}\n{said}");
    // Nor does it administer.
    scene.desk.sign_with(door);
    let _ = scene.refused(&["operator", "list"]);
}
