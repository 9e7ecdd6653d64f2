//! What the card keeps without power, as the rest of the card sees it: typed, versioned, and never cached.
//!
//! Every read goes to the memory. After a write that failed nobody has to guess which of two values is true.

use heapless::{Vec, VecView};
use p256::SecretKey;
use sekisho_wire::piv::{Algorithm, Object, Reference};
use sekisho_wire::secret::{PIN_MAX, SecretBytes};
use sekisho_wire::status::Status;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::command::KeySlot;
use crate::platform::{Platform, RandomFailed, Record, StorageFailed};

/// The PIN of a blank card (§C21).
pub const FACTORY_PIN: [u8; PIN_MAX] = *b"123456\xFF\xFF";
/// The PUK of a blank card (§C21).
pub const FACTORY_PUK: [u8; PIN_MAX] = *b"12345678";
/// The management key of a blank card (§C21).
pub const FACTORY_MANAGEMENT_KEY: [u8; MANAGEMENT_KEY_LENGTH] =
    [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];
/// The tries of PIN and PUK on a blank card (§C15; our policy, the regulations name no figure).
pub const FACTORY_TRIES: u8 = 5;
/// AES-256.
pub(crate) const MANAGEMENT_KEY_LENGTH: usize = 32;
/// The version of every record that this firmware writes.
const VERSION: u8 = 1;
/// A P-256 scalar.
const SCALAR_LENGTH: usize = 32;
const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// The longest record that is not a data object: salt and hash.
const SMALL_MAX: usize = SALT_LENGTH + HASH_LENGTH;

/// The typed view of a platform's memory.
#[derive(Debug)]
pub(crate) struct Persistent<P> {
    platform: P,
}

/// Why the card cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The memory failed.
    Storage,
    /// There is no randomness.
    Randomness,
    /// A record is missing, of a version from the future, or not what it has to be.
    Broken,
}

impl From<StorageFailed> for Fault {
    fn from(StorageFailed: StorageFailed) -> Self {
        Self::Storage
    }
}

impl From<RandomFailed> for Fault {
    fn from(RandomFailed: RandomFailed) -> Self {
        Self::Randomness
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Storage => Self::MEMORY_FAILURE,
            Fault::Randomness | Fault::Broken => Self::NO_PRECISE_DIAGNOSIS,
        }
    }
}

/// How many tries a reference has left, and how many it starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) left: u8,
    pub(crate) full: u8,
}

/// What came of presenting a PIN or PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Compared {
    /// It is the one.
    Match,
    /// It is not, and a try is gone.
    Mismatch { tries_left: u8 },
    /// Nobody looked.
    Blocked,
}

impl Compared {
    pub(crate) const fn into_result(self) -> Result<(), Status> {
        match self {
            Self::Match => Ok(()),
            Self::Mismatch { tries_left } => Err(Status::wrong_tries_left(tries_left)),
            Self::Blocked => Err(Status::AUTHENTICATION_BLOCKED),
        }
    }
}

/// Why a blank card could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManufactureError {
    /// The memory failed.
    Storage,
    /// There is no randomness.
    Randomness,
}

impl core::fmt::Display for ManufactureError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Storage => write!(f, "cannot make a blank card: memory failed"),
            Self::Randomness => write!(f, "cannot make a blank card: no random bytes"),
        }
    }
}

impl core::error::Error for ManufactureError {}

/// A small record on its way; wiped, since most of them are secret.
#[derive(Default)]
struct Small(Vec<u8, SMALL_MAX>);

impl Drop for Small {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl<P: Platform> Persistent<P> {
    pub(crate) const fn new(platform: P) -> Self {
        Self { platform }
    }

    pub(crate) const fn platform(&mut self) -> &mut P {
        &mut self.platform
    }

    pub(crate) fn into_platform(self) -> P {
        self.platform
    }

    /// Writes the factory state (§C21), the serial number last: a card without one was never finished.
    pub(crate) fn manufacture(&mut self, serial: [u8; 4]) -> Result<(), Fault> {
        for record in Record::all() {
            self.platform.store(record, VERSION, &[])?;
        }
        self.set_factory_references(FACTORY_TRIES, FACTORY_TRIES)?;
        self.set_management_key(&SecretBytes::new(FACTORY_MANAGEMENT_KEY))?;
        Ok(self.platform.store(Record::Serial, VERSION, &serial)?)
    }

    /// PIN and PUK of the factory, with these tries (§C15).
    pub(crate) fn set_factory_references(&mut self, pin_tries: u8, puk_tries: u8) -> Result<(), Fault> {
        self.set_reference(Reference::Pin, &FACTORY_PIN)?;
        self.set_reference(Reference::Puk, &FACTORY_PUK)?;
        self.store_tally(Reference::Pin, Tally { left: pin_tries, full: pin_tries })?;
        self.store_tally(Reference::Puk, Tally { left: puk_tries, full: puk_tries })
    }

    pub(crate) fn serial(&mut self) -> Result<[u8; 4], Fault> {
        self.required(Record::Serial)
    }

    pub(crate) fn tally(&mut self, reference: Reference) -> Result<Tally, Fault> {
        let [left, full] = self.required(tally_record(reference))?;
        Ok(Tally { left, full })
    }

    fn store_tally(&mut self, reference: Reference, tally: Tally) -> Result<(), Fault> {
        Ok(self.platform.store(tally_record(reference), VERSION, &[tally.left, tally.full])?)
    }

    /// Compares a PIN or PUK with the card's, at the price of a try (§C13).
    pub(crate) fn present(&mut self, reference: Reference, field: &[u8; PIN_MAX]) -> Result<Compared, Fault> {
        let tally = self.tally(reference)?;
        let Some(left) = tally.left.checked_sub(1) else { return Ok(Compared::Blocked) };
        // Count the try before looking at the PIN: pulling the card out between the two must cost a try, never save one.
        self.store_tally(reference, Tally { left, ..tally })?;
        if !self.is_reference(reference, field)? {
            return Ok(Compared::Mismatch { tries_left: left });
        }
        self.store_tally(reference, Tally { left: tally.full, ..tally })?;
        Ok(Compared::Match)
    }

    /// Whether this is the PIN or PUK. Gives nothing away by its time; costs no try, so nobody but
    /// [`Self::present`] and the card's own look at its factory values may ask.
    pub(crate) fn is_reference(&mut self, reference: Reference, field: &[u8; PIN_MAX]) -> Result<bool, Fault> {
        let kept: Zeroizing<[u8; SMALL_MAX]> = Zeroizing::new(self.required(reference_record(reference))?);
        let (salt, hash) = kept.split_at_checked(SALT_LENGTH).ok_or(Fault::Broken)?;
        Ok(salted_hash(salt, field).as_slice().ct_eq(hash).into())
    }

    /// Replaces PIN or PUK. The salt and hash only keep it out of plain sight of whoever reads the memory: the six digits
    /// of a PIN are soon tried. What protects it is that the memory cannot be read.
    pub(crate) fn set_reference(&mut self, reference: Reference, field: &[u8; PIN_MAX]) -> Result<(), Fault> {
        let mut salt = [0; SALT_LENGTH];
        self.platform.random(&mut salt)?;
        let hash = salted_hash(&salt, field);
        let mut record = Small::default();
        let parts = [&salt[..], hash.as_slice()];
        parts.iter().try_for_each(|part| record.0.extend_from_slice(part)).map_err(|_| Fault::Broken)?;
        Ok(self.platform.store(reference_record(reference), VERSION, &record.0)?)
    }

    /// Gives a reference all its tries back.
    pub(crate) fn refill(&mut self, reference: Reference) -> Result<(), Fault> {
        let tally = self.tally(reference)?;
        self.store_tally(reference, Tally { left: tally.full, ..tally })
    }

    pub(crate) fn management_key(&mut self) -> Result<SecretBytes<MANAGEMENT_KEY_LENGTH>, Fault> {
        let record = self.small(Record::ManagementKey)?.ok_or(Fault::Broken)?;
        match record.0.split_first() {
            Some((algorithm, key)) if *algorithm == Algorithm::Aes256.byte() => {
                SecretBytes::from_slice(key).ok_or(Fault::Broken)
            }
            Some(_) | None => Err(Fault::Broken),
        }
    }

    pub(crate) fn set_management_key(&mut self, key: &SecretBytes<MANAGEMENT_KEY_LENGTH>) -> Result<(), Fault> {
        self.store_key(Record::ManagementKey, Algorithm::Aes256, key.expose())
    }

    pub(crate) fn key(&mut self, slot: KeySlot) -> Result<Option<SecretKey>, Fault> {
        let Some(record) = self.small(Record::Key(slot))? else { return Ok(None) };
        match record.0.split_first() {
            Some((algorithm, scalar)) if *algorithm == Algorithm::EccP256.byte() => {
                SecretKey::from_slice(scalar).map(Some).map_err(|_| Fault::Broken)
            }
            Some(_) | None => Err(Fault::Broken),
        }
    }

    /// Makes a key out of randomness, and keeps it.
    pub(crate) fn make_key(&mut self, slot: KeySlot) -> Result<SecretKey, Fault> {
        let mut scalar = Zeroizing::new([0; SCALAR_LENGTH]);
        // A random number misses the order of the curve once in 2^32: twice in a row it is the generator that is broken.
        for _ in 0..2 {
            self.platform.random(scalar.as_mut_slice())?;
            if let Ok(key) = SecretKey::from_slice(scalar.as_slice()) {
                self.store_key(Record::Key(slot), Algorithm::EccP256, scalar.as_slice())?;
                return Ok(key);
            }
        }
        Err(Fault::Randomness)
    }

    fn store_key(&mut self, record: Record, algorithm: Algorithm, key: &[u8]) -> Result<(), Fault> {
        let mut content = Small::default();
        let parts = [&[algorithm.byte()][..], key];
        parts.iter().try_for_each(|part| content.0.extend_from_slice(part)).map_err(|_| Fault::Broken)?;
        Ok(self.platform.store(record, VERSION, &content.0)?)
    }

    /// Appends the content of an object; `false` when the card has none.
    pub(crate) fn object(&mut self, object: Object, into: &mut VecView<u8>) -> Result<bool, Fault> {
        match self.platform.load(Record::Object(object), into)? {
            Some(VERSION) => Ok(true),
            Some(_) => Err(Fault::Broken),
            None => Ok(false),
        }
    }

    /// Replaces an object; empty content removes it.
    pub(crate) fn set_object(&mut self, object: Object, content: &[u8]) -> Result<(), Fault> {
        Ok(self.platform.store(Record::Object(object), VERSION, content)?)
    }

    pub(crate) fn random(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        Ok(self.platform.random(out)?)
    }

    fn required<const N: usize>(&mut self, record: Record) -> Result<[u8; N], Fault> {
        let content = self.small(record)?.ok_or(Fault::Broken)?;
        content.0.as_slice().try_into().map_err(|_| Fault::Broken)
    }

    fn small(&mut self, record: Record) -> Result<Option<Small>, Fault> {
        let mut content = Small::default();
        match self.platform.load(record, &mut content.0)? {
            Some(VERSION) => Ok(Some(content)),
            Some(_) => Err(Fault::Broken),
            None => Ok(None),
        }
    }
}

const fn tally_record(reference: Reference) -> Record {
    match reference {
        Reference::Pin => Record::PinTally,
        Reference::Puk => Record::PukTally,
    }
}

const fn reference_record(reference: Reference) -> Record {
    match reference {
        Reference::Pin => Record::PinReference,
        Reference::Puk => Record::PukReference,
    }
}

fn salted_hash(salt: &[u8], field: &[u8; PIN_MAX]) -> Zeroizing<[u8; HASH_LENGTH]> {
    Zeroizing::new(Sha256::new().chain_update(salt).chain_update(field).finalize().into())
}
