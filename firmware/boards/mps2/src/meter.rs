//! Counts what something costs on the chip: instructions, and how deep the stack went.
//!
//! Under `qemu-system-arm -icount shift=0` an instruction takes a nanosecond, and SysTick, at 25 MHz, counts every 40th.

#![allow(unsafe_code, reason = "the stack is painted through the symbols of the linker")]

use core::ptr;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

use crate::{print, stop};

const INSTRUCTIONS_PER_TICK: u32 = 40;
const RELOAD: u32 = 0x00FF_FFFF;
const PAINT: u32 = 0xA5A5_5A5A;
/// What the painting itself needs below its own frame.
const MARGIN: usize = 256;

/// SysTick, counting.
#[derive(Debug)]
pub struct Meter(());

impl Meter {
    /// Once.
    #[must_use]
    pub fn start() -> Self {
        let Some(mut core) = cortex_m::Peripherals::take() else { stop("the core is taken") };
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(RELOAD);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        Self(())
    }

    /// Does it, and says a line on the host's console: name, instructions, deepest stack in bytes.
    pub fn measure<T>(&mut self, name: &str, act: impl FnOnce() -> T) -> T {
        paint();
        let before = SYST::get_current();
        let done = act();
        let ticks = before.wrapping_sub(SYST::get_current()) & RELOAD;
        print(format_args!("{name} {} {}", ticks.saturating_mul(INSTRUCTIONS_PER_TICK), depth()));
        done
    }
}

unsafe extern "C" {
    /// Where the stack begins (cortex-m-rt).
    static _stack_start: u32;
    /// Where it has to end: behind everything static (cortex-m-rt).
    static __sheap: u32;
}

fn bounds() -> (*mut u32, *const u32) {
    (ptr::addr_of!(__sheap).cast_mut(), ptr::addr_of!(_stack_start))
}

/// Fills what is below the stack.
#[inline(never)]
fn paint() {
    let here = cortex_m::register::msp::read() as usize - MARGIN;
    let (mut at, _) = bounds();
    while (at as usize) < here {
        // SAFETY: between the end of the static data and the stack nothing lives.
        unsafe { ptr::write_volatile(at, PAINT) };
        at = at.wrapping_add(1);
    }
}

/// The deepest that the stack has been since it was painted, in bytes.
fn depth() -> usize {
    let (mut at, start) = bounds();
    // SAFETY: the loop stays between the end of the static data and the beginning of the stack, which is RAM.
    while at.cast_const() < start && unsafe { ptr::read_volatile(at) } == PAINT {
        at = at.wrapping_add(1);
    }
    start as usize - at as usize
}
