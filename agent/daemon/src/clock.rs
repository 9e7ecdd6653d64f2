//! The only place that reads clocks. Everything else is given a [`Clock`], and decides by what that says.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sekisho_wire::id::BootId;

/// What the agent asks of the machine's time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The machine's clock, milliseconds since 1970 UTC. Anybody with privilege can set it.
    fn wall(&self) -> u64;

    /// Milliseconds since the machine started, suspend included. Nobody can set it.
    fn boottime(&self) -> u64;

    /// How long the machine has slept since it started, ms.
    fn asleep(&self) -> u64;

    /// How long, in real time, a ticker may sleep without missing what this clock does.
    fn tick(&self) -> Duration;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// A ticker needs no more than this to lock in time: idle limits are minutes.
const TICK: Duration = Duration::from_secs(1);
/// Two looks at clocks that are at most so many ms apart are one.
const LOOKS_APART: u64 = 50;

impl Clock for SystemClock {
    fn wall(&self) -> u64 {
        milliseconds(ClockId::Realtime)
    }

    fn boottime(&self) -> u64 {
        milliseconds(ClockId::Boottime)
    }

    fn asleep(&self) -> u64 {
        // Where another process came between the looks, what passed meanwhile would look like a sleep.
        loop {
            let before = milliseconds(ClockId::Monotonic);
            let boottime = self.boottime();
            if milliseconds(ClockId::Monotonic) <= before + LOOKS_APART {
                return boottime.saturating_sub(before);
            }
        }
    }

    fn tick(&self) -> Duration {
        TICK
    }
}

fn milliseconds(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000)
}

/// The machine's clocks, moved forward by the milliseconds that stand in a file. For tests only: a release build has no way to make one.
#[derive(Clone, Debug)]
pub struct SimulatedClock {
    offset: PathBuf,
}

/// How often the ticker of a simulated clock wakes, in real time.
const SIMULATED_TICK: Duration = Duration::from_millis(100);

impl SimulatedClock {
    /// Reads the offset from this file at each use; a file that is not there is no offset.
    #[cfg(debug_assertions)]
    #[must_use]
    pub const fn new(offset: PathBuf) -> Self {
        Self { offset }
    }

    fn offset(&self) -> u64 {
        std::fs::read_to_string(&self.offset).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }
}

impl Clock for SimulatedClock {
    fn wall(&self) -> u64 {
        SystemClock.wall().saturating_add(self.offset())
    }

    fn boottime(&self) -> u64 {
        SystemClock.boottime().saturating_add(self.offset())
    }

    fn asleep(&self) -> u64 {
        SystemClock.asleep()
    }

    fn tick(&self) -> Duration {
        SIMULATED_TICK
    }
}

/// The kernel's name for this boot. All zero where the kernel does not say: then every start counts as a new boot, which only costs trust.
#[must_use]
pub fn boot_id() -> BootId {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.parse().unwrap_or(BootId([0; 16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_moves_both_times_by_what_stands_in_its_file() {
        let file = std::env::temp_dir().join(format!("sekisho-clock-{}", std::process::id()));
        let clock = SimulatedClock::new(file.clone());
        let before = (SystemClock.wall(), SystemClock.boottime());
        assert!(clock.wall() < before.0 + 60_000);
        std::fs::write(&file, "3600000\n").unwrap();
        assert!(clock.wall() >= before.0 + 3_600_000);
        assert!(clock.boottime() >= before.1 + 3_600_000);
        std::fs::remove_file(file).unwrap();
    }
}
