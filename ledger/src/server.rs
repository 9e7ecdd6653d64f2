//! TLS and connections: who may knock, how long he may take, and how the doors close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Caller, ServerIdentity};
use crate::error::LedgerError;
use crate::http::{Hall, routes};
use crate::ledger::Ledger;

/// A server that listens and does not yet serve.
#[derive(Debug)]
pub struct Server {
    ledger: Arc<Ledger>,
    listener: TcpListener,
    config: Arc<ServerConfig>,
}

impl Server {
    /// Listens on the configured address with a fresh certificate.
    ///
    /// # Errors
    /// When the address is taken, or the certificate cannot be made.
    pub async fn bind(ledger: Arc<Ledger>) -> Result<Self, LedgerError> {
        let identity = ledger.authority.server(&ledger.config.hosts, ledger.clock.machine())?;
        let config = Arc::new(tls_config(&ledger, identity)?);
        let address = ledger.config.listen;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| LedgerError::Listen { address: address.to_string(), source })?;
        Ok(Self { ledger, listener, config })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stopping` turns true, then lets requests finish for ten seconds.
    pub async fn serve(self, stopping: watch::Receiver<bool>) {
        let hall = Hall { ledger: self.ledger, stopping: stopping.clone() };
        let service = TowerToHyperService::new(routes(hall));
        let acceptor = TlsAcceptor::from(self.config);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        let mut stop = stopping.clone();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stop.wait_for(|stopping| *stopping) => break,
            };
            // Without a free descriptor accept fails at once, again and again: breathe.
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            // Without a free place the connection is closed rather than kept waiting: the client comes again.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (acceptor, service, stopping) = (acceptor.clone(), service.clone(), stopping.clone());
            connections.spawn(async move {
                connection(stream, acceptor, service, stopping).await;
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH_TIME, finish).await.is_err() {
            log::warn!("some connections did not end in time and are cut");
        }
    }
}

type Routes = TowerToHyperService<axum::Router>;

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, service: Routes, mut stopping: watch::Receiver<bool>) {
    // A small answer must not wait for an acknowledgement of the one before.
    drop(stream.set_nodelay(true));
    let handshake = tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return log::debug!("a handshake failed: {error}"),
        Err(_) => return log::debug!("a handshake took too long"),
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let caller = certificates.and_then(|chain| chain.first()).and_then(Caller::of);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        if let Some(caller) = caller.clone() {
            request.extensions_mut().insert(caller);
        }
        service.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stopped = async move { drop(stopping.wait_for(|stopping| *stopping).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        log::debug!("a connection ended: {error}");
    }
}

/// TLS 1.3 alone. A client certificate is asked for and may be missing: people have none; routes of terminals insist.
fn tls_config(ledger: &Ledger, identity: ServerIdentity) -> Result<ServerConfig, LedgerError> {
    let failed = |error: &dyn std::fmt::Display| LedgerError::Crypto { act: "set up TLS", cause: error.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ledger.authority.certificate().clone()).map_err(|error| failed(&error))?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let clients = clients.allow_unauthenticated().build().map_err(|error| failed(&error))?;
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config.map_err(|error| failed(&error))?.with_client_cert_verifier(clients);
    let mut config = config.with_single_cert(identity.chain, identity.key).map_err(|error| failed(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

const CONNECTIONS_MAX: usize = 4096;
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Also ends connections that nobody uses any more; longer than terminals pause between two requests.
const HEADER_TIME: Duration = Duration::from_secs(60);
const HEADER_BYTES: usize = 16 * 1024;
const FINISH_TIME: Duration = Duration::from_secs(10);
