//! The flash as the store uses it: words of four bytes, pages, and what was written is read back.

use core::fmt;

use embedded_storage::nor_flash::MultiwriteNorFlash;

use super::{Region, StoreError};

/// Every write is a multiple of this. Smaller units of a flash divide it.
pub(crate) const WORD: usize = 4;
/// What erased flash reads as.
pub(crate) const BLANK: u8 = 0xFF;
/// Bytes looked at in one go.
const CHUNK: usize = 64;

/// A borrowed flash.
pub(crate) struct Flash<'flash, F>(&'flash mut F);

impl<F> fmt::Debug for Flash<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flash(..)")
    }
}

impl<'flash, F: MultiwriteNorFlash> Flash<'flash, F> {
    pub(crate) const fn new(flash: &'flash mut F) -> Self {
        const {
            assert!(F::READ_SIZE == 1, "records are read from any byte");
            assert!(WORD.is_multiple_of(F::WRITE_SIZE), "records are padded to words");
        }
        Self(flash)
    }

    pub(crate) fn page(&self) -> u32 {
        u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX)
    }

    pub(crate) fn capacity(&self) -> u32 {
        u32::try_from(self.0.capacity()).unwrap_or(u32::MAX)
    }

    pub(crate) fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), StoreError> {
        self.0.read(at, into).map_err(|_| StoreError::Failed)
    }

    pub(crate) fn array<const N: usize>(&mut self, at: u32) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes, filling the last word up with what erased flash holds, and reads back.
    pub(crate) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let whole = bytes.len().saturating_sub(bytes.len() % WORD);
        let (words, rest) = bytes.split_at_checked(whole).unwrap_or((bytes, &[]));
        if !words.is_empty() {
            self.0.write(at, words).map_err(|_| StoreError::Failed)?;
        }
        if !rest.is_empty() {
            let mut last = [BLANK; WORD];
            last.iter_mut().zip(rest).for_each(|(byte, rest)| *byte = *rest);
            self.0.write(offset(at, whole)?, &last).map_err(|_| StoreError::Failed)?;
        }
        // A worn page does not complain, it forgets.
        if self.holds(at, bytes)? { Ok(()) } else { Err(StoreError::Failed) }
    }

    /// Clears every bit. Nothing can be read there again.
    pub(crate) fn wipe(&mut self, at: u32, length: usize) -> Result<(), StoreError> {
        let zeros = [0; CHUNK];
        let mut done = 0;
        while done < length {
            let here = length.saturating_sub(done).min(CHUNK);
            let words = zeros.get(..padded(here)).ok_or(StoreError::Damaged)?;
            self.0.write(offset(at, done)?, words).map_err(|_| StoreError::Failed)?;
            done = done.saturating_add(CHUNK);
        }
        Ok(())
    }

    /// Erases the pages of a region, the last one first: as long as the first shows that something is there, the rest is not forgotten.
    pub(crate) fn erase(&mut self, region: Region) -> Result<(), StoreError> {
        let page = self.page();
        let mut end = region.end;
        while end > region.start {
            let start = end.checked_sub(page).ok_or(StoreError::Damaged)?;
            self.0.erase(start, end).map_err(|_| StoreError::Failed)?;
            end = start;
        }
        if self.is_filled(region.start, region.end, BLANK)? { Ok(()) } else { Err(StoreError::Failed) }
    }

    fn holds(&mut self, at: u32, bytes: &[u8]) -> Result<bool, StoreError> {
        let mut rest = bytes;
        self.all(at, offset(at, bytes.len())?, |found| {
            let (expected, after) = rest.split_at_checked(found.len()).unwrap_or_default();
            rest = after;
            found == expected
        })
    }

    /// Whether every byte from `start` to `end` is this one.
    pub(crate) fn is_filled(&mut self, start: u32, end: u32, with: u8) -> Result<bool, StoreError> {
        self.all(start, end, |bytes| bytes.iter().all(|byte| *byte == with))
    }

    /// Shows the bytes from `start` to `end` piece by piece, until `look` has seen enough.
    pub(crate) fn all(
        &mut self,
        start: u32,
        end: u32,
        mut look: impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, StoreError> {
        let mut buffer = zeroize::Zeroizing::new([0; CHUNK]);
        let mut at = start;
        while at < end {
            let left = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX);
            let piece = buffer.get_mut(..left.min(CHUNK)).ok_or(StoreError::Damaged)?;
            self.0.read(at, piece).map_err(|_| StoreError::Failed)?;
            if !look(piece) {
                return Ok(false);
            }
            at = offset(at, piece.len())?;
        }
        Ok(true)
    }
}

/// A place further on.
pub(crate) fn offset(at: u32, by: usize) -> Result<u32, StoreError> {
    u32::try_from(by).ok().and_then(|by| at.checked_add(by)).ok_or(StoreError::Damaged)
}

/// A length in whole words.
pub(crate) const fn padded(length: usize) -> usize {
    length.next_multiple_of(WORD)
}
