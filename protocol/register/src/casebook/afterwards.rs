//! What the casebook had to say of an act before the ledger took it, asked again of the whole casebook afterwards (`fsck`).
//!
//! How far the casebook went when an act came stands in no bytes; when each was signed does, by clocks that may be as far apart as the ledger lets them be. So what is
//! asked errs to the side of the ledger by that much.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use super::Casebook;
use crate::act::SignedAct;
use crate::cases::{Case, Taken};
use crate::change::{CaseId, Change, ConnectionState};
use crate::fold::Register;
use crate::forms::{Asked, WITHDRAWN};
use crate::permission::CLOCKS_MS;
use crate::refusal::FoldRefusal;

/// What of the casebook counts as there when an act came: what was signed by then, and the cases that it names.
struct By {
    opened: u64,
    named: BTreeSet<CaseId>,
    steps: u64,
    /// Steps that close a case.
    closings: u64,
}

impl Change {
    /// Whether only the casebook can say if it may be: it restores a connection (§R11.7), or erases texts (§R3.25).
    #[must_use]
    pub const fn asks_the_casebook(&self) -> bool {
        let restores =
            if let Self::Connection(set) = self { matches!(set.state, ConnectionState::Connected) } else { false };
        restores || matches!(self, Self::EraseTexts(_))
    }
}

impl Casebook {
    /// Whether the record of each stop that an act of the register log lifted was open then, resolved and confirmed, and whether the texts that it erased might go.
    /// `before` is the register before the act. Of permits: [`Self::permits`].
    ///
    /// # Errors
    /// [`Self::may_reconnect`], [`Self::may_erase`].
    pub fn let_pass(&self, before: &Register, signed: &SignedAct) -> Result<(), FoldRefusal> {
        let (source, _) = signed.source().map_err(FoldRefusal::Malformed)?;
        let (changes, made) = (&source.act().changes, signed.act().made);
        let (early, late) = (made.saturating_sub(CLOCKS_MS), made.saturating_add(CLOCKS_MS));
        // The record is closed by naming the act, minutes later.
        let named = BTreeSet::new();
        self.as_it_was(&By { opened: late, named, steps: late, closings: early }).may_reconnect(before, changes)?;
        let named = changes.iter().flat_map(cases_in).collect();
        let then = self.as_it_was(&By { opened: early, named, steps: late, closings: late });
        then.may_erase(before, changes, made.max(before.newest_made()))
    }

    fn as_it_was(&self, by: &By) -> Self {
        let mut then = self.clone();
        then.cases = Default::default();
        for case in self.cases().filter(|case| case.opened.made <= by.opened || by.named.contains(&case.id)) {
            let there = |taken: &&Taken| {
                let closes =
                    case.id.form.definition().step(taken.step).is_some_and(|step| step.asked == Asked::Closing);
                let by = if closes || taken.step == WITHDRAWN { by.closings } else { by.steps };
                taken.written.made <= by
            };
            let steps = case.steps.iter().filter(there).cloned().collect();
            then.cases.insert(case.id, Arc::new(Case { steps, ..case.clone() }));
        }
        then
    }
}

fn cases_in(change: &Change) -> impl Iterator<Item = CaseId> {
    let erased = if let Change::EraseTexts(erase) = change { erase.cases.as_slice() } else { &[] };
    erased.iter().map(|case| case.case)
}
