//! What a card signs for what stands in a record (wire §6).

use crate::canonical::labelled_digest;
use crate::decision::DecisionInput;
use crate::id::{Hash, OfficeId, RequestId, Salt};

/// What slot 9A signs to open a session (wire §6.1).
#[must_use]
pub fn session_digest(salt: &Salt, root: &Hash, input: &DecisionInput) -> [u8; 32] {
    labelled_digest("sekisho session v1", &(salt, root, input))
}

/// What slot 9E or 9A signs for one request (wire §6.2).
#[must_use]
pub fn decision_digest(salt: &Salt, request: &RequestId, input: &DecisionInput) -> [u8; 32] {
    labelled_digest("sekisho decision v1", &(salt, request, input))
}

/// What slot 9A signs to get a token at the ledger (wire §6.3). `challenge` is the ledger's.
#[must_use]
pub fn token_digest(office: &OfficeId, challenge: &Hash) -> [u8; 32] {
    labelled_digest("sekisho token v1", &(office, challenge))
}

/// What slot 9A of its writer's card signs for an evidence file (EVIDENCE.md §E1.8). `content` is the SHA-256 of all that stands before the
/// signature.
#[must_use]
pub fn evidence_digest(office: &OfficeId, content: &Hash) -> [u8; 32] {
    labelled_digest("sekisho evidence v1", &(office, content))
}

/// What slot 9A of its writer's card signs for logs that were taken out of the ledger (EXPORT.md §X2.4). `content` is the SHA-256 of the list of files.
#[must_use]
pub fn export_digest(office: &OfficeId, content: &Hash) -> [u8; 32] {
    labelled_digest("sekisho export v1", &(office, content))
}
