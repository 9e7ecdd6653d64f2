//! Who writes: of the ledgers that open a database to have it alone, one at a time.
//!
//! A lock of the server's belongs to the connection that writes and goes with it, so nobody can commit by a connection that has lost it. A number in
//! the database says whose turn it is: a ledger that lost its connection and finds that another had the database meanwhile knows too little to go on.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, mpsc};
use std::time::Duration;

use postgres::error::SqlState;

use super::super::versions::{expect_newest, steps_from};
use super::schema::{SCHEMA, STEPS};
use super::{Connection, Failure, PostgresStore, Server, connect, version_of};
use crate::locks::lock;
use crate::store::StoreError;

/// The lock, in the database that it is for: "sekisho" and a number.
const LOCK: i64 = 0x7365_6b69_7368_6f01;
/// So long whoever comes waits for one that ends: its connection may outlive it for a moment.
const PATIENCE: &str = "5s";
/// So long it is tried, each time, whether the other machines have come up.
const A_WAIT: Duration = Duration::from_secs(2);

impl PostgresStore {
    /// As [`Self::open_existing`], for the ledger that has the database alone; one of an older version is brought to the newest.
    ///
    /// # Errors
    /// As [`Self::open_existing`]; [`StoreError::OtherWriter`].
    pub fn open_alone(server: Server) -> Result<Self, StoreError> {
        Self::open_alone_by(server, STEPS)
    }

    /// The same by other steps, to try steps.
    ///
    /// # Errors
    /// As [`Self::open_alone`].
    pub fn open_alone_by(server: Server, steps: &[&str]) -> Result<Self, StoreError> {
        let mut connection = connect(&server)?;
        let found = version_of(&mut connection)?.ok_or_else(|| StoreError::Empty { path: server.database().into() })?;
        let missing = steps_from(found, steps)?.collect::<Vec<_>>();
        let begin = || -> Result<i64, Failure> {
            take_lock(&mut connection, &server)?;
            for (version, step) in missing {
                log::info!("the database {} is brought to version {version}", server.database());
                let mut transaction = connection.client.transaction()?;
                transaction.batch_execute(step)?;
                transaction.execute("UPDATE version SET version = $1", &[&version])?;
                transaction.commit()?;
            }
            let row = connection.client.query_one("UPDATE version SET writer = writer + 1 RETURNING writer", &[])?;
            Ok(row.try_get(0)?)
        };
        let turn = begin().map_err(|error| error.into_store("have the database alone"))?;
        connection.leads = true;
        Ok(Self { turn: Some(turn), ..Self::with(server, connection) })
    }

    /// Makes a connection the one that writes, if it has to be and nobody else had the database meanwhile.
    pub(super) fn lead(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Some(mine) = self.turn.filter(|_| !connection.leads) else { return Ok(()) };
        take_lock(connection, &self.server)?;
        let turn: i64 = connection.client.query_one("SELECT writer FROM version", &[])?.try_get(0)?;
        connection.leads = turn == mine;
        if connection.leads { Ok(()) } else { Err(other_writer(&self.server)) }
    }

    /// Whether this store can still write. While somebody writes it can.
    pub(super) fn still_leads(&self) -> Result<(), StoreError> {
        let busy = matches!(self.writer.try_lock(), Err(std::sync::TryLockError::WouldBlock));
        if self.turn.is_none() || busy {
            return Ok(());
        }
        self.write(|connection| {
            connection.client.query_one("SELECT writer FROM version", &[])?;
            Ok(())
        })
    }

    /// After a commit whose wait for other machines was cut short: nothing that it wrote is told to anybody before a later commit has waited to its end.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        if !self.unsure.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.unsure.load(Ordering::Acquire) {
            return Ok(());
        }
        let act = "have what was written last on all of the database's machines";
        let connection = match writer.as_mut() {
            Some(connection) => connection,
            None => writer.insert(connect(&self.server)?),
        };
        let token = connection.client.cancel_token();
        let wait = |connection: &mut Connection| -> Result<(), Failure> {
            // One that writes nothing would not wait.
            connection.client.batch_execute("UPDATE version SET writer = writer")?;
            connection.expect_no_warning()
        };
        // No time limit of the server's is for this wait.
        let waited = std::thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            scope.spawn(move || {
                if is_done.recv_timeout(A_WAIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                    // One that does not come through ends with the connection.
                    drop(self.server.cancel(&token));
                }
            });
            let waited = wait(connection);
            drop(done);
            waited
        });
        let waited = waited.map_err(|error| error.into_store(act));
        if connection.client.is_closed() {
            *writer = None;
        }
        waited?;
        self.unsure.store(false, Ordering::Release);
        Ok(())
    }
}

impl Connection {
    /// A server that cuts a wait short says so in a warning, and that it has committed.
    pub(super) fn expect_no_warning(&self) -> Result<(), Failure> {
        match lock(&self.warning).take() {
            Some(cause) => Err(StoreError::Database { act: "write to the database", cause }.into()),
            None => Ok(()),
        }
    }
}

fn take_lock(connection: &mut Connection, server: &Server) -> Result<(), Failure> {
    connection.client.batch_execute(&format!("SET lock_timeout = '{PATIENCE}'"))?;
    let taken = connection.client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]);
    connection.client.batch_execute("SET lock_timeout = 0")?;
    match taken {
        Ok(_) => {}
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => return Err(other_writer(server)),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn other_writer(server: &Server) -> Failure {
    StoreError::OtherWriter { database: format!("{} ({SCHEMA})", server.database()) }.into()
}

/// That a database is of the newest version.
pub(super) fn expect_version(found: Option<i64>, server: &Server) -> Result<(), StoreError> {
    let found = found.ok_or_else(|| StoreError::Empty { path: server.database().into() })?;
    expect_newest(found, STEPS)
}
