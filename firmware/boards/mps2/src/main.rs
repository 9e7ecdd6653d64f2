//! The operator card on QEMU's MPS2 boards: the card application, joined to vpcd over UART0, its flash in a file of the host.
//!
//! The file is the only argument of the semihosting command line. QEMU that is killed is a card whose power is cut.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use sekisho_card_app::Card;
use sekisho_mps2::{Board, Uart, vpcd};

#[entry]
fn main() -> ! {
    vpcd::serve(&mut Uart::take(), &mut Card::new(Board::take()))
}
