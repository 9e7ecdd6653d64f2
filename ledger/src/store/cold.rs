//! What the book knows of entries that lie in files beside it.

use super::Entry;

/// Entries of an office's records log that lie in a file instead of in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    /// Index of the first.
    pub first: u64,
    /// How many: a power of two from 256 on. `first` is a multiple of it.
    pub entries: u64,
    /// SHA-256 of the file's head, which has the hashes of all the rest.
    pub digest: [u8; 32],
}

impl StoredSegment {
    /// Index of the first entry behind it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.entries)
    }

    /// Whether an entry lies in it.
    #[must_use]
    pub const fn holds(&self, index: u64) -> bool {
        self.first <= index && index < self.end()
    }
}

/// What becomes of a segment.
#[derive(Clone, Debug)]
pub enum SegmentStep {
    /// The rows go, all of them; the file has them.
    Cool(StoredSegment),
    /// Another file takes the place of the one with this digest: payloads were erased.
    Replace {
        /// The digest of the file until now.
        before: [u8; 32],
        /// The segment with its new one.
        after: StoredSegment,
    },
    /// The rows come back.
    Warm {
        /// The segment.
        segment: StoredSegment,
        /// Its entries, all of them.
        entries: Vec<Entry>,
    },
}
