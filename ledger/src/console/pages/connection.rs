//! Whether the connection is stopped (結合停止), since when, and by whom.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::change::{Change, ConnectionState};
use sekisho_register::wareki::numbered;
use sekisho_register::{SignedAct, render};
use sekisho_wire::reason::Query;

use super::acts::{by_whom, changes_of};
use super::from;
use crate::console::html::{Block, Cell, Content, Kind, Section, Table};
use crate::console::visit::{Barred, Entered, View};
use crate::http::Hall;
use crate::http::visit::Shown;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::ANY_ROLE;

pub(crate) async fn state(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, |view| {
            let acts = acts(view)?;
            let shown = (!acts.is_empty()).then(|| Shown::rows(Query::Register, acts.len(), from(acts[0].0)));
            Ok((content(view, &acts), shown.into_iter().collect()))
        })
        .await
}

/// The acts that stopped or restored it, the newest first; of the last ones, so that a long log is not read for each look.
fn acts(view: &View<'_>) -> Result<Vec<(u64, SignedAct)>, Refusal> {
    let mut found = Vec::new();
    let size = view.register.size();
    let first = size.saturating_sub(LOOKED_THROUGH);
    let many = u32::try_from(size - first).unwrap_or(u32::MAX);
    let entries = view.ledger.store.entries(&view.visitor.office, LogName::Register, first, many)?;
    for (place, entry) in entries.iter().enumerate().rev() {
        let index = first + place as u64;
        let Ok(signed) = SignedAct::decode(&entry.payload) else { continue };
        let proposed = signed.proposal().ok().flatten();
        let changes = proposed.as_ref().map_or(&signed.act().changes, |proposed| &proposed.act().changes);
        if changes.iter().any(|change| matches!(change, Change::Connection(_))) {
            found.push((index, signed));
        }
        if found.len() == SHOWN {
            break;
        }
    }
    Ok(found)
}

fn content(view: &View<'_>, acts: &[(u64, SignedAct)]) -> Content {
    let stops = view.register.stops();
    let (kind, text) = match (view.register.connection(view.now), stops) {
        (ConnectionState::Stopped, _) => (
            Kind::Alarm,
            view.say(
                "All business is stopped, but for what is named below as restored.",
                "結合停止中です（下記で再結合した機能を除く全ての業務）。",
            ),
        ),
        (ConnectionState::Connected, Some(stops)) if !stops.is_none() => {
            (Kind::Warning, view.say("Some functions are stopped.", "一部の業務機能が停止されています。"))
        }
        (ConnectionState::Connected, _) => {
            (Kind::Good, view.say("Connected: nothing is stopped.", "結合中です（停止されている業務はありません）。"))
        }
    };
    let row = |function: &sekisho_register::functions::Function| {
        let is_stopped = view.register.is_stopped(Some(function.code()));
        let state = if is_stopped {
            Cell::Mark(Kind::Alarm, view.say("stopped", "停止"))
        } else {
            Cell::Mark(Kind::Good, view.say("connected", "結合中"))
        };
        vec![Cell::text(function.code().as_str()), Cell::text(function.title()), state]
    };
    let functions = Table {
        caption: view.say("By function", "業務機能ごとの状態"),
        columns: vec![view.say("Function", "機能"), view.say("Title", "名称"), view.say("State", "状態")],
        rows: view.register.functions().map(row).collect(),
        none: view.say("There are no functions.", "業務機能はありません。"),
    };
    Content {
        title: view.say("Connection", "結合の状態"),
        place: "/console/connection",
        refresh: None,
        sections: vec![
            Section::lead(vec![Block::Note(kind, text), Block::Table(functions)]),
            Section::new(
                view.say("Who stopped and restored it", "停止・再結合の処分"),
                vec![Block::Table(decisions(view, acts))],
            ),
        ],
    }
}

fn decisions(view: &View<'_>, acts: &[(u64, SignedAct)]) -> Table {
    let row = |(index, signed): &(u64, SignedAct)| {
        let lines = changes_of(&render(signed.act(), &view.register, view.language));
        let of = |change: &Change| if let Change::Connection(change) = change { change.incident } else { None };
        let incident = signed.act().changes.iter().find_map(of);
        vec![
            Cell::link(format!("/console/acts/{index}"), index.to_string()),
            Cell::short(view.moment(signed.act().made)),
            Cell::short(by_whom(view, signed)),
            Cell::Lines(lines),
            Cell::text(incident.map_or_else(|| "-".to_owned(), |number| numbered(number, view.language))),
        ]
    };
    let columns = [("Act", "処分"), ("Made", "日時"), ("By", "署名者"), ("What", "内容"), ("Incident", "事故等")];
    Table {
        caption: view.say("Acts about the connection, newest first", "結合停止・再結合（新しい順）"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: acts.iter().map(row).collect(),
        none: view
            .say("It was never stopped, as far as the last acts say.", "最近の処分には、停止の記録はありません。"),
    }
}

const LOOKED_THROUGH: u64 = 2000;
const SHOWN: usize = 10;
