//! Memory that fails when it is told to.

use std::collections::BTreeMap;

use heapless::VecView;
use sekisho_card_app::Platform;
use sekisho_card_app::platform::{RandomFailed, Record, StorageFailed};

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing was written.
    Failed,
    /// It was written, and reported as failed.
    FailedButLanded,
}

/// A memory, and which of its coming writes go wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breakable {
    records: BTreeMap<u8, (u8, Vec<u8>)>,
    /// The write with this number (0 = the next) goes wrong, and so do all after it: the power is gone.
    pub(crate) breaks: Option<(usize, Broken)>,
    pub(crate) writes: usize,
    random: u64,
}

impl Breakable {
    pub(crate) fn break_at(&mut self, write: usize, how: Broken) {
        self.writes = 0;
        self.breaks = Some((write, how));
    }

    pub(crate) fn repair(&mut self) {
        self.writes = 0;
        self.breaks = None;
    }

    pub(crate) fn content(&self, record: Record) -> Option<&[u8]> {
        self.records.get(&record.number()).map(|(_, content)| content.as_slice())
    }

    /// A record from a firmware of the future.
    pub(crate) fn set_version(&mut self, record: Record, version: u8) {
        self.records.get_mut(&record.number()).expect("the test's record exists").0 = version;
    }
}

impl Platform for Breakable {
    fn load(&mut self, record: Record, into: &mut VecView<u8>) -> Result<Option<u8>, StorageFailed> {
        let Some((version, content)) = self.records.get(&record.number()) else { return Ok(None) };
        into.extend_from_slice(content).map_err(|_| StorageFailed)?;
        Ok(Some(*version))
    }

    fn store(&mut self, record: Record, version: u8, content: &[u8]) -> Result<(), StorageFailed> {
        let number = self.writes;
        self.writes += 1;
        let outcome = match self.breaks {
            Some((at, how)) if number == at => Err(how),
            Some((at, _)) if number > at => Err(Broken::Failed),
            Some(_) | None => Ok(()),
        };
        if outcome != Err(Broken::Failed) {
            if content.is_empty() {
                self.records.remove(&record.number());
            } else {
                self.records.insert(record.number(), (version, content.to_vec()));
            }
        }
        outcome.map_err(|_| StorageFailed)
    }

    /// The same numbers in every run, another one each time (splitmix64).
    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        for byte in out {
            self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = (mixed >> 40) as u8;
        }
        Ok(())
    }
}
