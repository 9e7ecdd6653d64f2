//! When entries go cold: sealed, older than the configuration says, and a whole segment of them. One at a time, beside other work.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho_wire::id::OfficeId;

use super::folder::Folder;
use super::folder_of;
use super::store::Signed;
use crate::clock::{DAY, Millis, since_boot};
use crate::config::Config;
use crate::data::DataDir;
use crate::destroy::Left;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::store::{LogName, Store, StoreError};

/// How far going cold has come in this run.
#[derive(Debug, Default)]
pub(crate) struct Cooling {
    /// After a failure an office is left alone until then, in milliseconds since the machine started.
    rests_until: Mutex<HashMap<OfficeId, Millis>>,
    /// Segments that could not go cold.
    failed: AtomicU64,
}

impl Cooling {
    /// Tries that failed since the start.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Ledger {
    /// Lets one segment of an office go cold, if one may.
    ///
    /// # Errors
    /// When it cannot: what is hot stays hot.
    pub fn cool_some(&self, office: &Office) -> Result<Left, LedgerError> {
        let Some(cold) = &self.cold else { return Ok(Left::Nothing) };
        let log = office.log(LogName::Records);
        // Of a log that has stopped, or waits for what was signed, nothing is moved.
        if office.hears() || log.lacks().is_some() {
            return Ok(Left::Nothing);
        }
        let Ok(signed) = log.published() else { return Ok(Left::Nothing) };
        // A segment begins where one of its size may: after smaller ones they grow to what is configured.
        let first = cold.cold_size(&office.id)?;
        let entries = self.config.cold_entries.min(1 << first.trailing_zeros().min(u64::BITS - 1));
        let end = first.saturating_add(entries);
        if end > signed.size || !self.is_old(office, end)? {
            return Ok(Left::Nothing);
        }
        let signed = Signed { size: signed.size, root: signed.root };
        let segment = cold.cool(&office.id, entries, signed)?;
        log::info!("entries {} to {} of office {} are cold", segment.first, segment.end() - 1, office.id);
        Ok(Left::More)
    }

    /// Whether what stands in front of this entry came long enough ago: it is no younger than the first batch behind it.
    fn is_old(&self, office: &Office, end: u64) -> Result<bool, StoreError> {
        let age = u64::from(self.config.cold_after_days).saturating_mul(DAY);
        let behind = self.store.batches_by_index(&office.id, end, 1)?;
        Ok(behind.first().is_some_and(|batch| batch.received.saturating_add(age) <= self.clock.now()))
    }

    /// The same for the loop that looks after everything: after a failure nothing for a while. Nothing then.
    pub(crate) fn cool_one(&self, office: &Office) -> Option<Result<(), LedgerError>> {
        let now = since_boot();
        if lock(&self.cooling.rests_until).get(&office.id).is_some_and(|until| now < *until) {
            return None;
        }
        Some(self.cool_some(office).map(drop).inspect_err(|_| {
            self.cooling.failed.fetch_add(1, Ordering::Relaxed);
            lock(&self.cooling.rests_until).insert(office.id, now.saturating_add(REST));
        }))
    }
}

/// What of an office is cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    entries: u64,
    files: usize,
    bytes: u64,
    missing: usize,
}

/// What of an office is cold, as far as a look at the files tells; nothing where cold segments are off.
///
/// # Errors
/// When the database fails.
pub(crate) fn kept(
    store: &dyn Store,
    config: &Config,
    data: &DataDir,
    office: &OfficeId,
) -> Result<Option<Kept>, StoreError> {
    let Some(folder) = folder_of(config, data).map(|root| Folder::new(&root)) else { return Ok(None) };
    let mut kept = Kept { entries: 0, files: 0, bytes: 0, missing: 0 };
    for segment in store.segments(office)? {
        kept.entries += segment.entries;
        kept.files += 1;
        match fs::metadata(folder.path(office, &segment)) {
            Ok(looked) => kept.bytes += looked.len(),
            Err(_) => kept.missing += 1,
        }
    }
    Ok(Some(kept))
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, files, bytes, missing } = self;
        writeln!(
            f,
            "    {entries} of them cold, in {files} files of {bytes} bytes（うちコールド保管 {entries} 件、{files} ファイル、{bytes} バイト）"
        )?;
        if *missing > 0 {
            writeln!(
                f,
                "    {missing} files of cold segments are NOT THERE（コールド保管のファイル {missing} 個が見つかりません）"
            )?;
        }
        Ok(())
    }
}

/// After a failure.
const REST: Millis = 60_000;
