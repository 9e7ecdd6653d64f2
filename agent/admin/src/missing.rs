//! Which records of a terminal are not in the log: its seqs are dense from 0 in each epoch (wire §7.1), so a hole has a name.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_wire::record::{Body, Emitter, Record};

use crate::entries::Entries;
use crate::error::AdminError;
use crate::terminal_word::CarriedTo;

/// The seqs seen of each terminal and epoch.
#[derive(Debug, Default)]
pub(crate) struct Seqs {
    seen: BTreeMap<(String, u32), BTreeSet<u64>>,
    /// Ranges that a terminal itself has written down as lost.
    lost: BTreeMap<(String, u32), Vec<(u64, u64)>>,
    /// Those that were carried out of an epoch into each later one.
    carried: BTreeMap<(String, u32), BTreeMap<u32, BTreeSet<u64>>>,
    /// Ranges of an epoch that the terminal wrote down as lost in a later one.
    left_behind: BTreeMap<(String, u32), Vec<(u64, u64)>>,
    /// Whether the records begin in the middle of a log: what lies before the first of a history nobody can tell then.
    amid: bool,
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

impl Hole {
    /// How many records it is.
    pub(crate) const fn length(&self) -> u64 {
        self.range.1 - self.range.0 + 1
    }
}

/// Whether any month between two moments, theirs among them, was destroyed.
pub(crate) type WasDestroyed<'a> = dyn Fn(u64, u64) -> bool + 'a;

/// Those of the `emptied` that no act accounts for: of the months in which their readable neighbours in the log lie none was destroyed, nor one that a
/// record can come from that is as much later than it was made as `late` says.
///
/// # Errors
/// Those of `entries`.
pub(crate) fn unaccounted(
    entries: &dyn Entries,
    emptied: &BTreeSet<u64>,
    late: impl Fn(u64) -> u64,
    was_destroyed: &WasDestroyed<'_>,
) -> Result<BTreeSet<u64>, AdminError> {
    let (mut found, mut waiting, mut before) = (BTreeSet::new(), Vec::new(), None);
    let begins_amid = entries.shown().start > 0;
    let mut settle = |waiting: &mut Vec<u64>, before: Option<u64>, behind: Option<u64>| {
        let first = [before, behind].into_iter().flatten().min();
        // What lies before all that can be read came since the log began; of a part, not long before it.
        let from = match (before, first) {
            (None, _) if !begins_amid => 0,
            (_, first) => first.map_or(0, |first| first.saturating_sub(late(first))),
        };
        let to = behind.map_or(u64::MAX, |behind| before.unwrap_or(0).max(behind));
        let gone = waiting.drain(..);
        if !was_destroyed(from, to) {
            found.extend(gone);
        }
    };
    for at in entries.shown() {
        if emptied.contains(&(at as u64)) {
            waiting.push(at as u64);
            continue;
        }
        let Some(record) = entries.record(at)? else { continue };
        if !waiting.is_empty() {
            settle(&mut waiting, before, Some(record.trusted));
        }
        before = Some(record.trusted);
    }
    if !waiting.is_empty() {
        settle(&mut waiting, before, None);
    }
    Ok(found)
}

/// Takes away the holes that records account for whose contents were destroyed: those of a hole lie in the log between its neighbours, were made between
/// them, in a month that was destroyed, and each is one of one hole. `entries` are those of the log, in order; `emptied` the indexes of the destroyed.
///
/// # Errors
/// Those of `entries`.
pub(crate) fn fill_by_destroyed(
    holes: &mut Vec<Hole>,
    entries: &dyn Entries,
    emptied: &BTreeSet<u64>,
    was_destroyed: &WasDestroyed<'_>,
) -> Result<(), AdminError> {
    // Of histories that have no hole nobody asks.
    let mut places: BTreeMap<(String, u32), BTreeMap<u64, (u64, u64)>> =
        holes.iter().map(|hole| ((hole.terminal.clone(), hole.epoch), BTreeMap::new())).collect();
    for at in entries.shown() {
        let (index, Some(record)) = (at as u64, entries.record(at)?) else { continue };
        if let Emitter::Terminal(terminal) = &record.emitter
            && let Some(of) = places.get_mut(&(terminal.to_string(), record.epoch))
        {
            of.entry(record.seq).or_insert((index, record.trusted));
        }
    }
    // Where each begins and ends in the log, and how many it still wants.
    let window = |hole: &Hole| {
        let of = places.get(&(hole.terminal.clone(), hole.epoch))?;
        let (before, since) = of.range(..hole.range.0).next_back().map_or((0, 0), |(_, before)| *before);
        let (_, (behind, until)) = of.range(hole.range.1.saturating_add(1)..).next()?;
        was_destroyed(since, *until).then_some((before, *behind))
    };
    let mut begin: Vec<(u64, u64, usize)> = Vec::new();
    for (number, hole) in holes.iter().enumerate() {
        begin.extend(window(hole).map(|(before, behind)| (before, behind, number)));
    }
    begin.sort_unstable_by(|one, other| other.cmp(one));
    let mut wants: Vec<u64> = holes.iter().map(Hole::length).collect();
    let mut open: BTreeSet<(u64, usize)> = BTreeSet::new();
    // Each goes to the hole that ends first: so as many are filled as can be.
    for index in emptied.iter().copied() {
        while let Some((_, behind, number)) = begin.pop_if(|(before, ..)| *before < index || index == 0) {
            open.insert((behind, number));
        }
        while open.first().is_some_and(|(behind, _)| *behind <= index) {
            open.pop_first();
        }
        let Some((behind, number)) = open.first().copied() else { continue };
        wants[number] -= 1;
        if wants[number] == 0 {
            open.remove(&(behind, number));
        }
    }
    let mut wants = wants.into_iter();
    holes.retain(|_| wants.next() != Some(0));
    Ok(())
}

impl Seqs {
    /// Of a log from this entry on.
    #[must_use]
    pub(crate) fn from(first: usize) -> Self {
        Self { amid: first > 0, ..Self::default() }
    }

    /// Takes in a record, and where it was carried to, if it was; the ledger's own have no holes to look for.
    pub(crate) fn saw(&mut self, record: &Record, carried: Option<CarriedTo>) {
        let Emitter::Terminal(terminal) = &record.emitter else { return };
        let history = (terminal.to_string(), record.epoch);
        if let Body::Lost(lost) = &record.body {
            let (of, ranges) = match lost.epoch {
                None => (history.clone(), &mut self.lost),
                Some(epoch) => ((terminal.to_string(), epoch), &mut self.left_behind),
            };
            ranges.entry(of).or_default().push((lost.from, lost.to));
        }
        if let Some(to) = carried {
            self.carried.entry(history.clone()).or_default().entry(to.epoch).or_default().insert(record.seq);
        }
        self.seen.entry(history).or_default().insert(record.seq);
    }

    /// What lies below the newest record of each history, and neither came nor was written down as lost.
    pub(crate) fn holes(&self) -> Vec<Hole> {
        let mut holes = Vec::new();
        for (history, seen) in &self.seen {
            let lost = self.lost.get(history).map_or(&[][..], Vec::as_slice);
            let (terminal, epoch) = history;
            let first = if self.amid { seen.first().copied().unwrap_or_default() } else { 0 };
            let of_epoch = between(first, seen, lost).into_iter().chain(self.left_out(history, seen));
            holes.extend(of_epoch.map(|range| Hole { terminal: terminal.clone(), epoch: *epoch, range }));
        }
        holes
    }

    /// What a terminal left out among records that it carried, although the log has records in these places: they are those of another history, which
    /// parted from this one before.
    fn left_out(&self, history: &(String, u32), seen: &BTreeSet<u64>) -> Vec<(u64, u64)> {
        let lost = [&self.lost, &self.left_behind].map(|of| of.get(history).map_or(&[][..], Vec::as_slice)).concat();
        let mut left_out = Vec::new();
        for carried in self.carried.get(history).into_iter().flat_map(BTreeMap::values) {
            let first = carried.first().copied().unwrap_or_default();
            for (from, to) in between(first, carried, &lost) {
                for seq in seen.range(from..=to) {
                    match left_out.last_mut() {
                        Some((_, last)) if *last + 1 == *seq => *last = *seq,
                        Some(_) | None => left_out.push((*seq, *seq)),
                    }
                }
            }
        }
        left_out
    }
}

/// What is not among these seqs, from one on, and is not in these ranges.
fn between(first: u64, seen: &BTreeSet<u64>, lost: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut holes, mut next) = (Vec::new(), first);
    for seq in seen {
        if *seq > next && !lost.iter().any(|(from, to)| *from <= next && *to >= *seq - 1) {
            holes.push((next, *seq - 1));
        }
        next = seq.saturating_add(1);
    }
    holes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::tests::LogEntry;

    fn seqs(seen: &[u64], lost: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let history = ("jumin-1".to_owned(), 0);
        let seqs = Seqs {
            seen: BTreeMap::from([(history.clone(), seen.iter().copied().collect())]),
            lost: BTreeMap::from([(history, lost.to_vec())]),
            ..Seqs::default()
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

    #[test]
    fn what_was_destroyed_accounts_for_what_lies_between_its_neighbours_and_for_nothing_else() {
        let (terminal, office) = (sekisho_wire::id::Code::new("jumin-1").unwrap(), sekisho_wire::id::OfficeId([1; 16]));
        let record = |seq| crate::terminal_word::tests::a_record(&terminal, office, seq, Body::TerminalDown);
        // Indexes 0 to 9: seqs 0 and 1, two destroyed, 4, 7, one destroyed, 9, two destroyed.
        let records =
            [Some(0), Some(1), None, None, Some(4), Some(7), None, Some(9), None, None].map(|seq| seq.map(record));
        let leaf = sekisho_tlog::Hash([0; 32]);
        let entries: Vec<_> =
            records.iter().map(|record| LogEntry { bytes: &[], leaf, record: record.as_ref() }).collect();
        let hole = |from, to| Hole { terminal: "jumin-1".into(), epoch: 0, range: (from, to) };
        let mut holes = vec![hole(2, 3), hole(5, 6), hole(8, 8)];
        fill_by_destroyed(&mut holes, &entries, &BTreeSet::from([2, 3, 6, 8, 9]), &|_, _| true).unwrap();
        assert_eq!(holes, [hole(5, 6)], "those that lie elsewhere are others");
        let mut holes = vec![hole(2, 3)];
        fill_by_destroyed(&mut holes, &entries, &BTreeSet::from([2, 8, 9]), &|_, _| true).unwrap();
        assert_eq!(holes, [hole(2, 3)]);
        // Nor for what was made in months of which nobody destroyed any.
        fill_by_destroyed(&mut holes, &entries, &BTreeSet::from([2, 3]), &|_, _| false).unwrap();
        assert_eq!(holes, [hole(2, 3)]);
    }

    #[test]
    fn an_empty_place_among_records_of_months_that_nobody_destroyed_is_accounted_for_by_no_act() {
        let (terminal, office) = (sekisho_wire::id::Code::new("jumin-1").unwrap(), sekisho_wire::id::OfficeId([1; 16]));
        let record = |trusted| Record {
            trusted,
            ..crate::terminal_word::tests::a_record(&terminal, office, 0, Body::TerminalDown)
        };
        let leaf = sekisho_tlog::Hash([0; 32]);
        // What was made from 100 to 199 is destroyed; what comes late comes within 10.
        let destroyed = |from: u64, to: u64| from < 200 && to >= 100;
        let found = |times: &[Option<u64>]| {
            let records: Vec<_> = times.iter().map(|trusted| trusted.map(record)).collect();
            let entries: Vec<_> =
                records.iter().map(|record| LogEntry { bytes: &[], leaf, record: record.as_ref() }).collect();
            let emptied = (0..).zip(times).filter(|(_, trusted)| trusted.is_none()).map(|(at, _)| at).collect();
            let found = unaccounted(&entries, &emptied, |_| 10, &destroyed).unwrap();
            found.into_iter().collect::<Vec<u64>>()
        };
        assert_eq!(found(&[Some(90), None, None, Some(210), None, Some(300)]), [4]);
        assert!(found(&[Some(150), None, Some(160)]).is_empty(), "another class of that month is there still");
        assert_eq!(found(&[Some(205), None, Some(208), None, Some(220), None]), [5], "some came late");
        assert_eq!(found(&[Some(90), None, Some(95)]), [1]);
        assert_eq!(found(&[None, Some(300), None]), [2], "the first may be as old as the log");
        assert!(found(&[Some(90), None]).is_empty());
    }

    #[test]
    fn destroyed_records_of_two_terminals_that_lie_among_each_other_account_for_both() {
        let office = sekisho_wire::id::OfficeId([1; 16]);
        let record = |(terminal, seq): (&str, u64)| {
            let terminal = sekisho_wire::id::Code::new(terminal).unwrap();
            crate::terminal_word::tests::a_record(&terminal, office, seq, Body::TerminalDown)
        };
        let (a, b) = (|seq| Some(("a", seq)), |seq| Some(("b", seq)));
        let records = [a(0), b(0), None, None, b(2), None, a(3)].map(|of| of.map(record));
        let leaf = sekisho_tlog::Hash([0; 32]);
        let entries: Vec<_> =
            records.iter().map(|record| LogEntry { bytes: &[], leaf, record: record.as_ref() }).collect();
        let hole = |terminal: &str, from, to| Hole { terminal: terminal.into(), epoch: 0, range: (from, to) };
        let mut holes = vec![hole("a", 1, 2), hole("b", 1, 1)];
        fill_by_destroyed(&mut holes, &entries, &BTreeSet::from([2, 3, 5]), &|_, _| true).unwrap();
        assert_eq!(holes, []);
    }

    #[test]
    fn what_is_left_out_of_one_history_is_not_hidden_by_the_other_one() {
        let (seen, carried) = ([0, 1, 2, 3, 4, 5, 6, 7, 8], BTreeSet::from([3, 6, 8]));
        let history = || ("jumin-1".to_owned(), 0);
        let holes = |seen: &[u64], left_behind: &[(u64, u64)]| {
            let seqs = Seqs {
                seen: BTreeMap::from([(history(), seen.iter().copied().collect())]),
                carried: BTreeMap::from([(history(), BTreeMap::from([(1, carried.clone())]))]),
                left_behind: BTreeMap::from([(history(), left_behind.to_vec())]),
                ..Seqs::default()
            };
            seqs.holes().into_iter().map(|hole| hole.range).collect::<Vec<_>>()
        };
        assert_eq!(holes(&seen, &[]), [(4, 5), (7, 7)]);
        assert_eq!(holes(&seen, &[(7, 7)]), [(4, 5)]);
        // What neither has is said once.
        assert_eq!(holes(&[0, 1, 2, 3, 6, 8], &[]), [(4, 5), (7, 7)]);
        assert_eq!(holes(&[0, 1, 2, 3, 4, 6, 7, 8], &[]), [(5, 5), (4, 4), (7, 7)]);
    }
}
