//! Where the book lies: a file of SQLite's, or a database on a PostgreSQL server.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use postgres::config::Host;

use super::{PostgresStore, SqliteStore, Store, StoreError};

/// Where the book lies.
#[derive(Clone, Debug)]
pub enum Book {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Box<postgres::Config>),
}

impl Book {
    /// On a server, as libpq writes its place. What goes to it is not encrypted, so it is on this machine.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn on_server(text: &str) -> Result<Self, String> {
        let config: postgres::Config = text.parse().map_err(|error: postgres::Error| error.to_string())?;
        let is_here = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
        };
        if config.get_hosts().is_empty() || !config.get_hosts().iter().all(is_here) {
            return Err("host: the folder of the server's socket, or localhost".into());
        }
        if config.get_dbname().is_none() || config.get_user().is_none() {
            return Err("dbname and user are needed".into());
        }
        Ok(Self::Server(Box::new(config)))
    }

    /// Makes its tables, where there are none. Only `init` does: a ledger whose book is gone must not begin an empty one.
    ///
    /// # Errors
    /// When there is something already, or it cannot be made.
    pub fn create(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::create(path)?),
            Self::Server(config) => Arc::new(PostgresStore::create(config.as_ref().clone())?),
        })
    }

    /// Opens the book that must be there.
    ///
    /// # Errors
    /// When it is not, is empty, cannot be opened, or is of a newer version.
    pub fn open_existing(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open_existing(path)?),
            Self::Server(config) => Arc::new(PostgresStore::open_existing(config.as_ref().clone())?),
        })
    }

    /// A view of the book as it is now: whatever is committed later is not seen, and nothing is written.
    ///
    /// # Errors
    /// As [`Self::open_existing`].
    pub fn open_snapshot(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open_snapshot(path)?),
            Self::Server(config) => Arc::new(PostgresStore::open_snapshot(config.as_ref().clone())?),
        })
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            // Nothing of its password.
            Self::Server(config) => write!(f, "PostgreSQL, database {}", config.get_dbname().unwrap_or_default()),
        }
    }
}
