//! Which language to speak: what was asked for, else the locale, else Japanese.

use std::env;

use sekisho_wire::words::Language;

/// From the locale variables, in the order in which the C library asks them. The Linux console has no Japanese
/// characters, so there English is spoken unless someone asks otherwise.
pub(crate) fn from_environment() -> Language {
    choose(|name| env::var(name).ok())
}

fn choose(variable: impl Fn(&str) -> Option<String>) -> Language {
    if variable("TERM").as_deref() == Some("linux") {
        return Language::English;
    }
    Language::from_variables(variable)
}

/// The other one.
pub(crate) const fn other(language: Language) -> Language {
    match language {
        Language::Japanese => Language::English,
        Language::English => Language::Japanese,
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
            let variable = |name: &str| match name {
                "TERM" => term,
                "LANG" => locale,
                _ => None,
            };
            assert_eq!(choose(|name| variable(name).map(str::to_owned)), expected, "{locale:?} {term:?}");
        }
    }
}
