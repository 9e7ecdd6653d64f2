//! Waiting for something to become true. Never asserts how long it took; only gives up after a time that no machine needs.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Looks every 10 ms; gives up after so many looks, or after so long with some looks where each takes its time.
const LOOKS: u32 = 6000;
const FEW: u32 = 100;
const LONG: Duration = Duration::from_secs(120);
const BETWEEN: Duration = Duration::from_millis(10);

/// Waits until `look` finds something.
///
/// # Panics
/// When nothing was found in a minute or two: says what was awaited.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    try_until(look).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// Waits until `look` finds something, or gives up after a minute or two.
#[expect(clippy::disallowed_methods, reason = "how long this machine has looked is no time that a story goes by")]
pub fn try_until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    for look_number in 0..LOOKS {
        if look_number > FEW && begun.elapsed() > LONG {
            break;
        }
        if let Some(found) = look() {
            return Some(found);
        }
        sleep(BETWEEN);
    }
    None
}
