//! `office.toml`: which office this home administers, and what it trusts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_link::{LedgerCode, LinkConfig};
use sekisho_register::change::Log;
use sekisho_register::{LogKeys, Register};
use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::OfficeId;
use serde::{Deserialize, Serialize};

use crate::error::AdminError;
use crate::home::Home;
use crate::register_cache::RegisterOf;

const NAME: &str = "office.toml";

/// The office and its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Office {
    /// The office.
    pub id: OfficeId,
    /// Where the ledger listens.
    pub url: String,
    /// The ledger's authority certificate, DER.
    pub authority: Vec<u8>,
    /// The ledger's name.
    pub ledger: String,
    /// Public key of the records log.
    pub records: [u8; 32],
    /// Public key of the register log.
    pub register: [u8; 32],
    /// Public key of the casebook.
    pub casebook: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    office: String,
    url: String,
    ledger: String,
    authority: String,
    records: String,
    register: String,
    casebook: String,
    /// Only in what is handed to another desk: the newest checkpoint of the register that this one has verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
}

impl Office {
    /// What a founding code says, once the office has an id.
    #[must_use]
    pub(crate) fn from_code(id: OfficeId, code: &LedgerCode) -> Self {
        Self {
            id,
            url: code.url.clone(),
            authority: code.authority.clone(),
            ledger: code.ledger.clone(),
            records: code.records,
            register: code.register,
            casebook: code.casebook,
        }
    }

    /// Reads `office.toml`; nothing when this home has no office yet.
    ///
    /// # Errors
    /// When it is there and damaged.
    pub(crate) fn load(home: &Home) -> Result<Option<Self>, AdminError> {
        let Some(bytes) = home.read(NAME)? else { return Ok(None) };
        let read = std::str::from_utf8(&bytes).ok().and_then(Self::from_text);
        read.map(|(office, _)| Some(office)).ok_or_else(|| AdminError::Damaged(home.path(NAME)))
    }

    /// Writes `office.toml`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self, home: &Home) -> Result<(), AdminError> {
        home.write(NAME, self.text(None).as_bytes())
    }

    /// What another desk may know of the office: nothing in it is secret. `seen`: the newest verified checkpoint of the register.
    #[must_use]
    pub(crate) fn text(&self, seen: Option<String>) -> String {
        let file = File {
            office: self.id.to_string(),
            url: self.url.clone(),
            ledger: self.ledger.clone(),
            authority: STANDARD.encode(&self.authority),
            records: STANDARD.encode(self.records),
            register: STANDARD.encode(self.register),
            casebook: STANDARD.encode(self.casebook),
            seen,
        };
        toml::to_string(&file).expect("a table of strings is TOML")
    }

    /// Reads what [`Self::text`] wrote, with the checkpoint in it.
    #[must_use]
    pub(crate) fn from_text(text: &str) -> Option<(Self, Option<String>)> {
        let mut file: File = toml::from_str(text).ok()?;
        let seen = file.seen.take();
        Some((Self::from_file(file)?, seen))
    }

    fn from_file(file: File) -> Option<Self> {
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        Some(Self {
            id: file.office.parse().ok()?,
            url: file.url,
            authority: STANDARD.decode(&file.authority).ok()?,
            ledger: file.ledger,
            records: key(&file.records)?,
            register: key(&file.register)?,
            casebook: key(&file.casebook)?,
        })
    }

    /// The certificate of the ledger's TLS authority, as programs import it.
    #[must_use]
    pub(crate) fn authority_pem(&self) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(&self.authority);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// How to reach the ledger.
    #[must_use]
    pub(crate) fn link_config(&self) -> LinkConfig {
        LinkConfig::new(self.url.clone(), self.authority.clone())
    }

    /// Which register is this office's.
    ///
    /// # Errors
    /// [`AdminError::Tlog`] when the stored bytes are no key.
    pub(crate) fn register_of(&self) -> Result<RegisterOf, AdminError> {
        let origin = format!("{}/{}/{}", self.ledger, self.id, Log::Register.name_of(1));
        let key = VerifyingKey::from_bytes(&origin, KeyKind::Ed25519, &self.register).map_err(AdminError::Tlog)?;
        Ok(RegisterOf { office: self.id, keys: LogKeys::from(key) })
    }

    /// Whether this register is the one described: begun by the same act, its logs signed by these keys, now or once.
    #[must_use]
    pub(crate) fn is_of(&self, register: &Register) -> bool {
        let keys = [(Log::Records, self.records), (Log::Register, self.register), (Log::Casebook, self.casebook)];
        register.office() == Some(self.id)
            && register.ledger() == self.ledger
            && keys.iter().all(|(log, key)| register.log_keys(*log).iter().any(|named| named.0 == *key))
    }

    /// With the keys that are in force, for whoever has no register yet: auditors, and another desk that is to fetch it.
    #[must_use]
    pub(crate) fn with_keys_of(&self, register: &Register) -> Self {
        let newest = |log, known| register.log_key(log).map_or(known, |key| key.0);
        Self {
            records: newest(Log::Records, self.records),
            register: newest(Log::Register, self.register),
            casebook: newest(Log::Casebook, self.casebook),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;

    #[test]
    fn an_office_survives_its_file_and_damage_is_told_from_absence() {
        let home = TempHome::new();
        assert_eq!(Office::load(&home.0).unwrap(), None);
        let office = Office {
            id: OfficeId([7; 16]),
            url: "https://ledger.example".to_owned(),
            authority: vec![1, 2, 3],
            ledger: "ledger.example".to_owned(),
            records: [1; 32],
            register: [2; 32],
            casebook: [3; 32],
        };
        office.save(&home.0).unwrap();
        assert_eq!(Office::load(&home.0).unwrap(), Some(office.clone()));
        let seen = Some("a note\nof three\nlines\n".to_owned());
        assert_eq!(Office::from_text(&office.text(seen.clone())), Some((office, seen)));
        home.0.write(NAME, b"office = 3").unwrap();
        assert!(matches!(Office::load(&home.0), Err(AdminError::Damaged(_))));
    }
}
