//! The chip's peripherals as the board uses them: the one place with registers. Names in brackets are chapters of the nRF52840
//! product specification.

#![allow(unsafe_code, reason = "registers and flash are memory")]

use core::ptr;

use cortex_m::peripheral::NVIC;
use nrf52840_pac::{CLOCK, FICR, Interrupt, NVMC, POWER, RNG, TIMER0, USBD, WDT};
use sekisho_entropy::Noise;
use sekisho_nrf52840::flash::{self, Controller};

/// How long the program may do nothing for the host: longer than the longest command, which fills and erases half of the log.
const WATCHDOG_SECONDS: u32 = 10;
/// The watchdog counts at 32,768 Hz (WDT).
const WATCHDOG_HZ: u32 = 32_768;
/// How often a host that waits hears that it takes longer, in microseconds. libccid waits for seconds.
const TICK_MICROSECONDS: u32 = 500_000;
/// 16 MHz divided by 2^4 are microseconds (TIMER).
const MICROSECONDS: u8 = 4;
/// A byte takes 120 µs with bias correction (RNG). Looking takes some cycles of 64 MHz, so this is a tenth of a second at least.
const NOISE_PATIENCE: u32 = 1_000_000;
/// An erase takes 85 ms (NVMC) in which no instruction runs; in pieces the bus is served in between, which USB 2.0, 9.2.6.4, wants every
/// 50 ms.
const ERASE_PIECE_MS: u8 = 10;
/// Pieces take 5 % longer altogether.
const ERASE_PIECES: usize = 9;

/// Starts the crystal oscillator, without which USB does not work (USBD).
pub(crate) fn start_crystal(clock: &CLOCK) {
    clock.tasks_hfclkstart.write(|w| w.tasks_hfclkstart().set_bit());
    while clock.events_hfclkstarted.read().bits() == 0 {}
}

/// Waits until the chip has power from USB (POWER).
pub(crate) fn wait_for_usb_power(power: &POWER) {
    loop {
        let status = power.usbregstatus.read();
        if status.vbusdetect().is_vbus_present() && status.outputrdy().is_ready() {
            return;
        }
    }
}

/// The number that Nordic gave the chip (FICR).
pub(crate) fn device_id(ficr: &FICR) -> [u32; 2] {
    let [low, high] = &ficr.deviceid;
    [high.read().bits(), low.read().bits()]
}

/// Resets the chip when it is not fed (WDT).
pub(crate) struct Watchdog(WDT);

impl Watchdog {
    /// From here on it has to be fed, and nothing stops it.
    pub(crate) fn start(watchdog: WDT) -> Self {
        // SAFETY: every number is a time.
        watchdog.crv.write(|w| unsafe { w.bits(WATCHDOG_SECONDS * WATCHDOG_HZ) });
        watchdog.rren.write(|w| w.rr0().set_bit());
        watchdog.tasks_start.write(|w| w.tasks_start().set_bit());
        Self(watchdog)
    }

    pub(crate) fn feed(&mut self) {
        self.0.rr[0].write(|w| w.rr().reload());
    }
}

/// The random number generator (RNG), with its bias correction.
pub(crate) struct ChipNoise(RNG);

impl ChipNoise {
    pub(crate) fn start(generator: RNG) -> Self {
        generator.config.write(|w| w.dercen().enabled());
        generator.tasks_start.write(|w| w.tasks_start().set_bit());
        Self(generator)
    }
}

impl Noise for ChipNoise {
    fn byte(&mut self) -> Option<u8> {
        for _ in 0..NOISE_PATIENCE {
            if self.0.events_valrdy.read().bits() != 0 {
                // In this order: a byte that comes in between is lost, not given twice.
                let byte = self.0.value.read().value().bits();
                self.0.events_valrdy.reset();
                return Some(byte);
            }
        }
        None
    }
}

/// The flash controller (NVMC).
pub(crate) struct FlashController(NVMC);

impl FlashController {
    pub(crate) fn new(controller: NVMC) -> Self {
        // SAFETY: the register takes any time in milliseconds that fits.
        controller.erasepagepartialcfg.write(|w| unsafe { w.duration().bits(ERASE_PIECE_MS) });
        Self(controller)
    }

    fn wait(&self) {
        while self.0.ready.read().ready().is_busy() {}
    }
}

impl Controller for FlashController {
    fn word(&self, at: u32) -> u32 {
        if !flash::is_card_word(at) {
            return 0;
        }
        // SAFETY: a word of the card's pages, which are flash: reading has no effect. Only `program` and `erase` change it.
        unsafe { ptr::read_volatile(at as *const u32) }
    }

    fn program(&mut self, at: u32, word: u32) {
        if !flash::is_card_word(at) {
            return;
        }
        self.0.config.write(|w| w.wen().wen());
        self.wait();
        // SAFETY: the linker keeps everything else away from the card's pages, and the controller lets whole words be written now.
        unsafe { ptr::write_volatile(at as *mut u32, word) };
        self.wait();
        self.0.config.write(|w| w.wen().ren());
    }

    fn erase(&mut self, page: u32) {
        if !flash::is_card_word(page) {
            return;
        }
        self.0.config.write(|w| w.wen().een());
        for _ in 0..ERASE_PIECES {
            // SAFETY: a page of the card, as above. The store looks whether it is blank afterwards.
            self.0.erasepagepartial.write(|w| unsafe { w.bits(page) });
            self.wait();
        }
        self.0.config.write(|w| w.wen().ren());
    }
}

/// Lets TIMER0 interrupt again and again.
pub(crate) fn start_tick(timer: &TIMER0) {
    timer.bitmode.write(|w| w.bitmode()._32bit());
    // SAFETY: the exponent is one that the register takes, 0 to 9.
    timer.prescaler.write(|w| unsafe { w.prescaler().bits(MICROSECONDS) });
    // SAFETY: every number is a time.
    timer.cc[0].write(|w| unsafe { w.bits(TICK_MICROSECONDS) });
    timer.shorts.write(|w| w.compare0_clear().set_bit());
    timer.intenset.write(|w| w.compare0().set());
    timer.tasks_start.write(|w| w.tasks_start().set_bit());
    listen(Interrupt::TIMER0);
}

/// The tick was heard.
pub(crate) fn tick_heard() {
    // SAFETY: after the start nobody but the handler of its interrupt uses TIMER0.
    let timer = unsafe { &*TIMER0::ptr() };
    timer.events_compare[0].reset();
}

/// The USB controller, for the driver.
pub(crate) struct UsbController(USBD);

impl UsbController {
    pub(crate) const fn new(controller: USBD) -> Self {
        Self(controller)
    }
}

impl core::fmt::Debug for UsbController {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(USBD { .. }) = self;
        f.write_str("UsbController")
    }
}

// SAFETY: these are the registers of USBD, which the driver's owner has given away.
unsafe impl nrf_usbd::UsbPeripheral for UsbController {
    const REGISTERS: *const () = USBD::ptr().cast();
}

/// Lets USBD interrupt for whatever the driver looks at: the driver itself is polled. It has to be on.
pub(crate) fn listen_to_usb() {
    // SAFETY: INTENSET is a register that the driver does not use.
    let controller = unsafe { &*USBD::ptr() };
    controller
        .intenset
        .write(|w| w.usbreset().set().ep0datadone().set().sof().set().usbevent().set().ep0setup().set().epdata().set());
    listen(Interrupt::USBD);
}

/// The driver is about to look at the data of the endpoints. It clears all events but this one.
pub(crate) fn usb_data_heard() {
    // SAFETY: EVENTS_EPDATA is a register that the driver does not use.
    let controller = unsafe { &*USBD::ptr() };
    controller.events_epdata.reset();
}

fn listen(interrupt: Interrupt) {
    // SAFETY: the handlers share what they share with the program in critical sections, which end at the same place.
    unsafe { NVIC::unmask(interrupt) };
}
