//! A record as a line of CSV.

use sekisho_paper::table::iso_moment;
use sekisho_paper::written::csv_line as line;
use sekisho_wire::words::Language;

use super::{Row, text};
use crate::lacks::Lack;

/// Key and Japanese title of each column. Programs read the keys: they stay.
const COLUMNS: [(&str, &str); 20] = [
    ("index", "番号"),
    ("kind", "種別"),
    ("terminal", "端末機"),
    ("epoch", "履歴"),
    ("seq", "連番"),
    ("time", "日時"),
    ("clock", "端末機の時計"),
    ("operator", "操作者"),
    ("home", "所属団体"),
    ("card", "カード"),
    ("profile", "操作者ID"),
    ("session", "セッション"),
    ("application", "業務アプリケーション"),
    ("function", "業務機能"),
    ("purpose", "事由"),
    ("case", "案件番号"),
    ("verdict", "判定番号"),
    ("reason", "判定"),
    ("what", "内容"),
    ("leaf", "葉ハッシュ"),
];

/// The first line.
#[must_use]
pub(crate) fn csv_head(language: Language) -> String {
    let title = |(key, japanese): &(&'static str, &'static str)| match language {
        Language::English => (*key).to_owned(),
        Language::Japanese => (*japanese).to_owned(),
    };
    line(COLUMNS.iter().map(title))
}

/// One record.
#[must_use]
pub(crate) fn csv_line(row: &Row) -> String {
    let (input, (operator, card)) = (row.input(), row.who());
    let record = row.record.as_ref();
    let verdict = row.verdict();
    let cells: [String; COLUMNS.len()] = [
        row.index.to_string(),
        row.kind().to_owned(),
        text(row.terminal()),
        text(record.map(|record| record.epoch)),
        text(record.map(|record| record.seq)),
        text(record.map(|record| iso_moment(record.trusted))),
        text(record.map(|record| iso_moment(record.wall))),
        text(operator),
        text(row.home()),
        text(card),
        text(input.and_then(|input| input.profile.as_ref())),
        text(input.and_then(|input| input.session)),
        text(input.and_then(|input| input.application.as_ref())),
        text(input.and_then(|input| input.function.as_ref())),
        text(input.and_then(|input| input.purpose.as_ref())),
        text(input.and_then(|input| input.case.as_ref())),
        text(verdict.map(|verdict| verdict.number())),
        text(verdict.map(|verdict| verdict.name())),
        row.what.clone(),
        row.leaf.clone(),
    ];
    line(cells)
}

/// What is missing: a row of its own, without an index. Programs know it by its kind.
#[must_use]
pub(crate) fn csv_lack(lack: &Lack) -> String {
    let cell = |(key, _): &(&str, &str)| match *key {
        "kind" => lack.kind.to_owned(),
        "terminal" => text(lack.terminal.as_ref()),
        "epoch" => text(lack.epoch),
        "seq" => text(lack.seq),
        "what" => lack.what.clone(),
        _ => String::new(),
    };
    line(COLUMNS.iter().map(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_a_row_as_long_as_the_others() {
        let (terminal, what) = (Some("jumin-1".to_owned()), "records 4 to 8, lost".to_owned());
        let line = csv_lack(&Lack { kind: "missing", terminal, epoch: Some(0), seq: Some(4), what });
        assert_eq!(line, ",missing,jumin-1,0,4,,,,,,,,,,,,,,\"records 4 to 8, lost\",\r\n");
        assert_eq!(line.matches(',').count(), COLUMNS.len(), "{line}");
    }

    #[test]
    fn what_cannot_be_read_keeps_its_row() {
        let row = Row::new(7, &[], |_| String::new());
        let line = csv_line(&row);
        assert!(line.starts_with("7,unread,,,,"), "{line}");
        assert_eq!(line.matches(',').count(), COLUMNS.len() - 1, "{line}");
        assert_eq!(csv_head(Language::English).matches(',').count(), COLUMNS.len() - 1);
        assert!(csv_head(Language::Japanese).starts_with("番号,種別,端末機,"));
    }
}
