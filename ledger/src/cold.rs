//! Cold segments: what is older than anybody's daily work leaves the database for files that are written once (ledger/README.md, "Cold segments").
//!
//! Only the records log goes cold: the others are small, and read whole at every start.

mod copy;
mod folder;
pub mod format;
mod go;
mod seal;
mod store;
mod warm;

use std::path::PathBuf;
use std::sync::Arc;

use sekisho_wire::id::OfficeId;

use crate::config::Config;
use crate::data::DataDir;
use crate::error::LedgerError;
use crate::store::{Store, StoreError};
use crate::vault::Vault;

pub(crate) use copy::{copy_segments, hold, take_segments};
pub(crate) use folder::is_size;
pub(crate) use go::{Cooling, kept};
pub use store::ColdStore;
pub use warm::{Warmed, warm};

use folder::Folder;

/// Entries of a segment, where the configuration says nothing else: a whole tile of the tree's second level.
pub const ENTRIES: u64 = 65_536;

/// Where the block behind this entry's begins.
pub(crate) const fn behind_block(index: u64) -> u64 {
    (index / BLOCK + 1) * BLOCK
}

const BLOCK: u64 = format::BLOCK as u64;

/// Where the cold segments of a ledger lie, where it has any: a path that is not absolute begins in the data directory.
pub(crate) fn folder_of(config: &Config, data: &DataDir) -> Option<PathBuf> {
    config.cold.as_ref().map(|cold| data.root().join(cold))
}

/// The book of a ledger with what is cold of it, for whoever reads one view. Without keys leaves alone can be read.
///
/// # Errors
/// When segments are cold and the configuration does not say where.
pub(crate) fn view(
    hot: Arc<dyn Store>,
    config: &Config,
    data: &DataDir,
    keys: Option<Arc<Vault>>,
) -> Result<Arc<dyn Store>, LedgerError> {
    let Some(root) = folder_of(config, data) else {
        none_is_cold(&*hot)?;
        return Ok(hot);
    };
    Ok(Arc::new(ColdStore::view(hot, Folder::new(&root), keys)))
}

/// The same for the ledger itself, which writes.
///
/// # Errors
/// As [`view`].
pub(crate) fn over(
    hot: Arc<dyn Store>,
    config: &Config,
    data: &DataDir,
    keys: Arc<Vault>,
) -> Result<Option<Arc<ColdStore>>, LedgerError> {
    let Some(root) = folder_of(config, data) else { return none_is_cold(&*hot).map(|()| None) };
    Ok(Some(Arc::new(ColdStore::new(hot, Folder::new(&root), Some(keys)))))
}

fn none_is_cold(store: &dyn Store) -> Result<(), LedgerError> {
    let of_office = |office: &OfficeId| Ok(store.segments(office)?.last().map(|last| (*office, last.end())));
    let cold = store
        .offices()
        .and_then(|all| all.iter().map(|office| of_office(&office.id)).collect::<Result<Vec<_>, StoreError>>());
    match cold {
        // Who comes to that page finds out, and says it better.
        Err(error) if error.is_damage() => Ok(()),
        cold => match cold?.into_iter().flatten().next() {
            Some((office, entries)) => Err(LedgerError::ColdNowhere { office, entries }),
            None => Ok(()),
        },
    }
}
