//! What is to be signed is read back from the database first. Between a record that was checked and the tree that is signed lie sealing, memory and a
//! disk: what any of them changed is found here, and not by whoever asks for evidence years later.

use std::sync::Mutex;

use sekisho_tlog::{Frontier, Hash, leaf_hash};
use sekisho_wire::id::OfficeId;

use super::{Log, Signed};
use crate::checkpoint::Halt;
use crate::locks::lock;
use crate::store::{Entry, LogName, Store, StoreError, StoredTree};
use crate::vault::Vault;

/// Entries that are read at once.
const PAGE: u32 = 500;

impl Log {
    /// Reads back what is committed and was not yet. Stops the log where that is not what was written, or does not continue what was signed: a database
    /// can be exchanged under a ledger that runs.
    ///
    /// # Errors
    /// When the database cannot be read: then nothing more is signed, and the next look goes on from there.
    pub(crate) fn confirm(&self, store: &dyn Store, vault: &Vault, office: &OfficeId) -> Result<(), StoreError> {
        let head = lock(&self.committed).head.clone();
        let (signed, root, text) = match &*self.signed() {
            Signed::Halted(_) => return Ok(()),
            Signed::Checkpoint(published) => (published.size, Some(published.root), published.text.clone()),
            Signed::Nothing => {
                let base = self.base.as_ref().map(|base| (base.kept_size, Hash(base.kept_root.0)));
                (base.map_or(0, |(size, _)| size), base.map(|(_, root)| root), String::new())
            }
        };
        if head.size() < signed {
            self.halt(Halt::Behind { signed, stored: head.size() }, &text);
            return Ok(());
        }
        let known = [&self.reading, &self.confirmed].into_iter().filter_map(|known| lock(known).clone());
        let mut read =
            match known.filter(|known| (signed..=head.size()).contains(&known.size())).max_by_key(Frontier::size) {
                Some(known) => known,
                None => {
                    let there = StoredTree { store, office: *office, log: self.name }.frontier(signed)?;
                    if root.is_some_and(|root| root != there.root()) {
                        self.halt(Halt::Forked { size: signed }, &text);
                        return Ok(());
                    }
                    there
                }
            };
        while read.size() < head.size() {
            let entries = store.entries(office, self.name, read.size(), PAGE)?;
            if entries.is_empty() {
                return Err(StoreError::Damaged { what: "log" });
            }
            let left = usize::try_from(head.size() - read.size()).unwrap_or(usize::MAX);
            for entry in entries.iter().take(left) {
                if !is_as_written(self.name, vault, office, entry) {
                    self.halt(Halt::NotAsWritten { index: read.size() }, "");
                    return Ok(());
                }
                read.append(entry.leaf);
            }
            further(&self.reading, &read);
        }
        if read.root() == head.root() {
            further(&self.confirmed, &read);
        } else {
            (*lock(&self.confirmed), *lock(&self.reading)) = (None, None);
            self.halt(Halt::TreeDamaged, "");
        }
        Ok(())
    }
}

/// Somebody else may have come further meanwhile.
fn further(known: &Mutex<Option<Frontier>>, read: &Frontier) {
    let mut known = lock(known);
    if known.as_ref().is_none_or(|known| known.size() < read.size()) {
        *known = Some(read.clone());
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
