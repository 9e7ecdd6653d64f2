//! Memory of a card that lives as long as the process.

use std::collections::BTreeMap;

use heapless::VecView;
use sekisho_card_app::platform::{Platform, RandomFailed, Record, StorageFailed};
use zeroize::Zeroizing;

/// Records by number, each with its version.
#[derive(Default)]
pub struct Memory {
    records: BTreeMap<u8, (u8, Zeroizing<Vec<u8>>)>,
}

impl Memory {
    pub(crate) fn records(&self) -> impl Iterator<Item = (u8, u8, &[u8])> {
        self.records.iter().map(|(number, (version, content))| (*number, *version, content.as_slice()))
    }

    pub(crate) fn has(&self, record: Record) -> bool {
        self.records.contains_key(&record.number())
    }

    pub(crate) fn put(&mut self, number: u8, version: u8, content: &[u8]) {
        if content.is_empty() {
            self.records.remove(&number);
        } else {
            self.records.insert(number, (version, Zeroizing::new(content.to_vec())));
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} records)", self.records.len())
    }
}

impl Platform for Memory {
    fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StorageFailed> {
        let Some((version, content)) = self.records.get(&record.number()) else { return Ok(None) };
        into.extend_from_slice(content).map_err(|_| StorageFailed)?;
        Ok(Some(*version))
    }

    fn store(&mut self, record: Record, version: u8, content: &[u8]) -> Result<(), StorageFailed> {
        self.put(record.number(), version, content);
        Ok(())
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        getrandom::fill(out).map_err(|_| RandomFailed)
    }
}
