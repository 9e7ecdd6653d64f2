//! How often something was asked and how it was decided, without saying by whom.

use std::ops::Range;

use rusqlite::Connection;
use sekisho_wire::id::OfficeId;

use super::{Index, failed, signed, spans};
use crate::clock::Millis;
use crate::store::StoreError;

/// One decision, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// When.
    pub time: Millis,
    /// At which terminal.
    pub terminal: Option<String>,
    /// What was asked for; nothing where it was a login or the like.
    pub function: Option<String>,
    /// Whether it was granted.
    pub granted: bool,
    /// How many of them, of one hour.
    pub count: u64,
}

impl Index {
    /// Decisions about functions from `since` to before `until`, by hour, terminal, function and outcome.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn decided(&self, office: &OfficeId, since: Millis, until: Millis) -> Result<Vec<Decided>, StoreError> {
        let sql = "SELECT time / 3600000, terminal, function, verdict = 0, count(*) FROM records
            WHERE office = ?1 AND idx >= ?2 AND idx < ?3 AND kind = 4 AND time >= ?4 AND time < ?5 AND verdict IS NOT NULL
            GROUP BY 1, 2, 3, 4";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Decided {
                time: row.get::<_, i64>(0)?.unsigned_abs().saturating_mul(HOUR),
                terminal: row.get(1)?,
                function: row.get(2)?,
                granted: row.get(3)?,
                count: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        };
        let find = |connection: &Connection| -> rusqlite::Result<Vec<Decided>> {
            let mut found = Vec::new();
            for Range { start, end } in spans::ranges(connection, office.as_bytes(), Some(since), Some(until))? {
                let mut statement = connection.prepare_cached(sql)?;
                let key = (office.as_bytes().as_slice(), signed(start), signed(end), signed(since), signed(until));
                for decided in statement.query_map(key, row)? {
                    found.push(decided?);
                }
            }
            Ok(found)
        };
        self.read(find).map_err(failed("count decisions"))
    }
}

const HOUR: Millis = 3_600_000;
