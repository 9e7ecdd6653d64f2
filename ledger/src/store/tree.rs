//! The tree of a log, as a store has it.

use sekisho_tlog::{Frontier, Hash, HashReader, MemoryTree};
use sekisho_wire::id::OfficeId;

use super::{LogName, Store, StoreError};

/// The tree of one log, read out of a store.
pub struct StoredTree<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// The office.
    pub office: OfficeId,
    /// The log.
    pub log: LogName,
}

impl StoredTree<'_> {
    /// The frontier that the tree had at `size` leaves.
    ///
    /// # Errors
    /// When it cannot be read, or has fewer.
    pub fn frontier(&self, size: u64) -> Result<Frontier, StoreError> {
        let levels = (0..u8::try_from(u64::BITS).unwrap_or_default()).rev().filter(|level| size >> level & 1 == 1);
        // The subtree of a set bit begins where those of the higher bits end.
        let hashes = levels.map(|level| self.node(level, (size >> level) - 1)).collect::<Result<_, _>>()?;
        Frontier::from_parts(size, hashes).map_err(|_| StoreError::Damaged { what: "tree" })
    }
}

impl HashReader for StoredTree<'_> {
    type Error = StoreError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        let missing = StoreError::Damaged { what: "tree" };
        let place = sekisho_tlog::tile::TileNode::of(level, index);
        if place.tile_level > 0 {
            let tile = self.store.tile(&self.office, self.log, place.tile_level, place.tile_index)?;
            return place.hash_in(&tile).map_err(|_| missing);
        }
        let from = place.tile_index * u64::from(sekisho_tlog::tile::TILE_WIDTH) + u64::from(place.first);
        let leaves = self.store.leaves(&self.office, self.log, from, from + u64::from(place.count))?;
        if leaves.len() != usize::from(place.count) {
            return Err(missing);
        }
        Ok(leaves.into_iter().collect::<MemoryTree>().root())
    }
}
