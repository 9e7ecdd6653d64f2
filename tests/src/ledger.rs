//! A ledger of a story: the real program with its data in the story's folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::binaries::program;
use crate::clock::{StoryClock, live_by};
use crate::ports::free_port;
use crate::postgres;
use crate::process::Process;
use crate::town::copy_files;
use crate::wait;

/// Where the books of this run are kept: `SEKISHO_STORE=postgres` says on a server, which the run starts.
fn on_server() -> bool {
    std::env::var_os("SEKISHO_STORE").is_some_and(|store| store == "postgres")
}

/// The ledger: its data, and the process while it serves.
pub struct Ledger {
    data: PathBuf,
    port: u16,
    clock: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Ledger {
    /// Makes a ledger's data, and does not start it yet.
    ///
    /// # Panics
    /// When `sekisho-ledger init` fails.
    #[must_use]
    pub fn init(folder: &Path, clock: &StoryClock) -> Self {
        Self::init_at(folder, clock, free_port())
    }

    /// As [`Self::init`], on a port of the story's choice.
    ///
    /// # Panics
    /// When `sekisho-ledger init` fails.
    #[must_use]
    pub fn init_at(folder: &Path, clock: &StoryClock, port: u16) -> Self {
        let data = folder.join("data");
        let mut init = Command::new(program("sekisho-ledger"));
        init.args(["init", "--name", "ledger.example", "--host", "127.0.0.1", "--host", "localhost"]);
        init.arg("--data").arg(&data).arg("--listen").arg(format!("127.0.0.1:{port}"));
        if on_server() {
            init.arg("--postgres").arg(postgres::database());
        }
        succeeded("sekisho-ledger init", &init.output().expect("cannot start sekisho-ledger"));
        Self { data, port, clock: clock.file().to_owned(), log: folder.join("ledger.log"), process: None }
    }

    /// A ledger whose data somebody else will make, on a port of its own.
    #[must_use]
    pub fn to_be(folder: &Path, clock: &StoryClock) -> Self {
        let (data, port) = (folder.join("data"), free_port());
        Self { data, port, clock: clock.file().to_owned(), log: folder.join("ledger.log"), process: None }
    }

    /// The ledger whose data was copied into this folder, on a port of its own. Its book is moved to where this run keeps them.
    ///
    /// # Panics
    /// When there is no such data, or its book cannot be moved.
    #[must_use]
    pub fn copied(folder: &Path, clock: &StoryClock) -> Self {
        let ledger = Self::at(folder, clock);
        if on_server() {
            let mut moves = ledger.command("move-book");
            moves.arg("--to-postgres").arg(postgres::database());
            succeeded("sekisho-ledger move-book", &moves.output().expect("cannot start sekisho-ledger"));
        }
        ledger
    }

    /// A backup of this one, from before, with the keys of today: what was erased since has none. `older` is its data.
    ///
    /// # Panics
    /// As [`Self::copied`].
    #[must_use]
    pub fn back_with_keys_of_today(&self, older: &Path, clock: &StoryClock) -> Self {
        for key in ["master.key", "payload.key", "envelope.key", "authority.key", "authority.der"] {
            std::fs::copy(self.data().join(key), older.join(key)).expect("a ledger has its keys");
        }
        Self::copied(older.parent().expect("the data lies in a folder"), clock)
    }

    /// A copy of this one in another folder. It must not be running.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn copy_to(&self, folder: &Path, clock: &StoryClock) -> Self {
        copy_files(&self.data, &folder.join("data"));
        let copy = Self::at(folder, clock);
        copy.configure("postgres", |place| format!("{:?}", postgres::copy_of(quoted(place))));
        copy
    }

    fn at(folder: &Path, clock: &StoryClock) -> Self {
        let (data, port) = (folder.join("data"), free_port());
        let ledger = Self { data, port, clock: clock.file().to_owned(), log: folder.join("ledger.log"), process: None };
        ledger.configure("listen", |_| format!("\"127.0.0.1:{port}\""));
        // It goes on where the other stopped, as if it had run on the same machine.
        ledger.remember();
        ledger
    }

    /// Has it show its numbers from the next start on. Gives the address.
    ///
    /// # Panics
    /// When the configuration cannot be written.
    #[must_use]
    pub fn show_numbers(&self) -> String {
        let (file, port) = (self.data.join("ledger.toml"), free_port());
        let text = std::fs::read_to_string(&file).expect("a ledger's configuration");
        std::fs::write(&file, format!("metrics = \"127.0.0.1:{port}\"\n{text}")).expect("cannot write it");
        format!("http://127.0.0.1:{port}/metrics")
    }

    /// Writes another value for a key that stands in the configuration.
    fn configure(&self, key: &str, value: impl Fn(&str) -> String) {
        self.configure_at(&self.data, key, value);
    }

    fn configure_at(&self, data: &Path, key: &str, value: impl Fn(&str) -> String) {
        let file = data.join("ledger.toml");
        let text = std::fs::read_to_string(&file).expect("a ledger's configuration");
        let changed = |line: &str| match line.split_once('=') {
            Some((name, before)) if name.trim() == key => format!("{key} = {}\n", value(before)),
            Some(_) | None => format!("{line}\n"),
        };
        std::fs::write(&file, text.lines().map(changed).collect::<String>()).expect("cannot write it");
    }

    /// Everything that it has said in this story, in its own words also what it says to nobody by default.
    ///
    /// # Panics
    /// When it never ran.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).expect("it has run");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts serving, and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    pub fn serve(&mut self) {
        let mut process = self.begin();
        process.wait_ready("the ledger's port", || self.answers());
        self.process = Some(process);
    }

    /// As [`Self::serve`], where it may end instead. Whether it serves.
    pub fn try_serve(&mut self) -> bool {
        let mut process = self.begin();
        let serves = wait::until("the ledger's port or its end", || match self.answers() {
            Some(()) => Some(true),
            None => process.ended().map(|_| false),
        });
        self.process = serves.then_some(process);
        serves
    }

    fn begin(&self) -> Process {
        let mut command = self.command("serve");
        command.env("RUST_LOG", "info,sekisho_ledger=trace").env("RUNTIME_DIRECTORY", self.memory());
        live_by(&self.clock, &mut command);
        Process::start("ledger", &mut command, &self.log)
    }

    fn answers(&self) -> Option<()> {
        std::net::TcpStream::connect(("127.0.0.1", self.port)).ok().map(|_| ())
    }

    /// What its machine remembers of what was signed, until it is switched off.
    fn memory(&self) -> PathBuf {
        self.data.with_file_name("memory")
    }

    /// It goes on where another stopped a moment ago, as if that had run on the same machine.
    fn remember(&self) {
        let memory = self.memory().join("checkpoints");
        copy_files(&self.data.join("checkpoints"), &memory);
        let uptime = std::fs::read_to_string("/proc/uptime").expect("a machine that runs");
        let seconds = uptime.split('.').next().unwrap_or_default();
        std::fs::write(memory.join("alive"), format!("{seconds}000")).expect("cannot write it");
    }

    /// Its machine is switched off, or another has its disk now. It must not be running.
    pub fn forget(&self) {
        drop(std::fs::remove_dir_all(self.memory()));
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// A founding code in a file.
    ///
    /// # Panics
    /// When the ledger gives none.
    #[must_use]
    pub fn founding_code(&self) -> PathBuf {
        let file = self.data.with_file_name("founding.code");
        let mut command = self.command("founding-code");
        live_by(&self.clock, command.arg("--out").arg(&file));
        let output = command.output().expect("cannot start sekisho-ledger");
        succeeded("sekisho-ledger founding-code", &output);
        file
    }

    /// Runs `fsck`: its exit status and everything it said.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn fsck(&self) -> (Option<i32>, String) {
        let mut command = self.command("fsck");
        live_by(&self.clock, &mut command);
        let output = command.output().expect("cannot start sekisho-ledger");
        (output.status.code(), both(&output))
    }

    /// Runs `fsck`, which must be content.
    ///
    /// # Panics
    /// When it is not.
    pub fn assert_sound(&self) {
        let (code, said) = self.fsck();
        assert_eq!(code, Some(0), "{said}");
    }

    /// The program, for commands of more than one word.
    #[must_use]
    pub fn program(&self) -> Command {
        Command::new(program("sekisho-ledger"))
    }

    /// A command on this ledger's data.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = self.program();
        command.arg(name).arg("--data").arg(&self.data);
        command
    }

    /// The process, while it serves.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// A copy of its whole disk. It must not be running.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn snapshot(&self, folder: &Path) {
        copy_files(&self.data, folder);
        self.configure_at(folder, "postgres", |place| format!("{:?}", postgres::copy_of(quoted(place))));
    }

    /// Its whole disk as it was in this copy, in a machine that remembers nothing. It must not be running.
    ///
    /// # Panics
    /// When it cannot be put back.
    pub fn put_back(&self, folder: &Path) {
        std::fs::remove_dir_all(&self.data).expect("cannot remove it");
        copy_files(folder, &self.data);
        self.configure("postgres", |place| format!("{:?}", postgres::copy_of(quoted(place))));
        self.forget();
    }

    /// It is configured to write at once after a start.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    pub fn wait_for_nobody(&self) {
        let file = self.data.join("ledger.toml");
        let text = std::fs::read_to_string(&file).expect("a ledger's configuration");
        std::fs::write(&file, format!("hear = 0\n{text}")).expect("cannot write it");
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// What stands between the quotes.
fn quoted(value: &str) -> &str {
    value.trim_matches(|c: char| c == '"' || c.is_whitespace())
}

/// Everything a finished process said.
#[must_use]
pub fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Fails with everything that was said unless the process ended well.
///
/// # Panics
/// When it did not.
pub fn succeeded(what: &str, output: &Output) {
    assert!(output.status.success(), "{what} ended with {}:\n{}", output.status, both(output));
}
