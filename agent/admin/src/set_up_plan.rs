//! What is still to be decided after founding, kept in the home until it is done: `found` run again goes on with it.

use sekisho_register::Change;
use sekisho_wire::id::CardGuid;
use serde::{Deserialize, Serialize};

use crate::error::AdminError;
use crate::home::Home;
use crate::register_cache::Name;

const FILE: &str = "founding/set-up.json";

/// The rest of a founding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whose card signed the founding act, and signs these.
    pub signer: CardGuid,
    /// The changes of each act that is still missing; nothing until they are drafted.
    pub parts: Option<Vec<Vec<Change>>>,
    /// The names that travel beside them.
    pub names: Vec<Name>,
}

#[derive(Serialize, Deserialize)]
struct File {
    signer: String,
    parts: Option<Vec<Vec<u8>>>,
    names: Vec<Name>,
}

impl Plan {
    /// The plan of this home; nothing when all is done.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(crate) fn load(home: &Home) -> Result<Option<Self>, AdminError> {
        let Some(json) = home.read(FILE)? else { return Ok(None) };
        let file: Option<File> = serde_json::from_slice(&json).ok();
        file.and_then(Self::from_file).map(Some).ok_or_else(|| AdminError::Damaged(home.path(FILE)))
    }

    fn from_file(file: File) -> Option<Self> {
        let part = |bytes: &Vec<u8>| minicbor::decode(bytes).ok();
        let parts = match &file.parts {
            Some(parts) => Some(parts.iter().map(part).collect::<Option<_>>()?),
            None => None,
        };
        Some(Self { signer: file.signer.parse().ok()?, parts, names: file.names })
    }

    /// Keeps the plan.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, home: &Home) -> Result<(), AdminError> {
        let part = |part: &Vec<Change>| minicbor::to_vec(part).expect("a vector takes any number of bytes");
        let parts = self.parts.as_ref().map(|parts| parts.iter().map(part).collect());
        let file = File { signer: self.signer.to_string(), parts, names: self.names.clone() };
        home.write(FILE, &serde_json::to_vec(&file).expect("numbers and strings are JSON"))
    }

    /// All is done.
    ///
    /// # Errors
    /// When the file stays.
    pub(crate) fn forget(home: &Home) -> Result<(), AdminError> {
        home.remove(FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;
    use sekisho_register::Title;
    use sekisho_register::change::{SectionState, SetSection};
    use sekisho_wire::id::{Code, Salt};

    #[test]
    fn what_is_left_of_a_founding_comes_back_as_it_was() {
        let home = TempHome::new();
        let section = Change::Section(SetSection {
            section: Code::new("jumin").unwrap(),
            title: Title::new("住民課").unwrap(),
            state: SectionState::Open,
            effective: 7,
        });
        let names = vec![Name { salt: Salt([3; 16]), text: "佐藤".to_owned() }];
        for parts in [None, Some(vec![vec![section.clone()], vec![section]])] {
            let plan = Plan { signer: CardGuid([9; 16]), parts, names: names.clone() };
            plan.save(&home.0).unwrap();
            assert_eq!(Plan::load(&home.0).unwrap(), Some(plan));
        }
        Plan::forget(&home.0).unwrap();
        assert_eq!(Plan::load(&home.0).unwrap(), None);
    }
}
