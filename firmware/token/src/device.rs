//! The USB device around the reader: who it says that it is.

use usb_device::bus::{UsbBus, UsbBusAllocator};
use usb_device::device::{StringDescriptors, UsbDevice, UsbDeviceBuilder, UsbVidPid};

use crate::ccid::PACKET_MAX;
use crate::{PRODUCT, VENDOR};

/// A device for the reader on the same bus, which has to be made first. From here on the host can see it.
///
/// # Panics
/// Never: languages and packet size are those that USB knows.
pub fn device<'bus, B: UsbBus>(bus: &'bus UsbBusAllocator<B>, serial: &'bus str) -> UsbDevice<'bus, B> {
    let strings = StringDescriptors::default().manufacturer("Sekisho").product("Operator card").serial_number(serial);
    UsbDeviceBuilder::new(bus, UsbVidPid(VENDOR, PRODUCT))
        .strings(&[strings])
        .and_then(|builder| builder.max_packet_size_0(PACKET_MAX as u8))
        .expect("one language and a packet size that USB knows")
        .build()
}
