//! SQLite: one file, one machine, WAL with `synchronous=FULL`. One connection writes, others read beside it.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use rusqlite::backup::StepResult;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, ToSql};
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
    /// None in a view that only reads.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Readers>,
    returned: Condvar,
}

/// Connections that read, at most [`READERS_MAX`].
#[derive(Default)]
struct Readers {
    /// Those that nobody reads with at the moment.
    idle: Vec<Connection>,
    /// How many are read with.
    busy: usize,
}

impl SqliteStore {
    /// Makes the database (0600), which must not hold anything yet. Only `init` does: a ledger whose book is gone must not begin an empty one.
    ///
    /// # Errors
    /// When there is something already, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let act = "make the database";
        crate::data::make_private(path).map_err(|error| StoreError::Database { act, cause: error.to_string() })?;
        let writer = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if version_of(&writer)? != 0 {
            return Err(StoreError::Database { act, cause: format!("{} holds one already", path.display()) });
        }
        writer.pragma_update(None, "journal_mode", "WAL").map_err(failed(act))?;
        prepare(&writer)?;
        let tables = format!("BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;");
        writer.execute_batch(&tables).map_err(failed("make the tables of the database"))?;
        Ok(Self::with_writer(path, writer))
    }

    /// Opens a database that must be there, with its tables.
    ///
    /// # Errors
    /// When it is not, is empty, cannot be opened, or is of a newer version.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let writer = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        check_version(&writer, path)?;
        prepare(&writer)?;
        Ok(Self::with_writer(path, writer))
    }

    /// A view of the book as it is now, for one reader: whatever is committed later is not seen. Nothing is written to the database, so it
    /// may be evidence. SQLite makes its two side files when they are missing; where it cannot, and there is nothing in a write-ahead log,
    /// the database is read as it lies there.
    ///
    /// # Errors
    /// When the database is not there, is empty, cannot be opened, or is of a newer version.
    pub fn open_snapshot(path: &Path) -> Result<Self, StoreError> {
        let begin = |connection: Connection| {
            check_version(&connection, path)?;
            // The view begins with the first read of the transaction, not with its BEGIN.
            let begun = connection.execute_batch("BEGIN; SELECT count(*) FROM heads;");
            begun.map_err(failed("begin a view of the database"))?;
            Ok(connection)
        };
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let nothing_waits = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
        let reader = match open_connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(begin) {
            Err(StoreError::Database { .. }) if nothing_waits && path.exists() => begin(open_immutable(path)?)?,
            other => other?,
        };
        let readers = Readers { idle: vec![reader], busy: 0 };
        Ok(Self { path: path.into(), writer: Mutex::new(None), readers: Mutex::new(readers), returned: Condvar::new() })
    }

    fn with_writer(path: &Path, writer: Connection) -> Self {
        let (writer, readers) = (Mutex::new(Some(writer)), Mutex::default());
        Self { path: path.into(), writer, readers, returned: Condvar::new() }
    }

    /// Copies the database, as it is at one moment, to a new file (0600) while it is being written to.
    ///
    /// # Errors
    /// When the copy cannot be made or written.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let act = "copy the database";
        crate::data::make_private(path).map_err(|error| StoreError::Database { act, cause: error.to_string() })?;
        self.read(act, |connection| {
            // One step holds one view of the database from its first page to its last. Writers go on: the view is in the write-ahead log.
            let mut to = Connection::open(path)?;
            let step = rusqlite::backup::Backup::new(connection, &mut to)?.step(-1)?;
            // One step copies everything or waits in vain; there is no third.
            let locked = || StoreError::Database { act, cause: "it is locked".into() };
            if step == StepResult::Done { Ok(()) } else { Err(locked().into()) }
        })?;
        let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|error| StoreError::Database { act, cause: error.to_string() })
    }

    /// Runs a read on a connection of its own, so that readers never wait for the writer.
    fn read<T>(
        &self,
        act: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, StoreOrSqlite>,
    ) -> Result<T, StoreError> {
        let connection = self.borrow()?;
        let result = read(&connection).map_err(|error| error.into_store(act));
        self.give_back(Some(connection));
        result
    }

    /// A connection to read with; waits when as many read as may.
    fn borrow(&self) -> Result<Connection, StoreError> {
        let full = |readers: &mut Readers| readers.idle.is_empty() && readers.busy >= READERS_MAX;
        let waited = self.returned.wait_while(lock(&self.readers), full);
        let mut readers = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
        readers.busy += 1;
        let idle = readers.idle.pop();
        drop(readers);
        idle.map_or_else(|| open_reader(&self.path), Ok).inspect_err(|_| self.give_back(None))
    }

    fn give_back(&self, connection: Option<Connection>) {
        let mut readers = lock(&self.readers);
        readers.busy -= 1;
        readers.idle.extend(connection);
        drop(readers);
        self.returned.notify_one();
    }
}

fn open_connection(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    if !path.exists() {
        let cause = format!("{} is not there", path.display());
        return Err(StoreError::Database { act: "open the database", cause });
    }
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = connection.map_err(failed("open the database"))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(failed("set up the database"))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn open_immutable(path: &Path) -> Result<Connection, StoreError> {
    let escape = |text: String| text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{}?immutable=1", escape(path.display().to_string()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(failed("open the database"))
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    prepare(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(failed("set up the database"))?;
    Ok(connection)
}

fn version_of(connection: &Connection) -> Result<i64, StoreError> {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    version.map_err(failed("read the version of the database"))
}

/// Reads only: a truncated database must stay as it is.
fn check_version(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    match version_of(connection)? {
        VERSION => Ok(()),
        0 => Err(StoreError::Empty { path: path.into() }),
        found => Err(StoreError::Newer { found, known: VERSION }),
    }
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let set_up = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)
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
            Self::Sqlite(rusqlite::Error::ToSqlConversionFailure(_)) => StoreError::TooLarge { act },
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

/// A number on its way into a column. `SQLite`'s integers are signed: what reaches 2^63 is an error, never another number.
pub(super) struct Int(u64);

/// See [`Int`].
pub(super) const fn int(value: u64) -> Int {
    Int(value)
}

impl ToSql for Int {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = i64::try_from(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(value.into())
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

/// More would only wait for the same disk, and each holds files open.
const READERS_MAX: usize = 16;

impl Store for SqliteStore {
    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        let writer = writer
            .as_mut()
            .ok_or(StoreError::Database { act: "write to the database", cause: "it was opened for reading".into() })?;
        super::sqlite_write::commit(writer, change)
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
            all(connection, sql, [number], |row| {
                Ok(StoredEnrolment {
                    office: *office,
                    code: bytes_in(row, 0, "code hash")?,
                    terminal: code_in(row, 1)?,
                    key: bytes_in(row, 2, "terminal key")?,
                    certificate: row.get(3)?,
                    at: uint(row.get(4)?)?,
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
