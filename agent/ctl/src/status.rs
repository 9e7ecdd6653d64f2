//! `sekisho status`: what is, in lines for people or as JSON.

use std::process::ExitCode;

use sekisho_ipc::{Function, Session, SessionEnd, SessionState, State};
use sekisho_wire::words::Language;
use unicode_width::UnicodeWidthStr;

use crate::failure::Failure;
use crate::phrases::{holder, lock_reason, sentence, session_kind, state_name, tries, warnings, what_of};
use crate::time_text::{countdown, of_day};
use crate::{Surroundings, exit, output};

/// How wide the labels are.
const LABEL: usize = 16;
/// How wide a function's code and title are.
const CODE: usize = 20;
const TITLE: usize = 24;

pub(crate) fn run(surroundings: &Surroundings, json: bool) -> Result<ExitCode, Failure> {
    let state = surroundings.connect()?.status().map_err(|error| surroundings.asking(error))?;
    if json {
        output::json(&state)?;
    } else {
        lines(&state, surroundings.language).iter().try_for_each(|line| output::line(line))?;
    }
    Ok(exit::DONE.into())
}

/// What a clerk or an administrator wants to see, one thing a line.
fn lines(state: &State, language: Language) -> Vec<String> {
    let field = |japanese, english, value: &str| format!("{}{value}", padded(language.pick(japanese, english), LABEL));
    let mut lines = Vec::new();
    if let Some(office) = state.title.as_deref().or(state.office.as_deref()) {
        lines.push(field("団体", "office", office));
    }
    if let Some(terminal) = &state.terminal {
        lines.push(field("端末", "terminal", terminal));
    }
    lines.push(field("状態", "state", state_name(state.state, language)));
    // While a session is open it is of an earlier lock or end.
    if let Some(reason) = state.last_lock_reason.as_ref().filter(|_| state.state != SessionState::Open) {
        let (japanese, english) =
            if state.session.is_some() { ("ロックの理由", "locked") } else { ("前回の終了", "last ended") };
        lines.push(field(japanese, english, lock_reason(reason, language)));
    }
    if let Some(card) = &state.card {
        lines.push(field("カード", "card", holder(card)));
        if let Some(left) = card.tries_left {
            lines.push(field("暗証番号", "PIN", &tries(left, language)));
        }
    }
    if let Some(session) = &state.session {
        lines.extend(session_lines(session, language));
    }
    lines.extend(state.functions.iter().map(|function| function_line(function, language)));
    lines.extend(warnings(state, language).iter().map(|warning| format!("! {warning}")));
    if !state.advice.granted {
        lines.push(sentence(&state.advice, language));
    }
    lines
}

/// Who is in, with what, since when, for how long.
pub(crate) fn session_lines(session: &Session, language: Language) -> Vec<String> {
    let who = session.name.as_deref().unwrap_or_default();
    let (end_japanese, end) = match session.ends_by {
        SessionEnd::Length => ("終了まで", "ends in"),
        SessionEnd::Hours => ("運用終了まで", "hours end in"),
        SessionEnd::Rest => ("休憩まで", "rest due in"),
        SessionEnd::Day => ("本日の上限まで", "day's limit in"),
    };
    [
        ("操作者", "operator", format!("{} {who}", session.operator)),
        ("所属", "section", section(session).to_owned()),
        ("操作権限", "profile", session.profile.clone()),
        ("種別", "kind", session_kind(&session.kind, language).to_owned()),
        ("開始", "since", of_day(session.opened)),
        ("自動ロックまで", "idle lock in", countdown(session.idle_lock_in)),
        (end_japanese, end, countdown(session.ends_in)),
    ]
    .into_iter()
    .map(|(japanese, english, value)| {
        format!("{}{}", padded(language.pick(japanese, english), LABEL), value.trim_end())
    })
    .collect()
}

/// The section as people call it.
pub(crate) fn section(session: &Session) -> &str {
    if session.section_title.is_empty() { &session.section } else { &session.section_title }
}

/// What a function that would be granted asks for besides.
pub(crate) fn proof(function: &Function, language: Language) -> &'static str {
    match function.level.as_str() {
        "pin" => language.pick("暗証番号が必要", "asks for the PIN"),
        "card" => language.pick("カードで確認", "asks the card"),
        _ => "",
    }
}

/// A function, and whether it would be granted now.
pub(crate) fn function_line(function: &Function, language: Language) -> String {
    let mark = if function.verdict.granted { language.pick("可", "yes") } else { language.pick("否", "no") };
    let reason =
        if function.verdict.granted { proof(function, language) } else { what_of(&function.verdict, language) };
    let (code, title) = (padded(&function.function, CODE), padded(&function.title, TITLE));
    format!("  {}{code} {title} {reason}", padded(mark, 4)).trim_end().to_owned()
}

/// Filled up to a number of columns: a Japanese character takes two.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}
