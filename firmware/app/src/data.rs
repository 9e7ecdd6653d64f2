//! GET DATA and PUT DATA: SP 800-73-4 part 2, 3.1.2 and 3.3.1; the objects: part 1, 3 (§C9).

use heapless::VecView;
use sekisho_wire::pin_policy::PinPolicy;
use sekisho_wire::piv::{AID, Object, TAG_DATA};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{Tag, TlvError, Writer};

use crate::dispatch::Applet;
use crate::persistent::Fault;
use crate::platform::Platform;

/// The longest content of an object. With its wrapping it fits one extended command of the CCID class we use.
pub const OBJECT_MAX: usize = 3000;
/// PIN usage policy (SP 800-73-4 part 1, 3.3.2): the PIV PIN is the one, there is no global PIN.
const PIN_USAGE: [u8; 2] = [0x40, 0x00];

impl<P: Platform> Applet<P> {
    pub(crate) fn read_object(&mut self, object: Object, out: &mut VecView<u8>) -> Result<(), Status> {
        if object == Object::Discovery {
            return write_discovery(out).map_err(|_| Status::NO_PRECISE_DIAGNOSIS);
        }
        if object == Object::PinPolicy {
            let policy = self.persistent.pin_policy()?;
            return write_policy(&policy, out).map_err(|_| Status::NO_PRECISE_DIAGNOSIS);
        }
        let mut writer = Writer::new(out);
        let found = writer.nest(TAG_DATA, |inner| match self.persistent.object(object, inner.buffer()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Absent::NoObject),
            Err(fault) => Err(Absent::Fault(fault)),
        });
        match found {
            Ok(_) => Ok(()),
            Err(Absent::NoObject) => Err(Status::NOT_FOUND),
            Err(Absent::Fault(fault)) => Err(fault.into()),
        }
    }

    pub(crate) fn write_object(&mut self, object: Object, content: &[u8]) -> Result<(), Status> {
        let _managed = self.volatile.managed()?;
        if content.len() > OBJECT_MAX {
            return Err(Status::NOT_ENOUGH_MEMORY);
        }
        if object == Object::PinPolicy && !content.is_empty() && PinPolicy::parse(content).is_err() {
            return Err(Status::WRONG_DATA);
        }
        Ok(self.persistent.set_object(object, content)?)
    }
}

/// The policy in force, written or not: it shows that this card keeps one (§C23).
fn write_policy(policy: &PinPolicy, out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out).nest(TAG_DATA, |inner| policy.write(inner.buffer())).map(|_| ())
}

/// Why there is nothing to return.
enum Absent {
    NoObject,
    Fault(Fault),
}

impl From<TlvError> for Absent {
    fn from(_: TlvError) -> Self {
        Self::Fault(Fault::Broken)
    }
}

/// The discovery object (SP 800-73-4 part 1, 3.3.2), which stands for itself, without `53`.
fn write_discovery(out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out)
        .nest(Object::Discovery.tag(), |inner| {
            inner.object(Tag(0x4F), &AID)?.object(Tag(0x5F2F), &PIN_USAGE).map(|_| ())
        })
        .map(|_| ())
}
