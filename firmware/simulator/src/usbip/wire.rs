//! USB/IP 1.1.1 (the kernel's Documentation/usb/usbip_protocol.rst), as far as one device needs it. Numbers are big-endian.

use std::io::{self, Read};

pub(crate) const VERSION: u16 = 0x0111;
pub(crate) const BUS_ID: &str = "1-1";
/// Both path and bus id are fields of fixed length.
const PATH_FIELD: usize = 256;
const BUS_ID_FIELD: usize = 32;
/// Header of everything that is said once a device is attached.
const COMMAND: usize = 48;
/// The most data of one transfer. libccid takes 64 KiB and a header in one.
const TRANSFER_MAX: usize = 1 << 17;

/// A request for the list of devices, or for a device.
pub(crate) enum Operation {
    List,
    Import,
}

impl Operation {
    pub(crate) fn read(stream: &mut impl Read) -> io::Result<Self> {
        let [_, _, high, low, ..] = array::<8>(stream)?;
        match u16::from_be_bytes([high, low]) {
            0x8005 => Ok(Self::List),
            0x8003 => {
                array::<BUS_ID_FIELD>(stream)?;
                Ok(Self::Import)
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// What the host controller is told once a device is attached.
#[derive(Debug)]
pub(crate) enum Command {
    Submit(Submit),
    Unlink { sequence: u32, target: u32 },
}

/// A transfer that the host wants.
#[derive(Debug)]
pub(crate) struct Submit {
    pub(crate) sequence: u32,
    pub(crate) endpoint: usize,
    pub(crate) direction: Direction,
    /// How much the host takes or sends.
    pub(crate) length: usize,
    pub(crate) setup: [u8; 8],
    pub(crate) data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Out,
    In,
}

impl Command {
    pub(crate) fn read(stream: &mut impl Read) -> io::Result<Self> {
        let header = array::<COMMAND>(stream)?;
        let word = |number: usize| {
            header.chunks_exact(4).nth(number).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes)
        };
        let sequence = word(1);
        match word(0) {
            1 => {
                let direction = if word(3) == 1 { Direction::In } else { Direction::Out };
                let length = usize::try_from(word(6)).ok().filter(|length| *length <= TRANSFER_MAX);
                let length = length.ok_or(io::ErrorKind::InvalidData)?;
                let endpoint = usize::try_from(word(4)).ok().filter(|endpoint| *endpoint < 16);
                let endpoint = endpoint.ok_or(io::ErrorKind::InvalidData)?;
                let mut data = vec![0; if direction == Direction::Out { length } else { 0 }];
                stream.read_exact(&mut data)?;
                let setup = header.last_chunk().copied().unwrap_or_default();
                Ok(Self::Submit(Submit { sequence, endpoint, direction, length, setup, data }))
            }
            2 => Ok(Self::Unlink { sequence, target: word(5) }),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// The endpoint is stalled (-EPIPE).
    Stalled,
    /// The device sent more than the host takes (-EOVERFLOW).
    Overrun,
}

/// The answer to [`Command::Submit`].
pub(crate) fn submitted(sequence: u32, end: End, actual: usize, data: &[u8]) -> Vec<u8> {
    let status: i32 = match end {
        End::Done => 0,
        End::Stalled => -32,
        End::Overrun => -75,
    };
    let actual = u32::try_from(actual).unwrap_or(0);
    let mut bytes = words(&[3, sequence, 0, 0, 0, status.cast_unsigned(), actual, 0, u32::MAX, 0, 0, 0]);
    bytes.extend(data);
    bytes
}

/// The answer to [`Command::Unlink`]: whether the transfer was still under way (-ECONNRESET).
pub(crate) fn unlinked(sequence: u32, was_pending: bool) -> Vec<u8> {
    let status: i32 = if was_pending { -104 } else { 0 };
    words(&[4, sequence, 0, 0, 0, status.cast_unsigned(), 0, 0, 0, 0, 0, 0])
}

/// The list with our one device.
pub(crate) fn list(vendor: u16, product: u16) -> Vec<u8> {
    let mut bytes = reply(0x0005);
    bytes.extend(1_u32.to_be_bytes());
    bytes.extend(device(vendor, product));
    bytes.extend([0x0B, 0, 0, 0]);
    bytes
}

/// The answer to a request for our device.
pub(crate) fn imported(vendor: u16, product: u16) -> Vec<u8> {
    let mut bytes = reply(0x0003);
    bytes.extend(device(vendor, product));
    bytes
}

fn reply(operation: u16) -> Vec<u8> {
    let mut bytes = VERSION.to_be_bytes().to_vec();
    bytes.extend(operation.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// Bus 1, device 2, full speed; one configuration, one interface.
fn device(vendor: u16, product: u16) -> Vec<u8> {
    let mut bytes = field(&format!("/sys/devices/virtual/{BUS_ID}"), PATH_FIELD);
    bytes.extend(field(BUS_ID, BUS_ID_FIELD));
    bytes.extend(words(&[1, 2, 2]));
    bytes.extend([vendor, product, 0x0100].iter().flat_map(|number| number.to_be_bytes()));
    bytes.extend([0, 0, 0, 0, 1, 1]);
    bytes
}

fn field(text: &str, length: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, 0);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn array<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
