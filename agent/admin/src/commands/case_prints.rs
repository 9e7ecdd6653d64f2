//! Cases in print: the book of a form, one case as a sheet.

use sekisho_paper::cases;
use sekisho_paper::forms::{Orientation, of_cases};
use sekisho_paper::print::{as_of_printed, moment_of};
use sekisho_paper::{Facts, Said};
use sekisho_register::NameHash;
use sekisho_register::cases::Case;

use super::cases::expect_in_sight;
use crate::casebook::Cases;
use crate::cli::{AgainArguments, CaseBookArguments, CaseSheetArguments};
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::{AdminError, Thing};
use crate::prints::Printing;

pub(super) fn book(desk: &mut Desk, arguments: &CaseBookArguments) -> Result<(), AdminError> {
    let form = of_cases(arguments.form);
    let printing = Printing::begin(desk, form, &arguments.look, &AgainArguments::default())?;
    let known = Cases::read(desk)?;
    let at = arguments.as_of.map_or_else(|| printing.now(), |date| moment_of(date, printing.now()));
    let since = arguments.since.map_or(0, |date| date.moment(Edge::From));
    let sight = desk.sight();
    let seen = |case: &&Case| sight.sees_case(desk.cache.register(), case);
    let wanted = known.casebook.cases().filter(seen).filter(|case: &&Case| case.opened.made >= since);
    let tables = [cases::book(printing.as_of(desk, at), arguments.form, wanted, &texts(&known))];
    let facts = facts(desk, &printing, &known, at);
    let written = printing.write(&arguments.output, form, &tables, &facts)?;
    if written.is_empty() { desk.screen.print_forms(&tables, None, &facts) } else { Ok(()) }
}

pub(super) fn sheet(desk: &mut Desk, arguments: &CaseSheetArguments) -> Result<(), AdminError> {
    let form = of_cases(arguments.case.form);
    let printing = Printing::begin(desk, form, &arguments.look, &AgainArguments::default())?;
    let known = Cases::read(desk)?;
    let unknown = || AdminError::Unknown { what: Thing::Case, code: arguments.case.to_string() };
    let case = known.casebook.case(&arguments.case).ok_or_else(unknown)?;
    expect_in_sight(desk, case)?;
    let at = printing.now();
    let tables = cases::sheet(printing.as_of(desk, at), case, &texts(&known));
    let facts = Facts { orientation: Some(Orientation::Portrait), ..facts(desk, &printing, &known, at) };
    let written = printing.write(&arguments.output, form, &tables, &facts)?;
    if written.is_empty() { desk.screen.print_forms(&tables, None, &facts) } else { Ok(()) }
}

fn texts(known: &Cases) -> impl Fn(&NameHash) -> Option<String> {
    |hash| known.text(hash).map(ToOwned::to_owned)
}

/// The casebook is a log of its own: how far it was read stands beside the register.
fn facts(desk: &Desk, printing: &Printing, known: &Cases, at: u64) -> Facts {
    let mut facts = printing.facts(desk, as_of_printed(at, printing.now()));
    let size = known.casebook.size();
    facts.remarks.push(Said::made(format!("処理簿 {size} 件"), format!("casebook {size} entries")));
    facts
}
