//! A clerk terminal of a story: a pcscd with a virtual reader, and agent, card worker and forwarder as three processes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::program;
use crate::clock::{StoryClock, live_by};
use crate::desktop::Desktop;
use crate::ledger::{both, succeeded};
use crate::pcscd::Pcscd;
use crate::process::Process;
use crate::units::Units;
use crate::wait;

/// The parts of a terminal that run, and can be killed, each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Decides, keeps the journal, answers the socket.
    Agent,
    /// Speaks to the card.
    CardWorker,
    /// Speaks to the ledger.
    Forwarder,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Agent, Self::CardWorker, Self::Forwarder];

    pub(crate) const fn argument(self) -> &'static str {
        match self {
            Self::Agent => "run",
            Self::CardWorker => "card-worker",
            Self::Forwarder => "forwarder",
        }
    }
}

/// A terminal and everything on it.
pub struct Terminal {
    folder: PathBuf,
    clock: PathBuf,
    /// What the service manager hands over, once there is anything.
    credentials: PathBuf,
    /// Where its system bus is.
    bus: String,
    /// Its own card service.
    pub pcscd: Pcscd,
    /// Whose units its parts run in, where they are three users.
    units: Option<Units>,
    parts: [Option<Process>; 3],
}

impl Terminal {
    /// A terminal that is set up and belongs to nobody yet. `folder` must be short: sockets lie in it.
    #[must_use]
    pub fn new(folder: &Path, clock: &StoryClock) -> Self {
        let pcscd = Pcscd::start(&folder.join("pcsc"), 2);
        let (clock, credentials) = (clock.file().to_owned(), folder.join("credentials"));
        let (bus, parts) = (Desktop::address(folder), [None, None, None]);
        let terminal = Self { folder: folder.to_owned(), clock, bus, credentials, pcscd, units: None, parts };
        std::fs::create_dir_all(folder.join("run")).expect("cannot make a folder");
        // Most stories have no screen; least of all is it that of whoever runs them.
        terminal.configure(&format!("{}[lock]\nscreen = \"none\"\n", terminal.places()));
        terminal
    }

    fn places(&self) -> String {
        let (state, runtime) = (self.state(), self.runtime());
        format!("state = {state:?}\nruntime = {runtime:?}\n")
    }

    /// From its next start on the agent locks the screen of the desktop in this folder; `on_failure` is what it does when that fails.
    pub fn lock_screen_by(&mut self, desktop: &Path, on_failure: &str) {
        self.bus = Desktop::address(desktop);
        self.configure(&format!("{}[lock]\non_failure = {on_failure:?}\n", self.places()));
    }

    /// From its next start on each part runs as its unit says: a user of its own, and no other system calls or address families.
    pub fn run_as_units(&mut self) {
        let units = Units::set_up(&self.folder, &self.runtime());
        self.configure(&format!("{}{}[lock]\nscreen = \"none\"\n", self.places(), units.configuration()));
        self.units = Some(units);
    }

    /// What the service manager hears from the parts, where they run as units.
    ///
    /// # Panics
    /// When they do not.
    #[must_use]
    pub fn units(&self) -> &Units {
        self.units.as_ref().expect("the parts run as units")
    }

    /// Replaces the configuration.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.configuration(), text).expect("cannot write the agent's configuration");
    }

    /// From the next start of each part on, its configuration has these lines in its table `[card]`, too.
    pub fn configure_card(&self, lines: &str) {
        let configuration = std::fs::read_to_string(self.configuration()).expect("it was set up");
        // The table is ours alone: it stands at the end.
        let configuration = configuration.split("[card]").next().unwrap_or_default();
        self.configure(&format!("{configuration}[card]\n{lines}\n"));
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("agent.toml")
    }

    /// Enrols with a code; gives what was said, the key's fingerprint among it.
    ///
    /// # Panics
    /// When it fails.
    pub fn enrol(&self, code: &Path) -> String {
        let output = self.agent("enrol").arg(code).output().expect("cannot start sekisho-agent");
        succeeded("sekisho-agent enrol", &output);
        both(&output)
    }

    /// A call of `sekisho-agent` with this terminal's configuration.
    #[must_use]
    pub fn agent(&self, name: &str) -> Command {
        let mut command = Command::new(program("sekisho-agent"));
        command.arg(name).arg("--config").arg(self.configuration());
        command.env("RUST_LOG", "info").env("PCSCLITE_CSOCK_NAME", self.pcscd.socket());
        command.env("CREDENTIALS_DIRECTORY", &self.credentials);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus);
        command
    }

    /// The folder in which the service manager leaves what it has opened for the units.
    #[must_use]
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }

    /// The call that is one part of this terminal, in the time of its story.
    #[must_use]
    pub fn command(&self, part: &str) -> Command {
        let mut command = self.agent(part);
        live_by(&self.clock, &mut command);
        command
    }

    /// Starts all three parts, and waits until the agent answers.
    pub fn start(&mut self) {
        Part::ALL.into_iter().for_each(|part| self.start_part(part));
    }

    /// Starts one part.
    ///
    /// # Panics
    /// When the agent does not come up.
    pub fn start_part(&mut self, part: Part) {
        let mut command = self.command(part.argument());
        if let Some(units) = &self.units {
            command = units.command(part, &command);
        }
        let log = self.folder.join(format!("{}.log", part.argument()));
        let mut process = Process::start(part.argument(), &mut command, &log);
        if part == Part::Agent {
            let socket = self.socket();
            process
                .wait_ready("the agent's socket", || std::os::unix::net::UnixStream::connect(&socket).ok().map(|_| ()));
        }
        self.parts[part as usize] = Some(process);
    }

    /// Kills one part as a crash would.
    pub fn kill(&mut self, part: Part) {
        if let Some(mut process) = self.parts[part as usize].take() {
            process.kill();
        }
    }

    /// Waits until a part that runs has said this in its log.
    ///
    /// # Panics
    /// When it does not run.
    pub fn wait_said(&mut self, part: Part, what: &str) {
        let process = self.parts[part as usize].as_mut().expect("the part runs");
        let said = || process.said().contains(what).then_some(());
        wait::until(what, said);
    }

    /// Whether a part has ended by itself.
    pub fn has_ended(&mut self, part: Part) -> bool {
        self.parts[part as usize].as_mut().is_none_or(|process| process.ended().is_some())
    }

    /// The process of a part that runs.
    #[must_use]
    pub fn process_id(&self, part: Part) -> Option<u32> {
        self.parts[part as usize].as_ref().map(Process::id)
    }

    /// How long a part has had the processor, in hundredths of a second (proc(5), fields 14 and 15 of `stat`).
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn ticks(&self, part: Part) -> u64 {
        let process = self.process_id(part).expect("the part runs");
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a running process");
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
    }

    /// Stops one part in its tracks.
    ///
    /// # Panics
    /// When it does not run.
    pub fn freeze(&mut self, part: Part) {
        self.parts[part as usize].as_mut().expect("the part runs").freeze();
    }

    /// Asks one part to end, and waits.
    pub fn stop_part(&mut self, part: Part) {
        if let Some(mut process) = self.parts[part as usize].take() {
            process.stop();
        }
    }

    /// Asks all parts to end, and waits.
    pub fn stop(&mut self) {
        Part::ALL.into_iter().for_each(|part| self.stop_part(part));
    }

    /// Where the agent's sockets are.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// The agent's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime().join("agent.sock")
    }

    /// Where the agent keeps keys, journal and register.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// A connection to the agent.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn client(&self) -> sekisho_ipc::Client {
        wait::until("the agent's socket", || sekisho_ipc::Client::connect(&self.socket()).ok())
    }

    /// A call of the clerk's command line on this terminal, in English.
    #[must_use]
    pub fn sekisho(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("sekisho"));
        command.args(["--lang", "en", "--socket"]).arg(self.socket()).args(arguments);
        command
    }
}
