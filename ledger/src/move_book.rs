//! Moves the book to another store: out of SQLite's file onto a PostgreSQL server, or back. The ledger is not running meanwhile.
//!
//! The new book is whole before the configuration names it; the old one stays, and nothing names it any more. Should somebody serve it all
//! the same, the checkpoint files are ahead of it, and its logs stop.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::data::{DataDir, replace_file};
use crate::error::LedgerError;
use crate::store::{Book, SqliteStore, transfer};

/// What became of a move.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Entries of all logs.
    pub entries: u64,
    /// Where the book lies now.
    pub to: String,
    /// Where the old one lies.
    pub old: String,
}

/// Moves the book of `root` onto this server, or into the data directory's file. `progress` hears how many entries have been copied.
///
/// # Errors
/// When the ledger runs, the book lies there already, the new place is not empty, or something cannot be read or written. The
/// configuration names the old book then.
pub fn move_book(
    root: &Path,
    postgres: Option<String>,
    postgres_authority: Option<PathBuf>,
    progress: &mut dyn FnMut(u64),
) -> Result<Moved, LedgerError> {
    let data = DataDir::new(root);
    data.check_private()?;
    let _lock = data.lock()?;
    let config = Config::read(&data.config())?;
    let from = config.book(&data)?;
    if config.postgres == postgres {
        return Err(LedgerError::Argument {
            name: "--to-postgres",
            cause: format!("the book lies there already: {from}"),
        });
    }
    let moved = Config { postgres, postgres_authority, ..config };
    let text = moved.to_text()?;
    let to = moved.book(&data)?;
    let mut old = match &from {
        Book::File(path) => free(path.with_extension("db.moved"))?.display().to_string(),
        Book::Server(_) => from.to_string(),
    };
    if let Book::File(path) = &from {
        is_one_file(path)?;
    }
    let entries = copied(&from, &to, (&moved, &data), progress)?;
    replace_file(&data.config(), text.as_bytes()).map_err(LedgerError::file("write", data.config()))?;
    // It has moved, whatever becomes of the old file.
    if let Book::File(path) = &from
        && let Err(error) =
            is_one_file(path).and_then(|()| std::fs::rename(path, &old).map_err(LedgerError::file("rename", path)))
    {
        log::warn!("the book has moved, and its old file keeps its name: {error}");
        old = path.display().to_string();
    }
    Ok(Moved { entries, to: to.to_string(), old })
}

/// Opened for writing and closed, so that all of it is in the one file: beside another book of that name, what stood in its log would be
/// taken for the other's.
fn is_one_file(path: &Path) -> Result<(), LedgerError> {
    drop(SqliteStore::open_existing(path)?);
    if path.with_extension("db-wal").exists() {
        return Err(LedgerError::InUse { path: path.into() });
    }
    Ok(())
}

/// A file gets its name when it is whole: what a move that was cut short has left is in nobody's way.
fn copied(
    from: &Book,
    to: &Book,
    (config, data): (&Config, &DataDir),
    progress: &mut dyn FnMut(u64),
) -> Result<u64, LedgerError> {
    // What is cold stays where it is: the other book names the same files.
    let source = crate::cold::view(from.open_snapshot()?, config, data, None)?;
    let Book::File(path) = to else { return Ok(transfer(&*source, &*to.create()?, progress)?) };
    let path = free(path.clone())?;
    free(path.with_extension("db-wal"))?;
    let begun = path.with_extension("db.new");
    for name in [begun.clone(), begun.with_extension("new-wal"), begun.with_extension("new-shm")] {
        let _ = std::fs::remove_file(name);
    }
    let target = SqliteStore::create(&begun)?;
    let entries = transfer(&*source, &target, progress)?;
    drop(target);
    // Beside another book of its name what stands there would be taken for the other's.
    if begun.with_extension("new-wal").exists() {
        return Err(LedgerError::InUse { path: begun });
    }
    std::fs::rename(&begun, &path).map_err(LedgerError::file("rename", &begun))?;
    Ok(entries)
}

/// Nothing is written over.
fn free(path: PathBuf) -> Result<PathBuf, LedgerError> {
    if path.exists() {
        let cause = format!("{} is there already: put it away first", path.display());
        return Err(LedgerError::Argument { name: "--data", cause });
    }
    Ok(path)
}
