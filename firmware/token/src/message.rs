//! Shapes of CCID messages (CCID 1.10, 6.1 and 6.2). Numbers are little-endian.

/// Every message begins with so many bytes.
pub(crate) const HEADER: usize = 10;

/// What the host can ask (6.1). What is not here is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    PowerOn,
    PowerOff,
    SlotStatus,
    Transfer,
    /// Get, set and reset parameters: there is one set of them.
    Parameters,
    Abort,
    Other,
}

impl Request {
    pub(crate) const fn from_byte(byte: u8) -> Self {
        match byte {
            0x62 => Self::PowerOn,
            0x63 => Self::PowerOff,
            0x65 => Self::SlotStatus,
            0x6F => Self::Transfer,
            0x61 | 0x6C | 0x6D => Self::Parameters,
            0x72 => Self::Abort,
            _ => Self::Other,
        }
    }
}

/// What the reader answers with (6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reply {
    DataBlock = 0x80,
    SlotStatus = 0x81,
    Parameters = 0x82,
}

/// Why a command failed (6.2.6, table 6.2-2). Up to 127 it is the place of the byte in the message that was not liked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Aborted,
    Busy,
    Byte(u8),
    NotSupported,
}

impl Failure {
    const fn byte(self) -> u8 {
        match self {
            Self::Aborted => 0xFF,
            Self::Busy => 0xE0,
            Self::Byte(at) => at,
            Self::NotSupported => 0x00,
        }
    }
}

/// Whether the card has power (6.2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Power {
    On,
    #[default]
    Off,
}

/// How a command went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed(Failure),
    /// It takes longer: so many times the waiting time of before.
    TimeExtension(u8),
}

/// The header of an answer.
pub(crate) fn header(
    reply: Reply,
    length: usize,
    (slot, sequence): (u8, u8),
    power: Power,
    outcome: Outcome,
    last: u8,
) -> [u8; HEADER] {
    let [l0, l1, l2, l3] = u32::try_from(length).unwrap_or(0).to_le_bytes();
    let card: u8 = match power {
        Power::On => 0,
        Power::Off => 1,
    };
    let (command, error) = match outcome {
        Outcome::Done => (0x00, 0),
        Outcome::Failed(failure) => (0x40, failure.byte()),
        Outcome::TimeExtension(factor) => (0x80, factor),
    };
    [reply as u8, l0, l1, l2, l3, slot, sequence, card | command, error, last]
}

/// T=1 with the values that everybody takes (6.2.3): the card is inside, no line has to be set up.
pub(crate) const PARAMETERS: [u8; 7] = [0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00];
/// Which protocol [`PARAMETERS`] are of.
pub(crate) const T1: u8 = 1;
