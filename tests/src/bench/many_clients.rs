//! 16 and 64 clients at once: how many decisions one fdatasync makes durable, and what waiting for it costs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use sekisho_ipc::Client;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;

use crate::Effort;
use crate::authorize::ask;
use crate::report::{Goal, Report};
use crate::stopwatch::{now, timed};
use crate::sync_count::SyncCount;
use crate::times::Times;

const CLIENTS: usize = 64;
/// Half-way there: its figures have no goal.
const FEWER: usize = 16;

pub(crate) fn measure(scene: &Scene, effort: Effort, one: &Times, bare: &Times, report: &mut Report) {
    let each = effort.of(100, 20);
    // The count is a run of its own, so that counting changes no time.
    let (fewer, fewer_took) = run(&scene.terminal.socket(), FEWER, each);
    let fewer_rate = (FEWER * each) as f64 / fewer_took.as_secs_f64();
    let (times, took) = run(&scene.terminal.socket(), CLIENTS, each);
    let agent = scene.terminal.process_id(Part::Agent).expect("the agent runs");
    let counted = SyncCount::begin(agent, scene.scratch.path()).and_then(|count| {
        run(&scene.terminal.socket(), CLIENTS, each);
        count.end()
    });
    let decisions = (CLIENTS * each) as f64;
    let rate = decisions / took.as_secs_f64();
    let (syncs, how) = match counted {
        Some(syncs) => (syncs as f64, "fdatasyncs counted by the kernel's tracepoint (perf) in a run of its own"),
        None => {
            (took.as_secs_f64() / bare.p50().as_secs_f64(), "no perf here: most fdatasyncs that this time has room for")
        }
    };
    let grouped = decisions / syncs;
    report.goal(
        "Authorize, 64 clients: decisions per fdatasync",
        "≥ 16",
        Goal::AtLeast(16.0),
        grouped,
        format!("{grouped:.1}"),
    );
    report.from(format!("{decisions} decisions, {syncs:.0} fdatasyncs: {how}"));
    let ratio = times.ratio_to(one);
    report.goal(
        "Authorize, 64 clients: p50 ÷ one client's p50",
        "≤ 3",
        Goal::AtMost(3.0),
        ratio,
        format!("{ratio:.1}"),
    );
    report.from(format!("64 clients: {times}"));
    report.number("Authorize, 16 clients: p50 ÷ one client's p50", format!("{:.1}", fewer.ratio_to(one)));
    report.from(format!("16 clients: {fewer}; {fewer_rate:.0}/s"));
    report.number("Authorize, 64 clients: throughput ÷ one client's", format!("{:.1}", rate / one.per_second()));
    report.from(format!("64 clients: {rate:.0}/s; one client: {:.0}/s", one.per_second()));
}

/// Every client asks `each` times, all at once. Their times, and how long all of it took.
fn run(socket: &Path, clients: usize, each: usize) -> (Times, Duration) {
    let start = Arc::new(Barrier::new(clients + 1));
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (socket, start) = (socket.to_owned(), Arc::clone(&start));
            thread::spawn(move || client(socket, &start, each))
        })
        .collect();
    start.wait();
    let began = now();
    let times: Vec<Duration> = clients.into_iter().flat_map(|client| client.join().expect("no client fails")).collect();
    (times.into_iter().collect(), now() - began)
}

fn client(socket: PathBuf, start: &Barrier, each: usize) -> Vec<Duration> {
    let mut client = Client::connect(&socket).unwrap_or_else(|error| panic!("no connection: {error}"));
    start.wait();
    (0..each).map(|_| timed(|| ask(&mut client)).1).collect()
}
