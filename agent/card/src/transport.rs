//! How bytes reach a card: whoever holds a [`Transport`] may open a [`Transaction`], and while that lives nobody else speaks.

use std::fmt;

use crate::pin_pad::PinPad;

/// `SCARD_E_UNSUPPORTED_FEATURE`, as pcsc-lite numbers it: a reader that does no such thing.
const UNSUPPORTED_FEATURE: u32 = 0x8010_001F;

/// A connection to one card in one reader.
///
/// Implemented over PC/SC by [`crate::PcscTransport`], and in-process by the simulator.
pub trait Transport {
    /// The time in which the card is ours. It borrows the connection, so nothing can be sent beside it.
    type Transaction<'card>: Transaction
    where
        Self: 'card;

    /// The reader, as people know it: for messages only. Indices in it move, so never compare it.
    fn reader_name(&self) -> &str;

    /// Whether other programs may speak to the card between our transactions.
    fn sharing(&self) -> Sharing {
        Sharing::Exclusive
    }

    /// Which form of command reader and card are known to carry.
    fn lengths(&self) -> Lengths {
        Lengths::Short
    }

    /// The reader's own keypad, where a PIN can be typed on it.
    ///
    /// # Errors
    /// Why the reader did not say whether it has one: that is no word for "none".
    fn pin_pad(&self) -> Result<Option<PinPad>, Cause> {
        Ok(None)
    }

    /// Waits for the card to be ours. No person may be waited for while a transaction lives, but by the reader: some stacks reset a
    /// card whose transaction is idle for five seconds.
    ///
    /// # Errors
    /// [`Cause::CardReset`] when somebody else has reset the card: everything known about its state is void.
    fn begin(&mut self) -> Result<Self::Transaction<'_>, TransportError>;

    /// Gives the card up.
    ///
    /// # Errors
    /// When the reader cannot carry the disposition out; the connection is gone in any case.
    fn close(self, disposition: Disposition) -> Result<(), TransportError>
    where
        Self: Sized;
}

/// A card that listens to us alone. Dropping it ends it with [`Disposition::Leave`].
pub trait Transaction {
    /// Sends one command APDU and puts the answer, status word included, into `reply`, replacing what was there.
    /// Never sends anything twice.
    ///
    /// # Errors
    /// When no answer came. The card may have carried the command out all the same.
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError>;

    /// Asks something of the reader itself (`SCardControl`) and puts its answer into `reply`, replacing what was there. Comes back when the
    /// reader answers, and be it that a person takes her time. Only a reader that told of a [`PinPad`] is asked anything.
    ///
    /// # Errors
    /// When the reader does not do it. The card may have been asked all the same.
    fn ask_reader(&mut self, code: u32, question: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        let _ = (code, question, reply);
        Err(TransportError::of_service(Doing::AskReader, Cause::Unexpected { code: UNSUPPORTED_FEATURE }))
    }

    /// Lets others speak to the card again. After [`Disposition::Reset`] the card knows no PIN and no selected
    /// application; the connection stays usable.
    ///
    /// # Errors
    /// When the reader cannot carry the disposition out.
    fn end(self, disposition: Disposition) -> Result<(), TransportError>;
}

/// Who else may use the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody, while we are connected.
    Exclusive,
    /// Any program, between our transactions. It may select another application.
    Shared,
}

/// Which form of command may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lengths {
    /// At most 255 bytes of data; longer commands are chained, longer answers fetched in pieces. Every reader can.
    Short,
    /// Long commands in one piece. Saves exchanges where reader and card both can; many readers cannot.
    Extended,
}

/// What becomes of the card when we let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// As it is.
    Leave,
    /// Warm reset: PIN and selected application are forgotten.
    Reset,
    /// Power off.
    PowerOff,
}

/// What was being done when the transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Reaching the smart card service.
    ReachService,
    /// Asking which readers there are.
    ListReaders,
    /// Connecting to the card.
    Connect,
    /// Beginning a transaction.
    Begin,
    /// Sending a command: the card may or may not have carried it out.
    Transmit,
    /// Letting the PIN be typed on the reader: the card may have judged one.
    AskReader,
    /// Ending a transaction.
    End,
    /// Giving the card up.
    Disconnect,
}

/// Why the transport failed, sorted by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The card was taken out; another may be in the reader by now.
    CardRemoved,
    /// No card is in the reader.
    NoCard,
    /// Somebody reset the card.
    CardReset,
    /// A card is there and does not answer: upside down, dirty or broken.
    CardMute,
    /// The card speaks no protocol that we know.
    CardUnsupported,
    /// The reader is gone.
    ReaderGone,
    /// Another program holds the card.
    ReaderBusy,
    /// Reader or cable failed in the middle of an exchange.
    ReaderFault,
    /// The smart card service is not running, or stopped while we used it.
    ServiceLost,
    /// The smart card service does not let this user in (polkit).
    AccessDenied,
    /// The service gave up waiting.
    TimedOut,
    /// We were asked to stop waiting.
    Cancelled,
    /// The service reports something that should not happen.
    Unexpected {
        /// The PC/SC error code.
        code: u32,
    },
}

/// Bytes could not be carried to the card and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// What was being done.
    pub doing: Doing,
    /// The reader it was done in; `None` where it was about all of them.
    pub reader: Option<String>,
    /// Why it failed.
    pub cause: Cause,
}

impl TransportError {
    /// An error in this reader.
    #[must_use]
    pub fn new(doing: Doing, reader: &str, cause: Cause) -> Self {
        Self { doing, reader: Some(reader.to_owned()), cause }
    }

    /// An error of the service, not of one reader.
    #[must_use]
    pub const fn of_service(doing: Doing, cause: Cause) -> Self {
        Self { doing, reader: None, cause }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = match self.doing {
            Doing::ReachService => "reach the smart card service",
            Doing::ListReaders => "list the card readers",
            Doing::Connect => "connect to the card",
            Doing::Begin => "begin a transaction with the card",
            Doing::Transmit => "send a command to the card",
            Doing::AskReader => "let the PIN be typed on the reader's keypad",
            Doing::End => "end the transaction with the card",
            Doing::Disconnect => "disconnect from the card",
        };
        match &self.reader {
            Some(reader) => write!(f, "cannot {act} in '{reader}': {}", self.cause),
            None => write!(f, "cannot {act}: {}", self.cause),
        }
    }
}

impl std::error::Error for TransportError {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CardRemoved => "card removed",
            Self::NoCard => "no card in the reader",
            Self::CardReset => "another program reset the card",
            Self::CardMute => "the card does not answer",
            Self::CardUnsupported => "the card speaks no known protocol",
            Self::ReaderGone => "reader gone",
            Self::ReaderBusy => "another program holds the card",
            Self::ReaderFault => "the exchange between reader and card failed",
            Self::ServiceLost => "smart card service not running",
            Self::AccessDenied => "the smart card service refuses this user",
            Self::TimedOut => "the smart card service took too long",
            Self::Cancelled => "cancelled",
            Self::Unexpected { code } => return write!(f, "the smart card service reports {code:#010x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, Doing, TransportError};

    #[test]
    fn an_error_says_act_reader_and_cause() {
        let error = TransportError::new(Doing::Transmit, "ACR39U", Cause::CardRemoved);
        assert_eq!(error.to_string(), "cannot send a command to the card in 'ACR39U': card removed");
        let error = TransportError::of_service(Doing::ReachService, Cause::ServiceLost);
        assert_eq!(error.to_string(), "cannot reach the smart card service: smart card service not running");
        let error = TransportError::of_service(Doing::ListReaders, Cause::Unexpected { code: 0x8010_0001 });
        assert_eq!(error.to_string(), "cannot list the card readers: the smart card service reports 0x80100001");
    }
}
