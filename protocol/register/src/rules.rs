//! Versions of the rules of work (執務基準書, S4 10(1)(5)(6)), and who has acknowledged them.

use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::calendar::local_day;
use crate::casebook::Casebook;
use crate::cases::Case;
use crate::change::{CaseId, Value};
use crate::forms::{Form, people};

/// That a person knows a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The version's case.
    pub rules: CaseId,
    /// What the office calls the version.
    pub version: Code,
    /// On which day.
    pub on: u32,
}

impl Case {
    /// The day in a field of the opening.
    pub(crate) fn day(&self, key: u8) -> Option<u32> {
        if let Some(Value::Day(day)) = self.opened.field(key) { Some(*day) } else { None }
    }

    /// Of a version of the rules: the day on which this person acknowledged it, the last one that had been written down by `t`.
    #[must_use]
    pub fn acknowledged_by(&self, operator: &Code, t: u64) -> Option<u32> {
        let taken = self.taken(people::ACKNOWLEDGED_RULES).filter(|_| self.id.form == Form::Rules);
        let mut his = taken.map(|taken| &taken.written).filter(|written| {
            let who = written.field(people::ACKNOWLEDGED_WHO);
            written.made <= t && if let Some(Value::Code(who)) = who { who == operator } else { false }
        });
        let day = his.next_back()?.field(people::ACKNOWLEDGED_DAY)?;
        if let Value::Day(day) = day { Some(*day) } else { None }
    }
}

impl Casebook {
    /// The versions that have to be known at `t`: each until one that replaces it is in force. A new one is made known before its day.
    pub fn rules_to_know(&self, t: u64) -> impl Iterator<Item = &Case> {
        let today = local_day(t);
        let replaced = move |rules: &&Case| {
            self.cases_on(Form::Rules).any(|newer| {
                newer.opened.field(people::RULES_REPLACED) == Some(&Value::Case(rules.id))
                    && newer.day(people::RULES_FROM).is_some_and(|from| from <= today)
            })
        };
        self.cases_on(Form::Rules).filter(move |rules| !rules.is_withdrawn() && !replaced(rules))
    }

    /// What this person has acknowledged by then, in the order of the versions' numbers.
    #[must_use]
    pub fn acknowledged(&self, operator: &Code, t: u64) -> Vec<Acknowledged> {
        let known = self.cases_on(Form::Rules).filter_map(|rules| {
            let on = rules.acknowledged_by(operator, t)?;
            let Some(Value::Code(version)) = rules.opened.field(people::RULES_VERSION) else { return None };
            Some(Acknowledged { rules: rules.id, version: version.clone(), on })
        });
        known.collect()
    }
}
