//! What a terminal costs while nobody works at it: a card in the reader, no session, the ledger up.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use sekisho_tests::clerk::wait_state;
use sekisho_tests::scene::{Scene, wait_sealed};
use sekisho_tests::terminal::Part;

use sekisho_ipc::SessionState;

use crate::Effort;
use crate::report::{Goal, Report};

/// How long nothing is done before counting begins: what the start left over has then happened.
const SETTLE: Duration = Duration::from_secs(2);
const PARTS: [(&str, Part); 3] =
    [("agent", Part::Agent), ("card worker", Part::CardWorker), ("forwarder", Part::Forwarder)];

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    wait_state(&scene.terminal, SessionState::AwaitPin);
    wait_sealed(&scene.terminal);
    sleep(SETTLE);
    let seconds = effort.of(10, 3) as u64;
    let pids = PARTS.map(|(name, part)| (name, scene.terminal.process_id(part).expect("all parts run")));
    let before = pids.map(|(_, pid)| wake_ups(pid));
    sleep(Duration::from_secs(seconds));
    let after = pids.map(|(_, pid)| wake_ups(pid));
    let rates: Vec<f64> =
        before.iter().zip(after).map(|(before, after)| (after - before) as f64 / seconds as f64).collect();
    let sizes = pids.map(|(_, pid)| resident_mib(pid));
    let each = |values: &[f64], unit: &str| {
        let told = pids.iter().zip(values).map(|((name, _), value)| format!("{name} {value:.1} {unit}"));
        told.collect::<Vec<_>>().join(", ")
    };
    let [size, ..] = sizes;
    report.goal("agent at rest, RSS", "≤ 12 MiB", Goal::AtMost(12.0), size, format!("{size:.1} MiB"));
    report.from(each(&sizes, "MiB"));
    let rate = rates.first().copied().unwrap_or_default();
    report.goal("agent at rest, wake-ups", "≤ 1/s", Goal::AtMost(1.0), rate, format!("{rate:.1}/s"));
    report.from(format!("voluntary context switches of all threads over {seconds} s: {}", each(&rates, "/s")));
}

/// How often the threads of a process have gone to sleep of their own will, which is as often as they were woken.
fn wake_ups(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a running process has threads");
    tasks.flatten().map(|task| status(&task.path().join("status"), "voluntary_ctxt_switches:")).sum()
}

/// What a process holds in memory.
pub(crate) fn resident_mib(pid: u32) -> f64 {
    status(Path::new(&format!("/proc/{pid}/status")), "VmRSS:") as f64 / 1024.0
}

fn status(file: &Path, key: &str) -> u64 {
    // A thread may have ended since it was listed.
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
