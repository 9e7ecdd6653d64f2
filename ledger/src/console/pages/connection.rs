//! Whether the connection is stopped (結合停止), since when, and by whom; the way to stop it, and back.

mod doors;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::cases::Whose;
use sekisho_register::change::{Change, ConnectionState, SetConnection};
use sekisho_register::forms;
use sekisho_register::wareki::numbered;
use sekisho_register::{SignedAct, numbered_changes};
use sekisho_wire::id::Code;
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::acts::by_whom;
use super::from;
use super::steps::{again, marked, signed_there};
use super::wish::begin_judged;
use crate::console::hand::Hand;
use crate::console::html::{Blank, Block, Cell, Content, Field, Form, Input, Kind, Method, Section, Table};
use crate::console::judged::{FUNCTION, INCIDENT};
use crate::console::visit::{Barred, Entered, Fields, Posted, Trouble, View};
use crate::console::wishes::What;
use crate::http::visit::Shown;
use crate::http::{Asked, Hall, Named};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{ANY_ROLE, CASE_READERS};

pub(crate) async fn state(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, |view| {
            let acts = acts(view)?;
            let mut shown = Vec::new();
            if let Some((newest, _)) = acts.first() {
                shown.push(Shown::rows(Query::Register, acts.len(), from(*newest)));
            }
            let mut content = content(view, &acts);
            // The record is an entry of the casebook, for its readers.
            if view.holds(CASE_READERS) {
                let (section, cases) = doors::section(view, named(view, &acts));
                content.sections.insert(1, section);
                shown.extend(cases.first().map(|first| Shown::rows(Query::Entries, cases.len(), from(*first))));
            }
            Ok((content, shown))
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
    let mut lead = vec![Block::Note(kind, text)];
    lead.extend(ways(view));
    lead.push(Block::Table(functions));
    Content {
        title: view.say("Connection", "結合の状態"),
        place: "/console/connection",
        refresh: None,
        sections: vec![
            Section::lead(lead),
            Section::new(
                view.say("Who stopped and restored it", "停止・再結合の処分"),
                vec![Block::Table(decisions(view, acts))],
            ),
        ],
    }
}

/// The acts that the record of a disconnection names: what stopped, as long as something is stopped, then what restored.
fn named(view: &View<'_>, acts: &[(u64, SignedAct)]) -> doors::Named {
    let id = |index: u64| acts.iter().find(|(at, _)| *at == index).map(|(_, signed)| signed.id());
    match view.register.stopped_by() {
        Some((index, _)) => doors::Named { stopped: id(index), restored: None },
        None => doors::Named { stopped: None, restored: acts.first().map(|(_, signed)| signed.id()) },
    }
}

/// What can be done: stop, and where something is stopped, connect again, or why not yet.
fn ways(view: &View<'_>) -> Vec<Block> {
    let stop = view.say("Stop at once", "直ちに結合を停止する");
    let reconnect = view.say("Reconnect", "再結合する");
    let mut blocks = Vec::new();
    if may(view, ConnectionState::Stopped) {
        blocks.push(Block::Buttons(vec![("/console/connection/stop".to_owned(), stop)]));
    }
    let is_stopped = view.register.stops().is_some_and(|stops| !stops.is_none());
    if is_stopped && may(view, ConnectionState::Connected) {
        blocks.push(match doors::why_not_reconnected(view) {
            None => Block::Buttons(vec![("/console/connection/open".to_owned(), reconnect)]),
            Some(why) => Block::Barred(reconnect, why),
        });
    }
    blocks
}

fn change(state: ConnectionState, functions: Vec<Code>) -> Change {
    Change::Connection(SetConnection { state, functions, incident: None })
}

/// Whether one of this person's posts may sign that, or propose it where others approve it.
fn may(view: &View<'_>, state: ConnectionState) -> bool {
    let route = view.register.route_at(change(state, Vec::new()).class(), view.now);
    Whose::Roles(route.proposers).is(&view.visitor.operator, &view.register, view.now)
}

#[derive(Deserialize)]
pub(crate) struct Way {
    what: String,
}

impl Way {
    fn state(&self) -> Result<ConnectionState, Refusal> {
        match self.what.as_str() {
            "stop" => Ok(ConnectionState::Stopped),
            "open" => Ok(ConnectionState::Connected),
            _ => Err(Refusal::NotFound("page")),
        }
    }
}

/// The page before it is done: what it does, to what, for which incident.
pub(crate) async fn sure(
    State(hall): State<Hall>,
    entered: Entered,
    Named(way): Named<Way>,
    Asked(asked): Asked<Fields>,
) -> Result<Response, Barred> {
    let state = way.state()?;
    entered.show(hall, ANY_ROLE, move |view| Ok((confirmation(view, state, &asked), Vec::new()))).await
}

fn confirmation(view: &View<'_>, state: ConnectionState, asked: &Fields) -> Content {
    let (title, text, button, way) = match state {
        ConnectionState::Stopped => (
            view.say("Stop the connection at once", "結合の即時停止"),
            view.say(
                "Every terminal refuses the functions chosen below from the moment it hears of it, and sessions end. The committee and the mayor are told afterwards (S1 14(5)); nobody has to be heard before.",
                "端末機は、この処分を受信した時点から下記で選択した業務機能を拒否し、利用中のセッションは終了します。事前の意見聴取は不要ですが、事後に委員会及び首長への通知が必要です。",
            ),
            view.say("Stop: sign with the card", "停止する（カードで署名）"),
            "stop",
        ),
        ConnectionState::Connected => (
            view.say("Reconnect", "再結合"),
            view.say(
                "The functions chosen below are granted again.",
                "下記で選択した業務機能の利用を再開します。",
            ),
            view.say("Reconnect: sign with the card", "再結合する（カードで署名）"),
            "open",
        ),
    };
    let stages = view.register.stages(&[change(state, Vec::new())], view.now);
    let mut blocks = vec![Block::Note(Kind::Warning, text)];
    if stages > 0 {
        let text = view.say(
            format!("It becomes a proposal: {stages} stages of approval follow."),
            format!("申請として提出され、{stages}段階の承認を経て効力を生じます。"),
        );
        blocks.push(Block::Text(text));
    }
    if state == ConnectionState::Stopped && view.holds(CASE_READERS) {
        blocks.extend(doors::unheard(view).map(|text| Block::Note(Kind::Warning, text)));
    }
    blocks.push(Block::Text(signed_there(view)));
    let barred = match state {
        ConnectionState::Stopped => None,
        ConnectionState::Connected => doors::why_not_reconnected(view),
    };
    let (summary, form) = match barred {
        Some(why) => (None, Block::Barred(button, why)),
        None => {
            let is_it = |what: &What| matches!(what, What::Connection { state: of, .. } if *of == state);
            let again = again(view, asked, &is_it);
            let mut fields = what_and_why(view, state, again.as_ref());
            let summary = marked(view, again.as_ref(), &mut fields);
            let action = format!("/console/connection/{way}");
            (summary, Block::Form(Form { action, method: Method::Post, fields, button }))
        }
    };
    blocks.push(form);
    let blocks = summary.into_iter().chain(blocks).collect();
    Content { title, place: "/console/connection", refresh: None, sections: vec![Section::lead(blocks)] }
}

fn what_and_why(view: &View<'_>, state: ConnectionState, again: Option<&(What, Hand)>) -> Vec<Field> {
    let (ticked, is_all, incident) = match again {
        Some((What::Connection { functions, is_all, incident, .. }, _)) => {
            (functions.clone(), *is_all, incident.clone())
        }
        Some(_) | None => (Vec::new(), false, String::new()),
    };
    let tick = |it: &sekisho_register::functions::Function| ticked.contains(it.code());
    let functions = view.register.functions();
    let functions = functions.map(|it| (it.code().to_string(), it.title().to_owned(), tick(it)));
    let all = (ALL.to_owned(), view.say("All business", "全ての業務"), is_all);
    let casebook = view.office.casebook();
    let mut known: Vec<_> = casebook.cases_on(forms::Form::Incident).filter(|case| !case.is_closed()).collect();
    known.sort_by_key(|case| std::cmp::Reverse(case.opened.index));
    let known = known.iter().filter(|_| view.holds(CASE_READERS)).take(30);
    let known = known.map(|case| (case.id.to_string(), case.id.text(view.language))).collect();
    let blank = |name: &str, label, value, hint, input| {
        let (name, wrong) = (name.to_owned(), String::new());
        let must = matches!(input, Input::Several(_));
        Field::Blank(Blank { name, label, value, hint, must, wrong, input })
    };
    let label = view.say("Functions", "業務機能");
    let hint = view.say("as in incident-2026-3", "例：incident-2026-3");
    let mut fields = vec![
        blank(
            FUNCTION,
            label,
            String::new(),
            String::new(),
            Input::Several([all].into_iter().chain(functions).collect()),
        ),
        blank(INCIDENT, view.say("Incident", "事案"), incident, hint, Input::Line(known)),
    ];
    let route = view.register.route_at(change(state, Vec::new()).class(), view.now);
    fields.extend(Hand::fields(view, Some(&Whose::Roles(route.proposers)), again.map(|(_, hand)| hand)));
    fields
}

/// The wish to do it.
pub(crate) async fn wish(State(hall): State<Hall>, Named(way): Named<Way>, posted: Posted) -> Result<Response, Barred> {
    let state = way.state()?;
    let hand = Hand::read(&posted.fields)?;
    let incident = posted.fields.get(INCIDENT).map(|text| text.trim().to_owned()).unwrap_or_default();
    if incident.len() > INCIDENT_MAX {
        return Err(Trouble::Long.into());
    }
    let ticked = posted.fields.keys().filter_map(|name| name.strip_prefix(FUNCTION)?.strip_prefix('.'));
    let (all, ticked): (Vec<String>, Vec<String>) = ticked.map(str::to_owned).partition(|name| name == ALL);
    let is_all = !all.is_empty();
    let functions = posted.entered.clone().answer(hall.clone(), ANY_ROLE, move |view| {
        // What is ticked and not known must not end as "everything".
        let named = |name: &String| {
            let mut known = view.register.functions().map(|it| it.code());
            known.find(|code| code.as_str() == name).cloned().ok_or(Refusal::Malformed("function"))
        };
        Ok((ticked.iter().map(named).collect::<Result<Vec<Code>, _>>()?, Vec::new()))
    });
    let functions = functions.await?;
    let back = format!("/console/connection/{}", way.what);
    let what = What::Connection { state, functions, is_all, incident };
    begin_judged(&hall, posted, (what, hand), (ANY_ROLE, back), |_| Ok(())).await
}

/// Every function: no code has this character.
const ALL: &str = "*";
/// A form, a year and a number.
const INCIDENT_MAX: usize = 60;

fn decisions(view: &View<'_>, acts: &[(u64, SignedAct)]) -> Table {
    let row = |(index, signed): &(u64, SignedAct)| {
        let lines = numbered_changes(signed.act(), &view.register, view.language);
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
