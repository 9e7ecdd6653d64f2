//! One command and its whole answer, in as many APDUs as that takes: chaining, GET RESPONSE, corrected Le.

use std::fmt;

use heapless::Vec as Bounded;
use sekisho_wire::apdu::{Answer, Command, EncodeError, LE_DEFAULT, SHORT_DATA_MAX};
use sekisho_wire::status::Status;
use zeroize::Zeroize;

use crate::transport::{Lengths, Transaction, TransportError};

/// The longest answer that is taken: well above the largest object of a PIV card (3000 bytes), well below harm.
pub const ANSWER_MAX: usize = 16 * 1024;
/// The most APDUs for the answer to one command: [`ANSWER_MAX`] in full pieces, and as many again for small ones.
const STEPS_MAX: usize = 2 * ANSWER_MAX / 256;
/// The most data that is sent in one extended command; what is longer is chained. Readers' buffers end near 3 kB.
const EXTENDED_DATA_MAX: usize = 2048;
/// Header, length fields and data of the largest single command.
const COMMAND_MAX: usize = EXTENDED_DATA_MAX + 16;

/// The whole answer to a command.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The data of all pieces.
    pub data: Vec<u8>,
    /// The last status word; never 61xx.
    pub status: Status,
}

impl fmt::Debug for Reply {
    /// Length and status, never data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lr={} sw={:04X}", self.data.len(), self.status.word())
    }
}

/// No whole answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeError {
    /// The bytes did not get to the card and back.
    Transport(TransportError),
    /// The answer has no status word.
    NoStatus {
        /// How many bytes came instead.
        length: usize,
    },
    /// The card goes on answering beyond [`ANSWER_MAX`] bytes, or in more pieces than that can take.
    Endless {
        /// How many bytes had come.
        received: usize,
    },
    /// We made a command that no card takes.
    Command(EncodeError),
}

impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::NoStatus { length } => write!(f, "the answer of the card has no status word ({length} bytes)"),
            Self::Endless { received } => write!(f, "the answer of the card does not end (after {received} bytes)"),
            Self::Command(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ExchangeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Transport(error) => Some(error),
            Self::Command(error) => Some(error),
            Self::NoStatus { .. } | Self::Endless { .. } => None,
        }
    }
}

/// Sends a command and gathers its answer.
///
/// A command is sent a second time only where the card asks for another Le (6Cxx) of a single command that had one.
/// Commands that carry a PIN have none, so no answer whatsoever makes us send a PIN twice.
///
/// # Errors
/// When no whole answer came. A status word, whichever, is an answer.
pub fn exchange(
    transaction: &mut impl Transaction,
    command: Command<'_>,
    lengths: Lengths,
) -> Result<Reply, ExchangeError> {
    let mut piece = Vec::new();
    let (single, form) = match lengths {
        Lengths::Extended if command.data.len() <= EXTENDED_DATA_MAX => (command, Lengths::Extended),
        Lengths::Extended | Lengths::Short => {
            let last = match send_all_but_last(transaction, command.with_short_le(), &mut piece)? {
                Before::Accepted(last) => last,
                Before::Refused(status) => return Ok(Reply { data: Vec::new(), status }),
            };
            (last, Lengths::Short)
        }
    };
    let status = send(transaction, single, form, &mut piece)?;
    let was_chained = single.data.len() != command.data.len();
    let status = match (status.exact_length(), single.le) {
        (Some(exact), Some(_)) if !was_chained => {
            send(transaction, single.with_le(u32::from(exact)), form, &mut piece)?
        }
        (Some(_) | None, _) => status,
    };
    gather(transaction, status, piece)
}

/// How the blocks before the last one fared.
enum Before<'a> {
    Accepted(Command<'a>),
    Refused(Status),
}

fn send_all_but_last<'a>(
    transaction: &mut impl Transaction,
    command: Command<'a>,
    piece: &mut Vec<u8>,
) -> Result<Before<'a>, ExchangeError> {
    let mut last = command;
    for block in command.chain() {
        if !block.is_chained() {
            last = block;
            continue;
        }
        let status = send(transaction, block, Lengths::Short, piece)?;
        if !status.is_ok() {
            return Ok(Before::Refused(status));
        }
    }
    Ok(Before::Accepted(last))
}

/// Fetches what waits behind 61xx. A card that answers so for ever is left alone.
fn gather(transaction: &mut impl Transaction, first: Status, mut piece: Vec<u8>) -> Result<Reply, ExchangeError> {
    let mut data = std::mem::take(&mut piece);
    let mut status = first;
    for _ in 0..STEPS_MAX {
        if data.len() > ANSWER_MAX {
            break;
        }
        let Some(waiting) = status.bytes_waiting() else { return Ok(Reply { data, status }) };
        status = send(transaction, Command::get_response(waiting), Lengths::Short, &mut piece)?;
        if let Some(exact) = status.exact_length() {
            status = send(transaction, Command::get_response(exact), Lengths::Short, &mut piece)?;
        }
        data.extend_from_slice(&piece);
    }
    Err(ExchangeError::Endless { received: data.len() })
}

/// Sends one APDU; leaves the data of the answer in `piece`.
fn send(
    transaction: &mut impl Transaction,
    command: Command<'_>,
    form: Lengths,
    piece: &mut Vec<u8>,
) -> Result<Status, ExchangeError> {
    let mut bytes = Bounded::<u8, COMMAND_MAX>::new();
    let encoded = match form {
        Lengths::Extended if !fits_short(&command) => command.encode_extended(&mut bytes),
        Lengths::Extended | Lengths::Short => command.encode_short(&mut bytes),
    };
    let sent = encoded
        .map_err(ExchangeError::Command)
        .and_then(|()| transaction.transmit(&bytes, piece).map_err(ExchangeError::Transport));
    // The command may have carried a PIN or a key.
    bytes.as_mut_slice().zeroize();
    sent?;
    let answer = Answer::parse(piece).ok_or(ExchangeError::NoStatus { length: piece.len() })?;
    let (length, status) = (answer.data.len(), answer.status);
    piece.truncate(length);
    log::trace!("card: {command:?} -> lr={length} sw={:04X}", status.word());
    Ok(status)
}

fn fits_short(command: &Command<'_>) -> bool {
    command.data.len() <= SHORT_DATA_MAX && command.le.is_none_or(|le| le <= LE_DEFAULT)
}

/// Commands as they can be said in the short form.
trait ShortLe {
    /// The same command, asking for no more than a short command may; GET RESPONSE brings the rest.
    fn with_short_le(self) -> Self;
}

impl ShortLe for Command<'_> {
    fn with_short_le(self) -> Self {
        Command { le: self.le.map(|le| le.min(LE_DEFAULT)), ..self }
    }
}
