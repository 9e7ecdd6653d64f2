//! What of the office a visitor is shown (register §R12): a head of a section his own section's part of it.

use std::ops::Range;

use sekisho_register::{NameHash, Register, Sight, SignedAct};
use sekisho_tlog::Hash;

use crate::acts::Name;
use crate::ledger::Ledger;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::Visitor;

impl Ledger {
    /// Whom this person sees now.
    pub(crate) fn sight(&self, register: &Register, visitor: &Visitor) -> Sight {
        register.sight(&visitor.operator, self.clock.now())
    }

    /// The names and texts beside an act, as far as this person is shown them, and its index.
    ///
    /// # Errors
    /// [`Refusal::OtherSection`]; [`Refusal::NotFound`].
    pub(crate) fn act_names_in_sight(&self, visitor: &Visitor, id: &Hash) -> Result<(u64, Vec<Name>), Refusal> {
        let office = self.office(&visitor.office)?;
        let act = self.store.act(&office.id, id)?.ok_or(Refusal::NotFound("act"))?;
        let sight = self.sight(&office.register(), visitor);
        Ok((act.index, self.names_in_sight(&office, &sight, act.log, act.index)?))
    }

    /// The names and texts beside the entry at this index, as far as whoever sees this much is shown them.
    ///
    /// # Errors
    /// [`Refusal::OtherSection`] where nothing of the entry is his to see.
    pub(crate) fn names_in_sight(
        &self,
        office: &Office,
        sight: &Sight,
        log: LogName,
        index: u64,
    ) -> Result<Vec<Name>, Refusal> {
        let mut names = self.names_beside(&office.id, log, index..index.saturating_add(1))?;
        if sight.is_whole() {
            return Ok(names);
        }
        let (register, casebook) = (office.register(), office.casebook());
        let entries = self.store.entries(&office.id, log, index, 1)?;
        let signed = entries.first().and_then(|entry| SignedAct::decode(&entry.payload).ok());
        let signed = signed.ok_or(Refusal::OtherSection)?;
        let (seen, may_read) = match log {
            LogName::Casebook => (
                sight.sees_entry(&register, &casebook, index, &signed),
                sight.beside(&register, &casebook, (index, &signed), self.clock.now()),
            ),
            LogName::Register | LogName::Records => (sight.sees_act(&register, &signed), sight.names(&register)),
        };
        if !seen {
            return Err(Refusal::OtherSection);
        }
        if let Some(may_read) = may_read {
            names.retain(|name| may_read.contains(&NameHash::of(&name.salt, &name.text)));
        }
        Ok(names)
    }

    /// The names and texts beside entries of the casebook, of those entries that this person is shown.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn texts_in_sight(&self, visitor: &Visitor, entries: Range<u64>) -> Result<Vec<Name>, Refusal> {
        let office = self.office(&visitor.office)?;
        let sight = self.sight(&office.register(), visitor);
        if sight.is_whole() {
            return self.names_beside(&office.id, LogName::Casebook, entries);
        }
        let mut texts = Vec::new();
        for index in entries {
            match self.names_in_sight(&office, &sight, LogName::Casebook, index) {
                Ok(names) => texts.extend(names),
                Err(Refusal::OtherSection) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(texts)
    }
}
