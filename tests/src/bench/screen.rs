//! From pcscd's telling that the card was pulled to a locked screen, beside pkcs11_eventmgr's command.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sekisho_ipc::{ScreenState, SessionState};
use sekisho_tests::clerk::{login, wait_card, wait_state};
use sekisho_tests::desktop::{Desktop, Locker};
use sekisho_tests::process::Process;
use sekisho_tests::reader::pkcs11_module;
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

use crate::Effort;
use crate::helper::Helper;
use crate::removal::{control, watcher};
use crate::report::Report;
use crate::stopwatch::now;
use crate::times::Times;

/// After this long nobody notices a removal any more.
const LOST: Duration = Duration::from_secs(60);
/// How often pkcs11_eventmgr looks.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) fn measure(scene: &mut Scene, effort: Effort, report: &mut Report) {
    let folder = scene.scratch.folder("desk");
    let mut desktop = Desktop::without_logind(&folder);
    desktop.start_logind(Locker::Locks);
    scene.terminal.lock_screen_by(&folder, "alert");
    restart_agent(scene);
    wait_screen_ready(scene);
    let mut watcher = watcher(scene);
    let count = effort.of(12, 3);
    let ours: Times = (0..count).map(|_| locked_by_us(scene, &desktop, &mut watcher)).collect();
    scene.terminal.kill(Part::CardWorker);
    let theirs = commanded(scene, &mut watcher, count);
    scene.terminal.start_part(Part::CardWorker);
    wait_state(&scene.terminal, SessionState::AwaitPin);
    report.number(
        "card removed → screen told to lock ÷ pkcs11_eventmgr's command",
        format!("1/{:.0}", 1.0 / ours.ratio_to(&theirs)),
    );
    report.from(format!(
        "from pcscd's telling to logind's being asked (its answer is another 0.1 s of the double): {ours}"
    ));
    report.from(format!("pkcs11_eventmgr, which looks every second, its least: {theirs}"));
}

fn restart_agent(scene: &mut Scene) {
    scene.terminal.kill(Part::Agent);
    scene.terminal.start_part(Part::Agent);
    wait_fresh(&scene.terminal);
}

fn wait_screen_ready(scene: &Scene) {
    let mut client = scene.terminal.client();
    wait::until("a screen to lock", || (client.status().ok()?.screen == ScreenState::Ready).then_some(()));
}

fn locked_by_us(scene: &Scene, desktop: &Desktop, watcher: &mut Helper) -> Duration {
    wait_state(&scene.terminal, SessionState::AwaitPin);
    login(&scene.terminal, &scene.clerk);
    let locks = || desktop.calls().matches(" Lock").count();
    let before = locks();
    control(scene, "pull");
    let locked = at_once(|| locks() > before);
    let told = watcher.next();
    wait_card(&scene.terminal, false);
    desktop.unlock();
    control(scene, "insert");
    wait_card(&scene.terminal, true);
    locked.saturating_sub(told)
}

/// When it came true, looked at without a pause.
fn at_once(mut came: impl FnMut() -> bool) -> Duration {
    let begun = now();
    while !came() {
        assert!(now().saturating_sub(begun) < LOST, "nobody noticed that the card was pulled");
        std::thread::yield_now();
    }
    now()
}

fn commanded(scene: &Scene, watcher: &mut Helper, count: usize) -> Times {
    let folder = scene.scratch.folder("eventmgr");
    let (ran, configuration) = (folder.join("ran"), folder.join("eventmgr.conf"));
    std::fs::write(&configuration, events(&ran)).expect("cannot write pkcs11_eventmgr's configuration");
    let mut command = Command::new("pkcs11_eventmgr");
    command.arg("nodaemon").arg(format!("config_file={}", configuration.display()));
    command.env("PCSCLITE_CSOCK_NAME", scene.terminal.pcscd.socket());
    let mut process = Process::start("pkcs11_eventmgr", &mut command, &folder.join("log"));
    let number = process.id();
    process.wait_ready("the card service", || speaks(number).then_some(()));
    let times = (0..count).map(|_| {
        // It tells of no card that it finds, nor always of one that comes: after so many looks it has seen it.
        std::thread::sleep(LOOK * 3);
        control(scene, "pull");
        let done = at_once(|| ran.exists());
        let told = watcher.next();
        scene.terminal.pcscd.wait_slot(0, false);
        std::fs::remove_file(&ran).expect("it was made");
        control(scene, "insert");
        done.saturating_sub(told)
    });
    times.collect()
}

/// Whether a process has a socket.
fn speaks(process: u32) -> bool {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .any(|link| link.to_string_lossy().contains("socket:"))
}

fn events(ran: &Path) -> String {
    format!(
        "pkcs11_eventmgr {{\n  daemon = false; debug = false; polling_time = {}; expire_time = 0;\n  pkcs11_module = {};\n  event card_remove {{ on_error = ignore; action = \"/bin/touch {}\"; }}\n}}\n",
        LOOK.as_secs(),
        pkcs11_module(),
        ran.display(),
    )
}
