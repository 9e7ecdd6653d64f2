//! From the typed PIN to the open session, beside `pkcs11-tool --login --sign` and beside the bare APDUs.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use sekisho_ipc::{PinFrame, PromptRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, wait_state};
use sekisho_tests::ledger::succeeded;
use sekisho_tests::scene::Scene;
use sekisho_tests::terminal::Part;

use crate::report::{Goal, Report};
use crate::stopwatch::timed;
use crate::times::Times;
use crate::{Effort, bare_card, card_in_memory};

/// After an insertion and after an end the worker logs out and resets the card; that belongs to no login.
const AFTER_END: Duration = Duration::from_millis(60);
const ROUNDS: usize = 3;

#[derive(Default)]
struct Measured {
    ours: Vec<Duration>,
    bare: Vec<Duration>,
    theirs: Vec<Duration>,
    our_apdus: usize,
    bare_apdus: usize,
    their_apdus: usize,
}

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let first = first_login(scene);
    report.goal(
        "APDUs from insertion to open session, known card",
        "≤ 8",
        Goal::AtMost(8.0),
        first as f64,
        first.to_string(),
    );
    let on_disk = in_turns(scene, effort);
    report.from(format!("pkcs11-tool --login --sign: {}", on_disk.their_apdus));
    tell(on_disk, "the card's memory is a file on this disk: four syncs a login, for all three", report);
    card_in_memory::with(scene, |scene| {
        tell(in_turns(scene, effort), "the card's memory is in RAM", report);
    });
}

/// Ours, the bare loop and OpenSC, in turns.
fn in_turns(scene: &mut Scene, effort: Effort) -> Measured {
    let mut measured = Measured::default();
    for _ in 0..ROUNDS {
        wait_state(&scene.terminal, SessionState::AwaitPin);
        let count = effort.of(60, 6).div_ceil(ROUNDS);
        measured.our_apdus = counted(scene, count, |scene| measured.ours.extend(through_the_agent(scene, count)));
        scene.terminal.kill(Part::CardWorker);
        measured.bare_apdus = counted(scene, count, |scene| {
            measured.bare.extend(bare_card::run(&scene.terminal.pcscd, &scene.clerk, count));
        });
        let count = count / 2;
        measured.their_apdus = counted(scene, count, |scene| measured.theirs.extend(by_opensc(scene, count)));
        scene.terminal.start_part(Part::CardWorker);
        wait_state(&scene.terminal, SessionState::AwaitPin);
    }
    measured
}

fn tell(measured: Measured, how: &str, report: &mut Report) {
    let Measured { ours, bare, theirs, our_apdus, bare_apdus, their_apdus } = measured;
    let (ours, bare, theirs): (Times, Times, Times) =
        (ours.into_iter().collect(), bare.into_iter().collect(), theirs.into_iter().collect());
    let ratio = ours.ratio_to(&theirs);
    report.goal(
        "PIN to open ÷ pkcs11-tool --login --sign",
        "≤ 1/20",
        Goal::AtMost(0.05),
        ratio,
        format!("1/{:.1}", 1.0 / ratio),
    );
    report.from(how);
    report.from(format!("agent: {ours}, {our_apdus} APDUs each (card was reset before)"));
    report.from(format!("pkcs11-tool: {theirs}, {their_apdus} APDUs each"));
    report.number("PIN to open ÷ the same APDUs without an agent", format!("{:.2}", ours.ratio_to(&bare)));
    report.from(format!("bare: {bare}, {bare_apdus} APDUs each with the reset's"));
}

/// Puts the card in anew: APDUs from there to the open session.
fn first_login(scene: &mut Scene) -> usize {
    pull_in_peace(scene);
    insert(&scene.terminal, &mut scene.clerk);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    let spent = scene.clerk.card.apdus_from(scene.clerk.card.apdus_at_insertion()).len();
    end(scene);
    spent
}

/// Pulls the card when nobody speaks to it: the driver of virtual readers gives one that was pulled in the middle of a reset no power again.
pub(crate) fn pull_in_peace(scene: &mut Scene) {
    wait_state(&scene.terminal, SessionState::AwaitPin);
    sleep(AFTER_END);
    pull(&scene.terminal, &mut scene.clerk);
}

fn end(scene: &Scene) {
    scene.terminal.client().end().unwrap_or_else(|error| panic!("the session does not end: {error}"));
    wait_state(&scene.terminal, SessionState::AwaitPin);
    sleep(AFTER_END);
}

/// How many APDUs one of `count` costs.
fn counted(scene: &Scene, count: usize, work: impl FnOnce(&Scene)) -> usize {
    let before = scene.clerk.card.apdus();
    work(scene);
    (scene.clerk.card.apdus() - before) / count
}

/// Opens and ends a session `count` times; the time from sending the PIN to the answer of `Await`.
fn through_the_agent(scene: &Scene, count: usize) -> Vec<Duration> {
    let pin = scene.clerk.pin();
    let once = || {
        let mut client = scene.terminal.client();
        let prompt = client.prompt(&PromptRequest::login()).unwrap_or_else(|error| panic!("no prompt: {error}"));
        let frame = PinFrame::new(pin.as_bytes()).expect("a PIN");
        let (answer, took) = timed(|| {
            prompt.send_pin(&frame)?;
            client.wait_for(&prompt)
        });
        let answer = answer.unwrap_or_else(|error| panic!("no login: {error}"));
        assert!(answer.verdict.granted, "login is refused: {}", answer.verdict.code);
        end(scene);
        took
    };
    (0..count).map(|_| once()).collect()
}

/// The same card in the same reader, logged in to by OpenSC: start of the program to its end, as somebody would call it.
fn by_opensc(scene: &Scene, count: usize) -> Vec<Duration> {
    let digest = scene.scratch.path().join("digest");
    std::fs::write(&digest, [7; 32]).expect("cannot write a digest");
    let pin = scene.clerk.pin();
    let once = || {
        let mut command = Command::new("pkcs11-tool");
        command.args(["--login", "--pin", &pin, "--sign", "-m", "ECDSA", "--id", "01", "--input-file"]).arg(&digest);
        command.arg("--output-file").arg(scene.scratch.path().join("signature"));
        command.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket());
        let (output, took) = timed(|| command.output());
        succeeded("pkcs11-tool", &output.expect("cannot start pkcs11-tool"));
        took
    };
    (0..count).map(|_| once()).collect()
}
