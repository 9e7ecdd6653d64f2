//! The one place where this program looks at the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "the clock of this program is read here and passed on from here")]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
