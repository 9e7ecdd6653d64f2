//! A clerk's day, pressed together by the story's clock: nothing is lost, and nothing grows that should not.

use std::path::Path;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, request, wait_state};
use sekisho_tests::history::{assert_once_each, stored};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

const MINUTE: Duration = Duration::from_secs(60);
const PARTS: [Part; 3] = [Part::Agent, Part::CardWorker, Part::Forwarder];
/// KiB that a process may hold at the end of the day beyond what it held after the first hour: buffers, not a piece for every record.
const MAY_GROW: u64 = 8 * 1024;
/// Bytes of the journal for a record. What is sealed stays on the terminal for 35 days, so this is what fills its disk.
const PER_RECORD: u64 = 512;

/// A quarter of an hour at the counter: every 20 seconds a resident. Gives how many decisions were acknowledged.
fn quarter(scene: &Scene) -> usize {
    let mut client = scene.terminal.client();
    for _ in 0..45 {
        scene.clock.pass(Duration::from_secs(20));
        let answer = client.authorize(&request("juminhyo.issue")).unwrap();
        assert!(answer.verdict.granted && answer.record.is_some(), "{}", answer.verdict.code);
    }
    45
}

/// An hour: two quarters, a telephone call until the terminal locks, one quarter, and away from the desk with the card.
fn hour(scene: &mut Scene) -> usize {
    let mut decided = quarter(scene) + quarter(scene);
    scene.clock.pass(6 * MINUTE);
    wait_state(&scene.terminal, SessionState::Locked);
    login(&scene.terminal, &scene.clerk);
    decided += quarter(scene);
    pull(&scene.terminal, &mut scene.clerk);
    scene.clock.pass(9 * MINUTE);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    decided
}

fn resident_kib(scene: &Scene) -> Vec<u64> {
    let of = |part: &Part| {
        let status = format!("/proc/{}/status", scene.terminal.process_id(*part).unwrap());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    PARTS.iter().map(of).collect()
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(of) if of.is_dir() => bytes_below(&entry.path()),
            Ok(of) => of.len(),
            Err(_) => 0,
        })
        .sum()
}

fn work(story: &str, hours: usize) {
    let mut scene = Scene::new(story);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut decided = hour(&mut scene);
    wait_sealed(&scene.terminal);
    let morning = (resident_kib(&scene), bytes_below(&scene.terminal.state()), stored(&scene.ledger, "jumin-1"));
    for _ in 1..hours {
        decided += hour(&mut scene);
    }
    wait_sealed(&scene.terminal);
    let evening = (resident_kib(&scene), bytes_below(&scene.terminal.state()), stored(&scene.ledger, "jumin-1"));
    for (morning, evening) in morning.0.iter().zip(&evening.0) {
        assert!(*evening <= morning + MAY_GROW, "it grows: from {morning} to {evening} KiB");
    }
    let records = u64::try_from(evening.2 - morning.2).unwrap();
    let written = evening.1.saturating_sub(morning.1);
    assert!(written <= records * PER_RECORD, "{written} bytes for {records} records");

    let verified = scene.desk.run(&["records", "verify", "--all"]);
    assert!(verified.contains(" 0 do not"), "{verified}");
    scene.terminal.stop();
    scene.ledger.stop();
    let all = usize::try_from(assert_once_each(&scene.ledger)).unwrap();
    // Of each hour: a lock, its unlocking, a closing, an opening; and what cards, readers and programs have to say.
    assert!(all >= decided + 4 * hours, "{all} records of {decided} decisions in {hours} hours");
    scene.ledger.assert_sound();
}

#[test]
#[ignore = "takes long: tests/long.sh"]
fn a_clerks_day_loses_nothing_and_leaves_nothing_behind() {
    work("soak", 9);
}
