//! What follows a founding and is not all in force: what each act is to decide is kept in the home until it does, so that the same command goes
//! on where it was. The changes are drafted once: drafted again, an act that is in force could not be recognised.

use sekisho_register::{Change, SignedAct};
use sekisho_wire::id::CardGuid;
use serde::{Deserialize, Serialize};

use crate::error::AdminError;
use crate::home::Home;
use crate::name::Name;
use crate::register_cache::RegisterCache;

/// Where it is kept.
const FILE: &str = "founding/set-up.json";

/// What is still to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whose card signed the founding act, and signs these.
    pub of: CardGuid,
    /// Size of the register when the first of these acts was begun: none of them was made before. Says nothing until they are drafted.
    pub since: u64,
    /// The changes of each act that is still missing; nothing until they are drafted.
    pub parts: Option<Vec<Vec<Change>>>,
    /// The names that travel beside them.
    pub names: Vec<Name>,
}

#[derive(Serialize, Deserialize)]
struct File {
    of: String,
    since: u64,
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
        Some(Self { of: file.of.parse().ok()?, since: file.since, parts, names: file.names })
    }

    /// Keeps the plan.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, home: &Home) -> Result<(), AdminError> {
        let part = |part: &Vec<Change>| minicbor::to_vec(part).expect("a vector takes any number of bytes");
        let parts = self.parts.as_ref().map(|parts| parts.iter().map(part).collect());
        let file = File { of: self.of.to_string(), since: self.since, parts, names: self.names.clone() };
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

/// Whether an act in force made these very changes, at this size of the register or later. Earlier ones do not count: changes without a date
/// or a name are the same whenever they are drafted.
pub(crate) fn is_decided(cache: &RegisterCache, part: &[Change], since: u64) -> bool {
    let made = |signed: &SignedAct| match signed.proposal() {
        Ok(Some(proposal)) => proposal.act().changes == part,
        Ok(None) | Err(_) => signed.act().changes == part,
    };
    let since = usize::try_from(since).unwrap_or(usize::MAX);
    cache
        .acts()
        .skip(since)
        .any(|(entry, folded)| folded.is_ok() && SignedAct::decode(entry).is_ok_and(|signed| made(&signed)))
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
            let plan = Plan { of: CardGuid([9; 16]), since: 4, parts, names: names.clone() };
            plan.save(&home.0).unwrap();
            assert_eq!(Plan::load(&home.0).unwrap(), Some(plan));
        }
        Plan::forget(&home.0).unwrap();
        assert_eq!(Plan::load(&home.0).unwrap(), None);
    }
}
