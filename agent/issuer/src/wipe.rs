//! A card becomes blank again, for another person. What it was cannot be brought back.

use sekisho_card::{PinAnswer, Transport};
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Instruction, Object};

use crate::error::{IssuerCause, IssuerError, Step};
use crate::inspect::SLOTS;
use crate::issuer::{Issuer, accepted};
use crate::pins::{PinChoice, unblock};
use crate::secret::{factory_key, factory_puk};

/// The tries that PIN and PUK have on a blank card (CARD.md §C15).
const FACTORY_TRIES: u8 = 5;

impl<T: Transport> Issuer<'_, T> {
    /// Destroys the card's keys, removes what is written on it, and sets PIN, PUK and management key back to the
    /// factory's. Interrupted, it is run again: the GUID goes last, because the management key is made of it.
    ///
    /// # Errors
    /// When the card is not ours, or cannot set its counters back (Yubico's SET TRIES; our card can).
    pub fn dangerous_wipe(&mut self) -> Result<(), IssuerError> {
        let step = Step::Wipe;
        for slot in SLOTS {
            // A key is destroyed by another one that nobody knows; the certificate goes with it.
            self.generate_key(slot)?;
            if let Some(object) = slot.certificate() {
                self.put(step, object, &[])?;
            }
        }
        self.put(step, Object::Grant, &[])?;
        self.put(step, Object::CardCapability, &[])?;
        if self.guid.is_some() {
            self.factory_pins()?;
            self.set_management_key(step, &factory_key())?;
            self.put(step, Object::CardHolderId, &[])?;
            self.guid = None;
        }
        log::info!("a card is blank again");
        Ok(())
    }

    /// SET TRIES is the only way back to the factory's PIN and PUK: as new ones they would be refused. It wants the
    /// management key and a verified PIN, so a passing PIN is set first.
    fn factory_pins(&mut self) -> Result<(), IssuerError> {
        let step = Step::Wipe;
        let ours = self.our_puk(step)?;
        let passing = PinChoice::Random.choose().map_err(|cause| IssuerError { step, cause })?;
        self.privileged(step, |conversation, _, _| {
            match unblock(conversation, &ours, &passing) {
                // An interrupted wipe, or an interrupted personalisation, has the factory's PUK.
                Err(IssuerCause::WrongPuk { .. }) => unblock(conversation, &factory_puk(), &passing)?,
                result => result?,
            }
            match conversation.verify(&passing)? {
                PinAnswer::Verified(_) => {}
                PinAnswer::Wrong { .. } | PinAnswer::Blocked | PinAnswer::Refused | PinAnswer::Unclear(_) => {
                    return Err(IssuerCause::NotGenuine);
                }
            }
            let command = Command::new(0x00, Instruction::SetTries.byte(), FACTORY_TRIES, FACTORY_TRIES);
            accepted(conversation.exchange(command)?.status)
        })
    }
}
