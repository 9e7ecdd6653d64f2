//! What opens the checkpoints of a log whose keys have changed (§R4.15).

use alloc::vec::Vec;

use sekisho_tlog::{Checkpoint, TlogError, VerifyingKey};

/// The keys of one log, under its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKeys {
    newest: VerifyingKey,
    ever: Vec<VerifyingKey>,
}

impl From<VerifyingKey> for LogKeys {
    /// Those of a log that has had one.
    fn from(key: VerifyingKey) -> Self {
        Self { ever: Vec::from([key.clone()]), newest: key }
    }
}

impl LogKeys {
    /// All keys that a log has had, the oldest first; nothing where there are none.
    pub(crate) fn new(ever: Vec<VerifyingKey>) -> Option<Self> {
        Some(Self { newest: ever.last()?.clone(), ever })
    }

    /// The one in force.
    #[must_use]
    pub const fn newest(&self) -> &VerifyingKey {
        &self.newest
    }

    /// Every one that it has had, the oldest first.
    #[must_use]
    pub fn ever(&self) -> &[VerifyingKey] {
        &self.ever
    }

    /// The log's origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.newest.name()
    }

    /// Reads a checkpoint that is shown as new: a key that was replaced signs nothing new.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn open(&self, note: &str) -> Result<Checkpoint, TlogError> {
        Checkpoint::open(note, &self.newest)
    }

    /// Reads a checkpoint of any day: one that was verified once, or that is held against the log.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn open_earlier(&self, note: &str) -> Result<Checkpoint, TlogError> {
        Checkpoint::open_cosigned(note, &self.ever, &[]).map(|opened| opened.checkpoint)
    }
}
