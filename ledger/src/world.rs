//! Which offices there are, and everything that lives as long as the ledger runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use sekisho_wire::id::OfficeId;

use crate::memory::Memory;
use crate::office::Office;

/// The offices of this ledger.
#[derive(Debug, Default)]
pub struct Offices {
    by_id: RwLock<HashMap<OfficeId, Arc<Office>>>,
}

impl Offices {
    /// An office by id.
    #[must_use]
    pub fn find(&self, id: &OfficeId) -> Option<Arc<Office>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Office>> {
        self.by_id.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// One more, once it is durable.
    pub fn add(&self, office: Arc<Office>) {
        self.by_id.write().unwrap_or_else(PoisonError::into_inner).insert(office.id, office);
    }
}

/// Where files stand that are written while the ledger runs.
#[derive(Clone, Debug)]
pub struct Places {
    /// Checkpoint files.
    pub checkpoints: PathBuf,
    /// What this machine remembers of them.
    pub memory: Memory,
    /// The search index.
    pub index: PathBuf,
    /// How witnesses stand, for `status`.
    pub witnesses: PathBuf,
    /// The list of media for backups, which commands write.
    pub media: PathBuf,
    /// What the ledger sees of machine and terminals, for `tell`.
    pub watched: PathBuf,
}
