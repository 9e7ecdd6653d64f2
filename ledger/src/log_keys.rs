//! The keys of an office's logs: three seeds wrapped as one, and the names in the world that their keys sign under.

use sekisho_tlog::SigningKey;
use sekisho_wire::id::OfficeId;
use zeroize::Zeroizing;

use crate::code::LogKeys;
use crate::error::LedgerError;
use crate::secret::{DoesNotOpen, SecretKey};
use crate::store::{LogName, StoreError};

/// Name of a log in the world (LEDGER §L2).
#[must_use]
pub fn origin(ledger: &str, office: &OfficeId, log: LogName, generation: u32) -> String {
    format!("{ledger}/{office}/{}", log.of_acts().name_of(generation))
}

pub(crate) fn open_seeds(master: &SecretKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
    let opened = master.open(SEEDS_AAD, sealed);
    opened.map_err(|DoesNotOpen| StoreError::Damaged { what: "wrapped log keys" }.into())
}

pub(crate) fn seed_of(seeds: &Zeroizing<Vec<u8>>, log: LogName) -> Result<Zeroizing<[u8; 32]>, LedgerError> {
    let start = log.number() * 32;
    let seed = seeds.get(start..start + 32).and_then(|seed| seed.try_into().ok());
    seed.map(Zeroizing::new).ok_or_else(|| StoreError::Damaged { what: "log key" }.into())
}

/// The key of one log of an office, out of its wrapped seeds.
///
/// # Errors
/// When they do not open.
pub fn log_key(
    master: &SecretKey,
    sealed: &[u8],
    ledger: &str,
    office: &OfficeId,
    log: LogName,
    generation: u32,
) -> Result<SigningKey, LedgerError> {
    let seed = seed_of(&open_seeds(master, sealed)?, log)?;
    Ok(SigningKey::from_seed(&origin(ledger, office, log, generation), &seed)?)
}

/// Fresh seeds for the three logs of an office to be: wrapped, and their public keys.
///
/// # Errors
/// When a key cannot be made from its seed, which random ones can.
pub fn make_log_keys(master: &SecretKey) -> Result<(Vec<u8>, LogKeys), LedgerError> {
    let seeds: Zeroizing<Vec<u8>> = Zeroizing::new(crate::random::bytes::<96>().to_vec());
    Ok((master.seal(SEEDS_AAD, &seeds), public_keys(&seeds)?))
}

/// The public keys of wrapped seeds.
///
/// # Errors
/// When they do not open.
pub fn wrapped_public_keys(master: &SecretKey, sealed: &[u8]) -> Result<LogKeys, LedgerError> {
    public_keys(&open_seeds(master, sealed)?)
}

fn public_keys(seeds: &Zeroizing<Vec<u8>>) -> Result<LogKeys, LedgerError> {
    let public = |log| -> Result<[u8; 32], LedgerError> {
        let seed = seed_of(seeds, log)?;
        Ok(SigningKey::from_seed("sekisho", &seed)?.verifying_key().to_bytes())
    };
    Ok(LogKeys {
        records: public(LogName::Records)?,
        register: public(LogName::Register)?,
        casebook: public(LogName::Casebook)?,
    })
}

const SEEDS_AAD: &[u8] = b"sekisho log keys v1";
