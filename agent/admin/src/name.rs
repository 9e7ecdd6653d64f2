//! A person's name, as it travels beside an act.

use sekisho_register::typed::does_not_show;
pub(crate) use sekisho_register::typed::is_a_text;
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
