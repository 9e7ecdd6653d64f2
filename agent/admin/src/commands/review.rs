//! Which entries of a period somebody should be asked about (アクセスログの確認), each with the command that asks the section.

use sekisho_register::NameHash;
use sekisho_register::calendar::local_day;
use sekisho_register::cases::Case;
use sekisho_register::change::{CaseId, Change, Field, OpenCase, Value};
use sekisho_register::forms::{Form, checks};
use sekisho_register::review::{Doubt, Reference, asked_about, case_of, documents, doubts};
use sekisho_register::role::READERS;
use sekisho_wire::id::{Code, Salt};
use sekisho_wire::record::Record;

use super::records::{PAGE, incomplete, query};
use crate::casebook::Cases;
use crate::cli::Question;
use crate::clock;
use crate::dates::{Edge, When};
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::name::Name;
use crate::random;
use crate::table::Table;

/// What a review leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// The record that it was read.
    Nothing,
    /// A check on its form as well, on which its questions hang.
    Check,
}

pub(super) fn run(desk: &mut Desk, question: &Question, leaves: Leaves) -> Result<(), AdminError> {
    query(question, None, 1)?;
    desk.log_in()?;
    let (mut records, mut before, mut newest) = (Vec::new(), None, None);
    loop {
        // Again for each page: a token ends before a year of records is read.
        desk.log_in()?;
        let page = desk.ledger.search(&query(question, before, PAGE)?)?;
        let read = page.rows.iter().filter_map(|(index, bytes)| Some((*index, Record::decode(bytes).ok()?)));
        records.extend(read);
        before = page.next;
        newest = newest.or(Some(page));
        if before.is_none() {
            break;
        }
    }
    records.sort_by_key(|(index, _)| *index);
    let (found, screen) = (doubts(&records, desk.cache.register()), desk.screen);
    let check = match leaves {
        Leaves::Nothing => None,
        Leaves::Check => Some(checked(desk, question, records.len(), &found)?),
    };
    let mut table = Table::new(&[
        ("doubt", screen.words("doubt", "確認事項")),
        ("operator", screen.words("who", "操作者")),
        ("terminal", screen.words("where", "端末機")),
        ("record", screen.words("record", "記録の番号")),
        ("count", screen.words("records", "件数")),
        ("ask", screen.words("to ask the section", "照会の手続")),
    ]);
    for doubt in &found {
        let word = checks::DOUBTS.iter().find(|word| word.number == doubt.doubt);
        let beside = doubt.beside.as_ref().map(|(_, terminal)| terminal.to_string());
        let places: Vec<String> = doubt.terminal.iter().map(Code::to_string).chain(beside).collect();
        let who = doubt.operator.as_ref().map(|operator| desk.cache.person(operator, screen.language));
        table.row([
            word.map_or("?", |word| word.title.text(screen.language)).to_owned(),
            who.unwrap_or_else(|| "-".to_owned()),
            if places.is_empty() { "-".to_owned() } else { places.join(", ") },
            doubt.record.to_string(),
            doubt.count.to_string(),
            asks(doubt, word.map_or("other", |word| word.name), check),
        ]);
    }
    screen.print_table(&table)?;
    let (count, doubtful) = (records.len(), found.len());
    screen.note(
        &format!("{count} records looked through, {doubtful} doubts; a doubt is a question, not a verdict"),
        &format!("{count}件の記録を確認し、確認事項は{doubtful}件です。確認事項は照会の対象であり、判定ではありません"),
    );
    if let Some(check) = check {
        screen.note(
            &format!("written down as {check}; its result: 'sekisho-admin case step {check} result result=sound'"),
            &format!("{check} として記録しました。結果は「sekisho-admin case step {check} result result=sound」で記入してください"),
        );
    }
    if let Some(found) = newest {
        incomplete(desk, &found);
    }
    Ok(())
}

/// Writes down that this was looked through; gives the check.
fn checked(desk: &mut Desk, question: &Question, records: usize, found: &[Doubt]) -> Result<CaseId, AdminError> {
    let now = clock::now();
    let day = |date: Option<When>, edge: Edge| date.map_or(now, |date| date.moment(edge).min(now));
    // Until the end of a date is until the next midnight.
    let (from, to) = (day(question.since, Edge::From), day(question.until, Edge::Until).saturating_sub(1));
    let count = |doubt: u8| found.iter().filter(|found| found.doubt == doubt).count();
    let number = |of: usize| Value::Number(of as u64);
    let mut fields = vec![
        Field { key: checks::CHECKED_FROM, value: Value::Day(local_day(from)) },
        Field { key: checks::CHECKED_TO, value: Value::Day(local_day(to)) },
        Field { key: checks::CHECKED_RECORDS, value: number(records) },
    ];
    let doubts = checks::DOUBTS.iter().filter_map(|word| Some((checks::checked_doubts(word.number)?, word.number)));
    fields.extend(doubts.map(|(key, doubt)| Field { key, value: number(count(doubt)) }));
    let scope = [("operator", &question.operator), ("terminal", &question.terminal)];
    let scope = scope.into_iter().filter_map(|(name, code)| Some(format!("{name} {}", code.as_ref()?)));
    let scope: Vec<String> = scope.collect();
    let mut texts = Vec::new();
    if !scope.is_empty() {
        let (salt, text) = (Salt(random::bytes()?), scope.join(", "));
        fields.push(Field { key: checks::CHECKED_SCOPE, value: Value::Text(NameHash::of(&salt, &text)) });
        texts.push(Name { salt, text });
    }
    fields.sort_by_key(|field| field.key);
    desk.write(vec![Change::Open(Box::new(OpenCase { form: Form::LogCheck, fields }))], &texts)?;
    let cases = Cases::read(desk)?;
    let mine = cases.casebook.cases_on(Form::LogCheck).max_by_key(|case| case.opened.index);
    let unknown = || AdminError::Unknown { what: Thing::Case, code: Form::LogCheck.name().to_owned() };
    mine.map(|case| case.id).ok_or_else(unknown)
}

/// Beside a question that readers of records look at: the case that its record names, and whether the answers refer to it.
pub(super) fn compared(desk: &Desk, case: &Case) -> Result<Vec<String>, AdminError> {
    let (register, now, screen) = (desk.cache.register(), clock::now(), desk.screen);
    let holder = desk.signer().and_then(|card| register.card(&card)?.holder(now));
    let roles = holder.map(|holder| register.roles_of(holder.operator, now)).unwrap_or_default();
    let Some(index) = asked_about(case).filter(|_| roles.iter().any(|(_, role)| READERS.contains(role))) else {
        return Ok(Vec::new());
    };
    let record = Record::decode(&desk.ledger.evidence(index, None)?.record).ok();
    let of_record = record.as_ref().and_then(case_of).map(|case| case.as_str().to_owned());
    let shown = of_record.as_deref().unwrap_or("-");
    let mut lines =
        vec![screen.words(format!("record {index}, its case: {shown}"), format!("記録{index}の案件番号: {shown}"))];
    for (entry, document) in documents(case) {
        let said = Reference::of(document, of_record.as_deref()).text(screen.language);
        let document = document.unwrap_or("-");
        lines.push(screen.words(
            format!("answer (entry {entry}), document {document}: {said}"),
            format!("回答(処理簿{entry})の文書番号 {document}: {said}"),
        ));
    }
    Ok(lines)
}

/// The command that asks the section.
fn asks(doubt: &Doubt, name: &str, check: Option<CaseId>) -> String {
    let field =
        |name: &str, value: &Option<Code>| value.as_ref().map_or_else(String::new, |value| format!(" {name}={value}"));
    let (operator, terminal) = (field("operator", &doubt.operator), field("terminal", &doubt.terminal));
    let section = doubt.section.as_ref().map_or("…", Code::as_str);
    let check = check.map_or_else(String::new, |check| format!(" check={check}"));
    format!(
        "sekisho-admin case open log-review doubt={name} record={}{operator}{terminal} section={section}{check} question=…",
        doubt.record
    )
}
