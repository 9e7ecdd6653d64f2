//! Which records are missing: what terminals declared lost, and what they have shown to be somewhere and not here, held against what is stored.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Body, Emitter, Lost, Record};

use crate::index::Question;
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
}

/// What each `lost` record comes to, by its index. What it declares is settled when it is stored, for nothing is ever added behind it (wire §7.2a,
/// §7.4), but for what is carried into a later epoch (§7.5b).
#[derive(Debug, Default)]
pub(crate) struct Declared(Mutex<HashMap<OfficeId, BTreeMap<u64, Option<Missing>>>>);

impl Ledger {
    /// What is missing in an office, as far as anybody has said or shown.
    ///
    /// # Errors
    /// When store or index fails.
    pub fn missing(&self, office: &OfficeId) -> Result<AllMissing, Refusal> {
        let mut ranges = self.awaited(office)?;
        let question = Question { kind: Some(LOST_KIND), limit: DECLARED_MAX + 1, ..Question::default() };
        let mut said = self.index.find(office, &question)?;
        let mut is_cut = said.len() > DECLARED_MAX as usize;
        said.truncate(DECLARED_MAX as usize);
        let mut offices = lock(&self.declared.0);
        let known = offices.entry(*office).or_default();
        // The index forgets what was destroyed; so does this.
        known.retain(|index, _| said.binary_search_by(|other| index.cmp(other)).is_ok());
        for index in said {
            let missing = match known.get(&index) {
                Some(missing) => missing.clone(),
                None => match self.declared_by(office, index) {
                    Ok(missing) => known.entry(index).or_insert(missing).clone(),
                    // One record that cannot be read must not hide the others.
                    Err(refusal) => {
                        log::error!("what record {index} of office {office} declares lost cannot be told: {refusal}");
                        None
                    }
                },
            };
            let Some(missing) = missing else { continue };
            // What an epoch left behind is told once, by the newest word; and what was declared lost is not awaited any more.
            let is_of = |other: &Missing| (&other.terminal, other.epoch) == (&missing.terminal, missing.epoch);
            let again = |other: &Missing| is_of(other) && (other.from, other.to) == (missing.from, missing.to);
            if ranges.iter().any(|other| other.said.is_some() && again(other)) {
                continue;
            }
            let declared = missing.to.unwrap_or(u64::MAX);
            ranges.retain(|other| {
                other.said.is_some() || !is_of(other) || other.from < missing.from || other.to > Some(declared)
            });
            ranges.push(missing);
        }
        drop(offices);
        // What was carried into a later epoch is here.
        let mut carried: BTreeMap<(String, u32), Vec<(u64, u64)>> = BTreeMap::new();
        let mut left = Vec::new();
        for range in ranges {
            let of = (range.terminal.clone(), range.epoch);
            if !carried.contains_key(&of) {
                let (known, all) = self.index.carried_of(office, &of.0, of.1)?;
                is_cut |= !all;
                carried.insert(of.clone(), known);
            }
            left.extend(without(range, &carried[&of]));
        }
        Ok(AllMissing { ranges: left, is_cut })
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

/// A range without these seqs, which ascend.
fn without(range: Missing, carried: &[(u64, u64)]) -> Vec<Missing> {
    let (mut left, mut from) = (Vec::new(), Some(range.from));
    for (first, last) in carried {
        let Some(begin) = from.filter(|begin| begin <= last && range.to.is_none_or(|to| *first <= to)) else {
            continue;
        };
        if begin < *first {
            left.push(Missing { from: begin, to: Some(first - 1), ..range.clone() });
        }
        from = last.checked_add(1);
    }
    let rest = from.filter(|from| range.to.is_none_or(|to| *from <= to));
    left.extend(rest.map(|from| Missing { from, ..range.clone() }));
    left
}

/// The number of the kind `lost` (wire §4.1).
pub(crate) const LOST_KIND: u16 = 15;
/// Most declarations that an answer looks at. A terminal declares one after a disaster.
const DECLARED_MAX: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_carried_is_not_missing() {
        let left = |to, carried: &[(u64, u64)]| {
            let range = Missing { terminal: "jumin-1".into(), epoch: 0, from: 4, to, said: None };
            without(range, carried).into_iter().map(|left| (left.from, left.to)).collect::<Vec<_>>()
        };
        assert_eq!(left(Some(9), &[]), [(4, Some(9))]);
        assert_eq!(left(Some(9), &[(0, 3), (10, 12)]), [(4, Some(9))]);
        assert_eq!(left(Some(9), &[(2, 5), (7, 7)]), [(6, Some(6)), (8, Some(9))]);
        assert_eq!(left(Some(9), &[(4, 20)]), []);
        assert_eq!(left(None, &[(6, 8)]), [(4, Some(5)), (9, None)]);
        assert_eq!(left(None, &[(0, u64::MAX)]), []);
    }
}
