//! The operator card on QEMU's MPS2 boards: UART, randomness, and a flash that a file of the host keeps.
#![no_std]

mod host;
mod kept_flash;
mod meter;
mod uart;
pub mod vpcd;

use sekisho_card_app::Platform;
use sekisho_card_app::platform::RandomFailed;

use crate::host::HostRandom;
pub use crate::host::{finish, print, stop};
pub use crate::kept_flash::KeptFlash;
pub use crate::meter::Meter;
pub use crate::uart::Uart;

/// Flash and randomness of this board.
#[derive(Debug)]
pub struct Board {
    flash: KeptFlash,
    random: HostRandom,
}

impl Board {
    /// The board, with the flash that the command line names. Once.
    #[must_use]
    pub fn take() -> Self {
        let Some(flash) = KeptFlash::take() else { stop("no flash: name its file as the only argument") };
        let Some(random) = HostRandom::open() else { stop("no randomness") };
        Self { flash, random }
    }
}

impl Platform for Board {
    type Flash = KeptFlash;

    fn flash(&mut self) -> &mut KeptFlash {
        &mut self.flash
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), RandomFailed> {
        self.random.fill(out)
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    stop("panic")
}
