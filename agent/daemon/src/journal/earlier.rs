//! What lies beside this epoch's records: those of earlier epochs, until they are carried into this one (wire §7.5b).

use std::sync::atomic::Ordering;

use sekisho_wire::record::Record;

use super::error::JournalError;
use super::recovery::{Segment, open_segment};
use super::{Journal, lock};

/// The records of an earlier epoch, as far as they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The epoch.
    pub epoch: u32,
    /// Seq of the first that is there.
    pub first: u64,
    /// Seq after the last.
    pub end: u64,
}

/// Whether a record was made in an earlier epoch than this: where it stands in this one's history, it was carried there.
pub(super) fn is_carried_into(epoch: u32, record: &[u8]) -> bool {
    Record::decode(record).is_ok_and(|record| record.epoch < epoch)
}

impl Journal {
    /// The earlier epochs that lie beside this one, oldest first.
    #[must_use]
    pub fn earlier(&self) -> Vec<Earlier> {
        let mut all: Vec<Earlier> = Vec::new();
        for segment in self.earlier_segments() {
            match all.last_mut() {
                Some(last) if last.epoch == segment.start.epoch => last.end = segment.end(),
                Some(_) | None => {
                    let (epoch, first) = (segment.start.epoch, segment.start.first);
                    all.push(Earlier { epoch, first, end: segment.end() });
                }
            }
        }
        all
    }

    fn earlier_segments(&self) -> Vec<Segment> {
        let writer = lock(&self.writer);
        let is_earlier = |segment: &&Segment| segment.start.epoch < writer.next.epoch;
        writer.segments.iter().take_while(is_earlier).cloned().collect()
    }

    /// Gives `take` each record of earlier epochs from this place on, in order: epoch and seq.
    ///
    /// # Errors
    /// [`JournalError`]: a segment cannot be read, or has decayed since the start.
    pub fn read_earlier(&self, from: (u32, u64), mut take: impl FnMut(Vec<u8>)) -> Result<(), JournalError> {
        for segment in self.earlier_segments() {
            let (epoch, name) = (segment.start.epoch, segment.name.clone());
            if (epoch, segment.end()) <= from {
                continue;
            }
            let content = self.medium.read(&name).map_err(|source| JournalError::io("read", &name, source))?;
            let opened = open_segment(&self.master, &content);
            let mut records =
                opened.ok_or_else(|| JournalError::Damaged { segment: name.clone(), first: None })?.records;
            let there = records.len() as u64;
            if there < segment.count {
                return Err(JournalError::Changed { segment: name, first: segment.start.first + there });
            }
            records.truncate(usize::try_from(segment.count).unwrap_or(usize::MAX));
            let wanted = (segment.start.first..).zip(records).filter(|(seq, _)| (epoch, *seq) >= from);
            wanted.for_each(|(_, record)| take(record));
        }
        Ok(())
    }

    /// Gives a record of an earlier epoch the next place in this one. Nothing is durable yet; until it is, none of the earlier epochs goes.
    pub fn carry(&self, record: Vec<u8>) -> u64 {
        let seq = self.append(|_, _| record);
        self.settles_with(seq);
        seq
    }

    /// The record of this seq says what became of earlier epochs.
    pub fn settles_with(&self, seq: u64) {
        self.settling.store(seq + 1, Ordering::Release);
    }

    /// Whether all that says what became of earlier epochs is durable. Before, nothing of them may be forgotten: neither their records, nor how far the ledger
    /// was with them.
    #[must_use]
    pub fn has_settled(&self) -> bool {
        self.durable() >= self.settling.load(Ordering::Acquire)
    }

    /// Whether this epoch has a record of its own: all that was to be carried stands before that.
    ///
    /// # Errors
    /// [`JournalError`]: the newest record cannot be read.
    pub fn has_begun(&self) -> Result<bool, JournalError> {
        let next = self.next();
        let Some(last) = next.first.checked_sub(1) else { return Ok(false) };
        let run = self.read(last, 1, usize::MAX)?;
        Ok(run.records.first().is_some_and(|record| !is_carried_into(next.epoch, record)))
    }
}
