//! Access records: search and show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sekisho_register::calendar::Month;
use sekisho_register::thing::class_name;
use sekisho_register::wareki::{month_text, numbered};
use sekisho_wire::record::{Record, Retention};
use sekisho_wire::words::Language;

use super::{carry, evidence, export, purposes, record_prints, review, verify};
use crate::cli::{Question, RecordsCommand, SearchArguments};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::lacks::{self, Lack};
use crate::ledger::{DestroyedMonths, Found};
use crate::record_words::Teller;
use crate::table::Table;
use crate::terminal_word::CarriedTo;

/// Most rows of one page (LEDGER §L5).
pub(super) const PAGE: u32 = 500;

pub(super) fn run(desk: &mut Desk, command: RecordsCommand) -> Result<(), AdminError> {
    match command {
        RecordsCommand::Search(arguments) => search(desk, &arguments),
        RecordsCommand::Purposes(question) => purposes::run(desk, *question),
        RecordsCommand::Review { since, until, operator, terminal, check } => {
            let question = Question { since: Some(since), until, operator, terminal, ..Question::default() };
            let leaves = if check { review::Leaves::Check } else { review::Leaves::Nothing };
            review::run(desk, &question, leaves)
        }
        RecordsCommand::Export(arguments) => export::run(desk, &arguments),
        RecordsCommand::Print(arguments) => record_prints::run(desk, &arguments),
        RecordsCommand::Statistics(arguments) => record_prints::statistics(desk, &arguments),
        RecordsCommand::Show { index } => show(desk, index),
        RecordsCommand::Evidence(arguments) => evidence::write(desk, &arguments),
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
    let (mut rows, mut carried) = (Vec::new(), BTreeMap::new());
    let mut newest = None;
    let mut before = None;
    while rows.len() < arguments.limit as usize {
        let left = arguments.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut page = desk.ledger.search(&query(&arguments.question, before, left.min(PAGE))?)?;
        rows.append(&mut page.rows);
        carried.append(&mut page.carried);
        before = page.next;
        newest = Some(page);
        if before.is_none() {
            break;
        }
    }
    print(desk, &rows, &carried)?;
    if rows.is_empty() {
        desk.screen.note(
            "no record was found: see that persons, terminals and functions are written as the register has them",
            "該当する記録はありません。職員、端末、業務の番号・コードが登録どおりか確認してください",
        );
    }
    if let Some(found) = newest {
        say_what_is_missing(desk, &found);
    }
    Ok(())
}

/// Says what an answer lacks that the ledger had time to find.
pub(super) fn incomplete(desk: &Desk, found: &Found) {
    if let Some(lack) = lagging(desk, found) {
        desk.screen.note(&format!("not complete: {}", lack.what), &format!("結果は完全ではありません: {}", lack.what));
    }
    say_what_is_missing(desk, found);
}

/// The ledger's search has not come to all that its log holds.
fn lagging(desk: &Desk, found: &Found) -> Option<Lack> {
    let Found { size, of, .. } = found;
    let what = desk.screen.words(
        format!("the ledger's search has come to {size} of {of} records; its operator runs 'sekisho-ledger fsck'"),
        format!(
            "台帳の検索は {of} 件中 {size} 件までしか進んでいない。台帳の運用者は「sekisho-ledger fsck」を実行すること"
        ),
    );
    (size < of).then_some(Lack { kind: "missing", terminal: None, epoch: None, seq: None, what })
}

/// All that an answer lacks, for a file of it.
pub(super) fn lacking(desk: &Desk, found: &Found) -> Vec<Lack> {
    let known =
        if lacks::is_sound(&found.lacks) { lacks::told(&found.lacks, desk.screen.language) } else { Vec::new() };
    let destroyed = found.destroyed.iter().filter_map(|gone| destroyed_words(gone, desk.screen.language));
    let destroyed = destroyed.map(|what| Lack { kind: "destroyed", terminal: None, epoch: None, seq: None, what });
    known.into_iter().chain(lagging(desk, found)).chain(destroyed).collect()
}

/// Says whose records may be missing, and what was destroyed.
fn say_what_is_missing(desk: &Desk, found: &Found) {
    for gone in &found.destroyed {
        let words = |language| destroyed_words(gone, language).unwrap_or_default();
        desk.screen.note(&words(Language::English), &words(Language::Japanese));
    }
    lacks::note(&desk.screen, &found.lacks);
}

/// Nothing is found of what is gone, and whoever searches must not take that for an answer.
fn destroyed_words(gone: &DestroyedMonths, language: Language) -> Option<String> {
    let class = class_name(Retention::numbered(gone.class)?, language);
    let (first, last) = (Month(gone.from), Month(gone.to.saturating_sub(1)));
    let (first, last, act) = (month_text(first, language), month_text(last, language), gone.act);
    Some(match language {
        Language::English => {
            format!("of class {class}, {first} to {last} were destroyed (act {act}): nothing of them is found")
        }
        Language::Japanese => {
            format!("{class}の{first}分から{last}分までは廃棄されたため、検索されません(処分 {act})")
        }
    })
}

fn print(desk: &Desk, rows: &[(u64, Vec<u8>)], carried: &BTreeMap<u64, CarriedTo>) -> Result<(), AdminError> {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut table = Table::new(&[
        ("index", desk.screen.words("no.", "番号")),
        ("kind", desk.screen.words("kind", "種別")),
        ("what", desk.screen.words("what happened", "内容")),
    ]);
    for (index, bytes) in rows {
        // A record that cannot be read is evidence all the same, and keeps its line.
        let (kind, what) = match Record::decode(bytes) {
            Ok(record) => {
                let to = carried.get(index).map(|to| format!(" ({})", teller.carried(&record, *to)));
                (record.body.kind().1.to_owned(), teller.line(&record) + &to.unwrap_or_default())
            }
            Err(error) => ("-".to_owned(), error.to_string()),
        };
        table.row([index.to_string(), kind, what]);
    }
    desk.screen.print_table(&table)
}

fn show(desk: &mut Desk, index: u64) -> Result<(), AdminError> {
    desk.log_in()?;
    let evidence = desk.ledger.evidence(index, None)?;
    let record = Record::decode(&evidence.record)?;
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    let mut text = teller.line(&record);
    let _ = write!(text, "\nindex {index}, epoch {}, seq {}, kind {}", record.epoch, record.seq, record.body.kind().1);
    if let Some(to) = evidence.word.as_ref().and_then(|word| word.carries(&evidence.record, &record)) {
        let _ = write!(text, "\n{}", teller.carried(&record, to));
    }
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
        let register = desk.cache.register_at(input.register, None);
        if let Some(said) = register.as_ref().and_then(|register| register.policy_said(input.time)) {
            let act = teller.act(said.index);
            text += &desk.screen.words(format!("\npolicy: {act}"), format!("\n運用方針: {act}"));
        }
        if let Some(permit) = input.permit {
            let number = numbered(permit, desk.screen.language);
            text += &desk.screen.words(format!(", permit {number}"), format!("、許可 {number}"));
        }
    }
    desk.screen.print(&text)?;
    lacks::note(&desk.screen, &evidence.lacks);
    Ok(())
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
