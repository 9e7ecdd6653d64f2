//! Which language to speak: what was asked for, else the locale, else Japanese.

use std::env;

use sekisho_wire::words::Language;

/// From the locale variables, in the order in which the C library asks them. The Linux console has no Japanese
/// characters, so there English is spoken unless someone asks otherwise.
pub(crate) fn from_environment() -> Language {
    let locale =
        ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    choose(locale.as_deref(), env::var("TERM").ok().as_deref())
}

fn choose(locale: Option<&str>, term: Option<&str>) -> Language {
    if term == Some("linux") {
        return Language::English;
    }
    Language::from_locale(locale.unwrap_or_default())
}

/// The other one.
pub(crate) const fn other(language: Language) -> Language {
    match language {
        Language::Japanese => Language::English,
        Language::English => Language::Japanese,
    }
}

/// Picks one of two texts.
pub(crate) const fn pick<'a>(language: Language, japanese: &'a str, english: &'a str) -> &'a str {
    match language {
        Language::Japanese => japanese,
        Language::English => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_is_spoken_unless_the_locale_or_the_console_says_otherwise() {
        for (locale, term, expected) in [
            (None, None, Language::Japanese),
            (Some("ja_JP.UTF-8"), Some("xterm"), Language::Japanese),
            (Some("en_GB.UTF-8"), Some("xterm"), Language::English),
            (Some("C"), None, Language::English),
            (Some("ja_JP.UTF-8"), Some("linux"), Language::English),
        ] {
            assert_eq!(choose(locale, term), expected, "{locale:?} {term:?}");
        }
    }
}
