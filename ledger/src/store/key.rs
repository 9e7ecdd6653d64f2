//! A payload key as it is stored, and what became of it.

use sekisho_wire::id::OfficeId;

use super::StoreError;

/// A payload key, wrapped by the key of its name in `payload.key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its number, counted from 1 in each office.
    pub number: u32,
    /// The office.
    pub office: OfficeId,
    /// Retention class (wire §3): 1, 2, 3.
    pub class: u8,
    /// Month of the operations (UTC+9): year × 12 + month − 1.
    pub month: u32,
    /// The key, sealed; empty once it was destroyed.
    pub wrapped: Vec<u8>,
    /// What became of it.
    pub state: KeyState,
}

impl StoredKey {
    /// Whose it is.
    #[must_use]
    pub const fn name(&self) -> (OfficeId, u8, u32) {
        (self.office, self.class, self.month)
    }
}

/// What became of a payload key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It seals and opens.
    InUse,
    /// It was destroyed; what it sealed may still be there.
    Destroyed,
    /// What it sealed is gone as well.
    Erased,
}

impl KeyState {
    /// Its number in tables: 0, 1, 2.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::InUse => 0,
            Self::Destroyed => 1,
            Self::Erased => 2,
        }
    }

    pub(super) fn numbered(number: i64) -> Result<Self, StoreError> {
        let found = [Self::InUse, Self::Destroyed, Self::Erased].into_iter().find(|state| state.number() == number);
        found.ok_or(StoreError::Damaged { what: "state of a payload key" })
    }
}
