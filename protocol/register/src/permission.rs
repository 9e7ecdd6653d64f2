//! Permits to use the system (利用許可, S2 6): where the policy asks for one, nothing is set up for a section without its number.
//!
//! That a number stands in the act everybody sees who folds the register log. Whether it was granted the casebook says, which no terminal has: the ledger asks
//! before it takes an act, whoever folds the casebook of a proposal, and `fsck` of all of it afterwards.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::id::{Code, Numbered};

use crate::act::{Act, SignedAct};
use crate::calendar::local_day;
use crate::casebook::Casebook;
use crate::change::{CaseId, Change, Value};
use crate::concern::Concern;
use crate::fold::{MADE_AHEAD_MS, MADE_BEHIND_MS, Register};
use crate::forms::{Form, dealings};
use crate::refusal::{FoldRefusal, PermitFault};

/// What an act sets up under a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    permit: Numbered,
    /// Of each change the sections that it concerns; nothing for one that concerns the whole office.
    sections: Vec<BTreeSet<Code>>,
    at: u64,
}

/// When it is asked whether a permit covers an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Before the act is taken: all that the casebook has counts.
    Before,
    /// When both logs are looked through afterwards: what the casebook had by then, as near as the clocks of several desks say.
    Afterwards,
}

impl Register {
    /// Refuses an act without a number where the policy asks for one at `t`. What only takes rights away, as what ends a loan does, waits for no permit.
    pub(crate) fn need_permit(&self, act: &Act, changes: &[Change], t: u64) -> Result<(), FoldRefusal> {
        if act.permit.is_some() {
            return Ok(());
        }
        let asked = &self.policy_at(t).permitted_classes;
        let ends_a_loan = |change: &&Change| {
            let Change::ActivateCard(lent) = change else { return false };
            self.card(&lent.card).is_some_and(|card| card.is_had_already(lent, t))
        };
        let gives = changes.iter().filter(|change| !change.only_takes_away() && !ends_a_loan(change));
        let mut classes = gives.map(Change::class);
        classes.find(|class| asked.contains(class)).map_or(Ok(()), |class| Err(FoldRefusal::PermitMissing { class }))
    }

    /// What an act, or the proposal that it approves, sets up under a permit; nothing where it names none. This is the register before it.
    #[must_use]
    pub fn set_up(&self, signed: &SignedAct) -> Option<SetUp> {
        let (source, _) = signed.source().ok()?;
        let permit = source.act().permit?;
        let (changes, at) = (&source.act().changes, signed.act().made);
        let sections = changes.iter().map(|change| match self.concern(change, changes, at) {
            Concern::Sections(sections) => sections,
            Concern::Office | Concern::Nobody => BTreeSet::new(),
        });
        Some(SetUp { permit, sections: sections.collect(), at })
    }
}

impl Casebook {
    /// Whether the permit is there, was granted to a section that all of it concerns, and had not ended when the act was made.
    ///
    /// # Errors
    /// [`FoldRefusal::PermitWrong`].
    pub fn permits(&self, set_up: &SetUp, asked: Asked) -> Result<(), FoldRefusal> {
        let wrong = |fault| Err(FoldRefusal::PermitWrong { permit: set_up.permit, fault });
        let Some(case) = self.case(&CaseId { form: Form::SystemUse, number: set_up.permit }) else {
            return wrong(PermitFault::Unknown);
        };
        let by = |moment: u64| case.steps.iter().filter(move |taken| taken.written.made <= moment);
        let (mut granted, ended) = match asked {
            Asked::Before => (by(u64::MAX), by(u64::MAX)),
            Asked::Afterwards => (by(set_up.at + CLOCKS_MS), by(set_up.at.saturating_sub(CLOCKS_MS))),
        };
        let mut ended = ended.filter(|taken| taken.step == dealings::USE_ENDED);
        let Some(answer) = granted.rfind(|taken| taken.step == dealings::USE_PERMITTED) else {
            return wrong(PermitFault::NotGranted);
        };
        if answer.written.field(dealings::ANSWERED) != Some(&Value::Choice(dealings::GRANTED)) {
            return wrong(PermitFault::Refused);
        }
        let last = answer.written.field(dealings::USE_UNTIL);
        let last = last.and_then(|day| if let Value::Day(day) = day { Some(*day) } else { None });
        if ended.next().is_some() || last.is_some_and(|last| last < local_day(set_up.at)) {
            return wrong(PermitFault::Ended);
        }
        let Some(Value::Code(own)) = case.opened.field(dealings::USING_SECTION) else {
            return wrong(PermitFault::Unknown);
        };
        if set_up.sections.iter().any(|sections| !sections.is_empty() && !sections.contains(own)) {
            return wrong(PermitFault::OtherSection);
        }
        Ok(())
    }
}

/// As far as the clocks of two desks that the ledger takes acts of may be apart (§R4.2).
pub(crate) const CLOCKS_MS: u64 = MADE_BEHIND_MS + MADE_AHEAD_MS;
