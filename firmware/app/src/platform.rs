//! What a board gives the card.

use core::fmt;

use heapless::VecView;
use sekisho_wire::piv::Object;

use crate::command::KeySlot;

/// Memory that keeps, and randomness. There is no clock: nothing on the card depends on time.
pub trait Platform {
    /// Appends the content of a record to `into` and says its version; `None` when the card has no such record, or an
    /// empty one.
    ///
    /// # Errors
    /// When the memory cannot be read, or the record does not fit into `into`.
    fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StorageFailed>;

    /// Replaces a record. When this returns `Ok`, the write is durable: the card counts a PIN try with it before it
    /// looks at the PIN, so a write that is only on its way would give tries away. After `Err` the record is the old one or
    /// the new one, never a mixture. Empty content removes the record.
    ///
    /// # Errors
    /// When the memory could not be written, or perhaps could.
    fn store(&mut self, record: Record, version: u8, content: &[u8]) -> Result<(), StorageFailed>;

    /// Fills `out` with random bytes that nobody can guess.
    ///
    /// # Errors
    /// When there are none. The card then refuses what it was asked for.
    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed>;
}

/// The memory did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageFailed;

impl fmt::Display for StorageFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read or write the card's memory")
    }
}

impl core::error::Error for StorageFailed {}

/// There is no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomFailed;

impl fmt::Display for RandomFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot obtain random bytes")
    }
}

impl core::error::Error for RandomFailed {}

/// Everything that the card keeps, one record each. Nothing spans two records that must change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Four bytes, given at manufacture.
    Serial,
    /// How many tries the PIN has left: apart from the PIN, because it is written at every VERIFY.
    PinTally,
    /// The same for the PUK.
    PukTally,
    /// The PIN, salted and hashed.
    PinReference,
    /// The PUK, salted and hashed.
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
        [Self::Serial, Self::PinTally, Self::PukTally, Self::PinReference, Self::PukReference, Self::ManagementKey]
            .into_iter()
            .chain(KeySlot::ALL.into_iter().map(Self::Key))
            .chain(Object::ALL.into_iter().map(Self::Object))
    }

    /// A number that stands for the record in the memory of every board. Never reused for something else.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Serial => 0x01,
            Self::PinTally => 0x02,
            Self::PukTally => 0x03,
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
            },
        }
    }

    /// From its number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::all().find(|record| record.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn every_record_has_a_number_of_its_own() {
        for record in Record::all() {
            assert_eq!(Record::from_number(record.number()), Some(record));
        }
    }
}
