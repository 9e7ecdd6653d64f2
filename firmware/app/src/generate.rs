//! GENERATE ASYMMETRIC KEY PAIR: SP 800-73-4 part 2, 3.3.2 (§C16).

use heapless::VecView;
use sekisho_wire::piv::{TAG_EC_POINT, TAG_PUBLIC_KEY};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{TlvError, Writer};

use crate::command::KeySlot;
use crate::curve;
use crate::dispatch::Applet;
use crate::platform::Platform;

impl<P: Platform> Applet<P> {
    pub(crate) fn generate_key(&mut self, slot: KeySlot, out: &mut VecView<u8>) -> Result<(), Status> {
        let _managed = self.volatile.managed()?;
        // The certificate goes first: a cut between the two leaves a key without certificate, never a certificate beside
        // another key than its own.
        self.persistent.set_object(slot.certificate(), &[])?;
        let key = self.persistent.make_key(slot)?;
        let point = curve::public_point(&key).ok_or(Status::NO_PRECISE_DIAGNOSIS)?;
        Writer::new(out)
            .nest(TAG_PUBLIC_KEY, |inner| inner.object(TAG_EC_POINT, &point).map(|_| ()))
            .map(|_| ())
            .map_err(|_: TlvError| Status::NO_PRECISE_DIAGNOSIS)
    }
}
