//! One command, one handler. Each family has a file, headed by its clause.

use heapless::VecView;
use sekisho_wire::apdu::Command;
use sekisho_wire::status::Status;

use crate::command::PivCommand;
use crate::persistent::{Life, Persistent};
use crate::platform::Platform;
use crate::volatile::Volatile;

/// The PIV application: what it keeps, and what it knows while it has power.
#[derive(Debug)]
pub(crate) struct Applet<P> {
    pub(crate) persistent: Persistent<P>,
    pub(crate) volatile: Volatile,
}

impl<P: Platform> Applet<P> {
    /// Carries out one whole command and appends its answer, without status word, to `out`.
    pub(crate) fn perform(&mut self, command: Command<'_>, out: &mut VecView<u8>) -> Result<(), Status> {
        if self.live()? == Life::Terminated {
            return self.say_terminated(command, out);
        }
        match PivCommand::try_from(command)? {
            PivCommand::Select { aid } => self.select(aid, out),
            PivCommand::GetData(object) => self.read_object(object, out),
            PivCommand::PutData { object, content } => self.write_object(object, content),
            PivCommand::PinStatus => self.pin_status(),
            PivCommand::Verify(pin) => self.verify(&pin),
            PivCommand::Logout => self.logout(),
            PivCommand::ChangePin { old, new } => self.change_pin(&old, &new),
            PivCommand::ChangePuk { old, new } => self.change_puk(&old, &new),
            PivCommand::ResetPin { puk, new } => self.reset_pin(&puk, &new),
            PivCommand::GeneralAuthenticate { algorithm, key, data } => {
                self.general_authenticate(algorithm, key, data, out)
            }
            PivCommand::GenerateKey(slot) => self.generate_key(slot, out),
            PivCommand::Reset => self.reset_card(),
            PivCommand::Terminate => self.terminate(),
            PivCommand::GetVersion => self.version(out),
            PivCommand::GetSerial => self.serial(out),
            PivCommand::GetMetadata(of) => self.metadata(of, out),
            PivCommand::SetTries { pin, puk } => self.set_tries(pin, puk),
            PivCommand::SetManagementKey(key) => self.set_management_key(&key),
        }
    }
}
