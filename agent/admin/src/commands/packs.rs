//! Reports of several tables: what is in custody (S4 19(4)), what the committee looks at (S1 8).

use sekisho_paper::cases::log_named;
use sekisho_paper::forms::{COMMITTEE, CUSTODY, MEDIA};
use sekisho_paper::media::{Backups, LedgerMedium, media as list_of_media};
use sekisho_paper::packs::{self, KeptMonth, PeriodCases, Refusals};
use sekisho_paper::print::as_of;
use sekisho_paper::{AsOf, Table};
use sekisho_register::calendar::Month;
use sekisho_register::cases::Case;
use sekisho_register::today::{Task, Waits, today};
use sekisho_wire::id::Code;
use sekisho_wire::record::{Record, Retention};

use super::case_prints::texts;
use super::record_prints::{RecordsLog, gaps_of, period, until_now};
use super::records::incomplete;
use super::sweep::sweep_before;
use crate::casebook::Cases;
use crate::cli::{AgainArguments, CommitteeArguments, CustodyArguments, MediaArguments, OutputArguments, Question};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said as Rule};
use crate::name::is_a_text;
use crate::prints::Printing;

pub(super) fn custody(desk: &mut Desk, arguments: &CustodyArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &CUSTODY, &arguments.look, &AgainArguments::default())?;
    let section_media = cases_beside(desk);
    let months = desk.ledger.kept_months()?.into_iter().filter_map(|row| {
        Some(KeptMonth { class: Retention::numbered(row.class)?, month: Month(row.month), erased: row.erased })
    });
    let months: Vec<KeptMonth> = months.collect();
    let backups = backups(desk)?;
    let of = printing.as_of(desk, printing.now());
    let media = media_table(desk, of, &backups, section_media.as_ref());
    let tables = packs::custody(of, &months, &backups, media);
    let facts = printing.facts(desk, as_of(printing.now()));
    let output = OutputArguments { html: Some(arguments.html.clone()), ..OutputArguments::default() };
    printing.write(&output, &CUSTODY, &tables, &facts).map(drop)
}

pub(super) fn media(desk: &mut Desk, arguments: &MediaArguments) -> Result<(), AdminError> {
    let printing = Printing::begin(desk, &MEDIA, &arguments.look, &AgainArguments::default())?;
    let (section_media, backups) = (cases_beside(desk), backups(desk)?);
    let of = printing.as_of(desk, printing.now());
    let tables = [media_table(desk, of, &backups, section_media.as_ref())];
    let facts = printing.facts(desk, as_of(printing.now()));
    let written = printing.write(&arguments.output, &MEDIA, &tables, &facts)?;
    if written.is_empty() { desk.screen.print_form(&tables[0]) } else { Ok(()) }
}

/// What the ledger says of its backups. What would not show as it is written is left out.
fn backups(desk: &Desk) -> Result<Backups, AdminError> {
    let said = desk.ledger.media()?;
    let shows = |text: &String| is_a_text(text) && !text.contains('\n');
    let media = said.media.into_iter().filter(|medium| shows(&medium.name)).map(|medium| LedgerMedium {
        name: medium.name,
        place: medium.place.filter(shows),
        listed: medium.listed,
        verified: medium.verified,
    });
    let (overdue_since, failed, keys_copied) = (said.overdue_since, said.failed, said.keys_copied);
    Ok(Backups { media: media.collect(), overdue_since, failed, keys_copied })
}

/// The casebook, in which sections write their media down. Whoever may not read it is shown the ledger's alone, and told so.
fn cases_beside(desk: &mut Desk) -> Option<Cases> {
    match Cases::read(desk) {
        Ok(cases) => Some(cases),
        Err(error) => {
            let why = error.in_words(desk.screen.language);
            desk.screen.note(
                &format!("without the media of sections: the casebook was not read ({why})"),
                &format!("処理簿を読めなかったため、各課の媒体は表示していません({why})"),
            );
            None
        }
    }
}

fn media_table(desk: &Desk, of: AsOf<'_>, backups: &Backups, known: Option<&Cases>) -> Table {
    let Some(known) = known else { return list_of_media(of, backups, &[], &|_| None) };
    let sight = desk.sight();
    let seen: Vec<&Case> = known.casebook.cases().filter(|case| sight.sees_case(of.register, case)).collect();
    list_of_media(of, backups, &seen, &texts(known))
}

pub(super) fn committee(desk: &mut Desk, arguments: &CommitteeArguments) -> Result<(), AdminError> {
    let (from, to) = (arguments.from.moment(Edge::From), arguments.to.moment(Edge::Until));
    if to <= from {
        let rule = Rule::new("the period ends before it begins", "期間の終わりが始まりより前です");
        let value = sekisho_register::wareki::moment_text(to, desk.screen.language);
        return Err(AdminError::Argument { name: "--to", value, rule });
    }
    let (printing, known) = Printing::begin_with_cases(desk, &COMMITTEE, &arguments.look, &arguments.again)?;
    let question = Question { since: Some(arguments.from), until: Some(arguments.to), ..Question::default() };
    let question = until_now(desk, &question, printing.now())?;
    let log = RecordsLog::of(desk, arguments.records_size)?;
    let (mut refusals, mut unread) = (Refusals::default(), 0);
    let found = sweep_before(desk, &question, None, Some(log.size), |_, (_, bytes, _)| {
        match Record::decode(bytes) {
            Ok(record) => refusals.add(&record),
            Err(_) => unread += 1,
        }
        Ok(())
    })?;
    // As of the period's end; one that is not over is as of now.
    let at = printing.now().min(to.saturating_sub(1));
    let of = AsOf { cases: Some((&known.casebook, at)), ..printing.as_of(desk, at) };
    let sight = desk.sight();
    let seen: Vec<&Case> = known.casebook.cases().filter(|case| sight.sees_case(of.register, case)).collect();
    let untrained: Vec<(Code, u64)> =
        today(of.register, &known.casebook, at).into_iter().filter_map(untrained).collect();
    let cases = PeriodCases { all: &seen, from, to, untrained: &untrained, texts: &texts(&known) };
    let mut tables = packs::committee(of, &refusals, &cases);
    tables.push(gaps_of(desk, &found, unread));
    let mut facts = printing.facts(desk, period(&question, printing.now()));
    facts.remarks.extend([log.named(), log_named(&known.casebook)]);
    let output = OutputArguments { html: Some(arguments.html.clone()), ..OutputArguments::default() };
    printing.write(&output, &COMMITTEE, &tables, &facts)?;
    printing.note_again(desk, &[("--cases-size", known.casebook.size()), ("--records-size", log.size)]);
    incomplete(desk, &found);
    Ok(())
}

fn untrained(task: Task) -> Option<(Code, u64)> {
    if let Waits::Untrained(operator) = task.what { Some((operator, task.since)) } else { None }
}
