//! The secret that wraps payload keys, made so that it can forget: one key for each office, retention class and month, all derived from one
//! root, and any of them can be taken out for good while all others stay derivable.
//!
//! A name is a path of bits. Each node of the tree has a secret; its two children's follow from it by a hash, and nothing leads back up.
//! As long as nothing was forgotten the root is all there is. To forget a name is to drop the node above it and to keep instead the
//! siblings along the path: from them everything else follows, and the name does not. (Goldreich, Goldwasser and Micali's tree;
//! puncturing it is Boneh and Waters', Boyle, Goldwasser and Ivan's, Kiayias and others', all 2013.)

use std::fmt;

use sekisho_wire::id::OfficeId;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::SecretKey;
use crate::vault::KeyName;

/// The tree, as far as it still reaches.
pub struct KeyTree {
    /// None lies above another, so at most one leads to a name.
    nodes: Vec<Node>,
}

struct Node {
    /// How many bits of the path lead here.
    depth: usize,
    /// Those bits, the rest zero.
    path: Path,
    secret: Zeroizing<[u8; 32]>,
}

type Path = [u8; PATH];

impl KeyTree {
    /// A fresh one, which has forgotten nothing.
    #[must_use]
    pub fn generate() -> Self {
        let root = Node { depth: 0, path: [0; PATH], secret: Zeroizing::new(crate::random::bytes()) };
        Self { nodes: vec![root] }
    }

    /// The key that wraps the payload key of that name; nothing once it was forgotten.
    #[must_use]
    pub fn key(&self, name: &KeyName) -> Option<SecretKey> {
        let path = path_of(name);
        let node = self.nodes.iter().find(|node| node.leads_to(&path))?;
        let mut secret = node.secret.clone();
        (node.depth..DEPTH).for_each(|depth| secret = child(&secret, bit(&path, depth)));
        SecretKey::from_slice(&*secret)
    }

    /// Forgets these names. What it was is wiped; where it lies on a disk is for the caller.
    #[must_use]
    pub fn without(&self, names: &[KeyName]) -> Self {
        let nodes = self.nodes.iter().map(|node| Node { secret: node.secret.clone(), ..*node }).collect();
        let mut tree = Self { nodes };
        names.iter().for_each(|name| tree.forget(&path_of(name)));
        tree
    }

    fn forget(&mut self, path: &Path) {
        let Some(at) = self.nodes.iter().position(|node| node.leads_to(path)) else { return };
        let mut node = self.nodes.swap_remove(at);
        while node.depth < DEPTH {
            let step = bit(path, node.depth);
            let below = |bit| Node {
                depth: node.depth + 1,
                path: with_bit(node.path, node.depth, bit),
                secret: child(&node.secret, bit),
            };
            let (kept, next) = (below(!step), below(step));
            self.nodes.push(kept);
            node = next;
        }
    }

    /// As it lies on the disk.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD.len() + self.nodes.len() * NODE));
        bytes.extend_from_slice(HEAD);
        for node in &self.nodes {
            bytes.push(u8::try_from(node.depth).unwrap_or(u8::MAX));
            bytes.extend_from_slice(&node.path);
            bytes.extend_from_slice(&*node.secret);
        }
        bytes
    }

    /// What [`KeyTree::to_bytes`] wrote; nothing for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (nodes, rest) = bytes.strip_prefix(HEAD)?.as_chunks::<NODE>();
        if !rest.is_empty() {
            return None;
        }
        let read = |bytes: &[u8; NODE]| {
            let (depth, rest) = bytes.split_first()?;
            let (path, secret) = rest.split_first_chunk::<PATH>()?;
            let depth = usize::from(*depth);
            let whole = depth <= DEPTH && (depth..DEPTH).all(|at| !bit(path, at));
            whole.then_some(Node { depth, path: *path, secret: Zeroizing::new(secret.try_into().ok()?) })
        };
        let nodes: Vec<Node> = nodes.iter().map(read).collect::<Option<_>>()?;
        let above = |one: &Node, other: &Node| one.depth <= other.depth && one.leads_to(&other.path);
        let overlap = nodes
            .iter()
            .enumerate()
            .any(|(at, one)| nodes.iter().enumerate().any(|(other_at, other)| at != other_at && above(one, other)));
        (!overlap).then_some(Self { nodes })
    }
}

impl Node {
    fn leads_to(&self, path: &Path) -> bool {
        (0..self.depth).all(|depth| bit(&self.path, depth) == bit(path, depth))
    }
}

/// Office, class, month: what is forgotten together lies together, and takes few nodes.
fn path_of((office, class, month): &KeyName) -> Path {
    let mut path = [0; PATH];
    path[..OFFICE].copy_from_slice(office.as_bytes());
    path[OFFICE] = *class;
    path[OFFICE + 1..].copy_from_slice(&month.to_be_bytes());
    path
}

const fn bit(path: &Path, depth: usize) -> bool {
    path[depth / 8] & (0x80 >> (depth % 8)) != 0
}

const fn with_bit(mut path: Path, depth: usize, bit: bool) -> Path {
    if bit {
        path[depth / 8] |= 0x80 >> (depth % 8);
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
/// Office, class, month.
const PATH: usize = OFFICE + 1 + 4;
const DEPTH: usize = PATH * 8;
const NODE: usize = 1 + PATH + 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(office: u8, class: u8, month: u32) -> KeyName {
        (OfficeId([office; 16]), class, month)
    }

    fn key(tree: &KeyTree, name: &KeyName) -> Option<[u8; 32]> {
        tree.key(name).map(|key| *key.expose())
    }

    fn names() -> Vec<KeyName> {
        let months = |office, class| (24_300..24_400).map(move |month| name(office, class, month));
        let edges = [name(0, 0, 0), name(255, 255, u32::MAX), name(1, 1, 0)];
        [(1, 1), (1, 2), (2, 1), (200, 3)].into_iter().flat_map(|(o, c)| months(o, c)).chain(edges).collect()
    }

    #[test]
    fn every_name_has_a_key_of_its_own_and_the_same_each_time() {
        let tree = KeyTree::generate();
        let keys: std::collections::HashSet<_> = names().iter().map(|name| key(&tree, name).unwrap()).collect();
        assert_eq!(keys.len(), names().len());
        let again = KeyTree::from_bytes(&tree.to_bytes()).unwrap();
        assert!(names().iter().all(|name| key(&again, name) == key(&tree, name)));
        assert_ne!(key(&KeyTree::generate(), &name(1, 1, 1)), key(&tree, &name(1, 1, 1)));
    }

    #[test]
    fn what_is_forgotten_has_no_key_and_everything_else_keeps_its_own() {
        let tree = KeyTree::generate();
        let gone: Vec<KeyName> =
            names().into_iter().filter(|(_, class, month)| *class == 1 && month % 3 != 0).collect();
        let left = tree.without(&gone);
        // Whatever follows from what is left is looked at: no node's secret leads to a forgotten key.
        let read = KeyTree::from_bytes(&left.to_bytes()).unwrap();
        for name in names() {
            let expected = if gone.contains(&name) { None } else { key(&tree, &name) };
            assert_eq!((key(&left, &name), key(&read, &name)), (expected, expected), "{name:?}");
        }
        let forgotten: Vec<[u8; 32]> = gone.iter().map(|name| key(&tree, name).unwrap()).collect();
        assert!(left.nodes.iter().all(|node| !forgotten.contains(&*node.secret)));
        // Once more changes nothing.
        assert_eq!(left.without(&gone).to_bytes().len(), left.to_bytes().len());
    }

    #[test]
    fn the_order_of_forgetting_does_not_matter_and_months_in_a_row_take_little_room() {
        let tree = KeyTree::generate();
        let mut row: Vec<KeyName> = (24_000..24_120).map(|month| name(7, 1, month)).collect();
        let one = tree.without(&row);
        row.reverse();
        let other = row.chunks(7).fold(tree.without(&[]), |tree, some| tree.without(some));
        assert!(names().iter().all(|name| key(&one, name) == key(&other, name)));
        assert!(one.nodes.len() < 180, "{}", one.nodes.len());
    }

    #[test]
    fn other_bytes_are_no_tree() {
        let tree = KeyTree::generate().without(&[name(1, 1, 1)]);
        let good = tree.to_bytes();
        assert!(KeyTree::from_bytes(&good).is_some());
        assert!(KeyTree::from_bytes(&good[..good.len() - 1]).is_none());
        assert!(KeyTree::from_bytes(&good[1..]).is_none());
        assert!(KeyTree::from_bytes(b"").is_none());
        // A root beside what was left of it would bring everything back.
        let root = KeyTree::generate().to_bytes();
        let both = [good.as_slice(), &root[HEAD.len()..]].concat();
        assert!(KeyTree::from_bytes(&both).is_none());
        let mut beyond = root.to_vec();
        beyond[HEAD.len()] = u8::try_from(DEPTH + 1).unwrap();
        assert!(KeyTree::from_bytes(&beyond).is_none());
        assert_eq!(format!("{:?}", KeyTree::generate()), "KeyTree(.., 1 nodes)");
    }
}
