//! Which sections a change concerns (§R3.19): the head of a section acts for his own alone (S4 5–6, 9).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code};

use crate::change::{Change, Designate, Field, Value};
use crate::fold::Register;
use crate::forms::{Blank, Kind};
use crate::people::Standing;
use crate::role::Role;

/// What a post lets its holder do, and for which section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mandate {
    roles: Vec<Role>,
    section: Option<Code>,
}

/// Whom a change concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    /// The whole office, or something of which nobody can say to which section it belongs.
    Office,
    /// Nobody's rights: everybody may say so.
    Nobody,
    /// These sections.
    Sections(BTreeSet<Code>),
}

impl Mandate {
    pub(crate) const fn new(roles: Vec<Role>, section: Option<Code>) -> Self {
        Self { roles, section }
    }

    /// The roles that count where a change concerns this.
    pub(crate) fn roles_on(&self, concern: &Concern) -> Vec<Role> {
        let reaches = |role: &Role| match (&self.section, concern) {
            (None, _) | (Some(_), Concern::Nobody) => true,
            (Some(_), _) if !role.is_of_a_section() => true,
            (Some(_), Concern::Office) => false,
            (Some(own), Concern::Sections(sections)) => sections.iter().all(|section| section == own),
        };
        self.roles.iter().copied().filter(reaches).collect()
    }
}

impl Concern {
    /// Whom something concerns that is about these sections.
    pub(crate) fn of(sections: Vec<Option<Code>>) -> Self {
        if sections.is_empty() { Self::Nobody } else { all(sections.into_iter()) }
    }
}

impl Register {
    /// Whom `change` concerns at `t`. The other changes of its act stand beside it: a person may be designated by the one and given a card by the other.
    pub(crate) fn concern(&self, change: &Change, beside: &[Change], t: u64) -> Concern {
        let designated = |operator: &Code| {
            let here = beside.iter().filter_map(Change::designation).find(|said| said.operator == *operator);
            here.map(|said| said.section.clone()).or_else(|| self.section_of(operator, t))
        };
        let of_card = |card: &CardGuid| {
            let card = self.card(card)?;
            let holder = card.holder(t).map(|holder| holder.operator).or(card.issued().operator.as_ref())?;
            designated(holder)
        };
        match change {
            Change::Designate(said) => self.concern_of_designation(said),
            Change::OperatorState(said) => one(designated(&said.operator)),
            Change::Profile(said) => one(designated(&said.operator)),
            Change::WithdrawProfile(said) => one(designated(&said.operator)),
            Change::Qualify(said) => one(designated(&said.operator)),
            Change::EndQualification(said) => one(designated(&said.operator)),
            Change::IssueCard(said) => one(said.operator.as_ref().and_then(designated)),
            Change::CardState(said) => one(of_card(&said.card)),
            Change::ResetPin(said) => one(of_card(&said.card)),
            Change::PinChanged(said) => one(of_card(&said.card)),
            // Lending it ends what others were lent of that time.
            Change::ActivateCard(said) => {
                let lent = self.card(&said.card).map(|card| card.holders_within(said.from.max(t), said.to));
                all([&said.operator].into_iter().chain(lent.into_iter().flatten()).map(designated))
            }
            // Moving it takes from the one and gives to the other.
            Change::Terminal(said) => {
                let before = self.terminal(&said.terminal).map(|_| self.place_of(&said.terminal, t));
                all(before.into_iter().chain([Some(said.section.clone())]))
            }
            Change::TerminalState(said) => one(self.place_of(&said.terminal, t)),
            Change::OpenEpoch(said) => one(self.place_of(&said.terminal, t)),
            Change::Hours(said) => one(said.terminal.as_ref().and_then(|terminal| self.place_of(terminal, t))),
            Change::Permit(said) => {
                let places = said.terminals.iter().map(|terminal| self.place_of(terminal, t));
                all(said.operators.iter().map(designated).chain(places))
            }
            Change::EndPermit(said) => match self.permit(said.permit) {
                Some(permit) => self.concern(&Change::Permit(alloc::boxed::Box::new(permit.given().clone())), &[], t),
                None => Concern::Office,
            },
            Change::Section(said) => one(Some(said.section.clone())),
            Change::Open(_) | Change::Answer(_) | Change::Step(_) => Concern::Nobody,
            Change::Found(_)
            | Change::RequireVersion(_)
            | Change::RecoveryKeys(_)
            | Change::AnnounceRecovery(_)
            | Change::EndRecovery(_)
            | Change::Post(_)
            | Change::HoldPost(_)
            | Change::LeavePost(_)
            | Change::Function(_)
            | Change::Purpose(_)
            | Change::Calendar(_)
            | Change::Connection(_)
            | Change::Policy(_)
            | Change::Route(_)
            | Change::LogKey(_)
            | Change::Witnesses(_)
            | Change::Destroy(_)
            | Change::Preserve(_)
            | Change::SucceedLog(_)
            | Change::EraseNames(_)
            | Change::EraseTexts(_)
            | Change::Partner(_)
            | Change::Entrust(_)
            | Change::EndTrust(_)
            | Change::Admit(_)
            | Change::SharePolicy(_)
            | Change::ShowShared(_) => Concern::Office,
        }
    }

    /// The sections of what these fields are about: a section that is named says itself whose it is; else each terminal, person and card does.
    /// Nothing where they are about none of it; whoever only helps (a witness, an attendant) makes it nobody else's.
    pub(crate) fn sections_in(&self, blanks: &[Blank], fields: &[Field], t: u64) -> Vec<Option<Code>> {
        let named = |kind: Kind, name: &str| {
            let key = blanks.iter().find(|blank| blank.kind == kind && blank.name == name)?.key;
            fields.iter().find(|field| field.key == key).map(|field| &field.value)
        };
        if let Some(Value::Code(section)) = named(Kind::Section, "section") {
            return [Some(section.clone())].into();
        }
        let mut sections = Vec::new();
        if let Some(Value::Code(terminal)) = named(Kind::Terminal, "terminal") {
            sections.push(self.place_of(terminal, t));
        }
        if let Some(Value::Code(operator)) = named(Kind::Operator, "operator") {
            sections.push(self.section_of(operator, t));
        }
        if let Some(Value::Card(card)) = named(Kind::Card, "card") {
            let holder = self.card(card).and_then(|card| {
                card.holder(t).map(|holder| holder.operator).or(card.issued().operator.as_ref()).cloned()
            });
            sections.push(holder.and_then(|holder| self.section_of(&holder, t)));
        }
        sections
    }

    /// Whoever is designated, from where, and to work where: each of these sections is somebody's own.
    fn concern_of_designation(&self, said: &Designate) -> Concern {
        // Who is new here comes from nowhere.
        let before = self.operator(&said.operator).map(|_| self.section_of(&said.operator, said.from));
        let places = said.terminals.iter().map(|terminal| self.place_of(terminal, said.from));
        let sections = said.sections.iter().chain([&said.section]).map(|section| Some(section.clone()));
        all(before.into_iter().chain(places).chain(sections))
    }

    /// The section to which a person belongs at `t`; before or after all designations that of the newest.
    pub(crate) fn section_of(&self, operator: &Code, t: u64) -> Option<Code> {
        let operator = self.operator(operator)?;
        match operator.standing(t) {
            Standing::Designated(designation) => designation.section.clone(),
            Standing::NotBegun | Standing::Ended => operator.designations().last()?.section.clone(),
        }
    }

    /// The section where a terminal stands at `t`.
    fn place_of(&self, terminal: &Code, t: u64) -> Option<Code> {
        let terminal = self.terminal(terminal)?;
        let version = terminal.version_at(t).unwrap_or_else(|| terminal.version());
        Some(version.section.clone())
    }
}

fn one(section: Option<Code>) -> Concern {
    all([section].into_iter())
}

/// Of one that is not known nobody can say whose it is.
fn all(sections: impl Iterator<Item = Option<Code>>) -> Concern {
    sections
        .collect::<Option<BTreeSet<Code>>>()
        .filter(|sections| !sections.is_empty())
        .map_or(Concern::Office, Concern::Sections)
}
