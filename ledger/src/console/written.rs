//! What was written into cases, as people read it: by whom, from which paper, each field with its title, texts as they were written.

use std::collections::HashMap;

use sekisho_register::cases::{KINDS_OF_INCIDENT, Written};
use sekisho_register::change::{Field, Value};
use sekisho_register::forms::{Blank, Kind};
use sekisho_register::wareki::{day_text, numbered};
use sekisho_register::{NameHash, erased_text, field_text};
use sekisho_wire::cose::Signer;

use super::html::Cell;
use super::visit::View;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::READERS;

/// Texts beside an entry of the casebook.
#[derive(Default)]
pub(crate) struct Texts(HashMap<NameHash, String>);

impl Texts {
    /// Those that an entry speaks of, if it speaks of any.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn beside(view: &View<'_>, written: &Written) -> Result<Self, Refusal> {
        if !written.fields.iter().any(|field| matches!(field.value, Value::Text(_))) {
            return Ok(Self::default());
        }
        Self::of_entry(view, written.index)
    }

    /// Those beside this entry.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn of_entry(view: &View<'_>, index: u64) -> Result<Self, Refusal> {
        let entries = index..index.saturating_add(1);
        let texts = view.ledger.names_beside(&view.visitor.office, LogName::Casebook, entries)?;
        Ok(Self(texts.into_iter().map(|it| (NameHash::of(&it.salt, &it.text), it.text.as_str().to_owned())).collect()))
    }

    /// The text behind a hash.
    pub(crate) fn text(&self, view: &View<'_>, hash: &NameHash) -> String {
        let erased = || erased_text(&view.register, hash, view.language);
        let known = self.0.get(hash).cloned().or_else(erased);
        known.unwrap_or_else(|| view.say("(the ledger does not have it)", "（台帳にありません）"))
    }
}

/// Who wrote it, and from which paper, one under the other.
pub(crate) fn by(view: &View<'_>, written: &Written) -> Vec<String> {
    let who = match &written.signer {
        Signer::Card(guid) => {
            written.operator.as_ref().map_or_else(|| guid.to_string(), |operator| view.person(operator))
        }
        Signer::Terminal(terminal) => view.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
        Signer::Recovery(_) => "-".to_owned(),
    };
    let title = |post| view.register.post(post).map_or_else(|| post.to_string(), |it| it.version().title.to_string());
    let mut lines = vec![who];
    if let Some(post) = written.post.as_ref().filter(|_| written.as_deputy) {
        let post = title(post);
        lines.push(view.say(format!("as deputy of {post}"), format!("職 {post} の代決")));
    }
    if let Some(paper) = &written.paper {
        let (post, day, number) = (title(&paper.post), day_text(paper.decided, view.language), &paper.document);
        lines.push(view.say(
            format!("from paper: {post}, {day}, document {number}"),
            format!("書面：{post}、{day}、文書番号 {number}"),
        ));
    }
    lines
}

/// Title and value of each field that is filled in.
pub(crate) fn facts(view: &View<'_>, blanks: &'static [Blank], fields: &[Field], texts: &Texts) -> Vec<(String, Cell)> {
    let fact = |field: &Field| {
        let blank = blanks.iter().find(|blank| blank.key == field.key);
        let title = blank.map_or("?", |blank| blank.title.text(view.language));
        let kind_of_incident =
            blank.filter(|blank| blank.name == "kind").and_then(|_| incident_kind(view, &field.value));
        let value = kind_of_incident.unwrap_or_else(|| value(view, blank.map(|blank| blank.kind), &field.value, texts));
        (title.to_owned(), value)
    };
    fields.iter().map(fact).collect()
}

/// The same in a line each, cut short.
pub(crate) fn lines(view: &View<'_>, blanks: &'static [Blank], fields: &[Field], texts: &Texts) -> Vec<String> {
    let line = |(title, cell): (String, Cell)| {
        let text = match cell {
            Cell::Text(text) | Cell::Short(text) | Cell::Number(text) | Cell::Code(text) | Cell::Mark(_, text) => text,
            Cell::Link { text, .. } => text,
            Cell::Lines(lines) => lines.join(" "),
        };
        let short: String = text.chars().take(SHORT).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        view.say(format!("{title}: {short}{more}"), format!("{title}：{short}{more}"))
    };
    facts(view, blanks, fields, texts).into_iter().map(line).collect()
}

/// A kind of incidents that the forms know, by its name.
fn incident_kind(view: &View<'_>, value: &Value) -> Option<Cell> {
    let Value::Code(code) = value else { return None };
    let (_, title) = KINDS_OF_INCIDENT.iter().find(|(kind, _)| *kind == code.as_str())?;
    let title = title.text(view.language);
    Some(Cell::text(if title == code.as_str() { title.to_owned() } else { format!("{title} ({code})") }))
}

fn value(view: &View<'_>, kind: Option<Kind>, value: &Value, texts: &Texts) -> Cell {
    let plain = || Cell::text(field_text(kind, value, view.language));
    match value {
        Value::Text(hash) => Cell::Lines(texts.text(view, hash).lines().map(str::to_owned).collect()),
        Value::Code(code) if kind == Some(Kind::Operator) => Cell::text(view.person(code)),
        Value::Card(card) => {
            let known = view.register.card(card);
            known.map_or_else(plain, |card| Cell::text(numbered(card.number(), view.language)))
        }
        Value::Case(case) => Cell::link(format!("/console/cases/{case}"), case.text(view.language)),
        Value::Act(act) => {
            let known = view.register.act_index(act);
            let text = |index| view.say(format!("Act {index}"), format!("処分 {index}"));
            known.map_or_else(plain, |index| Cell::link(format!("/console/acts/{index}"), text(index)))
        }
        Value::Record(index) if view.holds(READERS) => {
            let text = view.say(format!("Record {index}"), format!("記録 {index}"));
            Cell::link(format!("/console/records/{index}"), text)
        }
        Value::Code(_)
        | Value::Moment(_)
        | Value::Day(_)
        | Value::Number(_)
        | Value::Choice(_)
        | Value::Document(_)
        | Value::Record(_)
        | Value::Roles(_) => plain(),
    }
}

/// Characters of a text in a list.
const SHORT: usize = 60;
