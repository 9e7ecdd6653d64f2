//! Names of persons, read where they lie beside their acts, as few as a page needs.

use std::cell::RefCell;
use std::collections::HashMap;

use sekisho_register::{NameHash, Register};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::words::Language;

use crate::ledger::Ledger;
use crate::store::LogName;

/// The names of an office, for one page.
pub(crate) struct Names<'a> {
    ledger: &'a Ledger,
    office: OfficeId,
    known: RefCell<HashMap<NameHash, String>>,
    /// Whether all were read already.
    all: RefCell<bool>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(ledger: &'a Ledger, office: OfficeId) -> Self {
        Self { ledger, office, known: RefCell::default(), all: RefCell::new(false) }
    }

    /// A person as people read him: name and code; the code alone where the name is not known.
    pub(crate) fn person(&self, register: &Register, operator: &Code, language: Language) -> String {
        let name = register.name_hash(operator).and_then(|hash| self.name(register, operator, hash, language));
        name.map_or_else(|| operator.to_string(), |name| format!("{name} ({operator})"))
    }

    /// The name alone, or that it was erased.
    pub(crate) fn name(
        &self,
        register: &Register,
        operator: &Code,
        hash: &NameHash,
        language: Language,
    ) -> Option<String> {
        if register.name_erased(hash).is_some() {
            let erased = match language {
                Language::English => "(name erased)",
                Language::Japanese => "（氏名消去）",
            };
            return Some(erased.to_owned());
        }
        if let Some(known) = self.known.borrow().get(hash) {
            return Some(known.clone());
        }
        let acts = register.operator(operator).into_iter().flat_map(|person| person.designations().iter());
        for act in acts.map(|dated| dated.index).collect::<std::collections::BTreeSet<u64>>() {
            self.read(act..act.saturating_add(1));
        }
        // Beside which act a name lies that a recovery brought, only the log says.
        if !self.known.borrow().contains_key(hash) && !self.all.replace(true) {
            self.read(0..register.size());
        }
        self.known.borrow().get(hash).cloned()
    }

    fn read(&self, acts: std::ops::Range<u64>) {
        match self.ledger.names_beside(&self.office, LogName::Register, acts) {
            Ok(names) => self.known.borrow_mut().extend(
                names.into_iter().map(|name| (NameHash::of(&name.salt, &name.text), name.text.as_str().to_owned())),
            ),
            Err(error) => log::error!("names of office {} cannot be read: {error}", self.office),
        }
    }
}
