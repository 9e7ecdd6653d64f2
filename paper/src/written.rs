//! A table as text: lines for a screen, CSV, JSON.

use serde_json::{Map, Value, json};

use sekisho_wire::words::Language;

use crate::print::Facts;
use crate::said::Said;
use crate::table::{Cell, Shown, Table};

/// Some spreadsheets take a file without it for one in an older encoding, and show Japanese as rubbish.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

impl Table {
    /// Lines with aligned columns, titles first; what is written by hand or only on paper is left out.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|column| self.columns.get(*column).is_some_and(|column| column.shown == Shown::Everywhere))
            .collect();
        let titles =
            shown.iter().filter_map(|column| self.columns.get(*column)).map(|column| column.title.in_words(language));
        let cells = |row: &Vec<Cell>| {
            let cells = shown.iter().filter_map(|column| row.get(*column));
            cells.map(|cell| or_dash(cell.in_words(language))).collect()
        };
        aligned(titles.map(str::to_owned).collect(), self.rows.iter().map(cells))
    }

    /// The same, with what stands under it.
    #[must_use]
    pub fn text_with_notes(&self, language: Language) -> String {
        let notes = self.remarks().into_iter().map(|note| format!("* {}\n", note.in_words(language)));
        self.text(language) + &notes.collect::<String>()
    }

    /// An array of objects with the columns' keys, as the lines of [`Self::text`] say it.
    #[must_use]
    pub fn json(&self, language: Language) -> Value {
        let object = |row: &Vec<Cell>| {
            let members = self.columns.iter().zip(row);
            let members = members.map(|(column, cell)| {
                let text = cell.in_words(language);
                let text = if column.shown == Shown::ByHand { text } else { or_dash(text) };
                (column.key.to_owned(), Value::from(text))
            });
            Value::Object(members.collect::<Map<_, _>>())
        };
        Value::Array(self.rows.iter().map(object).collect())
    }

    /// CSV with a line of titles: keys in English, titles in Japanese.
    #[must_use]
    pub fn csv(&self, language: Language) -> String {
        let title = |column: &crate::table::Column| match language {
            Language::Japanese => column.title.japanese.clone().into_owned(),
            Language::English => column.key.to_owned(),
        };
        let mut text = csv_line(self.columns.iter().map(title));
        for row in &self.rows {
            text += &csv_line(row.iter().map(|cell| cell.in_file(language)));
        }
        text
    }
}

/// What stands in head, foot and under the tables of a print, as CSV with two columns: a file of its own, so that every line of a table's file is a row.
#[must_use]
pub fn csv_of_notes(facts: &Facts, tables: &[Table]) -> String {
    let language = facts.language;
    let title = |japanese, english| language.pick(japanese, english).to_owned();
    let mut text = csv_line([title("事項", "what"), title("内容", "value")]);
    for (what, value) in facts.lines(tables) {
        text += &csv_line([what, value]);
    }
    text
}

/// A print of several tables as one document.
#[must_use]
pub fn json_of(facts: &Facts, tables: &[Table]) -> Value {
    let language = facts.language;
    let words = |said: &Said| Value::from(said.in_words(language));
    let table = |table: &Table| {
        json!({
            "title": words(&table.title),
            "rows": table.json(language),
            "notes": table.remarks().iter().map(words).collect::<Vec<_>>(),
        })
    };
    json!({
        "organisation": facts.organisation,
        "as_of": words(&facts.as_of),
        "remarks": facts.remarks.iter().map(words).collect::<Vec<_>>(),
        "register": { "size": facts.size, "root": facts.root.to_string() },
        "tables": tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// A text that has lines, for a place where a line means something: each after the first is marked, so that none passes for one of the program's.
#[must_use]
pub fn marked(text: &str, indent: &str) -> String {
    text.replace('\n', &format!("\n{indent}{CONTINUED}"))
}

/// What a line begins with that goes on with the text of the one before.
const CONTINUED: &str = "| ";

/// A row as rows of lines: where a cell has several, what is below the first is marked.
fn unfolded(row: Vec<String>) -> Vec<Vec<String>> {
    let cells: Vec<Vec<String>> =
        row.iter().map(|cell| marked(cell, "").split('\n').map(str::to_owned).collect()).collect();
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
    let line = |line: usize| cells.iter().map(|cell| cell.get(line).cloned().unwrap_or_default()).collect();
    (0..lines).map(line).collect()
}

/// Lines with aligned columns, titles first.
#[must_use]
pub fn aligned(titles: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = std::iter::once(titles).chain(rows).flat_map(unfolded).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell.as_str())).max();
    let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, wanted) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(wanted.saturating_sub(width(cell)) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns a text takes in a font of fixed pitch: East Asian wide characters take two (UAX #11, the blocks offices use).
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

pub(crate) const fn char_width(c: char) -> usize {
    let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

/// A line as RFC 4180 has it: it ends with CR LF, what needs it is quoted, and nothing that stands in a cell is taken for a formula.
#[must_use]
pub fn csv_line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(defused(cell))).collect();
    cells.join(",") + "\r\n"
}

/// A spreadsheet takes a cell that begins so for a formula, and would do what a name or a case number says. An apostrophe before it makes it
/// text; so does one before an apostrophe, or whoever takes them away would take one too many.
fn defused(cell: String) -> String {
    let risky = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '\''];
    if cell.starts_with(risky) { format!("'{cell}") } else { cell }
}

fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::OPERATORS;
    use crate::said::Said;
    use crate::table::Column;

    #[test]
    fn nothing_is_a_formula_and_nothing_ends_a_cell() {
        for (cell, written) in [
            ("jumin-1", "jumin-1"),
            ("=1+1", "'=1+1"),
            ("+81", "'+81"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("", ""),
        ] {
            assert_eq!(csv_line([cell.to_owned()]), format!("{written}\r\n"));
        }
    }

    #[test]
    fn a_text_with_lines_forges_none_of_a_list() {
        let row = |name: &str, text: &str| vec![name.to_owned(), text.to_owned(), "end".to_owned()];
        let rows = [row("1", "lost\n2  found  end"), row("3", "a")];
        let titles = ["no.", "text", "x"].map(str::to_owned).to_vec();
        let expected =
            "no.  text             x\n1    lost             end\n     | 2  found  end\n3    a                end\n";
        assert_eq!(aligned(titles, rows.into_iter()), expected);
        let first = [vec!["one\nto be done:".to_owned()]];
        assert_eq!(aligned(vec!["t".to_owned()], first.into_iter()), "t\none\n| to be done:\n");
        assert_eq!(marked("a\nb\nc", "  "), "a\n  | b\n  | c");
    }

    #[test]
    fn notes_stand_under_a_list_and_what_was_withheld_is_counted() {
        let mut table = Table::new(&OPERATORS, vec![Column::new("a", "甲", "a")]).noted(Said::new("注", "a note"));
        assert_eq!(table.text_with_notes(Language::English), "a\n* a note\n");
        table.row([Cell::Said(crate::registers::NOT_SHOWN)]);
        // What people write is not what is counted.
        table.row([Cell::text("(台帳が示さない)")]);
        assert!(table.text_with_notes(Language::English).contains("* 1 names or texts were not shown"), "{table:?}");
    }

    #[test]
    fn columns_line_up_under_japanese_and_what_is_for_paper_stays_there() {
        let columns = vec![
            Column::new("section", "課", "section"),
            Column::new("title", "名称", "name"),
            Column::not_on_screen("why", "理由", "why"),
            Column::by_hand("place", "保管場所", "place"),
        ];
        let mut table = Table::new(&OPERATORS, columns);
        table.row([Cell::text("jumin"), Cell::text("住民課"), Cell::text("=1")]);
        table.row([Cell::Nothing, Cell::text("b"), Cell::Nothing]);
        assert_eq!(table.text(Language::Japanese), "課     名称\njumin  住民課\n-      b\n");
        let json = table.json(Language::English);
        assert_eq!(
            (&json[0]["title"], &json[1]["section"], &json[1]["place"]),
            (&"住民課".into(), &"-".into(), &"".into())
        );
        assert_eq!(table.csv(Language::English), "section,title,why,place\r\njumin,住民課,'=1,\r\n,b,,\r\n");
        assert_eq!(table.csv(Language::Japanese).lines().next(), Some("課,名称,理由,保管場所"));
    }
}
