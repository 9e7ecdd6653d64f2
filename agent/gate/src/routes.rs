//! `/authorize`, `/refused`, `/complete`.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use sekisho_ipc::{AuthorizeRequest, RecordRef};
use tokio::sync::Semaphore;

use crate::answer::{self, Grant, Refusal};
use crate::page;
use crate::question::{self, Wrong};

const RECORD: HeaderName = HeaderName::from_static("sekisho-record");
const DECISION: HeaderName = HeaderName::from_static("sekisho-decision");
const VERDICT: HeaderName = HeaderName::from_static("sekisho-verdict");

/// So many requests may wait for a PIN at a time. The agent shows one after the other, and has a place for each connection of ours.
const WAITS: usize = 8;

/// What all requests share.
struct Gate {
    agent: PathBuf,
    waits: Semaphore,
}

type Shared = Arc<Gate>;

pub(crate) fn routes(agent: PathBuf) -> Router {
    Router::new()
        .route("/authorize", any(authorize))
        .route("/refused", any(refused))
        .route("/complete", post(complete))
        .with_state(Arc::new(Gate { agent, waits: Semaphore::new(WAITS) }))
}

/// Does what waits, on a thread for waiting.
async fn waiting<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refusal::NoAgent))
}

fn understood<T>(question: Result<T, Wrong>) -> Result<T, Refusal> {
    question.map_err(|Wrong(header)| {
        log::warn!("the proxy's header {header} is missing, doubled, or not what it may be");
        Refusal::QuestionWrong
    })
}

/// 204 lets the request through; 403 is the only other answer that every proxy takes for a refusal.
async fn authorize(State(gate): State<Shared>, headers: HeaderMap) -> Response {
    let answer = match understood(question::authorize(&headers)) {
        Ok(request) => asked(gate, request).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(Grant { record, decision }) => {
            let headers = [record.and_then(named), decision.and_then(|text| value(DECISION, &text))];
            (StatusCode::NO_CONTENT, headers.into_iter().flatten().collect::<HeaderMap>()).into_response()
        }
        Err(refusal) => (StatusCode::FORBIDDEN, [(VERDICT, refusal.name())]).into_response(),
    }
}

/// Asks the agent. A proxy that closes its connection ends this, and by what is dropped then the agent hears that nobody waits.
async fn asked(gate: Shared, mut request: AuthorizeRequest) -> Result<Grant, Refusal> {
    // Only what waits for a person takes one of the places for that.
    let permit = request.wait.filter(|wait| *wait > 0).map(|_| gate.waits.try_acquire());
    if matches!(permit, Some(Err(_))) {
        request.wait = None;
    }
    let agent = gate.agent.clone();
    let (client, hang_up) = waiting(move || answer::connect(&agent)).await?;
    let granted = waiting(move || answer::authorize(client, &request)).await;
    drop((permit, hang_up));
    granted
}

/// What the proxy shows in place of the page, with the verdict that it was given.
async fn refused(headers: HeaderMap) -> Response {
    let name = headers.get(VERDICT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    page::refused(Refusal::from_name(name), &headers)
}

/// What came of a grant. The headers are such as no form can send: a page of strangers cannot report.
async fn complete(State(gate): State<Shared>, headers: HeaderMap) -> Response {
    let reported = match understood(question::complete(&headers)) {
        Ok(report) => waiting(move || answer::complete(&gate.agent, &report)).await,
        Err(refusal) => Err(refusal),
    };
    match reported {
        Ok(record) => (StatusCode::NO_CONTENT, named(record).into_iter().collect::<HeaderMap>()).into_response(),
        Err(refusal) => page::refused(refusal, &headers),
    }
}

fn named(RecordRef { epoch, seq }: RecordRef) -> Option<(HeaderName, HeaderValue)> {
    value(RECORD, &format!("{epoch}:{seq}"))
}

fn value(name: HeaderName, text: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name, text.parse().ok()?))
}
