//! What the card keeps without power, as the rest of the card sees it: typed, versioned, and never cached.
//!
//! Every read goes to the memory. After a write that failed nobody has to guess which of two values is true.

use heapless::{Vec, VecView};
use p256::SecretKey;
use sekisho_wire::pin_policy::{HISTORY_MAX, PinPolicy};
use sekisho_wire::piv::{Algorithm, Object, Reference};
use sekisho_wire::secret::{PIN_MAX, SecretBytes};
use sekisho_wire::status::Status;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use crate::command::KeySlot;
use crate::platform::{Platform, RandomFailed, Record};
use crate::store::{Content, Counts, Store, StoreError};

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
/// What a record of a life says.
const LIFE_RESETTING: u8 = 1;
const LIFE_TERMINATED: u8 = 2;
/// What stands for one PIN or PUK: salt and hash.
const MARK_LENGTH: usize = SALT_LENGTH + HASH_LENGTH;
/// The longest record that is not a data object: who chose the PIN, and it with those before it.
const SMALL_MAX: usize = 1 + (HISTORY_MAX as usize + 1) * MARK_LENGTH;

/// The typed view of a platform's memory.
#[derive(Debug)]
pub(crate) struct Persistent<P> {
    platform: P,
}

/// Where a card stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// In use, or blank.
    Operational,
    /// On its way back to the factory state: everything is gone, not everything is there again.
    Resetting,
    /// Ended. It holds nothing and does nothing any more.
    Terminated,
}

/// Who chose a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The factory, or whoever knew the PIN before.
    Chosen,
    /// Somebody for the holder: it may be good for nothing but its change.
    Given,
}

impl Origin {
    const fn byte(self) -> u8 {
        match self {
            Self::Chosen => 0,
            Self::Given => 1,
        }
    }

    const fn from_byte(byte: u8) -> Result<Self, Fault> {
        match byte {
            0 => Ok(Self::Chosen),
            1 => Ok(Self::Given),
            _ => Err(Fault::Broken),
        }
    }
}

/// Why the card cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The memory failed.
    Storage,
    /// There is no randomness.
    Randomness,
    /// There is no room.
    Full,
    /// A record is missing, of a version from the future, or not what it has to be.
    Broken,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed => Self::Storage,
            StoreError::Full => Self::Full,
            StoreError::Damaged => Self::Broken,
        }
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
            Fault::Full => Self::NOT_ENOUGH_MEMORY,
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

    /// Makes the factory state (§C21) of whatever the flash held, the serial number last: a card without one was never finished.
    pub(crate) fn manufacture(&mut self, serial: [u8; 4]) -> Result<(), Fault> {
        self.store()?.format(full(FACTORY_TRIES, FACTORY_TRIES))?;
        self.write_factory_state()?;
        self.write(Record::Serial, &serial)
    }

    fn write_factory_state(&mut self) -> Result<(), Fault> {
        self.set_factory_references(FACTORY_TRIES, FACTORY_TRIES)?;
        self.set_management_key(&SecretBytes::new(FACTORY_MANAGEMENT_KEY))
    }

    /// PIN and PUK of the factory, with these tries (§C15).
    pub(crate) fn set_factory_references(&mut self, pin_tries: u8, puk_tries: u8) -> Result<(), Fault> {
        self.replace_reference(Reference::Pin, &FACTORY_PIN, Origin::Chosen, 0, 1)?;
        self.replace_reference(Reference::Puk, &FACTORY_PUK, Origin::Chosen, 0, 1)?;
        self.write(Record::Tries, &[pin_tries, puk_tries])?;
        Ok(self.store()?.set_counts(full(pin_tries, puk_tries))?)
    }

    pub(crate) fn life(&mut self) -> Result<Life, Fault> {
        match self.small(Record::Life)?.as_ref().map(|content| content.0.as_slice()) {
            None => Ok(Life::Operational),
            Some([LIFE_RESETTING]) => Ok(Life::Resetting),
            Some([LIFE_TERMINATED]) => Ok(Life::Terminated),
            Some(_) => Err(Fault::Broken),
        }
    }

    /// Back to the factory state. One write takes everything away; what follows it can be done again and again until it is done.
    pub(crate) fn reset(&mut self) -> Result<(), Fault> {
        self.keep_serial_and(LIFE_RESETTING)?;
        self.finish_reset()
    }

    /// What [`Self::reset`] still had to do when the power went.
    pub(crate) fn finish_reset(&mut self) -> Result<(), Fault> {
        self.write_factory_state()?;
        self.write(Record::Life, &[])
    }

    /// Ends the card's life, all at once.
    pub(crate) fn terminate(&mut self) -> Result<(), Fault> {
        self.keep_serial_and(LIFE_TERMINATED)
    }

    fn keep_serial_and(&mut self, life: u8) -> Result<(), Fault> {
        let content = Content { record: Record::Life, version: VERSION, bytes: &[life] };
        Ok(self.store()?.replace_all(&[Record::Serial], content)?)
    }

    pub(crate) fn serial(&mut self) -> Result<[u8; 4], Fault> {
        self.required(Record::Serial)
    }

    pub(crate) fn tally(&mut self, reference: Reference) -> Result<Tally, Fault> {
        let [pin, puk] = self.required(Record::Tries)?;
        let counts = self.store()?.counts()?;
        Ok(match reference {
            Reference::Pin => Tally { left: counts.pin, full: pin },
            Reference::Puk => Tally { left: counts.puk, full: puk },
        })
    }

    fn set_left(&mut self, reference: Reference, left: u8) -> Result<(), Fault> {
        let mut store = self.store()?;
        let counts = store.counts()?;
        let counts = match reference {
            Reference::Pin => Counts { pin: left, ..counts },
            Reference::Puk => Counts { puk: left, ..counts },
        };
        Ok(store.set_counts(counts)?)
    }

    /// Compares a PIN or PUK with the card's, at the price of a try (§C13).
    pub(crate) fn present(&mut self, reference: Reference, field: &[u8; PIN_MAX]) -> Result<Compared, Fault> {
        let tally = self.tally(reference)?;
        let Some(left) = tally.left.checked_sub(1) else { return Ok(Compared::Blocked) };
        // Count the try before looking at the PIN: pulling the card out between the two must cost a try, never save one.
        self.set_left(reference, left)?;
        if !self.is_reference(reference, field)? {
            return Ok(Compared::Mismatch { tries_left: left });
        }
        self.set_left(reference, tally.full)?;
        Ok(Compared::Match)
    }

    /// Whether this is the PIN or PUK. Gives nothing away by its time; costs no try, so nobody but
    /// [`Self::present`] and the card's own look at its factory values may ask.
    pub(crate) fn is_reference(&mut self, reference: Reference, field: &[u8; PIN_MAX]) -> Result<bool, Fault> {
        self.is_among(reference, field, 1)
    }

    /// Whether a new PIN is one of the last so many. Who asks has shown the present one: the answer says something about the others.
    pub(crate) fn is_recent_pin(&mut self, field: &[u8; PIN_MAX], newest: usize) -> Result<bool, Fault> {
        self.is_among(Reference::Pin, field, newest)
    }

    fn is_among(&mut self, reference: Reference, field: &[u8; PIN_MAX], newest: usize) -> Result<bool, Fault> {
        let kept = self.small(reference_record(reference))?.ok_or(Fault::Broken)?;
        let (_, marks) = kept.0.split_first().ok_or(Fault::Broken)?;
        if marks.is_empty() {
            return Err(Fault::Broken);
        }
        let mut found = Choice::from(0);
        for mark in marks.chunks(MARK_LENGTH).take(newest) {
            let (salt, hash) = mark.split_at_checked(SALT_LENGTH).ok_or(Fault::Broken)?;
            found |= salted_hash(salt, field).as_slice().ct_eq(hash);
        }
        Ok(found.into())
    }

    /// Who chose the PIN.
    pub(crate) fn pin_origin(&mut self) -> Result<Origin, Fault> {
        let kept = self.small(Record::PinReference)?.ok_or(Fault::Broken)?;
        kept.0.first().copied().map_or(Err(Fault::Broken), Origin::from_byte)
    }

    pub(crate) fn set_puk(&mut self, field: &[u8; PIN_MAX]) -> Result<(), Fault> {
        self.replace_reference(Reference::Puk, field, Origin::Chosen, 0, 1)
    }

    /// Replaces the PIN, forgets so many of the newest before it, and remembers so many, this one among them.
    pub(crate) fn set_pin(
        &mut self,
        field: &[u8; PIN_MAX],
        origin: Origin,
        forgotten: usize,
        remembered: usize,
    ) -> Result<(), Fault> {
        self.replace_reference(Reference::Pin, field, origin, forgotten, remembered)
    }

    /// Salt and hash only keep a PIN out of plain sight of whoever reads the memory: six digits are soon tried. What protects it
    /// is that the memory cannot be read.
    fn replace_reference(
        &mut self,
        reference: Reference,
        field: &[u8; PIN_MAX],
        origin: Origin,
        forgotten: usize,
        remembered: usize,
    ) -> Result<(), Fault> {
        let mut salt = [0; SALT_LENGTH];
        self.platform.random(&mut salt)?;
        let before = self.small(reference_record(reference))?.unwrap_or_default();
        let remaining = forgotten.saturating_mul(MARK_LENGTH).saturating_add(1);
        let before = before.0.get(remaining..).unwrap_or_default();
        let kept = remembered.saturating_sub(1).saturating_mul(MARK_LENGTH).min(before.len());
        let mut record = Small::default();
        let hash = salted_hash(&salt, field);
        let parts = [&[origin.byte()][..], &salt, hash.as_slice(), before.get(..kept).unwrap_or_default()];
        parts.iter().try_for_each(|part| record.0.extend_from_slice(part)).map_err(|_| Fault::Broken)?;
        self.write(reference_record(reference), &record.0)
    }

    /// Gives a reference all its tries back.
    pub(crate) fn refill(&mut self, reference: Reference) -> Result<(), Fault> {
        let tally = self.tally(reference)?;
        self.set_left(reference, tally.full)
    }

    /// What the office asks of PINs, or what PIV asks.
    pub(crate) fn pin_policy(&mut self) -> Result<PinPolicy, Fault> {
        match self.small(Record::Object(Object::PinPolicy))? {
            Some(content) => PinPolicy::parse(&content.0).map_err(|_| Fault::Broken),
            None => Ok(PinPolicy::PIV),
        }
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
        self.write(record, &content.0)
    }

    /// Appends the content of an object; `false` when the card has none.
    pub(crate) fn object(&mut self, object: Object, into: &mut VecView<u8>) -> Result<bool, Fault> {
        match self.store()?.load(Record::Object(object), into)? {
            Some(VERSION) => Ok(true),
            Some(_) => Err(Fault::Broken),
            None => Ok(false),
        }
    }

    /// Replaces an object; empty content removes it.
    pub(crate) fn set_object(&mut self, object: Object, content: &[u8]) -> Result<(), Fault> {
        self.write(Record::Object(object), content)
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
        match self.store()?.load(record, &mut content.0)? {
            Some(VERSION) => Ok(Some(content)),
            Some(_) => Err(Fault::Broken),
            None => Ok(None),
        }
    }

    fn write(&mut self, record: Record, bytes: &[u8]) -> Result<(), Fault> {
        Ok(self.store()?.put(Content { record, version: VERSION, bytes })?)
    }

    fn store(&mut self) -> Result<Store<'_, P::Flash>, Fault> {
        Ok(Store::on(self.platform.flash())?)
    }
}

const fn full(pin: u8, puk: u8) -> Counts {
    Counts { pin, puk }
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
