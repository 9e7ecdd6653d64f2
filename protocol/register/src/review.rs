//! What readers of access records look for (§R11.8): entries that a person should be asked about. A doubt is a question, never a verdict.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::Code;
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Body, Decision, Record};
use sekisho_wire::verdict::VerdictCode;

use crate::calendar::{MINUTE_MS, local_day};
use crate::fold::Register;
use crate::forms::checks;

/// An entry that somebody should be asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// The record, by its index; the first of several.
    pub record: u64,
    /// What is doubtful, as [`checks::DOUBTS`] numbers it.
    pub doubt: u8,
    /// Whose it is.
    pub operator: Option<Code>,
    /// Where.
    pub terminal: Option<Code>,
    /// Which section can answer: the person's, else the terminal's.
    pub section: Option<Code>,
    /// How many records say so.
    pub count: u32,
}

/// Sessions and decisions of a person on a day.
type OfPersonAndDay<'a> = BTreeMap<(&'a Code, u32), Vec<(u64, &'a DecisionInput, Option<VerdictCode>)>>;

/// Looks through these records, each with its index, ascending.
#[must_use]
pub fn doubts(records: &[(u64, Record)], register: &Register) -> Vec<Doubt> {
    let mut found = BTreeSet::new();
    let mut days = OfPersonAndDay::new();
    for (index, record) in records {
        if let Body::Alarm(alarm) = &record.body
            && alarm.kind == AlarmKind::TwoTerminals
        {
            found.insert(doubt(*index, checks::TWO_TERMINALS, None, alarm.terminal.as_ref(), 1, register));
        }
        let Some(input) = record.body.input() else { continue };
        let verdict = verdict_of(&record.body);
        if let Some(operator) = &input.operator {
            days.entry((operator, local_day(input.time))).or_default().push((*index, input, verdict));
        }
        if verdict.is_none_or(|verdict| verdict == VerdictCode::Granted) {
            found.extend(of_a_grant(*index, input, register));
        }
    }
    found.extend(days.iter().flat_map(|((operator, _), entries)| of_a_day(operator, entries, register)));
    found.extend(unusual_counts(&days, register));
    found.into_iter().collect()
}

/// The verdict of a decision; nothing for what opens a session.
fn verdict_of(body: &Body) -> Option<VerdictCode> {
    if let Body::Decision(Decision { verdict, .. }) = body { Some(*verdict) } else { None }
}

fn of_a_grant(index: u64, input: &DecisionInput, register: &Register) -> Vec<Doubt> {
    let said = |what| doubt(index, what, input.operator.as_ref(), Some(&input.terminal), 1, register);
    let mut found = Vec::new();
    if !register.is_open(&input.terminal, input.time) && input.permit.is_none() {
        found.push(said(checks::OUT_OF_HOURS));
    }
    if input.function.is_some() && input.purpose.is_none() && input.case.is_none() {
        found.push(said(checks::NO_PURPOSE));
    }
    found
}

/// What a whole day of one person shows.
fn of_a_day(
    operator: &Code,
    entries: &[(u64, &DecisionInput, Option<VerdictCode>)],
    register: &Register,
) -> Vec<Doubt> {
    let mut found = Vec::new();
    let refused: Vec<_> = entries
        .iter()
        .filter(|(_, _, verdict)| verdict.is_some_and(|verdict| verdict != VerdictCode::Granted))
        .collect();
    let mut say = |entries: &[&(u64, &DecisionInput, Option<VerdictCode>)], what: u8| {
        let Some((first, input, _)) = entries.first() else { return };
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        found.push(doubt(*first, what, Some(operator), Some(&input.terminal), count, register));
    };
    let outside: Vec<_> =
        refused.iter().copied().filter(|(_, _, verdict)| verdict.is_some_and(is_outside_duty)).collect();
    say(&outside, checks::OUT_OF_DUTY);
    if refused.len() >= MANY_REFUSALS {
        say(&refused, checks::REFUSALS);
    }
    let granted: Vec<_> = entries.iter().filter(|(_, _, verdict)| *verdict == Some(VerdictCode::Granted)).collect();
    if works_without_a_break(granted.iter().map(|(_, input, _)| input.time)) {
        say(&granted, checks::ONE_ID_ALL_DAY);
    }
    found
}

/// Nobody works for eight hours without half an hour's break: then several may use one card.
fn works_without_a_break(times: impl Iterator<Item = u64>) -> bool {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    let mut begun = times.first().copied().unwrap_or_default();
    times.windows(2).any(|pair| {
        if pair[1] - pair[0] >= BREAK {
            begun = pair[1];
        }
        pair[1] - begun >= WHOLE_DAY
    })
}

const fn is_outside_duty(verdict: VerdictCode) -> bool {
    matches!(
        verdict,
        VerdictCode::FunctionNotInScope | VerdictCode::FunctionNotForTerminal | VerdictCode::OperatorNotForTerminal
    )
}

/// Days on which somebody used a function several times as often as is usual for it, over all persons and days.
fn unusual_counts(days: &OfPersonAndDay<'_>, register: &Register) -> Vec<Doubt> {
    let mut counts: BTreeMap<&Code, Vec<(u32, u64, &Code, &DecisionInput)>> = BTreeMap::new();
    for ((operator, _), entries) in days {
        let mut here: BTreeMap<&Code, (u32, u64, &DecisionInput)> = BTreeMap::new();
        for (index, input, verdict) in entries {
            if let Some(function) = input.function.as_ref().filter(|_| *verdict == Some(VerdictCode::Granted)) {
                here.entry(function).or_insert((0, *index, input)).0 += 1;
            }
        }
        for (function, (count, first, input)) in here {
            counts.entry(function).or_default().push((count, first, operator, input));
        }
    }
    let mut found = Vec::new();
    for days in counts.values_mut() {
        days.sort_by_key(|(count, first, ..)| (*count, *first));
        let usual = days[days.len() / 2].0;
        let most = usual.saturating_mul(TIMES_AS_MANY).max(AT_LEAST);
        for (count, first, operator, input) in days.iter().filter(|(count, ..)| *count > most) {
            found.push(doubt(*first, checks::UNUSUAL_COUNT, Some(operator), Some(&input.terminal), *count, register));
        }
    }
    found
}

fn doubt(
    record: u64,
    doubt: u8,
    operator: Option<&Code>,
    terminal: Option<&Code>,
    count: u32,
    register: &Register,
) -> Doubt {
    let of_person = operator.and_then(|operator| register.operator(operator)?.designations().last()?.section.clone());
    let of_place = || Some(register.terminal(terminal?)?.version().section.clone());
    let section = of_person.or_else(of_place);
    Doubt { record, doubt, operator: operator.cloned(), terminal: terminal.cloned(), section, count }
}

/// So many refusals of one person on a day are many (ours).
const MANY_REFUSALS: usize = 5;
/// A break (ours).
const BREAK: u64 = 30 * MINUTE_MS;
/// A day without one (ours).
const WHOLE_DAY: u64 = 8 * 60 * MINUTE_MS;
/// So many times what is usual is unusual (ours)...
const TIMES_AS_MANY: u32 = 3;
/// ...but not below this (ours).
const AT_LEAST: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_with_a_break_is_nobody_elses() {
        let hours = |list: &[u64]| list.iter().map(|minutes| minutes * MINUTE_MS).collect::<Vec<_>>();
        let all_day: Vec<u64> = (0..=480).step_by(20).collect();
        assert!(works_without_a_break(hours(&all_day).into_iter()));
        let with_lunch: Vec<u64> = all_day.iter().copied().filter(|minute| !(180..=220).contains(minute)).collect();
        assert!(!works_without_a_break(hours(&with_lunch).into_iter()));
        assert!(!works_without_a_break(hours(&[0, 500]).into_iter()), "two entries far apart are no work in between");
        assert!(!works_without_a_break(core::iter::empty()));
    }
}
