//! Whose names may be erased, and which were (§R3.18): a name is kept for as long as records that may mention the person. Texts of cases: `texts`.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::calendar::Month;
use crate::cards::Card;
use crate::change::{CaseId, Change, Designate, EraseNames, OperatorState};
use crate::fold::Register;
use crate::office::Office;
use crate::people::{Operator, Standing};
use crate::refusal::{FoldRefusal, WrongValue};
use crate::retention::{CLASSES, may_go};
use crate::signers::merged;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::values::NameHash;

mod texts;

pub use texts::TEXTS_MAX;

/// Names or texts that were erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Index of the act.
    pub index: u64,
    /// What is gone.
    pub of: ErasedOf,
}

/// Of whom, or of what, an act erased names or texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErasedOf {
    /// Every name of these persons.
    Persons(Vec<Code>),
    /// Every text of these cases.
    Cases(Vec<CaseId>),
}

impl Erased {
    /// Whether the names of that person are gone by it.
    #[must_use]
    pub fn is_of(&self, operator: &Code) -> bool {
        if let ErasedOf::Persons(operators) = &self.of { operators.contains(operator) } else { false }
    }
}

impl Register {
    /// The act that erased that name, or that text.
    #[must_use]
    pub fn name_erased(&self, name: &NameHash) -> Option<u64> {
        self.state.erased_names.get(name).copied()
    }

    /// Every name and text that was erased, and by which entry.
    pub fn erased_names(&self) -> impl Iterator<Item = (&NameHash, u64)> {
        self.state.erased_names.iter().map(|(name, index)| (name, *index))
    }

    /// Every act that erased names or texts, in log order.
    #[must_use]
    pub fn all_erased(&self) -> &[Erased] {
        self.state.office.as_ref().map_or(&[], |office| &office.kept.erased)
    }

    /// The last act that erased the names of that person.
    #[must_use]
    pub fn erased(&self, operator: &Code) -> Option<&Erased> {
        self.all_erased().iter().rev().find(|erased| erased.is_of(operator))
    }

    /// Whether the names of these persons, ascending, could be erased together at `now`, whoever signs it.
    ///
    /// # Errors
    /// What is in the way.
    pub fn may_erase(&self, operators: &[Code], now: u64) -> Result<(), FoldRefusal> {
        let draft = Draft::over(&self.state);
        draft.check_erasure(operators, now).map(drop)
    }
}

impl Draft<'_> {
    pub(crate) fn apply_erase_names(&mut self, change: &EraseNames, at: Position) -> Result<(), FoldRefusal> {
        let operators = &change.operators;
        if !(1..=OPERATORS_MAX).contains(&operators.len()) || !operators.is_sorted_by(|a, b| a < b) {
            return Err(FoldRefusal::ValueWrong(WrongValue::Erased));
        }
        // What waits to be approved and designates one of them anew brings no name back: it has not seen this.
        operators.iter().try_for_each(|operator| self.touch(Thing::Operator(operator.clone()), at))?;
        let names = self.check_erasure(operators, at.now)?;
        self.new_entries().erased_names.extend(names.into_iter().map(|name| (name, at.index)));
        self.office_mut()?.kept.erased.push(Erased { index: at.index, of: ErasedOf::Persons(operators.clone()) });
        Ok(())
    }

    /// The names of these persons that are not erased yet, if all of them may go.
    fn check_erasure(&self, operators: &[Code], now: u64) -> Result<BTreeSet<NameHash>, FoldRefusal> {
        let office = self.office().ok_or(FoldRefusal::NotFounded)?;
        let mut cards = self.cards_of_these(operators);
        let mut names = BTreeSet::new();
        for code in operators {
            let unknown = || FoldRefusal::Unknown(Thing::Operator(code.clone()));
            let operator = self.operator(code).ok_or_else(unknown)?;
            let left = self.left(office, operator, now)?;
            let last = cards.remove(code).unwrap_or_default().into_iter().try_fold(left, |last, card| {
                let out = || FoldRefusal::CardOut { operator: code.clone(), card: *card.guid() };
                Ok::<_, FoldRefusal>(last.max(self.given_back(card, code, now).ok_or_else(out)?))
            })?;
            is_mentioned_nowhere(office, operator, last, now)?;
            let own = self.names_of(operator);
            if let Some(index) = own.iter().map(|name| self.erased_name(name).copied()).min().flatten() {
                // None is left, or the least would have been nothing.
                return Err(FoldRefusal::NameErased { operator: code.clone(), index });
            }
            names.extend(own.into_iter().filter(|name| self.erased_name(name).is_none()));
        }
        self.nobody_else_has_one(&names, operators)?;
        Ok(names)
    }

    /// When the person's duty was over for the last time.
    fn left(&self, office: &Office, operator: &Operator, now: u64) -> Result<u64, FoldRefusal> {
        let still = || FoldRefusal::StillDesignated(operator.code().clone());
        // Whoever is announced comes.
        if office.recovering.announces(now, |change| designates(change, operator.code())) {
            return Err(still());
        }
        let said = || operator.designations().iter();
        let bounds = || said().flat_map(|said| [said.effective, said.value.from, said.value.to]);
        let designated = |t| matches!(operator.standing(t), Standing::Designated(_));
        let ended_by = |then: u64| bounds().filter(|t| (1..=then).contains(t) && designated(*t - 1)).max();
        if operator.state(now) == OperatorState::Ended {
            let states = operator.states().iter();
            let ends = states.filter(|said| said.effective <= now && said.value.0 == OperatorState::Ended);
            let end = ends.map(|said| said.effective).max().unwrap_or(now);
            if end > 0 && designated(end - 1) {
                return Ok(end);
            }
            // One who was ended before it had begun was never designated.
            return Ok(ended_by(end).unwrap_or(end));
        }
        if designated(now) || bounds().any(|t| t > now && designated(t)) {
            return Err(still());
        }
        ended_by(now).ok_or_else(still)
    }

    /// Every card that is or was one of theirs, by whose it was.
    fn cards_of_these(&self, operators: &[Code]) -> BTreeMap<Code, Vec<&Card>> {
        let (base, over) = self.layers();
        let mut cards: BTreeMap<Code, Vec<&Card>> = BTreeMap::new();
        for card in merged(&base.cards, &over.cards) {
            let lent = card.activations().iter().map(|said| &said.value.operator);
            let whose: BTreeSet<&Code> = card.issued().operator.iter().chain(lent).collect();
            let asked = whose.into_iter().filter(|code| operators.binary_search(code).is_ok());
            asked.for_each(|code| cards.entry(code.clone()).or_default().push(card));
        }
        cards
    }

    /// Since when a card is out of that person's hands; nothing while it is not.
    fn given_back(&self, card: &Card, operator: &Code, now: u64) -> Option<u64> {
        // The first: what is disposed of years after it was returned was out of his hands since then.
        let ends = card.states().iter().filter(|said| said.effective <= now && said.value.0.is_final());
        let ended = ends.map(|said| said.effective).min();
        let issued = card.issued();
        if issued.dormant {
            // The card stays, for the next one, or is no more.
            let lent = card.activations().iter().filter(|said| said.value.operator == *operator);
            let back = lent.map(|said| said.value.to).max()?;
            return Some(ended.map_or(back, |ended| back.min(ended))).filter(|back| *back <= now);
        }
        if ended.is_some() {
            return ended;
        }
        // A card from home is given back there.
        (self.comes_from_elsewhere(card) && issued.to <= now).then_some(issued.to)
    }

    /// Every name that a person was ever designated with, or announced with.
    fn names_of(&self, operator: &Operator) -> BTreeSet<NameHash> {
        let announced = self.names_announced(operator.code()).into_iter().flatten().copied();
        operator.designations().iter().map(|said| said.value.name).chain(announced).collect()
    }

    /// A person of two codes whose name was given once has the names of both go, or keeps them.
    fn nobody_else_has_one(&self, names: &BTreeSet<NameHash>, operators: &[Code]) -> Result<(), FoldRefusal> {
        let (base, over) = self.layers();
        let mut others = merged(&base.operators, &over.operators)
            .filter(|operator| operators.binary_search(operator.code()).is_err());
        let has = |operator: &Operator| operator.designations().iter().any(|said| names.contains(&said.value.name));
        if others.any(has) { Err(FoldRefusal::ValueWrong(WrongValue::Erased)) } else { Ok(()) }
    }

    /// A name that was erased comes back with no designation, whoever's.
    pub(crate) fn need_unerased(&self, change: &Designate) -> Result<(), FoldRefusal> {
        match self.erased_name(&change.name) {
            Some(index) => Err(FoldRefusal::NameErased { operator: change.operator.clone(), index: *index }),
            None => Ok(()),
        }
    }

    /// Keeps in mind which names lie beside an announcement.
    pub(crate) fn remember_names(&mut self, changes: &[Change]) {
        for designate in changes.iter().filter_map(Change::designation) {
            if self.names_announced_mut(&designate.operator).is_none() {
                self.new_entries().announced_names.insert(designate.operator.clone(), BTreeSet::new());
            }
            if let Some(names) = self.names_announced_mut(&designate.operator) {
                names.insert(designate.name);
            }
        }
    }
}

/// Every month of every class in which somebody could have been mentioned was destroyed: from the one of his first designation to the one after his
/// duty was over.
fn is_mentioned_nowhere(office: &Office, operator: &Operator, last: u64, now: u64) -> Result<(), FoldRefusal> {
    let first = operator.designations().iter().map(|said| said.effective).min().unwrap_or(last);
    // The moment itself is the first at which it was over.
    let end = Month::of(last.saturating_sub(1)).after(0, 2);
    for class in CLASSES {
        let left = office.kept.first_not_destroyed(class, Month::of(first));
        if left < end {
            // It says so itself where it could not have been destroyed yet.
            may_go(office, class, left, now)?;
            return Err(FoldRefusal::StillMentioned { operator: operator.code().clone(), class, month: left });
        }
    }
    Ok(())
}

fn designates(change: &Change, operator: &Code) -> bool {
    change.designation().is_some_and(|designate| designate.operator == *operator)
}

/// In one act: for each the fold looks at every card and every month of his.
const OPERATORS_MAX: usize = 500;
