//! After a start terminals show what they verified last, before anything new is written (design 3.10).
//!
//! A database that is put back together with its checkpoint files knows of nothing newer by itself. Whoever has verified more holds our own
//! signature under it, so the ledger waits until some have come and shown theirs: what was written before that could stand at the place of
//! what was lost. What the database holds already may be signed meanwhile: whatever was signed over so many entries was over these.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use sekisho_wire::id::{Code, OfficeId};

use crate::clock::{DAY, Millis};
use crate::signed_log::lock;
use crate::store::{Store, StoreError};

/// Terminals that brought something within this time before the last that did are those that may have verified what is newest.
const LATELY: Millis = 7 * DAY;

/// Who may know more, and who has come.
#[derive(Debug, Default)]
pub struct Hearing {
    /// Terminals that brought something lately, and are in use.
    lately: BTreeSet<Code>,
    /// So many of them have to come before a log goes on that was behind,
    all: usize,
    /// and before anything is written.
    waits: bool,
    heard: Mutex<BTreeSet<Code>>,
}

/// How far a hearing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// So many terminals have to come.
    pub needed: usize,
    /// So many have.
    pub heard: usize,
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, heard } = self;
        write!(f, "{heard} of {needed} terminals have shown since the start what they verified last")
    }
}

impl Hearing {
    /// For an office as the store has it: so many terminals, if anybody says how many, else none; and all that brought something lately, or so many,
    /// before a log that was behind goes on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(
        store: &dyn Store,
        office: &OfficeId,
        configured: Option<usize>,
        in_use: impl Fn(&Code) -> bool,
    ) -> Result<Self, StoreError> {
        let last = store.last_heard(office)?;
        let newest = last.iter().map(|(_, _, at)| *at).max().unwrap_or_default();
        let of_these_days = last.into_iter().filter(|(_, _, at)| at.saturating_add(LATELY) >= newest);
        let lately: BTreeSet<Code> = of_these_days.map(|(code, _, _)| code).filter(in_use).collect();
        let all = configured.map_or(lately.len(), |most| most.min(lately.len()));
        Ok(Self { lately, all, waits: configured.is_some(), heard: Mutex::default() })
    }

    /// Who is waited for before anything is written; nothing when enough have come.
    #[must_use]
    pub fn awaited(&self) -> Option<Awaited> {
        self.awaited_by_a_filled_log().filter(|_| self.waits)
    }

    /// Who is waited for before a log goes on that was behind; nothing when all have come.
    #[must_use]
    pub fn awaited_by_a_filled_log(&self) -> Option<Awaited> {
        let (needed, heard) = (self.all, lock(&self.heard).len());
        (heard < needed).then_some(Awaited { needed, heard })
    }

    /// A terminal has shown what it verified last, of every log.
    pub fn hear(&self, terminal: &Code) {
        if self.lately.contains(terminal) && lock(&self.heard).insert(terminal.clone()) {
            log::info!("terminal {terminal} has shown what it verified last");
        }
    }
}
