//! A virtual card: the real card application in a process that lies in a virtual reader. Started is inserted, ended is pulled.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal};

use crate::binaries::{chip_images, nitrokey, program};
use crate::pcscd::Pcscd;
use crate::process::Process;

/// What is the card while it lies in a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// The simulator: the card application in a process.
    #[default]
    Simulator,
    /// The image for a chip, run by QEMU.
    Chip,
    /// The same with the assembly for a Cortex-M4.
    ChipAssembly,
    /// Another maker's card: the PIV application of the Nitrokey 3.
    Nitrokey,
}

impl Body {
    fn program(self) -> PathBuf {
        match self {
            Self::Simulator | Self::Chip | Self::ChipAssembly => program("sekisho-simulator"),
            Self::Nitrokey => nitrokey().to_owned(),
        }
    }

    fn image(self) -> Option<PathBuf> {
        match self {
            Self::Simulator | Self::Nitrokey => None,
            Self::Chip => Some(chip_images().join("mps2")),
            Self::ChipAssembly => Some(chip_images().join("mps2-assembly")),
        }
    }
}

/// One card: its memory in a file, and the process while it lies in a reader.
pub struct VirtualCard {
    name: String,
    state: PathBuf,
    apdus: PathBuf,
    control: PathBuf,
    log: PathBuf,
    /// The process, and the slot it lies in.
    inserted: Option<(Process, usize)>,
    at_insertion: usize,
    body: Body,
    difficulty: Option<String>,
}

/// How long a hand holds a card that pcscd forgot: pcscd looks every 0.4 s. Too short costs one more try.
const HAND: std::time::Duration = std::time::Duration::from_secs(1);

impl VirtualCard {
    /// A blank card from the factory.
    ///
    /// # Panics
    /// When the simulator fails.
    #[must_use]
    pub fn blank(folder: &Path, name: &str) -> Self {
        Self::blank_of(folder, name, Body::Simulator)
    }

    /// A blank card with this body.
    ///
    /// # Panics
    /// When its program fails.
    #[must_use]
    pub fn blank_of(folder: &Path, name: &str, body: Body) -> Self {
        let mut card = Self::known(folder, name);
        card.embody(body);
        let output = Command::new(body.program()).arg("new").arg("--state").arg(&card.state).output();
        let output = output.expect("cannot start the card");
        assert!(output.status.success(), "no blank card: {}", String::from_utf8_lossy(&output.stderr));
        card
    }

    /// A card whose memory is in this folder already.
    #[must_use]
    pub fn known(folder: &Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: folder.join(format!("{name}.card")),
            apdus: folder.join(format!("{name}.apdus")),
            control: folder.join(format!("{name}.sock")),
            log: folder.join(format!("{name}.log")),
            inserted: None,
            at_insertion: 0,
            body: Body::Simulator,
            difficulty: None,
        }
    }

    /// From the next insertion on the card is difficult in this way, a word of `sekisho-simulator run --difficult`; with none, easy again.
    pub fn be_difficult(&mut self, how: Option<&str>) {
        self.difficulty = how.map(str::to_owned);
    }

    /// From the next insertion on the card has this body, with the same flash.
    pub fn embody(&mut self, body: Body) {
        self.body = body;
    }

    /// The QEMU that is the card now, or was last.
    #[must_use]
    pub fn chip_process(&self) -> Option<u32> {
        let log = std::fs::read_to_string(&self.apdus).unwrap_or_default();
        log.lines().rev().find_map(|line| line.strip_prefix("# chip started, process ")?.parse().ok())
    }

    /// Puts the card into a slot.
    pub fn insert(&mut self, pcscd: &Pcscd, slot: usize) {
        self.run(pcscd, slot, &[]);
    }

    /// Puts the card into a slot and waits until pcscd sees it. pcscd forgets a card that was pulled amid a reset and came back before it looked: out and in
    /// once more, as a clerk would. Says how often that was.
    ///
    /// # Panics
    /// When pcscd does not see it in the end, and no reset failed.
    pub fn insert_seen(&mut self, pcscd: &Pcscd, slot: usize) -> u32 {
        self.insert(pcscd, slot);
        let mut forgotten = 0;
        while !pcscd.finds(slot) {
            if !pcscd.said("Error resetting card") {
                pcscd.wait_slot(slot, true);
                break;
            }
            forgotten += 1;
            self.pull();
            std::thread::sleep(HAND);
            self.insert(pcscd, slot);
        }
        forgotten
    }

    /// Lets the card lie beside a slot, to be put in and taken out through [`Self::control`].
    pub fn lay_beside(&mut self, pcscd: &Pcscd, slot: usize) {
        self.run(pcscd, slot, &["--pulled"]);
    }

    /// Puts the card into a reader that is none of pcscd's.
    pub fn join(&mut self, reader: &str) {
        self.run_at(reader, 0, &[]);
    }

    fn run(&mut self, pcscd: &Pcscd, slot: usize, more: &[&str]) {
        self.run_at(&format!("127.0.0.1:{}", pcscd.port(slot)), slot, more);
    }

    fn run_at(&mut self, reader: &str, slot: usize, more: &[&str]) {
        self.pull();
        self.at_insertion = self.apdus();
        let mut command = Command::new(self.body.program());
        command.arg("run").arg("--state").arg(&self.state).arg("--log-apdus").arg(&self.apdus);
        command.arg("--control").arg(&self.control).args(more);
        command.arg("--vpcd").arg(reader);
        if let Some(image) = self.body.image() {
            command.arg("--chip").arg(image);
        }
        command.args(self.difficulty.iter().flat_map(|how| ["--difficult", how]));
        self.inserted = Some((Process::start(&self.name, &mut command, &self.log), slot));
    }

    /// Stops it in its tracks: it is in the reader, and answers nothing.
    pub fn freeze(&mut self) {
        self.inserted.iter_mut().for_each(|(card, _)| card.freeze());
    }

    /// Lets it answer again.
    pub fn thaw(&mut self) {
        self.inserted.iter_mut().for_each(|(card, _)| card.thaw());
    }

    /// Pulls it out; gives the slot that it left.
    pub fn pull(&mut self) -> Option<usize> {
        self.inserted.take().map(|(_, slot)| slot)
    }

    /// The file that is the card's memory.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The socket at which the running card takes `insert` and `pull`.
    #[must_use]
    pub fn control(&self) -> &Path {
        &self.control
    }

    /// How many VERIFY commands with a PIN the card has seen from APDU number `from` on.
    #[must_use]
    pub fn verifications_from(&self, from: usize) -> usize {
        self.apdus_from(from).iter().filter(|line| carries_a_pin(line)).count()
    }

    /// How many APDUs the card has answered in its life.
    #[must_use]
    pub fn apdus(&self) -> usize {
        self.apdus_from(0).len()
    }

    /// How many APDUs it had answered when it was last inserted.
    #[must_use]
    pub fn apdus_at_insertion(&self) -> usize {
        self.at_insertion
    }

    /// Everything in the card's log: its APDUs, and lines with a # that tell of power.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        std::fs::read_to_string(&self.apdus).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// The card's APDUs from number `from` on: header, lengths, status; never data.
    #[must_use]
    pub fn apdus_from(&self, from: usize) -> Vec<String> {
        let log = std::fs::read_to_string(&self.apdus).unwrap_or_default();
        // Lines with a # tell of power, the others of one APDU each.
        log.lines().filter(|line| !line.starts_with('#')).skip(from).map(str::to_owned).collect()
    }
}

/// Ends a process at once, if it is still there.
pub fn kill_process(process: u32) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // Gone already is as good.
        let _ = rustix::process::kill_process(process, Signal::KILL);
    }
}

/// A line of the APDU log that is a VERIFY (SP 800-73-4 part 2, 3.2.1) with data: neither a query nor a logout.
fn carries_a_pin(line: &str) -> bool {
    line.contains("00 20 00 80 lc=8")
}
