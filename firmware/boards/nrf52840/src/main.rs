//! The operator card as a USB token on an nRF52840: the reader of `token/`, the card application, and this chip around them.
//!
//! The card's pages are not made here: the image of a blank card is programmed beside this one (`firmware/README.md`, "The token").
#![no_std]
#![no_main]

mod chip;
mod usb;

use cortex_m::asm::wfe;
use cortex_m::peripheral::SCB;
use cortex_m::singleton;
use cortex_m_rt::{entry, exception};
use heapless::Vec;
use nrf_usbd::Usbd;
use sekisho_card_app::platform::RandomFailed;
use sekisho_card_app::{ANSWER_MAX, Card, Platform};
use sekisho_entropy::Generator;
use sekisho_nrf52840::flash::CardFlash;
use sekisho_nrf52840::serial::Serial;
use usb_device::bus::UsbBusAllocator;
use zeroize::Zeroize;

use crate::chip::{ChipNoise, FlashController, UsbController, Watchdog};
use crate::usb::Work;

/// Flash and randomness of this board.
struct Board {
    flash: CardFlash<FlashController>,
    random: Generator<ChipNoise>,
}

impl Platform for Board {
    type Flash = CardFlash<FlashController>;

    fn flash(&mut self) -> &mut Self::Flash {
        &mut self.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.random.fill(out).map_err(|_| RandomFailed)
    }
}

#[entry]
fn main() -> ! {
    let Some(chip) = nrf52840_pac::Peripherals::take() else { SCB::sys_reset() };
    chip::wait_for_usb_power(&chip.POWER);
    let mut watchdog = Watchdog::start(chip.WDT);
    chip::start_crystal(&chip.CLOCK);
    let flash = CardFlash::new(FlashController::new(chip.NVMC));
    let random = Generator::new(ChipNoise::start(chip.RNG));
    let mut card = Card::new(Board { flash, random });
    let serial = singleton!(SERIAL: Serial = Serial::of(chip::device_id(&chip.FICR)));
    let bus = singleton!(: UsbBusAllocator<Usbd<UsbController>> = UsbBusAllocator::new(Usbd::new(UsbController::new(chip.USBD))));
    let (Some(serial), Some(bus)) = (serial, bus) else { SCB::sys_reset() };
    usb::plug_in(bus, serial.as_str());
    chip::start_tick(&chip.TIMER0);

    let mut command = Vec::<u8, ANSWER_MAX>::new();
    let mut reply = Vec::<u8, ANSWER_MAX>::new();
    loop {
        watchdog.feed();
        let Some((ticket, work)) = usb::take_work(&mut command) else {
            // An interrupt since the look wakes at once.
            wfe();
            continue;
        };
        match work {
            Work::Reset => card.reset(),
            Work::PowerOff => card.power_off(),
            Work::Apdu => card.handle(&command, &mut reply),
        }
        // A PIN may have come, a shared secret may have gone.
        command.as_mut_slice().zeroize();
        usb::done(ticket, &reply);
        reply.as_mut_slice().zeroize();
        reply.clear();
    }
}

/// A token that has come off the road starts anew: the card loses its power, and no PIN stays verified.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    SCB::sys_reset()
}

#[exception(trampoline = false)]
unsafe fn HardFault() -> ! {
    SCB::sys_reset()
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    SCB::sys_reset()
}
