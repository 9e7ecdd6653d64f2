//! What an entry of the casebook stands on: none of it may have changed since the register that judges it (§R4.9).

use alloc::vec::Vec;

use sekisho_wire::cose::Signer;
use sekisho_wire::id::Code;

use crate::act::SignedAct;
use crate::change::{Change, Field, Value};
use crate::fold::Register;
use crate::forms::{Blank, Kind};
use crate::refusal::{FieldFault, FoldRefusal};
use crate::thing::Thing;

/// Whether the register of the first `judged_by` entries says of everything that this entry stands on what the one in force says.
pub(super) fn stands_on(register: &Register, signed: &SignedAct, judged_by: u64) -> Result<(), FoldRefusal> {
    let mut next = Some(signed.clone());
    while let Some(link) = next {
        for thing in signer(register, &link).into_iter().chain(filled_in(&link)) {
            register.check_unchanged(thing, judged_by)?;
        }
        // Whoever acts for one section has to see to which section belongs what he acts on.
        let post = link.act().post.as_ref().and_then(|post| register.post(post));
        let (source, _) = signed.source().map_err(FoldRefusal::Malformed)?;
        if post.is_some_and(|post| post.version().section.is_some()) {
            for thing in source.act().changes.iter().flat_map(|change| acted_on(register, change)) {
                register.check_unchanged(thing, judged_by)?;
            }
        }
        next = link.proposal().map_err(FoldRefusal::Malformed)?;
    }
    named_acts(register, signed, judged_by)
}

/// Card, person, posts and routes.
fn signer(register: &Register, signed: &SignedAct) -> Vec<Thing> {
    match signed.signer() {
        Signer::Card(guid) => {
            let holder = register.card(guid).and_then(|card| card.issued().operator.clone());
            let home = holder.as_ref().and_then(|operator| register.operator(operator)?.home());
            let trust = home.map(|home| Thing::Trust(home.partner.clone()));
            let posts = signed.act().post.iter().chain(signed.act().paper.as_ref().map(|paper| &paper.post));
            let changes = signed.source().map_or_else(|_| Vec::new(), |(source, _)| source.act().changes.clone());
            let routes = changes.into_iter().map(|change| Thing::Route(change.class()));
            let person = holder.clone().map(Thing::Operator);
            let posts = posts.cloned().map(Thing::Post);
            [Thing::Card(*guid)].into_iter().chain(person).chain(trust).chain(posts).chain(routes).collect()
        }
        Signer::Terminal(terminal) => [Thing::Terminal(terminal.clone())].into(),
        // They file nothing.
        Signer::Recovery(_) => Vec::new(),
    }
}

/// What the fields of forms name.
fn filled_in(signed: &SignedAct) -> Vec<Thing> {
    let mut things = Vec::new();
    for change in &signed.act().changes {
        if let Change::Open(open) = change {
            things.extend(in_fields(open.form.definition().fields, &open.fields));
        }
        if let Change::Step(step) = change {
            let known = step.case.form.definition().step(step.step);
            things.extend(in_fields(known.map_or(&[], |known| known.fields), &step.fields));
        }
    }
    things
}

fn in_fields<'f>(blanks: &'static [Blank], fields: &'f [Field]) -> impl Iterator<Item = Thing> + 'f {
    fields.iter().filter_map(|field| {
        let kind = blanks.iter().find(|blank| blank.key == field.key)?.kind;
        if let Value::Card(card) = &field.value {
            return Some(Thing::Card(*card));
        }
        if let Value::Code(code) = &field.value { named(kind, code) } else { None }
    })
}

fn named(kind: Kind, code: &Code) -> Option<Thing> {
    let code = code.clone();
    match kind {
        Kind::Operator => Some(Thing::Operator(code)),
        Kind::Section => Some(Thing::Section(code)),
        Kind::Post => Some(Thing::Post(code)),
        Kind::Terminal => Some(Thing::Terminal(code)),
        Kind::Function => Some(Thing::Function(code)),
        Kind::Partner => Some(Thing::Partner(code)),
        Kind::Order => Some(Thing::Order(code)),
        Kind::Text
        | Kind::Code
        | Kind::IncidentKind
        | Kind::Card
        | Kind::Past
        | Kind::Moment
        | Kind::PastDay
        | Kind::Day
        | Kind::Number
        | Kind::Choice(_)
        | Kind::Document
        | Kind::Case(_)
        | Kind::Act
        | Kind::Record
        | Kind::Roles => None,
    }
}

/// An act that is named must lie in the register that judges.
fn named_acts(register: &Register, signed: &SignedAct, judged_by: u64) -> Result<(), FoldRefusal> {
    for change in &signed.act().changes {
        let opened = if let Change::Open(open) = change { Some((open.form, &open.fields)) } else { None };
        let taken = if let Change::Step(step) = change { Some((step.case.form, &step.fields)) } else { None };
        let Some((form, fields)) = opened.or(taken) else { continue };
        let beyond = |field: &Field| {
            if let Value::Act(act) = &field.value {
                register.act_index(act).is_some_and(|index| index >= judged_by)
            } else {
                false
            }
        };
        if fields.iter().any(beyond) {
            return Err(FoldRefusal::FieldWrong { form, field: "act", fault: FieldFault::NotThere });
        }
    }
    Ok(())
}

/// The person, card or terminal by which it is known to which section a change belongs.
fn acted_on(register: &Register, change: &Change) -> Vec<Thing> {
    let operator = |code: &Code| Thing::Operator(code.clone());
    if let Some(designation) = change.designation() {
        return [operator(&designation.operator)].into();
    }
    if let Change::OperatorState(said) = change {
        return [operator(&said.operator)].into();
    }
    if let Change::Profile(said) = change {
        return [operator(&said.operator)].into();
    }
    if let Change::WithdrawProfile(said) = change {
        return [operator(&said.operator)].into();
    }
    if let Change::Qualify(said) = change {
        return [operator(&said.operator)].into();
    }
    if let Change::EndQualification(said) = change {
        return [operator(&said.operator)].into();
    }
    if let Change::IssueCard(said) = change {
        return said.operator.iter().map(operator).collect();
    }
    if let Change::ActivateCard(said) = change {
        let lent = register.card(&said.card).into_iter().flat_map(|card| card.activations().iter());
        let lent = lent.filter(|lent| lent.value.to > said.from).map(|lent| operator(&lent.value.operator));
        return [Thing::Card(said.card), operator(&said.operator)].into_iter().chain(lent).collect();
    }
    let of_card = |card| {
        let holder = register.card(card).and_then(|card| card.issued().operator.as_ref());
        [Thing::Card(*card)].into_iter().chain(holder.map(operator)).collect()
    };
    if let Change::CardState(said) = change {
        return of_card(&said.card);
    }
    if let Change::ResetPin(said) = change {
        return of_card(&said.card);
    }
    if let Change::Terminal(said) = change {
        return [Thing::Terminal(said.terminal.clone())].into();
    }
    if let Change::TerminalState(said) = change {
        return [Thing::Terminal(said.terminal.clone())].into();
    }
    if let Change::OpenEpoch(said) = change {
        return [Thing::Terminal(said.terminal.clone())].into();
    }
    if let Change::Hours(said) = change {
        return said.terminal.iter().cloned().map(Thing::Terminal).collect();
    }
    if let Change::Permit(said) = change {
        let terminals = said.terminals.iter().cloned().map(Thing::Terminal);
        return said.operators.iter().map(operator).chain(terminals).collect();
    }
    if let Change::EndPermit(said) = change { [Thing::Permit(said.permit)].into() } else { Vec::new() }
}
