//! Operators (照合ID: the person) and their profiles (操作者ID: a permission, not a person).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use sekisho_wire::id::{Code, OfficeId};

use crate::change::{
    Designate, GiveProfile, OperatorState, PersonClass, SetOperatorState, StateReason, WithdrawProfile,
};
use crate::qualification::Qualification;
use crate::refusal::FoldRefusal;
use crate::state::{Draft, Position};
use crate::thing::Thing;
use crate::timeline::Timeline;
use crate::values::NameHash;

/// A person in the register.
#[derive(Clone, Debug)]
pub struct Operator {
    code: Code,
    designations: Timeline<Designation>,
    states: Timeline<(OperatorState, StateReason)>,
    profiles: BTreeMap<Code, Timeline<Option<Profile>>>,
    pub(crate) qualifications: Timeline<Option<Qualification>>,
    home: Option<Home>,
}

/// Where a person comes from who has his card from another office (§R10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// What that office is called here.
    pub partner: Code,
    /// Its id.
    pub office: OfficeId,
    /// His code there.
    pub operator: Code,
}

/// A designation (指定), usually for one fiscal year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designation {
    /// The person's name behind its hash.
    pub name: NameHash,
    /// Operator or system staff.
    pub class: PersonClass,
    /// The section; founding administrators have none until they are designated.
    pub section: Option<Code>,
    /// From when.
    pub from: u64,
    /// Until when.
    pub to: u64,
    /// Terminals where the person may work.
    pub terminals: Vec<Code>,
    /// Sections at whose terminals the person may work.
    pub sections: Vec<Code>,
}

/// A permission given to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it permits.
    pub functions: Vec<Code>,
    /// From when.
    pub from: u64,
    /// Until when.
    pub to: u64,
}

/// Where a designation stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// In force.
    Designated(&'a Designation),
    /// All that is known begins later.
    NotBegun,
    /// It ended.
    Ended,
}

/// Where a profile stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileStanding<'a> {
    /// Usable.
    Held(&'a Profile),
    /// Given once, but not for this moment.
    OutsideDates,
    /// Never given.
    NotHeld,
}

impl Operator {
    /// A person that the founding act names: designated without end, without a section.
    pub(crate) fn founding(code: Code, name: NameHash, at: Position) -> Self {
        let mut designations = Timeline::default();
        let designation = Designation {
            name,
            class: PersonClass::SystemStaff,
            section: None,
            from: at.now,
            to: u64::MAX,
            terminals: Vec::new(),
            sections: Vec::new(),
        };
        designations.push(at.index, at.now, designation);
        Self {
            code,
            designations,
            states: Timeline::default(),
            profiles: BTreeMap::new(),
            qualifications: Timeline::default(),
            home: None,
        }
    }

    /// His home office, for whoever was admitted from another one.
    #[must_use]
    pub const fn home(&self) -> Option<&Home> {
        self.home.as_ref()
    }

    pub(crate) fn comes_from(&mut self, home: Home) {
        self.home = Some(home);
    }

    /// The person's code.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// The newest name hash.
    #[must_use]
    pub fn name(&self) -> &NameHash {
        &self.designations.last().expect("an operator exists by a designation").name
    }

    /// Where the designation stands at `t`.
    #[must_use]
    pub fn standing(&self, t: u64) -> Standing<'_> {
        match self.designations.period_at(t, |designation| Some((designation.from, designation.to))) {
            Some(designation) => Standing::Designated(designation),
            None if self.designations.has_begun(t) => Standing::Ended,
            None => Standing::NotBegun,
        }
    }

    /// Every designation.
    #[must_use]
    pub const fn designations(&self) -> &Timeline<Designation> {
        &self.designations
    }

    /// The person's state at `t`.
    #[must_use]
    pub fn state(&self, t: u64) -> OperatorState {
        self.state_said(t).map_or(OperatorState::Active, |(state, _)| *state)
    }

    /// What that state stands on; nothing for somebody of whom nothing was said by then.
    pub(crate) fn state_said(&self, t: u64) -> Option<&(OperatorState, StateReason)> {
        let strictness = |state: &(OperatorState, StateReason)| match state.0 {
            OperatorState::Active => 0,
            OperatorState::Suspended => 1,
            OperatorState::Ended => 2,
        };
        self.states.strictest_at(t, strictness)
    }

    /// Every state with its reason.
    #[must_use]
    pub const fn states(&self) -> &Timeline<(OperatorState, StateReason)> {
        &self.states
    }

    /// Designated and active at `t`: may sign and work.
    #[must_use]
    pub fn is_current(&self, t: u64) -> bool {
        self.state(t) == OperatorState::Active && matches!(self.standing(t), Standing::Designated(_))
    }

    /// Where that profile stands at `t`.
    #[must_use]
    pub fn profile(&self, profile: &Code, t: u64) -> ProfileStanding<'_> {
        let Some(timeline) = self.profiles.get(profile) else { return ProfileStanding::NotHeld };
        match timeline.period_at(t, |given| given.as_ref().map(|held| (held.from, held.to))) {
            Some(Some(held)) => ProfileStanding::Held(held),
            Some(None) | None => ProfileStanding::OutsideDates,
        }
    }

    /// Every profile ever given, with its history; `None` is a withdrawal.
    pub fn profiles(&self) -> impl Iterator<Item = (&Code, &Timeline<Option<Profile>>)> {
        self.profiles.iter()
    }

    /// The profiles usable at `t`, sorted.
    pub fn profiles_at(&self, t: u64) -> impl Iterator<Item = (&Code, &Profile)> {
        self.profiles.keys().filter_map(move |code| match self.profile(code, t) {
            ProfileStanding::Held(profile) => Some((code, profile)),
            ProfileStanding::OutsideDates | ProfileStanding::NotHeld => None,
        })
    }
}

impl Draft<'_> {
    pub(crate) fn apply_designate(&mut self, change: &Designate, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Operator(change.operator.clone());
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        self.need_section(&change.section)?;
        change.sections.iter().try_for_each(|section| self.need_section(section))?;
        change.terminals.iter().try_for_each(|terminal| self.need_terminal(terminal))?;
        self.touch(thing.clone(), at)?;
        self.need_unerased(change)?;
        let designation = Designation {
            name: change.name,
            class: change.class,
            section: Some(change.section.clone()),
            from: change.from,
            to: change.to,
            terminals: change.terminals.clone(),
            sections: change.sections.clone(),
        };
        if let Some(operator) = self.operator_mut(&change.operator) {
            if operator.state(at.now) == OperatorState::Ended {
                return Err(FoldRefusal::Ended(thing));
            }
            operator.designations.push(at.index, at.from(change.from), designation);
            return Ok(());
        }
        let mut operator = Operator::founding(change.operator.clone(), change.name, at);
        operator.designations = Timeline::default();
        operator.designations.push(at.index, at.from(change.from), designation);
        self.new_entries().operators.insert(change.operator.clone(), operator);
        Ok(())
    }

    pub(crate) fn apply_operator_state(&mut self, change: &SetOperatorState, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Operator(change.operator.clone());
        self.touch(thing.clone(), at)?;
        let operator = self.operator_mut(&change.operator).ok_or_else(|| FoldRefusal::Unknown(thing.clone()))?;
        if operator.state(at.now) == OperatorState::Ended && change.state == OperatorState::Active {
            return Err(FoldRefusal::Ended(thing));
        }
        operator.states.push(at.index, at.from(change.effective), (change.state, change.reason));
        Ok(())
    }

    pub(crate) fn apply_profile(&mut self, change: &GiveProfile, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Profile(change.operator.clone(), change.profile.clone());
        if change.to <= change.from {
            return Err(FoldRefusal::DatesWrong(thing));
        }
        change.functions.iter().try_for_each(|function| self.need_function(function))?;
        self.need_operator(&change.operator, at)?;
        self.touch(thing, at)?;
        let profile = Profile { functions: change.functions.clone(), from: change.from, to: change.to };
        self.push_profile(&change.operator, &change.profile, at.from(change.from), Some(profile), at)
    }

    pub(crate) fn apply_withdraw(&mut self, change: &WithdrawProfile, at: Position) -> Result<(), FoldRefusal> {
        let thing = Thing::Profile(change.operator.clone(), change.profile.clone());
        let operator = self.operator(&change.operator);
        if !operator.is_some_and(|operator| operator.profiles.contains_key(&change.profile)) {
            return Err(FoldRefusal::Unknown(thing));
        }
        self.touch(thing, at)?;
        self.push_profile(&change.operator, &change.profile, at.from(change.effective), None, at)
    }

    fn push_profile(
        &mut self,
        operator: &Code,
        profile: &Code,
        effective: u64,
        value: Option<Profile>,
        at: Position,
    ) -> Result<(), FoldRefusal> {
        let unknown = || FoldRefusal::Unknown(Thing::Operator(operator.clone()));
        let operator = self.operator_mut(operator).ok_or_else(unknown)?;
        operator.profiles.entry(profile.clone()).or_default().push(at.index, effective, value);
        Ok(())
    }

    pub(crate) fn need_operator(&self, code: &Code, at: Position) -> Result<(), FoldRefusal> {
        let thing = || Thing::Operator(code.clone());
        match self.operator(code).map(|operator| operator.state(at.now)) {
            None => Err(FoldRefusal::Unknown(thing())),
            Some(OperatorState::Ended) => Err(FoldRefusal::Ended(thing())),
            Some(OperatorState::Active | OperatorState::Suspended) => Ok(()),
        }
    }
}
