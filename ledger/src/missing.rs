//! Which records are missing: what terminals declared lost, and what they have shown to be somewhere and not here, held against what is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Body, Emitter, Lost, Record};

use crate::index::{Question, Unshown};
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::refusal::Refusal;
use crate::store::{EmitterName, StoreError};

/// Records of one history that are not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The terminal.
    pub terminal: String,
    /// Its epoch.
    pub epoch: u32,
    /// The first seq that is missing,
    pub from: u64,
    /// and the last; nothing when nobody knows how many there were.
    pub to: Option<u64>,
    /// Index of the record that declares them lost; nothing where they may still come.
    pub said: Option<u64>,
}

/// What is missing in an office.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllMissing {
    /// Each range: those that may still come, then those that were declared lost, the newest word first.
    pub ranges: Vec<Missing>,
    /// There are more declarations than are looked at: the oldest are left out; or more carried records: some of what is called missing may be here.
    pub is_cut: bool,
    /// What is here and cannot be shown.
    pub unshown: Unshown,
}

/// What each `lost` record comes to, by its index; offices apart, for what one asks takes reading, and another does not wait for it. What a record
/// declares is settled when it is stored, for nothing is ever added behind it (wire §7.2a, §7.4), but for what is carried into a later epoch (§7.5b).
#[derive(Debug, Default)]
pub(crate) struct Declared(Mutex<HashMap<OfficeId, Arc<Mutex<Known>>>>);

type Known = BTreeMap<u64, Option<Missing>>;

impl Ledger {
    /// What is missing in an office, as far as anybody has said or shown.
    ///
    /// # Errors
    /// When store or index fails.
    pub fn missing(&self, office: &OfficeId) -> Result<AllMissing, Refusal> {
        let mut awaited = self.awaited(office)?;
        let known = Arc::clone(lock(&self.declared.0).entry(*office).or_default());
        let mut known = lock(&known);
        let (mut before, mut before_then) = (None, u64::MAX);
        let mut all = Declarations::default();
        for _ in 0..PAGES_MAX {
            let question = Question { kind: Some(LOST_KIND), before, limit: PAGE, ..Question::default() };
            let page = self.index.find(office, &question)?;
            // The index forgets what was destroyed; so does this.
            let last = if page.len() < PAGE as usize { 0 } else { page.last().copied().unwrap_or(0) };
            known.retain(|index, _| {
                !(last..before_then).contains(index) || page.binary_search_by(|other| index.cmp(other)).is_ok()
            });
            for index in page {
                let missing = match known.get(&index) {
                    Some(missing) => missing.clone(),
                    None => match self.declared_by(office, index) {
                        Ok(missing) => known.entry(index).or_insert(missing).clone(),
                        // One record that cannot be read must not hide the others.
                        Err(refusal) => {
                            log::error!(
                                "what record {index} of office {office} declares lost cannot be told: {refusal}"
                            );
                            None
                        }
                    },
                };
                missing.into_iter().for_each(|missing| all.add(missing));
            }
            (before, before_then) = (Some(last), last);
            if last == 0 {
                break;
            }
        }
        drop(known);
        let mut is_cut = all.is_cut || before_then > 0;
        // What was declared lost is not awaited any more.
        awaited.retain(|range| !all.cover(range));
        // What was carried into a later epoch is here.
        let mut carried: BTreeMap<(String, u32), Vec<(u64, u64)>> = BTreeMap::new();
        // And no terminal has so much told of it that an answer holds nothing else.
        let mut told_of: HashMap<String, usize> = HashMap::new();
        let mut left = Vec::new();
        for range in awaited.into_iter().chain(all.ranges) {
            let of = (range.terminal.clone(), range.epoch);
            if !carried.contains_key(&of) {
                let (known, all) = self.index.carried_of(office, &of.0, of.1)?;
                is_cut |= !all;
                carried.insert(of.clone(), known);
            }
            let told = told_of.entry(of.0.clone()).or_insert(0_usize);
            let (pieces, all) = without(range, &carried[&of], DECLARED_MAX.saturating_sub(*told));
            is_cut |= !all;
            *told += pieces.len();
            left.extend(pieces);
        }
        Ok(AllMissing { ranges: left, is_cut, unshown: self.index.unshown(office)? })
    }

    /// What terminals have shown to be missing, and have neither brought nor declared lost.
    fn awaited(&self, office: &OfficeId) -> Result<Vec<Missing>, StoreError> {
        let mut awaited = Vec::new();
        for (terminal, epoch, first) in self.heard.all_gaps(office) {
            let from = self.next_of(office, &terminal, epoch)?;
            if let Some(to) = first.checked_sub(1).filter(|to| *to >= from) {
                awaited.push(Missing { terminal: terminal.to_string(), epoch, from, to: Some(to), said: None });
            }
        }
        Ok(awaited)
    }

    fn next_of(&self, office: &OfficeId, terminal: &Code, epoch: u32) -> Result<u64, StoreError> {
        let cursor = self.store.cursor(office, &EmitterName::Terminal(terminal.clone()), epoch)?;
        Ok(cursor.map_or(0, |cursor| cursor.next))
    }

    /// What of the range that this record declares lost is not here.
    fn declared_by(&self, office: &OfficeId, index: u64) -> Result<Option<Missing>, Refusal> {
        let record = Record::decode(&self.record_bytes(office, index)?).ok();
        let Some(Record { emitter: Emitter::Terminal(terminal), epoch: own, seq, body: Body::Lost(lost), .. }) = record
        else {
            return Ok(None);
        };
        let is_carried = self.index.carried_among(office, &[index])?.contains_key(&index);
        let missing = |epoch, from, to| {
            let terminal = terminal.to_string();
            Some(Missing { terminal, epoch, from, to, said: Some(index) })
        };
        let Some(epoch) = lost.epoch else {
            // A hole is where the batch that declares it begins right behind it, and nothing stands in it (wire §7.2a).
            // Carried, it closes no hole, and says all the same that nobody has what its own epoch lacks there.
            if is_carried {
                let from = self.next_of(office, &terminal, own)?.max(lost.from);
                return Ok(missing(own, from, Some(lost.to)).filter(|_| from <= lost.to));
            }
            let after = self.store.batches(office, &terminal, own, lost.from, 1)?;
            let begins = after.first().is_some_and(|batch| batch.first == seq && lost.to.checked_add(1) == Some(seq));
            return Ok(missing(own, lost.from, Some(lost.to)).filter(|_| begins));
        };
        // What an epoch leaves behind begins where the ledger's own knowledge of it ends (wire §7.2b).
        let from = self.next_of(office, &terminal, epoch)?;
        let to = (lost.to != Lost::REST).then_some(lost.to);
        Ok(missing(epoch, from, to).filter(|_| from <= lost.to))
    }
}

/// A range without these seqs, which ascend; at most so many pieces, and whether these are all: else the last goes on to the range's end.
fn without(range: Missing, carried: &[(u64, u64)], most: usize) -> (Vec<Missing>, bool) {
    let (mut left, mut from) = (Vec::new(), Some(range.from));
    if most == 0 {
        return (left, false);
    }
    for (first, last) in carried {
        let Some(begin) = from.filter(|begin| begin <= last && range.to.is_none_or(|to| *first <= to)) else {
            continue;
        };
        if begin < *first {
            if left.len() + 1 == most {
                left.push(Missing { from: begin, ..range });
                return (left, false);
            }
            left.push(Missing { from: begin, to: Some(first - 1), ..range.clone() });
        }
        from = last.checked_add(1);
    }
    let rest = from.filter(|from| range.to.is_none_or(|to| *from <= to));
    left.extend(rest.map(|from| Missing { from, ..range }));
    (left, true)
}

/// What was declared, the newest word first.
#[derive(Debug, Default)]
struct Declarations {
    ranges: Vec<Missing>,
    /// By terminal and epoch.
    by_history: HashMap<(String, u32), Vec<(u64, u64)>>,
    by_terminal: HashMap<String, usize>,
    is_cut: bool,
}

impl Declarations {
    /// What an epoch left behind is told once, by the newest word; and no terminal says so much that others are not heard.
    fn add(&mut self, missing: Missing) {
        let history = self.by_history.entry((missing.terminal.clone(), missing.epoch)).or_default();
        let range = (missing.from, missing.to.unwrap_or(u64::MAX));
        if history.contains(&range) {
            return;
        }
        let count = self.by_terminal.entry(missing.terminal.clone()).or_default();
        if *count >= DECLARED_MAX {
            self.is_cut = true;
            return;
        }
        *count += 1;
        history.push(range);
        self.ranges.push(missing);
    }

    fn cover(&self, awaited: &Missing) -> bool {
        let history = self.by_history.get(&(awaited.terminal.clone(), awaited.epoch));
        let to = awaited.to.unwrap_or(u64::MAX);
        history.is_some_and(|ranges| ranges.iter().any(|range| range.0 <= awaited.from && to <= range.1))
    }
}

/// The number of the kind `lost` (wire §4.1).
const LOST_KIND: u16 = 15;
/// Most ranges of one terminal that an answer names. It declares one after a disaster.
const DECLARED_MAX: usize = 100;
/// Declarations that are looked at: a hundred thousand.
const PAGE: u32 = 1000;
const PAGES_MAX: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_declares_much_hides_no_other() {
        let mut all = Declarations::default();
        let range = |terminal: &str, from| Missing {
            terminal: terminal.into(),
            epoch: 0,
            from,
            to: Some(from),
            said: Some(from),
        };
        (0..500).for_each(|from| all.add(range("greedy", from * 2)));
        all.add(range("jumin-1", 4));
        all.add(Missing { said: Some(3), ..range("jumin-1", 4) });
        assert_eq!((all.ranges.len(), all.is_cut), (DECLARED_MAX + 1, true));
        assert_eq!(all.ranges.last().map(|last| last.said), Some(Some(4)), "the newest word alone");
        assert!(all.cover(&Missing { said: None, ..range("jumin-1", 4) }) && !all.cover(&range("jumin-1", 5)));
        assert!(!all.cover(&Missing { epoch: 1, ..range("jumin-1", 4) }));
    }

    #[test]
    fn what_was_carried_is_not_missing() {
        let left = |to, carried: &[(u64, u64)]| {
            let range = Missing { terminal: "jumin-1".into(), epoch: 0, from: 4, to, said: None };
            without(range, carried, 100).0.into_iter().map(|left| (left.from, left.to)).collect::<Vec<_>>()
        };
        assert_eq!(left(Some(9), &[]), [(4, Some(9))]);
        assert_eq!(left(Some(9), &[(0, 3), (10, 12)]), [(4, Some(9))]);
        assert_eq!(left(Some(9), &[(2, 5), (7, 7)]), [(6, Some(6)), (8, Some(9))]);
        assert_eq!(left(Some(9), &[(4, 20)]), []);
        assert_eq!(left(None, &[(6, 8)]), [(4, Some(5)), (9, None)]);
        assert_eq!(left(None, &[(0, u64::MAX)]), []);
        // Whoever carries every other record does not fill the answer with the rest.
        let holes: Vec<(u64, u64)> = (0..60_000).map(|at| (at * 2, at * 2)).collect();
        let range = Missing { terminal: "jumin-1".into(), epoch: 0, from: 0, to: None, said: None };
        let (pieces, all) = without(range.clone(), &holes, 3);
        let told: Vec<_> = pieces.iter().map(|piece| (piece.from, piece.to)).collect();
        assert_eq!((told, all), (vec![(1, Some(1)), (3, Some(3)), (5, None)], false));
        assert_eq!(without(range, &holes, 0), (Vec::new(), false));
    }
}
