//! Who decides what: the data protection manager, the chooser of operators, the auditor.

use std::time::Duration;

use sekisho_tests::clerk::{insert, login, pull, try_login};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};

const NEW: [&str; 9] =
    ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin", "--at-section", "jumin"];

/// Operators are chosen by who manages terminals, and approved by the data protection manager.
const OPERATORS_BY_TWO: &str =
    "[[route]]\nclass = \"operators\"\nproposers = [\"terminal_manager\"]\napprovers = [\"data_protection_manager\"]\n";

fn known(scene: &Scene, operator: &str) -> bool {
    scene.desk.list(&["operator", "list"]).iter().any(|row| row["operator"] == operator)
}

#[test]
fn s4_3_4_what_the_data_protection_manager_approves_nobody_else_approves() {
    let mut scene = Scene::new("hogo");
    let others = ["chief_security_officer", "system_manager", "access_manager", "security_manager", "terminal_manager"];
    scene.appoint("20003", "外 守", "sonota", &others);
    scene.apply_by_two(OPERATORS_BY_TWO);
    scene.desk.run(&[&["--propose"], &NEW[..]].concat());
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let approve = ["approve", proposal["id"].as_str().unwrap()];
    scene.desk.sign_by("20003");
    let said = scene.refused(&approve);
    assert!(said.contains("role") || said.contains("may not") || said.contains("none of your posts"), "{said}");
    assert!(!known(&scene, "10040"));
    scene.desk.sign_by("20002");
    scene.desk.run(&approve);
    assert!(known(&scene, "10040"));
}

#[test]
fn s4_11_1_who_chooses_an_operator_does_not_approve_him() {
    let mut scene = Scene::new("senin");
    scene.apply_by_two(OPERATORS_BY_TWO);
    assert!(scene.refused(&NEW).contains("approv"), "nobody designates alone");
    scene.desk.run(&[&["--propose"], &NEW[..]].concat());
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    // She holds both roles, and is one person.
    let said = scene.refused(&["approve", proposal["id"].as_str().unwrap()]);
    assert!(said.contains("person"), "{said}");
    assert!(!known(&scene, "10040"));
    scene.approve();
    assert!(known(&scene, "10040"));
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("佐藤 一郎") && acts.contains("approved by 鈴木 花子"), "{acts}");
}

#[test]
fn s4_4_4_an_auditor_reads_everything_changes_nothing_and_is_on_record() {
    let mut scene = Scene::new("kansa");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    scene.appoint("20003", "監物 査", "kansa", &["auditor"]);
    let guid = scene.desk.guid_of("10023");
    scene.desk.sign_by("20003");
    let found = scene.search(&["--operator", "10023"]);
    assert!(!found.is_empty(), "records of any section");
    scene.desk.run(&["records", "show", found[0]["index"].as_str().unwrap()]);
    for read in [
        &["register", "print", "operators"][..],
        &["card", "list"],
        &["acts", "--full"],
        &["proposals"],
        &["report", "list"],
    ] {
        scene.desk.run(read);
    }
    scene.desk.assert_verified();
    for change in [
        &["operator", "suspend", "10023", "--reason", "other"][..],
        &["card", "suspend", &guid, "--reason", "lost"],
        &["connection", "stop"],
        &["function", "set", "nenkin.inquire", "年金照会"],
        &["--propose", "function", "set", "nenkin.inquire", "年金照会"],
    ] {
        let _ = scene.refused(change);
    }
    scene.desk.sign_by("20001");
    let read = scene.search(&["--kind", "read", "--operator", "20003"]);
    assert!(read.len() >= 2, "each of his readings: {read:?}");
    assert!(read.iter().all(|row| row["what"].as_str().unwrap().contains("監物 査")), "{read:?}");
}

#[test]
fn s4_7_who_was_not_designated_anew_does_not_get_in_on_1_april() {
    let mut scene = Scene::new("nendo");
    let year = scene.clock.fiscal_year() + 1;
    // The card is good for longer: what ends is the designation.
    let next = format!("{}-03-31", year + 1);
    let (mut card, _) = scene.desk.issue("new", &["--operator", "10023", "--also", "--to", &next]);
    scene.wait_current();
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    wait_sealed(&scene.terminal);
    pull(&scene.terminal, &mut card);
    scene.terminal.stop();
    while !scene.clock.minute_in(Duration::ZERO).starts_with(&format!("{year}-04-01")) {
        scene.clock.pass(Duration::from_secs(6 * 3600));
    }
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut card);
    assert_eq!(try_login(&scene.terminal, &card), "designation_ended");
    let row = |scene: &Scene| {
        let rows = scene.desk.list(&["operator", "list"]);
        rows.into_iter().find(|row| row["operator"] == "10023").unwrap()
    };
    assert_eq!(row(&scene)["state"], "ended");
    scene.apply(
        "[[operator]]\noperator = \"10023\"\nname = \"田中 さくら\"\nsection = \"jumin\"\nsections = [\"jumin\"]\n\
         [[profile]]\noperator = \"10023\"\nprofile = \"jumin-a\"\nfunctions = [\"juminhyo.issue\"]\n",
    );
    login(&scene.terminal, &card);
    assert_eq!((&row(&scene)["state"], &row(&scene)["to"]), (&"active".into(), &next.as_str().into()));
}

#[test]
fn s4_10_2_no_card_is_issued_without_the_approval() {
    let mut scene = Scene::new("shonin");
    scene.apply_by_two(
        "[[route]]\nclass = \"cards\"\nproposers = [\"terminal_manager\"]\napprovers = [\"data_protection_manager\"]\n\
         [[route]]\nclass = \"hours\"\nproposers = [\"terminal_manager\"]\napprovers = []\ndistinct = false\n",
    );
    let mut card = scene.desk.chosen("new");
    scene.desk.lay_in(&mut card);
    let pin = card.pin_file().to_str().unwrap().to_owned();
    let said = scene.desk.run(&["card", "issue", "--operator", "10023", "--also", "--own-pin-file", &pin]);
    assert!(said.contains("until it is approved"), "{said}");
    assert!(scene.refused(&["card", "issue", "--resume"]).contains("approv"), "not before");
    scene.desk.take_out(&mut card);
    insert(&scene.terminal, &mut card);
    assert_eq!(try_login(&scene.terminal, &card), "card_unknown");
    pull(&scene.terminal, &mut card);
    scene.approve();
    scene.desk.lay_in(&mut card);
    scene.desk.run(&["card", "issue", "--resume"]);
    scene.desk.take_out(&mut card);
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    // What needs no approval goes on without one (items 3 and 4).
    let minute = |minutes: u64| scene.clock.minute_in(Duration::from_secs(60 * minutes));
    let when = ["--from", &minute(1), "--to", &minute(60), "--reason", "zangyo"];
    scene.decide(&[&["permit", "grant", "--operator", "10023", "--terminal", "jumin-1"], &when[..]].concat());
}
