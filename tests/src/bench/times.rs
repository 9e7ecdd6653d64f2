//! Many measurements of one thing.

use std::fmt;
use std::time::Duration;

/// Durations in ascending order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// The time that only one in ten stays below: what it takes when nothing else is going on.
    pub(crate) fn p10(&self) -> Duration {
        self.at(10)
    }

    /// The time that half of them stay below.
    pub(crate) fn p50(&self) -> Duration {
        self.at(50)
    }

    /// The time that all but one in a hundred stay below.
    pub(crate) fn p99(&self) -> Duration {
        self.at(99)
    }

    fn at(&self, percent: usize) -> Duration {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }

    /// How many times this one's median goes into the other's.
    pub(crate) fn ratio_to(&self, other: &Self) -> f64 {
        self.p50().as_secs_f64() / other.p50().as_secs_f64()
    }

    /// How many there are of these in a second, one after the other.
    pub(crate) fn per_second(&self) -> f64 {
        let total: Duration = self.0.iter().sum();
        self.0.len() as f64 / total.as_secs_f64()
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "p10 {:.3} ms, p50 {:.3} ms, p99 {:.3} ms, n {}",
            ms(self.p10()),
            ms(self.p50()),
            ms(self.p99()),
            self.0.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_the_sorted_times() {
        let times: Times = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((times.p50(), times.p99()), (Duration::from_millis(50), Duration::from_millis(99)));
        let one: Times = [Duration::from_millis(7)].into_iter().collect();
        assert_eq!((one.p50(), one.p99()), (Duration::from_millis(7), Duration::from_millis(7)));
        assert_eq!(Times::from_iter([]).p50(), Duration::ZERO);
    }
}
