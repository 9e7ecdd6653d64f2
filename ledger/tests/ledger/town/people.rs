//! People of the office.

use sekisho_ledger::acts::Name;
use sekisho_register::NameHash;
use sekisho_register::change::{Designate, PersonClass};
use sekisho_wire::id::Salt;
use zeroize::Zeroizing;

use super::{NOON, code};

pub(crate) fn person(text: &str) -> Name {
    Name { salt: Salt([9; 16]), text: Zeroizing::new(text.to_owned()) }
}

pub(crate) fn name_hash(name: &Name) -> NameHash {
    NameHash::of(&name.salt, &name.text)
}

/// An operator of a section, from the beginning on.
pub(crate) fn designate(operator: &str, section: &str, name: &Name) -> Designate {
    Designate {
        operator: code(operator),
        name: name_hash(name),
        class: PersonClass::Operator,
        section: code(section),
        from: NOON,
        to: NOON * 2,
        terminals: Vec::new(),
        sections: Vec::new(),
    }
}
