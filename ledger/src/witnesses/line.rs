//! HTTPS to one witness (tlog §13), and to whatever else has an authority of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use sekisho_tlog::witness::origin_hash;
use sekisho_tlog::{AddCheckpoint, KeyKind, VerifyingKey};
use ureq::Agent;
use ureq::Body;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::WitnessEntry;
use crate::error::LedgerError;

/// Where a witness is reached, and what its answers are held against.
#[derive(Clone, Debug)]
pub struct Line {
    web: Web,
    key: VerifyingKey,
}

/// HTTPS to one server, whose authority is the only one that is trusted for it.
#[derive(Clone, Debug)]
pub struct Web {
    agent: Agent,
    base: String,
}

impl Web {
    /// Checks address and authority (a certificate, DER); connects to nothing yet.
    ///
    /// # Errors
    /// Which of the two is wrong, and why.
    pub fn new(url: &str, authority: &[u8]) -> Result<Self, (&'static str, String)> {
        let sound =
            url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ']));
        if !sound {
            return Err(("url", format!("'{url}' is no https:// address")));
        }
        let mut roots = RootCertStore::empty();
        let added = roots.add(CertificateDer::from(authority));
        added.map_err(|error| ("authority", format!("no certificate: {error}")))?;
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .root_certs(RootCerts::new_with_certs(&[Certificate::from_der(authority).to_owned()]))
            .build();
        let agent = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("sekisho-ledger/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(HEADERS_MAX)
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(ANSWER_TIME))
            .tls_config(tls)
            .build()
            .new_agent();
        Ok(Self { agent, base: url.trim_end_matches('/').to_owned() })
    }

    /// What stands at a path.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>, LedgerError> {
        let failed = |cause: String| LedgerError::Unreachable { url: format!("{}{path}", self.base), cause };
        let mut response =
            self.agent.get(format!("{}{path}", self.base)).call().map_err(|error| failed(error.to_string()))?;
        let body = response.body_mut().with_config().limit(BODY_MAX).read_to_vec();
        let body = body.map_err(|error| failed(error.to_string()))?;
        let status = response.status().as_u16();
        if status == 200 {
            Ok(body)
        } else {
            Err(failed(format!("{status} {}", first_line(&String::from_utf8_lossy(&body)))))
        }
    }

    /// As text.
    pub(crate) fn text(&self, path: &str) -> Result<String, LedgerError> {
        Ok(String::from_utf8_lossy(&self.bytes(path)?).into_owned())
    }
}

/// What a witness answered to a checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Signature lines.
    Cosigned(String),
    /// It has cosigned so many entries last.
    Conflict(u64),
    /// It does not: status, and what it says.
    Refused(u16, String),
}

/// What it shows of a log.
#[derive(Debug, PartialEq, Eq)]
pub enum Latest {
    /// The checkpoint that it cosigned last.
    Note(String),
    /// None.
    Nothing,
}

/// Why a log got no cosignature.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no answer, or the witness cannot give one now.
    Unreachable(String),
    /// It refuses.
    Refused(u16, String),
    /// It answers what no witness should.
    Strange(String),
    /// The ledger's own book or disk.
    Ours(String),
}

impl Line {
    /// Checks what is configured; connects to nothing yet.
    ///
    /// # Errors
    /// Which key of the configuration is wrong, and why.
    pub fn new(entry: &WitnessEntry) -> Result<Self, (&'static str, String)> {
        let key: VerifyingKey =
            entry.key.parse().map_err(|error: sekisho_tlog::TlogError| ("key", error.to_string()))?;
        if key.kind() != KeyKind::CosignatureV1 {
            return Err(("key", format!("'{}' is a log's key, not a witness's", key.name())));
        }
        let authority = STANDARD.decode(&entry.authority).map_err(|error| ("authority", error.to_string()))?;
        Ok(Self { web: Web::new(&entry.url, &authority)?, key })
    }

    /// The key that its cosignatures verify with.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Asks for a cosignature.
    pub(super) fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Answer, Fault> {
        let sent = self.web.agent.post(format!("{}/add-checkpoint", self.web.base)).send(request.to_text());
        let (status, content, body) = received(sent)?;
        Answer::read(status, &content, &body)
    }

    /// What it cosigned last of a log.
    pub(super) fn latest(&self, origin: &str) -> Result<Latest, Fault> {
        let got = self.web.agent.get(format!("{}/{}/checkpoint", self.web.base, origin_hash(origin))).call();
        let (status, _, body) = received(got)?;
        Latest::read(status, &body)
    }
}

impl Answer {
    /// By status, content type and body.
    ///
    /// # Errors
    /// [`Fault::Unreachable`] for what a witness cannot do now, [`Fault::Strange`] for a conflict that names no size.
    pub fn read(status: u16, content: &str, body: &[u8]) -> Result<Self, Fault> {
        let body = said(status, body)?;
        Ok(match status {
            200 => Self::Cosigned(body),
            // Without its type, what stands there is no size: older witnesses said so of two roots.
            409 if content == "text/x.tlog.size" => {
                let size = body.strip_suffix('\n').and_then(|size| size.parse().ok());
                Self::Conflict(size.ok_or_else(|| Fault::Strange("a conflict without a size".into()))?)
            }
            _ => Self::Refused(status, first_line(&body)),
        })
    }
}

impl Latest {
    /// By status and body.
    ///
    /// # Errors
    /// [`Fault::Unreachable`] as [`Answer::read`]; [`Fault::Refused`].
    pub fn read(status: u16, body: &[u8]) -> Result<Self, Fault> {
        let body = said(status, body)?;
        match status {
            200 => Ok(Self::Note(body)),
            404 => Ok(Self::Nothing),
            _ => Err(Fault::Refused(status, first_line(&body))),
        }
    }
}

/// As text; what a witness cannot do now is the same as no answer.
fn said(status: u16, body: &[u8]) -> Result<String, Fault> {
    let body = String::from_utf8_lossy(body).into_owned();
    if status == 429 || status > 500 {
        return Err(Fault::Unreachable(format!("{status} {}", first_line(&body))));
    }
    Ok(body)
}

/// Status, content type, body.
fn received(answered: Result<Response<Body>, ureq::Error>) -> Result<(u16, String, Vec<u8>), Fault> {
    let unreachable = |error: ureq::Error| Fault::Unreachable(error.to_string());
    let mut response = answered.map_err(unreachable)?;
    let status = response.status().as_u16();
    let content = response.headers().get(header::CONTENT_TYPE).and_then(|content| content.to_str().ok());
    let content = content.unwrap_or_default().to_owned();
    let body = response.body_mut().with_config().limit(BODY_MAX).read_to_vec().map_err(unreachable)?;
    Ok((status, content, body))
}

/// What a stranger says goes into our log: one line, nothing unseen.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => f.write_str(why),
            Self::Refused(404, _) => f.write_str("it does not know the log: `witness add-log` there"),
            Self::Refused(403, _) => f.write_str("it does not know the log's key: `witness add-log` there"),
            Self::Refused(status, why) => write!(f, "it refuses: {status} {why}"),
            Self::Strange(why) => write!(f, "it is no witness of ours: {why}"),
            Self::Ours(why) => write!(f, "it cannot be asked: {why}"),
        }
    }
}

const CONNECT_TIME: Duration = Duration::from_secs(3);
const ANSWER_TIME: Duration = Duration::from_secs(10);
const HEADERS_MAX: usize = 16 * 1024;
const BODY_MAX: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_wrongly_is_named() {
        let key = sekisho_tlog::CosigningKey::from_seed("w1", &[7; 32]).unwrap().verifying_key().to_string();
        let log = sekisho_tlog::SigningKey::from_seed("w1", &[7; 32]).unwrap().verifying_key().to_string();
        let good = rcgen::generate_simple_self_signed(vec!["w1".into()]).unwrap();
        let authority = STANDARD.encode(good.cert.der());
        let entry = |url: &str, key: &str, authority: &str| {
            Line::new(&WitnessEntry { url: url.into(), key: key.into(), authority: authority.into() })
        };
        assert!(entry("https://w1.example:8444/", &key, &authority).is_ok());
        for (url, key, authority, wrong) in [
            ("http://w1.example", &key, &authority, "url"),
            ("https://", &key, &authority, "url"),
            ("https://w1.example", &log, &authority, "key"),
            ("https://w1.example", &key[1..].to_owned(), &authority, "key"),
            ("https://w1.example", &key, &"AAAA".to_owned(), "authority"),
            ("https://w1.example", &key, &"?".to_owned(), "authority"),
        ] {
            assert_eq!(entry(url, key, authority).map(drop).map_err(|(key, _)| key), Err(wrong), "{url} {key}");
        }
    }
}
