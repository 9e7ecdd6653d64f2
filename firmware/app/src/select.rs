//! SELECT: SP 800-73-4 part 2, 3.1.1.

use heapless::VecView;
use sekisho_wire::piv::{AID, selects_piv};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{Tag, TlvError, Writer};

use crate::dispatch::Applet;
use crate::platform::Platform;

/// Application property template (SP 800-73-4 part 2, table 3).
const TAG_PROPERTIES: Tag = Tag(0x61);
/// The application's id without the registered part.
const TAG_APPLICATION: Tag = Tag(0x4F);
/// Who gave that id: the same tag, inside.
const TAG_AUTHORITY: Tag = Tag(0x79);
/// The first bytes of the AID are NIST's registered id.
const REGISTERED_LENGTH: usize = 5;

impl<P: Platform> Applet<P> {
    /// Neither selecting PIV again nor asking for an application that is not there changes any state (§C7): OpenSC tries
    /// four foreign names between a VERIFY and its use.
    pub(crate) fn select(&mut self, aid: &[u8], out: &mut VecView<u8>) -> Result<(), Status> {
        if !selects_piv(aid) {
            return Err(Status::NOT_FOUND);
        }
        write_properties(out).map_err(|_| Status::NO_PRECISE_DIAGNOSIS)
    }
}

fn write_properties(out: &mut VecView<u8>) -> Result<(), TlvError> {
    let (authority, application) = AID.split_at_checked(REGISTERED_LENGTH).unwrap_or_default();
    Writer::new(out)
        .nest(TAG_PROPERTIES, |properties| {
            properties
                .object(TAG_APPLICATION, application)?
                .nest(TAG_AUTHORITY, |inner| inner.object(TAG_APPLICATION, authority).map(|_| ()))
                .map(|_| ())
        })
        .map(|_| ())
}
