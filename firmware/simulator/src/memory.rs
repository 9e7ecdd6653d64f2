//! The memory of a simulated card: a flash, in the process alone or in a file.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sekisho_card_app::Platform;
use sekisho_card_app::platform::RandomFailed;
use zeroize::Zeroizing;

use crate::image_flash::{CARD_FLASH, ImageFlash};

/// Flash and randomness of a simulated card.
#[derive(Debug, Default)]
pub struct Memory {
    flash: ImageFlash,
}

/// Why a file cannot be a card's memory.
#[derive(Debug)]
pub enum MemoryError {
    /// It is there already, and a blank card must not overwrite another one.
    Exists(PathBuf),
    /// Another simulator has this card in its reader.
    InUse(PathBuf),
    /// It has not the size of a card's flash.
    Malformed(PathBuf),
    /// It could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl MemoryError {
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

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(path) => write!(f, "cannot make a blank card in '{}': file exists", path.display()),
            Self::InUse(path) => write!(f, "cannot use the card in '{}': another simulator runs it", path.display()),
            Self::Malformed(path) => {
                write!(f, "cannot read the card in '{}': not {CARD_FLASH} bytes of flash", path.display())
            }
            Self::Io { path, cause } => write!(f, "cannot use the card in '{}': {cause}", path.display()),
        }
    }
}

impl std::error::Error for MemoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } => Some(cause),
            Self::Exists(_) | Self::InUse(_) | Self::Malformed(_) => None,
        }
    }
}

impl Memory {
    /// A flash of this content, in the process alone.
    #[must_use]
    pub fn of(flash: ImageFlash) -> Self {
        Self { flash }
    }

    /// An erased flash in a new file, for its owner only: it is going to hold private keys.
    ///
    /// # Errors
    /// When the file exists, or cannot be written.
    pub fn create(path: &Path) -> Result<Self, MemoryError> {
        let mut options = OpenOptions::new();
        let mut file = match options.read(true).write(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(MemoryError::Exists(path.to_owned()));
            }
            other => other.map_err(|cause| io_error(path, cause))?,
        };
        lock(&file, path)?;
        let bytes = Zeroizing::new(vec![0xFF; CARD_FLASH]);
        let written =
            file.write_all(&bytes).and_then(|()| file.sync_all()).and_then(|()| File::open(folder(path))?.sync_all());
        written.map_err(|cause| io_error(path, cause))?;
        Ok(Self { flash: ImageFlash::in_file(bytes, file) })
    }

    /// The flash that this file holds. While it lives no other process can use the file.
    ///
    /// # Errors
    /// When the file is missing, in use, of another size, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, MemoryError> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(|cause| io_error(path, cause))?;
        lock(&file, path)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(CARD_FLASH + 1));
        file.read_to_end(&mut bytes).map_err(|cause| io_error(path, cause))?;
        if bytes.len() != CARD_FLASH {
            return Err(MemoryError::Malformed(path.to_owned()));
        }
        Ok(Self { flash: ImageFlash::in_file(bytes, file) })
    }
}

impl Platform for Memory {
    type Flash = ImageFlash;

    fn flash(&mut self) -> &mut ImageFlash {
        &mut self.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        getrandom::fill(out).map_err(|_| RandomFailed)
    }
}

fn lock(file: &File, path: &Path) -> Result<(), MemoryError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(MemoryError::InUse(path.to_owned())),
        Err(error) => Err(io_error(path, error.into())),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

fn io_error(path: &Path, cause: io::Error) -> MemoryError {
    MemoryError::Io { path: path.to_owned(), cause }
}
