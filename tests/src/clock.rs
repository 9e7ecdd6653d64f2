//! The clock of a story: real time plus an offset in a file that every process of the story reads.
//!
//! What a town has ends with the fiscal year, on 31 March, and stories let weeks pass. So in February and March they begin sixty days ago: in the same fiscal year,
//! and far from its end. `SEKISHO_STORY_DAYS` makes all of them begin that many days later than today (earlier, where it is negative).
//!
//! Debug builds take `--simulated-clock FILE`; release builds refuse it, and the benches that run them live in real time.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

const HOUR_MS: u64 = 60 * 60 * 1000;
/// Japanese time is nine hours ahead.
const JAPAN_MS: u64 = 9 * HOUR_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The months in which a fiscal year ends within the weeks of a story.
const ENDING: RangeInclusive<u64> = 2..=3;
/// How long ago a story begins then: in December or January.
const BEFORE_DAYS: i64 = 60;

/// Lets a program live by the clock in this file. A release build lives in real time.
pub fn live_by(file: &Path, command: &mut Command) {
    if cfg!(debug_assertions) {
        command.arg("--simulated-clock").arg(file);
    }
}

/// A clock that can be set forward (and, to see what happens, back).
pub struct StoryClock {
    file: PathBuf,
}

impl StoryClock {
    /// A clock that shows the time at which stories begin, kept in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let clock = Self::real(folder);
        clock.write(begin());
        clock
    }

    /// A clock that shows real time, kept in `folder`: for people.
    #[must_use]
    pub fn real(folder: &Path) -> Self {
        let clock = Self { file: folder.join("clock") };
        clock.write(0);
        clock
    }

    /// The file with the offset in milliseconds.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Lets time pass for everybody in the story.
    pub fn pass(&self, time: Duration) {
        let more = i64::try_from(time.as_millis()).expect("a story lasts less than millennia");
        self.write(self.offset() + more);
    }

    /// Sets the clock back.
    pub fn set_back(&self, time: Duration) {
        let less = i64::try_from(time.as_millis()).expect("a story lasts less than millennia");
        self.write(self.offset() - less);
    }

    /// What the story's processes take for now, ms since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        real_ms().saturating_add_signed(self.offset())
    }

    /// Japanese time in so long, to the minute, as administrators write it: `2026-04-01T08:30`.
    #[must_use]
    pub fn minute_in(&self, time: Duration) -> String {
        let minutes = (self.now_ms() / 1000 + time.as_secs()) / 60 + 9 * 60;
        let (year, month, day) = civil(minutes / (24 * 60));
        format!("{year}-{month:02}-{day:02}T{:02}:{:02}", minutes / 60 % 24, minutes % 60)
    }

    /// Today in Japan: year, month, day.
    #[must_use]
    pub fn today(&self) -> (u64, u64, u64) {
        civil(self.days())
    }

    /// Lets time pass until this hour of the next day that is such a one (by its number since 1970, and its date), today if that hour is still to come.
    pub fn pass_to(&self, hour: u64, is_it: impl Fn(u64, (u64, u64, u64)) -> bool) {
        let at = |day: u64| (day * 24 + hour) * HOUR_MS - JAPAN_MS;
        let day = (self.days()..).find(|day| is_it(*day, civil(*day)) && at(*day) > self.now_ms());
        let moment = at(day.expect("some day is"));
        self.pass(Duration::from_millis(moment - self.now_ms()));
    }

    /// Days since 1970 in Japan.
    fn days(&self) -> u64 {
        (self.now_ms() + JAPAN_MS) / (24 * HOUR_MS)
    }

    /// The fiscal year that Japan is in (from 1 April).
    #[must_use]
    pub fn fiscal_year(&self) -> u64 {
        let (year, month, _) = self.today();
        if month < 4 { year - 1 } else { year }
    }

    fn offset(&self) -> i64 {
        std::fs::read_to_string(&self.file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Written aside and renamed: no process ever reads half a number.
    fn write(&self, offset: i64) {
        let aside = self.file.with_extension("new");
        std::fs::write(&aside, offset.to_string()).expect("cannot write the story's clock");
        std::fs::rename(aside, &self.file).expect("cannot set the story's clock");
    }
}

/// By how many milliseconds a story begins later than now: the same for all of a process, which are copies of one town.
fn begin() -> i64 {
    static BEGIN: OnceLock<i64> = OnceLock::new();
    *BEGIN.get_or_init(|| {
        if !cfg!(debug_assertions) {
            return 0;
        }
        let later =
            std::env::var("SEKISHO_STORY_DAYS").map_or(0, |days| days.parse::<i64>().expect("a number of days"));
        let begin = real_ms().saturating_add_signed(later * DAY_MS) + JAPAN_MS;
        let (_, month, _) = civil(begin / (24 * HOUR_MS));
        (if ENDING.contains(&month) { later - BEFORE_DAYS } else { later }) * DAY_MS
    })
}

fn real_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the story's clock")]
    let real = std::time::SystemTime::now();
    let real = real.duration_since(std::time::UNIX_EPOCH).expect("now is after 1970").as_millis();
    u64::try_from(real).expect("now fits 64 bits of milliseconds")
}

/// Year, month and day of a number of days since 1970: counted month by month, for the few years a story can lie in.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let (mut year, mut month) = (1970, 1);
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
        if days < length {
            return (year, month as u64, days + 1);
        }
        days -= length;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}
