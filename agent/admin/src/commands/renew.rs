//! 年度更新: everybody's designation and permissions for the next fiscal year, in one act.

use sekisho_register::Change;
use sekisho_register::calendar::{Date, day_of_date, fiscal_year, moment};
use sekisho_register::everyday::{self, NotRenewed};
use sekisho_register::people::{Designation, Operator, Standing};
use sekisho_wire::id::Code;

use crate::cli::Renewal;
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::name::Name;
use crate::table::Table;

/// Why somebody is not renewed.
enum Left {
    /// As the command line says.
    Excepted,
    /// As nobody could be (register).
    Not(NotRenewed),
    /// The name is not known here, so nobody could read whom he designates.
    Nameless,
}

pub(super) fn run(desk: &mut Desk, renewal: &Renewal) -> Result<(), AdminError> {
    desk.log_in()?;
    let now = clock::now();
    let april = |year: u16| moment(day_of_date(Date { year, month: 4, day: 1 }), 0);
    let from = renewal.from.map_or_else(|| april(fiscal_year(now) + 1), |date| date.moment(Edge::From));
    let to = renewal.to.map_or_else(|| april(fiscal_year(from) + 1), |date| date.moment(Edge::Until));
    let (mut changes, mut names, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for operator in desk.cache.register().operators() {
        let Some(said) = designation(operator, now) else {
            left.push((operator.code().clone(), Left::Not(NotRenewed::NotAtWork)));
            continue;
        };
        if renewal.section.as_ref().is_some_and(|section| said.section.as_ref() != Some(section)) {
            continue;
        }
        match renewed(desk, operator, said, renewal, (from, to)) {
            Ok((more, name)) => {
                changes.extend(more);
                names.push(name);
            }
            Err(why) => left.push((operator.code().clone(), why)),
        }
    }
    say_who_is_left(desk, &left)?;
    if changes.is_empty() {
        return Err(AdminError::NothingToDo);
    }
    desk.submit(changes, &names).map(drop)
}

/// The designation in force, of whoever belongs to a section: founding administrators are designated without end.
fn designation(operator: &Operator, now: u64) -> Option<&Designation> {
    match operator.standing(now) {
        Standing::Designated(said) if operator.is_current(now) => Some(said).filter(|said| said.section.is_some()),
        Standing::Designated(_) | Standing::NotBegun | Standing::Ended => None,
    }
}

fn renewed(
    desk: &Desk,
    operator: &Operator,
    said: &Designation,
    renewal: &Renewal,
    span: (u64, u64),
) -> Result<(Vec<Change>, Name), Left> {
    if renewal.except.contains(operator.code()) {
        return Err(Left::Excepted);
    }
    let changes = everyday::renewed(operator, span, clock::now()).map_err(Left::Not)?;
    let name = desk.cache.salted_name(&said.name).ok_or(Left::Nameless)?;
    Ok((changes, name))
}

fn say_who_is_left(desk: &Desk, left: &[(Code, Left)]) -> Result<(), AdminError> {
    let screen = desk.screen;
    if left.is_empty() {
        return Ok(());
    }
    let mut table =
        Table::new(&[("operator", screen.words("not renewed", "更新しない者")), ("why", screen.words("why", "理由"))]);
    for (operator, why) in left {
        let why = match why {
            Left::Excepted => screen.words("left out by the command line", "除外の指定"),
            Left::Not(NotRenewed::Renewed) => screen.words("designated for that time already", "次年度の指定済み"),
            Left::Not(NotRenewed::NotAtWork) => {
                screen.words("no duty now, or no section", "現在指定されていない、又は所属がない")
            }
            Left::Not(NotRenewed::FromElsewhere) => {
                screen.words("from another office: admit him anew", "他団体の者(改めて受入れが必要)")
            }
            Left::Nameless => screen.words("the name is not known here", "氏名が手元にありません"),
        };
        table.row([desk.cache.person(operator, screen.language), why.to_owned()]);
    }
    screen.print_table(&table)
}
