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

    /// By which list SQLite is to go. Left alone it goes by the entries' own order for the sake of it, and looks through all of them for somebody who is in none.
    fn way(&self) -> &'static str {
        let is_refusal = match self.verdict {
            Some(AskedVerdict::Refused) => true,
            Some(AskedVerdict::Code(code)) => code > 0,
            Some(AskedVerdict::Granted) | None => false,
        };
        let ways = [
            (self.case.is_some(), "INDEXED BY by_case"),
            (self.operator.is_some(), "INDEXED BY by_operator"),
            (self.card.is_some(), "INDEXED BY by_card"),
            (self.kind.is_some_and(|kind| !FREQUENT_KINDS.contains(&kind)), "INDEXED BY by_kind"),
            (is_refusal && self.function.is_some(), "INDEXED BY by_refused_function"),
            (is_refusal && self.terminal.is_some(), "INDEXED BY by_refused_terminal"),
            (matches!(self.verdict, Some(AskedVerdict::Code(_))) && is_refusal, "INDEXED BY by_refusal_code"),
            (is_refusal, "INDEXED BY by_refusal"),
            // Both may be long and have nothing in common.
            (self.terminal.is_some() && self.function.is_some(), "INDEXED BY by_terminal_and_function"),
            (self.terminal.is_some(), "INDEXED BY by_terminal"),
            (self.function.is_some(), "INDEXED BY by_function"),
        ];
        // What leaves the fewest comes first.
        ways.into_iter().find(|(is_asked, _)| *is_asked).map_or("", |(_, way)| way)
    }

    /// Among these indexes, and at most so many.
    pub(super) fn to_sql(&self, office: &OfficeId, among: Option<&Range<u64>>, limit: usize) -> (String, Vec<Value>) {
        let mut sql = format!("SELECT idx FROM records {} WHERE office = ?", self.way());
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
        let is_frequent = self.kind.is_some_and(|kind| FREQUENT_KINDS.contains(&kind));
        let kind = if is_frequent { "kind = ?" } else { "kind NOT IN (1, 2, 3, 4, 5, 7) AND kind = ?" };
        ask(kind, self.kind.map(|kind| Value::Integer(kind.into())));
        ask("time >= ?", self.since.map(|since| Value::Integer(signed(since))));
        ask("time < ?", self.until.map(|until| Value::Integer(signed(until))));
        ask("idx < ?", self.before.map(|before| Value::Integer(signed(before))));
        ask("idx >= ?", among.map(|among| Value::Integer(signed(among.start))));
        ask("idx < ?", among.map(|among| Value::Integer(signed(among.end))));
        match self.verdict {
            Some(AskedVerdict::Granted) => ask("verdict = ?", Some(Value::Integer(0))),
            Some(AskedVerdict::Refused) => sql.push_str(" AND verdict > 0"),
            Some(AskedVerdict::Code(code)) => {
                let verdict = if code == 0 { "verdict = ?" } else { "verdict > 0 AND verdict = ?" };
                ask(verdict, Some(Value::Integer(code.into())));
            }
            None => {}
        }
        sql.push_str(" ORDER BY idx DESC LIMIT ?");
        values.push(Value::Integer(signed(limit as u64)));
        (sql, values)
    }
}

/// Decisions, their completions, and what becomes of sessions: so many that one is found by looking through the newest. Of all others the index has a list by kind, and of verdicts one of
/// refusals; SQLite uses a list of some where the question says of which in the list's very words.
const FREQUENT_KINDS: [u16; 6] = [1, 2, 3, 4, 5, 7];

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter};

    use super::*;

    /// How SQLite would go about it.
    fn plan(connection: &Connection, question: &Question, among: Option<&Range<u64>>) -> String {
        let (sql, values) = question.to_sql(&OfficeId([1; 16]), among, 100);
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn nothing_looks_through_all_records_but_what_most_of_them_answer() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(super::super::TABLES).unwrap();
        let text = || Some("x".to_owned());
        let none = Question { limit: 100, ..Question::default() };
        let among = 0..4096;
        for (question, way) in [
            (Question { operator: text(), function: text(), ..none.clone() }, "by_operator (office=? AND operator=?"),
            (Question { card: text(), terminal: text(), ..none.clone() }, "by_card (office=? AND card=?"),
            (Question { case: text(), kind: Some(4), ..none.clone() }, "by_case (office=? AND case_reference=?"),
            (Question { terminal: text(), kind: Some(15), ..none.clone() }, "by_kind (office=? AND kind=?"),
            (Question { terminal: text(), kind: Some(4), ..none.clone() }, "by_terminal (office=? AND terminal=?"),
            (
                Question { terminal: text(), function: text(), ..none.clone() },
                "by_terminal_and_function (office=? AND terminal=? AND function=?",
            ),
            (
                Question { function: text(), verdict: Some(AskedVerdict::Granted), ..none.clone() },
                "by_function (office=? AND function=?",
            ),
            (
                Question { function: text(), verdict: Some(AskedVerdict::Refused), ..none.clone() },
                "by_refused_function (office=? AND function=?",
            ),
            (
                Question { terminal: text(), verdict: Some(AskedVerdict::Code(7)), ..none.clone() },
                "by_refused_terminal (office=? AND terminal=?",
            ),
            (Question { verdict: Some(AskedVerdict::Refused), ..none.clone() }, "by_refusal (office=?"),
            (
                Question { verdict: Some(AskedVerdict::Code(7)), ..none.clone() },
                "by_refusal_code (office=? AND verdict=?",
            ),
            (Question { verdict: Some(AskedVerdict::Code(0)), ..none.clone() }, "PRIMARY KEY (office=?"),
            (none.clone(), "PRIMARY KEY (office=?"),
        ] {
            let question = Question { since: Some(1), until: Some(9), before: Some(7), ..question };
            for among in [None, Some(&among)] {
                let plan = plan(&connection, &question, among);
                assert!(plan.contains(way) && !plan.contains("TEMP B-TREE"), "{question:?}: {plan}");
            }
        }
    }
}
