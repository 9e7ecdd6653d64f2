//! The token on USB without USB: the firmware's own reader and card behind a USB/IP server.
//!
//! A Linux kernel with `vhci-hcd` attaches it (`usbip attach`) and sees a device on a bus. The device is what the board `nrf52840` runs, down to
//! the packets; [`bus`] stands for its USB peripheral, and [`server`] for cable and host controller. Closing the connection unplugs it.

mod bus;
mod server;
mod wire;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use sekisho_card_app::platform::Platform;
use sekisho_token::{CcidClass, Order, Ticket};
use usb_device::bus::UsbBusAllocator;

use crate::card::SimulatedCard;
use bus::{Controller, VirtualBus};

/// How often the bus is looked at when nothing happens.
const TICK: Duration = Duration::from_millis(2);
/// How many ticks the host waits for the card before it hears that it takes longer.
const PATIENCE: u32 = 250;

/// A token that can be attached over USB/IP.
pub struct UsbToken {
    listener: TcpListener,
    serial: String,
    delay: Duration,
}

impl fmt::Debug for UsbToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UsbToken({})", self.serial)
    }
}

/// An order in words of its own, on its way to the card.
enum Job {
    Reset,
    PowerOff,
    Apdu(Vec<u8>),
}

impl UsbToken {
    /// Listens on loopback, on this port or any free one (0).
    ///
    /// # Errors
    /// When the port cannot be had.
    pub fn listen(port: u16, serial: &str) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(("127.0.0.1", port))?, serial: serial.to_owned(), delay: Duration::ZERO })
    }

    /// The same token with a card that takes so much longer for each signature and key.
    #[must_use]
    pub fn slow(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Is a token until the process ends. Never returns.
    ///
    /// # Panics
    /// When the descriptors do not fit, which does not depend on anything.
    pub fn serve<P: Platform + Send + 'static>(self, card: SimulatedCard<P>) -> ! {
        let (events, happened) = channel();
        let controller = Controller::default();
        let bus: &'static _ = Box::leak(Box::new(UsbBusAllocator::new(VirtualBus::new(controller.clone()))));
        let mut reader = CcidClass::new(bus);
        let serial: &'static str = Box::leak(self.serial.into_boxed_str());
        let mut device = sekisho_token::device(bus, serial);
        let (jobs, answers) = card_thread(card, self.delay);
        thread::spawn(move || server::serve(&self.listener, &events));
        let mut waiting: Option<Ticket> = None;
        let mut ticks = 0;
        loop {
            match happened.recv_timeout(TICK) {
                Ok(event) => {
                    controller.happen(event);
                    happened.try_iter().for_each(|event| controller.happen(event));
                }
                Err(RecvTimeoutError::Timeout) => ticks += 1,
                Err(RecvTimeoutError::Disconnected) => std::process::exit(1),
            }
            loop {
                let _ = device.poll(&mut [&mut reader]);
                if let Ok((ticket, answer)) = answers.try_recv() {
                    reader.done(ticket, &answer);
                    waiting = None;
                }
                if waiting.is_none()
                    && let Some((ticket, order)) = reader.take_order()
                {
                    let job = match order {
                        Order::Reset => Job::Reset,
                        Order::PowerOff => Job::PowerOff,
                        Order::Apdu(apdu) => Job::Apdu(apdu.to_vec()),
                    };
                    (waiting, ticks) = (Some(ticket), 0);
                    if jobs.send((ticket, job)).is_err() {
                        std::process::exit(1);
                    }
                }
                if !controller.moved() {
                    break;
                }
            }
            if waiting.is_some() && ticks >= PATIENCE {
                reader.extend();
                ticks = 0;
            }
        }
    }
}

type Jobs = SyncSender<(Ticket, Job)>;
type Answers = Receiver<(Ticket, Vec<u8>)>;

/// The card at work, apart from the bus.
fn card_thread<P: Platform + Send + 'static>(mut card: SimulatedCard<P>, delay: Duration) -> (Jobs, Answers) {
    let (jobs, todo) = sync_channel::<(Ticket, Job)>(1);
    let (done, answers) = sync_channel(1);
    thread::spawn(move || {
        for (ticket, job) in todo {
            let answer = match job {
                Job::Reset => {
                    card.power_on();
                    Vec::new()
                }
                Job::PowerOff => {
                    card.power_off();
                    Vec::new()
                }
                Job::Apdu(apdu) => {
                    if takes_long(&apdu) {
                        thread::sleep(delay);
                    }
                    card.transmit(&apdu)
                }
            };
            if done.send((ticket, answer)).is_err() {
                return;
            }
        }
    });
    (jobs, answers)
}

/// GENERAL AUTHENTICATE and GENERATE: what a chip computes at.
fn takes_long(apdu: &[u8]) -> bool {
    matches!(apdu.get(1), Some(0x87 | 0x47))
}
