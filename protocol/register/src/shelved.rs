//! A map in shelves of neighbouring keys. A copy shares each shelf with what it was copied from until one of the two writes to it.
//!
//! The ledger folds each entry of a casebook on a copy, for the act may still fail to reach the disk: a copy of everything for each entry would cost
//! the square of the entries.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::RangeInclusive;

use sekisho_wire::id::{Hash, Numbered};

use crate::change::CaseId;

/// A key that says on which shelf it lies.
pub(crate) trait OnShelf: Ord + Clone {
    /// The first key that could lie there: a later key never lies on an earlier shelf.
    fn shelf(&self) -> Self;
}

impl OnShelf for Hash {
    /// 256 shelves.
    fn shelf(&self) -> Self {
        let mut first = Self([0; 32]);
        first.0[0] = self.0[0];
        first
    }
}

impl OnShelf for CaseId {
    /// 256 cases on each.
    fn shelf(&self) -> Self {
        let Numbered { fiscal_year, number } = self.number;
        Self { form: self.form, number: Numbered { fiscal_year, number: number & !0xff } }
    }
}

/// As a `BTreeMap`, whose copies share what neither has written since.
#[derive(Clone, Debug)]
pub(crate) struct Shelved<K, V> {
    shelves: BTreeMap<K, Arc<BTreeMap<K, V>>>,
}

impl<K, V> Default for Shelved<K, V> {
    fn default() -> Self {
        Self { shelves: BTreeMap::new() }
    }
}

impl<K: OnShelf, V: Clone> Shelved<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.shelves.get(&key.shelf())?.get(key)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        Arc::make_mut(self.shelves.get_mut(&key.shelf())?).get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        Arc::make_mut(self.shelves.entry(key.shelf()).or_default()).insert(key, value);
    }

    /// All of them, in the order of the keys.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.shelves.values().flat_map(|shelf| shelf.iter())
    }

    /// Those with keys in this range, in their order.
    pub(crate) fn range(&self, keys: RangeInclusive<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let shelves = self.shelves.range(keys.start().shelf()..=keys.end().shelf());
        shelves.flat_map(move |(_, shelf)| shelf.range(keys.clone()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::forms::Form;

    fn case(fiscal_year: u16, number: u32) -> CaseId {
        CaseId { form: Form::Incident, number: Numbered { fiscal_year, number } }
    }

    #[test]
    fn it_holds_what_a_plain_map_holds_in_the_same_order() {
        let (mut shelved, mut plain) = (Shelved::default(), BTreeMap::new());
        for step in 0..4_000_u32 {
            let key = case(2026 + (step % 3) as u16, step.wrapping_mul(2_654_435_761) % 2_000);
            shelved.insert(key, step);
            plain.insert(key, step);
            if let Some(value) = shelved.get_mut(&case(2026, step % 2_000)) {
                *value += 1;
            }
            if let Some(value) = plain.get_mut(&case(2026, step % 2_000)) {
                *value += 1;
            }
        }
        assert!(shelved.iter().eq(plain.iter()));
        for (from, to) in [(0, 0), (0, u32::MAX), (255, 256), (256, 511), (700, 1_900)] {
            let keys = || case(2027, from)..=case(2027, to);
            assert!(shelved.range(keys()).eq(plain.range(keys())), "{from} to {to}");
            assert_eq!(shelved.range(keys()).next_back(), plain.range(keys()).next_back());
        }
        for number in 0..2_000 {
            assert_eq!(shelved.get(&case(2028, number)), plain.get(&case(2028, number)));
            assert!(!shelved.contains_key(&case(2029, number)));
        }
    }

    #[test]
    fn a_copy_shares_every_shelf_but_the_one_that_was_written() {
        let mut first = Shelved::default();
        (0..10_000).for_each(|number| first.insert(case(2026, number), number));
        let mut copy = first.clone();
        copy.insert(case(2026, 10_000), 7);
        *copy.get_mut(&case(2026, 300)).expect("it was put there") = 8;
        let shared = first.shelves.iter().filter(|(key, shelf)| Arc::ptr_eq(shelf, &copy.shelves[key]));
        assert_eq!((first.shelves.len(), shared.count()), (40, 38));
        assert_eq!((first.get(&case(2026, 300)), copy.get(&case(2026, 300))), (Some(&300), Some(&8)));
        assert_eq!((first.get(&case(2026, 10_000)), copy.get(&case(2026, 10_000))), (None, Some(&7)));
    }

    #[test]
    fn no_key_lies_on_a_shelf_before_that_of_a_smaller_one() {
        let hashes: Vec<Hash> = (0..=255).map(|first| Hash([first; 32])).collect();
        assert!(hashes.is_sorted_by_key(Hash::shelf) && hashes.iter().all(|hash| hash.shelf() <= *hash));
        let cases = [case(2026, 0), case(2026, 255), case(2026, 256), case(2026, u32::MAX), case(2027, 0)];
        assert!(cases.is_sorted() && cases.is_sorted_by_key(CaseId::shelf));
        assert!(cases.iter().all(|id| id.shelf() <= *id));
    }
}
