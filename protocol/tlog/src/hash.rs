//! SHA-256 as RFC 6962 uses it (§1).

use alloc::string::String;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// A leaf, node or root hash: SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; HASH_BYTES]);

/// The hash of a leaf: `SHA-256(0x00 || entry)` (§1.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new_with_prefix(LEAF_PREFIX).chain_update(entry).finalize().into())
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)` (§1.2).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new_with_prefix(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without leaves (§1.3).
#[must_use]
pub const fn empty_root() -> Hash {
    EMPTY_ROOT
}

impl Hash {
    /// The hash in these bytes, if there are 32 of them.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Hash)
    }

    /// Base64, as notes and proof files carry it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] writes, and nothing else.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Length of a hash in bytes.
pub const HASH_BYTES: usize = 32;

/// `SHA-256("")`: RFC 6962 section 2.1, the hash of an empty list.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

// RFC 6962 section 2.1: different first bytes, so that no entry can pose as a node.
const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(EMPTY_ROOT.0, <[u8; 32]>::from(Sha256::digest(b"")));
    }

    #[test]
    fn an_entry_that_looks_like_a_node_hashes_differently() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let posing: alloc::vec::Vec<u8> = left.0.iter().chain(&right.0).copied().collect();
        assert_ne!(leaf_hash(&posing), node_hash(&left, &right));
    }

    #[test]
    fn base64_reads_back_and_hex_is_what_people_see() {
        assert_eq!(Hash::from_base64(&EMPTY_ROOT.to_base64()), Some(EMPTY_ROOT));
        assert!(format!("{EMPTY_ROOT:?}").starts_with("e3b0c442"));
    }

    #[test]
    fn base64_has_one_text_per_hash() {
        // The last character before the padding carries two bits that belong to nobody: `U=` is canonical, `V=` is not.
        assert_eq!(Hash::from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="), None);
        assert_eq!(Hash::from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"), None);
        assert_eq!(Hash::from_base64("AAAA"), None);
    }
}
