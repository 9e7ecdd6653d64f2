//! Payload keys: one per office, retention class and month of the operation, so that a month can be forgotten by destroying one key; and what seals the
//! names of persons, each under a key of its own, for the same reason.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;

use crate::error::LedgerError;
use crate::key_tree::{KeyOf, KeyTree};
use crate::keys::{Wrapping, write_payload_keys};
use crate::payload::RecordKey;
use crate::secret::{DoesNotOpen, SecretKey};
use crate::store::{Entry, KeyState, Store, StoredKey};

/// Which key: office, retention class, month.
pub type KeyName = (OfficeId, u8, u32);

/// A payload key with its number inside the office.
#[derive(Clone, Debug)]
pub struct PayloadKey {
    /// Its number, counted from 1.
    pub number: u32,
    /// The key; nothing once it was destroyed.
    pub key: Option<Arc<RecordKey>>,
}

impl PayloadKey {
    /// The entry of a record. Of a month that was destroyed the leaf alone is kept.
    #[must_use]
    pub fn entry(&self, leaf: Hash, record: &[u8]) -> Entry {
        let payload = self.key.as_ref().map_or_else(Vec::new, |key| key.seal_payload(&leaf.0, record));
        Entry { leaf, key: self.number, payload }
    }
}

/// Every payload key that is durable, and what wraps them.
#[derive(Debug)]
pub struct Vault {
    master: SecretKey,
    wrapping: RwLock<KeyTree>,
    /// Where the wrapping keys lie on the disk.
    wrapping_file: PathBuf,
    keys: RwLock<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    by_name: HashMap<KeyName, PayloadKey>,
    by_number: HashMap<(OfficeId, u32), Arc<RecordKey>>,
    /// Numbers of stored keys that do not open. What they sealed cannot be read, and nothing can be sealed for their month; the rest can.
    damaged: HashSet<(OfficeId, u32)>,
    /// Numbers of keys that were destroyed, and whose they were.
    destroyed: HashMap<(OfficeId, u32), KeyName>,
}

impl Vault {
    /// Unwraps every key that the store has.
    ///
    /// # Errors
    /// When the store fails. A key that does not open is no error: it is known as damaged.
    pub fn open(keys: Wrapping, store: &dyn Store) -> Result<Self, LedgerError> {
        let vault = Self::empty(keys);
        vault.catch_up(store)?;
        Ok(vault)
    }

    /// One that knows no keys yet.
    #[must_use]
    pub fn empty(keys: Wrapping) -> Self {
        let Wrapping { master, payload, file } = keys;
        Self { master, wrapping: RwLock::new(payload), wrapping_file: file, keys: RwLock::default() }
    }

    /// Takes over every key that the store has: also one whose commit failed and landed all the same.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn catch_up(&self, store: &dyn Store) -> Result<(), LedgerError> {
        for office in store.offices()? {
            self.catch_up_office(store, &office.id)?;
        }
        Ok(())
    }

    /// The same for one office.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn catch_up_office(&self, store: &dyn Store, office: &OfficeId) -> Result<(), LedgerError> {
        self.keep_names_at_hand(office);
        for stored in store.keys(office)? {
            self.take(&stored);
        }
        Ok(())
    }

    fn take(&self, stored: &StoredKey) {
        // What nothing wraps any more was destroyed, whatever an older copy of the database says.
        let wrapping = if stored.state == KeyState::InUse { self.wrapping_key(&stored.name()) } else { None };
        let Some(wrapping) = wrapping else { return self.take_destroyed(stored) };
        match unwrap(&wrapping, stored) {
            Ok(key) => self.add(stored, Arc::new(key)),
            Err(DoesNotOpen) => self.mark_damaged(stored),
        }
    }

    /// The master key, for what it wraps; payload keys and names are not among it.
    #[must_use]
    pub const fn master(&self) -> &SecretKey {
        &self.master
    }

    /// The key of that name, if it was made already.
    #[must_use]
    pub fn named(&self, name: &KeyName) -> Option<PayloadKey> {
        self.read().by_name.get(name).cloned()
    }

    /// The key of that number in an office.
    #[must_use]
    pub fn numbered(&self, office: &OfficeId, number: u32) -> Option<Arc<RecordKey>> {
        self.read().by_number.get(&(*office, number)).cloned()
    }

    /// Whether the key of that number is stored and does not open.
    #[must_use]
    pub fn is_damaged(&self, office: &OfficeId, number: u32) -> bool {
        self.read().damaged.contains(&(*office, number))
    }

    /// Whose key that number was, if it was destroyed.
    #[must_use]
    pub fn destroyed(&self, office: &OfficeId, number: u32) -> Option<KeyName> {
        self.read().destroyed.get(&(*office, number)).copied()
    }

    /// Whether a key of that name could still be unwrapped, from whatever copy of the database.
    #[must_use]
    pub fn can_wrap(&self, name: &KeyName) -> bool {
        self.wrapping_key(name).is_some()
    }

    fn wrapping_key(&self, name: &KeyName) -> Option<SecretKey> {
        self.key_of(&KeyOf::Month(*name))
    }

    /// What seals the name with that hash; nothing once it was erased.
    #[must_use]
    pub fn name_key(&self, office: &OfficeId, hash: &[u8; 32]) -> Option<SecretKey> {
        self.key_of(&KeyOf::Name(*office, *hash))
    }

    fn key_of(&self, of: &KeyOf) -> Option<SecretKey> {
        self.wrapping.read().unwrap_or_else(std::sync::PoisonError::into_inner).key(of)
    }

    /// An office has many names, and terminals ask for all of them: what leads to them is derived once.
    pub fn keep_names_at_hand(&self, office: &OfficeId) {
        self.wrapping.write().unwrap_or_else(std::sync::PoisonError::into_inner).unfold_names(office);
    }

    /// Destroys these keys, on the disk first. From then on no copy of the database gives back what they wrap or seal.
    ///
    /// # Errors
    /// When the file cannot be replaced or what it was not be overwritten. It may have been replaced all the same: do it again.
    pub fn forget(&self, keys: &[KeyOf]) -> Result<(), LedgerError> {
        let mut wrapping = self.wrapping.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = wrapping.without(keys);
        write_payload_keys(&self.wrapping_file, &left)?;
        *wrapping = left;
        Ok(())
    }

    fn mark_damaged(&self, stored: &StoredKey) {
        if self.write().damaged.insert((stored.office, stored.number)) {
            log::error!(
                "payload key {} of office {} does not open: run `sekisho-ledger fsck`",
                stored.number,
                stored.office
            );
        }
    }

    /// A new key for this name and what has to be stored of it. It is used only after it was stored and [`Vault::add`]ed. For a month that
    /// was forgotten there is none any more: what is stored then says so.
    #[must_use]
    pub fn make(&self, name: KeyName, staged: usize) -> (StoredKey, Option<Arc<RecordKey>>) {
        let (office, class, month) = name;
        let keys = self.read();
        let known = keys.by_number.keys().chain(&keys.damaged).chain(keys.destroyed.keys());
        let known = known.filter(|(of, _)| *of == office).map(|(_, number)| *number).max();
        drop(keys);
        let number = known.unwrap_or(0).saturating_add(1 + u32::try_from(staged).unwrap_or(u32::MAX));
        let stored = StoredKey { number, office, class, month, wrapped: Vec::new(), state: KeyState::Erased };
        let Some(wrapping) = self.wrapping_key(&name) else { return (stored, None) };
        let key = RecordKey::new(office, SecretKey::generate());
        let wrapped = wrapping.seal(&wrap_aad(&office, class, month), key.expose());
        (StoredKey { wrapped, state: KeyState::InUse, ..stored }, Some(Arc::new(key)))
    }

    /// Takes a key into use that is durable now.
    pub fn add(&self, stored: &StoredKey, key: Arc<RecordKey>) {
        let mut keys = self.write();
        keys.by_number.insert((stored.office, stored.number), Arc::clone(&key));
        keys.by_name.insert(stored.name(), PayloadKey { number: stored.number, key: Some(key) });
    }

    /// Gives up a key that is durably destroyed.
    pub fn take_destroyed(&self, stored: &StoredKey) {
        let (mut keys, place) = (self.write(), (stored.office, stored.number));
        keys.by_number.remove(&place);
        keys.damaged.remove(&place);
        keys.destroyed.insert(place, stored.name());
        keys.by_name.insert(stored.name(), PayloadKey { number: stored.number, key: None });
    }

    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn unwrap(wrapping: &SecretKey, stored: &StoredKey) -> Result<RecordKey, DoesNotOpen> {
    let aad = wrap_aad(&stored.office, stored.class, stored.month);
    let opened = wrapping.open(&aad, &stored.wrapped)?;
    SecretKey::from_slice(&opened).map(|key| RecordKey::new(stored.office, key)).ok_or(DoesNotOpen)
}

fn wrap_aad(office: &OfficeId, class: u8, month: u32) -> Vec<u8> {
    [b"sekisho payload key v1".as_slice(), office.as_bytes(), &[class], &month.to_be_bytes()].concat()
}
