//! What a register does not hold itself, for the tables of sekisho-paper: names, as far as this person may read them, and acts. Each is read when it is first asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use sekisho_paper::Names;
use sekisho_register::{NameHash, SignedAct};

use super::visit::View;
use crate::clock::Millis;
use crate::refusal::Refusal;
use crate::store::LogName;

/// Names and acts beside the register that a page is made of.
pub(crate) struct Beside<'a, 'v> {
    view: &'a View<'v>,
    names: OnceCell<HashMap<NameHash, String>>,
    /// The register log in parts of [`PART`] entries.
    parts: Vec<OnceCell<Vec<Act>>>,
    failed: RefCell<Option<Refusal>>,
}

struct Act {
    /// Nothing for one that is damaged.
    made: Option<Millis>,
    entry: Vec<u8>,
}

impl<'a, 'v> Beside<'a, 'v> {
    pub(crate) fn of(view: &'a View<'v>) -> Self {
        let parts = view.register.size().div_ceil(PART);
        let parts = (0..parts).map(|_| OnceCell::new()).collect();
        Self { view, names: OnceCell::new(), parts, failed: RefCell::default() }
    }

    /// A table that was made while something could not be read is none.
    ///
    /// # Errors
    /// What went wrong first.
    pub(crate) fn whole(self) -> Result<(), Refusal> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    fn or_empty<T: Default>(&self, read: Result<T, Refusal>) -> T {
        read.unwrap_or_else(|refusal| {
            self.failed.borrow_mut().get_or_insert(refusal);
            T::default()
        })
    }

    /// The names that the ledger gives this person's tool as well (register §R12).
    fn names(&self) -> Result<HashMap<NameHash, String>, Refusal> {
        let View { ledger, register, visitor, sight, .. } = self.view;
        let may_read = sight.names(register);
        let names = ledger.names_beside(&visitor.office, LogName::Register, 0..register.size())?;
        let names = names.into_iter().map(|it| (NameHash::of(&it.salt, &it.text), it.text.as_str().to_owned()));
        Ok(names.filter(|(hash, _)| may_read.as_ref().is_none_or(|may_read| may_read.contains(hash))).collect())
    }

    fn part(&self, part: u64) -> Result<Vec<Act>, Refusal> {
        let View { ledger, visitor, .. } = self.view;
        let entries = ledger.store.entries(&visitor.office, LogName::Register, part * PART, PART as u32)?;
        let act = |entry: Vec<u8>| Act { made: SignedAct::decode(&entry).ok().map(|signed| signed.act().made), entry };
        Ok(entries.into_iter().map(|entry| act(entry.payload)).collect())
    }

    fn act(&self, index: u64) -> Option<&Act> {
        let (part, within) = (index / PART, index % PART);
        let cell = self.parts.get(usize::try_from(part).ok()?)?;
        cell.get_or_init(|| self.or_empty(self.part(part))).get(usize::try_from(within).ok()?)
    }
}

impl Names for Beside<'_, '_> {
    fn name(&self, hash: &NameHash) -> Option<&str> {
        self.names.get_or_init(|| self.or_empty(self.names())).get(hash).map(String::as_str)
    }

    fn is_erased(&self, hash: &NameHash) -> bool {
        self.view.register.name_erased(hash).is_some()
    }

    fn made(&self, index: u64) -> Option<u64> {
        self.act(index)?.made
    }

    fn entry(&self, index: u64) -> Option<&[u8]> {
        self.act(index).map(|act| act.entry.as_slice())
    }
}

/// Entries that are read at once.
const PART: u64 = 1000;
