//! The casebook as a desk sees it: verified under its checkpoint, with the texts beside its entries.

use std::collections::BTreeMap;

use sekisho_register::change::{Field, Log};
use sekisho_register::forms::{Blank, Kind};
use sekisho_register::{Casebook, NameHash, Register, erased_text, field_text};
use sekisho_wire::words::Language;

use crate::desk::Desk;
use crate::error::{AdminError, Said};
use crate::name::{Name, is_a_text};
use crate::register_cache::RegisterCache;
use crate::seen;

/// The casebook and what lies beside it.
#[derive(Debug)]
pub(crate) struct Cases {
    /// What its entries say together.
    pub casebook: Casebook,
    entries: Vec<Vec<u8>>,
    texts: BTreeMap<NameHash, String>,
}

/// The casebook, verified under its checkpoint, with the entries as they are.
///
/// # Errors
/// As the link says; [`crate::broken_log::BrokenLog`] when it does not continue what was seen.
pub(crate) fn entries(desk: &mut Desk) -> Result<(Casebook, Vec<Vec<u8>>), AdminError> {
    desk.log_in()?;
    let note = desk.ledger.checkpoint(Log::Casebook)?;
    let keys = desk.log_keys(Log::Casebook)?;
    let entries = desk.ledger.entries(Log::Casebook, keys.open(&note)?.size)?;
    let tree = seen::whole(Log::Casebook, &keys, &note, &entries)?;
    seen::expect_continued(&desk.home, Log::Casebook, &keys, &note, &tree, desk.base(Log::Casebook))?;
    Ok((folded(&desk.cache, desk.cache.register(), &entries), entries))
}

/// What verified entries say together, beside this register: that of today, or of an earlier print.
#[must_use]
pub(crate) fn folded(cache: &RegisterCache, register: &Register, entries: &[Vec<u8>]) -> Casebook {
    let (mut casebook, mut judge) = (Casebook::of(register), None);
    for entry in entries {
        // The register of its own size (register §R4.9). Whether its signer may still act is asked again when it is approved.
        let size = casebook.judged_by(entry).min(register.size());
        let by = cache.register_at(size, judge.take()).unwrap_or_default();
        if let Err(refusal) = casebook.fold(&by, entry) {
            log::warn!("an entry of the casebook is passed over: {refusal}");
        }
        judge = Some(by);
    }
    casebook
}

impl Cases {
    /// All of it, with the texts. That they were read is a record.
    ///
    /// # Errors
    /// As [`entries`].
    pub(crate) fn read(desk: &mut Desk) -> Result<Self, AdminError> {
        let (casebook, entries) = entries(desk)?;
        let mut texts = BTreeMap::new();
        let mut from = 0;
        while from < casebook.size() {
            let (page, next) = desk.ledger.texts(from)?;
            let shows = page.into_iter().filter(|text| is_a_text(&text.text));
            texts.extend(shows.map(|Name { salt, text }| (NameHash::of(&salt, &text), text)));
            if next <= from {
                return Err(AdminError::Ledger("a page of texts that does not go on"));
            }
            from = next;
        }
        Ok(Self { casebook, entries, texts })
    }

    /// Goes back to where the casebook had so many entries and the register was this one.
    ///
    /// # Errors
    /// [`AdminError::Argument`] when it has never had so many.
    pub(crate) fn go_back(&mut self, cache: &RegisterCache, register: &Register, size: u64) -> Result<(), AdminError> {
        let earlier = usize::try_from(size).ok().and_then(|size| self.entries.get(..size));
        let all = self.entries.len();
        let beyond = || AdminError::Argument {
            name: "--cases-size",
            value: size.to_string(),
            rule: Said::new(format!("the casebook has {all} entries"), format!("処理簿の件数は {all} です")),
        };
        self.casebook = folded(cache, register, earlier.ok_or_else(beyond)?);
        Ok(())
    }

    /// The text behind a hash, if the ledger has it still.
    #[must_use]
    pub(crate) fn text(&self, hash: &NameHash) -> Option<&str> {
        self.texts.get(hash).map(String::as_str)
    }

    /// What stands in a field, for people: texts as they were written, persons by name.
    #[must_use]
    pub(crate) fn value(
        &self,
        blank: Option<&Blank>,
        field: &Field,
        cache: &RegisterCache,
        language: Language,
    ) -> String {
        let kind = blank.map(|blank| blank.kind);
        match (&field.value, kind) {
            (sekisho_register::change::Value::Text(hash), _) => match erased_text(cache.register(), hash, language) {
                // Erased is only what an act erased, whatever the ledger brings: it gives each the texts that he may see.
                None => {
                    self.text(hash).unwrap_or(language.pick("(台帳が示さない)", "(not shown by the ledger)")).to_owned()
                }
                Some(erased) => erased,
            },
            (sekisho_register::change::Value::Code(code), Some(Kind::Operator)) => cache.person(code, language),
            (sekisho_register::change::Value::Card(card), _) => {
                let known = cache.register().card(card);
                known.map_or_else(
                    || card.to_string(),
                    |card| sekisho_register::wareki::numbered(card.number(), language),
                )
            }
            (value, kind) => field_text(kind, value, language),
        }
    }
}
