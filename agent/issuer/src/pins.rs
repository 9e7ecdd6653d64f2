//! PIN and PUK of a card, set by the office that manages it.

use sekisho_card::{Conversation, Transaction, Transport, joined};
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Instruction, Reference};
use sekisho_wire::secret::{Pin, Puk};
use sekisho_wire::status::Status;

use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::Issuer;
use crate::random;
use crate::secret::factory_puk;

/// How many digits a PIN has that we choose: the fewest, for it is to be changed at first use.
const RANDOM_DIGITS: usize = 6;

/// Where a new PIN comes from.
#[derive(Debug)]
pub enum PinChoice {
    /// The operator typed it, here and now.
    Given(Pin),
    /// Random digits, handed over on paper in a sealed envelope.
    Random,
}

impl PinChoice {
    pub(crate) fn choose(self) -> Result<Pin, IssuerCause> {
        let pin = match self {
            Self::Given(pin) => pin,
            Self::Random => random_pin()?,
        };
        pin.check_choice().map_err(IssuerCause::PinPolicy)?;
        Ok(pin)
    }
}

/// Random digits that are no run and no repeat.
fn random_pin() -> Result<Pin, IssuerCause> {
    loop {
        let bytes = zeroize::Zeroizing::new(random::bytes::<32>()?);
        let Some(digits) = random::digits::<RANDOM_DIGITS>(&*bytes) else { continue };
        let pin = Pin::parse(&*digits).map_err(IssuerCause::PinPolicy)?;
        if pin.check_choice().is_ok() {
            return Ok(pin);
        }
    }
}

impl<T: Transport> Issuer<'_, T> {
    /// Sets the PUK to the one made of the office's secret and the GUID. Repeating it is harmless: it costs a try that
    /// comes back at once.
    ///
    /// # Errors
    /// When the PUK is neither the factory's nor ours.
    pub fn set_puk(&mut self) -> Result<(), IssuerError> {
        let ours = self.our_puk(Step::Puk)?;
        self.converse(Step::Puk, |conversation| match change_puk(conversation, &factory_puk(), &ours) {
            Err(IssuerCause::WrongPuk { .. }) => change_puk(conversation, &ours, &ours),
            result => result,
        })
    }

    /// Sets a PIN and fills its tries, by PUK: nobody has to know the old one. Also what unblocks a card. The PIN is
    /// returned once and kept nowhere.
    ///
    /// # Errors
    /// When the PIN breaks a rule, or the PUK is not ours.
    pub fn reset_pin(&mut self, choice: PinChoice) -> Result<Pin, IssuerError> {
        let step = Step::Pin;
        let pin = choice.choose().map_err(|cause| IssuerError { step, cause })?;
        let puk = self.our_puk(step)?;
        self.converse(step, |conversation| unblock(conversation, &puk, &pin))?;
        Ok(pin)
    }

    pub(crate) fn our_puk(&self, step: Step) -> Result<Puk, IssuerError> {
        let guid = self.guid.ok_or(IssuerError { step, cause: IssuerCause::NoIdentity })?;
        Ok(self.secret.puk(guid))
    }
}

fn change_puk<X: Transaction>(conversation: &mut Conversation<X>, old: &Puk, new: &Puk) -> Result<(), IssuerCause> {
    let both = joined(&old.padded(), &new.padded());
    let command = Command::new(0x00, Instruction::ChangeReferenceData.byte(), 0x00, Reference::Puk.byte())
        .with_data(both.expose());
    puk_answer(conversation.exchange(command)?.status)
}

pub(crate) fn unblock<X: Transaction>(
    conversation: &mut Conversation<X>,
    puk: &Puk,
    pin: &Pin,
) -> Result<(), IssuerCause> {
    let both = joined(&puk.padded(), &pin.padded());
    let command =
        Command::new(0x00, Instruction::ResetRetryCounter.byte(), 0x00, Reference::Pin.byte()).with_data(both.expose());
    puk_answer(conversation.exchange(command)?.status)
}

fn puk_answer(status: Status) -> Result<(), IssuerCause> {
    match (status, status.pin_tries_left()) {
        (Status::OK, _) => Ok(()),
        (_, Some(0)) => Err(IssuerCause::PukBlocked),
        (_, Some(tries_left)) => Err(IssuerCause::WrongPuk { tries_left }),
        (Status::WRONG_DATA, None) => Err(IssuerCause::PinRefusedByCard),
        (status, None) => Err(status.into()),
    }
}
