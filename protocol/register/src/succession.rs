//! Logs that went on in place of one that had lost something, and what that means for the numbers of incidents (§R4.14).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::Hash;

use crate::act::ACT_MAX;
use crate::calendar::fiscal_year;
use crate::change::SucceedLog;
use crate::fold::{MADE_AHEAD_MS, MADE_BEHIND_MS};

/// A log that went on, as the act said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    /// Entries that it began with.
    pub kept_size: u64,
    /// Their root.
    pub kept_root: Hash,
    /// Entries of the one before it that were signed, as far as anybody had shown.
    pub signed_size: u64,
    /// When that was decided.
    pub decided: u64,
}

/// After a casebook was lost, numbers of incidents go on from a multiple of this: whoever reads one sees it.
const BLOCK: u64 = 10_000;
/// An incident takes no fewer bytes of an act.
const INCIDENT_BYTES: u64 = 12;
/// For more entries than these nothing more is left out: so many numbers are enough for as many entries of one incident each, as terminals sign them.
const LOST_MOST: u64 = 10_000;

impl Succession {
    pub(crate) const fn of(change: &SucceedLog, decided: u64) -> Self {
        let SucceedLog { kept_size, kept_root, signed_size, .. } = *change;
        Self { kept_size, kept_root, signed_size, decided }
    }

    /// The last number that is left out, where `last` was the last one that is known to have been given.
    ///
    /// Of the log before it `begins` entries are left by now: a later one may have kept less than this one.
    fn left_out(&self, last: u32, begins: u64) -> u32 {
        let lost = self.signed_size.saturating_sub(begins).min(LOST_MOST);
        let given = u64::from(last) + lost * (ACT_MAX as u64 / INCIDENT_BYTES);
        // At least one block, also where nobody knows that anything was lost: somebody may have been told a number and have shown nothing.
        u32::try_from((given / BLOCK + 1) * BLOCK).unwrap_or(u32::MAX)
    }

    /// The fiscal years in which what was lost may have been given a number and what comes still can: the one of the act, and the one before it
    /// where clocks differ on the first of April.
    fn years(&self) -> [u16; 2] {
        let newest = fiscal_year(self.decided.saturating_add(MADE_BEHIND_MS + MADE_AHEAD_MS));
        [newest.saturating_sub(1), newest]
    }
}

/// The successions of a casebook that are still to come while it is folded, and the numbers that those before left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Successions {
    /// At which size each begins, the next one last.
    coming: Vec<(u64, Succession)>,
    /// The last number that is left out, by fiscal year.
    left_out: BTreeMap<u16, u32>,
}

impl Successions {
    pub(crate) fn of(successions: &[Succession]) -> Self {
        // One that kept less than an earlier one took away what that began with.
        let mut begins = u64::MAX;
        let coming = successions.iter().rev().map(|succession| {
            begins = begins.min(succession.kept_size);
            (begins, *succession)
        });
        Self { coming: coming.collect(), left_out: BTreeMap::new() }
    }

    /// The casebook has come to this size; `last` gives the last number that a fiscal year has.
    pub(crate) fn reach(&mut self, size: u64, last: impl Fn(u16) -> u32) {
        while let Some((begins, succession)) = self.coming.pop_if(|(begins, _)| *begins <= size) {
            for year in succession.years() {
                let before = last(year).max(self.left_out(year));
                self.left_out.insert(year, succession.left_out(before, begins));
            }
        }
    }

    /// The last number of this fiscal year that nobody is given; 0 where none is left out.
    pub(crate) fn left_out(&self, year: u16) -> u32 {
        self.left_out.get(&year).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn succession(kept_size: u64, signed_size: u64) -> Succession {
        Succession { kept_size, kept_root: Hash([0; 32]), signed_size, decided: 1_780_000_000_000 }
    }

    #[test]
    fn no_number_that_a_lost_act_can_have_been_given_is_given_again() {
        for (last, lost, left_out) in [
            (0, 0, 10_000),
            (9_999, 0, 10_000),
            (10_000, 0, 20_000),
            (3, 1, 10_000),
            (3, 2, 20_000),
            (0, u64::MAX, 54_620_000),
            (u32::MAX, u64::MAX, u32::MAX),
        ] {
            assert_eq!(succession(0, lost).left_out(last, 0), left_out, "{last} {lost}");
        }
    }

    #[test]
    fn one_that_kept_less_takes_away_what_an_earlier_one_began_with() {
        let mut successions = Successions::of(&[succession(5, 6), succession(3, 7), succession(8, 8)]);
        successions.reach(2, |_| 2);
        assert_eq!(successions.left_out(2026), 0);
        successions.reach(3, |_| 3);
        assert_eq!(
            successions.left_out(2026),
            50_000,
            "of both: the first left out twenty thousand, for what it kept is lost as well, the second three more"
        );
        successions.reach(7, |_| 50_004);
        assert_eq!(successions.left_out(2026), 50_000);
        successions.reach(8, |_| 50_005);
        assert_eq!((successions.left_out(2026), successions.left_out(2027)), (60_000, 0));
    }
}
