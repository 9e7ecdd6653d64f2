//! From when to when the records of each stretch of the log are. They come nearly in the order of their times, so a search within a time looks at a few
//! stretches, and no index of times is kept for it.

use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::{Connection, params};

use super::signed;
use crate::clock::Millis;

/// Records of a stretch.
const STRETCH: u64 = 4096;

/// The table.
pub(super) const TABLE: &str = "
DROP TABLE IF EXISTS spans;
CREATE TABLE spans (
    office BLOB NOT NULL,
    stretch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (office, stretch)
) STRICT, WITHOUT ROWID;
";

/// Times of the records that are taken now.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<u64, (Millis, Millis)>);

impl Spans {
    pub(super) fn add(&mut self, index: u64, time: Millis) {
        let (first, last) = self.0.entry(index / STRETCH).or_insert((time, time));
        (*first, *last) = ((*first).min(time), (*last).max(time));
    }

    pub(super) fn store(self, connection: &Connection, office: &[u8]) -> rusqlite::Result<()> {
        let sql = "INSERT INTO spans (office, stretch, first, last) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (office, stretch) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)";
        let mut statement = connection.prepare_cached(sql)?;
        for (stretch, (first, last)) in self.0 {
            statement.execute(params![office, signed(stretch), signed(first), signed(last)])?;
        }
        Ok(())
    }
}

/// The indexes among which all records of this time are, from `since` to before `until`; the newest first, and none twice.
pub(super) fn ranges(
    connection: &Connection,
    office: &[u8],
    since: Option<Millis>,
    until: Option<Millis>,
) -> rusqlite::Result<Vec<Range<u64>>> {
    let sql = "SELECT stretch FROM spans WHERE office = ?1 AND last >= ?2 AND first < ?3 ORDER BY stretch DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let (since, until) = (since.map_or(i64::MIN, signed), until.map_or(i64::MAX, signed));
    let mut rows = statement.query(params![office, since, until])?;
    let mut ranges: Vec<Range<u64>> = Vec::new();
    while let Some(row) = rows.next()? {
        let from = row.get::<_, i64>(0)?.unsigned_abs().saturating_mul(STRETCH);
        match ranges.last_mut() {
            Some(newer) if newer.start == from + STRETCH => newer.start = from,
            Some(_) | None => ranges.push(from..from + STRETCH),
        }
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_looked_for_where_records_of_it_can_be() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLE).unwrap();
        let at = |since, until| {
            let found = ranges(&connection, b"office", since, until).unwrap();
            found.into_iter().map(|among| (among.start, among.end)).collect::<Vec<_>>()
        };
        assert_eq!(at(None, None), []);
        let add = |records: &[(u64, Millis)]| {
            let mut spans = Spans::default();
            records.iter().for_each(|(index, time)| spans.add(*index, *time));
            spans.store(&connection, b"office").unwrap();
        };
        add(&[(0, 1000), (4095, 1900), (4096, 2000), (8191, 2900)]);
        add(&[(8192, 3000), (12_287, 3900), (12_288, 4000)]);
        assert_eq!((at(Some(2000), Some(3000)), at(Some(1900), Some(2001))), (vec![(4096, 8192)], vec![(0, 8192)]));
        assert_eq!((at(Some(1901), Some(2000)), at(Some(4001), None)), (vec![], vec![]));
        // One that was away brings what it did then.
        add(&[(12_289, 1500)]);
        assert_eq!(at(Some(1200), Some(1600)), [(12_288, 16_384), (0, 4096)]);
        assert_eq!(at(None, None), [(0, 16_384)], "what lies one behind the other is one");
        assert_eq!(ranges(&connection, b"another", None, None).unwrap(), []);
    }
}
