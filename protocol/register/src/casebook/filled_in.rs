//! Whether a form is filled in as it asks (§R11.3): every field known, in order, of its kind, and about what is there.

use sekisho_wire::id::Code;

use super::Casebook;
use crate::act::SignedAct;
use crate::calendar::local_day;
use crate::change::{Field, Value};
use crate::fold::{MADE_AHEAD_MS, Register};
use crate::forms::{Blank, Form, Kind, Need};
use crate::refusal::{FieldFault, FoldRefusal};

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
        for blank in blanks {
            let wrong = |fault| Err(FoldRefusal::FieldWrong { form, field: blank.name, fault });
            match fields.iter().find(|field| field.key == blank.key) {
                None if blank.need == Need::Must => return wrong(FieldFault::Missing),
                None => {}
                Some(field) => {
                    if let Err(fault) = self.fits(register, blank.kind, &field.value, signed) {
                        return wrong(fault);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a value is of its field's kind, and about what the register or the casebook knows.
    fn fits(&self, register: &Register, kind: Kind, value: &Value, signed: &SignedAct) -> Result<(), FieldFault> {
        let there = |is: bool| if is { Ok(()) } else { Err(FieldFault::NotThere) };
        let made = signed.act().made;
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
            (Kind::Card, Value::Card(card)) => there(register.card(card).is_some()),
            (Kind::Case(form), Value::Case(case)) => there(case.form == form && self.case(case).is_some()),
            (Kind::Act, Value::Act(act)) => there(register.act_index(act).or_else(|| self.act_index(act)).is_some()),
            (
                Kind::Operator | Kind::Section | Kind::Post | Kind::Terminal | Kind::Function | Kind::Partner,
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
        Kind::Text
        | Kind::Code
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
