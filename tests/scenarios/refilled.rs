//! A ledger that was restored from an older copy is filled again by its terminals, to the very same tree; where it cannot be, it stands still until an
//! act gives up what is lost and another log goes on. One that was cloned, and wrote before anybody came, is told from the right one.

use std::path::Path;

use sekisho_tests::clerk::{insert, login, request, wait_card};
use sekisho_tests::ledger::both;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

/// The three checkpoint files of the only office.
fn signed(data: &Path) -> Vec<String> {
    let offices = std::fs::read_dir(data.join("checkpoints")).unwrap().flatten();
    let office = offices.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap();
    ["records", "register", "casebook"].map(|log| std::fs::read_to_string(office.join(log)).unwrap_or_default()).into()
}

fn size_of(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default()
}

/// The agent was started again, and the card is still in.
fn log_in_again(scene: &Scene) {
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
}

fn work(scene: &Scene, times: u32) {
    let mut client = scene.terminal.client();
    for _ in 0..times {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
}

#[test]
fn a_ledger_restored_from_yesterday_is_filled_again_to_the_same_tree() {
    let mut scene = Scene::new("refilled");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 20);
    scene.ledger.stop();
    let copy = scene.scratch.folder("copy").join("data");
    scene.ledger.snapshot(&copy);
    let old = signed(&copy);

    // A day of it: decisions, acts with names, a case, and readings, which are records of the ledger's own.
    scene.ledger.serve();
    work(&scene, 40);
    scene.apply("[[operator]]\noperator = \"10077\"\nname = \"新井 京子\"\nsection = \"jumin\"\n");
    scene.desk.run(&["report", "list"]);
    let before = scene.search(&["--kind", "decision"]).len();
    work(&scene, 5);
    let _ = scene.search(&["--operator", "10023"]);
    wait_sealed(&scene.terminal);
    // The terminal has been given what it is to keep, and shows what it verified.
    wait::until("the last keepsake", || {
        let given = std::fs::read_to_string(scene.terminal.state().join("keepsakes/given.json")).ok()?;
        let given: serde_json::Value = serde_json::from_str(&given).ok()?;
        (given.get("to")?.get(0)?.as_u64()? >= size_of(signed(scene.ledger.data()).first()?)).then_some(())
    });
    scene.ledger.stop();
    let newest = signed(scene.ledger.data());
    assert_ne!(newest, old);

    // The whole disk is as it was.
    scene.ledger.put_back(&copy);
    scene.ledger.serve();
    // To the very same tree; in the records log stands besides that it goes on.
    wait::until("the log to be filled again", || {
        let [records, others @ ..] = &signed(scene.ledger.data())[..] else { return None };
        (size_of(records) > size_of(&newest[0]) && others == &newest[1..]).then_some(())
    });
    scene.wait_current();
    work(&scene, 3);
    let after = scene.search(&["--kind", "decision"]).len();
    assert!(after >= before + 8, "{before} {after}");
    scene.desk.assert_verified();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

/// What `sekisho-ledger status` says.
fn status(scene: &Scene) -> String {
    both(&scene.ledger.command("status").output().unwrap())
}

#[test]
fn what_nobody_can_bring_back_is_given_up_by_an_act_and_another_log_goes_on() {
    let mut scene = Scene::new("succeeded");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 10);
    scene.ledger.stop();
    let copy = scene.scratch.folder("copy").join("data");
    scene.ledger.snapshot(&copy);
    scene.ledger.serve();
    work(&scene, 20);
    // A reading is a record of the ledger's own; the terminal verifies a checkpoint over it, and loses what it was given to keep.
    let before = scene.search(&["--kind", "decision"]).len();
    work(&scene, 5);
    scene.ledger.stop();
    let lost = signed(scene.ledger.data());
    scene.terminal.stop();
    let _ = std::fs::remove_dir_all(scene.terminal.state().join("keepsakes"));

    scene.ledger.put_back(&copy);
    scene.ledger.serve();
    scene.terminal.start();
    wait::until("the records log to stop", || status(&scene).contains("STOPPED").then_some(()));
    // Register and casebook go on: what becomes of the log is decided by two persons, and that they read is not forgotten.
    let kept = scene.desk.list(&["log", "lost"]);
    let [log] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((log["log"].as_str(), log["signed"].as_str()), (Some("records"), Some(&*size_of(&lost[0]).to_string())));
    let refused = scene.desk.try_run(&["log", "succeed"]);
    assert!(!refused.status.success() && both(&refused).contains("approv"), "{}", both(&refused));
    scene.desk.run(&["--propose", "log", "succeed"]);
    let id = scene.desk.list(&["proposals"])[0]["id"].as_str().unwrap().to_owned();
    scene.desk.sign_as(1);
    let said = scene.desk.run(&["approve", &id]);
    assert!(said.contains("let another log go on in place of log records"), "{said}");
    scene.desk.sign_as(1);
    scene.ledger.stop();
    scene.ledger.serve();

    // The terminal follows the act, sends again what it has, and goes on.
    wait::until("the other log", || status(&scene).contains("records-2").then_some(()));
    scene.wait_current();
    log_in_again(&scene);
    work(&scene, 3);
    let after = scene.search(&["--kind", "decision"]).len();
    assert!(after >= before + 8, "{before} {after}");
    assert!(!scene.search(&["--kind", "read"]).is_empty(), "what was read while it stood still");
    scene.desk.assert_verified();
    // Evidence of the log that goes on shows that it begins with what two persons kept.
    let path = |name: &str| scene.scratch.path().join(name).to_str().unwrap().to_owned();
    let (office, file) = (path("office.toml"), path("case.evidence"));
    scene.desk.run(&["office", "export", &office]);
    let decision = scene.search(&["--kind", "decision"])[0]["index"].as_str().unwrap().to_owned();
    let permission = scene.desk.permit_export("jumin");
    scene.desk.run(&["records", "evidence", &decision, "--permission", &permission, "--out", &file]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("/records-2"));
    scene.desk.run(&["verify-evidence", &file, "--office", &office]);
    // Nobody who comes again stops it, and nothing of the lost one was signed twice.
    scene.terminal.stop();
    scene.terminal.start();
    log_in_again(&scene);
    work(&scene, 2);
    scene.ledger.stop();
    scene.ledger.serve();
    work(&scene, 2);
    scene.ledger.stop();
    assert_eq!(signed(scene.ledger.data())[0], signed(&copy)[0], "the log that was lost is as it was");
    scene.ledger.assert_sound();
}

#[test]
fn a_clone_that_wrote_before_anybody_came_stops_and_the_right_disk_goes_on() {
    let mut scene = Scene::new("cloned");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    work(&scene, 5);
    scene.ledger.stop();
    let (clone, right) = (scene.scratch.folder("clone").join("data"), scene.scratch.folder("right").join("data"));
    scene.ledger.snapshot(&clone);
    scene.ledger.serve();
    work(&scene, 10);
    scene.ledger.stop();
    scene.ledger.snapshot(&right);
    let newest = signed(&right);

    // The clone takes the other's place. Told to wait for nobody, it writes as soon as somebody reads, and only then the terminal comes.
    scene.terminal.stop();
    scene.ledger.put_back(&clone);
    scene.ledger.wait_for_nobody();
    scene.ledger.serve();
    let _ = scene.search(&["--kind", "decision"]);
    scene.terminal.start();
    wait::until("the clone to stop", || status(&scene).contains("another history").then_some(()));
    scene.ledger.stop();
    scene.ledger.put_back(&right);
    scene.ledger.serve();
    log_in_again(&scene);
    work(&scene, 3);
    scene.desk.assert_verified();
    scene.ledger.stop();
    assert!(size_of(&signed(scene.ledger.data())[0]) > size_of(&newest[0]));
    scene.ledger.assert_sound();
}
