//! A program waits for the clerk's PIN.

use sekisho_ipc::{TypedPin, Waiting};

use super::{Panel, Row, Size, Tone, ask_for_pin, paragraph, pin_field, row};
use crate::phrases::wanted;

/// Who wants what, and where to type; `over`: it waits no more.
pub(super) fn rows(panel: &Panel, (waiting, typed, over): (&Waiting, &TypedPin, bool), size: Size) -> Vec<Row> {
    let language = panel.language;
    if over {
        let title = language.pick("依頼は取り下げられました", "The program does not wait any more");
        let next = language.pick(
            "入力した内容はどこにも送られません。Enter で戻ります。",
            "What you type goes nowhere. Press Enter to go back.",
        );
        return [vec![row(Tone::Strong, title), row(Tone::Plain, "")], paragraph(next, Tone::Warning, size)].concat();
    }
    let mut rows = Vec::new();
    let [first, details @ ..] = &wanted(waiting, language)[..] else { return rows };
    rows.extend(paragraph(first, Tone::Strong, size));
    rows.extend(details.iter().map(|detail| row(Tone::Plain, detail)));
    rows.push(row(Tone::Plain, ""));
    let ask = ["よければ暗証番号を入力してください", "Type your PIN to let it"];
    rows.extend(ask_for_pin(panel, ask, Tone::Plain, size));
    rows.extend(panel.state().map(|state| pin_field(typed.len(), state, language)).unwrap_or_default());
    rows
}
