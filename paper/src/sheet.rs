//! Rows broken into pages here, and not by a browser: so "page n of m" stands in the text of each page, and is right in any of them.

use sekisho_wire::words::Language;
use serde::Serialize;

use crate::forms::Orientation;
use crate::table::{Shown, Table};
use crate::written::{char_width, width};

/// How much room a page has. Lengths in tenths of a millimetre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// How the sheet lies.
    pub orientation: Orientation,
    /// Tenths of a point; nothing: as the number of columns asks for.
    pub font: Option<u32>,
    /// Of the tables.
    pub width: u32,
    /// What tables may take on a page.
    pub height: u32,
    /// What seals take from it on the first page.
    pub stamps: u32,
}

/// A4 with margins of 12 mm: what is left beside head and foot of our base template.
impl Room {
    pub(crate) const fn of(orientation: Orientation) -> Self {
        let (width, height) = match orientation {
            Orientation::Portrait => (1860, 2430),
            Orientation::Landscape => (2730, 1570),
        };
        Self { orientation, font: None, width, height, stamps: 220 }
    }
}

/// Sizes of characters in tenths of a point: the largest by which what is short keeps its line.
const FONTS: [u32; 3] = [90, 75, 68];
/// Thousandths of a millimetre of ten points, times ten: a point is 0.3528 mm.
const POINT: u32 = 3528;
/// Most characters of half width that a column asks for before it breaks its lines.
const COLUMN_MAX: usize = 44;
/// Fewest.
const COLUMN_MIN: usize = 4;
/// So much of its width a title may ask for; a longer one is broken.
const TITLE_MAX: usize = 12;
/// What somebody needs to write by hand.
const HAND_MIN: usize = 12;
/// Tenths of a millimetre up to which a column keeps its line.
const SHORT: u32 = 270;
/// What borders and blanks beside a cell's text take, and half a millimetre more: browsers round.
const CELL_SIDE: u32 = 26;
/// What they take above and below.
const CELL_OVER: u32 = 16;
/// A title over a table.
const TITLE: u32 = 90;
/// A table's notes, a line.
const NOTE: u32 = 50;
/// Their characters, in tenths of a point.
const NOTE_FONT: u32 = 80;

/// A page.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    number: usize,
    of: usize,
    parts: Vec<Part>,
}

/// What of a table stands on a page.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    title: String,
    key: &'static str,
    /// Tenths of a point.
    font: u32,
    columns: Vec<Head>,
    rows: Vec<Vec<Entry>>,
    /// Whether the table begins here.
    begins: bool,
    /// Whether it ends here.
    ends: bool,
    /// How many rows the whole table has.
    count: usize,
    notes: Vec<String>,
}

/// A column's head.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Head {
    key: &'static str,
    title: String,
    /// Percent of the table's width, with two digits.
    width: String,
    by_hand: bool,
}

/// A cell as templates see it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    text: String,
    kind: &'static str,
}

/// A table measured for a page.
struct Measured<'t> {
    table: &'t Table,
    font: u32,
    heads: Vec<Head>,
    /// Characters of half width that fit a line, by column.
    fits: Vec<usize>,
    head_height: u32,
}

/// A line of remarks in the head.
const REMARK: u32 = 45;

impl Room {
    /// What is left beside so many lines of remarks on each page, and beside seals on the first.
    pub(crate) fn beside(self, remarks: usize, stamps: usize) -> Self {
        let lines = u32::try_from(remarks).unwrap_or(u32::MAX);
        let height = self.height.saturating_sub(lines.saturating_mul(REMARK)).max(LEAST);
        Self { height, stamps: if stamps == 0 { 0 } else { self.stamps }, ..self }
    }
}

/// A page with less room than this would take no row.
const LEAST: u32 = 300;

/// Breaks tables into pages.
pub(crate) fn pages(tables: &[Table], room: Room, language: Language) -> Vec<Page> {
    let mut pages: Vec<Vec<Part>> = vec![Vec::new()];
    let mut left = room.height.saturating_sub(room.stamps);
    for table in tables {
        let measured = Measured::of(table, room, language);
        let titled = if tables.len() > 1 { TITLE } else { 0 };
        let rows: Vec<(Vec<Entry>, u32)> = table.rows.iter().map(|row| measured.row(row, language)).collect();
        let remarks: Vec<String> = table.remarks().iter().map(|note| note.in_words(language).to_owned()).collect();
        let fit = usize::try_from(room.width * 10 / pitch(NOTE_FONT)).unwrap_or(1);
        let notes = remarks.iter().map(|note| lines(note, fit)).sum::<usize>();
        let notes = NOTE.saturating_mul(u32::try_from(notes).unwrap_or(u32::MAX));
        let begins_with = titled + measured.head_height + rows.first().map_or(measured.line(1), |row| row.1);
        let mut part = measured.part(language, true);
        if left < begins_with && pages.last().is_some_and(|parts| !parts.is_empty()) {
            pages.push(Vec::new());
            left = room.height;
        }
        left = left.saturating_sub(titled + measured.head_height);
        for (row, height) in rows {
            if height > left && !part.rows.is_empty() {
                let full = std::mem::replace(&mut part, measured.part(language, false));
                pages.last_mut().expect("there is a first page").push(full);
                pages.push(Vec::new());
                left = room.height.saturating_sub(titled + measured.head_height);
            }
            left = left.saturating_sub(height);
            part.rows.push(row);
        }
        // Notes that find no room take the last row with them: a page of notes alone would say that the table is empty.
        if notes > left && part.rows.len() > 1 {
            let last = part.rows.pop();
            let full = std::mem::replace(&mut part, measured.part(language, false));
            pages.last_mut().expect("there is a first page").push(full);
            pages.push(Vec::new());
            part.rows.extend(last);
            left = room.height.saturating_sub(titled + measured.head_height);
        }
        left = left.saturating_sub(notes);
        part.ends = true;
        part.notes = remarks;
        pages.last_mut().expect("there is a first page").push(part);
    }
    let of = pages.len();
    pages.into_iter().enumerate().map(|(index, parts)| Page { number: index + 1, of, parts }).collect()
}

/// What each column asks for at that size, in tenths of a millimetre.
fn asked(units: &[u32], font: u32) -> Vec<u32> {
    units.iter().map(|units| units * pitch(font) / 10 + CELL_SIDE).collect()
}

/// Hundredths of a millimetre that a character of half width takes.
const fn pitch(font: u32) -> u32 {
    font * POINT / 2000
}

/// Whether what is short fits beside what is long, broken.
fn fits(wanted: &[u32], width: u32) -> bool {
    wanted.iter().map(|of| if *of > SHORT { SHORT } else { *of }).sum::<u32>() <= width
}

impl<'t> Measured<'t> {
    fn of(table: &'t Table, room: Room, language: Language) -> Self {
        let units = widths(table, language);
        let fitting = FONTS.into_iter().find(|font| fits(&asked(&units, *font), room.width));
        let font = room.font.or(fitting).unwrap_or(FONTS[FONTS.len() - 1]);
        let widths = shared(asked(&units, font), room.width);
        let pitch = pitch(font).max(1);
        let all: u32 = widths.iter().sum::<u32>().max(1);
        let mut heads = Vec::new();
        let mut fits = Vec::new();
        for (column, width) in table.columns.iter().zip(&widths) {
            let share = width * 10_000 / all;
            let tenths = share * room.width / 10_000;
            fits.push(usize::try_from(tenths.saturating_sub(CELL_SIDE) * 10 / pitch).unwrap_or(1).max(2));
            heads.push(Head {
                key: column.key,
                title: column.title.in_words(language).to_owned(),
                width: format!("{}.{:02}", share / 100, share % 100),
                by_hand: column.shown == Shown::ByHand,
            });
        }
        let mut measured = Self { table, font, heads, fits, head_height: 0 };
        let titles = measured.heads.iter().zip(&measured.fits).map(|(head, fit)| lines(&head.title, *fit));
        measured.head_height = measured.line(titles.max().unwrap_or(1));
        measured
    }

    fn part(&self, language: Language, begins: bool) -> Part {
        Part {
            title: self.table.title.in_words(language).to_owned(),
            key: self.table.form.key,
            font: self.font,
            columns: self.heads.clone(),
            rows: Vec::new(),
            begins,
            ends: false,
            count: self.table.rows.len(),
            notes: Vec::new(),
        }
    }

    fn row(&self, row: &[crate::table::Cell], language: Language) -> (Vec<Entry>, u32) {
        let entries: Vec<Entry> =
            row.iter().map(|cell| Entry { text: cell.in_words(language), kind: cell.kind() }).collect();
        let tallest = entries.iter().zip(&self.fits).map(|(entry, fit)| lines(&entry.text, *fit)).max();
        (entries, self.line(tallest.unwrap_or(1)))
    }

    /// The height of a row of so many lines; a line is 1.35 times as high as its characters.
    fn line(&self, lines: usize) -> u32 {
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        CELL_OVER + lines.saturating_mul(self.font * POINT * 135 / 100 / 10_000)
    }
}

/// What each column asks for, in characters of half width: as much as its widest text, but no more than leaves room for others.
fn widths(table: &Table, language: Language) -> Vec<u32> {
    let column = |(index, column): (usize, &crate::table::Column)| {
        let text = |row: &Vec<crate::table::Cell>| row.get(index).map_or(0, |cell| width(&cell.in_words(language)));
        let widest = table.rows.iter().map(text).max().unwrap_or(0);
        let title = width(column.title.in_words(language)).min(TITLE_MAX);
        let by_hand = if column.shown == Shown::ByHand { HAND_MIN } else { 0 };
        let wanted = widest.max(title).clamp(COLUMN_MIN, COLUMN_MAX).max(by_hand);
        u32::try_from(wanted).unwrap_or(u32::MAX)
    };
    table.columns.iter().enumerate().map(column).collect()
}

/// Shares the width of a page: what is short keeps its line, what is long is broken. What is left over widens all.
fn shared(mut wanted: Vec<u32>, width: u32) -> Vec<u32> {
    let sum: u32 = wanted.iter().sum();
    if sum <= width {
        return wanted;
    }
    let long = |of: &u32| *of > SHORT;
    let (short, of_long): (u32, u32) =
        (wanted.iter().filter(|of| !long(of)).sum(), wanted.iter().filter(|of| long(of)).sum());
    let left = width.saturating_sub(short);
    let count = u32::try_from(wanted.iter().filter(|of| long(of)).count()).unwrap_or(u32::MAX);
    if of_long > 0 && left >= count.saturating_mul(SHORT / 2) {
        wanted.iter_mut().filter(|of| long(of)).for_each(|of| *of = (*of * left / of_long).max(SHORT / 2));
    }
    // What still is too much shrinks in proportion, as the widths are percents.
    wanted
}

/// Lines that a text takes where so many characters of half width fit: broken anywhere, as the style sheet says.
fn lines(text: &str, fits: usize) -> usize {
    let mut lines = 1;
    let mut used = 0;
    for c in text.chars() {
        let width = if c == '\n' { 0 } else { char_width(c) };
        if c == '\n' || used + width > fits {
            lines += 1;
            used = 0;
        }
        used += width;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::{OPERATORS, WORK};
    use crate::table::{Cell, Column};

    fn table(rows: usize, text: &str) -> Table {
        let columns = vec![Column::new("a", "番号", "no."), Column::new("b", "内容", "what")];
        let mut table = Table::new(&WORK, columns);
        (0..rows).for_each(|row| table.row([Cell::Number(row as u64), Cell::text(text)]));
        table
    }

    fn rows(pages: &[Page]) -> Vec<usize> {
        pages.iter().map(|page| page.parts.iter().map(|part| part.rows.len()).sum()).collect()
    }

    #[test]
    fn every_row_stands_on_one_page_and_each_page_knows_how_many_there_are() {
        let room = Room::of(Orientation::Portrait);
        let pages = pages(&[table(100, "住民票の写しの交付")], room, Language::Japanese);
        let counts = rows(&pages);
        assert_eq!(counts.iter().sum::<usize>(), 100);
        assert!(counts.len() > 2 && counts[0] < counts[1], "seals take room of the first page: {counts:?}");
        assert!(pages.iter().enumerate().all(|(index, page)| (page.number, page.of) == (index + 1, counts.len())));
        assert!(pages[0].parts[0].begins && !pages[0].parts[0].ends && pages.last().unwrap().parts[0].ends);
    }

    #[test]
    fn longer_texts_take_more_lines_and_so_more_pages() {
        let room = Room::of(Orientation::Portrait);
        let count = |text: &str| pages(&[table(60, text)], room.beside(0, 0), Language::Japanese).len();
        assert!(count(&"あ".repeat(400)) > 2 * count("あ"));
        // A row higher than a page stands on one of its own.
        assert_eq!(rows(&pages(&[table(3, &"あ".repeat(9000))], room.beside(0, 0), Language::Japanese)), [1, 1, 1]);
    }

    #[test]
    fn an_empty_table_is_a_page_and_several_tables_share_one() {
        let room = Room::of(Orientation::Landscape);
        let one = pages(&[Table::new(&OPERATORS, Vec::new())], room.beside(0, 0), Language::English);
        assert_eq!((one.len(), one[0].parts.len()), (1, 1));
        let several = pages(&[table(2, "a"), table(2, "b"), table(50, "c")], room.beside(0, 0), Language::English);
        assert_eq!(several[0].parts.len(), 3);
        assert!(several.len() > 1 && several[1].parts.iter().all(|part| !part.begins));
    }

    #[test]
    fn long_notes_have_room_of_their_own() {
        let room = Room::of(Orientation::Portrait).beside(0, 0);
        let of = |rows, note: &str| {
            let noted = table(rows, "a").noted(crate::said::Said::made(note.to_owned(), note.to_owned()));
            pages(&[noted], room, Language::English)
        };
        // As many rows as a page takes, without room for a note.
        let full = (1..100).rev().find(|rows| of(*rows, "").len() == 1 && of(rows + 1, "").len() == 2).unwrap();
        let long = of(full, &"あ".repeat(900));
        assert_eq!(rows(&long), [full - 1, 1]);
        assert!(long[0].parts[0].notes.is_empty() && !long[1].parts[0].notes.is_empty());
    }

    #[test]
    fn lines_are_broken_where_they_are_full() {
        assert_eq!(
            [
                lines("", 4),
                lines("abcd", 4),
                lines("abcde", 4),
                lines("あい", 4),
                lines("aあい", 4),
                lines("a\nabcd\n", 4)
            ],
            [1, 1, 2, 1, 2, 3]
        );
    }
}
