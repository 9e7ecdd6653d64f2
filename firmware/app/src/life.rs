//! The end of a card's life, and its beginning anew: TERMINATE DF of ISO/IEC 7816-9, RESET of Yubico (§C24).

use heapless::VecView;
use sekisho_wire::apdu::Command;
use sekisho_wire::piv::{Instruction, Reference, selects_piv};
use sekisho_wire::status::Status;

use crate::command::PivCommand;
use crate::dispatch::Applet;
use crate::persistent::Life;
use crate::platform::Platform;
use crate::volatile::Volatile;

impl<P: Platform> Applet<P> {
    /// What the card's life allows before anything else is asked. A reset that was cut short is finished first.
    pub(crate) fn live(&mut self) -> Result<Life, Status> {
        let life = self.persistent.life()?;
        if life == Life::Resetting {
            self.persistent.finish_reset()?;
            return Ok(Life::Operational);
        }
        Ok(life)
    }

    /// A terminated card says who it was, and that it has ended. Nothing else is left.
    pub(crate) fn say_terminated(&mut self, command: Command<'_>, out: &mut VecView<u8>) -> Result<(), Status> {
        match Instruction::from_byte(command.instruction) {
            Some(Instruction::Select) if selects_piv(command.data) => Err(Status::TERMINATED),
            Some(Instruction::Select) => Err(Status::NOT_FOUND),
            Some(Instruction::GetVersion) => self.version(out),
            Some(Instruction::GetSerial) => self.serial(out),
            Some(_) | None => Err(Status::CONDITIONS_NOT_SATISFIED),
        }
    }

    /// RESET: for whoever has blocked PIN and PUK, as with Yubico's cards, and for the issuer, who could overwrite everything anyway.
    /// Nobody's secrets stay, so nobody gains by it.
    pub(crate) fn reset_card(&mut self) -> Result<(), Status> {
        if self.volatile.managed().is_err() {
            for reference in [Reference::Pin, Reference::Puk] {
                if self.persistent.tally(reference)?.left > 0 {
                    return Err(Status::CONDITIONS_NOT_SATISFIED);
                }
            }
        }
        self.volatile = Volatile::default();
        Ok(self.persistent.reset()?)
    }

    /// TERMINATE: for the issuer. There is no way back.
    pub(crate) fn terminate(&mut self) -> Result<(), Status> {
        let _managed = self.volatile.managed()?;
        self.volatile = Volatile::default();
        Ok(self.persistent.terminate()?)
    }
}

/// RESET and TERMINATE take neither parameters nor data: nobody gets there by mistake.
pub(crate) fn parse(command: Command<'_>) -> Result<PivCommand<'_>, Status> {
    match (command.p1, command.p2, command.data) {
        (0, 0, []) if command.instruction == Instruction::Reset.byte() => Ok(PivCommand::Reset),
        (0, 0, []) => Ok(PivCommand::Terminate),
        (0, 0, _) => Err(Status::WRONG_DATA),
        _ => Err(Status::WRONG_PARAMETERS),
    }
}
