//! Forms over access records in print, and statistics that name nobody.

use sekisho_paper::accesses::{Access, Gap, Span, Statistics, Work, gaps, history, running};
use sekisho_paper::forms::{Form, HISTORY, RUNNING, STATISTICS, WORK};
use sekisho_paper::print::between;
use sekisho_paper::registers::begins;
use sekisho_paper::{Facts, Said, Table};
use sekisho_register::calendar::local_day;
use sekisho_wire::record::Record;

use super::records::{incomplete, lacking, query};
use super::sweep::{Swept, sweep};
use crate::cli::{OutputArguments, Question, RecordsForm, RecordsPrintArguments, StatisticsArguments};
use crate::dates::{Edge, When};
use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::Found;
use crate::prints::Printing;
use crate::record_words::Teller;

pub(super) fn run(desk: &mut Desk, arguments: &RecordsPrintArguments) -> Result<(), AdminError> {
    let question = &arguments.question;
    query(question, None, 1)?;
    let form = match arguments.form {
        RecordsForm::History => &HISTORY,
        RecordsForm::WorkByDay | RecordsForm::WorkByMonth => &WORK,
        RecordsForm::Running => &RUNNING,
    };
    let printing = Printing::begin(desk, form, &arguments.again, None)?;
    let mut rows = Vec::new();
    let found = sweep(desk, question, Some(&arguments.permission), |desk, swept| {
        rows.push(access(desk, swept));
        Ok(())
    })?;
    let of = printing.as_of(desk, printing.now());
    let work = |span| {
        let mut work = Work::by(span);
        rows.iter().filter_map(|access| access.record.as_ref()).for_each(|record| work.add(record));
        work.table(of)
    };
    let table = match arguments.form {
        RecordsForm::History => history(of, &rows),
        RecordsForm::WorkByDay => work(Span::Day),
        RecordsForm::WorkByMonth => work(Span::Month),
        RecordsForm::Running => running(&rows),
    };
    let unread = rows.iter().filter(|access| access.record.is_none()).count() as u64;
    let mut facts = printing.facts(desk, period(question, printing.now()));
    let number = &arguments.permission;
    facts.remarks.push(Said::made(format!("許可番号 {number}"), format!("permission {number}")));
    facts.remarks.extend(filters(question));
    let tables = [table, gaps_of(desk, &found, unread)];
    show(desk, &printing, (&arguments.output, form, &tables, &facts), &found)
}

/// A fiscal year, counted.
pub(super) fn statistics(desk: &mut Desk, arguments: &StatisticsArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &STATISTICS, &arguments.again, None)?;
    let (first, next) = (begins(arguments.year), begins(arguments.year.saturating_add(1)));
    let day = |t| Some(When { day: local_day(t), minute: None });
    let question = Question { since: day(first), until: day(next - 1), ..Question::default() };
    let (mut statistics, mut unread) = (Statistics::default(), 0);
    let found = sweep(desk, &question, None, |desk, (_, bytes, _)| {
        match Record::decode(bytes) {
            Ok(record) => statistics.add(desk.cache.register(), &record),
            Err(_) => unread += 1,
        }
        Ok(())
    })?;
    let of = printing.as_of(desk, printing.now());
    let tables = [statistics.functions(of), statistics.sessions(), gaps_of(desk, &found, unread)];
    let facts = printing.facts(desk, period(&question, printing.now()));
    show(desk, &printing, (&arguments.output, &STATISTICS, &tables, &facts), &found)
}

/// Into files, or on the screen; then what is missing.
fn show(
    desk: &Desk,
    printing: &Printing,
    (output, form, tables, facts): (&OutputArguments, &Form, &[Table], &Facts),
    found: &Found,
) -> Result<(), AdminError> {
    let written = printing.write(output, form, tables, facts)?;
    if written.is_empty() {
        // What is missing is said beside a list, as for every search.
        let (_, shown) = tables.split_last().unwrap_or((&tables[0], tables));
        shown.iter().try_for_each(|table| desk.screen.print_form(table))?;
    } else {
        let files = written.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
        desk.screen.note(&format!("written: {files}"), &format!("書き出しました: {files}"));
    }
    incomplete(desk, found);
    Ok(())
}

fn access(desk: &Desk, (index, bytes, to): Swept<'_>) -> Access {
    let teller = Teller { cache: &desk.cache, language: desk.screen.language };
    match Record::decode(bytes) {
        Ok(record) => {
            let carried = to.map(|to| format!(" ({})", teller.carried(&record, to))).unwrap_or_default();
            Access { index, what: teller.happened(&record.body) + &carried, record: Some(record) }
        }
        Err(error) => Access { index, what: error.to_string(), record: None },
    }
}

/// What the ledger says is missing, as the form has it.
pub(super) fn gaps_of(desk: &Desk, found: &Found, unread: u64) -> Table {
    let known = lacking(desk, found).into_iter();
    let known: Vec<Gap> =
        known.map(|lack| Gap { terminal: lack.terminal, epoch: lack.epoch, seq: lack.seq, what: lack.what }).collect();
    gaps(&known, unread)
}

/// The time that was asked for; what has no end ends with the print.
pub(super) fn period(question: &Question, now: u64) -> Said {
    let from = question.since.map(|date| date.moment(Edge::From));
    between(from, question.until.map_or(now, |date| date.moment(Edge::Until)))
}

/// What else was asked for, so that nobody takes a part for the whole.
fn filters(question: &Question) -> Vec<Said> {
    let said = |japanese: &str, english: &str, value: Option<String>| {
        value.map(|value| Said::made(format!("{japanese} {value}"), format!("{english} {value}")))
    };
    let text = |of: Option<&dyn ToString>| of.map(ToString::to_string);
    [
        said("操作者", "operator", text(question.operator.as_ref().map(|of| of as _))),
        said("カード", "card", text(question.card.as_ref().map(|of| of as _))),
        said("端末機", "terminal", text(question.terminal.as_ref().map(|of| of as _))),
        said("業務機能", "function", text(question.function.as_ref().map(|of| of as _))),
        said("案件番号", "case", text(question.case.as_ref().map(|of| of as _))),
        said("判定", "verdict", question.verdict.clone()),
        said("種別", "kind", text(question.kind.as_ref().map(|of| of as _))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
