//! Two towns on one ledger: what each decides alone, what both decide, and what the trustee does for the other.

use std::time::Duration;

use sekisho_tests::clerk::{insert, login, try_login};
use sekisho_tests::decided::by_two;
use sekisho_tests::ledger::both;
use sekisho_tests::other_office::{AGREEMENT, OtherOffice, fingerprint};
use sekisho_tests::scene::Scene;

const DESIGNATE: [&str; 9] =
    ["operator", "designate", "10040", "--name", "山本 新", "--section", "jumin", "--at-section", "jumin"];

#[test]
fn s0_agreement_3_a_shared_policy_changes_by_an_agreement_and_both_towns_alone() {
    let mut scene = Scene::new("shared");
    let elsewhere = OtherOffice::founded(&scene);
    let ours = scene.desk.file("introduction").to_str().unwrap().to_owned();
    let print = fingerprint(&scene.desk.run(&["partner", "introduce", &ours]));
    let introduced = elsewhere.introduced();
    let introduced: Vec<&str> = introduced.iter().map(String::as_str).collect();
    scene.by_two(&[&["partner", "set", "tonari"], &introduced[..]].concat());
    let mut there = elsewhere.desk;
    by_two(&mut there, &["partner", "set", "shirakaba", &ours, "--fingerprint", &print]);

    let policy = scene.desk.file("policy.toml").to_str().unwrap().to_owned();
    std::fs::write(&policy, "[policy]\nhours_enforced = false\nidle_seconds = 120\n").unwrap();
    // The same day in both offices; it has come, so that it holds as soon as both have decided.
    let shared = ["--policy", &policy, "--from", "2026-04-01"];
    let share = |partner| [&["partner", "share-policy", partner], &shared[..]].concat();
    assert!(scene.refused(&share("tonari")).contains("agreement"), "no number of an agreement");
    scene.desk.run(&[&AGREEMENT[..], &share("tonari")].concat());
    there.run(&[&AGREEMENT[..], &share("shirakaba")].concat());
    assert_eq!(scene.desk.list(&["partner", "list"])[0]["policy"], "decided here, not shown there yet");
    let (theirs, of_ours) = (scene.desk.file("theirs.proof"), scene.desk.file("ours.proof"));
    let (theirs, of_ours) = (theirs.to_str().unwrap(), of_ours.to_str().unwrap());
    there.run(&["partner", "prove-policy", "shirakaba", theirs]);
    scene.desk.run(&["partner", "prove-policy", "tonari", of_ours]);
    // Our own decision is not theirs.
    let _ = scene.refused(&["--propose", "partner", "show-policy", of_ours]);
    scene.by_two(&["partner", "show-policy", theirs]);
    by_two(&mut there, &["partner", "show-policy", of_ours]);
    for desk in [&scene.desk, &there] {
        let [partner] = desk.list(&["partner", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        assert_eq!(partner["policy"], "shared");
        let changes = desk.file("alone.toml");
        std::fs::write(&changes, "[policy]\nidle_seconds = 600\n").unwrap();
        let refused = desk.try_run(&["apply", changes.to_str().unwrap()]);
        assert!(!refused.status.success() && both(&refused).contains("shared with office"), "{}", both(&refused));
    }
    scene.terminal.stop();
    scene.ledger.stop();
    scene.ledger.assert_sound();
}

#[test]
fn s0_agreement_5_a_policy_takes_effect_at_midnight_of_its_day() {
    let mut scene = Scene::new("midnight");
    let minute = Duration::from_secs(60);
    let day = Duration::from_secs(24 * 3600);
    let tomorrow = scene.clock.minute_in(day)[..10].to_owned();
    let changes = scene.desk.file("tomorrow.toml");
    std::fs::write(&changes, "[policy]\nhours_enforced = true\n\n[[hours]]\n").unwrap();
    scene.decide(&["--effective", &tomorrow, "apply", changes.to_str().unwrap()]);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.client().end().unwrap();

    // Japanese time is nine hours ahead.
    let day_ms = 24 * 3_600_000;
    let left = |scene: &Scene| Duration::from_millis(day_ms - (scene.clock.now_ms() + 9 * 3_600_000) % day_ms);
    scene.clock.pass(left(&scene).saturating_sub(minute));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "granted", "a minute before midnight it is still today");
    scene.terminal.client().end().unwrap();
    // A second more: a terminal counts from the ledger's last word about the time, which lies a moment back.
    scene.clock.pass(left(&scene) + Duration::from_secs(1));
    assert!(scene.clock.minute_in(Duration::ZERO).starts_with(&format!("{tomorrow}T00:00")));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours");
}

#[test]
fn s0_3_lead_what_a_trustee_decides_names_the_request() {
    let mut scene = Scene::new("irai");
    let elsewhere = OtherOffice::founded(&scene);
    elsewhere.become_trustee(&mut scene, &["operators"]);
    for grounds in [&[][..], &AGREEMENT[..], &["--request", "IRAI-8"]] {
        let said = elsewhere.refused(&scene, &[grounds, &DESIGNATE].concat());
        assert!(said.contains("request") && said.contains("agreement"), "{grounds:?}: {said}");
    }
    elsewhere.acts(&scene, &[&AGREEMENT[..], &["--request", "IRAI-8"], &DESIGNATE].concat());
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    for word in ["IRAI-8", "K-2026-1", "tonari-kanri", "designate 10040"] {
        assert!(acts.contains(word), "'{word}' is missing: {acts}");
    }
}

#[test]
fn s0_3_3_the_trustee_resets_a_clients_pin_by_the_entrusted_act_alone() {
    let mut scene = Scene::new("jutakupin");
    let elsewhere = OtherOffice::founded(&scene);
    elsewhere.become_trustee(&mut scene, &["cards"]);
    // The client hands over what its cards are managed with.
    for secret in ["card-management.secret", "card-ca.key.pem", "card-ca.pem"] {
        std::fs::copy(scene.desk.file("home").join(secret), elsewhere.desk.file("client").join(secret)).unwrap();
    }
    elsewhere.desk.lay_in(&mut scene.clerk);
    let own = scene.desk.file("new.pin");
    std::fs::write(&own, "4937zz").unwrap();
    let reader = elsewhere.desk.pcscd.reader(1);
    let reset = [
        "--reader",
        &reader,
        "card",
        "reset-pin",
        "--identified",
        "staff-card",
        "--own-pin-file",
        own.to_str().unwrap(),
    ];
    let on_request = [&AGREEMENT[..], &["--request", "IRAI-9"]].concat();
    let said = elsewhere.refused(&scene, &reset);
    assert!(said.contains("request"), "no request: {said}");
    let before = sekisho_tests::history::acts_of(&scene.ledger, &scene.desk.office());
    elsewhere.acts(&scene, &[&on_request[..], &reset].concat());
    assert_eq!(sekisho_tests::history::acts_of(&scene.ledger, &scene.desk.office()), before + 1);
    elsewhere.desk.take_out(&mut scene.clerk);
    std::fs::write(scene.clerk.pin_file(), "4937zz").unwrap();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);

    // It stands in the client's own register: who did it, for whom, whose card it is.
    let acts = scene.desk.run(&["acts", "--full", "--last", "1"]);
    for word in ["tonari-kanri", "IRAI-9", "白樺町", "is given a new PIN"] {
        assert!(acts.contains(word), "'{word}' is missing: {acts}");
    }
    // Nothing else was entrusted.
    for act in [&["operator", "suspend", "10023"][..], &DESIGNATE] {
        let said = elsewhere.refused(&scene, &[&on_request[..], act].concat());
        assert!(said.contains("not entrusted") || said.contains("none of your posts"), "{act:?}: {said}");
    }
}

#[test]
fn s0_5_one_towns_protection_manager_reaches_nothing_of_the_other() {
    let scene = Scene::new("towns");
    let elsewhere = OtherOffice::founded(&scene);
    // With his own card he gets into no home of the other town.
    let joined = elsewhere.try_join(&scene);
    assert!(!joined.status.success(), "{}", both(&joined));
    // At his own desk he sees his own people and cards, though all codes are the same.
    let theirs = scene.desk.guid_of("10023");
    let cards = elsewhere.desk.list(&["card", "list"]);
    assert!(!cards.is_empty() && cards.iter().all(|card| card["guid"] != theirs.as_str()), "{cards:?}");
    scene.desk.run(&DESIGNATE);
    let operators = elsewhere.desk.list(&["operator", "list"]);
    assert!(operators.iter().all(|operator| operator["operator"] != "10040"), "{operators:?}");
    let pin = elsewhere.desk.file("none.pin");
    let issue = ["card", "issue", "--operator", "10040", "--first-pin-file", pin.to_str().unwrap()];
    for act in [&["card", "revoke", &theirs][..], &issue, &["operator", "suspend", "10040"]] {
        let output = elsewhere.desk.try_run(act);
        assert!(!output.status.success(), "{act:?} went through: {}", both(&output));
    }
    let state = |guid: &str| {
        let cards = scene.desk.list(&["card", "list"]);
        cards.iter().find(|card| card["guid"] == guid).unwrap()["state"].clone()
    };
    assert_eq!(state(&theirs), "active");
}

#[test]
fn s0_9_the_trustee_neither_enrols_nor_retires_a_clients_terminal() {
    let mut scene = Scene::new("jutakuterm");
    let elsewhere = OtherOffice::founded(&scene);
    elsewhere.become_trustee(&mut scene, &["operators", "cards", "block"]);
    // Not even the client can entrust that.
    let said = scene
        .refused(&[&["--propose"], &AGREEMENT[..], &["partner", "entrust", "tonari", "--class", "terminals"]].concat());
    assert!(said.contains("entrust"), "{said}");
    let on_request = [&AGREEMENT[..], &["--request", "IRAI-8"]].concat();
    let code = elsewhere.desk.file("x.code").to_str().unwrap().to_owned();
    let _ = elsewhere.refused(&scene, &[&on_request[..], &["terminal", "invite", "jumin-2", "--out", &code]].concat());
    assert!(!std::path::Path::new(&code).exists());
    for act in ["retire", "suspend"] {
        let said = elsewhere.refused(&scene, &[&on_request[..], &["terminal", act, "jumin-1"]].concat());
        assert!(said.contains("not entrusted"), "{act}: {said}");
    }
    assert_eq!(scene.desk.list(&["terminal", "list"])[0]["state"], "active");
}
