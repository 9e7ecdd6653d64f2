//! What one office tells another of itself and of its people: no secret, and nothing to believe before a fingerprint was compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::PersonClass;
use sekisho_register::{Ed25519Key, P256Key, Title};
use sekisho_wire::id::{CardGuid, Code, OfficeId};
use serde::{Deserialize, Serialize};

/// An office that introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Introduced {
    /// Its id.
    pub office: OfficeId,
    /// Its name.
    pub title: Title,
    /// Its ledger's name.
    pub ledger: Title,
    /// The key of its register log.
    pub key: Ed25519Key,
    /// Some of its people.
    pub persons: Vec<Person>,
}

/// A person of it, with his card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// His code there.
    pub operator: Code,
    /// His name.
    pub name: String,
    /// What he is there.
    pub class: PersonClass,
    /// His card.
    pub card: CardGuid,
    /// Its key of slot 9A.
    pub authentication: P256Key,
    /// Its key of slot 9C, where the register there names one.
    pub signature: Option<P256Key>,
    /// Its key of slot 9E.
    pub presence: P256Key,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    office: String,
    title: String,
    ledger: String,
    register: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    person: Vec<PersonTable>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonTable {
    operator: String,
    name: String,
    system_staff: bool,
    card: String,
    authentication: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    presence: String,
}

impl Introduced {
    /// As it travels, in its one spelling.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let person = |person: &Person| PersonTable {
            operator: person.operator.to_string(),
            name: person.name.clone(),
            system_staff: person.class == PersonClass::SystemStaff,
            card: person.card.to_string(),
            authentication: STANDARD.encode(person.authentication.0),
            signature: person.signature.map(|key| STANDARD.encode(key.0)),
            presence: STANDARD.encode(person.presence.0),
        };
        let file = File {
            office: self.office.to_string(),
            title: self.title.to_string(),
            ledger: self.ledger.to_string(),
            register: STANDARD.encode(self.key.0),
            person: self.persons.iter().map(person).collect(),
        };
        toml::to_string(&file).expect("tables of strings are TOML")
    }

    /// Reads what [`Self::text`] wrote.
    #[must_use]
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let file: File = toml::from_str(text).ok()?;
        Some(Self {
            office: file.office.parse().ok()?,
            title: Title::new(&file.title)?,
            ledger: Title::new(&file.ledger)?,
            key: Ed25519Key(bytes(&file.register)?),
            persons: file.person.into_iter().map(PersonTable::read).collect::<Option<_>>()?,
        })
    }

    /// What the two offices compare.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> String {
        sekisho_link::fingerprint(self.text().as_bytes())
    }
}

impl PersonTable {
    fn read(self) -> Option<Person> {
        let class = if self.system_staff { PersonClass::SystemStaff } else { PersonClass::Operator };
        let signature = match &self.signature {
            Some(key) => Some(P256Key(bytes(key)?)),
            None => None,
        };
        Some(Person {
            operator: Code::new(&self.operator).ok()?,
            name: self.name,
            class,
            card: self.card.parse().ok()?,
            authentication: P256Key(bytes(&self.authentication)?),
            signature,
            presence: P256Key(bytes(&self.presence)?),
        })
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_introduction_is_read_as_it_was_written_and_each_part_is_in_its_fingerprint() {
        let person = Person {
            operator: Code::new("k-12").unwrap(),
            name: "釧路 花子".into(),
            class: PersonClass::SystemStaff,
            card: CardGuid([5; 16]),
            authentication: P256Key([2; 33]),
            signature: None,
            presence: P256Key([3; 33]),
        };
        let introduced = Introduced {
            office: OfficeId([7; 16]),
            title: Title::new("白糠町").unwrap(),
            ledger: Title::new("ledger.example").unwrap(),
            key: Ed25519Key([9; 32]),
            persons: vec![person.clone(), Person { signature: Some(P256Key([4; 33])), ..person.clone() }],
        };
        assert_eq!(Introduced::from_text(&introduced.text()), Some(introduced.clone()));
        let other = Introduced { persons: vec![person.clone(), person], ..introduced.clone() };
        assert_ne!(introduced.fingerprint(), other.fingerprint());
        assert_eq!(Introduced::from_text("office = 3"), None);
    }
}
