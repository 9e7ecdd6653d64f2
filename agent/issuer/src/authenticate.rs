//! Mutual authentication with the management key 9B (SP 800-73-4 part 2, appendix A.1; CARD.md §C18).

use aes::Aes256;
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use heapless::Vec as Bounded;
use sekisho_card::{Conversation, Transaction};
use sekisho_wire::apdu::{Command, LE_DEFAULT};
use sekisho_wire::piv::{self, Algorithm, Instruction, Slot};
use sekisho_wire::secret::SecretBytes;
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, TlvError, Writer};

use crate::error::IssuerCause;
use crate::random;

/// Only [`authenticate`] makes this: in this conversation the card takes orders from us.
#[derive(Debug)]
pub(crate) struct Authenticated(());

/// What came of an attempt.
pub(crate) enum Attempt {
    Accepted(Authenticated),
    /// The card refused: it holds another key.
    OtherKey,
}

/// Shows the card that we hold the key, and has the card show the same: else somebody's own "card" could be handed keys
/// and grants.
pub(crate) fn authenticate<X: Transaction>(
    conversation: &mut Conversation<X>,
    key: &SecretBytes<32>,
) -> Result<Attempt, IssuerCause> {
    let cipher = Aes256::new(key.expose().into());
    let sealed = ask_witness(conversation)?;
    let mut witness = sealed.into();
    cipher.decrypt_block(&mut witness);

    let challenge = random::bytes::<16>()?;
    let mut template = Bounded::<u8, 48>::new();
    Writer::new(&mut template).nest(piv::TAG_AUTHENTICATION, |inner| -> Result<(), TlvError> {
        inner.object(piv::TAG_WITNESS, &witness)?.object(piv::TAG_CHALLENGE, &challenge)?;
        Ok(())
    })?;
    let reply = conversation.exchange(general_authenticate(&template))?;
    match reply.status {
        Status::OK => {}
        Status::SECURITY_STATUS_NOT_SATISFIED => return Ok(Attempt::OtherKey),
        status => return Err(status.into()),
    }
    let mut expected = challenge.into();
    cipher.encrypt_block(&mut expected);
    let response = tlv::require(tlv::only(&reply.data, piv::TAG_AUTHENTICATION)?, piv::TAG_RESPONSE)?;
    if response == expected.as_slice() {
        Ok(Attempt::Accepted(Authenticated(())))
    } else {
        Err(IssuerCause::NotGenuine)
    }
}

fn ask_witness<X: Transaction>(conversation: &mut Conversation<X>) -> Result<[u8; 16], IssuerCause> {
    let mut template = Bounded::<u8, 8>::new();
    Writer::new(&mut template).nest(piv::TAG_AUTHENTICATION, |inner| -> Result<(), TlvError> {
        inner.object(piv::TAG_WITNESS, &[])?;
        Ok(())
    })?;
    let reply = conversation.exchange(general_authenticate(&template))?;
    if !reply.status.is_ok() {
        return Err(reply.status.into());
    }
    let witness = tlv::require(tlv::only(&reply.data, piv::TAG_AUTHENTICATION)?, piv::TAG_WITNESS)?;
    witness.try_into().map_err(|_| IssuerCause::NotGenuine)
}

fn general_authenticate(template: &[u8]) -> Command<'_> {
    Command::new(0x00, Instruction::GeneralAuthenticate.byte(), Algorithm::Aes256.byte(), Slot::Management.byte())
        .with_data(template)
        .with_le(LE_DEFAULT)
}
