//! A blank card becomes an operator card.

use sekisho_card::Transport;
use sekisho_wire::id::CardGuid;
use sekisho_wire::piv::{Object, Slot};
use sekisho_wire::secret::Pin;

use crate::day::Validity;
use crate::error::{IssuerCause, IssuerError, Step};
use crate::inspect::Personalisation;
use crate::issuer::Issuer;
use crate::office_ca::OfficeCa;
use crate::pin_rules::{Make, PinRules, Unenforced};
use crate::pins::PinChoice;

/// What a card is to become.
#[derive(Debug)]
pub struct Order<'a> {
    /// The card's number in the office, as text: 令和8年度第12号.
    pub number: &'a str,
    /// What its certificates claim.
    pub validity: Validity,
    /// What it asks of its PINs.
    pub rules: PinRules,
    /// Its first PIN.
    pub pin: PinChoice,
}

/// The public keys of a card, compressed (SEC 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardKeys {
    /// 9A: login.
    pub authentication: [u8; 33],
    /// 9C: acts.
    pub signature: [u8; 33],
    /// 9E: presence.
    pub card_authentication: [u8; 33],
}

/// What became of the card. The grant is still missing: it is the act that issues the card, and that names these keys.
#[derive(Debug)]
pub struct Personalised {
    /// Which card it is.
    pub guid: CardGuid,
    /// Its keys, made on it.
    pub keys: CardKeys,
    /// Its PIN: shown once, kept nowhere.
    pub pin: Pin,
    /// What this make of card cannot keep of the rules.
    pub unenforced: Unenforced,
}

impl<T: Transport> Issuer<'_, T> {
    /// Does every step but the grant, on a blank card or on one where this was interrupted. GUID first, because keys and
    /// PUK are made of it; the rules before the PIN that must follow them; the management key last, because it stands for "rules, PIN and
    /// PUK are set".
    ///
    /// Interrupted, it is run again: it keeps the GUID and makes new keys, since nobody has heard of the old ones.
    ///
    /// # Errors
    /// [`IssuerCause::AlreadyPersonalised`] when all this has been done before; else the step that failed.
    pub fn personalise(&mut self, order: Order<'_>, ca: &OfficeCa) -> Result<Personalised, IssuerError> {
        self.expect_unfinished()?;
        self.make(order, ca)
    }

    /// As [`Self::personalise`], also on a card of ours that was finished before: it keeps its GUID, and loses its keys, its grant
    /// and its PIN. Only for a card that no register names, such as one whose making was interrupted after the last step: nobody
    /// has heard of its keys, and nobody knows its PIN.
    ///
    /// # Errors
    /// [`IssuerCause::ForeignManagementKey`] when the card is not ours; else the step that failed.
    pub fn personalise_anew(&mut self, order: Order<'_>, ca: &OfficeCa) -> Result<Personalised, IssuerError> {
        match self.inspect()? {
            Personalisation::Blank => {}
            Personalisation::Partial { .. } | Personalisation::Complete => self.put(Step::Grant, Object::Grant, &[])?,
            Personalisation::Foreign => {
                return Err(IssuerError { step: Step::Look, cause: IssuerCause::ForeignManagementKey });
            }
        }
        self.make(order, ca)
    }

    fn make(&mut self, order: Order<'_>, ca: &OfficeCa) -> Result<Personalised, IssuerError> {
        // Before anything is written: a PIN that breaks the rules should not leave a half-made card.
        let pin = order.pin.settle(&order.rules.policy).map_err(|cause| IssuerError { step: Step::Pin, cause })?;
        let make = self.whose_make()?;
        if make == Make::Another {
            self.expect_fit()?;
        }
        let guid = self.write_identity(order.validity.until)?;
        self.write_capability()?;
        let keys = CardKeys {
            authentication: self.certified_key(Slot::Authentication, guid, order.number, order.validity, ca)?,
            signature: self.certified_key(Slot::Signature, guid, order.number, order.validity, ca)?,
            card_authentication: self.certified_key(
                Slot::CardAuthentication,
                guid,
                order.number,
                order.validity,
                ca,
            )?,
        };
        let mut unenforced = self.write_pin_rules(order.rules, make)?;
        self.set_puk()?;
        self.set_first_pin(&pin)?;
        if make == Make::Another {
            let tried = self.try_out(&keys, pin.pin())?;
            unenforced = Unenforced { presence: !tried.presence, pin_per_act: !tried.pin_per_act, ..unenforced };
        }
        self.replace_management_key()?;
        log::info!("card {guid} is personalised");
        Ok(Personalised { guid, keys, pin: pin.into_pin(), unenforced })
    }

    fn expect_unfinished(&mut self) -> Result<(), IssuerError> {
        let step = Step::Look;
        match self.inspect()? {
            Personalisation::Blank => Ok(()),
            Personalisation::Partial { missing } if missing.contains(&Step::ManagementKey) => Ok(()),
            Personalisation::Partial { .. } | Personalisation::Complete => {
                Err(IssuerError { step, cause: IssuerCause::AlreadyPersonalised })
            }
            Personalisation::Foreign => Err(IssuerError { step, cause: IssuerCause::ForeignManagementKey }),
        }
    }

    fn certified_key(
        &mut self,
        slot: Slot,
        guid: CardGuid,
        number: &str,
        validity: Validity,
        ca: &OfficeCa,
    ) -> Result<[u8; 33], IssuerError> {
        let key = self.generate_key(slot)?;
        let certificate = ca
            .issue(slot, &key, number, guid, validity)
            .map_err(|error| IssuerError { step: Step::Key(slot), cause: error.into() })?;
        self.write_certificate(slot, &certificate)?;
        Ok(key)
    }
}
