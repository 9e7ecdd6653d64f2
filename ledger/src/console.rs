//! The web console (README, "The console"): pages for officers, administrators and auditors, HTML that works without any script.
//!
//! Whoever is in it came by a link that his card asked for (LEDGER §L8). Nothing is decided here: what has to be signed is wished for, and the
//! administrator's tool beside the browser shows it as text and lets the card sign.

pub(crate) mod api;
mod beside;
mod blanks;
mod chart;
mod door;
mod dressed;
mod duties;
mod guests;
mod hand;
mod html;
mod judged;
mod known;
mod lacks;
mod names;
mod pages;
mod paging;
mod spoken;
mod today;
mod visit;
mod wishes;
mod written;

use std::sync::{Mutex, MutexGuard};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use sekisho_wire::words::Language;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

pub(crate) use self::dressed::dressed;
use self::guests::{Guests, Hashed};
use crate::http::{Route, get, post};
use crate::locks::lock;

/// The console's memory: a restart asks everybody for his card again.
#[derive(Debug)]
pub(crate) struct Console {
    guests: Mutex<Guests>,
    /// Counts whatever may interest who waits for wishes.
    changed: watch::Sender<u64>,
}

impl Default for Console {
    fn default() -> Self {
        Self { guests: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

impl Console {
    fn guests(&self) -> MutexGuard<'_, Guests> {
        lock(&self.guests)
    }

    /// Whoever waits looks again.
    fn changed(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

/// Every page.
pub(crate) fn all() -> Vec<Route> {
    vec![
        get("/console", pages::start::start),
        get("/console/style.css", style),
        get("/console/enter/{link}", door::shown),
        post("/console/enter/{link}", door::entered),
        post("/console/leave", door::left),
        post("/console/language", door::language),
        get("/console/terminals", pages::terminals::terminals),
        get("/console/records", pages::records::search),
        get("/console/records/{index}", pages::records::record),
        get("/console/records/{index}/evidence.json", pages::records::evidence),
        post("/console/records/{index}/wish", pages::records::wish),
        get("/console/review", pages::review::review),
        get("/console/registers", pages::registers::list),
        get("/console/registers/{which}", pages::registers::one),
        get("/console/acts", pages::acts::list),
        get("/console/acts/{index}", pages::acts::one),
        get("/console/proposals", pages::proposals::list),
        get("/console/proposals/{id}", pages::proposals::one),
        post("/console/proposals/{id}/wish", pages::proposals::wish),
        post("/console/proposals/{id}/refuse", pages::proposals::refuse),
        post("/console/proposals/{id}/withdraw", pages::proposals::withdraw),
        post("/console/reviews/{id}", pages::reviews::wish),
        get("/console/cases", pages::cases::list),
        get("/console/cases/{case}", pages::cases::one),
        get("/console/cases/{case}/{step}", pages::steps::step),
        post("/console/cases/{case}/{step}", pages::steps::take),
        get("/console/forms", pages::steps::forms),
        get("/console/forms/{name}", pages::steps::form),
        post("/console/forms/{name}", pages::steps::open),
        get("/console/changes", pages::changes::list),
        get("/console/changes/{name}", pages::changes::form),
        post("/console/changes/{name}", pages::changes::wish),
        get("/console/wishes/{number}", pages::wish::one),
        get("/console/incidents", pages::incidents::list),
        get("/console/connection", pages::connection::state),
        get("/console/connection/{what}", pages::connection::sure),
        post("/console/connection/{what}", pages::connection::wish),
        get("/console/retention", pages::retention::kept),
        get("/console/usage", pages::usage::usage),
        get("/console/help", pages::help::help),
    ]
}

/// Method and address of every page.
#[must_use]
pub fn addresses() -> Vec<(&'static str, &'static str)> {
    all().into_iter().map(|route| (route.method, route.address)).collect()
}

/// Whether this is an address of the console.
fn is_console(path: &str) -> bool {
    path == "/console" || path.starts_with("/console/")
}

async fn style() -> Response {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    let caching = HeaderValue::from_static("max-age=3600");
    ([(CONTENT_TYPE, css), (CACHE_CONTROL, caching)], include_str!("console/style.css")).into_response()
}

/// What is kept of a secret.
fn hashed(secret: &str) -> Hashed {
    Sha256::digest(secret.as_bytes()).into()
}

/// A secret that nobody guesses.
fn secret() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(crate::random::bytes::<32>())
}

/// A cookie that the browser sent.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(axum::http::header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(of, _)| *of == name).map(|(_, value)| value).next()
}

/// A language by its tag.
fn language_of_tag(tag: &str) -> Option<Language> {
    match tag {
        "ja" => Some(Language::Japanese),
        "en" => Some(Language::English),
        _ => None,
    }
}

/// The tag of a language.
const fn language_tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Japanese => "ja",
    }
}

/// The session's cookie. `__Host-`: the browser takes it over TLS from this host alone, and gives it to no other.
const SESSION: &str = "__Host-sekisho";
/// The cookie of whoever looks at a link.
const DOOR: &str = "__Host-sekisho-door";
