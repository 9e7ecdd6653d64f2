//! PIN and PUK of a card, set by the office that manages it.

use sekisho_card::{Conversation, Disposition, PinAnswer, Transaction, Transport};
use sekisho_wire::apdu::Command;
use sekisho_wire::pin_policy::{Alphabet, PinPolicy};
use sekisho_wire::piv::{Instruction, Reference};
use sekisho_wire::secret::{PIN_MAX, PIN_MIN, Pin, Puk};
use sekisho_wire::status::Status;
use zeroize::Zeroizing;

use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::{Issuer, KeyHeld};
use crate::random;
use crate::secret::factory_puk;
use crate::try_out::verify;

/// Characters of a PIN that we choose where digits will not do: none that looks like another one on paper.
const EASY_TO_READ: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";

/// Where a new PIN comes from.
#[derive(Debug)]
pub enum PinChoice {
    /// Its holder typed it, here and now: nobody else knows it, and nobody has to change it.
    Chosen(Pin),
    /// Random characters, handed over on paper in a sealed envelope. On a card that keeps such a policy they open nothing but the way to
    /// another PIN.
    Random,
}

impl PinChoice {
    /// What the card is told, when all of it fits the policy.
    pub(crate) fn settle(self, policy: &PinPolicy) -> Result<NewPin, IssuerCause> {
        let given = random_pin(policy)?;
        let chosen = match self {
            Self::Chosen(pin) => Some(pin),
            Self::Random => None,
        };
        chosen.iter().try_for_each(|pin| policy.check(pin)).map_err(IssuerCause::PinPolicy)?;
        Ok(NewPin { given, chosen })
    }
}

/// A PIN on its way to a card.
#[derive(Debug)]
pub(crate) struct NewPin {
    /// What the PUK sets: a card takes that for a PIN that somebody else knows.
    given: Pin,
    /// What its holder makes of it.
    chosen: Option<Pin>,
}

impl NewPin {
    /// The PIN that the card has in the end.
    pub(crate) fn pin(&self) -> &Pin {
        self.chosen.as_ref().unwrap_or(&self.given)
    }

    /// The same, to be handed over.
    pub(crate) fn into_pin(self) -> Pin {
        self.chosen.unwrap_or(self.given)
    }
}

/// Random characters that the policy takes, as few as it takes: they are to be changed, and five tries guard them until then.
pub(crate) fn random_pin(policy: &PinPolicy) -> Result<Pin, IssuerCause> {
    let alphabet = match policy.alphabet {
        Alphabet::Digits | Alphabet::Any => random::DIGITS,
        Alphabet::Mixed => EASY_TO_READ,
    };
    loop {
        let bytes = Zeroizing::new(random::bytes::<64>()?);
        let Some(typed) = random::characters::<PIN_MAX>(alphabet, &*bytes) else { continue };
        let length = usize::from(policy.minimum).clamp(PIN_MIN, PIN_MAX);
        let pin = Pin::parse(&typed[..length]).map_err(IssuerCause::PinPolicy)?;
        if policy.check(&pin).is_ok() {
            return Ok(pin);
        }
    }
}

impl<T: Transport> Issuer<'_, T> {
    /// Sets the PUK to the one made of the office's secret and the GUID. Repeating it is harmless: it costs at most a try that comes back at once.
    /// The card has shown that it holds the management key before it hears the PUK.
    ///
    /// # Errors
    /// When the card does not show its key, or its PUK is neither the factory's nor ours.
    pub fn set_puk(&mut self) -> Result<(), IssuerError> {
        let ours = self.our_puk(Step::Puk)?;
        let factory = factory_puk();
        self.privileged(Step::Puk, |conversation, held, _| {
            // Where our key is, our PUK mostly is as well: not so after another number of tries was set, or was being set.
            let [likely, other] = match held {
                KeyHeld::Ours => [&ours, &factory],
                KeyHeld::Factory | KeyHeld::Foreign => [&factory, &ours],
            };
            match change_puk(conversation, likely, &ours) {
                Err(IssuerCause::WrongPuk { .. }) => change_puk(conversation, other, &ours),
                result => result,
            }
        })
    }

    /// Sets a PIN and fills its tries, by PUK: nobody has to know the old one. Also what unblocks a card. The PIN is
    /// returned once and kept nowhere.
    ///
    /// The card first shows that it holds the key made of our secret and its GUID. Anybody can build a thing that says a GUID and
    /// knows the factory's key; told the PUK, it would open the real card of that GUID.
    ///
    /// The new PIN follows the policy that the card keeps; on a card that keeps none, `office`.
    ///
    /// # Errors
    /// [`IssuerCause::ForeignManagementKey`] when the card does not hold our key; when the PIN breaks a rule, or the PUK is not ours.
    /// [`IssuerCause::PinRefusedByCard`] when it is one of the last ones: then nobody knows the card's PIN until this is done again. After
    /// [`IssuerCause::PinNotGiven`] the card has the PIN that it had.
    pub fn reset_pin(&mut self, choice: PinChoice, office: &PinPolicy) -> Result<Pin, IssuerError> {
        let step = Step::Pin;
        let kept = self.pin_policy()?;
        let policy = kept.unwrap_or(*office);
        let pin = choice.settle(&policy).map_err(|cause| IssuerError { step, cause })?;
        let puk = self.our_puk(step)?;
        self.privileged(step, |conversation, held, _| match held {
            KeyHeld::Ours => unblock(conversation, &puk, &pin.given),
            KeyHeld::Factory | KeyHeld::Foreign => Err(IssuerCause::ForeignManagementKey),
        })?;
        self.hand_over(&pin)?;
        if kept.is_none() {
            self.expect_taken(pin.pin())?;
        }
        Ok(pin.into_pin())
    }

    /// A card of another maker has set whatever it was told. Whether it takes it for a PIN, it says when it is shown it.
    fn expect_taken(&mut self, pin: &Pin) -> Result<(), IssuerError> {
        self.converse(Step::Pin, |conversation| {
            let _ = conversation.log_out()?;
            let _ = verify(conversation, pin)?;
            let _ = conversation.log_out()?;
            Ok(())
        })
    }

    /// The first PIN of a card in the making, which may still hold the factory's management key.
    pub(crate) fn set_first_pin(&mut self, pin: &NewPin) -> Result<(), IssuerError> {
        let step = Step::Pin;
        let puk = self.our_puk(step)?;
        self.privileged(step, |conversation, _, _| unblock(conversation, &puk, &pin.given))?;
        self.hand_over(pin)
    }

    /// Lets the holder have the PIN that he chose. To the card this is somebody who knows the PIN that was given, and no issuer: it
    /// must have forgotten that it took orders.
    fn hand_over(&mut self, pin: &NewPin) -> Result<(), IssuerError> {
        let Some(chosen) = &pin.chosen else { return Ok(()) };
        let step = Step::Pin;
        let reset = self.transport.begin().and_then(|transaction| transaction.end(Disposition::Reset));
        reset.map_err(|error| IssuerError { step, cause: error.into() })?;
        self.converse(step, |conversation| match conversation.change_pin(&pin.given, chosen)? {
            PinAnswer::Verified(_) => Ok(()),
            PinAnswer::Refused => Err(IssuerCause::PinRefusedByCard),
            PinAnswer::Unclear(status) => Err(status.into()),
            PinAnswer::Wrong { .. } | PinAnswer::Blocked => Err(IssuerCause::NotGenuine),
        })
    }

    /// The policy that the card keeps; `None` for a card that keeps none.
    ///
    /// # Errors
    /// When the card does not answer.
    pub fn pin_policy(&mut self) -> Result<Option<PinPolicy>, IssuerError> {
        self.converse(Step::PinRules, |conversation| Ok(conversation.pin_policy()?))
    }

    pub(crate) fn our_puk(&self, step: Step) -> Result<Puk, IssuerError> {
        let guid = self.guid.ok_or(IssuerError { step, cause: IssuerCause::NoIdentity })?;
        self.secret.puk(guid).map_err(|error| IssuerError { step, cause: error.into() })
    }
}

pub(crate) fn change_puk<X: Transaction>(
    conversation: &mut Conversation<X>,
    old: &Puk,
    new: &Puk,
) -> Result<(), IssuerCause> {
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
        (_, Some(tries_left)) => Err(IssuerCause::WrongPuk { tries_left: Some(tries_left) }),
        (Status::AUTHENTICATION_FAILED, None) => Err(IssuerCause::WrongPuk { tries_left: None }),
        (Status::WRONG_DATA, None) => Err(IssuerCause::PinNotGiven),
        (status, None) => Err(status.into()),
    }
}
