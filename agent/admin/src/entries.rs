//! The entries of a log that is looked through as a whole, each read when it is asked for: however long the log is, few of them lie in memory as records.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use sekisho_tlog::Hash;
use sekisho_wire::record::Record;

use crate::error::AdminError;
use crate::strangers::Stranger;

/// A log's entries, wherever they are read from. They are those that the signed root stands for: that was verified before.
pub(crate) trait Entries {
    /// How many there are.
    fn count(&self) -> usize;

    /// Those that are shown, by index: all of them, or those of a time. Of the others the leaves are known, and nothing else.
    fn shown(&self) -> Range<usize> {
        0..self.count()
    }

    /// The leaf of the one at this index.
    ///
    /// # Errors
    /// When it cannot be read.
    fn leaf(&self, index: usize) -> Result<Hash, AdminError>;

    /// Its bytes; none where its contents are not there.
    ///
    /// # Errors
    /// When they cannot be read.
    fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError>;

    /// What it says, if that can be read.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    fn record(&self, index: usize) -> Result<Option<Record>, AdminError> {
        Ok(Record::decode(&self.bytes(index)?).ok())
    }
}

/// All of them in memory, as the ledger gave them.
#[derive(Debug)]
pub(crate) struct HeldEntries {
    entries: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
}

impl HeldEntries {
    /// Each with its leaf.
    #[must_use]
    pub(crate) const fn new(entries: Vec<Vec<u8>>, leaves: Vec<Hash>) -> Self {
        Self { entries, leaves }
    }
}

impl Entries for HeldEntries {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn leaf(&self, index: usize) -> Result<Hash, AdminError> {
        self.leaves.get(index).copied().ok_or(NO_SUCH)
    }

    fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError> {
        self.entries.get(index).map(|bytes| Cow::Borrowed(bytes.as_slice())).ok_or(NO_SUCH)
    }
}

const NO_SUCH: AdminError = AdminError::Ledger("a log that ends before one of its records");

/// The entries, of which some are read as nobody's: they fill no hole, and are in no history.
pub(crate) struct Taken<'a> {
    entries: &'a dyn Entries,
    strangers: &'a BTreeMap<usize, Stranger>,
}

impl<'a> Taken<'a> {
    /// All but these strangers. Whose nobody can tell stays what it says it is.
    #[must_use]
    pub(crate) const fn without(entries: &'a dyn Entries, strangers: &'a BTreeMap<usize, Stranger>) -> Self {
        Self { entries, strangers }
    }
}

impl Entries for Taken<'_> {
    fn count(&self) -> usize {
        self.entries.count()
    }

    fn shown(&self) -> Range<usize> {
        self.entries.shown()
    }

    fn leaf(&self, index: usize) -> Result<Hash, AdminError> {
        self.entries.leaf(index)
    }

    fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError> {
        self.entries.bytes(index)
    }

    fn record(&self, index: usize) -> Result<Option<Record>, AdminError> {
        match self.strangers.get(&index) {
            None | Some(Stranger::Unproved) => self.entries.record(index),
            Some(Stranger::OtherOffice | Stranger::In(_) | Stranger::OutOfPlace | Stranger::Unsigned) => Ok(None),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One that a test made.
    #[derive(Clone, Copy)]
    pub(crate) struct LogEntry<'a> {
        pub(crate) bytes: &'a [u8],
        pub(crate) leaf: Hash,
        pub(crate) record: Option<&'a Record>,
    }

    impl Entries for Vec<LogEntry<'_>> {
        fn count(&self) -> usize {
            self.len()
        }

        fn leaf(&self, index: usize) -> Result<Hash, AdminError> {
            self.get(index).map(|entry| entry.leaf).ok_or(NO_SUCH)
        }

        fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError> {
            self.get(index).map(|entry| Cow::Borrowed(entry.bytes)).ok_or(NO_SUCH)
        }

        fn record(&self, index: usize) -> Result<Option<Record>, AdminError> {
            self.get(index).map(|entry| entry.record.cloned()).ok_or(NO_SUCH)
        }
    }
}
