//! Which reader this is, in a form that survives replugging and can be registered for a terminal.
//!
//! It is a check against mistakes and casual misuse: descriptors can be copied.

use rusb::{Context, Device, DeviceDescriptor, UsbContext};
use sekisho_wire::id::ReaderIdentity;
use sha2::{Digest, Sha256};

/// The longest identity that is made here, in characters (wire README §2 allows 48).
const IDENTITY_MAX: usize = 32;
/// `0x0020bbaa`: USB, bus, address (PC/SC part 3, 3.1.1, channel id).
const CHANNEL_USB: u32 = 0x0020;
/// How much of a hash marks a text that was cut: eight hexadecimal digits.
const MARK_BYTES: usize = 4;

/// What USB says of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UsbReader {
    vendor: u16,
    product: u16,
    serial: Option<String>,
    /// Bus, then the port numbers from the root hub on.
    bus: u8,
    ports: Vec<u8>,
}

/// Finds out which reader this is, from its name and the channel id that its driver reports.
///
/// `usb:076b:3031:SERIAL` is this very device, wherever it is plugged; `usb:076b:3031:p1-2.3` the device in this port, which says no serial
/// number or may not be asked; `name:Virtual_PCD_00_00` what the service calls it, where the bus tells nothing. At most 32 characters.
#[must_use]
pub(crate) fn identify(name: &str, channel: Option<&[u8]>) -> ReaderIdentity {
    match channel.and_then(usb_address).and_then(|(bus, address)| look_up(bus, address)) {
        Some(reader) => of_usb(&reader),
        None => identity_by_name(name),
    }
}

fn of_usb(reader: &UsbReader) -> ReaderIdentity {
    let model = format!("usb:{:04x}:{:04x}:", reader.vendor, reader.product);
    let room = IDENTITY_MAX - model.len();
    match &reader.serial {
        Some(serial) => identity(&(model + &fitted(serial, room))),
        None => {
            let ports: Vec<String> = reader.ports.iter().map(u8::to_string).collect();
            let port = format!("p{}-{}", reader.bus, ports.join("."));
            identity(&(model + &fitted(&port, room)))
        }
    }
}

/// The identity of a reader of which only the name is known that the service gives it. Two names never share one, however long they are.
#[must_use]
pub fn identity_by_name(name: &str) -> ReaderIdentity {
    const KIND: &str = "name:";
    identity(&(KIND.to_owned() + &fitted(name, IDENTITY_MAX - KIND.len())))
}

fn identity(text: &str) -> ReaderIdentity {
    ReaderIdentity::new(text).expect("`fitted` keeps to alphabet and length")
}

/// The text in our alphabet. What does not fit ends in a mark made of the whole, so that two long serial numbers or
/// names with the same beginning stay apart.
fn fitted(text: &str, room: usize) -> String {
    let safe: String = text.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
    if safe.len() <= room && !safe.is_empty() {
        return safe;
    }
    let digest = Sha256::digest(text.as_bytes());
    let mark: String = digest.iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = safe.chars().take(room.saturating_sub(mark.len() + 1)).collect();
    format!("{kept}.{mark}")
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-')
}

/// Bus and address out of a channel id: a number in the machine's byte order, four or eight bytes by platform.
fn usb_address(channel: &[u8]) -> Option<(u8, u8)> {
    let number = match channel.len() {
        4 => u32::from_ne_bytes(channel.try_into().ok()?),
        8 => u32::try_from(u64::from_ne_bytes(channel.try_into().ok()?)).ok()?,
        _ => return None,
    };
    let [_, _, bus, address] = number.to_be_bytes();
    (number >> 16 == CHANNEL_USB).then_some((bus, address))
}

/// Asks the bus. Everything that fails here only makes the identity weaker.
fn look_up(bus: u8, address: u8) -> Option<UsbReader> {
    let devices = Context::new().ok()?.devices().ok()?;
    let device = devices.iter().find(|device| device.bus_number() == bus && device.address() == address)?;
    let descriptor = device.device_descriptor().ok()?;
    Some(UsbReader {
        vendor: descriptor.vendor_id(),
        product: descriptor.product_id(),
        serial: serial(&device, &descriptor),
        bus,
        ports: device.port_numbers().unwrap_or_default(),
    })
}

fn serial<T: UsbContext>(device: &Device<T>, descriptor: &DeviceDescriptor) -> Option<String> {
    descriptor.serial_number_string_index()?;
    match device.open().and_then(|handle| handle.read_serial_number_string_ascii(descriptor)) {
        Ok(serial) => Some(serial.trim().to_owned()).filter(|serial| !serial.is_empty()),
        Err(error) => {
            log::warn!("cannot read the serial number of the card reader: {error}; it is known by its port instead");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IDENTITY_MAX, UsbReader, identify, identity_by_name, is_allowed, of_usb, usb_address};

    fn reader(serial: Option<&str>) -> UsbReader {
        UsbReader { vendor: 0x076B, product: 0x3031, serial: serial.map(str::to_owned), bus: 1, ports: vec![2, 3] }
    }

    #[test]
    fn a_reader_is_known_by_its_serial_number_else_by_its_port() {
        assert_eq!(of_usb(&reader(Some("K0012345"))).as_str(), "usb:076b:3031:K0012345");
        assert_eq!(of_usb(&reader(None)).as_str(), "usb:076b:3031:p1-2.3");
    }

    #[test]
    fn what_is_not_usb_is_known_by_its_name() {
        assert_eq!(identify("Virtual PCD 00 00", None).as_str(), "name:Virtual_PCD_00_00");
        assert_eq!(identify("x", Some(&[1, 0, 0, 0])).as_str(), "name:x");
    }

    #[test]
    fn every_identity_fits_length_and_alphabet() {
        let long = "Generic Smart Card Reader Interface [CCID] (1234567890) 00 00";
        for text in ["", "読取機", "a b", long, "0123456789ABCDEF0123456789ABCDEF"] {
            for identity in [identity_by_name(text), of_usb(&reader(Some(text)))] {
                let identity = identity.as_str().to_owned();
                assert!(identity.len() <= IDENTITY_MAX && identity.chars().all(is_allowed), "{identity}");
            }
        }
    }

    #[test]
    fn long_serial_numbers_and_names_with_one_beginning_stay_apart() {
        let one = of_usb(&reader(Some("0123456789ABCDEF00000001")));
        let other = of_usb(&reader(Some("0123456789ABCDEF00000002")));
        assert_ne!(one, other);
        let name =
            |slot| identity_by_name(&format!("Generic Smart Card Reader Interface [CCID] (1234567890) {slot} 00"));
        assert_ne!(name("00"), name("01"));
    }

    #[test]
    fn a_channel_id_is_read_in_both_widths() {
        assert_eq!(usb_address(&0x0020_0105_u32.to_ne_bytes()), Some((1, 5)));
        assert_eq!(usb_address(&0x0020_0105_u64.to_ne_bytes()), Some((1, 5)));
        assert_eq!(usb_address(&0x0001_0105_u32.to_ne_bytes()), None);
        assert_eq!(usb_address(&[0x20]), None);
    }
}
