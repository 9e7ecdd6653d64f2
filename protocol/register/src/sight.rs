//! Whom a person sees (§R12): the head of a section his own section's register (S4 5–6), everybody else with a post the office's.
//!
//! The register log itself is fetched whole by everybody who folds it. In it stand codes and hashes; the names behind them, and the texts of cases, the ledger gives
//! by this. What a page or a print shows goes by it as well.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sekisho_wire::id::{CardGuid, Code};

use crate::act::SignedAct;
use crate::cards::Card;
use crate::casebook::Casebook;
use crate::cases::Case;
use crate::change::{Change, Field, Value};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::{Blank, Kind};
use crate::hours::Permit;
use crate::role::Role;
use crate::today::{Task, Waits, Watched};
use crate::values::NameHash;

/// Whom a person sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// Everybody.
    #[default]
    Office,
    /// These sections.
    Sections {
        /// Which.
        sections: BTreeSet<Code>,
        /// The person: himself he sees wherever he belongs.
        operator: Code,
    },
}

impl Register {
    /// Whom a person sees at `t`. Who holds a role of the whole office beside that of a head sees the office; an operator's post adds nothing to a head's.
    #[must_use]
    pub fn sight(&self, operator: &Code, t: u64) -> Sight {
        let mut sections = BTreeSet::new();
        for (post, role) in self.roles_of(operator, t) {
            let own = self.post(&post).and_then(|post| post.versions().at(t)?.section.clone());
            match (role, own) {
                (Role::Operator | Role::TemporaryOperator, _) => {}
                (role, Some(own)) if role.is_of_a_section() => {
                    sections.insert(own);
                }
                (_, _) => return Sight::Office,
            }
        }
        if sections.is_empty() { Sight::Office } else { Sight::Sections { sections, operator: operator.clone() } }
    }
}

impl Sight {
    /// Whether nothing is kept from the person.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::Office
    }

    /// A section.
    #[must_use]
    pub fn sees_section(&self, section: &Code) -> bool {
        match self {
            Self::Office => true,
            Self::Sections { sections, .. } => sections.contains(section),
        }
    }

    /// A terminal: one that stands in the section, or stood there.
    #[must_use]
    pub fn sees_terminal(&self, register: &Register, terminal: &Code) -> bool {
        let of = |terminal: &Code| register.terminal(terminal);
        self.is_whole()
            || of(terminal).is_some_and(|it| it.versions().iter().any(|said| self.sees_section(&said.value.section)))
    }

    /// The same by its code as text; of what is none of the register's nobody says whose it is.
    #[must_use]
    pub fn sees_terminal_named(&self, register: &Register, terminal: &str) -> bool {
        self.is_whole() || Code::new(terminal).is_ok_and(|terminal| self.sees_terminal(register, &terminal))
    }

    /// A person: one who belongs to the section, or did, or may work there.
    #[must_use]
    pub fn sees_operator(&self, register: &Register, operator: &Code) -> bool {
        let Self::Sections { operator: own, .. } = self else { return true };
        let designations = register.operator(operator).into_iter().flat_map(|person| person.designations().iter());
        let belongs = designations.map(|said| &said.value).any(|said| {
            said.section.iter().chain(&said.sections).any(|section| self.sees_section(section))
                || said.terminals.iter().any(|terminal| self.sees_terminal(register, terminal))
        });
        own == operator || belongs
    }

    /// The name of a person: also of whoever decides, or did, in a post of the office.
    #[must_use]
    pub fn may_name(&self, register: &Register, operator: &Code) -> bool {
        self.sees_operator(register, operator) || register.posts().any(|post| post.was_ever_held_by(operator))
    }

    /// Every name that may be read; nothing where all may.
    #[must_use]
    pub fn names(&self, register: &Register) -> Option<BTreeSet<NameHash>> {
        if self.is_whole() {
            return None;
        }
        let seen = register.operators().filter(|person| self.may_name(register, person.code()));
        Some(seen.flat_map(|person| person.designations().iter().map(|said| said.value.name)).collect())
    }

    /// A card: one that was made for, or lent to, a person whom he sees.
    #[must_use]
    pub fn sees_card(&self, register: &Register, card: &Card) -> bool {
        let lent = card.activations().iter().map(|said| &said.value.operator);
        let mut holders = card.issued().operator.iter().chain(lent);
        self.is_whole() || holders.any(|holder| self.sees_operator(register, holder))
    }

    /// A permit for use out of hours: one for a person or at a terminal that he sees.
    #[must_use]
    pub fn sees_permit(&self, register: &Register, permit: &Permit) -> bool {
        let given = permit.given();
        self.is_whole()
            || given.operators.iter().any(|operator| self.sees_operator(register, operator))
            || given.terminals.iter().any(|terminal| self.sees_terminal(register, terminal))
    }

    /// An act: whatever in it concerns the whole office, as rules and posts do, or his section, also by whom it is about.
    #[must_use]
    pub fn sees_act(&self, register: &Register, signed: &SignedAct) -> bool {
        let Self::Sections { sections, .. } = self else { return true };
        let Ok((source, _)) = signed.source() else { return false };
        let changes = &source.act().changes;
        changes.iter().any(|change| match register.concern(change, changes, signed.act().made) {
            Concern::Sections(of) => of.iter().any(|section| sections.contains(section)),
            // A card that is nobody's is no rule of the office.
            Concern::Office => !matches!(
                change,
                Change::IssueCard(_) | Change::CardState(_) | Change::ActivateCard(_) | Change::ResetPin(_)
            ),
            Concern::Nobody => false,
        })
    }

    /// A case: one that names nobody and nothing of a section is the office's; else one that names what he sees, or that he wrote in.
    #[must_use]
    pub fn sees_case(&self, register: &Register, case: &Case) -> bool {
        let Self::Sections { operator, .. } = self else { return true };
        let definition = case.id.form.definition();
        let steps = case.steps.iter().map(|taken| {
            let blanks = definition.step(taken.step).map_or(&[][..], |step| step.fields);
            (blanks, &taken.written)
        });
        let mut named = Vec::new();
        for (blanks, written) in core::iter::once((definition.fields, &case.opened)).chain(steps) {
            if written.operator.as_ref() == Some(operator) {
                return true;
            }
            named.extend(written.fields.iter().filter_map(|field| self.names_seen(register, blanks, field)));
        }
        named.is_empty() || named.contains(&true)
    }

    /// Whether a field names something of a section, and then whether it is seen.
    fn names_seen(&self, register: &Register, blanks: &[Blank], field: &Field) -> Option<bool> {
        let kind = blanks.iter().find(|blank| blank.key == field.key)?.kind;
        match (kind, &field.value) {
            (Kind::Section, Value::Code(section)) => Some(self.sees_section(section)),
            (Kind::Operator, Value::Code(operator)) => Some(self.sees_operator(register, operator)),
            (Kind::Terminal, Value::Code(terminal)) => Some(self.sees_terminal(register, terminal)),
            (Kind::Card, Value::Card(card)) => Some(self.sees_card_of(register, card)),
            (_, _) => None,
        }
    }

    fn sees_card_of(&self, register: &Register, card: &CardGuid) -> bool {
        register.card(card).is_some_and(|card| self.sees_card(register, card))
    }

    /// Something that waits: about whom or what he sees, or the whole office's.
    #[must_use]
    pub fn sees_task(&self, register: &Register, casebook: &Casebook, task: &Task) -> bool {
        match &task.what {
            Waits::Approval { proposal } | Waits::Stranded { proposal } => {
                casebook.proposal(proposal).is_some_and(|proposed| self.sees_act(register, &proposed.act))
            }
            Waits::Step(duty) => casebook.case(&duty.case).is_some_and(|case| self.sees_case(register, case)),
            Waits::Review { .. } => self.is_whole(),
            Waits::StopUnrecorded | Waits::Unconfirmed { .. } => true,
            Waits::NobodyResponsible(terminal) => self.sees_terminal(register, terminal),
            Waits::LossUnwritten { card, .. } => self.sees_card_of(register, card),
            Waits::Watched(watched) => self.sees_watched(register, watched),
            Waits::Untrained(operator)
            | Waits::Unreturned { operator, .. }
            | Waits::Unrenewed { operator, .. }
            | Waits::NotTold { operator, .. }
            | Waits::Unacknowledged { operator, .. }
            | Waits::Unreported { operator, .. }
            | Waits::Unqualified { operator, .. } => self.sees_operator(register, operator),
        }
    }

    /// What the ledger sees: of terminals and cards those that he sees, and all that is of the machine.
    #[must_use]
    pub fn sees_watched(&self, register: &Register, watched: &Watched) -> bool {
        watched.terminal().is_none_or(|terminal| self.sees_terminal(register, terminal))
            && watched.card().is_none_or(|(card, _)| self.sees_card_of(register, card))
    }

    /// An entry of the casebook, for the texts and names beside it.
    #[must_use]
    pub fn sees_entry(&self, register: &Register, casebook: &Casebook, index: u64, signed: &SignedAct) -> bool {
        if self.is_whole() || self.sees_act(register, signed) {
            return true;
        }
        let written =
            |case: &&Case| case.opened.index == index || case.steps.iter().any(|taken| taken.written.index == index);
        casebook.cases().filter(written).any(|case| self.sees_case(register, case))
    }
}
