//! How fast one connection may ask. Who asks faster waits; nobody is refused for being quick.

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

impl Rate {
    #[expect(clippy::disallowed_methods, reason = "the speed of a peer is real time, whatever the agent's clock says")]
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, left: per_second * BURST, seen: Instant::now() }
    }

    /// Waits until one more request is due.
    #[expect(clippy::disallowed_methods, reason = "see above")]
    pub(crate) fn wait(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.seen).as_secs_f64();
        self.seen = now;
        self.left = (self.left + passed * self.per_second).min(self.per_second * BURST) - 1.0;
        if self.left < 0.0 {
            std::thread::sleep(Duration::from_secs_f64((-self.left / self.per_second).min(1.0)));
        }
    }
}
