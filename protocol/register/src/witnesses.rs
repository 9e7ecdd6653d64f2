//! Whether as many witnesses have cosigned a checkpoint as the office asks for (§R3.16).

use alloc::vec::Vec;

use sekisho_tlog::{Checkpoint, KeyKind, TlogError, VerifyingKey};

use crate::change::Witness;
use crate::fold::Register;

/// Cosignatures under a checkpoint, by witnesses that the register names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosignatures {
    /// So many are there,
    pub found: usize,
    /// and so many must be.
    pub needed: usize,
}

impl Cosignatures {
    /// Whether there are enough.
    #[must_use]
    pub const fn suffice(self) -> bool {
        self.found >= self.needed
    }
}

impl Register {
    /// Counts the cosignatures under a checkpoint of a log with these keys. Where the office asks for none the note is not looked at.
    ///
    /// # Errors
    /// [`TlogError`] when no key of the log signed it.
    pub fn cosignatures(&self, checkpoint: &str, log: &[VerifyingKey]) -> Result<Cosignatures, TlogError> {
        let none = Cosignatures { found: 0, needed: 0 };
        let Some(set) = self.witnesses().filter(|set| set.needed > 0) else { return Ok(none) };
        let key =
            |witness: &Witness| VerifyingKey::from_bytes(witness.name.as_str(), KeyKind::CosignatureV1, &witness.key.0);
        let witnesses = set.witnesses.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        let found = Checkpoint::open_cosigned(checkpoint, log, &witnesses)?.witnesses.len();
        Ok(Cosignatures { found, needed: usize::from(set.needed) })
    }
}
