//! Payload keys: one per office, retention class and month of the operation, so that a month can be forgotten by destroying one key.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;

use crate::error::LedgerError;
use crate::payload::RecordKey;
use crate::secret::{DoesNotOpen, SecretKey};
use crate::store::{Entry, Store, StoredKey};

/// Which key: office, retention class, month.
pub type KeyName = (OfficeId, u8, u32);

/// A payload key with its number inside the office.
#[derive(Clone, Debug)]
pub struct PayloadKey {
    /// Its number, counted from 1.
    pub number: u32,
    /// The key.
    pub key: Arc<RecordKey>,
}

impl PayloadKey {
    /// The entry of a record.
    #[must_use]
    pub fn entry(&self, leaf: Hash, record: &[u8]) -> Entry {
        Entry { leaf, key: self.number, payload: self.key.seal_payload(&leaf.0, record) }
    }
}

/// Every payload key that is durable.
#[derive(Debug)]
pub struct Vault {
    master: SecretKey,
    keys: RwLock<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    by_name: HashMap<KeyName, PayloadKey>,
    by_number: HashMap<(OfficeId, u32), Arc<RecordKey>>,
    /// Numbers of stored keys that do not open. What they sealed cannot be read, and nothing can be sealed for their month; the rest can.
    damaged: HashSet<(OfficeId, u32)>,
}

impl Vault {
    /// Unwraps every key that the store has.
    ///
    /// # Errors
    /// When the store fails. A key that does not open is no error: it is known as damaged.
    pub fn open(master: SecretKey, store: &dyn Store) -> Result<Self, LedgerError> {
        let vault = Self::empty(master);
        vault.catch_up(store)?;
        Ok(vault)
    }

    /// One that knows no keys yet.
    #[must_use]
    pub fn empty(master: SecretKey) -> Self {
        Self { master, keys: RwLock::default() }
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
        for stored in store.keys(office)? {
            match self.unwrap(&stored) {
                Ok(key) => self.add(&stored, Arc::new(key)),
                Err(DoesNotOpen) => self.mark_damaged(&stored),
            }
        }
        Ok(())
    }

    /// The master key, for what it wraps besides payload keys.
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

    fn mark_damaged(&self, stored: &StoredKey) {
        let mut keys = self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if keys.damaged.insert((stored.office, stored.number)) {
            log::error!(
                "payload key {} of office {} does not open: run `sekisho-ledger fsck`",
                stored.number,
                stored.office
            );
        }
    }

    /// A new key for this name and what has to be stored of it. It is used only after it was stored and [`Vault::add`]ed.
    #[must_use]
    pub fn make(&self, name: KeyName, staged: usize) -> (StoredKey, Arc<RecordKey>) {
        let (office, class, month) = name;
        let keys = self.read();
        let known = keys.by_number.keys().chain(&keys.damaged).filter(|(of, _)| *of == office);
        let known = known.map(|(_, number)| *number).max();
        drop(keys);
        let number = known.unwrap_or(0).saturating_add(1 + u32::try_from(staged).unwrap_or(u32::MAX));
        let key = RecordKey::new(office, SecretKey::generate());
        let wrapped = self.master.seal(&wrap_aad(&office, class, month), key.expose());
        (StoredKey { number, office, class, month, wrapped }, Arc::new(key))
    }

    /// Takes a key into use that is durable now.
    pub fn add(&self, stored: &StoredKey, key: Arc<RecordKey>) {
        let mut keys = self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        keys.by_number.insert((stored.office, stored.number), Arc::clone(&key));
        keys.by_name.insert((stored.office, stored.class, stored.month), PayloadKey { number: stored.number, key });
    }

    fn unwrap(&self, stored: &StoredKey) -> Result<RecordKey, DoesNotOpen> {
        let aad = wrap_aad(&stored.office, stored.class, stored.month);
        let opened = self.master.open(&aad, &stored.wrapped)?;
        SecretKey::from_slice(&opened).map(|key| RecordKey::new(stored.office, key)).ok_or(DoesNotOpen)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn wrap_aad(office: &OfficeId, class: u8, month: u32) -> Vec<u8> {
    [b"sekisho payload key v1".as_slice(), office.as_bytes(), &[class], &month.to_be_bytes()].concat()
}
