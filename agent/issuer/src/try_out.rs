//! The keys of another maker's card, tried before the card is anybody's: what they do with a PIN, and what without.

use sekisho_card::{
    CardCause, CardError, Conversation, Disposition, PinAnswer, PinVerified, Transaction, Transport, verify_signature,
};
use sekisho_wire::piv::Slot;
use sekisho_wire::secret::Pin;

use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::Issuer;
use crate::lack::Lack;
use crate::personalise::CardKeys;
use crate::random;

/// What the card's keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TriedOut {
    /// 9E signs without a PIN.
    pub(crate) presence: bool,
    /// 9C wants a PIN for each signature.
    pub(crate) pin_per_act: bool,
}

impl<T: Transport> Issuer<'_, T> {
    /// Signs with each key as a terminal will, and as nobody should be able to. With the card's PIN, which is right: no try is lost.
    pub(crate) fn try_out(&mut self, keys: &CardKeys, pin: &Pin) -> Result<TriedOut, IssuerError> {
        let step = Step::TryOut;
        // Whatever the making has left verified should not count.
        let reset = self.transport.begin().and_then(|transaction| transaction.end(Disposition::Reset));
        reset.map_err(|error| IssuerError { step, cause: error.into() })?;
        let digest = random::bytes::<32>().map_err(|error| IssuerError { step, cause: error.into() })?;
        self.converse(step, |conversation| {
            let _ = conversation.log_out()?;
            for slot in [Slot::Authentication, Slot::Signature] {
                if signs_unverified(conversation, slot, &digest)? {
                    return Err(IssuerCause::Unfit(Lack::AskingForPin(slot)));
                }
            }
            let presence = match conversation.sign_presence(&digest) {
                Ok(signature) => {
                    expect_right(Slot::CardAuthentication, &keys.card_authentication, &digest, &signature)?
                }
                Err(error) => refused(error)?,
            };
            for (slot, key) in [(Slot::Authentication, &keys.authentication), (Slot::Signature, &keys.signature)] {
                let verified = verify(conversation, pin)?;
                expect_right(slot, key, &digest, &conversation.sign(slot, &digest, verified)?)?;
            }
            let pin_per_act = !signs_unverified(conversation, Slot::Signature, &digest)?;
            let _ = conversation.log_out()?;
            Ok(TriedOut { presence, pin_per_act })
        })
    }
}

/// Whether the card takes the PIN that it was given: some take digits alone, and notice only here.
pub(crate) fn verify<X: Transaction>(
    conversation: &mut Conversation<X>,
    pin: &Pin,
) -> Result<PinVerified, IssuerCause> {
    match conversation.verify(pin)? {
        PinAnswer::Verified(verified) => Ok(verified),
        PinAnswer::Refused => Err(IssuerCause::PinRefusedByCard),
        PinAnswer::Unclear(status) => Err(status.into()),
        PinAnswer::Wrong { .. } | PinAnswer::Blocked => Err(IssuerCause::NotGenuine),
    }
}

fn signs_unverified<X: Transaction>(
    conversation: &mut Conversation<X>,
    slot: Slot,
    digest: &[u8; 32],
) -> Result<bool, IssuerCause> {
    match conversation.sign_unverified(slot, digest) {
        Ok(_) => Ok(true),
        Err(error) => refused(error),
    }
}

/// `false` for a card that says no; an error for one that says nothing.
fn refused(error: CardError) -> Result<bool, IssuerCause> {
    if let CardCause::Status(_) = error.cause { Ok(false) } else { Err(error.into()) }
}

fn expect_right(slot: Slot, key: &[u8; 33], digest: &[u8; 32], signature: &[u8; 64]) -> Result<bool, IssuerCause> {
    if verify_signature(key, digest, signature) {
        Ok(true)
    } else {
        Err(IssuerCause::Unfit(Lack::RightSignature(slot)))
    }
}
