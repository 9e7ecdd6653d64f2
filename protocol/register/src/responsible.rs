//! Who is responsible for a terminal: the head of the section where it stands (S4 9), unless its entry names another post.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use sekisho_wire::id::Code;

use crate::change::SetTerminal;
use crate::fold::Register;
use crate::organisation::{Post, PostVersion};
use crate::places::Terminal;
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

    /// Since when nobody is responsible for a terminal for which nobody is at `now`: since it was registered, moved or given to a post that nobody
    /// held, or since the last one left; nothing where somebody is. What waits for somebody has to wait since the same moment whenever it is asked.
    pub(crate) fn nobody_responsible_since(&self, terminal: &Terminal, now: u64) -> Option<u64> {
        let nobody = |t| terminal.version_at(t).is_some_and(|version| self.responsible_persons(version, t).is_empty());
        if !nobody(now) {
            return None;
        }
        let dates: BTreeSet<u64> = self.dates_of_responsibility(terminal).filter(|t| *t <= now).collect();
        Some(dates.into_iter().rev().take_while(|t| nobody(*t)).last().unwrap_or(now))
    }

    /// When anything begins or ends that makes somebody responsible for a terminal.
    fn dates_of_responsibility<'r>(&'r self, terminal: &'r Terminal) -> impl Iterator<Item = u64> + 'r {
        let ever = |post: &&Post| {
            let of_the_section = |section: &Code| {
                post.versions().iter().any(|said| {
                    said.value.section.as_ref() == Some(section) && said.value.roles.contains(&Role::TerminalManager)
                })
            };
            terminal.versions().iter().any(|said| match &said.value.responsible {
                Some(named) => named == post.code(),
                None => of_the_section(&said.value.section),
            })
        };
        let posts: Vec<&Post> = self.posts().filter(ever).collect();
        let persons: BTreeSet<&Code> = posts.iter().flat_map(|post| post.ever_held_by()).collect();
        let persons = persons.into_iter().filter_map(|person| self.operator(person)).flat_map(|person| {
            let designated = person.designations().iter().flat_map(|said| [said.effective, said.value.to]);
            person.states().dates().chain(designated)
        });
        let posts = posts.into_iter().flat_map(|post| post.versions().dates().chain(post.dates_of_holding()));
        terminal.versions().dates().chain(posts).chain(persons)
    }
}
