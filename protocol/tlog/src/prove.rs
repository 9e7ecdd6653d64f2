//! Proofs out of stored nodes (§4).

use alloc::vec::Vec;

use crate::error::{ProveError, TlogError};
use crate::frontier::Frontier;
use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// Where the complete nodes of a tree are kept.
///
/// Only nodes that exist in a tree of the size asked for are ever read (§2.2).
pub trait HashReader {
    /// What can go wrong when reading.
    type Error;

    /// The hash of the complete subtree number `index` of `2^level` leaves.
    ///
    /// # Errors
    /// When the node cannot be read.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<R: HashReader + ?Sized> HashReader for &R {
    type Error = R::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        (**self).node(level, index)
    }
}

/// The hashes on both sides of a contiguous range of leaves (§4.3), each list from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeProof {
    /// To the left of the range, largest subtree first.
    pub left: Vec<Hash>,
    /// To the right of the range, smallest subtree first.
    pub right: Vec<Hash>,
}

/// The root of the first `size` leaves.
///
/// # Errors
/// Those of the reader.
pub fn root_at<R: HashReader>(reader: &R, size: u64) -> Result<Hash, ProveError<R::Error>> {
    if size == 0 { Ok(EMPTY_ROOT) } else { span_hash(reader, 0, size) }
}

/// The frontier of the first `size` leaves: what a log needs to go on appending where its store ends.
///
/// # Errors
/// When `size` is not below 2^63, and those of the reader.
pub fn frontier_at<R: HashReader>(reader: &R, size: u64) -> Result<Frontier, ProveError<R::Error>> {
    let levels = (0..u64::BITS as u8).rev().filter(|level| size >> level & 1 == 1);
    let hashes = levels.map(|level| reader.node(level, (size >> level) - 1)).collect::<Result<_, _>>();
    Frontier::from_parts(size, hashes.map_err(ProveError::Reader)?).map_err(ProveError::Request)
}

/// The inclusion proof of leaf `index` in the first `size` leaves (§4.1).
///
/// # Errors
/// When `index` is not below `size`, and those of the reader.
pub fn inclusion_proof<R: HashReader>(reader: &R, index: u64, size: u64) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if index >= size {
        return Err(ProveError::Request(TlogError::IndexOutsideTree { index, size }));
    }
    let mut proof = Vec::new();
    for (_, sibling) in siblings(index, size) {
        proof.push(span_hash(reader, sibling.from, sibling.to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The consistency proof between the first `old` and the first `new` leaves (§4.2).
///
/// # Errors
/// When not `1 ≤ old ≤ new`, and those of the reader.
pub fn consistency_proof<R: HashReader>(reader: &R, old: u64, new: u64) -> Result<Vec<Hash>, ProveError<R::Error>> {
    if old == 0 || old > new {
        return Err(ProveError::Request(TlogError::SizesOutOfOrder { old, new }));
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, new);
    // RFC 6962 section 2.1.2, SUBPROOF: walk to the subtree that ends where the old tree ended.
    while to != old {
        let middle = split(from, to);
        if old <= middle {
            proof.push(span_hash(reader, middle, to)?);
            to = middle;
        } else {
            proof.push(span_hash(reader, from, middle)?);
            from = middle;
        }
    }
    // A subtree that begins at 0 is the old tree itself, whose root the verifier knows.
    if from > 0 {
        proof.push(span_hash(reader, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that `count` leaves from `first` on stand in the first `size` leaves (§4.3).
///
/// # Errors
/// When the range is empty or reaches past `size`, and those of the reader.
pub fn range_proof<R: HashReader>(
    reader: &R,
    first: u64,
    count: u64,
    size: u64,
) -> Result<RangeProof, ProveError<R::Error>> {
    let last = last_of_range(first, count, size).map_err(ProveError::Request)?;
    let mut proof = RangeProof::default();
    for (_, sibling) in siblings(first, size).filter(|(side, _)| *side == Side::Left) {
        proof.left.push(span_hash(reader, sibling.from, sibling.to)?);
    }
    for (_, sibling) in siblings(last, size).filter(|(side, _)| *side == Side::Right) {
        proof.right.push(span_hash(reader, sibling.from, sibling.to)?);
    }
    proof.right.reverse();
    Ok(proof)
}

/// The last leaf of a range, if the range has one and lies in the tree.
pub(crate) fn last_of_range(first: u64, count: u64, size: u64) -> Result<u64, TlogError> {
    match first.checked_add(count) {
        Some(end) if count > 0 && end <= size => Ok(end - 1),
        Some(_) | None => Err(TlogError::RangeOutsideTree { first, count, size }),
    }
}

/// Where RFC 6962 divides the leaves `[from, to)`, of which there are at least two: the largest power of two below their number.
pub(crate) const fn split(from: u64, to: u64) -> u64 {
    from + (1 << (to - from - 1).ilog2())
}

/// The leaves `[from, to)` as one subtree of a tree.
struct Span {
    from: u64,
    to: u64,
}

#[derive(PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The siblings of the path to leaf `index`, from the root down, and on which side of the path they stand.
fn siblings(index: u64, size: u64) -> impl Iterator<Item = (Side, Span)> {
    let (mut from, mut to) = (0, size);
    core::iter::from_fn(move || {
        if to - from < 2 {
            return None;
        }
        let middle = split(from, to);
        Some(if index < middle {
            let sibling = Span { from: middle, to };
            to = middle;
            (Side::Right, sibling)
        } else {
            let sibling = Span { from, to: middle };
            from = middle;
            (Side::Left, sibling)
        })
    })
}

/// The hash over leaves `[from, to)`, a subtree of some tree: from right to left, one stored node per one bit of its length.
fn span_hash<R: HashReader>(reader: &R, from: u64, to: u64) -> Result<Hash, ProveError<R::Error>> {
    let mut hash = None;
    let (mut end, mut rest) = (to, to - from);
    while rest > 0 {
        let level = rest.trailing_zeros();
        let index = (end - 1) >> level;
        let node = reader.node(level as u8, index).map_err(ProveError::Reader)?;
        hash = Some(hash.map_or(node, |right| node_hash(&node, &right)));
        end -= 1 << level;
        rest &= rest - 1;
    }
    Ok(hash.unwrap_or(EMPTY_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::memory::MemoryTree;

    fn tree(size: u8) -> MemoryTree {
        (0..size).map(|i| leaf_hash(&[i])).collect()
    }

    #[test]
    fn an_older_root_and_its_frontier_are_still_there() {
        let grown = tree(100);
        for size in 0..100 {
            assert_eq!(root_at(&grown, u64::from(size)), Ok(tree(size).root()), "size {size}");
            assert_eq!(frontier_at(&grown, u64::from(size)).as_ref(), Ok(tree(size).frontier()), "size {size}");
        }
    }

    #[test]
    fn the_left_side_of_a_range_is_the_frontier_before_it() {
        let grown = tree(60);
        for first in 0..59 {
            let proof = range_proof(&grown, u64::from(first), 1, 60).unwrap();
            assert_eq!(proof.left, tree(first).frontier().hashes(), "first {first}");
        }
    }

    #[test]
    fn what_cannot_be_proved_is_refused() {
        let grown = tree(8);
        let outside = |index, size| Err(ProveError::Request(TlogError::IndexOutsideTree { index, size }));
        assert_eq!(inclusion_proof(&grown, 8, 8), outside(8, 8));
        assert_eq!(inclusion_proof(&grown, 0, 0), outside(0, 0));
        let order = |old, new| Err(ProveError::Request(TlogError::SizesOutOfOrder { old, new }));
        assert_eq!(consistency_proof(&grown, 0, 8), order(0, 8));
        assert_eq!(consistency_proof(&grown, 8, 7), order(8, 7));
        for (first, count, size) in [(0, 0, 8), (8, 1, 8), (4, 5, 8), (u64::MAX, 2, 8), (0, 1, 0)] {
            let refused = Err(ProveError::Request(TlogError::RangeOutsideTree { first, count, size }));
            assert_eq!(range_proof(&grown, first, count, size), refused);
        }
    }

    #[test]
    fn a_reader_that_fails_is_heard() {
        let missing = Err(ProveError::Reader(TlogError::NodeMissing { level: 3, index: 1 }));
        assert_eq!(root_at(&tree(8), 16), Err(ProveError::Reader(TlogError::NodeMissing { level: 4, index: 0 })));
        assert_eq!(inclusion_proof(&tree(8), 0, 16), missing);
    }
}
