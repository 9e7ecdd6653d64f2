//! Who may propose, approve a stage, answer, open a case and take it on (§R4.9, §R11.3).

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use super::{Admitted, Casebook};
use crate::act::SignedAct;
use crate::admission::Approval;
use crate::authority::{Authority, Link};
use crate::cases::{Case, Whose};
use crate::change::{Answer, AnswerAct, Change, OpenCase, TakeStep, Value, value};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::{Asked, Form, Step};
use crate::organisation::ByDeputy;
use crate::recovery::is_for_recovery_keys;
use crate::refusal::{FieldFault, FoldRefusal};
use crate::role::{Class, Role};
use crate::state::Trust;

impl Casebook {
    /// Whether the signer may do that here.
    pub(super) fn admit(
        &self,
        register: &Register,
        signed: &SignedAct,
        t: u64,
        trust: Trust,
    ) -> Result<Admitted, FoldRefusal> {
        let chain = register.chain(signed.clone(), t, trust)?;
        let (Some((_, authority)), Some((source, _))) = (chain.first(), chain.last()) else {
            return Err(FoldRefusal::NotAProposal);
        };
        let changes = &source.act().changes;
        let admitted = match authority {
            // They wrap each other's acts where the sheets are. One of them alone, out of its safe, must not be able to fill a log.
            Authority::Recovery(_) => return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone())),
            Authority::Terminal(_) => {
                register.admit(&chain, changes, t)?;
                Admitted { operator: None, roles: Vec::new() }
            }
            // What nobody could approve is no proposal.
            Authority::Person { .. } if changes.iter().any(is_for_recovery_keys) => {
                return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()));
            }
            Authority::Person { operator, mandate } => {
                Admitted { operator: Some(operator.clone()), roles: mandate.roles_on(&Concern::Nobody) }
            }
            Authority::Trustee { operator, partner } => {
                for change in changes.iter().filter(|change| change.is_of_the_casebook()) {
                    register.check_entrusted(signed.act(), partner, change, t)?;
                }
                Admitted { operator: Some(operator.clone()), roles: vec![Role::TrusteeAdmin] }
            }
        };
        if changes.iter().any(Change::is_of_the_casebook) {
            self.admit_here(register, &chain, &admitted, t)?;
        } else {
            self.admit_on_its_way(register, &chain, t)?;
        }
        Ok(admitted)
    }

    /// A proposal, or the approval of any stage but the last.
    fn admit_on_its_way(&self, register: &Register, chain: &[Link], t: u64) -> Result<(), FoldRefusal> {
        let (source, _) = chain.last().ok_or(FoldRefusal::NotAProposal)?;
        self.may_reconnect(&source.act().changes)?;
        if let Some((signed, _)) = chain.first() {
            self.may_set_up(register, signed, t)?;
        }
        let approval = register.approval(chain, &source.act().changes, t)?;
        let [_, (approved, _), ..] = chain else { return Ok(()) };
        if let Some(index) = register.act_index(&source.id()) {
            return Err(FoldRefusal::Repeated { index });
        }
        self.may_be_approved(&source.id(), &approved.id())?;
        // The last stage's approval is what takes effect, and that is for the register log.
        if approval == Approval::Complete { Err(FoldRefusal::OtherLog) } else { Ok(()) }
    }

    /// What takes effect in the casebook itself. One act says one thing about one act or case.
    fn admit_here(&self, register: &Register, chain: &[Link], admitted: &Admitted, t: u64) -> Result<(), FoldRefusal> {
        let [(signed, authority)] = chain else { return Err(FoldRefusal::NotAProposal) };
        let (mut cases, mut acts) = (BTreeSet::new(), BTreeSet::new());
        for change in &signed.act().changes {
            if let Change::Open(open) = change {
                self.may_open(register, open, signed, admitted)?;
            }
            if let Change::Step(step) = change {
                if !cases.insert(step.case) {
                    return Err(FoldRefusal::SaidTwice);
                }
                self.may_step(register, step, signed, authority, admitted, t)?;
            }
            if let Change::Answer(answer) = change {
                if !acts.insert(answer.act) {
                    return Err(FoldRefusal::SaidTwice);
                }
                self.may_answer(register, answer, signed, authority, admitted, t)?;
            }
        }
        Ok(())
    }

    fn may_open(
        &self,
        register: &Register,
        open: &OpenCase,
        signed: &SignedAct,
        admitted: &Admitted,
    ) -> Result<(), FoldRefusal> {
        let definition = open.form.definition();
        let person = admitted.operator.is_some();
        if person && !definition.opened_by.iter().any(|role| admitted.roles.contains(role)) {
            return Err(FoldRefusal::NotYours { form: open.form, step: None });
        }
        self.check_fields(register, open.form, definition.fields, &open.fields, signed)?;
        // What a panel reports nobody has judged, so who is to be told is the form's to say.
        match Form::recipients_missing(open).next() {
            Some(role) if person && open.form == Form::Incident => Err(FoldRefusal::RecipientMissing(role)),
            Some(_) | None => Ok(()),
        }
    }

    fn may_step(
        &self,
        register: &Register,
        taken: &TakeStep,
        signed: &SignedAct,
        authority: &Authority,
        admitted: &Admitted,
        t: u64,
    ) -> Result<(), FoldRefusal> {
        let id = taken.case;
        let case = self.case(&id).ok_or(FoldRefusal::CaseUnknown(id))?;
        let step = id.form.definition().step(taken.step);
        let step = step.ok_or(FoldRefusal::NotYours { form: id.form, step: None })?;
        if case.is_closed() {
            return Err(FoldRefusal::CaseOver(id));
        }
        if !is_asked(case, step, signed, authority, admitted) {
            return Err(FoldRefusal::NotYours { form: id.form, step: Some(step.name) });
        }
        if let Some(before) = case.missing_before(step, register, t) {
            return Err(FoldRefusal::StepMissing { case: id, step: before.name });
        }
        if !case.admits(step) {
            return Err(FoldRefusal::StepTaken { case: id, step: step.name });
        }
        self.check_fields(register, id.form, step.fields, &taken.fields, signed)?;
        check_number(case, step, taken)
    }

    fn may_answer(
        &self,
        register: &Register,
        said: &AnswerAct,
        signed: &SignedAct,
        authority: &Authority,
        admitted: &Admitted,
        t: u64,
    ) -> Result<(), FoldRefusal> {
        if said.answer == Answer::Reviewed {
            let decided = register.state.by_deputy.get(&said.act).or_else(|| self.by_deputy.get(&said.act));
            let ByDeputy { post, operator: deputy } = decided.ok_or(FoldRefusal::NotAProposal)?;
            if self.was_reviewed(&said.act) {
                return Err(FoldRefusal::SaidTwice);
            }
            // Whoever decided in his place does not look at it in his place.
            let his =
                signed.act().post.as_ref() == Some(post) && !signed.act().as_deputy && signed.act().paper.is_none();
            // Nor once he holds the post himself.
            if his && admitted.operator.as_ref() == Some(deputy) {
                return Err(FoldRefusal::OwnDecision { post: post.clone() });
            }
            let operator = admitted.operator.clone().filter(|_| !his);
            return operator.map_or(Ok(()), |operator| Err(FoldRefusal::PostNotHeld { post: post.clone(), operator }));
        }
        let proposed = self.proposal(&said.act).ok_or(FoldRefusal::NotAProposal)?;
        if let Some(index) = register.act_index(&said.act) {
            return Err(FoldRefusal::Repeated { index });
        }
        if let Some(answered) = &proposed.answer {
            return Err(FoldRefusal::ProposalOver { answer: answered.answer, index: answered.index });
        }
        if said.answer == Answer::Withdrawn {
            let his = admitted.operator.is_some() && admitted.operator == proposed.operator;
            return if his { Ok(()) } else { Err(FoldRefusal::NotTheProposer) };
        }
        if said.reason.is_none() {
            return Err(FoldRefusal::ReasonMissing);
        }
        let Authority::Person { mandate, .. } = authority else {
            return Err(FoldRefusal::SignerNotAllowed(signed.signer().clone()));
        };
        let changes = &proposed.act.act().changes;
        let could = |change: &Change| {
            let roles = mandate.roles_on(&register.concern(change, changes, t));
            let route = register.route_at(change.class(), t);
            if route.distinct && admitted.operator == proposed.operator {
                return false;
            }
            route.admits_approver(&roles) || (route.stages.is_empty() && route.admits_proposer(&roles))
        };
        match changes.iter().find(|change| could(change)) {
            Some(_) => Ok(()),
            None => Err(FoldRefusal::NoRoute(changes.first().map_or(Class::Founding, Change::class))),
        }
    }
}

/// Whether a step is this signer's to take.
fn is_asked(case: &Case, step: &Step, signed: &SignedAct, authority: &Authority, admitted: &Admitted) -> bool {
    let has = |roles: &[Role]| step.by.iter().any(|role| roles.contains(role));
    let of_a_section = |section: &Code| match authority {
        Authority::Person { mandate, .. } => has(&mandate.roles_on(&Concern::Sections([section.clone()].into()))),
        Authority::Trustee { .. } | Authority::Terminal(_) | Authority::Recovery(_) => false,
    };
    match step.asked {
        Asked::EachRole => case.recipients().iter().any(|role| admitted.roles.contains(role)),
        Asked::Field(key) => match case.asked_by_field(step, key) {
            Whose::Section(_, section) => of_a_section(&section),
            Whose::Post(post) => {
                let decided = signed.act().paper.as_ref().map(|paper| &paper.post);
                decided.or(signed.act().post.as_ref()) == Some(&post)
            }
            Whose::Roles(_) | Whose::Partner(..) => has(&admitted.roles),
        },
        Asked::Nobody
        | Asked::WhoMay
        | Asked::WhereSerious
        | Asked::Where(..)
        | Asked::EachPartner
        | Asked::EachOf(_)
        | Asked::Closing => has(&admitted.roles),
    }
}

/// A step about another one names one that is there, and that no other step of its kind is about.
pub(super) fn check_number(case: &Case, step: &Step, taken: &TakeStep) -> Result<(), FoldRefusal> {
    let Asked::EachOf(other) = step.asked else { return Ok(()) };
    let named = value(&taken.fields, 1);
    let there = (1..).zip(case.taken(other)).any(|(number, _)| named == Some(&Value::Number(number)));
    let before = case.taken(step.key).any(|before| before.written.field(1) == named);
    if !there {
        return Err(FoldRefusal::FieldWrong {
            form: case.id.form,
            field: step.fields[0].name,
            fault: FieldFault::NotThere,
        });
    }
    if before { Err(FoldRefusal::StepTaken { case: case.id, step: step.name }) } else { Ok(()) }
}
