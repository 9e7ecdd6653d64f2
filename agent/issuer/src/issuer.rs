//! The steps that change what a card is, each a transaction of its own that can be repeated.

use heapless::Vec as Bounded;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use sekisho_card::{Conversation, Disposition, Transaction, Transport, TransportError};
use sekisho_wire::apdu::{Command, LE_DEFAULT};
use sekisho_wire::grant::GRANT_MAX;
use sekisho_wire::id::CardGuid;
use sekisho_wire::piv::{self, Algorithm, CardHolderId, Instruction, Object, Slot};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, TlvError, Writer};
use zeroize::Zeroizing;

use crate::authenticate::{Attempt, Authenticated, authenticate, key_algorithm};
use crate::day::Day;
use crate::error::{IssuerCause, IssuerError, Step};
use crate::lack::Lack;
use crate::management_key::{KeyAlgorithm, ManagementKey};
use crate::random;
use crate::secret::{CardManagementSecret, factory_key};

/// The most content of one object: what our card keeps (CARD.md §C9).
pub(crate) const OBJECT_MAX: usize = 3000;
/// The command around it: tag list, tag and length.
const PUT_DATA_MAX: usize = OBJECT_MAX + 16;

/// A card in the hands of the office that manages it.
///
/// It can change everything about a card, which is why it needs the office's secret to exist.
#[derive(Debug)]
pub struct Issuer<'office, T> {
    pub(crate) transport: T,
    pub(crate) secret: &'office CardManagementSecret,
    pub(crate) guid: Option<CardGuid>,
    /// With which key the card last took our orders: the one to begin with.
    pub(crate) proved: Option<(KeyAlgorithm, KeyHeld)>,
}

/// Whether a card carries its grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum GrantOnCard {
    /// It does.
    Written,
    /// It knows no such object, or none so large, and said so in these words.
    NoPlace(Status),
}

/// Which management key a card holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHeld {
    /// The one every blank card has.
    Factory,
    /// The one made of the office's secret and the card's GUID.
    Ours,
    /// Neither.
    Foreign,
}

impl<'office, T: Transport> Issuer<'office, T> {
    /// Takes a card, blank or not: SELECT and a look at its GUID.
    ///
    /// # Errors
    /// When it is no PIV card.
    pub fn open(transport: T, secret: &'office CardManagementSecret) -> Result<Self, IssuerError> {
        let mut issuer = Self { transport, secret, guid: None, proved: None };
        let guid = issuer.converse(Step::Look, |conversation| Ok(conversation.guid()?))?;
        // Some blank cards say a GUID of their own, some say one of zeros.
        issuer.guid = guid.filter(|guid| guid.0 != [0; 16]);
        Ok(issuer)
    }

    /// Which card this is, if it has been told.
    #[must_use]
    pub const fn guid(&self) -> Option<CardGuid> {
        self.guid
    }

    /// Gives the card a fresh random GUID, unless it has one: keys and PUK are made of it, so it never changes while the
    /// card lives.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_identity(&mut self, until: Day) -> Result<CardGuid, IssuerError> {
        if let Some(guid) = self.guid {
            return Ok(guid);
        }
        let step = Step::Identity;
        let guid = random::bytes::<16>().map_err(|error| IssuerError { step, cause: error.into() })?;
        let mut content = Bounded::<u8, 80>::new();
        CardHolderId { guid, expiration: until.digits() }
            .write(&mut content)
            .map_err(|error| IssuerError { step, cause: error.into() })?;
        self.put(step, Object::CardHolderId, &content)?;
        Ok(*self.guid.insert(CardGuid(guid)))
    }

    /// Writes the card capability container, unless there is one: mandatory for PIV, and clients look for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_capability(&mut self) -> Result<(), IssuerError> {
        let step = Step::Capability;
        if self.converse(step, |conversation| Ok(conversation.read(Object::CardCapability)?))?.is_some() {
            return Ok(());
        }
        let content = capability().map_err(|cause| IssuerError { step, cause })?;
        self.put(step, Object::CardCapability, &content)
    }

    /// Makes a new key in a slot, on the card: the old one is gone for good, and the slot's certificate with it. Returns
    /// the public key, compressed.
    ///
    /// # Errors
    /// When the card makes none.
    pub fn generate_key(&mut self, slot: Slot) -> Result<[u8; 33], IssuerError> {
        self.privileged(Step::Key(slot), |conversation, _, _| generate(conversation, slot))
    }

    /// Writes the certificate of a slot.
    ///
    /// # Errors
    /// When it does not fit, or cannot be written.
    pub fn write_certificate(&mut self, slot: Slot, der: &[u8]) -> Result<(), IssuerError> {
        match slot.certificate() {
            Some(object) => self.put_wrapped(Step::Key(slot), object, der, OBJECT_MAX - 16),
            None => Ok(()),
        }
    }

    /// Replaces the management key of the factory by the one made of the office's secret and the GUID, of the strongest algorithm that the
    /// card takes. The last step of personalisation: a card that holds it has had its PUK and PIN set. It has to show that it does.
    ///
    /// # Errors
    /// When the card takes none, or says so and goes on with another key.
    pub fn replace_management_key(&mut self) -> Result<(), IssuerError> {
        let step = Step::ManagementKey;
        let guid = self.guid.ok_or(IssuerError { step, cause: IssuerCause::NoIdentity })?;
        let keys = self.secret.management_keys(guid);
        let keys = keys.map_err(|error| IssuerError { step, cause: error.into() })?;
        self.set_management_key(step, &keys)?;
        match self.key_held(step)? {
            KeyHeld::Ours => Ok(()),
            KeyHeld::Factory | KeyHeld::Foreign => Err(IssuerError { step, cause: IssuerCause::Unfit(Lack::OwnKey) }),
        }
    }

    /// Gives the card the first of these keys that it takes.
    pub(crate) fn set_management_key(&mut self, step: Step, keys: &[ManagementKey]) -> Result<(), IssuerError> {
        let set = self.privileged(step, |conversation, _, _| give_management_key(conversation, keys));
        self.proved = None;
        set
    }

    /// Writes the grant, in as many chained APDUs as it needs. The bytes are not looked at.
    ///
    /// # Errors
    /// When it is longer than [`GRANT_MAX`], or cannot be written. That the card has no place for it is no error: it works wherever the register
    /// knows it.
    pub fn update_grant(&mut self, grant: &[u8]) -> Result<GrantOnCard, IssuerError> {
        match self.put_wrapped(Step::Grant, Object::Grant, grant, GRANT_MAX) {
            Ok(()) => Ok(GrantOnCard::Written),
            Err(IssuerError { cause: IssuerCause::Status(status), .. }) if has_no_place(status) => {
                Ok(GrantOnCard::NoPlace(status))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the card up.
    ///
    /// # Errors
    /// When the reader cannot carry the disposition out.
    pub fn close(self, disposition: Disposition) -> Result<(), TransportError> {
        self.transport.close(disposition)
    }

    /// Hands the connection on, for example to use the card it has just made. The card is reset first: it forgets that
    /// it took orders.
    ///
    /// # Errors
    /// When the reader cannot reset the card.
    pub fn into_transport(mut self) -> Result<T, TransportError> {
        self.transport.begin()?.end(Disposition::Reset)?;
        Ok(self.transport)
    }

    fn put_wrapped(&mut self, step: Step, object: Object, bytes: &[u8], most: usize) -> Result<(), IssuerError> {
        if bytes.len() > most {
            return Err(IssuerError { step, cause: IssuerCause::TooLarge { length: bytes.len(), most } });
        }
        let mut content = Bounded::<u8, OBJECT_MAX>::new();
        piv::write_certificate(bytes, &mut content).map_err(|error| IssuerError { step, cause: error.into() })?;
        self.put(step, object, &content)
    }

    /// PUT DATA. Empty content removes the object.
    pub(crate) fn put(&mut self, step: Step, object: Object, content: &[u8]) -> Result<(), IssuerError> {
        self.privileged(step, |conversation, _, _| put(conversation, object, content))
    }

    /// A transaction in which PIV is selected.
    pub(crate) fn converse<R>(
        &mut self,
        step: Step,
        work: impl FnOnce(&mut Conversation<T::Transaction<'_>>) -> Result<R, IssuerCause>,
    ) -> Result<R, IssuerError> {
        let lengths = self.transport.lengths();
        let transaction = self.transport.begin().map_err(|error| IssuerError { step, cause: error.into() })?;
        let mut conversation = Conversation::new(transaction, lengths);
        let result = conversation.select().map_err(IssuerCause::from).and_then(|()| work(&mut conversation));
        let ended = conversation.end(Disposition::Leave);
        let result = result.map_err(|cause| IssuerError { step, cause })?;
        ended.map_err(|error| IssuerError { step, cause: error.into() })?;
        Ok(result)
    }

    /// A transaction in which the card takes our orders. Each authenticates anew: on a shared card another program may
    /// have reset it in between.
    pub(crate) fn privileged<R>(
        &mut self,
        step: Step,
        work: impl FnOnce(&mut Conversation<T::Transaction<'_>>, KeyHeld, &Authenticated) -> Result<R, IssuerCause>,
    ) -> Result<R, IssuerError> {
        let (secret, guid, mut proved) = (self.secret, self.guid, self.proved.take());
        let done = self.converse(step, |conversation| match prove(conversation, secret, guid, &mut proved)? {
            (held @ (KeyHeld::Factory | KeyHeld::Ours), Some(authenticated)) => {
                work(conversation, held, &authenticated)
            }
            (KeyHeld::Factory | KeyHeld::Ours | KeyHeld::Foreign, _) => Err(IssuerCause::ForeignManagementKey),
        })?;
        self.proved = proved;
        Ok(done)
    }

    pub(crate) fn key_held(&mut self, step: Step) -> Result<KeyHeld, IssuerError> {
        let (secret, guid, mut proved) = (self.secret, self.guid, self.proved.take());
        let held = self.converse(step, |conversation| Ok(prove(conversation, secret, guid, &mut proved)?.0))?;
        self.proved = proved;
        Ok(held)
    }
}

/// Tries our key, where there can be one, and the factory's: first the one that was right before. Our card has no counter for its management
/// key, but others may: a card that is worked on hears its right key first, and no third one.
fn prove<X: Transaction>(
    conversation: &mut Conversation<X>,
    secret: &CardManagementSecret,
    guid: Option<CardGuid>,
    proved: &mut Option<(KeyAlgorithm, KeyHeld)>,
) -> Result<(KeyHeld, Option<Authenticated>), IssuerCause> {
    let (algorithm, before) = match *proved {
        Some((algorithm, held)) => (algorithm, held),
        None => (key_algorithm(conversation)?, KeyHeld::Ours),
    };
    let ours = guid.map(|guid| secret.management_key(guid, algorithm)).transpose()?.map(|key| (KeyHeld::Ours, key));
    let mut keys = [ours, Some((KeyHeld::Factory, factory_key(algorithm)))];
    if before == KeyHeld::Factory {
        keys.reverse();
    }
    for (held, key) in keys.into_iter().flatten() {
        if let Attempt::Accepted(authenticated) = authenticate(conversation, &key)? {
            *proved = Some((algorithm, held));
            return Ok((held, Some(authenticated)));
        }
    }
    *proved = None;
    Ok((KeyHeld::Foreign, None))
}

/// Refusals of an object as such: unknown, too large.
const fn has_no_place(status: Status) -> bool {
    matches!(
        status,
        Status::WRONG_LENGTH
            | Status::WRONG_DATA
            | Status::FUNCTION_NOT_SUPPORTED
            | Status::NOT_FOUND
            | Status::NOT_ENOUGH_MEMORY
            | Status::REFERENCE_NOT_FOUND
    )
}

/// The first of these keys that the card takes becomes its management key.
pub(crate) fn give_management_key<X: Transaction>(
    conversation: &mut Conversation<X>,
    keys: &[ManagementKey],
) -> Result<(), IssuerCause> {
    for key in keys {
        let status = send_management_key(conversation, key)?;
        if status.is_ok() {
            return Ok(());
        }
        // It could not write: that says nothing of what it can do.
        if matches!(status, Status::MEMORY_FAILURE | Status::NO_PRECISE_DIAGNOSIS) {
            return Err(status.into());
        }
    }
    Err(IssuerCause::Unfit(Lack::OwnKey))
}

/// Yubico's SET MANAGEMENT KEY (CARD.md §C19): algorithm, slot, length, key.
fn send_management_key<X: Transaction>(
    conversation: &mut Conversation<X>,
    key: &ManagementKey,
) -> Result<Status, IssuerCause> {
    let mut data = Zeroizing::new([0; 35]);
    let length = key.expose().len();
    data[..3].copy_from_slice(&[key.algorithm().byte(), Slot::Management.byte(), u8::try_from(length).unwrap_or(0)]);
    data[3..3 + length].copy_from_slice(key.expose());
    let command = Command::new(0x00, Instruction::SetManagementKey.byte(), 0xFF, 0xFF).with_data(&data[..3 + length]);
    Ok(conversation.exchange(command)?.status)
}

fn put<X: Transaction>(conversation: &mut Conversation<X>, object: Object, content: &[u8]) -> Result<(), IssuerCause> {
    let mut data = Bounded::<u8, PUT_DATA_MAX>::new();
    object.write_tag_list(&mut data)?;
    Writer::new(&mut data).object(piv::TAG_DATA, content)?;
    let command = Command::new(0x00, Instruction::PutData.byte(), 0x3F, 0xFF).with_data(&data);
    accepted(conversation.exchange(command)?.status)
}

fn generate<X: Transaction>(conversation: &mut Conversation<X>, slot: Slot) -> Result<[u8; 33], IssuerCause> {
    let mut template = Bounded::<u8, 8>::new();
    Writer::new(&mut template).nest(piv::TAG_CONTROL_REFERENCE, |inner| -> Result<(), TlvError> {
        inner.object(piv::TAG_ALGORITHM, &[Algorithm::EccP256.byte()])?;
        Ok(())
    })?;
    let command = Command::new(0x00, Instruction::GenerateKeyPair.byte(), 0x00, slot.byte())
        .with_data(&template)
        .with_le(LE_DEFAULT);
    let reply = conversation.exchange(command)?;
    accepted(reply.status)?;
    let point = tlv::require(tlv::only(&reply.data, piv::TAG_PUBLIC_KEY)?, piv::TAG_EC_POINT)?;
    let key = p256::PublicKey::from_sec1_bytes(point).map_err(|_| IssuerCause::NoPublicKey)?;
    key.to_encoded_point(true).as_bytes().try_into().map_err(|_| IssuerCause::NoPublicKey)
}

pub(crate) fn accepted(status: sekisho_wire::status::Status) -> Result<(), IssuerCause> {
    if status.is_ok() { Ok(()) } else { Err(status.into()) }
}

/// The card capability container with its mandatory fields and nothing in them (SP 800-73-4 part 1, table 8): a card
/// identifier (GSC RID, manufacturer, card type, 14 random bytes), versions 2.1, data model 10.
fn capability() -> Result<Bounded<u8, 64>, IssuerCause> {
    const GSC_RID_AND_TYPE: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02];
    let random = random::bytes::<14>()?;
    let identifier: Bounded<u8, 21> = GSC_RID_AND_TYPE.into_iter().chain(random).collect();
    let mut content = Bounded::new();
    let fields: [(u32, &[u8]); 13] = [
        (0xF0, &identifier),
        (0xF1, &[0x21]),
        (0xF2, &[0x21]),
        (0xF3, &[]),
        (0xF4, &[0x00]),
        (0xF5, &[0x10]),
        (0xF6, &[]),
        (0xF7, &[]),
        (0xFA, &[]),
        (0xFB, &[]),
        (0xFC, &[]),
        (0xFD, &[]),
        (0xFE, &[]),
    ];
    let mut writer = Writer::new(&mut content);
    for (tag, value) in fields {
        writer.object(tlv::Tag(tag), value)?;
    }
    Ok(content)
}
