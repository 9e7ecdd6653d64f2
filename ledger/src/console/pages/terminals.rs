//! Terminals as they are now; the page refreshes by itself while somebody uses the console.

use axum::extract::State;
use axum::response::Response;
use sekisho_register::change::{TerminalKind, TerminalUse};
use sekisho_register::places::Terminal;
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;

use crate::console::html::{Block, Cell, Content, Kind, Section, Table};
use crate::console::lacks;
use crate::console::paging::Paging;
use crate::console::visit::{BY_ITSELF, Barred, Entered, View};
use crate::http::visit::Shown;
use crate::http::{Asked, Hall};
use crate::missing::AllMissing;
use crate::refusal::Refusal;
use crate::search::Behind;
use crate::visitors::ANY_ROLE;

/// From which row on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    from: String,
}

/// When a terminal was last used tells of whoever sits there.
pub(crate) async fn terminals(
    State(hall): State<Hall>,
    entered: Entered,
    Asked(asked): Asked<Page>,
) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, move |view| {
            let (mut rows, mut missing) =
                (view.ledger.behind(&view.visitor.office)?, view.ledger.missing(&view.visitor.office)?);
            let seen = |terminal: &str| view.sight.sees_terminal_named(&view.register, terminal);
            rows.retain(|row| seen(&row.terminal));
            missing.ranges.retain(|range| seen(&range.terminal));
            let shown = Shown::rows(Query::Search, rows.len(), About::default());
            Ok((content(view, &rows, &missing, &asked)?, vec![shown]))
        })
        .await
}

fn content(view: &View<'_>, rows: &[Behind], missing: &AllMissing, asked: &Page) -> Result<Content, Refusal> {
    let columns = [
        ("Terminal", "端末機"),
        ("State", "状態"),
        ("Kind", "種別"),
        ("Section", "設置課"),
        ("Responsible", "管理責任者"),
        ("Last heard", "最終通信"),
        ("Epoch", "履歴"),
        ("Next record", "次の記録番号"),
        ("Not here yet", "未着"),
    ];
    let seen = view.register.terminals().filter(|it| view.sight.sees_terminal(&view.register, it.code()));
    let seen: Vec<&Terminal> = seen.collect();
    let paging = Paging::of(&asked.from, seen.len())?;
    let page = paging.take(seen);
    let table = Table {
        caption: view.say("Terminals now", "端末機の現在の状況"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: view.together(|| page.iter().map(|terminal| row(view, terminal, rows)).collect()),
        none: view.say("No terminal is registered.", "登録された端末機はありません。"),
    };
    let late: Vec<Behind> = rows.iter().filter(|row| view.ledger.is_late(row)).cloned().collect();
    let note = view.say(
        "The page refreshes every minute until nobody has used the console for 15 minutes.",
        "この画面は1分ごとに自動更新されます（15分間操作がないと利用は終了します）。",
    );
    let mut blocks = vec![Block::Text(note), Block::Table(table)];
    blocks.extend(paging.ways(view, |from| format!("/console/terminals?from={from}")));
    Ok(Content {
        title: view.say("Terminals", "端末機の状況"),
        place: "/console/terminals",
        refresh: Some((60, format!("/console/terminals?from={}&{BY_ITSELF}", asked.from))),
        sections: vec![Section::lead(blocks), lacks::section(view, &late, missing, view.register.all_destroyed())],
    })
}

fn row(view: &View<'_>, terminal: &Terminal, rows: &[Behind]) -> Vec<Cell> {
    let version = terminal.version_at(view.now).unwrap_or_else(|| terminal.version());
    let known = rows.iter().find(|row| row.terminal == terminal.code().as_str());
    let state = match (terminal.state(view.now), known) {
        (TerminalUse::Retired, _) => (Kind::Plain, view.say("retired", "廃止")),
        (TerminalUse::Suspended, _) => (Kind::Warning, view.say("suspended", "停止")),
        (TerminalUse::Active, Some(row)) if view.ledger.is_late(row) => (Kind::Warning, view.say("silent", "通信なし")),
        (TerminalUse::Active, _) => (Kind::Good, view.say("heard", "通信中")),
    };
    let heard = known.and_then(|row| row.last_heard).map_or_else(|| "-".to_owned(), |at| view.moment(at));
    let section = view.register.section(&version.section);
    let section = section.map_or_else(|| version.section.to_string(), |section| section.title().to_owned());
    let post = version.responsible.as_ref().and_then(|post| view.register.post(post));
    let responsible = post.map_or_else(
        || vec!["-".to_owned()],
        |post| {
            let holders = post.holders(view.now).map(|holder| view.person(&holder.operator));
            std::iter::once(post.version().title.to_string()).chain(holders).collect()
        },
    );
    let number = |of: fn(&Behind) -> u64| known.map_or_else(|| Cell::text("-"), |row| Cell::number(of(row)));
    vec![
        Cell::text(terminal.code().as_str()),
        Cell::Mark(state.0, state.1),
        Cell::text(kind(view, version.kind)),
        Cell::text(section),
        Cell::Lines(responsible),
        Cell::short(heard),
        number(|row| row.epoch.into()),
        number(|row| row.next),
        number(|row| row.holds),
    ]
}

/// What a terminal is for.
pub(super) fn kind(view: &View<'_>, kind: TerminalKind) -> String {
    match kind {
        TerminalKind::Business => view.say("business", "業務端末"),
        TerminalKind::Management => view.say("management", "管理用端末機"),
        TerminalKind::Integrated => view.say("integrated", "統合端末"),
        TerminalKind::CardIssuing => view.say("card issuing", "カード発行用端末"),
    }
}
