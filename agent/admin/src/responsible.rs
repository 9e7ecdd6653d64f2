//! Who is responsible for a terminal: the head of the section where it stands (S4 9), unless its entry names another post.

use sekisho_register::change::SetTerminal;
use sekisho_register::organisation::PostVersion;
use sekisho_register::{Register, Role};
use sekisho_wire::id::Code;

/// The posts: the one that is named, else those of its section that manage terminals. So a terminal that moves has the next section's.
#[must_use]
pub(crate) fn posts(register: &Register, terminal: &SetTerminal, at: u64) -> Vec<Code> {
    if let Some(named) = &terminal.responsible {
        return vec![named.clone()];
    }
    let of_the_section = |version: &PostVersion| {
        version.section.as_ref() == Some(&terminal.section) && version.roles.contains(&Role::TerminalManager)
    };
    let posts = register.posts().filter(|post| post.versions().at(at).is_some_and(of_the_section));
    posts.map(|post| post.code().clone()).collect()
}

/// Who holds such a post at that moment and is on duty; nobody, where the list is empty.
#[must_use]
pub(crate) fn persons(register: &Register, terminal: &SetTerminal, at: u64) -> Vec<Code> {
    let posts = posts(register, terminal, at);
    let holders = posts.iter().filter_map(|post| register.post(post)).flat_map(|post| post.holders(at));
    let on_duty = |operator: &&Code| register.operator(operator).is_some_and(|person| person.is_current(at));
    let mut persons: Vec<Code> = holders.map(|holder| &holder.operator).filter(on_duty).cloned().collect();
    persons.sort();
    persons.dedup();
    persons
}
