//! A person's name, as it travels beside an act.

use sekisho_wire::id::{NotAllowed, Salt};
use serde::{Deserialize, Serialize};

/// A name that the ledger sent beside the entries (register §R3). In files of this home: salt and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(String, String)", into = "(String, String)")]
pub(crate) struct Name {
    /// Its salt.
    pub salt: Salt,
    /// The name.
    pub text: String,
}

/// Whether a person's name shows as it is written: no control, no blank at either end, nothing that turns or hides what stands beside it.
#[must_use]
pub(crate) fn is_a_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(does_not_show)
}

/// Whether a text of a form shows as it is written; it may have lines.
#[must_use]
pub(crate) fn is_a_text(text: &str) -> bool {
    (1..=4_000).contains(&text.len()) && !text.trim().is_empty() && !text.chars().any(|c| c != '\n' && does_not_show(c))
}

fn does_not_show(c: char) -> bool {
    c.is_control() || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Unicode 16, `Default_Ignorable_Code_Point`, with line ends and the blank of Braille. The variation selectors U+FE00–FE0F and U+E0100–E01EF are
/// left out: they tell apart how two persons write the same character of their names.
#[rustfmt::skip]
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'), ('\u{34f}', '\u{34f}'), ('\u{61c}', '\u{61c}'), ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'), ('\u{180b}', '\u{180f}'), ('\u{200b}', '\u{200f}'), ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'), ('\u{2800}', '\u{2800}'), ('\u{3164}', '\u{3164}'), ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'), ('\u{fff0}', '\u{fffb}'), ('\u{1bca0}', '\u{1bca3}'), ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e00ff}'), ('\u{e01f0}', '\u{e0fff}'),
];

impl From<Name> for (String, String) {
    fn from(name: Name) -> Self {
        (name.salt.to_string(), name.text)
    }
}

impl TryFrom<(String, String)> for Name {
    type Error = NotAllowed;

    fn try_from((salt, text): (String, String)) -> Result<Self, NotAllowed> {
        Ok(Self { salt: salt.parse()?, text })
    }
}
