//! The machine's clocks: when a state arrived, when a second has passed, what `doctor` compares with the agent's time. Nothing is decided by them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[expect(
    clippy::disallowed_methods,
    reason = "the loops of the panel and of `run` measure waits; the agent's time decides"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "`doctor` looks whether this clock is right")]
pub(crate) fn wall() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
