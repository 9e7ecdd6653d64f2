//! State with dates (§R4.5): pairs (effective, value) in log order. Every "as of" question is answered here.

use alloc::vec::Vec;

/// One value, from when it holds, and the act that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// Index in the register log of the act that wrote it.
    pub index: u64,
    /// From when it holds, ms since 1970 UTC.
    pub effective: u64,
    /// The value.
    pub value: T,
}

/// Values in log order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline<T> {
    entries: Vec<Dated<T>>,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Timeline<T> {
    /// The value in force at `t`: of all that are effective by then, the last in log order.
    #[must_use]
    pub fn at(&self, t: u64) -> Option<&T> {
        self.dated_at(t).map(|dated| &dated.value)
    }

    /// As [`Self::at`], with the date and the act.
    #[must_use]
    pub fn dated_at(&self, t: u64) -> Option<&Dated<T>> {
        self.entries.iter().rev().find(|entry| entry.effective <= t)
    }

    /// The newest value in log order, whatever its date.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.entries.last().map(|entry| &entry.value)
    }

    /// All entries in log order.
    pub fn iter(&self) -> core::slice::Iter<'_, Dated<T>> {
        self.entries.iter()
    }

    /// Whether nothing has ever been said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn push(&mut self, index: u64, effective: u64, value: T) {
        self.entries.push(Dated { index, effective, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_entry_wins_from_its_date_on() {
        let mut timeline = Timeline::default();
        timeline.push(0, 10, 'a');
        timeline.push(1, 30, 'b');
        timeline.push(2, 20, 'c');
        assert_eq!(timeline.at(9), None);
        assert_eq!(timeline.at(10), Some(&'a'));
        assert_eq!(timeline.at(20), Some(&'c'));
        // 'b' was announced for 30 before somebody decided 'c': the later word holds.
        assert_eq!(timeline.at(30), Some(&'c'));
        assert_eq!(timeline.dated_at(15).map(|dated| dated.index), Some(0));
        assert_eq!(timeline.last(), Some(&'c'));
    }
}
