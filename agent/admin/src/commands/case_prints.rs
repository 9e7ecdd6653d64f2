//! Cases in print: the book of a form, one case as a sheet.

use sekisho_paper::cases;
use sekisho_paper::forms::{Form, Orientation, of_cases};
use sekisho_paper::print::{as_of_printed, moment_of};
use sekisho_paper::{Facts, Table};
use sekisho_register::NameHash;
use sekisho_register::cases::Case;
use sekisho_register::wareki::moment_text;

use super::cases::expect_in_sight;
use crate::casebook::Cases;
use crate::cli::{CaseBookArguments, CaseSheetArguments, OutputArguments};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Said, Thing};
use crate::prints::Printing;

pub(super) fn book(desk: &mut Desk, arguments: &CaseBookArguments) -> Result<(), AdminError> {
    let form = of_cases(arguments.form);
    let (printing, known) = Printing::begin_with_cases(desk, form, &arguments.look, &arguments.again)?;
    let at = arguments.as_of.map_or_else(|| printing.now(), |date| moment_of(date, printing.now()));
    let since = arguments.since.map_or(0, |date| date.moment(Edge::From));
    let sight = desk.sight();
    let of = printing.as_of(desk, at);
    let seen = |case: &&Case| sight.sees_case(of.register, case);
    let wanted = known.casebook.cases().filter(seen).filter(|case: &&Case| case.opened.made >= since);
    let tables = [cases::book(of, arguments.form, wanted, &texts(&known))];
    let facts = facts(desk, &printing, &known, at);
    show(desk, &printing, &known, (&arguments.output, form, &tables, &facts))
}

pub(super) fn sheet(desk: &mut Desk, arguments: &CaseSheetArguments) -> Result<(), AdminError> {
    let form = of_cases(arguments.case.form);
    let (printing, known) = Printing::begin_with_cases(desk, form, &arguments.look, &arguments.again)?;
    let unknown = || AdminError::Unknown { what: Thing::Case, code: arguments.case.to_string() };
    let case = known.casebook.case(&arguments.case).ok_or_else(unknown)?;
    expect_in_sight(desk, case)?;
    let at = arguments.as_of.map_or_else(|| printing.now(), |date| moment_of(date, printing.now()));
    if case.opened.made > at {
        let rule = Said::new("the case was opened later", "事案が記入されたのはその後です");
        let value = moment_text(at, desk.screen.language);
        return Err(AdminError::Argument { name: "--as-of", value, rule });
    }
    let tables = cases::sheet(printing.as_of(desk, at), case, &texts(&known));
    let facts = Facts { orientation: Some(Orientation::Portrait), ..facts(desk, &printing, &known, at) };
    show(desk, &printing, &known, (&arguments.output, form, &tables, &facts))
}

/// Into files, and how they are made again; or on the screen.
fn show(
    desk: &Desk,
    printing: &Printing,
    known: &Cases,
    (output, form, tables, facts): (&OutputArguments, &Form, &[Table], &Facts),
) -> Result<(), AdminError> {
    if printing.write(output, form, tables, facts)?.is_empty() {
        return desk.screen.print_forms(tables, None, facts);
    }
    printing.note_again(desk, &[("--cases-size", known.casebook.size())]);
    Ok(())
}

pub(super) fn texts(known: &Cases) -> impl Fn(&NameHash) -> Option<String> {
    |hash| known.text(hash).map(ToOwned::to_owned)
}

/// The casebook is a log of its own: how far it was read stands beside the register.
fn facts(desk: &Desk, printing: &Printing, known: &Cases, at: u64) -> Facts {
    let mut facts = printing.facts(desk, as_of_printed(at, printing.now()));
    facts.remarks.push(cases::log_named(&known.casebook));
    facts
}
