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
    let known = usize::from(old_size.is_power_of_two());
    expect_length(1 - known + path.inner + path.border, proof.len())?;
    let (start, rest) = if known == 1 { (old_root, proof) } else { proof.split_first().unwrap_or((old_root, proof)) };
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
