//! Who may propose, approve a stage, answer, open a case and take it on (§R4.9, §R11.3).

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::{Admitted, Casebook};
use crate::act::SignedAct;
use crate::admission::Approval;
use crate::authority::{Authority, Link};
use crate::calendar::local_day;
use crate::cases::{Case, Whose};
use crate::change::{Answer, AnswerAct, Change, ConnectionState, Field, OpenCase, TakeStep, Value, value};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::spans::SPANS;
use crate::forms::{Asked, Blank, Form, Step, incident, stop};
use crate::organisation::ByDeputy;
use crate::recovery::is_for_recovery_keys;
use crate::refusal::{FieldFault, FoldRefusal, WrongValue};
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
        if let Some((signed, _)) = chain.first() {
            register.need_permit(source.act(), &source.act().changes, t)?;
            self.may_take(register, signed, t)?;
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
                self.may_open(register, open, signed, authority, admitted, t)?;
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
        authority: &Authority,
        admitted: &Admitted,
        t: u64,
    ) -> Result<(), FoldRefusal> {
        let definition = open.form.definition();
        let person = admitted.operator.is_some();
        let roles = roles_on(&opening_concerns(register, open.form, &open.fields, t), authority, admitted);
        if person && !definition.opened_by.iter().any(|role| roles.contains(role)) {
            return Err(FoldRefusal::NotYours { form: open.form, step: None });
        }
        self.check_fields(register, open.form, definition.fields, &open.fields, signed)?;
        check_spans(open.form, None, &open.fields, &open.fields)?;
        check_witness(open.form, definition.fields, &open.fields, admitted)?;
        // What a panel reports nobody has judged, so who is to be told is the form's to say.
        let policy = register.policy_at(signed.act().made);
        match Form::recipients_missing(open, policy).next() {
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
        // Whose texts are gone gets no new ones.
        if case.is_closed() || register.texts_erased(&id).is_some() {
            return Err(FoldRefusal::CaseOver(id));
        }
        if !is_asked(case, step, taken, register, signed, authority, admitted, t) {
            return Err(FoldRefusal::NotYours { form: id.form, step: Some(step.name) });
        }
        if let Some(before) = case.missing_before(step, register, t) {
            return Err(FoldRefusal::StepMissing { case: id, step: before.name });
        }
        if let Some(taken) = case.hindered_by(step) {
            return Err(FoldRefusal::StepTaken { case: id, step: taken.name });
        }
        if admitted.operator.as_ref().is_some_and(|operator| case.bars(step, operator)) {
            return Err(FoldRefusal::StepOfAnother { case: id, step: step.name });
        }
        self.check_fields(register, id.form, step.fields, &taken.fields, signed)?;
        check_spans(id.form, Some(step.key), &case.opened.fields, &taken.fields)?;
        check_witness(id.form, step.fields, &taken.fields, admitted)?;
        check_either(id.form, step, &taken.fields)?;
        check_call(case, step, taken)?;
        check_connection_act(case, step, taken, register)?;
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
            let ByDeputy { post, operator: deputy, made } = decided.ok_or(FoldRefusal::NotAProposal)?;
            if self.was_reviewed(&said.act) {
                return Err(FoldRefusal::SaidTwice);
            }
            // The holder himself, or on paper; whoever decided in his place does not look at it in his place.
            let paper = signed.act().paper.as_ref();
            let looks = paper.map(|paper| &paper.post).or(signed.act().post.as_ref());
            let his = looks == Some(post) && !signed.act().as_deputy;
            // Nor once he holds the post himself, or keeps its papers.
            if his && admitted.operator.as_ref() == Some(deputy) {
                return Err(FoldRefusal::OwnDecision { post: post.clone() });
            }
            if his && paper.is_some_and(|paper| paper.decided < local_day(*made)) {
                return Err(FoldRefusal::ValueWrong(WrongValue::PaperBefore));
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

/// Whether a step is this signer's to take: as [`Case::whose`] says, and the head of a section for what concerns his own alone.
#[allow(clippy::too_many_arguments, reason = "what the fold knows of a step, and asks nowhere else")]
fn is_asked(
    case: &Case,
    step: &Step,
    taken: &TakeStep,
    register: &Register,
    signed: &SignedAct,
    authority: &Authority,
    admitted: &Admitted,
    t: u64,
) -> bool {
    let has = |asked: &[Role], concern: &Concern| {
        let roles = roles_on(concern, authority, admitted);
        asked.iter().any(|role| roles.contains(role))
    };
    let concern = || case.concern(step, case.about(step, &taken.fields), &taken.fields, register, t);
    let by = || step.takers(&Concern::Nobody, register, t);
    match (step.asked, case.whose(step, register, t)) {
        // Whoever is told acknowledges for himself.
        (Asked::EachRole, Whose::Roles(asked)) => has(&asked, &Concern::Nobody),
        (_, Whose::Writer(writer, asked)) => {
            admitted.operator.as_ref() == Some(&writer) || has(&asked, &Concern::Nobody)
        }
        (_, Whose::Post(post)) => {
            let decided = signed.act().paper.as_ref().map(|paper| &paper.post);
            decided.or(signed.act().post.as_ref()) == Some(&post)
        }
        (Asked::Field(_), Whose::Roles(asked)) if case.takes_the_whole_office() => has(&asked, &Concern::Office),
        (Asked::Field(_), Whose::Section(asked, section)) => has(&asked, &Concern::Sections([section].into())),
        (_, Whose::Section(..) | Whose::Roles(_) | Whose::Partner(..)) => has(by(), &concern()),
    }
}

/// The signer's roles where something concerns these.
fn roles_on(concern: &Concern, authority: &Authority, admitted: &Admitted) -> Vec<Role> {
    match authority {
        Authority::Person { mandate, .. } => mandate.roles_on(concern),
        Authority::Trustee { .. } | Authority::Terminal(_) | Authority::Recovery(_) => admitted.roles.clone(),
    }
}

/// Whom the opening of a case concerns. What everybody may open everybody may open about anybody; and a section that is asked, as one whose records are
/// to be taken away, is not the one that asks.
pub(crate) fn opening_concerns(register: &Register, form: Form, fields: &[Field], t: u64) -> Concern {
    let definition = form.definition();
    if definition.opened_by.len() == Role::ALL.len() {
        return Concern::Nobody;
    }
    let is_asked = |key: u8| definition.steps.iter().any(|step| step.asked == Asked::Field(key));
    let fields: Vec<_> = fields.iter().filter(|field| !is_asked(field.key)).cloned().collect();
    Concern::of(register.sections_in(definition.fields, &fields, t))
}

/// Nothing ends before it began.
fn check_spans(form: Form, step: Option<u8>, opened: &[Field], fields: &[Field]) -> Result<(), FoldRefusal> {
    let definition = form.definition();
    for span in SPANS.iter().filter(|span| span.form == form && span.step == step) {
        let ends_early = match (value(opened, span.from), value(fields, span.to)) {
            (Some(Value::Day(from)), Some(Value::Day(to))) => to < from,
            (Some(Value::Moment(from)), Some(Value::Moment(to))) => to < from,
            _ => false,
        };
        if ends_early {
            let blanks = step.and_then(|key| definition.step(key)).map_or(definition.fields, |step| step.fields);
            let field = blanks.iter().find(|blank| blank.key == span.to).map_or("", |blank| blank.name);
            return Err(FoldRefusal::FieldWrong { form, field, fault: FieldFault::BeforeBeginning });
        }
    }
    Ok(())
}

/// A witness is another one than whoever did it, and than whoever writes it down.
fn check_witness(
    form: Form,
    blanks: &'static [Blank],
    fields: &[Field],
    admitted: &Admitted,
) -> Result<(), FoldRefusal> {
    let named = |name: &str| {
        let key = blanks.iter().find(|blank| blank.name == name)?.key;
        if let Some(Value::Code(code)) = value(fields, key) { Some(code) } else { None }
    };
    let witness = named("witness");
    let alone = witness.is_some() && (witness == named("person") || witness == admitted.operator.as_ref());
    let wrong = FoldRefusal::FieldWrong { form, field: "witness", fault: FieldFault::SamePerson };
    if alone { Err(wrong) } else { Ok(()) }
}

/// The record of a disconnection names an act that stopped, for its own incident and, where the committee is heard first, after that; and ends with one that
/// restored all that those had stopped.
pub(super) fn check_connection_act(
    case: &Case,
    step: &Step,
    taken: &TakeStep,
    register: &Register,
) -> Result<(), FoldRefusal> {
    let form = case.id.form;
    if form != Form::Disconnection || ![stop::STOPPED, stop::RECONNECTED].contains(&step.key) {
        return Ok(());
    }
    let Some(Value::Act(act)) = value(&taken.fields, stop::ACT) else { return Ok(()) };
    let did = register.act_index(act).and_then(|index| Some((index, register.connection_act(index)?)));
    let wrong = |fault| Err(FoldRefusal::FieldWrong { form, field: "act", fault });
    let Some((index, did)) = did else { return wrong(FieldFault::OtherAct) };
    let fits = match did.state {
        ConnectionState::Stopped => step.key == stop::STOPPED,
        ConnectionState::Connected => {
            let open = register.open_stops();
            step.key == stop::RECONNECTED && case.stops(register).all(|stop| stop < index && !open.contains(&stop))
        }
    };
    if !fits {
        return wrong(FieldFault::OtherAct);
    }
    let Some(Value::Case(incident)) = case.opened.field(stop::INCIDENT) else { return Ok(()) };
    if did.incident.is_some_and(|answered| answered != incident.number) {
        return wrong(FieldFault::OtherIncident);
    }
    // None was heard for a record whose door is the immediate one.
    let heard = case.taken(stop::HEARD).map(|taken| taken.written.made).min();
    let is_early = step.key == stop::STOPPED && case.is_ordinary_stop() && heard.is_none_or(|heard| did.at < heard);
    if is_early { wrong(FieldFault::BeforeHearing) } else { Ok(()) }
}

/// Whom a stop was told of, and what is kept of it, is said in one of two ways at least.
pub(super) fn check_either(form: Form, step: &Step, fields: &[Field]) -> Result<(), FoldRefusal> {
    let asked = |(key, one, other): &(u8, u8, u8)| {
        form == Form::Disconnection && step.key == *key && value(fields, *one).or(value(fields, *other)).is_none()
    };
    let Some((_, one, _)) = stop::EITHER.iter().find(|either| asked(either)) else { return Ok(()) };
    let field = step.fields.iter().find(|blank| blank.key == *one).map_or("", |blank| blank.name);
    Err(FoldRefusal::FieldWrong { form, field, fault: FieldFault::Missing })
}

/// A call of which others have to hear, or that nobody has judged, does not end without the incident report of which they do.
pub(super) fn check_call(case: &Case, step: &Step, taken: &TakeStep) -> Result<(), FoldRefusal> {
    let form = case.id.form;
    let opened = |key: u8| case.opened.field(key);
    let known = || opened(incident::CALL_INCIDENT).or(value(&taken.fields, incident::CLOSING_INCIDENT));
    let harmless = || opened(incident::CALL_LEVEL) == Some(&Value::Choice(incident::HARMLESS));
    if form != Form::EmergencyCall || step.asked != Asked::Closing || harmless() || known().is_some() {
        return Ok(());
    }
    Err(FoldRefusal::FieldWrong { form, field: "incident", fault: FieldFault::CallWithoutIncident })
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
