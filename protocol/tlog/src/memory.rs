//! A whole tree in memory: for the register log on a terminal, and for tests. The ledger keeps its nodes in its store.

use alloc::vec::Vec;

use crate::error::TlogError;
use crate::frontier::Frontier;
use crate::hash::Hash;
use crate::prove::HashReader;

/// Every complete node of a tree, 64 bytes a leaf.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { frontier: Frontier::new(), levels: Vec::new() }
    }

    /// Puts one leaf at the right edge.
    pub fn append(&mut self, leaf: Hash) {
        let levels = &mut self.levels;
        self.frontier.append_with(leaf, &mut |level, _, hash| match levels.get_mut(usize::from(level)) {
            Some(nodes) => nodes.push(hash),
            None => levels.push(Vec::from([hash])),
        });
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The right edge, which is all that must be kept to go on appending.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }
}

impl HashReader for MemoryTree {
    type Error = TlogError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TlogError> {
        let at = usize::try_from(index).ok();
        let node = self.levels.get(usize::from(level)).and_then(|nodes| nodes.get(at?));
        node.copied().ok_or(TlogError::NodeMissing { level, index })
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.append(leaf));
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{leaf_hash, node_hash};

    #[test]
    fn nodes_stand_where_the_readme_says() {
        let leaves: Vec<Hash> = (0..5u8).map(|i| leaf_hash(&[i])).collect();
        let tree: MemoryTree = leaves.iter().copied().collect();
        assert_eq!(tree.node(0, 4), Ok(leaves[4]));
        assert_eq!(tree.node(1, 1), Ok(node_hash(&leaves[2], &leaves[3])));
        assert_eq!(tree.node(1, 2), Err(TlogError::NodeMissing { level: 1, index: 2 }));
        assert_eq!(tree.node(3, 0), Err(TlogError::NodeMissing { level: 3, index: 0 }));
    }
}
