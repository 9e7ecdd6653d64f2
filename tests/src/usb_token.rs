//! A card as a USB token: the firmware's own USB stack, plugged into whatever attaches it over USB/IP.

use std::path::Path;
use std::process::Command;

use crate::binaries::program;
use crate::process::Process;

/// A token that is plugged in as long as its process lives.
pub struct UsbToken {
    process: Process,
    port: u16,
}

impl UsbToken {
    /// The card of this state file as a token. `more` goes to `sekisho-simulator usb`.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn of_card(state: &Path, log: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(program("sekisho-simulator"));
        command.arg("usb").arg("--state").arg(state).args(more);
        let mut process = Process::start("the token", &mut command, log);
        let log = log.to_owned();
        let port = process.wait_ready("the token's port", || {
            std::fs::read_to_string(&log).ok()?.lines().find_map(|line| line.trim().parse().ok())
        });
        Self { process, port }
    }

    /// Where it can be attached.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Pulls it out of the port, whatever it is at.
    pub fn unplug(&mut self) {
        self.process.kill();
    }
}
