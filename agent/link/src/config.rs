//! Where the ledger is, whom to trust there, and who we are.

use std::fmt;
use std::time::Duration;

use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::error::LinkError;

/// How to reach a ledger.
pub struct LinkConfig {
    /// `https://host[:port]`, without a path.
    pub url: String,
    /// The ledger's authority certificate, DER: the only root that is trusted.
    pub authority: Vec<u8>,
    /// Whom we are to the ledger; terminals have one after enrolment, administrators never.
    pub identity: Option<Identity>,
    /// How long resolving, connecting and the TLS handshake may take together.
    pub connect_within: Duration,
}

impl LinkConfig {
    /// A link without a client certificate, with ten seconds to connect.
    #[must_use]
    pub fn new(url: String, authority: Vec<u8>) -> Self {
        Self { url, authority, identity: None, connect_within: Duration::from_secs(10) }
    }

    /// The same link under this identity.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }
}

/// A client certificate and its key.
pub struct Identity {
    /// DER.
    pub certificate: Vec<u8>,
    /// PKCS #8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Host and port out of the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// As in the URL; also the name the certificate must bear.
    pub host: String,
    /// 443 unless the URL says otherwise.
    pub port: u16,
}

impl ServerAddress {
    /// Reads `https://host[:port]`.
    ///
    /// # Errors
    /// Another scheme, a path, a query, a user name, or no host.
    pub fn parse(url: &str) -> Result<Self, LinkError> {
        let refuse = || LinkError::BadUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        let authority = uri.authority().ok_or_else(refuse)?;
        let plain = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !plain || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refuse());
        }
        Ok(Self { host: authority.host().to_owned(), port: authority.port_u16().unwrap_or(443) })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_https_url_names_a_ledger() {
        let good = [
            ("https://ledger.example", "ledger.example", 443),
            ("https://ledger.example:8443/", "ledger.example", 8443),
            ("https://127.0.0.1:9", "127.0.0.1", 9),
            ("https://[::1]:8443", "[::1]", 8443),
        ];
        for (url, host, port) in good {
            assert_eq!(ServerAddress::parse(url).unwrap(), ServerAddress { host: host.to_owned(), port }, "{url}");
        }
        for url in
            ["", "ledger.example", "http://l", "https://l/x", "https://l/?q", "https://me@l", "https://", "https:// l"]
        {
            assert!(matches!(ServerAddress::parse(url), Err(LinkError::BadUrl(_))), "{url}");
        }
    }
}
