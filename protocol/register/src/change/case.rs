//! What stands in the casebook beside proposals: answers to acts, and cases with their steps (§R11).

use alloc::vec::Vec;

use minicbor::{Decode, Encode};
use sekisho_wire::id::{CardGuid, Code, Hash, Numbered};

pub use sekisho_wire::reason::IncidentClass;

use crate::forms::Form;
use crate::forms::incident as incident_form;
use crate::role::Role;
use crate::values::{NameHash, Title};

/// What is said of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Answer {
    /// A proposal is refused (不承認) by somebody who could have approved it.
    #[n(0)]
    Refused,
    /// A proposal is withdrawn (取下げ) by whoever made it.
    #[n(1)]
    Withdrawn,
    /// What a deputy decided was looked at by the post's holder (後閲).
    #[n(2)]
    Reviewed,
}

/// Kind 62.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnswerAct {
    /// The act: a proposal, or what a deputy signed.
    #[n(0)]
    pub act: Hash,
    /// What is said of it.
    #[n(1)]
    pub answer: Answer,
    /// Why, behind its hash; a refusal has to say.
    #[n(2)]
    pub reason: Option<NameHash>,
}

/// Kind 60.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenCase {
    /// The form (様式) that it is written on.
    #[n(0)]
    pub form: Form,
    /// What stands in its fields, by key, ascending.
    #[n(1)]
    pub fields: Vec<Field>,
}

impl OpenCase {
    /// The first report of an incident, as a panel makes it: how grave it is nobody has judged yet.
    #[must_use]
    pub fn incident(class: IncidentClass, kind: Code, terminal: Code, card: Option<CardGuid>) -> Self {
        let class = match class {
            IncidentClass::Failure => incident_form::FAILURE,
            IncidentClass::Misuse => incident_form::MISUSE,
        };
        let mut fields = Vec::from([
            Field { key: incident_form::CLASS, value: Value::Choice(class) },
            Field { key: incident_form::LEVEL, value: Value::Choice(0) },
            Field { key: incident_form::KIND, value: Value::Code(kind) },
            Field { key: incident_form::TERMINAL, value: Value::Code(terminal) },
        ]);
        fields.extend(card.map(|card| Field { key: incident_form::CARD, value: Value::Card(card) }));
        Self { form: Form::Incident, fields }
    }

    /// What stands in a field.
    #[must_use]
    pub fn field(&self, key: u8) -> Option<&Value> {
        value(&self.fields, key)
    }
}

/// Kind 63.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct TakeStep {
    /// Of which case.
    #[n(0)]
    pub case: CaseId,
    /// The step, by its key in the form.
    #[n(1)]
    pub step: u8,
    /// What stands in its fields, by key, ascending.
    #[n(2)]
    pub fields: Vec<Field>,
}

/// A case: its form, and its number among those of the form and the fiscal year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct CaseId {
    /// The form.
    #[n(0)]
    pub form: Form,
    /// 令和8年度第3号.
    #[n(1)]
    pub number: Numbered,
}

/// One field that is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Field {
    /// Its key in the form or the step.
    #[n(0)]
    pub key: u8,
    /// What stands in it.
    #[n(1)]
    pub value: Value,
}

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Value {
    /// Free text behind SHA-256(salt ‖ text): salt and text travel beside the act and can be erased, as names can (§R3).
    #[n(0)]
    Text(#[n(0)] NameHash),
    /// The code of something.
    #[n(1)]
    Code(#[n(0)] Code),
    /// A card.
    #[n(2)]
    Card(#[n(0)] CardGuid),
    /// A moment, ms since 1970 UTC.
    #[n(3)]
    Moment(#[n(0)] u64),
    /// A day of the legal calendar, days since 1970.
    #[n(4)]
    Day(#[n(0)] u32),
    /// A number.
    #[n(5)]
    Number(#[n(0)] u64),
    /// One of the words that the form offers.
    #[n(6)]
    Choice(#[n(0)] u8),
    /// The number of a document.
    #[n(7)]
    Document(#[n(0)] Title),
    /// Another case.
    #[n(8)]
    Case(#[n(0)] CaseId),
    /// An act.
    #[n(9)]
    Act(#[n(0)] Hash),
    /// A record, by its index in the records log.
    #[n(10)]
    Record(#[n(0)] u64),
    /// Roles, ascending.
    #[n(11)]
    Roles(#[n(0)] Vec<Role>),
}

/// What stands in the field with this key.
pub(crate) fn value(fields: &[Field], key: u8) -> Option<&Value> {
    fields.iter().find(|field| field.key == key).map(|field| &field.value)
}

/// The texts in fields.
pub(crate) fn texts(fields: &[Field]) -> impl Iterator<Item = NameHash> {
    fields.iter().filter_map(|field| if let Value::Text(text) = &field.value { Some(*text) } else { None })
}
