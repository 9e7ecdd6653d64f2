//! Who this terminal is: what enrolment left behind. The agent's half holds the signing key; the forwarder's half holds what TLS needs.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use sekisho_tlog::{KeyKind, VerifyingKey};
use sekisho_wire::id::{Code, OfficeId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secrets::StateSecret;

/// The agent's half.
pub struct Identity {
    /// The office.
    pub office: OfficeId,
    /// This terminal.
    pub terminal: Code,
    /// Key of the records log.
    pub records: VerifyingKey,
    /// Key of the register log at the time of enrolment.
    pub register: VerifyingKey,
    /// HPKE key that batches are sealed for.
    pub envelope: Vec<u8>,
    /// Signs batches.
    pub key: SigningKey,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} of {})", self.terminal, self.office)
    }
}

/// As it lies in `identity.json`, mode 0600.
#[derive(Serialize, Deserialize)]
pub struct StoredIdentity {
    /// Hexadecimal.
    pub office: String,
    /// The terminal's code.
    pub terminal: String,
    /// The ledger's name: first part of each log's origin.
    pub ledger: String,
    /// Base64 of 32 bytes.
    pub records: String,
    /// Base64 of 32 bytes.
    pub register: String,
    /// Base64.
    pub envelope: String,
    /// Base64 of the Ed25519 seed.
    pub key: Zeroizing<String>,
}

/// The forwarder's half, in `link/link.json`; the key of its certificate lies beside it, or in a credential.
#[derive(Serialize, Deserialize)]
pub struct StoredLink {
    /// Where the ledger listens.
    pub url: String,
    /// Its authority certificate, base64 of DER.
    pub authority: String,
    /// Our certificate, base64 of DER.
    pub certificate: String,
}

impl Identity {
    /// Reads it from the state folder, or the credential that it was moved into; `None` before enrolment.
    ///
    /// # Errors
    /// The file system's; [`io::ErrorKind::InvalidData`] naming the field.
    pub fn load(state: &Path) -> io::Result<Option<Self>> {
        let Some(bytes) = StateSecret::Identity.read(state)? else { return Ok(None) };
        let stored =
            serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Self::from_stored(&stored).map(Some)
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] naming the field.
    pub fn from_stored(stored: &StoredIdentity) -> io::Result<Self> {
        let bad = |field: &str| io::Error::new(io::ErrorKind::InvalidData, format!("field '{field}' is malformed"));
        let key32 = |text: &str, field| -> io::Result<Zeroizing<[u8; 32]>> {
            let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| bad(field))?);
            Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| bad(field))?))
        };
        let log = |text: &str, log: &str, field| {
            let origin = origin(&stored.ledger, &stored.office, log);
            VerifyingKey::from_bytes(&origin, KeyKind::Ed25519, &*key32(text, field)?).map_err(|_| bad(field))
        };
        Ok(Self {
            office: stored.office.parse().map_err(|_| bad("office"))?,
            terminal: Code::new(&stored.terminal).map_err(|_| bad("terminal"))?,
            records: log(&stored.records, "records", "records")?,
            register: log(&stored.register, "register", "register")?,
            envelope: STANDARD.decode(&stored.envelope).map_err(|_| bad("envelope"))?,
            key: SigningKey::from_bytes(&*key32(&stored.key, "key")?),
        })
    }
}

/// Origin of a log (LEDGER.md §L2).
fn origin(ledger: &str, office: &str, log: &str) -> String {
    format!("{ledger}/{office}/{log}")
}
