//! How long it takes from a record's being durable at the terminal until it lies under a checkpoint that the terminal has checked.

use std::thread::sleep;
use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{login, wait_state};
use sekisho_tests::scene::{Scene, wait_sealed};

use crate::Effort;
use crate::authorize::ask;
use crate::report::{Goal, Report};
use crate::stopwatch::now;
use crate::times::Times;

/// Between two looks at the agent's state: what it adds to a time is half of it.
const LOOK: Duration = Duration::from_millis(2);
/// Between two records, so that they do not fall into step with the ledger's ticks.
const PAUSE: Duration = Duration::from_millis(37);

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    login(&scene.terminal, &scene.clerk);
    wait_sealed(&scene.terminal);
    let times: Times = (0..effort.of(400, 20)).map(|_| once(scene)).collect();
    let p50 = times.p50().as_secs_f64();
    report.goal(
        "record at the terminal → sealed, p50",
        "≤ 1 s",
        Goal::AtMost(1.0),
        p50,
        format!("{:.0} ms", p50 * 1e3),
    );
    report.from(format!("{times}; one record at a time, ledger up"));
    scene.terminal.client().end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
    wait_state(&scene.terminal, SessionState::AwaitPin);
}

fn once(scene: &Scene) -> Duration {
    let mut client = scene.terminal.client();
    ask(&mut client);
    let began = now();
    loop {
        let state = client.status().unwrap_or_else(|error| panic!("no state: {error}"));
        if state.unsealed == 0 && state.unsent == 0 {
            let took = now() - began;
            sleep(PAUSE);
            return took;
        }
        assert!(now() - began < Duration::from_secs(60), "a record is not sealed in a minute");
        sleep(LOOK);
    }
}
