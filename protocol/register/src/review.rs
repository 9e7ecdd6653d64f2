//! What readers of access records look for (§R11.8): entries that a person should be asked about. A doubt is a question, never a verdict.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{CaseReference, Code, SessionId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body, Decision, Emitter, Record};
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::calendar::{MINUTE_MS, local_day};
use crate::casebook::Casebook;
use crate::cases::Case;
use crate::change::Value;
use crate::fold::Register;
use crate::forms::{Form, checks};

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
    /// Of two sessions at once the earlier: the record that opened it, and where.
    pub beside: Option<(u64, Code)>,
}

/// What the answer to a question about an entry refers to, held against the case that the entry names (R8-77): the inspector judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The same.
    Same,
    /// Another.
    Another,
    /// The entry names no case.
    NoCase,
    /// The answer names no document.
    NoDocument,
}

impl Reference {
    /// Of an answer's document and an entry's case. What is written alike is the same: case and width of letters, and blanks, are passed over.
    #[must_use]
    pub fn of(document: Option<&str>, case: Option<&str>) -> Self {
        match (document, case) {
            (_, None) => Self::NoCase,
            (None, Some(_)) => Self::NoDocument,
            (Some(document), Some(case)) if plain(document) == plain(case) => Self::Same,
            (Some(_), Some(_)) => Self::Another,
        }
    }

    /// In words.
    #[must_use]
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Same, Language::Japanese) => "記録の案件番号と一致",
            (Self::Same, Language::English) => "the same as the record's case",
            (Self::Another, Language::Japanese) => "記録の案件番号と相違",
            (Self::Another, Language::English) => "not the record's case",
            (Self::NoCase, Language::Japanese) => "記録に案件番号なし",
            (Self::NoCase, Language::English) => "the record names no case",
            (Self::NoDocument, Language::Japanese) => "回答に文書番号なし",
            (Self::NoDocument, Language::English) => "the answer names no document",
        }
    }
}

/// As people mean it: a full-width R is an R.
fn plain(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        'ー' | '−' | '‐' | '–' => '-',
        c => c,
    };
    text.chars().map(narrow).filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The case that a record names.
#[must_use]
pub fn case_of(record: &Record) -> Option<&CaseReference> {
    record.body.input().and_then(|input| input.case.as_ref())
}

/// The documents that the answers to a question refer to, each with the entry of the casebook that answers; nothing where one names none.
pub fn documents(case: &Case) -> impl Iterator<Item = (u64, Option<&str>)> {
    case.taken(checks::ANSWER).map(|taken| {
        let document = taken.written.field(checks::ANSWER_DOCUMENT);
        let document = if let Some(Value::Document(document)) = document { Some(document.as_str()) } else { None };
        (taken.written.index, document)
    })
}

/// The record that a question is about.
#[must_use]
pub fn asked_about(case: &Case) -> Option<u64> {
    if let Some(Value::Record(record)) = case.opened.field(checks::ASKED_RECORD) { Some(*record) } else { None }
}

/// The questions that were asked about this doubt.
pub fn asked<'a>(casebook: &'a Casebook, doubt: &'a Doubt) -> impl Iterator<Item = &'a Case> {
    casebook.cases_on(Form::LogReview).filter(|case| {
        asked_about(case) == Some(doubt.record)
            && case.opened.field(checks::ASKED_DOUBT) == Some(&Value::Choice(doubt.doubt))
    })
}

/// Sessions and decisions of a person on a day.
type OfPersonAndDay<'a> = BTreeMap<(&'a Code, u32), Vec<(u64, &'a DecisionInput, Option<VerdictCode>)>>;

/// Looks through these records, each with its index, ascending.
#[must_use]
pub fn doubts(records: &[(u64, Record)], register: &Register) -> Vec<Doubt> {
    let mut found = BTreeSet::new();
    let mut days = OfPersonAndDay::new();
    // Cards that are nobody's here, by terminal and day: the first record, and how many.
    let mut strange: BTreeMap<(&Code, u32), (u64, u32)> = BTreeMap::new();
    for (index, record) in records {
        if let Body::Alarm(alarm) = &record.body
            && alarm.kind == AlarmKind::TwoTerminals
        {
            found.insert(of_two_terminals(*index, alarm, records, register));
        }
        let Some(input) = record.body.input() else { continue };
        let verdict = verdict_of(&record.body);
        match &input.operator {
            Some(operator) => {
                days.entry((operator, local_day(input.time))).or_default().push((*index, input, verdict));
            }
            None if input.card.is_some() && verdict.is_some() => {
                let day = strange.entry((&input.terminal, local_day(input.time))).or_insert((*index, 0));
                day.1 += 1;
            }
            None => {}
        }
        if verdict.is_none_or(|verdict| verdict == VerdictCode::Granted) {
            found.extend(of_a_grant(*index, input, register));
        }
    }
    found.extend(days.iter().flat_map(|((operator, _), entries)| of_a_day(operator, entries, register)));
    found.extend(unusual_counts(&days, register));
    found.extend(
        strange.into_iter().map(|((terminal, _), (first, count))| {
            doubt(first, checks::REFUSALS, None, Some(terminal), count, register)
        }),
    );
    found.into_iter().collect()
}

/// The verdict of a decision; nothing for what opens a session.
fn verdict_of(body: &Body) -> Option<VerdictCode> {
    if let Body::Decision(Decision { verdict, .. }) = body { Some(*verdict) } else { None }
}

/// Whose the two sessions are that an alarm speaks of: it has the place of the later opening, which says who it was. The earlier one is his newest at another
/// terminal that was not closed before. What was not read names nobody.
fn of_two_terminals(index: u64, alarm: &Alarm, records: &[(u64, Record)], register: &Register) -> Doubt {
    let emitter = alarm.terminal.clone().map(Emitter::Terminal);
    let is_later = |record: &Record| {
        Some(&record.emitter) == emitter.as_ref() && Some(record.epoch) == alarm.epoch && Some(record.seq) == alarm.seq
    };
    let opening = |record: &Record| {
        if let Body::SessionOpened(opening) = &record.body { Some(opening.input.clone()) } else { None }
    };
    let later = records.iter().find(|(_, record)| is_later(record)).and_then(|(_, record)| opening(record));
    let operator = later.as_ref().and_then(|later| later.operator.clone());
    let mut doubt = doubt(index, checks::TWO_TERMINALS, operator.as_ref(), alarm.terminal.as_ref(), 1, register);
    let Some(later) = later.filter(|later| later.operator.is_some()) else { return doubt };
    let closed: BTreeSet<SessionId> = records
        .iter()
        .filter(|(_, record)| record.trusted < later.time)
        .filter_map(
            |(_, record)| if let Body::SessionClosed(closed) = &record.body { Some(closed.session) } else { None },
        )
        .collect();
    let earlier = records.iter().filter_map(|(at, record)| Some((*at, opening(record)?))).filter(|(_, opened)| {
        opened.operator == later.operator
            && opened.terminal != later.terminal
            && opened.time <= later.time
            && opened.session.is_none_or(|session| !closed.contains(&session))
    });
    doubt.beside = earlier.max_by_key(|(at, opened)| (opened.time, *at)).map(|(at, opened)| (at, opened.terminal));
    doubt
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
    Doubt { record, doubt, operator: operator.cloned(), terminal: terminal.cloned(), section, count, beside: None }
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
    fn an_answer_is_held_against_the_case_of_the_entry() {
        for (document, case, expected) in [
            (Some("R8-77"), Some("R8-77"), Reference::Same),
            (Some("Ｒ８－７７"), Some("R8-77"), Reference::Same),
            (Some("r8-77 "), Some("R8-77"), Reference::Same),
            (Some("R8-78"), Some("R8-77"), Reference::Another),
            (None, Some("R8-77"), Reference::NoDocument),
            (Some("R8-77"), None, Reference::NoCase),
            (None, None, Reference::NoCase),
        ] {
            assert_eq!(Reference::of(document, case), expected, "{document:?} {case:?}");
        }
    }

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
