//! The hash tiles of a log, fetched one by one as a proof asks for them: what one record's place costs does not grow with the log.
//!
//! A tile is the ledger's word. It becomes more only by a proof made of it that leads to a signed root.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sekisho_register::change::Log;
use sekisho_tlog::tile::{TileContent, TileNode, TilePath};
use sekisho_tlog::{Hash, HashReader, ProveError};
use sekisho_wire::id::Hash as WireHash;

use crate::error::AdminError;
use crate::ledger::Ledger;

/// The tree of one log at one size.
#[derive(Debug)]
pub(crate) struct LogTiles<'a> {
    ledger: &'a Ledger,
    log: Log,
    size: u64,
    fetched: RefCell<BTreeMap<TilePath, Vec<u8>>>,
}

impl<'a> LogTiles<'a> {
    /// Nothing is fetched yet.
    #[must_use]
    pub(crate) const fn new(ledger: &'a Ledger, log: Log, size: u64) -> Self {
        Self { ledger, log, size, fetched: RefCell::new(BTreeMap::new()) }
    }
}

impl HashReader for LogTiles<'_> {
    type Error = AdminError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, AdminError> {
        let node = TileNode::of(level, index);
        let path = TilePath::in_tree(TileContent::Hashes(node.tile_level), node.tile_index, self.size)
            .ok_or(AdminError::Ledger("a tree that is smaller than its proof needs"))?;
        let mut fetched = self.fetched.borrow_mut();
        let tile = match fetched.entry(path) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.ledger.tile(self.log, &path)?),
        };
        Ok(node.hash_in(tile)?)
    }
}

/// A proof made of tiles, as it travels.
///
/// # Errors
/// When a tile cannot be had, or there is no such proof.
pub(crate) fn proved(made: Result<Vec<Hash>, ProveError<AdminError>>) -> Result<Vec<WireHash>, AdminError> {
    match made {
        Ok(proof) => Ok(proof.into_iter().map(|hash| WireHash(hash.0)).collect()),
        Err(ProveError::Reader(error)) => Err(error),
        Err(ProveError::Request(error)) => Err(error.into()),
    }
}
