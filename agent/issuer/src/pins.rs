//! PIN and PUK of a card, set by the office that manages it.

use sekisho_card::{Conversation, Transaction, Transport};
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Instruction, Reference};
use sekisho_wire::secret::{PIN_MAX, Pin, Puk};
use sekisho_wire::status::Status;
use zeroize::Zeroizing;

use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::{Issuer, KeyHeld};
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
        let bytes = Zeroizing::new(random::bytes::<32>()?);
        let Some(digits) = random::digits::<RANDOM_DIGITS>(&*bytes) else { continue };
        let pin = Pin::parse(&*digits).map_err(IssuerCause::PinPolicy)?;
        if pin.check_choice().is_ok() {
            return Ok(pin);
        }
    }
}

impl<T: Transport> Issuer<'_, T> {
    /// Sets the PUK to the one made of the office's secret and the GUID. Repeating it is harmless: on a card that still holds the factory's
    /// key it costs a try that comes back at once, on one of ours none. The card has shown that it holds the management key before it hears the PUK.
    ///
    /// # Errors
    /// When the card does not show its key, or its PUK is neither the factory's nor ours.
    pub fn set_puk(&mut self) -> Result<(), IssuerError> {
        let ours = self.our_puk(Step::Puk)?;
        self.privileged(Step::Puk, |conversation, held, _| match held {
            // Our key came last: the PUK is ours, and another one would cost a try that may be the last.
            KeyHeld::Ours => change_puk(conversation, &ours, &ours),
            KeyHeld::Factory | KeyHeld::Foreign => match change_puk(conversation, &factory_puk(), &ours) {
                Err(IssuerCause::WrongPuk { .. }) => change_puk(conversation, &ours, &ours),
                result => result,
            },
        })
    }

    /// Sets a PIN and fills its tries, by PUK: nobody has to know the old one. Also what unblocks a card. The PIN is
    /// returned once and kept nowhere.
    ///
    /// The card first shows that it holds the key made of our secret and its GUID. Anybody can build a thing that says a GUID and
    /// knows the factory's key; told the PUK, it would open the real card of that GUID.
    ///
    /// # Errors
    /// [`IssuerCause::ForeignManagementKey`] when the card does not hold our key; when the PIN breaks a rule, or the PUK is not ours.
    pub fn reset_pin(&mut self, choice: PinChoice) -> Result<Pin, IssuerError> {
        let step = Step::Pin;
        let pin = choice.choose().map_err(|cause| IssuerError { step, cause })?;
        let puk = self.our_puk(step)?;
        self.privileged(step, |conversation, held, _| match held {
            KeyHeld::Ours => unblock(conversation, &puk, &pin),
            KeyHeld::Factory | KeyHeld::Foreign => Err(IssuerCause::ForeignManagementKey),
        })?;
        Ok(pin)
    }

    /// The first PIN of a card in the making, which may still hold the factory's management key.
    pub(crate) fn set_first_pin(&mut self, pin: &Pin) -> Result<(), IssuerError> {
        let step = Step::Pin;
        let puk = self.our_puk(step)?;
        self.privileged(step, |conversation, _, _| unblock(conversation, &puk, pin))
    }

    pub(crate) fn our_puk(&self, step: Step) -> Result<Puk, IssuerError> {
        let guid = self.guid.ok_or(IssuerError { step, cause: IssuerCause::NoIdentity })?;
        Ok(self.secret.puk(guid))
    }
}

fn change_puk<X: Transaction>(conversation: &mut Conversation<X>, old: &Puk, new: &Puk) -> Result<(), IssuerCause> {
    say_two(conversation, Instruction::ChangeReferenceData, Reference::Puk, (old.expose(), new.expose()))
}

pub(crate) fn unblock<X: Transaction>(
    conversation: &mut Conversation<X>,
    puk: &Puk,
    pin: &Pin,
) -> Result<(), IssuerCause> {
    say_two(conversation, Instruction::ResetRetryCounter, Reference::Pin, (puk.expose(), pin.field()))
}

/// A command with two reference data fields of eight bytes, one behind the other. They are joined in one place, which is wiped.
fn say_two<X: Transaction>(
    conversation: &mut Conversation<X>,
    instruction: Instruction,
    reference: Reference,
    (first, second): (&[u8], &[u8]),
) -> Result<(), IssuerCause> {
    let mut both = Zeroizing::new([0; 2 * PIN_MAX]);
    let (left, right) = both.split_at_mut(PIN_MAX);
    left.copy_from_slice(first);
    right.copy_from_slice(second);
    let command = Command::new(0x00, instruction.byte(), 0x00, reference.byte()).with_data(both.as_slice());
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
