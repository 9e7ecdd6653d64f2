//! Legal time: UTC+9 without summer time, days and weekdays, fiscal years from 1 April to 31 March.

use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Encode};

/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Milliseconds of a minute.
pub const MINUTE_MS: u64 = 60 * 1000;
/// Japan is nine hours ahead of UTC all year (標準時).
const OFFSET_MS: u64 = 9 * 60 * MINUTE_MS;

/// A legal date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Gregorian year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A month of the legal calendar (UTC+9), as `year × 12 + month − 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Month(#[n(0)] pub u32);

impl Month {
    /// The month that `t` lies in.
    #[must_use]
    pub fn of(t: u64) -> Self {
        let date = date(t);
        Self(u32::from(date.year) * 12 + u32::from(date.month) - 1)
    }

    /// Its first moment. One that no date names begins at the end of time.
    #[must_use]
    pub fn begins(self) -> u64 {
        let Ok(year) = u16::try_from(self.0 / 12) else { return u64::MAX };
        if year == u16::MAX {
            return u64::MAX;
        }
        moment(day_of_date(Date { year, month: (self.0 % 12) as u8 + 1, day: 1 }), 0)
    }

    /// So many years and months later.
    #[must_use]
    pub const fn after(self, years: u8, months: u32) -> Self {
        Self(self.0.saturating_add(years as u32 * 12).saturating_add(months))
    }
}

/// Year and month, `2026-04`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

impl FromStr for Month {
    type Err = NoMonth;

    fn from_str(text: &str) -> Result<Self, NoMonth> {
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month) =
            text.split_once('-').filter(|(year, month)| digits(year, 4) && digits(month, 2)).ok_or(NoMonth)?;
        let (year, month): (u32, u32) = (year.parse().map_err(|_| NoMonth)?, month.parse().map_err(|_| NoMonth)?);
        if (1..=12).contains(&month) { Ok(Self(year * 12 + month - 1)) } else { Err(NoMonth) }
    }
}

/// A text that is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMonth;

impl fmt::Display for NoMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a month is written as 2026-04（月は 2026-04 のように書きます）")
    }
}

impl core::error::Error for NoMonth {}

/// Legal day of `t`: days since 1970-01-01 in UTC+9.
#[must_use]
pub const fn local_day(t: u64) -> u32 {
    // Saturating: a Time of u64::MAX means "without end" and is never printed as a day.
    let days = t.saturating_add(OFFSET_MS) / DAY_MS;
    if days > u32::MAX as u64 { u32::MAX } else { days as u32 }
}

/// Minute of the legal day, 0 to 1439.
#[must_use]
pub const fn local_minute(t: u64) -> u16 {
    ((t.saturating_add(OFFSET_MS) % DAY_MS) / MINUTE_MS) as u16
}

/// The moment at which minute `minute` of legal day `day` begins; 1440 is the end of the day.
#[must_use]
pub const fn moment(day: u32, minute: u16) -> u64 {
    (day as u64 * DAY_MS + minute as u64 * MINUTE_MS).saturating_sub(OFFSET_MS)
}

/// Weekday of a legal day: 0 is Monday.
#[must_use]
pub const fn weekday(day: u32) -> usize {
    // 1970-01-01 was a Thursday.
    ((day % 7 + 3) % 7) as usize
}

/// The date of `t` in UTC+9.
#[must_use]
pub fn date(t: u64) -> Date {
    date_of_day(local_day(t))
}

/// The date of a legal day, by the civil-from-days method: years begin in March, so that the leap day comes last.
#[must_use]
pub fn date_of_day(day: u32) -> Date {
    let shifted = u64::from(day) + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    Date { year: u16::try_from(year).unwrap_or(u16::MAX), month: month as u8, day: day as u8 }
}

/// The legal day of a date; the inverse of [`date_of_day`] for dates from 1970 on.
#[must_use]
pub fn day_of_date(date: Date) -> u32 {
    let year = u32::from(date.year).saturating_sub(u32::from(date.month <= 2));
    let march_month = (u32::from(date.month) + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + u32::from(date.day).saturating_sub(1);
    let era = year / 400;
    let year_of_era = year % 400;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

/// Fiscal year of `t`: the Gregorian year of the 1 April with which it begins.
#[must_use]
pub fn fiscal_year(t: u64) -> u16 {
    let date = date(t);
    date.year.saturating_sub(u16::from(date.month < 4))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    /// 2026-11-22T05:05:11Z.
    const A_SUNDAY: u64 = 1_795_323_911_000;

    #[test]
    fn the_legal_day_begins_at_fifteen_hundred_utc() {
        let midnight = moment(day_of_date(Date { year: 2026, month: 4, day: 1 }), 0);
        assert_eq!(midnight % DAY_MS, 15 * 60 * MINUTE_MS);
        assert_eq!((fiscal_year(midnight - 1), fiscal_year(midnight)), (2025, 2026));
        assert_eq!(date(midnight - 1), Date { year: 2026, month: 3, day: 31 });
    }

    #[test]
    fn dates_go_there_and_back_over_leap_days() {
        for day in 0..60_000 {
            assert_eq!(day_of_date(date_of_day(day)), day);
        }
        assert_eq!(date_of_day(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(date_of_day(11_016), Date { year: 2000, month: 2, day: 29 });
    }

    #[test]
    fn no_moment_is_too_late_to_have_a_day() {
        assert_eq!((local_day(u64::MAX), fiscal_year(u64::MAX)), (u32::MAX, u16::MAX - 1));
        assert!(weekday(u32::MAX) < 7 && moment(u32::MAX, 1440) < u64::MAX);
        assert_eq!(day_of_date(Date { year: 0, month: 1, day: 0 }), 0);
    }

    #[test]
    fn months_begin_on_their_first_legal_day_and_are_written_as_people_write_them() {
        let april: Month = "2026-04".parse().unwrap();
        assert_eq!(april.begins(), moment(day_of_date(Date { year: 2026, month: 4, day: 1 }), 0));
        assert_eq!((Month::of(april.begins()), Month::of(april.begins() - 1).to_string()), (april, "2026-03".into()));
        assert_eq!(april.after(1, 9).to_string(), "2028-01");
        assert_eq!(Month(u32::MAX).begins(), u64::MAX);
        for wrong in ["", "2026", "2026-13", "2026-00", "2026-4", "26-04", "+026-04", "2026-04-01"] {
            assert_eq!(wrong.parse::<Month>(), Err(NoMonth), "{wrong}");
        }
    }

    #[test]
    fn weekdays_and_minutes_are_those_of_japan() {
        assert_eq!(weekday(local_day(A_SUNDAY)), 6);
        assert_eq!(local_minute(A_SUNDAY), 14 * 60 + 5);
        assert_eq!(date(A_SUNDAY), Date { year: 2026, month: 11, day: 22 });
    }
}
