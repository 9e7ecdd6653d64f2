//! Destroying and preserving, as a signer reads it.

use alloc::format;
use alloc::string::String;

use sekisho_wire::record::Retention;
use sekisho_wire::words::Language;

use crate::calendar::Month;
use crate::change::{CaseTexts, Destroy, EraseNames, EraseTexts, OrderState, Preserve};
use crate::fold::Register;
use crate::render::Titles;
use crate::thing::class_name;
use crate::values::NameHash;
use crate::wareki::{month_text, numbered};

pub(super) fn destroy(change: Destroy, say: &Titles<'_>) -> String {
    let (class, months) = (class_name(change.class, say.language), months(Some(change.from), Some(change.to), say));
    say.say(
        &format!("{class}の記録の内容を廃棄する({months})。元に戻せません"),
        &format!("destroy the contents of the records of class {class}, {months}; this is final"),
    )
}

pub(super) fn preserve(change: &Preserve, say: &Titles<'_>) -> String {
    let order = &change.order;
    let incident = change.incident.map_or_else(String::new, |number| {
        let number = numbered(number, say.language);
        say.say(&format!("(事案 {number})"), &format!(" (incident {number})"))
    });
    match change.state {
        OrderState::Holds => {
            let months = months(change.from, change.to, say);
            let classes = if change.classes.is_empty() {
                say.say("すべての区分", "every class")
            } else {
                let name = |class: &Retention| String::from(class_name(*class, say.language));
                say.list(change.classes.iter().map(name))
            };
            say.say(
                &format!("保全命令 {order}{incident}: {classes}の記録を保全する({months})"),
                &format!("order {order}{incident}: preserve the records of {classes}, {months}"),
            )
        }
        OrderState::Lifted => say.say(
            &format!("保全命令 {order} を解除する{incident}"),
            &format!("lift preservation order {order}{incident}"),
        ),
    }
}

pub(super) fn erase_names(change: &EraseNames, say: &Titles<'_>) -> String {
    let operators = say.list(change.operators.iter().map(|operator| String::from(operator.as_str())));
    say.say(
        &format!("操作者 {operators} の氏名をすべて消去する。元に戻せません"),
        &format!("erase every name of operators {operators}; this is final"),
    )
}

/// What stands in the place of a text that an act erased; nothing of one that none did: who shows it may not have been given it.
#[must_use]
pub fn erased_text(register: &Register, text: &NameHash, language: Language) -> Option<String> {
    let index = register.name_erased(text)?;
    Some(match language {
        Language::Japanese => format!("(消去済み: 登録順{index})"),
        Language::English => format!("(erased by the act at entry {index})"),
    })
}

pub(super) fn erase_texts(change: &EraseTexts, say: &Titles<'_>) -> String {
    let cases = say.list(change.cases.iter().map(|CaseTexts { case, texts }| {
        let (case, texts) = (case.text(say.language), texts.len());
        say.say(&format!("{case}({texts}件)"), &format!("{case} ({texts})"))
    }));
    say.say(
        &format!("処理簿の次の文書の本文をすべて消去する: {cases}。元に戻せません"),
        &format!("erase every text of these cases: {cases}; this is final"),
    )
}

/// From the first month to the last one meant.
fn months(from: Option<Month>, to: Option<Month>, say: &Titles<'_>) -> String {
    let from = from.map(|month| month_text(month, say.language));
    // Said with the last month that is meant, as people count.
    let last = to.map(|month| month_text(Month(month.0.saturating_sub(1)), say.language));
    match (from, last) {
        (Some(from), Some(last)) if from == last => say.say(&format!("{from}分"), &from),
        (Some(from), Some(last)) => say.say(&format!("{from}分から{last}分まで"), &format!("{from} to {last}")),
        (Some(from), None) => say.say(&format!("{from}分以後"), &format!("from {from} on")),
        (None, Some(last)) => say.say(&format!("{last}分まで"), &format!("up to {last}")),
        (None, None) => say.say("すべての月", "every month"),
    }
}
