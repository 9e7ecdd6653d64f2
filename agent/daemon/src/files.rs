//! Small files that must be whole or not there, and nobody else's to read.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};
use rustix::process::{geteuid, getgroups};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use sekisho_wire::secret::SecretBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::ending;

/// A file of the state folder that cannot be done without, and has decayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFile {
    /// `identity.json`.
    Identity,
    /// `register/register.json`.
    Register,
    /// `journal.key`.
    JournalKey,
    /// `uplink.json`.
    Uplink,
    /// `reports.json`.
    Reports,
}

impl StateFile {
    /// Its path in the state folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity.json",
            Self::Register => "register/register.json",
            Self::JournalKey => "journal.key",
            Self::Uplink => "uplink.json",
            Self::Reports => "reports.json",
        }
    }

    /// What a person does next, and what is lost by it.
    #[must_use]
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Identity => {
                "It holds the key that this terminal signs with: put a copy of it back. Without one, keep the whole state folder as evidence under \
                 another name and have the terminal enrolled anew; records that the ledger has not got are in no book then."
            }
            Self::Register => {
                "Remove it: the register is fetched again from the ledger, and nothing is granted until it is there. What is lost is the size \
                 below which no register is believed."
            }
            Self::JournalKey => {
                "Nothing else opens the journal: put a copy of it back. Without one: sekisho-agent journal set-aside; records that the ledger has \
                 not got are in no book then."
            }
            Self::Uplink => {
                "Remove it: the ledger is asked how far it is. What is lost is what it had acknowledged, so that a journal that was cut short is \
                 not noticed, and which of its checkpoints was seen last."
            }
            Self::Reports => {
                "Remove it, and tell the access manager: cards that were reported here and that the ledger has not heard of are to be \
                 blocked by hand. The records card_reported of this terminal name them."
            }
        }
    }
}

/// Keeps the state folder for this process until what is returned is dropped; `None` when another one has it.
///
/// # Errors
/// The file system's.
pub fn hold(state: &Path) -> io::Result<Option<File>> {
    let folder = File::open(state)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Does something in a folder as the user whose folder it is, when root does it: the units' users must be able to use what root leaves in
/// their folders, and what they may have planted there (a link to somebody else's file) must not become root's to follow.
///
/// # Errors
/// The work's; the kernel's, when it does not let this thread become that user.
pub fn as_owner<T>(folder: &Path, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let owner = match std::fs::symlink_metadata(folder) {
        Ok(folder) if geteuid().is_root() && folder.uid() != 0 => folder,
        Ok(_) | Err(_) => return work(),
    };
    let (uid, gid, groups) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()), getgroups()?);
    set_thread_groups(&[gid])?;
    set_thread_res_gid(None, gid, None)?;
    set_thread_res_uid(None, uid, None)?;
    let done = work();
    let back = set_thread_res_uid(None, Uid::ROOT, None)
        .and_then(|()| set_thread_res_gid(None, Gid::ROOT, None))
        .and_then(|()| set_thread_groups(&groups));
    if back.is_err() {
        // Half one user and half another: nothing that follows would be right.
        ending::at_once();
    }
    done
}

/// Makes a folder with mode 0700 when it is not there; its name is durable when this returns.
///
/// # Errors
/// The file system's.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent(path);
    if !parent.is_dir() {
        private_folder(parent)?;
    }
    as_owner(parent, || {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        File::open(parent)?.sync_all()
    })
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file of mode 0600 so that, whatever happens, there is afterwards the old one or the new one, whole. It belongs to whom its folder
/// belongs.
///
/// # Errors
/// The file system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    as_owner(parent(path), || {
        let new = half_written(path);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        File::open(parent(path))?.sync_all()
    })
}

/// What a [`replace`] leaves that was interrupted.
fn half_written(path: &Path) -> PathBuf {
    path.with_extension("new")
}

/// As [`replace`], and zeros over what the old one was. A medium that moves what it writes may keep the old bytes all the same.
///
/// # Errors
/// When one of the steps fails. Do it again then, or [`overwrite_replaced`] after a crash.
pub fn replace_wholly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What an earlier try left.
    overwrite_replaced(path)?;
    as_owner(parent(path), || {
        std::fs::hard_link(path, replaced(path))?;
        File::open(parent(path))?.sync_all()
    })?;
    replace(path, bytes)?;
    overwrite_replaced(path)
}

/// Writes zeros over a file that [`replace_wholly`] replaced, if there is one, and removes it.
///
/// # Errors
/// When it cannot be written over or removed.
pub fn overwrite_replaced(path: &Path) -> io::Result<()> {
    as_owner(parent(path), || {
        let old = replaced(path);
        let was = match std::fs::metadata(&old) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        // A crash may have come before the new one was in place: then both are names of the file that holds.
        let now = std::fs::metadata(path)?;
        if (was.dev(), was.ino()) != (now.dev(), now.ino()) {
            let mut file = OpenOptions::new().write(true).open(&old)?;
            io::copy(&mut io::Read::take(io::repeat(0), was.len()), &mut file)?;
            file.sync_all()?;
        }
        std::fs::remove_file(&old)?;
        File::open(parent(path))?.sync_all()
    })
}

fn replaced(path: &Path) -> PathBuf {
    path.with_extension("replaced")
}

/// Removes a file, and what an interrupted [`replace`] of it left; neither need be there.
///
/// # Errors
/// The file system's.
pub fn remove(path: &Path) -> io::Result<()> {
    as_owner(parent(path), || {
        for file in [path, &half_written(path)] {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        File::open(parent(path))?.sync_all()
    })
}

/// The bytes of a file; `None` when it is not there.
///
/// # Errors
/// The file system's.
pub fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match as_owner(parent(path), || std::fs::read(path)) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// As [`replace`], for a value as JSON.
///
/// # Errors
/// The file system's.
pub fn replace_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    replace(path, &Zeroizing::new(serde_json::to_vec(value)?))
}

/// Reads a JSON file; `None` when it is not there.
///
/// # Errors
/// The file system's; [`io::ErrorKind::InvalidData`] when it is something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let read = read(path)?.map(|bytes| serde_json::from_slice(&bytes));
    read.transpose().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Draws 32 secret bytes and writes them into a file.
///
/// # Errors
/// The file system's.
pub fn new_key(path: &Path) -> io::Result<SecretBytes<32>> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|error| io::Error::other(error.to_string()))?;
    replace(path, &*bytes)?;
    Ok(SecretBytes::new(*bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// A uid that nobody has.
    const SOMEBODY: u32 = 61_234;

    #[test]
    fn what_root_writes_into_a_folder_is_its_owners_and_follows_no_link_that_leads_elsewhere() {
        if !geteuid().is_root() {
            return;
        }
        let place = std::env::temp_dir().join(format!("sekisho-owner-{}", std::process::id()));
        let (folder, theirs) = (place.join("state"), place.join("roots"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
        chown(&folder, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        replace(&folder.join("key.json"), b"1").unwrap();
        private_folder(&folder.join("link")).unwrap();
        for made in ["key.json", "link"] {
            let made = std::fs::metadata(folder.join(made)).unwrap();
            assert_eq!((made.uid(), made.gid()), (SOMEBODY, SOMEBODY));
        }
        std::fs::write(&theirs, "root's").unwrap();
        std::fs::set_permissions(&theirs, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&theirs, folder.join("other.new")).unwrap();
        symlink(&theirs, folder.join("secret.json")).unwrap();
        assert!(replace(&folder.join("other.json"), b"2").is_err());
        assert!(read(&folder.join("secret.json")).is_err());
        assert_eq!(std::fs::read(&theirs).unwrap(), b"root's");
        assert!(geteuid().is_root(), "root again");
        std::fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn what_is_removed_leaves_no_half_of_it() {
        let folder = std::env::temp_dir().join(format!("sekisho-half-{}", std::process::id()));
        private_folder(&folder).unwrap();
        let key = folder.join("tls.key");
        replace(&key, b"1").unwrap();
        std::fs::write(half_written(&key), b"2").unwrap();
        remove(&key).unwrap();
        remove(&key).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_was_replaced_wholly_is_written_over_also_when_it_was_cut_short() {
        let folder = std::env::temp_dir().join(format!("sekisho-wholly-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, old, seen) = (folder.join("a.json"), folder.join("a.replaced"), folder.join("seen"));
        replace(&path, b"the old one").unwrap();
        std::fs::hard_link(&path, &seen).unwrap();
        replace_wholly(&path, b"new").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&seen).unwrap()), (b"new".to_vec(), vec![0; 11]));
        assert!(!old.exists());
        // Before the rename: both are the one that holds.
        std::fs::hard_link(&path, &old).unwrap();
        overwrite_replaced(&path).unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), old.exists()), (b"new".to_vec(), false));
        // After it.
        std::fs::hard_link(&path, &old).unwrap();
        replace(&path, b"newer").unwrap();
        std::fs::remove_file(&seen).unwrap();
        std::fs::hard_link(&old, &seen).unwrap();
        replace_wholly(&path, b"newest").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), std::fs::read(&seen).unwrap()), (b"newest".to_vec(), vec![0; 3]));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
