//! What is wrong with what was filled in, a line for each field.

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
        Self {
            name: Said::new(wrong.name, format!("{}({})", wrong.title.text(Language::Japanese), wrong.name)),
            value: value.escape_debug().to_string(),
            rule: Said::new(wrong.text(Language::English), wrong.text(Language::Japanese)),
        }
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
