//! Reports of several tables: what is in custody (S4 19(4)), what the committee looks at (S1 8).

use sekisho_paper::cases::book;
use sekisho_paper::forms::{COMMITTEE, CUSTODY};
use sekisho_paper::packs::{self, Incident, KeptMonth, Refusals};
use sekisho_paper::print::as_of;
use sekisho_paper::{Cell, Said};
use sekisho_register::Casebook;
use sekisho_register::calendar::Month;
use sekisho_register::cases::Case;
use sekisho_register::change::Value;
use sekisho_register::forms::{Form, incident};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Body, Record, Retention, kind_number};

use super::record_prints::{RecordsLog, gaps_of, period, until_now};
use super::records::incomplete;
use super::sweep::{newest, sweep_before};
use crate::casebook::Cases;
use crate::cli::{AgainArguments, CommitteeArguments, CustodyArguments, OutputArguments, Question};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said as Rule};
use crate::prints::Printing;

pub(super) fn custody(desk: &mut Desk, arguments: &CustodyArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &CUSTODY, &arguments.look, &AgainArguments::default())?;
    let months = desk.ledger.kept_months()?.into_iter().filter_map(|row| {
        Some(KeptMonth { class: Retention::numbered(row.class)?, month: Month(row.month), erased: row.erased })
    });
    let months: Vec<KeptMonth> = months.collect();
    let backup =
        [(Said::new("控えの確認が遅れた最後の警報", "last alarm that no backup was verified in time"), overdue(desk)?)];
    let of = printing.as_of(desk, printing.now());
    let tables = packs::custody(of, &months, &backup);
    let facts = printing.facts(desk, as_of(printing.now()));
    let output = OutputArguments { html: Some(arguments.html.clone()), ..OutputArguments::default() };
    printing.write(&output, &CUSTODY, &tables, &facts).map(drop)
}

/// When the ledger last said that no backup of it was verified in time.
fn overdue(desk: &Desk) -> Result<Cell, AdminError> {
    let kind = kind_number("alarm").unwrap_or_default();
    let is_it = |record: &Record| matches!(&record.body, Body::Alarm(alarm) if alarm.kind == AlarmKind::BackupOverdue);
    let overdue = newest(desk, &format!("kind={kind}"), is_it)?;
    let none = Cell::said("なし(期限は台帳の設定による)", "none (the ledger's configuration says by when)");
    Ok(overdue.map_or(none, |record| Cell::Moment(record.trusted)))
}

pub(super) fn committee(desk: &mut Desk, arguments: &CommitteeArguments) -> Result<(), AdminError> {
    let (from, to) = (arguments.from.moment(Edge::From), arguments.to.moment(Edge::Until));
    if to <= from {
        let rule = Rule::new("the period ends before it begins", "期間の終わりが始まりより前です");
        let value = sekisho_register::wareki::moment_text(to, desk.screen.language);
        return Err(AdminError::Argument { name: "--to", value, rule });
    }
    let printing = Printing::begin(desk, &COMMITTEE, &arguments.look, &AgainArguments::default())?;
    let question = Question { since: Some(arguments.from), until: Some(arguments.to), ..Question::default() };
    let question = until_now(desk, &question, printing.now())?;
    let log = RecordsLog::shown(desk)?;
    let (mut refusals, mut unread) = (Refusals::default(), 0);
    let found = sweep_before(desk, &question, None, Some(log.size), |_, (_, bytes, _)| {
        match Record::decode(bytes) {
            Ok(record) => refusals.add(&record),
            Err(_) => unread += 1,
        }
        Ok(())
    })?;
    let known = Cases::read(desk)?;
    let incidents = incidents(&known.casebook, from, to);
    // As of the period's end; one that is not over is as of now.
    let at = printing.now().min(to.saturating_sub(1));
    let of = printing.as_of(desk, at);
    let within = known.casebook.cases().filter(|case: &&Case| (from..to).contains(&case.opened.made));
    let training = book(of, Form::Training, within, &|hash| known.text(hash).map(ToOwned::to_owned));
    let mut tables = packs::committee(of, &refusals, &incidents, training);
    tables.push(gaps_of(desk, &found, unread));
    let mut facts = printing.facts(desk, period(&question, printing.now()));
    facts.remarks.push(log.named());
    let output = OutputArguments { html: Some(arguments.html.clone()), ..OutputArguments::default() };
    printing.write(&output, &COMMITTEE, &tables, &facts)?;
    incomplete(desk, &found);
    Ok(())
}

fn incidents(casebook: &Casebook, from: u64, to: u64) -> Vec<Incident> {
    let within = casebook.cases_on(Form::Incident).filter(|case| (from..to).contains(&case.opened.made));
    let incident = |case: &Case| {
        let (class, level, kind) = case.judged()?;
        let failure = class == incident::FAILURE;
        let terminal = case.opened.field(incident::TERMINAL);
        Some(Incident {
            number: case.id.number,
            made: case.opened.made,
            class: if failure { Said::new("障害", "failure") } else { Said::new("不正行為", "misuse") },
            kind: kind.to_string(),
            terminal: terminal.and_then(|value| if let Value::Code(code) = value { Some(code.clone()) } else { None }),
            level,
        })
    };
    within.filter_map(incident).collect()
}
