//! What days do to a journal: records that wait too long for the ledger stop the grants, and records that were sealed long ago go.

use std::time::Duration;

use sekisho_tests::clerk::{insert, login, try_login, verdict_of, wait_card};
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn segments(scene: &Scene) -> Vec<String> {
    let entries = std::fs::read_dir(scene.terminal.state().join("journal")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".segment"))
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn records_that_wait_too_long_for_the_ledger_are_warned_of_and_then_stop_the_grants() {
    let mut scene = Scene::new("unsent");
    let kept = std::fs::read_to_string(scene.terminal.configuration()).unwrap();
    scene.terminal.configure(&format!("{kept}\n[journal]\ndays_unsent = 2\n"));
    scene.terminal.stop();
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    wait_sealed(&scene.terminal);
    scene.ledger.stop();
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    assert_eq!(client.status().unwrap().unsent_until, None, "there is time");

    scene.clock.pass(DAY + HOUR);
    // The session was as long as one may be; another one opens.
    wait::until("the end of the session", || (client.status().unwrap().session.is_none()).then_some(()));
    login(&scene.terminal, &scene.clerk);
    let left = client.status().unwrap().unsent_until.unwrap() - scene.clock.now_ms();
    assert!(left < u64::try_from(DAY.as_millis()).unwrap(), "{left} ms are left");
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");

    scene.clock.pass(DAY);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "unsent_too_long");
    wait::until("the end of the session", || (client.status().unwrap().session.is_none()).then_some(()));
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "unsent_too_long");
    // Over a restart, too.
    scene.terminal.kill(Part::Agent);
    scene.terminal.start_part(Part::Agent);
    wait_card(&scene.terminal, true);
    assert_eq!(scene.terminal.client().status().unwrap().advice.code, "unsent_too_long");

    scene.ledger.serve();
    wait_sealed(&scene.terminal);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
}

/// The terminal is off for so long. Whole segments go, and each start begins one.
fn days_pass(scene: &mut Scene, days: u32) {
    scene.terminal.stop();
    scene.clock.pass(days * DAY);
    scene.terminal.start();
    wait_fresh(&scene.terminal);
}

#[test]
fn sealed_records_stay_35_days_and_then_go() {
    let mut scene = Scene::new("keep");
    wait_sealed(&scene.terminal);
    let first = segments(&scene);
    let something_sealed = |scene: &mut Scene| {
        insert(&scene.terminal, &mut scene.clerk);
        wait_sealed(&scene.terminal);
        sekisho_tests::clerk::pull(&scene.terminal, &mut scene.clerk);
        wait_sealed(&scene.terminal);
    };
    days_pass(&mut scene, 34);
    something_sealed(&mut scene);
    assert_eq!(segments(&scene)[0], first[0], "34 days are not 35");
    days_pass(&mut scene, 2);
    something_sealed(&mut scene);
    wait::until("the oldest segment to go", || (segments(&scene)[0] != first[0]).then_some(()));
    scene.terminal.stop();
    scene.ledger.stop();
    let _ = sekisho_tests::history::assert_once_each(&scene.ledger);
}
