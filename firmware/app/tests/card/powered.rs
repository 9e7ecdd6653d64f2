//! A flash whose power goes at a chosen place.

use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash};
use sekisho_card_app::Platform;
use sekisho_card_app::platform::RandomFailed;
use sekisho_simulator::{ImageFlash, PAGE};

/// What was done to the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// So many bytes were written.
    Write(usize),
    /// A page was erased.
    Erase,
}

/// How far a change came before the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// So many bytes were changed, and of the next one these bits.
    Bytes(usize, u8),
    /// All but so many bytes at the beginning: some flashes do not write in order.
    AllBut(usize),
    /// All of it was done, and nobody was told.
    End,
}

/// Where the power goes: at the change of this number, which came so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) change: usize,
    pub(crate) reached: Reached,
}

/// How often a word may be written between two erases (§S11).
const WRITES_MAX: u8 = 2;

/// The flash, and what becomes of its power.
#[derive(Debug)]
pub(crate) struct CutFlash {
    cells: ImageFlash,
    /// How often each word was written since its page was erased, or since the image was made.
    written: Vec<u8>,
    changes: Vec<Change>,
    cut: Option<Cut>,
}

/// A platform whose power goes. Its random numbers are the same in every run, another one each time (splitmix64).
#[derive(Debug)]
pub(crate) struct Powered {
    pub(crate) flash: CutFlash,
    random: u64,
}

impl Powered {
    pub(crate) fn with(image: &[u8]) -> Self {
        let cells = ImageFlash::in_memory(image.to_vec());
        let written = image.chunks(CutFlash::WRITE_SIZE).map(|word| u8::from(word != [0xFF; CutFlash::WRITE_SIZE]));
        let written = written.collect();
        Self { flash: CutFlash { cells, written, changes: vec![], cut: None }, random: 0 }
    }

    pub(crate) fn erased() -> Self {
        Self::with(ImageFlash::default().bytes())
    }

    pub(crate) fn image(&self) -> Vec<u8> {
        self.flash.cells.bytes().to_vec()
    }

    /// Counts changes from now on, and lets the power go at one of them.
    pub(crate) fn cut(&mut self, cut: Cut) {
        self.flash.changes.clear();
        self.flash.cut = Some(cut);
    }

    /// Counts changes from now on.
    pub(crate) fn watch(&mut self) {
        self.flash.changes.clear();
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.flash.changes
    }

    /// Whether the power is gone.
    pub(crate) fn is_cut(&self) -> bool {
        self.flash.cut.is_some_and(|cut| self.flash.changes.len() > cut.change)
    }

    /// Power is back, on the same flash.
    pub(crate) fn restored(self) -> Self {
        let flash = CutFlash { changes: vec![], cut: None, ..self.flash };
        Self { flash, random: self.random }
    }
}

impl CutFlash {
    /// Changes the cells, and counts the writes of these words. One that stopped before it changed anything is not counted: nobody
    /// can know of it.
    fn program(&mut self, at: usize, bytes: &[u8]) {
        let before = self.cells.bytes()[at..at + bytes.len()].to_vec();
        self.cells.program(at, bytes).unwrap();
        let after = &self.cells.bytes()[at..at + bytes.len()];
        let words = before.chunks(Self::WRITE_SIZE).zip(after.chunks(Self::WRITE_SIZE));
        for (count, (before, after)) in self.written[at / Self::WRITE_SIZE..].iter_mut().zip(words) {
            *count += u8::from(before.len() == Self::WRITE_SIZE || before != after);
            assert!(*count <= WRITES_MAX, "a word is written {count} times");
        }
    }

    /// Notes a change; the error is how far it comes. After the cut nothing comes anywhere.
    fn note(&mut self, change: Change) -> Result<(), Option<Reached>> {
        let number = self.changes.len();
        self.changes.push(change);
        match self.cut {
            Some(cut) if number == cut.change => Err(Some(cut.reached)),
            Some(cut) if number > cut.change => Err(None),
            Some(_) | None => Ok(()),
        }
    }
}

impl ErrorType for CutFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for CutFlash {
    const READ_SIZE: usize = ImageFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        self.cells.read(offset, bytes).map_err(|_| NorFlashErrorKind::OutOfBounds)
    }

    fn capacity(&self) -> usize {
        self.cells.capacity()
    }
}

impl NorFlash for CutFlash {
    const WRITE_SIZE: usize = ImageFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = ImageFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        for page in (from as usize..to as usize).step_by(PAGE) {
            let reached = self.note(Change::Erase);
            if reached != Err(None) {
                self.written[page / Self::WRITE_SIZE..(page + PAGE) / Self::WRITE_SIZE].fill(0);
            }
            match reached {
                Ok(()) | Err(Some(Reached::End)) => self.cells.clear(page, page + PAGE).unwrap(),
                // An erase sets bits everywhere at once: here a part of the page, and of the rest some bits.
                Err(Some(Reached::AllBut(bytes))) => self.cells.clear(page + bytes, page + PAGE).unwrap(),
                Err(Some(Reached::Bytes(bytes, bits))) => {
                    let noise: Vec<u8> =
                        self.cells.bytes()[page + bytes..page + PAGE].iter().map(|cell| cell | bits).collect();
                    self.cells.clear(page, page + PAGE).unwrap();
                    self.cells.program(page + bytes, &noise).unwrap();
                }
                Err(None) => {}
            }
            reached.map_err(|_| NorFlashErrorKind::Other)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let at = offset as usize;
        assert!(at.is_multiple_of(Self::WRITE_SIZE) && bytes.len().is_multiple_of(Self::WRITE_SIZE), "whole words");
        let reached = self.note(Change::Write(bytes.len()));
        match reached {
            Ok(()) | Err(Some(Reached::End)) => self.program(at, bytes),
            Err(Some(Reached::AllBut(missing))) => self.program(at + missing, &bytes[missing..]),
            Err(Some(Reached::Bytes(whole, bits))) => {
                self.program(at, &[&bytes[..whole], &[bytes[whole] | !bits]].concat());
            }
            Err(None) => {}
        }
        reached.map_err(|_| NorFlashErrorKind::Other)
    }
}

impl MultiwriteNorFlash for CutFlash {}

impl Platform for Powered {
    type Flash = CutFlash;

    fn flash(&mut self) -> &mut CutFlash {
        &mut self.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        for byte in out {
            self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = (mixed >> 40) as u8;
        }
        Ok(())
    }
}
