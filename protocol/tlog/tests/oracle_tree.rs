//! Trees, proofs and tiles against the published `tlog_tiles` crate, both ways.
//!
//! It keeps its nodes in the order of Go's sumdb and writes tile paths as `tile/8/L/N`; both are mapped here.

use std::sync::LazyLock;

use proptest::prelude::*;
use sekisho_tlog::tile::{TileContent, TileNode, TilePath, hash_tile};
use sekisho_tlog::{
    Hash, HashReader, MemoryTree, RangeProof, TlogError, consistency_proof, inclusion_proof, leaf_hash, node_hash,
    range_proof, root_at, verify_consistency, verify_inclusion, verify_range,
};
use tlog_tiles::tile::Tile;
use tlog_tiles::tlog;

// Four full tiles and a part; every smaller tree stands in it.
const LEAVES: u64 = 1_100;

struct Both {
    ours: MemoryTree,
    theirs: Stored,
    leaves: Vec<Hash>,
}

static TREE: LazyLock<Both> = LazyLock::new(|| {
    let leaves: Vec<Hash> = (0..LEAVES).map(|i| leaf_hash(&entry(i))).collect();
    let mut theirs = Stored(Vec::new());
    for i in 0..LEAVES {
        let more = tlog::stored_hashes(i, &entry(i), &theirs).expect("the oracle has stored what it reads");
        theirs.0.extend(more);
    }
    Both { ours: leaves.iter().copied().collect(), theirs, leaves }
});

fn entry(index: u64) -> Vec<u8> {
    [b"entry ".as_slice(), &index.to_be_bytes()].concat()
}

struct Stored(Vec<tlog::Hash>);

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        indexes.iter().map(|i| self.0.get(*i as usize).copied().ok_or(tlog::Error::IndexesNotInTree)).collect()
    }
}

/// A tree of up to 2^63 leaves that are all the same, so that its nodes need no memory.
struct Monotone;

impl HashReader for Monotone {
    type Error = TlogError;

    fn node(&self, level: u8, _: u64) -> Result<Hash, TlogError> {
        Ok((0..level).fold(leaf_hash(b"same"), |hash, _| node_hash(&hash, &hash)))
    }
}

fn theirs(hash: &Hash) -> tlog::Hash {
    tlog::Hash(hash.0)
}

fn all_theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
    hashes.iter().map(theirs).collect()
}

fn root(size: u64) -> Hash {
    root_at(&TREE.ours, size).expect("the tree is large enough")
}

/// One way to spoil a proof; `None` leaves it as it is.
#[derive(Clone, Debug)]
enum Spoil {
    Flip(prop::sample::Index, u8),
    Drop(prop::sample::Index),
    Insert(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(i, bit)| Spoil::Flip(i, bit)),
        at().prop_map(Spoil::Drop),
        at().prop_map(Spoil::Insert),
        (at(), at()).prop_map(|(i, j)| Spoil::Swap(i, j)),
    ]
}

fn spoiled(proof: &[Hash], how: &Spoil) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    match how {
        Spoil::Insert(i) => proof.insert(i.index(proof.len() + 1), leaf_hash(b"inserted")),
        Spoil::Flip(..) | Spoil::Drop(_) | Spoil::Swap(..) if proof.is_empty() => {}
        Spoil::Flip(i, bit) => {
            let i = i.index(proof.len());
            proof[i].0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        }
        Spoil::Drop(i) => {
            proof.remove(i.index(proof.len()));
        }
        Spoil::Swap(i, j) => {
            let (i, j) = (i.index(proof.len()), j.index(proof.len()));
            proof.swap(i, j);
        }
    }
    proof
}

fn size_and_index() -> impl Strategy<Value = (u64, u64)> {
    (1..=LEAVES).prop_flat_map(|size| (Just(size), 0..size))
}

fn two_sizes() -> impl Strategy<Value = (u64, u64)> {
    (1..=LEAVES).prop_flat_map(|new| (1..=new, Just(new)))
}

/// First leaf, number of leaves, size of the tree.
fn range() -> impl Strategy<Value = (u64, u64, u64)> {
    size_and_index().prop_flat_map(|(size, first)| (Just(first), 1..=size - first, Just(size)))
}

fn leaves(first: u64, count: u64) -> &'static [Hash] {
    &TREE.leaves[first as usize..(first + count) as usize]
}

#[test]
fn roots_of_every_size_agree() {
    for size in 0..=LEAVES {
        let expected = tlog::tree_hash(size, &TREE.theirs).expect("the tree is large enough");
        assert_eq!(theirs(&root(size)), expected, "size {size}");
    }
}

#[test]
fn tiles_of_every_growth_agree() {
    for size in [1, 2, 255, 256, 257, 511, 512, 700, 1_024, LEAVES] {
        for tile in Tile::new_tiles(8, 0, size) {
            let path: TilePath = tile.path().replacen("tile/8/", "tile/", 1).parse().expect("a path");
            assert!(path.is_in_tree(size) && !path.is_in_tree(0), "{path}");
            let ours = hash_tile(&TREE.ours, &path, size).expect("a tile of the tree");
            assert_eq!(ours, tile.read_data(&TREE.theirs).expect("a tile of the tree"), "{path}");
        }
    }
}

#[test]
fn small_trees_have_every_proof_and_every_range() {
    for size in 1..=33 {
        let root = root(size);
        for first in 0..size {
            let inclusion = inclusion_proof(&TREE.ours, first, size).expect("an index of the tree");
            assert_eq!(verify_inclusion(&TREE.leaves[first as usize], first, size, &inclusion, &root), Ok(()));
            for count in 1..=size - first {
                let proof = range_proof(&TREE.ours, first, count, size).expect("a range of the tree");
                assert_eq!(
                    verify_range(first, leaves(first, count), size, &proof, &root),
                    Ok(()),
                    "{count} from {first} of {size}"
                );
            }
        }
        for old in 1..=size {
            let proof = consistency_proof(&TREE.ours, old, size).expect("a size of the tree");
            assert_eq!(verify_consistency(old, &self::root(old), size, &root, &proof), Ok(()), "{old} to {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inclusion_proofs_agree((size, index) in size_and_index()) {
        let proof = inclusion_proof(&TREE.ours, index, size).unwrap();
        prop_assert_eq!(all_theirs(&proof), tlog::prove_record(size, index, &TREE.theirs).unwrap());
        prop_assert_eq!(verify_inclusion(&TREE.leaves[index as usize], index, size, &proof, &root(size)), Ok(()));
    }

    #[test]
    fn spoiled_inclusion_proofs_are_judged_alike((size, index) in size_and_index(), claimed in 0..LEAVES + 2, how in spoil()) {
        let (leaf, root) = (TREE.leaves[index as usize], root(size));
        let good = inclusion_proof(&TREE.ours, index, size).unwrap();
        for (claimed, proof) in [(claimed, good.clone()), (index, spoiled(&good, &how)), (claimed, spoiled(&good, &how))] {
            let judged = tlog::check_record(&all_theirs(&proof), size, theirs(&root), claimed, theirs(&leaf));
            let ours = verify_inclusion(&leaf, claimed, size, &proof, &root);
            prop_assert_eq!(ours.is_ok(), judged.is_ok());
            prop_assert_eq!(ours.is_ok(), claimed == index && proof == good);
        }
    }

    #[test]
    fn consistency_proofs_agree((old, new) in two_sizes()) {
        let proof = consistency_proof(&TREE.ours, old, new).unwrap();
        prop_assert_eq!(all_theirs(&proof), tlog::prove_tree(new, old, &TREE.theirs).unwrap());
        prop_assert_eq!(verify_consistency(old, &root(old), new, &root(new), &proof), Ok(()));
    }

    #[test]
    fn spoiled_consistency_proofs_are_judged_alike((old, new) in two_sizes(), claimed in 0..LEAVES + 2, how in spoil()) {
        let (old_root, new_root) = (root(old), root(new));
        let good = consistency_proof(&TREE.ours, old, new).unwrap();
        for (claimed, proof) in [(claimed, good.clone()), (old, spoiled(&good, &how)), (claimed, spoiled(&good, &how))] {
            let judged = tlog::check_tree(&all_theirs(&proof), new, theirs(&new_root), claimed, theirs(&old_root));
            let ours = verify_consistency(claimed, &old_root, new, &new_root, &proof);
            prop_assert_eq!(ours.is_ok(), judged.is_ok());
            prop_assert_eq!(ours.is_ok(), claimed == old && proof == good);
        }
    }

    #[test]
    fn a_fork_has_no_consistency_proof((old, new) in two_sizes(), changed in any::<prop::sample::Index>()) {
        // The same log but for one entry among the first: the honest proof must not join the two histories.
        let changed = changed.index(old as usize);
        let forked: MemoryTree = leaves(0, old).iter().enumerate().map(|(i, leaf)| if i == changed { leaf_hash(b"forged") } else { *leaf }).collect();
        let proof = consistency_proof(&TREE.ours, old, new).unwrap();
        prop_assert!(verify_consistency(old, &forked.root(), new, &root(new), &proof).is_err());
    }

    #[test]
    fn ranges_verify_in_one_go_with_few_hashes((first, count, size) in range()) {
        let proof = range_proof(&TREE.ours, first, count, size).unwrap();
        prop_assert_eq!(verify_range(first, leaves(first, count), size, &proof, &root(size)), Ok(()));
        prop_assert!(proof.left.len() + proof.right.len() <= 2 * 11);
    }

    #[test]
    fn a_range_of_one_leaf_is_its_inclusion_proof((size, index) in size_and_index()) {
        let RangeProof { left, right } = range_proof(&TREE.ours, index, 1, size).unwrap();
        let mut flanks = [left, right].concat();
        let mut inclusion = inclusion_proof(&TREE.ours, index, size).unwrap();
        flanks.sort();
        inclusion.sort();
        prop_assert_eq!(flanks, inclusion);
    }

    #[test]
    fn spoiled_ranges_are_refused((first, count, size) in range(), moved in 0..LEAVES + 2, leaf in any::<prop::sample::Index>(), how in spoil()) {
        let (root, good) = (root(size), range_proof(&TREE.ours, first, count, size).unwrap());
        let batch = leaves(first, count);
        let left = RangeProof { left: spoiled(&good.left, &how), ..good.clone() };
        let right = RangeProof { right: spoiled(&good.right, &how), ..good.clone() };
        for proof in [left, right] {
            prop_assert_eq!(verify_range(first, batch, size, &proof, &root).is_ok(), proof == good);
        }
        prop_assert_eq!(verify_range(moved, batch, size, &good, &root).is_ok(), moved == first);
        let mut altered = batch.to_vec();
        altered[leaf.index(count as usize)].0[0] ^= 1;
        prop_assert!(verify_range(first, &altered, size, &good, &root).is_err());
        prop_assert!(verify_range(first, &batch[1..], size, &good, &root).is_err());
        altered.clone_from_slice(batch);
        altered.push(leaf_hash(b"one more"));
        prop_assert!(verify_range(first, &altered, size, &good, &root).is_err());
    }

    #[test]
    fn proofs_work_in_trees_that_no_memory_holds(size in 1..=i64::MAX as u64, at in any::<prop::sample::Index>(), count in 1..40u64) {
        let index = (at.index(usize::MAX) as u64) % size;
        let root = root_at(&Monotone, size).unwrap();
        let proof = inclusion_proof(&Monotone, index, size).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf_hash(b"same"), index, size, &proof, &root), Ok(()));
        let judged = tlog::check_record(&all_theirs(&proof), size, theirs(&root), index, theirs(&leaf_hash(b"same")));
        prop_assert!(judged.is_ok());

        let (old, old_root) = (index + 1, root_at(&Monotone, index + 1).unwrap());
        let proof = consistency_proof(&Monotone, old, size).unwrap();
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &proof), Ok(()));
        prop_assert!(tlog::check_tree(&all_theirs(&proof), size, theirs(&root), old, theirs(&old_root)).is_ok());

        let count = count.min(size - index);
        let proof = range_proof(&Monotone, index, count, size).unwrap();
        prop_assert_eq!(verify_range(index, &vec![leaf_hash(b"same"); count as usize], size, &proof, &root), Ok(()));
    }

    #[test]
    fn verifiers_end_for_any_input(
        numbers in any::<(u64, u64)>(), near in 0..4u64, proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70), cut in any::<prop::sample::Index>(),
    ) {
        let root = leaf_hash(b"root of nothing");
        let (left, right) = proof.split_at(cut.index(proof.len() + 1));
        let range = RangeProof { left: left.to_vec(), right: right.to_vec() };
        let (a, b) = numbers;
        for (a, b) in [(a, b), (b.wrapping_sub(near), b), (near, b), (a, near), (u64::MAX - near, u64::MAX), (0, near)] {
            prop_assert!(verify_inclusion(&root, a, b, &proof, &root).is_err() || (a, b, proof.len()) == (0, 1, 0));
            prop_assert!(verify_consistency(a, &root, b, &root, &proof).is_err() || (a == b && a > 0 && proof.is_empty()));
            prop_assert!(verify_range(a, left, b, &range, &root).is_err());
        }
    }

    #[test]
    fn every_node_is_found_in_its_tile(level in 0..11u8, index in any::<prop::sample::Index>()) {
        let index = index.index((LEAVES >> level) as usize) as u64;
        let node = TileNode::of(level, index);
        let path = TilePath::in_tree(TileContent::Hashes(node.tile_level), node.tile_index, LEAVES).unwrap();
        let tile = hash_tile(&TREE.ours, &path, LEAVES).unwrap();
        prop_assert_eq!(node.hash_in(&tile), TREE.ours.node(level, index));
        let judge = Tile::from_index(8, tlog::stored_hash_index(level, index));
        prop_assert_eq!((judge.level(), judge.level_index()), (node.tile_level, node.tile_index));
        prop_assert_eq!(judge.width(), u32::from(node.first) + u32::from(node.count));
    }

    #[test]
    fn tile_paths_agree(level in 0..64u8, index in 0..=u64::MAX >> 8, width in 1..=256u16) {
        let theirs = Tile::new(8, level, index, u32::from(width), false).path().replacen("tile/8/", "tile/", 1);
        let ours: TilePath = theirs.parse().unwrap();
        prop_assert_eq!((ours.content(), ours.index(), ours.width()), (TileContent::Hashes(level), index, width));
        prop_assert_eq!(ours.to_string(), theirs);
    }
}
