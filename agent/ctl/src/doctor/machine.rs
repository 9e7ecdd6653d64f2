//! What the machine shows of the things that the agent stands on, without asking the agent.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::clock;

/// The units of a terminal, in the order in which they need each other.
const UNITS: [&str; 4] = ["pcscd.socket", "sekisho-agent", "sekisho-card-worker", "sekisho-forwarder"];
/// Where libpcsclite looks for pcscd, unless this names another place.
const CARD_SERVICE: (&str, &str) = ("PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm");
/// Where the agent keeps journal and register, unless configured otherwise.
const STATE: &str = "/var/lib/sekisho";
/// The class of USB card readers (USB CCID).
const CCID: &str = "0b";

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Units that do not run, with what systemd says of them; nothing where systemd does not rule.
    pub(super) units: Vec<(&'static str, String)>,
    /// Whether there are units at all that systemd starts.
    pub(super) has_units: bool,
    /// Whether pcscd answers at its socket.
    pub(super) card_service: bool,
    /// Card readers on USB, whoever knows them; nothing where USB cannot be looked at.
    pub(super) usb_readers: Option<usize>,
    /// Programs that use the card service besides ours, as far as we may see them.
    pub(super) others: BTreeSet<String>,
    /// How much of the disk under the journal is free, in per cent.
    pub(super) free: Option<u64>,
    /// Milliseconds since 1970 UTC, by the machine's own clock.
    pub(super) wall: u64,
}

impl Machine {
    pub(super) fn look() -> Self {
        let systemd = Path::new("/run/systemd/system").is_dir();
        let units: Vec<_> = if systemd { UNITS.into_iter().filter_map(unit_state).collect() } else { Vec::new() };
        let path = std::env::var_os(CARD_SERVICE.0).map_or_else(|| PathBuf::from(CARD_SERVICE.1), PathBuf::from);
        Self {
            has_units: !units.is_empty(),
            units: units.into_iter().filter(|(_, state)| state != "active").collect(),
            card_service: UnixStream::connect(path).is_ok(),
            usb_readers: usb_readers(Path::new("/sys/bus/usb/devices")),
            others: others(Path::new("/proc")),
            free: free(Path::new(STATE)),
            wall: clock::wall(),
        }
    }
}

/// The unit and its state, if there is one: where somebody starts the agent by hand there is none.
fn unit_state(unit: &'static str) -> Option<(&'static str, String)> {
    let show = ["show", "--property", "LoadState,ActiveState", "--value", unit];
    let output = Command::new("systemctl").args(show).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let (loaded, active) = said.trim().split_once('\n')?;
    (loaded != "not-found").then(|| (unit, active.to_owned()))
}

fn usb_readers(devices: &Path) -> Option<usize> {
    let interfaces = fs::read_dir(devices).ok()?.flatten();
    let class = |entry: &fs::DirEntry| fs::read_to_string(entry.path().join("bInterfaceClass"));
    Some(interfaces.filter(|entry| class(entry).is_ok_and(|class| class.trim() == CCID)).count())
}

/// Programs with the PC/SC library in their memory. Those of other users only root sees.
fn others(proc: &Path) -> BTreeSet<String> {
    let processes = fs::read_dir(proc).into_iter().flatten().flatten().map(|entry| entry.path());
    processes.filter(|process| uses_cards(process)).filter_map(|process| name_of(&process)).collect()
}

fn uses_cards(process: &Path) -> bool {
    fs::read_to_string(process.join("maps")).is_ok_and(|maps| maps.contains("/libpcsclite"))
}

fn name_of(process: &Path) -> Option<String> {
    let name = fs::read_to_string(process.join("comm")).ok()?.trim().to_owned();
    // pcscd links it too, and ours may.
    (name != "pcscd" && !name.starts_with("sekisho")).then_some(name)
}

fn free(state: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(state).ok()?;
    disk.f_bavail.saturating_mul(100).checked_div(disk.f_blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_counted_by_their_class_and_programs_by_their_library() {
        let folder = std::env::temp_dir().join(format!("sekisho-doctor-{}", std::process::id()));
        let file = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("usb/1-1:1.0/bInterfaceClass", "0b\n");
        file("usb/1-2:1.0/bInterfaceClass", "03\n");
        fs::create_dir_all(folder.join("usb/1-1")).unwrap();
        assert_eq!(usb_readers(&folder.join("usb")), Some(1));
        assert_eq!(usb_readers(&folder.join("nowhere")), None);
        let library = "7f00-7f01 r-xp 0 08:01 9 /usr/lib/x86_64-linux-gnu/libpcsclite.so.1.0.0\n";
        for (process, name, maps) in [
            ("1", "gsd-smartcard", library),
            ("2", "pcscd", library),
            ("3", "bash", ""),
            ("4", "sekisho-agent", library),
        ] {
            file(&format!("proc/{process}/comm"), &format!("{name}\n"));
            file(&format!("proc/{process}/maps"), maps);
        }
        assert_eq!(others(&folder.join("proc")), BTreeSet::from(["gsd-smartcard".to_owned()]));
        fs::remove_dir_all(folder).unwrap();
    }
}
