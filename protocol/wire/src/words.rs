//! Words for people: two languages, and the pair "what happened, what to do next".

/// The languages every message exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Japanese, the default.
    #[default]
    Japanese,
    /// English.
    English,
}

impl Language {
    /// From a locale name such as `ja_JP.UTF-8` or `en`: anything that is neither Japanese nor unset is English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        if locale.is_empty() || locale.starts_with("ja") { Self::Japanese } else { Self::English }
    }
}

/// What happened and what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// What happened: lower case, no full stop in English.
    pub what: &'static str,
    /// What to do next: a sentence, or empty when nothing is to be done.
    pub next: &'static str,
}
