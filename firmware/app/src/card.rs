//! The card as a board sees it: commands in, answers out, and the moments when power comes and goes.

use heapless::VecView;
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::Instruction;
use sekisho_wire::status::Status;

use crate::dispatch::Applet;
use crate::exchange::{Exchange, Incoming};
use crate::persistent::{Fault, ManufactureError, Persistent};
use crate::platform::Platform;
use crate::volatile::Volatile;

/// The longest command that reaches the card in one piece: an extended PUT DATA of the longest object.
pub const COMMAND_MAX: usize = 3072;
/// The longest answer that leaves in one piece, status word included.
pub const ANSWER_MAX: usize = 3072;

/// Answer to reset (ISO/IEC 7816-3, 8.2): direct convention, T=1, and the PIV AID in the historical bytes, the last
/// byte being the check over all but the first.
pub const ATR: [u8; 18] =
    [0x3B, 0x8D, 0x80, 0x01, 0x80, 0xFB, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0xCD];

/// The operator card.
#[derive(Debug)]
pub struct Card<P> {
    applet: Applet<P>,
    exchange: Exchange,
}

impl<P: Platform> Card<P> {
    /// A card that has just been given power. What the memory holds is looked at when it is needed.
    #[must_use]
    pub fn new(platform: P) -> Self {
        let applet = Applet { persistent: Persistent::new(platform), volatile: Volatile::default() };
        Self { applet, exchange: Exchange::default() }
    }

    /// Makes the memory of a platform that of a blank card in factory state (§C21). What was there is lost.
    ///
    /// # Errors
    /// When memory or randomness fail. The card then has no serial number and answers nothing.
    pub fn manufacture(platform: P, serial: [u8; 4]) -> Result<Self, ManufactureError> {
        let mut card = Self::new(platform);
        match card.applet.persistent.manufacture(serial) {
            Ok(()) => Ok(card),
            Err(Fault::Storage | Fault::Full | Fault::Broken) => Err(ManufactureError::Storage),
            Err(Fault::Randomness) => Err(ManufactureError::Randomness),
        }
    }

    /// Carries out one command APDU and replaces `reply` with the answer, status word at its end. `reply` needs room for
    /// at least two bytes; the card never writes more than fits, the rest waits for GET RESPONSE.
    pub fn handle(&mut self, command: &[u8], reply: &mut VecView<u8>) {
        reply.clear();
        let status = match Command::parse(command) {
            Ok(command) => {
                let status = self.answer(command, reply);
                log::debug!("{command:?} lr={} sw={:04X}", reply.len(), status.word());
                status
            }
            Err(_) => {
                self.exchange.forget();
                Status::WRONG_LENGTH
            }
        };
        // Room for these two bytes was kept by `Exchange::deliver`.
        let written = reply.extend_from_slice(&status.to_bytes());
        debug_assert!(written.is_ok(), "the reply buffer has room for a status word");
    }

    /// Warm reset: everything volatile is forgotten (§C8).
    pub fn reset(&mut self) {
        self.applet.volatile = Volatile::default();
        self.exchange.forget();
    }

    /// Power goes: as a reset, the card is ready for power to come again.
    pub fn power_off(&mut self) {
        self.reset();
    }

    /// The platform, for the board that owns it.
    pub const fn platform(&mut self) -> &mut P {
        self.applet.persistent.platform()
    }

    /// Takes the card apart.
    #[must_use]
    pub fn into_platform(self) -> P {
        self.applet.persistent.into_platform()
    }

    fn answer(&mut self, command: Command<'_>, reply: &mut VecView<u8>) -> Status {
        let Self { applet, exchange } = self;
        if Instruction::from_byte(command.instruction) == Some(Instruction::GetResponse) {
            return exchange.deliver_rest(command, reply);
        }
        let accepted = command.accepted_length();
        match exchange.collect(command) {
            Err(status) => status,
            Ok(Incoming::Partial) => Status::OK,
            Ok(Incoming::Complete { command, answer }) => {
                let outcome = applet.perform(command, answer);
                exchange.finish(outcome, accepted, reply)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ATR;

    #[test]
    fn the_atr_checks_and_counts_its_historical_bytes() {
        assert_eq!(ATR[1..].iter().fold(0, |check, byte| check ^ byte), 0);
        let historical = usize::from(ATR[1] & 0x0F);
        assert_eq!(ATR.len(), 4 + historical + 1);
    }
}
