//! What is to be signed is read back from the database first. Between a record that was checked and the tree that is signed lie sealing, memory and a
//! disk: what any of them changed is found here, and not by whoever asks for evidence years later.

use std::sync::PoisonError;

use sekisho_tlog::{Frontier, leaf_hash};
use sekisho_wire::id::OfficeId;

use super::{Log, Signed};
use crate::checkpoint::Halt;
use crate::locks::lock;
use crate::store::{Entry, LogName, Store, StoreError, StoredTree};
use crate::vault::Vault;

/// Entries that are read at once.
const PAGE: u32 = 500;

impl Log {
    /// Reads back what is committed and was not yet. Stops the log where that is not what was written.
    ///
    /// # Errors
    /// When the database cannot be read: then nothing more is signed, and the next look tries again.
    pub(crate) fn confirm(&self, store: &dyn Store, vault: &Vault, office: &OfficeId) -> Result<(), StoreError> {
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        let head = lock(&self.committed).head.clone();
        let signed = match &*self.signed() {
            Signed::Halted(_) => return Ok(()),
            Signed::Checkpoint(published) => published.size,
            Signed::Nothing => self.base.map_or(0, |base| base.kept_size),
        };
        let goes_on = |known: &Frontier| known.size() >= signed && known.size() <= head.size();
        let mut read = match confirmed.take().filter(goes_on) {
            Some(known) => known,
            None => StoredTree { store, office: *office, log: self.name }.frontier(signed)?,
        };
        while read.size() < head.size() {
            let entries = store.entries(office, self.name, read.size(), PAGE)?;
            if entries.is_empty() {
                return Err(StoreError::Damaged { what: "log" });
            }
            let left = usize::try_from(head.size() - read.size()).unwrap_or(usize::MAX);
            for entry in entries.iter().take(left) {
                if !is_as_written(self.name, vault, office, entry) {
                    drop(confirmed);
                    self.halt(Halt::NotAsWritten { index: read.size() }, "");
                    return Ok(());
                }
                read.append(entry.leaf);
            }
        }
        if read.root() != head.root() {
            drop(confirmed);
            self.halt(Halt::TreeDamaged, "");
            return Ok(());
        }
        *confirmed = Some(read);
        Ok(())
    }
}

fn is_as_written(log: LogName, vault: &Vault, office: &OfficeId, entry: &Entry) -> bool {
    if log != LogName::Records {
        return leaf_hash(&entry.payload) == entry.leaf;
    }
    // A month may be destroyed before its last records are signed: what is left of them is the leaf.
    let Some(key) = vault.numbered(office, entry.key) else { return vault.destroyed(office, entry.key).is_some() };
    key.open_payload(&entry.leaf.0, &entry.payload).is_ok_and(|bytes| leaf_hash(&bytes) == entry.leaf)
}
