//! The texts of cases that an act erases (§R3.25), as far as the register alone can say. Whether a case may lose them says the casebook.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{Erased, ErasedOf};
use crate::change::{CaseId, CaseTexts, EraseTexts};
use crate::fold::Register;
use crate::refusal::{FoldRefusal, Stays, WrongValue};
use crate::signers::merged;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::values::NameHash;

impl Register {
    /// The act that erased the texts of that case.
    #[must_use]
    pub fn texts_erased(&self, case: &CaseId) -> Option<u64> {
        // Nothing else that the register says is about a case.
        self.state.touched.get(&Thing::Case(*case)).copied()
    }
}

impl Draft<'_> {
    pub(crate) fn apply_erase_texts(&mut self, change: &EraseTexts, at: Position) -> Result<(), FoldRefusal> {
        let wrong = Err(FoldRefusal::ValueWrong(WrongValue::ErasedTexts));
        let cases = &change.cases;
        let texts: Vec<&NameHash> = cases.iter().flat_map(|case| &case.texts).collect();
        let ascends = |case: &CaseTexts| !case.texts.is_empty() && case.texts.is_sorted_by(|a, b| a < b);
        if !(1..=TEXTS_MAX).contains(&texts.len())
            || !cases.is_sorted_by(|a, b| a.case < b.case)
            || !cases.iter().all(ascends)
        {
            return wrong;
        }
        for CaseTexts { case, texts } in cases {
            if let Some(index) = texts.iter().find_map(|text| self.erased_name(text)) {
                return Err(FoldRefusal::TextsStay { case: *case, why: Stays::Erased(*index) });
            }
        }
        // What goes by this act waits for less than a name does (§R3.18).
        if self.is_a_name_among(&texts) {
            return wrong;
        }
        cases.iter().try_for_each(|case| self.touch(Thing::Case(case.case), at))?;
        let gone = texts.into_iter().map(|text| (*text, at.index));
        self.new_entries().erased_names.extend(gone);
        let of = ErasedOf::Cases(cases.iter().map(|case| case.case).collect());
        self.office_mut()?.kept.erased.push(Erased { index: at.index, of });
        Ok(())
    }

    fn is_a_name_among(&self, texts: &[&NameHash]) -> bool {
        let texts: BTreeSet<&NameHash> = texts.iter().copied().collect();
        let (base, over) = self.layers();
        let mut persons = merged(&base.operators, &over.operators);
        persons.any(|person| self.names_of(person).iter().any(|name| texts.contains(name)))
    }
}

/// In one act, of all its cases: an approval carries the proposal whole, and an act has an end ([`crate::act::ACT_MAX`]).
pub const TEXTS_MAX: usize = 1_000;
