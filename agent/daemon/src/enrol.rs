//! Enrolment: a one-time code becomes keys and a certificate. The key counts only after an administrator's act has named it.
//!
//! The keys are on disk before the code is shown to anybody: the ledger gives the same certificate again for the same code and keys, and
//! none for others, so an answer that is lost costs nothing. A terminal that is enrolled keeps its key and its journal.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_link::{CodeError, CodeKind, Language, LedgerCode, Link, LinkConfig, LinkError, Options, TerminalTrust};
use sekisho_wire::batch::enrol_digest;
use sekisho_wire::id::{Hash, OfficeId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::files;
use crate::identity::{StoredIdentity, StoredLink};
use crate::journal::segment::random;
use crate::secrets::{self, StateSecret};

/// The terminal could not be enrolled.
#[derive(Debug)]
pub enum EnrolError {
    /// The code file cannot be read.
    File(io::Error),
    /// It holds no code.
    Code(CodeError),
    /// It is a code for founding an office.
    NotForTerminals,
    /// This machine is enrolled as another terminal.
    AlreadyEnrolled,
    /// Its keys lie in credentials.
    KeysElsewhere,
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
                "Ask for a code for the terminal that it is. To make it another one, set its state folder aside first."
                    .into()
            }
            Self::KeysElsewhere => {
                "With agent and forwarder stopped: sekisho-agent key move --to file; then enrol, and move them again."
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
            Self::AlreadyEnrolled => f.write_str("cannot enrol: this machine is enrolled as another terminal"),
            Self::KeysElsewhere => f.write_str("cannot enrol: the keys of this terminal lie in credentials"),
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
    /// Fingerprint over its key, its office and the keys that it believes (LEDGER.md §L3.2).
    pub fingerprint: String,
    /// Which key that is.
    pub key: KeyIs,
}

/// Where a terminal's key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIs {
    /// Drawn for this enrolment.
    New,
    /// What it had before: its journal goes on.
    Kept,
}

/// Keys that were drawn for a code, kept until its answer came.
#[derive(Serialize, Deserialize)]
struct Drawn {
    /// SHA-256 of the code's secret, hexadecimal: another code gets others.
    code: String,
    /// Base64 of the Ed25519 seed.
    key: Zeroizing<String>,
    /// Base64 of PKCS #8.
    tls_key: Zeroizing<String>,
}

/// A certificate as the ledger gives it: base64 of DER.
#[derive(Deserialize)]
pub(crate) struct Certificate {
    pub(crate) certificate: String,
}

/// Enrols this terminal with the code in `text`. With a code for the terminal that it is already it gets a certificate again, over the key
/// that it has.
///
/// # Errors
/// [`EnrolError`].
pub fn enrol(config: &Config, text: &str) -> Result<Enrolled, EnrolError> {
    enrol_by(config, text, |code, body| {
        let link = Link::new(LinkConfig::new(code.url.clone(), code.authority.clone()))?;
        link.post_json("/v1/enrol", body, &Options::default())
    })
}

fn enrol_by(
    config: &Config,
    text: &str,
    ask: impl FnOnce(&LedgerCode, &serde_json::Value) -> Result<Certificate, LinkError>,
) -> Result<Enrolled, EnrolError> {
    let code = LedgerCode::parse(text).map_err(EnrolError::Code)?;
    let CodeKind::Terminal { office, terminal } = &code.kind else { return Err(EnrolError::NotForTerminals) };
    let office = OfficeId(*office).to_string();
    for secret in StateSecret::ALL {
        if secrets::is_moved(config, secret).map_err(EnrolError::Disk)? {
            return Err(EnrolError::KeysElsewhere);
        }
    }
    let before: Option<StoredIdentity> = files::read_json(&config.identity_file()).map_err(EnrolError::Disk)?;
    if before.as_ref().is_some_and(|before| (&before.office, &before.terminal) != (&office, terminal)) {
        return Err(EnrolError::AlreadyEnrolled);
    }
    files::private_folder(&config.state).map_err(EnrolError::Disk)?;
    files::private_folder(&config.link_folder()).map_err(EnrolError::Disk)?;
    let file = config.enrolment_file();
    let drawn = drawn(&file, &code, before.as_ref())?;
    let key = signing_key(&drawn).ok_or(EnrolError::Keys)?;
    let public = key.verifying_key().to_bytes();
    let csr = certificate_request(&drawn, terminal, &office).ok_or(EnrolError::Keys)?;
    let proof = key.sign(&enrol_digest(&code.secret, &csr)).to_bytes();
    let body = serde_json::json!({
        "secret": STANDARD.encode(*code.secret), "office": office, "terminal": terminal,
        "key": STANDARD.encode(public), "csr": STANDARD.encode(csr), "proof": STANDARD.encode(proof),
    });
    let Certificate { certificate } = ask(&code, &body)?;
    let (url, authority) = (code.url.clone(), STANDARD.encode(&code.authority));
    let tls_key = Zeroizing::new(STANDARD.decode(&*drawn.tls_key).map_err(|_| EnrolError::Keys)?);
    files::replace(&config.link_folder().join(StateSecret::TlsKey.file()), &tls_key).map_err(EnrolError::Disk)?;
    let link = StoredLink { url, authority, certificate };
    files::replace_json(&config.link_folder().join("link.json"), &link).map_err(EnrolError::Disk)?;
    let (key, identity) = match before {
        Some(before) => (KeyIs::Kept, before),
        None => {
            let identity = StoredIdentity {
                office,
                terminal: terminal.clone(),
                ledger: code.ledger.clone(),
                records: STANDARD.encode(code.records),
                register: STANDARD.encode(code.register),
                envelope: STANDARD.encode(&code.envelope),
                key: drawn.key,
            };
            // Last: with this file the terminal is enrolled.
            files::replace_json(&config.identity_file(), &identity).map_err(EnrolError::Disk)?;
            (KeyIs::New, identity)
        }
    };
    if let Err(error) = files::remove(&file) {
        log::warn!("cannot remove {}: {error}", file.display());
    }
    let fingerprint = fingerprint(&identity, &public).ok_or(EnrolError::Keys)?;
    Ok(Enrolled { terminal: terminal.clone(), fingerprint, key })
}

/// The keys for this code: those that were drawn for it before, if any; else new ones, on disk before they are shown. Who is enrolled keeps
/// the key that its records are signed by.
fn drawn(file: &Path, code: &LedgerCode, before: Option<&StoredIdentity>) -> Result<Drawn, EnrolError> {
    let digest = Hash(Sha256::digest(*code.secret).into()).to_string();
    let kept: Option<Drawn> = files::read_json(file).map_err(EnrolError::Disk)?;
    let fits = |drawn: &Drawn| drawn.code == digest && before.is_none_or(|before| *before.key == *drawn.key);
    if let Some(drawn) = kept.filter(fits) {
        return Ok(drawn);
    }
    let key = match before {
        Some(before) => before.key.clone(),
        None => {
            let seed = Zeroizing::new(random::<32>().map_err(|_| EnrolError::Keys)?);
            Zeroizing::new(STANDARD.encode(*seed))
        }
    };
    let tls_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| EnrolError::Keys)?;
    let tls_key = Zeroizing::new(STANDARD.encode(&*Zeroizing::new(tls_key.serialize_der())));
    let drawn = Drawn { code: digest, key, tls_key };
    files::replace_json(file, &drawn).map_err(EnrolError::Disk)?;
    Ok(drawn)
}

fn signing_key(drawn: &Drawn) -> Option<SigningKey> {
    let seed = Zeroizing::new(STANDARD.decode(&*drawn.key).ok()?);
    Some(SigningKey::from_bytes(seed.as_slice().try_into().ok()?))
}

/// The request for the certificate of the TLS key: CN terminal, O office (LEDGER.md §L3).
fn certificate_request(drawn: &Drawn, terminal: &str, office: &str) -> Option<Vec<u8>> {
    let key = Zeroizing::new(STANDARD.decode(&*drawn.tls_key).ok()?);
    let key = KeyPair::try_from(key.as_slice()).ok()?;
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, terminal);
    name.push(DnType::OrganizationName, office);
    params.distinguished_name = name;
    Some(params.serialize_request(&key).ok()?.der().to_vec())
}

/// The fingerprint that is read out: over what this terminal goes by from now on, whatever this code says.
fn fingerprint(identity: &StoredIdentity, key: &[u8; 32]) -> Option<String> {
    let bytes = |text: &str| STANDARD.decode(text).ok();
    let OfficeId(office) = identity.office.parse().ok()?;
    let (records, register) = (bytes(&identity.records)?, bytes(&identity.register)?);
    let trust = TerminalTrust {
        office: &office,
        terminal: &identity.terminal,
        ledger: &identity.ledger,
        records: records.as_slice().try_into().ok()?,
        register: register.as_slice().try_into().ok()?,
        envelope: &bytes(&identity.envelope)?,
        key,
    };
    Some(trust.fingerprint())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    fn code(secret: u8, terminal: &str) -> String {
        code_of(1, secret, terminal)
    }

    fn code_of(office: u8, secret: u8, terminal: &str) -> String {
        let kind = CodeKind::Terminal { office: [office; 16], terminal: terminal.into() };
        let (url, authority, ledger) = ("https://127.0.0.1:1".into(), vec![1], "ledger.example".into());
        let (records, register, casebook, envelope) = ([2; 32], [3; 32], [4; 32], vec![5]);
        let secret = Zeroizing::new([secret; 16]);
        let code =
            LedgerCode { kind, url, authority, ledger, records, register, casebook, envelope, secret, expires: 1 };
        code.to_text().to_string()
    }

    fn unenrolled(name: &str) -> (PathBuf, Config) {
        let state = std::env::temp_dir().join(format!("sekisho-enrol-{name}-{}", std::process::id()));
        let config = Config { state: state.clone(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        (state, config)
    }

    fn lost() -> LinkError {
        LinkError::TooLarge { path: "/v1/enrol".into(), limit: 0 }
    }

    /// Ed25519 key and TLS key of a request, as the ledger compares them.
    fn keys(body: &Value) -> (String, Vec<u8>) {
        use x509_parser::prelude::{FromDer as _, X509CertificationRequest};
        let csr = STANDARD.decode(body["csr"].as_str().unwrap()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&csr).unwrap();
        let tls = request.certification_request_info.subject_pki.raw.to_vec();
        (body["key"].as_str().unwrap().into(), tls)
    }

    fn try_it(config: &Config, text: &str, answer: Result<&str, LinkError>) -> (Result<Enrolled, EnrolError>, Value) {
        let mut asked = Value::Null;
        let enrolled = enrol_by(config, text, |_, body| {
            asked = body.clone();
            answer.map(|certificate| Certificate { certificate: certificate.into() })
        });
        (enrolled, asked)
    }

    #[test]
    fn an_answer_that_is_lost_does_not_cost_the_code() {
        let (state, config) = unenrolled("lost");
        let (failed, first) = try_it(&config, &code(7, "mado-1"), Err(lost()));
        assert!(failed.is_err() && !config.identity_file().exists());
        let (enrolled, again) = try_it(&config, &code(7, "mado-1"), Ok("AQ=="));
        assert_eq!(keys(&first), keys(&again), "the ledger repeats its answer for the same keys only");
        assert_eq!(enrolled.unwrap().key, KeyIs::New);
        assert!(config.identity_file().exists() && !state.join("enrolment.json").exists());
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn the_same_key_in_another_office_has_another_fingerprint() {
        let (state, config) = unenrolled("office");
        let (real, first) = try_it(&config, &code_of(1, 7, "mado-1"), Ok("AQ=="));
        let stored: StoredIdentity = files::read_json(&config.identity_file()).unwrap().unwrap();
        std::fs::remove_dir_all(&state).unwrap();
        // The very same draw of keys, with a code that somebody has exchanged.
        let drawn = Drawn { code: Hash(Sha256::digest([7; 16]).into()).to_string(), ..drawn_of(stored) };
        files::private_folder(&state).unwrap();
        files::replace_json(&state.join("enrolment.json"), &drawn).unwrap();
        let (forged, second) = try_it(&config, &code_of(9, 7, "mado-1"), Ok("AQ=="));
        assert_eq!(keys(&first).0, keys(&second).0, "one key");
        assert_ne!(real.unwrap().fingerprint, forged.unwrap().fingerprint);
        std::fs::remove_dir_all(state).unwrap();
    }

    fn drawn_of(identity: StoredIdentity) -> Drawn {
        let tls_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let tls_key = Zeroizing::new(STANDARD.encode(tls_key.serialize_der()));
        Drawn { code: String::new(), key: identity.key, tls_key }
    }

    #[test]
    fn another_code_gets_other_keys() {
        let (state, config) = unenrolled("other");
        let (_, first) = try_it(&config, &code(7, "mado-1"), Err(lost()));
        let (_, second) = try_it(&config, &code(8, "mado-1"), Err(lost()));
        assert!(keys(&first).0 != keys(&second).0 && keys(&first).1 != keys(&second).1);
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn a_terminal_whose_certificate_has_ended_gets_one_by_a_new_code_and_keeps_its_key() {
        let (state, config) = unenrolled("ended");
        let (enrolled, first) = try_it(&config, &code(7, "mado-1"), Ok("AQ=="));
        let identity = std::fs::read(config.identity_file()).unwrap();
        let (again, second) = try_it(&config, &code(8, "mado-1"), Ok("Ag=="));
        let again = again.unwrap();
        assert_eq!((again.key, again.fingerprint), (KeyIs::Kept, enrolled.unwrap().fingerprint));
        assert!(keys(&first).0 == keys(&second).0 && keys(&first).1 != keys(&second).1);
        assert_eq!(std::fs::read(config.identity_file()).unwrap(), identity);
        let link: StoredLink = files::read_json(&config.link_folder().join("link.json")).unwrap().unwrap();
        assert_eq!(link.certificate, "Ag==");
        let (other, _) = try_it(&config, &code(9, "mado-2"), Ok("AQ=="));
        assert!(matches!(other, Err(EnrolError::AlreadyEnrolled)));
        std::fs::remove_dir_all(state).unwrap();
    }
}
