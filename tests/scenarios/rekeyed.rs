//! The keys of the logs change, one after the other, while everybody works: by two persons, with a witness beside, a terminal that was switched off meanwhile, and
//! strangers who know the key of an earlier day.

use std::path::Path;

use sekisho_tests::clerk::{insert, login, wait_card};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::scene::Scene;
use sekisho_tests::wait;
use sekisho_tests::witness::Witness;

use crate::stranger::{Stranger, work};
use crate::witnessed::add_to_configuration;

/// A file of the only office's logs.
fn checkpoint(data: &Path, log: &str) -> String {
    let offices = std::fs::read_dir(data.join("checkpoints")).unwrap().flatten();
    let office = offices.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap();
    std::fs::read_to_string(office.join(log)).unwrap_or_default()
}

fn lines(checkpoint: &str) -> Vec<&str> {
    checkpoint.lines().filter(|line| line.starts_with('\u{2014}')).collect()
}

/// The ledger makes a key for a log, and two administrators name it.
fn rekey(scene: &mut Scene, log: &str) -> String {
    let office = scene.desk.office().to_string();
    let mut command = scene.ledger.command("log-key");
    let output = command.args(["--office", &office, "--log", log]).output().expect("cannot start sekisho-ledger");
    succeeded("sekisho-ledger log-key", &output);
    let key = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let refused = scene.desk.try_run(&["log", "rekey", &key]);
    assert!(!refused.status.success(), "one person alone");
    let said = scene.desk.run(&["--propose", "log", "rekey", &key]);
    assert!(said.contains(&format!("change the key of log {log} to")), "{said}");
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_as(1);
    scene.desk.run(&["approve", proposal["id"].as_str().unwrap()]);
    scene.desk.sign_as(1);
    key
}

#[test]
fn the_keys_of_the_logs_change_while_everybody_works() {
    let mut scene = Scene::new("rekeyed");
    scene.ledger.stop();
    let mut witness = Witness::of(&scene.ledger, &scene.scratch.folder("w1"), "w1.example");
    add_to_configuration(&scene.ledger, &format!("hear_witnesses = 1\n{}", witness.block()));
    scene.ledger.serve();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 3);
    let stranger = Stranger::of(&scene);
    let founded = witness.watched().to_vec();

    let keys = ["records", "register", "casebook"].map(|log| rekey(&mut scene, log));
    for log in ["records", "register", "casebook"] {
        let signed = checkpoint(scene.ledger.data(), log);
        assert_eq!(lines(&signed).len(), 2, "{log}: {signed}");
    }
    // The session goes on: the terminal knows the new keys by the acts, before it is shown anything by them alone.
    scene.wait_current();
    work(&scene, 3);
    scene.desk.assert_verified();
    // A stranger by the keys of yesterday, and the witness, which nobody has told.
    let token = stranger.token(&scene, &scene.ledger, &scene.desk.guid_of("20001"));
    let audited = stranger.audit(&scene.ledger, "records", &scene.scratch.folder("by-old-keys"), &token, None);
    assert!(audited.well, "{}", audited.text);
    let size = |text: &str| text.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).unwrap_or_default();
    let now = size(&checkpoint(scene.ledger.data(), "records"));
    wait::until("the witness to go on", || (witness.cosigned("records") >= now).then_some(()));

    // It is told, and believes the former key no more.
    witness.kill();
    for key in &keys {
        witness.run("add-log", &["--key", key]);
    }
    let early = witness.refuses("drop-key", &["--key", &founded[0]]);
    assert!(early.contains("let the witness cosign first"), "{early}");
    witness.serve();
    work(&scene, 3);
    let now = size(&checkpoint(scene.ledger.data(), "records"));
    wait::until("the witness to cosign by the new key", || (witness.cosigned("records") >= now).then_some(()));
    witness.kill();
    let of_records = founded.iter().find(|key| key.contains("/records+")).unwrap();
    witness.run("drop-key", &["--key", of_records]);
    witness.serve();

    // One that was switched off over a change, and a start between.
    scene.terminal.stop();
    let newest = rekey(&mut scene, "records");
    scene.ledger.stop();
    scene.ledger.serve();
    scene.terminal.start();
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 3);
    let signed = checkpoint(scene.ledger.data(), "records");
    assert_eq!(lines(&signed).len(), 2, "the first key is left out: {signed}");
    let token = stranger.token(&scene, &scene.ledger, &scene.desk.guid_of("20001"));
    let audited = stranger.audit(&scene.ledger, "records", &scene.scratch.folder("by-the-first"), &token, None);
    assert!(
        !audited.well && !audited.text.contains("token"),
        "who knows the first key alone believes nothing any more: {}",
        audited.text
    );
    let again = Stranger::with(&scene, "again.toml");
    let audited = again.audit(&scene.ledger, "records", &scene.scratch.folder("by-the-newest"), &token, None);
    assert!(audited.well && newest.contains("/records+"), "{}", audited.text);
    scene.desk.assert_verified();
    // What an auditor is handed is signed by the newest key, and the fingerprint that the desk shows is that of the very file.
    let path = |name: &str| scene.scratch.path().join(name).to_str().unwrap().to_owned();
    let (office, file) = (path("office.toml"), path("case.evidence"));
    let said = scene.desk.run(&["office", "export", &office]);
    assert!(said.contains(&sekisho_link::fingerprint(&std::fs::read(&office).unwrap())), "{said}");
    let decision = scene.search(&["--kind", "decision"])[0]["index"].as_str().unwrap().to_owned();
    let permission = scene.desk.permit_export("jumin");
    scene.desk.run(&["records", "evidence", &decision, "--permission", &permission, "--out", &file]);
    let said = scene.desk.run(&["verify-evidence", &file, "--office", &office]);
    assert!(said.contains("permitted by the register"), "{said}");
    let alarms = scene.search(&["--kind", "alarm"]);
    assert!(alarms.iter().all(|alarm| !alarm.to_string().contains("refused")), "{alarms:?}");
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
