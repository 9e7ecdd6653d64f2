//! A disk that is full: nothing is granted, what must be said is recorded all the same, and with room everything goes on by itself.

use std::collections::BTreeMap;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{authorize, insert, login, pull, try_login, wait_card, wait_state};
use sekisho_tests::history::{assert_once_each, stored};
use sekisho_tests::peer::journal;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::small_disk::SmallDisk;
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::wait;
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Body, Record};

/// Asks until this is the answer; notes what was acknowledged.
fn ask_until(terminal: &Terminal, code: &str, acknowledged: &mut BTreeMap<(u64, u64), bool>) {
    wait::until(&format!("the answer {code}"), || {
        let answer = authorize(terminal, "juminhyo.issue");
        if let Some(record) = answer.record {
            acknowledged.insert((record.epoch, record.seq), answer.verdict.granted);
        }
        (answer.verdict.code == code).then_some(())
    });
}

fn advice(terminal: &Terminal) -> String {
    terminal.client().status().unwrap().advice.code
}

fn bodies(terminal: &Terminal) -> Vec<Body> {
    journal(&terminal.state()).iter().map(|bytes| Record::decode(bytes).unwrap().body).collect()
}

#[test]
fn a_full_disk_stops_grants_and_loses_nothing() {
    let mut scene = Scene::new("full");
    scene.terminal.stop();
    let disk = SmallDisk::under(&scene.terminal.state(), 2048);
    scene.terminal.start();
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let mut acknowledged = BTreeMap::new();
    ask_until(&scene.terminal, "granted", &mut acknowledged);

    disk.fill();
    ask_until(&scene.terminal, "journal_full", &mut acknowledged);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    let state = scene.terminal.client().status().unwrap();
    assert_eq!(state.last_lock_reason.as_deref(), Some("journal_failed"));
    assert!(state.advice.next.contains("by itself when there is room"), "{}", state.advice.next);
    assert_eq!(try_login(&scene.terminal, &scene.clerk), "journal_full");
    pull(&scene.terminal, &mut scene.clerk);
    wait_state(&scene.terminal, SessionState::NoCard);
    assert_eq!(advice(&scene.terminal), "journal_full");

    // Nothing of it is in the memory of the agent alone. Nobody waits for the record of a removal: access is cut before it is written.
    let closed = |body: &Body| matches!(body, Body::SessionClosed(_));
    wait::until("the session's end on the full disk", || bodies(&scene.terminal).iter().any(closed).then_some(()));
    scene.terminal.kill(Part::Agent);
    let kept = bodies(&scene.terminal);
    let full = |body: &Body| matches!(body, Body::Alarm(alarm) if alarm.kind == AlarmKind::JournalFull);
    assert!(kept.iter().any(full), "{kept:?}");
    scene.terminal.start_part(Part::Agent);
    assert_eq!(advice(&scene.terminal), "journal_full");

    disk.free();
    wait::until("room", || (advice(&scene.terminal) != "journal_full").then_some(()));
    insert(&scene.terminal, &mut scene.clerk);
    wait_card(&scene.terminal, true);
    login(&scene.terminal, &scene.clerk);
    ask_until(&scene.terminal, "granted", &mut acknowledged);
    wait_sealed(&scene.terminal);
    assert!(!scene.search(&["--kind", "alarm"]).is_empty());
    scene.terminal.stop();
    scene.ledger.stop();
    crate::killed::assert_on_record(&acknowledged, &scene.terminal.state());
    let records = assert_once_each(&scene.ledger);
    assert!(i64::try_from(acknowledged.len()).unwrap() < records);
    assert_eq!(stored(&scene.ledger, "jumin-1"), records);
    scene.ledger.assert_sound();
    drop(disk);
}
