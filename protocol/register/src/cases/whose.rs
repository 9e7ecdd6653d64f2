//! Whose a step of a case is (§R11.3): the one answer for the fold, for what waits, for the desk and for the console.

use alloc::vec::Vec;

use sekisho_wire::id::Code;

use super::{Case, Taken, Whose};
use crate::casebook::opening_concerns;
use crate::change::{Field, Value, value};
use crate::concern::Concern;
use crate::fold::Register;
use crate::forms::{Asked, Blank, Form, OPENING, Step};
use crate::role::Role;

impl Case {
    /// Whose this step is to take at `t`, whether anybody is asked to or not: of one that goes to each recipient, whichever of them; of one whose roles no
    /// post of the office holds, whoever takes it otherwise; of one about a section, its head and those who act for the office. The one answer for the fold,
    /// for what waits, for the desk and for the console.
    #[must_use]
    pub fn whose(&self, step: &Step, register: &Register, t: u64) -> Whose {
        self.whose_about(step, None, register, t)
    }

    /// The same, of one about another step.
    pub(super) fn whose_about(&self, step: &Step, about: Option<&Taken>, register: &Register, t: u64) -> Whose {
        match step.asked {
            Asked::EachRole => Whose::Roles(self.recipients(register)),
            Asked::Withdrawal(_) => match &self.opened.operator {
                Some(writer) => Whose::Writer(writer.clone(), step.by.to_vec()),
                None => Whose::Roles(step.by.to_vec()),
            },
            Asked::Field(key) => self.asked_by_field(step, key, register, t),
            Asked::Nobody
            | Asked::WhoMay
            | Asked::EachTold(..)
            | Asked::EachPartner
            | Asked::WhereSerious
            | Asked::Where(..)
            | Asked::EachOf(_)
            | Asked::Closing => {
                let by = step.takers(&Concern::Nobody, register, t).to_vec();
                if !by.iter().any(|role| role.is_of_a_section()) {
                    return Whose::Roles(by);
                }
                of_these(by, self.concern(step, about, &[], register, t))
            }
        }
    }

    /// Whom this step concerns, so that the head of a section takes it for his own alone: the section of the step that it is about, or else of the opening,
    /// and that of what is filled in. What everybody may write, everybody may write of anybody.
    pub(crate) fn concern(
        &self,
        step: &Step,
        about: Option<&Taken>,
        fields: &[Field],
        register: &Register,
        t: u64,
    ) -> Concern {
        if step.by.len() == Role::ALL.len() {
            return Concern::Nobody;
        }
        let definition = self.id.form.definition();
        let of = |blanks: &[Blank], fields: &[Field]| register.sections_in(blanks, fields, t);
        let about = about.and_then(|taken| Some(of(definition.step(taken.step)?.fields, &taken.written.fields)));
        let mut sections = about.filter(|sections| !sections.is_empty());
        let mut sections = sections.take().unwrap_or_else(|| of(definition.fields, &self.opened.fields));
        sections.extend(of(step.fields, fields));
        Concern::of(sections)
    }

    /// The step that one about another is about, as its first field numbers it.
    pub(crate) fn about(&self, step: &Step, fields: &[Field]) -> Option<&Taken> {
        let (Asked::EachOf(other), Some(Value::Number(number))) = (step.asked, value(fields, 1)) else { return None };
        (1..).zip(self.taken(other)).find(|(at, _)| at == number).map(|(_, taken)| taken)
    }

    /// Whether this person took, for whomever, what another one has to have taken.
    #[must_use]
    pub fn bars(&self, step: &Step, operator: &Code) -> bool {
        step.distinct.iter().any(|key| {
            let opened = *key == OPENING && self.opened.operator.as_ref() == Some(operator);
            opened || self.counting(*key).any(|taken| taken.written.operator.as_ref() == Some(operator))
        })
    }

    /// Whose a step is that goes to the section or the post that the opening names.
    fn asked_by_field(&self, step: &Step, key: u8, register: &Register, t: u64) -> Whose {
        // No head of one section consents for all others.
        if self.takes_the_whole_office() {
            return Whose::Roles(step.otherwise.to_vec());
        }
        let blank = self.id.form.definition().fields.iter().find(|blank| blank.key == key);
        match (self.opened.field(key), blank.map(|blank| blank.kind)) {
            (Some(Value::Code(section)), Some(crate::forms::Kind::Section)) => {
                let of = Concern::Sections([section.clone()].into());
                Whose::Section(step.takers(&of, register, t).to_vec(), section.clone())
            }
            (Some(Value::Code(post)), Some(crate::forms::Kind::Post)) => Whose::Post(post.clone()),
            _ => Whose::Roles(step.takers(&Concern::Nobody, register, t).to_vec()),
        }
    }
}

impl Form {
    /// Whose it is at `t` to open a case on this form with these fields filled in: of one that is about a section its head, and those who act for the office.
    #[must_use]
    pub fn whose_to_open(self, fields: &[Field], register: &Register, t: u64) -> Whose {
        of_these(self.definition().opened_by.to_vec(), opening_concerns(register, self, fields, t))
    }
}

/// Whoever of these may act where something concerns a section, or more than one.
fn of_these(by: Vec<Role>, concern: Concern) -> Whose {
    let of_the_office = || by.iter().copied().filter(|role| !role.is_of_a_section()).collect();
    match concern {
        Concern::Nobody => Whose::Roles(by),
        Concern::Office => Whose::Roles(of_the_office()),
        Concern::Sections(sections) => match sections.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => Whose::Section(by, one.clone()),
            _ => Whose::Roles(of_the_office()),
        },
    }
}

impl Step {
    /// Who takes it, where something concerns these, as the office is at `t`: a step whose roles none of its posts holds would else wait for ever.
    pub(crate) fn takers(&self, concern: &Concern, register: &Register, t: u64) -> &'static [Role] {
        let holds = |roles: &[Role]| {
            register.posts().any(|post| post.mandate_at(t).roles_on(concern).iter().any(|role| roles.contains(role)))
        };
        if self.otherwise.is_empty() || holds(self.by) { self.by } else { self.otherwise }
    }
}
