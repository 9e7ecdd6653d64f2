//! SQLite: one file, one machine, WAL with `synchronous=FULL`. One connection writes, others read beside it.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use rusqlite::backup::StepResult;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, OptionalExtension, ToSql};
use sekisho_wire::id::OfficeId;

use super::StoreError;
use super::schema::{STEPS, TABLES};
use super::versions::{expect_newest, steps_from};
use crate::locks::lock;

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
        let mut writer = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if version_of(&writer)? != 0 {
            return Err(StoreError::Database { act, cause: format!("{} holds one already", path.display()) });
        }
        writer.pragma_update(None, "page_size", PAGE_SIZE).map_err(failed(act))?;
        writer.pragma_update(None, "journal_mode", "WAL").map_err(failed(act))?;
        prepare(&writer)?;
        let tables = format!("BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = 1;COMMIT;");
        writer.execute_batch(&tables).map_err(failed("make the tables of the database"))?;
        take_steps(&mut writer, path, STEPS)?;
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

    /// The same, for the process that has the book alone: it brings an older one to the newest version. Nothing here keeps others out: the lock of the data
    /// directory does, in which the file lies.
    ///
    /// # Errors
    /// As [`Self::open_existing`].
    pub fn open_alone(path: &Path) -> Result<Self, StoreError> {
        take_steps(&mut open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?, path, STEPS)?;
        Self::open_existing(path)
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
            let begun = connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;");
            begun.map_err(failed("begin a view of the database"))?;
            Ok(connection)
        };
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let nothing_waits = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
        let reader = match open_connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(begin) {
            Err(StoreError::Database { .. } | StoreError::Unreadable { .. }) if nothing_waits && path.exists() => {
                begin(open_immutable(path)?)?
            }
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

    /// Runs a write on the one connection that writes.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let for_reading =
            || StoreError::Database { act: "write to the database", cause: "it was opened for reading".into() };
        lock(&self.writer).as_mut().map_or_else(|| Err(for_reading()), write)
    }

    /// Brings everything from the write-ahead log into the database and empties the log: older pages lie in it, with what was erased since.
    pub(super) fn empty_log(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            // Who reads an older view may do so for hours: nobody waits for him with the connection that writes.
            connection.busy_timeout(Duration::ZERO).map_err(failed("set up the database"))?;
            let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            connection.busy_timeout(BUSY).map_err(failed("set up the database"))?;
            match emptied.map_err(failed("empty the write-ahead log"))? {
                0 => Ok(()),
                _ => Err(StoreError::Database {
                    act: "empty the write-ahead log",
                    cause: "somebody reads an older view; it is tried again".into(),
                }),
            }
        })
    }

    /// Runs a read on a connection of its own, so that readers never wait for the writer.
    pub(super) fn read<T>(
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
    connection.busy_timeout(BUSY).map_err(failed("set up the database"))?;
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
        0 => Err(StoreError::Empty { path: path.into() }),
        found => expect_newest(found, STEPS),
    }
}

/// Each step in a transaction of its own, with the version that it leads to: one that was cut short is taken again.
fn take_steps(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let found = match version_of(connection)? {
        0 => return Err(StoreError::Empty { path: path.into() }),
        found => found,
    };
    for (version, step) in steps_from(found, steps)? {
        log::info!("the database {} is brought to version {version}", path.display());
        let act = "bring the database to a newer version";
        let transaction = connection.transaction().map_err(failed(act))?;
        transaction.execute_batch(step).map_err(failed(act))?;
        transaction.pragma_update(None, "user_version", version).map_err(failed(act))?;
        transaction.commit().map_err(failed(act))?;
    }
    Ok(())
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    let set_up = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What is deleted or made shorter is written over with zeros.
        connection.pragma_update(None, "secure_delete", "ON")?;
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
            Self::Sqlite(error) if is_damage(&error) => StoreError::Unreadable { act, cause: error.to_string() },
            Self::Sqlite(error) => StoreError::Database { act, cause: error.to_string() },
        }
    }
}

/// Our statements are fixed, so one that SQLite does not understand (`Unknown`) speaks of a table that is gone or is another.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SystemIoFailure, Unknown};
    error.sqlite_error_code().map_or_else(
        || {
            use rusqlite::Error::{
                FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, Utf8Error,
            };
            let of_another_type = matches!(error, FromSqlConversionFailure(..) | InvalidColumnType(..) | Utf8Error(..));
            of_another_type || matches!(error, IntegralValueOutOfRange(..) | QueryReturnedNoRows)
        },
        |code| matches!(code, DatabaseCorrupt | NotADatabase | SystemIoFailure | Unknown),
    )
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
    move |error| StoreOrSqlite::Sqlite(error).into_store(act)
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

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqliteStore({})", self.path.display())
    }
}

/// How long a statement waits for another process's.
const BUSY: Duration = Duration::from_secs(10);
/// Bytes of a page. No row stands in two, so the end of each is left over: with SQLite's own 4096 it would be twice as much.
const PAGE_SIZE: u32 = 8192;
/// More would only wait for the same disk, and each holds files open.
const READERS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_takes_the_steps_to_a_newer_version_once() {
        let folder = crate::testing::scratch("steps");
        let path = folder.join("book.db");
        drop(SqliteStore::create(&path).unwrap());
        let by = |steps: &[&str]| take_steps(&mut Connection::open(&path).unwrap(), &path, steps);
        let first = "CREATE TABLE later (a INTEGER); INSERT INTO later VALUES (1)";
        let second = "ALTER TABLE later ADD COLUMN b INTEGER NOT NULL DEFAULT 7";
        by(&[first]).unwrap();
        // One that fails leaves the database as the one before it made it.
        by(&[first, "ALTER TABLE later ADD COLUMN b INTEGER; SELECT nonsense"]).unwrap_err();
        for _ in 0..2 {
            by(&[first, second]).unwrap();
        }
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let read: (i64, i64) = Connection::open(&path).unwrap().query_row("SELECT a, b FROM later", [], row).unwrap();
        assert_eq!(read, (1, 7));
        for opened in [SqliteStore::open_alone(&path), SqliteStore::open_existing(&path)] {
            assert!(matches!(opened.err(), Some(StoreError::Newer { found: 3, known: 1 })));
        }
    }
}
