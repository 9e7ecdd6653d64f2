//! What would be said of an act before anybody signs it: whoever is about to ask for a card and a PIN asks this first.

use sekisho_wire::cose::Signer;

use super::Casebook;
use crate::act::{Act, SignedAct};
use crate::fold::{Register, decode};
use crate::refusal::FoldRefusal;
use crate::state::{Draft, Trust};

impl Register {
    /// Says what [`Self::fold_unsigned`] would of this act, and changes nothing.
    ///
    /// # Errors
    /// [`FoldRefusal`].
    pub fn rehearse(&self, act: &Act, signer: &Signer) -> Result<(), FoldRefusal> {
        let entry = act.to_be_signed(signer).finish([0; 64]);
        self.examine(&entry, self.size(), Trust::Unsigned).map(drop)
    }
}

impl Casebook {
    /// Says what [`Self::look`] would of this act, made over this register, and changes nothing.
    ///
    /// # Errors
    /// [`FoldRefusal`].
    pub fn rehearse(&self, register: &Register, act: &Act, signer: &Signer) -> Result<(), FoldRefusal> {
        let signed = decode(&act.to_be_signed(signer).finish([0; 64]))?;
        self.check_content(register, &signed)?;
        self.check_terminal(&signed)?;
        self.admit(register, &signed, act.made.max(register.counting(&signed)), Trust::Unsigned)?;
        would_apply(register, &signed, Trust::Unsigned)
    }
}

/// Whether what a proposal asks for could take effect on this register now.
pub(super) fn would_apply(register: &Register, signed: &SignedAct, trust: Trust) -> Result<(), FoldRefusal> {
    let (source, _) = signed.source().map_err(FoldRefusal::Malformed)?;
    let at = register.position(signed, source.act(), register.size(), source.act().seen_size, trust);
    let mut draft = Draft::over(&register.state);
    let changes = &source.act().changes;
    if let Signer::Card(card) = source.signer() {
        let lender = register.card(card).and_then(|card| register.lender(card));
        let partner = lender.map(|lender| &lender.said().partner);
        partner.into_iter().try_for_each(|partner| {
            changes.iter().try_for_each(|change| draft.trustee_may_touch(partner, change, at.now))
        })?;
    }
    for change in changes.iter().filter(|change| !change.is_of_the_casebook()) {
        draft.apply(change, at)?;
    }
    Ok(())
}
