//! A card that needs no reader: bytes in, bytes out.

use heapless::Vec as Fixed;
use sekisho_card_app::platform::Platform;
use sekisho_card_app::{ANSWER_MAX, Card, ManufactureError};

use crate::apdu_log::ApduLog;

/// The operator card, with whatever memory it was given.
#[derive(Debug)]
pub struct SimulatedCard<P> {
    card: Card<P>,
    log: ApduLog,
}

impl<P: Platform> SimulatedCard<P> {
    /// A card with this memory, as it is.
    #[must_use]
    pub fn new(platform: P) -> Self {
        Self { card: Card::new(platform), log: ApduLog::none() }
    }

    /// A blank card in factory state. What the memory held is lost.
    ///
    /// # Errors
    /// When memory or randomness fail.
    pub fn blank(platform: P, serial: [u8; 4]) -> Result<Self, ManufactureError> {
        Ok(Self { card: Card::manufacture(platform, serial)?, log: ApduLog::none() })
    }

    /// The same card, which from now on writes down what it is asked.
    #[must_use]
    pub fn with_log(self, log: ApduLog) -> Self {
        Self { log, ..self }
    }

    /// Carries out one command APDU; the answer ends in its status word.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let mut reply = Fixed::<u8, ANSWER_MAX>::new();
        self.card.handle(command, &mut reply);
        self.log.exchange(command, &reply);
        reply.as_slice().to_vec()
    }

    /// Warm reset.
    pub fn reset(&mut self) {
        self.card.reset();
        self.log.event("reset");
    }

    /// Power comes.
    pub fn power_on(&mut self) {
        self.card.reset();
        self.log.event("power on");
    }

    /// Power goes.
    pub fn power_off(&mut self) {
        self.card.power_off();
        self.log.event("power off");
    }

    /// The memory, for tests that want to look or to break it.
    pub const fn platform(&mut self) -> &mut P {
        self.card.platform()
    }
}
