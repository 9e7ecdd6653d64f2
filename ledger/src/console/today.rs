//! What is to be done today (本日の要処理), most pressing first. One function says it, so that more can come to it.

use sekisho_wire::record::kind_number;
use sekisho_wire::words::Language;

use super::html::Kind;
use super::pages::incidents::reported_cards;
use super::visit::View;
use crate::clock::Millis;
use crate::index::Question;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::visitors::READERS;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// How much it presses.
    pub(crate) urgency: Kind,
    /// What it is.
    pub(crate) text: String,
    /// Where it is done or looked at.
    pub(crate) link: String,
    /// Until when, where there is such a day.
    pub(crate) due: Option<Millis>,
}

/// What this person is to do or to know of, and from how many records, entries of the casebook and acts it is taken.
pub(crate) struct Today {
    pub(crate) rows: Vec<Due>,
    pub(crate) records: usize,
    pub(crate) entries: usize,
    pub(crate) acts: usize,
}

/// All of it.
pub(crate) fn today(view: &View<'_>) -> Result<Today, Refusal> {
    let mut today = Today { rows: Vec::new(), records: 0, entries: 0, acts: 0 };
    logs(view, &mut today);
    backups(view, &mut today)?;
    recovery(view, &mut today);
    connection(view, &mut today);
    terminals(view, &mut today)?;
    cards(view, &mut today)?;
    if view.holds(READERS) {
        proposals(view, &mut today);
        alarms(view, &mut today)?;
    }
    today.rows.sort_by_key(|row| (row.urgency, row.due.unwrap_or(Millis::MAX)));
    Ok(today)
}

impl Today {
    fn push(&mut self, urgency: Kind, text: String, link: impl Into<String>, due: Option<Millis>) {
        self.rows.push(Due { urgency, text, link: link.into(), due });
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
    for card in reported_cards(view)?.into_iter().filter(|card| card.waits) {
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

fn proposals(view: &View<'_>, today: &mut Today) {
    let open = super::pages::proposals::open(view);
    today.entries += open.len();
    for (number, proposal) in (0..).zip(open) {
        let (what, by) = (proposal.first(view), proposal.by(view));
        let until = proposal.act.act().expires;
        let (urgency, text) = if number < LOOKED_AT && proposal.is_for(view) {
            (
                Kind::Warning,
                view.say(
                    format!("You may approve: {what} (proposed by {by})"),
                    format!("承認できます：{what}（申請者 {by}）"),
                ),
            )
        } else {
            (
                Kind::Plain,
                view.say(
                    format!("Waits for approval: {what} (proposed by {by})"),
                    format!("承認待ち：{what}（申請者 {by}）"),
                ),
            )
        };
        today.push(urgency, text, format!("/console/proposals/{}", proposal.id), Some(until));
    }
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
    for (index, bytes) in found.rows {
        let record = bytes.and_then(|bytes| sekisho_wire::record::Record::decode(&bytes).ok());
        let Some(record) = record else { continue };
        let text = format!("{} {}", view.moment(record.trusted), view.tell(|tell| tell.happened(&record.body)));
        today.push(Kind::Warning, text, format!("/console/records/{index}"), None);
    }
    Ok(())
}

const ALARM_DAYS: Millis = 3 * 24 * 60 * 60 * 1000;
const ALARMS: u32 = 20;
/// What somebody may approve the fold is asked for each; of very many the list says it.
const LOOKED_AT: u32 = 20;
