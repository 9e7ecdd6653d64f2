//! Dates and numbers as offices write them: 和暦 in Japanese, ISO dates in English.

use alloc::format;
use alloc::string::{String, ToString};

use sekisho_wire::id::Numbered;
use sekisho_wire::words::Language;

use crate::calendar::{Date, Month, date, date_of_day, local_minute};

/// Eras since 1926, newest first: name and first day.
const ERAS: [(&str, Date); 4] = [
    ("令和", Date { year: 2019, month: 5, day: 1 }),
    ("平成", Date { year: 1989, month: 1, day: 8 }),
    ("昭和", Date { year: 1926, month: 12, day: 25 }),
    ("大正", Date { year: 1912, month: 7, day: 30 }),
];

/// The legal date of `t`: 令和8年11月22日.
#[must_use]
pub fn wareki(t: u64) -> String {
    let date = date(t);
    format!("{}{}月{}日", era_year(date), date.month, date.day)
}

/// Date and time to the minute: 令和8年11月22日 14時05分.
#[must_use]
pub fn wareki_time(t: u64) -> String {
    let minute = local_minute(t);
    format!("{} {}時{:02}分", wareki(t), minute / 60, minute % 60)
}

/// The fiscal year: 令和8年度.
#[must_use]
pub fn fiscal_year_text(fiscal_year: u16) -> String {
    // Fiscal years are named after the era of their first day; the one that began in 平成31年4月 became 令和元年度.
    let first = match fiscal_year {
        2019 => Date { year: 2019, month: 5, day: 1 },
        year => Date { year, month: 4, day: 1 },
    };
    format!("{}度", era_year(first))
}

/// A number of the fold: 令和8年度第12号, in English 2026-12.
#[must_use]
pub fn numbered(number: Numbered, language: Language) -> String {
    match language {
        Language::Japanese => format!("{}第{}号", fiscal_year_text(number.fiscal_year), number.number),
        Language::English => format!("{}-{}", number.fiscal_year, number.number),
    }
}

/// A moment to the minute in the reader's language; [`u64::MAX`] is "without end".
#[must_use]
pub fn moment_text(t: u64, language: Language) -> String {
    if t == u64::MAX {
        return match language {
            Language::Japanese => "期限なし",
            Language::English => "without end",
        }
        .to_string();
    }
    match language {
        Language::Japanese => wareki_time(t),
        Language::English => {
            let (date, minute) = (date(t), local_minute(t));
            format!("{}-{:02}-{:02} {:02}:{:02} JST", date.year, date.month, date.day, minute / 60, minute % 60)
        }
    }
}

/// A month in the reader's language: 令和8年4月, 2026-04.
#[must_use]
pub fn month_text(month: Month, language: Language) -> String {
    let date = date(month.begins());
    match language {
        Language::Japanese => format!("{}{}月", era_year(date), date.month),
        Language::English => month.to_string(),
    }
}

/// A legal day in the reader's language.
#[must_use]
pub fn day_text(day: u32, language: Language) -> String {
    let date = date_of_day(day);
    match language {
        Language::Japanese => format!("{}{}月{}日", era_year(date), date.month, date.day),
        Language::English => format!("{}-{:02}-{:02}", date.year, date.month, date.day),
    }
}

/// 令和8年, 令和元年.
fn era_year(date: Date) -> String {
    let era = ERAS.into_iter().find(|(_, first)| date >= *first);
    match era {
        Some((name, first)) if date.year == first.year => format!("{name}元年"),
        Some((name, first)) => format!("{name}{}年", date.year - first.year + 1),
        None => format!("西暦{}年", date.year),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{day_of_date, moment};

    fn noon(year: u16, month: u8, day: u8) -> u64 {
        moment(day_of_date(Date { year, month, day }), 12 * 60)
    }

    #[test]
    fn eras_change_on_their_day() {
        assert_eq!(wareki(noon(2026, 11, 22)), "令和8年11月22日");
        assert_eq!(wareki(noon(2019, 5, 1)), "令和元年5月1日");
        assert_eq!(wareki(noon(2019, 4, 30)), "平成31年4月30日");
        assert_eq!(wareki(noon(1989, 1, 7)), "昭和64年1月7日");
        assert_eq!(wareki_time(noon(2026, 1, 2) + 5 * 60 * 1000), "令和8年1月2日 12時05分");
    }

    #[test]
    fn numbers_name_the_fiscal_year() {
        let number = Numbered { fiscal_year: 2026, number: 12 };
        assert_eq!(numbered(number, Language::Japanese), "令和8年度第12号");
        assert_eq!(numbered(number, Language::English), "2026-12");
        assert_eq!(fiscal_year_text(2019), "令和元年度");
        assert_eq!(fiscal_year_text(2018), "平成30年度");
    }
}
