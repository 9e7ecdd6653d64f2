//! The client.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use ureq::http::{Response, header};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::config::{Identity, LinkConfig, ServerAddress};
use crate::error::LinkError;
use crate::failure;
use crate::problem::Problem;

/// Header limit of `LEDGER.md`; we hold the ledger to its own.
const MAX_HEADERS: usize = 16 * 1024;
/// A problem document is a few lines.
const MAX_PROBLEM: usize = 64 * 1024;

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`
    Json,
    /// `application/octet-stream`: an envelope.
    OctetStream,
}

impl MediaType {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::OctetStream => "application/octet-stream",
        }
    }
}

/// How one request is made.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// A token of §L4.
    pub bearer: Option<&'a str>,
    /// How long the whole exchange may take.
    pub within: Duration,
    /// Largest body taken.
    pub limit: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { bearer: None, within: Duration::from_secs(30), limit: 4 * 1024 * 1024 }
    }
}

impl<'a> Options<'a> {
    /// Waits `seconds` for an answer that may take its time, and some more for the way.
    #[must_use]
    pub fn long_poll(seconds: u64) -> Self {
        Self { within: Duration::from_secs(seconds.min(60)) + Duration::from_secs(10), ..Self::default() }
    }

    /// With a token.
    #[must_use]
    pub fn bearer(token: &'a str) -> Self {
        Self { bearer: Some(token), ..Self::default() }
    }
}

/// A connection to one ledger; requests may run from several threads at once.
#[derive(Clone, Debug)]
pub struct Link {
    agent: Agent,
    base: String,
    server: ServerAddress,
}

impl Link {
    /// Checks address, authority and identity; connects to nothing yet.
    ///
    /// # Errors
    /// [`LinkError::BadUrl`], [`LinkError::BadAuthority`], [`LinkError::BadIdentity`].
    pub fn new(config: LinkConfig) -> Result<Self, LinkError> {
        let server = ServerAddress::parse(&config.url)?;
        let provider = Arc::new(ring::default_provider());
        check(&provider, &config)?;
        let agent = Agent::config_builder()
            .https_only(true)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // No environment variable may lead the office's records past somebody else.
            .proxy(None)
            .user_agent(concat!("sekisho/", env!("CARGO_PKG_VERSION")))
            .max_response_header_size(MAX_HEADERS)
            .timeout_connect(Some(config.connect_within))
            .tls_config(tls(provider, &config))
            .build()
            .new_agent();
        Ok(Self { agent, base: format!("https://{}", config.url["https://".len()..].trim_end_matches('/')), server })
    }

    /// Where this link leads.
    #[must_use]
    pub fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// GET `path` (beginning with `/`).
    ///
    /// # Errors
    /// [`LinkError`]; a status of 300 and above is [`LinkError::Refused`].
    pub fn get(&self, path: &str, options: &Options<'_>) -> Result<Answer, LinkError> {
        let mut request =
            self.agent.get(format!("{}{path}", self.base)).config().timeout_global(Some(options.within)).build();
        if let Some(token) = options.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.finish(path, options, request.call())
    }

    /// GET `path` and read the answer as JSON.
    ///
    /// # Errors
    /// As [`Self::get`], and [`LinkError::Malformed`].
    pub fn get_json<T: DeserializeOwned>(&self, path: &str, options: &Options<'_>) -> Result<T, LinkError> {
        self.get(path, options)?.json()
    }

    /// POST `body` to `path`. When this fails as [`LinkError::Unreachable`], the ledger may still have done what was asked.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn post(&self, path: &str, media: MediaType, body: &[u8], options: &Options<'_>) -> Result<Answer, LinkError> {
        let mut request =
            self.agent.post(format!("{}{path}", self.base)).config().timeout_global(Some(options.within)).build();
        request = request.header(header::CONTENT_TYPE, media.name());
        if let Some(token) = options.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.finish(path, options, request.send(body))
    }

    /// POST JSON to `path` and read the answer as JSON.
    ///
    /// # Errors
    /// As [`Self::post`], and [`LinkError::Malformed`].
    pub fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
        options: &Options<'_>,
    ) -> Result<T, LinkError> {
        self.post(path, MediaType::Json, body.to_string().as_bytes(), options)?.json()
    }

    fn finish(
        &self,
        path: &str,
        options: &Options<'_>,
        outcome: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer, LinkError> {
        // What stands behind `?` may name people; an error message needs only what was asked.
        let path = path.split('?').next().unwrap_or(path);
        let mut response = outcome.map_err(|error| failure::read(&self.server, path, MAX_HEADERS, error))?;
        let status = response.status().as_u16();
        let good = (200..300).contains(&status);
        let limit = if good { options.limit } else { MAX_PROBLEM };
        // ureq counts reaching the limit as exceeding it.
        let body = response.body_mut().with_config().limit(limit as u64 + 1).read_to_vec();
        let body = body.map_err(|error| failure::read(&self.server, path, limit, error))?;
        if body.len() > limit {
            return Err(LinkError::TooLarge { path: path.to_owned(), limit });
        }
        log::debug!("{path}: status {status}, {} bytes", body.len());
        if good {
            return Ok(Answer { status, path: path.to_owned(), body });
        }
        let retry_after =
            response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(LinkError::Refused(Box::new(Problem::parse(status, retry_after, &body))))
    }
}

/// ureq finds out about bad certificates and keys on the first connection, and then by a panic or an empty list of roots.
fn check(provider: &Arc<CryptoProvider>, config: &LinkConfig) -> Result<(), LinkError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(config.authority.as_slice())).map_err(LinkError::BadAuthority)?;
    let Some(Identity { certificate, key }) = &config.identity else { return Ok(()) };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.as_slice())).clone_key();
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("ring knows the suites of every version that rustls speaks")
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![CertificateDer::from(certificate.clone())], key)
        .map(drop)
        .map_err(LinkError::BadIdentity)
}

fn tls(provider: Arc<CryptoProvider>, config: &LinkConfig) -> TlsConfig {
    let identity = config.identity.as_ref().map(|identity| {
        let chain = [Certificate::from_der(&identity.certificate).to_owned()];
        let key = PrivateKey::from_pem(pem(&identity.key).as_bytes())
            .expect("PEM that we wrote, around a key that was checked");
        ClientCert::new_with_certs(&chain, key)
    });
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&[Certificate::from_der(&config.authority).to_owned()]))
        .client_cert(identity)
        .build()
}

/// ureq has a door for keys in PEM and none that can be reached for DER.
fn pem(pkcs8: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(pkcs8));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + 128));
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}
