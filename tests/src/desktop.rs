//! A desktop to be locked: a bus of the story's own, and on it python3-dbusmock's logind with one session, and somebody who shows notifications. The machine's own bus and
//! screen are never touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;
use crate::wait;

/// What the desktop does when it is told to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locker {
    /// It locks, a moment later, and says so.
    Locks,
    /// Nobody listens.
    Deaf,
    /// logind says that it cannot be locked.
    Refuses,
    /// It logs out just then.
    Leaves,
    /// It is root's, and nobody listens.
    DeafOfRoot,
}

/// The bus, and whoever is on it.
pub struct Desktop {
    folder: PathBuf,
    bus: Option<Process>,
    logind: Option<Process>,
    notices: Option<Process>,
    monitor: Option<Process>,
}

impl Desktop {
    /// A bus in `folder`, which must be short, and nobody on it.
    #[must_use]
    pub fn without_logind(folder: &Path) -> Self {
        let mut desktop = Self { folder: folder.to_owned(), bus: None, logind: None, notices: None, monitor: None };
        desktop.start_bus();
        desktop
    }

    /// Where the bus is.
    #[must_use]
    pub fn address(folder: &Path) -> String {
        format!("unix:path={}", folder.join("bus").display())
    }

    /// Starts the bus.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_bus(&mut self) {
        let address = Self::address(&self.folder);
        let configuration = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>system</type><listen>{address}</listen><policy context=\"default\">\
             <allow user=\"*\"/><allow send_destination=\"*\" eavesdrop=\"true\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>\n"
        );
        let file = self.folder.join("bus.conf");
        std::fs::write(&file, configuration).expect("cannot write the bus's configuration");
        let socket = self.folder.join("bus");
        let _ = std::fs::remove_file(&socket);
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg(format!("--config-file={}", file.display()));
        let mut bus = Process::start("dbus-daemon", &mut command, &self.folder.join("bus.log"));
        bus.wait_ready("the bus's socket", || socket.exists().then_some(()));
        self.bus = Some(bus);
    }

    /// Ends the bus, and with it whoever is on it.
    pub fn kill_bus(&mut self) {
        self.logind = None;
        self.notices = None;
        self.monitor = None;
        self.bus = None;
    }

    /// Starts logind, or another one in its place.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_logind(&mut self, locker: Locker) {
        self.logind = None;
        let (desktop, uid) = match locker {
            Locker::Locks => ("locks", 1000),
            Locker::Deaf => ("deaf", 1000),
            Locker::Refuses => ("refuses", 1000),
            Locker::Leaves => ("leaves", 1000),
            Locker::DeafOfRoot => ("deaf", 0),
        };
        let template = concat!(env!("CARGO_MANIFEST_DIR"), "/src/logind.py");
        let mut command = self.mock(&["--template", template], "logind.calls");
        command.arg("--parameters").arg(format!("{{\"desktop\": \"{desktop}\", \"uid\": {uid}}}"));
        let mut logind = Process::start("logind", &mut command, &self.folder.join("logind.log"));
        let folder = self.folder.clone();
        logind.wait_ready("logind", || {
            call(&folder, "/org/freedesktop/login1", "org.freedesktop.login1.Manager.ListSessions", &[])
                .filter(|sessions| sessions.contains("c1"))
        });
        self.logind = Some(logind);
    }

    /// One of python3-dbusmock's, on this bus; what is called goes to a log.
    fn mock(&self, what: &[&str], calls: &str) -> Command {
        // Debian's Python has the packages, whichever comes first on the path.
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-m", "dbusmock", "--system"]).args(what);
        command.arg("--logfile").arg(self.folder.join(calls));
        command.env("DBUS_SYSTEM_BUS_ADDRESS", Self::address(&self.folder)).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Starts somebody who shows notifications.
    ///
    /// # Panics
    /// When nobody comes up.
    pub fn start_notices(&mut self) {
        let mut command = self.mock(&["--template", "notification_daemon"], "notices.calls");
        let mut notices = Process::start("notices", &mut command, &self.folder.join("notices.log"));
        let folder = self.folder.clone();
        notices.wait_ready("notifications", || {
            ask(&folder, NOTICES, "/org/freedesktop/Notifications", &format!("{NOTICES}.GetServerInformation"), &[])
        });
        self.notices = Some(notices);
    }

    /// Starts GNOME's word about input, or changes it: nobody has touched anything for so long.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn untouched_for(&mut self, milliseconds: u64) {
        let says = ["", "GetIdletime", "", "t", &format!("ret = {milliseconds}")];
        let say = |folder: &Path| ask(folder, MONITOR, MONITOR_PATH, "org.freedesktop.DBus.Mock.AddMethod", &says);
        let folder = self.folder.clone();
        if self.monitor.is_none() {
            let mut command = self.mock(&[MONITOR, MONITOR_PATH, MONITOR], "monitor.calls");
            let mut monitor = Process::start("monitor", &mut command, &self.folder.join("monitor.log"));
            monitor.wait_ready("GNOME's idle monitor", || say(&folder));
            self.monitor = Some(monitor);
        }
        assert!(say(&folder).is_some(), "nobody plays GNOME");
    }

    /// What the desktop tells logind of its idling.
    pub fn hint(&self, idle: bool) {
        let told = format!("{{'IdleHint': <{idle}>, 'IdleSinceHintMonotonic': <uint64 1>}}");
        self.call(SESSION, "org.freedesktop.DBus.Mock.UpdateProperties", &["org.freedesktop.login1.Session", &told]);
    }

    /// What was asked of whoever shows notifications, a line each.
    #[must_use]
    pub fn noticed(&self) -> Vec<String> {
        let calls = std::fs::read_to_string(self.folder.join("notices.calls")).unwrap_or_default();
        calls.lines().map(ToOwned::to_owned).collect()
    }

    /// The notifications that stand there now, by number.
    #[must_use]
    pub fn standing(&self) -> BTreeMap<u32, String> {
        let mut standing = BTreeMap::new();
        let mut next = 1;
        for line in self.noticed() {
            let words: Vec<&str> = line.split(' ').collect();
            match words.get(1) {
                // Who, and in place of which; 0 is a new one.
                Some(&"Notify") => {
                    let replaced = words.get(3).and_then(|number| number.parse().ok()).unwrap_or(0);
                    let number = if replaced == 0 { next } else { replaced };
                    next = next.max(number + 1);
                    standing.insert(number, line);
                }
                Some(&"CloseNotification") => {
                    standing.remove(&words.get(2).and_then(|number| number.parse().ok()).unwrap_or(0));
                }
                Some(_) | None => {}
            }
        }
        standing
    }

    /// Waits for a notification with these words; gives its number.
    pub fn wait_notice(&self, words: &str) -> u32 {
        wait::until(&format!("a notification: {words}"), || {
            self.standing().into_iter().find(|(_, line)| line.contains(words)).map(|(number, _)| number)
        })
    }

    /// Waits until no notification with these words stands there.
    pub fn wait_no_notice(&self, words: &str) {
        wait::until(&format!("no notification: {words}"), || {
            self.standing().values().all(|line| !line.contains(words)).then_some(())
        });
    }

    /// Clicks a notification.
    pub fn click(&self, number: u32) {
        let signal = [NOTICES, "ActionInvoked", "us", &format!("[<uint32 {number}>, <'default'>]")];
        let emitted = ask(
            &self.folder,
            NOTICES,
            "/org/freedesktop/Notifications",
            "org.freedesktop.DBus.Mock.EmitSignal",
            &signal,
        );
        assert!(emitted.is_some(), "nobody shows notifications");
    }

    /// Shows another session, or this one again.
    pub fn show(&self, shown: bool) {
        let change = ["org.freedesktop.login1.Session", &format!("{{'Active': <{shown}>}}")];
        self.call(SESSION, "org.freedesktop.DBus.Mock.UpdateProperties", &change);
    }

    /// Ends logind.
    pub fn kill_logind(&mut self) {
        self.logind = None;
    }

    /// What was called so far, a line each.
    #[must_use]
    pub fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.join("logind.calls")).unwrap_or_default()
    }

    /// Tells that the machine goes to sleep, or that it woke.
    pub fn tell_sleep(&self, begins: bool) {
        let signal = ["org.freedesktop.login1.Manager", "PrepareForSleep", "b", &format!("[<{begins}>]")];
        self.call("/org/freedesktop/login1", "org.freedesktop.DBus.Mock.EmitSignal", &signal);
    }

    /// Takes the lock from the screen, as its user may at any time.
    pub fn unlock(&self) {
        self.call(SESSION, "org.freedesktop.login1.Session.SetLockedHint", &["false"]);
        self.call(SESSION, "org.freedesktop.login1.Session.Unlock", &[]);
    }

    /// Whether sleep is held back.
    #[must_use]
    pub fn holds_sleep(&self) -> bool {
        self.call("/org/freedesktop/login1", "org.freedesktop.login1.Manager.ListInhibitors", &[]).contains("'sekisho'")
    }

    /// Waits until sleep is held back, or no longer.
    pub fn wait_holds_sleep(&self, holds: bool) {
        let what = if holds { "sleep to be held back" } else { "sleep to be let go" };
        wait::until(what, || (self.holds_sleep() == holds).then_some(()));
    }

    /// A property of the session that is shown, as it is printed.
    #[must_use]
    pub fn property(&self, name: &str) -> String {
        self.call(SESSION, "org.freedesktop.DBus.Properties.Get", &["org.freedesktop.login1.Session", name])
    }

    fn call(&self, object: &str, method: &str, arguments: &[&str]) -> String {
        call(&self.folder, object, method, arguments).unwrap_or_else(|| panic!("logind does not answer {method}"))
    }
}

const SESSION: &str = "/org/freedesktop/login1/session/c1";

const MONITOR: &str = "org.gnome.Mutter.IdleMonitor";
const MONITOR_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";
const NOTICES: &str = "org.freedesktop.Notifications";

fn call(folder: &Path, object: &str, method: &str, arguments: &[&str]) -> Option<String> {
    ask(folder, "org.freedesktop.login1", object, method, arguments)
}

fn ask(folder: &Path, owner: &str, object: &str, method: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("gdbus");
    command.args(["call", "--address", &Desktop::address(folder), "--dest", owner]);
    command.args(["--object-path", object, "--method", method]).args(arguments);
    let output = command.output().expect("no gdbus: run tests/setup.sh");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
