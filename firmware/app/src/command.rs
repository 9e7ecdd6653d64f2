//! Bytes become a [`PivCommand`] here; inside, nothing is checked twice.

use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{self, Algorithm, Instruction, Object, Reference, Slot};
use sekisho_wire::secret::{PIN_MAX, Pin, Puk, SecretBytes};
use sekisho_wire::status::Status;
use sekisho_wire::tlv;

use crate::life;
use crate::persistent::MANAGEMENT_KEY_LENGTH;

/// P1 of VERIFY that logs out (SP 800-73-4 part 2, 3.2.1).
const LOGOUT: u8 = 0xFF;
/// P1 and P2 of GET DATA and PUT DATA: the object stands in the data field.
const BY_TAG_LIST: (u8, u8) = (0x3F, 0xFF);
/// P1 of SELECT: by name.
const BY_NAME: u8 = 0x04;

/// A slot that holds a P-256 key: all but 9B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeySlot {
    /// 9A.
    Authentication,
    /// 9C.
    Signature,
    /// 9D.
    KeyManagement,
    /// 9E.
    CardAuthentication,
}

impl KeySlot {
    /// Every slot with a P-256 key.
    pub const ALL: [Self; 4] = [Self::Authentication, Self::Signature, Self::KeyManagement, Self::CardAuthentication];

    /// As PIV numbers it.
    #[must_use]
    pub const fn slot(self) -> Slot {
        match self {
            Self::Authentication => Slot::Authentication,
            Self::Signature => Slot::Signature,
            Self::KeyManagement => Slot::KeyManagement,
            Self::CardAuthentication => Slot::CardAuthentication,
        }
    }

    /// From P2.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.slot().byte() == byte)
    }

    /// The object with the certificate of this slot.
    pub(crate) const fn certificate(self) -> Object {
        match self {
            Self::Authentication => Object::AuthenticationCertificate,
            Self::Signature => Object::SignatureCertificate,
            Self::KeyManagement => Object::KeyManagementCertificate,
            Self::CardAuthentication => Object::CardAuthenticationCertificate,
        }
    }
}

/// What GET METADATA is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataOf {
    Key(KeySlot),
    ManagementKey,
    Reference(Reference),
}

/// A command that means something to this card. It has no `Debug`: most of them carry what must not be shown.
pub(crate) enum PivCommand<'a> {
    Select {
        aid: &'a [u8],
    },
    GetData(Object),
    PutData {
        object: Object,
        content: &'a [u8],
    },
    PinStatus,
    Verify(Pin),
    Logout,
    ChangePin {
        old: Pin,
        new: Pin,
    },
    ChangePuk {
        old: Puk,
        new: Puk,
    },
    ResetPin {
        puk: Puk,
        new: Pin,
    },
    /// P1, P2 and the template are read by the family itself, because even a malformed one uses the PIN up.
    GeneralAuthenticate {
        algorithm: u8,
        key: u8,
        data: &'a [u8],
    },
    GenerateKey(KeySlot),
    Reset,
    Terminate,
    GetVersion,
    GetSerial,
    GetMetadata(MetadataOf),
    SetTries {
        pin: u8,
        puk: u8,
    },
    SetManagementKey(SecretBytes<MANAGEMENT_KEY_LENGTH>),
}

impl<'a> TryFrom<Command<'a>> for PivCommand<'a> {
    type Error = Status;

    fn try_from(command: Command<'a>) -> Result<Self, Status> {
        let instruction = Instruction::from_byte(command.instruction).ok_or(Status::INSTRUCTION_NOT_SUPPORTED)?;
        match instruction {
            Instruction::Select => select(command),
            Instruction::GetData => get_data(command),
            Instruction::PutData => put_data(command),
            Instruction::Verify => verify(command),
            Instruction::ChangeReferenceData => change_reference_data(command),
            Instruction::ResetRetryCounter => reset_retry_counter(command),
            Instruction::GeneralAuthenticate => {
                Ok(Self::GeneralAuthenticate { algorithm: command.p1, key: command.p2, data: command.data })
            }
            Instruction::GenerateKeyPair => generate_key_pair(command),
            Instruction::Reset | Instruction::Terminate => life::parse(command),
            Instruction::GetVersion => Ok(Self::GetVersion),
            Instruction::GetSerial => Ok(Self::GetSerial),
            Instruction::GetMetadata => get_metadata(command),
            Instruction::SetTries => set_tries(command),
            Instruction::SetManagementKey => set_management_key(command),
            // GET RESPONSE belongs to the exchange and is answered there; here nothing is left to fetch.
            Instruction::GetResponse => Err(Status::CONDITIONS_NOT_SATISFIED),
        }
    }
}

/// SP 800-73-4 part 2, 3.1.1.
fn select(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if command.p1 != BY_NAME {
        return Err(Status::WRONG_PARAMETERS);
    }
    Ok(PivCommand::Select { aid: command.data })
}

/// SP 800-73-4 part 2, 3.1.2.
fn get_data(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if (command.p1, command.p2) != BY_TAG_LIST {
        return Err(Status::WRONG_PARAMETERS);
    }
    let tag = tlv::only(command.data, piv::TAG_LIST).map_err(|_| Status::WRONG_DATA)?;
    Object::from_tag_list(tag).map(PivCommand::GetData).ok_or(Status::NOT_FOUND)
}

/// SP 800-73-4 part 2, 3.3.1.
fn put_data(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if (command.p1, command.p2) != BY_TAG_LIST {
        return Err(Status::WRONG_PARAMETERS);
    }
    let tag = tlv::require(command.data, piv::TAG_LIST).map_err(|_| Status::WRONG_DATA)?;
    let content = tlv::require(command.data, piv::TAG_DATA).map_err(|_| Status::WRONG_DATA)?;
    match Object::from_tag_list(tag) {
        // The card writes its discovery object itself, and has no room for what it does not know.
        Some(Object::Discovery) | None => Err(Status::FUNCTION_NOT_SUPPORTED),
        Some(object) => Ok(PivCommand::PutData { object, content }),
    }
}

/// SP 800-73-4 part 2, 3.2.1.
fn verify(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if Reference::from_byte(command.p2) != Some(Reference::Pin) {
        return Err(Status::REFERENCE_NOT_FOUND);
    }
    match (command.p1, command.data) {
        (0x00, []) => Ok(PivCommand::PinStatus),
        (0x00, field) => Ok(PivCommand::Verify(pin(field)?)),
        (LOGOUT, []) => Ok(PivCommand::Logout),
        _ => Err(Status::WRONG_PARAMETERS),
    }
}

/// SP 800-73-4 part 2, 3.2.2.
fn change_reference_data(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if command.p1 != 0x00 {
        return Err(Status::WRONG_PARAMETERS);
    }
    let reference = Reference::from_byte(command.p2).ok_or(Status::REFERENCE_NOT_FOUND)?;
    let (old, new) = command.data.split_at_checked(PIN_MAX).ok_or(Status::WRONG_DATA)?;
    match reference {
        Reference::Pin => Ok(PivCommand::ChangePin { old: pin(old)?, new: pin(new)? }),
        Reference::Puk => Ok(PivCommand::ChangePuk { old: puk(old)?, new: chosen_puk(new)? }),
    }
}

/// SP 800-73-4 part 2, 3.2.3.
fn reset_retry_counter(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if command.p1 != 0x00 {
        return Err(Status::WRONG_PARAMETERS);
    }
    if Reference::from_byte(command.p2) != Some(Reference::Pin) {
        return Err(Status::REFERENCE_NOT_FOUND);
    }
    let (presented, new) = command.data.split_at_checked(PIN_MAX).ok_or(Status::WRONG_DATA)?;
    Ok(PivCommand::ResetPin { puk: puk(presented)?, new: pin(new)? })
}

/// SP 800-73-4 part 2, 3.3.2.
fn generate_key_pair(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    let slot = KeySlot::from_byte(command.p2).ok_or(Status::WRONG_PARAMETERS)?;
    if command.p1 != 0x00 {
        return Err(Status::WRONG_PARAMETERS);
    }
    let control = tlv::only(command.data, piv::TAG_CONTROL_REFERENCE).map_err(|_| Status::WRONG_DATA)?;
    match tlv::require(control, piv::TAG_ALGORITHM) {
        Ok([algorithm]) if Algorithm::from_byte(*algorithm) == Some(Algorithm::EccP256) => {
            Ok(PivCommand::GenerateKey(slot))
        }
        Ok(_) | Err(_) => Err(Status::WRONG_DATA),
    }
}

/// Yubico's GET METADATA.
fn get_metadata(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    let of = if command.p2 == Slot::Management.byte() {
        Some(MetadataOf::ManagementKey)
    } else {
        let reference = Reference::from_byte(command.p2).map(MetadataOf::Reference);
        reference.or_else(|| KeySlot::from_byte(command.p2).map(MetadataOf::Key))
    };
    of.map(PivCommand::GetMetadata).ok_or(Status::REFERENCE_NOT_FOUND)
}

/// Yubico's SET PIN RETRIES (§C15).
fn set_tries(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    match (command.p1, command.p2) {
        (pin @ 1..=15, puk @ 1..=15) => Ok(PivCommand::SetTries { pin, puk }),
        _ => Err(Status::WRONG_PARAMETERS),
    }
}

/// Yubico's SET MANAGEMENT KEY (§C19).
fn set_management_key(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    if (command.p1, command.p2) != (0xFF, 0xFF) {
        return Err(Status::WRONG_PARAMETERS);
    }
    match command.data {
        [algorithm, slot, length, key @ ..]
            if Algorithm::from_byte(*algorithm) == Some(Algorithm::Aes256)
                && *slot == Slot::Management.byte()
                && usize::from(*length) == MANAGEMENT_KEY_LENGTH =>
        {
            SecretBytes::from_slice(key).map(PivCommand::SetManagementKey).ok_or(Status::WRONG_DATA)
        }
        _ => Err(Status::WRONG_DATA),
    }
}

fn pin(field: &[u8]) -> Result<Pin, Status> {
    Pin::from_padded(field).map_err(|_| Status::WRONG_DATA)
}

fn puk(field: &[u8]) -> Result<Puk, Status> {
    Puk::parse(field).map_err(|_| Status::WRONG_DATA)
}

/// A PUK that somebody wants from now on. Judged before the old one is looked at: a poor choice costs no try (§C14).
fn chosen_puk(field: &[u8]) -> Result<Puk, Status> {
    pin(field)?.check_choice().map_err(|_| Status::WRONG_DATA)?;
    puk(field)
}
