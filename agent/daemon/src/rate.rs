//! How fast somebody may ask. Who asks faster waits; nobody is refused for being quick.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A bucket of requests, refilled by real time.
#[derive(Debug)]
pub(crate) struct Rate {
    per_second: f64,
    left: f64,
    seen: Instant,
}

/// So many seconds' worth may come at once.
const BURST: f64 = 10.0;
/// So many seconds' worth may be owed: what is owed beyond is forgiven, so that nobody waits longer than this for a place in the queue.
const DEBT: f64 = 1.0;

impl Rate {
    #[expect(clippy::disallowed_methods, reason = "the speed of a peer is real time, whatever the agent's clock says")]
    pub(crate) fn shared(per_second: u32) -> Arc<Mutex<Self>> {
        let per_second = f64::from(per_second);
        Arc::new(Mutex::new(Self { per_second, left: per_second * BURST, seen: Instant::now() }))
    }

    /// Takes one request; says how long it has to wait.
    #[expect(clippy::disallowed_methods, reason = "see above")]
    pub(crate) fn pause(&mut self) -> Duration {
        self.pause_at(Instant::now())
    }

    fn pause_at(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.seen).as_secs_f64();
        self.seen = now;
        let left = (self.left + passed * self.per_second).min(self.per_second * BURST) - 1.0;
        self.left = left.max(-self.per_second * DEBT);
        Duration::from_secs_f64((-self.left / self.per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_faster_waits_and_a_flood_is_not_held_against_later_requests() {
        let rate = Rate::shared(10);
        let mut rate = rate.lock().unwrap();
        let start = rate.seen;
        assert!((0..100).all(|_| rate.pause_at(start).is_zero()), "ten seconds' worth at once");
        assert_eq!(rate.pause_at(start), Duration::from_millis(100));
        (0..1000).for_each(|_| assert!(rate.pause_at(start) <= Duration::from_secs(1)));
        assert!(rate.pause_at(start + Duration::from_secs(2)).is_zero());
    }
}
