//! A ledger that was restored from an older copy is filled again by its terminals, to the very same tree; where it cannot be, it stands still.

use std::path::Path;

use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::town::copy_files;
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
    let copy = scene.scratch.folder("copy");
    copy_files(scene.ledger.data(), &copy.join("data"));
    let old = signed(&copy.join("data"));

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
    std::fs::remove_dir_all(scene.ledger.data()).unwrap();
    copy_files(&copy.join("data"), scene.ledger.data());
    scene.ledger.forget();
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
