//! Host side of the card over PC/SC: use it, never change what it is.
//!
//! [`OperatorCard`] is the card in use, over any [`Transport`]; [`PcscReaders`] tells what happens in the readers.
//! The README tells the life of a card in a reader.
#![forbid(unsafe_code)]

mod card;
mod conversation;
mod error;
mod exchange;
mod in_words;
mod pcsc;
mod pin_pad;
mod reader_events;
mod reader_identity;
mod reader_name;
mod signature;
mod transport;

pub use card::OperatorCard;
pub use conversation::{Asked, Conversation, LoggedOut, PinAnswer, PinVerified};
pub use error::{CardCause, CardError, Fault, LoginError, Tries, another_pin};
pub use exchange::{ANSWER_MAX, ExchangeError, Reply, exchange};
pub use pcsc::{PcscReader, PcscReaders, PcscTransaction, PcscTransport, SharePolicy, Waker};
pub use pin_pad::{Keypad, NotTyped, PinPad};
pub use reader_events::ReaderEvent;
pub use reader_identity::identity_by_name;
pub use reader_name::ReaderName;
pub use signature::verify_signature;
pub use transport::{Cause, Disposition, Doing, Lengths, Sharing, Transaction, Transport, TransportError};
