//! The two tests of SP 800-90B, 4.4, for bytes of at least four bits of entropy. A sound source fails one of them once in 2^30 samples.

/// As often in a row, and the source is stuck (4.4.1): `1 + ceil(30 / 4)`.
pub(crate) const REPETITIONS: u16 = 9;
/// Samples of a window (4.4.2, not binary).
pub(crate) const WINDOW: u16 = 512;
/// As often in a window, and the source has lost its entropy (4.4.2): `1 + CRITBINOM(512, 2^-4, 1 - 2^-30)`.
pub(crate) const OCCURRENCES: u16 = 71;

/// Whether a source still does what is claimed of it. Once it did not, it never does again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    Sound,
    Failed,
}

/// Both tests, fed with every sample.
#[derive(Debug)]
pub(crate) struct Health {
    last: Option<u8>,
    repeated: u16,
    /// The first sample of the window, which is counted.
    counted: u8,
    occurred: u16,
    /// Samples of the window that are still to come.
    left: u16,
    verdict: Verdict,
}

impl Health {
    pub(crate) const fn new() -> Self {
        Self { last: None, repeated: 0, counted: 0, occurred: 0, left: 0, verdict: Verdict::Sound }
    }

    /// The source does not answer.
    pub(crate) const fn fail(&mut self) {
        self.verdict = Verdict::Failed;
    }

    pub(crate) fn judge(&mut self, sample: u8) -> Verdict {
        self.repeated = if self.last == Some(sample) { self.repeated.saturating_add(1) } else { 1 };
        self.last = Some(sample);
        if self.left == 0 {
            (self.counted, self.occurred, self.left) = (sample, 0, WINDOW);
        }
        self.left = self.left.saturating_sub(1);
        if sample == self.counted {
            self.occurred = self.occurred.saturating_add(1);
        }
        if self.repeated >= REPETITIONS || self.occurred >= OCCURRENCES {
            self.verdict = Verdict::Failed;
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    fn verdict(samples: impl IntoIterator<Item = u8>) -> Verdict {
        let mut health = Health::new();
        samples.into_iter().map(|sample| health.judge(sample)).last().unwrap()
    }

    /// A window in which the first sample occurs so often, never twice in a row.
    fn window(occurrences: usize) -> Vec<u8> {
        let other = |at: usize| (at % 200) as u8 + 2;
        let counted =
            (0..usize::from(WINDOW)).map(|at| if at % 2 == 0 && at / 2 < occurrences { 1 } else { other(at) });
        counted.collect()
    }

    #[test]
    fn a_stuck_source_fails_and_stays_failed() {
        let limit = usize::from(REPETITIONS);
        assert_eq!(verdict(std::vec![7; limit - 1]), Verdict::Sound);
        assert_eq!(verdict(std::vec![7; limit]), Verdict::Failed);
        assert_eq!(verdict(std::vec![7; limit].into_iter().chain(0..200)), Verdict::Failed);
        let almost = (0..50).flat_map(|round| std::vec![round; limit - 1]);
        assert_eq!(verdict(almost), Verdict::Sound);
    }

    #[test]
    fn a_source_that_says_one_thing_too_often_fails() {
        let limit = usize::from(OCCURRENCES);
        assert_eq!(verdict(window(limit - 1)), Verdict::Sound);
        assert_eq!(verdict(window(limit)), Verdict::Failed);
        let windows = (0..100).flat_map(|_| window(limit - 1));
        assert_eq!(verdict(windows), Verdict::Sound, "every window counts anew");
    }

    /// The tail of the binomial distribution is summed as it stands in the standard.
    #[test]
    fn the_limits_are_those_of_one_false_alarm_in_a_billion() {
        let (samples, p) = (f64::from(WINDOW), 2_f64.powi(-4));
        let at_least = |count: u16| -> f64 {
            let mut term = (1.0 - p).powf(samples);
            let mut tail = 0.0;
            for k in 0..WINDOW {
                if k >= count {
                    tail += term;
                }
                term *= (samples - f64::from(k)) / (f64::from(k) + 1.0) * p / (1.0 - p);
            }
            tail
        };
        let alarm = 2_f64.powi(-30);
        assert!(at_least(OCCURRENCES) <= alarm && at_least(OCCURRENCES - 1) > alarm);
        assert!(p.powi(i32::from(REPETITIONS) - 1) <= alarm && p.powi(i32::from(REPETITIONS) - 2) > alarm);
    }
}
