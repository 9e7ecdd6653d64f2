//! What Yubico added to PIV and other tools have come to ask for: version, serial number, metadata, number of tries (§C15, §C22).

use heapless::VecView;
use sekisho_wire::piv::{Algorithm, Reference, TAG_EC_POINT};
use sekisho_wire::secret::SecretBytes;
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{Tag, TlvError, Writer};

use crate::command::{KeySlot, MetadataOf};
use crate::curve;
use crate::dispatch::Applet;
use crate::persistent::{FACTORY_MANAGEMENT_KEY, FACTORY_PIN, FACTORY_PUK, Fault};
use crate::platform::Platform;

/// Below 5.0 clients do not ask for the serial number, from 5.3 on they expect more than we have.
const VERSION: [u8; 3] = [5, 2, 0];

const TAG_ALGORITHM: Tag = Tag(0x01);
/// PIN policy, touch policy.
const TAG_POLICY: Tag = Tag(0x02);
const TAG_ORIGIN: Tag = Tag(0x03);
/// `86 04‖x‖y` inside.
const TAG_PUBLIC: Tag = Tag(0x04);
const TAG_IS_FACTORY: Tag = Tag(0x05);
/// All tries, tries left.
const TAG_TRIES: Tag = Tag(0x06);

const POLICY_NEVER: u8 = 1;
const POLICY_ONCE: u8 = 2;
const POLICY_ALWAYS: u8 = 3;
const TOUCH_NEVER: u8 = 1;
/// Made on the card; this card knows no other way.
const ORIGIN_GENERATED: u8 = 1;
/// What stands for the algorithm of a PIN or PUK.
const ALGORITHM_OF_REFERENCE: u8 = 0xFF;

impl<P: Platform> Applet<P> {
    pub(crate) fn version(&mut self, out: &mut VecView<u8>) -> Result<(), Status> {
        out.extend_from_slice(&VERSION).map_err(|_| Status::NO_PRECISE_DIAGNOSIS)
    }

    pub(crate) fn serial(&mut self, out: &mut VecView<u8>) -> Result<(), Status> {
        let serial = self.persistent.serial()?;
        out.extend_from_slice(&serial).map_err(|_| Status::NO_PRECISE_DIAGNOSIS)
    }

    /// Needs the PIN beside the management key: an issuer alone must not be able to set the PIN of a card in use back to
    /// one that it knows.
    pub(crate) fn set_tries(&mut self, pin: u8, puk: u8) -> Result<(), Status> {
        let _managed = self.volatile.managed()?;
        let _verified = self.volatile.pin_verified()?;
        self.volatile.forget_pin();
        Ok(self.persistent.set_factory_references(pin, puk)?)
    }

    pub(crate) fn metadata(&mut self, of: MetadataOf, out: &mut VecView<u8>) -> Result<(), Status> {
        match of {
            MetadataOf::Key(slot) => self.key_metadata(slot, out),
            MetadataOf::ManagementKey => {
                let factory = self.persistent.management_key()? == SecretBytes::new(FACTORY_MANAGEMENT_KEY);
                written(management_metadata(factory, out))
            }
            MetadataOf::Reference(reference) => {
                let factory = self.is_factory(reference)? || (reference == Reference::Pin && self.must_change()?);
                let tally = self.persistent.tally(reference)?;
                written(reference_metadata(factory, [tally.full, tally.left], out))
            }
        }
    }

    fn key_metadata(&mut self, slot: KeySlot, out: &mut VecView<u8>) -> Result<(), Status> {
        let key = self.persistent.key(slot)?.ok_or(Status::REFERENCE_NOT_FOUND)?;
        let policy = match slot {
            KeySlot::Authentication | KeySlot::KeyManagement => POLICY_ONCE,
            KeySlot::Signature => POLICY_ALWAYS,
            KeySlot::CardAuthentication => POLICY_NEVER,
        };
        let point = curve::public_point(&key).ok_or(Status::NO_PRECISE_DIAGNOSIS)?;
        written(key_metadata(policy, &point, out))
    }

    fn is_factory(&mut self, reference: Reference) -> Result<bool, Fault> {
        let factory = match reference {
            Reference::Pin => FACTORY_PIN,
            Reference::Puk => FACTORY_PUK,
        };
        self.persistent.is_reference(reference, &factory)
    }
}

fn key_metadata(policy: u8, point: &[u8], out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out)
        .object(TAG_ALGORITHM, &[Algorithm::EccP256.byte()])?
        .object(TAG_POLICY, &[policy, TOUCH_NEVER])?
        .object(TAG_ORIGIN, &[ORIGIN_GENERATED])?
        .nest(TAG_PUBLIC, |inner| inner.object(TAG_EC_POINT, point).map(|_| ()))
        .map(|_| ())
}

fn management_metadata(factory: bool, out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out)
        .object(TAG_ALGORITHM, &[Algorithm::Aes256.byte()])?
        .object(TAG_POLICY, &[0, TOUCH_NEVER])?
        .object(TAG_IS_FACTORY, &[u8::from(factory)])
        .map(|_| ())
}

fn reference_metadata(factory: bool, tries: [u8; 2], out: &mut VecView<u8>) -> Result<(), TlvError> {
    Writer::new(out)
        .object(TAG_ALGORITHM, &[ALGORITHM_OF_REFERENCE])?
        .object(TAG_IS_FACTORY, &[u8::from(factory)])?
        .object(TAG_TRIES, &tries)
        .map(|_| ())
}

fn written(result: Result<(), TlvError>) -> Result<(), Status> {
    result.map_err(|_| Status::NO_PRECISE_DIAGNOSIS)
}
