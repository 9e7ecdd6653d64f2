//! The last signed checkpoint of each log, in a file outside the database: the ledger's second memory.
//!
//! A checkpoint is written here by compare-and-swap before anybody sees it. Whoever restores the database from yesterday's backup
//! finds this file ahead of it, and the log stops instead of signing a second history.

use std::ffi::OsStr;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sekisho_register::LogKeys;
use sekisho_tlog::{Checkpoint, Frontier, HashReader, ProveError, root_at};
use sekisho_wire::id::OfficeId;
use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::data::{above, make_dir, replace_file};
use crate::error::LedgerError;
use crate::store::{LogName, StoreError};

/// One log's file.
#[derive(Clone, Debug)]
pub struct CheckpointFile {
    path: PathBuf,
}

/// Why a checkpoint was not put in place of the older one.
#[derive(Debug)]
pub enum SwapError {
    /// The file does not hold what was written last: somebody else writes to it.
    Changed,
    /// The disk failed; the new one may be in place or not.
    Disk(std::io::Error),
}

/// Why a log signs nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// The file is gone although the log was published.
    Missing,
    /// The file is torn, altered, or signed by another key.
    Unreadable,
    /// The database has fewer entries than were signed.
    Behind {
        /// Entries signed.
        signed: u64,
        /// Entries in the database.
        stored: u64,
    },
    /// The database has another history than was signed.
    Forked {
        /// At which size.
        size: u64,
    },
    /// Head and tree of the database do not agree.
    TreeDamaged,
    /// What was written is not what stands there, seen before it was signed.
    NotAsWritten {
        /// The first entry.
        index: u64,
    },
    /// The file changed under the running ledger.
    Changed,
    /// It has stopped before, and the note that says why cannot be read.
    NoteUnreadable,
    /// A terminal has verified, or a witness cosigned, more entries than there are: database and file were both put back.
    Outrun {
        /// Entries that it shows.
        seen: u64,
        /// Entries in the database.
        stored: u64,
    },
    /// An act names a key that this database does not have: it is older than the key.
    KeyMissing,
    /// An act has given up what is lost of it: its successor begins when the ledger is started again.
    Succeeded,
    /// A terminal has verified, or a witness cosigned, another history.
    Contradicted {
        /// At which size.
        size: u64,
    },
}

/// That a log has stopped, as it stands beside its checkpoint file until somebody says that it may go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaltNote {
    /// Why.
    pub halt: Halt,
    /// Since when, by the machine's clock: milliseconds since 1970.
    pub at: Millis,
    /// Whether something was written since the ledger started, before it was seen that the log is behind: perhaps at the place of what is missing.
    #[serde(default)]
    pub grown: bool,
    /// From which entry on something was written after a start that had not heard everybody, as it was when the log stopped: perhaps at the same place.
    #[serde(default)]
    pub doubtful: Option<u64>,
    /// What showed it: the checkpoint file as it was found, or the signed batch header of a terminal in base64.
    pub evidence: String,
}

impl Halt {
    /// How many entries were signed, where nothing is wrong with the log but that there are fewer.
    #[must_use]
    pub const fn signed(self) -> Option<u64> {
        match self {
            Self::Outrun { seen: signed, .. } | Self::Behind { signed, .. } => Some(signed),
            Self::Missing
            | Self::Unreadable
            | Self::Forked { .. }
            | Self::TreeDamaged
            | Self::NotAsWritten { .. }
            | Self::Changed
            | Self::NoteUnreadable
            | Self::KeyMissing
            | Self::Succeeded
            | Self::Contradicted { .. } => None,
        }
    }

    /// At which size something is wrong, where it says so.
    #[must_use]
    pub const fn size(self) -> Option<u64> {
        match self {
            Self::Contradicted { size } | Self::Forked { size } => Some(size),
            Self::Behind { signed, .. } | Self::Outrun { seen: signed, .. } => Some(signed),
            Self::Missing
            | Self::Unreadable
            | Self::TreeDamaged
            | Self::NotAsWritten { .. }
            | Self::Changed
            | Self::NoteUnreadable
            | Self::KeyMissing
            | Self::Succeeded => None,
        }
    }
}

impl HaltNote {
    /// How many entries were signed, as far as it says.
    #[must_use]
    pub fn size(&self) -> u64 {
        let shown = Checkpoint::claimed(&self.evidence).map_or(0, |claimed| claimed.size);
        self.halt.size().unwrap_or_default().max(shown)
    }

    /// Whether it stands, whatever another says: a history that is wrong outweighs one that is behind, and of two that say how far it was signed the
    /// larger one does; else what was written first says more than what follows from it.
    #[must_use]
    pub const fn outweighs(&self, other: &Self) -> bool {
        match (self.halt.signed(), other.halt.signed()) {
            (Some(signed), Some(other)) => signed >= other,
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}

/// Offices that have a directory of checkpoints.
///
/// # Errors
/// When the directory above cannot be read.
pub fn signed_offices(checkpoints: &Path) -> Result<Vec<OfficeId>, LedgerError> {
    let mut offices = Vec::new();
    for entry in std::fs::read_dir(checkpoints).map_err(LedgerError::file("read", checkpoints))? {
        let entry = entry.map_err(LedgerError::file("read", checkpoints))?;
        offices.extend(entry.file_name().to_str().and_then(|name| name.parse::<OfficeId>().ok()));
    }
    offices.sort_unstable();
    Ok(offices)
}

impl CheckpointFile {
    /// The file of one log.
    #[must_use]
    pub fn at(checkpoints: &Path, office: &str, log: LogName, generation: u32) -> Self {
        Self { path: checkpoints.join(office).join(log.of_acts().name_of(generation)) }
    }

    /// The file of a log's newest generation that has one, and which that is.
    #[must_use]
    pub fn newest(checkpoints: &Path, office: &str, log: LogName) -> (Self, u32) {
        let (mut file, mut generation) = (Self::at(checkpoints, office, log, 1), 1);
        loop {
            let next = Self::at(checkpoints, office, log, generation + 1);
            // One that stopped at its first start has only said why.
            if !next.path.exists() && !next.halt_path().exists() {
                return (file, generation);
            }
            (file, generation) = (next, generation + 1);
        }
    }

    /// Makes the office's directory, durably.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_directory(&self) -> Result<(), LedgerError> {
        self.path.parent().map_or(Ok(()), make_dir)
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The log's name below the directory of all checkpoints: office and log.
    #[must_use]
    pub fn name(&self) -> &Path {
        let top = self.path.parent().and_then(Path::parent);
        top.and_then(|top| self.path.strip_prefix(top).ok()).unwrap_or(&self.path)
    }

    /// Why the log has stopped, if it has. A note that cannot be read stops it too.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn halted(&self) -> Result<Option<HaltNote>, LedgerError> {
        let path = self.halt_path();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let torn = |_| HaltNote {
                    halt: Halt::NoteUnreadable,
                    at: 0,
                    grown: false,
                    doubtful: None,
                    evidence: text.clone(),
                };
                Ok(Some(serde_json::from_str(&text).unwrap_or_else(torn)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::file("read", path)(error)),
        }
    }

    /// Writes down that the log has stopped, unless a note that is there outweighs it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn note_halt(&self, note: &HaltNote) -> Result<(), LedgerError> {
        if self.halted()?.is_some_and(|before| before.outweighs(note)) {
            return Ok(());
        }
        let path = self.halt_path();
        let text = serde_json::to_vec_pretty(note).unwrap_or_default();
        replace_file(&path, &text).map_err(LedgerError::file("write", path))
    }

    /// Lets the log go on; the note is kept under another name.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear_halt(&self, at: Millis) -> Result<(), LedgerError> {
        let (path, kept) = (self.halt_path(), self.path.with_extension(format!("halted.{at}")));
        std::fs::rename(&path, &kept).map_err(LedgerError::file("rename", &path))?;
        self.make_directory()?;
        let directory = above(&self.path);
        let synced = std::fs::File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(LedgerError::file("sync", directory))
    }

    /// Up to which size an operator has given up what was signed, by letting the log go on; 0 where none ever has.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn given_up(&self) -> Result<u64, LedgerError> {
        let (directory, name) = (above(&self.path), self.halt_path());
        let dated =
            |file: &Path| file.extension().and_then(OsStr::to_str).is_some_and(|at| at.parse::<Millis>().is_ok());
        let is_kept = |file: &Path| file.file_stem() == name.file_name() && dated(file);
        let mut size = 0;
        for entry in std::fs::read_dir(directory).map_err(LedgerError::file("read", directory))? {
            let path = entry.map_err(LedgerError::file("read", directory))?.path();
            if is_kept(&path) {
                let text = std::fs::read(&path).map_err(LedgerError::file("read", &path))?;
                // One that cannot be read gives nothing up.
                size = size.max(serde_json::from_slice::<HaltNote>(&text).map_or(0, |note| note.size()));
            }
        }
        Ok(size)
    }

    /// How many entries were there before anything was written that may stand at the place of what was lost; nothing where that is not in question.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sure(&self) -> Result<Option<u64>, LedgerError> {
        let path = self.sure_path();
        match std::fs::read_to_string(&path) {
            // One that cannot be read makes nothing sure.
            Ok(text) => Ok(Some(text.trim().parse().unwrap_or(0))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LedgerError::file("read", path)(error)),
        }
    }

    /// Writes that down.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn note_sure(&self, size: u64) -> Result<(), LedgerError> {
        let path = self.sure_path();
        replace_file(&path, format!("{size}\n").as_bytes()).map_err(LedgerError::file("write", path))
    }

    /// It is not in question any more.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_sure(&self) -> Result<(), LedgerError> {
        let path = self.sure_path();
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(LedgerError::file("remove", path)(error)),
        }
    }

    fn sure_path(&self) -> PathBuf {
        self.path.with_extension("sure")
    }

    fn halt_path(&self) -> PathBuf {
        self.path.with_extension("halted")
    }

    /// What stands in it; nothing when it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> std::io::Result<Option<String>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts `new` in place of one of `expected` (the last one written, and those whose writing failed but may have landed), durably. The
    /// caller holds the log's lock and the directory's: nobody else of ours writes.
    ///
    /// # Errors
    /// When something else stands there, or the disk fails.
    pub fn swap(&self, expected: &[Option<&str>], new: &str) -> Result<(), SwapError> {
        let found = self.read().map_err(SwapError::Disk)?;
        // What landed although writing it failed may not be durable yet: it is written again.
        if found.as_deref() != Some(new) && !expected.contains(&found.as_deref()) {
            return Err(SwapError::Changed);
        }
        replace_file(&self.path, new.as_bytes()).map_err(SwapError::Disk)
    }
}

/// What a log begins with after a start: what the file says, once it agrees with the database.
///
/// # Errors
/// [`Halt`] when it does not agree; the log must sign nothing then. The outer error is the database's.
pub fn check<R: HashReader<Error = StoreError>>(
    file: Option<&str>,
    keys: &LogKeys,
    tree: &R,
    head: &Frontier,
    fresh: u64,
) -> Result<Result<Option<Checkpoint>, Halt>, StoreError> {
    let stored_root = |size| match root_at(tree, size) {
        Ok(root) => Ok(Some(root)),
        Err(ProveError::Reader(StoreError::Damaged { .. }) | ProveError::Request(_)) => Ok(None),
        Err(ProveError::Reader(error)) => Err(error),
    };
    if stored_root(head.size())? != Some(head.root()) {
        return Ok(Err(Halt::TreeDamaged));
    }
    let Some(text) = file else {
        // Between the founding commit and the first files there is a moment in which a crash leaves none.
        return Ok(if head.size() <= fresh { Ok(None) } else { Err(Halt::Missing) });
    };
    let Ok(signed) = keys.open_earlier(text) else { return Ok(Err(Halt::Unreadable)) };
    if signed.size > head.size() {
        return Ok(Err(Halt::Behind { signed: signed.size, stored: head.size() }));
    }
    if stored_root(signed.size)? != Some(signed.root) {
        return Ok(Err(Halt::Forked { size: signed.size }));
    }
    Ok(Ok(Some(signed)))
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its checkpoint file is gone"),
            Self::Unreadable => f.write_str("its checkpoint file is torn or altered"),
            Self::KeyMissing => f.write_str(
                "an act names a key of it that this database does not have: restore a backup that is younger than the key",
            ),
            Self::Behind { signed, stored } => {
                write!(f, "{signed} entries were signed, the database has {stored}")
            }
            Self::Forked { size } => write!(f, "the database has another history than was signed at {size} entries"),
            Self::TreeDamaged => f.write_str("head and tree in the database do not agree"),
            Self::NotAsWritten { index } => {
                write!(f, "entry {index} does not read back as it was written; it is not signed")
            }
            Self::Changed => f.write_str("its checkpoint file was changed by somebody else"),
            Self::NoteUnreadable => f.write_str("it had stopped before, and the note that says why cannot be read"),
            Self::Outrun { seen, stored } => {
                write!(f, "somebody shows {seen} entries that we signed, the database has {stored}")
            }
            Self::Succeeded => f.write_str("another log goes on in its place; start the ledger again"),
            Self::Contradicted { size } => write!(f, "somebody shows another history that we signed at {size} entries"),
        }
    }
}

impl fmt::Display for SwapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("the file holds another checkpoint than the last one written"),
            Self::Disk(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_tlog::{Hash, MemoryTree, SigningKey, TlogError, leaf_hash};

    struct Tree(MemoryTree);

    impl HashReader for Tree {
        type Error = StoreError;

        fn node(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
            self.0.node(level, index).map_err(|_: TlogError| StoreError::Damaged { what: "tree" })
        }
    }

    fn tree(entries: &[&str]) -> (Tree, Frontier) {
        let leaves = entries.iter().map(|entry| leaf_hash(entry.as_bytes()));
        let mut frontier = Frontier::new();
        leaves.clone().for_each(|leaf| frontier.append(leaf));
        (Tree(leaves.collect()), frontier)
    }

    fn signed(key: &SigningKey, entries: &[&str]) -> String {
        let (_, frontier) = tree(entries);
        let (size, root) = (frontier.size(), frontier.root());
        Checkpoint { origin: key.name().into(), size, root, extensions: Vec::new() }.sign(key)
    }

    #[test]
    fn a_database_behind_or_beside_what_was_signed_halts_the_log() {
        let key = SigningKey::from_seed("ledger/00/records", &[7; 32]).unwrap();
        let other = SigningKey::from_seed("ledger/00/records", &[8; 32]).unwrap();
        let (reader, head) = tree(&["a", "b", "c"]);
        let keys = LogKeys::from(key.verifying_key());
        let ask = |file: Option<&str>| check(file, &keys, &reader, &head, 0).unwrap();
        let good = signed(&key, &["a", "b"]);
        assert_eq!(ask(Some(&good)).unwrap().unwrap().size, 2);
        assert_eq!(ask(None), Err(Halt::Missing));
        assert_eq!(ask(Some(&good[..good.len() - 9])), Err(Halt::Unreadable));
        assert_eq!(ask(Some("")), Err(Halt::Unreadable));
        assert_eq!(ask(Some(&signed(&other, &["a", "b"]))), Err(Halt::Unreadable));
        let ahead = signed(&key, &["a", "b", "c", "d"]);
        assert_eq!(ask(Some(&ahead)), Err(Halt::Behind { signed: 4, stored: 3 }));
        assert_eq!(ask(Some(&signed(&key, &["a", "x"]))), Err(Halt::Forked { size: 2 }));
        let (shorter, _) = tree(&["a", "b"]);
        assert_eq!(check(Some(&good), &keys, &shorter, &head, 0).unwrap(), Err(Halt::TreeDamaged));
    }

    #[test]
    fn a_file_is_replaced_only_when_it_holds_what_was_written_last() {
        let directory = crate::testing::scratch("checkpoint");
        let file = CheckpointFile::at(&directory, "00", LogName::Records, 1);
        file.make_directory().unwrap();
        file.swap(&[None], "one").unwrap();
        assert!(matches!(file.swap(&[None], "two"), Err(SwapError::Changed)));
        file.swap(&[Some("one")], "two").unwrap();
        // Failed but landed: the caller still believes that "one" stands there, and signs more by now.
        file.swap(&[Some("one")], "two").unwrap();
        assert!(matches!(file.swap(&[Some("one")], "three"), Err(SwapError::Changed)));
        file.swap(&[Some("one"), Some("two")], "three").unwrap();
        file.swap(&[Some("three")], "two").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some("two"));
        std::fs::write(directory.join("00/records.new"), "torn").unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some("two"));
    }
}
