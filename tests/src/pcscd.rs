//! A private pcscd: the real one, in a mount namespace of its own, with virtual readers on ports of its own.
//!
//! Inside the namespace only, `/run` is an empty one and its socket directory is bound over `/run/pcscd`: the machine's own pcscd, if any, is
//! never touched, and nobody has to be root.
//! Clients reach it by `PCSCLITE_CSOCK_NAME`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::ports::free_pair;
use crate::process::Process;

/// Where Debian's vsmartcard-vpcd puts its driver.
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
/// Where Debian's libccid puts its driver for serial readers.
const SERIAL_DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libccidtwin.so";
/// What pcscd says, in its folder.
const LOG: &str = "pcscd.log";
/// How often, and how long apart, a slot is looked at for a card that may never be found.
const FIND_LOOKS: u32 = 40;
const FIND_PAUSE: Duration = Duration::from_millis(100);
/// How often other ports are tried when somebody was quicker.
const ATTEMPTS: usize = 5;

/// A running pcscd with one virtual reader of two slots for each pair of ports.
pub struct Pcscd {
    process: Process,
    socket: PathBuf,
    ports: Vec<u16>,
    folder: PathBuf,
}

impl Pcscd {
    /// Starts one with `slots` slots (rounded up to even) in `folder`.
    ///
    /// # Panics
    /// When pcscd or the driver is missing, or it does not start.
    #[must_use]
    pub fn start(folder: &Path, slots: usize) -> Self {
        assert!(Path::new(DRIVER).exists(), "no virtual reader driver: run tests/setup.sh");
        let readers = folder.join("readers");
        std::fs::create_dir_all(&readers).expect("cannot make a folder");
        std::fs::create_dir_all(folder.join("run")).expect("cannot make a folder");
        let driver = drivers(folder, slots.div_ceil(2));
        for _ in 0..ATTEMPTS {
            let ports: Vec<u16> = (0..slots.div_ceil(2)).flat_map(|_| free_pair()).collect();
            std::fs::write(readers.join("vpcd"), configuration(&ports, &driver))
                .expect("cannot write pcscd's configuration");
            let process = launch(folder);
            let mut pcscd = Self { process, socket: folder.join("run/pcscd.comm"), ports, folder: folder.to_owned() };
            pcscd.wait_ready();
            if pcscd.has_its_readers() {
                return pcscd;
            }
            pcscd.kill();
        }
        panic!("somebody else took the ports of the readers, {ATTEMPTS} times")
    }

    /// Whether all readers are there. A port that was free a moment ago may be somebody else's now: then its reader never comes, and only the
    /// driver's complaint says so.
    fn has_its_readers(&mut self) -> bool {
        let names: Vec<String> = (0..self.ports.len()).map(|slot| self.reader(slot)).collect();
        let (socket, log) = (self.socket.clone(), self.folder.join(LOG));
        self.process.wait_ready("its readers", || {
            let listed = listed(&socket)?;
            if names.iter().all(|name| listed.contains(name)) {
                return Some(true);
            }
            std::fs::read_to_string(&log).ok()?.contains("Address already in use").then_some(false)
        })
    }

    fn wait_ready(&mut self) {
        let socket = self.socket.clone();
        self.process.wait_ready("pcscd's socket", || socket.exists().then_some(()));
    }

    /// What clients set as `PCSCLITE_CSOCK_NAME`.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The port of a slot, for the virtual card that is to lie in it.
    #[must_use]
    pub fn port(&self, slot: usize) -> u16 {
        self.ports[slot]
    }

    /// The reader name of a slot, as PC/SC shows it.
    #[must_use]
    pub fn reader(&self, slot: usize) -> String {
        format!("{} 00 {:02X}", friendly_name(slot / 2), slot % 2)
    }

    /// Waits until pcscd has noticed that a slot holds a card, or holds none: it looks every 0.4 s, and a card that is exchanged in between
    /// is to it the same card, gone mute.
    pub fn wait_slot(&self, slot: usize, present: bool) {
        let name = self.reader(slot);
        let what = if present { "a card" } else { "no card" };
        crate::wait::until(&format!("pcscd to notice {what} in '{name}'"), || {
            let listed = listed(&self.socket)?;
            let line = listed.lines().find(|line| line.contains(&name))?;
            (line.contains("Yes") == present).then_some(())
        });
    }

    /// Whether it notices the card in a slot within some seconds.
    #[must_use]
    pub fn finds(&self, slot: usize) -> bool {
        let name = self.reader(slot);
        (0..FIND_LOOKS).any(|look| {
            sleep(FIND_PAUSE * u32::from(look > 0));
            listed(&self.socket)
                .is_some_and(|listed| listed.lines().any(|line| line.contains(&name) && line.contains("Yes")))
        })
    }

    /// Whether this pcscd's log has this text.
    #[must_use]
    pub fn said(&self, text: &str) -> bool {
        std::fs::read_to_string(self.folder.join(LOG)).is_ok_and(|log| log.contains(text))
    }

    /// Kills pcscd.
    pub fn kill(&mut self) {
        self.process.kill();
        let _ = std::fs::remove_file(&self.socket);
        let _ = std::fs::remove_file(self.folder.join("run/pcscd.pid"));
    }

    /// Stops pcscd in its tracks: its sockets are there, and nobody answers.
    pub fn freeze(&mut self) {
        self.process.freeze();
    }

    /// Starts it again with its readers on a cable that [`Self::unplug`] pulls.
    ///
    /// # Panics
    /// When the driver cannot be built.
    pub fn restart_on_a_cable(&mut self) {
        let (cable, unplugged) = (self.folder.join("cable.so"), self.folder.join("unplugged"));
        // The driver's library is looked for under the name that stands in it.
        std::os::unix::fs::symlink(DRIVER, self.folder.join("libifdvpcd.so.0")).expect("cannot link the driver");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-Wl,--no-as-needed", "-o"])
            .arg(&cable)
            .arg(format!("-DUNPLUGGED={unplugged:?}"));
        compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/loose_cable.c")).arg(DRIVER);
        compiler.arg(format!("-Wl,-rpath,{}", self.folder.display())).arg("-ldl");
        let built = compiler.output().expect("cannot start cc");
        assert!(built.status.success(), "no cable: {}", String::from_utf8_lossy(&built.stderr));
        let cable = cable.to_str().expect("a scratch path is text");
        let configuration = configuration(&self.ports, cable);
        std::fs::write(self.folder.join("readers/vpcd"), configuration).expect("cannot write pcscd's configuration");
        self.restart();
    }

    /// Starts it again with the serial reader on this line in place of its virtual ones: a GemPC PinPad, says its configuration.
    ///
    /// # Panics
    /// When libccid's driver is missing.
    pub fn restart_with_keypad(&mut self, line: &Path) {
        assert!(Path::new(SERIAL_DRIVER).exists(), "no driver for serial readers: run tests/setup.sh");
        let line = line.display();
        let text = format!("FRIENDLYNAME \"Keypad\"\nDEVICENAME {line}:GemPCPinPad\nLIBPATH {SERIAL_DRIVER}\n");
        std::fs::write(self.folder.join("readers/vpcd"), text).expect("cannot write pcscd's configuration");
        self.restart();
    }

    /// Pulls the plug of the readers.
    ///
    /// # Panics
    /// When the file that stands for it cannot be written.
    pub fn unplug(&self) {
        std::fs::write(self.folder.join("unplugged"), "").expect("cannot write a file");
    }

    /// Plugs the readers in again.
    ///
    /// # Panics
    /// When they were not unplugged.
    pub fn plug_in(&self) {
        std::fs::remove_file(self.folder.join("unplugged")).expect("they were unplugged");
    }

    /// Starts it again without any reader; [`Self::restart_with_readers`] gives them back.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    pub fn restart_without_readers(&mut self) {
        std::fs::write(self.folder.join("readers/vpcd"), "").expect("cannot write pcscd's configuration");
        self.restart();
    }

    /// Starts it again with the readers that it began with.
    ///
    /// # Panics
    /// When its configuration cannot be written.
    pub fn restart_with_readers(&mut self) {
        let configuration = configuration(&self.ports, DRIVER);
        std::fs::write(self.folder.join("readers/vpcd"), configuration).expect("cannot write pcscd's configuration");
        self.restart();
    }

    /// Starts it again on the same ports.
    pub fn restart(&mut self) {
        self.kill();
        self.process = launch(&self.folder);
        self.wait_ready();
    }
}

/// The readers of the pcscd behind this socket, a line each, with "Yes" where a card is.
fn listed(socket: &Path) -> Option<String> {
    let output = Command::new("opensc-tool").arg("-l").env("PCSCLITE_CSOCK_NAME", socket).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn configuration(ports: &[u16], driver: &str) -> String {
    let reader = |(number, pair): (usize, &[u16])| {
        let (port, name) = (pair[0], friendly_name(number));
        let driver = if number == 0 { driver.to_owned() } else { format!("{driver}.{number}") };
        format!(
            "FRIENDLYNAME \"{name}\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {driver}\nCHANNELID 0x{port:04X}\n\n"
        )
    };
    ports.chunks(2).enumerate().map(reader).collect()
}

/// Readers of one name are one to pcscd.
fn friendly_name(reader: usize) -> String {
    if reader == 0 { "Virtual PCD".to_owned() } else { format!("Virtual PCD {reader}") }
}

/// A driver keeps its slots in variables of its own, so a second reader needs a copy of it.
fn drivers(folder: &Path, readers: usize) -> String {
    if readers < 2 {
        return DRIVER.to_owned();
    }
    let driver = folder.join("driver.so").to_str().expect("a scratch path is text").to_owned();
    std::fs::copy(DRIVER, &driver).expect("cannot copy the driver");
    for number in 1..readers {
        std::fs::copy(DRIVER, format!("{driver}.{number}")).expect("cannot copy the driver");
    }
    driver
}

fn launch(folder: &Path) -> Process {
    // A /run of its own: the machine's may have no folder to bind over, and not be ours to make one in.
    let script = r#"mount -t tmpfs sekisho /run && mkdir /run/pcscd && mount --bind "$1/run" /run/pcscd &&
        exec pcscd --foreground --config "$1/readers""#;
    let mut command = Command::new("unshare");
    if rustix::process::geteuid().is_root() {
        command.args(["--mount", "--propagation", "private"]);
    } else {
        command.args(["--user", "--map-root-user", "--mount"]);
    }
    command.args(["sh", "-c", script, "pcscd"]).arg(folder);
    let log = folder.join(LOG);
    // What an earlier one complained of is over.
    let _ = std::fs::rename(&log, log.with_extension("before"));
    Process::start("pcscd", &mut command, &log)
}
