//! Names of persons beside the register, each verified by its hash, and which of them were looked up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use sekisho_register::values::NameHash;
use sekisho_wire::id::Hash;
use serde::{Deserialize, Serialize};

use crate::name::{Name, is_a_name};

/// Names by the hashes that the register asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownNames {
    names: BTreeMap<NameHash, Known>,
    /// Those that an evidence file has to bring.
    looked_up: RefCell<BTreeSet<NameHash>>,
}

/// Homes of earlier versions kept no salts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Known {
    Salted(Name),
    Text(String),
}

impl Known {
    fn text(&self) -> &str {
        match self {
            Self::Salted(name) => &name.text,
            Self::Text(text) => text,
        }
    }
}

impl KnownNames {
    /// Takes names. One that would not show as it is written stays unknown.
    pub(crate) fn learn(&mut self, names: &[Name]) {
        let names = names.iter().filter(|name| is_a_name(&name.text));
        self.names.extend(names.map(|name| (NameHash::of(&name.salt, &name.text), Known::Salted(name.clone()))));
    }

    /// Gives up the names that this says. Whether there were any.
    pub(crate) fn forget(&mut self, goes: impl Fn(&NameHash) -> bool) -> bool {
        let before = self.names.len();
        self.names.retain(|hash, _| !goes(hash));
        self.names.len() < before
    }

    /// Those that were looked up and are not known.
    pub(crate) fn missed(&self) -> Vec<NameHash> {
        self.looked_up.borrow().iter().filter(|hash| !self.names.contains_key(hash)).copied().collect()
    }

    /// The name behind a hash, if it is known.
    pub(crate) fn look_up(&self, hash: &NameHash) -> Option<&str> {
        self.looked_up.borrow_mut().insert(*hash);
        self.names.get(hash).map(Known::text)
    }

    /// The name behind a hash with its salt, if both are known.
    pub(crate) fn salted(&self, hash: &NameHash) -> Option<Name> {
        if let Some(Known::Salted(name)) = self.names.get(hash) { Some(name.clone()) } else { None }
    }

    /// From now on it is written down which names are looked up.
    pub(crate) fn look_up_anew(&self) {
        self.looked_up.borrow_mut().clear();
    }

    /// Those that were looked up since and are known, with their salts; nothing where one is known without its salt.
    #[must_use]
    pub(crate) fn looked_up(&self) -> Option<Vec<Name>> {
        let looked_up = self.looked_up.borrow();
        let known = looked_up.iter().filter_map(|hash| self.names.get(hash));
        known.map(|name| if let Known::Salted(name) = name { Some(name.clone()) } else { None }).collect()
    }

    /// The same of those whose salt is known.
    #[must_use]
    pub(crate) fn looked_up_with_salts(&self) -> Vec<Name> {
        let looked_up = self.looked_up.borrow();
        let known = looked_up.iter().filter_map(|hash| self.names.get(hash));
        known.filter_map(|name| if let Known::Salted(name) = name { Some(name.clone()) } else { None }).collect()
    }

    /// As this home keeps them.
    #[must_use]
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let kept: BTreeMap<String, &Known> = self.names.iter().map(|(hash, name)| (hash.to_string(), name)).collect();
        serde_json::to_vec(&kept).expect("strings are JSON")
    }

    /// Reads what [`Self::to_json`] wrote.
    #[must_use]
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let kept: BTreeMap<String, Known> = serde_json::from_slice(json).ok()?;
        let names = kept.into_iter().map(|(hash, name)| Some((NameHash(hash.parse::<Hash>().ok()?.0), name)));
        Some(Self { names: names.collect::<Option<_>>()?, looked_up: RefCell::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_wire::id::Salt;

    #[test]
    fn who_was_looked_up_is_known_with_the_salt_unless_an_earlier_version_kept_none() {
        let name = Name { salt: Salt([1; 16]), text: "佐藤 一郎".to_owned() };
        let hash = NameHash::of(&name.salt, &name.text);
        let mut names = KnownNames::default();
        names.learn(std::slice::from_ref(&name));
        let back = KnownNames::from_json(&names.to_json()).unwrap();
        assert_eq!((back.looked_up(), back.look_up(&hash)), (Some(Vec::new()), Some("佐藤 一郎")));
        assert_eq!(back.looked_up(), Some(vec![name.clone()]));
        back.look_up_anew();
        assert_eq!(back.looked_up(), Some(Vec::new()));
        let mut older = KnownNames::from_json(format!("{{\"{hash}\": \"{}\"}}", name.text).as_bytes()).unwrap();
        assert_eq!((older.look_up(&hash), older.looked_up()), (Some("佐藤 一郎"), None));
        older.learn(std::slice::from_ref(&name));
        assert_eq!(older.looked_up(), Some(vec![name]));
    }

    #[test]
    fn a_name_that_is_given_up_stands_nowhere_any_more() {
        let name = |salt, text: &str| Name { salt: Salt([salt; 16]), text: text.to_owned() };
        let (stays, goes) = (name(1, "佐藤 一郎"), name(2, "土井 三郎"));
        let hash = |name: &Name| NameHash::of(&name.salt, &name.text);
        let mut names = KnownNames::default();
        names.learn(&[stays.clone(), goes.clone()]);
        let gone = hash(&goes);
        assert!(names.forget(|hash| *hash == gone) && !names.forget(|hash| *hash == gone));
        assert_eq!((names.look_up(&hash(&stays)), names.look_up(&gone)), (Some("佐藤 一郎"), None));
        assert_eq!(names.missed(), [gone]);
        assert!(!String::from_utf8(names.to_json()).unwrap().contains("土井"));
    }
}
