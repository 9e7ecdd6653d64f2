//! Times and spans as people read them. Legal dates of the offices are UTC+9, whatever the machine's zone.

use sekisho_wire::words::Language;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Japan Standard Time is nine hours ahead of UTC and knows no summer time.
const JST: u64 = 9 * HOUR;

/// `14:05:09`.
pub(crate) fn of_day(milliseconds: u64) -> String {
    let seconds = milliseconds.saturating_add(JST) % DAY / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `4:59`, or `9:05:00` from an hour on: what a countdown shows.
pub(crate) fn countdown(milliseconds: u64) -> String {
    // Rounded up: a countdown that shows 0:00 is over.
    let seconds = milliseconds.div_ceil(1000);
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// `3 days`, `5 hours`, `2 minutes`: how old something is.
pub(crate) fn age(milliseconds: u64, language: Language) -> String {
    let minutes = milliseconds / 60_000;
    let (number, japanese, english) = match minutes {
        0..60 => (minutes, "分", "minute"),
        60..2880 => (minutes / 60, "時間", "hour"),
        _ => (minutes / 1440, "日", "day"),
    };
    match language {
        Language::Japanese => format!("{number}{japanese}"),
        Language::English => format!("{number} {english}{}", if number == 1 { "" } else { "s" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_is_that_of_japan() {
        assert_eq!(of_day(0), "09:00:00");
        assert_eq!(of_day(15 * HOUR), "00:00:00");
    }

    #[test]
    fn a_countdown_reaches_zero_only_at_the_end() {
        for (left, text) in [(0, "0:00"), (1, "0:01"), (59_001, "1:00"), (299_000, "4:59"), (DAY, "24:00:00")] {
            assert_eq!(countdown(left), text);
        }
    }

    #[test]
    fn ages_use_the_largest_fitting_unit() {
        for (past, english) in [(60_000, "1 minute"), (7_200_000, "2 hours"), (3 * DAY, "3 days")] {
            assert_eq!(age(past, Language::English), english);
        }
        assert_eq!(age(3 * DAY, Language::Japanese), "3日");
    }
}
