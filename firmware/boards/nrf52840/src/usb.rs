//! The token on the bus. Interrupts serve the bus while the card works; what the card is to do waits here for the main loop.

use core::cell::RefCell;

use critical_section::Mutex;
use heapless::Vec;
use nrf_usbd::Usbd;
use nrf52840_pac::interrupt;
use sekisho_card_app::ANSWER_MAX;
use sekisho_token::{CcidClass, Order, Ticket};
use usb_device::bus::UsbBusAllocator;
use usb_device::device::UsbDevice;

use crate::chip::{self, UsbController};

type Bus = Usbd<UsbController>;

struct Token {
    device: UsbDevice<'static, Bus>,
    reader: CcidClass<'static, Bus>,
}

/// Of the interrupt handlers and the main loop, in turns.
static TOKEN: Mutex<RefCell<Option<Token>>> = Mutex::new(RefCell::new(None));

/// What the card is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Reset,
    PowerOff,
    /// Carry out the command that was copied.
    Apdu,
}

/// Puts the token on the bus: from here on the host sees it.
pub(crate) fn plug_in(bus: &'static UsbBusAllocator<Bus>, serial: &'static str) {
    let reader = CcidClass::new(bus);
    let device = sekisho_token::device(bus, serial);
    critical_section::with(|section| TOKEN.borrow_ref_mut(section).replace(Token { device, reader }));
    chip::listen_to_usb();
}

/// What the card is to do now, once; a command is copied, so that the bus can be served meanwhile. Whoever takes it owes [`done`].
pub(crate) fn take_work(command: &mut Vec<u8, ANSWER_MAX>) -> Option<(Ticket, Work)> {
    with_token(|token| {
        let (ticket, order) = token.reader.take_order()?;
        let work = match order {
            Order::Reset => Work::Reset,
            Order::PowerOff => Work::PowerOff,
            Order::Apdu(bytes) => {
                command.clear();
                // No longer than a message; one that did not fit would be one that the card calls too short.
                let _ = command.extend_from_slice(bytes);
                Work::Apdu
            }
        };
        Some((ticket, work))
    })
    .flatten()
}

/// The card has done it, and answered so.
pub(crate) fn done(ticket: Ticket, answer: &[u8]) {
    with_token(|token| token.reader.done(ticket, answer));
}

fn with_token<T>(act: impl FnOnce(&mut Token) -> T) -> Option<T> {
    critical_section::with(|section| TOKEN.borrow_ref_mut(section).as_mut().map(act))
}

#[interrupt]
fn USBD() {
    chip::usb_data_heard();
    with_token(|token| token.device.poll(&mut [&mut token.reader]));
}

#[interrupt]
fn TIMER0() {
    chip::tick_heard();
    with_token(|token| token.reader.extend());
}
