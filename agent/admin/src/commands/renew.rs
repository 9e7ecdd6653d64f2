//! 年度更新: everybody's designation and permissions for the next fiscal year, in one act.

use sekisho_register::Change;
use sekisho_register::calendar::{Date, day_of_date, fiscal_year, moment};
use sekisho_register::change::{Designate, GiveProfile, OperatorState};
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
    /// Designated for that time already, with all permissions.
    Renewed,
    /// No duty now, or no section.
    NotAtWork,
    /// Suspended now.
    Suspended,
    /// That his duty ends was decided already.
    Ends,
    /// What becomes of this permission was decided already.
    Decided(Code),
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
    let (mut groups, mut names, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for operator in desk.cache.register().operators() {
        let code = operator.code();
        let said = match operator.standing(now) {
            // Whose duty ended for good is in nobody's way.
            _ if operator.state(now) == OperatorState::Ended => continue,
            Standing::Designated(said) if said.section.is_some() => said,
            // Founding administrators are designated without end, and belong to no section.
            Standing::Designated(_) | Standing::NotBegun | Standing::Ended => {
                left.push((code.clone(), Left::NotAtWork));
                continue;
            }
        };
        if renewal.section.as_ref().is_some_and(|section| said.section.as_ref() != Some(section)) {
            continue;
        }
        if let Err(why) = may_be_renewed(operator, renewal, now, from) {
            left.push((code.clone(), why));
            continue;
        }
        let mut group = Vec::new();
        if !matches!(operator.standing(from), Standing::Designated(_)) {
            let Some(name) = desk.cache.salted_name(&said.name) else {
                left.push((code.clone(), Left::Nameless));
                continue;
            };
            group.push(designated(code, said, (from, to)));
            names.push(name);
        }
        let (profiles, decided) = profiles(operator, now, (from, to));
        group.extend(profiles);
        left.extend(decided.into_iter().map(|profile| (code.clone(), Left::Decided(profile))));
        if group.is_empty() {
            left.push((code.clone(), Left::Renewed));
        } else {
            groups.push(group);
        }
    }
    say_who_is_left(desk, &left)?;
    desk.submit_whole(groups, &names)
}

fn may_be_renewed(operator: &Operator, renewal: &Renewal, now: u64, from: u64) -> Result<(), Left> {
    if renewal.except.contains(operator.code()) {
        Err(Left::Excepted)
    } else if operator.home().is_some() {
        Err(Left::FromElsewhere)
    } else if operator.state(from) == OperatorState::Ended {
        Err(Left::Ends)
    } else if operator.state(now) == OperatorState::Suspended {
        Err(Left::Suspended)
    } else {
        Ok(())
    }
}

fn designated(operator: &Code, said: &Designation, (from, to): (u64, u64)) -> Change {
    Change::Designate(Box::new(Designate {
        operator: operator.clone(),
        name: said.name,
        class: said.class,
        section: said.section.clone().expect("whoever is renewed has a section"),
        from,
        to,
        terminals: said.terminals.clone(),
        sections: said.sections.clone(),
    }))
}

/// What he may do now, for that time; apart those of which something was decided for later already: given, changed or withdrawn, that stands.
fn profiles(operator: &Operator, now: u64, (from, to): (u64, u64)) -> (Vec<Change>, Vec<Code>) {
    let (mut given, mut decided) = (Vec::new(), Vec::new());
    for (profile, held) in operator.profiles_at(now) {
        let said = operator.profiles().find(|(code, _)| *code == profile).map(|(_, said)| said);
        if said.is_some_and(|said| said.iter().any(|word| word.effective > now)) {
            decided.push(profile.clone());
            continue;
        }
        given.push(Change::Profile(GiveProfile {
            operator: operator.code().clone(),
            profile: profile.clone(),
            functions: held.functions.clone(),
            from,
            to,
        }));
    }
    (given, decided)
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
            Left::Excepted => screen.words("left out by the command line", "除外の指定"),
            Left::Renewed => screen.words("designated for that time already", "次年度の指定済み"),
            Left::NotAtWork => screen.words("no duty now, or no section", "現在指定されていない、又は所属がない"),
            Left::Suspended => screen.words("suspended: lift that first", "停止中(先に停止を解除してください)"),
            Left::Ends => screen.words("that the duty ends was decided already", "解除が決定済み"),
            Left::Decided(profile) => &screen.words(
                format!("permission {profile}: decided for later already, and left as it is"),
                format!("権限 {profile}: 今後の扱いが決定済みのため、そのまま"),
            ),
            Left::FromElsewhere => {
                screen.words("from another office: admit him anew", "他団体の者(改めて受入れが必要)")
            }
            Left::Nameless => screen.words("the name is not known here", "氏名が手元にありません"),
        };
        table.row([desk.cache.person(operator, screen.language), why.to_owned()]);
    }
    screen.print_table(&table)
}
