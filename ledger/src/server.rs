//! TLS and connections: who may knock, how long he may take, and how the doors close.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Caller, ServerIdentity};
use crate::doors::{Doors, Patient, Place};
use crate::error::LedgerError;
use crate::http::content::Rooms;
use crate::http::{Hall, routes};
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::metrics::{Cut, Doorkeeper, Listener, Refused};
use crate::refusal::Refusal;

/// A server that listens and does not yet serve.
pub struct Server {
    routes: Box<dyn FnOnce(watch::Receiver<bool>) -> Router + Send>,
    listener: TcpListener,
    config: Arc<ServerConfig>,
    doorkeeper: Arc<Doorkeeper>,
    metrics: Vec<Listener>,
}

impl Server {
    /// Listens on the configured address with a fresh certificate.
    ///
    /// # Errors
    /// When the address is taken, or the certificate cannot be made.
    pub async fn bind(ledger: Arc<Ledger>) -> Result<Self, LedgerError> {
        let identity = ledger.authority.server(&ledger.config.hosts, ledger.clock.machine())?;
        let config = tls_config(identity, Some(ledger.authority.certificate()))?;
        let address = ledger.config.listen;
        let metrics: Vec<Listener> = Listener::on_port(&ledger).await?.into_iter().collect();
        if let Some(address) = metrics.first().and_then(Listener::address) {
            log::info!("numbers for Prometheus at http://{address}/metrics");
        }
        let doorkeeper = Arc::clone(&ledger.doorkeeper);
        let routes = |stopping| routes(Hall { ledger, stopping, rooms: Rooms::default() });
        Ok(Self { metrics, ..Self::listen(address, config, doorkeeper, routes).await? })
    }

    /// Has it show its numbers at this socket, too. A ledger whose numbers nobody can read serves all the same.
    pub fn show_numbers_at(&mut self, ledger: &Arc<Ledger>, socket: &Path) {
        match Listener::on_socket(ledger, socket) {
            Ok(listener) => self.metrics.push(listener),
            Err(error) => log::warn!("nobody can read numbers at {}: {error}", socket.display()),
        }
    }

    /// Listens on an address under this TLS configuration; who is turned away is counted there.
    pub(crate) async fn listen(
        address: SocketAddr,
        config: ServerConfig,
        doorkeeper: Arc<Doorkeeper>,
        routes: impl FnOnce(watch::Receiver<bool>) -> Router + Send + 'static,
    ) -> Result<Self, LedgerError> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| LedgerError::Listen { address: address.to_string(), source })?;
        Ok(Self { routes: Box::new(routes), listener, config: Arc::new(config), doorkeeper, metrics: Vec::new() })
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
        let service = TowerToHyperService::new((self.routes)(stopping.clone()));
        let acceptor = TlsAcceptor::from(self.config);
        let doors = Doors::new(connections_max());
        let mut connections = JoinSet::new();
        let mut stopped = stopping.clone();
        for metrics in self.metrics {
            connections.spawn(metrics.serve(stopping.clone()));
        }
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopped.wait_for(|stopping| *stopping) => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                // Out of file descriptors, say: a pause lets some come free.
                Err(error) => {
                    self.doorkeeper.refused(Refused::Machine);
                    log::warn!("cannot take a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Beyond the limits a connection is closed: the client comes again.
            let place = match doors.enter(address.ip()) {
                Ok(place) => place,
                Err(why) => {
                    self.doorkeeper.refused(why);
                    continue;
                }
            };
            let (acceptor, service, stopping) = (acceptor.clone(), service.clone(), stopping.clone());
            let doorkeeper = Arc::clone(&self.doorkeeper);
            connections.spawn(connection(stream, acceptor, service, stopping, place, doorkeeper));
            while connections.try_join_next().is_some() {}
        }
        drop(self.listener);
        let finish = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH_TIME, finish).await.is_err() {
            log::warn!("some connections did not end in time and are cut");
        }
    }
}

type Routes = TowerToHyperService<Router>;

/// The place of the connection that a request came by.
#[derive(Clone, Debug)]
pub(crate) struct Seat(Arc<Mutex<Place>>);

impl Seat {
    /// The request showed what only this one has whom we wait for.
    pub(crate) fn is_expected(&self, name: &str) {
        lock(&self.0).is_expected(name);
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    service: Routes,
    mut stopping: watch::Receiver<bool>,
    mut place: Place,
    doorkeeper: Arc<Doorkeeper>,
) {
    // A small answer must not wait for an acknowledgement of the one before.
    drop(stream.set_nodelay(true));
    let handshake = tokio::time::timeout(place.handshake_time(), acceptor.accept(stream)).await;
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            doorkeeper.refused(Refused::handshake(&error));
            return log::debug!("a handshake failed: {error}");
        }
        Err(_) => return doorkeeper.refused(Refused::HandshakeSlow),
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let caller = certificates.and_then(|chain| chain.first()).and_then(Caller::of);
    let (stays, why) = match &caller {
        Some(caller) => (place.belongs_to(&caller.peer), Refused::Terminal),
        None => (place.stays_stranger(), Refused::Strangers),
    };
    if !stays {
        return doorkeeper.refused(why);
    }
    let place = Arc::new(Mutex::new(place));
    let asks = Arc::new(AtomicBool::new(true));
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        if let Some(caller) = caller.clone() {
            request.extensions_mut().insert(caller);
        }
        request.extensions_mut().insert(Seat(Arc::clone(&place)));
        service.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
    let connection = http.serve_connection(TokioIo::new(Patient::new(stream, WRITE_TIME, Arc::clone(&asks))), service);
    tokio::pin!(connection);
    let ending = async move {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = tokio::time::sleep(CONNECTION_TIME) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ending => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(REQUEST_TIME, connection).await {
                Ok(ended) => ended,
                Err(_) => return log::debug!("a connection did not end and is cut"),
            }
        }
    };
    if let Err(error) = ended {
        Cut::connection(&error, asks.load(Ordering::Relaxed)).into_iter().for_each(|why| doorkeeper.cut(why));
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        log::debug!("a connection ended: {error}{cause}");
    }
}

/// Answers what takes too long. A layer of every router that is served here, below what counts answers.
pub(crate) async fn in_time(State(limit): State<InTime>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit.time, next.run(request)).await.unwrap_or_else(|_| {
        limit.keeper.cut(Cut::Late);
        Refusal::Unavailable { cause: "a request took too long".into() }.into_response()
    })
}

/// As many connections as there may be file descriptors for, with some left for the database and its readers.
fn connections_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // As far as an ordinary process may: the usual 1024 are for programs that use select().
    let raised = Rlimit { current: limit.maximum, ..limit };
    let raised = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    let files = raised.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    files.saturating_sub(FILES_OF_OUR_OWN).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
}

/// TLS 1.3 alone. Where clients are certified, a certificate is asked for and may be missing: people have none; routes of terminals insist.
pub(crate) fn tls_config(
    identity: ServerIdentity,
    clients: Option<&CertificateDer<'static>>,
) -> Result<ServerConfig, LedgerError> {
    let failed = |error: &dyn std::fmt::Display| LedgerError::Crypto { act: "set up TLS", cause: error.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_protocol_versions(&[&rustls::version::TLS13]).map_err(|error| failed(&error))?;
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.clone()).map_err(|error| failed(&error))?;
            let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let clients = clients.allow_unauthenticated().build().map_err(|error| failed(&error))?;
            config.with_client_cert_verifier(clients)
        }
    };
    let mut config = config.with_single_cert(identity.chain, identity.key).map_err(|error| failed(&error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({:?})", self.listener)
    }
}

/// How long an answer may take, and who counts those that took longer.
#[derive(Clone, Debug)]
pub(crate) struct InTime {
    keeper: Arc<Doorkeeper>,
    time: Duration,
}

impl InTime {
    pub(crate) const fn counted_by(keeper: Arc<Doorkeeper>) -> Self {
        Self { keeper, time: REQUEST_TIME }
    }
}

const CONNECTIONS_MAX: usize = 4096;
const CONNECTIONS_MIN: usize = 16;
const FILES_OF_OUR_OWN: usize = 256;
/// To send the head of a request (LEDGER, limits). Also ends connections that nobody uses any more.
const HEADER_TIME: Duration = Duration::from_secs(30);
const HEADER_BYTES: usize = 16 * 1024;
/// From the head of a request to its answer: the body's 30 seconds, the longest poll, and the writer.
const REQUEST_TIME: Duration = Duration::from_secs(120);
/// Without a byte taken by the client.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// However busy: whoever reads a byte now and then holds no place for ever.
const CONNECTION_TIME: Duration = Duration::from_secs(15 * 60);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const FINISH_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;

    use super::*;

    #[test]
    fn an_answer_that_takes_too_long_is_counted_and_says_to_come_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let keeper = Arc::<Doorkeeper>::default();
        let limit = InTime { time: Duration::from_millis(20), ..InTime::counted_by(Arc::clone(&keeper)) };
        let routes = Router::new().route("/", get(std::future::pending::<()>)).route("/soon", get(async || "soon"));
        let routes = TowerToHyperService::new(routes.layer(from_fn_with_state(limit, in_time)));
        let ask = |path| {
            let request = hyper::Request::builder().uri(path).body(Body::empty()).unwrap();
            runtime.block_on(routes.call(request)).unwrap()
        };
        assert_eq!(ask("/soon").status(), 200);
        let late = ask("/");
        assert_eq!(late.status(), 503);
        let body = runtime.block_on(axum::body::to_bytes(late.into_body(), 4096)).unwrap();
        assert!(String::from_utf8_lossy(&body).contains("\"unavailable\""), "come again");
        assert_eq!(keeper.cut_so_far().into_iter().map(|(_, count)| count).sum::<u64>(), 1);
    }
}
