//! What the card keeps without power, on NOR flash: a log of records and, in a write-once area of its own, the counts of tries.
//!
//! Bits go from 1 to 0 one write at a time, and back to 1 only a page at a time. Power may go at any byte of a write and in the
//! middle of an erase. Nothing is cached: every call finds out anew what the flash holds, so there is no difference
//! between going on after a failed write and starting after a cut. Nothing has to be written for the card to start.
//!
//! `firmware/app/STORE.md` is the format (§S1…).

mod dual_rail;
mod flash;
mod log;
mod tally;

use embedded_storage::nor_flash::MultiwriteNorFlash;
use heapless::VecView;

use self::flash::Flash;
pub(crate) use self::log::Content;
use self::log::Log;
pub(crate) use self::tally::Counts;
use self::tally::TallyArea;
use crate::platform::Record;

/// Why the store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// The flash could not be read, written or erased, or does not hold what was written.
    Failed,
    /// There is no room for the record.
    Full,
    /// What is there is no store of this card: never formatted, of a newer format, or decayed.
    Damaged,
}

/// The pages of tally and log on a flash (§S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    tally: [Region; 2],
    log: [Region; 2],
}

/// Whole pages that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Region {
    start: u32,
    end: u32,
}

/// Which of two regions counts: the one begun last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    current: Region,
    other: Region,
    generation: u16,
}

impl Turn {
    /// From two regions and the generations in their headers; a region without a whole header never counts.
    fn of([one, two]: [(Region, Option<u16>); 2]) -> Result<Self, StoreError> {
        let (current, other) = if one.1 < two.1 { (two, one) } else { (one, two) };
        let generation = current.1.ok_or(StoreError::Damaged)?;
        Ok(Self { current: current.0, other: other.0, generation })
    }
}

/// Pages of the two tally regions together.
const TALLY_PAGES: u32 = 2;

impl Layout {
    /// Two pages of tally, then two halves of log as large as the rest allows.
    fn of<F: MultiwriteNorFlash>(flash: &Flash<'_, F>) -> Result<Self, StoreError> {
        let page = flash.page();
        let pages = flash.capacity().checked_div(page).ok_or(StoreError::Damaged)?;
        let half = pages.checked_sub(TALLY_PAGES).ok_or(StoreError::Damaged)? / 2;
        if half == 0 {
            return Err(StoreError::Damaged);
        }
        let region = |first: u32, count: u32| {
            let start = first.checked_mul(page)?;
            Some(Region { start, end: count.checked_mul(page)?.checked_add(start)? })
        };
        let regions = || {
            let second = TALLY_PAGES.checked_add(half)?;
            Some(Self {
                tally: [region(0, 1)?, region(1, 1)?],
                log: [region(TALLY_PAGES, half)?, region(second, half)?],
            })
        };
        regions().ok_or(StoreError::Damaged)
    }
}

/// The store on a flash.
#[derive(Debug)]
pub(crate) struct Store<'flash, F> {
    flash: Flash<'flash, F>,
    layout: Layout,
}

impl<'flash, F: MultiwriteNorFlash> Store<'flash, F> {
    /// The store that is, or will be, on this flash.
    pub(crate) fn on(flash: &'flash mut F) -> Result<Self, StoreError> {
        let flash = Flash::new(flash);
        let layout = Layout::of(&flash)?;
        Ok(Self { flash, layout })
    }

    /// Erases everything and makes an empty store. What comes last makes it valid.
    pub(crate) fn format(&mut self, counts: Counts) -> Result<(), StoreError> {
        self.log().format()?;
        self.tally_area().format(counts)
    }

    /// Appends the newest content of a record and says its version; `None` when there is no such record.
    pub(crate) fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StoreError> {
        self.log().load(record, into)
    }

    /// Replaces a record; empty content removes it. When this returns `Ok` it is durable, after an error it is the old one or the
    /// new one.
    pub(crate) fn put(&mut self, content: Content<'_>) -> Result<(), StoreError> {
        self.log().put(content)
    }

    /// Writes this record and forgets every other but those to be kept: all at once or not at all.
    pub(crate) fn replace_all(&mut self, keep: &[Record], content: Content<'_>) -> Result<(), StoreError> {
        self.log().replace_all(keep, content)
    }

    /// How many tries PIN and PUK have left.
    pub(crate) fn counts(&mut self) -> Result<Counts, StoreError> {
        self.tally_area().counts()
    }

    /// Writes them down; durable when this returns `Ok`.
    pub(crate) fn set_counts(&mut self, counts: Counts) -> Result<(), StoreError> {
        self.tally_area().set(counts)
    }

    fn log(&mut self) -> Log<'_, 'flash, F> {
        Log::new(&mut self.flash, self.layout.log)
    }

    fn tally_area(&mut self) -> TallyArea<'_, 'flash, F> {
        TallyArea::new(&mut self.flash, self.layout.tally)
    }
}
