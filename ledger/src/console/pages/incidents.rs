//! What was reported: cards that terminals blocked, and incidents as the casebook has them.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::cards::Card;
use sekisho_register::cases::Case;
use sekisho_register::change::{CardState, StateReason, Value};
use sekisho_register::field_text;
use sekisho_register::forms::{Form, incident};
use sekisho_register::wareki::numbered;
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Code;
use sekisho_wire::reason::Query;
use serde::Deserialize;

use super::acts::acts;
use super::from;
use crate::clock::Millis;
use crate::console::html::{Block, Cell, Content, Kind, Section, Table};
use crate::console::paging::Paging;
use crate::console::visit::{Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall};
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::READERS;

/// A card that somebody reported at a terminal.
pub(crate) struct Reported {
    pub(crate) number: String,
    pub(crate) terminal: String,
    holder: Option<Code>,
    reason: StateReason,
    made: Millis,
    index: u64,
    /// Nobody has decided about it since.
    pub(crate) waits: bool,
}

/// Which reports are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reports {
    /// Every one.
    All,
    /// Those about which nobody has decided since.
    Waiting,
}

/// They, the newest first, whose acts are all asked for at once.
pub(crate) fn reported_cards(view: &View<'_>, which: Reports) -> Result<Vec<Reported>, Refusal> {
    let mut said: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for card in view.register.cards() {
        let blocks = card.states().iter().filter(|said| said.value.0 != CardState::Active);
        let blocks = blocks.filter(|said| is_trouble(said.value.1));
        for block in blocks.filter(|said| which == Reports::All || is_last(card, said.index)) {
            said.entry(block.index).or_default().push((card, block));
        }
    }
    let mut reported = Vec::new();
    for (index, signed) in acts(view, LogName::Register, &said.keys().copied().collect::<Vec<_>>())? {
        let Signer::Terminal(terminal) = signed.signer() else { continue };
        reported.extend(said.get(&index).into_iter().flatten().map(|(card, said)| Reported {
            number: numbered(card.number(), view.language),
            terminal: terminal.to_string(),
            holder: card.holder(view.now).map(|holder| holder.operator.clone()),
            reason: said.value.1,
            made: signed.act().made,
            index,
            waits: is_last(card, index),
        }));
    }
    reported.sort_by_key(|report| std::cmp::Reverse((report.made, report.index)));
    Ok(reported)
}

/// What is reported at panels.
const fn is_trouble(reason: StateReason) -> bool {
    matches!(reason, StateReason::Lost | StateReason::Stolen | StateReason::Damaged | StateReason::PinCompromised)
}

fn is_last(card: &Card, index: u64) -> bool {
    card.states().iter().next_back().is_some_and(|said| said.index == index)
}

/// From which row on of either list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pages {
    cards: String,
    incidents: String,
}

/// Entries of the casebook: whoever may read those reads these.
pub(crate) async fn list(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Pages>,
) -> Result<Response, Barred> {
    entered
        .show(hall, READERS, move |view| {
            let (reported, casebook) = (reported_cards(view, Reports::All)?, view.office.casebook());
            let mut incidents: Vec<&Case> = casebook.cases_on(Form::Incident).collect();
            incidents.sort_by_key(|incident| std::cmp::Reverse(incident.opened.index));
            let of_cards = Paging::of(&asked.cards, reported.len())?;
            let of_incidents = Paging::of(&asked.incidents, incidents.len())?;
            let (reported, incidents) = (of_cards.take(&reported), of_incidents.take(incidents));
            let (count, first) = (incidents.len(), incidents.iter().map(|case| case.opened.index).min().unwrap_or(0));
            let (cards, incidents) = view.together(|| (table(view, &reported), table_of_incidents(view, &incidents)));
            let to = |cards: &str, incidents: &str| format!("/console/incidents?cards={cards}&incidents={incidents}");
            let mut blocks = vec![Block::Table(cards)];
            blocks.extend(of_cards.ways(view, |from| to(&from.to_string(), &asked.incidents)));
            blocks.push(Block::Table(incidents));
            blocks.extend(of_incidents.ways(view, |from| to(&asked.cards, &from.to_string())));
            let content = Content {
                title: view.say("Reports and incidents", "届出・事故等"),
                place: "/console/incidents",
                refresh: None,
                sections: vec![Section::lead(blocks)],
            };
            let mut shown = vec![Shown::rows(Query::Register, reported.len(), from(0))];
            shown.push(Shown::rows(Query::Entries, count, from(first)));
            shown.retain(|shown| !matches!(shown, Shown::Rows(_, 0, _)));
            Ok((content, shown))
        })
        .await
}

fn table(view: &View<'_>, cards: &[&Reported]) -> Table {
    let row = |card: &&Reported| {
        let (english, japanese) = match card.reason {
            StateReason::Lost => ("lost", "紛失"),
            StateReason::Stolen => ("stolen", "盗難"),
            StateReason::Damaged => ("damaged", "き損"),
            StateReason::PinCompromised => ("PIN known", "暗証番号の漏えい"),
            StateReason::None
            | StateReason::NameChanged
            | StateReason::LeftDuty
            | StateReason::Replaced
            | StateReason::Other => ("-", "-"),
        };
        let state = if card.waits {
            Cell::Mark(Kind::Warning, view.say("waits for a decision", "処分待ち"))
        } else {
            Cell::Mark(Kind::Good, view.say("decided", "処分済み"))
        };
        vec![
            Cell::text(&card.number),
            Cell::short(view.moment(card.made)),
            Cell::text(&card.terminal),
            Cell::text(view.say(english, japanese)),
            Cell::text(card.holder.as_ref().map_or_else(|| "-".to_owned(), |holder| view.person(holder))),
            state,
            Cell::link(format!("/console/acts/{}", card.index), card.index.to_string()),
        ]
    };
    let columns = [
        ("Card", "カード"),
        ("Reported", "届出日時"),
        ("Terminal", "端末機"),
        ("Why", "届出の内容"),
        ("Holder", "操作者"),
        ("State", "状態"),
        ("Act", "処分"),
    ];
    Table {
        caption: view.say("Cards reported at terminals", "端末機で届け出られたカード"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: cards.iter().map(row).collect(),
        none: view.say("No card was reported.", "届出はありません。"),
    }
}

fn table_of_incidents(view: &View<'_>, incidents: &[&Case]) -> Table {
    let row = |incident: &&Case| {
        let (class, level, kind) =
            incident.judged().map_or((0, 0, "-"), |(class, level, kind)| (class, level, kind.as_str()));
        let class =
            if class == incident::FAILURE { view.say("failure", "障害") } else { view.say("misuse", "不正行為") };
        let level = match level {
            0 => view.say("not judged yet", "未判定"),
            level => view.say(format!("threat level {level}"), format!("脅威度 {level}")),
        };
        let by = match &incident.opened.signer {
            Signer::Card(guid) => {
                incident.opened.operator.as_ref().map_or_else(|| guid.to_string(), |operator| view.person(operator))
            }
            Signer::Terminal(terminal) => view.say(format!("terminal {terminal}"), format!("端末機 {terminal}")),
            Signer::Recovery(_) => "-".to_owned(),
        };
        let text = |key| {
            incident.opened.field(key).map_or_else(|| "-".to_owned(), |value| field_text(None, value, view.language))
        };
        let card = incident.opened.field(incident::CARD);
        let card = card.and_then(|card| if let Value::Card(card) = card { view.register.card(card) } else { None });
        vec![
            Cell::link(format!("/console/cases/{}", incident.id), numbered(incident.id.number, view.language)),
            Cell::short(view.moment(incident.opened.made)),
            Cell::text(by),
            Cell::text(format!("{class}: {kind}")),
            Cell::text(level),
            Cell::text(text(incident::TERMINAL)),
            Cell::short(card.map_or_else(|| "-".to_owned(), |card| numbered(card.number(), view.language))),
        ]
    };
    let columns = [
        ("Number", "番号"),
        ("Reported", "報告日時"),
        ("By", "報告者"),
        ("What", "内容"),
        ("Level", "脅威度"),
        ("Terminal", "端末機"),
        ("Card", "カード"),
    ];
    Table {
        caption: view.say("Incidents", "事故等の報告"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: incidents.iter().map(row).collect(),
        none: view.say("No incident was reported.", "報告はありません。"),
    }
}
