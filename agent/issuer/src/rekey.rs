//! A card gets the keys of the office's new secret.

use sekisho_card::{Transport, verify_signature};
use sekisho_wire::id::CardGuid;
use sekisho_wire::secret::Puk;

use crate::authenticate::{Attempt, authenticate, key_algorithm};
use crate::error::{IssuerCause, IssuerError, Step};
use crate::issuer::{Issuer, give_management_key};
use crate::management_key::{KeyAlgorithm, ManagementKey};
use crate::pins::change_puk;
use crate::random;
use crate::secret::CardManagementSecret;

/// What a card held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Rekeyed {
    /// The former secret's keys.
    Now,
    /// Those of the new one already: nothing was changed.
    Before,
}

impl<T: Transport> Issuer<'_, T> {
    /// Gives a card whose keys are made of the `former` secret those made of this issuer's: first the PUK, last the management key, which
    /// stands for both (README §K4). Interrupted anywhere, it is run again.
    ///
    /// Who has the former secret can build a thing that says any GUID and holds its management key. `presence` is the card's 9E key as the
    /// register names it: the card shows that it holds that too, before it hears anything of the new secret.
    ///
    /// # Errors
    /// [`IssuerCause::ForeignManagementKey`] when neither secret is the card's; [`IssuerCause::AnotherCard`]; when the card does not do it.
    pub fn rekey(
        &mut self,
        former: &CardManagementSecret,
        presence: Option<&[u8; 33]>,
    ) -> Result<Rekeyed, IssuerError> {
        let step = Step::Rekey;
        let guid = self.guid.ok_or(IssuerError { step, cause: IssuerCause::NoIdentity })?;
        let fail = |cause| IssuerError { step, cause };
        let new = Keys::of(self.secret, guid).map_err(fail)?;
        let old = Keys::of(former, guid).map_err(fail)?;
        self.proved = None;
        self.converse(step, |conversation| {
            let algorithm = key_algorithm(conversation)?;
            if let Attempt::Accepted(_) = authenticate(conversation, new.management(algorithm))? {
                return Ok(Rekeyed::Before);
            }
            let Attempt::Accepted(_) = authenticate(conversation, old.management(algorithm))? else {
                return Err(IssuerCause::ForeignManagementKey);
            };
            if let Some(key) = presence {
                let digest = random::bytes()?;
                let signature = conversation.sign_presence(&digest)?;
                if !verify_signature(key, &digest, &signature) {
                    return Err(IssuerCause::AnotherCard);
                }
            }
            match change_puk(conversation, &old.puk, &new.puk) {
                // It was changed before an interruption. The right one gives the try back.
                Err(IssuerCause::WrongPuk { .. }) => change_puk(conversation, &new.puk, &new.puk)?,
                result => result?,
            }
            give_management_key(conversation, &new.management)?;
            Ok(Rekeyed::Now)
        })
        .inspect(|_| log::info!("card {guid} holds the keys of the new secret"))
    }
}

/// What a secret makes for one card. Made before the card is spoken to: a token that fails should leave no card half done.
struct Keys {
    /// One of each algorithm, the strongest first.
    management: Vec<ManagementKey>,
    puk: Puk,
}

impl Keys {
    fn of(secret: &CardManagementSecret, guid: CardGuid) -> Result<Self, IssuerCause> {
        Ok(Self { management: secret.management_keys(guid)?, puk: secret.puk(guid)? })
    }

    fn management(&self, algorithm: KeyAlgorithm) -> &ManagementKey {
        let key = self.management.iter().find(|key| key.algorithm() == algorithm);
        key.expect("there is one of each algorithm")
    }
}
