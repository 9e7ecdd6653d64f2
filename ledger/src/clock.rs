//! The clock: an argument everywhere else, read only here.

#[cfg(debug_assertions)]
use std::path::PathBuf;
use std::sync::LazyLock;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sekisho_wire::id::Salt;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = u64;

/// Where the ledger takes its time from.
pub trait Clock: Send + Sync {
    /// The time that acts, notes, codes and records go by.
    fn now(&self) -> Millis;

    /// The time that TLS goes by: rustls asks the machine, so certificates are dated by the machine even where scenarios
    /// move the other clock.
    fn machine(&self) -> Millis {
        machine_time()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Millis {
        machine_time()
    }
}

/// The machine's clock plus an offset in milliseconds that stands in a text file, read again on every use. For scenarios only:
/// a release build does not have it.
#[cfg(debug_assertions)]
#[derive(Debug)]
pub struct SimulatedClock {
    file: PathBuf,
    /// The offset read last: it holds while the file is being replaced, so that time makes no jump there.
    last: AtomicI64,
}

#[cfg(debug_assertions)]
impl SimulatedClock {
    /// A clock moved by what stands in `file`.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, last: AtomicI64::new(0) }
    }

    fn offset(&self) -> i64 {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        if let Ok(offset) = text.trim().parse() {
            self.last.store(offset, Ordering::Relaxed);
        }
        self.last.load(Ordering::Relaxed)
    }
}

#[cfg(debug_assertions)]
impl Clock for SimulatedClock {
    fn now(&self) -> Millis {
        machine_time().saturating_add_signed(self.offset())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the ledger reads the machine's clock")]
fn machine_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// A month of the legal calendar (UTC+9), as `year × 12 + month − 1`: payload keys change with it.
#[must_use]
pub fn legal_month(time: Millis) -> u32 {
    let (year, month, _) = civil(days_of(time.saturating_add(LEGAL_OFFSET)));
    u32::try_from(year).unwrap_or(0).saturating_mul(12).saturating_add(u32::from(month) - 1)
}

/// Days since 1970 of a time, UTC.
#[must_use]
pub fn days_of(time: Millis) -> i64 {
    i64::try_from(time / DAY).unwrap_or(0)
}

/// Year, month and day of a number of days since 1970 (Gregorian).
#[must_use]
pub fn civil(days: i64) -> (i64, u8, u8) {
    // Counted from 1 March 0000, so that the leap day is the last of its year; eras have 400 years.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

/// A time for people: date, hour and minute in Japan.
#[must_use]
pub fn stamp(time: Millis) -> String {
    let local = time.saturating_add(LEGAL_OFFSET);
    let ((year, month, day), minutes) = (civil(days_of(local)), local % DAY / 60_000);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// One day in milliseconds.
pub const DAY: Millis = 86_400_000;
const LEGAL_OFFSET: Millis = 9 * 3_600_000;

/// The kernel's id of this boot, for the records that the ledger writes itself; random for each run where nobody says it.
#[must_use]
pub fn boot_id() -> &'static [u8; 16] {
    static BOOT: LazyLock<[u8; 16]> = LazyLock::new(|| {
        let told = std::env::var(BOOT_ID).ok();
        let text = told.or_else(|| std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok());
        text.as_deref().and_then(boot_of).unwrap_or_else(crate::random::bytes)
    });
    &BOOT
}

/// With hyphens, as the kernel writes it, or without, as systemd does.
fn boot_of(text: &str) -> Option<[u8; 16]> {
    let id: Salt = text.trim().replace('-', "").parse().ok()?;
    Some(id.0)
}

/// How the unit says it: within `ProcSubset=pid` the kernel's own file is not to be seen.
const BOOT_ID: &str = "SEKISHO_BOOT_ID";

/// Milliseconds since boot, suspend included.
#[must_use]
pub fn since_boot() -> Millis {
    u64::try_from(boot_time().as_millis()).unwrap_or(Millis::MAX)
}

/// The same, as exactly as the kernel says it.
#[must_use]
pub fn boot_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_days_are_those_of_the_calendar() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_544, (2026, 4, 1)),
            (-1, (1969, 12, 31)),
        ] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn a_simulated_clock_follows_its_file_and_never_jumps_back_while_it_is_replaced() {
        let directory = crate::testing::scratch("clock");
        let file = directory.join("offset");
        let clock = SimulatedClock::new(file.clone());
        let hours = |clock: &SimulatedClock| (clock.now() + 60_000 - machine_time()) / 3_600_000;
        assert_eq!(hours(&clock), 0);
        std::fs::write(&file, "7200000\n").unwrap();
        assert_eq!(hours(&clock), 2);
        std::fs::write(&file, "").unwrap();
        assert_eq!(hours(&clock), 2);
        assert!(machine_time().abs_diff(clock.machine()) < 60_000, "TLS goes by the machine");
    }

    #[test]
    fn a_boot_is_the_same_however_it_is_written() {
        let kernel_s = boot_of("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\n");
        assert_eq!(kernel_s, boot_of("0f1e2d3c4b5a69788796a5b4c3d2e1f0"));
        assert!(kernel_s.is_some() && boot_of("%b").is_none());
    }

    #[test]
    fn a_stamp_is_the_time_in_japan() {
        assert_eq!(stamp(20_544 * DAY - 9 * 3_600_000 + 61_000), "2026-04-01 00:01");
    }

    #[test]
    fn the_legal_month_begins_nine_hours_early() {
        let first_of_april = 20_544 * DAY;
        assert_eq!(legal_month(first_of_april - 9 * 3_600_000), 2026 * 12 + 3);
        assert_eq!(legal_month(first_of_april - 9 * 3_600_000 - 1), 2026 * 12 + 2);
    }
}
