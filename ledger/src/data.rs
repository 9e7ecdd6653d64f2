//! The data directory: which files there are, who may read them, and how one is written so that a crash leaves the old or the new.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read as _, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Advice, fadvise};

use crate::error::LedgerError;
use crate::memory::Memory;

/// A ledger's directory (0700).
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
    memory: Memory,
}

/// Proof that no other process serves this directory; ends with the process.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Said, not left to closing: a process that was forked meanwhile holds the open file until it runs its program, and with it the lock.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            log::warn!("cannot give the data directory's lock back before it is closed: {error}");
        }
    }
}

impl DataDir {
    /// A directory that holds a ledger already, or is about to.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.into(), memory: Memory::default() }
    }

    /// Makes the directory, refusing one that holds a ledger.
    ///
    /// # Errors
    /// When it holds one, or cannot be made.
    pub fn create(root: &Path) -> Result<Self, LedgerError> {
        let data = Self::new(root);
        if data.config().exists() || data.master_key().exists() {
            return Err(LedgerError::AlreadyThere { path: root.into() });
        }
        make_dir(root)?;
        // It may have been there: from now on it holds keys.
        std::fs::set_permissions(root, Permissions::from_mode(0o700)).map_err(LedgerError::file("close", root))?;
        make_dir(&data.checkpoints())?;
        Ok(data)
    }

    /// Refuses a directory that others may enter: keys and personal data lie in it.
    ///
    /// # Errors
    /// When others may, or it cannot be looked at.
    pub fn check_private(&self) -> Result<(), LedgerError> {
        for path in [&self.root, &self.checkpoints()] {
            let mode = std::fs::metadata(path).map_err(LedgerError::file("look at", path))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(LedgerError::Open { path: path.clone(), mode: mode & 0o777 });
            }
        }
        Ok(())
    }

    /// The same, on a machine that remembers so what was signed.
    #[must_use]
    pub fn remembered_by(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// What this machine remembers.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes the directory for this process alone.
    ///
    /// # Errors
    /// When another process has it.
    pub fn lock(&self) -> Result<Lock, LedgerError> {
        let path = self.root.join("lock");
        let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = open.map_err(LedgerError::file("open", &path))?;
        match try_lock(&file) {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { path: self.root.clone() }),
            Err(TryLockError::Error(source)) => Err(LedgerError::File { act: "lock", path, source }),
        }
    }

    /// `ledger.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("ledger.toml")
    }

    /// The database that is the book.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("ledger.db")
    }

    /// The search index: can be thrown away and made again.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.root.join("index.db")
    }

    /// How the witnesses of a running ledger stand.
    #[must_use]
    pub fn witnesses(&self) -> PathBuf {
        self.root.join("witnesses.json")
    }

    /// What people were told of what waits (`tell`).
    #[must_use]
    pub fn told(&self) -> PathBuf {
        self.root.join("told.json")
    }

    /// What a running ledger sees of its machine and of terminals.
    #[must_use]
    pub fn watched(&self) -> PathBuf {
        self.root.join("watched.json")
    }

    /// Records that terminals have shown to be missing.
    #[must_use]
    pub fn gaps(&self) -> PathBuf {
        self.root.join("gaps.json")
    }

    /// Media for backups, and what was verified on them.
    #[must_use]
    pub fn media(&self) -> PathBuf {
        self.root.join("media.json")
    }

    /// The key that wraps what is secret in the database, but for payload keys and names.
    #[must_use]
    pub fn master_key(&self) -> PathBuf {
        self.root.join("master.key")
    }

    /// What wraps payload keys, and seals names.
    #[must_use]
    pub fn payload_key(&self) -> PathBuf {
        self.root.join("payload.key")
    }

    /// The HPKE key that opens envelopes.
    #[must_use]
    pub fn envelope_key(&self) -> PathBuf {
        self.root.join("envelope.key")
    }

    /// The TLS authority's certificate.
    #[must_use]
    pub fn authority_certificate(&self) -> PathBuf {
        self.root.join("authority.der")
    }

    /// The TLS authority's key.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.root.join("authority.key")
    }

    /// Where each log's last signed checkpoint stands, one file per log.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.root.join("checkpoints")
    }
}

/// Refuses root where the directory is another user's: what root made in it the ledger could not read.
///
/// # Errors
/// When it is another user's, or cannot be looked at.
pub fn check_whose(root: &Path) -> Result<(), LedgerError> {
    let looked = match std::fs::metadata(root) {
        // It is made, or missed, later.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        looked => looked.map_err(LedgerError::file("look at", root))?,
    };
    if !rustix::process::geteuid().is_root() || looked.uid() == 0 {
        return Ok(());
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let (owner, by) = owner_among(looked.uid(), looked.gid(), &users);
    Err(LedgerError::Whose { path: root.into(), owner, by })
}

/// What stands before a command that works on a directory, so that root runs it as whoever owns that; nothing where it is root's.
#[must_use]
pub fn as_owner(root: &Path) -> String {
    match check_whose(root) {
        Err(LedgerError::Whose { by, .. }) => by + " ",
        Ok(()) | Err(_) => String::new(),
    }
}

/// What the owner is called, and how root runs something as him. A disk that comes from another machine has owners that this one has no name for.
fn owner_among(user: u32, group: u32, users: &str) -> (String, String) {
    match name_of(user, users) {
        Some(name) => (name.to_owned(), format!("runuser -u {name} --")),
        None => (user.to_string(), format!("setpriv --reuid={user} --regid={group} --clear-groups --")),
    }
}

/// What a user is called in the lines of passwd(5).
fn name_of(user: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then_some(name)
    })
}

/// The directory that a path lies in; a bare name lies in the one where the program runs.
#[must_use]
pub fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a directory that nobody else may enter, durably.
///
/// # Errors
/// When it cannot be made.
pub fn make_dir(path: &Path) -> Result<(), LedgerError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(LedgerError::file("make", path))?;
    // Its name stands in the directory above. Synced also when it was there already: a crash may have come between the two.
    let above = above(path);
    File::open(above).and_then(|above| above.sync_all()).map_err(LedgerError::file("sync", above))
}

/// Makes an empty file (0600) unless it is there: `SQLite` would make one that the umask decides about.
///
/// # Errors
/// When it cannot be made.
pub fn make_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

/// Puts a whole file (0600) in place of an older one: written beside it, synced, renamed, the directory synced. After a crash there is
/// the old one or the new one, never a part.
///
/// # Errors
/// When one of the steps fails; the old file may or may not have been replaced then.
pub fn replace_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = above(path);
    // The directory is opened before anything is written: opening it later could fail after the rename.
    let directory = File::open(directory)?;
    let fresh = beside(path);
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    directory.sync_all()
}

/// What was written is in memory still; what counts is what the disk gives back.
///
/// # Errors
/// When it cannot be synced, or the machine does not forget it.
pub fn forget_cached(file: &File) -> std::io::Result<()> {
    file.sync_all()?;
    Ok(fadvise(file, 0, None, Advice::DontNeed)?)
}

/// As [`replace_file`], for what is found out again when the power goes: nothing is synced.
///
/// # Errors
/// When it cannot be written or renamed; what was there stays then.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let fresh = beside(path);
    std::fs::write(&fresh, content)?;
    std::fs::rename(fresh, path)
}

/// Takes a lock that nobody else has. One that is given up may be held for a moment still: a program that was just being started has its parent's files
/// until it runs.
///
/// # Errors
/// When somebody has it, or the file system knows no locks.
pub(crate) fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            taken => return taken,
        }
    }
    file.try_lock()
}

const LOCK_LOOKS: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// What is written before it takes a file's place: each has its own, whatever its name ends with.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    fresh.into()
}

/// As [`replace_file`], for secrets that must not be found again: the old file keeps a second name until it was written over.
///
/// # Errors
/// When one of the steps fails. Do it again then, or [`overwrite_replaced`] after a crash.
pub fn replace_wholly(path: &Path, content: &[u8]) -> std::io::Result<()> {
    // What an earlier try left.
    overwrite_replaced(path)?;
    std::fs::hard_link(path, replaced(path))?;
    File::open(above(path))?.sync_all()?;
    replace_file(path, content)?;
    overwrite_replaced(path)
}

/// Writes zeros over a file that was replaced, if there is one, and removes it.
///
/// # Errors
/// When it cannot be written over or removed.
pub fn overwrite_replaced(path: &Path) -> std::io::Result<()> {
    let old = replaced(path);
    let was = match std::fs::metadata(&old) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    // A crash may have come before the new one was in place: then both are names of the file that holds.
    let now = std::fs::metadata(path)?;
    if (was.dev(), was.ino()) != (now.dev(), now.ino()) {
        let mut file = OpenOptions::new().write(true).open(&old)?;
        std::io::copy(&mut std::io::repeat(0).take(was.len()), &mut file)?;
        file.sync_all()?;
    }
    std::fs::remove_file(&old)?;
    File::open(above(path))?.sync_all()
}

fn replaced(path: &Path) -> PathBuf {
    path.with_extension("replaced")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_wholly_is_written_over_also_after_a_crash_at_any_step() {
        let directory = crate::testing::scratch("replaced");
        let (path, old) = (directory.join("payload.key"), directory.join("payload.replaced"));
        std::fs::write(&path, b"the old secret").unwrap();
        // Somebody else's name for the old bytes shows what became of them.
        let seen = directory.join("seen");
        std::fs::hard_link(&path, &seen).unwrap();
        replace_wholly(&path, b"new").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&seen).unwrap()), (b"new".to_vec(), vec![0; 14]));
        assert!(!old.exists());
        // Before the rename: both are the one that holds.
        std::fs::hard_link(&path, &old).unwrap();
        overwrite_replaced(&path).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), old.exists()), (b"new".to_vec(), false));
        // After it.
        std::fs::hard_link(&path, &old).unwrap();
        std::fs::remove_file(&seen).unwrap();
        std::fs::hard_link(&path, &seen).unwrap();
        replace_file(&path, b"newer").unwrap();
        overwrite_replaced(&path).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&seen).unwrap()), (b"newer".to_vec(), vec![0; 3]));
        assert!(!old.exists());
    }

    #[test]
    fn root_works_on_no_directory_of_another_user_s() {
        assert_eq!(name_of(996, "root:x:0:0::/:\nsekisho-ledger:x:996:995::/:\n"), Some("sekisho-ledger"));
        assert_eq!(name_of(995, "root:x:0:0::/:\nsekisho-ledger:x:996:995::/:\ntorn"), None);
        assert_eq!(owner_among(0, 0, "root:x:0:0::/:\n"), ("root".into(), "runuser -u root --".into()));
        let directory = crate::testing::scratch("whose");
        check_whose(&directory.join("none")).unwrap();
        check_whose(&directory).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&*directory, Some(54_321), None).unwrap();
            let error = check_whose(&directory).unwrap_err().to_string();
            assert!(error.contains("as root: it belongs to 54321"), "{error}");
            assert!(error.contains("setpriv --reuid=54321 --regid=0 --clear-groups -- sekisho-ledger"), "{error}");
            assert_eq!(as_owner(&directory), "setpriv --reuid=54321 --regid=0 --clear-groups -- ");
        }
    }

    #[test]
    fn a_bare_name_lies_where_the_program_runs() {
        let said = ["new.code", "./new.code", "codes/new.code", "/new.code"].map(|path| above(Path::new(path)));
        assert_eq!(said, [".", ".", "codes", "/"].map(Path::new));
    }
}
