//! One card in one reader, connected through PC/SC.

use std::thread;
use std::time::Duration;

use pcsc::{Attribute, Card, Context, Error, Protocols, Scope, ShareMode, Transaction as RawTransaction};
use sekisho_wire::id::ReaderIdentity;

use super::causes::cause_of;
use crate::pin_pad::PinPad;
use crate::reader_identity;
use crate::reader_name::ReaderName;
use crate::transport::{Cause, Disposition, Doing, Lengths, Sharing, Transaction, Transport, TransportError};

/// How often a busy card is asked for again, and after how long: a desktop's own watcher lets go within this time.
const BUSY_ATTEMPTS: u32 = 5;
const BUSY_PAUSE: Duration = Duration::from_millis(60);
/// `CM_IOCTL_GET_FEATURE_REQUEST` (PC/SC part 10, 2.2).
const GET_FEATURES: u32 = 3400;
/// Longer than any reader's list of features, and than any answer of a keypad.
const CONTROL_MAX: usize = 256;

/// How a card is shared with other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharePolicy {
    /// Ours alone, or not at all: the terminal of a clerk.
    Exclusive,
    /// Ours alone if possible, else shared: a desktop with other card software.
    ExclusiveThenShared,
    /// Shared from the start. Connecting may then block without limit while another program holds a transaction.
    Shared,
}

/// A reader that can be connected to. It has a context of its own; see the module.
pub struct PcscReader {
    context: Context,
    name: ReaderName,
}

impl PcscReader {
    /// Reaches the service for this reader. Do it in the process that uses it: contexts do not survive a fork.
    ///
    /// # Errors
    /// When the service is not there or does not let us in.
    pub fn open(name: &ReaderName) -> Result<Self, TransportError> {
        let context = Context::establish(Scope::System)
            .map_err(|error| TransportError::of_service(Doing::ReachService, cause_of(error)))?;
        Ok(Self { context, name: name.clone() })
    }

    /// Connects to the card in the reader. May block without limit under [`SharePolicy::Shared`]: call it where a
    /// watchdog may end the process.
    ///
    /// # Errors
    /// [`Cause::ReaderBusy`] when another program keeps the card, [`Cause::NoCard`] when there is none.
    pub fn connect(&self, policy: SharePolicy, lengths: Lengths) -> Result<PcscTransport, TransportError> {
        let (card, sharing) = match policy {
            SharePolicy::Exclusive => (self.connect_alone()?, Sharing::Exclusive),
            SharePolicy::Shared => (self.connect_as(ShareMode::Shared)?, Sharing::Shared),
            SharePolicy::ExclusiveThenShared => match self.connect_alone() {
                Err(TransportError { cause: Cause::ReaderBusy, .. }) => {
                    (self.connect_as(ShareMode::Shared)?, Sharing::Shared)
                }
                card => (card?, Sharing::Exclusive),
            },
        };
        let pad = pad_of(&card);
        Ok(PcscTransport {
            card,
            pad,
            name: self.name.to_string(),
            sharing,
            lengths,
            reset: ResetBy::Nobody,
            buffer: vec![0; pcsc::MAX_BUFFER_SIZE_EXTENDED],
        })
    }

    fn connect_alone(&self) -> Result<Card, TransportError> {
        for _ in 1..BUSY_ATTEMPTS {
            match self.connect_as(ShareMode::Exclusive) {
                Err(TransportError { cause: Cause::ReaderBusy, .. }) => thread::sleep(BUSY_PAUSE),
                card => return card,
            }
        }
        self.connect_as(ShareMode::Exclusive)
    }

    fn connect_as(&self, mode: ShareMode) -> Result<Card, TransportError> {
        self.context
            .connect(self.name.as_c_str(), mode, Protocols::T0 | Protocols::T1)
            .map_err(|error| TransportError::new(Doing::Connect, &self.name.to_string(), cause_of(error)))
    }
}

fn pad_of(card: &Card) -> Result<Option<PinPad>, Cause> {
    let mut features = [0; CONTROL_MAX];
    match card.control(pcsc::ctl_code(GET_FEATURES.into()), &[], &mut features) {
        Ok(told) => Ok(PinPad::of_features(told)),
        Err(error) if is_not_known(error) => Ok(None),
        Err(error) => {
            log::warn!("the reader does not say whether it has a keypad: {error}");
            Err(cause_of(error))
        }
    }
}

/// Whether the driver does not know the question, as most whose readers have no keypad. Any other error is none of "no keypad": who makes a
/// reader fail must not move the PIN to the keyboard.
fn is_not_known(error: Error) -> bool {
    matches!(error, Error::UnsupportedFeature | Error::InvalidParameter | Error::InvalidValue)
}

/// Who reset the card since we last looked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResetBy {
    Nobody,
    Us,
}

/// A connected card. Dropping it resets the card, so a worker that dies leaves no verified PIN behind.
pub struct PcscTransport {
    card: Card,
    pad: Result<Option<PinPad>, Cause>,
    name: String,
    sharing: Sharing,
    lengths: Lengths,
    reset: ResetBy,
    buffer: Vec<u8>,
}

impl PcscTransport {
    /// Which reader this is, for comparison with the readers registered for the terminal.
    #[must_use]
    pub fn reader_identity(&self) -> ReaderIdentity {
        let channel = self.card.get_attribute_owned(Attribute::ChannelId).ok();
        reader_identity::identify(&self.name, channel.as_deref())
    }

    fn fail(&self, doing: Doing, error: Error) -> TransportError {
        TransportError::new(doing, &self.name, cause_of(error))
    }

    fn share_mode(&self) -> ShareMode {
        match self.sharing {
            Sharing::Exclusive => ShareMode::Exclusive,
            Sharing::Shared => ShareMode::Shared,
        }
    }

    /// Our own reset voids our own handle; only then may it be renewed without a word. A swapped card answers
    /// "removed" here and stays an error.
    fn renew_after_own_reset(&mut self) -> Result<(), TransportError> {
        if self.reset == ResetBy::Nobody {
            return Ok(());
        }
        let attempt = self.card.transaction().map(drop);
        match attempt {
            Ok(()) => {}
            Err(Error::ResetCard) => self
                .card
                .reconnect(self.share_mode(), Protocols::T0 | Protocols::T1, pcsc::Disposition::LeaveCard)
                .map_err(|error| self.fail(Doing::Begin, error))?,
            Err(error) => return Err(self.fail(Doing::Begin, error)),
        }
        self.reset = ResetBy::Nobody;
        Ok(())
    }
}

impl Transport for PcscTransport {
    type Transaction<'card> = PcscTransaction<'card>;

    fn reader_name(&self) -> &str {
        &self.name
    }

    fn sharing(&self) -> Sharing {
        self.sharing
    }

    fn lengths(&self) -> Lengths {
        self.lengths
    }

    fn pin_pad(&self) -> Result<Option<PinPad>, Cause> {
        self.pad
    }

    fn begin(&mut self) -> Result<PcscTransaction<'_>, TransportError> {
        self.renew_after_own_reset()?;
        let Self { card, name, reset, buffer, .. } = self;
        match card.transaction() {
            Ok(raw) => Ok(PcscTransaction { raw, name, reset, buffer }),
            Err(error) => Err(TransportError::new(Doing::Begin, name, cause_of(error))),
        }
    }

    fn close(self, disposition: Disposition) -> Result<(), TransportError> {
        let name = self.name;
        self.card
            .disconnect(raw_disposition(disposition))
            .map_err(|(_card, error)| TransportError::new(Doing::Disconnect, &name, cause_of(error)))
    }
}

/// The time in which a PC/SC card is ours.
pub struct PcscTransaction<'card> {
    raw: RawTransaction<'card>,
    name: &'card str,
    reset: &'card mut ResetBy,
    buffer: &'card mut [u8],
}

impl Transaction for PcscTransaction<'_> {
    fn transmit(&mut self, command: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        reply.clear();
        let answer = self
            .raw
            .transmit(command, self.buffer)
            .map_err(|error| TransportError::new(Doing::Transmit, self.name, cause_of(error)))?;
        reply.extend_from_slice(answer);
        Ok(())
    }

    fn ask_reader(&mut self, code: u32, question: &[u8], reply: &mut Vec<u8>) -> Result<(), TransportError> {
        reply.clear();
        let mut answer = [0; CONTROL_MAX];
        let answer = self
            .raw
            .control(code.into(), question, &mut answer)
            .map_err(|error| TransportError::new(Doing::AskReader, self.name, cause_of(error)))?;
        reply.extend_from_slice(answer);
        Ok(())
    }

    fn end(self, disposition: Disposition) -> Result<(), TransportError> {
        if disposition != Disposition::Leave {
            *self.reset = ResetBy::Us;
        }
        self.raw
            .end(raw_disposition(disposition))
            .map_err(|(_transaction, error)| TransportError::new(Doing::End, self.name, cause_of(error)))
    }
}

fn raw_disposition(disposition: Disposition) -> pcsc::Disposition {
    match disposition {
        Disposition::Leave => pcsc::Disposition::LeaveCard,
        Disposition::Reset => pcsc::Disposition::ResetCard,
        Disposition::PowerOff => pcsc::Disposition::UnpowerCard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_driver_that_does_not_know_the_question_has_no_keypad() {
        for known in [Error::UnsupportedFeature, Error::InvalidParameter, Error::InvalidValue] {
            assert!(is_not_known(known), "{known}");
        }
        for failed in
            [Error::NotTransacted, Error::CommError, Error::ReaderUnavailable, Error::Timeout, Error::NoService]
        {
            assert!(!is_not_known(failed), "{failed}");
        }
    }
}
