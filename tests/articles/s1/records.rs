//! Records of operation: what they say, how long they are kept, what a stop preserves.

use std::time::Duration;

use sekisho_ipc::{AuthorizeRequest, IncidentClass, PromptRequest, ReportIncidentRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, request, try_login, type_pin, verdict_of, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn s1_4_2_use_is_reviewed_by_operator_and_purpose_and_none_goes_without_one() {
    let mut scene = Scene::new("mokuteki");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    let mut ask = |purpose: Option<&str>| {
        let asked = AuthorizeRequest { purpose: purpose.map(str::to_owned), ..request("juminhyo.search") };
        client.authorize(&asked).unwrap().verdict.code
    };
    assert_eq!(ask(None), "purpose_missing");
    for purpose in ["counter", "counter", "post"] {
        assert_eq!(ask(Some(purpose)), "granted");
    }
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
    let his = AuthorizeRequest { purpose: Some("counter".into()), ..request("juminhyo.search") };
    assert!(scene.terminal.client().authorize(&his).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);

    let today = scene.clock.minute_in(Duration::ZERO)[..10].to_owned();
    let rows = scene.desk.list(&["records", "purposes", "--since", &today, "--until", &today]);
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let counted: Vec<_> =
        rows.iter().map(|row| ["operator", "purpose", "granted", "refused"].map(|key| text(row, key))).collect();
    let hers = "田中 さくら (10023)";
    assert_eq!(
        counted,
        [
            [hers, "-", "0", "1"],
            [hers, "窓口請求 (counter)", "2", "0"],
            [hers, "郵送請求 (post)", "1", "0"],
            ["高橋 健 (10031)", "窓口請求 (counter)", "1", "0"],
        ]
    );
    assert!(rows.iter().all(|row| text(row, "function") == "住民票の検索 (juminhyo.search)"), "{rows:?}");
    assert_eq!(scene.desk.list(&["records", "purposes", "--operator", "10031"]).len(), 1);
    assert!(scene.search(&["--kind", "read"]).len() >= 2, "the review is on record itself");
}

#[test]
fn s1_6_3_a_session_for_maintenance_is_marked_in_the_ledger() {
    let mut scene = Scene::new("hoshu");
    insert(&scene.terminal, &mut scene.clerk);
    let maintenance = PromptRequest { kind: Some("maintenance".into()), ..PromptRequest::login() };
    let opened = type_pin(&mut scene.terminal.client(), &maintenance, &scene.clerk.pin()).unwrap();
    assert!(opened.verdict.granted, "{}", opened.verdict.code);
    assert_eq!(scene.terminal.client().status().unwrap().session.unwrap().kind, "maintenance");
    scene.terminal.client().end().unwrap();
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let opened = scene.search(&["--kind", "session_opened"]);
    let marked: Vec<bool> = opened.iter().map(|row| row["what"].as_str().unwrap().contains("(maintenance)")).collect();
    assert_eq!(marked, [false, true], "newest first: {opened:?}");
}

#[test]
fn s1_10_3_1_each_authentication_says_which_policy_was_in_force() {
    let mut scene = Scene::new("hanpan");
    insert(&scene.terminal, &mut scene.clerk);
    let log_in = |scene: &Scene| {
        login(&scene.terminal, &scene.clerk);
        scene.terminal.client().end().unwrap();
        wait_state(&scene.terminal, SessionState::AwaitPin);
        wait_sealed(&scene.terminal);
        let opened = scene.search(&["--kind", "session_opened"]);
        let shown = scene.desk.run(&["records", "show", opened[0]["index"].as_str().unwrap()]);
        let line = shown.lines().find(|line| line.starts_with("policy: act ")).unwrap_or_else(|| panic!("{shown}"));
        line.to_owned()
    };
    let founding = log_in(&scene);
    assert!(founding.starts_with("policy: act 0 of "), "{founding}");
    scene.apply("[policy]\npin_tries = 3\n");
    let index = sekisho_tests::history::acts(&scene.ledger) - 1;
    let changed = log_in(&scene);
    assert!(changed.starts_with(&format!("policy: act {index} of ")) && changed.contains("佐藤 一郎"), "{changed}");
    // The former record still says by which it was decided.
    let opened = scene.search(&["--kind", "session_opened"]);
    assert!(scene.desk.run(&["records", "show", opened[1]["index"].as_str().unwrap()]).contains(&founding));
}

/// How the contents of a class and month stand.
fn standing(scene: &Scene, class: &str, month: &str) -> String {
    let rows = scene.desk.list(&["retention", "list"]);
    let row = rows.iter().find(|row| row["class"] == class && row["month"] == month);
    row.map_or_else(String::new, |row| row["standing"].as_str().unwrap().to_owned())
}

fn month(scene: &Scene) -> String {
    scene.clock.minute_in(Duration::ZERO)[..7].to_owned()
}

/// What may be destroyed by now, as class and month.
fn due(scene: &Scene) -> Vec<(String, String)> {
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = scene.desk.list(&["retention", "list", "--due"]);
    rows.iter().map(|row| (text(row, "class"), text(row, "month"))).collect()
}

#[test]
fn s1_13_a_record_goes_when_its_own_seven_years_have_passed_and_by_nobody_before() {
    let mut scene = Scene::new("nananen");
    let first = month(&scene);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    // Another month's: the desk's readings are kept as long.
    scene.clock.pass(40 * DAY);
    let second = month(&scene);
    assert_eq!(scene.search(&["--kind", "session_opened"]).len(), 1);

    let propose = |class: &'static str, from: &str, to: &str| {
        ["retention", "propose", "--class", class, "--from", from, "--to", to].map(str::to_owned)
    };
    let refused =
        |scene: &Scene, arguments: &[String]| scene.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    scene.clock.pass(6 * 365 * DAY + 250 * DAY);
    assert_eq!(standing(&scene, "access", &first), "kept");
    assert!(due(&scene).iter().all(|(class, _)| class == "operation"), "{:?}", due(&scene));
    // Between them the two founders hold every role that signs.
    for operator in ["20001", "20002"] {
        scene.desk.sign_by(operator);
        for class in ["access", "administration"] {
            assert!(refused(&scene, &propose(class, &first, &first)).contains("are kept until"), "{operator}, {class}");
        }
    }
    scene.desk.sign_by("20001");

    // The first month has seven years behind it, the second has not.
    while standing(&scene, "access", &first) == "kept" {
        scene.clock.pass(5 * DAY);
    }
    assert!(due(&scene).contains(&("access".into(), first.clone())));
    assert!(due(&scene).iter().all(|(class, month)| class == "operation" || *month == first), "{:?}", due(&scene));
    assert_eq!(standing(&scene, "administration", &second), "kept");
    assert!(refused(&scene, &propose("administration", &first, &second)).contains("are kept until"));
    let due_now = propose("access", &first, &first);
    scene.desk.run(&due_now.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(standing(&scene, "access", &first), "due", "a proposal destroys nothing");
    let [proposal] = scene.desk.list(&["proposals"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    scene.desk.sign_by("20002");
    scene.desk.run(&["approve", proposal["id"].as_str().unwrap()]);
    wait::until("the month to be erased", || (standing(&scene, "access", &first) == "destroyed").then_some(()));
    assert_eq!(standing(&scene, "administration", &second), "kept");
}

#[test]
fn s1_14_3_after_a_stop_no_session_opens_and_what_is_preserved_stays() {
    let mut scene = Scene::new("teishi");
    let held = month(&scene);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["connection", "stop"]);
    scene.decide(&["--request", "SHICHO-1", "retention", "preserve", "hozen-1", "--from", &held, "--to", &held]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    assert_ne!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    scene.terminal.stop();

    // Long after the time of these records nobody destroys them.
    scene.clock.pass(400 * DAY);
    assert_eq!(standing(&scene, "operation", &held), "preserved by hozen-1");
    assert!(due(&scene).is_empty());
    let said = scene.refused(&["retention", "propose", "--class", "operation", "--from", &held, "--to", &held]);
    assert!(said.contains("hozen-1"), "{said}");
    // How the case was handled stays as well: acts are never destroyed.
    let acts = scene.desk.run(&["acts", "--full"]);
    assert!(acts.contains("SHICHO-1") && acts.to_lowercase().contains("connection"), "{acts}");
}

#[test]
fn s1_15_3_5_a_stop_names_the_incident_that_it_answers() {
    let mut scene = Scene::new("jiko");
    let leak = ReportIncidentRequest { class: IncidentClass::Misuse, kind: "leak".into(), card: None };
    scene.terminal.client().report_incident(&leak).unwrap();
    wait::until("the report", || (scene.terminal.client().status().unwrap().reports_waiting == 0).then_some(()));
    let [row] = scene.desk.list(&["report", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    let number = row["what"].as_str().unwrap().strip_prefix("incident ").unwrap().to_owned();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.decide(&["connection", "stop", "--incident", &number]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "connection_stopped");
    let acts = scene.desk.run(&["acts", "--last", "1"]);
    assert!(acts.contains(&number) && acts.contains("stop"), "{acts}");
}
