//! What can be said to a PIV card within one transaction: one method, one command.

use std::fmt;

use heapless::Vec as Bounded;
use sekisho_wire::apdu::{Command, LE_DEFAULT};
use sekisho_wire::id::CardGuid;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::{self, AID, Algorithm, CardHolderId, Instruction, Object, Reference, Slot};
use sekisho_wire::secret::Pin;
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Tag, TlvError, Writer};

use crate::error::{CardCause, CardError};
use crate::exchange::{ExchangeError, Reply, exchange};
use crate::pin_pad::{NotTyped, PadQuestion};
use crate::signature;
use crate::transport::{Disposition, Lengths, Transaction, TransportError};

/// The AID without its version, as most clients send it: cards of every version select by it.
const AID_SENT: usize = 9;
/// P1 of VERIFY that ends the verified state (SP 800-73-4 part 2, 3.2.1).
const LOG_OUT: u8 = 0xFF;
/// P1 and P2 of GET DATA and PUT DATA: the object named in the data field.
const CURRENT_OBJECT: (u8, u8) = (0x3F, 0xFF);
/// In the metadata of a PIN: 1 where it is the factory's, or good for nothing but its change (CARD.md §C23).
const TAG_IS_DEFAULT: Tag = Tag(0x05);
/// Le of GET DATA where long answers are allowed.
const LE_LONG: u32 = 65536;

/// What was asked of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To be ours for a transaction.
    Begin,
    /// To select PIV.
    Select,
    /// Its GUID.
    Guid,
    /// How many tries the PIN has left.
    TriesLeft,
    /// To check a PIN.
    Verify,
    /// To forget that a PIN was checked.
    LogOut,
    /// A signature with the key of a slot.
    Sign(Slot),
    /// An object.
    Read(Object),
    /// To check a PIN that is typed on the reader.
    VerifyOnPad,
    /// To take another PIN that is typed on the reader.
    ChangeOnPad,
    /// To take another PIN.
    ChangePin,
    /// What it says about its PIN.
    PinMetadata,
    /// To be let go.
    End,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => write!(f, "begin to speak to the card"),
            Self::Select => write!(f, "select the PIV application of the card"),
            Self::Guid => write!(f, "read the GUID of the card"),
            Self::TriesLeft => write!(f, "ask the card how many PIN tries are left"),
            Self::Verify => write!(f, "check the PIN"),
            Self::LogOut => write!(f, "log out of the card"),
            Self::Sign(slot) => write!(f, "sign with key {:02X} of the card", slot.byte()),
            Self::Read(object) => write!(f, "read object {:02X} of the card", object.tag().0),
            Self::VerifyOnPad => write!(f, "let the PIN be typed on the reader's keypad"),
            Self::ChangeOnPad => write!(f, "let the PIN be changed on the reader's keypad"),
            Self::ChangePin => write!(f, "change the PIN"),
            Self::PinMetadata => write!(f, "ask the card about its PIN"),
            Self::End => write!(f, "let go of the card"),
        }
    }
}

/// Only a [`Conversation`] makes this: the card has checked the PIN in this very conversation.
#[derive(Debug)]
pub struct PinVerified(());

/// What the card said to a PIN.
#[derive(Debug)]
#[must_use]
pub enum PinAnswer {
    /// It was right; the counter is full again.
    Verified(PinVerified),
    /// It was wrong.
    Wrong {
        /// So many tries are left, at least one.
        tries_left: u8,
    },
    /// No try is left; the PIN was not looked at, or was wrong and the last.
    Blocked,
    /// The card does not take these characters for a PIN.
    Refused,
    /// Something that says nothing about the PIN.
    Unclear(Status),
}

/// What came of a PIN that was to be typed on the reader.
#[derive(Debug)]
#[must_use]
pub(crate) enum PadAnswer {
    /// The card has judged it.
    Judged(PinAnswer),
    /// None went to the card.
    NotTyped(NotTyped),
}

/// A transaction in which PIV is spoken.
#[derive(Debug)]
pub struct Conversation<X> {
    transaction: X,
    lengths: Lengths,
}

impl<X: Transaction> Conversation<X> {
    /// Speaks PIV in this transaction.
    pub const fn new(transaction: X, lengths: Lengths) -> Self {
        Self { transaction, lengths }
    }

    /// Sends any command.
    ///
    /// # Errors
    /// As [`exchange`].
    pub fn exchange(&mut self, command: Command<'_>) -> Result<Reply, ExchangeError> {
        exchange(&mut self.transaction, command, self.lengths)
    }

    fn ask(&mut self, asked: Asked, command: Command<'_>) -> Result<Reply, CardError> {
        self.exchange(command).map_err(|error| CardError { asked, cause: CardCause::Exchange(error) })
    }

    /// Selects PIV. Selecting it again changes nothing (CARD.md §C7).
    ///
    /// # Errors
    /// [`CardCause::NotPiv`] when the card has no such application.
    pub fn select(&mut self) -> Result<(), CardError> {
        let aid = AID.get(..AID_SENT).unwrap_or(&AID);
        let command = Command::new(0x00, Instruction::Select.byte(), 0x04, 0x00).with_data(aid).with_le(LE_DEFAULT);
        let reply = self.ask(Asked::Select, command)?;
        match reply.status {
            Status::OK => Ok(()),
            Status::NOT_FOUND => Err(CardError { asked: Asked::Select, cause: CardCause::NotPiv }),
            status => Err(CardError { asked: Asked::Select, cause: CardCause::Status(status) }),
        }
    }

    /// The content of an object: what stands inside `53`, for Discovery inside `7E`. `None` when it is not there.
    ///
    /// # Errors
    /// When the card answers otherwise, or the answer is not an object.
    pub fn read(&mut self, object: Object) -> Result<Option<Vec<u8>>, CardError> {
        let asked = Asked::Read(object);
        let mut list = Bounded::<u8, 8>::new();
        object.write_tag_list(&mut list).map_err(|error| CardError { asked, cause: CardCause::Object(error) })?;
        let le = match self.lengths {
            Lengths::Short => LE_DEFAULT,
            Lengths::Extended => LE_LONG,
        };
        let (p1, p2) = CURRENT_OBJECT;
        let command = Command::new(0x00, Instruction::GetData.byte(), p1, p2).with_data(&list).with_le(le);
        let reply = self.ask(asked, command)?;
        let outer = if object == Object::Discovery { object.tag() } else { piv::TAG_DATA };
        match reply.status {
            // Some cards say so of what they have never heard of.
            Status::OK if reply.data.is_empty() => Ok(None),
            Status::OK => match tlv::only(&reply.data, outer) {
                // An object that was emptied reads as absent: some cards keep it, with nothing inside.
                Ok([]) => Ok(None),
                Ok(content) => Ok(Some(content.to_vec())),
                Err(error) => Err(CardError { asked, cause: CardCause::Object(error) }),
            },
            Status::NOT_FOUND => Ok(None),
            status => Err(CardError { asked, cause: CardCause::Status(status) }),
        }
    }

    /// The GUID in the CHUID; `None` when the card has no CHUID.
    ///
    /// # Errors
    /// When it has one that cannot be read.
    pub fn guid(&mut self) -> Result<Option<CardGuid>, CardError> {
        let asked = Asked::Guid;
        let Some(content) = self.read(Object::CardHolderId).map_err(|error| CardError { asked, ..error })? else {
            return Ok(None);
        };
        let chuid =
            CardHolderId::parse(&content).map_err(|error| CardError { asked, cause: CardCause::Object(error) })?;
        Ok(Some(CardGuid(chuid.guid)))
    }

    /// Tells the card to forget that a PIN was checked: another program's, or ours. Says whether the card did.
    ///
    /// # Errors
    /// When no answer came.
    pub fn log_out(&mut self) -> Result<LoggedOut, CardError> {
        let command = Command::new(0x00, Instruction::Verify.byte(), LOG_OUT, Reference::Pin.byte());
        let reply = self.ask(Asked::LogOut, command)?;
        Ok(if reply.status.is_ok() { LoggedOut::Yes } else { LoggedOut::Unsupported })
    }

    /// Asks for the state of the PIN without a PIN: `None` when it is verified, else how many tries are left.
    ///
    /// # Errors
    /// When the card answers otherwise.
    pub fn pin_state(&mut self) -> Result<Option<u8>, CardError> {
        let reply =
            self.ask(Asked::TriesLeft, Command::new(0x00, Instruction::Verify.byte(), 0x00, Reference::Pin.byte()))?;
        match (reply.status, reply.status.pin_tries_left()) {
            (Status::OK, _) => Ok(None),
            (_, Some(tries)) => Ok(Some(tries)),
            (status, None) => Err(CardError { asked: Asked::TriesLeft, cause: CardCause::Status(status) }),
        }
    }

    /// What the card asks of its PINs; `None` for a card that knows no such policy (CARD.md §C23).
    ///
    /// # Errors
    /// When no answer came.
    pub fn pin_policy(&mut self) -> Result<Option<PinPolicy>, CardError> {
        match self.read(Object::PinPolicy) {
            Ok(content) => Ok(content.and_then(|content| PinPolicy::parse(&content).ok())),
            // These say that reading failed, and nothing of what is there.
            Err(
                error @ CardError {
                    cause: CardCause::Status(Status::MEMORY_FAILURE | Status::NO_PRECISE_DIAGNOSIS),
                    ..
                },
            ) => Err(error),
            // Cards answer many things when asked for an object that they have never heard of.
            Err(CardError { cause: CardCause::Status(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the PIN opens nothing but the way to another one: what GET METADATA tells of the factory's and of one that was handed
    /// over (CARD.md §C22, §C23). A card without metadata has no such PIN.
    ///
    /// # Errors
    /// When no answer came.
    pub fn pin_must_change(&mut self) -> Result<bool, CardError> {
        let command =
            Command::new(0x00, Instruction::GetMetadata.byte(), 0x00, Reference::Pin.byte()).with_le(LE_DEFAULT);
        let reply = self.ask(Asked::PinMetadata, command)?;
        Ok(reply.status.is_ok() && tlv::find(&reply.data, TAG_IS_DEFAULT) == Ok(Some(&[1])))
    }

    /// Sends a PIN, once. Any error leaves it open whether the card judged it: read the count again.
    ///
    /// # Errors
    /// When no answer came.
    pub fn verify(&mut self, pin: &Pin) -> Result<PinAnswer, CardError> {
        // By reference from where it lies: each copy on the way would be one more to wipe.
        let command =
            Command::new(0x00, Instruction::Verify.byte(), 0x00, Reference::Pin.byte()).with_data(pin.field());
        Ok(pin_answer(self.ask(Asked::Verify, command)?.status))
    }

    /// Sends old and new PIN, once.
    ///
    /// # Errors
    /// When no answer came; which of the two PINs counts is then open.
    pub fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<PinAnswer, CardError> {
        let mut both = zeroize::Zeroizing::new([0; 16]);
        let (first, second) = both.split_at_mut(8);
        first.copy_from_slice(old.field());
        second.copy_from_slice(new.field());
        let command = Command::new(0x00, Instruction::ChangeReferenceData.byte(), 0x00, Reference::Pin.byte())
            .with_data(both.as_slice());
        let status = self.ask(Asked::ChangePin, command)?.status;
        self.judged(status)
    }

    /// Lets a PIN be typed on the reader, which sends it. Comes back when the person has typed it, or has not.
    ///
    /// # Errors
    /// When no answer came: the card may have judged a PIN all the same.
    pub(crate) fn ask_on_pad(&mut self, question: &PadQuestion) -> Result<PadAnswer, CardError> {
        let asked = question.asked;
        let mut reply = Vec::new();
        let answered = self.transaction.ask_reader(question.code, &question.data, &mut reply);
        answered.map_err(|error| CardError::transport(asked, error))?;
        let status = match reply.as_slice() {
            [.., sw1, sw2] => Status::from_bytes(*sw1, *sw2),
            short => {
                let length = short.len();
                return Err(CardError { asked, cause: CardCause::Exchange(ExchangeError::NoStatus { length }) });
            }
        };
        Ok(match NotTyped::of(status) {
            Some(why) => PadAnswer::NotTyped(why),
            None => PadAnswer::Judged(self.judged(status)?),
        })
    }

    /// Without a count (Nitrokey): whoever was wrong is told it by the counter, which an empty VERIFY shows.
    fn judged(&mut self, status: Status) -> Result<PinAnswer, CardError> {
        if status != Status::AUTHENTICATION_FAILED {
            return Ok(pin_answer(status));
        }
        Ok(match self.pin_state()? {
            Some(0) => PinAnswer::Blocked,
            Some(tries_left) => PinAnswer::Wrong { tries_left },
            None => PinAnswer::Unclear(status),
        })
    }

    /// A signature with a key that wants a PIN.
    ///
    /// # Errors
    /// When the card refuses or answers something else than a signature.
    pub fn sign(&mut self, slot: Slot, digest: &[u8; 32], _: PinVerified) -> Result<[u8; 64], CardError> {
        self.sign_with(slot, digest)
    }

    /// Asks for a signature in a conversation that has shown no PIN: what 9A and 9C should refuse. For who tries what a card is.
    ///
    /// # Errors
    /// When the card refuses, as it should.
    pub fn sign_unverified(&mut self, slot: Slot, digest: &[u8; 32]) -> Result<[u8; 64], CardError> {
        self.sign_with(slot, digest)
    }

    /// A signature with 9E, which wants no PIN: it proves that this very card is still there.
    ///
    /// # Errors
    /// When the card refuses or answers something else than a signature.
    pub fn sign_presence(&mut self, digest: &[u8; 32]) -> Result<[u8; 64], CardError> {
        self.sign_with(Slot::CardAuthentication, digest)
    }

    fn sign_with(&mut self, slot: Slot, digest: &[u8; 32]) -> Result<[u8; 64], CardError> {
        let asked = Asked::Sign(slot);
        let object = |error| CardError { asked, cause: CardCause::Object(error) };
        let mut template = Bounded::<u8, 48>::new();
        Writer::new(&mut template)
            .nest(piv::TAG_AUTHENTICATION, |inner| -> Result<(), TlvError> {
                inner.object(piv::TAG_RESPONSE, &[])?.object(piv::TAG_CHALLENGE, digest)?;
                Ok(())
            })
            .map_err(object)?;
        let command =
            Command::new(0x00, Instruction::GeneralAuthenticate.byte(), Algorithm::EccP256.byte(), slot.byte())
                .with_data(&template)
                .with_le(LE_DEFAULT);
        let reply = self.ask(asked, command)?;
        if !reply.status.is_ok() {
            return Err(CardError { asked, cause: CardCause::Status(reply.status) });
        }
        let template = tlv::only(&reply.data, piv::TAG_AUTHENTICATION).map_err(object)?;
        let der = tlv::require(template, piv::TAG_RESPONSE).map_err(object)?;
        signature::fixed_from_der(der).ok_or(CardError { asked, cause: CardCause::NoSignature })
    }

    /// Ends the transaction.
    ///
    /// # Errors
    /// When the reader cannot carry the disposition out.
    pub fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        self.transaction.end(disposition)
    }
}

/// Whether the card forgot the PIN when told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum LoggedOut {
    /// It did.
    Yes,
    /// It does not know how: reset it instead.
    Unsupported,
}

/// Only 63Cx and 6983 speak of a PIN (CARD.md §C12).
fn pin_answer(status: Status) -> PinAnswer {
    match (status, status.pin_tries_left()) {
        (Status::OK, _) => PinAnswer::Verified(PinVerified(())),
        (_, Some(0)) => PinAnswer::Blocked,
        (_, Some(tries_left)) => PinAnswer::Wrong { tries_left },
        (Status::WRONG_DATA, None) => PinAnswer::Refused,
        (status, None) => PinAnswer::Unclear(status),
    }
}
