//! Filled-in forms that no office has: templates are tried with them.

use sekisho_wire::id::{Hash, Numbered};
use sekisho_wire::words::Language;

use crate::forms::{Form, all};
use crate::print::{Facts, html};
use crate::said::Said;
use crate::table::{Cell, Column, Table};
use crate::templates::{TemplateError, Templates};

/// Rows of a sample: none, few, more than a page.
const ROWS: [u64; 3] = [0, 3, 90];

/// A table with cells of each kind.
#[must_use]
pub fn sample_table(form: &'static Form, rows: u64) -> Table {
    let columns = vec![
        Column::new("number", "番号", "number"),
        Column::new("name", "氏名", "name"),
        Column::new("section", "所属", "section"),
        Column::new("day", "日付", "day"),
        Column::new("moment", "日時", "moment"),
        Column::new("count", "件数", "count"),
        Column::not_on_screen("remarks", "内容", "what"),
        Column::by_hand("by_hand", "備考", "remarks"),
    ];
    let mut table = Table::new(form, columns).noted(Said::new("見本", "a sample"));
    for row in 0..rows {
        let number = Numbered { fiscal_year: 2026, number: u32::try_from(row + 1).unwrap_or(u32::MAX) };
        table.row([
            Cell::Numbered(number),
            Cell::text("見本 太郎"),
            Cell::Coded { code: "jumin".to_owned(), title: "住民課".to_owned() },
            Cell::Day(20_605),
            Cell::Moment(1_780_300_800_000),
            Cell::Number(row),
            if row % 2 == 0 {
                Cell::Nothing
            } else {
                Cell::text("<&\"'> 長い内容は行を折り返して印刷される")
            },
        ]);
    }
    table
}

/// What a sample says of its print.
#[must_use]
pub fn sample_facts(language: Language) -> Facts {
    Facts {
        language,
        organisation: "見本町".to_owned(),
        as_of: crate::print::as_of(1_780_300_800_000),
        printed_by: "見本 花子 (0001)".to_owned(),
        printed_at: 1_780_300_800_000,
        size: 42,
        root: Hash([0x5a; 32]),
        orientation: None,
        remarks: vec![Said::new("許可番号 R8-1", "permission R8-1")],
    }
}

impl Templates {
    /// Tries a form with its template, in both languages, empty and full.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check_form(&self, form: &'static Form) -> Result<(), TemplateError> {
        for language in [Language::Japanese, Language::English] {
            let facts = sample_facts(language);
            let one = ROWS.map(|rows| vec![sample_table(form, rows)]);
            let several = vec![sample_table(form, 2), sample_table(form, 0), sample_table(form, 60)];
            one.into_iter().chain([several]).try_for_each(|tables| html(self, form, &tables, &facts).map(drop))?;
        }
        Ok(())
    }

    /// Tries every form. What is wrong, each once.
    #[must_use]
    pub fn check(&self) -> Vec<TemplateError> {
        let mut wrong: Vec<TemplateError> = Vec::new();
        for error in all().filter_map(|form| self.check_form(form).err()) {
            if !wrong.contains(&error) {
                wrong.push(error);
            }
        }
        wrong
    }
}
