//! The first page: what is to be done today (本日の要処理).

use axum::extract::State;
use axum::response::Response;
use sekisho_register::change::TerminalUse;
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;

use crate::console::html::{Block, Cell, Content, Kind, Section, Table};
use crate::console::today::{Due, today};
use crate::console::visit::{Barred, Entered, View};
use crate::http::Hall;
use crate::http::visit::Shown;
use crate::store::LogName;
use crate::visitors::ANY_ROLE;

pub(crate) async fn start(State(hall): State<Hall>, entered: Entered) -> Result<Response, Barred> {
    entered
        .show(hall, ANY_ROLE, |view| {
            let today = today(view)?;
            let shown =
                [(Query::Search, today.records), (Query::Entries, today.entries), (Query::Register, today.acts)];
            let shown = shown.into_iter().filter(|(_, count)| *count > 0);
            let shown = shown.map(|(query, count)| Shown::rows(query, count, About::default())).collect();
            Ok((content(view, &today.rows, today.more), shown))
        })
        .await
}

fn content(view: &View<'_>, rows: &[Due], more: usize) -> Content {
    let row = |due: &Due| {
        let until = due.due.map_or_else(|| "-".to_owned(), |due| view.moment(due));
        let until = if due.is_overdue {
            Cell::Mark(Kind::Alarm, view.say(format!("overdue: {until}"), format!("超過：{until}")))
        } else {
            Cell::short(until)
        };
        let whose = due.whose.clone().unwrap_or_else(|| "-".to_owned());
        let mine = if due.is_mine { Cell::Mark(Kind::Warning, view.say("yours", "あなた")) } else { Cell::text("") };
        vec![mark(view, due.urgency), Cell::link(&due.link, &due.text), Cell::text(whose), mine, until]
    };
    let table = Table {
        caption: view.say("What is to be done or looked at", "対応又は確認が必要な事項"),
        columns: vec![
            view.say("Urgency", "緊急度"),
            view.say("What", "内容"),
            view.say("Whose", "担当"),
            view.say("Yours", "自分"),
            view.say("When", "期限・発生"),
        ],
        rows: rows.iter().map(row).collect(),
        none: view.say("Nothing waits.", "対応が必要な事項はありません。"),
    };
    let mut lead = vec![Block::Table(table)];
    if more > 0 {
        let text = view.say(format!("{more} more wait."), format!("ほかに{more}件あります。"));
        lead.push(Block::Note(Kind::Plain, text));
    }
    Content {
        title: view.say("Today", "本日の要処理"),
        place: "/console",
        refresh: None,
        sections: vec![Section::lead(lead), state(view)],
    }
}

fn mark(view: &View<'_>, urgency: Kind) -> Cell {
    let word = match urgency {
        Kind::Alarm => view.say("at once", "至急"),
        Kind::Warning => view.say("soon", "要対応"),
        Kind::Plain => view.say("to know", "参考"),
        Kind::Good => view.say("in order", "正常"),
    };
    Cell::Mark(urgency, word)
}

/// How the ledger stands.
fn state(view: &View<'_>) -> Section {
    let in_use = view.register.terminals().filter(|terminal| terminal.state(view.now) == TerminalUse::Active).count();
    let of_terminals = view.say(format!("{in_use}"), format!("{in_use} 台"));
    let facts = vec![(view.say("Terminals in use", "使用中の端末機"), Cell::text(of_terminals))];
    let columns =
        [("Log", "ログ"), ("State", "状態"), ("Entries", "件数"), ("Signed", "署名済み"), ("Key that signs", "署名鍵")];
    let row = |name: LogName| {
        let log = view.office.log(name);
        let state = match log.halted() {
            Some(_) => Cell::Mark(Kind::Alarm, view.say("stopped", "停止")),
            None if log.is_late() => Cell::Mark(Kind::Warning, view.say("not signed in time", "署名の遅延")),
            None => Cell::Mark(Kind::Good, view.say("in order", "正常")),
        };
        // As its verifiers show it: enough to compare with what the office has on paper.
        let key = sekisho_wire::id::Hash(log.keys().newest().to_bytes()).to_string();
        vec![
            Cell::text(name.of_acts().name(view.language)),
            state,
            Cell::number(log.committed_size()),
            Cell::number(log.signed_size()),
            Cell::Code(key),
        ]
    };
    let logs = Table {
        caption: view.say("The logs of this office", "この団体のログ"),
        columns: columns.into_iter().map(|(english, japanese)| view.say(english, japanese)).collect(),
        rows: LogName::ALL.into_iter().map(row).collect(),
        none: String::new(),
    };
    Section::new(view.say("The ledger", "台帳の状況"), vec![Block::Table(logs), Block::Facts(facts)])
}
