//! Routes of terminals (LEDGER §L3).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use axum::response::Response;
use sekisho_wire::id::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Content, Hall, Json, Terminal, answer, blocking, decode, decode_array, encode, encode_all, office_of};
use crate::acts::Name;
use crate::authority::{Caller, Peer};
use crate::code::CodeSecret;
use crate::enrol::Applicant;
use crate::office::Office;
use crate::people::Visitor;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::terminals::{RegisterPart, SealedRange};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrol {
    secret: String,
    office: String,
    terminal: String,
    key: String,
    csr: String,
    proof: String,
}

pub(super) async fn enrol(State(hall): State<Hall>, Json(enrol): Json<Enrol>) -> Result<Response, Refusal> {
    let terminal = Code::new(&enrol.terminal).map_err(|_| Refusal::Malformed("terminal"))?;
    let applicant = Applicant {
        peer: Peer { office: office_of(&enrol.office)?, terminal },
        secret: CodeSecret::from_base64(&enrol.secret).ok_or(Refusal::Malformed("secret"))?,
        key: decode_array(&enrol.key, "key")?,
        request: decode(&enrol.csr, "csr")?,
        proof: decode_array(&enrol.proof, "proof")?,
    };
    let certificate = blocking(move || hall.ledger.enrol(applicant)).await?;
    Ok(answer(&json!({"certificate": encode(certificate)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    csr: String,
}

pub(super) async fn certificate(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Json(renewal): Json<Renewal>,
) -> Result<Response, Refusal> {
    let request = decode(&renewal.csr, "csr")?;
    let certificate = blocking(move || hall.ledger.renew(&caller, &request)).await?;
    Ok(answer(&json!({"certificate": encode(certificate)})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    from: u64,
    #[serde(default)]
    wait: u64,
}

pub(super) async fn register(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    query: Result<Query<From>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = query.map_err(|_| Refusal::Malformed("query"))?;
    let office = hall.ledger.office(&caller.peer.office)?;
    admitted(&hall, &caller).await?;
    register_answer(hall, office, &asked, Reader::Terminal(caller)).await
}

/// Beside the runtime, for the store is asked.
async fn admitted(hall: &Hall, caller: &Caller) -> Result<(), Refusal> {
    let (hall, caller) = (hall.clone(), caller.clone());
    blocking(move || hall.ledger.admit_terminal(&caller)).await
}

/// The register from an index on; waits while there is nothing, as long as was asked for.
pub(super) async fn register_answer(
    hall: Hall,
    office: Arc<Office>,
    asked: &From,
    reader: Reader,
) -> Result<Response, Refusal> {
    let From { from, wait } = *asked;
    wait_for_more(hall.clone(), &office, from, Duration::from_secs(wait.min(WAIT_MAX))).await;
    let part = blocking(move || {
        // Again: it may have been retired by the very act that it waited for.
        if let Reader::Terminal(caller) = &reader {
            hall.ledger.admit_terminal(caller)?;
        }
        let part = hall.ledger.register_part(&office, from)?;
        match &reader {
            Reader::Person(visitor) if !part.entries.is_empty() => {
                hall.ledger.note_read(visitor, sekisho_wire::reason::Query::Register, part.entries.len())?;
            }
            Reader::Person(_) | Reader::Terminal(_) => {}
        }
        Ok(part)
    })
    .await?;
    Ok(answer(&register_json(&part)))
}

/// Who reads the register. What people read is written down; terminals read it all the time.
pub(super) enum Reader {
    Terminal(Caller),
    Person(Visitor),
}

async fn wait_for_more(mut hall: Hall, office: &Office, from: u64, wait: Duration) {
    let mut size = office.log(LogName::Register).watch();
    if wait.is_zero() || *size.borrow() != from {
        return;
    }
    tokio::select! {
        _ = size.wait_for(|size| *size > from) => {}
        _ = hall.stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(wait) => {}
    }
}

fn register_json(part: &RegisterPart) -> Value {
    let name = |name: &Name| json!({"salt": encode(name.salt.0), "text": name.text.as_str()});
    json!({
        "checkpoint": part.checkpoint.text,
        "freshness": part.freshness,
        "entries": part.entries.iter().map(encode).collect::<Vec<_>>(),
        "names": part.names.iter().map(name).collect::<Vec<_>>(),
    })
}

pub(super) async fn batches(
    State(hall): State<Hall>,
    Terminal(Caller { peer, .. }): Terminal,
    headers: HeaderMap,
    Content(envelope): Content,
) -> Result<Response, Refusal> {
    if headers.get(CONTENT_TYPE).is_none_or(|content| content != "application/octet-stream") {
        return Err(Refusal::Malformed("content type"));
    }
    let receipt = blocking(move || hall.ledger.ingest(&peer, &envelope)).await?;
    Ok(answer(&json!({
        "epoch": receipt.place.epoch,
        "next": receipt.place.expected,
        "chain": receipt.place.chain.to_base64(),
        "stored": receipt.stored,
        "repeated": receipt.repeated,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    epoch: u32,
    from: u64,
    seen: u64,
}

pub(super) async fn seal(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    query: Result<Query<Sealed>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(Sealed { epoch, from, seen }) = query.map_err(|_| Refusal::Malformed("query"))?;
    let seal = blocking(move || {
        hall.ledger.admit_terminal(&caller)?;
        hall.ledger.seal(&caller.peer, epoch, from, seen)
    })
    .await?;
    let range = |range: &SealedRange| {
        json!({
            "first": range.first,
            "count": range.count,
            "index": range.index,
            "left": encode_all(&range.left),
            "right": encode_all(&range.right),
        })
    };
    Ok(answer(&json!({
        "checkpoint": seal.checkpoint.text,
        "consistency": encode_all(&seal.consistency),
        "ranges": seal.ranges.iter().map(range).collect::<Vec<_>>(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfEpoch {
    epoch: u32,
}

pub(super) async fn cursor(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    query: Result<Query<OfEpoch>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(OfEpoch { epoch }) = query.map_err(|_| Refusal::Malformed("query"))?;
    let place = blocking(move || {
        hall.ledger.admit_terminal(&caller)?;
        hall.ledger.cursor(&caller.peer, epoch)
    })
    .await?;
    Ok(answer(&json!({"epoch": epoch, "next": place.expected, "chain": place.chain.to_base64()})))
}

const WAIT_MAX: u64 = 55;
