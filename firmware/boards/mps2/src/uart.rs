//! UART0 of the MPS2 boards: a CMSDK APB UART (Arm DDI 0479D, 4.3), polled.

#![allow(unsafe_code, reason = "registers are memory")]

use core::ptr;

const BASE: usize = 0x4000_4000;
const DATA: *mut u32 = BASE as *mut u32;
const STATE: *const u32 = (BASE + 0x04) as *const u32;
const CTRL: *mut u32 = (BASE + 0x08) as *mut u32;
const BAUDDIV: *mut u32 = (BASE + 0x10) as *mut u32;

const TRANSMITTER_FULL: u32 = 1;
const RECEIVER_FULL: u32 = 2;
const BOTH_ON: u32 = 3;
/// The smallest divisor that the UART takes; QEMU has no line that would be too slow.
const FASTEST: u32 = 16;

/// The UART, switched on.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Switches it on. Whoever takes it twice mixes two conversations.
    #[must_use]
    pub fn take() -> Self {
        // SAFETY: BAUDDIV is a register of a UART that this board has and nobody else uses.
        unsafe { ptr::write_volatile(BAUDDIV, FASTEST) };
        // SAFETY: as above, CTRL.
        unsafe { ptr::write_volatile(CTRL, BOTH_ON) };
        Self(())
    }

    pub(crate) fn read(&mut self) -> u8 {
        while Self::state() & RECEIVER_FULL == 0 {}
        // SAFETY: DATA is a register; reading takes the byte that STATE has announced.
        (unsafe { ptr::read_volatile(DATA) }) as u8
    }

    pub(crate) fn write(&mut self, byte: u8) {
        while Self::state() & TRANSMITTER_FULL != 0 {}
        // SAFETY: DATA is a register; writing sends the byte, for which STATE says there is room.
        unsafe { ptr::write_volatile(DATA, u32::from(byte)) };
    }

    fn state() -> u32 {
        // SAFETY: STATE is a register that may be read at any time.
        unsafe { ptr::read_volatile(STATE) }
    }
}
