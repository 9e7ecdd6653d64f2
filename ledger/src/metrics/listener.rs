//! Where the numbers are read: a port of its own, on this machine alone. What scrapes has no card to sign with, and a certificate for it would
//! be one more secret that somebody has to renew and revoke; who may run programs on the ledger's machine can see more than these numbers.

use std::net::SocketAddr;
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
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::text::Text;
use crate::error::LedgerError;
use crate::ledger::Ledger;

/// The port, before it serves.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    desk: Desk,
}

#[derive(Clone, Debug)]
struct Desk {
    ledger: Arc<Ledger>,
    /// One asks the disk at a time: where it does not come back, others are not sent after it.
    disk: Arc<Semaphore>,
}

impl Listener {
    /// Listens where the configuration says; nothing where it says nothing.
    ///
    /// # Errors
    /// When the address is taken.
    pub(crate) async fn bind(ledger: &Arc<Ledger>) -> Result<Option<Self>, LedgerError> {
        let Some(address) = ledger.config.metrics else { return Ok(None) };
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| LedgerError::Listen { address: address.to_string(), source })?;
        let desk = Desk { ledger: Arc::clone(ledger), disk: Arc::new(Semaphore::new(1)) };
        Ok(Some(Self { listener, desk }))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket does not say.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves, one reader after the other, until `stopping` turns true.
    pub(crate) async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let routes = Router::new().route("/metrics", get(metrics)).with_state(self.desk);
        let service = TowerToHyperService::new(routes);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).keep_alive(false);
            let served = http.serve_connection(TokioIo::new(stream), service.clone());
            // Who is cut off comes again.
            drop(tokio::time::timeout(CONNECTION, served).await);
        }
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
const PAUSE: Duration = Duration::from_millis(100);
