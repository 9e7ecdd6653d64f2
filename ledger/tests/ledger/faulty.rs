//! A store that fails when it is told to: before the change lands, or after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use sekisho_ledger::clock::Millis;
use sekisho_ledger::store::{
    Change, Cursor, EmitterName, Entry, LogName, Store, StoreError, StoredAct, StoredBatch, StoredCode,
    StoredEnrolment, StoredKey, StoredName, StoredOffice, StoredSegment,
};
use sekisho_tlog::{Frontier, Hash};
use sekisho_wire::id::{Code, OfficeId};

/// What the next commit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Works = 0,
    Fails = 1,
    FailsButLands = 2,
    Panics = 3,
    /// As all after it, until another order comes: a full disk.
    FailsFromNowOn = 4,
    /// Until another order comes: a disk that does not answer.
    Hangs = 5,
    /// What is written is not what was given: a byte of the first entry's payload is another,
    AltersPayload = 6,
    /// or its leaf.
    AltersLeaf = 7,
}

/// A store with a fault on order.
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    next: AtomicU8,
    /// Commits that work before that one.
    before: AtomicU8,
    /// Pages of the register log that were read.
    register_reads: AtomicUsize,
    /// Looks at acts and at names beside them.
    looks: AtomicUsize,
    /// Changes that were written, or should have been.
    changes: AtomicUsize,
}

impl FaultyStore {
    pub(crate) fn new(inner: impl Store + 'static) -> Self {
        Self::over(Arc::new(inner))
    }

    /// The same over a store that is open already.
    pub(crate) fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            next: AtomicU8::new(Next::Works as u8),
            before: AtomicU8::new(0),
            register_reads: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            changes: AtomicUsize::new(0),
        }
    }

    pub(crate) fn order(&self, next: Next) {
        self.order_after(0, next);
    }

    /// Whether a fault is on order that no commit has met yet.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.next.load(Ordering::SeqCst) != Next::Works as u8
    }

    /// How many pages of the register log were read so far.
    pub(crate) fn register_reads(&self) -> usize {
        self.register_reads.load(Ordering::SeqCst)
    }

    /// How often acts, or names beside acts, were looked for so far.
    pub(crate) fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    /// How many changes were written so far, or should have been.
    pub(crate) fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    /// The same for a later commit.
    pub(crate) fn order_after(&self, commits: u8, next: Next) {
        self.before.store(commits, Ordering::SeqCst);
        self.next.store(next as u8, Ordering::SeqCst);
    }

    /// Does something that changes the store, as it was ordered.
    fn as_ordered(&self, change: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.changes.fetch_add(1, Ordering::SeqCst);
        let before = self.before.load(Ordering::SeqCst);
        self.before.store(before.saturating_sub(1), Ordering::SeqCst);
        let ordered = self.next.load(Ordering::SeqCst);
        let next = if before > 0 { Next::Works as u8 } else { ordered };
        if next != Next::FailsFromNowOn as u8 && before == 0 {
            self.next.store(Next::Works as u8, Ordering::SeqCst);
        }
        if next == Next::Hangs as u8 {
            self.next.store(next, Ordering::SeqCst);
            while self.next.load(Ordering::SeqCst) == next {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        assert_ne!(next, Next::Panics as u8, "the test said so");
        let failed = || StoreError::Database { act: "write to the database", cause: "the test said so".into() };
        if next == Next::Fails as u8 || next == Next::FailsFromNowOn as u8 {
            return Err(failed());
        }
        change()?;
        if next == Next::FailsButLands as u8 { Err(failed()) } else { Ok(()) }
    }
}

/// The change as a bad memory writes it.
fn altered(change: &Change, ordered: u8) -> Option<Change> {
    let mut change = change.clone();
    let append = change.appends.first_mut()?;
    let entry = append.entries.first_mut()?;
    if ordered == Next::AltersPayload as u8 {
        entry.payload[20] ^= 1;
    } else if ordered == Next::AltersLeaf as u8 {
        entry.leaf.0[7] ^= 1;
    } else {
        return None;
    }
    Some(change)
}

impl Store for FaultyStore {
    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        let altered = (self.before.load(Ordering::SeqCst) == 0)
            .then(|| altered(change, self.next.load(Ordering::SeqCst)))
            .flatten();
        self.as_ordered(|| self.inner.commit(altered.as_ref().unwrap_or(change)))
    }

    fn hold(&self) -> Result<(), StoreError> {
        self.inner.hold()
    }

    fn erase(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        self.as_ordered(|| self.inner.erase(office, indexes))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.as_ordered(|| self.inner.scrub())
    }

    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError> {
        self.inner.offices()
    }

    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        self.inner.frontier(office, log)
    }

    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        if log == LogName::Register {
            self.register_reads.fetch_add(1, Ordering::SeqCst);
        }
        if log != LogName::Records {
            self.looks.fetch_add(1, Ordering::SeqCst);
        }
        self.inner.entries(office, log, from, limit)
    }

    fn end(&self, office: &OfficeId, log: LogName) -> Result<u64, StoreError> {
        self.inner.end(office, log)
    }

    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        self.inner.leaves(office, log, from, to)
    }

    fn tile(&self, office: &OfficeId, log: LogName, level: u8, index: u64) -> Result<Vec<u8>, StoreError> {
        self.inner.tile(office, log, level, index)
    }

    fn tiles(&self, office: &OfficeId, log: LogName) -> Result<Vec<(u8, u64)>, StoreError> {
        self.inner.tiles(office, log)
    }

    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        self.inner.cursor(office, emitter, epoch)
    }

    fn cursors(&self, office: &OfficeId) -> Result<Vec<(EmitterName, u32, Cursor)>, StoreError> {
        self.inner.cursors(office)
    }

    fn batches(
        &self,
        office: &OfficeId,
        terminal: &Code,
        epoch: u32,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        self.inner.batches(office, terminal, epoch, seq, limit)
    }

    fn batches_by_index(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<StoredBatch>, StoreError> {
        self.inner.batches_by_index(office, index, limit)
    }

    fn last_heard(&self, office: &OfficeId) -> Result<Vec<(Code, u32, Millis)>, StoreError> {
        self.inner.last_heard(office)
    }

    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError> {
        self.inner.act(office, id)
    }

    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError> {
        self.inner.acts(office, log)
    }

    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.names(office, log, from, to)
    }

    fn names_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<StoredName>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.names_at(office, log, indexes)
    }

    fn acts_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.acts_at(office, log, indexes)
    }

    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError> {
        self.inner.code(hash)
    }

    fn codes(&self) -> Result<Vec<StoredCode>, StoreError> {
        self.inner.codes()
    }

    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.inner.enrolments(office)
    }

    fn enrolments_of(&self, office: &OfficeId, terminal: &Code) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.inner.enrolments_of(office, terminal)
    }

    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError> {
        self.inner.keys(office)
    }

    fn segments(&self, office: &OfficeId) -> Result<Vec<StoredSegment>, StoreError> {
        self.inner.segments(office)
    }

    fn misfits(&self) -> Result<Vec<String>, StoreError> {
        self.inner.misfits()
    }
}
