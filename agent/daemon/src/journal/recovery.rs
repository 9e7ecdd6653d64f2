//! What a journal holds after whatever happened to it: which segments, which records in each, where to go on.

use std::io;

use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::chain_next;
use sekisho_wire::id::Hash;
use sekisho_wire::record::Record;
use sekisho_wire::secret::SecretBytes;

use super::earlier::is_carried_into;
use super::error::JournalError;
use super::medium::Medium;
use super::segment::{HEADER_LEN, Seal, Start, frame_of};

/// A segment that holds at least one record that counts.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its file.
    pub name: String,
    /// Its header.
    pub start: Start,
    /// Number of its records that count: later segments may repeat the rest.
    pub count: u64,
    /// Trusted time of its newest record that was made in its epoch, ms; 0 where there is none.
    pub newest: u64,
}

impl Segment {
    /// Seq after its last record.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.start.first + self.count
    }
}

/// Everything that is there.
#[derive(Debug)]
pub struct Recovered {
    /// Segments by seq.
    pub segments: Vec<Segment>,
    /// Where the next record goes, and the chain before it. `None` in an empty journal.
    pub next: Option<Start>,
    /// Files of segments that hold no record that counts: torn while they were made, or repeated as a whole.
    pub remains: Vec<String>,
}

/// Trusted time at which a record was made, ms; 0 for one that was not made in this epoch.
pub(super) fn made_in(epoch: u32, record: &[u8]) -> u64 {
    Record::decode(record).ok().filter(|record| record.epoch >= epoch).map_or(0, |record| record.trusted)
}

/// Reads all segments. `see` is given each record that counts and was not carried out of an earlier epoch, oldest first.
///
/// A torn tail is ignored: nobody was told that it was written. Where it was not torn but changed, the journal is damaged: what was
/// acknowledged must never vanish without a word. A segment that was abandoned may repeat what the next one holds; the bytes are the
/// same, and the next one's count.
///
/// # Errors
/// [`JournalError::Io`]; [`JournalError::Damaged`] when records are missing between two segments or inside one.
pub fn recover(
    medium: &dyn Medium,
    master: &SecretBytes<32>,
    mut see: impl FnMut(u64, &[u8]),
) -> Result<Recovered, JournalError> {
    let mut recovered = Recovered { segments: Vec::new(), next: None, remains: Vec::new() };
    let mut found: Vec<(String, Opened)> = Vec::new();
    for name in sorted(medium).map_err(|source| JournalError::io("list", "the journal", source))? {
        let read = medium.make_durable(&name).and_then(|()| medium.read(&name));
        let bytes = read.map_err(|source| JournalError::io("read", &name, source))?;
        let Some(opened) = open_segment(master, &bytes) else {
            if is_torn_header(&bytes) {
                recovered.remains.push(name);
                continue;
            }
            return Err(JournalError::Damaged { segment: name, first: None });
        };
        found.push((name, opened));
    }
    let mut rest = found.into_iter().peekable();
    while let Some((name, Opened { start, mut records, tail })) = rest.next() {
        match rest.peek().filter(|(_, next)| next.start.epoch == start.epoch) {
            // What the next segment repeats counts there, whatever became of it here.
            Some((_, next)) => {
                records.truncate(usize::try_from(next.start.first.saturating_sub(start.first)).unwrap_or(usize::MAX));
            }
            None if tail == Tail::Changed => {
                return Err(JournalError::Changed { segment: name, first: start.first + records.len() as u64 });
            }
            None => {}
        }
        recovered.join(name, start, &records, &mut see)?;
    }
    let marks = medium.names().map_err(|source| JournalError::io("list", "the journal", source))?;
    match marks.iter().filter_map(|name| segment_of_mark(name)).max() {
        Some(marked) if recovered.segments.iter().all(|segment| segment.name != marked) => {
            Err(JournalError::Damaged { segment: marked, first: None })
        }
        Some(_) | None => Ok(recovered),
    }
}

impl Recovered {
    fn join(
        &mut self,
        name: String,
        start: Start,
        records: &[Vec<u8>],
        see: &mut impl FnMut(u64, &[u8]),
    ) -> Result<(), JournalError> {
        let follows = self.next.is_none_or(|next| next == start || next.epoch < start.epoch);
        if !follows {
            return Err(JournalError::Damaged { segment: name, first: self.next.map(|next| next.first) });
        }
        let (mut chain, mut newest) = (start.chain, 0);
        for (seq, record) in (start.first..).zip(records) {
            chain = chain_next(&chain, &Hash(leaf_hash(record).0));
            newest = newest.max(made_in(start.epoch, record));
            // What was carried was seen where it was made.
            if !is_carried_into(start.epoch, record) {
                see(seq, record);
            }
        }
        let count = records.len() as u64;
        self.next = Some(Start { epoch: start.epoch, first: start.first + count, chain });
        if count == 0 {
            self.remains.push(name);
        } else {
            self.segments.push(Segment { name, start, count, newest });
        }
        Ok(())
    }
}

/// What a segment turns out to be when somebody only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its records open.
    Readable {
        /// Of all its records.
        epoch: u32,
        /// Seq of the first.
        first: u64,
        /// How many open in a row.
        count: u64,
        /// Whether nothing stands behind them that was whole once.
        whole: bool,
    },
    /// It was changed, has decayed, or is another terminal's.
    Unreadable,
    /// Torn while it was made.
    Empty,
}

/// Looks at every segment and changes nothing, whatever state they are in.
///
/// # Errors
/// The file system's.
pub fn survey(medium: &dyn Medium, master: &SecretBytes<32>) -> io::Result<Vec<(String, Found)>> {
    let look = |name: String| {
        let bytes = medium.read(&name)?;
        let found = match open_segment(master, &bytes) {
            Some(Opened { start, records, tail }) => Found::Readable {
                epoch: start.epoch,
                first: start.first,
                count: records.len() as u64,
                whole: tail == Tail::Torn,
            },
            None if is_torn_header(&bytes) => Found::Empty,
            None => Found::Unreadable,
        };
        Ok((name, found))
    };
    sorted(medium)?.into_iter().map(look).collect()
}

/// Torn while it was made, nothing was ever in it; blocks that never reached the disk read as zeros.
fn is_torn_header(bytes: &[u8]) -> bool {
    bytes.len() < HEADER_LEN || bytes.iter().all(|byte| *byte == 0)
}

/// A segment as it was read.
pub(super) struct Opened {
    pub(super) start: Start,
    /// Its records, up to the first frame that does not open.
    pub(super) records: Vec<Vec<u8>>,
    tail: Tail,
}

/// What stands behind the last record that opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// Nothing, or what a write that did not end may leave.
    Torn,
    /// A frame that was whole once.
    Changed,
}

/// Header and records of a segment. `None` when the header does not open.
pub(super) fn open_segment(master: &SecretBytes<32>, bytes: &[u8]) -> Option<Opened> {
    let (start, seal) = Seal::open(master, bytes)?;
    let mut rest = bytes.get(HEADER_LEN..)?;
    let mut records = Vec::new();
    while let Some((record, taken)) = seal.open_frame(records.len() as u64, rest) {
        records.push(record);
        rest = rest.get(taken..)?;
    }
    let tail = tail(&seal, records.len() as u64, bytes.len() - rest.len(), rest);
    Some(Opened { start, records, tail })
}

/// `rest` begins at `place` of the segment, where frame `number` should.
fn tail(seal: &Seal, number: u64, place: usize, rest: &[u8]) -> Tail {
    // A write that did not end leaves a beginning, or zeros in place of blocks that never reached the disk.
    let whole_but_closed = frame_of(rest).is_some_and(|frame| !ends_in_lost_sectors(place + 4, frame));
    if whole_but_closed || opens_later(seal, number, rest) { Tail::Changed } else { Tail::Torn }
}

/// The least that a disk writes or does not write, bytes.
const SECTOR: usize = 512;

/// Whether a frame that begins at `place` of its segment ends in zeros as sectors leave them that never reached the disk: whole sectors, as
/// far as they are the frame's. A tag may end in a zero by itself.
fn ends_in_lost_sectors(place: usize, frame: &[u8]) -> bool {
    let last = (place + frame.len() - 1) / SECTOR * SECTOR;
    let lost = last.checked_sub(place).and_then(|from| frame.get(from..));
    lost.is_some_and(|lost| lost.iter().all(|byte| *byte == 0))
}

/// Whether any later frame opens. The length before it may be what was changed, so every place is looked at: a place where a length
/// stands that can be one is rare among sealed bytes.
fn opens_later(seal: &Seal, number: u64, rest: &[u8]) -> bool {
    let mut skipped = 0;
    (1..rest.len()).any(|at| {
        let Some(candidate) = rest.get(at..).filter(|candidate| frame_of(candidate).is_some()) else { return false };
        skipped += 1;
        (number..=number + skipped).any(|number| seal.open_frame(number, candidate).is_some())
    })
}

/// File names sort by time of making: a counter in front.
fn sorted(medium: &dyn Medium) -> io::Result<Vec<String>> {
    let mut names = medium.names()?;
    names.retain(|name| number_of(name).is_some());
    names.sort_unstable();
    Ok(names)
}

/// The counter in a segment's name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(".segment").filter(|digits| digits.len() == 20)?.parse().ok()
}

/// The name of segment `number`.
pub(super) fn name_of(number: u64) -> String {
    format!("{number:020}.segment")
}

/// The name of the mark that says that a segment holds records.
pub(super) fn mark_of(segment: &str) -> String {
    segment.replace(".segment", ".mark")
}

/// Which segment a mark is about.
pub(super) fn segment_of_mark(name: &str) -> Option<String> {
    let segment = format!("{}.segment", name.strip_suffix(".mark")?);
    number_of(&segment).map(|_| segment)
}
