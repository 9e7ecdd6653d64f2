//! Who qualifies for a card (交付資格の認定, S4 10(1)(1)): for which kinds, by what, from when, until when.

use alloc::vec::Vec;

use crate::change::{CardKind, EndQualification, IssueCard, Qualify};
use crate::people::Operator;
use crate::refusal::{FoldRefusal, WrongValue};
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;
use crate::values::Title;
use sekisho_wire::id::Code;

/// That a person qualifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualification {
    /// For cards of these kinds.
    pub kinds: Vec<CardKind>,
    /// By what.
    pub ground: Title,
    /// From when.
    pub from: u64,
    /// Until when.
    pub to: u64,
}

impl Operator {
    /// The qualification in force at `t`.
    #[must_use]
    pub fn qualification(&self, t: u64) -> Option<&Qualification> {
        let said = self.qualifications.period_at(t, |said| said.as_ref().map(|held| (held.from, held.to)));
        said.and_then(Option::as_ref)
    }

    /// Every qualification, with its act; nothing where one was taken back.
    #[must_use]
    pub const fn qualifications(&self) -> &Timeline<Option<Qualification>> {
        &self.qualifications
    }

    /// Whether the person qualifies at `t` for a card of this kind.
    #[must_use]
    pub fn qualifies(&self, kind: CardKind, t: u64) -> bool {
        self.qualification(t).is_some_and(|held| held.kinds.contains(&kind))
    }
}

impl Draft<'_> {
    pub(crate) fn apply_qualify(&mut self, change: &Qualify, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Qualification(change.operator.clone());
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        if change.kinds.is_empty() || !change.kinds.is_sorted_by(|a, b| a < b) {
            return Err(FoldRefusal::ValueWrong(WrongValue::CardKinds));
        }
        self.need_operator(&change.operator, at)?;
        self.touch(thing.clone(), at)?;
        let held = Qualification {
            kinds: change.kinds.clone(),
            ground: change.ground.clone(),
            from: change.from,
            to: change.to,
        };
        let operator = self.operator_mut(&change.operator).ok_or(FoldRefusal::Unknown(thing))?;
        operator.qualifications.push(at.index, at.from(change.from), Some(held));
        Ok(())
    }

    pub(crate) fn apply_end_qualification(
        &mut self,
        change: &EndQualification,
        at: Position,
    ) -> Result<(), FoldRefusal> {
        let thing = Thing::Qualification(change.operator.clone());
        let known = self.operator(&change.operator).is_some_and(|person| person.qualifications.iter().next().is_some());
        if !known {
            return Err(FoldRefusal::Unknown(thing));
        }
        self.touch(thing.clone(), at)?;
        let operator = self.operator_mut(&change.operator).ok_or(FoldRefusal::Unknown(thing))?;
        operator.qualifications.push(at.index, at.from(change.effective), None);
        Ok(())
    }

    /// Who is lent a card of a kind for which the policy asks for a qualification has one when his card begins.
    pub(crate) fn need_qualification(
        &self,
        operator: &Code,
        kind: CardKind,
        begins: u64,
        at: Position,
    ) -> Result<(), FoldRefusal> {
        let policy = self.office().and_then(|office| office.policy.at(at.now));
        if !policy.is_some_and(|policy| policy.qualified_kinds.contains(&kind)) {
            return Ok(());
        }
        let qualifies = self.operator(operator).is_some_and(|person| person.qualifies(kind, begins));
        if qualifies { Ok(()) } else { Err(FoldRefusal::NotQualified { operator: operator.clone(), kind }) }
    }

    pub(crate) fn need_qualified_holder(&self, change: &IssueCard, at: Position) -> Result<(), FoldRefusal> {
        let holder = change.operator.as_ref();
        holder.map_or(Ok(()), |operator| self.need_qualification(operator, change.kind, at.from(change.from), at))
    }
}
