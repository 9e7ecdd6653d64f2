//! A witness of a story: the real program with its data in the story's folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::program;
use crate::ledger::{Ledger, both, succeeded};
use crate::ports::free_port;
use crate::process::Process;

/// A witness: its data, and the process while it serves.
pub struct Witness {
    data: PathBuf,
    watched: Vec<String>,
    port: u16,
    log: PathBuf,
    process: Option<Process>,
}

impl Witness {
    /// Makes a witness and starts it; it watches every log of this ledger, which must be stopped.
    ///
    /// # Panics
    /// When one of its commands fails.
    #[must_use]
    pub fn of(ledger: &Ledger, folder: &Path, name: &str) -> Self {
        let (port, data) = (free_port(), folder.join("data"));
        let mut witness = Self { data, watched: Vec::new(), port, log: folder.join("witness.log"), process: None };
        let listen = format!("127.0.0.1:{port}");
        witness.run("init", &["--name", name, "--listen", &listen, "--host", "127.0.0.1"]);
        let status = both(&ledger.command("status").output().expect("cannot start sekisho-ledger"));
        let keys: Vec<&str> = status
            .lines()
            .map(str::trim)
            .filter(|line| line.contains("/records+") || line.contains("/register+") || line.contains("/casebook+"))
            .collect();
        assert_eq!(keys.len(), 3, "{status}");
        let add: Vec<&str> = keys.iter().flat_map(|key| ["--key", key]).collect();
        witness.run("add-log", &add);
        witness.watched = keys.into_iter().map(str::to_owned).collect();
        witness.serve();
        witness
    }

    /// Starts serving, and waits until it listens.
    pub fn serve(&mut self) {
        let mut command = self.command("serve");
        command.env("RUST_LOG", "info");
        let mut process = Process::start("witness", &mut command, &self.log);
        let port = self.port;
        process.wait_ready("the witness's port", || std::net::TcpStream::connect(("127.0.0.1", port)).ok().map(|_| ()));
        self.process = Some(process);
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// What it prints for a ledger's configuration.
    #[must_use]
    pub fn block(&self) -> String {
        self.run("key", &[])
    }

    /// Its verifier key.
    ///
    /// # Panics
    /// When it prints none.
    #[must_use]
    pub fn key(&self) -> String {
        let block = self.block();
        let key = block.lines().find_map(|line| line.strip_prefix("key = \"")?.strip_suffix('"'));
        key.expect("a witness prints its key").to_owned()
    }

    /// What `status` says.
    #[must_use]
    pub fn status(&self) -> String {
        self.run("status", &[])
    }

    /// The keys of the logs that it was made to watch.
    #[must_use]
    pub fn watched(&self) -> &[String] {
        &self.watched
    }

    /// How many entries of a log it has cosigned.
    #[must_use]
    pub fn cosigned(&self, log: &str) -> u64 {
        let status = self.status();
        let sizes = status.lines().filter_map(|line| line.split_once(&format!("/{log}: ")));
        sizes.filter_map(|(_, size)| size.split(' ').next()?.parse().ok()).next().unwrap_or_default()
    }

    /// What a command of it says that fails.
    ///
    /// # Panics
    /// When it does not fail.
    #[must_use]
    pub fn refuses(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name).args(arguments).output().expect("cannot start sekisho-ledger");
        assert!(!output.status.success(), "{}", both(&output));
        both(&output)
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program("sekisho-ledger"));
        command.args(["witness", name, "--data"]).arg(&self.data);
        command
    }

    /// Runs one of its commands.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name).args(arguments).output().expect("cannot start sekisho-ledger");
        succeeded("sekisho-ledger witness", &output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
