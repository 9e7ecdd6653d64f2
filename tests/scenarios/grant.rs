//! A card that was issued after a terminal was cut off from the ledger: the act on it is enough, beside a register that is fresh.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{authorize, insert, login, pull, try_login, type_pin, verdict_of, wait_state};
use sekisho_tests::desk::Issued;
use sekisho_tests::own_pin::alter_grant;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const FUNCTION: &str = "juminhyo.issue";
/// Eight, and the grant in pieces of 256 bytes.
const LOGIN_APDUS: usize = 8 + 5;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A second card for the clerk, made while the terminal hears nothing.
fn newer_card(scene: &mut Scene) -> Issued {
    scene.desk.issue("newer", &["--operator", "10023"]).0
}

fn works_by_grant(scene: &Scene) -> bool {
    scene.terminal.client().status().unwrap().card.is_some_and(|card| card.by_grant)
}

fn reconnect(scene: &mut Scene) {
    scene.terminal.start_part(Part::Forwarder);
    scene.wait_current();
}

#[test]
fn a_card_issued_while_the_terminal_is_cut_off_works_there_and_anybody_comes_to_the_same() {
    let mut scene = Scene::new("grant");
    scene.terminal.kill(Part::Forwarder);
    let lost = scene.desk.guid_of("10023");
    scene.desk.run(&["card", "revoke", &lost, "--reason", "lost"]);
    let mut newer = newer_card(&mut scene);
    let guid = scene.desk.guid_of("10023");
    let known = scene.terminal.client().status().unwrap().register_size;

    insert(&scene.terminal, &mut newer);
    let inserted = newer.card.apdus_at_insertion();
    login(&scene.terminal, &newer);
    assert!(works_by_grant(&scene));
    let spent = newer.card.apdus_from(inserted);
    assert!(spent.len() <= LOGIN_APDUS, "{} APDUs:\n{}", spent.len(), spent.join("\n"));
    assert_eq!(scene.terminal.client().status().unwrap().register_size, known, "the register has not moved");
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "granted", "9E by the key in the grant");
    let proved = sekisho_ipc::PromptRequest::authorize(sekisho_tests::clerk::request("inkan.register"));
    let proved = type_pin(&mut scene.terminal.client(), &proved, &newer.pin()).unwrap();
    assert_eq!(proved.verdict.code, "granted");
    assert_eq!(verdict_of(&scene.terminal, "zei.certificate"), "function_not_for_terminal");
    scene.clock.pass(Duration::from_secs(301));
    wait_state(&scene.terminal, SessionState::Locked);
    login(&scene.terminal, &newer);
    let said = String::from_utf8(scene.terminal.sekisho(&["status"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("newer than the register") || said.contains("登録簿より新しい"), "{said}");

    // The register comes, and the session goes on by it.
    reconnect(&mut scene);
    assert!(!works_by_grant(&scene));
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    wait_sealed(&scene.terminal);
    let opening = scene.search(&["--kind", "session_opened"])[0]["index"].as_str().unwrap().to_owned();
    let verified = scene.desk.run(&["records", "verify", &opening]);
    assert!(verified.contains("valid by the act on it"), "{verified}");
    scene.desk.assert_verified();

    // A revocation wins, whatever the card says of itself.
    scene.decide(&["card", "revoke", &guid, "--reason", "stolen"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &newer), "card_revoked");
    assert!(!authorize(&scene.terminal, FUNCTION).verdict.granted);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn a_forged_grant_and_a_person_nobody_here_has_heard_of_open_nothing() {
    let mut scene = Scene::new("forged");
    scene.terminal.kill(Part::Forwarder);
    let mut newer = newer_card(&mut scene);
    // SELECT, GUID, tries, then the grant. One that cannot be read is none, and is asked for once.
    for how in ["4:half", "4:noise", "4:refused"] {
        newer.card.be_difficult(Some(how));
        insert(&scene.terminal, &mut newer);
        assert_eq!(try_login(&scene.terminal, &newer), "card_unknown", "{how}");
        let spent = newer.card.apdus_from(newer.card.apdus_at_insertion());
        assert_eq!(spent.len(), 4, "{how}:\n{}", spent.join("\n"));
        pull(&scene.terminal, &mut newer);
    }
    newer.card.be_difficult(None);
    let secret = std::fs::read(scene.desk.file("home/card-management.secret")).unwrap();
    // A letter of the checkpoint's signature: the note is the last of the grant, and a signature of the end of the note.
    alter_grant(newer.card.state(), &secret, |grant| grant.len() - 20);
    insert(&scene.terminal, &mut newer);
    let before = newer.card.apdus();
    assert_eq!(try_login(&scene.terminal, &newer), "grant_false");
    assert_eq!(newer.card.verifications_from(before), 0, "no PIN went to it");
    pull(&scene.terminal, &mut newer);

    scene.desk.run(&[
        "operator",
        "designate",
        "10040",
        "--name",
        "山本 新",
        "--section",
        "jumin",
        "--at-section",
        "jumin",
    ]);
    scene.desk.run(&["operator", "profile", "10040", "jumin-a", "--function", FUNCTION]);
    let (mut stranger, _) = scene.desk.issue("10040", &["--operator", "10040"]);
    insert(&scene.terminal, &mut stranger);
    assert_eq!(try_login(&scene.terminal, &stranger), "grant_refused");

    // With the register both are cards like others.
    reconnect(&mut scene);
    login(&scene.terminal, &stranger);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    pull(&scene.terminal, &mut stranger);
    insert(&scene.terminal, &mut newer);
    login(&scene.terminal, &newer);
    wait::until("the record of the forged grant", || {
        (scene.search(&["--kind", "card_false"]).len() == 1).then_some(())
    });
    wait_sealed(&scene.terminal);
    scene.desk.assert_verified();
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn a_grant_is_not_enough_beside_a_register_that_is_too_old() {
    let mut scene = Scene::new("oldgrant");
    scene.terminal.kill(Part::Forwarder);
    let mut newer = newer_card(&mut scene);
    insert(&scene.terminal, &mut newer);
    wait::until("the grant to be read", || works_by_grant(&scene).then_some(()));
    scene.clock.pass(73 * HOUR);
    assert_eq!(try_login(&scene.terminal, &newer), "grant_stale");
    pull(&scene.terminal, &mut newer);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "register_stale");
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut newer);
    reconnect(&mut scene);
    wait_fresh(&scene.terminal);
    login(&scene.terminal, &newer);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    assert!(!works_by_grant(&scene));
}
