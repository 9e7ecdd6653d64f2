//! Proofs checked (§4). Every function here takes bytes from strangers: it ends for any input, and never panics.

use crate::error::TlogError;
use crate::hash::{Hash, node_hash};
use crate::prove::{RangeProof, last_of_range, split};

/// Checks that `leaf` is number `index` of the `size` leaves under `root` (§4.1).
///
/// # Errors
/// When it is not, or the proof has another length than it must have.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), TlogError> {
    if index >= size {
        return Err(TlogError::IndexOutsideTree { index, size });
    }
    let path = Path::to(index, size);
    let (inner, border) = path.divide(proof)?;
    let hash = fold_border(fold_inner(*leaf, inner, index), border);
    same_root(size, root, hash)
}

/// Checks that the `new_size` leaves under `new_root` begin with the `old_size` leaves under `old_root` (§4.2).
///
/// # Errors
/// When they do not, when not `1 ≤ old_size ≤ new_size`, or the proof has another length than it must have.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), TlogError> {
    if old_size == 0 || old_size > new_size {
        return Err(TlogError::SizesOutOfOrder { old: old_size, new: new_size });
    }
    if old_size == new_size {
        expect_length(0, proof.len())?;
        return same_root(new_size, old_root, *new_root);
    }
    // The walk starts at the last subtree of the old tree, `level` above the leaves, and goes up as for its last leaf.
    let level = old_size.trailing_zeros();
    let mut path = Path::to(old_size - 1, new_size);
    path.inner -= level as usize;
    // An old tree that is one complete subtree is where the walk starts: its root is known and not repeated in the proof.
    let known = old_size.is_power_of_two();
    expect_length(usize::from(!known) + path.inner + path.border, proof.len())?;
    let (start, rest) = proof.split_first().filter(|_| !known).unwrap_or((old_root, proof));
    let (inner, border) = path.divide(rest)?;
    let steps = (old_size - 1) >> level;
    let old = fold_border(fold_inner_left(*start, inner, steps), border);
    same_root(old_size, old_root, old)?;
    let new = fold_border(fold_inner(*start, inner, steps), border);
    same_root(new_size, new_root, new)
}

/// Checks that `leaves` are the leaves from `first` on among the `size` leaves under `root` (§4.3).
///
/// # Errors
/// When they are not, when there are none, when they reach past `size`, or the proof has another length than it must have.
pub fn verify_range(first: u64, leaves: &[Hash], size: u64, proof: &RangeProof, root: &Hash) -> Result<(), TlogError> {
    let last = last_of_range(first, leaves.len() as u64, size)?;
    expect_length(first.count_ones() as usize, proof.left.len())?;
    expect_length(Path::to(last, size).right_siblings(last), proof.right.len())?;
    let mut range = Range { first, last, leaves, left: proof.left.iter(), right: proof.right.iter() };
    // The lengths were checked, so the walk meets every hash once and runs out of none; were that wrong, the proof is refused.
    let hash = range.fold(0, size).ok_or(TlogError::RangeOutsideTree { first, count: leaves.len() as u64, size })?;
    same_root(size, root, hash)
}

/// How many hashes an inclusion proof has: `inner` below the point where the path leaves the right edge of the tree, `border` above it.
struct Path {
    inner: usize,
    border: usize,
}

impl Path {
    /// The path to leaf `index`, which is below `size`.
    fn to(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Self { inner: inner as usize, border: border as usize }
    }

    fn divide<'p>(&self, proof: &'p [Hash]) -> Result<(&'p [Hash], &'p [Hash]), TlogError> {
        expect_length(self.inner + self.border, proof.len())?;
        Ok(proof.split_at(self.inner))
    }

    /// Siblings to the right of the path to `index`: one per zero bit below the border; on the border all stand to the left.
    fn right_siblings(&self, index: u64) -> usize {
        self.inner - (0..self.inner).filter(|bit| is_right(index, *bit)).count()
    }
}

/// A range walked from left to right through the whole tree, drawing each flanking hash when its place comes.
struct Range<'p> {
    first: u64,
    last: u64,
    leaves: &'p [Hash],
    left: core::slice::Iter<'p, Hash>,
    right: core::slice::Iter<'p, Hash>,
}

impl Range<'_> {
    /// The hash over leaves `[from, to)`. At most 64 deep.
    fn fold(&mut self, from: u64, to: u64) -> Option<Hash> {
        if to <= self.first {
            return self.left.next().copied();
        }
        if from > self.last {
            return self.right.next().copied();
        }
        if to - from == 1 {
            return self.leaves.get(usize::try_from(from - self.first).ok()?).copied();
        }
        let middle = split(from, to);
        let left = self.fold(from, middle)?;
        let right = self.fold(middle, to)?;
        Some(node_hash(&left, &right))
    }
}

/// Up through siblings on both sides, as the bits of `steps` say.
fn fold_inner(start: Hash, siblings: &[Hash], steps: u64) -> Hash {
    siblings.iter().enumerate().fold(start, |hash, (bit, sibling)| {
        if is_right(steps, bit) { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) }
    })
}

/// Up through the siblings on the left only: what the tree was before anything stood to the right.
fn fold_inner_left(start: Hash, siblings: &[Hash], steps: u64) -> Hash {
    let left = siblings.iter().enumerate().filter(|(bit, _)| is_right(steps, *bit));
    left.fold(start, |hash, (_, sibling)| node_hash(sibling, &hash))
}

/// Up the right edge of the tree, where every sibling stands to the left.
fn fold_border(start: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(start, |hash, sibling| node_hash(sibling, &hash))
}

/// Whether the path at this height is a right child. Heights stay below 64, as sizes do.
fn is_right(steps: u64, bit: usize) -> bool {
    steps.checked_shr(bit as u32).is_some_and(|rest| rest & 1 == 1)
}

fn expect_length(expected: usize, found: usize) -> Result<(), TlogError> {
    if expected == found { Ok(()) } else { Err(TlogError::ProofLength { expected, found }) }
}

fn same_root(size: u64, signed: &Hash, computed: Hash) -> Result<(), TlogError> {
    if *signed == computed { Ok(()) } else { Err(TlogError::RootMismatch { size, signed: *signed, computed }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::memory::MemoryTree;
    use crate::prove::{consistency_proof, inclusion_proof, range_proof, root_at};
    use alloc::vec::Vec;

    fn tree() -> (MemoryTree, Vec<Hash>) {
        let leaves: Vec<Hash> = (0..7u8).map(|i| leaf_hash(&[i])).collect();
        (leaves.iter().copied().collect(), leaves)
    }

    #[test]
    fn an_index_or_a_size_that_is_not_there_is_refused() {
        let hash = leaf_hash(b"");
        for (index, size) in [(0, 0), (1, 1), (u64::MAX, u64::MAX), (5, 4)] {
            let refused = Err(TlogError::IndexOutsideTree { index, size });
            assert_eq!(verify_inclusion(&hash, index, size, &[], &hash), refused);
        }
        for (old, new) in [(0, 0), (0, 5), (6, 5)] {
            let refused = Err(TlogError::SizesOutOfOrder { old, new });
            assert_eq!(verify_consistency(old, &hash, new, &hash, &[]), refused);
        }
        for (first, count, size) in [(0, 0, 0), (0, 0, 7), (7, 1, 7), (6, 2, 7), (u64::MAX, 1, u64::MAX)] {
            let refused = Err(TlogError::RangeOutsideTree { first, count, size });
            let leaves = [hash; 2];
            assert_eq!(verify_range(first, &leaves[..count as usize], size, &RangeProof::default(), &hash), refused);
        }
    }

    #[test]
    fn a_hash_too_many_or_too_few_is_counted() {
        let (tree, leaves) = tree();
        let length = |expected, found| Err(TlogError::ProofLength { expected, found });
        let mut proof = inclusion_proof(&tree, 2, 7).unwrap();
        proof.push(leaves[0]);
        assert_eq!(verify_inclusion(&leaves[2], 2, 7, &proof, &tree.root()), length(3, 4));
        assert_eq!(verify_inclusion(&leaves[2], 2, 7, &proof[..2], &tree.root()), length(3, 2));

        let old = root_at(&tree, 3).unwrap();
        let mut proof = consistency_proof(&tree, 3, 7).unwrap();
        proof.push(leaves[0]);
        assert_eq!(verify_consistency(3, &old, 7, &tree.root(), &proof), length(4, 5));
        assert_eq!(verify_consistency(3, &old, 7, &tree.root(), &[]), length(4, 0));
        assert_eq!(verify_consistency(7, &tree.root(), 7, &tree.root(), &proof), length(0, 5));

        let mut proof = range_proof(&tree, 2, 3, 7).unwrap();
        proof.right.push(leaves[0]);
        assert_eq!(verify_range(2, &leaves[2..5], 7, &proof, &tree.root()), length(2, 3));
        proof.right.clear();
        assert_eq!(verify_range(2, &leaves[2..5], 7, &proof, &tree.root()), length(2, 0));
        proof.left.clear();
        assert_eq!(verify_range(2, &leaves[2..5], 7, &proof, &tree.root()), length(1, 0));
    }

    #[test]
    fn the_root_that_differs_is_named() {
        let (tree, leaves) = tree();
        let (old, other) = (root_at(&tree, 3).unwrap(), leaves[0]);
        let proof = consistency_proof(&tree, 3, 7).unwrap();
        let differs = |size, signed, computed| Err(TlogError::RootMismatch { size, signed, computed });
        assert_eq!(verify_consistency(3, &other, 7, &tree.root(), &proof), differs(3, other, old));
        assert_eq!(verify_consistency(3, &old, 7, &other, &proof), differs(7, other, tree.root()));
        assert!(verify_consistency(3, &old, 3, &other, &[]).is_err());
    }
}
