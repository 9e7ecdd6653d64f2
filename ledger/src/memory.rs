//! What this machine remembers of the checkpoints that its ledger signed, as long as it is not switched off: a copy of each in a directory that
//! is no part of any disk (`RuntimeDirectory=` of the unit, which lies in memory).
//!
//! A ledger that is started again finds what it signed last and need hear no terminal. One whose disk was put back, on another machine or under
//! this one, finds nothing, or more than its disk has. One that stood still for longer than a restart takes finds nothing either: another
//! machine may have served in its place.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::clock::{Millis, since_boot};
use crate::data::{DataDir, replace_unsynced};

/// Where the copies lie, if anywhere.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    folder: Option<PathBuf>,
}

/// A ledger that stood still for longer may have been replaced meanwhile.
const RESTART: Millis = 5 * 60_000;

impl Memory {
    /// In this directory.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.join("checkpoints")) }
    }

    /// The directory that the service manager keeps for this ledger, `RUNTIME_DIRECTORY` (systemd.exec(5)). One within the data directory would be put back
    /// with it, and is none.
    #[must_use]
    pub fn of_service(data: &DataDir) -> Self {
        let folder = std::env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from);
        let folder = folder.filter(|folder| folder.is_absolute() && !folder.starts_with(data.root()));
        folder.map_or_else(Self::default, |folder| Self::at(&folder))
    }

    /// What is remembered of a log by this name below the folder.
    #[must_use]
    pub fn recall(&self, name: &Path) -> Option<String> {
        std::fs::read_to_string(self.folder.as_ref()?.join(name)).ok()
    }

    /// Whether a ledger ran on this machine until a moment ago.
    #[must_use]
    pub fn is_recent(&self) -> bool {
        let alive = self.recall(Path::new(ALIVE)).and_then(|text| text.trim().parse::<Millis>().ok());
        alive.is_some_and(|alive| since_boot().checked_sub(alive).is_some_and(|ago| ago < RESTART))
    }

    /// Forgets that one ran: what stood still for so long may have been replaced, however often it is started again.
    pub fn forget_if_old(&self) {
        if !self.is_recent()
            && let Some(folder) = &self.folder
        {
            drop(std::fs::remove_file(folder.join(ALIVE)));
        }
    }

    /// Remembers that a ledger runs now, which has heard whom it had to hear.
    pub fn beat(&self) {
        self.remember(Path::new(ALIVE), &since_boot().to_string());
    }

    /// Remembers what was signed. What cannot be remembered is heard from others at the next start.
    pub fn remember(&self, name: &Path, signed: &str) {
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(name)) else { return };
        if let Err(error) = write(&path, signed) {
            log::warn!("cannot remember in {} what was signed: {error}", path.display());
            // An older word would pass for the last one.
            if let Err(error) = std::fs::remove_file(&path)
                && error.kind() != ErrorKind::NotFound
            {
                log::error!("what is remembered in {} is too old and cannot be removed: {error}", path.display());
            }
        }
    }
}

/// Beside the offices: when a ledger ran here last, in milliseconds since the machine started.
const ALIVE: &str = "alive";

/// Nothing is synced: what a machine that is switched off forgets, it is to forget.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    replace_unsynced(path, text.as_bytes())
}
