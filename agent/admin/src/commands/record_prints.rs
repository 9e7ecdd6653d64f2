//! Forms over access records in print, and statistics that name nobody.

use sekisho_paper::accesses::{Access, Gap, Span, Statistics, Work, gaps, history, running};
use sekisho_paper::forms::{Form, HISTORY, RUNNING, STATISTICS, WORK};
use sekisho_paper::print::between;
use sekisho_paper::registers::begins;
use sekisho_paper::{Facts, Said, Table};
use sekisho_register::calendar::{local_day, local_minute};
use sekisho_register::change::Log;
use sekisho_register::wareki::moment_text;
use sekisho_tlog::{Hash as Root, ProveError, consistency_proof, root_at, verify_consistency};
use sekisho_wire::id::Hash;
use sekisho_wire::record::Record;

use super::records::{incomplete, lacking, query};
use super::sweep::{Swept, sweep_before};
use crate::cli::{AgainArguments, OutputArguments, Question, RecordsForm, RecordsPrintArguments, StatisticsArguments};
use crate::dates::{Edge, When};
use crate::desk::Desk;
use crate::error::{AdminError, Said as Rule};
use crate::ledger::Found;
use crate::log_tiles::LogTiles;
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
    let printing = Printing::begin(desk, form, &arguments.look, &AgainArguments::default())?;
    let question = &until_now(desk, question, printing.now())?;
    let log = RecordsLog::shown(desk)?;
    let mut rows = Vec::new();
    let found = sweep_before(desk, question, Some(&arguments.permission), Some(log.size), |desk, swept| {
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
    facts.remarks.push(log.named());
    let tables = [table, gaps_of(desk, &found, unread)];
    show(desk, &printing, (&arguments.output, form, &tables, &facts), &found)
}

/// A fiscal year, counted.
pub(super) fn statistics(desk: &mut Desk, arguments: &StatisticsArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &STATISTICS, &arguments.look, &AgainArguments::default())?;
    let (first, next) = (begins(arguments.year), begins(arguments.year.saturating_add(1)));
    let day = |t| Some(When { day: local_day(t), minute: None });
    let question = Question { since: day(first), until: day(next - 1), ..Question::default() };
    let question = until_now(desk, &question, printing.now())?;
    let log = RecordsLog::shown(desk)?;
    let (mut statistics, mut unread) = (Statistics::default(), 0);
    let found = sweep_before(desk, &question, None, Some(log.size), |desk, (_, bytes, _)| {
        match Record::decode(bytes) {
            Ok(record) => statistics.add(desk.cache.register(), &record),
            Err(_) => unread += 1,
        }
        Ok(())
    })?;
    let of = printing.as_of(desk, printing.now());
    let tables = [statistics.functions(of), statistics.sessions(), gaps_of(desk, &found, unread)];
    let mut facts = printing.facts(desk, period(&question, printing.now()));
    facts.remarks.push(log.named());
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
        if let Some((missing, shown)) = tables.split_last() {
            desk.screen.print_forms(shown, Some(missing), facts)?;
        }
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
            let carried = to.map(|to| teller.carried(&record, to));
            Access { index, what: teller.happened(&record.body), carried, record: Some(record) }
        }
        Err(error) => Access { index, what: error.to_string(), carried: None, record: None },
    }
}

/// What the ledger says is missing, as the form has it.
pub(super) fn gaps_of(desk: &Desk, found: &Found, unread: u64) -> Table {
    let known = lacking(desk, found).into_iter();
    let known: Vec<Gap> =
        known.map(|lack| Gap { terminal: lack.terminal, epoch: lack.epoch, seq: lack.seq, what: lack.what }).collect();
    gaps(&known, unread)
}

/// The records log that a print was made from.
pub(super) struct RecordsLog {
    /// How many entries.
    pub size: u64,
    root: Root,
}

impl RecordsLog {
    /// The newest that the ledger has signed.
    ///
    /// # Errors
    /// As the link says; a signature that does not hold.
    pub(super) fn shown(desk: &Desk) -> Result<Self, AdminError> {
        let note = desk.ledger.checkpoint(Log::Records)?;
        let signed = desk.log_keys(Log::Records)?.open(&note)?;
        Ok(Self { size: signed.size, root: signed.root })
    }

    /// The same when it had so many entries, for a print that is made again; without a number the newest.
    ///
    /// # Errors
    /// As [`Self::shown`]; [`AdminError::Argument`] when it has never had so many.
    pub(super) fn of(desk: &Desk, size: Option<u64>) -> Result<Self, AdminError> {
        let newest = Self::shown(desk)?;
        let Some(size) = size.filter(|size| *size != newest.size) else { return Ok(newest) };
        if size > newest.size {
            let all = newest.size;
            let rule = Rule::new(format!("the records log has {all} entries"), format!("操作記録の件数は {all} です"));
            return Err(AdminError::Argument { name: "--records-size", value: size.to_string(), rule });
        }
        let tiles = LogTiles::new(&desk.ledger, Log::Records, newest.size);
        let unproved = |error| match error {
            ProveError::Reader(error) => error,
            ProveError::Request(error) => AdminError::from(error),
        };
        let root = root_at(&tiles, size).map_err(unproved)?;
        // The tiles are the ledger's word, until they lead to what it has signed.
        if size > 0 {
            let proof = consistency_proof(&tiles, size, newest.size).map_err(unproved)?;
            verify_consistency(size, &root, newest.size, &newest.root, &proof)?;
        }
        Ok(Self { size, root })
    }

    /// For the head: nobody can make such a print again, but which records were at hand can be proved.
    pub(super) fn named(&self) -> Said {
        let (size, root) = (self.size, Hash(self.root.0).to_string());
        let root = root.get(..16).unwrap_or_default();
        Said::made(format!("操作記録 {size} 件 ハッシュ {root}"), format!("records log {size} entries root {root}"))
    }
}

/// The question, until the minute of printing at the latest: of a time to come there are no records, and a head says of none that they were counted.
pub(super) fn until_now(desk: &Desk, question: &Question, now: u64) -> Result<Question, AdminError> {
    let (next, asked) = (now + 1, question.until.map(|date| date.moment(Edge::Until)));
    if let Some(since) = question.since.map(|date| date.moment(Edge::From)).filter(|since| *since > now) {
        let rule = Rule::new("the period has not begun", "期間がまだ始まっていません");
        let value = moment_text(since, desk.screen.language);
        return Err(AdminError::Argument { name: "--since", value, rule });
    }
    let bound = When { day: local_day(next), minute: Some(local_minute(next)) };
    let until = if asked.is_some_and(|asked| asked <= next) { question.until } else { Some(bound) };
    Ok(Question { until, ..question.clone() })
}

/// The time that was asked for; what is not over ends with the minute of the print.
pub(super) fn period(question: &Question, now: u64) -> Said {
    let from = question.since.map(|date| date.moment(Edge::From));
    between(from, question.until.map_or(now, |date| date.moment(Edge::Until).min(now)))
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
