//! Whether a chain of acts may make its changes (§R4.2): who proposes, and who approves one stage after the other.

use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::authority::{Authority, Link};
use crate::casebook::Proposed;
use crate::change::{CardState, Change, EndRecovery, Field, PinChanged, RecoveryEnd, StateReason, Value};
use crate::fold::Register;
use crate::forms::{Form, incident};
use crate::organisation::Post;
use crate::recovery::is_for_recovery_keys;
use crate::refusal::FoldRefusal;
use crate::role::{Class, Role};
use crate::routes::Route;

/// How far a proposal has come.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// Each stage of each route has approved it.
    Complete,
    /// A stage of this class's route has not.
    Waits(Class),
}

impl Register {
    /// Whether `chain` (the act first, the approval or proposal that it approves after it) may make these changes.
    pub(crate) fn admit(&self, chain: &[Link], changes: &[Change], t: u64) -> Result<(), FoldRefusal> {
        match chain {
            [(act, Authority::Terminal(terminal))] => {
                let allowed = matches!(changes, [change] if terminal_may(terminal, change, act.act().made));
                if allowed { Ok(()) } else { Err(FoldRefusal::SignerNotAllowed(act.signer().clone())) }
            }
            // Only the terminal where it happened has seen it.
            [(signed, _), ..] if changes.iter().any(|change| matches!(change, Change::PinChanged(_))) => {
                Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()))
            }
            [(signed, Authority::Person { .. }), ..] if changes.iter().any(is_for_recovery_keys) => {
                Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()))
            }
            [(_, Authority::Trustee { .. })] | [(_, Authority::Person { .. }), ..] => {
                match self.approval(chain, changes, t)? {
                    Approval::Complete => Ok(()),
                    Approval::Waits(class) => Err(FoldRefusal::ApprovalNeeded(class)),
                }
            }
            [first, ..] => self.admit_recovery(first.0.signer(), chain, changes),
            [] => Err(FoldRefusal::NotAProposal),
        }
    }

    /// How far the approvals of a chain have brought its proposal.
    pub(crate) fn approval(&self, chain: &[Link], changes: &[Change], t: u64) -> Result<Approval, FoldRefusal> {
        Way { register: self, chain, changes, t }.approval()
    }
}

impl Register {
    /// Whether this person could approve the next stage of a proposal at `t`, in one of his posts or by recording it for one whose papers he keeps. What the
    /// changes themselves ask for is not asked here.
    ///
    /// # Errors
    /// The refusal for the post that comes nearest: that he signed before, or that a stage before it has not approved.
    pub fn may_approve_next(&self, proposed: &Proposed, operator: &Code, t: u64) -> Result<(), FoldRefusal> {
        let changes = &proposed.act.act().changes;
        let class = changes.first().map_or(Class::Founding, Change::class);
        if let Some(answered) = &proposed.answer {
            return Err(FoldRefusal::ProposalOver { answer: answered.answer, index: answered.index });
        }
        if self.is_stranded(proposed, t) {
            let approvals = proposed.approvals.len() + 1;
            return Err(FoldRefusal::RouteShorter { stages: self.stages(changes, t), approvals });
        }
        let held: Vec<&Code> =
            self.posts().filter(|post| post.holders(t).any(|who| who.operator == *operator)).map(Post::code).collect();
        let signs_for = |post: &&Post| held.iter().any(|held| post.code() == *held || post.is_kept_by(held, t));
        let signed = |who: &Option<Code>| who.as_ref() == Some(operator);
        let before = signed(&proposed.operator) || proposed.approvals.iter().any(|stage| signed(&stage.operator));
        let mut nearest = Err(FoldRefusal::NoRoute(class));
        for post in self.posts().filter(signs_for) {
            let mandate = post.mandate_at(t);
            let said = changes.iter().try_for_each(|change| {
                let (class, route) = (change.class(), self.route_at(change.class(), t));
                let roles = mandate.roles_on(&self.concern(change, changes, t));
                let stage = proposed.approvals.len();
                if route.stages.is_empty() {
                    return if route.admits_proposer(&roles) { Ok(()) } else { Err(FoldRefusal::NoRoute(class)) };
                }
                if stage < route.stages.len() { takes(&route, stage, &roles, before, class) } else { Ok(()) }
            });
            match said {
                Ok(()) => return Ok(()),
                Err(refusal @ (FoldRefusal::SamePerson(_) | FoldRefusal::StageBefore(_))) => nearest = Err(refusal),
                Err(_) => {}
            }
        }
        nearest
    }
}

/// The way that changes take from their proposer through the stages of their routes.
struct Way<'a> {
    register: &'a Register,
    /// The newest approval first, the proposal last.
    chain: &'a [Link],
    changes: &'a [Change],
    t: u64,
}

impl Way<'_> {
    fn approval(&self) -> Result<Approval, FoldRefusal> {
        let mut approval = Approval::Complete;
        let (stages, approvals) = (self.register.stages(self.changes, self.t), self.chain.len().saturating_sub(1));
        // Where no stage is asked for, one approval may be there all the same: whoever proposed wanted somebody to look at it. More than there are
        // stages come of a route that was shortened on the way; what they approved then is not what the route asks for now.
        if approvals > stages.max(1) {
            return Err(FoldRefusal::RouteShorter { stages, approvals });
        }
        for change in self.changes {
            if approvals == 0 && objects(change) {
                self.may_object(change)?;
                continue;
            }
            let route = self.register.route_at(change.class(), self.t);
            if self.stages_taken(&route, change)? < route.stages.len() && approval == Approval::Complete {
                approval = Approval::Waits(change.class());
            }
        }
        Ok(approval)
    }

    /// How many stages of its route have approved a change: each approval takes it one stage on, in their order.
    fn stages_taken(&self, route: &Route, change: &Change) -> Result<usize, FoldRefusal> {
        let Some(proposal) = self.chain.len().checked_sub(1) else { return Err(FoldRefusal::NotAProposal) };
        self.may_propose(route, change, proposal)?;
        for (stage, link) in (0..proposal).rev().enumerate() {
            if stage < route.stages.len() {
                self.may_approve(route, stage, change, link)?;
            } else if route.stages.is_empty() {
                self.may_propose(route, change, link)?;
            }
        }
        Ok(proposal.min(route.stages.len()))
    }

    /// Whether whoever signed this link may propose the change, or decide it where nobody has to approve.
    fn may_propose(&self, route: &Route, change: &Change, link: usize) -> Result<(), FoldRefusal> {
        let (signed, authority) = &self.chain[link];
        match authority {
            Authority::Person { mandate, .. } => {
                let roles = mandate.roles_on(&self.register.concern(change, self.changes, self.t));
                if route.admits_proposer(&roles) { Ok(()) } else { Err(FoldRefusal::NoRoute(change.class())) }
            }
            Authority::Trustee { partner, .. } if link + 1 == self.chain.len() => {
                self.register.check_entrusted(signed.act(), partner, change, self.t)
            }
            // What a trustee proposes somebody of this office approves, never another trustee.
            Authority::Trustee { .. } | Authority::Terminal(_) | Authority::Recovery(_) => {
                Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()))
            }
        }
    }

    fn may_approve(&self, route: &Route, stage: usize, change: &Change, link: usize) -> Result<(), FoldRefusal> {
        let (signed, authority) = &self.chain[link];
        let Authority::Person { operator, mandate } = authority else {
            return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()));
        };
        let signed_before = self.chain[link + 1..].iter().any(|(_, before)| before.operator() == Some(operator));
        let roles = mandate.roles_on(&self.register.concern(change, self.changes, self.t));
        takes(route, stage, &roles, signed_before, change.class())
    }

    /// An objection only takes away, and the time for it is short: one person is enough, of those who found things.
    fn may_object(&self, change: &Change) -> Result<(), FoldRefusal> {
        let (signed, authority) = &self.chain[0];
        let Authority::Person { mandate, .. } = authority else {
            return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()));
        };
        let route = self.register.route_at(Class::Founding, self.t);
        let roles = mandate.roles_on(&self.register.concern(change, self.changes, self.t));
        let admitted = route.admits_proposer(&roles) || route.admits_approver(&roles);
        if admitted { Ok(()) } else { Err(FoldRefusal::NoRoute(Class::Founding)) }
    }
}

/// Whether whoever has these roles may approve this stage. That he signed before is asked first, so that he is told that, and not that the next stage is
/// somebody else's.
fn takes(route: &Route, stage: usize, roles: &[Role], signed_before: bool, class: Class) -> Result<(), FoldRefusal> {
    if route.distinct && signed_before {
        return Err(FoldRefusal::SamePerson(class));
    }
    if route.admits_at(stage, roles) {
        return Ok(());
    }
    let later = (stage + 1..route.stages.len()).any(|later| route.admits_at(later, roles));
    Err(if later { FoldRefusal::StageBefore(class) } else { FoldRefusal::NoRoute(class) })
}

const fn objects(change: &Change) -> bool {
    matches!(change, Change::EndRecovery(EndRecovery { how: RecoveryEnd::Objected, .. }))
}

/// Any panel may block a card that its finder brings, at once, report what happened at it, and say that a PIN was changed at it: nothing else (§R3.3).
fn terminal_may(terminal: &Code, change: &Change, made: u64) -> bool {
    if let Change::PinChanged(PinChanged { at, .. }) = change {
        return *at <= made;
    }
    if let Change::CardState(change) = change {
        let reported = matches!(
            change.reason,
            StateReason::Lost | StateReason::Stolen | StateReason::Damaged | StateReason::PinCompromised
        );
        return change.state == CardState::Suspended && reported && change.effective == made;
    }
    let Change::Open(opened) = change else { return false };
    let here = opened.field(incident::TERMINAL).is_some_and(|value| *value == Value::Code(terminal.clone()));
    let judged = opened.field(incident::LEVEL).is_none_or(|level| *level != Value::Choice(0));
    // What a panel knows is where it stands, which card is in it and which button was pressed.
    let of_a_panel = |field: &Field| incident::OF_A_PANEL.contains(&field.key);
    opened.form == Form::Incident && here && !judged && opened.fields.iter().all(of_a_panel)
}
