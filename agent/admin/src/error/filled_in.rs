//! What is wrong with what was filled in, a line for each field.

use sekisho_register::forms::Words;
use sekisho_register::typed::WrongField;
use sekisho_wire::words::Language;

use super::Said;

/// One of the arguments that were filled in, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrongArgument {
    /// Which.
    pub name: Said,
    /// What was given; empty for nothing.
    pub value: String,
    /// What it should look like.
    pub rule: Said,
}

impl WrongArgument {
    /// A field, and what was written into it.
    pub(crate) fn of(wrong: &WrongField, value: &str) -> Self {
        let rule = Said::new(wrong.text(Language::English), wrong.text(Language::Japanese));
        Self::by(wrong.name, wrong.title, value, rule)
    }

    /// A field by its name and title, what was written into it, and what is wrong.
    pub(crate) fn by(name: &'static str, title: Words, value: &str, rule: Said) -> Self {
        let name = Said::new(name, format!("{}({name})", title.text(Language::Japanese)));
        Self { name, value: value.escape_debug().to_string(), rule }
    }

    pub(super) fn in_words(&self, language: Language) -> String {
        let (name, rule) = (self.name.in_words(language), self.rule.in_words(language));
        match (self.value.as_str(), language) {
            ("", _) => format!("  {name}: {rule}"),
            (value, Language::English) => format!("  {name} '{value}': {rule}"),
            (value, Language::Japanese) => format!("  {name}「{value}」: {rule}"),
        }
    }
}
