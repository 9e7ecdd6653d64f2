//! Operators, what each may do, at which terminal, and with one session at a time.

use sekisho_ipc::{AuthorizeRequest, SessionState};
use sekisho_tests::clerk::{insert, login, request, verdict_of, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::wait;

#[test]
fn s0_2_8_9_a_function_of_the_management_terminal_is_refused_at_an_ordinary_one() {
    let mut scene = Scene::new("kanri");
    scene.apply(
        r#"
        [[function]]
        function = "kanri.backup"
        title = "管理用端末機の処理"
        terminal_kind = "management"
        [[profile]]
        operator = "10023"
        profile = "jumin-a"
        functions = ["juminhyo.issue", "kanri.backup"]
        [[terminal]]
        terminal = "jumin-1"
        functions = ["juminhyo.issue", "kanri.backup"]
        "#,
    );
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "kanri.backup"), "terminal_kind_wrong");
    wait_sealed(&scene.terminal);
    let refused = scene.search(&["--verdict", "refused", "--function", "kanri.backup"]);
    assert_eq!(refused.len(), 1, "{refused:?}");
    let terminals = scene.desk.list(&["terminal", "list"]);
    assert_eq!((&terminals[0]["kind"], &terminals[0]["section"]), (&"business".into(), &"住民課 (jumin)".into()));
}

#[test]
fn s0_7_terminals_for_which_nobody_is_responsible_are_reported() {
    let mut scene = Scene::new("sekinin");
    let unattended = |scene: &Scene| scene.desk.list(&["terminal", "list", "--unattended"]);
    let [alone] = unattended(&scene).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!((&alone["terminal"], &alone["held"]), (&"jumin-1".into(), &"nobody".into()));

    // The town's manager appoints the head of its section, for a time.
    let (today, next) = (scene.clock.minute_in(std::time::Duration::ZERO), "2056-03-31");
    scene.apply_by_two(&format!(
        "[[post]]\npost = \"jumin-kakaricho\"\ntitle = \"住民係長\"\nroles = [\"terminal_manager\"]\nsection = \"jumin\"\n\
         [[hold_post]]\npost = \"jumin-kakaricho\"\noperator = \"10023\"\nfrom = {today:?}\nto = {next:?}\n"
    ));
    assert!(unattended(&scene).is_empty());
    let [attended] = scene.desk.list(&["terminal", "list"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
    assert_eq!(attended["responsible"], "jumin-kakaricho");
    assert!(attended["held"].as_str().unwrap().contains("田中 さくら"), "{attended}");
    scene.desk.run(&["post", "leave", "jumin-kakaricho", "10023"]);
    assert_eq!(unattended(&scene).len(), 1, "who has left is responsible no more");
}

#[test]
fn s0_8_1_who_asks_for_what_lies_outside_his_scope_is_refused_on_record() {
    let mut scene = Scene::new("hani");
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "function_not_in_scope");
    wait_sealed(&scene.terminal);
    let [row] = scene
        .search(&["--operator", "10031", "--function", "juminhyo.issue", "--verdict", "refused"])
        .try_into()
        .unwrap_or_else(|all| panic!("{all:?}"));
    assert!(row["what"].as_str().unwrap().contains("outside"), "the reason stands there: {row}");
    scene.desk.run(&["records", "verify", row["index"].as_str().unwrap()]);
}

#[test]
fn s0_8_4_a_function_that_wants_a_purpose_runs_with_one_alone() {
    let mut scene = Scene::new("mokuteki");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    let mut ask = |purpose: Option<&str>| {
        let asked = AuthorizeRequest { purpose: purpose.map(str::to_owned), ..request("juminhyo.search") };
        client.authorize(&asked)
    };
    assert_eq!(ask(None).unwrap().verdict.code, "purpose_missing");
    assert!(ask(Some("")).map_or(true, |answer| !answer.verdict.granted), "an empty one is none");
    assert!(ask(Some("counter")).unwrap().verdict.granted);
    wait_sealed(&scene.terminal);
    let [granted] = scene
        .search(&["--function", "juminhyo.search", "--verdict", "granted"])
        .try_into()
        .unwrap_or_else(|all| panic!("{all:?}"));
    assert!(granted["what"].as_str().unwrap().contains("窓口請求"), "its purpose can be examined: {granted}");
}

#[test]
fn s0_8_5_one_operator_has_one_session_and_a_second_raises_an_alarm() {
    let mut scene = Scene::new("hitori");
    scene.apply("[policy]\ntwo_terminals = \"close_later\"\n");
    let other = scene.another_terminal("t2", "jumin-2");
    let (mut again, _) = scene.desk.issue("again", &["--operator", "10023", "--also"]);
    scene.wait_current();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    insert(&other, &mut again);
    login(&other, &again);
    wait_state(&other, SessionState::AwaitPin);
    wait_state(&scene.terminal, SessionState::Open);
    wait::until("the alarm", || {
        let alarms = scene.search(&["--kind", "alarm", "--terminal", "jumin-2"]);
        let told =
            |row: &serde_json::Value| row["what"].as_str().unwrap().contains("another was open at another terminal");
        alarms.iter().any(told).then_some(())
    });
}
