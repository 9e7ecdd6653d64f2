//! Cards: each one's own, counted, and those that wait for an emergency.

use std::collections::BTreeSet;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::scene::Scene;

use crate::cases::{day, open, waits};

const MINUTE: Duration = Duration::from_secs(60);

/// The GUIDs of all cards.
fn cards(scene: &Scene) -> Vec<String> {
    scene.desk.list(&["card", "list"]).iter().map(|card| card["guid"].as_str().unwrap().to_owned()).collect()
}

/// A spare card, asleep, whose first PIN lies in an envelope; and its GUID.
fn spare(scene: &mut Scene) -> (sekisho_tests::desk::Issued, String) {
    let before = cards(scene);
    let envelope = scene.desk.file("pins/spare.pin");
    let issue = ["--kind", "spare", "--dormant", "--first-pin-file", envelope.to_str().unwrap()];
    let (card, _) = scene.desk.issue_with("spare", &issue);
    scene.wait_current();
    let guid = cards(scene).into_iter().find(|guid| !before.contains(guid)).unwrap();
    (card, guid)
}

#[test]
fn s4_10_1_2_a_sections_cards_are_listed_and_all_of_them_add_up_to_the_stock() {
    let mut scene = Scene::new("zaiko");
    let (_, sleeping) = spare(&mut scene);
    scene.desk.run(&["card", "suspend", &scene.desk.guid_of("10031"), "--reason", "damaged"]);
    let all = scene.desk.list(&["card", "list"]);
    let mut counted = BTreeSet::new();
    for (section, operator, state) in [("jumin", "10023", "active"), ("zeimu", "10031", "suspended")] {
        let rows = scene.desk.list(&["card", "list", "--section", section]);
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((&row["operator"], &row["state"]), (&operator.into(), &state.into()), "{section}");
        let said = scene.desk.run(&["card", "list", "--section", section]);
        assert!(said.contains(&format!("1 cards: {state} 1")), "{said}");
        counted.extend(rows.iter().map(|row| row["guid"].to_string()));
    }
    // What is in no section: the administrators' own, and stock.
    let nowhere: Vec<_> = all.iter().filter(|row| row["section"] == "-").collect();
    assert!(nowhere.iter().any(|row| row["guid"] == sleeping.as_str() && row["state"] == "dormant"), "{nowhere:?}");
    counted.extend(nowhere.iter().map(|row| row["guid"].to_string()));
    assert_eq!(counted.len(), all.len(), "every card once");
    let said = scene.desk.run(&["card", "list"]);
    assert!(said.contains(&format!("{} cards: active 3, dormant 1, suspended 1", all.len())), "{said}");
    // Blank cards add up, too: all that were issued came out of sixty.
    let on = format!("on={}", day(&scene, 0));
    open(&scene, "card-stock", &["movement=received", "number=60", &on]);
    open(&scene, "card-stock", &["movement=spoilt", "number=1", &on, "method=裁断"]);
    let left = 60 - 1 - all.len();
    let total = |scene: &Scene| scene.desk.list(&["register", "print", "stock"]).pop().unwrap()["blank"].clone();
    assert_eq!(total(&scene), left.to_string());
    open(&scene, "card-stock", &["movement=counted", &format!("number={}", left - 1), &on]);
    let [row] = waits(&scene, "does not add up").try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row.to_string().contains(&format!("{} found, {left} expected", left - 1)), "{row}");
    open(&scene, "card-stock", &["movement=spoilt", "number=1", &on, "method=裁断"]);
    assert!(waits(&scene, "does not add up").is_empty(), "it was found in the shredder");
    assert_eq!(total(&scene), (left - 1).to_string());
}

#[test]
fn s4_11_3_no_two_persons_share_a_card_or_its_number() {
    let mut scene = Scene::new("kojin");
    scene.desk.lay_in(&mut scene.clerk);
    let pin = scene.desk.file("none.pin");
    let said =
        scene.refused(&["card", "issue", "--operator", "10031", "--also", "--first-pin-file", pin.to_str().unwrap()]);
    assert!(said.contains("it is issued already"), "{said}");
    let mut clerk = scene.clerk;
    scene.desk.take_out(&mut clerk);
    scene.clerk = clerk;
    let (_, _) = scene.desk.issue("10032", &["--operator", "10032"]);
    let rows = scene.desk.list(&["card", "list"]);
    for key in ["number", "guid"] {
        let different: BTreeSet<_> = rows.iter().map(|row| row[key].to_string()).collect();
        assert_eq!(different.len(), rows.len(), "{key}: {rows:?}");
    }
    // It says who somebody is, and what for.
    scene.wait_current();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!((session.operator.as_str(), session.profile.as_str()), ("10023", "jumin-a"));
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    // Returned, made blank and issued anew it is another card, with another number.
    pull(&scene.terminal, &mut scene.clerk);
    let former = scene.desk.guid_of("10023");
    scene.desk.run(&["card", "return", &former, "--reason", "left_duty"]);
    scene.desk.lay_in(&mut scene.clerk);
    scene.desk.run(&["card", "reset"]);
    scene.desk.run(&["card", "issue", "--operator", "10031", "--also", "--first-pin-file", pin.to_str().unwrap()]);
    let rows = scene.desk.list(&["card", "list"]);
    let of = |guid: &str| rows.iter().find(|row| row["guid"] == guid).unwrap().clone();
    let (old, new) = (of(&former), of(&scene.desk.guid_of("10031")));
    assert!(old["operator"] == "10023" && new["operator"] == "10031" && old["number"] != new["number"], "{old} {new}");
}

#[test]
fn s4_11_5_a_spare_card_sleeps_until_it_is_activated_and_sleeps_again_by_itself() {
    let mut scene = Scene::new("spare");
    // Prepared beforehand, with an approval; and so is its use.
    scene.apply_by_two(
        "[[route]]\nclass = \"operators\"\nproposers = [\"terminal_manager\"]\napprovers = [\"data_protection_manager\"]\n",
    );
    let (mut card, guid) = spare(&mut scene);
    insert(&scene.terminal, &mut card);
    assert_eq!(try_login(&scene.terminal, &card), "card_dormant");
    let until = scene.clock.minute_in(4 * MINUTE);
    let activate = ["card", "activate", &guid, "--operator", "10023", "--reason", "wasureta"];
    let unnamed = scene.refused(&["card", "activate", &guid, "--reason", "wasureta", "--to", &until]);
    assert!(unnamed.contains("--operator"), "it is activated for somebody: {unnamed}");
    scene.decide(&[&activate[..], &["--to", &until]].concat());
    assert_eq!(try_login(&scene.terminal, &card), "card_problem", "the PIN of the envelope opens nothing");
    pull(&scene.terminal, &mut card);
    scene.desk.choose_pin(&card, "805294");
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    let session = scene.terminal.client().status().unwrap().session.unwrap();
    assert_eq!((session.operator.as_str(), session.profile.as_str()), ("10023", "jumin-a"));
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("10023") && acts.contains("wasureta") && acts.contains("佐藤 一郎"), "{acts}");
    scene.clock.pass(5 * MINUTE);
    assert_ne!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &card), "card_dormant");
}
