//! From the start of the agent to its first answer, beside a start of the same program that does nothing.

use std::process::Command;
use std::thread::{self, sleep};
use std::time::Duration;

use sekisho_ipc::Client;
use sekisho_tests::binaries::program;
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::terminal::Part;

use crate::Effort;
use crate::report::Report;
use crate::stopwatch::{now, timed};
use crate::times::Times;

/// How often the socket is tried.
const TRY: Duration = Duration::from_micros(200);

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..effort.of(20, 4) {
        scene.terminal.kill(Part::Agent);
        ours.push(start(scene));
        bare.push(timed(start_for_nothing).1);
        wait_fresh(&scene.terminal);
    }
    let (ours, bare): (Times, Times) = (ours.into_iter().collect(), bare.into_iter().collect());
    report.number("agent's start to its first answer ÷ --version", format!("{:.1}", ours.ratio_to(&bare)));
    report.from(format!("start, with the register and the journal read and checked: {ours}"));
    report.from(format!("the same program asked for its version: {bare}"));
}

fn start(scene: &mut Scene) -> Duration {
    let socket = scene.terminal.socket();
    let began = now();
    let first = thread::spawn(move || {
        loop {
            if Client::connect(&socket).is_ok_and(|mut client| client.status().is_ok()) {
                return now();
            }
            sleep(TRY);
        }
    });
    scene.terminal.start_part(Part::Agent);
    first.join().expect("somebody waits for the answer") - began
}

fn start_for_nothing() {
    let output = Command::new(program("sekisho-agent")).arg("--version").output();
    assert!(output.expect("the program starts").status.success());
}
