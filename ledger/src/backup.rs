//! A copy of the book that can be restored: database, checkpoint files, configuration. The ledger may be running.
//!
//! The checkpoint files are read first, the database after them. A checkpoint is in its file only when the database has all that lies
//! under it, so a database copied later is never behind the files beside it. The other way round it could be, and the copy would halt.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sekisho_wire::id::OfficeId;

use crate::checkpoint::signed_offices;
use crate::cold;
use crate::config::Config;
use crate::data::{DataDir, above, make_dir, replace_file};
use crate::error::LedgerError;
use crate::store::{Book, LogName, SqliteStore, Store, transfer};

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Offices.
    pub offices: usize,
    /// Entries of all their logs.
    pub entries: u64,
    /// Files of cold entries that were written.
    pub segments: u64,
    /// Those that only got another name: an earlier copy had them.
    pub segments_named: u64,
}

/// One file below `checkpoints`, as it stood.
type Held = (PathBuf, Vec<u8>);

/// Copies the ledger of `root` to `to`, which must be new or empty. Keys are not copied: they belong in another place than what they open.
///
/// # Errors
/// When something cannot be read or written, or offices are founded faster than they can be copied.
pub fn backup(root: &Path, to: &Path) -> Result<Copied, LedgerError> {
    backup_beside(root, to, None)
}

/// The same beside an earlier copy on the same disk: files of cold entries that it has get a second name in the new one, and are not written again.
///
/// # Errors
/// As [`backup`].
pub fn backup_beside(root: &Path, to: &Path, earlier: Option<&Path>) -> Result<Copied, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let book = config.book(&data)?;
    // The copy is a file, whatever the book is kept in: it can be looked at, checked and served as it lies there.
    let cold = config.cold.as_ref().map(|_| COLD.into());
    let text = Config { postgres: None, postgres_authority: None, cold, ..config.clone() }.to_text()?;
    let copy = DataDir::new(to);
    // A disk that is not mounted would be found out when the copy is needed.
    if !above(to).is_dir() {
        let cause = format!("there is no directory {}: mount the disk for the copy, or make it", above(to).display());
        return Err(LedgerError::Argument { name: "--to", cause });
    }
    make_dir(to)?;
    if std::fs::read_dir(to).map_err(LedgerError::file("read", to))?.next().is_some() {
        return Err(LedgerError::Argument { name: "--to", cause: format!("{} is not empty", to.display()) });
    }
    make_dir(&copy.checkpoints())?;
    // Held until all is copied: what is destroyed meanwhile is removed afterwards.
    let held = cold::hold(&config, &data);
    let (files, mut copied) = files_and_database(&data, &config, &book, &copy)?;
    if config.cold.is_some() {
        let earlier = earlier.map(|earlier| earlier.join(COLD));
        let database = SqliteStore::open_existing(&copy.database())?;
        let (written, named) = cold::copy_segments((&config, &data), &database, &to.join(COLD), earlier.as_deref())?;
        (copied.segments, copied.segments_named) = (written, named);
    }
    drop(held);
    for (name, bytes) in files {
        let path = copy.checkpoints().join(name);
        path.parent().map_or(Ok(()), make_dir)?;
        replace_file(&path, &bytes).map_err(LedgerError::file("write", path))?;
    }
    // The configuration comes last: a directory without it is not a ledger, and a copy that was cut short is none either.
    replace_file(&copy.config(), text.as_bytes()).map_err(LedgerError::file("write", copy.config()))?;
    Ok(copied)
}

/// An office that was founded between files and database has a past without a checkpoint in the copy: then both are read again.
fn files_and_database(
    data: &DataDir,
    config: &Config,
    book: &Book,
    copy: &DataDir,
) -> Result<(Vec<Held>, Copied), LedgerError> {
    for _ in 0..TRIES {
        let signed = signed_offices(&data.checkpoints())?;
        let files = files_of(data, &signed)?;
        match book {
            Book::File(path) => SqliteStore::open_snapshot(path)?.copy_to(&copy.database())?,
            Book::Server(_) => {
                let _ = std::fs::remove_file(copy.database());
                let copied = SqliteStore::create(&copy.database())?;
                transfer(&*cold::view(book.open_snapshot()?, config, data, None)?, &copied, &mut |_| {})?;
            }
        }
        // Opened for writing, so that no side file is left when it is closed.
        let copied = SqliteStore::open_existing(&copy.database())?;
        let offices = copied.offices()?;
        if offices.iter().all(|office| signed.contains(&office.id)) {
            let mut entries = 0;
            for office in &offices {
                for log in LogName::ALL {
                    entries += copied.frontier(&office.id, log)?.size();
                }
            }
            return Ok((files, Copied { offices: offices.len(), entries, segments: 0, segments_named: 0 }));
        }
    }
    Err(LedgerError::Argument { name: "--data", cause: "offices are being founded: make the copy afterwards".into() })
}

/// Checkpoints, and the notes of logs that have stopped: a copy of a stopped log is stopped.
fn files_of(data: &DataDir, offices: &[OfficeId]) -> Result<Vec<Held>, LedgerError> {
    let mut files = Vec::new();
    for office in offices {
        let name = PathBuf::from(office.to_string());
        let directory = data.checkpoints().join(&name);
        for entry in std::fs::read_dir(&directory).map_err(LedgerError::file("read", &directory))? {
            let entry = entry.map_err(LedgerError::file("read", &directory))?;
            // What is being written is not there yet.
            if entry.path().extension().is_some_and(|extension| extension == "new") {
                continue;
            }
            match std::fs::read(entry.path()) {
                Ok(bytes) => files.push((name.join(entry.file_name()), bytes)),
                // A running ledger removes what holds no longer: who is waited for, readings that are in the log.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(LedgerError::file("read", entry.path())(error)),
            }
        }
    }
    Ok(files)
}

const TRIES: u32 = 5;
/// Where the cold segments of a copy lie, inside it.
pub(crate) const COLD: &str = "cold";
