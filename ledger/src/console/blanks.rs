//! Forms of the register as forms of a page: each field with what the register has for it, and what was typed into them.

use std::collections::BTreeMap;

use sekisho_register::Role;
use sekisho_register::calendar::{date_of_day, local_day, local_minute};
use sekisho_register::everyday::{Entry, Everyday};
use sekisho_register::forms::{self, Choice, Kind, Need};
use sekisho_register::typed::Takes;

use super::html::{Blank, Field, Input};
use super::known::{for_entry, known};
use super::pages::registers::role_name;
use super::visit::{Barred, Fields, Trouble, View};
use super::wishes::Filled;
use crate::clock::Millis;

/// What stands in fields before anybody types, by name.
pub(crate) type Before = BTreeMap<String, String>;

/// How the fields of a form are called on a page, so that none is called as one of the page's own.
pub(crate) const PREFIX: &str = "f-";

/// The fields to fill in, and how many rows of the register their lists show of persons and acts.
pub(crate) fn fields(view: &View<'_>, blanks: &'static [forms::Blank], before: &Before) -> (Vec<Field>, usize) {
    let mut rows = 0;
    let fields = blanks.iter().map(|blank| {
        let field = field(view, blank, before.get(blank.name).map(String::as_str));
        // A list of cards says whose they are.
        if let (Kind::Operator | Kind::Act | Kind::Card, Field::Blank(list)) = (blank.kind, &field) {
            rows += list.input.choices();
        }
        field
    });
    let fields = fields.collect();
    (fields, rows)
}

fn field(view: &View<'_>, blank: &'static forms::Blank, before: Option<&str>) -> Field {
    let must = blank.need == Need::Must;
    let (input, value, hint) = input(view, blank, before.unwrap_or_default());
    Field::Blank(Blank {
        name: format!("{PREFIX}{}", blank.name),
        label: blank.title.text(view.language).to_owned(),
        value: before.map_or(value, str::to_owned),
        hint,
        must: must && !matches!(input, Input::Several(_)),
        wrong: String::new(),
        input,
    })
}

/// How it is filled in, what stands there at first, and a word of help.
fn input(view: &View<'_>, blank: &forms::Blank, before: &str) -> (Input, String, String) {
    let (kind, must) = (blank.kind, blank.need == Need::Must);
    let line = |known| (Input::Line(known), String::new(), String::new());
    let first = |of: fn(Millis) -> String| if must { of(view.now) } else { String::new() };
    match kind {
        Kind::Text => (Input::Text, String::new(), String::new()),
        Kind::Past => (Input::Moment, first(moment_of), String::new()),
        Kind::Moment => (Input::Moment, String::new(), String::new()),
        Kind::PastDay => (Input::Day, first(day_of), String::new()),
        Kind::Day => (Input::Day, String::new(), String::new()),
        Kind::Choice(words) => (Input::Choice(choices(view, words, must)), String::new(), String::new()),
        Kind::Roles => {
            let chosen = |role: &Role| before.split(',').any(|name| name.trim() == role.name());
            let role = |role: Role| (role.name().to_owned(), role_name(role, view.language), chosen(&role));
            (Input::Several(Role::ALL.into_iter().map(role).collect()), String::new(), String::new())
        }
        Kind::Code => (
            Input::Line(Vec::new()),
            String::new(),
            view.say("small letters, digits, - and .", "英小文字、数字、-、. のコード"),
        ),
        Kind::Card => (Input::Line(known(view, kind)), String::new(), view.say("as in 2026-3", "例：2026-3")),
        Kind::Case(_) => {
            (Input::Line(known(view, kind)), String::new(), view.say("as in incident-2026-3", "例：incident-2026-3"))
        }
        Kind::Operator
        | Kind::Section
        | Kind::Post
        | Kind::Terminal
        | Kind::Function
        | Kind::Partner
        | Kind::Order
        | Kind::IncidentKind
        | Kind::Number
        | Kind::Document
        | Kind::Act
        | Kind::Record => line(known(view, kind)),
    }
}

fn choices(view: &View<'_>, words: &'static [Choice], must: bool) -> Vec<(String, String)> {
    let none = (!must).then(|| (String::new(), "-".to_owned()));
    let words = words.iter().map(|word| (word.name.to_owned(), word.title.text(view.language).to_owned()));
    none.into_iter().chain(words).collect()
}

/// The same for a change of every day.
pub(crate) fn entries(view: &View<'_>, which: Everyday, before: &Before) -> (Vec<Field>, usize) {
    let mut rows = 0;
    let fields = which.entries().iter().map(|entry| {
        let value = before.get(entry.name).cloned().unwrap_or_default();
        let (input, hint) = entry_input(view, which, entry, &value);
        if let Takes::One(Kind::Operator | Kind::Card) | Takes::Several(Kind::Operator) = entry.takes {
            rows += input.choices();
        }
        let empty = entry.empty.text(view.language);
        let between = view.say("; ", "。");
        let hint = if hint.is_empty() || empty.is_empty() {
            format!("{hint}{empty}")
        } else {
            format!("{hint}{between}{empty}")
        };
        let (name, label) = (format!("{PREFIX}{}", entry.name), entry.title.text(view.language).to_owned());
        Field::Blank(Blank { name, label, value, hint, must: entry.must, wrong: String::new(), input })
    });
    let fields = fields.collect();
    (fields, rows)
}

/// How an entry is filled in, and a word of help.
fn entry_input(view: &View<'_>, which: Everyday, entry: &Entry, value: &str) -> (Input, String) {
    let expected = || entry.takes.expected(view.language);
    match entry.takes {
        Takes::One(Kind::Choice(words)) => (Input::Choice(choices(view, words, entry.must)), String::new()),
        Takes::Several(Kind::Choice(words)) => {
            (Input::Several(ticks(&choices(view, words, true), value)), String::new())
        }
        Takes::Several(kind) => {
            let known = for_entry(view, which, entry, Some(kind));
            if (1..=TICKS).contains(&known.len()) {
                (Input::Several(ticks(&known, value)), String::new())
            } else {
                (Input::Line(known), expected())
            }
        }
        Takes::One(Kind::PastDay) => (Input::Day, String::new()),
        Takes::Title => (Input::Line(Vec::new()), expected()),
        Takes::One(kind) => {
            let known = for_entry(view, which, entry, Some(kind));
            (Input::Line(known), expected())
        }
        Takes::Number => (Input::Line(for_entry(view, which, entry, None)), expected()),
        Takes::Moment(_) => (Input::Moment, String::new()),
        Takes::Day(_) => (Input::Day, String::new()),
        Takes::Month => (Input::Month, expected()),
    }
}

/// What is known as boxes to tick, those ticked that stand in a value with commas.
fn ticks(known: &[(String, String)], value: &str) -> Vec<(String, String, bool)> {
    let ticked: Vec<&str> = value.split(',').map(str::trim).collect();
    let tick = |(code, title): &(String, String)| {
        // Persons have their code beside the name already.
        let word = if title.contains(code.as_str()) { title.clone() } else { format!("{title} ({code})") };
        (code.clone(), word, ticked.contains(&code.as_str()))
    };
    known.iter().map(tick).collect()
}

/// What was typed for a change of every day, those left empty aside; of boxes those that are ticked, with commas between them.
///
/// # Errors
/// [`Trouble::Long`].
pub(crate) fn typed_entries(which: Everyday, fields: &Fields) -> Result<Filled, Barred> {
    let mut filled = Filled::new();
    for entry in which.entries() {
        let name = format!("{PREFIX}{}", entry.name);
        let ticked = fields.keys().filter_map(|key| key.strip_prefix(&name)?.strip_prefix('.'));
        let line = fields.get(&name).map(|value| plain(value)).unwrap_or_default();
        let all: Vec<&str> = ticked.chain(Some(line.as_str()).filter(|line| !line.is_empty())).collect();
        if !all.is_empty() {
            filled.push((entry.name, all.join(",")));
        }
    }
    within_bounds(filled)
}

/// What was typed into the fields of a form, those left empty aside. Whether it is right others judge; here it is held to its bounds.
///
/// # Errors
/// [`Trouble::Long`].
pub(crate) fn typed(blanks: &'static [forms::Blank], fields: &Fields) -> Result<Filled, Barred> {
    let mut filled = Filled::new();
    for blank in blanks {
        let name = format!("{PREFIX}{}", blank.name);
        let value = match blank.kind {
            Kind::Roles => {
                let chosen = |role: &Role| fields.contains_key(&format!("{name}.{}", role.name()));
                let names: Vec<&str> = Role::ALL.into_iter().filter(chosen).map(Role::name).collect();
                names.join(",")
            }
            Kind::Text
            | Kind::Code
            | Kind::IncidentKind
            | Kind::Operator
            | Kind::Section
            | Kind::Post
            | Kind::Terminal
            | Kind::Function
            | Kind::Partner
            | Kind::Order
            | Kind::Card
            | Kind::Past
            | Kind::Moment
            | Kind::PastDay
            | Kind::Day
            | Kind::Number
            | Kind::Choice(_)
            | Kind::Document
            | Kind::Case(_)
            | Kind::Act
            | Kind::Record => fields.get(&name).map(|value| plain(value)).unwrap_or_default(),
        };
        if !value.is_empty() {
            filled.push((blank.name, value));
        }
    }
    within_bounds(filled)
}

fn within_bounds(filled: Filled) -> Result<Filled, Barred> {
    let bytes = filled.iter().map(|(_, value)| value.len());
    if bytes.clone().any(|bytes| bytes > VALUE_MAX) || bytes.sum::<usize>() > FORM_MAX {
        return Err(Trouble::Long.into());
    }
    Ok(filled)
}

/// Browsers end lines as files of another system do, whatever was typed.
pub(crate) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// A day as browsers write it.
pub(crate) fn day_of(at: Millis) -> String {
    let date = date_of_day(local_day(at));
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// A moment as a page's field takes it.
pub(crate) fn moment_of(at: Millis) -> String {
    let minute = local_minute(at);
    format!("{}T{:02}:{:02}", day_of(at), minute / 60, minute % 60)
}

/// As long as a text of a form may be (register §R11.3), and a little.
const VALUE_MAX: usize = 4_096;
/// Of a whole form.
const FORM_MAX: usize = 24_576;
/// More are a line with a list.
const TICKS: usize = 40;
