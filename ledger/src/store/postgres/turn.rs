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
use crate::clock::since_boot;
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
        let empty = || StoreError::Empty { path: server.database().into() };
        let _ = version_of(&mut connection)?.ok_or_else(empty)?;
        let turn = i64::from_be_bytes(crate::random::bytes());
        let mut begin = || -> Result<(), Failure> {
            wait_for_lock(&mut connection, &server)?;
            let found = version_of(&mut connection)?.ok_or_else(empty)?;
            for (version, step) in steps_from(found, steps)? {
                log::info!("the database {} is brought to version {version}", server.database());
                // It takes as long as it takes.
                connection.client.batch_execute("SET statement_timeout = 0")?;
                let mut transaction = connection.client.transaction()?;
                transaction.batch_execute(step)?;
                transaction.execute("UPDATE version SET version = $1", &[&version])?;
                transaction.commit()?;
                connection.client.batch_execute("SET statement_timeout = '60s'")?;
                connection.expect_no_warning()?;
            }
            // A number that nobody has had: one that is counted comes again on a machine that took over from another.
            connection.client.execute("UPDATE version SET writer = $1", &[&turn])?;
            connection.expect_no_warning()
        };
        begin().map_err(|error| error.into_store("have the database alone"))?;
        connection.leads = true;
        Ok(Self { turn: Some(turn), ..Self::with(server, connection) })
    }

    /// Makes a connection the one that writes, if it has to be and nobody else had the database meanwhile.
    pub(super) fn lead(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Some(mine) = self.turn.filter(|_| !connection.leads) else { return Ok(()) };
        let taken = take_lock(connection)?;
        let turn: i64 = connection.client.query_one("SELECT writer FROM version", &[])?.try_get(0)?;
        if turn != mine {
            return Err(other_writer(&self.server));
        }
        connection.leads = taken;
        if taken {
            return Ok(());
        }
        // The server has not found out yet that it is gone.
        let cause = "the lock is with an earlier connection of this ledger's".into();
        Err(StoreError::Database { act: "write to the database", cause }.into())
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
        let failed = lock(&self.waited);
        if failed.is_some_and(|at| since_boot().saturating_sub(at) < A_WAIT.as_millis() as u64) {
            return Err(StoreError::Database { act, cause: "they have not come up".into() });
        }
        drop(failed);
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
        *lock(&self.waited) = waited.is_err().then(since_boot);
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

/// Whether the lock could be had.
fn take_lock(connection: &mut Connection) -> Result<bool, Failure> {
    connection.client.batch_execute(&format!("SET lock_timeout = '{PATIENCE}'"))?;
    let taken = connection.client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]);
    connection.client.batch_execute("SET lock_timeout = 0")?;
    match taken {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits behind a connection that waits for other machines itself: a ledger that was killed there leaves it, and it looks at nothing else.
fn wait_for_lock(connection: &mut Connection, server: &Server) -> Result<(), Failure> {
    let sql = "SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted
        AND a.datname = current_database() AND a.wait_event = 'SyncRep'";
    while !take_lock(connection)? {
        if connection.client.query(sql, &[])?.is_empty() {
            return Err(other_writer(server));
        }
        log::warn!("an earlier connection still waits for the database's other machines (synchronous_standby_names)");
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
