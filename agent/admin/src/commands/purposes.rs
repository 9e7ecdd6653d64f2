//! What each operator asked for, by function and purpose: who reviews use for another purpose begins here (S1 4(2)).

use std::collections::BTreeMap;

use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Decision, Record, kind_number};

use super::records::{PAGE, incomplete, query};
use crate::cli::Question;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::table::Table;

/// Operator, function, purpose: so the rows are sorted.
type Asked = (Option<Code>, Option<Code>, Option<Code>);

/// How often it was granted, and how often refused.
#[derive(Default)]
struct Count {
    granted: u64,
    refused: u64,
}

pub(super) fn run(desk: &mut Desk, question: Question) -> Result<(), AdminError> {
    let question = Question { kind: kind_number("decision"), ..question };
    query(&question, None, 1)?;
    let (mut counts, mut unread, mut before) = (BTreeMap::<Asked, Count>::new(), 0, None);
    let last = loop {
        // Again for each page: a token ends long before ten million rows do.
        desk.log_in()?;
        let page = desk.ledger.search(&query(&question, before, PAGE)?)?;
        for (_, bytes) in &page.rows {
            match Record::decode(bytes) {
                Ok(record) => take_in(&mut counts, &record.body),
                Err(_) => unread += 1,
            }
        }
        before = page.next;
        if before.is_none() {
            break page;
        }
    };
    print(desk, &counts)?;
    if unread > 0 {
        desk.screen.note(
            &format!("{unread} records cannot be read and are not counted: 'sekisho-admin records search' lists them"),
            &format!("読み取れない記録{unread}件は含まれません。「sekisho-admin records search」で確認してください"),
        );
    }
    incomplete(desk, &last);
    Ok(())
}

fn take_in(counts: &mut BTreeMap<Asked, Count>, body: &Body) {
    let Body::Decision(Decision { input, verdict, .. }) = body else { return };
    let asked = (input.operator.clone(), input.function.clone(), input.purpose.clone());
    let count = counts.entry(asked).or_default();
    if verdict.is_granted() {
        count.granted += 1;
    } else {
        count.refused += 1;
    }
}

fn print(desk: &Desk, counts: &BTreeMap<Asked, Count>) -> Result<(), AdminError> {
    let (screen, register) = (desk.screen, desk.cache.register());
    let mut table = Table::new(&[
        ("operator", screen.words("operator", "操作者")),
        ("function", screen.words("function", "機能")),
        ("purpose", screen.words("purpose", "事由")),
        ("granted", screen.words("granted", "許可")),
        ("refused", screen.words("refused", "拒否")),
    ]);
    let titled =
        |code: &Code, title: Option<&str>| title.map_or_else(|| code.to_string(), |title| format!("{title} ({code})"));
    for ((operator, function, purpose), count) in counts {
        let none = || "-".to_owned();
        table.row([
            operator.as_ref().map_or_else(none, |operator| desk.cache.person(operator, screen.language)),
            function
                .as_ref()
                .map_or_else(none, |code| titled(code, register.function(code).map(|function| function.title()))),
            purpose
                .as_ref()
                .map_or_else(none, |code| titled(code, register.purpose(code).map(|purpose| purpose.title()))),
            count.granted.to_string(),
            count.refused.to_string(),
        ]);
    }
    screen.print_table(&table)
}
