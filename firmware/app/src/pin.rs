//! VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER: SP 800-73-4 part 2, 3.2.1 to 3.2.3 (§C10 to §C15).

use sekisho_wire::pin_policy::{FirstUse, PinPolicy};
use sekisho_wire::piv::Reference;
use sekisho_wire::secret::{Pin, Puk};
use sekisho_wire::status::Status;

use crate::dispatch::Applet;
use crate::persistent::{Fault, Origin};
use crate::platform::Platform;

impl<P: Platform> Applet<P> {
    /// VERIFY without data: does the PIN have to be asked for? Costs nothing.
    pub(crate) fn pin_status(&mut self) -> Result<(), Status> {
        if self.volatile.pin_shown() {
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
        if self.must_change()? {
            self.volatile.transport_pin_matched();
        } else {
            self.volatile.pin_matched();
        }
        Ok(())
    }

    /// Whether the PIN is good for nothing but its change (§C23).
    pub(crate) fn must_change(&mut self) -> Result<bool, Fault> {
        let policy = self.persistent.pin_policy()?;
        Ok(policy.first_use == FirstUse::Change && self.persistent.pin_origin()? == Origin::Given)
    }

    pub(crate) fn logout(&mut self) -> Result<(), Status> {
        self.volatile.forget_pin();
        Ok(())
    }

    /// CHANGE REFERENCE DATA of the PIN. It has to be verified again before it opens anything (§C14).
    pub(crate) fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), Status> {
        self.volatile.forget_pin();
        let policy = self.choosable(new)?;
        self.persistent.present(Reference::Pin, old.field())?.into_result()?;
        // The issuer at work, with a PIN that it knows, sets a PIN for somebody else.
        let origin = if self.volatile.managed().is_ok() { Origin::Given } else { Origin::Chosen };
        self.renew_pin(new, policy, origin)
    }

    /// CHANGE REFERENCE DATA of the PUK (§C14).
    pub(crate) fn change_puk(&mut self, old: &Puk, new: &Puk) -> Result<(), Status> {
        self.volatile.forget_pin();
        self.persistent.present(Reference::Puk, old.field())?.into_result()?;
        Ok(self.persistent.set_puk(new.field())?)
    }

    /// RESET RETRY COUNTER: the PUK gives the PIN a new value and all its tries.
    pub(crate) fn reset_pin(&mut self, puk: &Puk, new: &Pin) -> Result<(), Status> {
        self.volatile.forget_pin();
        let policy = self.choosable(new)?;
        self.persistent.present(Reference::Puk, puk.field())?.into_result()?;
        // The PIN before its tries: a cut between the two leaves a blocked PIN, which the PUK opens again, and never gives
        // fresh tries at the old one.
        self.renew_pin(new, policy, Origin::Given)?;
        Ok(self.persistent.refill(Reference::Pin)?)
    }

    /// Judged before the old PIN is looked at: a poor choice costs no try (§C14).
    fn choosable(&mut self, new: &Pin) -> Result<PinPolicy, Status> {
        let policy = self.persistent.pin_policy()?;
        policy.check(new).map_err(|_| Status::WRONG_DATA)?;
        Ok(policy)
    }

    /// The last PINs are asked only now: before, anybody could find them out without a try.
    fn renew_pin(&mut self, new: &Pin, policy: PinPolicy, origin: Origin) -> Result<(), Status> {
        let present = self.persistent.pin_origin()?;
        // A PIN on its way to the holder's own takes no place among the last ones, and is no way to itself.
        let passing = |origin| usize::from(policy.first_use == FirstUse::Change && origin == Origin::Given);
        let history = usize::from(policy.history);
        if self.persistent.is_recent_pin(new.field(), history.saturating_add(passing(present)))? {
            return Err(Status::WRONG_DATA);
        }
        Ok(self.persistent.set_pin(new.field(), origin, passing(present), history.saturating_add(passing(origin)))?)
    }
}
