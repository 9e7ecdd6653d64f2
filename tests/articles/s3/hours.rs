//! Work outside the set hours.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};

const MINUTE: Duration = Duration::from_secs(60);
const FUNCTION: &str = "juminhyo.issue";

#[test]
fn s3_18_4_out_of_hours_needs_a_permit() {
    let mut scene = Scene::new("hours");
    // The section's head applies, the IT section's head permits.
    scene.apply_by_two(
        r#"
        [[route]]
        class = "hours"
        proposers = ["terminal_manager"]
        approvers = ["system_manager"]
        "#,
    );
    let closed = scene.desk.file("closed.toml");
    std::fs::write(&closed, "[policy]\nhours_enforced = true\n\n[[hours]]\n").unwrap();
    scene.by_two(&["apply", closed.to_str().unwrap()]);
    insert(&scene.terminal, &mut scene.clerk);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours");

    // Administrators write whole minutes, so it begins up to one earlier: the other one is there for what the story asks before it has begun.
    let begins = 3 * MINUTE;
    let (from, to) = (scene.clock.minute_in(begins), scene.clock.minute_in(begins + 30 * MINUTE));
    let who = ["permit", "grant", "--operator", "10023", "--terminal", "jumin-1"];
    let permit = [&who[..], &["--from", &from, "--to", &to, "--reason", "zangyo"]].concat();
    assert!(scene.refused(&permit).contains("approv"), "nobody permits himself");
    scene.desk.run(&[&["--propose"], &permit[..]].concat());
    scene.clock.pass(MINUTE);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours", "an application is no permit");
    scene.approve();
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours", "the permit has not begun");
    scene.clock.pass(begins);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, FUNCTION), "granted");
    // It is for the person that it names.
    pull(&scene.terminal, &mut scene.clerk);
    insert(&scene.terminal, &mut scene.other);
    assert_eq!(try_login(&scene.terminal, &scene.other), "out_of_hours");
    pull(&scene.terminal, &mut scene.other);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);

    let number = format!("{}-1", scene.clock.fiscal_year());
    scene.by_two(&["permit", "end", &number]);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "out_of_hours", "the permit was ended");
    wait_sealed(&scene.terminal);
    let verified = scene.desk.run(&["records", "verify", "--all"]);
    let covers = format!("permit {number} covers it");
    assert_eq!(verified.matches(&covers).count(), 3, "two logins and a function name the permit:\n{verified}");
    let opened = scene.search(&["--kind", "session_opened"]);
    let shown = scene.desk.run(&["records", "show", opened[0]["index"].as_str().unwrap()]);
    assert!(shown.contains(&format!("permit {number}")), "{shown}");
    assert_eq!(scene.search(&["--verdict", "90"]).len(), 5, "each refusal is on record");
    assert_eq!(scene.desk.list(&["permit", "list"]).len(), 1);
}
