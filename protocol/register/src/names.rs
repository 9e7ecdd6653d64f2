//! Which names, and in the casebook which texts, an act speaks of. They travel beside it (§R1).

use alloc::vec::Vec;

use crate::act::SignedAct;
use crate::change::{Change, EndRecovery, RecoveryEnd, texts};
use crate::values::NameHash;

/// The hashes of the names that changes speak of.
#[must_use]
pub fn names_of(changes: &[Change]) -> Vec<NameHash> {
    // A recovery that is completed brings changes whose names lie beside its announcement.
    if let [Change::EndRecovery(EndRecovery { how: RecoveryEnd::Completed, .. }), ..] = changes {
        return Vec::new();
    }
    let mut hashes: Vec<NameHash> = changes.iter().flat_map(names_in).collect();
    hashes.sort();
    hashes.dedup();
    hashes
}

fn names_in(change: &Change) -> Vec<NameHash> {
    if let Change::Found(found) = change {
        return found.administrators.iter().map(|administrator| administrator.name).collect();
    }
    // Whoever may object must read whom a recovery speaks of.
    if let Change::AnnounceRecovery(announced) = change {
        return names_of(&announced.changes);
    }
    if let Change::Open(open) = change {
        return texts(&open.fields).collect();
    }
    if let Change::Step(step) = change {
        return texts(&step.fields).collect();
    }
    if let Change::Answer(answer) = change {
        return answer.reason.into_iter().collect();
    }
    change.designation().map(|designate| designate.name).into_iter().collect()
}

/// Whether what a hash in these changes stands for is free text, of several lines if need be, and no person's name.
#[must_use]
pub fn are_texts(changes: &[Change]) -> bool {
    changes.iter().any(Change::is_of_the_casebook)
}

impl SignedAct {
    /// The hashes of the names that it speaks of, or that the proposal speaks of which it approves.
    #[must_use]
    pub fn names(&self) -> Vec<NameHash> {
        // Recovery keys wrap one another's word, each one more.
        match self.proposal() {
            Ok(Some(proposal)) => proposal.names(),
            Ok(None) | Err(_) => names_of(&self.act().changes),
        }
    }
}
