//! Command and answer APDUs (ISO/IEC 7816-4, 5.2), short and extended (CARD.md §C1 to §C5).

use core::fmt;

use heapless::VecView;

use crate::status::Status;

/// The most data bytes one short command carries.
pub const SHORT_DATA_MAX: usize = 255;
/// The chaining bit of CLA: more blocks of the same command follow (ISO/IEC 7816-4, 5.4.1).
pub const CLASS_CHAINING: u8 = 0x10;
/// What a short command expects when it says nothing, or says 00 (CARD.md §C3).
pub const LE_DEFAULT: u32 = 256;
/// What an extended Le of 0000 stands for.
const LE_EXTENDED_MAX: u32 = 65536;
/// The instruction that fetches the rest of an answer (ISO/IEC 7816-4, 11.7.1).
const GET_RESPONSE: u8 = 0xC0;

/// One command to a card. It borrows its data, so nothing secret is copied on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Command<'a> {
    /// CLA.
    pub class: u8,
    /// INS.
    pub instruction: u8,
    /// P1.
    pub p1: u8,
    /// P2.
    pub p2: u8,
    /// The data field, at most 65535 bytes.
    pub data: &'a [u8],
    /// Le: how many bytes of answer are expected, 1 to 65536; `None` = the field is absent.
    pub le: Option<u32>,
}

/// Why bytes are not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Fewer than the four header bytes.
    TooShort {
        /// How many bytes there were.
        length: usize,
    },
    /// Lc announces another number of bytes than follow.
    LengthMismatch {
        /// What Lc says.
        announced: usize,
        /// How many bytes follow the length field.
        present: usize,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length } => write!(f, "cannot read the command: {length} bytes are too few"),
            Self::LengthMismatch { announced, present } => {
                write!(f, "cannot read the command: {announced} data bytes announced, {present} follow")
            }
        }
    }
}

impl core::error::Error for ParseError {}

/// Why a command cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The data does not fit this form of command: 255 bytes short, 65535 extended.
    DataTooLong {
        /// How many bytes there were.
        length: usize,
    },
    /// Le does not fit this form of command: 256 short, 65536 extended, never 0.
    ExpectedLengthOutOfRange {
        /// The Le asked for.
        expected: u32,
    },
    /// The buffer of the caller is too small.
    BufferFull,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataTooLong { length } => write!(f, "cannot write the command: {length} data bytes are too many"),
            Self::ExpectedLengthOutOfRange { expected } => {
                write!(f, "cannot write the command: an answer of {expected} bytes cannot be asked for")
            }
            Self::BufferFull => write!(f, "cannot write the command: buffer full"),
        }
    }
}

impl core::error::Error for EncodeError {}

impl<'a> Command<'a> {
    /// A command with header only: no data, Le absent.
    #[must_use]
    pub const fn new(class: u8, instruction: u8, p1: u8, p2: u8) -> Self {
        Self { class, instruction, p1, p2, data: &[], le: None }
    }

    /// GET RESPONSE for so many bytes (1 to 256), as 61xx asks for.
    #[must_use]
    pub const fn get_response(waiting: u16) -> Self {
        Self::new(0x00, GET_RESPONSE, 0x00, 0x00).with_le(waiting as u32)
    }

    /// The same command with this data field.
    #[must_use]
    pub const fn with_data(self, data: &'a [u8]) -> Self {
        Self { data, ..self }
    }

    /// The same command with this Le (1 to 65536).
    #[must_use]
    pub const fn with_le(self, expected: u32) -> Self {
        Self { le: Some(expected), ..self }
    }

    /// Reads one command from exactly these bytes, short or extended (CARD.md §C1, §C2).
    ///
    /// # Errors
    /// When the bytes are too few or Lc does not agree with them.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Some((&[class, instruction, p1, p2], body)) = bytes.split_first_chunk::<4>() else {
            return Err(ParseError::TooShort { length: bytes.len() });
        };
        let (data, le) = parse_body(body)?;
        Ok(Self { class, instruction, p1, p2, data, le })
    }

    /// Whether more blocks of this command follow.
    #[must_use]
    pub const fn is_chained(&self) -> bool {
        self.class & CLASS_CHAINING != 0
    }

    /// How many bytes of answer this command takes: an absent Le stands for 256, because clients that leave it out
    /// want the answer all the same (CARD.md §C3).
    #[must_use]
    pub fn accepted_length(&self) -> usize {
        usize::try_from(self.le.unwrap_or(LE_DEFAULT)).unwrap_or(usize::MAX)
    }

    /// Appends the short form.
    ///
    /// # Errors
    /// When data or Le need the extended form, or the buffer is full.
    pub fn encode_short(&self, out: &mut VecView<u8>) -> Result<(), EncodeError> {
        let length = self.data.len();
        let lc = u8::try_from(length).map_err(|_| EncodeError::DataTooLong { length })?;
        push(out, &[self.class, self.instruction, self.p1, self.p2])?;
        if lc != 0 {
            push(out, &[lc])?;
            push(out, self.data)?;
        }
        match self.le {
            None => Ok(()),
            Some(LE_DEFAULT) => push(out, &[0]),
            Some(expected) => match u8::try_from(expected) {
                Ok(le) if le != 0 => push(out, &[le]),
                Ok(_) | Err(_) => Err(EncodeError::ExpectedLengthOutOfRange { expected }),
            },
        }
    }

    /// Appends the extended form, also where the short one would do.
    ///
    /// # Errors
    /// When data or Le do not fit, or the buffer is full.
    pub fn encode_extended(&self, out: &mut VecView<u8>) -> Result<(), EncodeError> {
        let length = self.data.len();
        let lc = u16::try_from(length).map_err(|_| EncodeError::DataTooLong { length })?;
        push(out, &[self.class, self.instruction, self.p1, self.p2])?;
        if lc != 0 || self.le.is_some() {
            push(out, &[0])?;
        }
        if lc != 0 {
            push(out, &lc.to_be_bytes())?;
            push(out, self.data)?;
        }
        match self.le {
            None => Ok(()),
            Some(LE_EXTENDED_MAX) => push(out, &[0, 0]),
            Some(expected) => match u16::try_from(expected) {
                Ok(le) if le != 0 => push(out, &le.to_be_bytes()),
                Ok(_) | Err(_) => Err(EncodeError::ExpectedLengthOutOfRange { expected }),
            },
        }
    }

    /// The command in blocks that fit the short form: all but the last carry 255 bytes, the chaining bit and no Le
    /// (CARD.md §C4). A command that fits yields itself, once.
    #[must_use]
    pub const fn chain(self) -> Chain<'a> {
        Chain { rest: Some(self) }
    }
}

/// Le and data that follow a header.
fn parse_body(body: &[u8]) -> Result<(&[u8], Option<u32>), ParseError> {
    match body {
        [] => Ok((&[], None)),
        [le] => Ok((&[], Some(short_le(*le)))),
        [0, high, low] => Ok((&[], Some(extended_le([*high, *low])))),
        [0, high, low, rest @ ..] => {
            let announced = usize::from(u16::from_be_bytes([*high, *low]));
            match rest.split_at_checked(announced) {
                Some((data, [])) if announced != 0 => Ok((data, None)),
                Some((data, &[high, low])) if announced != 0 => Ok((data, Some(extended_le([high, low])))),
                Some(_) | None => Err(ParseError::LengthMismatch { announced, present: rest.len() }),
            }
        }
        [lc, rest @ ..] => {
            let announced = usize::from(*lc);
            match rest.split_at_checked(announced) {
                Some((data, [])) if announced != 0 => Ok((data, None)),
                Some((data, &[le])) if announced != 0 => Ok((data, Some(short_le(le)))),
                Some(_) | None => Err(ParseError::LengthMismatch { announced, present: rest.len() }),
            }
        }
    }
}

fn short_le(byte: u8) -> u32 {
    if byte == 0 { LE_DEFAULT } else { u32::from(byte) }
}

fn extended_le(bytes: [u8; 2]) -> u32 {
    match u16::from_be_bytes(bytes) {
        0 => LE_EXTENDED_MAX,
        expected => u32::from(expected),
    }
}

fn push(out: &mut VecView<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
    out.extend_from_slice(bytes).map_err(|_| EncodeError::BufferFull)
}

impl fmt::Debug for Command<'_> {
    /// Header and lengths, never data: commands carry PINs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, instruction, p1, p2, data, le } = self;
        write!(f, "{class:02X} {instruction:02X} {p1:02X} {p2:02X} lc={}", data.len())?;
        match le {
            Some(le) => write!(f, " le={le}"),
            None => write!(f, " le=-"),
        }
    }
}

/// The blocks of a command, first to last. See [`Command::chain`].
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    rest: Option<Command<'a>>,
}

impl<'a> Iterator for Chain<'a> {
    type Item = Command<'a>;

    fn next(&mut self) -> Option<Command<'a>> {
        let command = self.rest.take()?;
        match command.data.split_at_checked(SHORT_DATA_MAX) {
            Some((block, rest)) if !rest.is_empty() => {
                self.rest = Some(command.with_data(rest));
                Some(Command { class: command.class | CLASS_CHAINING, data: block, le: None, ..command })
            }
            Some(_) | None => Some(command),
        }
    }
}

/// One answer of a card: data, then the status word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The data field, possibly empty.
    pub data: &'a [u8],
    /// SW1 and SW2.
    pub status: Status,
}

impl<'a> Answer<'a> {
    /// Splits the status word off; `None` when there are not even two bytes.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (data, &[sw1, sw2]) = bytes.split_last_chunk::<2>()?;
        Some(Self { data, status: Status::from_bytes(sw1, sw2) })
    }
}

impl fmt::Debug for Answer<'_> {
    /// Length and status, never data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lr={} sw={:04X}", self.data.len(), self.status.word())
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Command, EncodeError, ParseError};
    use crate::status::Status;
    use heapless::Vec;

    #[test]
    fn the_seven_forms_of_a_command_are_read() {
        let base = Command::new(0, 0xCB, 0x3F, 0xFF);
        let table: [(&[u8], Command<'_>); 9] = [
            (&[0, 0xCB, 0x3F, 0xFF], base),
            (&[0, 0xCB, 0x3F, 0xFF, 8], base.with_le(8)),
            (&[0, 0xCB, 0x3F, 0xFF, 0], base.with_le(256)),
            (&[0, 0xCB, 0x3F, 0xFF, 2, 5, 6], base.with_data(&[5, 6])),
            (&[0, 0xCB, 0x3F, 0xFF, 2, 5, 6, 0], base.with_data(&[5, 6]).with_le(256)),
            (&[0, 0xCB, 0x3F, 0xFF, 0, 1, 2], base.with_le(258)),
            (&[0, 0xCB, 0x3F, 0xFF, 0, 0, 0], base.with_le(65536)),
            (&[0, 0xCB, 0x3F, 0xFF, 0, 0, 2, 5, 6], base.with_data(&[5, 6])),
            (&[0, 0xCB, 0x3F, 0xFF, 0, 0, 2, 5, 6, 0, 0], base.with_data(&[5, 6]).with_le(65536)),
        ];
        for (bytes, expected) in table {
            assert_eq!(Command::parse(bytes), Ok(expected), "{bytes:02X?}");
        }
    }

    #[test]
    fn lengths_that_disagree_are_refused() {
        assert_eq!(Command::parse(&[0, 1, 2]), Err(ParseError::TooShort { length: 3 }));
        for bytes in [
            &[0, 1, 2, 3, 2, 9][..],
            &[0, 1, 2, 3, 1, 9, 0, 0],
            &[0, 1, 2, 3, 0, 0],
            &[0, 1, 2, 3, 0, 0, 0, 1],
            &[0, 1, 2, 3, 0, 0, 2, 9],
            &[0, 1, 2, 3, 0, 0, 1, 9, 9],
        ] {
            assert!(matches!(Command::parse(bytes), Err(ParseError::LengthMismatch { .. })), "{bytes:02X?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_in_both_forms() {
        let data = [7; 300];
        for length in [0, 1, 254, 255, 300] {
            for le in [None, Some(1), Some(256), Some(65536)] {
                let command = Command { le, ..Command::new(0, 0xDB, 0x3F, 0xFF).with_data(&data[..length]) };
                let mut out = Vec::<u8, 400>::new();
                command.encode_extended(&mut out).unwrap();
                assert_eq!(Command::parse(&out), Ok(command));
                out.clear();
                match command.encode_short(&mut out) {
                    Ok(()) => assert_eq!(Command::parse(&out), Ok(command)),
                    Err(EncodeError::DataTooLong { .. }) => assert!(length > 255),
                    Err(EncodeError::ExpectedLengthOutOfRange { .. }) => assert_eq!(le, Some(65536)),
                    Err(EncodeError::BufferFull) => panic!("buffer is large enough"),
                }
            }
        }
    }

    #[test]
    fn a_chain_carries_every_byte_once_and_le_at_the_end() {
        let data: [u8; 600] = core::array::from_fn(|i| (i % 251) as u8);
        for length in [0, 1, 255, 256, 510, 511, 600] {
            let command = Command::new(0, 0xDB, 0x3F, 0xFF).with_data(&data[..length]).with_le(256);
            let mut seen = Vec::<u8, 600>::new();
            let blocks = command.chain().count();
            for (number, block) in command.chain().enumerate() {
                let last = number + 1 == blocks;
                assert_eq!(block.is_chained(), !last);
                assert_eq!(block.le.is_some(), last);
                assert!(last || block.data.len() == 255);
                seen.extend_from_slice(block.data).unwrap();
            }
            assert_eq!(&seen[..], &data[..length]);
            assert_eq!(blocks, length.div_ceil(255).max(1));
        }
    }

    #[test]
    fn debug_shows_no_data() {
        let mut text = heapless::String::<64>::new();
        core::fmt::write(&mut text, format_args!("{:?}", Command::new(0, 0x20, 0, 0x80).with_data(b"493716"))).unwrap();
        assert_eq!(text, "00 20 00 80 lc=6 le=-");
    }

    #[test]
    fn an_answer_ends_in_its_status() {
        let answer = Answer::parse(&[1, 2, 0x63, 0xC4]).unwrap();
        assert_eq!(answer.data, [1, 2]);
        assert_eq!(answer.status, Status::wrong_tries_left(4));
        assert_eq!(Answer::parse(&[0x90]), None);
    }
}
