//! Who heads what, and who is let near the system at all.

use sekisho_tests::clerk::{insert, pull, try_login};
use sekisho_tests::scene::Scene;

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
