//! The journal: every record of this terminal, sealed, in order, on disk before anything is granted on it.
//!
//! `append` gives a record its place; `wait` returns when it is durable. Whoever waits first writes for all that wait: one write, one
//! fdatasync. A failed write or sync abandons the segment, because nobody can say what it holds now; those who wait are refused, and
//! the same bytes go to the beginning of the next segment, so that no seq ever has two contents.
//!
//! Room for one segment is kept beside them. When the disk is full, the next segment is that room: nobody who waits is refused, and what must
//! be said (an end, a refusal after the sync) is durable. Nothing new may be granted until room is kept again.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::chain_next;
use sekisho_wire::id::Hash;
use sekisho_wire::secret::SecretBytes;

pub mod earlier;
pub mod error;
pub mod medium;
pub mod recovery;
pub mod segment;

use error::{JournalError, NotRecorded};
use medium::{Medium, SegmentFile};
use recovery::{Opened, Segment, made_in, mark_of, name_of, number_of, open_segment, recover, segment_of_mark};
use segment::{Seal, Start};

/// A segment that has grown to this many bytes is closed: pruning removes whole segments. So much room is kept for a full disk: some thousand
/// records, and what must be said while nothing is granted is a handful.
const SEGMENT_BYTES: u64 = 256 << 10;

/// So many failures are remembered for those who still wait; nobody waits longer than a few.
const REFUSED_MAX: usize = 64;

/// So many records wait for a failing disk before observations are left out. What must be said (an end, a refusal after the sync) is
/// bounded by what was open, and always finds a place.
const WAITING_MAX: usize = 4096;

/// How often a writer lets others run first. Where nobody else can run, all turns together take microseconds.
const GATHER_TURNS: usize = 64;

/// A terminal's journal; shared by all threads.
pub struct Journal {
    master: SecretBytes<32>,
    medium: Arc<dyn Medium>,
    /// Where records get their place. Held for moments only.
    queue: Mutex<Queue>,
    /// Told when something became durable or failed.
    settled: Condvar,
    /// Whoever holds this writes. Taken before `queue`, never while holding it.
    writer: Mutex<Writer>,
    /// How many are about to append: a write that waits a moment takes them along.
    arriving: AtomicUsize,
    /// Records below this seq say what became of earlier epochs: they were carried out of them by this run, or declare them lost.
    settling: AtomicU64,
}

/// Somebody is about to append a record and to wait for it.
pub struct Arriving<'a>(&'a AtomicUsize);

impl std::fmt::Debug for Arriving<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Arriving")
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

struct Queue {
    /// Where the next record goes.
    next: Start,
    /// Records below this are durable.
    durable: u64,
    /// Records with a place that are not durable, in order.
    waiting: Vec<Vec<u8>>,
    /// Who waited for one of these has been refused.
    refused: Vec<std::ops::Range<u64>>,
    /// Why nothing new may be granted.
    trouble: Option<Trouble>,
    /// Whether the last record that there will be has its place.
    ended: bool,
    /// Whether somebody is writing what stood in `waiting` when he began.
    writing: bool,
}

/// Why what is appended now may not come to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk is full: the reserve is for what must be said.
    Full,
    /// The last attempt to write, or to keep a reserve, failed otherwise.
    Failing,
}

impl Trouble {
    fn of(error: &JournalError) -> Self {
        if error.is_full() { Self::Full } else { Self::Failing }
    }
}

struct Writer {
    medium: Arc<dyn Medium>,
    segments: Vec<Segment>,
    open: Option<OpenSegment>,
    /// Number for the name of the next segment.
    number: u64,
    /// Where the next record that is not durable belongs.
    next: Start,
    /// Whether room for a segment is kept.
    reserve: Reserve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reserve {
    Kept,
    /// There is none, and that is why.
    Lacking(Trouble),
}

struct OpenSegment {
    file: Box<dyn SegmentFile>,
    seal: Seal,
    bytes: u64,
    marked: bool,
}

/// Records read back, in order.
#[derive(Debug)]
pub struct Run {
    /// Seq of the first.
    pub first: u64,
    /// The chain before the first.
    pub chain: Hash,
    /// Their bytes.
    pub records: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal(..)")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything that may panic, so the data is sound.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a file; says whether it is gone.
fn remove(medium: &dyn Medium, name: &str) -> bool {
    match medium.remove(name) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            log::warn!("cannot remove {name}: {error}");
            false
        }
    }
}

/// Writes down that this segment holds records, beside it: the newest has nobody after it that would miss it.
fn mark(medium: &dyn Medium, segment: &str) -> Result<(), JournalError> {
    let io = |source| JournalError::io("mark", segment, source);
    let name = mark_of(segment);
    let marks: Vec<String> =
        medium.names().map_err(io)?.into_iter().filter(|other| segment_of_mark(other).is_some()).collect();
    if !marks.contains(&name) {
        drop(medium.create(&name).map_err(io)?);
    }
    for other in marks.iter().filter(|other| **other != name) {
        remove(medium, other);
    }
    Ok(())
}

impl Journal {
    /// Opens a journal. `beginning` is where an empty one starts; its epoch also ends an older epoch's history. `see` is given each
    /// record that is there in the epoch in which it was made, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]: then nothing may be granted at this terminal.
    pub fn open(
        medium: Arc<dyn Medium>,
        master: SecretBytes<32>,
        beginning: Start,
        see: impl FnMut(u64, &[u8]),
    ) -> Result<Self, JournalError> {
        let recovered = recover(medium.as_ref(), &master, see)?;
        let next = recovered.next.filter(|next| next.epoch >= beginning.epoch).unwrap_or(beginning);
        let names = medium.names().map_err(|source| JournalError::io("list", "the journal", source))?;
        let number = names.iter().filter_map(|name| number_of(name)).max().map_or(0, |highest| highest + 1);
        for name in &recovered.remains {
            // What stays costs room and nothing else: the next start finds it again.
            remove(medium.as_ref(), name);
        }
        let (mut queue, segments) = (Queue::from(next), recovered.segments);
        let reserve = Reserve::Lacking(Trouble::Failing);
        let mut writer = Writer { medium: Arc::clone(&medium), segments, open: None, number, next, reserve };
        queue.trouble = writer.keep_reserve();
        Ok(Self {
            master,
            medium,
            queue: Mutex::new(queue),
            settled: Condvar::new(),
            writer: Mutex::new(writer),
            arriving: AtomicUsize::new(0),
            settling: AtomicU64::new(0),
        })
    }

    /// Whether the journal holds all that the ledger has acknowledged of its epoch: records below `stored`.
    ///
    /// # Errors
    /// [`JournalError::Short`]: to go on would give a seq two contents.
    pub fn must_reach(&self, stored: u64) -> Result<(), JournalError> {
        let next = self.next().first;
        if stored > next { Err(JournalError::Short { next, stored }) } else { Ok(()) }
    }

    /// Where the next record goes: its epoch, its seq, the chain before it.
    #[must_use]
    pub fn next(&self) -> Start {
        lock(&self.queue).next
    }

    /// Records below this seq are durable.
    #[must_use]
    pub fn durable(&self) -> u64 {
        lock(&self.queue).durable
    }

    /// Why nothing new may be granted, whatever happens to its record: the disk failed the last time, or is full.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        lock(&self.queue).trouble
    }

    /// Whether a grant that is appended now can be recorded, as far as anybody knows.
    #[must_use]
    pub fn takes_grants(&self) -> bool {
        let queue = lock(&self.queue);
        queue.trouble.is_none() && !queue.ended
    }

    /// Nothing finds a place any more: the next start tells by the last record how this run ended. Who waits for one that came later is
    /// refused.
    pub fn end(&self) {
        lock(&self.queue).ended = true;
    }

    /// Whether only what must be said should be appended: so many records wait for the disk, or the disk is full.
    #[must_use]
    pub fn is_short(&self) -> bool {
        let queue = lock(&self.queue);
        queue.waiting.len() >= WAITING_MAX || queue.trouble == Some(Trouble::Full)
    }

    /// Gives a record the next place, unless the journal has [ended](Self::end). `encode` is told which, and returns the record's bytes.
    /// Nothing is durable yet.
    pub fn append(&self, encode: impl FnOnce(u32, u64) -> Vec<u8>) -> u64 {
        let mut queue = lock(&self.queue);
        let place = queue.next;
        if queue.ended {
            return place.first;
        }
        let bytes = encode(place.epoch, place.first);
        queue.next.first += 1;
        queue.next.chain = chain_next(&place.chain, &Hash(leaf_hash(&bytes).0));
        queue.waiting.push(bytes);
        place.first
    }

    /// Says that a record is coming, until what is returned is dropped: before waiting for that record.
    pub fn announce(&self) -> Arriving<'_> {
        self.arriving.fetch_add(1, Ordering::AcqRel);
        Arriving(&self.arriving)
    }

    /// Lets those append who have been announced and can run now. Nobody waits for one who waits for something himself: a card, perhaps.
    fn gather(&self) {
        for _ in 0..GATHER_TURNS {
            if self.arriving.load(Ordering::Acquire) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Returns when the record is durable.
    ///
    /// # Errors
    /// [`NotRecorded`] when a write or sync failed while it waited. It may become durable later all the same: say so in a record.
    pub fn wait(&self, seq: u64) -> Result<(), NotRecorded> {
        loop {
            if let Some(settled) = lock(&self.queue).settled(seq) {
                return settled;
            }
            match self.writer.try_lock() {
                Ok(mut writer) => self.write(&mut writer),
                Err(TryLockError::Poisoned(poisoned)) => self.write(&mut poisoned.into_inner()),
                // Somebody writes, perhaps without us: wait for the outcome, then look again.
                Err(TryLockError::WouldBlock) => self.wait_for_writer(seq),
            }
        }
    }

    fn wait_for_writer(&self, seq: u64) {
        let mut queue = lock(&self.queue);
        while queue.writing && queue.settled(seq).is_none() {
            queue = self.settled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        drop(queue);
        std::thread::yield_now();
    }

    /// Writes what waits, whoever waits for it. For records that nobody waits for, and after trouble.
    pub fn flush(&self) {
        let mut writer = lock(&self.writer);
        self.write(&mut writer);
        let is_settled = lock(&self.queue).waiting.is_empty();
        if is_settled && writer.reserve != Reserve::Kept {
            let trouble = writer.keep_reserve();
            lock(&self.queue).trouble = trouble;
        }
    }

    /// One group commit.
    fn write(&self, writer: &mut Writer) {
        self.gather();
        let (records, end) = {
            let mut queue = lock(&self.queue);
            if queue.waiting.is_empty() {
                return;
            }
            queue.writing = true;
            (queue.waiting.clone(), queue.next)
        };
        let outcome = writer.write(&self.master, &records, end);
        let mut queue = lock(&self.queue);
        queue.writing = false;
        match outcome {
            Ok(trouble) => {
                queue.durable = end.first;
                queue.waiting.drain(..records.len());
                queue.trouble = trouble;
            }
            Err(error) => {
                log::error!("{error}; {}", error.next_step());
                queue.refuse(end.first, Trouble::of(&error));
            }
        }
        drop(queue);
        self.settled.notify_all();
    }

    /// Durable records from `first` on, at most `count` and `bytes`.
    ///
    /// # Errors
    /// [`JournalError`]: the segment cannot be read, it has decayed at or before `first`, or `first` was pruned.
    pub fn read(&self, first: u64, count: usize, bytes: usize) -> Result<Run, JournalError> {
        let (durable, epoch) = {
            let queue = lock(&self.queue);
            (queue.durable, queue.next.epoch)
        };
        let name = {
            let writer = lock(&self.writer);
            let holds = |segment: &&Segment| segment.start.epoch == epoch && segment.start.first <= first;
            let held = writer.segments.iter().rev().find(holds);
            held.map(|segment| segment.name.clone()).ok_or(JournalError::Pruned { first })?
        };
        let content = self.medium.read(&name).map_err(|source| JournalError::io("read", &name, source))?;
        let opened = open_segment(&self.master, &content);
        let Opened { start, records, .. } =
            opened.ok_or_else(|| JournalError::Damaged { segment: name.clone(), first: None })?;
        // What was durable once and does not open any more must not look like records that are still to come.
        let readable = start.first + records.len() as u64;
        if readable < durable.min(first + 1) {
            return Err(JournalError::Changed { segment: name, first: readable });
        }
        let mut run = Run { first, chain: start.chain, records: Vec::new() };
        let mut left = bytes;
        for (seq, record) in (start.first..durable).zip(records) {
            if seq < first {
                run.chain = chain_next(&run.chain, &Hash(leaf_hash(&record).0));
                continue;
            }
            if run.records.len() == count || record.len() > left {
                break;
            }
            left -= record.len();
            run.records.push(record);
        }
        Ok(run)
    }

    /// Removes segments whose records are all below `sealed`, or of an earlier epoch, and older than `before` (trusted time, ms). The newest always stays: it
    /// knows where to go on.
    pub fn prune(&self, sealed: u64, before: u64) {
        let has_settled = self.has_settled();
        let mut writer = lock(&self.writer);
        while writer.segments.len() > 1 {
            let Some(oldest) = writer.segments.first() else { return };
            // Of an epoch that an act has closed the ledger takes what was carried into the next; once that is durable the rest stays as long as other
            // records, for people to look at.
            let is_earlier = oldest.start.epoch < writer.next.epoch;
            let needed = if is_earlier { !has_settled } else { oldest.end() > sealed };
            // What was carried is as new as what was written after it.
            let newest = writer.segments.iter().map(|segment| segment.newest).find(|newest| *newest > 0);
            if needed || newest.is_none_or(|newest| newest >= before) {
                return;
            }
            // Oldest first, and none without the one before it: a hole between two segments is damage to the next start.
            if !remove(writer.medium.as_ref(), &oldest.name) {
                return;
            }
            writer.segments.remove(0);
        }
    }
}

impl Queue {
    fn from(next: Start) -> Self {
        let (waiting, refused) = (Vec::new(), Vec::new());
        Self { next, durable: next.first, waiting, refused, trouble: None, ended: false, writing: false }
    }

    /// Whoever waits for a record below `end` that is not durable is refused.
    fn refuse(&mut self, end: u64, trouble: Trouble) {
        self.trouble = Some(trouble);
        match self.refused.last_mut() {
            // The same failure goes on.
            Some(range) if range.start == self.durable => range.end = end,
            Some(_) | None => self.refused.push(self.durable..end),
        }
        if self.refused.len() > REFUSED_MAX {
            self.refused.remove(0);
        }
    }

    fn settled(&self, seq: u64) -> Option<Result<(), NotRecorded>> {
        let never = self.ended && seq >= self.next.first;
        if never || self.refused.iter().any(|range| range.contains(&seq)) {
            Some(Err(NotRecorded))
        } else {
            (seq < self.durable).then_some(Ok(()))
        }
    }
}

impl Writer {
    /// Writes, on a full disk into the reserve. Says why nothing more may be granted, although these records are durable.
    fn write(
        &mut self,
        master: &SecretBytes<32>,
        records: &[Vec<u8>],
        end: Start,
    ) -> Result<Option<Trouble>, JournalError> {
        let written = match self.try_write(master, records) {
            Err(error) if error.is_full() && self.reserve == Reserve::Kept => {
                log::error!("{error}; {}", error.next_step());
                self.abandon();
                self.begin_in_reserve(master).and_then(|()| self.try_write(master, records))
            }
            written => written,
        };
        if let Err(error) = written {
            self.abandon();
            return Err(error);
        }
        self.next = end;
        Ok(match self.reserve {
            Reserve::Kept => None,
            Reserve::Lacking(trouble) => Some(trouble),
        })
    }

    /// Goes on in another segment, whatever this one holds.
    fn abandon(&mut self) {
        self.open = None;
        // A segment without a record of its own is the next one's business. Its file goes: a disk that fails for a day must not fill up with
        // what each attempt left.
        if let Some(segment) = self.segments.pop_if(|segment| segment.count == 0) {
            remove(self.medium.as_ref(), &segment.name);
        }
    }

    /// Sees to it that room is kept; says why it cannot be.
    fn keep_reserve(&mut self) -> Option<Trouble> {
        if let Err(source) = self.medium.reserve(SEGMENT_BYTES) {
            let error = JournalError::io("keep room beside", "the journal", source);
            log::error!("{error}; {}", error.next_step());
            self.reserve = Reserve::Lacking(Trouble::of(&error));
            return Some(Trouble::of(&error));
        }
        self.reserve = Reserve::Kept;
        // A segment that was a reserve has more room than it needs. Given back only now: were it counted as free before, a disk that is
        // still full would seem to have room.
        if let Some(mut open) = self.open.take()
            && let Err(error) = open.file.give_back()
        {
            log::warn!("cannot give room back to the disk: {error}");
        }
        None
    }

    fn try_write(&mut self, master: &SecretBytes<32>, records: &[Vec<u8>]) -> Result<(), JournalError> {
        if self.open.as_ref().is_none_or(|open| open.bytes >= SEGMENT_BYTES) {
            self.begin(master)?;
        }
        let (Some(open), Some(segment)) = (self.open.as_mut(), self.segments.last_mut()) else {
            return Err(JournalError::NoRandomness);
        };
        let mut out = Vec::with_capacity(records.iter().map(|record| record.len() + 32).sum());
        for (number, record) in (segment.count..).zip(records) {
            open.seal.frame(number, record, &mut out).map_err(|_| JournalError::NoRandomness)?;
        }
        let wrote = open.file.write(&out).and_then(|()| open.file.sync());
        wrote.map_err(|source| JournalError::io("write", &segment.name, source))?;
        if !open.marked {
            // The records are durable, marked or not. To take them back for the want of a mark would leave a mark without records, should
            // it have landed all the same.
            match mark(self.medium.as_ref(), &segment.name) {
                Ok(()) => open.marked = true,
                Err(error) => log::warn!("{error}; it is tried again with the next record"),
            }
        }
        open.bytes += out.len() as u64;
        segment.count += records.len() as u64;
        segment.newest = segment.newest.max(records.last().map_or(0, |record| made_in(self.next.epoch, record)));
        Ok(())
    }

    fn begin(&mut self, master: &SecretBytes<32>) -> Result<(), JournalError> {
        let name = self.next_name();
        let created = self.medium.create(&name);
        self.begin_in(master, name, created)
    }

    fn begin_in_reserve(&mut self, master: &SecretBytes<32>) -> Result<(), JournalError> {
        self.reserve = Reserve::Lacking(Trouble::Full);
        let name = self.next_name();
        let created = self.medium.create_of_reserve(&name);
        self.begin_in(master, name, created)
    }

    fn next_name(&mut self) -> String {
        let name = name_of(self.number);
        self.number += 1;
        name
    }

    fn begin_in(
        &mut self,
        master: &SecretBytes<32>,
        name: String,
        created: std::io::Result<Box<dyn SegmentFile>>,
    ) -> Result<(), JournalError> {
        let (header, seal) = Seal::begin(master, &self.next).map_err(|_| JournalError::NoRandomness)?;
        let mut file = created.map_err(|source| JournalError::io("create", &name, source))?;
        // Listed before anything is written, so that it is known to be there should that fail.
        self.segments.push(Segment { name: name.clone(), start: self.next, count: 0, newest: 0 });
        file.write(&header).map_err(|source| JournalError::io("write", &name, source))?;
        let bytes = header.len() as u64;
        self.open = Some(OpenSegment { file, seal, bytes, marked: false });
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod disk;
#[cfg(test)]
#[path = "journal/tests.rs"]
mod tests;
