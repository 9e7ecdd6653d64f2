//! The ledger's face: routes, and what every route shares. Which route does what stands in LEDGER.md.

mod by_hand;
pub(crate) mod content;
mod logs;
pub(crate) mod people;
pub(crate) mod problem;
mod refill;
mod terminals;
pub(crate) mod visit;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Query, Request, State};
use axum::handler::Handler;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_tlog::Hash;
use sekisho_wire::id::OfficeId;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use self::content::{Content, Rooms};
use self::problem::{Refused, come_again};
use self::visit::token_of;
use crate::authority::Caller;
use crate::console::{self, api};
use crate::ledger::{CannotWrite, Ledger};
use crate::office::Office;
use crate::refusal::Refusal;
use crate::server::{InTime, in_time};
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

/// A route: one address, one method, who answers there.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) address: &'static str,
    answers: MethodRouter<Hall>,
}

pub(crate) fn get<H: Handler<T, Hall>, T: 'static>(address: &'static str, handler: H) -> Route {
    Route { method: "get", address, answers: routing::get(handler) }
}

pub(crate) fn post<H: Handler<T, Hall>, T: 'static>(address: &'static str, handler: H) -> Route {
    Route { method: "post", address, answers: routing::post(handler) }
}

fn all() -> Vec<Route> {
    vec![
        get("/healthz", healthz),
        get("/readyz", readyz),
        get("/openapi.json", openapi),
        post("/v1/enrol", terminals::enrol),
        get("/v1/terminal/register", terminals::register),
        post("/v1/terminal/batches", terminals::batches),
        get("/v1/terminal/seal", terminals::seal),
        get("/v1/terminal/cursor", terminals::cursor),
        post("/v1/terminal/certificate", terminals::certificate),
        get("/v1/terminal/refill", refill::wanted),
        post("/v1/terminal/refill/records", refill::records),
        post("/v1/terminal/refill/register", refill::register),
        post("/v1/terminal/refill/kept", refill::kept),
        post("/v1/offices", people::found),
        get("/v1/{office}/keys", logs::keys),
        post("/v1/{office}/challenge", people::challenge),
        post("/v1/{office}/token", people::token),
        get("/v1/{office}/register", people::register),
        post("/v1/{office}/acts", people::submit),
        get("/v1/{office}/acts/{id}", people::act),
        get("/v1/{office}/acts/{id}/names", people::act_names),
        get("/v1/{office}/texts", people::texts),
        post("/v1/{office}/invitations", people::invite),
        get("/v1/{office}/enrolments", people::enrolments),
        get("/v1/{office}/lost", people::lost),
        get("/v1/{office}/search", people::search),
        get("/v1/{office}/evidence/{index}", people::evidence),
        get("/v1/{office}/batches", logs::batches),
        get("/v1/{office}/behind", people::behind),
        get("/v1/{office}/watched", people::watched),
        get("/v1/{office}/retention", people::retention),
        get("/v1/{office}/media", people::media),
        post("/v1/{office}/console/links", api::link),
        get("/v1/{office}/console/wishes", api::wishes),
        post("/v1/{office}/console/wishes/{number}", api::settled),
        post("/v1/{office}/terminals/{terminal}/batches", by_hand::batches),
        get("/v1/{office}/terminals/{terminal}/seal", by_hand::seal),
        get("/{office}/{log}/checkpoint", logs::checkpoint),
        get("/{office}/{log}/tile/{*rest}", logs::tile),
    ]
}

/// Method and address of every route for programs; pages for people are [`console::addresses`].
#[must_use]
pub fn addresses() -> Vec<(&'static str, &'static str)> {
    all().into_iter().map(|route| (route.method, route.address)).collect()
}

/// All routes.
pub fn routes(hall: Hall) -> Router {
    let add = |router: Router<Hall>, Route { address, answers, .. }| router.route(address, answers);
    let counted = from_fn_with_state(hall.clone(), counted);
    let in_time = from_fn_with_state(InTime::counted_by(Arc::clone(&hall.ledger.doorkeeper)), in_time);
    let dressed = from_fn_with_state(hall.clone(), console::dressed);
    all()
        .into_iter()
        .chain(console::all())
        .fold(Router::new(), add)
        .fallback(|| async { Refusal::NotFound("address") })
        .method_not_allowed_fallback(|| async { Refusal::MethodWrong })
        .layer(in_time)
        .layer(dressed)
        .layer(counted)
        .with_state(hall)
}

/// Where to strike tells a thief as much as an operator: only terminals hear it.
const OVERDUE: &str = "no backup was verified in time\n";
const HEARS: &str = "ready; it hears others before it writes\n";
/// Counts each answer, and tells whoever is sent away when to come again.
async fn counted(State(hall): State<Hall>, request: Request, next: Next) -> Response {
    let ledger = &hall.ledger;
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (office, is_its_own) = office_asked(ledger, &request);
    let mut answer = next.run(request).await;
    let refused = answer.extensions().get::<Refused>().copied();
    let code = refused.map(|refused| refused.code);
    ledger.answers.count(route.as_ref().map(MatchedPath::as_str), answer.status().as_u16(), code);
    if refused.is_some_and(|refused| refused.passing) {
        come_again(&mut answer, ledger.send_away(office, is_its_own, hall.rooms.ahead(office)));
    }
    answer
}

/// Which office a request is about: that of the terminal that asks, else the one that the address names. And whether it is that office that asks: what a
/// stranger writes into an address must not send an office's own away for longer.
fn office_asked(ledger: &Ledger, request: &Request) -> (Option<OfficeId>, bool) {
    let caller = request.extensions().get::<Caller>().map(|caller| caller.peer.office);
    let person = || token_of(request.headers()).and_then(|token| ledger.office_of_token(token));
    let its_own = caller.or_else(person);
    let named = || request.uri().path().split('/').find_map(|part| part.parse().ok());
    let office = its_own.or_else(named).filter(|office| ledger.office(office).is_ok());
    (office, its_own.is_some())
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// What all routes take and answer; a test holds them to it.
async fn openapi() -> Response {
    let content = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, content)], include_str!("../../protocol/openapi.json")).into_response()
}

/// Ready when what comes can be written and no log has stopped. Strangers hear no more than that; a terminal hears of its own office alone: which log, and why.
async fn readyz(State(hall): State<Hall>, terminal: Result<Terminal, Refusal>) -> Response {
    let ledger = Arc::clone(&hall.ledger);
    let admitted = match terminal {
        Ok(Terminal(caller)) => terminals::admitted(&hall, &caller).await.is_ok().then_some(caller.peer.office),
        Err(_) => None,
    };
    // Where the last commit failed, something is written.
    let look =
        move || ledger.can_write(admitted.as_ref()).map(|()| matches!(ledger.backup_overdue_since(), Ok(Some(_))));
    let overdue = match tokio::task::spawn_blocking(look).await.unwrap_or(Err(CannotWrite::WriterGone)) {
        Ok(overdue) => overdue,
        Err(why) => return (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    };
    let stopped: Vec<(OfficeId, String)> = hall.ledger.offices().iter().flat_map(|office| stopped(office)).collect();
    // What another office has stopped for is no trouble of this one's.
    if admitted.map_or(stopped.is_empty(), |admitted| stopped.iter().all(|(office, _)| *office != admitted)) {
        // One that hears is to be reached: how else would it hear?
        let is_asked = |office: &OfficeId| admitted.is_none_or(|admitted| *office == admitted);
        let hears = hall.ledger.offices().iter().any(|office| is_asked(&office.id) && office.hears());
        let overdue = if overdue && admitted.is_some() { OVERDUE } else { "" };
        return format!("{}{overdue}", if hears { HEARS } else { "ready\n" }).into_response();
    }
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
pub(crate) fn answer(value: &serde_json::Value) -> Response {
    let content = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, content)], value.to_string()).into_response()
}

/// Runs what blocks (disk, database, writer) beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
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
