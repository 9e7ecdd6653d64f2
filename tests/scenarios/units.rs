//! The units of a terminal: what systemd thinks of them, what their users may do, and what they tell.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_ipc::SessionState;
use sekisho_tests::binaries::{checkout, program};
use sekisho_tests::clerk::{insert, login, pull, verdict_of};
use sekisho_tests::clock::StoryClock;
use sekisho_tests::desktop::{Desktop, Locker};
use sekisho_tests::polkit::Polkit;
use sekisho_tests::process::Process;
use sekisho_tests::scene::{Scene, wait_fresh, wait_sealed};
use sekisho_tests::scratch::Scratch;
use sekisho_tests::terminal::{Part, Terminal};
use sekisho_tests::units::{unit_file, user};

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn of_the_units(name: &str) -> PathBuf {
    checkout().join("agent/daemon/units").join(name)
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_and_little_that_they_are_exposed_to() {
    let scratch = Scratch::new("unitfiles");
    let ledgers = ["sekisho-ledger", "sekisho-ledger-backup", "sekisho-ledger-tell", "sekisho-witness"];
    let ledgers = ledgers.map(|unit| format!("ledger/units/{unit}.service"));
    let others = ledgers.into_iter().chain(["agent/gate/units/sekisho-gate.service".into()]);
    let agents = Part::ALL.map(unit_file);
    for unit in agents.into_iter().chain(others.map(|unit| checkout().join(unit))) {
        let file = scratch.path().join(unit.file_name().unwrap());
        let unit = std::fs::read_to_string(unit).unwrap();
        let built = program("sekisho-agent");
        let built = format!("{}/", built.parent().unwrap().display());
        std::fs::write(&file, unit.replace("/usr/sbin/", &built)).unwrap();
        let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
        // It tells of every unit of the machine that these need; ours are named by their file.
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(!said(&verified).contains(name), "{}", said(&verified));
        let security = ["security", "--no-pager", "--offline=yes", "--threshold=20"];
        let judged = Command::new("systemd-analyze").args(security).arg(&file).output().unwrap();
        assert!(judged.status.success(), "{}", said(&judged));
    }
}

#[test]
fn the_users_and_their_folders_are_made_at_installation() {
    let scratch = Scratch::new("sysusers");
    let _ = scratch.folder("etc");
    let root = format!("--root={}", scratch.path().display());
    let run = |program: &str, arguments: &[&str], file: &str| {
        let output = Command::new(program).arg(&root).args(arguments).arg(of_the_units(file)).output().unwrap();
        assert!(output.status.success(), "{program}: {}", said(&output));
    };
    run("systemd-sysusers", &[], "sysusers.d/sekisho-agent.conf");
    run("systemd-tmpfiles", &["--create"], "tmpfiles.d/sekisho-agent.conf");
    let passwd = std::fs::read_to_string(scratch.path().join("etc/passwd")).unwrap();
    let uid = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name)).unwrap();
        assert!(line.ends_with("nologin"), "{line}");
        line.split(':').nth(2).unwrap().parse::<u32>().unwrap()
    };
    for (folder, owner) in [("sekisho", "sekisho-agent"), ("sekisho-forwarder", "sekisho-forwarder")] {
        let folder = std::fs::metadata(scratch.path().join("var/lib").join(folder)).unwrap();
        assert_eq!((folder.uid(), folder.permissions().mode() & 0o7777), (uid(owner), 0o700));
    }
    uid("sekisho-card-worker");
    // The configuration that comes with them names them.
    let script = r#"mount --bind "$1/etc/passwd" /etc/passwd && exec "$2" check --config "$3""#;
    let mut judge = Command::new("unshare");
    judge.args(["--mount", "--propagation", "private", "sh", "-c", script, "check"]).arg(scratch.path());
    let judged = judge.arg(program("sekisho-agent")).arg(of_the_units("agent.toml")).output().unwrap();
    assert!(judged.status.success(), "{}", said(&judged));
}

/// Runs a program as this user.
fn as_user(uid: u32, program: &[&str]) -> Output {
    let ids = [format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".into(), "--".into()];
    Command::new("setpriv").args(ids).args(program).output().unwrap()
}

fn owners_below(folder: &Path) -> Vec<(PathBuf, u32)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| {
        let own = (path.clone(), std::fs::symlink_metadata(&path).unwrap().uid());
        let below = if path.is_dir() { owners_below(&path) } else { Vec::new() };
        std::iter::once(own).chain(below)
    });
    below.collect()
}

#[test]
fn a_terminal_works_as_three_users_who_keep_to_the_calls_of_their_units_and_say_that_they_are_not_stuck() {
    let mut scene = Scene::with("units", Terminal::run_as_units);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    assert_eq!(verdict_of(&scene.terminal, "juminhyo.issue"), "granted");
    wait_sealed(&scene.terminal);
    let units = scene.terminal.units();
    units.manager(Part::Agent).wait("READY=1\nSTATUS=serving terminal jumin-1");
    units.manager(Part::CardWorker).wait("STATUS=waiting upon the agent");
    units.manager(Part::Forwarder).wait("READY=1\nSTATUS=carrying");
    for part in Part::ALL {
        units.manager(part).wait("WATCHDOG=1");
        units.manager(part).wait("WATCHDOG=1");
    }

    for (folder, part) in [(scene.terminal.state(), Part::Agent), (units.link().to_owned(), Part::Forwarder)] {
        let others: Vec<_> = owners_below(&folder).into_iter().filter(|(_, owner)| *owner != user(part)).collect();
        assert!(others.is_empty(), "{others:?}");
        for other in Part::ALL.into_iter().filter(|other| *other != part) {
            let listed = as_user(user(other), &["ls", folder.to_str().unwrap()]);
            assert!(!listed.status.success(), "{}", said(&listed));
        }
    }
    // Each socket is for one of them alone: who is not that one is hung up on, and changes nothing.
    let asks = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.settimeout(20)\n\
                try:\n    print(len(s.recv(1)))\nexcept ConnectionResetError:\n    print(0)";
    for (socket, stranger) in [("worker.sock", Part::Forwarder), ("forwarder.sock", Part::CardWorker)] {
        let socket = scene.terminal.runtime().join(socket);
        let asked = as_user(user(stranger), &["/usr/bin/python3", "-c", asks, socket.to_str().unwrap()]);
        assert_eq!(said(&asked), "0\n");
    }
    assert_eq!(scene.terminal.client().status().unwrap().state, SessionState::Open);
    pull(&scene.terminal, &mut scene.clerk);
    wait_sealed(&scene.terminal);
    assert!(Part::ALL.into_iter().all(|part| !scene.terminal.has_ended(part)), "a call was not in its unit");

    // One that does nothing any more says nothing any more; another that is asked to end says so.
    scene.terminal.freeze(Part::CardWorker);
    scene.terminal.stop_part(Part::Agent);
    let units = scene.terminal.units();
    units.manager(Part::Agent).wait("STOPPING=1");
    while units.manager(Part::CardWorker).heard().is_some() {}
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(units.manager(Part::CardWorker).heard(), None);
    units.manager(Part::Forwarder).wait("WATCHDOG=1");
    scene.terminal.kill(Part::CardWorker);
    scene.terminal.start_part(Part::Agent);
    scene.terminal.start_part(Part::CardWorker);
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.stop();
}

#[test]
fn units_of_a_terminal_that_is_not_enrolled_are_up_and_say_what_they_wait_for() {
    let scratch = Scratch::new("unenrolled");
    let mut terminal = Terminal::new(&scratch.folder("t"), &StoryClock::new(scratch.path()));
    terminal.run_as_units();
    terminal.start();
    for part in [Part::Agent, Part::Forwarder] {
        terminal.units().manager(part).wait("READY=1\nSTATUS=not enrolled");
        terminal.units().manager(part).wait("WATCHDOG=1");
    }
    terminal.units().manager(Part::CardWorker).wait("READY=1");
    terminal.units().manager(Part::CardWorker).wait("WATCHDOG=1");
    assert!(Part::ALL.into_iter().all(|part| !terminal.has_ended(part)));
}

/// Runs a program as the card worker's unit would.
fn as_card_worker(program: &[&str]) -> Output {
    let (rig, unit) = (checkout().join("tests/src/as_unit.py"), unit_file(Part::CardWorker));
    let rig = ["/usr/bin/python3", rig.to_str().unwrap(), unit.to_str().unwrap()];
    as_user(user(Part::CardWorker), &[&rig, program].concat())
}

#[test]
fn usb_is_within_what_the_card_worker_may_and_what_is_not_ends_it_here() {
    let open = "import ctypes\nusb = ctypes.CDLL('libusb-1.0.so.0')\nprint(usb.libusb_init(None))";
    assert_eq!(said(&as_card_worker(&["/usr/bin/python3", "-c", open])), "0\n");
    let internet =
        "import socket\ntry:\n    socket.socket(socket.AF_INET)\nexcept OSError as error:\n    print(error.errno)";
    assert_eq!(said(&as_card_worker(&["/usr/bin/python3", "-c", internet])), "97\n", "EAFNOSUPPORT");
    let renice = as_card_worker(&["/usr/bin/python3", "-c", "import os\nos.setpriority(os.PRIO_PROCESS, 0, 5)"]);
    assert_eq!(renice.status.signal(), Some(31), "SIGSYS: {}", said(&renice));
}

/// A bus of its own with a polkit on it that goes by our rules, on a machine that has our users.
struct OurPolkit {
    scratch: Scratch,
    polkit: Polkit,
}

/// What pcscd asks where it was built to (Debian 13 and later): it lets nobody near a card who does not sit at the machine.
const PCSC: &str = r#"<?xml version="1.0"?><policyconfig>
<action id="org.debian.pcsc-lite.access_pcsc"><description>d</description><message>m</message><defaults>
<allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults></action>
<action id="org.debian.pcsc-lite.access_card"><description>d</description><message>m</message><defaults>
<allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults></action>
</policyconfig>"#;

impl OurPolkit {
    fn start() -> Self {
        let scratch = Scratch::new("polkit");
        let (rules, actions, etc) = (scratch.folder("rules"), scratch.folder("actions"), scratch.folder("machine/etc"));
        std::fs::copy(of_the_units("50-sekisho.rules"), rules.join("50-sekisho.rules")).unwrap();
        let logind = "org.freedesktop.login1.policy";
        std::fs::copy(Path::new("/usr/share/polkit-1/actions").join(logind), actions.join(logind)).unwrap();
        std::fs::write(actions.join("pcsc.policy"), PCSC).unwrap();
        for file in ["passwd", "group"] {
            std::fs::copy(Path::new("/etc").join(file), etc.join(file)).unwrap();
        }
        let root = format!("--root={}", scratch.path().join("machine").display());
        let made = Command::new("systemd-sysusers")
            .arg(root)
            .arg(of_the_units("sysusers.d/sekisho-agent.conf"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said(&made));
        let polkit = Polkit::start(scratch.path(), "pcsc-lite");
        Self { scratch, polkit }
    }

    /// Whether a process of this user may do this.
    fn lets(&self, name: &str, action: &str) -> bool {
        let passwd = std::fs::read_to_string(self.scratch.path().join("machine/etc/passwd")).unwrap();
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name)).unwrap();
        let uid = line.split(':').nth(2).unwrap();
        let log = self.scratch.path().join("subject.log");
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={uid}")).args(["--clear-groups", "--", "sleep", "60"]);
        let subject = Process::start("subject", &mut command, &log);
        // It is that user's once it sleeps.
        sekisho_tests::wait::until("the subject", || {
            let name = std::fs::read_to_string(format!("/proc/{}/comm", subject.id())).ok()?;
            (name == "sleep\n").then_some(())
        });
        let mut asked = self.polkit.client("pkcheck");
        let asked = asked.args(["--action-id", action, "--process", &subject.id().to_string()]).output().unwrap();
        let answered = said(&asked);
        assert!(asked.status.success() || answered.contains("uthoriz"), "{answered}");
        asked.status.success()
    }
}

#[test]
fn polkit_lets_agent_and_card_worker_do_what_they_must_and_nothing_else() {
    let polkit = OurPolkit::start();
    let may: [(&str, &[&str]); 3] = [
        ("sekisho-agent", &["login1.lock-sessions", "login1.manage"]),
        ("sekisho-card-worker", &["pcsc-lite.access_pcsc", "pcsc-lite.access_card"]),
        ("sekisho-forwarder", &[]),
    ];
    let asked =
        ["login1.lock-sessions", "login1.manage", "login1.power-off", "pcsc-lite.access_pcsc", "pcsc-lite.access_card"];
    for (name, may) in may.into_iter().chain([("nobody", &[][..])]) {
        for action in asked {
            let owner = if action.starts_with("login1") { "org.freedesktop" } else { "org.debian" };
            assert_eq!(polkit.lets(name, &format!("{owner}.{action}")), may.contains(&action), "{name}: {action}");
        }
    }
    assert!(polkit.lets("sekisho-agent", "org.freedesktop.login1.inhibit-delay-sleep"));
}

#[test]
fn the_screen_is_locked_for_an_agent_that_was_killed_and_left_alone_by_one_that_never_came_up() {
    let mut scene = Scene::new("stoppost");
    let folder = scene.scratch.folder("d");
    let mut desktop = Desktop::without_logind(&folder);
    scene.terminal.lock_screen_by(&folder, "terminate");
    scene.terminal.stop_part(Part::Agent);
    desktop.start_logind(Locker::Locks);
    scene.terminal.start_part(Part::Agent);
    wait_fresh(&scene.terminal);
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    scene.terminal.kill(Part::Agent);
    assert!(desktop.property("LockedHint").contains("false"), "the agent is dead");
    let lock = |scene: &Scene| scene.terminal.agent("lock-screen").output().unwrap();
    let locked = lock(&scene);
    assert!(locked.status.success(), "{}", said(&locked));
    assert!(desktop.property("LockedHint").contains("true"));

    desktop.start_logind(Locker::Deaf);
    let ended = lock(&scene);
    assert!(ended.status.success() && desktop.calls().contains("TerminateSession \"c1\""), "{}", said(&ended));
    // One that never came up has no such socket, and is started again and again.
    desktop.start_logind(Locker::Deaf);
    let calls = desktop.calls().len();
    std::fs::remove_file(scene.terminal.runtime().join("worker.sock")).unwrap();
    let left = lock(&scene);
    assert!(left.status.success() && !desktop.calls()[calls..].contains("Lock"), "{}", desktop.calls());
}
