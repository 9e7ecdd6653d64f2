//! How far a card has come, told from the card alone.

use sekisho_card::Transport;
use sekisho_wire::piv::{Object, Slot};

use crate::error::{IssuerError, Step};
use crate::issuer::{Issuer, KeyHeld};

/// How far a card has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Personalisation {
    /// Nothing of anybody is on it.
    Blank,
    /// Some steps were done. An interrupted personalisation leaves this; run it again.
    Partial {
        /// What is missing, in the order in which it is done.
        missing: Vec<Step>,
    },
    /// Everything is on it.
    Complete,
    /// Its management key is neither the factory's nor ours: another office's card.
    Foreign,
}

/// The slots that hold keys of ours, in the order in which they are made.
pub(crate) const SLOTS: [Slot; 3] = [Slot::Authentication, Slot::Signature, Slot::CardAuthentication];

impl<T: Transport> Issuer<'_, T> {
    /// Looks at the card without changing it. PIN and PUK cannot be looked at; they and their rules are set before the management key is
    /// replaced, so that key stands for them.
    ///
    /// # Errors
    /// When the card does not answer.
    pub fn inspect(&mut self) -> Result<Personalisation, IssuerError> {
        let held = self.key_held(Step::Look)?;
        if held == KeyHeld::Foreign {
            return Ok(Personalisation::Foreign);
        }
        let mut missing = Vec::new();
        if self.guid.is_none() {
            missing.push(Step::Identity);
        }
        if !self.has(Object::CardCapability)? {
            missing.push(Step::Capability);
        }
        for slot in SLOTS {
            // Making a key removes the certificate, so a certificate vouches for its key.
            if let Some(object) = slot.certificate()
                && !self.has(object)?
            {
                missing.push(Step::Key(slot));
            }
        }
        if held == KeyHeld::Factory {
            missing.extend([Step::PinRules, Step::Puk, Step::Pin, Step::ManagementKey]);
        }
        if !self.has(Object::Grant)? {
            missing.push(Step::Grant);
        }
        Ok(sum_up(missing))
    }

    fn has(&mut self, object: Object) -> Result<bool, IssuerError> {
        self.converse(Step::Look, |conversation| Ok(conversation.read(object)?.is_some()))
    }
}

fn sum_up(missing: Vec<Step>) -> Personalisation {
    // With some blank cards comes a GUID or a capability container.
    let brought = |step: &Step| matches!(step, Step::Identity | Step::Capability);
    let essential = missing.iter().filter(|step| !brought(step)).count();
    match (missing.is_empty(), essential == SLOTS.len() + 5) {
        (true, _) => Personalisation::Complete,
        (false, true) => Personalisation::Blank,
        (false, false) => Personalisation::Partial { missing },
    }
}

#[cfg(test)]
mod tests {
    use super::{Personalisation, SLOTS, Step, sum_up};

    #[test]
    fn only_a_card_that_lacks_everything_of_ours_is_blank() {
        let mut all = vec![Step::Identity, Step::Capability];
        all.extend(SLOTS.map(Step::Key));
        all.extend([Step::PinRules, Step::Puk, Step::Pin, Step::ManagementKey, Step::Grant]);
        assert_eq!(sum_up(all.clone()), Personalisation::Blank);
        assert_eq!(sum_up(vec![]), Personalisation::Complete);
        for skipped in 0..all.len() {
            let mut missing = all.clone();
            let done = missing.remove(skipped);
            let blank = matches!(done, Step::Identity | Step::Capability);
            assert_eq!(sum_up(missing) == Personalisation::Blank, blank, "{done}");
        }
    }
}
