//! Codes (LEDGER §L1): one line of text that carries everything a newcomer must trust.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use crate::clock::Millis;

/// What a code says. The JSON of §L1.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// What it is for.
    pub kind: Kind,
    /// Where the ledger is.
    pub url: String,
    /// The authority's certificate (DER, base64).
    pub authority: String,
    /// The ledger's name.
    pub ledger: String,
    /// Key of the records log.
    pub records: String,
    /// Key of the register log.
    pub register: String,
    /// Key of the casebook.
    pub casebook: String,
    /// The ledger's HPKE key.
    pub envelope: String,
    /// 16 secret bytes.
    pub secret: String,
    /// Until when it holds.
    pub expires: Millis,
    /// The office, in codes for terminals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// The terminal, in codes for terminals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// To found an office.
    Founding,
    /// To enrol a terminal.
    Terminal,
}

/// The public keys of an office's three logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Records log.
    pub records: [u8; 32],
    /// Register log.
    pub register: [u8; 32],
    /// Casebook.
    pub casebook: [u8; 32],
}

/// The secret of a code. Only its hash is kept.
pub struct CodeSecret([u8; 16]);

impl CodeSecret {
    /// A fresh one.
    #[must_use]
    pub fn generate() -> Self {
        Self(crate::random::bytes())
    }

    /// From base64, as requests carry it.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// What a terminal's key signs to show that it is there when the code is used (LEDGER §L3).
    #[must_use]
    pub fn enrol_digest(&self, request: &[u8]) -> [u8; 32] {
        sekisho_wire::batch::enrol_digest(&self.0, request)
    }

    /// What is stored: looking a code up by this hash needs no constant-time comparison, for 128 random bits cannot be approached.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"sekisho code v1\0").chain_update(self.0).finalize().into()
    }
}

impl Drop for CodeSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What every code of this ledger holds.
#[derive(Clone, Debug)]
pub struct LedgerFacts {
    /// Where the ledger is.
    pub url: String,
    /// Its name.
    pub name: String,
    /// The authority's certificate, DER.
    pub authority: Vec<u8>,
    /// The HPKE key.
    pub envelope: Vec<u8>,
}

impl LedgerFacts {
    /// A code that founds an office with these log keys.
    #[must_use]
    pub fn founding(&self, keys: &PublicKeys, secret: &CodeSecret, expires: Millis) -> Code {
        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        Code {
            kind: Kind::Founding,
            url: self.url.clone(),
            authority: encode(&self.authority),
            ledger: self.name.clone(),
            records: encode(&keys.records),
            register: encode(&keys.register),
            casebook: encode(&keys.casebook),
            envelope: encode(&self.envelope),
            secret: encode(&secret.0),
            expires,
            office: None,
            terminal: None,
        }
    }

    /// A code that enrols a terminal.
    #[must_use]
    pub fn terminal(
        &self,
        keys: &PublicKeys,
        secret: &CodeSecret,
        expires: Millis,
        office: &str,
        terminal: &str,
    ) -> Code {
        let founding = self.founding(keys, secret, expires);
        Code { kind: Kind::Terminal, office: Some(office.into()), terminal: Some(terminal.into()), ..founding }
    }
}

impl Code {
    /// The one line, without a newline.
    ///
    /// # Panics
    /// Never: its parts are text and numbers.
    #[must_use]
    pub fn to_line(&self) -> String {
        let json = serde_json::to_vec(self).expect("text and numbers become JSON");
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads one line.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(line.trim().strip_prefix(PREFIX)?).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({:?}, ..)", self.kind)
    }
}

impl std::fmt::Debug for CodeSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeSecret(..)")
    }
}

const PREFIX: &str = "sekisho-code-1.";

#[cfg(test)]
mod tests {
    use super::*;

    /// The line that whoever enrols reads; `agent/link/src/code.rs` reads the same file.
    const GOLDEN: &str = include_str!("../../protocol/wire/vectors/code-1.txt");

    #[test]
    fn a_code_is_the_very_line_that_terminals_read() {
        let facts = LedgerFacts {
            url: "https://ledger.example:8443".into(),
            name: "ledger.example".into(),
            authority: vec![0x30, 0x03, 1, 2, 3],
            envelope: vec![4; 65],
        };
        let keys = PublicKeys { records: [1; 32], register: [2; 32], casebook: [3; 32] };
        let code = facts.terminal(&keys, &CodeSecret([5; 16]), 1_800_000_000_000, &"ab".repeat(16), "madoguchi-1");
        assert_eq!(format!("{}\n", code.to_line()), GOLDEN);
        assert_eq!(Code::from_line(GOLDEN), Some(code));
    }

    #[test]
    fn a_code_is_one_line_that_reads_back() {
        let facts = LedgerFacts {
            url: "https://localhost:1".into(),
            name: "ledger".into(),
            authority: vec![1; 300],
            envelope: vec![2; 65],
        };
        let keys = PublicKeys { records: [1; 32], register: [2; 32], casebook: [3; 32] };
        let secret = CodeSecret::generate();
        let code = facts.terminal(&keys, &secret, 5, "0a", "jumin-1");
        let line = code.to_line();
        assert!(line.starts_with("sekisho-code-1.") && !line.contains(char::is_whitespace));
        assert_eq!(Code::from_line(&format!("{line}\n")), Some(code.clone()));
        assert_eq!(CodeSecret::from_base64(&code.secret).unwrap().hash(), secret.hash());
        assert_eq!(Code::from_line(&line.replace("sekisho-code-1", "sekisho-code-2")), None);
        assert!(!format!("{code:?}").contains(&code.secret));
    }
}
