//! Dates as people write them: `2026-04-01`, `2026-04-01T08:30`, `令和8年4月1日`, `R8.4.1`; always in Japanese time (UTC+9).

use crate::calendar::{Date, date_of_day, day_of_date, moment};

/// Which end of a span a date stands for: "until 31 March" includes that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The date's first moment.
    From,
    /// The moment after the date's last.
    Until,
}

/// A date, with or without a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Legal day: days since 1970-01-01.
    pub day: u32,
    /// Minute of that day.
    pub minute: Option<u16>,
}

impl When {
    /// Reads a date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, Some(minute_of_day(time)?)),
            None => (text, None),
        };
        Some(Self { day: day_of(date)?, minute: time })
    }

    /// The moment in milliseconds since 1970 UTC.
    #[must_use]
    pub fn moment(self, edge: Edge) -> u64 {
        match (self.minute, edge) {
            (Some(minute), _) => moment(self.day, minute),
            (None, Edge::From) => moment(self.day, 0),
            (None, Edge::Until) => moment(self.day + 1, 0),
        }
    }
}

/// Minutes since midnight of `08:30` or `08:30:00`; `24:00` is the end of the day.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u16> {
    let mut parts = text.split(':');
    let (hour, minute): (u16, u16) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds_are_zero = parts.next().is_none_or(|seconds| seconds == "00");
    let of_day = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && of_day <= 24 * 60 && seconds_are_zero && parts.next().is_none()).then_some(of_day)
}

fn day_of(text: &str) -> Option<u32> {
    let (year, month, day) = iso(text).or_else(|| wareki(text))?;
    let date = Date { year, month, day };
    if !(1970..=9000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // 30 February becomes 2 March on the way through; what does not come back is no date.
    let number = day_of_date(date);
    (date_of_day(number) == date).then_some(number)
}

fn iso(text: &str) -> Option<(u16, u8, u8)> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 {
        return None;
    }
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

/// 令和8年4月1日, R8.4.1, and the same for 平成 and 昭和.
fn wareki(text: &str) -> Option<(u16, u8, u8)> {
    const ERAS: [(&str, &str, u16); 3] = [("令和", "R", 2018), ("平成", "H", 1988), ("昭和", "S", 1925)];
    let (rest, before) = ERAS.iter().find_map(|(name, letter, before)| {
        Some((text.strip_prefix(name).or_else(|| text.strip_prefix(letter))?, *before))
    })?;
    let rest = rest.strip_suffix('日').unwrap_or(rest);
    let mut parts = rest.splitn(3, ['年', '月', '.']);
    let year = match parts.next()? {
        "元" => 1,
        digits => digits.parse::<u16>().ok().filter(|year| (1..200).contains(year))?,
    };
    Some((before + year, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_day_in_every_spelling() {
        let day = When::parse("2026-04-01").unwrap();
        for text in ["令和8年4月1日", "R8.4.1", " 2026-4-1 "] {
            assert_eq!(When::parse(text), Some(day), "{text}");
        }
        assert_eq!(When::parse("令和元年5月1日"), When::parse("2019-05-01"));
        assert_eq!(When::parse("H31.4.30"), When::parse("2019-04-30"));
    }

    #[test]
    fn until_a_day_includes_it() {
        let day = When::parse("2027-03-31").unwrap();
        assert_eq!(day.moment(Edge::Until) - day.moment(Edge::From), 24 * 60 * 60 * 1000);
        // 2027-03-31 00:00 in Japan is 15:00 UTC of the day before.
        assert_eq!(day.moment(Edge::From), 1_806_418_800_000);
        let noon = When::parse("2027-03-31T12:00").unwrap();
        assert_eq!(noon.moment(Edge::Until), noon.moment(Edge::From));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-13-01",
            "26-1-1",
            "令和8年",
            "R0.1.1",
            "2026-04-01T25:00",
            "04/01/2026",
            "明治1年1月1日",
        ] {
            assert_eq!(When::parse(text), None, "{text}");
        }
    }
}
