//! What is taken out of the ledger as a whole, each answer as it came (LEDGER §L2, §L4): an export keeps them in files.

use sekisho_link::Options;
use sekisho_register::change::Log;
use sekisho_tlog::bundle::decode_bundle;
use sekisho_tlog::tile::TilePath;
use sekisho_wire::id::CaseReference;
use sekisho_wire::words::Language;
use serde::Deserialize;

use super::{Ledger, TILE_MAX};
use crate::error::AdminError;

/// Where one batch lies, and when it came.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct BatchPlace {
    /// Index of its first record in the log.
    pub index: u64,
    /// When it came, by the ledger's clock.
    pub received: u64,
}

#[derive(Deserialize)]
struct BatchPlaces {
    batches: Vec<BatchPlace>,
}

impl Ledger {
    /// An entry bundle that is taken away under this number.
    ///
    /// # Errors
    /// As the link says; a bundle that is none.
    pub(crate) fn take_bundle(
        &self,
        log: Log,
        path: &TilePath,
        permission: &CaseReference,
    ) -> Result<Vec<u8>, AdminError> {
        let address = format!("/{}/{}/{path}?permission={permission}", self.office, log.name(Language::English));
        let bundle = self.link.get(&address, &Options { limit: TILE_MAX, ..self.options() })?.body;
        if decode_bundle(&bundle)?.len() != usize::from(path.width()) {
            return Err(AdminError::Ledger("a bundle of another width than was asked for"));
        }
        Ok(bundle)
    }

    /// What terminals signed, from the batch on that begins at this index or behind it.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn take_batches(&self, from: u64, permission: &CaseReference) -> Result<Vec<u8>, AdminError> {
        self.take(&format!("batches?from={from}&permission={permission}"))
    }

    /// The texts beside entries of the casebook, from this one on.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn take_texts(&self, from: u64, permission: &CaseReference) -> Result<Vec<u8>, AdminError> {
        self.take(&format!("texts?from={from}&permission={permission}"))
    }

    /// Where the first batch lies from this index on; nothing behind the last.
    ///
    /// # Errors
    /// As the link says.
    pub(crate) fn next_batch(&self, from: u64) -> Result<Option<BatchPlace>, AdminError> {
        let path = self.path(&format!("batches?from={from}&limit=1"));
        let answer: BatchPlaces = self.link.get_json(&path, &self.options())?;
        Ok(answer.batches.first().copied())
    }

    fn take(&self, what: &str) -> Result<Vec<u8>, AdminError> {
        Ok(self.link.get(&self.path(what), &Options { limit: TILE_MAX, ..self.options() })?.body)
    }
}
