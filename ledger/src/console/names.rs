//! Names of persons, read where they lie beside their acts, as few as a page needs, and those of a list all at once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use sekisho_register::{NameHash, Register};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::words::Language;

use super::visit::View;
use crate::acts::Name;
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::store::LogName;

/// The names of an office, for one page.
pub(crate) struct Names<'a> {
    ledger: &'a Ledger,
    office: OfficeId,
    known: RefCell<HashMap<NameHash, String>>,
    /// Whoever's designations were looked beside already.
    looked: RefCell<BTreeSet<Code>>,
    /// While a list is made for the first time: whose names it asks for.
    asked: RefCell<Option<BTreeSet<Code>>>,
    /// Whether all were read already.
    all: Cell<bool>,
}

impl View<'_> {
    /// Makes a list twice, first to hear whose names stand in it: those are then read at once, and not one by one.
    pub(crate) fn together<T>(&self, make: impl Fn() -> T) -> T {
        if self.names.listens() {
            return make();
        }
        self.names.listen();
        drop(make());
        self.names.read_asked(&self.register);
        make()
    }
}

impl<'a> Names<'a> {
    pub(crate) fn of(ledger: &'a Ledger, office: OfficeId) -> Self {
        let (known, looked, asked) = Default::default();
        Self { ledger, office, known, looked, asked, all: Cell::new(false) }
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
        if let Some(asked) = &mut *self.asked.borrow_mut() {
            asked.insert(operator.clone());
            return None;
        }
        self.read_of(register, &BTreeSet::from([operator.clone()]));
        self.known.borrow().get(hash).cloned()
    }

    fn listens(&self) -> bool {
        self.asked.borrow().is_some()
    }

    fn listen(&self) {
        self.asked.replace(Some(BTreeSet::new()));
    }

    fn read_asked(&self, register: &Register) {
        let asked = self.asked.take().unwrap_or_default();
        self.read_of(register, &asked);
    }

    /// Two looks at most, of however many persons.
    fn read_of(&self, register: &Register, operators: &BTreeSet<Code>) {
        let new: Vec<&Code> =
            operators.iter().filter(|code| self.looked.borrow_mut().insert((*code).clone())).collect();
        let said = |code: &&Code| register.operator(code).into_iter().flat_map(|person| person.designations().iter());
        let (acts, hashes): (BTreeSet<u64>, Vec<NameHash>) =
            new.iter().flat_map(said).map(|said| (said.index, said.value.name)).unzip();
        if acts.is_empty() {
            return;
        }
        let acts: Vec<u64> = acts.into_iter().collect();
        let stored = self.ledger.store.names_at(&self.office, LogName::Register, &acts);
        self.keep(stored.map(|stored| self.ledger.open_names(stored)).map_err(Refusal::from));
        // Beside which act a name lies that a recovery brought, only the log says.
        let is_there = |hash: &NameHash| self.known.borrow().contains_key(hash) || register.name_erased(hash).is_some();
        if !hashes.iter().all(is_there) && !self.all.replace(true) {
            self.keep(self.ledger.names_beside(&self.office, LogName::Register, 0..register.size()));
        }
    }

    fn keep(&self, names: Result<Vec<Name>, Refusal>) {
        match names {
            Ok(names) => {
                self.known.borrow_mut().extend(names.into_iter().map(|it| (it.hash(), it.text.as_str().to_owned())));
            }
            Err(error) => log::error!("names of office {} cannot be read: {error}", self.office),
        }
    }
}
