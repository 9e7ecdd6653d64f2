//! Memory of a card in a file: every write of the card is on the disk before the card goes on.
//!
//! The file is `sekisho-card 1`, a newline, then per record its number, its version, two bytes of length (big-endian) and
//! the content. It is replaced as a whole: a temporary file is written and synced, renamed over the old one, and the
//! folder synced. It holds private keys, so it is made for its owner only.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use heapless::VecView;
use rustix::fs::{FlockOperation, flock};
use sekisho_card_app::platform::{Platform, RandomFailed, Record, StorageFailed};
use zeroize::Zeroizing;

use crate::memory::Memory;

const HEADING: &[u8] = b"sekisho-card 1\n";
/// Number, version, length.
const RECORD_HEADER: usize = 4;

/// The memory of one card. While it lives no other process can use the same file.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    memory: Memory,
    /// Held for its lock alone. The state file itself cannot carry the lock: it is replaced at every write.
    _lock: File,
}

/// Why a state file cannot be used.
#[derive(Debug)]
pub enum StateError {
    /// It is there already, and a blank card must not overwrite another one.
    Exists(PathBuf),
    /// Another simulator has this card in its reader.
    InUse(PathBuf),
    /// It is not a state file, or ends in the middle.
    Malformed(PathBuf),
    /// It could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl StateError {
    /// What a person can do about it.
    #[must_use]
    pub const fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Exists(_) => Some("Choose another file, or move the old card away."),
            Self::InUse(_) => Some("End the other simulator, or make another card with `sekisho-simulator new`."),
            Self::Malformed(_) => Some("Make a card with `sekisho-simulator new`."),
            Self::Io { .. } => None,
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "cannot make a blank card in '{}': file exists", path.display()),
            Self::InUse(path) => write!(f, "cannot use the card in '{}': another simulator runs it", path.display()),
            Self::Malformed(path) => write!(f, "cannot read the card in '{}': not a card's state", path.display()),
            Self::Io { path, cause } => write!(f, "cannot use the card in '{}': {cause}", path.display()),
        }
    }
}

impl std::error::Error for StateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } => Some(cause),
            Self::Exists(_) | Self::InUse(_) | Self::Malformed(_) => None,
        }
    }
}

impl StateFile {
    /// An empty memory in a new file.
    ///
    /// # Errors
    /// When the file exists, is in use, or cannot be written.
    pub fn create(path: &Path) -> Result<Self, StateError> {
        let lock = lock(path)?;
        if path.exists() {
            return Err(StateError::Exists(path.to_owned()));
        }
        let state = Self { path: path.to_owned(), memory: Memory::default(), _lock: lock };
        state.save().map_err(|cause| io_error(path, cause))?;
        Ok(state)
    }

    /// The memory that this file holds.
    ///
    /// # Errors
    /// When the file is missing, in use, malformed, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        // Looked for before the lock, so that a name typed wrong leaves no lock behind; opened after it, because until then another
        // simulator may put a newer file in its place, and an older count of tries would come back.
        std::fs::metadata(path).map_err(|cause| io_error(path, cause))?;
        let lock = lock(path)?;
        let mut file = File::open(path).map_err(|cause| io_error(path, cause))?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.read_to_end(&mut bytes).map_err(|cause| io_error(path, cause))?;
        let memory = parse(&bytes).ok_or_else(|| StateError::Malformed(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), memory, _lock: lock })
    }

    fn save(&self) -> io::Result<()> {
        let temporary = beside(&self.path, ".new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&serialise(&self.memory))?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)?;
        File::open(folder(&self.path))?.sync_all()
    }
}

impl Platform for StateFile {
    fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StorageFailed> {
        self.memory.load(record, into)
    }

    /// When the disk fails here nobody knows what it holds. The memory then shows the new value, which is safe: a try
    /// that was counted in vain is lost, none is won.
    fn store(&mut self, record: Record, version: u8, content: &[u8]) -> Result<(), StorageFailed> {
        if content.is_empty() && !self.memory.has(record) {
            return Ok(());
        }
        self.memory.store(record, version, content)?;
        self.save().map_err(|error| {
            log::error!("cannot write the card in '{}': {error}", self.path.display());
            StorageFailed
        })
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.memory.random(out)
    }
}

fn serialise(memory: &Memory) -> Zeroizing<Vec<u8>> {
    // Room for everything at once: growing would leave copies of keys behind.
    let size = memory.records().map(|(_, _, content)| RECORD_HEADER + content.len()).sum::<usize>();
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEADING.len() + size));
    bytes.extend_from_slice(HEADING);
    for (number, version, content) in memory.records() {
        let length = u16::try_from(content.len()).expect("the card keeps no record longer than its longest object");
        bytes.extend_from_slice(&[number, version]);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(content);
    }
    bytes
}

fn parse(bytes: &[u8]) -> Option<Memory> {
    let mut rest = bytes.strip_prefix(HEADING)?;
    let mut memory = Memory::default();
    while let Some((&[number, version, high, low], after)) = rest.split_first_chunk::<RECORD_HEADER>() {
        Record::from_number(number)?;
        let (content, after) = after.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        memory.put(number, version, content);
        rest = after;
    }
    rest.is_empty().then_some(memory)
}

fn lock(path: &Path) -> Result<File, StateError> {
    let lock_path = beside(path, ".lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock_path);
    let file = file.map_err(|cause| io_error(&lock_path, cause))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StateError::InUse(path.to_owned())),
        Err(error) => Err(io_error(&lock_path, error.into())),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

fn io_error(path: &Path, cause: io::Error) -> StateError {
    StateError::Io { path: path.to_owned(), cause }
}
