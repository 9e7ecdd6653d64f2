//! Disconnections: told, reported, reconnected in two acts; the room, the training.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, try_login, wait_state};
use sekisho_tests::scene::Scene;

use crate::cases::{day, now, on_paper, open, paper, shown, step, waits, with_papers};

const ROUTE: &str = "[[route]]\nclass = \"connection\"\nproposers = [\"system_manager\"]\n\
    approvers = [\"security_committee\", \"executive\"]\ndistinct = false\n";

/// An incident that a stop answers.
fn leak(scene: &Scene) -> String {
    open(scene, "incident", &["class=misuse", "level=1", "kind=leak", "circumstances=漏えいの疑い"])
}

fn disconnection(scene: &Scene, door: &str) -> String {
    let incident = leak(scene);
    open(scene, "disconnection", &[&format!("door={door}"), &format!("incident={incident}"), "reason=漏えいの疑い"])
}

/// The act that stopped, as a form takes it.
fn stop_act(scene: &Scene) -> String {
    let acts = scene.desk.list(&["acts", "--last", "1"]);
    format!("act={}", acts[0]["id"].as_str().unwrap())
}

#[test]
fn s1_9_an_entry_into_the_server_room_has_person_permission_in_and_out() {
    let scene = Scene::new("server");
    let said = scene.refused(&["case", "open", "room-entry", "name=保守 員", &format!("in={}", now(&scene))]);
    assert!(said.contains("permission"), "{said}");
    let case = open(&scene, "room-entry", &["name=保守 員", "permission=入-3", &format!("in={}", now(&scene))]);
    assert_eq!(waits(&scene, &case).len(), 1, "who is in has not left");
    let entered = now(&scene);
    scene.clock.pass(Duration::from_secs(3600));
    step(&scene, &case, "left", &[&format!("out={}", now(&scene))]);
    let said = shown(&scene, &case);
    for word in ["保守 員", "入-3", &entered.replace('T', " "), &now(&scene).replace('T', " ")] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
    assert!(waits(&scene, &case).is_empty());
}

/// Told to the committee.
fn notify(scene: &Scene, case: &str, to: &str) {
    step(scene, case, "notify", &[to, &format!("at={}", now(scene)), "content=停止"]);
}

#[test]
fn s1_14_1_2_the_ordinary_door_from_the_hearing_to_the_reconnection() {
    let mut scene = with_papers("tsuchi", ROUTE);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let case = disconnection(&scene, "ordinary");
    // Something is stopped before the committee was heard: this record is not the place for it.
    scene.decide(&["connection", "stop", "--function", "koseki.issue"]);
    let early = stop_act(&scene);
    assert!(scene.refused(&["case", "step", &case, "stop", &early]).contains("before the committee was heard"));
    let at = format!("at={}", now(&scene));
    let notice = ["case", "step", &case, "notify", "recipient=県", &at, "content=概要"];
    assert!(scene.refused(&notice).contains("comes first"), "there is nothing to tell yet");
    scene.clock.pass(Duration::from_secs(60));
    on_paper(&mut scene, "board", &["case", "step", &case, "hear", "opinion=停止が相当"]);
    let said = scene.refused(&["case", "step", &case, "stop", &early]);
    assert!(said.contains("before the committee was heard") && said.contains("door=immediate"), "{said}");
    let at_once = disconnection(&scene, "immediate");
    step(&scene, &at_once, "stop", &[&early]);

    // Heard, then stopped: no session goes on.
    scene.clock.pass(Duration::from_secs(60));
    scene.decide(&["connection", "stop"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    step(&scene, &case, "stop", &[&stop_act(&scene)]);
    // Each notice has recipient, time and content; the committee is told, whoever else is.
    let at = format!("at={}", now(&scene));
    for missing in [&["recipient=県", &at][..], &["recipient=県", "content=概要"], &[&at, "content=概要"]] {
        let _ = scene.refused(&[&["case", "step", &case, "notify"], missing].concat());
    }
    let told = |scene: &Scene| waits(scene, ": notified").len();
    assert_eq!(told(&scene), 2, "of both stops: {:?}", scene.desk.list(&["today"]));
    step(&scene, &case, "notify", &["recipient=県", &at, "content=漏えいの疑いの概要"]);
    assert_eq!(told(&scene), 2, "the prefecture is not the committee");
    notify(&scene, &case, "roles=security_committee");
    notify(&scene, &at_once, "roles=security_committee");
    assert_eq!(told(&scene), 0);
    // What is kept is an order in force.
    assert!(scene.refused(&["case", "step", &case, "keep", "order=hozen-1"]).contains("hozen-1"));
    scene.decide(&["retention", "preserve", "hozen-1"]);
    for case in [&case, &at_once] {
        step(&scene, case, "keep", &["order=hozen-1"]);
    }

    let on = format!("on={}", day(&scene, 0));
    for case in [&case, &at_once] {
        on_paper(&mut scene, "board", &["case", "step", case, "resolve", "reporter=委員長", "cause=端末の撤去", &on]);
        on_paper(&mut scene, "mayor", &["case", "step", case, "confirm", "safety=確認"]);
    }
    scene.desk.run(&["--propose", "connection", "open"]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    for post in ["board", "mayor"] {
        on_paper(&mut scene, post, &["approve", proposal["id"].as_str().unwrap()]);
    }
    scene.wait_current();
    login(&scene.terminal, &scene.clerk);
    let act = stop_act(&scene);
    for case in [&case, &at_once] {
        step(&scene, case, "close", &[&act]);
        assert!(waits(&scene, case).is_empty());
    }
    let said = shown(&scene, &case);
    for word in ["停止が相当", "白総第12号", "県", "漏えいの疑いの概要", "hozen-1", "端末の撤去", &now(&scene)[..10]]
    {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
}

#[test]
fn s1_14_4_a_stop_shows_who_was_told_and_when() {
    let scene = with_papers("teitsu", "");
    let incident = format!("incident={}", leak(&scene));
    let record = ["door=immediate", &incident, "reason=漏えいの疑い", "recipients=executive"];
    let case = open(&scene, "disconnection", &record);
    scene.clock.pass(Duration::from_secs(3 * 3600));
    scene.decide(&["connection", "stop"]);
    let stopped = scene.clock.minute_in(Duration::from_secs(3600)).replace('T', " ");
    step(&scene, &case, "stop", &[&stop_act(&scene)]);
    // The mayor and the committee each wait, until an hour after the stop.
    for role in ["executive", "security committee"] {
        let [row] = waits(&scene, &format!("notified ({role})")).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        assert!(row["due"].as_str().unwrap().contains(&stopped), "{row}");
    }
    let at = now(&scene);
    for recipient in ["roles=security_committee", "recipient=県", "recipient=地方公共団体情報システム機構"]
    {
        notify(&scene, &case, recipient);
    }
    assert!(waits(&scene, "notified (security committee)").is_empty());
    assert_eq!(waits(&scene, "notified (executive)").len(), 1, "one of two");
    notify(&scene, &case, "roles=executive");
    assert!(waits(&scene, ": notified").is_empty());
    let said = shown(&scene, &case);
    for word in ["security_committee", "executive", "県", "地方公共団体情報システム機構"] {
        assert!(said.contains(&format!(": {word}")), "'{word}' is missing: {said}");
    }
    assert!(said.matches(&at.replace('T', " ")).count() >= 4, "{said}");
}

#[test]
fn s1_14_5_one_person_stops_at_once_and_has_to_tell_afterwards() {
    let mut scene = with_papers("sokuji", ROUTE);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["connection", "stop"]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    let act = stop_act(&scene);
    assert!(!scene.desk.list(&["today"]).is_empty(), "that nobody was told waits already");
    let case = disconnection(&scene, "immediate");
    step(&scene, &case, "stop", &[&act]);
    let told = |scene: &Scene| waits(scene, ": notified").len();
    assert_eq!(told(&scene), 1, "{:?}", scene.desk.list(&["today"]));
    scene.clock.pass(Duration::from_secs(2 * 3600));
    assert_eq!(told(&scene), 1, "it stays until it is done");
    notify(&scene, &case, "roles=security_committee");
    assert_eq!(told(&scene), 0);
}

#[test]
fn s1_15_2_a_leak_is_not_saved_without_mayor_and_committee() {
    let scene = with_papers("shicho", "");
    let fields = ["class=misuse", "level=1", "circumstances=窓口で渡った"];
    for kind in ["kind=leak", "kind=irrecoverable"] {
        for recipients in ["system_manager", "system_manager,executive", "system_manager,security_committee"] {
            let told = format!("recipients={recipients}");
            let said = scene.refused(&[&["case", "open", "incident", kind, &told], &fields[..]].concat());
            assert!(said.contains("has to be told to"), "{said}");
        }
    }
    // A mistyped kind is none; one that the office has declared is as grave as it says.
    let mistyped = [&["case", "open", "incident", "kind=rouei", "recipients=system_manager"], &fields[..]].concat();
    let said = scene.refused(&mistyped);
    assert!(said.contains("kind 'rouei'") && said.contains("irrecoverable=irrecoverable damage"), "{said}");
    scene.apply("[policy]\nincident_kinds = [{ kind = \"rouei\", title = \"名簿の漏えい\", severity = \"grave\" }]\n");
    let said = scene.refused(&mistyped);
    assert!(said.contains("has to be told to executive"), "{said}");
    assert!(scene.desk.list(&["case", "list"]).is_empty());
    let case = open(&scene, "incident", &[&fields[..], &["kind=leak"]].concat());
    let said = shown(&scene, &case);
    assert!(said.contains("executive") && said.contains("security_committee"), "{said}");
}

/// Stopped, told, and the record of it.
fn stopped(scene: &Scene) -> String {
    scene.decide(&["connection", "stop"]);
    let act = stop_act(scene);
    let case = disconnection(scene, "immediate");
    step(scene, &case, "stop", &[&act]);
    notify(scene, &case, "roles=security_committee");
    case
}

#[test]
fn s1_16_1_nothing_is_confirmed_before_the_committee_reported_that_the_cause_is_gone() {
    let mut scene = with_papers("kaisho", ROUTE);
    let case = stopped(&scene);
    let today = day(&scene, 0);
    scene.desk.sign_by("20002");
    let early = scene.refused(&paper("mayor", &today, &["case", "step", &case, "confirm", "safety=確認"]));
    assert!(early.contains("comes first"), "{early}");
    let cause = ["reporter=委員長", "cause=端末の撤去"];
    scene.desk.sign_by("20001");
    let undated = scene.refused(&paper("board", &today, &[&["case", "step", &case, "resolve"], &cause[..]].concat()));
    assert!(undated.contains("on"), "it has a date: {undated}");
    let on = format!("on={today}");
    on_paper(&mut scene, "board", &[&["case", "step", &case, "resolve"], &cause[..], &[&on]].concat());
    let said = shown(&scene, &case);
    for word in ["委員長", "端末の撤去", &today, &case] {
        assert!(said.contains(word), "'{word}' is missing: {said}");
    }
    on_paper(&mut scene, "mayor", &["case", "step", &case, "confirm", "safety=確認"]);
}

#[test]
fn s1_16_2_reconnection_takes_the_committees_word_and_the_mayors() {
    let mut scene = with_papers("saiketsu", ROUTE);
    insert(&scene.terminal, &mut scene.clerk);
    scene.decide(&["connection", "stop"]);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    let unrecorded = scene.refused(&["--propose", "connection", "open"]);
    assert!(unrecorded.contains("case open disconnection"), "{unrecorded}");
    let act = stop_act(&scene);
    let case = disconnection(&scene, "immediate");
    step(&scene, &case, "stop", &[&act]);
    let on = format!("on={}", day(&scene, 0));
    on_paper(&mut scene, "board", &["case", "step", &case, "resolve", "reporter=委員長", "cause=端末の撤去", &on]);
    let unconfirmed = scene.refused(&["--propose", "connection", "open"]);
    assert!(unconfirmed.contains("'confirm' comes first"), "{unconfirmed}");
    on_paper(&mut scene, "mayor", &["case", "step", &case, "confirm", "safety=確認"]);
    assert!(scene.refused(&["connection", "open"]).contains("approv"), "nobody reconnects alone");
    scene.desk.run(&["--propose", "connection", "open"]);
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let id = proposal["id"].as_str().unwrap();
    let today = day(&scene, 0);
    scene.desk.sign_by("20002");
    let early = scene.refused(&paper("mayor", &today, &["approve", id]));
    assert!(early.contains("the stage before this one has not approved yet"), "{early}");
    scene.desk.sign_by("20001");
    on_paper(&mut scene, "board", &["approve", id]);
    scene.wait_current();
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped", "one of the two is not enough");
    on_paper(&mut scene, "mayor", &["approve", id]);
    scene.wait_current();
    login(&scene.terminal, &scene.clerk);
}

#[test]
fn s1_19_who_had_no_training_for_a_year_is_listed() {
    let mut scene = with_papers("kenshu", "");
    for (operator, name) in [("10023", "田中 さくら"), ("10031", "高橋 健")] {
        let who = ["operator", "designate", operator, "--name", name, "--section", "jumin", "--to", "2056-03-31"];
        scene.desk.run(&who);
    }
    let on = format!("on={}", day(&scene, 1));
    let case = open(&scene, "training", &["content=住基ネットの取扱い", &on, "audience=操作者"]);
    let today = format!("on={}", day(&scene, 0));
    let attended = ["case", "step", &case, "attended", "operator=10023", &today];
    assert!(scene.refused(&attended).contains("comes first"), "the mayor approves the plan beforehand");
    on_paper(&mut scene, "mayor", &["case", "step", &case, "approve"]);
    scene.desk.run(&attended);
    scene.terminal.stop();
    scene.clock.pass(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(waits(&scene, "高橋 健 (10031) took part in no training").len(), 1, "{:?}", scene.desk.list(&["today"]));
    assert!(waits(&scene, "田中 さくら (10023) took part in no training").is_empty());
}
