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

    /// From the variables of a locale, in the order in which the C library asks them; `value` is what a variable has.
    #[must_use]
    pub fn from_variables<T: AsRef<str>>(value: impl Fn(&str) -> Option<T>) -> Self {
        let set = |name: &&str| value(name).filter(|value| !value.as_ref().is_empty());
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(set)
            .map_or(Self::Japanese, |set| Self::from_locale(set.as_ref()))
    }

    /// The text in this language.
    #[must_use]
    pub const fn pick<'a>(self, japanese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
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
