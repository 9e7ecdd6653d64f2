//! NOR flash that a file of the host keeps: read from memory as flash is, written word by word to memory and file.
//!
//! The file is written first, so a cut can fall between any two words, and the next start finds what a chip would have kept.

#![allow(unsafe_code, reason = "the flash lies in a section of its own and is taken once")]

use core::cell::UnsafeCell;

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

use crate::host::{HostFile, named_file};

const PAGE: usize = 4096;
const WORD: usize = 4;
/// As the simulator's, whose files this board reads.
const LENGTH: usize = 18 * PAGE;
/// How much of a page is erased in one go: a cut falls between two of them.
const ERASED_AT_ONCE: usize = 256;

#[repr(align(4))]
struct Cells(UnsafeCell<[u8; LENGTH]>);

// SAFETY: the program has one thread, no interrupt touches the cells, and `take` hands them out once.
unsafe impl Sync for Cells {}

#[unsafe(link_section = ".card_flash")]
static CELLS: Cells = Cells(UnsafeCell::new([0xFF; LENGTH]));

/// The flash of the card.
#[derive(Debug)]
pub struct KeptFlash {
    cells: &'static mut [u8; LENGTH],
    file: HostFile,
}

impl KeptFlash {
    /// Reads the flash from the file that the command line names.
    pub(crate) fn take() -> Option<Self> {
        let file = named_file()?;
        let taken = cortex_m::singleton!(TAKEN: () = ());
        taken?;
        // SAFETY: the singleton above is given out once, so nobody else has or will have the cells.
        let cells = unsafe { &mut *CELLS.0.get() };
        let mut flash = Self { cells, file };
        flash.file.read(flash.cells.as_mut_slice())?;
        Some(flash)
    }

    fn change(&mut self, at: usize, piece: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.file.write_at(at, piece).ok_or(NorFlashErrorKind::Other)?;
        let cells = self.cells.get_mut(at..at + piece.len()).ok_or(NorFlashErrorKind::OutOfBounds)?;
        cells.copy_from_slice(piece);
        Ok(())
    }
}

impl ErrorType for KeptFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for KeptFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        let start = offset as usize;
        let cells = self.cells.get(start..start + bytes.len()).ok_or(NorFlashErrorKind::OutOfBounds)?;
        bytes.copy_from_slice(cells);
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

impl NorFlash for KeptFlash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        (from as usize..to as usize).step_by(ERASED_AT_ONCE).try_for_each(|at| self.change(at, &[0xFF; ERASED_AT_ONCE]))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (at, word) in (offset as usize..).step_by(WORD).zip(bytes.chunks_exact(WORD)) {
            let mut cells = [0; WORD];
            self.read(at as u32, &mut cells)?;
            cells.iter_mut().zip(word).for_each(|(cell, byte)| *cell &= byte);
            self.change(at, &cells)?;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for KeptFlash {}
