//! What is stopped (結合停止, 再結合): stops add up, and only a restoration takes them away (§R3.8).

use alloc::collections::BTreeSet;

use sekisho_wire::id::{Code, Numbered};

use crate::change::{ConnectionState, SetConnection};

/// What is stopped at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// All business is, but for what was restored by name since.
    all: bool,
    restored: BTreeSet<Code>,
    functions: BTreeSet<Code>,
    /// The newest word.
    by: Option<SetConnection>,
}

/// What an act did to the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionAct {
    /// Whether it stopped or restored something.
    pub state: ConnectionState,
    /// The incident that it answers.
    pub incident: Option<Numbered>,
    /// Since when it holds.
    pub at: u64,
}

impl Stops {
    /// After one more change: without a list it is about everything, with a list about exactly that list.
    pub(crate) fn after(&self, change: &SetConnection) -> Self {
        let mut next = self.clone();
        match (change.state, change.functions.is_empty()) {
            (ConnectionState::Connected, true) => next = Self::default(),
            (ConnectionState::Stopped, true) => {
                next.all = true;
                next.restored.clear();
            }
            (ConnectionState::Stopped, false) => change.functions.iter().for_each(|function| {
                next.restored.remove(function);
                next.functions.insert(function.clone());
            }),
            (ConnectionState::Connected, false) => change.functions.iter().for_each(|function| {
                next.functions.remove(function);
                if next.all {
                    next.restored.insert(function.clone());
                }
            }),
        }
        next.by = Some(change.clone());
        next
    }

    /// The newest word: what stopped, or restored.
    pub(crate) const fn by(&self) -> Option<&SetConnection> {
        self.by.as_ref()
    }

    /// Whether the function was stopped by its name.
    #[must_use]
    pub fn names(&self, function: &Code) -> bool {
        self.functions.contains(function)
    }

    /// Whether all business is stopped, this function with it; without a function: whether nothing at all can be used.
    #[must_use]
    pub fn all_but_restored(&self, function: Option<&Code>) -> bool {
        self.all && function.map_or(self.restored.is_empty(), |function| !self.restored.contains(function))
    }

    /// Whether anything is stopped.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.all && self.functions.is_empty()
    }
}
