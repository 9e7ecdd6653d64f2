//! What a card asks of its PINs: how many tries, and which PINs (CARD.md §C15, §C23). Cards of other makers keep some of it or nothing.

use heapless::Vec as Bounded;
use sekisho_card::{Conversation, PinAnswer, Transaction, Transport};
use sekisho_wire::apdu::Command;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::{Instruction, Object};
use sekisho_wire::secret::Puk;
use sekisho_wire::status::Status;

use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::{Issuer, KeyHeld};
use crate::pins::{change_puk, random_pin, unblock};
use crate::secret::{factory_pin, factory_puk};

/// What an office asks of the PINs of its cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinRules {
    /// Tries until the PIN is blocked, 1 to 15.
    pub tries: u8,
    /// Which PINs.
    pub policy: PinPolicy,
}

/// What a card does not keep of the rules, so that people have to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unenforced {
    /// It allows so many tries, and cannot be told another number.
    pub tries: Option<u8>,
    /// It keeps no policy: characters, history and the change at first use are up to its holder.
    pub policy: bool,
    /// Its 9E signs nothing without a PIN: it cannot show by itself that it is still there.
    pub presence: bool,
    /// Its 9C signs again without another PIN. Our tools log out after each signature; other programs need not.
    pub pin_per_act: bool,
}

impl Unenforced {
    /// Whether the card keeps everything.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.tries.is_none() && !self.policy && !self.presence && !self.pin_per_act
    }
}

/// Nobody types the PUK, so the office's number is not for it. It leaves room for a making that is interrupted again and again: each finds out
/// anew whose PUK the card has.
const PUK_TRIES: u8 = 5;

/// Who made the card, as far as that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    /// It keeps policies, and knows all that ours know.
    Ours,
    /// It knows what it knows.
    Another,
}

impl<T: Transport> Issuer<'_, T> {
    /// A card that keeps a policy shows one before it was ever written.
    pub(crate) fn whose_make(&mut self) -> Result<Make, IssuerError> {
        Ok(if self.pin_policy()?.is_some() { Make::Ours } else { Make::Another })
    }

    /// Tells the card the rules. Afterwards it has a PIN that nobody knows, so PUK and PIN are set next.
    pub(crate) fn write_pin_rules(&mut self, rules: PinRules, make: Make) -> Result<Unenforced, IssuerError> {
        let step = Step::PinRules;
        if make == Make::Ours {
            self.put(step, Object::PinPolicy, &[])?;
        }
        let tries = self.set_tries(step, rules.tries, make)?;
        if make == Make::Ours {
            let mut content = Bounded::<u8, 16>::new();
            rules.policy.write(&mut content).map_err(|error| IssuerError { step, cause: error.into() })?;
            self.put(step, Object::PinPolicy, &content)?;
        }
        let tries = (tries != rules.tries).then_some(tries);
        Ok(Unenforced { tries, policy: make == Make::Another, ..Unenforced::default() })
    }

    /// Sets the number of tries, where the card has another; PIN and PUK are the factory's afterwards. Gives the number that it has now.
    fn set_tries(&mut self, step: Step, wanted: u8, make: Make) -> Result<u8, IssuerError> {
        let ours = self.our_puk(step)?;
        self.privileged(step, |conversation, held, _| {
            let has = pass(conversation, held, &ours)?;
            if has == wanted {
                return Ok(has);
            }
            match (send_tries(conversation, wanted)?, make) {
                (Status::OK, _) => Ok(wanted),
                // A card that keeps policies knows this too: here something has failed.
                (status, Make::Ours) => Err(status.into()),
                (_, Make::Another) => Ok(has),
            }
        })
    }

    /// Sets PIN and PUK back to the factory's: with the factory's tries where the card takes a number, which on our card is also the only way, for as
    /// new ones they would be refused; else one by one.
    pub(crate) fn factory_pins(&mut self, step: Step, tries: u8) -> Result<(), IssuerError> {
        let ours = self.our_puk(step)?;
        self.privileged(step, |conversation, held, _| {
            pass(conversation, held, &ours)?;
            if send_tries(conversation, tries)?.is_ok() {
                return Ok(());
            }
            let factory = factory_puk();
            match change_puk(conversation, &ours, &factory) {
                // Changed before, by a wiping that was interrupted.
                Ok(()) | Err(IssuerCause::WrongPuk { .. }) => {}
                Err(cause) => return Err(cause),
            }
            unblock(conversation, &factory, &factory_pin())
        })
    }
}

/// Gives the card a PIN in passing, says how many tries that has, and verifies it: SET TRIES wants the management key and a verified PIN.
fn pass<X: Transaction>(conversation: &mut Conversation<X>, held: KeyHeld, ours: &Puk) -> Result<u8, IssuerCause> {
    let passing = random_pin(&PinPolicy::PIV)?;
    let [first, second] = match held {
        KeyHeld::Ours => [ours, &factory_puk()],
        // In the making, or interrupted in the making or the wiping.
        KeyHeld::Factory | KeyHeld::Foreign => [&factory_puk(), ours],
    };
    match unblock(conversation, first, &passing) {
        Err(IssuerCause::WrongPuk { .. }) => unblock(conversation, second, &passing)?,
        result => result?,
    }
    // A card that was just unblocked has all its tries, and tells them while no PIN is verified.
    let _ = conversation.log_out()?;
    let full = conversation.pin_state()?;
    match conversation.verify(&passing)? {
        PinAnswer::Verified(_) => full.ok_or(IssuerCause::NotGenuine),
        PinAnswer::Wrong { .. } | PinAnswer::Blocked | PinAnswer::Refused | PinAnswer::Unclear(_) => {
            Err(IssuerCause::NotGenuine)
        }
    }
}

fn send_tries<X: Transaction>(conversation: &mut Conversation<X>, tries: u8) -> Result<Status, IssuerCause> {
    let command = Command::new(0x00, Instruction::SetTries.byte(), tries, PUK_TRIES);
    Ok(conversation.exchange(command)?.status)
}
