//! Which records of a terminal are not in the log: its seqs are dense from 0 in each epoch (wire §7.1), so a hole has a name.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_wire::record::{Body, Emitter, Record};

/// The seqs seen of each terminal and epoch.
#[derive(Debug, Default)]
pub(crate) struct Seqs {
    seen: BTreeMap<(String, u32), BTreeSet<u64>>,
    /// Ranges that a terminal itself has written down as lost.
    lost: BTreeMap<(String, u32), Vec<(u64, u64)>>,
}

/// A hole: first and last seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    /// The terminal.
    pub terminal: String,
    /// Its epoch.
    pub epoch: u32,
    /// First and last seq missing.
    pub range: (u64, u64),
}

impl Seqs {
    /// Takes in a record; the ledger's own have no holes to look for.
    pub(crate) fn saw(&mut self, record: &Record) {
        let Emitter::Terminal(terminal) = &record.emitter else { return };
        let history = (terminal.to_string(), record.epoch);
        if let Body::Lost(lost) = &record.body
            && lost.epoch.is_none()
        {
            self.lost.entry(history.clone()).or_default().push((lost.from, lost.to));
        }
        self.seen.entry(history).or_default().insert(record.seq);
    }

    /// What lies below the newest record of each history, and neither came nor was written down as lost.
    pub(crate) fn holes(&self) -> Vec<Hole> {
        let mut holes = Vec::new();
        for ((terminal, epoch), seen) in &self.seen {
            let lost = self.lost.get(&(terminal.clone(), *epoch)).map_or(&[][..], Vec::as_slice);
            let mut next = 0;
            for seq in seen {
                if *seq > next && !lost.iter().any(|(from, to)| *from <= next && *to >= *seq - 1) {
                    holes.push(Hole { terminal: terminal.clone(), epoch: *epoch, range: (next, *seq - 1) });
                }
                next = seq.saturating_add(1);
            }
        }
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(seen: &[u64], lost: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let history = ("jumin-1".to_owned(), 0);
        let seqs = Seqs {
            seen: BTreeMap::from([(history.clone(), seen.iter().copied().collect())]),
            lost: BTreeMap::from([(history, lost.to_vec())]),
        };
        seqs.holes().into_iter().map(|hole| hole.range).collect()
    }

    #[test]
    fn holes_have_names_unless_the_terminal_wrote_them_down_as_lost() {
        assert_eq!(seqs(&[0, 1, 2], &[]), []);
        assert_eq!(seqs(&[1, 2, 5], &[]), [(0, 0), (3, 4)]);
        assert_eq!(seqs(&[0, 5, 9], &[(1, 4)]), [(6, 8)]);
        assert_eq!(seqs(&[0, 5], &[(1, 3)]), [(1, 4)]);
    }
}
