//! Whether a form is filled in as it asks (§R11.3): every field known, in order, of its kind, and about what is there.

use alloc::vec::Vec;

use sekisho_wire::id::Code;

use super::Casebook;
use super::admitted::{check_call, check_connection_act, check_either, check_number};
use crate::act::SignedAct;
use crate::calendar::local_day;
use crate::change::{Field, OpenCase, TakeStep, Value};
use crate::fold::{MADE_AHEAD_MS, Register};
use crate::forms::{Blank, Form, Kind, Need, Words, incident};
use crate::refusal::{FieldFault, FoldRefusal};
use crate::role::Role;
use crate::typed::{Fault, WrongField};

/// What is said of a number that a step before was about.
const TAKEN: Words = Words("この番号については既に行われています", "this one was dealt with already");

impl Casebook {
    pub(super) fn check_fields(
        &self,
        register: &Register,
        form: Form,
        blanks: &'static [Blank],
        fields: &[Field],
        signed: &SignedAct,
    ) -> Result<(), FoldRefusal> {
        if !fields.is_sorted_by(|a, b| a.key < b.key) {
            return Err(FoldRefusal::FieldWrong { form, field: "", fault: FieldFault::Order });
        }
        if fields.iter().any(|field| blanks.iter().all(|blank| blank.key != field.key)) {
            return Err(FoldRefusal::FieldWrong { form, field: "", fault: FieldFault::Unknown });
        }
        match self.faults(register, blanks, fields, signed.act().made).next() {
            Some((blank, fault)) => Err(FoldRefusal::FieldWrong { form, field: blank.name, fault }),
            None => Ok(()),
        }
    }

    /// Each field that is not as its form asks, written down at `made`.
    fn faults<'c>(
        &'c self,
        register: &'c Register,
        blanks: &'static [Blank],
        fields: &'c [Field],
        made: u64,
    ) -> impl Iterator<Item = (&'static Blank, FieldFault)> + 'c {
        blanks.iter().filter_map(move |blank| {
            let fault = match fields.iter().find(|field| field.key == blank.key) {
                None if blank.need == Need::Must => FieldFault::Missing,
                None => return None,
                Some(field) => self.fits(register, blank.kind, &field.value, made).err()?,
            };
            Some((blank, fault))
        })
    }

    /// All that is wrong with what somebody filled in to open a case on this form, were it written at `made`; by which right he does, others ask.
    #[must_use]
    pub fn wrong_to_open(&self, register: &Register, open: &OpenCase, made: u64) -> Vec<WrongField> {
        let blanks = open.form.definition().fields;
        let mut wrong = self.wrong(register, blanks, &open.fields, made);
        let missing: Vec<Role> = Form::recipients_missing(open, register.policy_at(made)).collect();
        let recipients = blanks.iter().find(|blank| blank.key == incident::RECIPIENTS);
        if let Some(blank) = recipients.filter(|_| open.form == Form::Incident && !missing.is_empty()) {
            wrong.push(WrongField::of(blank, Fault::Recipients(missing)));
        }
        wrong
    }

    /// The same of what he filled in to take a case on.
    #[must_use]
    pub fn wrong_to_step(&self, register: &Register, taken: &TakeStep, made: u64) -> Vec<WrongField> {
        let Some(step) = taken.case.form.definition().step(taken.step) else { return Vec::new() };
        let mut wrong = self.wrong(register, step.fields, &taken.fields, made);
        let number = step.fields.first().filter(|_| wrong.is_empty());
        if let (Some(blank), Some(case)) = (number, self.case(&taken.case)) {
            wrong.extend(match check_number(case, step, taken) {
                Ok(()) => None,
                Err(FoldRefusal::FieldWrong { fault, .. }) => Some(WrongField::of(blank, Fault::Field(fault))),
                Err(_) => Some(WrongField::of(blank, Fault::Against(TAKEN))),
            });
        }
        if let Some(case) = self.case(&taken.case).filter(|_| wrong.is_empty()) {
            let either = check_either(case.id.form, step, &taken.fields);
            let refused = either.and_then(|()| check_call(case, step, taken));
            let refused = refused.and_then(|()| check_connection_act(case, step, taken, register)).err();
            if let Some(FoldRefusal::FieldWrong { field, fault, .. }) = refused {
                let blank = step.fields.iter().find(|blank| blank.name == field);
                wrong.extend(blank.map(|blank| WrongField::of(blank, Fault::Field(fault))));
            }
        }
        wrong
    }

    fn wrong(&self, register: &Register, blanks: &'static [Blank], fields: &[Field], made: u64) -> Vec<WrongField> {
        let faults = self.faults(register, blanks, fields, made);
        faults.map(|(blank, fault)| WrongField::of(blank, Fault::Field(fault))).collect()
    }

    /// Whether a value is of its field's kind, and about what the register or the casebook knows.
    pub(crate) fn fits(&self, register: &Register, kind: Kind, value: &Value, made: u64) -> Result<(), FieldFault> {
        let there = |is: bool| if is { Ok(()) } else { Err(FieldFault::NotThere) };
        let been = |is: bool| if is { Ok(()) } else { Err(FieldFault::InFuture) };
        match (kind, value) {
            (Kind::Text, Value::Text(_))
            | (Kind::Moment, Value::Moment(_))
            | (Kind::Day, Value::Day(_))
            | (Kind::Number, Value::Number(_))
            | (Kind::Document, Value::Document(_))
            | (Kind::Record, Value::Record(_))
            | (Kind::Code, Value::Code(_)) => Ok(()),
            (Kind::Past, Value::Moment(at)) => been(*at <= made.saturating_add(MADE_AHEAD_MS)),
            (Kind::PastDay, Value::Day(day)) => been(*day <= local_day(made)),
            (Kind::Choice(words), Value::Choice(word)) => there(words.iter().any(|known| known.number == *word)),
            (Kind::Roles, Value::Roles(roles)) => {
                if roles.is_sorted_by(|a, b| a < b) {
                    Ok(())
                } else {
                    Err(FieldFault::Order)
                }
            }
            (Kind::IncidentKind, Value::Code(code)) => there(register.policy_at(made).severity(code).is_some()),
            (Kind::Card, Value::Card(card)) => there(register.card(card).is_some()),
            (Kind::Case(form), Value::Case(case)) => there(case.form == form && self.case(case).is_some()),
            (Kind::Act, Value::Act(act)) => there(register.act_index(act).or_else(|| self.act_index(act)).is_some()),
            (
                Kind::Operator
                | Kind::Section
                | Kind::Post
                | Kind::Terminal
                | Kind::Function
                | Kind::Partner
                | Kind::Order,
                Value::Code(code),
            ) => there(is_known(register, kind, code)),
            _ => Err(FieldFault::Kind),
        }
    }
}

fn is_known(register: &Register, kind: Kind, code: &Code) -> bool {
    match kind {
        Kind::Operator => register.operator(code).is_some(),
        Kind::Section => register.section(code).is_some(),
        Kind::Post => register.post(code).is_some(),
        Kind::Terminal => register.terminal(code).is_some(),
        Kind::Function => register.function(code).is_some(),
        Kind::Partner => register.partner(code).is_some(),
        Kind::Order => register.order_in_force(code).is_some(),
        Kind::Text
        | Kind::Code
        | Kind::IncidentKind
        | Kind::Card
        | Kind::Past
        | Kind::Moment
        | Kind::PastDay
        | Kind::Day
        | Kind::Number
        | Kind::Choice(_)
        | Kind::Document
        | Kind::Case(_)
        | Kind::Act
        | Kind::Record
        | Kind::Roles => false,
    }
}
