//! What a board gives the card.

use core::fmt;

use embedded_storage::nor_flash::MultiwriteNorFlash;
use sekisho_wire::piv::Object;

use crate::command::KeySlot;

/// Flash that keeps, and randomness. There is no clock: nothing on the card depends on time.
pub trait Platform {
    /// NOR flash that belongs to the card alone: at least four pages, read by bytes, written by words of four bytes or by a part of
    /// them. A word that was written may be cleared to zeros once more before it is erased, and is never written a third time (§S11).
    type Flash: MultiwriteNorFlash;

    /// The flash. When a write returns `Ok` it is durable: the card counts a PIN try with it before it looks at the PIN, so a
    /// write that is only on its way would give tries away. Nothing else is asked: power may go at any byte of a write and
    /// anywhere in an erase.
    fn flash(&mut self) -> &mut Self::Flash;

    /// Fills `out` with random bytes that nobody can guess.
    ///
    /// # Errors
    /// When there are none. The card then refuses what it was asked for.
    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed>;
}

/// There is no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomFailed;

impl fmt::Display for RandomFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot obtain random bytes")
    }
}

impl core::error::Error for RandomFailed {}

/// Everything that the card keeps in its log, one record each. Nothing spans two records that must change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Four bytes, given at manufacture.
    Serial,
    /// How many tries PIN and PUK begin with. How many are left stands in the tally.
    Tries,
    /// Where the card stands in its life; absent while it is in use.
    Life,
    /// The PIN and those before it, salted and hashed, and who chose it.
    PinReference,
    /// The PUK, likewise.
    PukReference,
    /// 9B.
    ManagementKey,
    /// A private key.
    Key(KeySlot),
    /// A data object.
    Object(Object),
}

impl Record {
    /// Every record that a card can have.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Serial, Self::Tries, Self::Life, Self::PinReference, Self::PukReference, Self::ManagementKey]
            .into_iter()
            .chain(KeySlot::ALL.into_iter().map(Self::Key))
            .chain(Object::ALL.into_iter().map(Self::Object))
    }

    /// A number that stands for the record on every flash. Never reused for something else, never 255.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Serial => 0x01,
            Self::Tries => 0x02,
            Self::Life => 0x03,
            Self::PinReference => 0x04,
            Self::PukReference => 0x05,
            Self::ManagementKey => 0x06,
            Self::Key(slot) => slot.slot().byte(),
            Self::Object(object) => match object {
                Object::CardCapability => 0x20,
                Object::CardHolderId => 0x21,
                Object::AuthenticationCertificate => 0x22,
                Object::SignatureCertificate => 0x23,
                Object::KeyManagementCertificate => 0x24,
                Object::CardAuthenticationCertificate => 0x25,
                Object::Discovery => 0x26,
                Object::Grant => 0x27,
                Object::PinPolicy => 0x28,
            },
        }
    }

    /// Whether its content is a secret, of which nothing may stay behind when there is a newer one.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        match self {
            Self::PinReference | Self::PukReference | Self::ManagementKey | Self::Key(_) => true,
            Self::Serial | Self::Tries | Self::Life | Self::Object(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn every_record_has_a_number_of_its_own() {
        let mut seen = [false; 255];
        for record in Record::all() {
            let number = usize::from(record.number());
            assert!(!core::mem::replace(&mut seen[number], true), "{record:?}");
        }
    }
}
