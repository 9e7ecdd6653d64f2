//! What a journal holds after whatever happened to it: which segments, which records in each, where to go on.

use std::io;

use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::chain_next;
use sekisho_wire::id::Hash;
use sekisho_wire::record::Record;
use sekisho_wire::secret::SecretBytes;

use super::error::JournalError;
use super::medium::Medium;
use super::segment::{HEADER_LEN, Seal, Start};

/// A segment that holds at least one record that counts.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its file.
    pub name: String,
    /// Its header.
    pub start: Start,
    /// Number of its records that count: later segments may repeat the rest.
    pub count: u64,
    /// Trusted time of its newest record, ms.
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
}

/// Reads all segments. `see` is given each record that counts, oldest first.
///
/// A torn tail is ignored: nobody was told that it was written. A segment that was abandoned may repeat what the next one holds; the
/// bytes are the same, and the next one's count.
///
/// # Errors
/// [`JournalError::Io`]; [`JournalError::Damaged`] when records are missing between two segments.
pub fn recover(
    medium: &dyn Medium,
    master: &SecretBytes<32>,
    mut see: impl FnMut(u64, &[u8]),
) -> Result<Recovered, JournalError> {
    let mut found: Vec<(String, Start, Vec<Vec<u8>>)> = Vec::new();
    for name in sorted(medium).map_err(|source| JournalError::io("list", "the journal", source))? {
        let read = medium.make_durable(&name).and_then(|()| medium.read(&name));
        let bytes = read.map_err(|source| JournalError::io("read", &name, source))?;
        let Some((start, records)) = open_segment(master, &bytes) else {
            if bytes.len() >= HEADER_LEN {
                return Err(JournalError::Damaged { segment: name, first: None });
            }
            continue; // Torn while it was made: nothing was ever in it.
        };
        found.push((name, start, records));
    }
    let mut recovered = Recovered { segments: Vec::new(), next: None };
    let mut rest = found.into_iter().peekable();
    while let Some((name, start, mut records)) = rest.next() {
        if let Some((_, next, _)) = rest.peek().filter(|(_, next, _)| next.epoch == start.epoch) {
            records.truncate(usize::try_from(next.first.saturating_sub(start.first)).unwrap_or(usize::MAX));
        }
        recovered.join(name, start, &records, &mut see)?;
    }
    Ok(recovered)
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
            newest = newest.max(Record::decode(record).map_or(0, |record| record.trusted));
            see(seq, record);
        }
        let count = records.len() as u64;
        self.next = Some(Start { epoch: start.epoch, first: start.first + count, chain });
        self.segments.push(Segment { name, start, count, newest });
        Ok(())
    }
}

/// Header and records of a segment, up to the first frame that is torn.
pub(super) fn open_segment(master: &SecretBytes<32>, bytes: &[u8]) -> Option<(Start, Vec<Vec<u8>>)> {
    let (start, seal) = Seal::open(master, bytes)?;
    let mut rest = bytes.get(HEADER_LEN..)?;
    let mut records = Vec::new();
    while let Some((record, taken)) = seal.open_frame(records.len() as u64, rest) {
        records.push(record);
        rest = rest.get(taken..)?;
    }
    Some((start, records))
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
