//! Fields of a form as people write them on a command line: `name=value`.

use sekisho_register::calendar::local_day;
use sekisho_register::change::{CaseId, Field, Value};
use sekisho_register::forms::{Blank, Kind};
use sekisho_register::role::Role;
use sekisho_register::{NameHash, Register, Title};
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered, Salt};
use sekisho_wire::words::Language;

use crate::config_text::FromText;
use crate::dates::{Edge, When, said};
use crate::error::{AdminError, Said};
use crate::name::{Name, is_a_text};
use crate::random;

/// What was filled in, and the texts that travel beside it.
#[derive(Debug, Default)]
pub(crate) struct FilledIn {
    /// By key, ascending.
    pub fields: Vec<Field>,
    /// The texts.
    pub texts: Vec<Name>,
}

impl FilledIn {
    /// Reads `name=value` for the fields of a form or a step. What is not given of those that have to be is asked for by the fold.
    ///
    /// # Errors
    /// [`AdminError::Argument`], which names the fields that there are, or what the field takes.
    pub(crate) fn read(blanks: &'static [Blank], given: &[String], register: &Register) -> Result<Self, AdminError> {
        let mut filled = Self::default();
        for argument in given {
            let (name, value) = argument.split_once('=').ok_or_else(|| no_such_field(blanks, argument))?;
            let blank = find(blanks, name).ok_or_else(|| no_such_field(blanks, name))?;
            if filled.fields.iter().any(|field| field.key == blank.key) {
                let rule = Said::new("it is given twice", "2度指定されています");
                return Err(AdminError::Argument { name: blank.name, value: value.to_owned(), rule });
            }
            let value = filled.value(blank, value, register)?;
            filled.fields.push(Field { key: blank.key, value });
        }
        filled.fields.sort_by_key(|field| field.key);
        Ok(filled)
    }

    /// A text, salted; the text itself goes beside the act.
    ///
    /// # Errors
    /// When it would not show as it is written.
    pub(crate) fn text(&mut self, name: &'static str, text: &str) -> Result<NameHash, AdminError> {
        if !is_a_text(text) {
            let value = text.escape_default().to_string();
            let rule = Said::new(
                "1 to 1300 characters, nothing that does not show",
                "1〜1300文字で、見えない文字を含まないこと",
            );
            return Err(AdminError::Argument { name, value, rule });
        }
        let salt = Salt(random::bytes()?);
        self.texts.push(Name { salt, text: text.to_owned() });
        Ok(NameHash::of(&salt, text))
    }

    fn value(&mut self, blank: &'static Blank, text: &str, register: &Register) -> Result<Value, AdminError> {
        let wrong = |rule: Said| AdminError::Argument { name: blank.name, value: text.to_owned(), rule };
        let date = || When::read(text).map_err(|fault| wrong(said(fault)));
        match blank.kind {
            Kind::Text => self.text(blank.name, text).map(Value::Text),
            Kind::Code
            | Kind::Operator
            | Kind::Section
            | Kind::Post
            | Kind::Terminal
            | Kind::Function
            | Kind::Partner => Code::from_text(text).map(Value::Code).map_err(wrong),
            Kind::Card => card(text, register).map(Value::Card).ok_or_else(|| {
                wrong(Said::new(
                    "not a card: its GUID, or its number as in 2026-3",
                    "カードのGUID又は番号(2026-3)を指定してください",
                ))
            }),
            Kind::Past | Kind::Moment => Ok(Value::Moment(date()?.moment(Edge::From))),
            Kind::PastDay | Kind::Day => Ok(Value::Day(local_day(date()?.moment(Edge::From)))),
            Kind::Number => {
                text.parse().map(Value::Number).map_err(|_| wrong(Said::new("not a number", "数字で指定してください")))
            }
            Kind::Choice(words) => {
                let is_it = |word: &&sekisho_register::forms::Choice| {
                    let titles = [Language::Japanese, Language::English].map(|language| word.title.text(language));
                    word.name == text || titles.contains(&text)
                };
                let word = words.iter().find(is_it);
                word.map(|word| Value::Choice(word.number)).ok_or_else(|| {
                    let names: Vec<&str> = words.iter().map(|word| word.name).collect();
                    let both: Vec<String> = words
                        .iter()
                        .map(|word| format!("{}({})", word.name, word.title.text(Language::Japanese)))
                        .collect();
                    wrong(Said::new(
                        format!("one of {}", names.join(", ")),
                        format!("次のいずれかです: {}", both.join("、")),
                    ))
                })
            }
            Kind::Document => Title::from_text(text).map(Value::Document).map_err(wrong),
            Kind::Case(form) => {
                let numbered = || Numbered::from_text(text).ok().map(|number| CaseId { form, number });
                let case = text.parse::<CaseId>().ok().or_else(numbered);
                case.map(Value::Case).ok_or_else(|| {
                    wrong(Said::new(
                        "not a case, as in incident-2026-3",
                        "事案の番号(incident-2026-3)を指定してください",
                    ))
                })
            }
            Kind::Act => text
                .parse::<Hash>()
                .map(Value::Act)
                .map_err(|_| wrong(Said::new("not the id of an act", "処分のIDを指定してください"))),
            Kind::Record => text
                .parse()
                .map(Value::Record)
                .map_err(|_| wrong(Said::new("not the number of a record", "記録の番号を指定してください"))),
            Kind::Roles => {
                let mut roles = text
                    .split(',')
                    .map(|role| Role::from_text(role.trim()))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(wrong)?;
                roles.sort_unstable();
                roles.dedup();
                Ok(Value::Roles(roles))
            }
        }
    }
}

fn find(blanks: &'static [Blank], name: &str) -> Option<&'static Blank> {
    blanks.iter().find(|blank| blank.name == name || blank.title.text(Language::Japanese) == name)
}

fn no_such_field(blanks: &[Blank], given: &str) -> AdminError {
    let names: Vec<&str> = blanks.iter().map(|blank| blank.name).collect();
    let both: Vec<String> =
        blanks.iter().map(|blank| format!("{}({})", blank.name, blank.title.text(Language::Japanese))).collect();
    let rule = if blanks.is_empty() {
        Said::new("there is nothing to fill in", "記入する欄はありません")
    } else {
        Said::new(
            format!("FIELD=VALUE, where FIELD is one of {}", names.join(", ")),
            format!("欄=内容の形で、欄は次のいずれかです: {}", both.join("、")),
        )
    };
    AdminError::Argument { name: "FIELD=VALUE", value: given.to_owned(), rule }
}

/// A card by its GUID or its number.
fn card(text: &str, register: &Register) -> Option<CardGuid> {
    let by_number = || {
        let number = Numbered::from_text(text).ok()?;
        register.cards_by_number().find(|card| card.number() == number).map(|card| *card.guid())
    };
    text.parse().ok().or_else(by_number)
}
