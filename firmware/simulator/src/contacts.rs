//! What a reader does to a card, whatever the card is: the application in this process, or a chip.

use std::io;

use sekisho_card_app::{ATR, Platform};

use crate::card::SimulatedCard;

/// What a reader does with the power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// It takes it away.
    Off,
    /// It gives it.
    On,
    /// Warm reset.
    Reset,
}

impl Power {
    /// vpcd's control codes.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Off),
            1 => Some(Self::On),
            2 => Some(Self::Reset),
            _ => None,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::Reset => 2,
        }
    }
}

/// A card from its contacts. An error means that it is no card any more: it falls out of the reader.
pub trait Contacts {
    /// It is about to go into the reader.
    ///
    /// # Errors
    /// When it is no card now.
    fn insert(&mut self) -> io::Result<()>;

    /// It is out.
    fn pull(&mut self);

    /// The reader does something with the power.
    ///
    /// # Errors
    /// When it is no card any more.
    fn power(&mut self, power: Power) -> io::Result<()>;

    /// What it says when power comes.
    ///
    /// # Errors
    /// When it is no card any more.
    fn answer_to_reset(&mut self) -> io::Result<Vec<u8>>;

    /// One APDU and its answer.
    ///
    /// # Errors
    /// When it is no card any more.
    fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>>;
}

impl<P: Platform> Contacts for SimulatedCard<P> {
    fn insert(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn pull(&mut self) {
        self.power_off();
    }

    fn power(&mut self, power: Power) -> io::Result<()> {
        match power {
            Power::Off => self.power_off(),
            Power::On => self.power_on(),
            Power::Reset => self.reset(),
        }
        Ok(())
    }

    fn answer_to_reset(&mut self) -> io::Result<Vec<u8>> {
        Ok(ATR.to_vec())
    }

    fn transmit(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        Ok(Self::transmit(self, command))
    }
}
