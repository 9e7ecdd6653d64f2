//! Carries out what acts erase of names (register §R3.18) and of texts of cases (§R3.25): first the keys go, then the rows that they sealed, beside the register and
//! beside the casebook.
//!
//! As with months that are destroyed, every step may be done again, and a start goes on where the last one was cut short: which names go stands in
//! the logs, which keys are left in `payload.key`, which rows in the store.

use std::collections::BTreeSet;

use sekisho_register::{Act, Change, NameHash, Register, SignedAct};
use sekisho_wire::id::OfficeId;

use crate::destroy::signed_size;
use crate::error::LedgerError;
use crate::key_tree::KeyOf;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::store::{LogName, NamePlace, Store, StoreError, StoredName};

impl Ledger {
    /// Erases the names and texts that acts say and that are still there: from then on nobody reads them, here or out of a copy. Only one thread calls this.
    ///
    /// # Errors
    /// When `payload.key` cannot be replaced or the store fails; it is tried again with the next call.
    pub(crate) fn erase_names(&self, office: &Office) -> Result<(), LedgerError> {
        let register = office.register();
        let signed = signed_size(&register, office);
        let acts = register.all_erased().iter().filter(|erased| erased.index < signed).count();
        if acts == self.progress(&office.id).erasures {
            return Ok(());
        }
        let proposed = proposed(&*self.store, &office.id, &register)?;
        let erased = register.erased_names().chain(proposed.iter().map(|(name, index)| (name, *index)));
        let gone: BTreeSet<NameHash> = erased.filter(|(_, index)| *index < signed).map(|(name, _)| *name).collect();
        let has_key = |name: &&NameHash| self.vault.name_key(&office.id, &name.0).is_some();
        let keys: Vec<KeyOf> = gone.iter().filter(has_key).map(|name| KeyOf::Name(office.id, name.0)).collect();
        if !keys.is_empty() {
            self.vault.forget(&keys)?;
            log::warn!("an act erases {} names or texts of office {}: their keys are gone", keys.len(), office.id);
        }
        let rows = rows(&*self.store, &office.id)?.into_iter().filter(|row| gone.contains(&NameHash(row.hash)));
        let places: Vec<NamePlace> = rows.map(|row| place(&row)).collect();
        if !places.is_empty() {
            let erased = self.writer.run(Lane::Of(office.id), None, move |stage| {
                stage.change().erased_names.extend(&places);
            });
            erased.map_err(|error| not_written(&Refusal::from(error)))?;
        }
        self.set_progress(&office.id, |progress| progress.erasures = acts);
        Ok(())
    }

    /// Looks for names once more, whatever was looked at: a log was filled, and what came back may have some beside it that are to go.
    pub(crate) fn look_for_erased_names_again(&self, office: &OfficeId) {
        self.set_progress(office, |progress| progress.erasures = 0);
    }

    /// Writes over what the erased rows left in the files; once more after each start, for the one before may have died before it came so far. Not at the
    /// start itself: whoever reads an older view is waited for.
    ///
    /// # Errors
    /// When the store fails; it is tried again with the next call.
    pub(crate) fn scrub_names(&self, office: &Office) -> Result<(), LedgerError> {
        let progress = self.progress(&office.id);
        if progress.scrubbed < progress.erasures {
            self.store.scrub()?;
            self.set_progress(&office.id, |of| of.scrubbed = progress.erasures);
            log::info!("the names and texts that acts erase are erased in office {}", office.id);
        }
        Ok(())
    }
}

/// The names in proposals that never take effect, because an act erased the names of whom they designate after they had been signed; and which act.
/// A name that is somebody's all the same stays.
///
/// # Errors
/// When the store fails.
pub(crate) fn proposed(
    store: &dyn Store,
    office: &OfficeId,
    register: &Register,
) -> Result<Vec<(NameHash, u64)>, StoreError> {
    if register.all_erased().is_empty() {
        return Ok(Vec::new());
    }
    let designated = register.operators().flat_map(|operator| operator.designations().iter());
    let held: BTreeSet<NameHash> = designated.map(|said| said.value.name).collect();
    let (mut found, mut next) = (Vec::new(), 0);
    loop {
        let entries = store.entries(office, LogName::Casebook, next, PAGE)?;
        if entries.is_empty() {
            return Ok(found);
        }
        next += entries.len() as u64;
        let acts = entries.iter().filter_map(|entry| SignedAct::decode(&entry.payload).ok());
        acts.for_each(|signed| found.extend(erased_in(signed.act(), register, &held)));
    }
}

fn erased_in(act: &Act, register: &Register, held: &BTreeSet<NameHash>) -> Vec<(NameHash, u64)> {
    let changes = act.changes.iter().flat_map(Change::brings);
    let erased = changes.filter_map(|change| {
        let designate = change.designation().filter(|designate| !held.contains(&designate.name))?;
        // An approval goes by the earlier of what both had seen, and nobody takes an act that had not seen this one (register §R4.3).
        let by = register
            .all_erased()
            .iter()
            .find(|erased| act.seen_size <= erased.index && erased.is_of(&designate.operator))?;
        Some((designate.name, by.index))
    });
    erased.collect()
}

/// Every name of an office, with its place.
///
/// # Errors
/// When the store fails.
pub(crate) fn rows(store: &dyn Store, office: &OfficeId) -> Result<Vec<StoredName>, StoreError> {
    let mut rows = store.names(office, LogName::Register, 0, i64::MAX as u64)?;
    rows.extend(store.names(office, LogName::Casebook, 0, i64::MAX as u64)?);
    Ok(rows)
}

const fn place(row: &StoredName) -> NamePlace {
    NamePlace { office: row.office, log: row.log, index: row.index, hash: row.hash }
}

fn not_written(refusal: &Refusal) -> LedgerError {
    StoreError::Database { act: "write that names are erased", cause: refusal.to_string() }.into()
}

const PAGE: u32 = 1000;
