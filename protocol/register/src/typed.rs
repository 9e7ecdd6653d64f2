//! What people type into fields, read as values (§R11.3): on a command line and in a browser alike, and all that is wrong is said at once.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code, Hash, Numbered, Salt};
use sekisho_wire::words::Language;

use crate::calendar::{Month, local_day};
use crate::change::{CaseId, Field, Value};
use crate::dates::{Edge, NotADate, When};
use crate::fold::Register;
use crate::forms::{Blank, Choice, Kind, Words};
use crate::refusal::FieldFault;
use crate::role::Role;
use crate::values::{NameHash, Title};

/// Most bytes of a text of a form.
pub const TEXT_MAX: usize = 4_000;

/// What was typed into the fields of a form or a step.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What could be read, by key, ascending.
    pub fields: Vec<Field>,
    /// The texts that travel beside it.
    pub texts: Vec<(Salt, String)>,
    /// What could not, in the order of the form.
    pub wrong: Vec<WrongField>,
}

/// A field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongField {
    /// Its name in programs.
    pub name: &'static str,
    /// Its name for people.
    pub title: Words,
    /// What it takes.
    pub takes: Takes,
    /// What is wrong.
    pub fault: Fault,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One of these.
    One(Kind),
    /// Any number of these, with commas between them.
    Several(Kind),
    /// The moment from which, or until which, something holds: "until 31 March" includes that day.
    Moment(Edge),
    /// The day from which, or until which, something holds.
    Day(Edge),
    /// A month.
    Month,
    /// A fiscal year and a number in it.
    Number,
    /// A few words.
    Title,
}

/// What is wrong with what stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not written as such a thing is.
    Spelling,
    /// It is no date.
    Date(NotADate),
    /// The fold's own word.
    Field(FieldFault),
    /// These have to be told, too.
    Recipients(Vec<Role>),
    /// Something else in the form, or the register, does not go with it: Japanese, English.
    Against(Words),
}

/// Reads what was typed: pairs of a field's name and a text; names of no field are passed over. Each text gets the next of the salts.
#[must_use]
pub fn read<'t>(
    blanks: &'static [Blank],
    given: impl IntoIterator<Item = (&'t str, &'t str)>,
    register: &Register,
    salts: &mut dyn Iterator<Item = Salt>,
) -> Typed {
    let mut typed = Typed::default();
    for (name, text) in given {
        let Some(blank) = blanks.iter().find(|blank| blank.name == name) else { continue };
        let value = if blank.kind == Kind::Text {
            let salt = is_a_text(text).then(|| salts.next()).flatten();
            salt.ok_or(Fault::Spelling).map(|salt| {
                typed.texts.push((salt, text.to_string()));
                Value::Text(NameHash::of(&salt, text))
            })
        } else {
            value_of(blank.kind, text, register)
        };
        match value {
            Ok(value) => typed.fields.push(Field { key: blank.key, value }),
            Err(fault) => typed.wrong.push(WrongField::of(blank, fault)),
        }
    }
    typed.fields.sort_by_key(|field| field.key);
    typed
}

/// One value of a kind that is no text.
pub(crate) fn value_of(kind: Kind, text: &str, register: &Register) -> Result<Value, Fault> {
    let date = || When::read(text).map_err(Fault::Date);
    let read = match kind {
        Kind::Code
        | Kind::Operator
        | Kind::Section
        | Kind::Post
        | Kind::Terminal
        | Kind::Function
        | Kind::Partner
        | Kind::Order => text.parse::<Code>().ok().map(Value::Code),
        Kind::IncidentKind => register.policy().kind_typed(text).map(Value::Code),
        Kind::Card => return card(text, register).map(Value::Card),
        Kind::Past | Kind::Moment => Some(Value::Moment(date()?.moment(Edge::From))),
        Kind::PastDay | Kind::Day => Some(Value::Day(local_day(date()?.moment(Edge::From)))),
        Kind::Number => text.parse().ok().map(Value::Number),
        Kind::Choice(words) => word(words, text).map(|word| Value::Choice(word.number)),
        Kind::Document => Title::new(text).map(Value::Document),
        Kind::Case(form) => {
            let numbered = || numbered(text).map(|number| CaseId { form, number });
            text.parse::<CaseId>().ok().or_else(numbered).map(Value::Case)
        }
        Kind::Act => text.parse::<Hash>().ok().map(Value::Act),
        Kind::Record => text.parse().ok().map(Value::Record),
        Kind::Roles => roles(text).map(Value::Roles),
        Kind::Text => None,
    };
    read.ok_or(Fault::Spelling)
}

fn word(words: &'static [Choice], text: &str) -> Option<&'static Choice> {
    let is_it = |word: &&Choice| {
        let titles = [Language::Japanese, Language::English].map(|language| word.title.text(language));
        word.name == text || titles.contains(&text)
    };
    words.iter().find(is_it)
}

fn roles(text: &str) -> Option<Vec<Role>> {
    let mut roles = text.split(',').map(|role| Role::from_name(role.trim())).collect::<Option<Vec<_>>>()?;
    roles.sort_unstable();
    roles.dedup();
    Some(roles)
}

/// A card by its GUID or its number.
fn card(text: &str, register: &Register) -> Result<CardGuid, Fault> {
    if let Ok(guid) = text.parse() {
        return Ok(guid);
    }
    let card = register.card_by_number(numbered(text).ok_or(Fault::Spelling)?);
    card.map(|card| *card.guid()).ok_or(Fault::Field(FieldFault::NotThere))
}

/// A fiscal year and a number in it, `2026-12`.
pub(crate) fn numbered(text: &str) -> Option<Numbered> {
    let (year, number) = text.split_once('-')?;
    Some(Numbered { fiscal_year: year.parse().ok()?, number: number.parse().ok()? })
}

pub(crate) fn month(text: &str) -> Option<Month> {
    text.parse().ok()
}

/// Whether a text of a form shows as it is written; it may have lines.
#[must_use]
pub fn is_a_text(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.len())
        && !text.trim().is_empty()
        && !text.chars().any(|c| c != '\n' && does_not_show(c))
}

/// Whether a character is one that nobody sees.
#[must_use]
pub fn does_not_show(c: char) -> bool {
    c.is_control() || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Unicode 16, `Default_Ignorable_Code_Point`, with line ends and the blank of Braille. The variation selectors U+FE00–FE0F and U+E0100–E01EF are
/// left out: they tell apart how two persons write the same character of their names.
#[rustfmt::skip]
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'), ('\u{34f}', '\u{34f}'), ('\u{61c}', '\u{61c}'), ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'), ('\u{180b}', '\u{180f}'), ('\u{200b}', '\u{200f}'), ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'), ('\u{2800}', '\u{2800}'), ('\u{3164}', '\u{3164}'), ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'), ('\u{fff0}', '\u{fffb}'), ('\u{1bca0}', '\u{1bca3}'), ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e00ff}'), ('\u{e01f0}', '\u{e0fff}'),
];

impl WrongField {
    /// This field of a form, with what is wrong with it.
    #[must_use]
    pub const fn of(blank: &Blank, fault: Fault) -> Self {
        Self { name: blank.name, title: blank.title, takes: Takes::One(blank.kind), fault }
    }

    /// What is wrong, and what is expected: one line, without a full stop.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let japanese = language == Language::Japanese;
        let say = |ja: &str, en: &str| if japanese { ja.to_string() } else { en.to_string() };
        let what = match &self.fault {
            Fault::Spelling => say("この欄に記入できる形ではありません", "it is not written as this field takes it"),
            Fault::Date(fault) => fault.text(language),
            Fault::Field(FieldFault::NotThere) => say("登録されていません", "there is no such one"),
            Fault::Field(FieldFault::InFuture) => say("まだ来ていない日時です", "that has not been yet"),
            Fault::Field(fault) => fault.text("", language),
            Fault::Recipients(roles) => {
                let names: Vec<&str> =
                    roles.iter().map(|role| if japanese { role.title() } else { role.name() }).collect();
                let between = if japanese { "、" } else { ", " };
                let names = names.join(between);
                return if japanese {
                    format!("次の者への報告も必要です: {names}")
                } else {
                    format!("it has to be told to {names}, too")
                };
            }
            Fault::Against(words) => return words.text(language).to_string(),
        };
        let expected = self.takes.expected(language);
        if japanese { format!("{what}({expected})") } else { format!("{what}: {expected}") }
    }
}

impl Takes {
    /// What is expected, with an example where that helps.
    #[must_use]
    pub fn expected(self, language: Language) -> String {
        let say = |ja: &str, en: &str| if language == Language::Japanese { ja.to_string() } else { en.to_string() };
        match self {
            Self::One(kind) => kind.expected(language),
            Self::Several(kind) => {
                let one = kind.expected(language);
                if language == Language::Japanese {
                    format!("{one}。複数はコンマで区切る")
                } else {
                    format!("{one}; several with commas between them")
                }
            }
            Self::Moment(_) | Self::Day(_) => {
                say("日付又は日時。例: 2026-04-01、令和8年4月1日", "a date, with or without a time: 2026-04-01")
            }
            Self::Month => say("月。例: 2026-04", "a month, as in 2026-04"),
            Self::Number => say("年度と番号。例: 2026-12", "the fiscal year and the number, as in 2026-12"),
            Self::Title => say("見える文字で1〜64文字", "1 to 64 visible characters"),
        }
    }
}

impl Kind {
    /// What is expected in such a field, with an example where that helps.
    #[must_use]
    pub fn expected(self, language: Language) -> String {
        let japanese = language == Language::Japanese;
        let (ja, en) = match self {
            Self::Text => ("1〜約1300文字の文章", "a text of 1 to about 1,300 characters"),
            Self::Code => ("英小文字、数字、-、. のコード", "a code of small letters, digits, - and ."),
            Self::Operator => ("登録された者の照合ID", "the code of a person in the register"),
            Self::Section => ("登録された課のコード", "the code of a section in the register"),
            Self::Post => ("登録された職のコード", "the code of a post in the register"),
            Self::Terminal => ("登録された端末機のコード", "the code of a terminal in the register"),
            Self::Function => ("登録された機能のコード", "the code of a function in the register"),
            Self::Partner => ("登録された関係団体のコード", "the code of a partner office in the register"),
            Self::Order => ("解除されていない保全命令のコード", "the code of a preservation order that is not lifted"),
            Self::Card => ("カードの番号(例: 2026-3)又はGUID", "the number of a card, as in 2026-3, or its GUID"),
            Self::Past => ("現在までの日時。例: 2026-04-01T08:30", "a date and time up to now: 2026-04-01T08:30"),
            Self::Moment => ("日時。例: 2026-04-01T08:30", "a date and time: 2026-04-01T08:30"),
            Self::PastDay => ("本日までの日付。例: 2026-04-01、令和8年4月1日", "a date up to today: 2026-04-01"),
            Self::Day => ("日付。例: 2026-04-01、令和8年4月1日", "a date: 2026-04-01"),
            Self::Number => ("数字", "a number"),
            Self::Document => {
                ("文書番号。見える文字で1〜64文字", "the number of a document: 1 to 64 visible characters")
            }
            Self::Act => ("処分のID(16進64桁)", "the id of an act: 64 hexadecimal digits"),
            Self::Record => ("記録の番号", "the number of a record"),
            Self::Choice(words) => {
                let word = |word: &Choice| {
                    let title = word.title.text(language);
                    if title == word.name { title.to_string() } else { format!("{}({title})", word.name) }
                };
                let words: Vec<String> = words.iter().map(word).collect();
                return if japanese {
                    format!("次のいずれか: {}", words.join("、"))
                } else {
                    format!("one of {}", words.join(", "))
                };
            }
            Self::IncidentKind => {
                let words = crate::incidents::words(language);
                return if japanese {
                    format!("次のいずれか、又は運用方針で定めた種類: {words}")
                } else {
                    format!("one of these, or a kind that the office's policy declares: {words}")
                };
            }
            Self::Case(form) => {
                let (title, name) = (form.title(language), form.name());
                return if japanese {
                    format!("{title}の番号。例: {name}-2026-3")
                } else {
                    format!("the number of a case ({title}), as in {name}-2026-3")
                };
            }
            Self::Roles => {
                let names: Vec<&str> = Role::ALL.into_iter().map(Role::name).collect();
                return if japanese {
                    format!("役割をコンマで区切る: {}", names.join("、"))
                } else {
                    format!("roles, with commas between them: {}", names.join(", "))
                };
            }
        };
        if japanese { ja.to_string() } else { en.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::forms::Form;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let given = [
            ("name", " "),
            ("at", "2026-02-30"),
            ("permitted", "Not A Code"),
            ("terminal", "jumin-1"),
            ("colour", "red"),
        ];
        let blanks = Form::Visitor.definition().fields;
        let typed = read(blanks, given, &Register::new(), &mut core::iter::repeat(Salt([0; 16])));
        let wrong: Vec<(&str, Fault)> = typed.wrong.iter().map(|wrong| (wrong.name, wrong.fault.clone())).collect();
        let expected =
            vec![("name", Fault::Spelling), ("at", Fault::Date(NotADate::NoSuchDay)), ("permitted", Fault::Spelling)];
        assert_eq!(wrong, expected);
        assert_eq!(typed.fields.len(), 1);
        for wrong in &typed.wrong {
            for language in [Language::Japanese, Language::English] {
                let text = wrong.text(language);
                let expected = wrong.takes.expected(language);
                assert!(text.contains(&expected), "it says what is expected: {text}");
            }
        }
    }
}
