//! What a witness answers over HTTP (tlog §13).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use sekisho_tlog::AddCheckpoint;
use sekisho_tlog::witness::NotCosigned;
use tokio::sync::Semaphore;

use super::{Answered, Declined, Witness};
use crate::http::problem::come_again;
use crate::patience;
use crate::server::Seat;

/// What every handler gets.
#[derive(Clone)]
struct Desk {
    witness: Arc<Witness>,
    /// So many requests are worked on at a time: each may wait for the disk.
    turns: Arc<Semaphore>,
}

pub(super) fn routes(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(Desk { witness, turns: Arc::new(Semaphore::new(TURNS)) })
}

async fn add_checkpoint(State(desk): State<Desk>, seat: Option<Extension<Seat>>, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return said(StatusCode::BAD_REQUEST, "the body broke off, or is longer than 64 KiB"),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 seconds"),
    };
    let read = std::str::from_utf8(&body).ok().map(AddCheckpoint::parse);
    let request = match read {
        Some(Ok(request)) => request,
        Some(Err(error)) => return said(StatusCode::BAD_REQUEST, &error.to_string()),
        None => return said(StatusCode::BAD_REQUEST, "the body is not UTF-8"),
    };
    let Ok(turn) = desk.turns.try_acquire_owned() else { return later("too many requests wait") };
    let origin = request.origin().to_owned();
    // The turn ends with the work, not with the request: whoever hangs up leaves the disk at work all the same.
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        desk.witness.cosign(&request)
    });
    match work.await {
        Ok(Ok(Answered { line, is_news })) => {
            // Only its ledger has what nobody has seen: a crowd of strangers must not keep that out.
            if let Some(Extension(seat)) = seat.filter(|_| is_news) {
                seat.is_expected(&origin);
            }
            text(StatusCode::OK, "text/plain; charset=utf-8", line)
        }
        Ok(Err(declined)) => declined.into_response(),
        Err(_) => later("the request could not be worked on"),
    }
}

/// What was cosigned last.
async fn checkpoint(State(desk): State<Desk>, Path(origin): Path<String>) -> Response {
    let Desk { witness, turns } = desk;
    let Ok(turn) = turns.try_acquire_owned() else { return later("too many requests wait") };
    // Beside the runtime: whoever cosigns holds it while the disk works.
    let latest = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        witness.latest(&origin)
    });
    match latest.await {
        Ok(Some(note)) => text(StatusCode::OK, "text/plain; charset=utf-8", note),
        Ok(None) => said(StatusCode::NOT_FOUND, "nothing of this log was cosigned here"),
        Err(_) => later("the request could not be worked on"),
    }
}

impl IntoResponse for Declined {
    fn into_response(self) -> Response {
        match &self {
            Self::UnknownLog => said(StatusCode::NOT_FOUND, &self.to_string()),
            Self::NotCosigned(NotCosigned::Conflict { size }) => {
                text(StatusCode::CONFLICT, "text/x.tlog.size", format!("{size}\n"))
            }
            Self::NotCosigned(why) => {
                said(StatusCode::from_u16(why.status()).unwrap_or(StatusCode::BAD_REQUEST), &self.to_string())
            }
            Self::Forgotten => said(StatusCode::INTERNAL_SERVER_ERROR, &self.to_string()),
            Self::Disk(error) => {
                log::error!("{self}: {error}");
                later(&self.to_string())
            }
        }
    }
}

/// Come again.
fn later(why: &str) -> Response {
    let mut response = said(StatusCode::SERVICE_UNAVAILABLE, why);
    come_again(&mut response, patience::shortest());
    response
}

fn said(status: StatusCode, why: &str) -> Response {
    text(status, "text/plain; charset=utf-8", format!("{why}\n"))
}

fn text(status: StatusCode, content: &'static str, body: String) -> Response {
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(content)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (status, headers, body).into_response()
}

/// A proof of 63 hashes is 3 KiB, a checkpoint with 16 signatures of any kind 54 KiB.
const BODY_MAX: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(10);
const TURNS: usize = 64;
