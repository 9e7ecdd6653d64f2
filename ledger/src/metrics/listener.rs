//! Where the numbers are read: a socket in a directory that one group may enter, and on a port of this machine where somebody says so. What scrapes has no card
//! to sign with, and a certificate for it would be one more secret that somebody has to renew and revoke; a group is a role that needs none.

use std::collections::VecDeque;
use std::fs::Permissions;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::text::Text;
use crate::error::LedgerError;
use crate::ledger::Ledger;

/// A socket or a port, before it serves.
#[derive(Debug)]
pub(crate) struct Listener {
    place: Place,
    desk: Desk,
}

#[derive(Debug)]
enum Place {
    Port(TcpListener),
    /// Which file it is: another that lies there when we end is not ours to remove.
    Socket(UnixListener, PathBuf, (u64, u64)),
}

/// A reader's connection, from either.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

#[derive(Clone, Debug)]
struct Desk {
    ledger: Arc<Ledger>,
    /// One asks the disk at a time: where it does not come back, others are not sent after it.
    disk: Arc<Semaphore>,
}

impl Listener {
    /// Listens on the port that the configuration names; nothing where it names none.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn on_port(ledger: &Arc<Ledger>) -> Result<Option<Self>, LedgerError> {
        let Some(address) = ledger.config.metrics else { return Ok(None) };
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| LedgerError::Listen { address: address.to_string(), source })?;
        Ok(Some(Self::at(Place::Port(listener), ledger)))
    }

    /// Listens on a socket for its owner and its group: the directory's, where that hands its group on (`tmpfiles.d`).
    ///
    /// # Errors
    /// When there is no such directory, or something else lies there.
    pub(crate) fn on_socket(ledger: &Arc<Ledger>, path: &Path) -> std::io::Result<Self> {
        // What an earlier run left. One at which somebody listens stays and is in the way, and so does anything else.
        match std::fs::symlink_metadata(path) {
            Ok(there) if there.file_type().is_socket() && StdStream::connect(path).is_err() => {
                std::fs::remove_file(path)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o660))?;
        let ours = std::fs::symlink_metadata(path)?;
        Ok(Self::at(Place::Socket(listener, path.into(), (ours.dev(), ours.ino())), ledger))
    }

    fn at(place: Place, ledger: &Arc<Ledger>) -> Self {
        Self { place, desk: Desk { ledger: Arc::clone(ledger), disk: Arc::new(Semaphore::new(1)) } }
    }

    /// The port, if it is one.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.place {
            Place::Port(listener) => listener.local_addr().ok(),
            Place::Socket(..) => None,
        }
    }

    /// Serves some readers at a time, until `stopping` turns true: one that connects and says nothing keeps no other waiting.
    pub(crate) async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let routes = Router::new().route("/metrics", get(metrics)).with_state(self.desk);
        let service = TowerToHyperService::new(routes);
        let mut readers: VecDeque<JoinHandle<()>> = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.place.accept() => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            let Ok(stream) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            readers.retain(|reader| !reader.is_finished());
            // Who has been here longest makes room: one that asks as it should has gone by then.
            if readers.len() >= READERS_MAX
                && let Some(oldest) = readers.pop_front()
            {
                oldest.abort();
            }
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            let served = http.serve_connection(TokioIo::new(stream), service.clone());
            // Who is cut off comes again.
            readers.push_back(tokio::spawn(async move { drop(tokio::time::timeout(CONNECTION, served).await) }));
        }
        readers.iter().for_each(JoinHandle::abort);
        if let Place::Socket(_, path, ours) = &self.place
            && std::fs::symlink_metadata(path).is_ok_and(|there| (there.dev(), there.ino()) == *ours)
        {
            drop(std::fs::remove_file(path));
        }
    }
}

impl Place {
    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Port(listener) => Box::new(listener.accept().await?.0),
            Self::Socket(listener, ..) => Box::new(listener.accept().await?.0),
        })
    }
}

async fn metrics(State(desk): State<Desk>) -> Response {
    let mut text = Text::default();
    desk.ledger.numbers_at_hand(&mut text);
    let mut page = text.finish();
    if let Ok(turn) = desk.disk.try_acquire_owned() {
        let ledger = Arc::clone(&desk.ledger);
        let asked = tokio::task::spawn_blocking(move || {
            let mut text = Text::default();
            ledger.numbers_of_the_disk(&mut text);
            drop(turn);
            text.finish()
        });
        if let Ok(Ok(of_the_disk)) = tokio::time::timeout(PATIENCE, asked).await {
            page += &of_the_disk;
        }
    }
    let content = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, content)], page).into_response()
}

/// For the head of a request, and for the disk.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_secs(15);
/// One that scrapes has one connection.
const READERS_MAX: usize = 64;
const PAUSE: Duration = Duration::from_millis(100);
