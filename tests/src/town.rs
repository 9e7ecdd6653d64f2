//! The made-up town, founded once per process and copied for each story: founding costs seconds, a copy none.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::clock::StoryClock;
use crate::desk::{Desk, Issued};
use crate::ledger::Ledger;

/// A founded town: ledger and desk are up, two clerks have cards, there is no terminal yet.
pub struct Town {
    /// The ledger.
    pub ledger: Ledger,
    /// The administrator's desk.
    pub desk: Desk,
    /// The card of the clerk of the residents' section (10023).
    pub clerk: Issued,
    /// The card of the clerk of the tax section (10031).
    pub other: Issued,
}

const CLERK: &str = "10023";
const OTHER: &str = "10031";

impl Town {
    /// A copy of the town in the folders `l` and `d` of this one, living in the time of this clock.
    ///
    /// # Panics
    /// When it cannot be founded or copied.
    #[must_use]
    pub fn copy(folder: &Path, clock: &StoryClock) -> Self {
        let original = original();
        copy_files(&original.join("l"), &folder.join("l"));
        copy_files(&original.join("d"), &folder.join("d"));
        let mut ledger = Ledger::copied(&folder.join("l"), clock);
        tell_port(&folder.join("d/home/office.toml"), ledger.port());
        ledger.serve();
        let mut desk = Desk::copied(&folder.join("d"));
        desk.follow(clock);
        let (clerk, other) = (desk.known(CLERK), desk.known(OTHER));
        Self { ledger, desk, clerk, other }
    }
}

/// The folder of the town that all are copied from. Its processes have ended.
fn original() -> &'static Path {
    static ORIGINAL: OnceLock<PathBuf> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        remove_old();
        let folder = new_folder();
        std::fs::create_dir_all(folder.join("l")).expect("cannot make a folder");
        let clock = StoryClock::new(&folder);
        let mut ledger = Ledger::init(&folder.join("l"), &clock);
        ledger.serve();
        let mut desk = Desk::new(&folder.join("d"));
        desk.follow(&clock);
        desk.found(&ledger, "town.toml");
        for operator in [CLERK, OTHER] {
            let (issued, _) = desk.issue(operator, &["--operator", operator]);
            desk.choose_pin(&issued, &format!("{}#Tv4kQ", &operator[3..]));
        }
        ledger.stop();
        folder
    })
}

const PREFIX: &str = "sekisho-town-";
/// Locked while the town's process lives.
const LOCK: &str = "lock";

/// A folder of this process's own: its name is nobody else's, and it is locked before it has that name.
fn new_folder() -> PathBuf {
    static LOCKED: OnceLock<File> = OnceLock::new();
    let mut random = [0; 6];
    getrandom::fill(&mut random).expect("the system gives randomness");
    let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (begun, folder) = [format!("sekisho-new-{suffix}"), format!("{PREFIX}{suffix}")]
        .map(|name| std::env::temp_dir().join(name))
        .into();
    // Keys of an office lie in it, though it is a made-up one.
    DirBuilder::new().mode(0o700).create(&begun).expect("cannot make a folder");
    let lock = File::create(begun.join(LOCK)).expect("cannot make a lock");
    lock.try_lock().expect("nobody else knows it");
    std::fs::rename(begun, &folder).expect("cannot name a folder");
    LOCKED.get_or_init(|| lock);
    folder
}

/// Nobody can say when a process uses its town for the last time, so the next one clears up.
fn remove_old() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Copies files and folders; what is neither (sockets) belongs to processes that are gone.
///
/// # Panics
/// When something cannot be copied.
pub fn copy_files(from: &Path, to: &Path) {
    let permissions = std::fs::metadata(from).expect("the town's folder").permissions();
    std::fs::create_dir_all(to).expect("cannot make a folder");
    std::fs::set_permissions(to, permissions).expect("cannot set a folder's mode");
    for entry in std::fs::read_dir(from).expect("the town's folder").flatten() {
        let (kind, target) = (entry.file_type().expect("a kind of file"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_files(&entry.path(), &target);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target).expect("cannot copy the town");
        }
    }
}

/// The administrator's tool knows its ledger by address.
fn tell_port(office: &Path, port: u16) {
    let text = std::fs::read_to_string(office).expect("the administrator's office file");
    let before = "https://127.0.0.1:";
    let (head, rest) = text.split_once(before).expect("the ledger's address");
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    std::fs::write(office, format!("{head}{before}{port}{rest}")).expect("cannot write the office file");
}
