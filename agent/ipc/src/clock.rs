//! The one place of this crate that looks at a clock: how long to go on waiting for a peer.

use std::time::{Duration, Instant};

use rustix::time::Timespec;

/// A point in time after which nobody waits any more; or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "waits on a socket are bounded by real time, whatever the agent's clock says"
    )]
    pub(crate) fn after(wait: Option<Duration>) -> Self {
        Self(wait.and_then(|wait| Instant::now().checked_add(wait)))
    }

    /// What is left, for `poll`; nothing means for ever. Zero when it is over.
    #[expect(clippy::disallowed_methods, reason = "see above")]
    pub(crate) fn left(self) -> Option<Timespec> {
        let left = self.0?.saturating_duration_since(Instant::now());
        Some(Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() })
    }
}
