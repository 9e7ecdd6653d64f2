//! Carries out what acts destroy (register §R3.14): first the key goes, then what it sealed, then what the search index knew of it. Names that acts
//! erase go beside it (`erasure.rs`).
//!
//! Every step may be done again, and a start begins where the last one was cut short: what an act destroys, and what of it is still there,
//! stands in the register, in `payload.key` and in the key's row. Nothing else is remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sekisho_register::Register;
use sekisho_register::calendar::Month;
use sekisho_register::retention::Destroyed;
use sekisho_wire::id::OfficeId;
use sekisho_wire::record::Retention;

use crate::clock::{Millis, since_boot};
use crate::cold::behind_block;
use crate::error::LedgerError;
use crate::key_tree::KeyOf;
use crate::ledger::Ledger;
use crate::line::Lane;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::signed_log::Unpublished;
use crate::stage::class_number;
use crate::store::{KeyState, LogName, StoreError, StoredKey};
use crate::vault::KeyName;

/// How far each office has come.
#[derive(Debug, Default)]
pub(crate) struct Destructions(Mutex<HashMap<OfficeId, Progress>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// So many of the register's destructions have no key any more.
    acts: usize,
    /// So many of its erasures of names have been carried out.
    pub(crate) erasures: usize,
    /// And of so many it was written over what they left in the database's files.
    pub(crate) scrubbed: usize,
    /// What is erased at the moment.
    walk: Option<Walk>,
    /// After a failure, in milliseconds since the machine started.
    rests_until: Millis,
    /// The same of taking keys away.
    keys_rest_until: Millis,
}

/// A walk through the records log.
#[derive(Clone, Debug)]
struct Walk {
    /// The destroyed keys whose payloads are looked for.
    keys: Vec<u32>,
    /// The next entry.
    next: u64,
    /// The search index was written anew after the last of them.
    compacted: bool,
    /// A block of a cold file is not as it was written: what lies in it could not be erased.
    passed_over: bool,
}

impl Walk {
    const fn over(keys: Vec<u32>) -> Self {
        Self { keys, next: 0, compacted: false, passed_over: false }
    }
}

/// Whether something of an office has still to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// More.
    More,
}

impl Ledger {
    /// Destroys what acts say and what is still there, as far as one step goes. Only one thread calls this.
    ///
    /// # Errors
    /// When a key cannot be destroyed or a payload not be erased; it is tried again with the next call.
    pub fn destroy_some(&self, office: &Office) -> Result<Left, LedgerError> {
        self.destroy_keys(office)?;
        self.erase_names(office)?;
        let Some(walk) = self.progress(&office.id).walk else {
            return self.scrub_names(office).map(|()| Left::Nothing);
        };
        if walk.next < office.log(LogName::Records).committed_size() {
            let (next, erased) = match self.erase_page(office, &walk) {
                Ok(next) => (next, true),
                Err(LedgerError::Store(damage)) if damage.is_of_one_block() => {
                    log::error!("{damage}; what was destroyed in office {} cannot be erased there", office.id);
                    (behind_block(walk.next), false)
                }
                Err(error) => return Err(error),
            };
            let passed_over = walk.passed_over || !erased;
            self.set_progress(&office.id, |progress| progress.walk = Some(Walk { next, passed_over, ..walk }));
            return Ok(Left::More);
        }
        // Nothing counts as gone before it is gone from the files.
        if !walk.compacted {
            self.index.compact()?;
            // The whole index was written anew: not once more because somebody reads in it for a while.
            self.set_progress(&office.id, |progress| progress.walk = Some(Walk { compacted: true, ..walk.clone() }));
        }
        self.index.empty_log()?;
        self.store.scrub()?;
        let (id, keys) = (office.id, walk.keys);
        if walk.passed_over {
            // From the beginning again, once somebody may have put the file right.
            self.set_progress(&id, |progress| {
                progress.walk = Some(Walk::over(keys));
                progress.rests_until = since_boot().saturating_add(LONG_REST);
            });
            return Ok(Left::Nothing);
        }
        let erased = self.writer.run(Lane::Of(id), None, move |stage| {
            stage.change().destroyed.extend(keys.iter().map(|key| (id, *key, KeyState::Erased)));
        });
        erased.map_err(|error| not_written(Refusal::from(error)))?;
        self.set_progress(&office.id, |progress| progress.walk = None);
        log::info!("what was destroyed in office {} is erased", office.id);
        Ok(Left::Nothing)
    }

    /// So much that what waits for the same thread does not wait long. After a failure nothing for a while: somebody may be reading an older
    /// view, and each try keeps others waiting. Nothing then.
    pub(crate) fn destroy_a_few_pages(&self, office: &Office) -> Option<Result<(), LedgerError>> {
        // The keys first, whatever rests: from then on nobody reads what is to go.
        if since_boot() < self.progress(&office.id).keys_rest_until {
            return None;
        }
        if let Err(error) = self.destroy_keys(office).and_then(|()| self.erase_names(office)) {
            self.set_progress(&office.id, |progress| progress.keys_rest_until = since_boot().saturating_add(REST));
            return Some(Err(error));
        }
        if since_boot() < self.progress(&office.id).rests_until {
            return None;
        }
        for _ in 0..PAGES {
            match self.destroy_some(office) {
                Ok(Left::More) if !self.is_stopping() => {}
                Ok(Left::More | Left::Nothing) => break,
                Err(error) => {
                    self.set_progress(&office.id, |progress| progress.rests_until = since_boot().saturating_add(REST));
                    return Some(Err(error));
                }
            }
        }
        Some(Ok(()))
    }

    /// Destroys the keys of every month that an act destroys: from then on nobody reads them, here or out of a copy.
    ///
    /// # Errors
    /// When `payload.key` cannot be replaced or the store fails.
    pub(crate) fn destroy_keys(&self, office: &Office) -> Result<(), LedgerError> {
        let register = office.register();
        let acts = sealed(&register, office);
        let done = self.progress(&office.id).acts;
        if acts.len() == done {
            return Ok(());
        }
        let names: Vec<KeyName> = acts.iter().flat_map(|act| names_of(&office.id, act)).collect();
        let wrapped: Vec<KeyName> = names.iter().copied().filter(|name| self.vault.can_wrap(name)).collect();
        if !wrapped.is_empty() {
            self.vault.forget(&wrapped.iter().copied().map(KeyOf::Month).collect::<Vec<_>>())?;
            log::warn!("an act destroys {} months of office {}: their keys are gone", wrapped.len(), office.id);
        }
        let stored = self.store.keys(&office.id)?.into_iter().filter(|key| names.contains(&key.name()));
        let (in_use, gone): (Vec<StoredKey>, Vec<StoredKey>) = stored.partition(|key| key.state == KeyState::InUse);
        let mut keys: Vec<u32> =
            gone.iter().filter(|key| key.state == KeyState::Destroyed).map(|key| key.number).collect();
        if !in_use.is_empty() {
            keys.extend(in_use.iter().map(|key| key.number));
            // Nobody reads on with what was in memory.
            in_use.iter().for_each(|stored| self.vault.take_destroyed(stored));
            let destroyed = self.writer.run(Lane::Of(office.id), None, move |stage| {
                let gone = in_use.iter().map(|stored| (stored.office, stored.number, KeyState::Destroyed));
                stage.change().destroyed.extend(gone);
            });
            destroyed.map_err(|error| not_written(Refusal::from(error)))?;
        }
        let walk = (!keys.is_empty()).then_some(Walk::over(keys));
        let acts = acts.len();
        self.set_progress(&office.id, |progress| (progress.acts, progress.walk) = (acts, walk));
        Ok(())
    }

    /// Looks through a page of entries; gives where the next begins.
    fn erase_page(&self, office: &Office, walk: &Walk) -> Result<u64, LedgerError> {
        let entries = self.store.entries(&office.id, LogName::Records, walk.next, PAGE)?;
        if entries.is_empty() {
            return Err(StoreError::Damaged { what: "records log" }.into());
        }
        let end = walk.next + entries.len() as u64;
        let of_them = (walk.next..).zip(entries).filter(|(_, entry)| walk.keys.contains(&entry.key));
        let indexes: Vec<u64> = of_them.map(|(index, _)| index).collect();
        if !indexes.is_empty() {
            // The index first: it says in the clear what nobody can read any more.
            self.index.drop_rows(&office.id, &indexes)?;
            self.store.erase(&office.id, &indexes)?;
        }
        Ok(end)
    }

    /// What became of a record whose key is gone: the refusal that names the act.
    pub(crate) fn refuse_destroyed(&self, office: &OfficeId, index: u64, key: u32) -> Option<Refusal> {
        let (_, class, month) = self.vault.destroyed(office, key)?;
        let class = Retention::numbered(class.into())?;
        let register = self.offices.find(office)?.register();
        let act = register.destroyed(class, Month(month)).map(|destroyed| destroyed.index);
        Some(Refusal::Destroyed { index, class, month: Month(month), act })
    }

    /// The keys of every month that has records, by class and month.
    ///
    /// # Errors
    /// When the store fails.
    pub fn kept_months(&self, office: &OfficeId) -> Result<Vec<StoredKey>, Refusal> {
        let mut keys = self.store.keys(office)?;
        keys.sort_by_key(|key| (key.class, key.month));
        Ok(keys)
    }

    pub(crate) fn progress(&self, office: &OfficeId) -> Progress {
        let offices = self.destructions.0.lock().unwrap_or_else(PoisonError::into_inner);
        offices.get(office).cloned().unwrap_or_default()
    }

    pub(crate) fn set_progress(&self, office: &OfficeId, set: impl FnOnce(&mut Progress)) {
        set(self.destructions.0.lock().unwrap_or_else(PoisonError::into_inner).entry(*office).or_default());
    }
}

/// What acts destroy that others can see: those under a checkpoint. A log that has stopped takes no new ones; what stands in it was signed by
/// two persons, and stays destroyed.
fn sealed(register: &Register, office: &Office) -> Vec<Destroyed> {
    let signed = signed_size(register, office);
    register.all_destroyed().iter().filter(|destroyed| destroyed.index < signed).copied().collect()
}

/// So many acts hold for what cannot be undone.
pub(crate) fn signed_size(register: &Register, office: &Office) -> u64 {
    match office.log(LogName::Register).published() {
        Ok(published) => published.size,
        Err(Unpublished::Halted(..)) => register.size(),
        Err(Unpublished::Disk(..) | Unpublished::Unread(_)) => 0,
    }
}

/// The keys of what one act destroys.
pub(crate) fn names_of(office: &OfficeId, destroyed: &Destroyed) -> impl Iterator<Item = KeyName> {
    let (office, months) = (*office, destroyed.months);
    (months.from.0..months.to.0).map(move |month| (office, class_number(months.class), month))
}

fn not_written(refusal: Refusal) -> LedgerError {
    StoreError::Database { act: "write that a month is destroyed", cause: refusal.to_string() }.into()
}

const PAGE: u32 = 1000;
/// After a failure.
const REST: Millis = 10_000;
/// After a walk that had to pass something over.
const LONG_REST: Millis = 60 * 60_000;
/// In one look at an office.
const PAGES: u32 = 8;
