//! Two offices on one ledger: a trustee's administrator acts in the client's register on request, and a clerk works there with the card from home.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::other_office::{AGREEMENT, OtherOffice};
use sekisho_tests::scene::{Scene, wait_sealed};
use serde_json::Value;

use crate::exported::{CSV, OCSF, python};

const FUNCTION: &str = "juminhyo.issue";

#[test]
fn a_trustee_acts_on_request_alone_and_a_clerk_of_another_office_works_with_the_card_from_home() {
    let mut scene = Scene::new("offices");
    let mut elsewhere = OtherOffice::founded(&scene);
    let introduced = elsewhere.introduced();
    let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();

    // Nobody of the other office is anybody here, though all codes are the same.
    insert(&scene.terminal, &mut elsewhere.clerk);
    let stranger = try_login(&scene.terminal, &elsewhere.clerk);
    assert!(["card_unknown", "grant_false", "grant_refused"].contains(&stranger.as_str()), "{stranger}");
    pull(&scene.terminal, &mut elsewhere.clerk);

    // The trustee's administrator has a home for the client's office, beside the one for his own.
    elsewhere.become_trustee(&mut scene, &["operators", "cards", "block"]);
    let place = ["--section", "jumin", "--at-section", "jumin"];
    let designate =
        ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin", "--at-section", "jumin"];
    let said = elsewhere.refused(&scene, &designate);
    assert!(said.contains("request") && said.contains("K-2026-1"), "{said}");
    let on_request = [&AGREEMENT[..], &["--request", "IRAI-8"]].concat();
    let said = elsewhere.acts(&scene, &[&on_request[..], &designate].concat());
    assert!(said.contains("IRAI-8"), "what is signed shows the request: {said}");
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    assert!(acts.contains("tonari-kanri") && acts.contains("IRAI-8") && acts.contains("designate 10040"), "{acts}");

    // He neither enrols nor retires a terminal, nor gives himself more, nor sees what was done at it.
    let code = elsewhere.desk.file("x.code").to_str().unwrap().to_owned();
    let said = elsewhere.refused(&scene, &["terminal", "invite", "jumin-2", "--out", &code]);
    assert!(said.contains("role") || said.contains("may not"), "{said}");
    for arguments in [
        &["terminal", "retire", "jumin-1"][..],
        &["operator", "designate", "tonari-kanri", "--name", "x", "--section", "jumin"],
    ] {
        let said = elsewhere.refused(&scene, &[&on_request[..], arguments].concat());
        assert!(said.contains("not entrusted"), "{said}");
    }
    elsewhere.refused(&scene, &["records", "search"]);

    // A clerk of the other office, with the card from there, at the terminal here.
    let guest = [
        "partner",
        "admit",
        "tonari-10023",
        "--home-operator",
        "10023",
        "--profile",
        "jumin-a",
        "--function",
        FUNCTION,
    ];
    scene.by_two(&[&guest[..], &introduced[..], &place[..]].concat());
    insert(&scene.terminal, &mut elsewhere.clerk);
    login(&scene.terminal, &elsewhere.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    assert_ne!(verdict_of(&scene.terminal, "koseki.issue"), "granted", "what he may do is decided here");
    wait_sealed(&scene.terminal);
    let [opened] = scene.search(&["--kind", "session_opened"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let verified = scene.desk.run(&["records", "verify", opened["index"].as_str().unwrap()]);
    assert!(verified.contains("tonari-10023") && verified.contains("of 白樺町"), "{verified}");
    // Taken away, each record of his says where he comes from; those of our own people do not.
    let home = elsewhere.desk.office().to_string();
    let permission = scene.desk.permit_export("jumin");
    let taken = ["csv", "ocsf"].map(|format| {
        let file = scene.scratch.path().join(format);
        let out = file.to_str().unwrap();
        scene.desk.run(&["records", "export", "--permission", &permission, "--format", format, "--out", out]);
        python(if format == "csv" { CSV } else { OCSF }, &file)
    });
    let [rows, events] = taken;
    let column = |title: &str| rows[0].as_array().unwrap().iter().position(|of| of == title).unwrap();
    let of_him = rows.iter().filter(|row| row[column("home")] == home.as_str());
    assert!(of_him.clone().count() >= 3 && of_him.clone().all(|row| row[column("operator")] == "tonari-10023"));
    let user = |event: &Value| [&event["user"], &event["actor"]["user"]].into_iter().find(|it| !it.is_null()).cloned();
    let users: Vec<_> = events.iter().filter_map(user).filter(|user| user["uid"] == "tonari-10023").collect();
    assert!(users.len() >= 3 && users.iter().all(|user| user["org"]["uid"] == home.as_str()), "{users:?}");
    scene.desk.assert_verified();

    // The home office reports the card itself: it was entrusted with blocks. The session ends within seconds.
    let card = elsewhere.desk.guid_of("10023");
    let suspend = ["card", "suspend", &card, "--reason", "lost"];
    elsewhere.acts(&scene, &[&on_request[..], &suspend].concat());
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &elsewhere.clerk), "card_suspended");
    // And the client takes it all back by one person's act.
    scene.decide(&["partner", "end-trust", "tonari"]);
    let said = elsewhere.refused(&scene, &[&on_request[..], &["operator", "suspend", "10040"]].concat());
    // He does not even read the register any more.
    assert!(said.contains("role") || said.contains("none of your posts permits this"), "{said}");

    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}
