//! What the machine shows of the things that the agent stands on, without asking the agent.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::clock;

/// The units of a terminal, in the order in which they need each other. Ours run as users of their own names.
const UNITS: [&str; 4] = ["pcscd.socket", "sekisho-agent", "sekisho-card-worker", "sekisho-forwarder"];
/// Where libpcsclite looks for pcscd, unless this names another place.
const CARD_SERVICE: (&str, &str) = ("PCSCLITE_CSOCK_NAME", "/run/pcscd/pcscd.comm");
/// Where the agent keeps journal and register, unless configured otherwise.
const STATE: &str = "/var/lib/sekisho";
/// The units' folders, each with the user whose it is.
const FOLDERS: [(&str, &str); 2] = [(STATE, "sekisho-agent"), ("/var/lib/sekisho-forwarder", "sekisho-forwarder")];
/// The class of USB card readers (USB CCID).
const CCID: &str = "0b";

/// What there is.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// The units that there are; none where systemd does not rule.
    pub(super) units: Vec<Unit>,
    /// What lies in a unit's folder and is not its user's, as far as we may look: what, and whose it is to be.
    pub(super) strange: Vec<(PathBuf, &'static str)>,
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

/// What systemd says of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    /// `active`, `failed`, …
    pub(super) state: String,
    /// How often it ended by itself and was started again, since somebody started it.
    pub(super) restarts: u32,
    /// As whom it runs, where that is another than it should be.
    pub(super) wrong_user: Option<String>,
    /// Whether a hang of it would be noticed.
    pub(super) watched: bool,
}

impl Unit {
    /// What `systemctl show` says of it, if there is one: where somebody starts the agent by hand there is none.
    fn read(name: &'static str, said: &str) -> Option<Self> {
        let property = |name: &str| {
            said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default().trim()
        };
        if ["", "not-found"].contains(&property("LoadState")) {
            return None;
        }
        let (user, ours) = (property("User"), name.starts_with("sekisho"));
        let user = if user.is_empty() { "root" } else { user };
        Some(Self {
            name,
            state: property("ActiveState").to_owned(),
            restarts: property("NRestarts").parse().unwrap_or(0),
            wrong_user: (ours && user != name).then(|| user.to_owned()),
            watched: !ours || !["", "0", "infinity"].contains(&property("WatchdogUSec")),
        })
    }
}

impl Machine {
    pub(super) fn look() -> Self {
        let systemd = Path::new("/run/systemd/system").is_dir();
        let units: Vec<_> = if systemd { UNITS.into_iter().filter_map(unit).collect() } else { Vec::new() };
        let path = std::env::var_os(CARD_SERVICE.0).map_or_else(|| PathBuf::from(CARD_SERVICE.1), PathBuf::from);
        Self {
            strange: FOLDERS.into_iter().flat_map(|(folder, user)| strange(Path::new(folder), user)).collect(),
            units,
            card_service: UnixStream::connect(path).is_ok(),
            usb_readers: usb_readers(Path::new("/sys/bus/usb/devices")),
            others: others(Path::new("/proc")),
            free: free(Path::new(STATE)),
            wall: clock::wall(),
        }
    }
}

fn unit(name: &'static str) -> Option<Unit> {
    let properties = "LoadState,ActiveState,NRestarts,User,WatchdogUSec";
    let mut show = Command::new("systemctl");
    let output = show.args(["show", "--property", properties, name]).stderr(Stdio::null()).output().ok()?;
    Unit::read(name, &String::from_utf8_lossy(&output.stdout))
}

/// What lies in this folder, or is it, and belongs to another than this user of the machine.
fn strange(folder: &Path, user: &'static str) -> Vec<(PathBuf, &'static str)> {
    let Ok(passwd) = fs::read_to_string("/etc/passwd") else { return Vec::new() };
    // Without that user there is no package, and somebody else decides.
    let Some(uid) = uid_of(&passwd, user) else { return Vec::new() };
    // A file system of its own has a folder that is root's.
    let within = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.file_name() != "lost+found");
    let within = within.map(|entry| entry.path());
    let all = std::iter::once(folder.to_owned()).chain(within);
    let is_strange = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|file| file.uid() != uid);
    all.filter(is_strange).map(|path| (path, user)).collect()
}

fn uid_of(passwd: &str, user: &str) -> Option<u32> {
    let mut fields = passwd.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(user))?;
    fields.nth(2)?.parse().ok()
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
    fn a_unit_is_what_systemd_says_of_it() {
        let said = "User=sekisho-agent\nWatchdogUSec=30s\nNRestarts=2\nLoadState=loaded\nActiveState=active\n";
        let unit = |said: &str| Unit::read("sekisho-agent", said);
        let (name, state) = ("sekisho-agent", "active".to_owned());
        let sound = Unit { name, state, restarts: 2, wrong_user: None, watched: true };
        assert_eq!(unit(said), Some(sound.clone()));
        let loose = said.replace("User=sekisho-agent", "User=").replace("30s", "infinity");
        let wrong_user = Some("root".to_owned());
        assert_eq!(unit(&loose), Some(Unit { wrong_user, watched: false, ..sound }));
        assert_eq!(unit("LoadState=not-found\nActiveState=inactive\n"), None);
        assert_eq!(unit(""), None);
        let socket = Unit::read("pcscd.socket", "LoadState=loaded\nActiveState=active\n").unwrap();
        assert!(socket.watched && socket.wrong_user.is_none());
    }

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0::/:/bin/sh\nsekisho-agent-2:x:7:7::/:/x\nsekisho-agent:x:991:991::/:/x\n";
        assert_eq!(uid_of(passwd, "sekisho-agent"), Some(991));
        assert_eq!(uid_of(passwd, "sekisho"), None);
    }

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
