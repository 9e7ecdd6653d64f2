//! SQLite as a [`Store`]: rows into what they stand for. How a change is written stands next door.

use rusqlite::{Connection, OptionalExtension, Params, Row};
use sekisho_tlog::{Frontier, Hash};
use sekisho_wire::id::{Code, OfficeId};

use super::schema::{BESIDE_ENTRIES, entries_table};
use super::sqlite::{SqliteStore, StoreOrSqlite, int, number_of};
use super::{
    Change, CodePurpose, Cursor, EmitterName, Entry, KeyState, LogName, Store, StoreError, StoredAct, StoredBatch,
    StoredCode, StoredEnrolment, StoredKey, StoredName, StoredOffice, StoredSegment,
};
use crate::clock::Millis;

impl Store for SqliteStore {
    // The file lies in the data directory, which one process has.
    fn hold(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        self.write(|connection| super::sqlite_write::commit(connection, change))
    }

    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError> {
        self.read("read the offices", |connection| {
            all(connection, "SELECT id, seeds, founded FROM offices ORDER BY number", [], |row| {
                let id = OfficeId(bytes_in(row, 0, "office id")?);
                Ok(StoredOffice { id, seeds: row.get(1)?, founded: uint(row.get(2)?)? })
            })
        })
    }

    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        self.read("read the head of a log", |connection| {
            let mut statement =
                connection.prepare_cached("SELECT frontier, size FROM heads WHERE office = ?1 AND log = ?2")?;
            let number = number_of(connection, office)?;
            let row = statement.query_row((number, log_number(log)), |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((bytes, size)): Option<(Vec<u8>, i64)> = row.optional()? else { return Ok(Frontier::new()) };
            let frontier =
                Frontier::from_bytes(&bytes).ok().filter(|frontier| Ok(frontier.size()) == u64::try_from(size));
            frontier.ok_or(StoreOrSqlite::Store(StoreError::Damaged { what: "head" }))
        })
    }

    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read("read entries", |connection| {
            let table = entries_table(number_of(connection, office)?, log);
            let sql = format!("SELECT idx, leaf, key, payload FROM {table} WHERE idx >= ?1 ORDER BY idx LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query((int(from), limit))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                // Whoever counts from `from` on must not take what stands behind a hole for what was in it.
                if uint(row.get(0)?)? != from + found.len() as u64 {
                    break;
                }
                found.push(Entry { leaf: hash_in(row, 1)?, key: row.get(2)?, payload: row.get(3)? });
            }
            Ok(found)
        })
    }

    fn end(&self, office: &OfficeId, log: LogName) -> Result<u64, StoreError> {
        self.read("find the end of a log", |connection| {
            let table = entries_table(number_of(connection, office)?, log);
            // Asked apart, each is one step down the tree. An index before the first is none of ours.
            let sql = format!("SELECT (SELECT min(idx) FROM {table}), (SELECT max(idx) FROM {table})");
            let (first, last): (Option<i64>, Option<i64>) =
                connection.prepare_cached(&sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            first.map(uint).transpose()?;
            Ok(last.map(uint).transpose()?.map_or(0, |last| last.saturating_add(1)))
        })
    }

    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.read("read leaf hashes", |connection| {
            let table = entries_table(number_of(connection, office)?, log);
            let sql = format!("SELECT leaf FROM {table} WHERE idx >= ?1 AND idx < ?2 ORDER BY idx");
            all(connection, &sql, (int(from), int(to)), |row| hash_in(row, 0))
        })
    }

    fn tile(&self, office: &OfficeId, log: LogName, level: u8, index: u64) -> Result<Vec<u8>, StoreError> {
        self.read("read a tile", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT hashes FROM tiles WHERE office = ?1 AND log = ?2 AND level = ?3 AND idx = ?4";
            let mut statement = connection.prepare_cached(sql)?;
            let tile =
                statement.query_row((number, log_number(log), level, int(index)), |row| row.get(0)).optional()?;
            Ok(tile.unwrap_or_default())
        })
    }

    fn tiles(&self, office: &OfficeId, log: LogName) -> Result<Vec<(u8, u64)>, StoreError> {
        self.read("read the tiles", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT level, idx FROM tiles WHERE office = ?1 AND log = ?2 ORDER BY level, idx";
            all(connection, sql, (number, log_number(log)), |row| Ok((row.get(0)?, uint(row.get(1)?)?)))
        })
    }

    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        self.read("read a cursor", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT next, chain FROM cursors WHERE office = ?1 AND emitter = ?2 AND epoch = ?3";
            let found = all(connection, sql, (number, emitter.as_str(), epoch), |row| {
                Ok(Cursor { next: uint(row.get(0)?)?, chain: hash_in(row, 1)? })
            })?;
            Ok(found.first().copied())
        })
    }

    fn cursors(&self, office: &OfficeId) -> Result<Vec<(EmitterName, u32, Cursor)>, StoreError> {
        self.read("read the cursors", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT emitter, epoch, next, chain FROM cursors WHERE office = ?1 ORDER BY emitter, epoch";
            all(connection, sql, [number], |row| {
                let name: String = row.get(0)?;
                let cursor = Cursor { next: uint(row.get(2)?)?, chain: hash_in(row, 3)? };
                Ok((EmitterName::parse(&name)?, row.get(1)?, cursor))
            })
        })
    }

    fn batches(
        &self,
        office: &OfficeId,
        terminal: &Code,
        epoch: u32,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        self.read("read batches", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT terminal, epoch, first, count, idx, received, header FROM batches
                WHERE office = ?1 AND terminal = ?2 AND epoch = ?3 AND first >= coalesce(
                    (SELECT max(first) FROM batches WHERE office = ?1 AND terminal = ?2 AND epoch = ?3 AND first <= ?4), 0)
                AND first + count > ?4 ORDER BY first LIMIT ?5";
            all(connection, sql, (number, terminal.as_str(), epoch, int(seq), limit), |row| batch_in(office, row))
        })
    }

    fn batches_by_index(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<StoredBatch>, StoreError> {
        self.read("read batches", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT terminal, epoch, first, count, idx, received, header FROM batches
                WHERE office = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
            all(connection, sql, (number, int(index), limit), |row| batch_in(office, row))
        })
    }

    fn last_heard(&self, office: &OfficeId) -> Result<Vec<(Code, u32, Millis)>, StoreError> {
        self.read("read the last batches", |connection| {
            let number = number_of(connection, office)?;
            // The batch before the cursor is the newest one, so this reads one row per history instead of all batches.
            let sql = "SELECT c.emitter, c.epoch, (SELECT received FROM batches b WHERE b.office = c.office
                    AND b.terminal = c.emitter AND b.epoch = c.epoch ORDER BY first DESC LIMIT 1)
                FROM cursors c WHERE c.office = ?1 AND c.emitter <> '' ORDER BY c.emitter, c.epoch";
            all(connection, sql, [number], |row| {
                Ok((code_in(row, 0)?, row.get(1)?, uint(row.get::<_, Option<i64>>(2)?.unwrap_or(0))?))
            })
        })
    }

    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError> {
        self.read("find an act", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT log, idx FROM acts WHERE office = ?1 AND id = ?2";
            let found = all(connection, sql, (number, id.0.as_slice()), |row| {
                Ok(StoredAct { office: *office, id: *id, log: log_in(row, 0)?, index: uint(row.get(1)?)? })
            })?;
            Ok(found.into_iter().next())
        })
    }

    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError> {
        self.read("read the acts", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT id, idx FROM acts WHERE office = ?1 AND log = ?2 ORDER BY idx";
            all(connection, sql, (number, log_number(log)), |row| {
                Ok(StoredAct { office: *office, id: hash_in(row, 0)?, log, index: uint(row.get(1)?)? })
            })
        })
    }

    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError> {
        self.read("read names", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT idx, hash, sealed FROM names WHERE office = ?1 AND log = ?2 AND idx >= ?3 AND idx < ?4 ORDER BY idx, hash";
            all(connection, sql, (number, log_number(log), int(from), int(to)), |row| {
                let (index, hash) = (uint(row.get(0)?)?, bytes_in(row, 1, "name hash")?);
                Ok(StoredName { office: *office, log, index, hash, sealed: row.get(2)? })
            })
        })
    }

    fn names_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<StoredName>, StoreError> {
        self.read("read names", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT idx, hash, sealed FROM names WHERE office = ?1 AND log = ?2 AND idx IN (SELECT value FROM json_each(?3)) ORDER BY idx, hash";
            all(connection, sql, (number, log_number(log), listed(indexes)), |row| {
                let (index, hash) = (uint(row.get(0)?)?, bytes_in(row, 1, "name hash")?);
                Ok(StoredName { office: *office, log, index, hash, sealed: row.get(2)? })
            })
        })
    }

    fn acts_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.read("read acts", |connection| {
            let table = entries_table(number_of(connection, office)?, log);
            let sql =
                format!("SELECT idx, payload FROM {table} WHERE idx IN (SELECT value FROM json_each(?1)) ORDER BY idx");
            all(connection, &sql, [listed(indexes)], |row| Ok((uint(row.get(0)?)?, row.get(1)?)))
        })
    }

    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError> {
        self.read("find a code", |connection| {
            let sql = "SELECT hash, expires, office, terminal, seeds, used FROM codes WHERE hash = ?1";
            Ok(all(connection, sql, [hash.as_slice()], code_row)?.into_iter().next())
        })
    }

    fn codes(&self) -> Result<Vec<StoredCode>, StoreError> {
        self.read("read the codes", |connection| {
            let sql = "SELECT hash, expires, office, terminal, seeds, used FROM codes ORDER BY hash";
            all(connection, sql, [], code_row)
        })
    }

    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.read("read enrolments", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT code, terminal, key, certificate, at FROM enrolments WHERE office = ?1 ORDER BY at, code";
            all(connection, sql, [number], |row| enrolment_in(office, row))
        })
    }

    fn enrolments_of(&self, office: &OfficeId, terminal: &Code) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.read("read the enrolments of a terminal", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT code, terminal, key, certificate, at FROM enrolments WHERE office = ?1 AND terminal = ?2 ORDER BY at, code";
            all(connection, sql, (number, terminal.as_str()), |row| enrolment_in(office, row))
        })
    }

    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError> {
        self.read("read payload keys", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT number, class, month, wrapped, state FROM keys WHERE office = ?1 ORDER BY number";
            all(connection, sql, [number], |row| {
                Ok(StoredKey {
                    office: *office,
                    number: row.get(0)?,
                    class: row.get(1)?,
                    month: row.get(2)?,
                    wrapped: row.get(3)?,
                    state: KeyState::numbered(row.get(4)?)?,
                })
            })
        })
    }

    fn segments(&self, office: &OfficeId) -> Result<Vec<StoredSegment>, StoreError> {
        self.read("read which entries are cold", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT first, entries, digest FROM segments WHERE office = ?1 ORDER BY first";
            all(connection, sql, [number], |row| {
                let (first, entries) = (uint(row.get(0)?)?, uint(row.get(1)?)?);
                Ok(StoredSegment { first, entries, digest: bytes_in(row, 2, "digest of a cold segment")? })
            })
        })
    }

    fn erase(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        self.write(|connection| super::sqlite_write::erase(connection, office, indexes))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.empty_log()
    }

    fn misfits(&self) -> Result<Vec<String>, StoreError> {
        self.read("check the tables", |connection| {
            let mut found = Vec::new();
            for table in BESIDE_ENTRIES {
                let rows = all(connection, &format!("PRAGMA integrity_check({table})"), [], |row| Ok(row.get(0)?))?;
                found.extend(rows.into_iter().filter(|row: &String| row != "ok"));
            }
            Ok(found)
        })
    }
}

/// We write no negative ones.
fn uint(value: i64) -> Result<u64, StoreOrSqlite> {
    u64::try_from(value).map_err(|_| StoreOrSqlite::Store(StoreError::Damaged { what: "number" }))
}

fn hash_in(row: &Row<'_>, column: usize) -> Result<Hash, StoreOrSqlite> {
    let bytes = row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?;
    Hash::from_slice(bytes).ok_or(StoreOrSqlite::Store(StoreError::Damaged { what: "hash" }))
}

fn bytes_in<const N: usize>(row: &Row<'_>, column: usize, what: &'static str) -> Result<[u8; N], StoreOrSqlite> {
    let bytes = row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?;
    bytes.try_into().map_err(|_| StoreOrSqlite::Store(StoreError::Damaged { what }))
}

fn code_in(row: &Row<'_>, column: usize) -> Result<Code, StoreOrSqlite> {
    let text: String = row.get(column)?;
    Code::new(&text).map_err(|_| StoreOrSqlite::Store(StoreError::Damaged { what: "terminal" }))
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreOrSqlite>,
) -> Result<Vec<T>, StoreOrSqlite> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn batch_in(office: &OfficeId, row: &Row<'_>) -> Result<StoredBatch, StoreOrSqlite> {
    Ok(StoredBatch {
        office: *office,
        terminal: code_in(row, 0)?,
        epoch: row.get(1)?,
        first: uint(row.get(2)?)?,
        count: row.get(3)?,
        index: uint(row.get(4)?)?,
        received: uint(row.get(5)?)?,
        header: row.get(6)?,
    })
}

fn enrolment_in(office: &OfficeId, row: &Row<'_>) -> Result<StoredEnrolment, StoreOrSqlite> {
    Ok(StoredEnrolment {
        office: *office,
        code: bytes_in(row, 0, "code hash")?,
        terminal: code_in(row, 1)?,
        key: bytes_in(row, 2, "terminal key")?,
        certificate: row.get(3)?,
        at: uint(row.get(4)?)?,
    })
}

fn code_row(row: &Row<'_>) -> Result<StoredCode, StoreOrSqlite> {
    let purpose = match row.get::<_, Option<Vec<u8>>>(4)? {
        Some(seeds) => CodePurpose::Founding { seeds },
        None => CodePurpose::Terminal { office: OfficeId(bytes_in(row, 2, "office id")?), terminal: code_in(row, 3)? },
    };
    let (hash, expires) = (bytes_in(row, 0, "code hash")?, uint(row.get(1)?)?);
    let used = row.get::<_, Option<i64>>(5)?.map(uint).transpose()?;
    Ok(StoredCode { hash, expires, purpose, used })
}

fn log_in(row: &Row<'_>, column: usize) -> Result<LogName, StoreOrSqlite> {
    let number: u16 = row.get(column)?;
    let found = LogName::ALL.get(usize::from(number)).copied();
    found.ok_or(StoreOrSqlite::Store(StoreError::Damaged { what: "log number" }))
}

fn log_number(log: LogName) -> i64 {
    log.number() as i64
}

/// Numbers as SQLite takes a list of them.
fn listed(indexes: &[u64]) -> String {
    let numbers: Vec<String> = indexes.iter().map(u64::to_string).collect();
    format!("[{}]", numbers.join(","))
}
