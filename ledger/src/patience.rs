//! For how long whoever is sent away is told to stay away: as long as what waits takes, and not all until the same second.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sekisho_wire::id::OfficeId;

use crate::clock::Millis;
use crate::line::ahead;
use crate::locks::lock;
use crate::random;
use crate::writer::GROUP_MAX;

/// Counts who was sent away lately, by office: they wait as well, elsewhere, and come back.
#[derive(Debug, Default)]
pub(crate) struct Patience(Mutex<HashMap<Option<OfficeId>, SentAway>>);

#[derive(Clone, Copy, Debug, Default)]
struct SentAway {
    /// Which stretch of time is being counted.
    stretch: u64,
    /// In that stretch, and in the one before.
    counts: [usize; 2],
}

impl Patience {
    /// Sends one more away, while so many wait here before him and one commit takes so long: the value of his `Retry-After`. He waits behind those of the
    /// first office, and counts as one of the second.
    pub(crate) fn send_away(
        &self,
        (office, counts_for): (Option<OfficeId>, Option<OfficeId>),
        now: Millis,
        waiting: usize,
        commit: Duration,
    ) -> u64 {
        let mut offices = lock(&self.0);
        let counts: Vec<_> = offices.iter_mut().map(|(office, away)| (*office, away.lately(now))).collect();
        offices.entry(counts_for).or_default().one_more(now);
        drop(offices);
        let ahead = u64::try_from(waiting.saturating_add(ahead(counts.iter().copied(), office))).unwrap_or(u64::MAX);
        seconds(ahead, commit, u16::from_be_bytes(random::bytes()))
    }
}

impl SentAway {
    fn one_more(&mut self, now: Millis) {
        self.lately(now);
        self.counts[0] = self.counts[0].saturating_add(1);
    }

    /// How many it were lately.
    fn lately(&mut self, now: Millis) -> usize {
        let stretch = now / STRETCH;
        self.counts = match stretch.saturating_sub(self.stretch) {
            0 => self.counts,
            1 => [0, self.counts[0]],
            _ => [0, 0],
        };
        self.stretch = self.stretch.max(stretch);
        self.counts[0].saturating_add(self.counts[1])
    }
}

/// Where nothing is known of what waits: the shortest time.
pub(crate) fn shortest() -> u64 {
    seconds(0, Duration::ZERO, u16::from_be_bytes(random::bytes()))
}

/// Whole seconds (RFC 9110, 10.2.3): at least as many as all who are ahead take in commits of [`GROUP_MAX`], at most twice as many, which of them
/// by chance. A minute or two at the most: a terminal that comes in vain costs less than one that stays away from a ledger that is at rest again.
fn seconds(ahead: u64, commit: Duration, random: u16) -> u64 {
    let commit = u64::try_from(commit.max(COMMIT_MIN).as_millis()).unwrap_or(u64::MAX);
    let whole = ahead.saturating_mul(commit) / (GROUP_MAX as u64) / 1000;
    let least = whole.saturating_add(1).min(LEAST_MAX);
    least + u64::from(random) % (least + 1)
}

const STRETCH: Millis = 10_000;
const LEAST_MAX: u64 = 60;
/// A commit that fails does so at once, and says nothing about how long one takes that does not.
const COMMIT_MIN: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn whoever_is_sent_away_stays_as_long_as_what_waits_takes_and_comes_alone() {
        let second = Duration::from_secs(1);
        let told =
            |ahead, commit| -> BTreeSet<u64> { (0..=u16::MAX).map(|random| seconds(ahead, commit, random)).collect() };
        let between = |from: u64, to: u64| (from..=to).collect::<BTreeSet<u64>>();
        assert_eq!(told(0, Duration::ZERO), between(1, 2));
        assert_eq!(told(320, second), between(11, 22), "ten commits are ahead");
        assert_eq!(told(3200, Duration::from_millis(1)), between(11, 22), "a commit that failed at once");
        assert_eq!(told(u64::MAX, Duration::MAX), between(60, 120), "as long as a terminal waits at the most");
        // Each second as often as another.
        let tenth = (0..=u16::MAX).filter(|random| seconds(320, second, *random) == 15).count();
        assert!((5400..=5500).contains(&tenth), "{tenth}");
    }

    #[test]
    fn who_was_sent_away_lately_counts_as_ahead() {
        let mut away = SentAway::default();
        (0..100).for_each(|_| away.one_more(5_000));
        assert_eq!(away.lately(5_000), 100);
        away.one_more(12_000);
        assert_eq!(away.lately(12_000), 101, "those of the stretch before come back now");
        assert_eq!(away.lately(21_000), 1);
        assert_eq!(away.lately(45_000), 0);
        // Since boot, so never back; if it were, nothing is lost but the count's edge.
        away.one_more(44_000);
        assert_eq!(away.lately(44_000), 1);
        let (pressed, second) = (Patience::default(), Duration::from_secs(1));
        let [flood, calm] = [1, 2].map(|byte| Some(OfficeId([byte; 16])));
        (0..10_000).for_each(|_| assert!(pressed.send_away((flood, flood), 7_000, 0, second) > 0));
        assert!(pressed.send_away((calm, calm), 7_000, 0, second) <= 2, "another office is served in turn with it");
        assert!(pressed.send_away((flood, flood), 7_000, 0, second) >= 60);
    }
}
