//! PostgreSQL 15 and later: one connection writes, others read beside it. What is committed is as durable as the server makes it
//! (`synchronous_standby_names` there says on how many machines).

mod read;
mod schema;
mod server;
mod turn;
mod write;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use postgres::error::SqlState;
use postgres::{Client, GenericClient, Statement};
use sekisho_wire::id::OfficeId;

use super::{LogName, Store as _, StoreError};
use crate::locks::lock;
use schema::{SCHEMA, tables};
pub use server::Server;

/// The PostgreSQL store.
pub struct PostgresStore {
    server: Server,
    /// Whether changes are taken, or this is a view of one moment.
    view: View,
    /// Nothing while the connection is lost.
    writer: Mutex<Option<Connection>>,
    /// The number of its turn, where it has the database alone.
    turn: Option<i64>,
    /// Whether a wait of the last commits was cut short: what they wrote may be on one machine alone.
    unsure: AtomicBool,
    /// When it was last waited in vain for the other machines, in milliseconds since the machine started.
    waited: Mutex<Option<u64>>,
    readers: Mutex<Readers>,
    returned: Condvar,
}

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// The book as it is, and as it becomes.
    Now,
    /// The book as it was when the one connection began to read.
    Then,
}

/// Connections that read, at most [`READERS_MAX`].
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    busy: usize,
}

/// A connection, and the statements that it knows.
pub(super) struct Connection {
    client: Client,
    statements: Statements,
    /// What the server warned of last.
    warning: Arc<Mutex<Option<String>>>,
    /// Whether it holds the lock of the one that writes.
    leads: bool,
}

/// Prepared once on each connection, by their text.
#[derive(Default)]
pub(super) struct Statements(HashMap<String, Statement>);

impl Statements {
    pub(super) fn get(&mut self, client: &mut impl GenericClient, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.0.get(sql) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(sql)?;
        self.0.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl PostgresStore {
    /// Makes the tables in a database that has none of ours. Only `init` does.
    ///
    /// # Errors
    /// When there are some already, or the server cannot be reached.
    pub fn create(server: Server) -> Result<Self, StoreError> {
        let act = "make the tables of the database";
        let mut connection = connect(&server)?;
        let make = |connection: &mut Connection| -> Result<(), Failure> {
            let mut transaction = connection.client.transaction()?;
            transaction.batch_execute(&tables())?;
            Ok(transaction.commit()?)
        };
        if let Some(version) = version_of(&mut connection)? {
            turn::expect_version(Some(version), &server)?;
            return Err(StoreError::Database { act, cause: Self::with(server, connection).is_there()? });
        }
        make(&mut connection).map_err(|error| error.into_store(act))?;
        Ok(Self::with(server, connection))
    }

    /// What is said of a book that is in the way: whoever removes it should know whose it is.
    fn is_there(&self) -> Result<String, StoreError> {
        let mut books = Vec::new();
        for office in self.offices()? {
            let records = self.frontier(&office.id, LogName::Records)?.size();
            let acts = self.frontier(&office.id, LogName::Register)?.size();
            books.push(format!("office {} with {records} records and {acts} acts", office.id));
        }
        if books.is_empty() {
            return Ok(
                "it has our tables already, and no office in them: they go with DROP SCHEMA sekisho CASCADE".into()
            );
        }
        Ok(format!(
            "there is a book in it: {}. If it is the newest one, or the one in use, it goes on from there, with the cold folder that it had: name its place in ledger.toml (`postgres`) and move nothing. Only what a move that was cut short has left, or a book that has moved away since, goes with DROP SCHEMA sekisho CASCADE",
            books.join("; ")
        ))
    }

    /// Opens a database that must have our tables.
    ///
    /// # Errors
    /// When it has none, cannot be reached, or is of a newer version.
    pub fn open_existing(server: Server) -> Result<Self, StoreError> {
        let mut connection = connect(&server)?;
        turn::expect_version(version_of(&mut connection)?, &server)?;
        Ok(Self::with(server, connection))
    }

    /// A view of the book as it is now, for one reader at a time: whatever is committed later is not seen. It ends when its connection does.
    ///
    /// # Errors
    /// As [`Self::open_existing`].
    pub fn open_snapshot(server: Server) -> Result<Self, StoreError> {
        let opened = Self::open_existing(server)?;
        let mut reader = lock(&opened.writer).take().ok_or(StoreError::Damaged { what: "connection" })?;
        // The view begins with the first statement of the transaction, not with its BEGIN. It may take hours to read.
        let begin = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM version;";
        let begun = reader.client.batch_execute(begin).map_err(Failure::from);
        begun.map_err(|error| error.into_store("begin a view of the database"))?;
        lock(&opened.readers).idle.push(reader);
        Ok(Self { view: View::Then, ..opened })
    }

    fn with(server: Server, writer: Connection) -> Self {
        let (writer, readers) = (Mutex::new(Some(writer)), Mutex::default());
        let (turn, unsure) = (None, AtomicBool::new(false));
        let waited = Mutex::default();
        Self { server, view: View::Now, writer, turn, unsure, waited, readers, returned: Condvar::new() }
    }

    /// Runs a write on the one connection that writes; one that was lost is made anew for the next write.
    fn write(&self, write: impl FnOnce(&mut Connection) -> Result<(), Failure>) -> Result<(), StoreError> {
        let act = "write to the database";
        if self.view == View::Then {
            return Err(StoreError::Database { act, cause: "it was opened for reading".into() });
        }
        self.settle()?;
        let mut writer = lock(&self.writer);
        let connection = match writer.as_mut() {
            Some(connection) => connection,
            None => writer.insert(connect(&self.server)?),
        };
        let led = self.lead(connection);
        // One that may not write lets go of the lock, if it has it.
        let keeps = led.is_ok();
        let written = led
            .and_then(|()| write(connection))
            .and_then(|()| connection.expect_no_warning().inspect_err(|_| self.unsure.store(true, Ordering::Release)));
        let written = written.map_err(|error| error.into_store(act));
        // Whoever was cut off may have committed, and waited for nobody.
        if written.is_err() && keeps && connection.client.is_closed() {
            self.unsure.store(true, Ordering::Release);
        }
        if connection.client.is_closed() || !keeps {
            *writer = None;
        }
        written
    }

    /// Runs a read on a connection of its own, so that readers never wait for the writer.
    fn read<T>(
        &self,
        act: &'static str,
        read: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        self.settle()?;
        let mut connection = self.borrow()?;
        let result = read(&mut connection).map_err(|error| error.into_store(act));
        self.give_back(Some(connection).filter(|connection| !connection.client.is_closed()));
        result
    }

    fn borrow(&self) -> Result<Connection, StoreError> {
        let most = if self.view == View::Then { 1 } else { READERS_MAX };
        let full = |readers: &mut Readers| readers.idle.is_empty() && readers.busy >= most;
        let mut readers = self.returned.wait_while(lock(&self.readers), full).unwrap_or_else(PoisonError::into_inner);
        readers.busy += 1;
        let idle = readers.idle.pop();
        drop(readers);
        let anew = || match self.view {
            View::Now => connect(&self.server),
            // Another connection would see another moment.
            View::Then => Err(StoreError::Database {
                act: "read the database",
                cause: "the connection of this view was lost".into(),
            }),
        };
        idle.map_or_else(anew, Ok).inspect_err(|_| self.give_back(None))
    }

    fn give_back(&self, connection: Option<Connection>) {
        let mut readers = lock(&self.readers);
        readers.busy -= 1;
        // A server that has let go of one has let go of all: each would cost somebody a refusal before it is found out.
        if connection.is_none() {
            readers.idle.clear();
        }
        readers.idle.extend(connection);
        drop(readers);
        self.returned.notify_one();
    }
}

/// Whatever the server's own settings are, an answer here means that the change is on its disk. A connection whose other end is gone ends within a minute: it
/// may hold the lock of the one that writes.
const SESSION: &str = "SET synchronous_commit = 'on'; SET default_transaction_isolation = 'read committed';
    SET client_min_messages = 'warning'; SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
    SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'; SET search_path = ";

fn connect(server: &Server) -> Result<Connection, StoreError> {
    let act = "reach the database";
    let warning = Arc::default();
    let mut client =
        server.connect_hearing(Arc::clone(&warning)).map_err(|error| Failure::from(error).into_store(act))?;
    client.batch_execute(&format!("{SESSION}{SCHEMA}")).map_err(|error| Failure::from(error).into_store(act))?;
    drop(lock(&warning).take());
    Ok(Connection { client, statements: Statements::default(), warning, leads: false })
}

/// Nothing where there are no tables.
fn version_of(connection: &mut Connection) -> Result<Option<i64>, StoreError> {
    let read = |client: &mut Client| -> Result<Option<i64>, Failure> {
        let there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("{SCHEMA}.version")])?;
        if !there.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        Ok(Some(client.query_one("SELECT version FROM version", &[])?.try_get(0)?))
    };
    read(&mut connection.client).map_err(|error| error.into_store("read the version of the database"))
}

/// Something failed because the server did, or because what stands there is not ours.
pub(super) enum Failure {
    Store(StoreError),
    Server(postgres::Error),
}

/// What failed, and what of it: why a server does not answer stands in the causes alone.
fn with_causes(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

impl Failure {
    fn into_store(self, act: &'static str) -> StoreError {
        let error = match self {
            Self::Store(error) => return error,
            Self::Server(error) => error,
        };
        // Its own words stand in its cause.
        let cause = error
            .as_db_error()
            .map_or_else(|| with_causes(&error), |said| format!("{}: {}", said.code().code(), said.message()));
        if error.code().is_some_and(is_damage) {
            return StoreError::Unreadable { act, cause };
        }
        StoreError::Database { act, cause }
    }
}

/// Our statements are fixed, so one that the server does not understand speaks of a table that is gone or is another.
fn is_damage(code: &SqlState) -> bool {
    [
        SqlState::DATA_CORRUPTED,
        SqlState::INDEX_CORRUPTED,
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_COLUMN,
        SqlState::DATATYPE_MISMATCH,
    ]
    .contains(code)
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The office's number inside this database.
fn number_of(client: &mut impl GenericClient, statements: &mut Statements, office: &OfficeId) -> Result<i32, Failure> {
    let statement = statements.get(client, "SELECT number FROM offices WHERE id = $1")?;
    let row = client.query_opt(&statement, &[&office.as_bytes().as_slice()])?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(StoreError::Conflict { what: "the office" }.into()),
    }
}

/// A number on its way into a column: what the database cannot hold is an error, never another number.
fn int(value: u64) -> Result<i64, Failure> {
    i64::try_from(value).map_err(|_| StoreError::TooLarge { act: "write to the database" }.into())
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresStore({})", self.server.database())
    }
}

/// More would only wait for the same disk; a server has a hundred for all.
const READERS_MAX: usize = 8;
