//! 年度更新: everybody's designation and permissions for the next fiscal year, in one act.

use sekisho_register::Change;
use sekisho_register::calendar::{Date, day_of_date, fiscal_year, moment};
use sekisho_register::change::{Designate, GiveProfile};
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
    /// Designated for that time already.
    Renewed,
    /// Duty over, or not begun.
    NotAtWork,
    /// From another office: that admits anew.
    FromElsewhere,
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
            left.push((operator.code().clone(), Left::NotAtWork));
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
    (from, to): (u64, u64),
) -> Result<(Vec<Change>, Name), Left> {
    let code: &Code = operator.code();
    if renewal.except.contains(code) {
        return Err(Left::Excepted);
    }
    if operator.home().is_some() {
        return Err(Left::FromElsewhere);
    }
    if matches!(operator.standing(from), Standing::Designated(_)) {
        return Err(Left::Renewed);
    }
    let name = desk.cache.salted_name(&said.name).ok_or(Left::Nameless)?;
    let section = said.section.clone().ok_or(Left::NotAtWork)?;
    let designate = Designate {
        operator: code.clone(),
        name: said.name,
        class: said.class,
        section,
        from,
        to,
        terminals: said.terminals.clone(),
        sections: said.sections.clone(),
    };
    let mut changes = vec![Change::Designate(Box::new(designate))];
    for (profile, held) in operator.profiles_at(clock::now()) {
        let functions = held.functions.clone();
        changes.push(Change::Profile(GiveProfile {
            operator: code.clone(),
            profile: profile.clone(),
            functions,
            from,
            to,
        }));
    }
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
            Left::Renewed => screen.words("designated for that time already", "次年度の指定済み"),
            Left::NotAtWork => screen.words("no duty now, or no section", "現在指定されていない、又は所属がない"),
            Left::FromElsewhere => {
                screen.words("from another office: admit him anew", "他団体の者(改めて受入れが必要)")
            }
            Left::Nameless => screen.words("the name is not known here", "氏名が手元にありません"),
        };
        table.row([desk.cache.person(operator, screen.language), why.to_owned()]);
    }
    screen.print_table(&table)
}
