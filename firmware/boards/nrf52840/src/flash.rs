//! The last pages of the chip's flash as the NOR flash of the card (nRF52840 product specification, NVMC).

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// A page, in bytes.
pub const PAGE: u32 = 4096;
/// Where the card's pages begin: region CARD of `memory.x`.
pub const START: u32 = 0x000E_E000;
/// How long the card's flash is: as long as a simulated card's, whose image can be programmed here.
pub const LENGTH: u32 = 18 * PAGE;
const WORD: usize = 4;
/// What an erased word holds.
const BLANK: u32 = u32::MAX;

/// Whether this is the address of a word of the card's pages.
#[must_use]
pub const fn is_card_word(at: u32) -> bool {
    at >= START && at - START < LENGTH && at.is_multiple_of(WORD as u32)
}

/// The flash controller. Addresses are those of the chip, of whole words.
pub trait Controller {
    /// Reads a word.
    fn word(&self, at: u32) -> u32;

    /// Clears bits of a word, and returns when it is done. A word bears it twice between two erases (nWRITE).
    fn program(&mut self, at: u32, word: u32);

    /// Erases a page, and returns when it is done.
    fn erase(&mut self, page: u32);
}

/// The card's part of the flash.
#[derive(Debug)]
pub struct CardFlash<C> {
    controller: C,
}

impl<C: Controller> CardFlash<C> {
    /// On this controller, which nobody else uses.
    pub const fn new(controller: C) -> Self {
        Self { controller }
    }
}

impl<C> ErrorType for CardFlash<C> {
    type Error = NorFlashErrorKind;
}

impl<C: Controller> ReadNorFlash for CardFlash<C> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        for (at, byte) in (START + offset..).zip(bytes) {
            let place = at % WORD as u32;
            *byte = self.controller.word(at - place).to_le_bytes()[place as usize];
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        LENGTH as usize
    }
}

impl<C: Controller> NorFlash for CardFlash<C> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        (from..to).step_by(PAGE as usize).for_each(|page| self.controller.erase(START + page));
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (at, word) in (START + offset..).step_by(WORD).zip(bytes.as_chunks().0) {
            let word = u32::from_le_bytes(*word);
            // Nothing to clear: the word may be written twice later.
            if word != BLANK {
                self.controller.program(at, word);
            }
        }
        Ok(())
    }
}

impl<C: Controller> MultiwriteNorFlash for CardFlash<C> {}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeMap;
    use std::vec;
    use std::vec::Vec;

    /// The whole flash of a chip, as far as it was written.
    #[derive(Default)]
    struct Chip {
        cells: BTreeMap<u32, u32>,
        written: BTreeMap<u32, u32>,
    }

    impl Controller for Chip {
        fn word(&self, at: u32) -> u32 {
            assert!(at.is_multiple_of(4));
            self.cells.get(&at).copied().unwrap_or(BLANK)
        }

        fn program(&mut self, at: u32, word: u32) {
            assert!(is_card_word(at), "{at:#x} is not the card's");
            *self.cells.entry(at).or_insert(BLANK) &= word;
            *self.written.entry(at).or_default() += 1;
        }

        fn erase(&mut self, page: u32) {
            assert!(page.is_multiple_of(PAGE) && is_card_word(page), "{page:#x} is not the card's");
            self.cells.retain(|at, _| !(page..page + PAGE).contains(at));
            self.written.retain(|at, _| !(page..page + PAGE).contains(at));
        }
    }

    fn read(flash: &mut CardFlash<Chip>, at: u32, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        flash.read(at, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn it_is_nor_flash_from_the_first_byte_to_the_last() {
        let mut flash = CardFlash::new(Chip::default());
        for at in [0, 4096 - 4, LENGTH - 8] {
            flash.write(at, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
            assert_eq!(read(&mut flash, at + 1, 5), [2, 3, 4, 5, 6]);
        }
        flash.write(0, &[0xFE, 0xFF, 0xFF, 0xFF]).unwrap();
        assert_eq!(read(&mut flash, 0, 4), [0, 2, 3, 4], "bits are cleared, none is set");
        flash.erase(0, PAGE).unwrap();
        assert_eq!(read(&mut flash, 0, 4), [0xFF; 4]);
        assert_eq!(read(&mut flash, LENGTH - 4, 4), [5, 6, 7, 8], "the other pages stay");
        assert!(flash.write(LENGTH - 4, &[0; 8]).is_err() && flash.erase(0, LENGTH + PAGE).is_err());
        assert!(flash.write(2, &[0; 4]).is_err() && flash.erase(0, PAGE / 2).is_err());
        assert!(flash.read(LENGTH - 1, &mut [0; 2]).is_err());
    }

    #[test]
    fn one_write_is_one_pulse_and_words_of_ones_need_none() {
        let mut flash = CardFlash::new(Chip::default());
        flash.write(8, &[[0xFF; 4], [0, 1, 2, 3]].concat()).unwrap();
        assert_eq!(flash.controller.written, BTreeMap::from([(START + 12, 1)]));
    }

    /// `memory.x` gives the card the same pages, at the end of the flash, and the program none of them; the stack ends where RAM does.
    #[test]
    fn the_linker_keeps_the_program_away_from_the_card() {
        let map = include_str!("../memory.x");
        let region = |name: &str| -> (u32, u32) {
            let line = map.lines().find(|line| line.trim_start().starts_with(&std::format!("{name} :"))).unwrap();
            let (origin, length) = line.split_once("ORIGIN = 0x").unwrap().1.split_once(", LENGTH = ").unwrap();
            let length: u32 = length.strip_suffix('K').unwrap().parse().unwrap();
            (u32::from_str_radix(origin, 16).unwrap(), length * 1024)
        };
        let (card, flash, stack, ram) = (region("CARD"), region("FLASH"), region("STACK"), region("RAM"));
        assert_eq!(card, (START, LENGTH));
        assert_eq!(card.0 + card.1, 1 << 20, "the last pages of the chip");
        assert!(card.0.is_multiple_of(PAGE));
        assert_eq!(flash.0 + flash.1, card.0);
        assert_eq!(stack.0, 0x2000_0000, "nothing lies below the stack");
        assert_eq!((stack.0 + stack.1, ram.0 + ram.1), (ram.0, 0x2004_0000));
    }
}
