//! VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER: SP 800-73-4 part 2, 3.2.1 to 3.2.3 (§C10 to §C15).

use sekisho_wire::piv::Reference;
use sekisho_wire::secret::{PIN_MAX, Pin, Puk};
use sekisho_wire::status::Status;

use crate::dispatch::Applet;
use crate::platform::Platform;

impl<P: Platform> Applet<P> {
    /// VERIFY without data: does the PIN have to be asked for? Costs nothing.
    pub(crate) fn pin_status(&mut self) -> Result<(), Status> {
        if self.volatile.pin_verified().is_ok() {
            return Ok(());
        }
        match self.persistent.tally(Reference::Pin)?.left {
            0 => Err(Status::AUTHENTICATION_BLOCKED),
            left => Err(Status::wrong_tries_left(left)),
        }
    }

    pub(crate) fn verify(&mut self, pin: &Pin) -> Result<(), Status> {
        // Whatever happens next, an earlier VERIFY no longer counts (3.2.1).
        self.volatile.forget_pin();
        self.persistent.present(Reference::Pin, pin.field())?.into_result()?;
        self.volatile.pin_matched();
        Ok(())
    }

    pub(crate) fn logout(&mut self) -> Result<(), Status> {
        self.volatile.forget_pin();
        Ok(())
    }

    /// CHANGE REFERENCE DATA. Whatever was changed, the PIN has to be verified again before it opens anything (§C14).
    pub(crate) fn change(
        &mut self,
        reference: Reference,
        old: &[u8; PIN_MAX],
        new: &[u8; PIN_MAX],
    ) -> Result<(), Status> {
        self.volatile.forget_pin();
        self.persistent.present(reference, old)?.into_result()?;
        Ok(self.persistent.set_reference(reference, new)?)
    }

    /// RESET RETRY COUNTER: the PUK gives the PIN a new value and all its tries.
    pub(crate) fn reset_pin(&mut self, puk: &Puk, new: &Pin) -> Result<(), Status> {
        self.volatile.forget_pin();
        self.persistent.present(Reference::Puk, puk.field())?.into_result()?;
        // The PIN before its tries: a cut between the two leaves a blocked PIN, which the PUK opens again, and never gives
        // fresh tries at the old one.
        self.persistent.set_reference(Reference::Pin, new.field())?;
        Ok(self.persistent.refill(Reference::Pin)?)
    }
}
