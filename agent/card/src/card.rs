//! An operator card in use: who it is, how many tries its PIN has, what it signs.

use std::time::Duration;

use sekisho_wire::grant::GRANT_MAX;
use sekisho_wire::id::CardGuid;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::{self, Object, Slot};
use sekisho_wire::secret::Pin;
use sekisho_wire::status::Status;

use crate::conversation::{Asked, Conversation, LoggedOut, PadAnswer, PinAnswer, PinVerified};
use crate::error::{CardCause, CardError, LoginError, Tries};
use crate::pin_pad::PinPad;
use crate::transport::{Disposition, Sharing, Transport, TransportError};

/// An operator card in a reader. It holds no secret and remembers nothing of a PIN: each use of a key that wants one is
/// a transaction that begins and ends logged out.
#[derive(Debug)]
pub struct OperatorCard<T> {
    transport: T,
    guid: CardGuid,
    application: Application,
}

/// Whether the card still speaks PIV to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Application {
    Selected,
    /// We reset the card, or do not know: select it anew and look whether it is the same card.
    Unknown,
}

impl<T: Transport> OperatorCard<T> {
    /// Selects PIV and reads the GUID: two APDUs.
    ///
    /// # Errors
    /// [`CardCause::NotPiv`] for another kind of card, [`CardCause::Blank`] for one that nobody has personalised.
    pub fn open(mut transport: T) -> Result<Self, CardError> {
        let mut conversation = begin(&mut transport)?;
        conversation.select()?;
        let guid = conversation.guid()?.ok_or(CardError { asked: Asked::Guid, cause: CardCause::Blank })?;
        end(conversation, Disposition::Leave)?;
        Ok(Self { transport, guid, application: Application::Selected })
    }

    /// Which card this is.
    #[must_use]
    pub const fn guid(&self) -> CardGuid {
        self.guid
    }

    /// The connection, for questions about the reader.
    #[must_use]
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// How many tries the PIN has left, 0 when it is blocked: one APDU, no PIN. A verified state that another program
    /// left behind is ended on the way, because only then does a card tell.
    ///
    /// # Errors
    /// When the card does not say.
    pub fn tries_left(&mut self) -> Result<u8, CardError> {
        self.converse(|conversation| {
            if let Some(tries) = conversation.pin_state()? {
                return Ok(tries);
            }
            let _ = conversation.log_out()?;
            conversation.pin_state()?.ok_or(CardError { asked: Asked::LogOut, cause: CardCause::StaysVerified })
        })
    }

    /// Logs in: checks the PIN and signs the digest with 9A. Four APDUs (logout, VERIFY, sign, logout), one more on a
    /// shared card.
    ///
    /// # Errors
    /// [`LoginError::WrongPin`] and [`LoginError::Blocked`] only when the card says so.
    pub fn login(&mut self, pin: &Pin, digest: &[u8; 32]) -> Result<[u8; 64], LoginError> {
        self.sign_with_pin(Slot::Authentication, pin, digest)
    }

    /// Signs the digest of an act with 9C.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub fn sign_act(&mut self, pin: &Pin, digest: &[u8; 32]) -> Result<[u8; 64], LoginError> {
        self.sign_with_pin(Slot::Signature, pin, digest)
    }

    fn sign_with_pin(&mut self, slot: Slot, pin: &Pin, digest: &[u8; 32]) -> Result<[u8; 64], LoginError> {
        self.with_pin(
            Asked::Verify,
            |conversation| conversation.verify(pin).map(PadAnswer::Judged),
            |conversation, verified| conversation.sign(slot, digest, verified),
        )
    }

    /// Changes the PIN. The new one is checked against the card's policy first, so that a poor choice is named; what the card alone can
    /// know (the last PINs) the card refuses.
    ///
    /// # Errors
    /// [`LoginError::WrongPin`] when the old PIN is wrong; [`LoginError::PinPolicy`] and [`LoginError::RefusedByCard`]
    /// about the new one. After [`Tries::Unknown`] it is open which PIN counts.
    pub fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), LoginError> {
        let policy = self
            .converse(|conversation| conversation.pin_policy())
            .map_err(|error| LoginError::of(error, Tries::Untouched))?;
        policy.unwrap_or(PinPolicy::PIV).check(new).map_err(LoginError::PinPolicy)?;
        let change = |conversation: &mut Conversation<T::Transaction<'_>>| conversation.change_pin(old, new);
        self.with_pin(Asked::ChangePin, |conversation| change(conversation).map(PadAnswer::Judged), |_, _| Ok(()))
    }

    /// Logs in by a PIN that is typed on the reader: this process never has it. `digest` is asked when the card has taken it, for what is
    /// signed names that moment; it answers at once, or gives up, and then nothing is signed. All is one transaction, as long as the person
    /// takes.
    ///
    /// # Errors
    /// As [`Self::login`]; [`LoginError::NotTyped`] when no PIN came to the card.
    pub fn login_on_pad(
        &mut self,
        patience: Duration,
        digest: impl FnOnce() -> Option<[u8; 32]>,
    ) -> Result<Option<[u8; 64]>, LoginError> {
        self.sign_on_pad(Slot::Authentication, patience, digest)
    }

    /// As [`Self::login_on_pad`], an act with 9C.
    ///
    /// # Errors
    /// As [`Self::login_on_pad`].
    pub fn sign_act_on_pad(
        &mut self,
        patience: Duration,
        digest: impl FnOnce() -> Option<[u8; 32]>,
    ) -> Result<Option<[u8; 64]>, LoginError> {
        self.sign_on_pad(Slot::Signature, patience, digest)
    }

    fn sign_on_pad(
        &mut self,
        slot: Slot,
        patience: Duration,
        digest: impl FnOnce() -> Option<[u8; 32]>,
    ) -> Result<Option<[u8; 64]>, LoginError> {
        let question = self.pad()?.verification(patience);
        self.with_pin(
            question.asked,
            |conversation| conversation.ask_on_pad(&question),
            |conversation, verified| digest().map(|digest| conversation.sign(slot, &digest, verified)).transpose(),
        )
    }

    /// Changes the PIN; present and new one are typed on the reader. What the new one must be is the card's to say.
    ///
    /// # Errors
    /// As [`Self::change_pin`]; [`LoginError::NotTyped`] when nothing came to the card, [`LoginError::NoPad`] when the keypad cannot.
    pub fn change_pin_on_pad(&mut self, patience: Duration) -> Result<(), LoginError> {
        let question = self.pad()?.change(patience).ok_or(LoginError::NoPad)?;
        self.with_pin(question.asked, |conversation| conversation.ask_on_pad(&question), |_, _| Ok(()))
    }

    fn pad(&self) -> Result<PinPad, LoginError> {
        self.transport.pin_pad().ok().flatten().ok_or(LoginError::NoPad)
    }

    /// Signs the digest with 9E, without a PIN: proof that this very card is still there.
    ///
    /// # Errors
    /// When it is not, or has no such key.
    pub fn prove_presence(&mut self, digest: &[u8; 32]) -> Result<[u8; 64], CardError> {
        self.converse(|conversation| conversation.sign_presence(digest))
    }

    /// The certificate of a slot as DER; `None` when there is none. It is shown to people and ordinary tools: the
    /// register decides whose key is whose.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_certificate(&mut self, slot: Slot) -> Result<Option<Vec<u8>>, CardError> {
        match slot.certificate() {
            Some(object) => self.read_wrapped(object),
            None => Ok(None),
        }
    }

    /// The grant as it stands on the card, nothing verified; `None` when there is none, or something larger than a grant can be.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_grant(&mut self) -> Result<Option<Vec<u8>>, CardError> {
        let read = self.read_wrapped(Object::Grant)?;
        Ok(read.filter(|grant| grant.len() <= GRANT_MAX))
    }

    fn read_wrapped(&mut self, object: Object) -> Result<Option<Vec<u8>>, CardError> {
        let Some(content) = self.converse(|conversation| conversation.read(object))? else { return Ok(None) };
        match piv::certificate(&content) {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(error) => Err(CardError { asked: Asked::Read(object), cause: CardCause::Certificate(error) }),
        }
    }

    /// Ends whatever the card still holds open, by logout and then by reset, for locking. The connection stays, and
    /// goes on telling a removed card from one that stayed.
    ///
    /// # Errors
    /// When the card or the reader did not follow. Lock all the same, and close the connection.
    pub fn reset(&mut self) -> Result<(), CardError> {
        self.application = Application::Unknown;
        let mut conversation = begin(&mut self.transport)?;
        let _ = conversation.log_out()?;
        end(conversation, Disposition::Reset)
    }

    /// Gives the card up.
    ///
    /// # Errors
    /// When the reader cannot carry the disposition out.
    pub fn close(self, disposition: Disposition) -> Result<(), TransportError> {
        self.transport.close(disposition)
    }

    /// One transaction without a PIN.
    fn converse<R>(
        &mut self,
        work: impl FnOnce(&mut Conversation<T::Transaction<'_>>) -> Result<R, CardError>,
    ) -> Result<R, CardError> {
        let (mut conversation, application) = self.begin()?;
        let result = work(&mut conversation)?;
        end(conversation, Disposition::Leave)?;
        *application = Application::Selected;
        Ok(result)
    }

    /// One transaction with a PIN: out, in, use, out. `present` is called once, whatever happens.
    fn with_pin<R>(
        &mut self,
        asked: Asked,
        present: impl FnOnce(&mut Conversation<T::Transaction<'_>>) -> Result<PadAnswer, CardError>,
        use_it: impl FnOnce(&mut Conversation<T::Transaction<'_>>, PinVerified) -> Result<R, CardError>,
    ) -> Result<R, LoginError> {
        let untouched = |error| LoginError::of(error, Tries::Untouched);
        let (mut conversation, application) = self.begin().map_err(untouched)?;
        // Another program may have left the card verified: then a card could sign whatever PIN we send.
        let _ = conversation.log_out().map_err(untouched)?;
        let result = match present(&mut conversation) {
            Err(error) => Err(LoginError::of(error, Tries::Unknown)),
            Ok(PadAnswer::NotTyped(why)) => Err(LoginError::NotTyped(why)),
            Ok(PadAnswer::Judged(PinAnswer::Verified(verified))) => {
                use_it(&mut conversation, verified).map_err(|error| why_unused(&mut conversation, error))
            }
            Ok(PadAnswer::Judged(PinAnswer::Wrong { tries_left })) => Err(LoginError::WrongPin { tries_left }),
            Ok(PadAnswer::Judged(PinAnswer::Blocked)) => Err(LoginError::Blocked),
            Ok(PadAnswer::Judged(PinAnswer::Refused)) => Err(LoginError::RefusedByCard),
            Ok(PadAnswer::Judged(PinAnswer::Unclear(status))) => {
                Err(LoginError::of(CardError { asked, cause: CardCause::Status(status) }, Tries::Unknown))
            }
        };
        *application = leave(conversation, &result)?;
        result
    }

    /// Begins a transaction in which PIV is selected and the card is the one that was opened. The second part is where
    /// the caller notes that it still is when the transaction has gone well.
    fn begin(&mut self) -> Result<(Conversation<T::Transaction<'_>>, &mut Application), CardError> {
        let shared = self.transport.sharing() == Sharing::Shared;
        let known = std::mem::replace(&mut self.application, Application::Unknown);
        let mut conversation = begin(&mut self.transport)?;
        match known {
            Application::Selected if !shared => {}
            Application::Selected => conversation.select()?,
            Application::Unknown => {
                conversation.select()?;
                expect_guid(&mut conversation, self.guid)?;
            }
        }
        Ok((conversation, &mut self.application))
    }
}

/// Why a key was not used after the right PIN. One that was handed over opens nothing (CARD.md §C23).
fn why_unused<X: crate::Transaction>(conversation: &mut Conversation<X>, error: CardError) -> LoginError {
    let conditions = error.cause == CardCause::Status(Status::CONDITIONS_NOT_SATISFIED);
    if conditions && conversation.pin_must_change() == Ok(true) {
        return LoginError::MustChange;
    }
    LoginError::of(error, Tries::Full)
}

fn expect_guid<X: crate::Transaction>(conversation: &mut Conversation<X>, expected: CardGuid) -> Result<(), CardError> {
    let asked = Asked::Guid;
    match conversation.guid()? {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(CardError { asked, cause: CardCause::OtherCard { expected, found } }),
        None => Err(CardError { asked, cause: CardCause::Blank }),
    }
}

fn begin<T: Transport>(transport: &mut T) -> Result<Conversation<T::Transaction<'_>>, CardError> {
    let lengths = transport.lengths();
    let transaction = transport.begin().map_err(|error| CardError::transport(Asked::Begin, error))?;
    Ok(Conversation::new(transaction, lengths))
}

fn end<X: crate::Transaction>(conversation: Conversation<X>, disposition: Disposition) -> Result<(), CardError> {
    conversation.end(disposition).map_err(|error| CardError::transport(Asked::End, error))
}

/// Leaves a card to which a PIN was sent: logged out, and reset where it cannot log out. A card that cannot be brought to
/// that has not logged anybody in, however good its signature.
fn leave<X: crate::Transaction, R>(
    mut conversation: Conversation<X>,
    result: &Result<R, LoginError>,
) -> Result<Application, LoginError> {
    let left = match conversation.log_out() {
        Ok(LoggedOut::Yes) => end(conversation, Disposition::Leave).map(|()| Application::Selected),
        Ok(LoggedOut::Unsupported) => end(conversation, Disposition::Reset).map(|()| Application::Unknown),
        Err(error) => {
            // Try the reset all the same; what matters is that the logout failed.
            let _ = conversation.end(Disposition::Reset);
            Err(error)
        }
    };
    match (left, result) {
        (Ok(application), _) => Ok(application),
        (Err(error), Ok(_)) => Err(LoginError::of(error, Tries::Full)),
        // The first failure tells more than the second.
        (Err(_), Err(_)) => Ok(Application::Unknown),
    }
}
