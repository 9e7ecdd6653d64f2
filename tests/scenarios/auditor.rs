//! An auditor verifies single records: by their own evidence, in the log that was seen before, in the session they were made in.

use sekisho_tests::clerk::{insert, login, request};
use sekisho_tests::scene::{Scene, wait_sealed};

#[test]
fn one_record_is_verified_by_its_own_evidence_in_its_session() {
    let mut scene = Scene::new("auditor");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    // More than 256, so that proofs need more than one tile.
    for _ in 0..260 {
        assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    }
    wait_sealed(&scene.terminal);
    let granted = scene.search(&["--function", "juminhyo.issue", "--verdict", "granted", "--limit", "300"]);
    let index = |row: &serde_json::Value| row["index"].as_str().unwrap().to_owned();
    let (newest, oldest) = (index(&granted[0]), index(&granted[granted.len() - 1]));
    let opening = index(&scene.search(&["--kind", "session_opened"])[0]);
    for record in [&newest, &oldest, &opening] {
        let said = scene.desk.run(&["records", "verify", record]);
        assert!(said.contains("1 records hold, 0 do not"), "{said}");
        assert!(said.contains("signed by its terminal") && said.contains("decided again"), "{said}");
    }
    // More comes, the log goes on from what was seen, and all of it holds.
    assert!(client.authorize(&request("juminhyo.issue")).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);
    scene.desk.run(&["records", "verify", &newest]);
    let said = scene.desk.run(&["records", "verify", "--all"]);
    assert!(said.contains(" records hold, 0 do not"), "{said}");
}
