//! What a search asks for, as SQL and beside a record itself.

use std::ops::Range;

use rusqlite::types::Value;
use sekisho_wire::id::OfficeId;
use sekisho_wire::record::Record;

use super::row::Row;
use super::signed;
use crate::clock::Millis;

/// What a search asks for: all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The person.
    pub operator: Option<String>,
    /// The card, hex.
    pub card: Option<String>,
    /// The terminal.
    pub terminal: Option<String>,
    /// The function.
    pub function: Option<String>,
    /// The case.
    pub case: Option<String>,
    /// The verdict.
    pub verdict: Option<AskedVerdict>,
    /// The kind's number (wire §4.1).
    pub kind: Option<u16>,
    /// Trusted time, from.
    pub since: Option<Millis>,
    /// Trusted time, to (not included).
    pub until: Option<Millis>,
    /// Only indexes before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Which verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedVerdict {
    /// Granted.
    Granted,
    /// Any other.
    Refused,
    /// This one.
    Code(u16),
}

impl Question {
    /// Whether a record is one that was asked for, as far as it says itself: what it only inherits from the decision or the session that it
    /// belongs to is the index's to know.
    #[must_use]
    pub fn is_answered_by(&self, index: u64, record: &Record) -> bool {
        let row = Row::of(record);
        let inherited = |asked: &Option<String>, own: &Option<String>| own.is_none() || asked.is_none() || asked == own;
        let verdict = match self.verdict {
            None => true,
            Some(AskedVerdict::Granted) => row.verdict == Some(0),
            Some(AskedVerdict::Refused) => row.verdict.is_some_and(|verdict| verdict > 0),
            Some(AskedVerdict::Code(code)) => row.verdict == Some(code),
        };
        inherited(&self.operator, &row.operator)
            && inherited(&self.card, &row.card)
            && (self.terminal.is_none() || self.terminal == row.terminal)
            && inherited(&self.function, &row.function)
            && inherited(&self.case, &row.case)
            && verdict
            && self.kind.is_none_or(|kind| kind == record.body.kind().0)
            && self.since.is_none_or(|since| record.trusted >= since)
            && self.until.is_none_or(|until| record.trusted < until)
            && self.before.is_none_or(|before| index < before)
    }

    /// Among these indexes, and at most so many.
    pub(super) fn to_sql(&self, office: &OfficeId, among: Option<&Range<u64>>, limit: usize) -> (String, Vec<Value>) {
        let mut sql = String::from("SELECT idx FROM records WHERE office = ?");
        let mut values = vec![Value::Blob(office.as_bytes().to_vec())];
        let mut ask = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                sql.push_str(" AND ");
                sql.push_str(condition);
                values.push(value);
            }
        };
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        ask("operator = ?", text(&self.operator));
        ask("card = ?", text(&self.card));
        ask("terminal = ?", text(&self.terminal));
        ask("function = ?", text(&self.function));
        ask("case_reference = ?", text(&self.case));
        ask("kind = ?", self.kind.map(|kind| Value::Integer(kind.into())));
        ask("time >= ?", self.since.map(|since| Value::Integer(signed(since))));
        ask("time < ?", self.until.map(|until| Value::Integer(signed(until))));
        ask("idx < ?", self.before.map(|before| Value::Integer(signed(before))));
        ask("idx >= ?", among.map(|among| Value::Integer(signed(among.start))));
        ask("idx < ?", among.map(|among| Value::Integer(signed(among.end))));
        match self.verdict {
            Some(AskedVerdict::Granted) => ask("verdict = ?", Some(Value::Integer(0))),
            Some(AskedVerdict::Refused) => ask("verdict > ?", Some(Value::Integer(0))),
            Some(AskedVerdict::Code(code)) => ask("verdict = ?", Some(Value::Integer(code.into()))),
            None => {}
        }
        sql.push_str(" ORDER BY idx DESC LIMIT ?");
        values.push(Value::Integer(signed(limit as u64)));
        (sql, values)
    }
}
