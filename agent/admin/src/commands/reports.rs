//! What was reported at terminals: cards that their keys blocked, and incidents.

use sekisho_register::change::{Log, StateReason, Value};
use sekisho_register::forms::{Form, incident};
use sekisho_register::wareki::{moment_text, numbered};
use sekisho_register::{Casebook, SignedAct, field_text};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::{Code, Salt};
use sekisho_wire::record::{Body, Record, kind_number};

use super::sweep::newest;
use super::{loss, packs, registers};
use crate::casebook;
use crate::cli::{ReportCommand, is_beginning_of};
use crate::clock;
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::record_words::Teller;
use crate::reported::blocked;
use crate::table::Table;

pub(super) fn run(desk: &mut Desk, command: ReportCommand) -> Result<(), AdminError> {
    match command {
        ReportCommand::List { open } => list(desk, open),
        ReportCommand::Show { id } => show(desk, &id),
        ReportCommand::Form { id, fields } => loss::open(desk, &id, &fields),
        ReportCommand::Custody(arguments) => packs::custody(desk, &arguments),
        ReportCommand::Media(arguments) => packs::media(desk, &arguments),
        ReportCommand::Committee(arguments) => packs::committee(desk, &arguments),
    }
}

fn list(desk: &mut Desk, open: bool) -> Result<(), AdminError> {
    let (casebook, _) = casebook::entries(desk)?;
    let (now, language) = (clock::now(), desk.screen.language);
    let words = |english, japanese| desk.screen.words(english, japanese);
    let mut rows: Vec<(u64, [String; 7])> = Vec::new();
    for report in blocked(&desk.cache) {
        let form = loss::form_about(&casebook, &report);
        let is_written_on = form.is_some_and(|form| !form.is_closed());
        if open && !report.is_open() && !is_written_on {
            continue;
        }
        let holder = report
            .card
            .holder(now)
            .map_or_else(|| "-".to_owned(), |holder| desk.cache.person(holder.operator, desk.screen.language));
        let state = registers::state_name(report.card, now, language);
        let state = if report.is_open() { words("waits: ", "処分待ち: ").to_owned() + &state } else { state };
        let state = form.map_or_else(
            || state.clone(),
            |form| {
                let how = if form.is_closed() { words("closed", "終結") } else { words("open", "手続中") };
                format!("{state}; {} {how}", form.id)
            },
        );
        rows.push((
            report.made,
            [
                moment_text(report.made, language),
                report.terminal.to_string(),
                format!("{} {}", words("card", "カード"), numbered(report.card.number(), language)),
                reason(report.change.reason, desk).to_owned(),
                holder,
                state,
                report.id.to_string(),
            ],
        ));
    }
    for incident in casebook.cases_on(Form::Incident) {
        if open && incident.duties(desk.cache.register(), now).is_empty() {
            continue;
        }
        let Some((class, level, kind)) = incident.judged() else { continue };
        let class =
            if class == incident::FAILURE { words("failure", "障害") } else { words("misuse", "不正行為") };
        let level = match level {
            0 => words("not judged yet", "未判定").to_owned(),
            level => format!("{} {level}", words("threat level", "脅威度")),
        };
        let card = incident.opened.field(incident::CARD);
        let card = card.and_then(|card| if let Value::Card(card) = card { Some(card) } else { None });
        let card = card.and_then(|card| desk.cache.register().card(card));
        let card = card.map_or_else(|| "-".to_owned(), |card| numbered(card.number(), language));
        let terminal = incident.opened.field(incident::TERMINAL);
        rows.push((
            incident.opened.made,
            [
                moment_text(incident.opened.made, language),
                terminal.map_or_else(|| "-".to_owned(), |terminal| field_text(None, terminal, language)),
                format!("{} {}", words("incident", "事故"), numbered(incident.id.number, language)),
                format!("{class}: {kind}"),
                card,
                level,
                incident.opened.act.to_string(),
            ],
        ));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.0));
    let mut table = Table::new(&[
        ("made", words("made", "日時")),
        ("terminal", words("terminal", "端末機")),
        ("what", words("what", "対象")),
        ("why", words("why", "届出の内容")),
        ("whose", words("whose", "操作者・カード")),
        ("state", words("state", "状態")),
        ("id", words("act", "処分ID")),
    ]);
    rows.into_iter().for_each(|(_, row)| table.row(row));
    desk.screen.print_table(&table)
}

fn reason<'d>(reason: StateReason, desk: &Desk) -> &'d str {
    match reason {
        StateReason::Lost => desk.screen.words("lost", "紛失"),
        StateReason::Stolen => desk.screen.words("stolen", "盗難"),
        StateReason::Damaged => desk.screen.words("damaged", "き損"),
        StateReason::PinCompromised => desk.screen.words("PIN known", "暗証番号の漏えい"),
        StateReason::None
        | StateReason::NameChanged
        | StateReason::LeftDuty
        | StateReason::Replaced
        | StateReason::Other => "-",
    }
}

fn show(desk: &mut Desk, id: &str) -> Result<(), AdminError> {
    let (casebook, entries) = casebook::entries(desk)?;
    let signed = find(desk, &casebook, &entries, id)?;
    let text = sekisho_register::render(signed.act(), desk.cache.register(), desk.screen.language);
    let by = crate::grounds::who(&desk.cache, desk.screen.language, signed.signer(), signed.act().made);
    desk.screen.print(&format!("{}\n{by}\n{text}", signed.id()))?;
    let Signer::Terminal(terminal) = signed.signer() else { return Ok(()) };
    let record = record_of(desk, terminal, &signed)?;
    match record {
        Some(record) => {
            let teller = Teller { cache: &desk.cache, language: desk.screen.language };
            desk.screen.print(&teller.line(&record))
        }
        None => {
            desk.screen
                .note("the terminal's record of it has not arrived yet", "端末機側の届出の記録はまだ届いていません");
            Ok(())
        }
    }
}

/// The act of that id among those of terminals and all reports of incidents.
fn find(desk: &Desk, casebook: &Casebook, entries: &[Vec<u8>], id: &str) -> Result<SignedAct, AdminError> {
    let in_register = blocked(&desk.cache).filter_map(|report| desk.cache.entry(report.index));
    let in_casebook = casebook.cases_on(Form::Incident).filter_map(|incident| {
        let index = usize::try_from(incident.opened.index).ok()?;
        entries.get(index).map(Vec::as_slice)
    });
    let mut found: Vec<SignedAct> = in_register
        .chain(in_casebook)
        .filter_map(|entry| SignedAct::decode(entry).ok())
        .filter(|signed| is_beginning_of(id, &signed.id()))
        .collect();
    found.dedup_by_key(|signed| signed.id());
    match found.as_slice() {
        [_] => Ok(found.swap_remove(0)),
        _ => Err(AdminError::Unknown { what: Thing::Report, code: id.to_owned() }),
    }
}

/// What the terminal wrote when it was reported: the act's salt is the name of the report (register §R3.13).
fn record_of(desk: &Desk, terminal: &Code, signed: &SignedAct) -> Result<Option<Record>, AdminError> {
    let incident = signed.act().log == Log::Casebook;
    let kind = kind_number(if incident { "incident_reported" } else { "card_reported" }).unwrap_or_default();
    let is_it = |record: &Record| report_of(&record.body) == Some(signed.act().salt);
    newest(desk, &format!("terminal={terminal}&kind={kind}"), is_it)
}

const fn report_of(body: &Body) -> Option<Salt> {
    if let Body::CardReported(reported) = body {
        return Some(reported.report);
    }
    if let Body::IncidentReported(reported) = body { Some(reported.report) } else { None }
}

/// Says beside the proposals that there are incidents, too.
pub(super) fn note_incidents(desk: &Desk, casebook: &Casebook) {
    let numbers: Vec<_> = casebook.cases_on(Form::Incident).map(|incident| incident.id.number).collect();
    let Some(newest) = numbers.last() else { return };
    let (count, newest) = (numbers.len(), numbered(*newest, desk.screen.language));
    desk.screen.note(
        &format!("incidents reported: {count}, the newest is {newest}; see 'sekisho-admin report list'"),
        &format!("事故の報告が{count}件あります(最新 {newest})。「sekisho-admin report list」で確認してください"),
    );
}
