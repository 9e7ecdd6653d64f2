//! Waiting for something to become true. Never asserts how long it took; only gives up after a time that no machine needs.

use std::thread::sleep;
use std::time::Duration;

/// Looks every 10 ms; gives up after a minute of looking.
const LOOKS: u32 = 6000;
const BETWEEN: Duration = Duration::from_millis(10);

/// Waits until `look` finds something.
///
/// # Panics
/// When nothing was found in about a minute: says what was awaited.
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    try_until(look).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// Waits until `look` finds something, or gives up after about a minute.
pub fn try_until<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return Some(found);
        }
        sleep(BETWEEN);
    }
    None
}
