//! Somebody worked there and left. Once no record may mention her any more two persons erase her name, and it is nowhere any more: not at the ledger, not in
//! a backup, not at terminal or desk. What she and others signed stays, and verifies.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::store::LogName;
use sekisho_tests::clerk::{authorize, insert, login, pull};
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::wait;

const NAME: &str = "山本 陽子";
/// A name that was proposed for her, and never approved.
const PROPOSED: &str = "小山 陽子";
const FUNCTION: &str = "juminhyo.issue";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longer than a year from the end of the month after the one in which she left.
const LONG: Duration = Duration::from_secs(470 * 24 * 3600);

fn refused(output: &Output, words: &str) {
    let said = both(output);
    assert!(!output.status.success() && said.contains(words), "'{words}' is not said:\n{said}");
}

fn month(scene: &Scene) -> String {
    scene.clock.minute_in(Duration::ZERO)[..7].to_owned()
}

/// The second administrator approves what waits; gives what was said to him.
fn approved(scene: &mut Scene) -> String {
    let waiting = scene.desk.list(&["proposals"]);
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    scene.desk.sign_as(1);
    let said = scene.desk.run(&["approve", waiting[0]["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
    said
}

/// What is said of her among those who left.
fn standing(scene: &Scene, arguments: &[&str]) -> Option<(String, String)> {
    let rows = scene.desk.list(&[&["retention", "names"], arguments].concat());
    let row = rows.iter().find(|row| row["operator"] == "10041")?;
    let text = |key: &str| row[key].as_str().unwrap().to_owned();
    Some((text("name"), text("standing")))
}

/// Whether a file below holds one of her names.
fn holds_her_name(place: &Path) -> bool {
    let mut found = false;
    for entry in std::fs::read_dir(place).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found |= holds_her_name(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
            found |= holds(NAME) || holds(PROPOSED);
        }
    }
    found
}

/// The terminal sleeps while time passes.
fn passes(scene: &mut Scene, mut enough: impl FnMut(&Scene) -> bool) {
    scene.terminal.stop();
    while !enough(scene) {
        scene.clock.pass(DAY);
    }
    scene.terminal.start();
    wait_fresh(&scene.terminal);
}

/// She is designated, works, and leaves in one month; gives the index of her record, and a file of evidence about it.
fn works_and_leaves(scene: &mut Scene) -> (String, String) {
    let who = ["operator", "designate", "10041", "--section", "jumin", "--at-section", "jumin", "--name"];
    scene.desk.run(&[&who[..], &[NAME]].concat());
    scene.desk.run(&[&["--propose"], &who[..], &[PROPOSED]].concat());
    scene.desk.run(&["operator", "profile", "10041", "jumin-a", "--function", FUNCTION]);
    let (mut card, _) = scene.desk.issue("10041", &["--operator", "10041"]);
    scene.wait_current();
    insert(&scene.terminal, &mut card);
    login(&scene.terminal, &card);
    assert_eq!(authorize(&scene.terminal, FUNCTION).verdict.code, "granted");
    pull(&scene.terminal, &mut card);
    wait_sealed(&scene.terminal);
    let record = scene.search(&["--kind", "decision"])[0]["index"].as_str().unwrap().to_owned();
    let evidence = scene.scratch.path().join("before.evidence").to_str().unwrap().to_owned();
    let permission = scene.desk.permit_export("jumin");
    scene.desk.run(&["records", "evidence", &record, "--permission", &permission, "--out", &evidence]);
    refused(&scene.desk.try_run(&["retention", "erase-names", "10041"]), "he is designated");
    scene.desk.run(&["operator", "end", "10041", "--reason", "left_duty"]);
    refused(&scene.desk.try_run(&["retention", "erase-names", "10041"]), "neither returned nor revoked");
    let guid = scene.desk.guid_of("10041");
    scene.decide(&["card", "return", &guid, "--reason", "left_duty"]);
    refused(&scene.desk.try_run(&["retention", "erase-names", "10041"]), "are kept until");
    (record, evidence)
}

#[test]
fn the_name_of_who_left_is_erased_once_no_record_may_mention_her_and_is_nowhere_any_more() {
    let mut scene = Scene::new("erased-names");
    scene.apply("[policy]\nretention_access_years = 1\nretention_administration_years = 1\n");
    // What this month promised is kept as long as it was promised.
    let first = month(&scene);
    passes(&mut scene, |scene| month(scene) != first);
    let (record, evidence) = works_and_leaves(&mut scene);
    let (terminal, home) = (scene.terminal.state(), scene.desk.file("home"));
    assert!(holds_her_name(&terminal) && holds_her_name(&home));
    let older = scene.scratch.folder("older").join("data");
    let output = scene.ledger.command("backup").arg("--to").arg(&older).output().unwrap();
    succeeded("sekisho-ledger backup", &output);

    let (from, begun) = (month(&scene), scene.clock.now_ms());
    let left = u128::from(begun) + LONG.as_millis();
    let mut to = from.clone();
    passes(&mut scene, |scene| {
        if to == from {
            to = month(scene);
        }
        u128::from(scene.clock.now_ms()) >= left
    });
    let (name, why) = standing(&scene, &[]).unwrap();
    assert!(name == NAME && why.contains("may mention him"), "{why}");
    assert_eq!(standing(&scene, &["--due"]), None);
    refused(&scene.desk.try_run(&["retention", "erase-names", "10041"]), "may mention him");
    for class in ["access", "operation", "administration"] {
        scene.desk.run(&["retention", "propose", "--class", class, "--from", &from, "--to", &to]);
        approved(&mut scene);
    }
    assert_eq!(standing(&scene, &["--due"]), Some((NAME.to_owned(), "may be erased".to_owned())));
    let keys = scene.ledger.data().join("payload.key");
    let before = std::fs::read(&keys).unwrap();
    for said in [scene.desk.run(&["retention", "erase-names", "10041"]), approved(&mut scene)] {
        assert!(said.contains(&format!("10041: {NAME}; this cannot be undone")), "{said}");
    }
    let erased = || Some(("(name erased)".to_owned(), "erased".to_owned()));
    assert_eq!(standing(&scene, &[]), erased());
    wait::until("the key of the name to be gone", || (std::fs::read(&keys).unwrap() != before).then_some(()));
    scene.wait_current();
    assert!(!holds_her_name(&terminal) && !holds_her_name(&home) && !holds_her_name(scene.ledger.data()));

    // Others keep theirs; what was signed stands; the code is what is left.
    let operators = scene.desk.list(&["operator", "list"]);
    let named = |code: &str| operators.iter().find(|row| row["operator"] == code).unwrap()["name"].clone();
    assert_eq!((named("10041"), named("10023")), ("(name erased)".into(), "田中 さくら".into()));
    assert!(scene.desk.list_in("ja", &["retention", "names"]).iter().any(|row| row["name"] == "(氏名消去)"));
    assert!(scene.desk.run(&["acts"]).contains("erase every name of operators 10041; this is final"));
    refused(&scene.desk.try_run(&["records", "show", &record]), "was destroyed");
    scene.desk.assert_verified();
    // Evidence of then says what it said then.
    let said = scene.desk.run(&["verify-evidence", &evidence, "--office-id", &scene.desk.office().to_string()]);
    assert!(said.contains(&format!("{NAME} (10041)")), "{said}");
    // A name that is gone is not missing.
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
    let restored = scene.ledger.back_with_keys_of_today(&older, &scene.clock);
    let (code, said) = restored.fsck();
    assert!(code == Some(1) && said.contains("the key of a name or text is gone, and no act here says so"), "{said}");
    let ledger =
        sekisho_ledger::ledger::Ledger::open(&DataDir::new(restored.data()), std::sync::Arc::new(MachineClock));
    let ledger = ledger.unwrap();
    let office = ledger.offices()[0].id;
    let beside = |log| ledger.names_beside(&office, log, 0..1_000).unwrap();
    let names = [LogName::Register, LogName::Casebook].into_iter().flat_map(beside);
    let names: Vec<String> = names.map(|name| name.text.to_string()).collect();
    assert!(names.iter().any(|name| name == "田中 さくら"));
    assert!(!names.iter().any(|name| name == NAME || name == PROPOSED), "{names:?}");
}
