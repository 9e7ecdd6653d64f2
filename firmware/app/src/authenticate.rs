//! GENERAL AUTHENTICATE: SP 800-73-4 part 2, 3.2.4. Signatures and key agreement here, the management key next door (§C17).

use heapless::VecView;
use sekisho_wire::piv::{
    Algorithm, Slot, TAG_AUTHENTICATION, TAG_CHALLENGE, TAG_EXPONENTIATION, TAG_RESPONSE, TAG_WITNESS,
};
use sekisho_wire::status::Status;
use sekisho_wire::tlv::{self, Tag, TlvError, Writer};

use crate::command::KeySlot;
use crate::curve::{self, DIGEST_LENGTH};
use crate::dispatch::Applet;
use crate::platform::Platform;
use crate::volatile::KeyUse;

/// The parts of a dynamic authentication template that this card looks at.
#[derive(Default)]
pub(crate) struct Template<'a> {
    pub(crate) witness: Option<&'a [u8]>,
    pub(crate) challenge: Option<&'a [u8]>,
    pub(crate) response: Option<&'a [u8]>,
    exponentiation: Option<&'a [u8]>,
}

impl<'a> Template<'a> {
    fn parse(data: &'a [u8]) -> Result<Self, TlvError> {
        let inner = tlv::only(data, TAG_AUTHENTICATION)?;
        Ok(Self {
            witness: tlv::find(inner, TAG_WITNESS)?,
            challenge: tlv::find(inner, TAG_CHALLENGE)?,
            response: tlv::find(inner, TAG_RESPONSE)?,
            exponentiation: tlv::find(inner, TAG_EXPONENTIATION)?,
        })
    }
}

impl<P: Platform> Applet<P> {
    pub(crate) fn general_authenticate(
        &mut self,
        algorithm: u8,
        key: u8,
        data: &[u8],
        out: &mut VecView<u8>,
    ) -> Result<(), Status> {
        let pin = self.volatile.use_pin();
        let template = Template::parse(data).map_err(|_| Status::WRONG_DATA);
        if key == Slot::Management.byte() {
            return self.authenticate_management(algorithm, template, out);
        }
        let slot = KeySlot::from_byte(key).ok_or(Status::WRONG_PARAMETERS)?;
        if algorithm != Algorithm::EccP256.byte() {
            return Err(Status::WRONG_PARAMETERS);
        }
        let template = template?;
        let right = pin.authorize(slot)?;
        match slot {
            KeySlot::Authentication | KeySlot::Signature | KeySlot::CardAuthentication => {
                self.sign(right, &template, out)
            }
            KeySlot::KeyManagement => self.agree(right, &template, out),
        }
    }

    fn sign(&mut self, right: KeyUse, template: &Template<'_>, out: &mut VecView<u8>) -> Result<(), Status> {
        let digest: &[u8; DIGEST_LENGTH] =
            template.challenge.and_then(|digest| digest.try_into().ok()).ok_or(Status::WRONG_DATA)?;
        let key = self.persistent.key(right.slot())?.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let signature = curve::sign(&key, digest).ok_or(Status::NO_PRECISE_DIAGNOSIS)?;
        write_template(TAG_RESPONSE, signature.to_der().as_bytes(), out)
    }

    fn agree(&mut self, right: KeyUse, template: &Template<'_>, out: &mut VecView<u8>) -> Result<(), Status> {
        let other = template.exponentiation.ok_or(Status::WRONG_DATA)?;
        let key = self.persistent.key(right.slot())?.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let shared = curve::agree(&key, other).ok_or(Status::WRONG_DATA)?;
        write_template(TAG_RESPONSE, &*shared, out)
    }
}

/// `7C { tag value }`.
pub(crate) fn write_template(tag: Tag, value: &[u8], out: &mut VecView<u8>) -> Result<(), Status> {
    Writer::new(out)
        .nest(TAG_AUTHENTICATION, |inner| inner.object(tag, value).map(|_| ()))
        .map(|_| ())
        .map_err(|_: TlvError| Status::NO_PRECISE_DIAGNOSIS)
}
