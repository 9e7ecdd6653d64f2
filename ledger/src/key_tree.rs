//! The secret that wraps payload keys and seals names of persons, made so that it can forget: one key for each office, retention class and month, and
//! one for each name, all derived from one root, and any of them can be taken out for good while all others stay derivable.
//!
//! What a key is for is a path of bits. Each node of the tree has a secret; its two children's follow from it by a hash, and nothing leads back up.
//! As long as nothing was forgotten the root is all there is. To forget a key is to drop the node above it and to keep instead the
//! siblings along the path: from them everything else follows, and the key does not. (Goldreich, Goldwasser and Micali's tree;
//! puncturing it is Boneh and Waters', Boyle, Goldwasser and Ivan's, Kiayias and others', all 2013.)

use std::collections::BTreeMap;
use std::fmt;

use sekisho_wire::id::OfficeId;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::SecretKey;
use crate::vault::KeyName;

/// What a key of the tree is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOf {
    /// Wraps the payload key of that name.
    Month(KeyName),
    /// Seals the name of a person that has this hash in that office.
    Name(OfficeId, [u8; 32]),
}

/// The tree, as far as it still reaches.
pub struct KeyTree {
    /// By the bits of the path that lead there, the rest zero. None lies above another, so at most one leads to a key, and that is the last of those
    /// that do not come after it.
    nodes: BTreeMap<Path, Node>,
}

#[derive(Clone)]
struct Node {
    /// How many bits of the path lead here.
    depth: usize,
    secret: Zeroizing<[u8; 32]>,
}

type Path = [u8; PATH];

impl KeyTree {
    /// A fresh one, which has forgotten nothing.
    #[must_use]
    pub fn generate() -> Self {
        let root = Node { depth: 0, secret: Zeroizing::new(crate::random::bytes()) };
        Self { nodes: BTreeMap::from([([0; PATH], root)]) }
    }

    /// That key; nothing once it was forgotten.
    #[must_use]
    pub fn key(&self, of: &KeyOf) -> Option<SecretKey> {
        let (path, depth) = path_of(of);
        let (_, node) = self.leading_to(&path, depth)?;
        SecretKey::from_slice(&*node.down(&path, depth))
    }

    /// Forgets these keys. What it was is wiped; where it lies on a disk is for the caller.
    #[must_use]
    pub fn without(&self, keys: &[KeyOf]) -> Self {
        let mut tree = Self { nodes: self.nodes.clone() };
        for key in keys {
            let (path, depth) = path_of(key);
            tree.split(&path, depth);
            tree.nodes.remove(&path);
        }
        tree
    }

    /// Keeps the node above all names of an office at hand. It reaches as far as before: what is kept is what would be derived each time.
    pub fn unfold_names(&mut self, office: &OfficeId) {
        let (path, _) = path_of(&KeyOf::Name(*office, [0; 32]));
        self.split(&path, NAMES);
    }

    /// Has a node of that depth lead to that path, and its siblings along the way to all else, if one above it does.
    fn split(&mut self, path: &Path, depth: usize) {
        let Some((at, node)) = self.leading_to(path, depth) else { return };
        let (mut at, mut node) = (*at, node.clone());
        self.nodes.remove(&at);
        while node.depth < depth {
            let (step, below) = (bit(path, node.depth), node.depth + 1);
            let kept = Node { depth: below, secret: child(&node.secret, !step) };
            self.nodes.insert(with_bit(at, node.depth, !step), kept);
            at = with_bit(at, node.depth, step);
            node = Node { depth: below, secret: child(&node.secret, step) };
        }
        self.nodes.insert(at, node);
    }

    /// The node from which that path follows, down to that depth.
    fn leading_to(&self, path: &Path, depth: usize) -> Option<(&Path, &Node)> {
        let (at, node) = self.nodes.range::<Path, _>(..=path).next_back()?;
        (node.depth <= depth && leads(at, node.depth, path)).then_some((at, node))
    }

    /// As it lies on the disk.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD.len() + self.nodes.len() * NODE + DIGEST));
        bytes.extend_from_slice(HEAD);
        for (path, node) in &self.nodes {
            bytes.extend_from_slice(&u16::try_from(node.depth).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(path);
            bytes.extend_from_slice(&*node.secret);
        }
        // One that was cut short would have forgotten what nobody decided.
        let digest = Sha256::digest(&*bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// What [`KeyTree::to_bytes`] wrote; nothing for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (whole, digest) = bytes.split_last_chunk::<DIGEST>()?;
        let (nodes, rest) = whole.strip_prefix(HEAD)?.as_chunks::<NODE>();
        if !rest.is_empty() || Sha256::digest(whole).as_slice() != digest {
            return None;
        }
        let read = |bytes: &[u8; NODE]| {
            let (depth, rest) = bytes.split_first_chunk::<2>()?;
            let (path, secret) = rest.split_first_chunk::<PATH>()?;
            let depth = usize::from(u16::from_be_bytes(*depth));
            let whole = depth <= DEPTH && (depth..DEPTH).all(|at| !bit(path, at));
            whole.then_some((*path, Node { depth, secret: Zeroizing::new(secret.try_into().ok()?) }))
        };
        let count = nodes.len();
        let nodes: BTreeMap<Path, Node> = nodes.iter().map(read).collect::<Option<_>>()?;
        // One above others would bring back what they were left of: whatever lies below it comes next.
        let overlap = nodes.iter().zip(nodes.keys().skip(1)).any(|((at, node), next)| leads(at, node.depth, next));
        (nodes.len() == count && !overlap).then_some(Self { nodes })
    }
}

impl Node {
    /// The secret at that depth of a path that leads through here.
    fn down(&self, path: &Path, depth: usize) -> Zeroizing<[u8; 32]> {
        let mut secret = self.secret.clone();
        (self.depth..depth).for_each(|depth| secret = child(&secret, bit(path, depth)));
        secret
    }
}

/// Whether the first `depth` bits of both paths are the same.
fn leads(at: &Path, depth: usize, path: &Path) -> bool {
    let (whole, rest) = (depth / 8, depth % 8);
    at[..whole] == path[..whole] && (rest == 0 || (at[whole] ^ path[whole]) >> (8 - rest) == 0)
}

/// Office, class, month: what is forgotten together lies together, and takes few nodes. Names of persons lie where a class would be that no record has
/// (wire §3), by the beginning of their hash: two that begin alike could only be forgotten together, and it takes 2^48 hashes to find such two.
fn path_of(key: &KeyOf) -> (Path, usize) {
    let mut path = [0; PATH];
    let depth = match key {
        KeyOf::Month((office, class, month)) => {
            path[..OFFICE].copy_from_slice(office.as_bytes());
            path[OFFICE] = *class;
            path[OFFICE + 1..OFFICE + 5].copy_from_slice(&month.to_be_bytes());
            MONTH
        }
        KeyOf::Name(office, hash) => {
            path[..OFFICE].copy_from_slice(office.as_bytes());
            path[OFFICE] = NO_CLASS;
            path[OFFICE + 1..].copy_from_slice(&hash[..12]);
            DEPTH
        }
    };
    (path, depth)
}

const fn bit(path: &Path, depth: usize) -> bool {
    path[depth / 8] & (0x80 >> (depth % 8)) != 0
}

const fn with_bit(mut path: Path, depth: usize, bit: bool) -> Path {
    if bit {
        path[depth / 8] |= 0x80 >> (depth % 8);
    } else {
        path[depth / 8] &= !(0x80 >> (depth % 8));
    }
    path
}

fn child(secret: &[u8; 32], bit: bool) -> Zeroizing<[u8; 32]> {
    let digest = Sha256::new().chain_update(b"sekisho key tree v1").chain_update([u8::from(bit)]).chain_update(secret);
    Zeroizing::new(digest.finalize().into())
}

impl fmt::Debug for KeyTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyTree(.., {} nodes)", self.nodes.len())
    }
}

const HEAD: &[u8] = b"sekisho key tree v1\n";
const OFFICE: usize = size_of::<OfficeId>();
/// Where a class would stand, for names.
const NO_CLASS: u8 = 0;
/// Office, class, and twelve bytes of a name's hash; a month takes four.
const PATH: usize = OFFICE + 1 + 12;
const MONTH: usize = (OFFICE + 1 + 4) * 8;
/// Above all names of an office.
const NAMES: usize = (OFFICE + 1) * 8;
const DEPTH: usize = PATH * 8;
const NODE: usize = 2 + PATH + 32;
const DIGEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn month(office: u8, class: u8, month: u32) -> KeyOf {
        KeyOf::Month((OfficeId([office; 16]), class, month))
    }

    fn name(office: u8, hash: u64) -> KeyOf {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        KeyOf::Name(OfficeId([office; 16]), bytes)
    }

    fn key(tree: &KeyTree, of: &KeyOf) -> Option<[u8; 32]> {
        tree.key(of).map(|key| *key.expose())
    }

    fn all() -> Vec<KeyOf> {
        let months = |office, class| (24_300..24_400).map(move |at| month(office, class, at));
        let edges = [month(1, 1, 0), month(255, 255, u32::MAX), month(1, 1, u32::MAX)];
        let edges = edges.into_iter().chain([KeyOf::Name(OfficeId([1; 16]), [0; 32])]);
        let edges = edges.chain([KeyOf::Name(OfficeId([1; 16]), [255; 32])]);
        let names = [1, 2, 200].into_iter().flat_map(|office| (1..100).map(move |hash| name(office, hash)));
        let months = [(1, 1), (1, 2), (2, 1), (200, 3)].into_iter().flat_map(|(office, class)| months(office, class));
        months.chain(names).chain(edges).collect()
    }

    #[test]
    fn everything_has_a_key_of_its_own_and_the_same_each_time() {
        let mut tree = KeyTree::generate();
        let keys: std::collections::HashSet<_> = all().iter().map(|of| key(&tree, of).unwrap()).collect();
        assert_eq!(keys.len(), all().len());
        let again = KeyTree::from_bytes(&tree.to_bytes()).unwrap();
        assert!(all().iter().all(|of| key(&again, of) == key(&tree, of)));
        assert_ne!(key(&KeyTree::generate(), &month(1, 1, 1)), key(&tree, &month(1, 1, 1)));
        // What is kept at hand is what follows anyway.
        tree.unfold_names(&OfficeId([1; 16]));
        tree.unfold_names(&OfficeId([1; 16]));
        assert_eq!(tree.nodes.len(), NAMES + 1);
        assert!(all().iter().all(|of| key(&again, of) == key(&tree, of)));
        let unfolded = KeyTree::from_bytes(&tree.to_bytes()).unwrap();
        assert!(all().iter().all(|of| key(&again, of) == key(&unfolded, of)));
    }

    #[test]
    fn what_is_forgotten_has_no_key_and_everything_else_keeps_its_own() {
        let (plain, mut near) = (KeyTree::generate(), KeyTree::generate());
        near.unfold_names(&OfficeId([1; 16]));
        for tree in [plain, near] {
            let goes = |of: &KeyOf| match of {
                KeyOf::Month((_, class, month)) => *class == 1 && month % 3 != 0,
                KeyOf::Name(_, hash) => hash[7] % 3 == 0,
            };
            let gone: Vec<KeyOf> = all().into_iter().filter(goes).collect();
            let mut left = tree.without(&gone);
            left.unfold_names(&OfficeId([1; 16]));
            // Whatever follows from what is left is looked at: no node's secret leads to a forgotten key.
            let read = KeyTree::from_bytes(&left.to_bytes()).unwrap();
            for of in all() {
                let expected = if gone.contains(&of) { None } else { key(&tree, &of) };
                assert_eq!((key(&left, &of), key(&read, &of)), (expected, expected), "{of:?}");
            }
            let forgotten: Vec<[u8; 32]> = gone.iter().map(|of| key(&tree, of).unwrap()).collect();
            assert!(left.nodes.values().all(|node| !forgotten.contains(&*node.secret)));
            // Once more changes nothing.
            assert_eq!(left.without(&gone).to_bytes(), left.to_bytes());
        }
    }

    #[test]
    fn the_order_of_forgetting_does_not_matter_and_months_in_a_row_take_little_room() {
        let tree = KeyTree::generate();
        let mut row: Vec<KeyOf> = (24_000..24_120).map(|at| month(7, 1, at)).collect();
        let one = tree.without(&row);
        row.reverse();
        let other = row.chunks(7).fold(tree.without(&[]), |tree, some| tree.without(some));
        assert!(all().iter().all(|of| key(&one, of) == key(&other, of)));
        assert!(one.nodes.len() < 180, "{}", one.nodes.len());
    }

    #[test]
    fn a_name_that_is_forgotten_takes_a_few_kilobytes() {
        let mut tree = KeyTree::generate();
        tree.unfold_names(&OfficeId([1; 16]));
        let names: Vec<KeyOf> = (0..1_000).map(|hash| name(1, hash)).collect();
        let bytes = tree.without(&names).to_bytes().len();
        assert!(bytes < 6 * 1024 * 1_000, "{bytes}");
    }

    #[test]
    fn other_bytes_are_no_tree() {
        let tree = KeyTree::generate().without(&[month(1, 1, 1)]);
        let good = tree.to_bytes();
        assert!(KeyTree::from_bytes(&good).is_some());
        assert!(KeyTree::from_bytes(&good[..good.len() - 1]).is_none());
        assert!(KeyTree::from_bytes(&good[1..]).is_none());
        assert!(KeyTree::from_bytes(b"").is_none());
        // Cut short between two nodes it would have forgotten what lies below the rest.
        let nodes = |bytes: &[u8]| bytes[HEAD.len()..bytes.len() - DIGEST].to_vec();
        let file = |nodes: &[u8]| {
            let whole = [HEAD, nodes].concat();
            [whole.as_slice(), &Sha256::digest(&whole)].concat()
        };
        assert_eq!(file(&nodes(&good)), *good);
        assert!(
            KeyTree::from_bytes(&[&good[..good.len() - DIGEST - NODE], &good[good.len() - DIGEST..]].concat())
                .is_none()
        );
        // A root beside what was left of it would bring everything back; and so would any node above others, wherever it stands.
        let root = nodes(&KeyTree::generate().to_bytes());
        assert!(KeyTree::from_bytes(&file(&root)).is_some());
        assert!(KeyTree::from_bytes(&file(&[nodes(&good), root.clone()].concat())).is_none());
        let (path, _) = path_of(&month(1, 1, 1));
        let at = |depth: usize| u16::try_from(depth).unwrap().to_be_bytes();
        for depth in [8, 100, MONTH - 1] {
            let above = (depth..DEPTH).fold(path, |path, at| with_bit(path, at, false));
            let node = [at(depth).as_slice(), above.as_slice(), &[3; 32]].concat();
            assert!(KeyTree::from_bytes(&file(&[nodes(&good), node].concat())).is_none(), "{depth}");
        }
        let beyond = [at(DEPTH + 1).as_slice(), &root[2..]].concat();
        assert!(KeyTree::from_bytes(&file(&beyond)).is_none());
        assert_eq!(format!("{:?}", KeyTree::generate()), "KeyTree(.., 1 nodes)");
    }
}
