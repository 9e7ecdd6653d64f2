//! Small files that must be whole or not there, and nobody else's to read.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sekisho_wire::secret::SecretBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

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
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    File::open(parent)?.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file of mode 0600 so that, whatever happens, there is afterwards the old one or the new one, whole.
///
/// # Errors
/// The file system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(parent(path))?.sync_all()
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
    match std::fs::read(path) {
        Ok(bytes) => {
            let read = serde_json::from_slice(&Zeroizing::new(bytes));
            read.map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The 32 secret bytes in a file; drawn and written when there is none yet.
///
/// # Errors
/// The file system's; [`io::ErrorKind::InvalidData`] when the file holds something else.
pub fn secret_key(path: &Path) -> io::Result<SecretBytes<32>> {
    match std::fs::read(path) {
        Ok(bytes) => SecretBytes::from_slice(&Zeroizing::new(bytes)).ok_or(io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *bytes).map_err(|error| io::Error::other(error.to_string()))?;
            replace(path, &*bytes)?;
            Ok(SecretBytes::new(*bytes))
        }
        Err(error) => Err(error),
    }
}
