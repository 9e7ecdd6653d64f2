//! Who signed, and may he (§R4.2): shared by the register and the casebook.

use alloc::vec::Vec;

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey as Ed25519VerifyingKey};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature as EcdsaSignature, VerifyingKey};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{CardGuid, Code, Signature};

use crate::act::SignedAct;
use crate::change::{CardState, Change, EndRecovery, RecoveryEnd, StateReason, TerminalUse};
use crate::fold::Register;
use crate::organisation::Capacity;
use crate::people::Operator;
use crate::recovery::is_for_recovery_keys;
use crate::refusal::FoldRefusal;
use crate::role::{Class, Role};
use crate::routes::Route;
use crate::state::Trust;
use crate::values::{Ed25519Key, P256Key};

/// In whose name an act stands, once its signature and its signer hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// A person in a post.
    Person {
        /// The person.
        operator: Code,
        /// The post's roles.
        roles: Vec<Role>,
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
        let roles = post.roles_at(t);
        match self.operator(operator).and_then(Operator::home) {
            // Whatever else a post may do, who comes from another office is a trustee and nothing else.
            Some(home) if roles.contains(&Role::TrusteeAdmin) => {
                Ok(Authority::Trustee { operator: operator.clone(), partner: home.partner.clone() })
            }
            Some(_) => Err(FoldRefusal::SignerNotAllowed(signed.signer().clone())),
            None => Ok(Authority::Person { operator: operator.clone(), roles: roles.to_vec() }),
        }
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

    /// Whether `chain` (the act first, the proposal it approves after it) may make these changes.
    pub(crate) fn admit(&self, chain: &[Link], changes: &[Change], t: u64) -> Result<(), FoldRefusal> {
        match chain {
            [(act, Authority::Terminal(terminal))] => {
                let allowed = matches!(changes, [change] if terminal_may(terminal, change, act.act().made));
                if allowed { Ok(()) } else { Err(FoldRefusal::SignerNotAllowed(act.signer().clone())) }
            }
            [(signed, Authority::Person { .. }), ..] if changes.iter().any(is_for_recovery_keys) => {
                Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()))
            }
            [(_, Authority::Person { roles, .. })] => {
                changes.iter().try_for_each(|change| self.admit_alone(roles, change, t))
            }
            [(act, Authority::Trustee { partner, .. })] => {
                changes.iter().try_for_each(|change| self.admit_trustee_alone(act.act(), partner, change, t))
            }
            [(_, approver @ Authority::Person { .. }), (act, Authority::Trustee { partner, .. })] => {
                let approves = |change| self.admit_approved_trustee(approver.roles(), act.act(), partner, change, t);
                changes.iter().try_for_each(approves)
            }
            [(_, approver @ Authority::Person { .. }), (_, proposer @ Authority::Person { .. })] => {
                changes.iter().try_for_each(|change| self.admit_approved(approver, proposer, change, t))
            }
            [first, ..] => self.admit_recovery(first.0.signer(), chain, changes),
            [] => Err(FoldRefusal::NotAProposal),
        }
    }

    fn admit_alone(&self, roles: &[Role], change: &Change, t: u64) -> Result<(), FoldRefusal> {
        if let Change::EndRecovery(EndRecovery { how: RecoveryEnd::Objected, .. }) = change {
            // It only takes away, and the time for it is short: one person is enough, of those who found things.
            let route = self.route_at(Class::Founding, t);
            let admitted = route.admits_proposer(roles) || route.admits_approver(roles);
            return if admitted { Ok(()) } else { Err(FoldRefusal::NoRoute(Class::Founding)) };
        }
        let (class, route) = (change.class(), self.route_at(change.class(), t));
        if !route.admits_proposer(roles) {
            return Err(FoldRefusal::NoRoute(class));
        }
        if route.approvers.is_empty() { Ok(()) } else { Err(FoldRefusal::ApprovalNeeded(class)) }
    }

    fn admit_approved(
        &self,
        approver: &Authority,
        proposer: &Authority,
        change: &Change,
        t: u64,
    ) -> Result<(), FoldRefusal> {
        let (class, route): (_, Route) = (change.class(), self.route_at(change.class(), t));
        if !route.admits_proposer(proposer.roles()) || !route.admits_approver(approver.roles()) {
            return Err(FoldRefusal::NoRoute(class));
        }
        let alone = route.distinct && !route.approvers.is_empty() && approver.operator() == proposer.operator();
        if alone { Err(FoldRefusal::SamePerson(class)) } else { Ok(()) }
    }
}

impl Authority {
    fn roles(&self) -> &[Role] {
        match self {
            Self::Person { roles, .. } => roles,
            Self::Trustee { .. } | Self::Terminal(_) | Self::Recovery(_) => &[],
        }
    }

    pub(crate) const fn operator(&self) -> Option<&Code> {
        match self {
            Self::Person { operator, .. } | Self::Trustee { operator, .. } => Some(operator),
            Self::Terminal(_) | Self::Recovery(_) => None,
        }
    }
}

/// Any panel may block a card that its finder brings, at once, and report what happened at it: nothing else (§R3.3).
fn terminal_may(terminal: &Code, change: &Change, made: u64) -> bool {
    if let Change::CardState(change) = change {
        let reported = matches!(
            change.reason,
            StateReason::Lost | StateReason::Stolen | StateReason::Damaged | StateReason::PinCompromised
        );
        return change.state == CardState::Suspended && reported && change.effective == made;
    }
    if let Change::Incident(incident) = change { incident.terminal.as_ref() == Some(terminal) } else { false }
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
