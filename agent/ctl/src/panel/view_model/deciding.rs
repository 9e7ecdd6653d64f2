//! How an act looks while it is made: what is chosen, what is typed, and what the agent wrote, word for word, above the PIN.

use sekisho_ipc::{ActDraft, TypedPin};
use sekisho_wire::words::Language;

use super::{Panel, Row, Size, Tone, ask_for_pin, list, pin_field, row, wrapped};
use crate::decide::{text_of, title};
use crate::panel::model::{ALL_ACTS, AskedValue, Deciding};
use crate::status::padded;

pub(super) fn rows(panel: &Panel, deciding: &Deciding, size: Size) -> Vec<Row> {
    let language = panel.language;
    match deciding {
        Deciding::What { choice } => {
            let ask = language.pick("何を決定しますか", "What do you decide?");
            let mut rows = vec![row(Tone::Strong, format!(" {ask}"))];
            rows.extend(list(ALL_ACTS.iter().map(|act| title(*act, language).to_owned()), *choice, size));
            rows
        }
        Deciding::Value { request, asked, text } => {
            let (what, note) = asked_for(*asked, language);
            vec![
                row(Tone::Strong, format!(" {}", title(request.act, language))),
                row(Tone::Plain, ""),
                row(Tone::Plain, format!("   {what}")),
                row(Tone::Strong, format!("   [ {} ]", padded(text, 40))),
                row(Tone::Plain, ""),
                row(Tone::Quiet, format!("   {note}")),
            ]
        }
        Deciding::Sign { draft, typed } => sign(panel, (draft, typed), size),
    }
}

const fn asked_for(asked: AskedValue, language: Language) -> (&'static str, &'static str) {
    match asked {
        AskedValue::Card => (
            language.pick("カード番号", "the card's number"),
            language.pick("例: 2026-31、R8-31。", "As in 2026-31, R8-31."),
        ),
        AskedValue::Operator => (
            language.pick("使う人の照合ID", "the operator's ID of who gets it"),
            language.pick("例: 0012。氏名は入力しません。", "As in 0012. Never a name."),
        ),
        AskedValue::Reason => (
            language.pick("理由コード", "the code of the reason"),
            language.pick("例: wasure。団体で定めたもの。", "As in wasure: one of the office's own."),
        ),
        AskedValue::Hours => (
            language.pick("有効にする時間数", "for how many hours"),
            language.pick("空欄は、当日の閉庁まで。", "Empty: until the office closes today."),
        ),
        AskedValue::Incident => (
            language.pick("対応する事故の番号", "the number of the incident that it answers"),
            language.pick(
                "例: 2026-3。空欄は、番号なし。全ての業務機能が停止します。",
                "As in 2026-3; empty: none yet. All business functions stop.",
            ),
        ),
    }
}

/// Word for word what the agent wrote, and under it the PIN.
fn sign(panel: &Panel, (draft, typed): (&ActDraft, &TypedPin), size: Size) -> Vec<Row> {
    let language = panel.language;
    let lead = language.pick("次の処分に署名します", "You are about to sign this");
    let mut rows = vec![row(Tone::Strong, format!(" {lead}")), row(Tone::Plain, "")];
    for line in text_of(draft, language).lines() {
        rows.extend(
            wrapped(line, size.columns.saturating_sub(6))
                .into_iter()
                .map(|line| row(Tone::Plain, format!("   {line}"))),
        );
    }
    rows.push(row(Tone::Plain, ""));
    let ask = ["よければ暗証番号を入力してください", "Type your PIN to sign it"];
    let field = panel.state().map(|state| pin_field(typed.len(), state, language)).unwrap_or_default();
    let under = ask_for_pin(panel, ask, Tone::Strong, size).into_iter().chain(field);
    rows.extend(under.map(|Row { tone, text }| Row { tone, text: format!("   {text}") }));
    rows
}
