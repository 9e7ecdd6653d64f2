//! Both histories stay: what a terminal did cut off, and what it did on a disk that was put back, comes into its new epoch and is found, proved and replayed.

use std::path::Path;
use std::process::Command;

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::clerk::{insert, login, request, wait_card};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

use crate::offline_audit::{export, verify_offline};

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// The clerk logs in, and works so many times on a case; gives the epoch of the records.
fn works(scene: &Scene, case: &str, times: u32) -> u64 {
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    let asked = AuthorizeRequest { case: Some(case.into()), ..request("juminhyo.issue") };
    let answers = (0..times).map(|_| client.authorize(&asked).unwrap());
    let epochs = answers.map(|answer| {
        assert!(answer.verdict.granted, "{}", answer.verdict.code);
        answer.record.unwrap().epoch
    });
    epochs.last().unwrap()
}

/// The same while nothing gets to the ledger; then the terminal is switched off.
fn works_cut_off(scene: &mut Scene, case: &str, times: u32) {
    scene.ledger.stop();
    scene.terminal.start_part(Part::Agent);
    scene.terminal.start_part(Part::CardWorker);
    works(scene, case, times);
}

fn waits_for(scene: &Scene, epoch: u64) {
    let terminal = &scene.terminal;
    wait::until("the agent in its new epoch", || {
        let mut client = sekisho_ipc::Client::connect(&terminal.socket()).ok()?;
        let state = client.status().ok()?;
        (state.advice.code != "history_refused" && state.unsent == 0 && state.unsealed == 0).then_some(())
    });
    assert_eq!(works(scene, "R8-9", 1), epoch);
    wait_sealed(terminal);
}

/// The clerk's decisions about a case that a search finds: index, and what is said of each.
fn found(scene: &Scene, case: &str) -> Vec<(String, String)> {
    let rows = scene.search(&["--operator", "10023", "--kind", "decision", "--case", case]);
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "index"), text(row, "what"))).collect()
}

#[test]
fn what_was_done_cut_off_and_on_a_disk_that_was_put_back_is_found_proved_and_replayed() {
    let mut scene = Scene::new("carried");
    insert(&scene.terminal, &mut scene.clerk);
    works(&scene, "R8-1", 2);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    let (state, image) = (scene.terminal.state(), scene.scratch.path().join("image"));
    copy(&state, &image);

    // The terminal goes on, and the ledger hears of it.
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    works(&scene, "R8-2", 3);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();

    // The disk is put back as it was, and the terminal works cut off.
    copy(&image, &state);
    works_cut_off(&mut scene, "R8-3", 4);
    scene.ledger.serve();
    scene.terminal.start_part(Part::Forwarder);
    let mut client = scene.terminal.client();
    wait::until("the fork", || (client.status().ok()?.advice.code == "history_refused").then_some(()));
    drop(client);
    assert_eq!(found(&scene, "R8-3"), []);
    let open = ["terminal", "open-epoch", "jumin-1", "--epoch", "1", "--reason", "fork"];
    scene.desk.run(&open);
    waits_for(&scene, 1);

    let (first, second) = (found(&scene, "R8-2"), found(&scene, "R8-3"));
    assert_eq!((found(&scene, "R8-1").len(), first.len(), second.len()), (2, 3, 4));
    assert!(first.iter().all(|(_, what)| !what.contains("brought later")), "{first:?}");
    for (index, what) in &second {
        assert!(what.contains("brought later: record") && what.contains("of epoch 0"), "{what}");
        let said = scene.desk.run(&["records", "verify", index]);
        assert!(
            said.contains("decided again with the same outcome") && said.contains("carried into epoch 1"),
            "{said}"
        );
        assert!(scene.desk.run(&["records", "show", index]).contains("brought later"));
    }
    let said = scene.desk.run(&["records", "verify", &first[0].0]);
    assert!(said.contains("signed by its terminal in this place"), "{said}");
    assert_eq!(scene.search(&["--kind", "lost"]), [] as [serde_json::Value; 0]);
    let in_japanese = scene.desk.list_in("ja", &["records", "search", "--case", "R8-3"]);
    assert!(in_japanese[0].to_string().contains("後から届いた記録: 履歴0の記録"), "{in_japanese:?}");

    // A day is done cut off, and the epoch ends before the ledger hears of it: nothing forks, and nothing stays behind.
    scene.terminal.stop();
    works_cut_off(&mut scene, "R8-3", 2);
    scene.terminal.stop();
    scene.ledger.serve();
    scene.desk.run(&["terminal", "open-epoch", "jumin-1", "--epoch", "2", "--reason", "other"]);
    scene.terminal.start();
    waits_for(&scene, 2);
    assert_eq!(found(&scene, "R8-3").len(), 6);

    // As evidence, and as rows, for whoever asks.
    let (index, out) = (&second[0].0, scene.scratch.path().join("case.evidence"));
    let file = out.to_str().unwrap();
    let newest = &found(&scene, "R8-3")[0].0;
    let permission = scene.desk.permit_export("jumin");
    scene.desk.run(&["records", "evidence", index, newest, "--permission", &permission, "--out", file]);
    let id = scene.desk.office().to_string();
    let said = both(&scene.desk.try_run(&["verify-evidence", file, "--office-id", &id]));
    assert!(said.contains("2 records hold, 0 do not") && said.contains("carried into epoch 2"), "{said}");
    for format in ["csv", "ocsf"] {
        let out = scene.scratch.path().join(format);
        let taken =
            ["records", "export", "--permission", &permission, "--format", format, "--out", out.to_str().unwrap()];
        scene.desk.run(&taken);
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.lines().filter(|line| line.contains("brought later")).count() >= 6, "{text}");
    }
    let said = scene.desk.run(&["records", "verify", "--all"]);
    let contradicting = said.matches(": another record in the same place, so the terminal has two histories").count();
    assert!(contradicting >= 3 && said.contains("contradicts record"), "{contradicting}: {said}");
    assert!(said.contains(&format!("{contradicting} records contradict another one in the same place")), "{said}");
    assert!(said.contains("brought later: record") && said.contains("terminals' signatures were asked for"), "{said}");
    scene.desk.assert_verified();
    // Out of the exported logs alone the same: two histories, both whole, each record where its terminal put it.
    let logs = scene.scratch.path().join("logs");
    let whole = scene.desk.permit_whole_export("jumin");
    export(&scene, &logs, &whole, &[]);
    let output = verify_offline("en", &logs, &["--office-id", &id]);
    let offline = both(&output);
    assert_eq!(output.status.code(), Some(0), "{offline}");
    assert_eq!(offline.matches("so the terminal has two histories").count(), contradicting, "{offline}");
    assert!(offline.contains("brought later: record") && !offline.contains("missing:"), "{offline}");
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
    let (_, said) = scene.ledger.fsck();
    assert!(said.contains("carried from earlier epochs") && !said.contains(" 0 carried"), "{said}");
}
