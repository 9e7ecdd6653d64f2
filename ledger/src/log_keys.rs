//! The keys of an office's logs: their seeds, wrapped as one, and what signs as the register has it.

use sekisho_register::{LogKeys, Register};
use sekisho_tlog::{Checkpoint, Hash, SigningKey, VerifyingKey};
use sekisho_wire::id::OfficeId;
use zeroize::{Zeroize, Zeroizing};

use crate::clock::Millis;
use crate::code::PublicKeys;
use crate::error::LedgerError;
use crate::secret::{DoesNotOpen, SecretKey};
use crate::store::{LogName, StoreError};

/// Name of a log in the world (LEDGER §L2).
#[must_use]
pub fn origin(ledger: &str, office: &OfficeId, log: LogName, generation: u32) -> String {
    format!("{ledger}/{office}/{}", log.of_acts().name_of(generation))
}

/// Every seed that was made for the logs of an office, the oldest first. Which of them signs, the register says: one that no act has named yet does not.
pub(crate) struct Seeds(Vec<Seed>);

struct Seed {
    log: LogName,
    made: Millis,
    seed: Zeroizing<[u8; 32]>,
}

impl Seeds {
    /// One for each log of an office to be.
    fn fresh(now: Millis) -> Self {
        let mut seeds = Self(Vec::new());
        LogName::ALL.into_iter().for_each(|log| seeds.make(log, now));
        seeds
    }

    /// One more, for a log whose key is to change.
    pub(crate) fn make(&mut self, log: LogName, now: Millis) {
        self.0.push(Seed { log, made: now, seed: Zeroizing::new(crate::random::bytes()) });
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// When it does not open.
    pub(crate) fn open(master: &SecretKey, sealed: &[u8]) -> Result<Self, LedgerError> {
        let damaged = || LedgerError::from(StoreError::Damaged { what: "wrapped log keys" });
        let opened = master.open(SEEDS_AAD, sealed).map_err(|DoesNotOpen| damaged())?;
        let seeds = opened.chunks(SEED_BYTES).map(Seed::read).collect::<Option<Vec<_>>>();
        seeds.map(Self).ok_or_else(damaged)
    }

    /// As they stand in the database.
    pub(crate) fn seal(&self, master: &SecretKey) -> Vec<u8> {
        // Sized at once: bytes that are moved stay behind in the clear.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0.len() * SEED_BYTES));
        for Seed { log, made, seed } in &self.0 {
            bytes.push(u8::try_from(log.number()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(&made.to_be_bytes());
            bytes.extend_from_slice(seed.as_slice());
        }
        master.seal(SEEDS_AAD, &bytes)
    }

    /// All keys of one log under a name, the oldest first, each with when it was made.
    ///
    /// # Errors
    /// When a seed makes no key, which random ones do.
    pub(crate) fn keys(&self, log: LogName, origin: &str) -> Result<Vec<(SigningKey, Millis)>, LedgerError> {
        let of_log = self.0.iter().filter(|seed| seed.log == log);
        of_log.map(|seed| Ok((SigningKey::from_seed(origin, &seed.seed)?, seed.made))).collect()
    }
}

impl Seed {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (log, rest) = bytes.split_first()?;
        let (made, seed) = rest.split_at_checked(8)?;
        let log = LogName::ALL.into_iter().find(|name| name.number() == usize::from(*log))?;
        let made = u64::from_be_bytes(made.try_into().ok()?);
        let mut seed: [u8; 32] = seed.try_into().ok()?;
        let read = Self { log, made, seed: Zeroizing::new(seed) };
        seed.zeroize();
        Some(read)
    }
}

/// What signs one log, and what opens what it has signed.
#[derive(Debug)]
pub struct Signers {
    /// The key in force and the one before it, which whoever has not heard of the newest knows. None where the key in force is not here.
    signing: Vec<SigningKey>,
    keys: LogKeys,
}

impl Signers {
    /// Those of a log as the register has them.
    ///
    /// # Errors
    /// When the seeds make no keys, or the register is that of no office.
    pub(crate) fn of(seeds: &Seeds, register: &Register, log: LogName, generation: u32) -> Result<Self, LedgerError> {
        let keys = keys_of(register, log, generation)?;
        let mut made = seeds.keys(log, keys.origin())?;
        let mut own = |key: &VerifyingKey| {
            let at = made.iter().position(|(one, _)| one.verifying_key() == *key)?;
            Some(made.swap_remove(at).0)
        };
        let newest = own(keys.newest());
        let before = keys.ever().iter().rev().nth(1).filter(|_| newest.is_some()).and_then(own);
        Ok(Self { signing: newest.into_iter().chain(before).collect(), keys })
    }

    /// Whether the key in force is here: a database that is older than the key has it not.
    #[must_use]
    pub(crate) fn can_sign(&self) -> bool {
        !self.signing.is_empty()
    }

    /// What opens it.
    #[must_use]
    pub const fn keys(&self) -> &LogKeys {
        &self.keys
    }

    /// A checkpoint of ours.
    pub(crate) fn checkpoint(&self, size: u64, root: Hash) -> String {
        let checkpoint = Checkpoint { origin: self.keys.origin().to_owned(), size, root, extensions: Vec::new() };
        checkpoint.sign_by(&self.signing)
    }

    /// What signs, the newest first.
    pub(crate) fn signing(&self) -> &[SigningKey] {
        &self.signing
    }
}

/// The keys of a log, by its name in this generation.
pub(crate) fn keys_of(register: &Register, log: LogName, generation: u32) -> Result<LogKeys, LedgerError> {
    let keys = register.checkpoint_keys(log.of_acts(), generation);
    keys.ok_or_else(|| LedgerError::Register { index: 0, cause: "it founds no office".into() })
}

/// The key that was made last for a log: it signs once an act has named it.
///
/// # Errors
/// When the seeds do not open.
pub fn log_key(
    master: &SecretKey,
    sealed: &[u8],
    ledger: &str,
    office: &OfficeId,
    log: LogName,
    generation: u32,
) -> Result<SigningKey, LedgerError> {
    let newest = Seeds::open(master, sealed)?.keys(log, &origin(ledger, office, log, generation))?.pop();
    newest.map(|(key, _)| key).ok_or_else(|| StoreError::Damaged { what: "log key" }.into())
}

/// Fresh seeds for the three logs of an office to be: wrapped, and their public keys.
///
/// # Errors
/// When a key cannot be made from its seed, which random ones can.
pub fn make_log_keys(master: &SecretKey, now: Millis) -> Result<(Vec<u8>, PublicKeys), LedgerError> {
    let seeds = Seeds::fresh(now);
    Ok((seeds.seal(master), public_keys(&seeds)?))
}

/// The public keys that an office is founded with, out of its wrapped seeds.
///
/// # Errors
/// When they do not open.
pub fn wrapped_public_keys(master: &SecretKey, sealed: &[u8]) -> Result<PublicKeys, LedgerError> {
    public_keys(&Seeds::open(master, sealed)?)
}

fn public_keys(seeds: &Seeds) -> Result<PublicKeys, LedgerError> {
    let public = |log| -> Result<[u8; 32], LedgerError> {
        let first = seeds.keys(log, "sekisho")?.into_iter().next();
        let (first, _) = first.ok_or(StoreError::Damaged { what: "log key" })?;
        Ok(first.verifying_key().to_bytes())
    };
    Ok(PublicKeys {
        records: public(LogName::Records)?,
        register: public(LogName::Register)?,
        casebook: public(LogName::Casebook)?,
    })
}

const SEEDS_AAD: &[u8] = b"sekisho log keys v2";
/// Log, time, seed.
const SEED_BYTES: usize = 1 + 8 + 32;
