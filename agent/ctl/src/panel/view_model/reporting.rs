//! How a report looks while it is made.

use sekisho_wire::words::Language;

use super::{Row, Size, Tone, list, row, wrapped};
use crate::panel::model::Reporting;
use crate::report::What;
use crate::status::padded;

pub(super) fn rows(reporting: &Reporting, language: Language, size: Size) -> Vec<Row> {
    match reporting {
        Reporting::What { choice } => {
            let ask = language.pick("何を届け出ますか", "What do you report?");
            let lines = What::ALL.iter().map(|what| what.title(language).to_owned());
            let mut rows = vec![row(Tone::Strong, format!(" {ask}"))];
            rows.extend(list(lines, *choice, size));
            rows
        }
        Reporting::Card { what, text } => {
            let mut rows = vec![
                row(Tone::Strong, format!(" {}", what.title(language))),
                row(Tone::Plain, ""),
                row(
                    Tone::Plain,
                    format!(
                        "   {}",
                        language.pick("カード番号、または操作者の照合ID", "the card's number, or the operator's ID")
                    ),
                ),
                row(Tone::Strong, format!("   [ {} ]", padded(text, 40))),
                row(Tone::Plain, ""),
            ];
            rows.extend(notes(*what, language).map(|note| row(Tone::Quiet, format!("   {note}"))));
            rows
        }
        Reporting::Sure { what, text } => sure(*what, text, language, size),
    }
}

fn notes(what: What, language: Language) -> impl Iterator<Item = &'static str> {
    let example =
        language.pick("例: 2026-12、R8-12、0012。氏名は入力しません。", "As in 2026-12, R8-12, 0012. Never a name.");
    let empty = match what.trouble() {
        Some(_) => language.pick("空欄は、今挿入されているカード。", "Empty: the card that is in the reader."),
        None => language.pick("空欄は、カードに関わらないもの。", "Empty: no card has to do with it."),
    };
    [example, empty].into_iter()
}

fn sure(what: What, text: &str, language: Language, size: Size) -> Vec<Row> {
    let which = match (text, what.trouble()) {
        ("", Some(_)) => language.pick("挿入されているカード", "the card in the reader"),
        ("", None) => language.pick("カードなし", "no card"),
        (text, _) => text,
    };
    let follows = match what.trouble() {
        Some(_) => language.pick(
            "このカード(照合IDならその人の全てのカード)は直ちにどの端末でも使えなくなります。停止を解けるのは管理者だけです。届出はこの端末の名前で記録されます。",
            "This card (for an operator's ID, all of that person's cards) stops working at every terminal at once. Only administrators lift that. \
             The report is recorded in this terminal's name.",
        ),
        None => language.pick(
            "事故として番号が付き、管理者に届きます。報告はこの端末の名前で記録されます。",
            "It gets a number as an incident, and administrators see it. The report is recorded in this terminal's name.",
        ),
    };
    let mut rows = vec![
        row(Tone::Strong, format!(" {}", what.title(language))),
        row(Tone::Plain, ""),
        row(Tone::Strong, format!("   {which}")),
        row(Tone::Plain, ""),
    ];
    let lines = wrapped(follows, size.columns.saturating_sub(6));
    rows.extend(lines.into_iter().map(|line| row(Tone::Warning, format!("   {line}"))));
    rows
}
