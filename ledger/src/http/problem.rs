//! Refusals as `application/problem+json`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sekisho_wire::words::Language;
use serde_json::{Value, json};

use crate::patience;
use crate::refusal::{Place, Refusal, Text};
use crate::stage::class_number;

/// By which code an answer refuses; for who counts them, and says when to come again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    /// Whether the same may be taken later.
    pub(super) passing: bool,
}

/// A refusal for a terminal or a person of the office: strangers are not told why a log has stopped.
#[derive(Debug)]
pub(crate) struct Inside(pub(crate) Refusal);

impl From<Refusal> for Inside {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Inside {
    fn into_response(self) -> Response {
        problem(&self.0, Refusal::text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        problem(&self, Refusal::public_text)
    }
}

fn problem(refusal: &Refusal, words: impl Fn(&Refusal, Language) -> Text) -> Response {
    let (status, code) = refusal.code();
    if let Refusal::Unavailable { cause } = refusal {
        log::error!("a request failed: {cause}");
    }
    let (detail, next_step) = words(refusal, Language::English);
    let (detail_ja, next_step_ja) = words(refusal, Language::Japanese);
    let mut body = json!({
        "code": code,
        "detail": detail,
        "detail_ja": detail_ja,
        "next_step": next_step,
        "next_step_ja": next_step_ja,
    });
    if let Value::Object(body) = &mut body {
        body.extend(refusal.facts());
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content = HeaderValue::from_static("application/problem+json");
    let mut response = (status, [(CONTENT_TYPE, content)], body.to_string()).into_response();
    let passing = matches!(refusal, Refusal::Busy | Refusal::Unavailable { .. } | Refusal::Hears(_));
    response.extensions_mut().insert(Refused { code, passing });
    if passing {
        // Whoever knows how much waits says more (`http.rs`).
        come_again(&mut response, patience::shortest());
    }
    response
}

/// After how many seconds.
pub(crate) fn come_again(response: &mut Response, seconds: u64) {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
}

impl Refusal {
    fn facts(&self) -> serde_json::Map<String, Value> {
        let mut facts = serde_json::Map::new();
        let mut put = |key: &str, value: Value| drop(facts.insert(key.into(), value));
        if let Self::Gap(place) | Self::Fork(place) | Self::WrongChain(place) = self {
            let Place { epoch, expected, chain } = place;
            put("epoch", json!(epoch));
            put("expected", json!(expected));
            put("chain", json!(chain.to_base64()));
        }
        if let Self::Act(refusal) = self {
            put("reason", json!(refusal.code()));
        }
        if let Self::EpochNotOpen { epoch, open } | Self::EpochClosed { epoch, open } = self {
            put("epoch", json!(epoch));
            put("open", json!(open));
        }
        if let Self::Destroyed { class, month, act, .. } = self {
            put("class", json!(class_number(*class)));
            put("month", json!(month.0));
            put("act", json!(act));
        }
        facts
    }
}
