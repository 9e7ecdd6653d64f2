//! A casebook that nobody can fill again: its successor is proposed by a file from one desk to another, for no casebook takes the proposal. Then
//! terminal and desks go on with it, and no incident gets a number that another one had.

use std::path::{Path, PathBuf};

use sekisho_ipc::{IncidentClass, ReportIncidentRequest};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

use crate::desks::{export, hers, refused, run};

/// The checkpoint file of this log of the only office.
fn signed(data: &Path, log: &str) -> String {
    let offices = std::fs::read_dir(data.join("checkpoints")).unwrap().flatten();
    let office = offices.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap();
    std::fs::read_to_string(office.join(log)).unwrap_or_default()
}

fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default()
}

fn reports(scene: &Scene) {
    let report = ReportIncidentRequest { class: IncidentClass::Misuse, kind: "leak".into(), card: None };
    scene.terminal.client().report_incident(&report).unwrap();
    let mut client = scene.terminal.client();
    wait::until("no report to wait", || (client.status().ok()?.reports_waiting == 0).then_some(()));
}

/// What the terminal was given to keep, so far.
fn given(scene: &Scene) -> serde_json::Value {
    let text = std::fs::read(scene.terminal.state().join("keepsakes/given.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Waits until the terminal has been given, and has verified, all that was signed.
fn wait_given(scene: &Scene) {
    wait_sealed(&scene.terminal);
    wait::until("the last keepsake", || {
        let given = given(scene);
        let has = |at: usize, log| given["to"][at].as_u64() >= Some(size_of(&signed(scene.ledger.data(), log)));
        (has(0, "records") && has(1, "casebook")).then_some(())
    });
}

/// The terminal loses what it keeps of the casebook from this index on.
fn forget_cases(scene: &Scene, from: u64) {
    let file = scene.terminal.state().join("keepsakes/entries");
    let bytes = std::fs::read(&file).unwrap();
    // Length (4), time (8), log (1), index (8), and so many bytes.
    let (mut left, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((head, behind)) = rest.split_first_chunk::<21>() {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let index = u64::from_be_bytes(head[13..].try_into().unwrap());
        if head[12] != 1 || index < from {
            left.extend_from_slice(&rest[..21 + length]);
        }
        rest = &behind[length..];
    }
    assert!(left.len() < bytes.len());
    std::fs::write(&file, left).unwrap();
}

fn status(scene: &Scene) -> String {
    both(&scene.ledger.command("status").output().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The file with one bit of the signed proposal turned.
fn altered(scene: &Scene, file: &Path) -> PathBuf {
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.len() - 40;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let altered = scene.scratch.folder("altered").join("proposal");
    std::fs::write(&altered, bytes).unwrap();
    altered
}

#[test]
fn a_casebook_that_nobody_can_fill_goes_on_by_a_file_from_desk_to_desk() {
    let mut scene = Scene::new("casebook");
    let (file, print) = export(&scene);
    scene.desk.sign_as(1);
    run(hers(&scene, &["join", &file, "--fingerprint", &print]));
    scene.desk.sign_as(1);
    reports(&scene);
    // This desk verifies what will be left.
    assert!(scene.desk.list(&["proposals"]).is_empty());
    wait_given(&scene);
    scene.ledger.stop();
    let copy = scene.scratch.folder("copy").join("data");
    scene.ledger.snapshot(&copy);
    scene.ledger.serve();

    let route = ["--propose", "route", "set", "cards", "--proposer", "system_manager", "--approver", "system_manager"];
    scene.desk.run(&route);
    reports(&scene);
    wait_given(&scene);
    scene.ledger.stop();
    scene.terminal.stop();
    let (kept, lost) = (size_of(&signed(&copy, "casebook")), size_of(&signed(scene.ledger.data(), "casebook")));
    assert_eq!((kept, lost), (1, 3));
    forget_cases(&scene, kept);
    scene.ledger.put_back(&copy);
    scene.ledger.serve();
    scene.terminal.start();
    wait::until("the casebook to stop, and the others to be filled again", || {
        let lost = scene.desk.list(&["log", "lost"]);
        (lost.len() == 1 && lost[0]["log"] == "casebook").then_some(())
    });

    // What the ledger does not take now is kept by the desk, and still kept after the next command that finds it so.
    let outbox = scene.desk.file("home/outbox");
    let kept = || {
        let names = std::fs::read_dir(&outbox).into_iter().flatten().map(|waiting| waiting.unwrap().file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let said = both(&scene.desk.try_run(&route));
    let first = kept();
    assert!(said.contains("sent again with the next command") && !first.is_empty(), "{said}");
    let said = both(&scene.desk.try_run(&["card", "list"]));
    assert!(said.contains("sent again with the next command") && kept() == first, "{said}");
    for waiting in std::fs::read_dir(&outbox).unwrap() {
        std::fs::remove_file(waiting.unwrap().path()).unwrap();
    }

    // One proposes, by a file; who proposed does not approve.
    let proposal = scene.scratch.folder("proposal").join("casebook.proposal");
    let said = both(&scene.desk.try_run(&["--propose", "log", "succeed", "casebook"]));
    assert!(said.contains("--to FILE"), "{said}");
    let said = scene.desk.run(&["--propose", "log", "succeed", "casebook", "--to", text(&proposal)]);
    assert!(said.contains("place of log casebook") && said.contains("sekisho-admin log approve"), "{said}");
    let alone = scene.desk.try_run(&["log", "approve", text(&proposal)]);
    assert!(!alone.status.success() && both(&alone).contains("different persons"), "{}", both(&alone));
    // The other one's desk shows what she signs, and takes nothing that was altered.
    scene.desk.sign_as(1);
    refused(hers(&scene, &["log", "approve", text(&altered(&scene, &proposal))]));
    refused(hers(&scene, &["log", "approve", &file]));
    let said = run(hers(&scene, &["log", "approve", text(&proposal)]));
    assert!(
        said.contains("the 1 entries that are left") && said.contains("of the 3 that were signed is lost"),
        "{said}"
    );
    scene.desk.sign_as(1);
    scene.ledger.stop();
    scene.ledger.serve();
    wait::until("the other casebook", || status(&scene).contains("casebook-2").then_some(()));
    scene.wait_current();

    // Numbers go on where no lost incident can have been; what was lost stands in the records, and is proposed anew.
    reports(&scene);
    let year = scene.clock.fiscal_year();
    let rows = scene.desk.list(&["report", "list"]);
    let whats: Vec<_> = rows.iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(whats, [format!("incident {year}-20001"), format!("incident {year}-1")]);
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--kind", "incident_reported"]).len(), 3);
    assert!(scene.desk.list(&["proposals"]).is_empty());
    scene.desk.run(&route);
    scene.desk.sign_as(1);
    let id = scene.desk.list(&["proposals"])[0]["id"].as_str().unwrap().to_owned();
    run(hers(&scene, &["approve", &id]));
    scene.desk.sign_as(1);
    // The terminal keeps the new one, too, and nobody who comes again stops it.
    wait_given(&scene);
    wait::until("the terminal to follow", || {
        let given = given(&scene);
        (given["generations"] == serde_json::json!([1, 2]) && given["to"][1] == 3).then_some(())
    });
    scene.terminal.stop();
    scene.terminal.start();
    scene.ledger.stop();
    scene.ledger.serve();
    reports(&scene);
    scene.desk.assert_verified();
    scene.terminal.stop();
    scene.ledger.stop();
    assert_eq!(signed(scene.ledger.data(), "casebook"), signed(&copy, "casebook"), "the lost one is as it was");
    assert_eq!(size_of(&signed(scene.ledger.data(), "casebook-2")), 4);
    scene.ledger.assert_sound();
}
