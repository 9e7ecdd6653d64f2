//! PINs: how they are set and renewed, and who knows them.

use std::path::{Path, PathBuf};

use sekisho_tests::clerk::{insert, login, pull};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::said;
use sekisho_tests::scene::{Scene, wait_sealed};

#[test]
fn s0_8_2_a_change_of_the_pin_policy_is_on_record_with_old_and_new() {
    let scene = Scene::new("hoshin");
    scene.apply("[policy]\npin_tries = 3\npin_minimum = 8\npin_history = 10\n");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    let line = |begins: &str| {
        let found = acts.lines().find(|line| line.trim_start().starts_with(begins));
        found.unwrap_or_else(|| panic!("no line '{begins}' in {acts}")).to_owned()
    };
    let (new, old) = (line("1. policy"), line("before: policy"));
    assert!(new.contains("3 PIN tries") && new.contains("PINs of 8 or more") && new.contains("last 10"), "{new}");
    assert!(old.contains("5 PIN tries") && old.contains("PINs of 6 or more") && old.contains("last 5"), "{old}");
    assert!(
        acts.contains("佐藤 一郎") && acts.contains(&scene.clock.minute_in(std::time::Duration::ZERO)[..10]),
        "{acts}"
    );
    let japanese = said::run("acts", scene.desk.command_in("ja", &["acts", "--last", "1"]).arg("--full"), "").1;
    assert!(japanese.contains("変更前: "), "{japanese}");

    // Setting and renewing PINs stands there as well.
    let mut scene = scene;
    let envelope = scene.desk.file("envelope.pin");
    scene.desk.lay_in(&mut scene.clerk);
    scene.desk.run(&[
        "card",
        "reset-pin",
        "--identified",
        "staff-card",
        "--first-pin-file",
        envelope.to_str().unwrap(),
    ]);
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("is given a new PIN") && acts.contains("佐藤 一郎"), "{acts}");
}

/// The files below a folder that hold these bytes.
fn holding(below: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(below).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if path.is_file()
            && std::fs::read(&path).is_ok_and(|read| read.windows(bytes.len()).any(|at| at == bytes))
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn s0_8_3_a_pin_that_was_issued_is_found_in_no_database_log_export_or_print() {
    let mut scene = Scene::new("himitsu");
    let envelope = scene.desk.file("pins/new.pin");
    let issue = ["--operator", "10023", "--also", "--first-pin-file", envelope.to_str().unwrap()];
    let (mut card, issued) = scene.desk.issue_with("new", &issue);
    scene.wait_current();
    let (first, own) = (card.pin(), "Kx7#wq2Z");
    insert(&scene.terminal, &mut card);
    let mut change = scene.terminal.sekisho(&["change-pin", "--pin-stdin"]);
    let (status, changed) = said::run("sekisho", &mut change, &format!("{first}\n{own}\n"));
    assert!(status.success(), "{changed}");
    std::fs::write(card.pin_file(), own).unwrap();
    login(&scene.terminal, &card);
    wait_sealed(&scene.terminal);
    pull(&scene.terminal, &mut card);

    let mut said = vec![issued, changed];
    let export = scene.scratch.path().join("all.csv");
    let permission = scene.desk.permit_export("jumin");
    let taken =
        ["records", "export", "--permission", &permission, "--format", "csv", "--out", export.to_str().unwrap()];
    said.push(scene.desk.run(&taken));
    said.push(std::fs::read_to_string(&export).unwrap());
    for print in ["operators", "cards", "terminals", "functions"] {
        said.push(scene.desk.run(&["register", "print", print]));
    }
    said.push(scene.desk.run(&["acts", "--full"]));
    scene.terminal.stop();
    let backup = scene.scratch.folder("backup").join("data");
    let output = scene.ledger.command("backup").arg("--to").arg(&backup).output().unwrap();
    succeeded("sekisho-ledger backup", &output);
    scene.ledger.stop();

    assert!(said.iter().all(|said| !said.contains(own)), "no print, export or answer shows it");
    std::fs::remove_dir_all(scene.desk.file("pins")).unwrap();
    // Six characters of the first one can stand anywhere by chance, eight of all kinds cannot.
    assert_eq!(holding(scene.scratch.path(), own.as_bytes()), Vec::<PathBuf>::new());
    assert!(said.iter().all(|said| !said.contains(&first)), "nor the one of the envelope");
}
