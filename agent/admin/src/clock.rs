//! The one place where this program looks at the clock.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file with milliseconds to add to the clock, for stories in which time passes; debug builds only.
static MOVED_BY: OnceLock<PathBuf> = OnceLock::new();

/// Moves the clock of this run by what stands in the file.
#[cfg(debug_assertions)]
pub(crate) fn simulate(file: PathBuf) {
    // A second call would have to come from the same command line, which names one file.
    let _ = MOVED_BY.set(file);
}

/// Milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "the clock of this program is read here and passed on from here")]
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let real = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let Some(file) = MOVED_BY.get() else { return real };
    let offset = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    real.saturating_add_signed(offset)
}
