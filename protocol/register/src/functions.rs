//! Business functions (各処理) and purposes (事由).

use sekisho_wire::id::Code;

use crate::change::{SetFunction, SetPurpose, UseState};
use crate::refusal::FoldRefusal;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;

/// A business function.
#[derive(Clone, Debug)]
pub struct Function {
    versions: Timeline<SetFunction>,
}

impl Function {
    /// What was last decided about it, whatever its date.
    #[must_use]
    pub fn version(&self) -> &SetFunction {
        self.versions.last().expect("a function is made with a version")
    }

    /// What it is at `t`.
    #[must_use]
    pub fn version_at(&self, t: u64) -> Option<&SetFunction> {
        self.versions.at(t)
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.version().function
    }

    /// Its name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.version().title.as_str()
    }

    /// What it is at `t`, if it can be used then. An end outlives what was announced before it (§R4.6).
    #[must_use]
    pub fn in_use_at(&self, t: u64) -> Option<&SetFunction> {
        let ends = self.versions.strictest_at(t, |version| strictness(version.state))?.state == UseState::Ended;
        self.version_at(t).filter(|_| !ends)
    }

    /// Whether it can be used at `t`.
    #[must_use]
    pub fn is_in_use_at(&self, t: u64) -> bool {
        self.in_use_at(t).is_some()
    }

    /// Whether it can be used, by what was last decided.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.version().state == UseState::InUse
    }

    /// Every version.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<SetFunction> {
        &self.versions
    }
}

/// A purpose.
#[derive(Clone, Debug)]
pub struct Purpose {
    versions: Timeline<SetPurpose>,
}

impl Purpose {
    /// What was last decided about it, whatever its date.
    #[must_use]
    pub fn version(&self) -> &SetPurpose {
        self.versions.last().expect("a purpose is made with a version")
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.version().purpose
    }

    /// Its name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.version().title.as_str()
    }

    /// Whether it can be given for `function`, by what was last decided.
    #[must_use]
    pub fn is_for(&self, function: &Code) -> bool {
        is_for(self.version(), function)
    }

    /// Whether it can be given for `function` at `t`.
    #[must_use]
    pub fn is_for_at(&self, function: &Code, t: u64) -> bool {
        let ends = self.versions.strictest_at(t, |version| strictness(version.state));
        let ends = ends.is_none_or(|version| version.state == UseState::Ended);
        !ends && self.versions.at(t).is_some_and(|version| is_for(version, function))
    }

    /// Every version.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<SetPurpose> {
        &self.versions
    }
}

const fn strictness(state: UseState) -> usize {
    match state {
        UseState::InUse => 0,
        UseState::Ended => 2,
    }
}

fn is_for(purpose: &SetPurpose, function: &Code) -> bool {
    purpose.state == UseState::InUse && (purpose.functions.is_empty() || purpose.functions.contains(function))
}

impl Draft<'_> {
    pub(crate) fn apply_function(&mut self, change: &SetFunction, at: Position) -> Result<(), FoldRefusal> {
        self.touch(Thing::Function(change.function.clone()), at)?;
        if let Some(function) = self.function_mut(&change.function) {
            function.versions.push(at.index, at.effective, change.clone());
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.effective, change.clone());
        self.new_entries().functions.insert(change.function.clone(), Function { versions });
        Ok(())
    }

    pub(crate) fn apply_purpose(&mut self, change: &SetPurpose, at: Position) -> Result<(), FoldRefusal> {
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        self.touch(Thing::Purpose(change.purpose.clone()), at)?;
        if let Some(purpose) = self.purpose_mut(&change.purpose) {
            purpose.versions.push(at.index, at.effective, change.clone());
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.effective, change.clone());
        self.new_entries().purposes.insert(change.purpose.clone(), Purpose { versions });
        Ok(())
    }

    pub(crate) fn need_function(&self, code: &Code) -> Result<(), FoldRefusal> {
        self.function(code).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Function(code.clone())))
    }
}
