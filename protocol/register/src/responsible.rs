//! Who is responsible for a terminal: the head of the section where it stands (S4 9), unless its entry names another post.

use alloc::vec;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::change::SetTerminal;
use crate::fold::Register;
use crate::organisation::PostVersion;
use crate::role::Role;

impl Register {
    /// The posts: the one that is named, else those of its section that manage terminals. So a terminal that moves has the next section's.
    #[must_use]
    pub fn responsible_posts(&self, terminal: &SetTerminal, at: u64) -> Vec<Code> {
        if let Some(named) = &terminal.responsible {
            return vec![named.clone()];
        }
        let of_the_section = |version: &PostVersion| {
            version.section.as_ref() == Some(&terminal.section) && version.roles.contains(&Role::TerminalManager)
        };
        let posts = self.posts().filter(|post| post.versions().at(at).is_some_and(of_the_section));
        posts.map(|post| post.code().clone()).collect()
    }

    /// Who holds such a post at that moment and is on duty; nobody, where the list is empty (S0 7, S3 18(3)).
    #[must_use]
    pub fn responsible_persons(&self, terminal: &SetTerminal, at: u64) -> Vec<Code> {
        let posts = self.responsible_posts(terminal, at);
        let holders = posts.iter().filter_map(|post| self.post(post)).flat_map(|post| post.holders(at));
        let on_duty = |operator: &&Code| self.operator(operator).is_some_and(|person| person.is_current(at));
        let mut persons: Vec<Code> = holders.map(|holder| &holder.operator).filter(on_duty).cloned().collect();
        persons.sort();
        persons.dedup();
        persons
    }
}
