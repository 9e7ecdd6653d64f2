//! Dates as people write them: `2026-04-01`, `2026-04-01T08:30`, `令和8年4月1日`, `R8.4.1`; always in Japanese time (UTC+9).

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::words::Language;

use crate::calendar::{Date, date_of_day, day_of_date, moment};
use crate::wareki;

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
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, NotADate> {
        let text: String = text.trim().chars().map(half_width).collect();
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, Some(minute_of_day(time).ok_or(NotADate::Spelling)?)),
            None => (text.as_str(), None),
        };
        Ok(Self { day: day_of(date)?, minute: time })
    }

    /// The same, where nobody is told what is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).ok()
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

/// Digits and points as a Japanese keyboard types them.
const fn half_width(c: char) -> char {
    match c {
        '０' => '0',
        '１' => '1',
        '２' => '2',
        '３' => '3',
        '４' => '4',
        '５' => '5',
        '６' => '6',
        '７' => '7',
        '８' => '8',
        '９' => '9',
        '．' => '.',
        '－' => '-',
        '：' => ':',
        '　' => ' ',
        other => other,
    }
}

fn day_of(text: &str) -> Result<u32, NotADate> {
    let (date, era) = match iso(text) {
        Some(date) => (date, None),
        None => in_an_era(text).ok_or(NotADate::Spelling)?,
    };
    if !(1970..=9000).contains(&date.year) || !(1..=12).contains(&date.month) || !(1..=31).contains(&date.day) {
        return Err(NotADate::Spelling);
    }
    // 30 February becomes 2 March on the way through; what does not come back is no date.
    let number = day_of_date(date);
    if date_of_day(number) != date {
        return Err(NotADate::NoSuchDay);
    }
    era.map_or(Ok(()), |era| era.has(date))?;
    Ok(number)
}

fn iso(text: &str) -> Option<Date> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 {
        return None;
    }
    Some(Date { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? })
}

/// An era: its name, the letter for it, its first day, its last day if it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    name: &'static str,
    letter: &'static str,
    first: Date,
    last: Option<Date>,
}

const ERAS: [Era; 3] = [
    Era { name: "令和", letter: "R", first: Date { year: 2019, month: 5, day: 1 }, last: None },
    Era {
        name: "平成",
        letter: "H",
        first: Date { year: 1989, month: 1, day: 8 },
        last: Some(Date { year: 2019, month: 4, day: 30 }),
    },
    Era {
        name: "昭和",
        letter: "S",
        first: Date { year: 1926, month: 12, day: 25 },
        last: Some(Date { year: 1989, month: 1, day: 7 }),
    },
];

/// No era had more years than 昭和 had. A larger number is a slip, and a date so far off would go unnoticed.
const YEARS_MAX: u16 = 64;

impl Era {
    fn year(&self, of: Date) -> u16 {
        of.year - self.first.year + 1
    }

    fn written(&self, date: Date) -> String {
        let year = if self.year(date) == 1 { "元".to_string() } else { self.year(date).to_string() };
        format!("{}{year}年{}月{}日", self.name, date.month, date.day)
    }

    /// Whether that day lies in it.
    fn has(self, date: Date) -> Result<(), NotADate> {
        if date < self.first {
            return Err(NotADate::BeforeEra(self));
        }
        if self.last.is_some_and(|last| last < date) {
            return Err(NotADate::AfterEra(self, date));
        }
        if self.year(date) > YEARS_MAX { Err(NotADate::TooFar(self, date)) } else { Ok(()) }
    }
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotADate {
    /// It is written in no way that is read.
    Spelling,
    /// Its month has no such day.
    NoSuchDay,
    /// Its era began later.
    BeforeEra(Era),
    /// Its era had ended.
    AfterEra(Era, Date),
    /// Its era has not come so far; it is more likely a slip.
    TooFar(Era, Date),
}

impl NotADate {
    /// What is wrong with it, for people.
    #[must_use]
    pub fn text(self, language: Language) -> String {
        match (self, language) {
            (Self::Spelling, Language::English) => {
                "not a date: 2026-04-01, 2026-04-01T08:30, 令和8年4月1日 or R8.4.1".to_string()
            }
            (Self::Spelling, Language::Japanese) => {
                "日付ではありません(2026-04-01、2026-04-01T08:30、令和8年4月1日、R8.4.1)".to_string()
            }
            (Self::NoSuchDay, Language::English) => "that month has no such day".to_string(),
            (Self::NoSuchDay, Language::Japanese) => "その月にその日はありません".to_string(),
            (Self::BeforeEra(era), Language::English) => format!("{} began on {}", era.name, era.written(era.first)),
            (Self::BeforeEra(era), Language::Japanese) => format!("{}は{}からです", era.name, era.written(era.first)),
            (Self::AfterEra(era, date), language) => {
                let ended = era.written(era.last.unwrap_or(date));
                let right = wareki::wareki(moment(day_of_date(date), 0));
                match language {
                    Language::English => format!("{} ended on {ended}; that day is {right}", era.name),
                    Language::Japanese => format!("{}は{ended}までです。その日は{right}です", era.name),
                }
            }
            (Self::TooFar(era, date), Language::English) => {
                let year = era.year(date);
                format!("{}{year}年 is too far off; if it is meant, write the year as {}", era.name, date.year)
            }
            (Self::TooFar(era, date), Language::Japanese) => {
                let year = era.year(date);
                format!("{}{year}年は遠すぎます。正しい場合は西暦({}年)で書いてください", era.name, date.year)
            }
        }
    }
}

/// 令和8年4月1日, R8.4.1, and the same for 平成 and 昭和.
fn in_an_era(text: &str) -> Option<(Date, Option<&'static Era>)> {
    let (rest, era) = ERAS
        .iter()
        .find_map(|era| Some((text.strip_prefix(era.name).or_else(|| text.strip_prefix(era.letter))?, era)))?;
    let rest = rest.strip_suffix('日').unwrap_or(rest);
    let mut parts = rest.splitn(3, ['年', '月', '.']);
    let year = match parts.next()? {
        "元" => 1,
        digits => digits.parse::<u16>().ok().filter(|year| (1..1000).contains(year))?,
    };
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((Date { year: era.first.year + year - 1, month, day }, Some(era)))
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

    #[test]
    fn a_date_outside_its_era_is_refused_and_says_why() {
        let said = |text: &str| When::read(text).unwrap_err().text(Language::Japanese);
        for (text, part) in [
            ("平成31年5月1日", "平成は平成31年4月30日までです。その日は令和元年5月1日です"),
            ("平成40年4月1日", "その日は令和10年4月1日です"),
            ("昭和64年1月8日", "その日は平成元年1月8日です"),
            ("昭和101年4月1日", "その日は令和8年4月1日です"),
            ("令和元年4月30日", "令和は令和元年5月1日からです"),
            ("令和99年4月1日", "遠すぎます"),
            ("R65.1.1", "西暦(2083年)"),
            ("令和8年2月29日", "その日はありません"),
            ("令和8年13月1日", "日付ではありません"),
        ] {
            assert!(said(text).contains(part), "{text}: {}", said(text));
        }
        for (text, iso) in [
            ("H31.4.30", "2019-04-30"),
            ("S64.1.7", "1989-01-07"),
            ("平成元年1月8日", "1989-01-08"),
            ("令和64年12月31日", "2082-12-31"),
            ("令和８年４月１日", "2026-04-01"),
        ] {
            assert_eq!(When::read(text), When::read(iso), "{text}");
        }
        assert!(When::read("2083-01-01").is_ok());
    }
}
