//! Durable `Authorize`: one client beside the bare append, then many clients beside one.

use std::path::Path;
use std::time::Duration;

use sekisho_ipc::{Client, SessionState};
use sekisho_tests::clerk::{login, request, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

use crate::append::Append;
use crate::report::{Goal, Report};
use crate::stopwatch::timed;
use crate::sync_count::SyncCount;
use crate::times::Times;
use crate::{Effort, many_clients};

/// A function of level `session`: no card is asked, only the disk.
pub(crate) const FUNCTION: &str = "juminhyo.issue";
/// Requests made before anything is timed.
const SOME: usize = 50;

/// Works for a moment, so that the terminal has decided something.
pub(crate) fn work(scene: &Scene) {
    begin_to_work(scene);
    let mut client = scene.terminal.client();
    client.end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
    wait_state(&scene.terminal, SessionState::AwaitPin);
}

/// The same, and the session stays open.
pub(crate) fn begin_to_work(scene: &Scene) {
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    (0..SOME).for_each(|_| ask(&mut client));
}

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    login(&scene.terminal, &scene.clerk);
    let with_ledger = one_client(scene, effort);
    // A terminal's ledger is another machine. Here both share disk and cores, so that the ledger's own syncs would be measured too.
    wait_sealed(&scene.terminal);
    scene.terminal.kill(Part::Forwarder);
    let alone = one_client(scene, effort);
    let ratio = alone.ours.ratio_to(&alone.bare);
    report.goal(
        "Authorize, one client ÷ bare append + fdatasync",
        "≤ 1.25",
        Goal::AtMost(1.25),
        ratio,
        format!("{ratio:.2}"),
    );
    report.from(format!("Authorize: {}, {:.0}/s", alone.ours, alone.ours.per_second()));
    report.from(format!("bare, {} bytes: {}, {:.0}/s", alone.frame, alone.bare, alone.bare.per_second()));
    report.from(format!("added to the bare append: {:.3} ms", ms(alone.ours.p50()) - ms(alone.bare.p50())));
    report.from(format!("fdatasyncs of the agent per request: {}", syncs_per_request(scene)));
    report.number(
        "  the same while a ledger here takes the records",
        format!("{:.2}", with_ledger.ours.ratio_to(&with_ledger.bare)),
    );
    report.from(format!("Authorize: {}", with_ledger.ours));
    report.from(format!("bare: {}", with_ledger.bare));
    many_clients::measure(scene, effort, &alone.ours, &alone.bare, report);
    scene.terminal.start_part(Part::Forwarder);
    wait_sealed(&scene.terminal);
    scene.terminal.client().end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
    wait_state(&scene.terminal, SessionState::AwaitPin);
}

struct Both {
    ours: Times,
    bare: Times,
    frame: usize,
}

fn one_client(scene: &Scene, effort: Effort) -> Both {
    let mut client = scene.terminal.client();
    let frame = frame_bytes(scene, &mut client);
    let file = scene.scratch.path().join("bare.append");
    let mut append = Append::new(&file, frame);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    // In turns, one by one: whatever else the machine does meets both.
    for _ in 0..effort.of(1000, 200) {
        ours.push(timed(|| ask(&mut client)).1);
        bare.push(timed(|| append.once()).1);
    }
    Both { ours: ours.into_iter().collect(), bare: bare.into_iter().collect(), frame }
}

fn syncs_per_request(scene: &Scene) -> String {
    let agent = scene.terminal.process_id(Part::Agent).expect("the agent runs");
    let counted = SyncCount::begin(agent, scene.scratch.path()).and_then(|count| {
        let mut client = scene.terminal.client();
        (0..SOME).for_each(|_| ask(&mut client));
        count.end()
    });
    counted.map_or("not counted, no perf here".into(), |syncs| format!("{:.2}", syncs as f64 / SOME as f64))
}

/// Asks, and sees to it that it was granted.
pub(crate) fn ask(client: &mut Client) {
    let answer = client.authorize(&request(FUNCTION)).unwrap_or_else(|error| panic!("no answer: {error}"));
    assert!(answer.verdict.granted, "refused: {}", answer.verdict.code);
}

/// How many bytes the journal grows by for one request.
fn frame_bytes(scene: &Scene, client: &mut Client) -> usize {
    let journal = scene.terminal.state().join("journal");
    let before = bytes_in(&journal);
    (0..SOME).for_each(|_| ask(client));
    usize::try_from(bytes_in(&journal) - before).expect("a small journal") / SOME
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the journal's folder").flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
