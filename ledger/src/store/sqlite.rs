//! SQLite: one file, one machine, WAL with `synchronous=FULL`. One connection writes, others read beside it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row};
use sekisho_tlog::{Frontier, Hash};
use sekisho_wire::id::{Code, OfficeId};

use super::schema::{TABLES, VERSION};
use super::{
    Change, CodePurpose, Cursor, EmitterName, Entry, LogName, Store, StoreError, StoredAct, StoredBatch, StoredCode,
    StoredEnrolment, StoredKey, StoredName, StoredOffice,
};
use crate::clock::Millis;

/// The SQLite store.
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the database, making it when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened or is of a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = Connection::open(path).map_err(failed("open the database"))?;
        prepare(&writer)?;
        let version: i64 = writer
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(failed("read the version of the database"))?;
        match version {
            VERSION => {}
            0 => writer
                .execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;"))
                .map_err(failed("make the tables of the database"))?,
            found => return Err(StoreError::Newer { found, known: VERSION }),
        }
        Ok(Self { path: path.into(), writer: Mutex::new(writer), readers: Mutex::default() })
    }

    /// Opens a database that must be there already.
    ///
    /// # Errors
    /// When it is not, cannot be opened, or is of a newer version.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            let cause = format!("{} is not there", path.display());
            return Err(StoreError::Database { act: "open the database", cause });
        }
        Self::open(path)
    }

    /// A view of the book as it is now, for one reader: whatever is committed later is not seen. For checks that must be consistent.
    ///
    /// # Errors
    /// When the database is not there, cannot be opened, or is of a newer version.
    pub fn open_snapshot(path: &Path) -> Result<Self, StoreError> {
        let store = Self::open_existing(path)?;
        let reader = open_reader(path)?;
        // The view begins with the first read of the transaction, not with its BEGIN.
        reader.execute_batch("BEGIN; SELECT count(*) FROM heads;").map_err(failed("begin a view of the database"))?;
        lock(&store.readers).push(reader);
        Ok(store)
    }

    /// Runs a read on a connection of its own, so that readers never wait for the writer.
    fn read<T>(
        &self,
        act: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, StoreOrSqlite>,
    ) -> Result<T, StoreError> {
        let pooled = lock(&self.readers).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        let result = read(&connection).map_err(|error| error.into_store(act));
        lock(&self.readers).push(connection);
        result
    }
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed("open the database"))?;
    prepare(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(failed("set up the database"))?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let set_up = || -> rusqlite::Result<()> {
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    set_up().map_err(failed("set up the database"))
}

/// A read fails because SQLite does, or because what stands there is not ours.
pub(super) enum StoreOrSqlite {
    Store(StoreError),
    Sqlite(rusqlite::Error),
}

impl StoreOrSqlite {
    pub(super) fn into_store(self, act: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sqlite(error) => StoreError::Database { act, cause: error.to_string() },
        }
    }
}

impl From<rusqlite::Error> for StoreOrSqlite {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for StoreOrSqlite {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn failed(act: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| StoreError::Database { act, cause: error.to_string() }
}

/// A thread that panicked while it held a connection leaves no transaction behind: rusqlite rolls back on drop.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The office's number inside this database.
pub(super) fn number_of(connection: &Connection, office: &OfficeId) -> Result<i64, StoreOrSqlite> {
    let mut statement = connection.prepare_cached("SELECT number FROM offices WHERE id = ?1")?;
    let number = statement.query_row([office.as_bytes().as_slice()], |row| row.get(0)).optional()?;
    number.ok_or(StoreOrSqlite::Store(StoreError::Conflict { what: "the office" }))
}

/// SQLite's integers are signed; none of ours reaches 2^63.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
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
        first: uint(row.get(2)?),
        count: row.get(3)?,
        index: uint(row.get(4)?),
        received: uint(row.get(5)?),
        header: row.get(6)?,
    })
}

fn log_in(row: &Row<'_>, column: usize) -> Result<LogName, StoreOrSqlite> {
    let number: u16 = row.get(column)?;
    let found = LogName::ALL.get(usize::from(number)).copied();
    found.ok_or(StoreOrSqlite::Store(StoreError::Damaged { what: "log number" }))
}

fn log_number(log: LogName) -> i64 {
    int(log.number() as u64)
}

impl Store for SqliteStore {
    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        super::sqlite_write::commit(&mut lock(&self.writer), change)
    }

    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError> {
        self.read("read the offices", |connection| {
            all(connection, "SELECT id, seeds, founded FROM offices ORDER BY number", [], |row| {
                let id = OfficeId(bytes_in(row, 0, "office id")?);
                Ok(StoredOffice { id, seeds: row.get(1)?, founded: uint(row.get(2)?) })
            })
        })
    }

    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        self.read("read the head of a log", |connection| {
            let mut statement =
                connection.prepare_cached("SELECT frontier FROM heads WHERE office = ?1 AND log = ?2")?;
            let number = number_of(connection, office)?;
            let bytes: Option<Vec<u8>> = statement.query_row((number, log_number(log)), |row| row.get(0)).optional()?;
            let frontier = bytes.map_or(Ok(Frontier::new()), |bytes| Frontier::from_bytes(&bytes));
            frontier.map_err(|_| StoreOrSqlite::Store(StoreError::Damaged { what: "head" }))
        })
    }

    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read("read entries", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT leaf, key, payload FROM entries WHERE office = ?1 AND log = ?2 AND idx >= ?3 ORDER BY idx LIMIT ?4";
            all(connection, sql, (number, log_number(log), int(from), limit), |row| {
                Ok(Entry { leaf: hash_in(row, 0)?, key: row.get(1)?, payload: row.get(2)? })
            })
        })
    }

    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.read("read leaf hashes", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT leaf FROM entries WHERE office = ?1 AND log = ?2 AND idx >= ?3 AND idx < ?4 ORDER BY idx";
            all(connection, sql, (number, log_number(log), int(from), int(to)), |row| hash_in(row, 0))
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

    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        self.read("read a cursor", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT next, chain FROM cursors WHERE office = ?1 AND emitter = ?2 AND epoch = ?3";
            let found = all(connection, sql, (number, emitter.as_str(), epoch), |row| {
                Ok(Cursor { next: uint(row.get(0)?), chain: hash_in(row, 1)? })
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
                let cursor = Cursor { next: uint(row.get(2)?), chain: hash_in(row, 3)? };
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
                Ok((code_in(row, 0)?, row.get(1)?, uint(row.get::<_, Option<i64>>(2)?.unwrap_or(0))))
            })
        })
    }

    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError> {
        self.read("find an act", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT log, idx FROM acts WHERE office = ?1 AND id = ?2";
            let found = all(connection, sql, (number, id.0.as_slice()), |row| {
                Ok(StoredAct { office: *office, id: *id, log: log_in(row, 0)?, index: uint(row.get(1)?) })
            })?;
            Ok(found.into_iter().next())
        })
    }

    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError> {
        self.read("read the acts", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT id, idx FROM acts WHERE office = ?1 AND log = ?2 ORDER BY idx";
            all(connection, sql, (number, log_number(log)), |row| {
                Ok(StoredAct { office: *office, id: hash_in(row, 0)?, log, index: uint(row.get(1)?) })
            })
        })
    }

    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError> {
        self.read("read names", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT idx, hash, sealed FROM names WHERE office = ?1 AND log = ?2 AND idx >= ?3 AND idx < ?4 ORDER BY idx, hash";
            all(connection, sql, (number, log_number(log), int(from), int(to)), |row| {
                let (index, hash) = (uint(row.get(0)?), bytes_in(row, 1, "name hash")?);
                Ok(StoredName { office: *office, log, index, hash, sealed: row.get(2)? })
            })
        })
    }

    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError> {
        self.read("find a code", |connection| {
            let sql = "SELECT expires, office, terminal, seeds, used FROM codes WHERE hash = ?1";
            let found = all(connection, sql, [hash.as_slice()], |row| {
                let purpose = match row.get::<_, Option<Vec<u8>>>(3)? {
                    Some(seeds) => CodePurpose::Founding { seeds },
                    None => CodePurpose::Terminal {
                        office: OfficeId(bytes_in(row, 1, "office id")?),
                        terminal: code_in(row, 2)?,
                    },
                };
                let used: Option<i64> = row.get(4)?;
                Ok(StoredCode { hash: *hash, expires: uint(row.get(0)?), purpose, used: used.map(uint) })
            })?;
            Ok(found.into_iter().next())
        })
    }

    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.read("read enrolments", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT code, terminal, key, certificate, at FROM enrolments WHERE office = ?1 ORDER BY at, code";
            all(connection, sql, [number], |row| {
                Ok(StoredEnrolment {
                    office: *office,
                    code: bytes_in(row, 0, "code hash")?,
                    terminal: code_in(row, 1)?,
                    key: bytes_in(row, 2, "terminal key")?,
                    certificate: row.get(3)?,
                    at: uint(row.get(4)?),
                })
            })
        })
    }

    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError> {
        self.read("read payload keys", |connection| {
            let number = number_of(connection, office)?;
            let sql = "SELECT number, class, month, wrapped FROM keys WHERE office = ?1 ORDER BY number";
            all(connection, sql, [number], |row| {
                Ok(StoredKey {
                    office: *office,
                    number: row.get(0)?,
                    class: row.get(1)?,
                    month: row.get(2)?,
                    wrapped: row.get(3)?,
                })
            })
        })
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqliteStore({})", self.path.display())
    }
}
