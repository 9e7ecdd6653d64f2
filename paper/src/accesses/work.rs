//! 端末機操作実績簿 (no. 8): who worked how long at terminals, and how many operations there were, a day or a month.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::calendar::{MINUTE_MS, Month, local_day};
use sekisho_register::wareki::month_text;
use sekisho_wire::id::{Code, SessionId};
use sekisho_wire::record::{Body, Emitter, Record};

use crate::forms::WORK;
use crate::registers::AsOf;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// What one row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A legal day.
    Day,
    /// A month.
    Month,
}

/// The records of a period as they come, in any order.
#[derive(Debug)]
pub struct Work {
    span: Span,
    rows: BTreeMap<(u32, Code), Counts>,
    sessions: BTreeMap<SessionId, Session>,
    /// In whose row a decision was counted, by its place.
    decisions: BTreeMap<(Emitter, u32, u64), (u32, Code)>,
    /// How many items were done by a decision, by the decision's place.
    items: BTreeMap<(Emitter, u32, u64), u64>,
    withdrawn: BTreeSet<(Emitter, u32, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sessions: u64,
    worked: u64,
    granted: u64,
    refused: u64,
    items: u64,
}

/// When a session was opened or opened again, and when it was locked or ended.
#[derive(Debug, Default)]
struct Session {
    row: Option<(u32, Code)>,
    turns: Vec<(u64, Turn)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Off,
    On,
}

impl Work {
    /// Nothing yet.
    #[must_use]
    pub const fn by(span: Span) -> Self {
        Self {
            span,
            rows: BTreeMap::new(),
            sessions: BTreeMap::new(),
            decisions: BTreeMap::new(),
            items: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
        }
    }

    fn key(&self, t: u64, operator: &Code) -> (u32, Code) {
        let of = match self.span {
            Span::Day => local_day(t),
            Span::Month => Month::of(t).0,
        };
        (of, operator.clone())
    }

    /// Takes one record.
    pub fn add(&mut self, record: &Record) {
        let t = record.trusted;
        let place = |seq| (record.emitter.clone(), record.epoch, seq);
        match &record.body {
            Body::SessionOpened(opening) | Body::SessionUnlocked(opening) => {
                let Some((session, operator)) = opening.input.session.zip(opening.input.operator.as_ref()) else {
                    return;
                };
                let key = self.key(t, operator);
                let known = self.sessions.entry(session).or_default();
                known.turns.push((t, Turn::On));
                if matches!(record.body, Body::SessionOpened(_)) {
                    known.row = Some(key.clone());
                    self.rows.entry(key).or_default().sessions += 1;
                } else {
                    known.row.get_or_insert(key);
                }
            }
            Body::SessionClosed(end) | Body::Locked(end) => {
                self.sessions.entry(end.session).or_default().turns.push((t, Turn::Off));
            }
            Body::Decision(decision) => {
                let Some(operator) = &decision.input.operator else { return };
                let key = self.key(t, operator);
                let counts = self.rows.entry(key.clone()).or_default();
                if decision.verdict.is_granted() {
                    counts.granted += 1;
                    self.decisions.insert(place(record.seq), key);
                } else {
                    counts.refused += 1;
                }
            }
            Body::Completed(completed) => {
                *self.items.entry(place(completed.of)).or_default() += u64::from(completed.items);
            }
            Body::Withdrawn(withdrawn) => {
                self.withdrawn.insert(place(withdrawn.of));
            }
            Body::PinFailed(_)
            | Body::TerminalUp(_)
            | Body::TerminalDown
            | Body::ReaderUp(_)
            | Body::ReaderDown(_)
            | Body::Link(_)
            | Body::Clock(_)
            | Body::Lost(_)
            | Body::RegisterAdvanced(_)
            | Body::Worker(_)
            | Body::CardSeen(_)
            | Body::CardFalse(_)
            | Body::PinChanged(_)
            | Body::ScreenLocked(_)
            | Body::ScreenNotLocked(_)
            | Body::BreakGlass(_)
            | Body::CardReported(_)
            | Body::IncidentReported(_)
            | Body::ReadersLent(_)
            | Body::ReadersBack(_)
            | Body::Read(_)
            | Body::Alarm(_)
            | Body::Enrolment(_) => {}
        }
    }

    /// The form.
    #[must_use]
    pub fn table(mut self, of: AsOf<'_>) -> Table {
        let columns = vec![
            match self.span {
                Span::Day => Column::new("day", "年月日", "day"),
                Span::Month => Column::new("month", "年月", "month"),
            },
            Column::new("operator", "登録番号", "operator"),
            Column::new("name", "端末取扱者氏名", "name"),
            Column::new("sessions", "利用回数", "sessions"),
            Column::new("minutes", "操作時間(分)", "minutes"),
            Column::new("granted", "操作件数", "operations"),
            Column::new("items", "処理件数", "items"),
            Column::new("refused", "拒否件数", "refused"),
        ];
        let mut table = Table::new(&WORK, columns);
        let open = self.count_time();
        self.count_items();
        for ((span, operator), counts) in &self.rows {
            let when = match self.span {
                Span::Day => Cell::Day(*span),
                Span::Month => Cell::Said(Said::by(|language| month_text(Month(*span), language))),
            };
            table.row([
                when,
                Cell::text(operator),
                of.name_of(operator),
                Cell::Number(counts.sessions),
                Cell::Number(counts.worked / MINUTE_MS),
                Cell::Number(counts.granted),
                Cell::Number(counts.items),
                Cell::Number(counts.refused),
            ]);
        }
        if open == 0 {
            return table;
        }
        table.noted(Said::made(
            format!("始まり又は終わりの記録がこの期間にない利用が{open}回あり、その間の時間は含まれていない"),
            format!("of {open} stretches of work the beginning or the end is not among these records: their time is not counted"),
        ))
    }

    /// Adds what was worked to the row in which each session began; how many stretches have no end or no beginning here.
    fn count_time(&mut self) -> u64 {
        let mut open = 0;
        for session in self.sessions.values_mut() {
            session.turns.sort_unstable();
            let mut since = None;
            let mut worked = 0;
            for (t, turn) in &session.turns {
                match (turn, since) {
                    (Turn::On, None) => since = Some(*t),
                    // Opened again by PIN before a lock was recorded: it goes on.
                    (Turn::On, Some(_)) => {}
                    (Turn::Off, Some(from)) => {
                        worked += t.saturating_sub(from);
                        since = None;
                    }
                    // Closed while it was locked.
                    (Turn::Off, None) => {}
                }
            }
            match &session.row {
                Some(row) => self.rows.entry(row.clone()).or_default().worked += worked,
                None => open += 1,
            }
            open += u64::from(since.is_some());
        }
        open
    }

    fn count_items(&mut self) {
        for (place, items) in &self.items {
            if let Some(counts) = self.decisions.get(place).and_then(|row| self.rows.get_mut(row)) {
                counts.items += items;
            }
        }
        for place in &self.withdrawn {
            if let Some(counts) = self.decisions.get(place).and_then(|row| self.rows.get_mut(row)) {
                counts.granted = counts.granted.saturating_sub(1);
                counts.refused += 1;
            }
        }
    }
}
