//! Time as the machine's monotonic clock tells it, the same in all processes.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since boot.
pub(crate) fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).expect("the monotonic clock never stands before zero")
}

/// What came of it, and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = now();
    let done = work();
    (done, now() - began)
}
