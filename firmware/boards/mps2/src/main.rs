//! The operator card on QEMU's MPS2 boards: the card application, joined to vpcd over UART0, its flash in a file of the host.
//!
//! The file is the only argument of the semihosting command line. QEMU that is killed is a card whose power is cut.
#![no_std]
#![no_main]

mod host;
mod kept_flash;
mod uart;
mod vpcd;

use cortex_m_rt::entry;
use sekisho_card_app::Card;

use crate::host::HostRandom;
use crate::kept_flash::KeptFlash;
use crate::uart::Uart;

/// Flash and randomness of this board.
struct Board {
    flash: KeptFlash,
    random: HostRandom,
}

impl sekisho_card_app::Platform for Board {
    type Flash = KeptFlash;

    fn flash(&mut self) -> &mut KeptFlash {
        &mut self.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), sekisho_card_app::platform::RandomFailed> {
        self.random.fill(out)
    }
}

#[entry]
fn main() -> ! {
    let Some(flash) = KeptFlash::take() else { host::stop("no flash: name its file as the only argument") };
    let Some(random) = HostRandom::open() else { host::stop("no randomness") };
    let mut card = Card::new(Board { flash, random });
    vpcd::serve(&mut Uart::take(), &mut card)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    host::stop("panic")
}
