//! A virtual card: the real card application in a process that lies in a virtual reader. Started is inserted, ended is pulled.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binaries::program;
use crate::pcscd::Pcscd;
use crate::process::Process;

/// One card: its memory in a file, and the process while it lies in a reader.
pub struct VirtualCard {
    name: String,
    state: PathBuf,
    apdus: PathBuf,
    log: PathBuf,
    inserted: Option<Process>,
}

impl VirtualCard {
    /// A blank card from the factory.
    ///
    /// # Panics
    /// When the simulator fails.
    #[must_use]
    pub fn blank(folder: &Path, name: &str) -> Self {
        let state = folder.join(format!("{name}.card"));
        let status = Command::new(program("sekisho-simulator")).arg("new").arg("--state").arg(&state).output();
        let output = status.expect("cannot start the simulator");
        assert!(output.status.success(), "no blank card: {}", String::from_utf8_lossy(&output.stderr));
        Self {
            name: name.to_owned(),
            state,
            apdus: folder.join(format!("{name}.apdus")),
            log: folder.join(format!("{name}.log")),
            inserted: None,
        }
    }

    /// Puts the card into a slot.
    pub fn insert(&mut self, pcscd: &Pcscd, slot: usize) {
        self.pull();
        let mut command = Command::new(program("sekisho-simulator"));
        command.arg("run").arg("--state").arg(&self.state).arg("--log-apdus").arg(&self.apdus);
        command.arg("--vpcd").arg(format!("127.0.0.1:{}", pcscd.port(slot)));
        self.inserted = Some(Process::start(&self.name, &mut command, &self.log));
    }

    /// Pulls it out.
    pub fn pull(&mut self) {
        self.inserted = None;
    }

    /// The file that is the card's memory.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// How many APDUs the card has answered in its life.
    #[must_use]
    pub fn apdus(&self) -> usize {
        self.apdus_from(0).len()
    }

    /// The card's APDUs from number `from` on: header, lengths, status; never data.
    #[must_use]
    pub fn apdus_from(&self, from: usize) -> Vec<String> {
        let log = std::fs::read_to_string(&self.apdus).unwrap_or_default();
        // Lines with a # tell of power, the others of one APDU each.
        log.lines().filter(|line| !line.starts_with('#')).skip(from).map(str::to_owned).collect()
    }
}
