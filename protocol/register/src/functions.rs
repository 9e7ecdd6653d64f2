//! Business functions (各処理) and purposes (事由).

use sekisho_wire::id::Code;

use crate::change::{SetFunction, SetPurpose, UseState};
use crate::refusal::FoldRefusal;
use crate::role::Class;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;

/// A business function.
#[derive(Clone, Debug)]
pub struct Function {
    versions: Timeline<SetFunction>,
}

impl Function {
    /// What it is now.
    #[must_use]
    pub fn version(&self) -> &SetFunction {
        self.versions.last().expect("a function is made with a version")
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

    /// Whether it can be used.
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
    /// What it is now.
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

    /// Whether it can be given for `function`.
    #[must_use]
    pub fn is_for(&self, function: &Code) -> bool {
        let version = self.version();
        version.state == UseState::InUse && (version.functions.is_empty() || version.functions.contains(function))
    }

    /// Every version.
    #[must_use]
    pub const fn versions(&self) -> &Timeline<SetPurpose> {
        &self.versions
    }
}

impl Draft<'_> {
    pub(crate) fn apply_function(&mut self, change: &SetFunction, at: Position) -> Result<(), FoldRefusal> {
        self.touch(Thing::Function(change.function.clone()), Class::Functions, at)?;
        if let Some(function) = self.function_mut(&change.function) {
            function.versions.push(at.index, at.made, change.clone());
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.made, change.clone());
        self.new_entries().functions.insert(change.function.clone(), Function { versions });
        Ok(())
    }

    pub(crate) fn apply_purpose(&mut self, change: &SetPurpose, at: Position) -> Result<(), FoldRefusal> {
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        self.touch(Thing::Purpose(change.purpose.clone()), Class::Functions, at)?;
        if let Some(purpose) = self.purpose_mut(&change.purpose) {
            purpose.versions.push(at.index, at.made, change.clone());
            return Ok(());
        }
        let mut versions = Timeline::default();
        versions.push(at.index, at.made, change.clone());
        self.new_entries().purposes.insert(change.purpose.clone(), Purpose { versions });
        Ok(())
    }

    pub(crate) fn need_function(&self, code: &Code) -> Result<(), FoldRefusal> {
        self.function(code).map(drop).ok_or_else(|| FoldRefusal::Unknown(Thing::Function(code.clone())))
    }
}
