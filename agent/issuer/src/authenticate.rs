//! Mutual authentication with the management key 9B (SP 800-73-4 part 2, appendix A.1; CARD.md §C18), whatever its algorithm.

use heapless::Vec as Bounded;
use sekisho_card::{Conversation, Transaction};
use sekisho_wire::apdu::{Command, LE_DEFAULT};
use sekisho_wire::piv::{self, Instruction, Slot};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Tag, TlvError, Writer};

use crate::error::IssuerCause;
use crate::lack::Lack;
use crate::management_key::{KeyAlgorithm, ManagementKey};
use crate::random;

/// The longest block of any algorithm.
const BLOCK_MAX: usize = 16;
/// In the metadata of a key: its algorithm (Yubico).
const TAG_KEY_ALGORITHM: Tag = Tag(0x01);

/// Only [`authenticate`] makes this: in this conversation the card takes orders from us.
#[derive(Debug)]
pub(crate) struct Authenticated(());

/// What came of an attempt.
pub(crate) enum Attempt {
    Accepted(Authenticated),
    /// The card refused: it holds another key.
    OtherKey,
}

/// Which algorithm the card's management key has: what its metadata say, or the strongest for which it hands out a witness. Nothing
/// is tried that could be wrong: a witness costs nothing.
pub(crate) fn key_algorithm<X: Transaction>(conversation: &mut Conversation<X>) -> Result<KeyAlgorithm, IssuerCause> {
    let command =
        Command::new(0x00, Instruction::GetMetadata.byte(), 0x00, Slot::Management.byte()).with_le(LE_DEFAULT);
    let reply = conversation.exchange(command)?;
    if reply.status.is_ok()
        && let Ok(Some([byte])) = tlv::find(&reply.data, TAG_KEY_ALGORITHM)
        && let Some(algorithm) = KeyAlgorithm::from_byte(*byte)
    {
        return Ok(algorithm);
    }
    for algorithm in KeyAlgorithm::ALL {
        match ask_witness(conversation, algorithm) {
            Ok(_) => return Ok(algorithm),
            // No algorithm of this card's key, whatever the card calls that.
            Err(IssuerCause::Status(_) | IssuerCause::NotGenuine | IssuerCause::Object(_)) => {}
            Err(cause) => return Err(cause),
        }
    }
    Err(IssuerCause::Unfit(Lack::KeyAlgorithm))
}

/// Shows the card that we hold the key, and has the card show the same: else somebody's own "card" could be handed keys
/// and grants.
pub(crate) fn authenticate<X: Transaction>(
    conversation: &mut Conversation<X>,
    key: &ManagementKey,
) -> Result<Attempt, IssuerCause> {
    let mut witness = ask_witness(conversation, key.algorithm())?;
    key.decipher(&mut witness);

    let random = random::bytes::<BLOCK_MAX>()?;
    let challenge = random.get(..key.algorithm().block()).unwrap_or(&random);
    let mut template = Bounded::<u8, 48>::new();
    Writer::new(&mut template).nest(piv::TAG_AUTHENTICATION, |inner| -> Result<(), TlvError> {
        inner.object(piv::TAG_WITNESS, &witness)?.object(piv::TAG_CHALLENGE, challenge)?;
        Ok(())
    })?;
    let reply = conversation.exchange(general_authenticate(key.algorithm(), &template))?;
    match reply.status {
        Status::OK => {}
        // Ours and Yubico's say the first, Nitrokey's the second, ISO the third.
        Status::SECURITY_STATUS_NOT_SATISFIED | Status::WRONG_DATA | Status::AUTHENTICATION_FAILED => {
            return Ok(Attempt::OtherKey);
        }
        status if status.pin_tries_left().is_some() => return Ok(Attempt::OtherKey),
        status => return Err(status.into()),
    }
    let mut expected = Bounded::<u8, BLOCK_MAX>::from_slice(challenge).map_err(|_| IssuerCause::NotGenuine)?;
    key.encipher(&mut expected);
    let response = tlv::require(tlv::only(&reply.data, piv::TAG_AUTHENTICATION)?, piv::TAG_RESPONSE)?;
    if response == expected.as_slice() {
        Ok(Attempt::Accepted(Authenticated(())))
    } else {
        Err(IssuerCause::NotGenuine)
    }
}

fn ask_witness<X: Transaction>(
    conversation: &mut Conversation<X>,
    algorithm: KeyAlgorithm,
) -> Result<Bounded<u8, BLOCK_MAX>, IssuerCause> {
    let mut template = Bounded::<u8, 8>::new();
    Writer::new(&mut template).nest(piv::TAG_AUTHENTICATION, |inner| -> Result<(), TlvError> {
        inner.object(piv::TAG_WITNESS, &[])?;
        Ok(())
    })?;
    let reply = conversation.exchange(general_authenticate(algorithm, &template))?;
    if !reply.status.is_ok() {
        return Err(reply.status.into());
    }
    let witness = tlv::require(tlv::only(&reply.data, piv::TAG_AUTHENTICATION)?, piv::TAG_WITNESS)?;
    if witness.len() != algorithm.block() {
        return Err(IssuerCause::NotGenuine);
    }
    Bounded::from_slice(witness).map_err(|_| IssuerCause::NotGenuine)
}

fn general_authenticate(algorithm: KeyAlgorithm, template: &[u8]) -> Command<'_> {
    Command::new(0x00, Instruction::GeneralAuthenticate.byte(), algorithm.byte(), Slot::Management.byte())
        .with_data(template)
        .with_le(LE_DEFAULT)
}
