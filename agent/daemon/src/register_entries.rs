//! The register's entries on disk, with what was concluded about each: a file that only grows behind what is verified.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sekisho_register::Concluded;

/// An entry with what the fold concluded about it.
pub(crate) type Judged = (Concluded, Vec<u8>);

/// Bytes before an entry: its length, and what was concluded about it.
const HEAD: u64 = 5;

/// The file. What stands in it counts up to `verified`; the rest was being written when something went wrong.
pub(crate) struct EntriesFile {
    folder: PathBuf,
    path: PathBuf,
    /// How many of its bytes are verified.
    pub(crate) verified: u64,
}

impl EntriesFile {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.into(), path: folder.join("register.entries"), verified: 0 }
    }

    /// How many bytes an entry takes.
    pub(crate) const fn length_of(entry: &[u8]) -> u64 {
        HEAD + entry.len() as u64
    }

    /// Whole entries in the file: length (4 bytes), what was concluded about it (1 byte, register §R4.10), bytes.
    pub(crate) fn read(&self) -> io::Result<Vec<Judged>> {
        let bytes = std::fs::read(&self.path).or_else(|error| absent(error).map(|()| Vec::new()))?;
        let mut rest = bytes.as_slice();
        let mut entries = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let Some((concluded, after)) = after.split_first() else { break };
            let Some(concluded) = Concluded::from_byte(*concluded) else { break };
            let Some((entry, after)) = after.split_at_checked(length) else { break };
            entries.push((concluded, entry.to_vec()));
            rest = after;
        }
        Ok(entries)
    }

    /// Writes entries behind those that are verified; whatever was there is cut off. Returns how long the file is then: they count once
    /// the note beside them is kept, and are cut off again if that fails.
    pub(crate) fn append(&self, entries: &[Judged]) -> io::Result<u64> {
        let mut bytes = Vec::new();
        for (concluded, entry) in entries {
            let length = u32::try_from(entry.len()).map_err(io::Error::other)?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.push(concluded.byte());
            bytes.extend_from_slice(entry);
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.set_len(self.verified)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        if self.verified == 0 {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(self.verified + bytes.len() as u64)
    }
}

fn absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
