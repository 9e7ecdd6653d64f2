//! `/authorize`, `/refused`, `/complete`.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use sekisho_ipc::RecordRef;

use crate::answer::{self, Grant, Refusal};
use crate::page;
use crate::question::{self, Wrong};

const RECORD: HeaderName = HeaderName::from_static("sekisho-record");
const DECISION: HeaderName = HeaderName::from_static("sekisho-decision");
const VERDICT: HeaderName = HeaderName::from_static("sekisho-verdict");

type Agent = Arc<PathBuf>;

pub(crate) fn routes(agent: PathBuf) -> Router {
    Router::new()
        .route("/authorize", any(authorize))
        .route("/refused", any(refused))
        .route("/complete", post(complete))
        .with_state(Arc::new(agent))
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
async fn authorize(State(agent): State<Agent>, headers: HeaderMap) -> Response {
    let asked = understood(question::authorize(&headers));
    let answer = match asked {
        Ok(request) => waiting(move || answer::authorize(&agent, &request)).await,
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

/// What the proxy shows in place of the page, with the verdict that it was given.
async fn refused(headers: HeaderMap) -> Response {
    let name = headers.get(VERDICT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    page::refused(Refusal::from_name(name), &headers)
}

/// What came of a grant. The headers are such as no form can send: a page of strangers cannot report.
async fn complete(State(agent): State<Agent>, headers: HeaderMap) -> Response {
    let reported = match understood(question::complete(&headers)) {
        Ok(report) => waiting(move || answer::complete(&agent, &report)).await,
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
