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

/// How many degrees of strictness there are.
const RANKS: usize = 3;

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
    /// The value in force at `t`: of all that are effective by then the one with the latest date, and of one date the last in log order.
    #[must_use]
    pub fn at(&self, t: u64) -> Option<&T> {
        self.dated_at(t).map(|dated| &dated.value)
    }

    /// As [`Self::at`], with the date and the act.
    #[must_use]
    pub fn dated_at(&self, t: u64) -> Option<&Dated<T>> {
        self.entries.iter().filter(|entry| entry.effective <= t).max_by_key(|entry| entry.effective)
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

    /// From when each entry holds, in log order.
    pub(crate) fn dates(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|entry| entry.effective)
    }

    /// Whether nothing has ever been said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value in force at `t` where some are stricter than others (§R4.6): a later word cancels an earlier one whose date is not
    /// later, unless the earlier one is stricter and the later one only restricts too; of what is left the strictest holds.
    pub(crate) fn strictest_at(&self, t: u64, rank: impl Fn(&T) -> usize) -> Option<&T> {
        self.strictest_dated_at(t, rank).map(|dated| &dated.value)
    }

    /// As [`Self::strictest_at`], with the date and the act.
    pub(crate) fn strictest_dated_at(&self, t: u64, rank: impl Fn(&T) -> usize) -> Option<&Dated<T>> {
        // Latest date of a later word, by its rank.
        let mut cancels: [Option<u64>; RANKS] = [None; RANKS];
        let mut strictest: Option<(usize, &Dated<T>)> = None;
        for entry in self.entries.iter().rev().filter(|entry| entry.effective <= t) {
            let own = rank(&entry.value).min(RANKS - 1);
            let reaches = |date: &Option<u64>| date.is_some_and(|date| date >= entry.effective);
            if !reaches(&cancels[0])
                && !cancels[own..].iter().any(reaches)
                && strictest.is_none_or(|(rank, _)| own > rank)
            {
                strictest = Some((own, entry));
            }
            cancels[own] = cancels[own].max(Some(entry.effective));
        }
        strictest.map(|(_, entry)| entry)
    }

    /// The period that holds at `t` (§R4.7): the later word holds within its own period, an earlier one only if it was to begin when
    /// all later ones have ended. `span` is from when until when a word was said to hold, whatever its act made of that; nothing for a
    /// word that takes everything earlier away.
    pub(crate) fn period_at(&self, t: u64, span: impl Fn(&T) -> Option<(u64, u64)>) -> Option<&T> {
        let mut ended = 0;
        for entry in self.entries.iter().rev().filter(|entry| entry.effective <= t) {
            let (from, to) = span(&entry.value)?;
            if from >= ended && t < to {
                return Some(&entry.value);
            }
            // Also by a word that was replaced itself: shortening the one must not bring back what the other had taken away.
            ended = ended.max(to);
        }
        None
    }

    /// Whether anything has begun by `t`.
    pub(crate) fn has_begun(&self, t: u64) -> bool {
        self.entries.iter().any(|entry| entry.effective <= t)
    }

    pub(crate) fn push(&mut self, index: u64, effective: u64, value: T) {
        self.entries.push(Dated { index, effective, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_date_holds_and_on_one_date_the_later_word() {
        let mut timeline = Timeline::default();
        timeline.push(0, 10, 'a');
        timeline.push(1, 30, 'b');
        timeline.push(2, 20, 'x');
        timeline.push(3, 20, 'c');
        assert_eq!(timeline.at(9), None);
        assert_eq!(timeline.at(10), Some(&'a'));
        assert_eq!(timeline.at(20), Some(&'c'));
        // 'b' was announced for 30 before somebody decided 'c' for the time until then.
        assert_eq!(timeline.at(30), Some(&'b'));
        assert_eq!(timeline.dated_at(15).map(|dated| dated.index), Some(0));
        assert_eq!(timeline.last(), Some(&'c'));
    }

    #[test]
    fn what_restricts_outlives_a_lift_that_was_meant_for_something_else() {
        let state = |pairs: &[(u64, usize)], t| {
            let mut timeline = Timeline::default();
            pairs.iter().for_each(|(date, rank)| timeline.push(0, *date, *rank));
            timeline.strictest_at(t, |rank| *rank).copied()
        };
        // An end announced for 30; a block at 10, lifted at 10: the end still comes.
        let ended = [(30, 2), (10, 1), (10, 0)];
        assert_eq!((state(&ended, 9), state(&ended, 10), state(&ended, 30)), (None, Some(0), Some(2)));
        // A restoration announced for 30 does not lift a block decided after it.
        assert_eq!(state(&[(30, 0), (10, 1)], 30), Some(1));
        // A block does not soften an end; a restoration after both lifts both.
        assert_eq!(state(&[(10, 2), (10, 1)], 10), Some(2));
        assert_eq!(state(&[(10, 2), (10, 1), (10, 0)], 10), Some(0));
    }

    #[test]
    fn a_later_period_replaces_an_earlier_one_but_not_what_begins_after_it() {
        let held = |periods: &[(u64, Option<u64>)], t| {
            let mut timeline = Timeline::default();
            periods.iter().for_each(|(from, to)| timeline.push(0, *from, (*from, *to)));
            timeline.period_at(t, |(from, to)| to.map(|to| (*from, to))).map(|(from, _)| *from)
        };
        let amended = [(10, Some(100)), (100, Some(200)), (20, Some(100))];
        assert_eq!(
            [5, 10, 20, 99, 100, 200].map(|t| held(&amended, t)),
            [None, Some(10), Some(20), Some(20), Some(100), None]
        );
        let shortened = [(10, Some(100)), (20, Some(30))];
        assert_eq!([25, 30, 99].map(|t| held(&shortened, t)), [Some(20), None, None]);
        let withdrawn = [(10, Some(100)), (100, Some(200)), (20, None)];
        assert_eq!([15, 20, 150].map(|t| held(&withdrawn, t)), [Some(10), None, None]);
        let given_after_it = [(10, Some(100)), (100, Some(200)), (20, None), (30, Some(40))];
        assert_eq!([35, 40, 150].map(|t| held(&given_after_it, t)), [Some(30), None, None]);
    }
}
