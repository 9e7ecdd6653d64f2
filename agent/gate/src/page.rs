//! What a refused person sees: a page, or JSON for a program in the page.

use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use sekisho_wire::words::{Language, Words};
use serde_json::json;

use crate::answer::Refusal;

/// Japanese, unless the browser puts another language first.
fn language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Language::from_locale(wanted.trim_start_matches(['*', ' ']))
}

fn wants_a_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

pub(crate) fn refused(refusal: Refusal, headers: &HeaderMap) -> Response {
    let language = language(headers);
    let Words { what, next } = refusal.words(language);
    let code = refusal.name();
    if !wants_a_page(headers) {
        let told = json!({ "verdict": code, "what": what, "next": next });
        let json = [(CONTENT_TYPE, "application/json")];
        return (StatusCode::FORBIDDEN, json, told.to_string()).into_response();
    }
    let (lang, title) = match language {
        Language::Japanese => ("ja", "許可されていません"),
        Language::English => ("en", "Not permitted"),
    };
    // All of it is ours: nothing that came with the request is repeated.
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"font-family: sans-serif; font-size: 1.25rem; max-width: 40em; margin: 4em auto; padding: 0 1em\">\n\
         <h1>{title}</h1>\n<p>{what}</p>\n<p><strong>{next}</strong></p>\n<p><small>{code}</small></p>\n</body></html>\n"
    );
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}
