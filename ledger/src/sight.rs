//! What of the office a visitor is shown (register §R12): a head of a section his own section's part of it.

use std::ops::Range;

use sekisho_register::{Register, Sight, SignedAct};
use sekisho_tlog::Hash;

use crate::acts::Name;
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::Visitor;

impl Ledger {
    /// Whom this person sees now.
    pub(crate) fn sight(&self, register: &Register, visitor: &Visitor) -> Sight {
        register.sight(&visitor.operator, self.clock.now())
    }

    /// Whether an act is one of those that this person is shown.
    ///
    /// # Errors
    /// [`Refusal::OtherSection`]; [`Refusal::NotFound`].
    pub(crate) fn expect_in_sight(&self, visitor: &Visitor, id: &Hash) -> Result<(), Refusal> {
        let act = self.store.act(&visitor.office, id)?.ok_or(Refusal::NotFound("act"))?;
        self.expect_entry_in_sight(visitor, act.log, act.index)
    }

    /// The same of the entry at this index.
    ///
    /// # Errors
    /// [`Refusal::OtherSection`].
    pub(crate) fn expect_entry_in_sight(&self, visitor: &Visitor, log: LogName, index: u64) -> Result<(), Refusal> {
        let office = self.office(&visitor.office)?;
        let register = office.register();
        let sight = self.sight(&register, visitor);
        if sight.is_whole() {
            return Ok(());
        }
        let entries = self.store.entries(&visitor.office, log, index, 1)?;
        let signed = entries.first().and_then(|entry| SignedAct::decode(&entry.payload).ok());
        let seen = signed.is_some_and(|signed| match log {
            LogName::Casebook => sight.sees_entry(&register, &office.casebook(), index, &signed),
            LogName::Register | LogName::Records => sight.sees_act(&register, &signed),
        });
        if seen { Ok(()) } else { Err(Refusal::OtherSection) }
    }

    /// The names and texts beside entries of the casebook, of those entries that this person is shown.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn texts_in_sight(&self, visitor: &Visitor, entries: Range<u64>) -> Result<Vec<Name>, Refusal> {
        let whole = self.sight(&self.office(&visitor.office)?.register(), visitor).is_whole();
        if whole {
            return self.names_beside(&visitor.office, LogName::Casebook, entries);
        }
        let mut texts = Vec::new();
        for index in entries {
            match self.expect_entry_in_sight(visitor, LogName::Casebook, index) {
                Ok(()) => texts.extend(self.names_beside(&visitor.office, LogName::Casebook, index..index + 1)?),
                Err(Refusal::OtherSection) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(texts)
    }
}
