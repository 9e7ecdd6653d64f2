//! NOR flash as a row of bytes, in memory and, if it has one, in a file: what a chip would do, and no more.
//!
//! A write clears bits and sets none; only erasing a page sets them. What the file holds is the flash, byte for byte, so that a card's
//! memory moves between the simulator and a board that keeps its flash in a file.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};
use zeroize::Zeroizing;

/// One page (nRF52840: 4 KiB).
pub const PAGE: usize = 4096;
/// One word.
const WORD: usize = 4;
/// What a card gets: two pages for the counts of tries and two halves of 32 KiB for everything else.
pub const CARD_FLASH: usize = 18 * PAGE;

/// A row of bytes that behaves as NOR flash.
pub struct ImageFlash {
    bytes: Zeroizing<Vec<u8>>,
    file: Option<File>,
}

impl fmt::Debug for ImageFlash {
    /// Never what is in it: keys are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageFlash({} bytes)", self.bytes.len())
    }
}

impl Default for ImageFlash {
    fn default() -> Self {
        Self::in_memory(vec![0xFF; CARD_FLASH])
    }
}

impl ImageFlash {
    /// A flash with this content, which lives as long as the process.
    #[must_use]
    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Self { bytes: Zeroizing::new(bytes), file: None }
    }

    /// A flash whose content is, and stays, that of a file.
    pub(crate) fn in_file(bytes: Zeroizing<Vec<u8>>, file: File) -> Self {
        Self { bytes, file: Some(file) }
    }

    /// What is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What writing does to the cells, at any place and length: for those who simulate a write that stopped in the middle.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn program(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        self.change(at, bytes.len(), |cells| cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte))
    }

    /// What erasing does to the cells, likewise.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn clear(&mut self, from: usize, to: usize) -> io::Result<()> {
        self.change(from, to.saturating_sub(from), |cells| cells.fill(0xFF))
    }

    fn change(&mut self, at: usize, length: usize, change: impl FnOnce(&mut [u8])) -> io::Result<()> {
        let cells = self.bytes.get_mut(at..at.saturating_add(length)).ok_or(io::ErrorKind::InvalidInput)?;
        change(cells);
        if let Some(file) = &self.file {
            file.write_all_at(cells, u64::try_from(at).map_err(|_| io::ErrorKind::InvalidInput)?)?;
            file.sync_data()?;
        }
        Ok(())
    }
}

/// Why the flash did not do it.
#[derive(Debug)]
pub enum ImageFlashError {
    /// No flash does this: a place that is not there, or between two words or pages.
    Impossible(NorFlashErrorKind),
    /// The file behind it failed.
    File(io::Error),
}

impl fmt::Display for ImageFlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impossible(kind) => write!(f, "cannot use the flash: {kind}"),
            Self::File(cause) => write!(f, "cannot write the file of the flash: {cause}"),
        }
    }
}

impl std::error::Error for ImageFlashError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Impossible(_) => None,
            Self::File(cause) => Some(cause),
        }
    }
}

impl NorFlashError for ImageFlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Impossible(kind) => *kind,
            Self::File(_) => NorFlashErrorKind::Other,
        }
    }
}

impl ErrorType for ImageFlash {
    type Error = ImageFlashError;
}

impl ReadNorFlash for ImageFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ImageFlashError> {
        check_read(self, offset, bytes.len()).map_err(ImageFlashError::Impossible)?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for ImageFlash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), ImageFlashError> {
        check_erase(self, from, to).map_err(ImageFlashError::Impossible)?;
        self.clear(from as usize, to as usize).map_err(ImageFlashError::File)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), ImageFlashError> {
        check_write(self, offset, bytes.len()).map_err(ImageFlashError::Impossible)?;
        self.program(offset as usize, bytes).map_err(ImageFlashError::File)
    }
}

impl MultiwriteNorFlash for ImageFlash {}
