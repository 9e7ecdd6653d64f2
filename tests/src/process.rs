//! Processes of a story: started with their log in a file, ended by pid, never left behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A process that this story started. Dropping ends it.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; both outputs are appended to `log`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Self {
        let out = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("cannot open a log");
        let err = out.try_clone().expect("cannot share a log");
        let child = dying_with_us(command).stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        let child = child.unwrap_or_else(|cause| panic!("cannot start {name}: {cause}"));
        Self { name: name.to_owned(), child, log: log.to_owned() }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything it said so far.
    #[must_use]
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until `ready` holds; fails at once, with its log, when the process ends before.
    ///
    /// # Panics
    /// When the process ends, or nothing comes of the waiting.
    pub fn wait_ready<T>(&mut self, what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
        let found = wait::try_until(|| match ready() {
            Some(value) => Some(Some(value)),
            None => self.ended().map(|_| None),
        });
        found.flatten().unwrap_or_else(|| panic!("{}: {what} never came; it said:\n{}", self.name, self.said()))
    }

    /// Kills it as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }

    /// Stops it in its tracks: it is there, and does nothing any more.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.ends_by(Signal::TERM)
    }

    /// Interrupts it as Ctrl-C would, and waits until it is gone.
    ///
    /// # Panics
    /// When it does not end.
    pub fn interrupt(&mut self) {
        self.ends_by(Signal::INT);
    }

    fn ends_by(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let ended = wait::try_until(|| self.ended());
        ended.unwrap_or_else(|| panic!("{} does not end when asked; it said:\n{}", self.name, self.said()))
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
            let _ = kill_process(pid, signal);
        }
    }
}

/// The same command, such that the kernel ends it when whoever started it goes away, even by SIGKILL.
fn dying_with_us(command: &Command) -> Command {
    // Whoever runs the tests in the background has them ignore Ctrl-C, and what ignores it hands that on.
    let mut wrapped = Command::new("env");
    wrapped
        .args(["--default-signal=INT", "setpriv", "--pdeathsig", "KILL", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(key, value),
            None => wrapped.env_remove(key),
        };
    }
    wrapped
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
