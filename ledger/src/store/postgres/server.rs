//! How a PostgreSQL server is reached: on this machine by its socket, elsewhere by TLS that shows who it is.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postgres::config::{Host, SslMode};
use postgres::error::Severity;
use postgres::{CancelToken, Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::locks::lock;

/// A database on a server.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// The one that libpq's words name. With an authority (a file of certificates in PEM) the connection is encrypted and the server has to show a certificate
    /// of that authority for the name by which it is reached; without, it is on this machine.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn at(text: &str, authority: Option<&Path>) -> Result<Self, String> {
        let mut config: Config = text.parse().map_err(|error: postgres::Error| error.to_string())?;
        if config.get_hosts().is_empty() {
            return Err("host: the folder of the server's socket, or its name".into());
        }
        // A machine that vanished must not be waited for by whoever signs.
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(30));
        }
        if !text.contains("keepalives") {
            config.keepalives_idle(Duration::from_secs(20));
        }
        if config.get_dbname().is_none() || config.get_user().is_none() {
            return Err("dbname and user are needed".into());
        }
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        let is_here = |host: &Host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
        };
        let Some(authority) = authority else {
            let here = config.get_hosts().iter().all(is_here);
            return if here {
                Ok(Self { config, tls: None })
            } else {
                Err("a server on another machine needs postgres_authority, the certificate that its own is made by"
                    .into())
            };
        };
        if config.get_hosts().iter().any(is_socket) {
            return Err("postgres_authority is for a server that is reached by its name, not by a socket".into());
        }
        // Whatever else stands in the text: no server is asked for anything before it has shown who it is.
        config.ssl_mode(SslMode::Require);
        Ok(Self { config, tls: Some(tls(authority)?) })
    }

    /// A connection.
    ///
    /// # Errors
    /// When the server cannot be reached or does not show who it is.
    pub fn connect(&self) -> Result<Client, postgres::Error> {
        self.connect_hearing(Arc::default())
    }

    /// The same. What the server warns of comes to stand in `warning`.
    pub(super) fn connect_hearing(&self, warning: Arc<Mutex<Option<String>>>) -> Result<Client, postgres::Error> {
        let mut config = self.config.clone();
        config.notice_callback(move |notice| {
            if notice.parsed_severity() == Some(Severity::Warning) {
                log::warn!("the database warns: {}", notice.message());
            }
            // Whatever language it warns in: this is where a wait for other machines is cut short.
            if notice.routine() == Some("SyncRepWaitForLSN") {
                lock(&warning).get_or_insert_with(|| format!("{}: {}", notice.code().code(), notice.message()));
            }
        });
        match &self.tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        }
    }

    /// Has the server end what a connection waits for.
    pub(super) fn cancel(&self, token: &CancelToken) -> Result<(), postgres::Error> {
        match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()),
            None => token.cancel_query(NoTls),
        }
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }
}

fn tls(authority: &Path) -> Result<MakeRustlsConnect, String> {
    let said = |error: &dyn std::fmt::Display| format!("postgres_authority {}: {error}", authority.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(authority).map_err(|error| said(&error))?;
    for certificate in certificates {
        roots.add(certificate.map_err(|error| said(&error))?).map_err(|error| said(&error))?;
    }
    if roots.is_empty() {
        return Err(said(&"there is no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| said(&error))?.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Nothing of its password.
        write!(f, "Server({})", self.database())
    }
}
