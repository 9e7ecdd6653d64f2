//! Forms of the register as forms of a page: each field with what the register has for it, and what was typed into them.

use std::collections::BTreeMap;

use sekisho_register::calendar::{date_of_day, local_day, local_minute};
use sekisho_register::forms::{self, Form, Kind, Need};
use sekisho_register::render;
use sekisho_register::wareki::numbered;
use sekisho_register::{Register, Role};

use super::html::{Blank, Field, Input};
use super::pages::acts::{act, changes_of};
use super::pages::registers::role_name;
use super::visit::{Barred, Fields, Trouble, View};
use super::wishes::Filled;
use crate::clock::Millis;
use crate::store::LogName;
use crate::visitors::CASE_READERS;

/// What stands in fields before anybody types, by name.
pub(crate) type Before = BTreeMap<String, String>;

/// How the fields of a form are called on a page, so that none is called as one of the page's own.
pub(crate) const PREFIX: &str = "f-";

/// The fields to fill in, and how many rows of the register their lists show of persons and acts.
pub(crate) fn fields(view: &View<'_>, blanks: &'static [forms::Blank], before: &Before) -> (Vec<Field>, usize) {
    let mut rows = 0;
    let fields = blanks.iter().map(|blank| {
        let field = field(view, blank, before.get(blank.name).map(String::as_str));
        if let (Kind::Operator | Kind::Act, Field::Blank(Blank { input: Input::Line(known), .. })) =
            (blank.kind, &field)
        {
            rows += known.len();
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
        Kind::Choice(words) => {
            let none = (!must).then(|| (String::new(), "-".to_owned()));
            let words = words.iter().map(|word| (word.name.to_owned(), word.title.text(view.language).to_owned()));
            (Input::Choice(none.into_iter().chain(words).collect()), String::new(), String::new())
        }
        Kind::Roles => {
            let chosen = |role: &Role| before.split(',').any(|name| name.trim() == role.name());
            let role = |role: Role| (role.name().to_owned(), role_name(role, view.language), chosen(&role));
            (Input::Several(Role::ALL.into_iter().map(role).collect()), String::new(), String::new())
        }
        Kind::Code => (
            Input::Line(if blank.name == "kind" { view.incident_kinds() } else { Vec::new() }),
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
        | Kind::Number
        | Kind::Document
        | Kind::Act
        | Kind::Record => line(known(view, kind)),
    }
}

impl View<'_> {
    /// Kinds of incidents that ask for somebody to be told (register §R11.4).
    fn incident_kinds(&self) -> Vec<(String, String)> {
        let kinds = sekisho_register::cases::KINDS_OF_INCIDENT;
        kinds.into_iter().map(|(code, title)| (code.to_owned(), title.text(self.language).to_owned())).collect()
    }
}

/// What the register has for a field: what is written, and what it is.
fn known(view: &View<'_>, kind: Kind) -> Vec<(String, String)> {
    let register: &Register = &view.register;
    let titled = |code: &dyn ToString, title: &dyn ToString| (code.to_string(), title.to_string());
    match kind {
        Kind::Operator => {
            let person = |code| (ToString::to_string(code), view.person(code));
            let seen = register.operators().filter(|it| view.sight.sees_operator(register, it.code()));
            seen.take(KNOWN).map(|operator| person(operator.code())).collect()
        }
        Kind::Section => register.sections().take(KNOWN).map(|it| titled(it.code(), &it.title())).collect(),
        Kind::Post => register.posts().take(KNOWN).map(|it| titled(it.code(), &it.version().title)).collect(),
        Kind::Terminal => register
            .terminals()
            .filter(|it| view.sight.sees_terminal(register, it.code()))
            .map(|it| titled(it.code(), it.code()))
            .take(KNOWN)
            .collect(),
        Kind::Function => register.functions().take(KNOWN).map(|it| titled(it.code(), &it.title())).collect(),
        Kind::Partner => register.partners().map(|it| titled(&it.said().partner, &it.said().title)).collect(),
        Kind::Card => {
            let card = |number: sekisho_wire::id::Numbered| {
                (format!("{}-{}", number.fiscal_year, number.number), numbered(number, view.language))
            };
            let seen = register.cards_by_number().filter(|card| view.sight.sees_card(register, card));
            seen.take(KNOWN).map(|it| card(it.number())).collect()
        }
        Kind::Case(form) if view.holds(CASE_READERS) => cases(view, form),
        Kind::Act => acts(view),
        Kind::Text
        | Kind::Code
        | Kind::Past
        | Kind::Moment
        | Kind::PastDay
        | Kind::Day
        | Kind::Number
        | Kind::Choice(_)
        | Kind::Document
        | Kind::Case(_)
        | Kind::Record
        | Kind::Roles => Vec::new(),
    }
}

fn cases(view: &View<'_>, form: Form) -> Vec<(String, String)> {
    let casebook = view.office.casebook();
    let seen = casebook.cases_on(form).filter(|case| view.sight.sees_case(&view.register, case));
    let mut cases: Vec<_> = seen.map(|case| (case.opened.index, case.id)).collect();
    cases.sort_unstable_by_key(|(index, _)| std::cmp::Reverse(*index));
    cases.into_iter().take(FEW).map(|(_, id)| (id.to_string(), id.text(view.language))).collect()
}

/// The newest acts: whoever names one has just made it.
fn acts(view: &View<'_>) -> Vec<(String, String)> {
    let size = view.register.size();
    let newest = (size.saturating_sub(FEW as u64)..size).rev();
    let acts = newest.filter_map(|index| {
        let signed = act(view, LogName::Register, index).ok().filter(|act| view.sight.sees_act(&view.register, act))?;
        let (source, _) = signed.source().ok()?;
        let what = changes_of(&render(source.act(), &view.register, view.language));
        Some((signed.id().to_string(), format!("{index}: {}", what.first().map_or("-", String::as_str))))
    });
    acts.collect()
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
            | Kind::Operator
            | Kind::Section
            | Kind::Post
            | Kind::Terminal
            | Kind::Function
            | Kind::Partner
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
/// What a list of all offers at most: who has more types.
const KNOWN: usize = 500;
/// What a list of the newest offers.
const FEW: usize = 30;
