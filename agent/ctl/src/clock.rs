//! The clock of the loops: when a state arrived, when a second has passed. Nothing is decided by it.

use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "the loops of the panel and of `run` measure waits; the agent's time decides"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
