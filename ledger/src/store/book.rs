//! Where the book lies: a file of SQLite's, or a database on a PostgreSQL server.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{PostgresStore, Server, SqliteStore, Store, StoreError};

/// Where the book lies.
#[derive(Clone, Debug)]
pub enum Book {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    Server(Box<Server>),
}

impl Book {
    /// Makes its tables, where there are none. Only `init` does: a ledger whose book is gone must not begin an empty one.
    ///
    /// # Errors
    /// When there is something already, or it cannot be made.
    pub fn create(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::create(path)?),
            Self::Server(server) => Arc::new(PostgresStore::create(server.as_ref().clone())?),
        })
    }

    /// Opens the book that must be there.
    ///
    /// # Errors
    /// When it is not, is empty, cannot be opened, or is of a newer version.
    pub fn open_existing(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open_existing(path)?),
            Self::Server(server) => Arc::new(PostgresStore::open_existing(server.as_ref().clone())?),
        })
    }

    /// The same, for the one process that has it alone: it brings an older book to the newest version, and no other can have it so until this one lets go.
    ///
    /// # Errors
    /// As [`Self::open_existing`]; [`StoreError::OtherWriter`].
    pub fn open_alone(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open_alone(path)?),
            Self::Server(server) => Arc::new(PostgresStore::open_alone(server.as_ref().clone())?),
        })
    }

    /// A view of the book as it is now: whatever is committed later is not seen, and nothing is written.
    ///
    /// # Errors
    /// As [`Self::open_existing`].
    pub fn open_snapshot(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteStore::open_snapshot(path)?),
            Self::Server(server) => Arc::new(PostgresStore::open_snapshot(server.as_ref().clone())?),
        })
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => write!(f, "PostgreSQL, database {}", server.database()),
        }
    }
}
