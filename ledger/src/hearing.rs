//! After a start terminals show what they verified last, before anything new is written (LEDGER.md §L3).
//!
//! A database that is put back together with its checkpoint files knows of nothing newer by itself. Whoever has verified more holds our own
//! signature under it, so the ledger waits until some have come and shown theirs: what was written before that could stand at the place of
//! what was lost. What the database holds already may be signed meanwhile: whatever was signed over so many entries was over these.
//!
//! A ledger that is started again within minutes remembers by itself (`memory.rs`), and an operator who knows that the disk was not put back may say so
//! (`sekisho-ledger go-on`).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use sekisho_wire::id::{Code, OfficeId};

use crate::clock::{DAY, Millis};
use crate::locks::lock;
use crate::store::{Store, StoreError};

/// Terminals that brought something within this time before the last that did are those that may have verified what is newest.
const LATELY: Millis = 7 * DAY;

/// Who may know more, and who has come.
#[derive(Debug, Default)]
pub struct Hearing {
    /// Terminals that brought something lately.
    lately: BTreeSet<Code>,
    /// How many of them, whichever, have to show what they verified before anything is written.
    needed: Needed,
    known: Mutex<Known>,
}

/// How many of those are heard.
#[derive(Clone, Copy, Debug)]
enum Needed {
    /// So many, where the server says so.
    Count(usize),
    /// So many of a hundred, as the office says.
    Percent(u8),
}

impl Default for Needed {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl Needed {
    fn of(self, terminals: usize) -> usize {
        match self {
            Self::Count(count) => count.min(terminals),
            Self::Percent(percent) => (terminals * usize::from(percent)).div_ceil(100),
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    /// Terminals that showed what they verified,
    shown: BTreeSet<Code>,
    /// and all that came, also those that had nothing to show.
    come: BTreeSet<Code>,
    /// Nobody is waited for any more.
    over: bool,
}

/// Whether this machine remembers what its ledger signed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Each log of the office: nobody else knows more.
    All,
    /// It was switched off since, stood still for too long, or is another machine.
    NotAll,
}

/// Whose word is waited for after a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Terminals, which verified checkpoints.
    Terminals,
    /// Witnesses, which cosigned them.
    Witnesses,
}

/// How far a hearing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Whose.
    pub whom: Whom,
    /// So many have to come.
    pub needed: usize,
    /// So many have.
    pub heard: usize,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whom, needed, heard } = self;
        match whom {
            Whom::Terminals => {
                write!(f, "{heard} of {needed} terminals have shown since the start what they verified last")
            }
            Whom::Witnesses => {
                write!(f, "{heard} of {needed} witnesses have said since the start what they cosigned last")
            }
        }
    }
}

impl Awaited {
    /// Who has still to come.
    #[must_use]
    pub const fn missing(self) -> usize {
        self.needed.saturating_sub(self.heard)
    }
}

impl Hearing {
    /// For an office as the store has it: so many terminals as are configured, else so many of a hundred that brought something lately.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(
        store: &dyn Store,
        office: &OfficeId,
        configured: Option<usize>,
        percent: u8,
        (remembered, now): (Remembered, Millis),
        in_use: impl Fn(&Code) -> bool,
    ) -> Result<Self, StoreError> {
        let mut last = store.last_heard(office)?;
        last.retain(|(code, _, _)| in_use(code));
        // What came while our clock was ahead says nothing of when the others were at work; where all of it lies ahead, it is the clock here that is behind.
        let ahead = now.saturating_add(DAY);
        let newest = last.iter().map(|(_, _, at)| *at).filter(|at| *at <= ahead).max().unwrap_or_default();
        let of_these_days = last.into_iter().filter(|(_, _, at)| at.saturating_add(LATELY) >= newest);
        let lately: BTreeSet<Code> = of_these_days.map(|(code, _, _)| code).collect();
        let needed = configured.map_or(Needed::Percent(percent), Needed::Count);
        let known = Known { over: remembered == Remembered::All, ..Known::default() };
        Ok(Self { lately, needed, known: Mutex::new(known) })
    }

    /// Who is waited for before anything is written, of those that are in use still; nothing when enough have come.
    pub fn awaited(&self, in_use: impl Fn(&Code) -> bool) -> Option<Awaited> {
        let known = lock(&self.known);
        // Others that come show nothing of these days: one that was off for weeks would outvote those that know more.
        let heard = known.shown.intersection(&self.lately).count();
        if known.over || heard >= self.needed.of(self.lately.len()) {
            return None;
        }
        // A register that was put back and filled again may have retired some since.
        let needed = self.needed.of(self.lately.iter().filter(|code| in_use(code)).count());
        (heard < needed).then_some(Awaited { whom: Whom::Terminals, needed, heard })
    }

    /// Who is waited for before a log goes on that was behind: all that were at work lately and are in use still. Nothing when all have come.
    pub fn awaited_by_a_filled_log(&self, in_use: impl Fn(&Code) -> bool) -> Option<Awaited> {
        let known = lock(&self.known);
        let mut all = self.lately.iter().filter(|code| in_use(code)).peekable();
        all.peek()?;
        let (come, missing): (Vec<_>, Vec<_>) = all.partition(|code| known.come.contains(*code));
        let awaited = Awaited { whom: Whom::Terminals, needed: come.len() + missing.len(), heard: come.len() };
        (!known.over && !missing.is_empty()).then_some(awaited)
    }

    /// Whether all that were at work lately, and are in use still, have come: then nobody knows of more than is here.
    pub fn all_have_come(&self, in_use: impl Fn(&Code) -> bool) -> bool {
        let known = lock(&self.known);
        self.lately.iter().filter(|code| in_use(code)).all(|code| known.come.contains(code))
    }

    /// A terminal has come, and had nothing to show: its disk is new.
    pub fn came(&self, terminal: &Code) {
        lock(&self.known).come.insert(terminal.clone());
    }

    /// A terminal has shown what it verified last, of register and records log. What it shows of more than is here stops a log whoever it is; only those
    /// count as heard that are waited for.
    pub fn hear(&self, terminal: &Code) {
        let mut known = lock(&self.known);
        known.come.insert(terminal.clone());
        if known.shown.insert(terminal.clone()) {
            log::info!("terminal {terminal} has shown what it verified last");
        }
    }

    /// An operator says that nobody else need be waited for.
    pub fn end(&self) {
        lock(&self.known).over = true;
    }
}
