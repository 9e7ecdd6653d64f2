//! Access records: search and show.

use std::fmt::Write as _;

use sekisho_register::calendar::Month;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{month_text, numbered};
use sekisho_wire::record::{Record, Retention};
use sekisho_wire::words::Language;

use super::{carry, export, verify};
use crate::cli::{Question, RecordsCommand, SearchArguments};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::ledger::{DestroyedMonths, Found};
use crate::record_words::Teller;
use crate::table::Table;

/// Most rows of one page (LEDGER §L5).
pub(super) const PAGE: u32 = 500;

pub(super) fn run(desk: &mut Desk, command: RecordsCommand) -> Result<(), AdminError> {
    match command {
        RecordsCommand::Search(arguments) => search(desk, &arguments),
        RecordsCommand::Export(arguments) => export::run(desk, &arguments),
        RecordsCommand::Show { index } => show(desk, index),
        RecordsCommand::Carry { file, seals } => carry::run(desk, &file, seals),
        RecordsCommand::Verify { index: Some(index), .. } => verify::one(desk, index),
        RecordsCommand::Verify { index: None, .. } => verify::all(desk),
    }
}

/// The question as a query. Every value keeps to an alphabet that needs no escapes in a query, or is checked here.
pub(super) fn query(arguments: &Question, before: Option<u64>, limit: u32) -> Result<String, AdminError> {
    let mut query = format!("limit={limit}");
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(query, "&{name}={value}");
        }
    };
    let plain = |value: &&String| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some(value) = arguments.verdict.as_ref().filter(|value| !plain(value)) {
        let rule = Said::new("letters, digits and _ only", "英数字と _ だけを使えます");
        return Err(AdminError::Argument { name: "--verdict", value: value.clone(), rule });
    }
    add("operator", arguments.operator.as_ref().map(ToString::to_string));
    add("card", arguments.card.as_ref().map(ToString::to_string));
    add("terminal", arguments.terminal.as_ref().map(ToString::to_string));
    add("function", arguments.function.as_ref().map(ToString::to_string));
    add("case", arguments.case.as_ref().map(ToString::to_string));
    add("verdict", arguments.verdict.clone());
    add("kind", arguments.kind.map(|kind| kind.to_string()));
    add("since", arguments.since.map(|date| date.moment(Edge::From).to_string()));
    add("until", arguments.until.map(|date| date.moment(Edge::Until).to_string()));
    add("before", before.map(|index| index.to_string()));
    Ok(query)
}

fn search(desk: &mut Desk, arguments: &SearchArguments) -> Result<(), AdminError> {
    query(&arguments.question, None, 1)?;
    desk.log_in()?;
    let mut rows = Vec::new();
    let mut newest = None;
    let mut before = None;
    while rows.len() < arguments.limit as usize {
        let left = arguments.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut page = desk.ledger.search(&query(&arguments.question, before, left.min(PAGE))?)?;
        rows.append(&mut page.rows);
        before = page.next;
        newest = Some(page);
        if before.is_none() {
            break;
        }
    }
    print(desk, &rows)?;
    if let Some(found) = newest {
        late_terminals(desk, &found);
    }
    Ok(())
}

/// Says what an answer lacks that the ledger had time to find.
pub(super) fn incomplete(desk: &Desk, found: &Found) {
    let Found { size, of, .. } = found;
    if size < of {
        desk.screen.note(
            &format!("not complete: the ledger's search has come to {size} of {of} records; its operator runs 'sekisho-ledger fsck'"),
            &format!("台帳の検索は {of} 件中 {size} 件までしか進んでいないため、結果は完全ではありません。台帳の運用者が「sekisho-ledger fsck」を実行してください"),
        );
    }
    late_terminals(desk, found);
}

/// Says whose records may be missing, and what was destroyed.
fn late_terminals(desk: &Desk, found: &Found) {
    found.destroyed.iter().for_each(|gone| note_destroyed(desk, gone));
    if !found.behind.is_empty() {
        let list: Vec<String> = found.behind.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        desk.screen.note(
            &format!("not complete: these terminals have records that have not arrived: {list}"),
            &format!("次の端末機の記録が一部届いていないため、結果は完全ではありません: {list}"),
        );
    }
}

/// Nothing is found of what is gone, and whoever searches must not take that for an answer.
fn note_destroyed(desk: &Desk, gone: &DestroyedMonths) {
    let Some(class) = Retention::numbered(gone.class) else { return };
    let words = |language| {
        let (first, last) = (Month(gone.from), Month(gone.to.saturating_sub(1)));
        (class_name(class, language), month_text(first, language), month_text(last, language))
    };
    let act = gone.act;
    let ((en, first, last), (ja, from, to)) = (words(Language::English), words(Language::Japanese));
    desk.screen.note(
        &format!("of class {en}, {first} to {last} were destroyed (act {act}): nothing of them is found"),
        &format!("{ja}の{from}分から{to}分までは廃棄されたため、検索されません(処分 {act})"),
    );
}

fn print(desk: &Desk, rows: &[(u64, Vec<u8>)]) -> Result<(), AdminError> {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut table = Table::new(&[
        ("index", desk.screen.words("no.", "番号")),
        ("kind", desk.screen.words("kind", "種別")),
        ("what", desk.screen.words("what happened", "内容")),
    ]);
    for (index, bytes) in rows {
        // A record that cannot be read is evidence all the same, and keeps its line.
        let (kind, what) = match Record::decode(bytes) {
            Ok(record) => (record.body.kind().1.to_owned(), teller.line(&record)),
            Err(error) => ("-".to_owned(), error.to_string()),
        };
        table.row([index.to_string(), kind, what]);
    }
    desk.screen.print_table(&table)
}

fn show(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let evidence = desk.ledger.evidence(index)?;
    let record = Record::decode(&evidence.record)?;
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut text = teller.line(&record);
    let _ = write!(text, "\nindex {index}, epoch {}, seq {}, kind {}", record.epoch, record.seq, record.body.kind().1);
    if let Some(input) = record.body.input() {
        let code = |code: &Option<_>| code.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        let _ = write!(
            text,
            "\noperator {}, card {}, profile {}, session {}, register {}, rules {}",
            code(&input.operator),
            input.card.map_or_else(|| "-".to_owned(), |card| card.to_string()),
            code(&input.profile),
            input.session.map_or_else(|| "-".to_owned(), |session| session.to_string()),
            input.register,
            input.rules
        );
        if let Some(permit) = input.permit {
            let number = numbered(permit, desk.screen.language);
            text += &desk.screen.words(format!(", permit {number}"), format!("、許可 {number}"));
        }
    }
    desk.screen.print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_wire::id::Code;

    #[test]
    fn a_question_becomes_a_query_and_nothing_slips_in() {
        let arguments = Question {
            operator: Some(Code::new("0012").unwrap()),
            verdict: Some("refused".to_owned()),
            ..Question::default()
        };
        assert_eq!(query(&arguments, Some(7), 100).unwrap(), "limit=100&operator=0012&verdict=refused&before=7");
        let sly = Question { verdict: Some("granted&operator=9".to_owned()), ..Question::default() };
        assert!(matches!(query(&sly, None, 1), Err(AdminError::Argument { name: "--verdict", .. })));
    }
}
