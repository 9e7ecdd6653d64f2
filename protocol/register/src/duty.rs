//! When a person's duty was over: by an act, or because the time that he was designated for was.

use crate::change::{OperatorState, StateReason};
use crate::people::{Designation, Operator, Standing};

/// The end of the duty that a person had last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left<'a> {
    /// The first moment without it.
    pub at: u64,
    /// Why, as the act that ended it says; nothing where the time was over.
    pub why: Option<StateReason>,
    /// As what the person was designated until then; nothing for one who was ended before it had begun.
    pub was: Option<&'a Designation>,
}

impl Operator {
    /// Since when the person has had no duty at `t`; nothing for whoever has one then, or is to have his first.
    ///
    /// It is the end of what really held: a designation that another one shortened ended when that one did, and what ended already is not ended
    /// again by an act.
    #[must_use]
    pub fn left(&self, t: u64) -> Option<Left<'_>> {
        if self.designated_at(t).is_some() {
            return None;
        }
        let begun = |b: &u64| (1..=t).contains(b);
        let dates = self.designations().iter().flat_map(|said| [said.effective, said.value.from, said.value.to]);
        let dates = dates.chain(self.states().iter().map(|said| said.effective)).filter(begun);
        let ends = dates
            .filter_map(|b| self.designated_at(b - 1).filter(|_| self.designated_at(b).is_none()).map(|was| (b, was)));
        if let Some((at, was)) = ends.max_by_key(|(at, _)| *at) {
            return Some(Left { at, why: self.ended_by(at), was: Some(was) });
        }
        // Never on duty.
        let ended = self.states().iter().map(|said| said.effective).filter(begun);
        let ended =
            ended.filter(|b| self.state(*b) == OperatorState::Ended && self.state(*b - 1) != OperatorState::Ended);
        let at = ended.max().filter(|_| self.state(t) == OperatorState::Ended)?;
        Some(Left { at, why: self.ended_by(at), was: None })
    }

    /// As what he is designated at `t`, unless his duty was ended.
    fn designated_at(&self, t: u64) -> Option<&Designation> {
        match self.standing(t) {
            Standing::Designated(designation) if self.state(t) != OperatorState::Ended => Some(designation),
            Standing::Designated(_) | Standing::NotBegun | Standing::Ended => None,
        }
    }

    fn ended_by(&self, t: u64) -> Option<StateReason> {
        let said = self.state_said(t)?;
        (said.0 == OperatorState::Ended).then_some(said.1)
    }
}
