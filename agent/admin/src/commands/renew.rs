//! 年度更新: everybody's designation and permissions for the next fiscal year, in as few acts as their size asks for.

use sekisho_register::Change;
use sekisho_register::calendar::{Date, day_of_date, fiscal_year, moment};
use sekisho_register::change::OperatorState;
use sekisho_register::everyday::{self, NotRenewed};
use sekisho_register::people::{Designation, Operator, Standing};
use sekisho_wire::id::Code;

use crate::cli::Renewal;
use crate::clock;
use crate::dates::Edge;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::table::Table;

/// Why somebody, or a permission of his, is not renewed.
enum Left {
    /// As the command line says.
    Excepted,
    /// As nobody could be (register).
    Not(NotRenewed),
    /// What becomes of this permission was decided already.
    Decided(Code),
    /// The name is not known here, so nobody could read whom he designates.
    Nameless,
}

pub(super) fn run(desk: &mut Desk, renewal: &Renewal) -> Result<(), AdminError> {
    desk.log_in()?;
    let now = clock::now();
    let april = |year: u16| moment(day_of_date(Date { year, month: 4, day: 1 }), 0);
    let from = renewal.from.map_or_else(|| april(fiscal_year(now) + 1), |date| date.moment(Edge::From));
    let to = renewal.to.map_or_else(|| april(fiscal_year(from) + 1), |date| date.moment(Edge::Until));
    let (mut groups, mut names, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for operator in desk.cache.register().operators() {
        // Whose duty ended for good is in nobody's way.
        if operator.state(now) == OperatorState::Ended || is_elsewhere(operator, renewal, now) {
            continue;
        }
        let code = operator.code();
        let mut not = |why: Left| left.push((code.clone(), why));
        if renewal.except.contains(code) {
            not(Left::Excepted);
            continue;
        }
        let renewed = match everyday::renewed(operator, (from, to), now) {
            Ok(renewed) => renewed,
            Err(why) => {
                not(Left::Not(why));
                continue;
            }
        };
        renewed.decided.into_iter().for_each(|profile| not(Left::Decided(profile)));
        if let [Change::Designate(designate), ..] = renewed.changes.as_slice() {
            match desk.cache.salted_name(&designate.name) {
                Some(name) => names.push(name),
                None => {
                    not(Left::Nameless);
                    continue;
                }
            }
        }
        groups.push(renewed.changes);
    }
    say_who_is_left(desk, &left)?;
    desk.submit_whole(groups, &names)
}

/// Whether he belongs to another section than the one that is renewed.
fn is_elsewhere(operator: &Operator, renewal: &Renewal, now: u64) -> bool {
    let Some(asked) = &renewal.section else { return false };
    let said: Option<&Designation> = match operator.standing(now) {
        Standing::Designated(said) => Some(said),
        Standing::NotBegun | Standing::Ended => None,
    };
    said.is_none_or(|said| said.section.as_ref() != Some(asked))
}

fn say_who_is_left(desk: &Desk, left: &[(Code, Left)]) -> Result<(), AdminError> {
    let screen = desk.screen;
    if left.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        ("operator", screen.words("not renewed", "更新しないもの")),
        ("why", screen.words("why", "理由")),
    ]);
    for (operator, why) in left {
        let why = match why {
            Left::Excepted => screen.words("left out by the command line", "除外の指定").to_owned(),
            Left::Not(why) => why.words().text(screen.language).to_owned(),
            Left::Decided(profile) => screen.words(
                format!("permission {profile}: decided for later already, and left as it is"),
                format!("権限 {profile}: 今後の扱いが決定済みのため、そのまま"),
            ),
            Left::Nameless => screen.words("the name is not known here", "氏名が手元にありません").to_owned(),
        };
        table.row([desk.cache.person(operator, screen.language), why]);
    }
    screen.print_table(&table)
}
