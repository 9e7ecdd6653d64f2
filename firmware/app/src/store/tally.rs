//! How many tries are left: one word per change in a page of its own, written once and never again (§S3).
//!
//! A PIN is compared only after the smaller count stands here, so this is written at every VERIFY. Kept apart from the log it costs a
//! word, not a record, and no other write can stand between a guess and its price.

use embedded_storage::nor_flash::MultiwriteNorFlash;

use super::flash::{BLANK, Flash, WORD, offset};
use super::{Region, StoreError, Turn, dual_rail};

/// Tries left of PIN and PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Of the PIN.
    pub(crate) pin: u8,
    /// Of the PUK.
    pub(crate) puk: u8,
}

/// Two pages that take turns.
#[derive(Debug)]
pub(crate) struct TallyArea<'a, 'flash, F> {
    flash: &'a mut Flash<'flash, F>,
    pages: [Region; 2],
}

/// What a page says.
struct Read {
    counts: Counts,
    /// The first word never written, if there is one.
    free: Option<u32>,
}

impl<'a, 'flash, F: MultiwriteNorFlash> TallyArea<'a, 'flash, F> {
    pub(crate) const fn new(flash: &'a mut Flash<'flash, F>, pages: [Region; 2]) -> Self {
        Self { flash, pages }
    }

    pub(crate) fn format(&mut self, counts: Counts) -> Result<(), StoreError> {
        let [first, second] = self.pages;
        self.flash.erase(second)?;
        self.begin(first, 1, counts)
    }

    pub(crate) fn counts(&mut self) -> Result<Counts, StoreError> {
        let active = self.active()?;
        Ok(self.read(active.current)?.counts)
    }

    pub(crate) fn set(&mut self, counts: Counts) -> Result<(), StoreError> {
        let active = self.active()?;
        match self.read(active.current)?.free {
            Some(free) => self.flash.write(free, &word(counts)),
            None => {
                let generation = active.generation.checked_add(1).ok_or(StoreError::Failed)?;
                self.begin(active.other, generation, counts)
            }
        }
    }

    /// Makes a page the one that counts. Until its first word stands the other page does.
    fn begin(&mut self, page: Region, generation: u16, counts: Counts) -> Result<(), StoreError> {
        self.flash.erase(page)?;
        self.flash.write(offset(page.start, WORD)?, &word(counts))?;
        self.flash.write(page.start, &dual_rail::encode::<2, WORD>(generation.to_be_bytes()))
    }

    fn active(&mut self) -> Result<Turn, StoreError> {
        let [first, second] = self.pages;
        Turn::of([(first, self.generation(first)?), (second, self.generation(second)?)])
    }

    fn generation(&mut self, page: Region) -> Result<Option<u16>, StoreError> {
        Ok(dual_rail::decode::<2, WORD>(self.flash.array(page.start)?).map(u16::from_be_bytes))
    }

    /// The last whole word counts. One that was begun and not finished was never acted upon.
    fn read(&mut self, page: Region) -> Result<Read, StoreError> {
        let mut last = None;
        let mut free = None;
        let first = offset(page.start, WORD)?;
        let mut at = first;
        self.flash.all(first, page.end, |words| {
            for word in words.chunks_exact(WORD) {
                let word: [u8; WORD] = word.try_into().unwrap_or_default();
                if word == [BLANK; WORD] {
                    free = Some(at);
                    return false;
                }
                last = dual_rail::decode(word).or(last);
                at = at.saturating_add(WORD as u32);
            }
            true
        })?;
        let [pin, puk] = last.ok_or(StoreError::Damaged)?;
        Ok(Read { counts: Counts { pin, puk }, free })
    }
}

fn word(counts: Counts) -> [u8; WORD] {
    dual_rail::encode([counts.pin, counts.puk])
}
