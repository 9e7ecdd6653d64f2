//! From pcscd's telling that the card was pulled to the first refusal.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use sekisho_card::{PcscReaders, ReaderEvent};
use sekisho_ipc::SessionState;
use sekisho_simulator::Control;
use sekisho_tests::clerk::{login, request, wait_card, wait_state};
use sekisho_tests::scene::Scene;

use crate::Effort;
use crate::authorize::FUNCTION;
use crate::helper::Helper;
use crate::report::{Goal, Report};
use crate::stopwatch::now;

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let mut watcher = watcher(scene);
    let mut late: Vec<f64> = (0..effort.of(12, 3)).map(|_| once(scene, &mut watcher)).collect();
    late.sort_unstable_by(f64::total_cmp);
    let (middle, last) = (late[late.len() / 2], late[late.len() - 1]);
    report.goal(
        "card removed → refused, after pcscd tells",
        "≤ 5 ms",
        Goal::AtMost(5.0),
        last,
        format!("{middle:.1} ms"),
    );
    report.from(format!(
        "p50 {middle:.2} ms, longest {last:.2} ms, n {}; the longest is held against the goal",
        late.len()
    ));
    report.from("negative: the agent had refused before another client of pcscd was told".to_owned());
}

/// Milliseconds from another client's being told until the first refusal was answered.
fn once(scene: &Scene, watcher: &mut Helper) -> f64 {
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    let mut client = scene.terminal.client();
    control(scene, "pull");
    let refused = loop {
        let answer = client.authorize(&request(FUNCTION)).unwrap_or_else(|error| panic!("no answer: {error}"));
        if !answer.verdict.granted {
            break now();
        }
    };
    let told = watcher.next();
    wait_card(&scene.terminal, false);
    control(scene, "insert");
    wait_card(&scene.terminal, true);
    (refused.as_secs_f64() - told.as_secs_f64()) * 1e3
}

pub(crate) fn control(scene: &Scene, line: &str) {
    let answer = Control::ask(scene.clerk.card.control(), line).expect("the card's control socket");
    assert_eq!(answer.trim(), "ok", "the card does not {line}");
}

/// This program again, as another client of the terminal's pcscd.
pub(crate) fn watcher(scene: &Scene) -> Helper {
    let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
    Helper::start(command.arg("tell-removals").env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket()))
}

/// The watcher: writes the time at which each removal was told, a line each, until it is ended.
pub(crate) fn tell() {
    let mut readers = PcscReaders::new();
    let mut out = std::io::stdout().lock();
    loop {
        let Some(ReaderEvent::CardRemoved { .. }) = readers.wait(Duration::from_secs(1)) else { continue };
        let told = now().as_nanos();
        if writeln!(out, "{told}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}
