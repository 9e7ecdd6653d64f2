//! The acts (処分の記録): all of them, newest first, and each in full.

use std::ops::Range;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::{NameHash, SignedAct, numbered_changes, render};
use sekisho_wire::cose::Signer;
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::from;
use crate::acts::Name;
use crate::console::html::{Block, Cell, Content, Section, Table};
use crate::console::paging::PAGE_OF_LIST;
use crate::console::visit::{Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::ANY_ROLE;

/// Before which act the page ends, as the address says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    before: String,
}

impl Page {
    /// The acts of the page, of a register of so many.
    fn acts(&self, size: u64) -> Result<Range<u64>, Refusal> {
        let end = if self.before.is_empty() { Some(size) } else { self.before.parse().ok() };
        let end = end.filter(|end| *end <= size).ok_or(Refusal::NotFound(PAGE_OF_LIST))?;
        Ok(end.saturating_sub(PAGE)..end)
    }
}

/// A page of them.
pub(crate) async fn list(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Page>,
) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, move |view| {
            let page = asked.acts(view.register.size())?;
            let first = page.start;
            let mut acts = acts(view, LogName::Register, &page.collect::<Vec<_>>())?;
            acts.retain(|(_, signed)| view.sight.sees_act(&view.register, signed));
            acts.reverse();
            let rows: Vec<_> = view.together(|| acts.iter().map(|(index, signed)| row(view, *index, signed)).collect());
            let shown = Shown::rows(Query::Register, rows.len(), from(first));
            Ok((content(view, rows, first), vec![shown]))
        })
        .await
}

fn content(view: &View<'_>, rows: Vec<Vec<Cell>>, first: u64) -> Content {
    let columns = [("Number", "番号"), ("Made", "作成日時"), ("By", "署名者"), ("What", "内容")];
    let table = Table {
        caption: view.say("Acts, newest first", "処分（新しい順）"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows,
        none: view.say("There are none.", "ありません。"),
    };
    let mut blocks = vec![Block::Table(table)];
    if first > 0 {
        let older = view.say("Older acts", "これより前の処分");
        blocks.push(Block::List(vec![Cell::link(format!("/console/acts?before={first}"), older)]));
    }
    let sections = std::iter::once(Section::lead(blocks)).chain(super::reviews::section(view)).collect();
    Content { title: view.say("Acts", "処分の記録"), place: "/console/acts", refresh: None, sections }
}

fn row(view: &View<'_>, index: u64, signed: &SignedAct) -> Vec<Cell> {
    let what = numbered_changes(signed.act(), &view.register, view.language);
    let number = Cell::link(format!("/console/acts/{index}"), index.to_string());
    let made = Cell::short(view.moment(signed.act().made));
    vec![number, made, Cell::Lines(by_lines(view, signed)), Cell::Lines(what)]
}

#[derive(Deserialize)]
pub(crate) struct AtIndex {
    index: u64,
}

/// One of them, as whoever signed it read it.
pub(crate) async fn one(
    State(hall): State<Hall>,
    entered: Entered,
    Named(AtIndex { index }): Named<AtIndex>,
) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, move |view| {
            let signed = act(view, LogName::Register, index)?;
            if !view.sight.sees_act(&view.register, &signed) {
                return Err(Refusal::OtherSection);
            }
            let title = view.say(format!("Act {index}"), format!("処分 {index}"));
            let facts = vec![
                (view.say("Signed by", "署名者"), Cell::text(by_whom(view, &signed))),
                (view.say("Id", "処分ID"), Cell::Code(signed.id().to_string())),
                (view.say("Place in the register log", "登録順"), Cell::number(index)),
            ];
            let mut blocks = vec![Block::Facts(facts)];
            blocks.extend(in_full(view, &signed, LogName::Register, index)?);
            let content =
                Content { title, place: "/console/acts", refresh: None, sections: vec![Section::lead(blocks)] };
            Ok((content, vec![Shown::rows(Query::Register, 1, from(index))]))
        })
        .await
}

/// The text that was signed, and the names beside it.
pub(super) fn in_full(view: &View<'_>, signed: &SignedAct, log: LogName, index: u64) -> Result<Vec<Block>, Refusal> {
    let mut blocks = vec![Block::Act(render(signed.act(), &view.register, view.language))];
    let names = view.ledger.names_in_sight(&view.office, &view.sight, log, index)?;
    if !names.is_empty() {
        let row = |name: &Name| {
            vec![Cell::text(name.text.as_str()), Cell::Code(NameHash::of(&name.salt, &name.text).to_string())]
        };
        blocks.push(Block::Table(Table {
            caption: view.say("Names beside it", "添えられた氏名"),
            columns: vec![view.say("Name", "氏名"), view.say("Hash in the act", "処分中のハッシュ")],
            rows: names.iter().map(row).collect(),
            none: String::new(),
        }));
    }
    Ok(blocks)
}

/// The act at this index.
pub(crate) fn act(view: &View<'_>, log: LogName, index: u64) -> Result<SignedAct, Refusal> {
    acts(view, log, &[index])?.pop().map(|(_, signed)| signed).ok_or(Refusal::NotFound("act"))
}

/// The acts at these indexes, asked for at once.
pub(crate) fn acts(view: &View<'_>, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, SignedAct)>, Refusal> {
    if indexes.is_empty() {
        return Ok(Vec::new());
    }
    let stored = view.ledger.store.acts_at(&view.visitor.office, log, indexes)?.into_iter();
    let signed = stored.map(|(index, bytes)| {
        let is_none = |_| Refusal::Unavailable { cause: format!("entry {index} of the {log} is no act") };
        Ok((index, SignedAct::decode(&bytes).map_err(is_none)?))
    });
    signed.collect()
}

/// Who signed; of an approval, also who proposed it.
pub(crate) fn by_whom(view: &View<'_>, signed: &SignedAct) -> String {
    let by = who(view, signed.signer(), signed.act().made);
    match signed.proposal() {
        Ok(Some(proposal)) => {
            let proposed = who(view, proposal.signer(), proposal.act().made);
            view.say(format!("{proposed}, approved by {by}"), format!("{proposed}（承認：{by}）"))
        }
        Ok(None) | Err(_) => by,
    }
}

/// The same, one under the other.
fn by_lines(view: &View<'_>, signed: &SignedAct) -> Vec<String> {
    let by = who(view, signed.signer(), signed.act().made);
    match signed.proposal() {
        Ok(Some(proposal)) => {
            let proposed = who(view, proposal.signer(), proposal.act().made);
            vec![proposed, view.say(format!("approved by {by}"), format!("承認：{by}"))]
        }
        Ok(None) | Err(_) => vec![by],
    }
}

fn who(view: &View<'_>, signer: &Signer, at: u64) -> String {
    match signer {
        Signer::Card(guid) => {
            let holder = view.register.card(guid).and_then(|card| card.holder(at));
            holder.map_or_else(|| signer.to_string(), |holder| view.person(holder.operator))
        }
        Signer::Terminal(terminal) => view.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
        Signer::Recovery(_) => signer.to_string(),
    }
}

const PAGE: u64 = 50;
