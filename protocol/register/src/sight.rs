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
use crate::cases::{Case, Written};
use crate::change::{Change, Field, Value, texts};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::{Blank, Form, Kind};
use crate::hours::Permit;
use crate::names::names_of;
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
    /// Whom a person sees at `t`. Who holds a role of the whole office beside that of a head sees the office; an operator's post adds nothing, and whoever has
    /// no other sees his own section.
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
        if sections.is_empty() {
            sections.extend(self.section_of(operator, t));
        }
        Sight::Sections { sections, operator: operator.clone() }
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

    /// A case: one that names nobody and nothing of a section is the office's; else one that he opened, or that names what he sees. What he wrote into it
    /// himself later makes nothing of it his: everybody may report, and nobody gives himself what others wrote by that.
    #[must_use]
    pub fn sees_case(&self, register: &Register, case: &Case) -> bool {
        let Self::Sections { operator, .. } = self else { return true };
        if case.opened.operator.as_ref() == Some(operator) {
            return true;
        }
        let definition = case.id.form.definition();
        let by_others = case.steps.iter().filter(|taken| taken.written.operator.as_ref() != Some(operator));
        let steps = by_others.map(|taken| {
            let blanks = definition.step(taken.step).map_or(&[][..], |step| step.fields);
            (blanks, &taken.written)
        });
        let written = core::iter::once((definition.fields, &case.opened)).chain(steps);
        let fields = written.flat_map(|(blanks, written)| written.fields.iter().map(move |field| (blanks, field)));
        let named: Vec<bool> = fields.filter_map(|(blanks, field)| self.names_seen(register, blanks, field)).collect();
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
            (Kind::Post, Value::Code(post)) => self.sees_post(register, post),
            (_, _) => None,
        }
    }

    /// A post of a section, or that was one's; one of the whole office names nothing of any.
    fn sees_post(&self, register: &Register, post: &Code) -> Option<bool> {
        let mut of = register.post(post)?.versions().iter().filter_map(|said| said.value.section.as_ref()).peekable();
        of.peek()?;
        Some(of.any(|section| self.sees_section(section)))
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
            Waits::Review { post, .. } => self.sees_post(register, post).unwrap_or(true),
            Waits::StopUnrecorded | Waits::Unconfirmed { .. } | Waits::StockDiffers(_) => true,
            Waits::TextsDue { .. } => self.is_whole(),
            Waits::NobodyResponsible(terminal) => self.sees_terminal(register, terminal),
            Waits::LossUnwritten { card, .. } | Waits::CardEnds { card, .. } => self.sees_card_of(register, card),
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

    /// An entry of the casebook: a proposal that concerns what he sees, what was written into a case that he sees, or what he signed himself.
    #[must_use]
    pub fn sees_entry(&self, register: &Register, casebook: &Casebook, index: u64, signed: &SignedAct) -> bool {
        let Self::Sections { operator, .. } = self else { return true };
        let changes = &signed.act().changes;
        let seen = written_at(casebook, changes, index).any(|(case, _)| self.sees_case(register, case));
        seen || self.sees_act(register, signed) || is_signed_by(operator, casebook, index, signed)
    }

    /// Which names and texts beside an entry of the casebook are his to read at `t`; nothing where all are. Of an act that concerns several sections those of
    /// his own alone, and of several cases those of the cases that he sees. Whoever is to approve a proposal reads whom he approves, while it waits for him.
    #[must_use]
    pub fn beside(
        &self,
        register: &Register,
        casebook: &Casebook,
        (index, signed): (u64, &SignedAct),
        t: u64,
    ) -> Option<BTreeSet<NameHash>> {
        let Self::Sections { sections, operator } = self else { return None };
        let mut seen = self.names(register)?;
        let Ok((source, _)) = signed.source() else { return Some(seen) };
        let proposed = casebook.proposal(&source.id()).filter(|_| register.act_index(&source.id()).is_none());
        let waits = proposed.filter(|proposed| t < proposed.act.act().expires);
        let is_his = waits.is_some_and(|proposed| register.may_approve_next(proposed, operator, t).is_ok());
        if is_his || is_signed_by(operator, casebook, index, signed) {
            return None;
        }
        let changes = &source.act().changes;
        for (case, written) in written_at(casebook, changes, index) {
            seen.extend(texts(&written.fields).filter(|_| self.sees_case(register, case)));
        }
        for change in changes {
            let his = match (change, register.concern(change, changes, signed.act().made)) {
                (Change::Answer(said), _) => {
                    casebook.proposal(&said.act).is_some_and(|proposed| self.sees_act(register, &proposed.act))
                }
                (_, Concern::Sections(of)) => of.iter().any(|section| sections.contains(section)),
                (_, Concern::Office | Concern::Nobody) => false,
            };
            seen.extend(names_of(core::slice::from_ref(change)).into_iter().filter(|_| his));
        }
        Some(seen)
    }
}

/// What an entry with these changes wrote into cases.
fn written_at<'c>(
    casebook: &'c Casebook,
    changes: &[Change],
    index: u64,
) -> impl Iterator<Item = (&'c Case, &'c Written)> {
    let mut written: Vec<(&Case, &Written)> = Vec::new();
    let forms: BTreeSet<Form> = changes
        .iter()
        .filter_map(|change| if let Change::Open(open) = change { Some(open.form) } else { None })
        .collect();
    let opened = forms.into_iter().flat_map(|form| casebook.cases_on(form)).map(|case| (case, &case.opened));
    written.extend(opened.filter(|(_, opened)| opened.index == index));
    for change in changes {
        let Change::Step(step) = change else { continue };
        let Some(case) = casebook.case(&step.case) else { continue };
        let here = case.steps.iter().map(|taken| &taken.written).filter(|written| written.index == index);
        written.extend(here.map(|written| (case, written)));
    }
    written.into_iter()
}

/// Whether this person signed the entry: what he wrote he knows.
fn is_signed_by(operator: &Code, casebook: &Casebook, index: u64, signed: &SignedAct) -> bool {
    let source = signed.source().ok().map(|(source, _)| source.id());
    let proposed = source.and_then(|id| casebook.proposal(&id));
    let stages = proposed.into_iter().flat_map(|proposed| {
        let approvals = proposed.approvals.iter().map(|stage| (stage.index, stage.operator.as_ref()));
        core::iter::once((proposed.index, proposed.operator.as_ref())).chain(approvals)
    });
    let written = written_at(casebook, &signed.act().changes, index);
    let mut signers = stages.chain(written.map(|(_, written)| (written.index, written.operator.as_ref())));
    signers.any(|(at, who)| at == index && who == Some(operator))
}
