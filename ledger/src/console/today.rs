//! What is to be done today (本日の要処理), most pressing first. What register and casebook say stands beside what the ledger alone knows.

use sekisho_register::today::{Task, Waits};
use sekisho_wire::record::{Record, kind_number};

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
    /// Whether the whole office is in danger of it: it stands first, whoever reads it.
    pub(crate) is_danger: bool,
    /// Whose it is; of alarms and reports whoever reads it.
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
    recovery(view, &mut today);
    connection(view, &mut today);
    cards(view, &mut today)?;
    // While the records log stands still nothing of it is shown: that it was would be a record.
    if view.holds(READERS) && view.office.log(LogName::Records).halted().is_none() {
        alarms(view, &mut today)?;
    }
    tasks(view, &mut today)?;
    // What is everybody's comes first; then what is one's own, and of that what is overdue.
    today.rows.sort_by_key(|row| {
        (!row.is_danger, !row.is_mine, !row.is_overdue, row.urgency, row.due.unwrap_or(Millis::MAX))
    });
    Ok(today)
}

impl Today {
    fn push(&mut self, urgency: Kind, text: String, link: impl Into<String>, due: Option<Millis>) {
        let (is_mine, is_overdue, is_danger, whose) = (false, false, urgency == Kind::Alarm, None);
        self.rows.push(Due { urgency, is_mine, is_overdue, text, link: link.into(), is_danger, whose, due });
    }
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

/// What register and casebook say (register §R11.6), and what the ledger sees beside them. Who may not read the casebook is shown what is his, and the latter.
fn tasks(view: &View<'_>, today: &mut Today) -> Result<(), Refusal> {
    let casebook = view.office.casebook();
    let may_read = view.holds(CASE_READERS);
    // The head of a section is shown what waits of his own, and of the whole office.
    let may_read = |task: &Task| may_read || matches!(task.what, Waits::Watched(_));
    let seen = |task: &Task| may_read(task) && view.sight.sees_task(&view.register, &casebook, task);
    let watched = view.ledger.watched(&view.visitor.office)?.into_iter();
    let watched = watched.map(|(watched, since)| watched.task(since, &view.register));
    let all = sekisho_register::today::today(&view.register, &casebook, view.now).into_iter().chain(watched);
    let is_mine = |task: &Task| task.is_for(&view.visitor.operator, &view.register, &casebook, view.now);
    let all = all.map(|task| (is_mine(&task), task)).filter(|(is_mine, task)| *is_mine || seen(task));
    let mut all: Vec<(bool, Task)> = all.collect();
    let is_danger = |task: &Task| matches!(&task.what, Waits::Watched(watched) if watched.endangers_the_office());
    all.sort_by_key(|(is_mine, task)| (!is_danger(task), !is_mine, !task.is_overdue(view.now)));
    today.more = all.len().saturating_sub(TASKS);
    all.truncate(TASKS);
    // What is read of terminals is read to decide what is to be done, also while the records log stands still.
    let watched = all.iter().filter(|(_, task)| matches!(task.what, Waits::Watched(_))).count();
    today.acts += watched;
    today.entries += all.len() - watched;
    let acts = duties::acts_of(view, all.iter().filter(|(is_mine, _)| *is_mine).map(|(_, task)| &task.what))?;
    let row = |(is_mine, task): &(bool, Task)| {
        let (is_mine, is_overdue, is_danger) = (*is_mine, task.is_overdue(view.now), is_danger(task));
        let urgency = match (&task.what, is_mine, is_overdue) {
            (Waits::Watched(_), ..) if is_danger => Kind::Alarm,
            (_, true, true) => Kind::Alarm,
            (Waits::Watched(_), ..) | (_, true, false) => Kind::Warning,
            (_, false, true | false) => Kind::Plain,
        };
        let (text, link) = duties::what(view, &task.what, is_mine, &acts);
        let whose = Some(duties::whose(view, &task.whose));
        Due { urgency, is_mine, is_overdue, text, link, is_danger, whose, due: task.due }
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
