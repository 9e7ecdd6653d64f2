//! One thing in both languages.

use std::borrow::Cow;

use sekisho_wire::words::Language;

/// The same in Japanese and in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// In Japanese.
    pub japanese: Cow<'static, str>,
    /// In English.
    pub english: Cow<'static, str>,
}

impl Said {
    /// Two texts that the program has.
    #[must_use]
    pub const fn new(japanese: &'static str, english: &'static str) -> Self {
        Self { japanese: Cow::Borrowed(japanese), english: Cow::Borrowed(english) }
    }

    /// Two texts that were made.
    #[must_use]
    pub const fn made(japanese: String, english: String) -> Self {
        Self { japanese: Cow::Owned(japanese), english: Cow::Owned(english) }
    }

    /// What `name` says in each language.
    #[must_use]
    pub fn by<T: Into<Cow<'static, str>>>(name: impl Fn(Language) -> T) -> Self {
        Self { japanese: name(Language::Japanese).into(), english: name(Language::English).into() }
    }

    /// In this language.
    #[must_use]
    pub fn in_words(&self, language: Language) -> &str {
        language.pick(&self.japanese, &self.english)
    }
}
