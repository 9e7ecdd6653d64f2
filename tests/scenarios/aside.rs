//! A journal that cannot be gone on with: damaged, or moved away. Nothing is granted until people have opened a new epoch, and nothing of
//! what was there is deleted.

use std::path::PathBuf;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, request, wait_card};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

fn segments(scene: &Scene, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(scene.terminal.state().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "segment")).collect()
}

/// The agent starts and waits; a new epoch is opened; the clerk works again.
fn goes_on_in(scene: &mut Scene, epoch: u32) {
    scene.terminal.start_part(Part::Agent);
    let mut client = scene.terminal.client();
    assert_eq!(client.status().unwrap().advice.code, "history_refused");
    let answer = client.authorize(&request("juminhyo.issue")).unwrap();
    assert!(!answer.verdict.granted && answer.record.is_none());
    scene.desk.run(&["terminal", "open-epoch", "jumin-1", "--epoch", &epoch.to_string(), "--reason", "restored"]);
    let terminal = &scene.terminal;
    wait::until("the agent in its new epoch", || {
        let mut client = sekisho_ipc::Client::connect(&terminal.socket()).ok()?;
        (client.status().ok()?.advice.code != "history_refused").then_some(())
    });
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    assert_eq!(client.status().unwrap().state, SessionState::Open);
    let answer = client.authorize(&request("juminhyo.issue")).unwrap();
    assert!(answer.verdict.granted);
    assert_eq!(answer.record.unwrap().epoch, u64::from(epoch));
    wait_sealed(&scene.terminal);
}

#[test]
fn a_damaged_or_missing_journal_is_followed_by_a_new_epoch_and_by_nothing_else() {
    let mut scene = Scene::new("aside");
    insert(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
    scene.terminal.kill(Part::Agent);

    let damaged = segments(&scene, "journal").remove(0);
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    let refused = scene.terminal.agent("run").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("was changed or has decayed"), "{said}");
    assert!(said.contains("journal set-aside"), "{said}");
    let shown = scene.terminal.agent("journal").arg("show").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("epoch 0, 0 records from 0 on, and what follows cannot be read"), "{shown}");
    assert!(scene.terminal.agent("journal").arg("set-aside").status().unwrap().success());
    let kept = segments(&scene, "journal-aside-0-0").remove(0);
    assert_eq!(std::fs::read(kept).unwrap(), bytes, "what is damaged stays as it was");
    goes_on_in(&mut scene, 1);
    let lost = scene.search(&["--kind", "lost"]);
    assert!(lost.len() == 1 && lost[0].to_string().contains("the journal was damaged"), "{lost:?}");
    let behind = scene.desk.list(&["terminal", "behind"]);
    assert!(behind[0]["lost"].as_str().unwrap().starts_with("0:"), "{behind:?}");
    let index = lost[0]["index"].as_str().unwrap();
    let says = format!("is lost, as record {index} says");
    for asked in [["records", "show", index].as_slice(), &["records", "verify", index], &["records", "search"]] {
        let said = both(&scene.desk.try_run(asked));
        assert!(said.contains("what terminal jumin-1 had in epoch 0 from record") && said.contains(&says), "{said}");
    }
    let permission = scene.desk.permit_export("jumin");
    for format in ["csv", "ocsf"] {
        let out = scene.scratch.path().join(format);
        let taken =
            ["records", "export", "--permission", &permission, "--format", format, "--out", out.to_str().unwrap()];
        scene.desk.run(&taken);
        let text = std::fs::read_to_string(&out).unwrap();
        let last = text.lines().last().unwrap();
        assert!(last.contains("missing") && last.contains("jumin-1") && last.contains(&says), "{last}");
    }
    assert!(!scene.terminal.agent("journal").arg("set-aside").status().unwrap().success(), "an agent uses it");

    scene.terminal.kill(Part::Agent);
    let state = scene.terminal.state();
    std::fs::rename(state.join("journal"), state.join("somewhere")).unwrap();
    goes_on_in(&mut scene, 2);
    assert_eq!(scene.search(&["--kind", "lost"]).len(), 2);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
