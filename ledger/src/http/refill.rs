//! Routes by which terminals fill a log again that is behind what was signed (LEDGER §L6).

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sekisho_wire::id::Salt;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::problem::Inside;
use super::terminals::envelope_only;
use super::{Asked, Content, Hall, Json, Terminal, answer, blocking, decode, decode_array, encode};
use crate::acts::Name;
use crate::keepsake::{Handed, Keepsake};
use crate::refusal::Refusal;
use crate::store::LogName;

pub(super) async fn wanted(State(hall): State<Hall>, Terminal(caller): Terminal) -> Result<Response, Inside> {
    let wanted = blocking(move || {
        hall.ledger.admit_refiller(&caller)?;
        hall.ledger.wanted(&caller.peer.office)
    });
    let logs: Map<String, Value> = wanted
        .await?
        .into_iter()
        .map(|(log, wanted)| {
            let told = json!({"from": wanted.from, "to": wanted.to, "missing": wanted.missing});
            (log.to_string(), told)
        })
        .collect();
    Ok(answer(&Value::Object(logs)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    index: u64,
}

pub(super) async fn records(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Asked(At { index }): Asked<At>,
    headers: HeaderMap,
    content: Content,
) -> Result<Response, Inside> {
    envelope_only(&headers)?;
    let rooms = hall.rooms.clone();
    let taken = rooms.work_on_batch(caller.peer.clone(), move || {
        hall.ledger.admit_refiller(&caller)?;
        hall.ledger.refill_records(&caller.peer, index, content.bytes())
    });
    taken.await?;
    Ok(answer(&json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acts {
    from: u64,
    entries: Vec<String>,
    names: Vec<NameText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameText {
    salt: String,
    text: String,
}

pub(super) async fn register(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Json(Acts { from, entries, names }): Json<Acts>,
) -> Result<Response, Inside> {
    let entries = entries.iter().map(|entry| decode(entry, "entries")).collect::<Result<Vec<_>, _>>()?;
    let name = |NameText { salt, text }| -> Result<Name, Refusal> {
        Ok(Name { salt: Salt(decode_array(&salt, "names")?), text: Zeroizing::new(text) })
    };
    let names = names.into_iter().map(name).collect::<Result<Vec<_>, _>>()?;
    let taken = blocking(move || {
        hall.ledger.admit_refiller(&caller)?;
        hall.ledger.refill_register(&caller.peer, from, entries, &names)
    });
    taken.await?;
    Ok(answer(&json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    kept: Vec<KeptEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEntry {
    log: String,
    index: u64,
    sealed: String,
}

pub(super) async fn kept(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Json(Kept { kept }): Json<Kept>,
) -> Result<Response, Inside> {
    let keepsake = |KeptEntry { log, index, sealed }| -> Result<Keepsake, Refusal> {
        let log = LogName::from_name(&log).ok_or(Refusal::Malformed("log"))?;
        Ok(Keepsake { log, index, sealed: decode(&sealed, "sealed")? })
    };
    let kept = kept.into_iter().map(keepsake).collect::<Result<Vec<_>, _>>()?;
    let taken = blocking(move || {
        hall.ledger.admit_refiller(&caller)?;
        hall.ledger.refill_kept(&caller.peer.office, &kept)
    });
    taken.await?;
    Ok(answer(&json!({})))
}

/// What a terminal is to keep, beside the register.
pub(super) fn handed_json(handed: &Handed) -> Value {
    let entry = |keepsake: &Keepsake| json!({"log": keepsake.log.as_str(), "index": keepsake.index, "sealed": encode(&keepsake.sealed)});
    let entries: Vec<_> = handed.keepsakes.iter().map(entry).collect();
    json!({"entries": entries, "to": handed.to, "checkpoints": handed.checkpoints})
}
