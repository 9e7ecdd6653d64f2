//! Where in the ledger's records log our sealed records lie: a ledger that was restored from an older copy is filled again from here, each
//! record at its place (LEDGER.md §L6).

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;

/// Records that lie one behind the other, in our history and in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    pub(crate) epoch: u32,
    /// Seq of the first.
    pub(crate) first: u64,
    pub(crate) count: u64,
    /// Index of the first in the records log.
    pub(crate) index: u64,
}

/// A file of them that only grows, and is looked through at a start and when it is long. What a crash takes of its end cannot be brought
/// again; others hold that the ledger has it.
#[derive(Debug)]
pub(crate) struct Whereabouts {
    path: PathBuf,
    epoch: u32,
    length: u64,
    /// Seq behind the last that is known of.
    end: u64,
    is_read: bool,
}

const FILE: &str = "whereabouts";
const ROW: usize = 28;
/// Longer it is cut: the older half goes. So many are months of a terminal.
const LONG: u64 = 8 << 20;

impl Whereabouts {
    /// What is kept of this epoch. What is there of earlier ones stays until something is known of this: then all that they left behind was carried into it,
    /// and the journal brings nothing of them any more.
    pub(crate) fn open(state: &Path, epoch: u32) -> Self {
        Self { path: state.join(FILE), epoch, length: 0, end: 0, is_read: false }
    }

    /// Reads what is there, if that has not succeeded yet: nothing takes the place of what could not be read. It is no record: where it cannot be read or
    /// written, others hold what the ledger has.
    fn take_up(&mut self) -> io::Result<()> {
        if !self.is_read {
            let ours: Vec<Stretch> = self.read()?.into_iter().filter(|row| row.epoch == self.epoch).collect();
            self.write(&ours)?;
            self.is_read = true;
        }
        Ok(())
    }

    /// These lie there.
    pub(crate) fn add(&mut self, stretch: Stretch) {
        let mut append = || -> io::Result<()> {
            self.take_up()?;
            if stretch.first < self.end {
                // The ledger has them at another place now: it began anew without what it had lost.
                let kept = self.read()?.into_iter().flat_map(|row| row.without(&stretch));
                return self.write(&kept.chain([stretch]).collect::<Vec<_>>());
            }
            if self.length > LONG {
                let mut kept = self.read()?;
                self.write(&kept.split_off(kept.len() / 2))?;
            }
            let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            // What a full disk left of another row goes.
            file.set_len(self.length)?;
            file.write_all(&written(stretch))?;
            file.sync_data()?;
            self.length += ROW as u64;
            self.end = stretch.end();
            Ok(())
        };
        if let Err(error) = append() {
            log::warn!("cannot keep where records lie at the ledger: {error}");
        }
    }

    /// What lies from this index on was lost.
    pub(crate) fn forget_from(&mut self, index: u64) {
        let mut forget = || -> io::Result<()> {
            self.take_up()?;
            let rows = self.read()?;
            self.write(&rows.iter().filter_map(|row| row.cut((0, index))).collect::<Vec<_>>())
        };
        if let Err(error) = forget() {
            log::warn!("cannot keep where records lie at the ledger: {error}");
        }
    }

    /// The first seq of this epoch that lies at this index of the log or behind it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn first_from(&self, index: u64) -> io::Result<Option<u64>> {
        let rows = self.read()?;
        Ok(rows
            .iter()
            .filter(|row| row.epoch == self.epoch)
            .filter_map(|row| row.cut((index, u64::MAX)))
            .map(|row| row.first)
            .min())
    }

    /// What of this epoch lies in these indexes of the log, from the first to before the second.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn within(&self, epoch: u32, ranges: &[(u64, u64)]) -> io::Result<Vec<Stretch>> {
        let kept = self.read()?;
        let of_epoch = || kept.iter().filter(|stretch| stretch.epoch == epoch);
        Ok(ranges.iter().flat_map(|range| of_epoch().filter_map(|stretch| stretch.cut(*range))).collect())
    }

    /// Rows that follow upon each other are one.
    fn read(&self) -> io::Result<Vec<Stretch>> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut rows: Vec<Stretch> = Vec::new();
        for next in bytes.chunks_exact(ROW).filter_map(row) {
            match rows.last_mut() {
                Some(last) if last.is_followed_by(&next) => last.count += next.count,
                Some(_) | None => rows.push(next),
            }
        }
        Ok(rows)
    }

    fn write(&mut self, rows: &[Stretch]) -> io::Result<()> {
        let bytes: Vec<u8> = rows.iter().flat_map(|row| written(*row)).collect();
        files::replace(&self.path, &bytes)?;
        self.length = bytes.len() as u64;
        self.end = rows.iter().map(Stretch::end).max().unwrap_or_default();
        Ok(())
    }
}

impl Stretch {
    /// Seq behind the last.
    pub(crate) const fn end(&self) -> u64 {
        self.first + self.count
    }

    /// What of it lies in these indexes of the log.
    pub(crate) fn cut(&self, (from, to): (u64, u64)) -> Option<Self> {
        let (begin, end) = (self.index.max(from), (self.index + self.count).min(to));
        let first = self.first + begin.checked_sub(self.index)?;
        let count = end.checked_sub(begin).filter(|count| *count > 0)?;
        Some(Self { first, count, index: begin, ..*self })
    }

    /// What is left of it without the other's records.
    fn without(self, other: &Self) -> impl Iterator<Item = Self> {
        let apart = self.epoch != other.epoch;
        let before = Self { count: other.first.saturating_sub(self.first).min(self.count), ..self };
        let gone = (other.end().max(self.first) - self.first).min(self.count);
        let (first, index) = (self.first + gone, self.index + gone);
        let after = Self { first, index, count: self.count - gone, ..self };
        let parts = if apart { [Some(self), None] } else { [Some(before), Some(after)] };
        parts.into_iter().flatten().filter(|part| part.count > 0)
    }

    pub(crate) fn is_followed_by(&self, next: &Self) -> bool {
        self.epoch == next.epoch && self.first + self.count == next.first && self.index + self.count == next.index
    }
}

fn written(Stretch { epoch, first, count, index }: Stretch) -> Vec<u8> {
    [epoch.to_be_bytes().as_slice(), &first.to_be_bytes(), &count.to_be_bytes(), &index.to_be_bytes()].concat()
}

/// One that cannot be is not read.
fn row(bytes: &[u8]) -> Option<Stretch> {
    let (epoch, rest) = bytes.split_first_chunk()?;
    let (first, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (index, _) = rest.split_first_chunk()?;
    let [first, count, index] = [first, count, index].map(|bytes| u64::from_be_bytes(*bytes));
    first.checked_add(count)?;
    index.checked_add(count)?;
    Some(Stretch { epoch: u32::from_be_bytes(*epoch), first, count, index })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(first: u64, count: u64, index: u64) -> Stretch {
        Stretch { epoch: 2, first, count, index }
    }

    #[test]
    fn what_could_not_be_read_is_not_replaced_by_nothing() {
        let state = std::env::temp_dir().join(format!("sekisho-whereabouts-unread-{}", std::process::id()));
        files::private_folder(&state).unwrap();
        let path = state.join("whereabouts");
        Whereabouts::open(&state, 2).add(at(0, 5, 10));
        let aside = state.join("aside");
        std::fs::rename(&path, &aside).unwrap();
        // A folder is no file: reading it fails, whoever we are.
        std::fs::create_dir(&path).unwrap();
        let mut whereabouts = Whereabouts::open(&state, 2);
        whereabouts.add(at(5, 5, 15));
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(&aside, &path).unwrap();
        whereabouts.add(at(10, 5, 30));
        assert_eq!(whereabouts.within(2, &[(0, 100)]).unwrap(), [at(0, 5, 10), at(10, 5, 30)]);
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn what_lies_together_is_one_and_stays_over_a_restart() {
        let state = std::env::temp_dir().join(format!("sekisho-whereabouts-{}", std::process::id()));
        files::private_folder(&state).unwrap();
        let mut whereabouts = Whereabouts::open(&state, 2);
        for stretch in [at(0, 5, 10), at(5, 5, 15), at(10, 3, 40), at(13, 2, 43), at(15, 1, 99)] {
            whereabouts.add(stretch);
        }
        let all = |whereabouts: &Whereabouts| whereabouts.within(2, &[(0, 1000)]).unwrap();
        assert_eq!(all(&whereabouts), [at(0, 10, 10), at(10, 5, 40), at(15, 1, 99)]);
        assert_eq!(whereabouts.within(2, &[(12, 41)]).unwrap(), [at(2, 8, 12), at(10, 1, 40)]);
        assert_eq!(whereabouts.within(2, &[(20, 40)]).unwrap(), []);
        assert_eq!(whereabouts.within(3, &[(0, 100)]).unwrap(), [], "another epoch's");
        // Torn in the middle of a row.
        let path = state.join("whereabouts");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[1, 2, 3]);
        std::fs::write(&path, bytes).unwrap();
        let again = Whereabouts::open(&state, 2);
        assert_eq!(all(&again), [at(0, 10, 10), at(10, 5, 40), at(15, 1, 99)]);
        assert_eq!(all(&Whereabouts::open(&state, 2)), all(&again));
        // The same, and then at another place: what was known of them before goes.
        let mut moved = Whereabouts::open(&state, 2);
        moved.add(at(10, 5, 40));
        assert_eq!(all(&moved), [at(0, 10, 10), at(15, 1, 99), at(10, 5, 40)]);
        moved.add(at(8, 4, 500));
        assert_eq!(all(&moved), [at(0, 8, 10), at(15, 1, 99), at(12, 3, 42), at(8, 4, 500)]);
        moved.add(at(16, 1, 504));
        assert_eq!(all(&Whereabouts::open(&state, 2)), all(&moved));
        // From an index on all is lost; of what an epoch kept, a later one asks before it forgets.
        assert_eq!(Whereabouts::open(&state, 2).first_from(43).unwrap(), Some(8));
        assert_eq!(Whereabouts::open(&state, 2).first_from(505).unwrap(), None);
        assert_eq!(Whereabouts::open(&state, 3).first_from(0).unwrap(), None);
        moved.forget_from(100);
        assert_eq!(moved.first_from(43).unwrap(), Some(13));
        moved.forget_from(43);
        assert_eq!(moved.first_from(43).unwrap(), None);
        assert_eq!(all(&moved), [at(0, 8, 10), at(12, 1, 42)]);
        // Another epoch begins; as long as nothing is known of it, what is known of this one may be asked for.
        let mut next = Whereabouts::open(&state, 3);
        assert_eq!((all(&next).len(), next.within(3, &[(0, 1000)]).unwrap().len()), (2, 0));
        next.add(Stretch { epoch: 3, ..at(0, 1, 600) });
        assert_eq!((all(&next).len(), next.within(3, &[(0, 1000)]).unwrap().len()), (0, 1));
        std::fs::remove_dir_all(state).unwrap();
    }
}
