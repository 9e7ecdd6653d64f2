//! The right edge of a growing tree (§3): enough to append and to know the root, 32 bytes per one bit of the size.

use alloc::vec::Vec;

use crate::error::TlogError;
use crate::hash::{EMPTY_ROOT, HASH_BYTES, Hash, node_hash};

/// The largest complete subtrees of a tree, from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// The frontier of a tree of `size` leaves with these subtree hashes, largest first.
    ///
    /// # Errors
    /// When the number of hashes is not the number of one bits in `size`, or `size` is not below 2^63.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, TlogError> {
        if size > MAX_SIZE || hashes.len() != size.count_ones() as usize {
            return Err(TlogError::FrontierShape { size, hashes: hashes.len() });
        }
        Ok(Self { size, hashes })
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the largest complete subtrees, largest first: also the `left` side of the range that begins here (§4.3).
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Puts one leaf at the right edge.
    pub fn append(&mut self, leaf: Hash) {
        self.append_with(leaf, &mut |_, _, _| {});
    }

    /// Puts one leaf at the right edge and tells each node that is complete now, the leaf itself first, as `(level, index, hash)` of §2.2.
    pub fn append_with(&mut self, leaf: Hash, completed: &mut impl FnMut(u8, u64, Hash)) {
        let (mut level, mut index, mut hash) = (0, self.size, leaf);
        completed(level, index, hash);
        // A one bit is a complete left neighbour of the same size: the two become one of the next size, like a carry.
        while index & 1 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
            index >>= 1;
            completed(level, index, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root of the tree (§2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        self.hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }

    /// The bytes of §3.2.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SIZE_BYTES + self.hashes.len() * HASH_BYTES);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        self.hashes.iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
        bytes
    }

    /// Reads the bytes of §3.2.
    ///
    /// # Errors
    /// When they are no frontier, or not only one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TlogError> {
        let malformed = TlogError::FrontierBytes { length: bytes.len() };
        let Some((size, hashes)) = bytes.split_first_chunk::<SIZE_BYTES>() else { return Err(malformed) };
        let Some(hashes) = hashes.chunks(HASH_BYTES).map(Hash::from_slice).collect() else { return Err(malformed) };
        Self::from_parts(u64::from_be_bytes(*size), hashes)
    }
}

const SIZE_BYTES: usize = 8;

// §3.2: fits a signed 64-bit database column, and appending cannot overflow in the lifetime of anything.
const MAX_SIZE: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    fn grown(size: u64) -> Frontier {
        let mut frontier = Frontier::new();
        (0..size).for_each(|i| frontier.append(leaf_hash(&i.to_be_bytes())));
        frontier
    }

    #[test]
    fn every_size_survives_bytes() {
        for size in 0..70 {
            let frontier = grown(size);
            assert_eq!(Frontier::from_bytes(&frontier.to_bytes()), Ok(frontier));
        }
    }

    #[test]
    fn a_fourth_leaf_completes_three_nodes() {
        let mut frontier = grown(3);
        let mut seen = Vec::new();
        frontier.append_with(leaf_hash(b"fourth"), &mut |level, index, hash| seen.push((level, index, hash)));
        let coordinates: Vec<_> = seen.iter().map(|(level, index, _)| (*level, *index)).collect();
        assert_eq!(coordinates, [(0, 3), (1, 1), (2, 0)]);
        assert_eq!(seen[2].2, frontier.root());
    }

    #[test]
    fn shapes_that_no_tree_has_are_refused() {
        let hash = leaf_hash(b"");
        assert_eq!(Frontier::from_parts(3, [hash].into()), Err(TlogError::FrontierShape { size: 3, hashes: 1 }));
        assert_eq!(Frontier::from_parts(0, [hash].into()), Err(TlogError::FrontierShape { size: 0, hashes: 1 }));
        assert!(Frontier::from_parts(u64::MAX, [hash; 64].into()).is_err());
    }

    #[test]
    fn truncated_or_longer_bytes_are_refused() {
        let bytes = grown(5).to_bytes();
        for length in 0..bytes.len() {
            assert!(Frontier::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        assert!(Frontier::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}
