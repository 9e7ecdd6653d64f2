//! Reading what an administrator wrote: values with their own rules, and errors that name file, line and key.

use std::path::Path;

use sekisho_register::calendar::Month;
use sekisho_register::change::{CaseId, Identified, Witness};
use sekisho_register::forms::{Form, checks};
use sekisho_register::incidents::Severity;
use sekisho_register::policy::PinLasts;
use sekisho_register::role::{Class, Role};
use sekisho_register::{Ed25519Key, Title};
use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered, ReaderIdentity};
use sekisho_wire::words::Language;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::dates::{NotADate, When, minute_of_day, said};
use crate::error::{ConfigError, Said};

/// Files of changes are short; what is longer is another file.
pub(crate) const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Reads TOML of this shape.
///
/// # Errors
/// [`ConfigError`] with the line and the key.
pub(crate) fn parse<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| explain(file, text, error))
}

fn explain(file: &Path, text: &str, mut error: toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let what = error.message().to_owned();
    error.set_input(None);
    // Without its input the library names the key on a line of its own; it has no other way to ask for it.
    let shown = error.to_string();
    let path = shown.rsplit_once("in `").and_then(|(_, rest)| rest.trim_end().strip_suffix('`')).unwrap_or_default();
    ConfigError { file: file.to_owned(), line, key: whole_key(path, &what), what: in_both(&what) }
}

/// Between the English and the Japanese of a rule of ours, where the library carries one text: U+001F, which no rule holds.
const BETWEEN: char = '\u{1f}';

/// An error that the library carries in both languages.
fn refused<E: serde::de::Error>(text: &str, rule: &Said) -> E {
    let [english, japanese] = [Language::English, Language::Japanese].map(|language| rule.in_words(language));
    E::custom(format!("'{}': {english}{BETWEEN}「{0}」: {japanese}", text.replace(BETWEEN, " ")))
}

/// A rule of ours, or what the library says, whose commonest words are known here.
fn in_both(what: &str) -> Said {
    if let Some((english, japanese)) = what.split_once(BETWEEN) {
        return Said::new(english, japanese);
    }
    let japanese = if what.starts_with("missing field") {
        "必要な項目がありません".to_owned()
    } else if what.starts_with("unknown field") {
        let known: Vec<&str> = what.split('`').skip(3).step_by(2).collect();
        format!("不明な項目です。使える項目: {}", known.join("、"))
    } else if what.starts_with("invalid type") || what.starts_with("invalid value") {
        format!("値の型が違います({what})")
    } else {
        format!("TOML として読めません({what})")
    };
    Said::new(what, japanese)
}

/// The library names the table of a key that is missing or unknown; people look for the key.
fn whole_key(table: &str, what: &str) -> String {
    let rest = what.strip_prefix("missing field `").or_else(|| what.strip_prefix("unknown field `"));
    match rest.and_then(|rest| rest.split('`').next()) {
        Some(key) if table.is_empty() => key.to_owned(),
        Some(key) => format!("{table}.{key}"),
        None => table.to_owned(),
    }
}

/// Text that becomes a value with a rule of its own.
pub(crate) trait FromText: Sized {
    /// The value, or the rule that the text breaks.
    ///
    /// # Errors
    /// The rule.
    fn from_text(text: &str) -> Result<Self, Said>;
}

/// A TOML string that is read by [`FromText`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<T>(pub T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_text(&text).map(Self).map_err(|rule| refused(&text, &rule))
    }
}

/// The values of a list.
pub(crate) fn plain<T: Clone>(list: &[Text<T>]) -> Vec<T> {
    list.iter().map(|text| text.0.clone()).collect()
}

macro_rules! from_str {
    ($($type:ty: $japanese:literal),+ $(,)?) => {
        $(impl FromText for $type {
            fn from_text(text: &str) -> Result<Self, Said> {
                text.parse().map_err(|error: sekisho_wire::id::NotAllowed| Said::new(error.to_string(), $japanese))
            }
        })+
    };
}

from_str! {
    Code: "コードの形ではありません",
    CardGuid: "カードGUIDの形ではありません(16進32桁)",
    ReaderIdentity: "カードリーダーの識別情報の形ではありません",
}

impl FromText for Title {
    fn from_text(text: &str) -> Result<Self, Said> {
        Self::new(text)
            .ok_or_else(|| Said::new("not a title: 1 to 64 visible characters", "名称は見える文字で1〜64文字です"))
    }
}

impl FromText for Witness {
    fn from_text(text: &str) -> Result<Self, Said> {
        let key = text.parse::<VerifyingKey>().ok().filter(|key| key.kind() == KeyKind::CosignatureV1);
        let witness = key.and_then(|key| Some(Self { name: Title::new(key.name())?, key: Ed25519Key(key.to_bytes()) }));
        witness.ok_or_else(|| {
            Said::new(
                "not a witness's verifier key: name+id+key, as `sekisho-ledger witness key` prints it",
                "立会人の検証鍵ではありません(`sekisho-ledger witness key` の表示どおりに書きます)",
            )
        })
    }
}

impl FromText for Role {
    fn from_text(text: &str) -> Result<Self, Said> {
        Self::from_name(text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            Said::new(
                format!("not a role: one of {}", names.join(", ")),
                format!("役割は次のいずれかです: {}", names.join("、")),
            )
        })
    }
}

/// One stage of approval: whoever has one of these roles, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage(pub Vec<Role>);

impl FromText for Stage {
    fn from_text(text: &str) -> Result<Self, Said> {
        let mut roles = text.split(',').map(|role| Role::from_text(role.trim())).collect::<Result<Vec<_>, _>>()?;
        roles.sort_unstable();
        roles.dedup();
        Ok(Self(roles))
    }
}

impl FromText for Identified {
    fn from_text(text: &str) -> Result<Self, Said> {
        Self::ALL.into_iter().find(|how| how.name() == text).ok_or_else(|| {
            Said::new(
                "one of staff-card, document, known",
                "staff-card(職員証)、document(運転免許証等)、known(面識)のいずれかです",
            )
        })
    }
}

impl FromText for Form {
    fn from_text(text: &str) -> Result<Self, Said> {
        let named = || Self::ALL.into_iter().find(|form| form.title(Language::Japanese) == text);
        Self::from_name(text).or_else(named).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            Said::new(
                format!("not a form: one of {}", names.join(", ")),
                format!("様式は次のいずれかです: {}", names.join("、")),
            )
        })
    }
}

impl FromText for CaseId {
    fn from_text(text: &str) -> Result<Self, Said> {
        text.parse().map_err(|_| {
            Said::new(
                "not a case: form, fiscal year and number, as in incident-2026-3",
                "事案は incident-2026-3 の形で指定してください",
            )
        })
    }
}

/// How long a PIN lasts, as files say it: `never`, that it ends; `fiscal-year`; or a number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PinTime(pub Option<PinLasts>);

impl FromText for PinTime {
    fn from_text(text: &str) -> Result<Self, Said> {
        let days = || (!text.starts_with('+')).then(|| text.parse().ok()).flatten().map(PinLasts::Days);
        match text {
            "never" => Ok(Self(None)),
            "fiscal-year" => Ok(Self(Some(PinLasts::FiscalYear))),
            _ => days().map(|days| Self(Some(days))).ok_or_else(|| {
                Said::new(
                    "not how long a PIN lasts: \"fiscal-year\", a number of days as in \"90\", or \"never\" for one that does not end",
                    "暗証番号の有効期間は \"fiscal-year\"(年度末まで)、\"90\" のような日数、\"never\"(期限なし)のいずれかです",
                )
            }),
        }
    }
}

/// What is confirmed each day, by its number on the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirmation(pub u8);

impl FromText for Confirmation {
    fn from_text(text: &str) -> Result<Self, Said> {
        let known = checks::CONFIRMED.iter().find(|known| known.name == text);
        known.map(|known| Self(known.number)).ok_or_else(|| {
            let names: Vec<&str> = checks::CONFIRMED.iter().map(|known| known.name).collect();
            Said::new(
                format!("not what is confirmed each day: one of {}", names.join(", ")),
                format!("毎日の確認は次のいずれかです: {}", names.join("、")),
            )
        })
    }
}

/// By which templates an office prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TemplateSet(pub Option<Hash>);

impl FromText for TemplateSet {
    fn from_text(text: &str) -> Result<Self, Said> {
        let known = if text == "any" { Some(None) } else { text.parse().ok().map(Some) };
        known.map(Self).ok_or_else(|| {
            Said::new(
                "no set of templates: \"any\", or the 64 digits that 'sekisho-admin form templates list' says",
                "印刷様式は \"any\"(定めなし)か、「sekisho-admin form templates list」が示す16進64桁です",
            )
        })
    }
}

impl FromText for Severity {
    fn from_text(text: &str) -> Result<Self, Said> {
        Self::from_name(text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            Said::new(
                format!("not how grave a kind of incidents is: one of {}", names.join(", ")),
                format!("事案の種類の重さは次のいずれかです: {}", names.join("、")),
            )
        })
    }
}

impl FromText for Class {
    fn from_text(text: &str) -> Result<Self, Said> {
        Self::ALL.into_iter().find(|class| class.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            Said::new(
                format!("not a class: one of {}", names.join(", ")),
                format!("区分は次のいずれかです: {}", names.join("、")),
            )
        })
    }
}

impl FromText for Month {
    fn from_text(text: &str) -> Result<Self, Said> {
        text.parse().map_err(|_| Said::new("not a month: 2026-04", "月ではありません(2026-04)"))
    }
}

impl FromText for Numbered {
    fn from_text(text: &str) -> Result<Self, Said> {
        let number = text
            .split_once('-')
            .and_then(|(year, number)| Some(Self { fiscal_year: year.parse().ok()?, number: number.parse().ok()? }));
        number.ok_or_else(|| {
            Said::new(
                "not a number: the fiscal year and the number, as in 2026-12",
                "番号ではありません(年度と番号: 2026-12)",
            )
        })
    }
}

/// A date: as TOML writes dates, or as text that [`When::read`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dated(pub When);

impl<'de> Deserialize<'de> for Dated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            toml::Value::Datetime(date) => date.to_string(),
            other @ (toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_)) => return Err(not_a_date(other.type_str())),
        };
        When::read(&text).map(Self).map_err(|fault| refused(&text, &said(fault)))
    }
}

fn not_a_date<E: serde::de::Error>(text: &str) -> E {
    refused(text, &said(NotADate::Spelling))
}

/// A time of day, `08:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minute(pub u16);

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rule = || refused(&text, &Said::new("not a time of day: 08:30", "時刻ではありません(08:30)"));
        minute_of_day(&text).map(Self).ok_or_else(rule)
    }
}

/// Declares words for the variants of an enum of the register, for files and for the command line.
macro_rules! words {
    ($type:ty, $what:literal, { $($word:literal => $value:path),+ $(,)? }) => {
        impl FromText for $type {
            fn from_text(text: &str) -> Result<Self, Said> {
                match text {
                    $($word => Ok($value),)+
                    _ => Err(Said::new(
                        concat!("not ", $what, ": one of" $(, " ", $word)+),
                        concat!("次のいずれかです:" $(, " ", $word)+),
                    )),
                }
            }
        }
    };
}

pub(crate) mod vocabulary {
    //! The words of files and arguments.

    use sekisho_register::change::{
        CardKind, CardState, EpochReason, IncidentClass, OperatorState, PersonClass, SectionState, StateReason,
        TerminalKind, TerminalUse, UseState,
    };
    use sekisho_register::policy::TwoTerminals;
    use sekisho_wire::decision::Level;
    use sekisho_wire::pin_policy::{Alphabet, FirstUse};
    use sekisho_wire::record::Retention;

    use super::{FromText, Said};

    words!(Level, "a level", { "session" => Level::Session, "card" => Level::Card, "pin" => Level::Pin });
    words!(Alphabet, "an alphabet of PINs", {
        "digits" => Alphabet::Digits, "any" => Alphabet::Any, "mixed" => Alphabet::Mixed,
    });
    words!(FirstUse, "what becomes of a first PIN", { "keep" => FirstUse::Keep, "change" => FirstUse::Change });
    words!(TwoTerminals, "what becomes of an operator at two terminals", { "tell" => TwoTerminals::Tell, "close_later" => TwoTerminals::CloseLater });
    words!(SectionState, "a state of a section", {
        "open" => SectionState::Open, "suspended" => SectionState::Suspended, "ended" => SectionState::Ended,
    });
    words!(UseState, "a state", { "in_use" => UseState::InUse, "ended" => UseState::Ended });
    words!(PersonClass, "a class of person", {
        "operator" => PersonClass::Operator, "system_staff" => PersonClass::SystemStaff,
    });
    words!(OperatorState, "a state of an operator", {
        "active" => OperatorState::Active, "suspended" => OperatorState::Suspended, "ended" => OperatorState::Ended,
    });
    words!(CardState, "a state of a card", {
        "active" => CardState::Active, "suspended" => CardState::Suspended, "revoked" => CardState::Revoked,
        "returned" => CardState::Returned, "disposed" => CardState::Disposed,
    });
    words!(StateReason, "a reason", {
        "none" => StateReason::None, "lost" => StateReason::Lost, "stolen" => StateReason::Stolen,
        "damaged" => StateReason::Damaged, "pin_compromised" => StateReason::PinCompromised,
        "name_changed" => StateReason::NameChanged, "left_duty" => StateReason::LeftDuty,
        "replaced" => StateReason::Replaced, "other" => StateReason::Other,
    });
    words!(CardKind, "a kind of card", {
        "business" => CardKind::Business, "special" => CardKind::Special, "card-management" => CardKind::CardManagement,
        "spare" => CardKind::Spare, "emergency" => CardKind::Emergency, "room-entry" => CardKind::RoomEntry,
    });
    words!(TerminalKind, "a kind of terminal", {
        "business" => TerminalKind::Business, "management" => TerminalKind::Management,
        "integrated" => TerminalKind::Integrated, "card-issuing" => TerminalKind::CardIssuing,
    });
    words!(TerminalUse, "a state of a terminal", {
        "active" => TerminalUse::Active, "suspended" => TerminalUse::Suspended, "retired" => TerminalUse::Retired,
    });
    words!(EpochReason, "a reason", {
        "replaced" => EpochReason::Replaced, "restored" => EpochReason::Restored, "fork" => EpochReason::Fork,
        "other" => EpochReason::Other,
    });
    words!(Retention, "a class of records", {
        "access" => Retention::Access, "operation" => Retention::Operation,
        "administration" => Retention::Administration,
    });
    words!(IncidentClass, "a class of incident", { "failure" => IncidentClass::Failure, "misuse" => IncidentClass::Misuse });
}
