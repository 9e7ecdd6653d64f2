//! A desktop session with `sekisho-seat` in it: whoever works stays in, whoever left is warned and locked, and what falls silent has left.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sekisho_ipc::{ScreenState, SessionState};
use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, pull, tries_left, verdict_of, wait_state, wait_tries};
use sekisho_tests::desktop::Locker;
use sekisho_tests::graphical::{Compositor, Graphical, XServer};
use sekisho_tests::kwin::KWin;
use sekisho_tests::ledger::both;
use sekisho_tests::process::Process;
use sekisho_tests::room::{NEARLY_IDLE, Room, in_session, start_seat};
use sekisho_tests::scene::{Scene, wait_fresh};
use sekisho_tests::terminal::Part;
use sekisho_tests::wait;

const MINUTE: Duration = Duration::from_secs(60);

/// Nobody asks for a PIN by itself: the story types it.
const SILENT: &str = "[pin]\nask = false\n";

fn whoever_works_stays_in(story: &str, source: &str, mut graphical: impl Graphical) {
    let mut room = Room::new(story, SILENT, &graphical.environment());
    room.seat.wait_ready("a source", || log_of(&room.scene).contains(source).then_some(()));
    room.log_in();
    for _ in 0..3 {
        room.work_on(&graphical);
    }
    assert_eq!(verdict_of(&room.scene.terminal, "juminhyo.issue"), "granted", "a quarter of an hour later");

    room.leave();
    room.scene.clock.pass(NEARLY_IDLE);
    room.desktop.wait_notice("Locking soon");
    wait::until("the clerk to be seen", || {
        graphical.touch();
        (room.idle_lock_in() > NEARLY_IDLE).then_some(())
    });
    room.desktop.wait_no_notice("Locking soon");

    room.leave();
    room.scene.clock.pass(NEARLY_IDLE);
    room.desktop.wait_notice("Locking soon");
    room.scene.clock.pass(MINUTE);
    assert_eq!(room.why_locked().as_deref(), Some("idle"));
    room.desktop.wait_no_notice("Locking soon");
    wait::until("the screen to be locked", || room.desktop.property("LockedHint").contains("true").then_some(()));

    // Hands that nobody reports are no hands.
    login(&room.scene.terminal, &room.scene.clerk);
    room.work_on(&graphical);
    room.seat.kill();
    room.scene.clock.pass(NEARLY_IDLE);
    graphical.touch();
    room.scene.clock.pass(MINUTE);
    assert_eq!(room.why_locked().as_deref(), Some("idle"));

    // A screen that hangs says nothing, and one that is gone takes us along.
    room.seat = start_seat(&room.scene, &graphical.environment());
    login(&room.scene.terminal, &room.scene.clerk);
    room.work_on(&graphical);
    room.leave();
    graphical.server().freeze();
    room.scene.clock.pass(5 * MINUTE);
    assert_eq!(room.why_locked().as_deref(), Some("idle"));
    graphical.server().thaw();
    login(&room.scene.terminal, &room.scene.clerk);
    room.work_on(&graphical);
    graphical.server().kill();
    let ended = wait::until("the seat to end", || room.seat.ended());
    assert!(ended.success(), "{}", room.seat.said());
    room.scene.clock.pass(5 * MINUTE);
    assert_eq!(room.why_locked().as_deref(), Some("idle"));
}

#[test]
fn whoever_works_at_an_x_server_stays_in() {
    let scratch = sekisho_tests::scratch::Scratch::new("x");
    whoever_works_stays_in("seatx", "screen saver extension", XServer::start(scratch.path()));
}

#[test]
fn whoever_works_at_a_wayland_compositor_stays_in() {
    whoever_works_stays_in("seatw", "org_kde_kwin_idle", Compositor::start());
}

#[test]
fn whoever_works_at_kwin_stays_in() {
    whoever_works_stays_in("seatk", "ext-idle-notify-v1", KWin::start());
}

/// Types into the question for the PIN, and sends it.
fn type_into(screen: &XServer, keys: &str, last: &str) {
    let window = wait::until("the question for the PIN", || screen.window("Sekisho"));
    // It may go at once.
    let _ = screen.xdotool(&["windowfocus", "--sync", &window, "type", "--delay", "20", keys]);
    let _ = screen.xdotool(&["key", last]);
}

fn wait_no_question(screen: &XServer) {
    wait::until("no question for the PIN", || screen.window("Sekisho").is_none().then_some(()));
}

#[test]
fn the_pin_is_asked_for_on_the_screen_where_the_card_is() {
    let scratch = sekisho_tests::scratch::Scratch::new("x");
    let screen = XServer::start(scratch.path());
    let mut room = Room::new("pinentry", "[pin]\nprogram = [\"pinentry-gtk-2\"]\n", &screen.environment());
    let pin = room.scene.clerk.pin();
    insert(&room.scene.terminal, &mut room.scene.clerk);
    type_into(&screen, "12345", "Return");
    // Nothing was sent, and she is asked again.
    type_into(&screen, &pin, "Return");
    wait_state(&room.scene.terminal, SessionState::Open);
    wait_no_question(&screen);
    assert_eq!(tries_left(&room.scene.terminal), Some(5));

    room.leave();
    room.scene.clock.pass(5 * MINUTE);
    assert_eq!(room.why_locked().as_deref(), Some("idle"));
    wait::until("the screen to be locked", || room.desktop.property("LockedHint").contains("true").then_some(()));
    wait_no_question(&screen);
    room.desktop.unlock();
    type_into(&screen, "98765432", "Return");
    wait_tries(&room.scene.terminal, 4);
    type_into(&screen, &pin, "Return");
    wait_state(&room.scene.terminal, SessionState::Open);

    pull(&room.scene.terminal, &mut room.scene.clerk);
    wait::until("the screen to be locked", || room.desktop.property("LockedHint").contains("true").then_some(()));
    room.desktop.unlock();
    insert(&room.scene.terminal, &mut room.scene.clerk);
    type_into(&screen, "", "Escape");
    let awaited = room.desktop.wait_notice("Waiting for the PIN");
    wait_no_question(&screen);
    room.desktop.click(awaited);
    wait::until("the question for the PIN", || screen.window("Sekisho"));
    room.desktop.wait_no_notice("Waiting for the PIN");
    // Another session is shown: the question would be in nobody's sight, and in everybody's way.
    room.desktop.show(false);
    wait_no_question(&screen);
    room.desktop.show(true);
    wait::until("the question for the PIN", || screen.window("Sekisho"));
    pull(&room.scene.terminal, &mut room.scene.clerk);
    wait_no_question(&screen);
    assert!(!room.seat.said().contains(&pin), "{}", room.seat.said());
}

#[test]
fn a_program_that_waits_for_the_pin_has_it_asked_for_on_the_screen() {
    let scratch = sekisho_tests::scratch::Scratch::new("x");
    let screen = XServer::start(scratch.path());
    let mut room = Room::new("waits", "[pin]\nprogram = [\"pinentry-gtk-2\"]\n", &screen.environment());
    let pin = room.scene.clerk.pin();
    insert(&room.scene.terminal, &mut room.scene.clerk);
    type_into(&screen, &pin, "Return");
    wait_state(&room.scene.terminal, SessionState::Open);
    wait_no_question(&screen);
    let ask = |wait: &str| {
        let mut sekisho = room.scene.terminal.sekisho(&["--lang", "en", "authorize", "inkan.register", "--wait", wait]);
        sekisho.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let granted = |told: std::process::Output| (told.status.code(), both(&told));

    let asking = ask("60");
    // Seen once, on a loaded machine: a click asked for nothing, and the notice stayed. She clicks again.
    let click = || {
        let asked = || screen.window("Sekisho").is_some();
        let is_asked_soon = || {
            (0..100).any(|_| {
                asked() || {
                    std::thread::sleep(Duration::from_millis(100));
                    asked()
                }
            })
        };
        let clicked = (0..3).any(|_| {
            room.desktop.click(room.desktop.wait_notice("asks to run"));
            is_asked_soon()
        });
        assert!(clicked, "nothing asks for the PIN");
    };
    // The notice of one request must be gone before the next is clicked.
    let over = || {
        wait_no_question(&screen);
        room.desktop.wait_no_notice("asks to run");
    };
    // She is told, and asked only when she wants to be: what she types elsewhere goes nowhere.
    room.desktop.wait_notice("Waiting for the PIN");
    assert!(screen.window("Sekisho").is_none());
    click();
    type_into(&screen, "98765432", "Return");
    wait_tries(&room.scene.terminal, 4);
    type_into(&screen, &pin, "Return");
    let (code, told) = granted(asking.wait_with_output().unwrap());
    assert!(code == Some(0) && told.contains("record"), "{code:?}: {told}");
    over();

    // Declined: refused at once.
    let asking = ask("600");
    click();
    type_into(&screen, "", "Escape");
    let (code, told) = granted(asking.wait_with_output().unwrap());
    assert!(code == Some(3) && told.contains("PIN"), "{code:?}: {told}");
    over();

    // Nobody waits any more: who types already is let finish, or the rest would go to the window below.
    let mut asking = ask("600");
    click();
    wait::until("the question for the PIN", || screen.window("Sekisho"));
    asking.kill().unwrap();
    asking.wait().unwrap();
    wait::until("the end of the request", || {
        room.scene.terminal.client().status().ok()?.waiting.is_none().then_some(())
    });
    type_into(&screen, &pin, "Return");
    room.desktop.wait_notice("does not wait any more");
    wait_no_question(&screen);
    wait::until("three decisions", || {
        let decided = room.scene.search(&["--kind", "decision", "--function", "inkan.register"]);
        (decided.len() == 3).then_some(())
    });
    assert!(!room.seat.said().contains(&pin), "{}", room.seat.said());
}

#[test]
fn programs_that_are_named_end_with_the_session_and_others_do_not() {
    let scratch = sekisho_tests::scratch::Scratch::new("named");
    let [kiroku, other] = ["kiroku", "other"].map(|name| scratch.path().join(name));
    for program in [&kiroku, &other] {
        std::fs::copy("/bin/sleep", program).unwrap();
    }
    let start = |program: &Path| Command::new(program).arg("600").spawn().unwrap();
    let mut room = Room::new("ends", &format!("{SILENT}[lock]\nend = [{kiroku:?}]\n"), &[]);
    room.log_in();
    let mut stays = start(&other);
    for locked in [true, false] {
        let mut ends = start(&kiroku);
        assert_eq!(verdict_of(&room.scene.terminal, "juminhyo.issue"), "granted");
        assert!(ends.try_wait().unwrap().is_none(), "it may run in an open session");
        if locked {
            room.scene.terminal.client().lock().unwrap();
        } else {
            pull(&room.scene.terminal, &mut room.scene.clerk);
        }
        wait::until("the program to end", || ends.try_wait().unwrap());
        if locked {
            login(&room.scene.terminal, &room.scene.clerk);
        }
    }
    assert!(stays.try_wait().unwrap().is_none());
    stays.kill().unwrap();
    stays.wait().unwrap();
}

/// The process that the seat started and that is there now.
fn locker_of(room: &Room, name: &str) -> String {
    let found = Command::new("pgrep").args(["-x", "-P", &room.seat.id().to_string(), name]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

fn wait_locked(room: &Room, locked: bool) {
    let hint = if locked { "true" } else { "false" };
    wait::until("the screen's lock", || room.desktop.property("LockedHint").contains(hint).then_some(()));
}

fn screen_of(room: &Room) -> ScreenState {
    room.scene.terminal.client().status().expect("the agent answers").screen
}

/// A desktop that does not lock itself, locked by its locker.
fn locked_by(story: &str, configuration: &str, graphical: &impl Graphical) -> Room {
    let mut room =
        Room::whose_desktop(Locker::Deaf, story, &format!("{SILENT}{configuration}"), &graphical.environment());
    room.log_in();
    room.scene.terminal.client().lock().unwrap();
    wait::until("the agent to see the lock", || (screen_of(&room) == ScreenState::Locked).then_some(()));
    room
}

/// Opening the screen opens nothing else; and the next lock finds the locker ready.
fn unlocked_and_locked_again(room: &mut Room) {
    wait_locked(room, false);
    assert_eq!(verdict_of(&room.scene.terminal, "juminhyo.issue"), "locked");
    login(&room.scene.terminal, &room.scene.clerk);
    pull(&room.scene.terminal, &mut room.scene.clerk);
    wait_locked(room, true);
    wait::until("the agent to see the lock", || (screen_of(room) == ScreenState::Locked).then_some(()));
}

#[test]
fn an_x_servers_locker_hides_the_screen_before_it_is_said_to() {
    let scratch = sekisho_tests::scratch::Scratch::new("x");
    let screen = XServer::start(scratch.path());
    // Whoever touches a key is let in, without PAM.
    let anybody = scratch.path().join("auth_anybody");
    std::os::unix::fs::symlink("/bin/true", &anybody).unwrap();
    let auth = format!("XSECURELOCK_AUTH={}", anybody.display());
    let locker = format!("[lock]\ncommand = [\"env\", {auth:?}, \"xsecurelock\"]\n");
    let mut room = locked_by("xlock", &locker, &screen);
    let first = locker_of(&room, "xsecurelock");
    assert_ne!(first, "", "{}", room.seat.said());
    // One that crashes shows what it hid: another one comes.
    assert!(Command::new("kill").args(["-KILL", &first]).status().unwrap().success());
    wait::until("another locker", || {
        let second = locker_of(&room, "xsecurelock");
        (second != first && !second.is_empty()).then_some(())
    });
    wait_locked(&room, true);
    wait::until("the screen to be open", || {
        let _ = screen.xdotool(&["key", "space"]);
        locker_of(&room, "xsecurelock").is_empty().then_some(())
    });
    unlocked_and_locked_again(&mut room);
}

#[test]
fn a_wayland_locker_hides_the_screen_before_it_is_said_to() {
    let compositor = Compositor::start();
    let mut room = locked_by("wlock", "[lock]\ncommand = [\"swaylock\", \"-f\"]\n", &compositor);
    // It has left the seat, which knows it by the descriptor alone.
    let lockers = || {
        let environment = format!("WAYLAND_DISPLAY={}", compositor.environment()[0].1);
        let found = Command::new("pgrep").args(["-x", "swaylock"]).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        let ours = |pid: &&str| {
            let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environ.split(|byte| *byte == 0).any(|variable| variable == environment.as_bytes())
        };
        found.lines().filter(ours).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    for locker in lockers() {
        // As its PAM would have it.
        let _ = Command::new("kill").args(["-USR1", &locker]).status();
    }
    unlocked_and_locked_again(&mut room);
    for locker in lockers() {
        let _ = Command::new("kill").args(["-USR1", &locker]).status();
    }
}

#[test]
fn a_locker_that_does_not_lock_is_not_believed() {
    let scratch = sekisho_tests::scratch::Scratch::new("x");
    let screen = XServer::start(scratch.path());
    for locker in ["\"/bin/false\"", "\"/nowhere/locker\"", "\"sh\", \"-c\", \"exec 3>&-; exit 3\""] {
        let configuration = format!("{SILENT}[lock]\ncommand = [{locker}]\n");
        let mut room = Room::whose_desktop(Locker::Deaf, "nolock", &configuration, &screen.environment());
        room.log_in();
        room.scene.terminal.client().lock().unwrap();
        wait::until("the agent to see that there is no lock", || {
            (room.scene.terminal.client().status().unwrap().screen == ScreenState::Failed).then_some(())
        });
        let said = room.seat.said();
        assert_eq!(said.matches("the locker ended without being unlocked").count(), 3, "{said}");
        assert!(room.desktop.property("LockedHint").contains("false"));
    }
}

#[test]
fn what_a_desktop_says_by_its_bus_is_believed_while_it_says_something() {
    let mut room = Room::new("hints", SILENT, &[]);
    room.seat.wait_ready("logind's hint", || log_of(&room.scene).contains("logind's idle hint").then_some(()));
    room.log_in();
    // It never was told anything: not that somebody works, either.
    room.leave();
    room.desktop.hint(false);
    wait::until("the clerk to be seen", || (room.idle_lock_in() > 5 * MINUTE - Duration::from_secs(2)).then_some(()));
    room.desktop.hint(true);
    room.leave();

    // GNOME, whose Wayland says nothing.
    room.seat.kill();
    room.desktop.untouched_for(3_600_000);
    let nowhere = room.scene.scratch.path().join("nowhere").display().to_string();
    room.seat = start_seat(&room.scene, &[("WAYLAND_DISPLAY", nowhere)]);
    wait::until("GNOME's monitor", || log_of(&room.scene).contains("GNOME's idle monitor").then_some(()));
    room.scene.clock.pass(NEARLY_IDLE);
    room.desktop.wait_notice("Locking soon");
    room.desktop.untouched_for(500);
    room.desktop.wait_no_notice("Locking soon");

    assert_eq!(verdict_of(&room.scene.terminal, "zei.certificate"), "function_not_for_terminal");
    room.desktop.wait_notice("Refused");
    assert_eq!(verdict_of(&room.scene.terminal, "juminhyo.issue"), "granted");
    room.desktop.wait_no_notice("Refused");

    room.desktop.untouched_for(3_600_000);
    // Of ten hours.
    room.scene.clock.pass(9 * 60 * MINUTE + 46 * MINUTE);
    room.desktop.wait_notice("The session ends within 10 minutes");
    room.scene.clock.pass(10 * MINUTE);
    room.desktop.wait_no_notice("The session ends");
    wait_state(&room.scene.terminal, SessionState::AwaitPin);
}

fn log_of(scene: &Scene) -> String {
    std::fs::read_to_string(scene.scratch.folder("d").join("seat.log")).unwrap_or_default()
}

/// A text terminal that nobody sees.
struct Console {
    shell: Child,
    name: PathBuf,
    shown: PathBuf,
}

impl Console {
    fn start(folder: &Path, owner: u32) -> Self {
        let (name, shown) = (folder.join("tty"), folder.join("tty.shown"));
        let command = format!("tty > {0}.new && mv {0}.new {0} && exec sleep 3600", name.display());
        let mut shell = Command::new("script");
        shell.args(["--quiet", "--echo", "never", "--flush", "--command", &command, "/dev/null"]);
        let shell = shell.stdin(Stdio::piped()).stdout(File::create(&shown).unwrap()).spawn().unwrap();
        let name = wait::until("a text terminal", || std::fs::read_to_string(&name).ok());
        let name = PathBuf::from(name.trim());
        std::os::unix::fs::chown(&name, Some(owner), None).unwrap();
        Self { shell, name, shown }
    }

    fn wait_shown(&self, words: &str) {
        let shown = || String::from_utf8_lossy(&std::fs::read(&self.shown).unwrap_or_default()).contains(words);
        wait::until(&format!("'{words}' on the terminal"), || shown().then_some(()));
    }

    fn type_in(&mut self, keys: &str) {
        self.shell.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// What the agent answers a user who says that the clerk is working.
fn activity_by(scene: &Scene, uid: &str) -> String {
    let call = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); \
        s.sendall(b'{\"method\":\"io.sekisho.Activity\"}\\0'); print(s.recv(4096).decode())";
    let mut command = Command::new("setpriv");
    command.args(["--reuid", uid, "--regid", uid, "--clear-groups", "--", "/usr/bin/python3", "-c", call]);
    let (_, said) = sekisho_tests::said::run("python3", command.arg(scene.terminal.socket()), "");
    said
}

/// A clerk's account, and another one: a bus takes those alone that the machine knows (`nobody`, `daemon`).
const CLERK: u32 = 65534;
const STRANGER: &str = "1";

#[test]
fn a_user_without_rights_types_her_pin_and_nobody_else_keeps_her_session_open() {
    let scratch = sekisho_tests::scratch::Scratch::new("tty");
    let mut console = Console::start(scratch.path(), CLERK);
    let mut room = Room::new("clerk", "", &[]);
    room.seat.kill();
    let (agent, folder) = (room.scene.terminal.configuration(), room.scene.scratch.folder("d"));
    let configuration = std::fs::read_to_string(&agent).unwrap();
    std::fs::write(&agent, format!("{configuration}[peers]\nprompt = [{CLERK}]\n")).unwrap();
    room.scene.terminal.kill(Part::Agent);
    room.scene.terminal.start_part(Part::Agent);
    wait_fresh(&room.scene.terminal);

    // What she has to reach: program, sockets, terminal.
    std::fs::set_permissions(room.scene.scratch.path(), Permissions::from_mode(0o711)).unwrap();
    let (seat, run) = (folder.join("sekisho-seat"), room.scene.scratch.folder("d/run"));
    std::fs::copy(program("sekisho-seat"), &seat).unwrap();
    std::os::unix::fs::chown(&run, Some(CLERK), None).unwrap();
    std::fs::write(folder.join("seat.toml"), "[pin]\nprogram = [\"pinentry-curses\"]\n").unwrap();
    let clerk = CLERK.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &clerk, "--regid", &clerk, "--clear-groups", "--pdeathsig", "KILL", "--"]).arg(&seat);
    in_session(&mut command, &room.scene);
    command.env("XDG_RUNTIME_DIR", &run).env("GPG_TTY", &console.name).env("TERM", "xterm");
    room.seat = Process::start("sekisho-seat", &mut command, &folder.join("clerk.log"));

    insert(&room.scene.terminal, &mut room.scene.clerk);
    console.wait_shown("PIN:");
    console.type_in(&format!("{}\r", room.scene.clerk.pin()));
    wait_state(&room.scene.terminal, SessionState::Open);
    room.scene.clock.pass(MINUTE);
    let refused = activity_by(&room.scene, STRANGER);
    assert!(refused.contains("NotPermitted") && refused.contains("not_your_session"), "{refused}");
    assert!(room.idle_lock_in() <= 4 * MINUTE);
    let taken = activity_by(&room.scene, &clerk);
    assert!(taken.contains("parameters") && !taken.contains("error"), "{taken}");
    assert!(room.idle_lock_in() > 4 * MINUTE);
}
