//! What was kept as long as it had to be is destroyed by two persons, and nobody reads it again; everything else stays, and stays proved.

use std::process::Output;
use std::time::Duration;

use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::refusal::Refusal;
use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::clock::live_by;
use sekisho_tests::ledger::{both, succeeded};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

use crate::offline_audit::{export, verify_offline};

/// Longer than records of the class operation are kept, counted from the end of their month.
const MORE_THAN_A_YEAR: Duration = Duration::from_secs(400 * 24 * 3600);

fn refused(output: &Output, words: &str) {
    let said = both(output);
    assert!(!output.status.success() && said.contains(words), "'{words}' is not said:\n{said}");
}

/// The second administrator approves all that waits; the first signs again afterwards.
fn approved(scene: &mut Scene) {
    let waiting: Vec<String> =
        scene.desk.list(&["proposals"]).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(waiting.len(), 1);
    refused(&scene.desk.try_run(&["approve", &waiting[0]]), "person");
    scene.desk.sign_as(1);
    scene.desk.run(&["approve", &waiting[0]]);
    scene.desk.sign_as(1);
}

/// The newest record of a kind.
fn newest(scene: &Scene, kind: &str) -> Option<u64> {
    scene.search(&["--kind", kind]).first().map(|row| row["index"].as_str().unwrap().parse().unwrap())
}

fn standing(scene: &Scene, class: &str, month: &str) -> String {
    let rows = scene.desk.list(&["retention", "list"]);
    let row = rows.iter().find(|row| row["class"] == class && row["month"] == month);
    row.map_or_else(String::new, |row| row["standing"].as_str().unwrap().to_owned())
}

fn status(scene: &Scene) -> String {
    let mut command = scene.ledger.command("status");
    live_by(scene.clock.file(), &mut command);
    let output = command.output().unwrap();
    succeeded("sekisho-ledger status", &output);
    both(&output)
}

#[test]
fn a_month_is_destroyed_by_two_persons_and_stays_destroyed_out_of_an_older_backup() {
    let mut scene = Scene::new("retention");
    let month = scene.clock.minute_in(Duration::ZERO)[..7].to_owned();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    for _ in 0..5 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
    let (up, decision) = (newest(&scene, "terminal_up").unwrap(), newest(&scene, "decision").unwrap());
    let (up_text, decision_text) = (up.to_string(), decision.to_string());
    scene.desk.run(&["records", "show", &up_text]);
    scene.terminal.stop();
    let older = scene.scratch.folder("older").join("data");
    let output = scene.ledger.command("backup").arg("--to").arg(&older).output().unwrap();
    succeeded("sekisho-ledger backup", &output);

    assert_eq!(standing(&scene, "operation", &month), "kept");
    let propose = ["retention", "propose", "--class", "operation", "--from", &month, "--to", &month];
    refused(&scene.desk.try_run(&propose), "are kept until");
    scene.clock.pass(MORE_THAN_A_YEAR);
    assert_eq!(standing(&scene, "operation", &month), "due");
    assert_eq!(standing(&scene, "access", &month), "kept");
    assert!(status(&scene).contains("operation: 1 months may be destroyed"), "{}", status(&scene));

    // Somebody asks for it: one person keeps it, two let it go.
    scene.desk.run(&["retention", "preserve", "hozen-1", "--class", "operation"]);
    assert_eq!(standing(&scene, "operation", &month), "preserved by hozen-1");
    refused(&scene.desk.try_run(&propose), "hozen-1");
    scene.desk.run(&["retention", "lift", "hozen-1"]);
    approved(&mut scene);
    assert_eq!(scene.desk.list(&["retention", "orders"])[0]["standing"], "lifted");

    scene.desk.run(&propose);
    scene.desk.run(&["records", "show", &up_text]);
    let file = |name: &str| scene.scratch.path().join(name).to_str().unwrap().to_owned();
    let (before, after, office) = (file("before.evidence"), file("after.evidence"), file("office.toml"));
    let number = scene.desk.permit_export("jumin");
    scene.desk.run(&["records", "evidence", &up_text, "--permission", &number, "--out", &before]);
    approved(&mut scene);
    wait::until("the month to be erased", || (standing(&scene, "operation", &month) == "destroyed").then_some(()));
    refused(&scene.desk.try_run(&["records", "show", &up_text]), "was destroyed");
    let found = both(&scene.desk.try_run(&["records", "search", "--kind", "terminal_up"]));
    assert!(found.contains("were destroyed"), "an answer says what it cannot find:\n{found}");
    // Evidence of before says what it said; evidence of now says that nothing is left but its place, and by which act.
    scene.desk.run(&["office", "export", &office]);
    scene.desk.run(&["verify-evidence", &before, "--office-id", &scene.desk.office().to_string()]);
    let evidence = ["records", "evidence", &up_text, &decision_text, "--permission", &number, "--out", &after];
    let taken = scene.desk.try_run(&evidence);
    let checked = scene.desk.try_run(&["verify-evidence", &after, "--office", &office]);
    for output in [taken, checked, scene.desk.try_run(&["records", "verify", &up_text])] {
        assert_eq!(output.status.code(), Some(4), "{}", both(&output));
        assert!(both(&output).contains("among what was destroyed (act"), "{}", both(&output));
    }
    assert_eq!(newest(&scene, "terminal_up"), None);
    assert_eq!(newest(&scene, "decision"), Some(decision));
    scene.desk.run(&["records", "verify", &decision_text]);
    scene.desk.assert_verified();
    refused(&scene.desk.try_run(&propose), "was destroyed by");
    // The exported logs have their hashes, and nothing of what they said.
    let (logs, permission) = (scene.scratch.path().join("logs"), scene.desk.permit_whole_export("jumin"));
    export(&scene, &logs, &permission, &[]);
    let offline = verify_offline("en", &logs, &["--office", &office]);
    let words = both(&offline);
    assert_eq!(offline.status.code(), Some(0), "{words}");
    assert!(words.contains("were destroyed by acts") && words.contains("records hold, 0 do not"), "{words}");
    let said = status(&scene);
    assert!(said.contains("destroyed by act") && !said.contains("not erased yet"), "{said}");

    scene.ledger.stop();
    scene.ledger.assert_sound();
    let restored = scene.ledger.back_with_keys_of_today(&older, &scene.clock);
    let (code, said) = restored.fsck();
    assert!(code == Some(1) && said.contains("is destroyed, and no act here says so"), "{said}");
    let data = DataDir::new(restored.data());
    let ledger = sekisho_ledger::ledger::Ledger::open(&data, std::sync::Arc::new(MachineClock)).unwrap();
    let office = ledger.offices()[0].id;
    let gone = ledger.record_bytes(&office, up);
    assert!(matches!(gone, Err(Refusal::Destroyed { act: None, .. })), "{gone:?}");
    assert!(ledger.record_bytes(&office, decision).is_ok(), "everything else opens");
}
