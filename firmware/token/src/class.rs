//! The reader on a bus: descriptors, endpoints, and the requests of the control pipe (CCID 1.10, 4 and 5.3).

use usb_device::Result;
use usb_device::bus::{InterfaceNumber, UsbBus, UsbBusAllocator};
use usb_device::class::{ControlIn, ControlOut, UsbClass};
use usb_device::control::{Recipient, RequestType};
use usb_device::descriptor::DescriptorWriter;
use usb_device::endpoint::{EndpointAddress, EndpointIn, EndpointOut};

use crate::ccid::{Ccid, Order, PACKET_MAX, Ticket};
use crate::message::HEADER;

/// Smart card (USB class codes).
const CLASS: u8 = 0x0B;
/// CCID with bulk endpoints only: an interrupt endpoint would tell of insertions, and this card is always in.
const PROTOCOL_BULK: u8 = 0x00;
const FUNCTIONAL: u8 = 0x21;
const ABORT: u8 = 0x01;
const GET_CLOCK_FREQUENCIES: u8 = 0x02;
const GET_DATA_RATES: u8 = 0x03;
/// 4 MHz: a figure for a field, there is no line inside.
const CLOCK_KHZ: u32 = 4000;
const DATA_RATE: u32 = 307_200;

/// The functional descriptor (5.1) behind its first two bytes.
#[rustfmt::skip]
const DESCRIPTOR: [u8; 52] = [
    0x10, 0x01,             // revision 1.10
    0x00,                   // one slot
    0x01,                   // 5 V
    0x02, 0x00, 0x00, 0x00, // T=1
    0xA0, 0x0F, 0x00, 0x00, // 4 MHz, as CLOCK_KHZ
    0xA0, 0x0F, 0x00, 0x00,
    0x00,
    0x00, 0xB0, 0x04, 0x00, // as DATA_RATE
    0x00, 0xB0, 0x04, 0x00,
    0x00,
    0xFE, 0x00, 0x00, 0x00, // IFSD 254
    0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
    0xFE, 0x00, 0x04, 0x00, // everything is automatic; messages carry short and extended APDUs
    0x0A, 0x0C, 0x00, 0x00, // the longest message, as MESSAGE_MAX
    0xFF, 0xFF,             // GET RESPONSE and ENVELOPE in the class of the command
    0x00, 0x00,             // no display
    0x00,                   // no PIN pad
    0x01,                   // one slot busy at a time
];

/// The reader as a class of a `usb-device` device.
pub struct CcidClass<'bus, B: UsbBus> {
    interface: InterfaceNumber,
    out: EndpointOut<'bus, B>,
    into: EndpointIn<'bus, B>,
    ccid: Ccid,
    /// A time extension that waits for room on the bus.
    extension: Option<[u8; HEADER]>,
}

impl<B: UsbBus> core::fmt::Debug for CcidClass<'_, B> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CcidClass({:?})", self.ccid)
    }
}

impl<'bus, B: UsbBus> CcidClass<'bus, B> {
    /// The reader, with its endpoints on this bus.
    #[must_use]
    pub fn new(bus: &'bus UsbBusAllocator<B>) -> Self {
        let packet = PACKET_MAX as u16;
        Self {
            interface: bus.interface(),
            out: bus.bulk(packet),
            into: bus.bulk(packet),
            ccid: Ccid::default(),
            extension: None,
        }
    }

    /// What the card is to do now, once. Whoever takes it owes [`Self::done`].
    pub fn take_order(&mut self) -> Option<(Ticket, Order<'_>)> {
        self.ccid.take_order()
    }

    /// The card has carried the order out, and answered so (nothing, but for an APDU).
    pub fn done(&mut self, ticket: Ticket, answer: &[u8]) {
        self.extension = None;
        self.ccid.done(ticket, answer);
        self.send();
    }

    /// Whether the host waits for the card. A board whose card takes long calls [`Self::extend`] now and then.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.ccid.is_working()
    }

    /// Tells the host that it takes longer. Does nothing where nobody waits.
    pub fn extend(&mut self) {
        self.extension = self.ccid.time_extension();
        self.send();
    }

    fn send(&mut self) {
        if let Some(extension) = &self.extension {
            if self.into.write(extension).is_ok() {
                self.extension = None;
            }
            return;
        }
        while let Some(packet) = self.ccid.outgoing() {
            match self.into.write(packet) {
                Ok(_) => self.ccid.sent(),
                // The packet before has not left, or the bus is away: the poll after that goes on.
                Err(_) => return,
            }
        }
    }
}

impl<B: UsbBus> UsbClass<B> for CcidClass<'_, B> {
    fn get_configuration_descriptors(&self, writer: &mut DescriptorWriter<'_>) -> Result<()> {
        writer.interface(self.interface, CLASS, 0x00, PROTOCOL_BULK)?;
        writer.write(FUNCTIONAL, &DESCRIPTOR)?;
        writer.endpoint(&self.out)?;
        writer.endpoint(&self.into)
    }

    fn reset(&mut self) {
        self.extension = None;
        self.ccid.bus_reset();
    }

    fn poll(&mut self) {
        self.send();
    }

    fn endpoint_in_complete(&mut self, address: EndpointAddress) {
        if address == self.into.address() {
            self.send();
        }
    }

    fn endpoint_out(&mut self, address: EndpointAddress) {
        if address != self.out.address() {
            return;
        }
        let mut packet = [0; PACKET_MAX];
        if let Ok(length) = self.out.read(&mut packet) {
            self.extension = None;
            self.ccid.receive(packet.get(..length).unwrap_or_default());
            self.send();
        }
        zeroize::Zeroize::zeroize(&mut packet);
    }

    fn control_in(&mut self, transfer: ControlIn<'_, '_, '_, B>) {
        let request = *transfer.request();
        if !self.is_ours(&request) {
            return;
        }
        // A pipe that cannot take the answer is stalled by usb-device itself.
        let _ = match request.request {
            GET_CLOCK_FREQUENCIES => transfer.accept_with(&CLOCK_KHZ.to_le_bytes()),
            GET_DATA_RATES => transfer.accept_with(&DATA_RATE.to_le_bytes()),
            _ => transfer.reject(),
        };
    }

    fn control_out(&mut self, transfer: ControlOut<'_, '_, '_, B>) {
        let request = *transfer.request();
        if !self.is_ours(&request) {
            return;
        }
        let [_, sequence] = request.value.to_le_bytes();
        let _ = match request.request {
            ABORT => {
                self.extension = None;
                self.ccid.abort(sequence);
                transfer.accept()
            }
            _ => transfer.reject(),
        };
    }
}

impl<B: UsbBus> CcidClass<'_, B> {
    fn is_ours(&self, request: &usb_device::control::Request) -> bool {
        request.request_type == RequestType::Class
            && request.recipient == Recipient::Interface
            && request.index == u16::from(u8::from(self.interface))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ccid::MESSAGE_MAX;

    #[test]
    fn the_descriptor_says_what_the_constants_say() {
        let number = |at: usize| u32::from_le_bytes(DESCRIPTOR[at..at + 4].try_into().unwrap());
        assert_eq!([number(8), number(12)], [CLOCK_KHZ; 2]);
        assert_eq!([number(17), number(21)], [DATA_RATE; 2]);
        assert_eq!(number(42) as usize, MESSAGE_MAX);
    }
}
