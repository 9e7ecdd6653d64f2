//! What the administrator's tool asks: a link, what is wished for, what became of it (LEDGER §L8).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use sekisho_register::change::{Answer, ConnectionState};
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::words::Language;
use serde::Deserialize;
use serde_json::{Value, json};

use super::guests::Hashed;
use super::hand::Hand;
use super::wishes::{Ended, Outcome, Wanted, What, Wish};
use super::{hashed, language_of_tag, language_tag, secret};
use crate::clock::Millis;
use crate::http::problem::Inside;
use crate::http::visit::Knock;
use crate::http::{Asked, Hall, Json, Named, answer};
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::visitors::ANY_ROLE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkAsked {
    language: Option<String>,
}

/// A link for whoever has the token; the token is then its companion's.
pub(crate) async fn link(
    State(hall): State<Hall>,
    knock: Knock,
    Json(asked): Json<LinkAsked>,
) -> Result<Response, Inside> {
    let ledger = &hall.ledger;
    let visitor = knock.admitted(ledger, ANY_ROLE)?;
    let language = asked.language.map(|tag| language_of_tag(&tag).ok_or(Refusal::Malformed("language"))).transpose()?;
    let companion = knock.token().map(hashed).ok_or(Refusal::TokenNeeded)?;
    let (link, now) = (secret(), ledger.clock.now());
    let language = language.unwrap_or(Language::Japanese);
    let invited = ledger.console.guests().invite(visitor, (companion, hashed(&link)), language, now);
    let expires = invited.map_err(|_| Refusal::Busy)?;
    let tag = language_tag(language);
    Ok(answer(&json!({"path": format!("/console/enter/{link}?lang={tag}"), "expires": expires})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WishesAsked {
    wait: Option<u64>,
}

/// What is wished for, as soon as something is.
pub(crate) async fn wishes(
    State(hall): State<Hall>,
    knock: Knock,
    Asked(asked): Asked<WishesAsked>,
) -> Result<Response, Inside> {
    let companion = knock.token().map(hashed).ok_or(Refusal::TokenNeeded)?;
    let mut changes = hall.ledger.console.changed.subscribe();
    let _waits = Waits::begin(&hall.ledger, companion, &knock.office)?;
    let mut stopping = hall.stopping.clone();
    let seconds = asked.wait.unwrap_or_default().min(LONGEST_WAIT);
    let wait = tokio::time::sleep(Duration::from_secs(seconds));
    tokio::pin!(wait);
    loop {
        let open = hall.ledger.open_wishes(&companion, &knock.office)?;
        if !open.is_empty() || wait.is_elapsed() {
            // Whoever does not wait only looks whether one is open still.
            let numbers: Vec<u64> = open.iter().map(|wish| wish.number).filter(|_| seconds > 0).collect();
            hall.ledger.console.guests().handed(&companion, &numbers, hall.ledger.clock.now());
            return Ok(answer(&json!({"wishes": open.iter().map(wish_json).collect::<Vec<_>>()})));
        }
        tokio::select! {
            () = wait.as_mut() => {}
            _ = changes.changed() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return Ok(answer(&json!({"wishes": []}))),
        }
    }
}

fn wish_json(wish: &Wish) -> Value {
    let mut value = match &wish.wanted {
        Wanted::Signed(what, hand) => {
            let mut value = what_json(what);
            if *hand != Hand::default() {
                value["hand"] = hand_json(hand);
            }
            value
        }
        Wanted::Evidence { index, permission: None } => json!({"evidence": index}),
        Wanted::Evidence { index, permission: Some(permission) } => {
            json!({"evidence": index, "permission": permission.as_str()})
        }
    };
    value["number"] = json!(wish.number);
    value
}

fn what_json(what: &What) -> Value {
    match what {
        What::Approve(id) => json!({"approve": id.to_string()}),
        What::Answer { act, answer: Answer::Refused, reason } => {
            json!({"refuse": act.to_string(), "reason": reason})
        }
        What::Answer { act, answer: Answer::Withdrawn, .. } => json!({"withdraw": act.to_string()}),
        What::Answer { act, answer: Answer::Reviewed, .. } => json!({"review": act.to_string()}),
        What::Open { form, filled } => json!({"open": form.name(), "fields": filled}),
        What::Step { case, step, filled } => {
            json!({"step": step.name, "case": case.to_string(), "fields": filled})
        }
        What::Change { which, filled } => json!({"change": which.name(), "fields": filled}),
        What::Connection { state, functions, incident, .. } => {
            let word = match state {
                ConnectionState::Stopped => "stop",
                ConnectionState::Connected => "open",
            };
            let functions: Vec<&str> = functions.iter().map(Code::as_str).collect();
            json!({"connection": word, "functions": functions, "incident": incident})
        }
    }
}

fn hand_json(hand: &Hand) -> Value {
    let mut value = json!({"deputy": hand.is_deputy});
    if let Some(post) = &hand.post {
        value["post"] = json!(post.as_str());
    }
    if let Some(paper) = &hand.paper {
        value["paper"] = json!({"post": paper.post.as_str(), "number": paper.number, "date": paper.date});
    }
    value
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settled {
    outcome: String,
    #[serde(default)]
    said: String,
}

#[derive(Deserialize)]
pub(crate) struct OfNumber {
    number: u64,
}

/// What became of a wish.
pub(crate) async fn settled(
    State(hall): State<Hall>,
    knock: Knock,
    Named(OfNumber { number }): Named<OfNumber>,
    Json(settled): Json<Settled>,
) -> Result<Response, Inside> {
    let companion = knock.token().map(hashed).ok_or(Refusal::TokenNeeded)?;
    hall.ledger.open_wishes(&companion, &knock.office)?;
    let outcome = match settled.outcome.as_str() {
        "done" => Outcome::Done,
        "declined" => Outcome::Declined,
        "failed" => Outcome::Failed,
        _ => return Err(Refusal::Malformed("outcome").into()),
    };
    if settled.said.len() > SAID_MAX {
        return Err(Refusal::Malformed("said").into());
    }
    let ended = Ended { outcome, said: settled.said };
    let now = hall.ledger.clock.now();
    if !hall.ledger.console.guests().settle(&companion, number, ended, now) {
        return Err(Refusal::NotFound("wish").into());
    }
    hall.ledger.console.changed();
    Ok(answer(&json!({})))
}

impl Ledger {
    /// What is wished for of whom this program accompanies, if his right still stands.
    fn open_wishes(&self, companion: &Hashed, office: &OfficeId) -> Result<Vec<Wish>, Refusal> {
        let now: Millis = self.clock.now();
        let (visitor, open) = self.console.guests().open_wishes(companion, now).ok_or(Refusal::TokenNeeded)?;
        if visitor.office != *office {
            return Err(Refusal::TokenNeeded);
        }
        self.still(visitor, ANY_ROLE)?;
        Ok(open)
    }
}

/// A request that waits. However it ends, it is known that nobody waits there any more.
struct Waits {
    ledger: Arc<Ledger>,
    companion: Hashed,
}

impl Waits {
    fn begin(ledger: &Arc<Ledger>, companion: Hashed, office: &OfficeId) -> Result<Self, Refusal> {
        ledger.open_wishes(&companion, office)?;
        let begun = ledger.console.guests().poll_begins(&companion, ledger.clock.now());
        begun.map(|_| Self { ledger: Arc::clone(ledger), companion }).ok_or(Refusal::TokenNeeded)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.ledger.console.guests().poll_ends(&self.companion, self.ledger.clock.now());
    }
}

/// Below what a request may take in all.
const LONGEST_WAIT: u64 = 55;
/// A sentence or two.
const SAID_MAX: usize = 2000;
