//! The ledger's face: routes, and what every route shares. Which route does what stands in LEDGER.md.

mod by_hand;
pub(crate) mod content;
mod logs;
mod people;
mod problem;
mod refill;
mod terminals;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use self::content::{Content, Rooms};
use crate::authority::Caller;
use crate::ledger::{CannotWrite, Ledger};
use crate::office::Office;
use crate::refusal::Refusal;
use crate::store::LogName;

/// What every handler gets.
#[derive(Clone, Debug)]
pub struct Hall {
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// Turns true when the server stops: long polls answer at once then.
    pub stopping: watch::Receiver<bool>,
    /// Where bodies find room.
    pub rooms: Rooms,
}

/// All routes.
pub fn routes(hall: Hall) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/v1/enrol", post(terminals::enrol))
        .route("/v1/terminal/register", get(terminals::register))
        .route("/v1/terminal/batches", post(terminals::batches))
        .route("/v1/terminal/seal", get(terminals::seal))
        .route("/v1/terminal/cursor", get(terminals::cursor))
        .route("/v1/terminal/certificate", post(terminals::certificate))
        .route("/v1/terminal/refill", get(refill::wanted))
        .route("/v1/terminal/refill/records", post(refill::records))
        .route("/v1/terminal/refill/register", post(refill::register))
        .route("/v1/terminal/refill/kept", post(refill::kept))
        .route("/v1/offices", post(people::found))
        .route("/v1/{office}/keys", get(logs::keys))
        .route("/v1/{office}/challenge", post(people::challenge))
        .route("/v1/{office}/token", post(people::token))
        .route("/v1/{office}/register", get(people::register))
        .route("/v1/{office}/acts", post(people::submit))
        .route("/v1/{office}/acts/{id}", get(people::act))
        .route("/v1/{office}/acts/{id}/names", get(people::act_names))
        .route("/v1/{office}/invitations", post(people::invite))
        .route("/v1/{office}/enrolments", get(people::enrolments))
        .route("/v1/{office}/search", get(people::search))
        .route("/v1/{office}/evidence/{index}", get(people::evidence))
        .route("/v1/{office}/behind", get(people::behind))
        .route("/v1/{office}/retention", get(people::retention))
        .route("/v1/{office}/terminals/{terminal}/batches", post(by_hand::batches))
        .route("/v1/{office}/terminals/{terminal}/seal", get(by_hand::seal))
        .route("/{office}/{log}/checkpoint", get(logs::checkpoint))
        .route("/{office}/{log}/tile/{*rest}", get(logs::tile))
        .fallback(|| async { Refusal::NotFound("address") })
        .method_not_allowed_fallback(|| async { Refusal::MethodWrong })
        .with_state(hall)
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready when what comes can be written and no log has stopped. Strangers hear no more than that; a terminal hears which log of its office, and why.
async fn readyz(State(hall): State<Hall>, terminal: Result<Terminal, Refusal>) -> Response {
    let ledger = Arc::clone(&hall.ledger);
    // Where the last commit failed, something is written.
    let asked = tokio::task::spawn_blocking(move || ledger.can_write()).await;
    if let Err(why) = asked.unwrap_or(Err(CannotWrite::WriterGone)) {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response();
    }
    let stopped: Vec<(OfficeId, String)> = hall.ledger.offices().iter().flat_map(|office| stopped(office)).collect();
    if stopped.is_empty() {
        return "ready\n".into_response();
    }
    let admitted = match terminal {
        Ok(Terminal(caller)) => terminals::admitted(&hall, &caller).await.is_ok().then_some(caller.peer.office),
        Err(_) => None,
    };
    let told = stopped.iter().filter(|(office, _)| Some(*office) == admitted).map(|(_, why)| why.as_str());
    let text = told.fold(String::from("a log has stopped\n"), |text, why| text + why);
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// What has stopped in an office, one line each.
fn stopped(office: &Office) -> Vec<(OfficeId, String)> {
    let line = |name| {
        let log = office.log(name);
        log.halted().map(|halt| (office.id, format!("{}: {halt}\n", log.origin())))
    };
    LogName::ALL.into_iter().filter_map(line).collect()
}

/// A request's JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Hall> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, hall: &Hall) -> Result<Self, Refusal> {
        let content = Content::from_request(request, hall).await?;
        serde_json::from_slice(content.bytes()).map(Self).map_err(|_| Refusal::Malformed("JSON"))
    }
}

/// The terminal whose certificate the handshake verified.
#[derive(Clone, Debug)]
pub struct Terminal(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Terminal {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or(Refusal::NotYou)
    }
}

/// What the address names. One that cannot be read names nothing.
#[derive(Debug)]
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(named)| Self(named)).map_err(|_| Refusal::NotFound("address"))
    }
}

/// What stands behind the question mark.
#[derive(Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(asked)| Self(asked)).map_err(|_| Refusal::Malformed("query"))
    }
}

/// An answer of JSON.
fn answer(value: &serde_json::Value) -> Response {
    let content = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, content)], value.to_string()).into_response()
}

/// Runs what blocks (disk, database, writer) beside the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Refusal::Unavailable { cause: "a request could not be worked on".into() }))
}

fn office_of(text: &str) -> Result<OfficeId, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound("office"))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

fn encode_all(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_base64).collect()
}

fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::Malformed(what))
}

fn decode_array<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], Refusal> {
    decode(text, what)?.try_into().map_err(|_| Refusal::Malformed(what))
}
