//! The grant on the card (wire §9): the act that issued it, and the proof of its place in the register log.

use sekisho_register::LogKeys;
use sekisho_tlog::leaf_hash;
use sekisho_wire::grant::{GRANT_MAX, Grant, PROOF_MAX};
use sekisho_wire::id::Hash;

use crate::error::AdminError;
use crate::ledger::Place;

/// Checks the proof, and writes the bytes that go onto the card.
///
/// # Errors
/// When the proof does not hold, or the grant is larger than a card takes.
pub(crate) fn encode(entry: &[u8], place: &Place, keys: &LogKeys) -> Result<Vec<u8>, AdminError> {
    verify_place(entry, place, keys)?;
    let proof: heapless::Vec<Hash, PROOF_MAX> = heapless::Vec::from_slice(&place.proof)
        .map_err(|_| AdminError::Ledger("a proof with more hashes than a log needs"))?;
    let grant = Grant { act: entry, index: place.index, proof, checkpoint: &place.checkpoint };
    let mut bytes = Vec::new();
    grant.write(&mut bytes).expect("a vector takes any number of bytes");
    if bytes.len() > GRANT_MAX { Err(AdminError::GrantTooLarge) } else { Ok(bytes) }
}

/// Whether an entry lies where the ledger says, under a checkpoint by the key in force; the checkpoint's size.
///
/// # Errors
/// [`AdminError::Tlog`] when it does not.
pub(crate) fn verify_place(entry: &[u8], place: &Place, keys: &LogKeys) -> Result<u64, AdminError> {
    verify_place_of(&leaf_hash(entry), place, keys)
}

/// The same of a leaf alone.
///
/// # Errors
/// As [`verify_place`].
pub(crate) fn verify_place_of(leaf: &sekisho_tlog::Hash, place: &Place, keys: &LogKeys) -> Result<u64, AdminError> {
    let checkpoint = keys.open(&place.checkpoint)?;
    let proof: Vec<sekisho_tlog::Hash> = place.proof.iter().map(|hash| sekisho_tlog::Hash(hash.0)).collect();
    sekisho_tlog::verify_inclusion(leaf, place.index, checkpoint.size, &proof, &checkpoint.root)?;
    Ok(checkpoint.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_tlog::{Checkpoint, MemoryTree, SigningKey, inclusion_proof};

    fn place(entries: &[&[u8]], index: u64, key: &SigningKey) -> Place {
        let tree: MemoryTree = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let proof = inclusion_proof(&tree, index, tree.size()).unwrap();
        let checkpoint =
            Checkpoint { origin: key.name().to_owned(), size: tree.size(), root: tree.root(), extensions: Vec::new() };
        Place { index, proof: proof.iter().map(|hash| Hash(hash.0)).collect(), checkpoint: checkpoint.sign(key).into() }
    }

    #[test]
    fn a_grant_is_only_made_for_an_act_that_lies_there() {
        let key = SigningKey::from_seed("ledger/office/register", &[7; 32]).unwrap();
        let entries: [&[u8]; 3] = [b"founding", b"issue", b"more"];
        let good = place(&entries, 1, &key);
        let bytes = encode(b"issue", &good, &key.verifying_key().into()).unwrap();
        let grant = Grant::decode(&bytes).unwrap();
        assert_eq!((grant.act, grant.index), (&b"issue"[..], 1));
        assert!(matches!(encode(b"other", &good, &key.verifying_key().into()), Err(AdminError::Tlog(_))));
        let other = SigningKey::from_seed("ledger/office/register", &[8; 32]).unwrap();
        assert!(matches!(encode(b"issue", &good, &other.verifying_key().into()), Err(AdminError::Tlog(_))));
        let large = vec![0; GRANT_MAX];
        let place = place(&[&large], 0, &key);
        assert!(matches!(encode(&large, &place, &key.verifying_key().into()), Err(AdminError::GrantTooLarge)));
    }
}
