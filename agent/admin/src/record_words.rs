//! A record in sentences, with the names and titles of this home's register.

use sekisho_register::Sentences;
use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Record};
use sekisho_wire::words::Language;

use crate::register_cache::RegisterCache;
use crate::terminal_word::CarriedTo;

/// Tells records with the names and titles of this register.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    /// Where names come from.
    pub cache: &'a RegisterCache,
    /// In which language.
    pub language: Language,
}

impl Teller<'_> {
    /// In the language of this teller.
    #[must_use]
    pub(crate) fn say(&self, english: impl Into<String>, japanese: impl Into<String>) -> String {
        match self.language {
            Language::English => english.into(),
            Language::Japanese => japanese.into(),
        }
    }

    /// One line: when, where, who, what.
    #[must_use]
    pub(crate) fn line(&self, record: &Record) -> String {
        self.tell(|sentences| sentences.line(record))
    }

    /// That a record came later than those around it, and out of which epoch.
    #[must_use]
    pub(crate) fn carried(&self, record: &Record, to: CarriedTo) -> String {
        self.tell(|sentences| sentences.carried(record, (to.epoch, to.seq)))
    }

    /// What happened.
    #[must_use]
    pub(crate) fn happened(&self, body: &Body) -> String {
        self.tell(|sentences| sentences.happened(body))
    }

    fn tell(&self, tell: impl FnOnce(&Sentences<'_>) -> String) -> String {
        let person = |operator: &Code| self.cache.person(operator, self.language);
        tell(&Sentences { register: self.cache.register(), person: &person, language: self.language })
    }
}
