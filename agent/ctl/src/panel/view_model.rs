//! What to show: the panel's knowledge as rows of text. Pure, so that every state can be looked at in a test.

mod deciding;
mod foot;
mod for_program;
mod reporting;

use sekisho_ipc::{Function, PinEntry, Purpose, Recent, Session, SessionEnd, SessionState, State};
use sekisho_wire::words::Language;
use unicode_width::UnicodeWidthStr;

use self::foot::keys_shown;
use super::lines::{fitted, wrapped};
use super::model::{Agent, Dialog, Panel, Reporting};
use crate::failure::Failure;
use crate::phrases::{
    ForWhom, holder, lock_reason, next_of, reader_waits, sentence, session_kind, tries, type_on_reader, warnings,
    what_of,
};
use crate::status::{padded, proof, section};
use crate::time_text::{countdown, of_day};

/// From when on the coming idle lock is warned of, in milliseconds.
const IDLE_WARNING: u64 = 60_000;
/// From when on the coming end of the session is warned of.
const END_WARNING: u64 = 600_000;
/// How many decisions are shown.
const RECENT: usize = 3;

/// How much fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// How a row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// Across the screen: head, foot, what is marked.
    Bar,
    Strong,
    Quiet,
    Good,
    Warning,
}

/// One row of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// Exactly as many rows as fit: head, warnings, body, what was said last, keys.
pub(super) fn view(panel: &Panel, size: Size) -> Vec<Row> {
    let language = panel.language;
    let mut rows = vec![head(panel, size.columns)];
    if let Some(state) = panel.state() {
        let warnings = warnings(state, language);
        rows.extend(warnings.iter().flat_map(|text| marked(" ! ", text, Tone::Warning, size)));
    }
    let mut foot: Vec<Row> = panel
        .notice
        .iter()
        .flat_map(|notice| {
            let (tone, mark) = if notice.good { (Tone::Good, " * ") } else { (Tone::Warning, " ! ") };
            marked(mark, &notice.text, tone, size)
        })
        .collect();
    foot.push(row(Tone::Bar, fitted(&format!(" {}", keys_shown(panel)), size.columns)));
    let room = size.rows.saturating_sub(rows.len() + foot.len());
    let mut body = body(panel, Size { rows: room, ..size });
    body.resize(room, row(Tone::Plain, String::new()));
    rows.extend(body);
    rows.extend(foot);
    rows
}

/// As many rows as the text needs, with a mark before the first.
fn marked(mark: &str, text: &str, tone: Tone, size: Size) -> Vec<Row> {
    let lines = wrapped(text, size.columns.saturating_sub(4)).into_iter().enumerate();
    lines.map(|(line, text)| row(tone, format!("{}{text}", if line == 0 { mark } else { "   " }))).collect()
}

fn row(tone: Tone, text: impl Into<String>) -> Row {
    Row { tone, text: text.into() }
}

fn head(panel: &Panel, columns: usize) -> Row {
    let state = panel.state();
    let office = state.and_then(|state| state.title.as_deref()).unwrap_or_default();
    let terminal = state.and_then(|state| state.terminal.as_deref()).unwrap_or_default();
    let left = format!(" {}  {office}  {terminal}", panel.language.pick("関所 Sekisho", "Sekisho"));
    let clock = state.map(|state| of_day(state.time.saturating_add(since(panel)))).unwrap_or_default();
    row(Tone::Bar, format!("{}{clock} ", fitted(left.trim_end(), columns.saturating_sub(clock.width() + 1))))
}

/// How many milliseconds ago the agent said what is shown.
fn since(panel: &Panel) -> u64 {
    match panel.agent {
        Agent::Reached { at, .. } => panel.now.saturating_sub(at),
        Agent::Connecting | Agent::Unreachable(_) => 0,
    }
}

fn body(panel: &Panel, size: Size) -> Vec<Row> {
    let language = panel.language;
    let state = match &panel.agent {
        Agent::Connecting => {
            return middle(
                vec![row(Tone::Plain, language.pick("エージェントに接続しています", "Connecting to the agent"))],
                size,
            );
        }
        Agent::Unreachable(failure) => return unreachable(failure, language, size),
        Agent::Reached { state, .. } => state,
    };
    match &panel.dialog {
        Dialog::None => {}
        Dialog::Waiting => return waiting(panel, size),
        Dialog::Program { .. }
        | Dialog::Purpose { .. }
        | Dialog::Case { .. }
        | Dialog::Pin { .. }
        | Dialog::ForProgram { .. }
        | Dialog::ChangePin { .. }
        | Dialog::Report(_)
        | Dialog::Decide(_) => {
            return dialog(panel, size);
        }
    }
    if state.office.is_none() {
        return not_enrolled(state, language, size);
    }
    match (state.state, &state.session) {
        (SessionState::Open, Some(session)) => open(panel, state, session, size),
        (SessionState::NoCard, _) => no_card(state, language, size),
        (SessionState::Locked, _) => locked(panel, state, size),
        (SessionState::AwaitPin, _) => await_pin(panel, state, size),
        (SessionState::Open, None) => elsewhere(language, size),
    }
}

fn unreachable(failure: &Failure, language: Language, size: Size) -> Vec<Row> {
    let mut rows = vec![];
    if failure.is_silence() {
        rows.push(row(Tone::Strong, language.pick("エージェントが応答しません", "The agent does not answer")));
        rows.push(row(Tone::Plain, ""));
    }
    rows.extend(paragraph(&failure.what(language), Tone::Strong, size));
    rows.extend(paragraph(&failure.next(language), Tone::Warning, size));
    let retry = language.pick("自動的に再接続します", "Trying again every second");
    rows.extend([row(Tone::Plain, ""), row(Tone::Quiet, retry)]);
    middle(rows, size)
}

/// Somebody works in another session of this machine, and we may not see more than that.
fn elsewhere(language: Language, size: Size) -> Vec<Row> {
    let what = language.pick("この端末は別の画面で使用中です", "This terminal is in use in another session");
    let next = language.pick("そちらの画面で終了してから使ってください", "End that session first, on its own screen");
    middle(vec![row(Tone::Strong, what), row(Tone::Plain, ""), row(Tone::Warning, next)], size)
}

fn not_enrolled(state: &State, language: Language, size: Size) -> Vec<Row> {
    let mut rows = vec![row(Tone::Strong, what_of(&state.advice, language)), row(Tone::Plain, "")];
    rows.extend(paragraph(next_of(&state.advice, language), Tone::Warning, size));
    middle(rows, size)
}

fn waiting(panel: &Panel, size: Size) -> Vec<Row> {
    let language = panel.language;
    if panel.pin_entry() == PinEntry::ReaderNow {
        if let Some((ForWhom::Another, warning)) = panel.state().map(|state| reader_waits(state, language)) {
            return middle(paragraph(&warning, Tone::Warning, size), size);
        }
        let cancel = language.pick("やめるにはカードリーダーの取消キー", "Its cancel key gives up");
        let tries = panel.state().map(|state| tries_row(state, language)).unwrap_or_default();
        let rows = [
            row(Tone::Strong, type_on_reader(language)),
            row(Tone::Plain, ""),
            row(Tone::Plain, cancel),
            row(Tone::Plain, ""),
        ];
        return middle(rows.into_iter().chain(tries).collect(), size);
    }
    let (japanese, english) =
        ("確認しています。カードを抜かないでください。", "Working. Leave the card in the reader.");
    middle(vec![row(Tone::Strong, language.pick(japanese, english))], size)
}

fn no_card(state: &State, language: Language, size: Size) -> Vec<Row> {
    let call = match &state.lease {
        None => language.pick("カ ー ド を 挿 入 し て く だ さ い", "I N S E R T   Y O U R   C A R D"),
        Some(_) => language.pick("カ ー ド リ ー ダ ー 貸 出 中", "C A R D   R E A D E R S   A R E   L E N T"),
    };
    let mut rows: Vec<Row> = [
        "+--------------------+",
        "|  ##                |",
        "|  ##      SEKISHO   |",
        "|                    |",
        "+--------||----------+",
        "         \\/           ",
        "======================",
    ]
    .into_iter()
    .map(|line| row(Tone::Plain, line))
    .collect();
    rows.extend([row(Tone::Plain, ""), row(Tone::Strong, call), row(Tone::Plain, "")]);
    rows.extend(why_locked(state, language));
    if state.session.is_none() && !matches!(state.advice.code.as_str(), "no_card" | "granted") {
        rows.extend(advice(state, language, size));
    }
    middle(rows, size)
}

fn await_pin(panel: &Panel, state: &State, size: Size) -> Vec<Row> {
    let language = panel.language;
    if panel.must_change() {
        return expired(panel, state, size);
    }
    let mut rows = ask_for_pin(panel, ["暗証番号を入力してください", "Type your PIN"], Tone::Strong, size);
    if let Some(card) = &state.card {
        rows.push(row(Tone::Plain, format!("{}: {}", language.pick("カード", "card"), holder(card))));
    }
    let profiles = panel.profiles();
    if let Some(profile) = profiles.get(panel.profile) {
        let more = if profiles.len() > 1 { language.pick("  (Tab: 切替)", "  (Tab: next)") } else { "" };
        rows.push(row(Tone::Plain, format!("{}: {profile}{more}", language.pick("操作権限", "profile"))));
    }
    rows.extend(why_locked(state, language));
    rows.extend(pin_field(panel.typed.len(), state, language));
    if !matches!(state.advice.code.as_str(), "pin_needed" | "granted") {
        rows.extend(advice(state, language, size));
    }
    middle(rows, size)
}

/// The PIN is good for its change alone.
fn expired(panel: &Panel, state: &State, size: Size) -> Vec<Row> {
    let language = panel.language;
    let mut rows = vec![row(Tone::Strong, what_of(&state.advice, language))];
    if let Some(card) = &state.card {
        rows.push(row(Tone::Plain, format!("{}: {}", language.pick("カード", "card"), holder(card))));
    }
    rows.extend([row(Tone::Plain, ""), row(Tone::Warning, change_now(language)), row(Tone::Plain, "")]);
    rows.extend(tries_row(state, language));
    middle(rows, size)
}

const fn change_now(language: Language) -> &'static str {
    language.pick("新しい暗証番号に変更してください", "Choose another one before you go on")
}

fn locked(panel: &Panel, state: &State, size: Size) -> Vec<Row> {
    let language = panel.language;
    if panel.must_change() {
        return expired(panel, state, size);
    }
    let mut rows = vec![row(Tone::Strong, language.pick("ロック中です", "Locked"))];
    if let Some(session) = &state.session {
        rows.push(row(Tone::Plain, who(session)));
    }
    rows.extend(why_locked(state, language));
    rows.push(row(Tone::Plain, ""));
    if state.advice.code != "rest_needed" {
        let ask = ["続けるには暗証番号を入力してください", "Type your PIN to go on"];
        rows.extend(ask_for_pin(panel, ask, Tone::Plain, size));
        rows.extend(pin_field(panel.typed.len(), state, language));
    }
    if !matches!(state.advice.code.as_str(), "locked" | "pin_needed" | "granted") {
        rows.extend(advice(state, language, size));
    }
    middle(rows, size)
}

/// Where to type, if not here.
fn ask_for_pin(panel: &Panel, [japanese, english]: [&'static str; 2], tone: Tone, size: Size) -> Vec<Row> {
    let language = panel.language;
    let ask = match panel.pin_entry() {
        PinEntry::Keyboard => language.pick(japanese, english),
        PinEntry::Reader => language.pick(
            "Enter を押してから、カードリーダーのキーパッドで暗証番号を入力してください",
            "Press Enter, then type your PIN on the reader's keypad",
        ),
        PinEntry::ReaderNow => match panel.state().map(|state| reader_waits(state, language)) {
            Some((ForWhom::Another, warning)) => return paragraph(&warning, Tone::Warning, size),
            Some((ForWhom::You, _)) | None => type_on_reader(language),
        },
        PinEntry::Nowhere => language.pick("暗証番号を入力できません", "The PIN cannot be typed"),
    };
    vec![row(tone, ask)]
}

fn why_locked(state: &State, language: Language) -> Option<Row> {
    let reason = lock_reason(state.last_lock_reason.as_deref()?, language);
    let lead = match state.session {
        Some(_) => language.pick("ロックの理由: ", "Locked: "),
        None => language.pick("前回の終了: ", "Last ended: "),
    };
    Some(row(Tone::Plain, format!("{lead}{reason}")))
}

/// As many stars as characters, and how many tries are left.
fn pin_field(length: usize, state: &State, language: Language) -> Vec<Row> {
    let field = format!("[ {} ]", padded(&"*".repeat(length), 10));
    let here = state.card.as_ref().is_none_or(|card| card.pin_entry == PinEntry::Keyboard);
    let field = here.then(|| [row(Tone::Plain, ""), row(Tone::Strong, field)]);
    let mut rows: Vec<Row> = field.into_iter().flatten().chain([row(Tone::Plain, "")]).collect();
    rows.extend(tries_row(state, language));
    rows
}

fn tries_row(state: &State, language: Language) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(left) = state.card.as_ref().and_then(|card| card.tries_left) {
        let (tone, mark) = if left <= 2 { (Tone::Warning, "! ") } else { (Tone::Plain, "") };
        rows.push(row(tone, format!("{mark}{}", tries(left, language))));
    }
    rows
}

fn advice(state: &State, language: Language, size: Size) -> Vec<Row> {
    let mut rows = paragraph(what_of(&state.advice, language), Tone::Plain, size);
    rows.extend(paragraph(next_of(&state.advice, language), Tone::Warning, size));
    rows
}

fn who(session: &Session) -> String {
    session.name.as_ref().map_or_else(|| session.operator.clone(), |name| format!("{name} ({})", session.operator))
}

fn open(panel: &Panel, state: &State, session: &Session, size: Size) -> Vec<Row> {
    let language = panel.language;
    let label = |japanese, english| language.pick(japanese, english);
    let end = match session.ends_by {
        SessionEnd::Length => label("利用終了まで", "Session ends in"),
        SessionEnd::Hours => label("運用終了まで", "Hours end in"),
        SessionEnd::Rest => label("休憩まで", "Rest due in"),
        SessionEnd::Day => label("本日の上限まで", "Day's limit in"),
    };
    let mut rows = vec![
        row(Tone::Strong, format!(" {}", who(session))),
        row(
            Tone::Plain,
            format!(
                " {} {}   {} {}   {} {}   {} {}",
                label("所属", "section"),
                section(session),
                label("操作権限", "profile"),
                session.profile,
                label("種別", "kind"),
                session_kind(&session.kind, language),
                label("開始", "since"),
                of_day(session.opened),
            ),
        ),
        timer(session.idle_lock_in, since(panel), IDLE_WARNING, label("自動ロックまで", "Idle lock in"), language),
        timer(session.ends_in, since(panel), END_WARNING, end, language),
        row(Tone::Plain, ""),
        row(Tone::Strong, format!(" {}", label("この端末で今できること", "What you may do here and now"))),
    ];
    let recent = recent(&state.recent, language, size.columns);
    let why = why_refused(panel, size);
    let room = size.rows.saturating_sub(rows.len() + recent.len() + why.len()).max(1);
    let first = panel.selected.saturating_sub(room - 1);
    rows.extend(
        state
            .functions
            .iter()
            .enumerate()
            .skip(first)
            .take(room)
            .map(|(index, function)| function_row(function, index == panel.selected, language, size.columns)),
    );
    rows.extend(why);
    rows.resize(rows.len().max(size.rows.saturating_sub(recent.len())), row(Tone::Plain, ""));
    rows.extend(recent);
    rows
}

/// What stands against the marked function, in full: the list has room for its beginning only.
fn why_refused(panel: &Panel, size: Size) -> Vec<Row> {
    let refused = panel.function().filter(|function| !function.verdict.granted);
    let why = refused.map(|function| sentence(&function.verdict, panel.language)).unwrap_or_default();
    let lines = wrapped(&why, size.columns.saturating_sub(8)).into_iter().enumerate();
    lines.map(|(line, text)| row(Tone::Plain, format!("  {} {text}", if line == 0 { "->" } else { "  " }))).collect()
}

/// A countdown; in its last stretch it says in words that it is one.
fn timer(left: u64, since: u64, warn_from: u64, label: &str, language: Language) -> Row {
    let left = left.saturating_sub(since);
    let text = format!("{} {}", padded(label, 16), countdown(left));
    if left > warn_from {
        return row(Tone::Plain, format!("   {text}"));
    }
    row(Tone::Warning, format!(" ! {text}  {}", language.pick("まもなくです", "soon")))
}

fn function_row(function: &Function, marked: bool, language: Language, columns: usize) -> Row {
    let granted = function.verdict.granted;
    let allowed = if granted { language.pick("可", "yes") } else { language.pick("否", "no") };
    let reason = if granted { proof(function, language) } else { what_of(&function.verdict, language) };
    let text = format!(
        " {} {} {} {} {reason}",
        if marked { ">" } else { " " },
        padded(allowed, 3),
        fitted(&function.function, 17),
        fitted(&function.title, 22),
    );
    let tone = match (marked, granted) {
        (true, _) => Tone::Bar,
        (false, true) => Tone::Plain,
        (false, false) => Tone::Quiet,
    };
    row(tone, fitted(&text, columns))
}

fn recent(recent: &[Recent], language: Language, columns: usize) -> Vec<Row> {
    if recent.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![row(Tone::Strong, format!(" {}", language.pick("最近の記録", "Last decisions")))];
    rows.extend(recent.iter().take(RECENT).map(|entry| {
        let function = fitted(entry.function.as_deref().unwrap_or("-"), 17);
        let mark = if entry.verdict.granted { "   " } else { " ! " };
        let what = what_of(&entry.verdict, language);
        row(Tone::Plain, fitted(&format!("{mark}{}  {function} {what}", of_day(entry.time)), columns))
    }));
    rows
}

fn dialog(panel: &Panel, size: Size) -> Vec<Row> {
    let language = panel.language;
    let mut rows = Vec::new();
    match &panel.dialog {
        Dialog::None | Dialog::Waiting => {}
        Dialog::Purpose { function, choices, choice } => {
            rows.push(row(
                Tone::Strong,
                format!(" {function}: {}", language.pick("事由を選んでください", "choose the purpose")),
            ));
            let none = || language.pick("(事由なし)", "(no purpose)").to_owned();
            let text = |purpose: &Purpose| format!("{} {}", fitted(&purpose.purpose, 20), purpose.title);
            rows.extend(list(choices.iter().map(|purpose| purpose.as_ref().map_or_else(none, text)), *choice, size));
        }
        Dialog::Program { choices, choice } => {
            let ask = language.pick("起動するプログラムを選んでください", "choose the program");
            rows.push(row(Tone::Strong, format!(" {ask}")));
            rows.extend(list(choices.iter().map(|program| program.title.clone()), *choice, size));
        }
        Dialog::Case { function, purpose, text } => {
            let ask =
                language.pick("案件番号を入力してください(なければ Enter)", "type the case reference (Enter for none)");
            rows.push(row(Tone::Strong, format!(" {function} {}: {ask}", purpose.as_deref().unwrap_or_default())));
            rows.push(row(Tone::Plain, ""));
            rows.push(row(Tone::Strong, format!("   [ {} ]", padded(text, 40))));
            rows.push(row(Tone::Plain, ""));
            let note = language.pick(
                "氏名は入力しないでください。英数字と . / _ - が使えます(数字を1字以上)。",
                "Never a person's name. A-Z a-z 0-9 . / _ -, at least one digit.",
            );
            rows.push(row(Tone::Quiet, format!("   {note}")));
        }
        Dialog::Report(reporting) => return reporting::rows(reporting, language, size),
        Dialog::Decide(deciding) => return deciding::rows(panel, deciding, size),
        Dialog::Pin { request, typed } => {
            let ask = language.pick("この操作のために暗証番号を入力してください", "type your PIN for this function");
            rows.push(row(Tone::Strong, format!("{}: {ask}", request.function)));
            rows.extend(panel.state().map(|state| pin_field(typed.len(), state, language)).unwrap_or_default());
            return middle(rows, size);
        }
        Dialog::ForProgram { waiting, typed, over } => {
            return middle(for_program::rows(panel, (waiting, typed, *over), size), size);
        }
        Dialog::ChangePin { done, typed } => {
            let ask = match done.len() {
                0 => language.pick("現在の暗証番号を入力してください", "Type your present PIN"),
                1 => language.pick("新しい暗証番号を入力してください", "Type the new PIN"),
                _ => language.pick("新しい暗証番号をもう一度入力してください", "Type the new PIN again"),
            };
            if let Some(state) = panel.state().filter(|_| panel.must_change()) {
                rows.push(row(Tone::Warning, what_of(&state.advice, language)));
                rows.push(row(Tone::Warning, change_now(language)));
            } else {
                rows.push(row(Tone::Quiet, language.pick("暗証番号の変更", "Change of PIN")));
            }
            if let Some(card) = panel.state().and_then(|state| state.card.as_ref()) {
                rows.push(row(Tone::Plain, format!("{}: {}", language.pick("カード", "card"), holder(card))));
            }
            rows.push(row(Tone::Plain, ""));
            rows.push(row(Tone::Strong, ask));
            let mut field = panel.state().map(|state| pin_field(typed.len(), state, language)).unwrap_or_default();
            if !done.is_empty() {
                // The tries are those of the present PIN.
                field.truncate(2);
            }
            rows.extend(field);
            return middle(rows, size);
        }
    }
    rows
}

/// Lines of which one is marked, under a line of their own; the mark is always among those that fit.
fn list(lines: impl Iterator<Item = String>, choice: usize, size: Size) -> Vec<Row> {
    let room = size.rows.saturating_sub(2).max(1);
    let first = choice.saturating_sub(room - 1);
    let marked = lines.enumerate().skip(first).take(room).map(|(index, text)| {
        let (tone, mark) = if index == choice { (Tone::Bar, ">") } else { (Tone::Plain, " ") };
        row(tone, fitted(&format!(" {mark} {text}"), size.columns))
    });
    std::iter::once(row(Tone::Plain, "")).chain(marked).collect()
}

/// In the middle of the screen.
fn middle(rows: Vec<Row>, size: Size) -> Vec<Row> {
    let above = size.rows.saturating_sub(rows.len()) / 2;
    let centred = rows.into_iter().map(|Row { tone, text }| {
        let indent = size.columns.saturating_sub(text.width()) / 2;
        Row { tone, text: format!("{}{text}", " ".repeat(indent)) }
    });
    std::iter::repeat_n(row(Tone::Plain, ""), above).chain(centred).collect()
}

fn paragraph(text: &str, tone: Tone, size: Size) -> Vec<Row> {
    wrapped(text, size.columns.saturating_sub(4)).into_iter().map(|line| row(tone, line)).collect()
}
