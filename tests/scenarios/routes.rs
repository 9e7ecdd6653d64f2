//! Two people: what one proposes the other approves, and the register of all decisions.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::ledger::both;
use sekisho_tests::scene::Scene;

/// Runs a call that must be refused; gives what was said.
fn refused(scene: &Scene, arguments: &[&str]) -> String {
    let output = scene.desk.try_run(arguments);
    let said = both(&output);
    assert!(!output.status.success(), "{arguments:?} went through:\n{said}");
    said
}

/// The ids of the proposals that are open.
fn open(scene: &Scene) -> Vec<String> {
    scene.desk.list(&["proposals"]).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Makes the second administrator's approval necessary for functions: this itself takes both.
fn two_for_functions(scene: &mut Scene) {
    let route = ["route", "set", "functions", "--proposer", "system_manager", "--approver", "system_manager"];
    scene.desk.run(&[&["--propose"], &route[..]].concat());
    let proposals = open(scene);
    assert_eq!(proposals.len(), 1);
    scene.desk.sign_as(1);
    scene.decide(&["approve", &proposals[0]]);
    assert!(open(scene).is_empty(), "an approved proposal is not open any more");
}

const NEW: [&str; 4] = ["function", "set", "nenkin.inquire", "年金照会"];

#[test]
fn what_one_administrator_proposes_another_approves() {
    let mut scene = Scene::new("routes");
    two_for_functions(&mut scene);
    assert!(refused(&scene, &NEW).contains("approv"));
    scene.desk.run(&[&["--propose"], &NEW[..]].concat());
    let proposals = open(&scene);
    let functions = |scene: &Scene| scene.desk.run(&["--json", "register", "print", "functions"]);
    assert!(!functions(&scene).contains("nenkin.inquire"), "a proposal decides nothing");

    let said = refused(&scene, &["approve", &proposals[0]]);
    assert!(said.contains("person"), "the proposer does not approve: {said}");
    assert_eq!(open(&scene), proposals, "it is still open");
    scene.desk.sign_as(1);
    scene.decide(&["approve", &proposals[0][..12]]);
    assert!(functions(&scene).contains("nenkin.inquire"));
    assert_ne!(scene.terminal.client().status().unwrap().state, SessionState::Open);

    let acts = scene.desk.run(&["acts"]);
    let full = scene.desk.run(&["acts", "--full"]);
    for said in [&acts, &full] {
        assert!(said.contains("nenkin.inquire") && said.contains("route"), "{said}");
    }
    assert!(full.contains("佐藤 一郎") && full.contains("鈴木 花子"), "who proposed and who approved:\n{full}");
}

#[test]
fn an_approver_reads_whom_she_approves() {
    let mut scene = Scene::new("whom");
    let who = ["operator", "designate", "10040", "--name", "新田 次郎", "--section", "jumin"];
    scene.desk.run(&[&["--propose"], &who[..]].concat());
    scene.desk.sign_as(1);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert!(proposal["what"].as_str().unwrap().contains("10040 is 新田 次郎"), "{proposal}");
    let said = scene.decide(&["approve", proposal["id"].as_str().unwrap()]);
    assert!(said.contains("10040 is 新田 次郎"), "shown before it is signed:\n{said}");
    let read = scene.search(&["--kind", "read"]);
    assert!(!read.is_empty(), "the reading of a name is written down");
    assert!(scene.desk.run(&["operator", "list"]).contains("新田 次郎"));
}

#[test]
fn no_proposal_no_approval() {
    let mut scene = Scene::new("noproposal");
    two_for_functions(&mut scene);
    let hash = "ab".repeat(32);
    for id in ["", "zz", "令和", &hash] {
        let said = refused(&scene, &["approve", id]);
        assert!(said.contains("proposal"), "{id}: {said}");
    }
    scene.desk.run(&[&["--propose"], &NEW[..]].concat());
    let proposals = open(&scene);
    scene.clock.pass(Duration::from_secs(15 * 24 * 3600));
    scene.desk.sign_as(1);
    assert!(open(&scene).is_empty(), "a proposal that nobody approved runs out");
    let said = refused(&scene, &["approve", &proposals[0]]);
    assert!(said.contains("proposal"), "{said}");
}

#[test]
fn cards_and_permits_are_numbered_in_the_order_of_the_log() {
    let mut scene = Scene::new("numbers");
    let year = scene.clock.fiscal_year() - 2018;
    let expected =
        |count: usize| -> Vec<String> { (1..=count).map(|n| format!("令和{year}年度第{n}号")).collect() };
    let numbers = |scene: &Scene, arguments: &[&str]| -> Vec<String> {
        let rows = scene.desk.list_in("ja", arguments);
        let mut numbers: Vec<String> = rows.iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect();
        numbers.sort();
        numbers
    };
    let (_, said) = scene.desk.issue("10032", &["--operator", "10032"]);
    assert!(said.contains(&format!("{}-5", scene.clock.fiscal_year())), "the fifth card: {said}");
    assert_eq!(numbers(&scene, &["card", "list"]), expected(5));
    for operator in ["10023", "10031"] {
        let minute = |minutes: u64| scene.clock.minute_in(Duration::from_secs(60 * minutes));
        let when = ["--from", &minute(1), "--to", &minute(60), "--reason", "zangyo"];
        let who = ["permit", "grant", "--operator", operator, "--terminal", "jumin-1"];
        scene.desk.run(&[&who[..], &when[..]].concat());
    }
    assert_eq!(numbers(&scene, &["permit", "list"]), expected(2));
}
