//! Forms, their steps and answers to acts, as a signer reads them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::words::Language;

use crate::change::{Answer, AnswerAct, Field, OpenCase, TakeStep, Value};
use crate::forms::{Blank, Kind};
use crate::render::Titles;
use crate::wareki::{day_text, moment_text};

pub(super) fn open(change: &OpenCase, say: &Titles<'_>) -> String {
    let definition = change.form.definition();
    let title = definition.title.text(say.language);
    say.say(&format!("「{title}」を作成する"), &format!("fill in the form '{title}'"))
        + &fields(definition.fields, &change.fields, say)
}

pub(super) fn step(change: &TakeStep, say: &Titles<'_>) -> String {
    let (case, step) = (change.case.text(say.language), change.case.form.definition().step(change.step));
    let title = step.map_or_else(|| change.step.to_string(), |step| step.title.text(say.language).to_string());
    say.say(&format!("{case}: 「{title}」"), &format!("{case}: {title}"))
        + &fields(step.map_or(&[], |step| step.fields), &change.fields, say)
}

pub(super) fn answer(change: &AnswerAct, say: &Titles<'_>) -> String {
    let act = change.act;
    let reason = change
        .reason
        .map_or_else(String::new, |reason| say.say(&format!("、理由 {reason}"), &format!(", reason {reason}")));
    match change.answer {
        Answer::Refused => {
            say.say(&format!("申請 {act} を不承認とする{reason}"), &format!("refuse proposal {act}{reason}"))
        }
        Answer::Withdrawn => {
            say.say(&format!("申請 {act} を取り下げる{reason}"), &format!("withdraw proposal {act}{reason}"))
        }
        Answer::Reviewed => say.say(
            &format!("代決された処分 {act} を後閲した{reason}"),
            &format!("reviewed what a deputy decided: {act}{reason}"),
        ),
    }
}

/// What was filled in, one a line.
fn fields(blanks: &'static [Blank], fields: &[Field], say: &Titles<'_>) -> String {
    let line = |field: &Field| {
        let blank = blanks.iter().find(|blank| blank.key == field.key);
        let title = blank.map_or_else(|| field.key.to_string(), |blank| blank.title.text(say.language).to_string());
        let value = field_text(blank.map(|blank| blank.kind), &field.value, say.language);
        format!("\n   {title}: {value}")
    };
    fields.iter().map(line).collect()
}

/// What stands in a field, for people. Of free text it is the hash: the text stands beside it.
#[must_use]
pub fn field_text(kind: Option<Kind>, value: &Value, language: Language) -> String {
    match value {
        Value::Text(hash) => hash.to_string(),
        Value::Code(code) => code.to_string(),
        Value::Card(card) => card.to_string(),
        Value::Moment(at) => moment_text(*at, language),
        Value::Day(day) => day_text(*day, language),
        Value::Number(number) => number.to_string(),
        Value::Choice(number) => {
            let words = if let Some(Kind::Choice(words)) = kind { words } else { &[] };
            let word = words.iter().find(|word| word.number == *number);
            word.map_or_else(|| number.to_string(), |word| word.title.text(language).to_string())
        }
        Value::Document(number) => number.to_string(),
        Value::Case(case) => case.text(language),
        Value::Act(act) => act.to_string(),
        Value::Record(index) => index.to_string(),
        Value::Roles(roles) => {
            let names = roles.iter().map(|role| match language {
                Language::Japanese => role.title(),
                Language::English => role.name(),
            });
            names.collect::<Vec<_>>().join(if language == Language::Japanese { "、" } else { ", " })
        }
    }
}
