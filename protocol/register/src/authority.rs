//! Who signed, and may he (§R4.2): shared by the register and the casebook.

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey as Ed25519VerifyingKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature as EcdsaSignature, VerifyingKey};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Code, Signature};

use crate::act::{Act, Paper, SignedAct};
use crate::calendar::local_day;
use crate::change::TerminalUse;
use crate::concern::Mandate;
use crate::fold::Register;
use crate::organisation::{Capacity, Post};
use crate::people::Operator;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::role::Role;
use crate::state::Trust;
use crate::thing::Thing;
use crate::values::{Ed25519Key, P256Key};

/// A decision on paper is recorded within as many days as an act lives.
const PAPER_DAYS: u64 = 30;

/// In whose name an act stands, once its signature and its signer hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A person in a post.
    Person {
        /// The person.
        operator: Code,
        /// What the post lets him do.
        mandate: Mandate,
    },
    /// A person of another office that is entrusted with acts of this one (§R10).
    Trustee {
        /// The person, as he is called here.
        operator: Code,
        /// The office.
        partner: Code,
    },
    /// A terminal.
    Terminal(Code),
    /// A recovery key.
    Recovery([u8; 32]),
}

/// A signed act with the authority behind it.
pub(crate) type Link = (SignedAct, Authority);

impl Register {
    /// Verifies the signature and that signer, person and post are current at `t`.
    pub(crate) fn authority(&self, signed: &SignedAct, t: u64, trust: Trust) -> Result<Authority, FoldRefusal> {
        match signed.signer() {
            Signer::Card(guid) => self.card_authority(signed, guid, t, trust),
            Signer::Terminal(code) => self.terminal_authority(signed, code, t, trust),
            Signer::Recovery(key) => {
                let key = Ed25519Key(*key);
                if !self.recovery().is_some_and(|recovery| recovery.keys.contains(&key)) {
                    return Err(if self.was_recovery_key(&key) {
                        FoldRefusal::RecoveryKeyReplaced
                    } else {
                        FoldRefusal::SignerUnknown(signed.signer().clone())
                    });
                }
                check_ed25519(signed, &key, trust)?;
                Ok(Authority::Recovery(key.0))
            }
        }
    }

    fn card_authority(
        &self,
        signed: &SignedAct,
        guid: &CardGuid,
        t: u64,
        trust: Trust,
    ) -> Result<Authority, FoldRefusal> {
        let unknown = || FoldRefusal::SignerUnknown(signed.signer().clone());
        let card = self.card(guid).ok_or_else(unknown)?;
        let key = card.issued().signature.as_ref().ok_or_else(unknown)?;
        check_p256(signed, key, trust)?;
        let holder = card.holder(t).filter(|_| card.is_current(t));
        let operator = holder.ok_or_else(|| FoldRefusal::SignerNotCurrent(signed.signer().clone()))?.operator;
        if !self.operator(operator).is_some_and(|person| person.is_current(t)) {
            return Err(FoldRefusal::OperatorNotCurrent(operator.clone()));
        }
        let act = signed.act();
        let named = act.post.as_ref().unwrap_or(operator);
        let capacity = Capacity::of(act.as_deputy);
        let post = self.post(named).filter(|post| act.post.is_some() && post.is_held_by(operator, capacity, t));
        let post = post.ok_or_else(|| FoldRefusal::PostNotHeld { post: named.clone(), operator: operator.clone() })?;
        if let Some(home) = self.operator(operator).and_then(Operator::home) {
            // Whatever else a post may do, who comes from another office is a trustee and nothing else; and no keeper of others' papers.
            let trustee = post.roles_at(t).contains(&Role::TrusteeAdmin) && act.paper.is_none();
            let refused = || FoldRefusal::SignerNotAllowed(signed.signer().clone());
            let partner = trustee.then(|| home.partner.clone()).ok_or_else(refused)?;
            return Ok(Authority::Trustee { operator: operator.clone(), partner });
        }
        let mandate = match &act.paper {
            None => post.mandate_at(t),
            Some(paper) => self.decided_on_paper(act, paper, post, t)?,
        };
        Ok(Authority::Person { operator: operator.clone(), mandate })
    }

    /// The mandate of a post whose decision stands on paper, recorded by the holder of the post that keeps its papers (§R3.20).
    fn decided_on_paper(&self, act: &Act, paper: &Paper, keeper: &Post, t: u64) -> Result<Mandate, FoldRefusal> {
        let decides = self.post(&paper.post).ok_or_else(|| FoldRefusal::Unknown(Thing::Post(paper.post.clone())))?;
        if !decides.is_kept_by(keeper.code(), t) {
            return Err(FoldRefusal::NotItsKeeper { post: paper.post.clone(), keeper: keeper.code().clone() });
        }
        let (decided, made) = (u64::from(paper.decided), u64::from(local_day(act.made)));
        if decided > made || made - decided > PAPER_DAYS {
            return Err(FoldRefusal::ValueWrong(WrongValue::PaperDate));
        }
        Ok(decides.mandate_at(t))
    }

    fn terminal_authority(
        &self,
        signed: &SignedAct,
        code: &Code,
        t: u64,
        trust: Trust,
    ) -> Result<Authority, FoldRefusal> {
        let terminal = self.terminal(code).ok_or_else(|| FoldRefusal::SignerUnknown(signed.signer().clone()))?;
        check_ed25519(signed, terminal.key(), trust)?;
        if terminal.version_at(t).is_none() || terminal.state(t) != TerminalUse::Active {
            return Err(FoldRefusal::SignerNotCurrent(signed.signer().clone()));
        }
        Ok(Authority::Terminal(code.clone()))
    }
}

impl Authority {
    pub(crate) const fn operator(&self) -> Option<&Code> {
        match self {
            Self::Person { operator, .. } | Self::Trustee { operator, .. } => Some(operator),
            Self::Terminal(_) | Self::Recovery(_) => None,
        }
    }
}

pub(crate) fn check_p256(signed: &SignedAct, key: &P256Key, trust: Trust) -> Result<(), FoldRefusal> {
    let holds = trust != Trust::Verify || verify_p256(key, &signed.id().0, signed.signature());
    if holds { Ok(()) } else { Err(FoldRefusal::SignatureWrong(signed.signer().clone())) }
}

fn check_ed25519(signed: &SignedAct, key: &Ed25519Key, trust: Trust) -> Result<(), FoldRefusal> {
    let holds = trust != Trust::Verify || verify_ed25519(key, &signed.signed_bytes(), signed.signature());
    if holds { Ok(()) } else { Err(FoldRefusal::SignatureWrong(signed.signer().clone())) }
}

/// ES256 over a digest that was already taken.
pub(crate) fn verify_p256(key: &P256Key, digest: &[u8; 32], signature: &Signature) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(&key.0), EcdsaSignature::from_slice(&signature.0))
    else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

pub(crate) fn verify_ed25519(key: &Ed25519Key, message: &[u8], signature: &Signature) -> bool {
    let Ok(key) = Ed25519VerifyingKey::from_bytes(&key.0) else { return false };
    key.verify_strict(message, &Ed25519Signature::from_bytes(&signature.0)).is_ok()
}
