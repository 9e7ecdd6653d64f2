//! Entries of the log that no search finds: they do not open, are no records, or name another emitter or place than their own. Every answer says how many.

use rusqlite::Connection;
use sekisho_wire::id::OfficeId;

use super::{Index, failed, signed};
use crate::locks::lock;
use crate::store::StoreError;

/// Which entries those are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unshown {
    /// How many.
    pub count: u64,
    /// Indexes of the first, at most twenty.
    pub first: Vec<u64>,
}

impl Index {
    /// Takes down that these cannot be shown.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub(crate) fn pass_over(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        let mut connection = lock(&self.connection);
        let mut take_down = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            for index in indexes {
                let sql = "INSERT OR IGNORE INTO unshown (office, idx) VALUES (?1, ?2)";
                transaction.prepare_cached(sql)?.execute((office.as_bytes().as_slice(), signed(*index)))?;
            }
            transaction.commit()
        };
        take_down().map_err(failed("write the search index"))
    }

    /// What cannot be shown of an office.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn unshown(&self, office: &OfficeId) -> Result<Unshown, StoreError> {
        let read = |connection: &Connection| -> rusqlite::Result<Unshown> {
            let office = office.as_bytes().as_slice();
            let count = "SELECT count(*) FROM unshown WHERE office = ?1";
            let count: i64 = connection.prepare_cached(count)?.query_row([office], |row| row.get(0))?;
            let first = "SELECT idx FROM unshown WHERE office = ?1 ORDER BY idx LIMIT ?2";
            let mut first = connection.prepare_cached(first)?;
            let first = first.query_map((office, NAMED_MAX), |row| row.get::<_, i64>(0).map(i64::unsigned_abs))?;
            Ok(Unshown { count: count.unsigned_abs(), first: first.collect::<rusqlite::Result<_>>()? })
        };
        self.read(read).map_err(failed("look what cannot be shown"))
    }
}

/// As many as a sentence takes.
const NAMED_MAX: u32 = 20;
