//! Enrolment: a one-time code becomes keys and a certificate. The key counts only after an administrator's act has named it.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_link::{CodeError, CodeKind, Language, LedgerCode, Link, LinkConfig, LinkError, Options};
use sekisho_wire::batch::enrol_digest;
use sekisho_wire::id::OfficeId;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::files;
use crate::identity::{StoredIdentity, StoredLink};
use crate::journal::segment::random;

/// The terminal could not be enrolled.
#[derive(Debug)]
pub enum EnrolError {
    /// The code file cannot be read.
    File(io::Error),
    /// It holds no code.
    Code(CodeError),
    /// It is a code for founding an office.
    NotForTerminals,
    /// This terminal is enrolled.
    AlreadyEnrolled,
    /// The ledger was not reached, or refused.
    Link(LinkError),
    /// Keys or request could not be made.
    Keys,
    /// The result could not be kept.
    Disk(io::Error),
}

impl EnrolError {
    /// What a person does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        match self {
            Self::File(_) => "Check the path of the code file.".into(),
            Self::Code(error) => error.next_step(Language::English).to_owned(),
            Self::NotForTerminals => "Ask the system manager for a code for this terminal.".into(),
            Self::AlreadyEnrolled => {
                "To enrol anew, an administrator retires the terminal first; then remove identity.json from its state."
                    .into()
            }
            Self::Link(error) => error.next_step(Language::English).to_string(),
            Self::Keys => "Try again; if that does not help, call the system manager.".into(),
            Self::Disk(_) => "Check that the state folder exists, has room and belongs to the agent.".into(),
        }
    }
}

impl fmt::Display for EnrolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "cannot read the code file: {error}"),
            Self::Code(error) => write!(f, "{error}"),
            Self::NotForTerminals => f.write_str("cannot enrol with this code: it founds an office"),
            Self::AlreadyEnrolled => f.write_str("cannot enrol: this terminal is enrolled already"),
            Self::Link(error) => write!(f, "{}", error.in_words(Language::English)),
            Self::Keys => f.write_str("cannot make keys"),
            Self::Disk(error) => write!(f, "cannot keep the keys: {error}"),
        }
    }
}

impl std::error::Error for EnrolError {}

impl From<LinkError> for EnrolError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// What to read out to the administrator.
#[derive(Debug)]
pub struct Enrolled {
    /// The terminal's code.
    pub terminal: String,
    /// Fingerprint of its key: the first 16 bytes of its SHA-256, in groups.
    pub fingerprint: String,
}

/// A certificate as the ledger gives it: base64 of DER.
#[derive(Deserialize)]
pub(crate) struct Certificate {
    pub(crate) certificate: String,
}

/// Enrols this terminal with the code in `text`.
///
/// # Errors
/// [`EnrolError`].
pub fn enrol(config: &Config, text: &str) -> Result<Enrolled, EnrolError> {
    if config.identity_file().exists() {
        return Err(EnrolError::AlreadyEnrolled);
    }
    let code = LedgerCode::parse(text).map_err(EnrolError::Code)?;
    let CodeKind::Terminal { office, terminal } = &code.kind else { return Err(EnrolError::NotForTerminals) };
    let office = OfficeId(*office).to_string();
    let seed = Zeroizing::new(random::<32>().map_err(|_| EnrolError::Keys)?);
    let key = SigningKey::from_bytes(&seed);
    let public = key.verifying_key().to_bytes();
    let (tls_key, csr) = certificate_request(terminal, &office).ok_or(EnrolError::Keys)?;
    files::private_folder(&config.state).map_err(EnrolError::Disk)?;
    files::private_folder(&config.link_folder()).map_err(EnrolError::Disk)?;
    let proof = key.sign(&enrol_digest(&code.secret, &csr)).to_bytes();
    let body = serde_json::json!({
        "secret": STANDARD.encode(*code.secret), "office": office, "terminal": terminal,
        "key": STANDARD.encode(public), "csr": STANDARD.encode(csr), "proof": STANDARD.encode(proof),
    });
    let link = Link::new(LinkConfig::new(code.url.clone(), code.authority.clone()))?;
    let answer: Certificate = link.post_json("/v1/enrol", &body, &Options::default())?;
    let stored_link = StoredLink {
        url: code.url.clone(),
        authority: STANDARD.encode(&code.authority),
        certificate: answer.certificate,
        key: Zeroizing::new(STANDARD.encode(&*tls_key)),
    };
    let identity = StoredIdentity {
        office,
        terminal: terminal.clone(),
        ledger: code.ledger.clone(),
        records: STANDARD.encode(code.records),
        register: STANDARD.encode(code.register),
        envelope: STANDARD.encode(&code.envelope),
        key: Zeroizing::new(STANDARD.encode(*seed)),
    };
    files::replace_json(&config.link_folder().join("link.json"), &stored_link).map_err(EnrolError::Disk)?;
    // Last: with this file the terminal is enrolled.
    files::replace_json(&config.identity_file(), &identity).map_err(EnrolError::Disk)?;
    Ok(Enrolled { terminal: terminal.clone(), fingerprint: fingerprint(&public) })
}

/// A P-256 key in PKCS #8, and the request for its certificate: CN terminal, O office (LEDGER.md §L3).
fn certificate_request(terminal: &str, office: &str) -> Option<(Zeroizing<Vec<u8>>, Vec<u8>)> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).ok()?;
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, terminal);
    name.push(DnType::OrganizationName, office);
    params.distinguished_name = name;
    let csr = params.serialize_request(&key).ok()?;
    Some((Zeroizing::new(key.serialize_der()), csr.der().to_vec()))
}

/// The fingerprint that is read out: as the ledger shows it to the administrator.
#[must_use]
pub fn fingerprint(key: &[u8; 32]) -> String {
    let digest = Sha256::digest(key);
    let groups = digest.chunks(2).take(8).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    groups.collect::<Vec<_>>().join(" ")
}
