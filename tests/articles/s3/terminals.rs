//! Terminals: what each is for, when it ran, who is responsible.

use std::time::Duration;

use sekisho_tests::clerk::{insert, login, pull, verdict_of};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Terminal;
use sekisho_tests::wait;

#[test]
fn s3_18_1_purpose_a_function_in_scope_is_refused_where_the_terminal_is_not_for_it() {
    let mut scene = Scene::new("tanmatsu");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    // Her permission has it, this terminal has not.
    assert_eq!(verdict_of(&scene.terminal, "zei.certificate"), "function_not_for_terminal");
    wait_sealed(&scene.terminal);
    assert_eq!(scene.search(&["--verdict", "82", "--function", "zei.certificate"]).len(), 1, "on record");
    scene.apply("[[terminal]]\nterminal = \"jumin-1\"\nfunctions = [\"juminhyo.issue\", \"zei.certificate\"]\n");
    assert_eq!(verdict_of(&scene.terminal, "zei.certificate"), "granted");
    assert_eq!(verdict_of(&scene.terminal, "koseki.issue"), "function_not_for_terminal");
}

#[test]
fn s3_18_1_state_when_a_terminal_was_up_and_down_is_told_for_any_day() {
    let mut scene = Scene::new("kadou");
    let day = Duration::from_secs(24 * 3600);
    let today = scene.clock.minute_in(Duration::ZERO)[..10].to_owned();
    wait_sealed(&scene.terminal);
    scene.terminal.stop();
    scene.clock.pass(2 * day);
    let later = scene.clock.minute_in(Duration::ZERO)[..10].to_owned();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    wait_sealed(&scene.terminal);
    let moments = |scene: &Scene, kind: &str, date: &str| {
        let rows = scene.search(&["--terminal", "jumin-1", "--kind", kind, "--since", date, "--until", date]);
        rows.iter().map(|row| row["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (date, up, down) in [(&today, 1, 1), (&later, 1, 0)] {
        let (ups, downs) = (moments(&scene, "terminal_up", date), moments(&scene, "terminal_down", date));
        assert_eq!((ups.len(), downs.len()), (up, down), "{date}: {ups:?} {downs:?}");
        assert!(ups.iter().chain(&downs).all(|line| line.starts_with(date.as_str())), "each with its time: {ups:?}");
    }
    // A reader that is gone, and a line that is dead, are times as well.
    scene.terminal.pcscd.kill();
    wait::until("the reader to be missed", || (!moments(&scene, "reader_down", &later).is_empty()).then_some(()));
}

#[test]
fn s3_18_2_two_operators_see_and_run_different_functions_at_one_terminal() {
    let mut scene = Scene::new("futari");
    let may = |terminal: &Terminal| {
        let state = terminal.client().status().unwrap();
        let granted = state.functions.iter().filter(|function| {
            function.verdict.granted
                || ["card_proof_needed", "pin_proof_needed", "purpose_missing"]
                    .contains(&function.verdict.code.as_str())
        });
        granted.map(|function| function.function.clone()).collect::<Vec<_>>()
    };
    assert_ne!(scene.clerk.pin(), scene.other.pin());
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let hers = may(&scene.terminal);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    login(&scene.terminal, &scene.other);
    let his = may(&scene.terminal);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "function_not_in_scope");
    assert_ne!(hers, his);
    assert!(
        hers.contains(&"juminhyo.issue".to_owned()) && !his.contains(&"juminhyo.issue".to_owned()),
        "{hers:?} {his:?}"
    );
    assert_eq!(his, ["juminhyo.search"]);
}

#[test]
fn s3_18_3_a_terminal_without_a_responsible_person_is_reported() {
    let scene = Scene::new("kanri");
    let unattended = |scene: &Scene| scene.desk.list(&["terminal", "list", "--unattended"]).len();
    let mut scene = scene;
    scene.apply_by_two(
        "[[post]]\npost = \"zei-kakari\"\ntitle = \"税務係長\"\nroles = [\"terminal_manager\"]\nsection = \"zeimu\"\n\
         [[hold_post]]\npost = \"zei-kakari\"\noperator = \"10031\"\n",
    );
    assert_eq!(unattended(&scene), 1, "it is another section's");
    scene.apply("[[terminal]]\nterminal = \"jumin-1\"\nresponsible = \"zei-kakari\"\n");
    assert_eq!(unattended(&scene), 0);
    // The post stays, and nobody is in it who is on duty.
    scene.decide(&["operator", "suspend", "10031"]);
    assert_eq!(unattended(&scene), 1);
}
