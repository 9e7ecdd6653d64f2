//! A card becomes blank again, for another person, or ends for good. What it was cannot be brought back.

use sekisho_card::Transport;
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Instruction, Object};
use sekisho_wire::status::Status;

use crate::error::{IssuerError, Step};
use crate::inspect::SLOTS;
use crate::issuer::Issuer;
use crate::management_key::KeyAlgorithm;
use crate::secret::factory_key;

/// The tries that PIN and PUK have on a blank card (CARD.md §C15).
const FACTORY_TRIES: u8 = 5;

/// How a card became blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wiped {
    /// It knows how, and is as it came from the factory.
    Whole,
    /// Step by step. Left on it: keys that nobody knows and no register names in 9A, 9C and 9E, its number of tries, and what is none of ours (9D, retired keys).
    InSteps,
}

/// How a card was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// It is terminated: it answers nothing any more, whatever is done to it.
    ForGood,
    /// It does not know how, and was made blank instead: whoever destroys it must do so by hand.
    Blank,
}

impl<T: Transport> Issuer<'_, T> {
    /// Destroys the card's keys, removes what is written on it, and sets PIN, PUK and management key back to the
    /// factory's: at once where the card knows RESET for its issuer, as ours does (CARD.md §C24), else step by step. Interrupted, it is
    /// run again: the GUID goes last, because the management key is made of it.
    ///
    /// # Errors
    /// When the card is not ours, or a step fails.
    pub fn dangerous_wipe(&mut self) -> Result<Wiped, IssuerError> {
        let wiped = if self.order(Step::Wipe, Instruction::Reset)?.is_ok() {
            self.guid = None;
            self.proved = None;
            Wiped::Whole
        } else {
            self.wipe_in_steps()?;
            Wiped::InSteps
        };
        log::info!("a card is blank again");
        Ok(wiped)
    }

    /// Ends the card for good (ISO/IEC 7816-9, TERMINATE DF; CARD.md §C24); one that does not know how is wiped.
    ///
    /// # Errors
    /// When the card is not ours, or neither can be done.
    pub fn dangerous_terminate(&mut self) -> Result<Ended, IssuerError> {
        if self.order(Step::Terminate, Instruction::Terminate)?.is_ok() {
            self.guid = None;
            log::info!("a card has ended");
            return Ok(Ended::ForGood);
        }
        self.dangerous_wipe().map(|_| Ended::Blank)
    }

    /// A command without data that not every card knows. What it answers to what it does not know differs from card to card.
    fn order(&mut self, step: Step, instruction: Instruction) -> Result<Status, IssuerError> {
        self.privileged(step, |conversation, _, _| {
            Ok(conversation.exchange(Command::new(0x00, instruction.byte(), 0x00, 0x00))?.status)
        })
    }

    fn wipe_in_steps(&mut self) -> Result<(), IssuerError> {
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
            self.factory_pins(step, FACTORY_TRIES)?;
            // As most makers deliver their cards, where it can be so again.
            let keys = KeyAlgorithm::ALL.map(factory_key);
            self.set_management_key(step, &keys.into_iter().rev().collect::<Vec<_>>())?;
            self.put(step, Object::CardHolderId, &[])?;
            self.guid = None;
        }
        Ok(())
    }
}
