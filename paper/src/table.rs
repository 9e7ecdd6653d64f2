//! A table: a form, its columns, typed cells. It knows no language until somebody asks for its text.

use sekisho_register::calendar::{MINUTE_MS, date, date_of_day, local_day, local_minute};
use sekisho_register::wareki::{day_text, moment_text, numbered};
use sekisho_wire::id::Numbered;
use sekisho_wire::words::Language;

use crate::forms::Form;
use crate::registers::NOT_SHOWN;
use crate::said::Said;

/// One form, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Which form.
    pub form: &'static Form,
    /// What stands over it; the form's own title, unless it says for which year or what else.
    pub title: Said,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows: each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
    /// What stands under it.
    pub notes: Vec<Said>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The key for programs: stays what it is.
    pub key: &'static str,
    /// The title for people.
    pub title: Said,
    /// Where it is shown.
    pub shown: Shown,
}

/// Where a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Everywhere.
    Everywhere,
    /// On paper and in files, not in the lines of a screen: long, or of no use there.
    NotOnScreen,
    /// The same, and it stays empty: somebody writes into it by hand.
    ByHand,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// There is nothing to say.
    Nothing,
    /// Left empty, to be written into by hand.
    ByHand,
    /// Text that is the same in every language.
    Text(String),
    /// A word of the system.
    Said(Said),
    /// A legal day: days since 1970-01-01 in UTC+9; [`u32::MAX`] is "without end".
    Day(u32),
    /// A moment, ms since 1970 UTC; [`u64::MAX`] is "without end".
    Moment(u64),
    /// A number.
    Number(u64),
    /// A number of the fold, per fiscal year.
    Numbered(Numbered),
    /// A code and what it is called.
    Coded {
        /// The code.
        code: String,
        /// The title or name.
        title: String,
    },
    /// Several.
    List(Vec<Cell>),
}

impl Column {
    /// One that is shown everywhere.
    #[must_use]
    pub const fn new(key: &'static str, japanese: &'static str, english: &'static str) -> Self {
        Self { key, title: Said::new(japanese, english), shown: Shown::Everywhere }
    }

    /// The same, not on a screen.
    #[must_use]
    pub const fn not_on_screen(key: &'static str, japanese: &'static str, english: &'static str) -> Self {
        Self { key, title: Said::new(japanese, english), shown: Shown::NotOnScreen }
    }

    /// The same, to be written into by hand.
    #[must_use]
    pub const fn by_hand(key: &'static str, japanese: &'static str, english: &'static str) -> Self {
        Self { key, title: Said::new(japanese, english), shown: Shown::ByHand }
    }
}

impl Table {
    /// An empty one under the form's title.
    #[must_use]
    pub fn new(form: &'static Form, columns: Vec<Column>) -> Self {
        Self { form, title: form.title.clone(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row. What lacks at its end is written by hand; what is too much falls off.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut row: Vec<Cell> = cells.into_iter().collect();
        row.resize(self.columns.len(), Cell::ByHand);
        self.rows.push(row);
    }

    /// This table without those of these columns in which no row says anything: an office that never uses them prints no empty ones.
    #[must_use]
    pub fn without_empty(mut self, keys: &[&str]) -> Self {
        let is_empty = |at: usize, column: &Column| {
            keys.contains(&column.key) && self.rows.iter().all(|row| row.get(at) == Some(&Cell::Nothing))
        };
        let keep: Vec<bool> = self.columns.iter().enumerate().map(|(at, column)| !is_empty(at, column)).collect();
        let kept = |at: &usize| keep.get(*at).copied().unwrap_or(true);
        self.columns = (0..).zip(self.columns).filter(|(at, _)| kept(at)).map(|(_, column)| column).collect();
        for row in &mut self.rows {
            *row = (0..).zip(std::mem::take(row)).filter(|(at, _)| kept(at)).map(|(_, cell)| cell).collect();
        }
        self
    }

    /// This table under another title.
    #[must_use]
    pub fn titled(self, title: Said) -> Self {
        Self { title, ..self }
    }

    /// What stands under it: its notes, and how many names and texts were not given to whoever made it. Whoever reads it must not take those for gone.
    #[must_use]
    pub fn remarks(&self) -> Vec<Said> {
        let withheld: usize = self.rows.iter().flatten().map(Cell::withheld).sum();
        let note = Said::made(
            format!("「{}」とある氏名・文章{withheld}件は、印刷した者に台帳が示さなかったもの", NOT_SHOWN.japanese),
            format!(
                "{withheld} names or texts were not shown by the ledger to whoever printed this; they are not erased"
            ),
        );
        self.notes.iter().cloned().chain((withheld > 0).then_some(note)).collect()
    }

    /// This table with a note under it.
    #[must_use]
    pub fn noted(mut self, note: Said) -> Self {
        self.notes.push(note);
        self
    }
}

impl Cell {
    /// Text of anything that has one.
    #[must_use]
    pub fn text(of: impl ToString) -> Self {
        Self::Text(of.to_string())
    }

    /// A word in Japanese and English.
    #[must_use]
    pub const fn said(japanese: &'static str, english: &'static str) -> Self {
        Self::Said(Said::new(japanese, english))
    }

    /// The day of a moment.
    #[must_use]
    pub const fn day_of(t: u64) -> Self {
        Self::Day(if t == u64::MAX { u32::MAX } else { local_day(t) })
    }

    /// The last day of a span, of which the register keeps the moment after it.
    #[must_use]
    pub const fn last_day_of(t: u64) -> Self {
        if t == u64::MAX { Self::Day(u32::MAX) } else { Self::Day(local_day(t.saturating_sub(1))) }
    }

    /// Several texts; nothing where there is none.
    #[must_use]
    pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Self> = items.into_iter().map(Self::text).collect();
        if items.is_empty() { Self::Nothing } else { Self::List(items) }
    }

    /// Several cells; nothing where there is none.
    #[must_use]
    pub fn several(cells: Vec<Self>) -> Self {
        if cells.is_empty() { Self::Nothing } else { Self::List(cells) }
    }

    /// What there may be.
    #[must_use]
    pub fn or_nothing(of: Option<Self>) -> Self {
        of.unwrap_or(Self::Nothing)
    }

    /// As people read it: 和暦 in Japanese.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match self {
            Self::Nothing | Self::ByHand => String::new(),
            Self::Text(text) => text.clone(),
            Self::Said(said) => said.in_words(language).to_owned(),
            Self::Day(u32::MAX) | Self::Moment(u64::MAX) => moment_text(u64::MAX, language),
            Self::Day(day) => day_text(*day, language),
            Self::Moment(t) => moment_text(*t, language),
            Self::Number(number) => number.to_string(),
            Self::Numbered(number) => numbered(*number, language),
            Self::Coded { code, title } => format!("{title} ({code})"),
            Self::List(cells) => {
                cells.iter().map(|cell| cell.in_words(language)).collect::<Vec<_>>().join(self.separator(language))
            }
        }
    }

    /// As programs and spreadsheets read it: dates as ISO 8601 has them.
    #[must_use]
    pub fn in_file(&self, language: Language) -> String {
        match self {
            Self::Day(u32::MAX) | Self::Moment(u64::MAX) => moment_text(u64::MAX, language),
            Self::Day(day) => {
                let date = date_of_day(*day);
                format!("{}-{:02}-{:02}", date.year, date.month, date.day)
            }
            Self::Moment(t) => iso_moment(*t),
            Self::List(cells) => {
                cells.iter().map(|cell| cell.in_file(language)).collect::<Vec<_>>().join(self.separator(language))
            }
            Self::Nothing
            | Self::ByHand
            | Self::Text(_)
            | Self::Said(_)
            | Self::Number(_)
            | Self::Numbered(_)
            | Self::Coded { .. } => self.in_words(language),
        }
    }

    /// How many names or texts stand in it that were not shown.
    fn withheld(&self) -> usize {
        match self {
            Self::Said(said) => said.japanese.matches(NOT_SHOWN.japanese.as_ref()).count(),
            Self::List(cells) => cells.iter().map(Self::withheld).sum(),
            Self::Nothing
            | Self::ByHand
            | Self::Text(_)
            | Self::Day(_)
            | Self::Moment(_)
            | Self::Number(_)
            | Self::Numbered(_)
            | Self::Coded { .. } => 0,
        }
    }

    /// Codes have no blanks and are parted by one; anything else needs a mark.
    fn separator(&self, language: Language) -> &'static str {
        let Self::List(cells) = self else { return "" };
        let plain = |cell: &Self| matches!(cell, Self::Text(text) if text.is_ascii() && !text.contains(' '));
        if cells.iter().all(plain) { " " } else { language.pick("、", ", ") }
    }

    /// What sort of cell it is, for templates.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::ByHand => "by-hand",
            Self::Text(_) | Self::Said(_) | Self::Coded { .. } | Self::List(_) | Self::Numbered(_) => "text",
            Self::Day(_) => "day",
            Self::Moment(_) => "moment",
            Self::Number(_) => "number",
        }
    }
}

/// Japanese time to the millisecond, as ISO 8601 writes it.
#[must_use]
pub fn iso_moment(t: u64) -> String {
    let (date, minute, rest) = (date(t), local_minute(t), t % MINUTE_MS);
    let (hour, minute, second, milli) = (minute / 60, minute % 60, rest / 1000, rest % 1000);
    format!("{}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+09:00", date.year, date.month, date.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_read_by_people_in_their_calendar_and_by_programs_in_iso() {
        let t = 1_780_300_800_123;
        let cases = [
            (Cell::Day(20_605), "令和8年6月1日", "2026-06-01", "2026-06-01"),
            (Cell::Moment(t), "令和8年6月1日 17時00分", "2026-06-01 17:00 JST", "2026-06-01T17:00:00.123+09:00"),
            (Cell::Day(u32::MAX), "期限なし", "without end", "期限なし"),
            (Cell::last_day_of(u64::MAX), "期限なし", "without end", "期限なし"),
            (Cell::Numbered(Numbered { fiscal_year: 2026, number: 3 }), "令和8年度第3号", "2026-3", "令和8年度第3号"),
            (Cell::list(["a.b", "c"]), "a.b c", "a.b c", "a.b c"),
            (Cell::list(["住民課", "税務課"]), "住民課、税務課", "住民課, 税務課", "住民課、税務課"),
            (Cell::list::<String>([]), "", "", ""),
        ];
        for (cell, japanese, english, file) in cases {
            assert_eq!(cell.in_words(Language::Japanese), japanese);
            assert_eq!(cell.in_words(Language::English), english);
            assert_eq!(cell.in_file(Language::Japanese), file);
        }
    }

    #[test]
    fn a_moment_is_japanese_time() {
        assert_eq!(iso_moment(0), "1970-01-01T09:00:00.000+09:00");
        assert_eq!(iso_moment(1_780_300_800_123), "2026-06-01T17:00:00.123+09:00");
    }

    #[test]
    fn a_row_is_as_long_as_the_columns() {
        let columns = vec![Column::new("a", "甲", "a"), Column::by_hand("b", "乙", "b")];
        let mut table = Table::new(&crate::forms::OPERATORS, columns);
        table.row([Cell::Number(1)]);
        table.row([Cell::Number(1), Cell::Number(2), Cell::Number(3)]);
        assert_eq!(table.rows, [vec![Cell::Number(1), Cell::ByHand], vec![Cell::Number(1), Cell::Number(2)]]);
    }
}
