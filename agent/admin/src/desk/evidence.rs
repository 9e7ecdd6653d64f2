//! The word of whoever writes an evidence file (EVIDENCE.md §E1.8), or takes the logs away (EXPORT.md §X2.4).

use sekisho_wire::id::{CardGuid, Hash};
use sekisho_wire::record::{evidence_digest, export_digest};

use super::Desk;
use crate::error::AdminError;

impl Desk {
    /// Signs what stands in an evidence file, by its hash, with 9A of the card at hand: no act comes of it.
    ///
    /// # Errors
    /// Card, PIN.
    pub(crate) fn sign_evidence(&mut self, expected: CardGuid, content: &Hash) -> Result<[u8; 64], AdminError> {
        self.sign_beside(expected, &evidence_digest(&self.office.id, content))
    }

    /// The same of the list of files that an export of the logs is.
    ///
    /// # Errors
    /// Card, PIN.
    pub(crate) fn sign_export(&mut self, expected: CardGuid, content: &Hash) -> Result<[u8; 64], AdminError> {
        self.sign_beside(expected, &export_digest(&self.office.id, content))
    }

    /// Of what was wished for in a browser: nobody is to sign what its page has given up.
    pub(crate) fn is_still_wished(&self) -> Result<(), AdminError> {
        match &self.wished {
            Some((companion, number)) if !companion.is_open(*number)? => Err(AdminError::WishOver),
            Some(_) | None => Ok(()),
        }
    }

    fn sign_beside(&mut self, expected: CardGuid, digest: &[u8; 32]) -> Result<[u8; 64], AdminError> {
        let (mut card, found) = self.signer_card()?;
        if found != expected {
            return Err(AdminError::OtherCard { expected, found });
        }
        self.need_pin(&mut card)?;
        self.is_still_wished()?;
        let pin = self.pin.as_ref().expect("need_pin left one");
        Ok(card.login(pin, digest)?)
    }
}
