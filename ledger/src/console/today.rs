//! What is to be done today (本日の要処理), most pressing first. What register and casebook say stands beside what the ledger alone knows.

use sekisho_register::today::Task;
use sekisho_wire::record::{Record, kind_number};
use sekisho_wire::words::Language;

use super::duties;
use super::html::Kind;
use super::pages::incidents::{Reports, reported_cards};
use super::visit::View;
use crate::clock::Millis;
use crate::index::Question;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::{CASE_READERS, READERS};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// How much it presses.
    pub(crate) urgency: Kind,
    /// Whether it is this person's to do.
    pub(crate) is_mine: bool,
    /// Whether it should be done by now.
    pub(crate) is_overdue: bool,
    /// What it is.
    pub(crate) text: String,
    /// Where it is done or looked at.
    pub(crate) link: String,
    /// Whose it is; what the ledger alone knows is for whoever reads it.
    pub(crate) whose: Option<String>,
    /// Until when, where there is such a day.
    pub(crate) due: Option<Millis>,
}

/// What this person is to do or to know of, and from how many records, entries of the casebook and acts it is taken.
pub(crate) struct Today {
    pub(crate) rows: Vec<Due>,
    /// How much more waits than is listed.
    pub(crate) more: usize,
    pub(crate) records: usize,
    pub(crate) entries: usize,
    pub(crate) acts: usize,
}

/// All of it.
pub(crate) fn today(view: &View<'_>) -> Result<Today, Refusal> {
    let mut today = Today { rows: Vec::new(), more: 0, records: 0, entries: 0, acts: 0 };
    logs(view, &mut today);
    backups(view, &mut today)?;
    recovery(view, &mut today);
    connection(view, &mut today);
    terminals(view, &mut today)?;
    cards(view, &mut today)?;
    if view.holds(READERS) {
        alarms(view, &mut today)?;
    }
    tasks(view, &mut today)?;
    // What the ledger alarms about is everybody's, and comes first; then what is one's own, and of that what is overdue.
    today.rows.sort_by_key(|row| {
        let is_alarm = row.urgency == Kind::Alarm && row.whose.is_none();
        (!is_alarm, !row.is_mine, !row.is_overdue, row.urgency, row.due.unwrap_or(Millis::MAX))
    });
    Ok(today)
}

impl Today {
    fn push(&mut self, urgency: Kind, text: String, link: impl Into<String>, due: Option<Millis>) {
        let (is_mine, is_overdue, whose) = (false, false, None);
        self.rows.push(Due { urgency, is_mine, is_overdue, text, link: link.into(), whose, due });
    }
}

fn logs(view: &View<'_>, today: &mut Today) {
    for name in LogName::ALL {
        let log = view.office.log(name);
        if let Some(halt) = log.halted() {
            let called = name.of_acts().name(Language::Japanese);
            let text = view.say(
                format!("Log {name} has stopped: {halt}. Its operator looks at 'sekisho-ledger status'."),
                format!("「{called}」のログが停止しています（{halt}）。台帳の運用者に「sekisho-ledger status」の確認を依頼してください。"),
            );
            today.push(Kind::Alarm, text, "/console/help", None);
        }
    }
}

fn backups(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let overdue = view.ledger.backup_overdue_since();
    let overdue = overdue.map_err(|error| Refusal::Unavailable { cause: error.to_string() })?;
    if let Some(since) = overdue {
        let at = view.moment(since);
        let text = view.say(
            format!("No backup of the ledger was verified in time: one was due at {at}."),
            format!("台帳の検証済みバックアップが期限（{at}）までに作成されていません。"),
        );
        today.push(Kind::Alarm, text, "/console/help", Some(since));
    }
    Ok(())
}

fn recovery(view: &View<'_>, today: &mut Today) {
    if let Some(announced) = view.register.announced_recovery(view.now) {
        let text = view.say(
            "A recovery with the recovery keys was announced. Object to it if it is not the office's own.",
            "復旧鍵による復旧が予告されています。団体の意思によるものでなければ、異議を申し立ててください。",
        );
        today.push(Kind::Alarm, text, format!("/console/acts/{}", announced.index), Some(announced.due));
    }
}

fn connection(view: &View<'_>, today: &mut Today) {
    if view.register.stops().is_some_and(|stops| !stops.is_none()) {
        let text =
            view.say("The connection is stopped, wholly or in part.", "結合が（全部又は一部）停止されています。");
        today.push(Kind::Alarm, text, "/console/connection", None);
    }
}

fn terminals(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let late = view.ledger.late(&view.visitor.office)?;
    today.records += late.len();
    for row in late {
        let terminal = &row.terminal;
        if !view.sight.sees_terminal_named(&view.register, terminal) {
            continue;
        }
        let text = match row.last_heard {
            None => view.say(
                format!("Terminal {terminal} has never been heard."),
                format!("端末機 {terminal} からの通信がまだありません。"),
            ),
            Some(at) => {
                let at = view.moment(at);
                view.say(
                    format!("Terminal {terminal} was last heard at {at}."),
                    format!("端末機 {terminal} からの最後の通信は {at} です。"),
                )
            }
        };
        today.push(Kind::Warning, text, "/console/terminals", None);
        if row.gap.is_some() || row.holds > 0 {
            let text = view.say(
                format!("Records of terminal {terminal} are missing."),
                format!("端末機 {terminal} の記録に未着・欠落があります。"),
            );
            today.push(Kind::Warning, text, "/console/terminals", None);
        }
    }
    Ok(())
}

fn cards(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let seen = |terminal: &str| view.sight.sees_terminal_named(&view.register, terminal);
    for card in reported_cards(view, Reports::Waiting)?.into_iter().filter(|card| seen(&card.terminal)) {
        today.acts += 1;
        let (number, terminal) = (&card.number, &card.terminal);
        let text = view.say(
            format!("Card {number} was reported at terminal {terminal}; nobody has decided about it yet."),
            format!("カード {number} が端末機 {terminal} で届け出られ、処分待ちです。"),
        );
        today.push(Kind::Warning, text, "/console/incidents", None);
    }
    Ok(())
}

/// What register and casebook say (register §R11.6). Who may not read the casebook is shown what is his.
fn tasks(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let casebook = view.office.casebook();
    let may_read = view.holds(CASE_READERS);
    // The head of a section is shown what waits of his own, and of the whole office.
    let seen = |task: &Task| may_read && view.sight.sees_task(&view.register, &casebook, task);
    let all = sekisho_register::today::today(&view.register, &casebook, view.now).into_iter();
    let is_mine = |task: &Task| task.is_for(&view.visitor.operator, &view.register, &casebook, view.now);
    let all = all.map(|task| (is_mine(&task), task)).filter(|(is_mine, task)| *is_mine || seen(task));
    let mut all: Vec<(bool, Task)> = all.collect();
    all.sort_by_key(|(is_mine, task)| (!is_mine, !task.is_overdue(view.now)));
    today.more = all.len().saturating_sub(TASKS);
    all.truncate(TASKS);
    today.entries += all.len();
    let acts = duties::acts_of(view, all.iter().filter(|(is_mine, _)| *is_mine).map(|(_, task)| &task.what))?;
    let row = |(is_mine, task): &(bool, Task)| {
        let (is_mine, is_overdue) = (*is_mine, task.is_overdue(view.now));
        let urgency = match (is_mine, is_overdue) {
            (true, true) => Kind::Alarm,
            (true, false) => Kind::Warning,
            (false, true | false) => Kind::Plain,
        };
        let (text, link) = duties::what(view, &task.what, is_mine, &acts);
        let whose = Some(duties::whose(view, &task.whose));
        Due { urgency, is_mine, is_overdue, text, link, whose, due: task.due }
    };
    today.rows.extend(view.together(|| all.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

/// Alarms of the last three days.
fn alarms(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let question = Question {
        kind: kind_number("alarm"),
        since: Some(view.now.saturating_sub(ALARM_DAYS)),
        limit: ALARMS,
        ..Question::default()
    };
    let found = view.ledger.search(&view.visitor.office, &question)?;
    today.records += found.rows.len();
    let record = |(index, bytes): (u64, Option<Vec<u8>>)| Some((index, Record::decode(&bytes?).ok()?));
    let records: Vec<(u64, Record)> = found.rows.into_iter().filter_map(record).collect();
    let text = |(index, record): &(u64, Record)| {
        let text = format!("{} {}", view.moment(record.trusted), view.tell(|tell| tell.happened(&record.body)));
        (text, format!("/console/records/{index}"))
    };
    for (text, link) in view.together(|| records.iter().map(text).collect::<Vec<_>>()) {
        today.push(Kind::Warning, text, link, None);
    }
    Ok(())
}

const ALARM_DAYS: Millis = 3 * 24 * 60 * 60 * 1000;
const ALARMS: u32 = 20;
/// Enough for a day; one's own come first.
const TASKS: usize = 200;
