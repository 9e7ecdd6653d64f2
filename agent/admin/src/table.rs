//! Plain tables for terminals and printers, and the same rows as JSON.

use serde_json::{Map, Value};

/// Rows under named columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    keys: Vec<&'static str>,
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns: the key in JSON, the title for people.
    #[must_use]
    pub(crate) fn new(columns: &[(&'static str, &'static str)]) -> Self {
        let (keys, titles) = columns.iter().copied().unzip();
        Self { keys, titles, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Lines with aligned columns, titles first.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let titles = self.titles.iter().map(|title| (*title).to_owned()).collect();
        sekisho_paper::written::aligned(titles, self.rows.iter().cloned())
    }

    /// An array of objects with the columns' keys.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let object = |row: &Vec<String>| {
            let members = self.keys.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), Value::from(cell.as_str())));
            Value::Object(members.collect::<Map<_, _>>())
        };
        Value::Array(self.rows.iter().map(object).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_japanese() {
        let mut table = Table::new(&[("section", "課"), ("title", "name")]);
        table.row(["jumin".to_owned(), "住民課".to_owned()]);
        table.row(["a".to_owned(), "b".to_owned()]);
        assert_eq!(table.text(), "課     name\njumin  住民課\na      b\n");
        assert_eq!(table.json()[0]["title"], "住民課");
    }
}
