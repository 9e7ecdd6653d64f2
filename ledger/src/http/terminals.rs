//! Routes of terminals (LEDGER §L3).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_wire::batch::SEEN_NOTE_MAX;
use sekisho_wire::id::{Code, OfficeId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Inside;
use super::{
    Asked, Content, Hall, Json, Terminal, answer, blocking, decode, decode_array, encode, encode_all, office_of,
};
use crate::acts::Name;
use crate::authority::{Caller, Peer};
use crate::code::CodeSecret;
use crate::enrol::Applicant;
use crate::heard::Written;
use crate::ingest::Receipt;
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::store::LogName;
use crate::terminals::{RegisterPart, Seal, SealedRange, Shown};

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
) -> Result<Response, Inside> {
    let request = decode(&renewal.csr, "csr")?;
    let certificate = blocking(move || hall.ledger.renew(&caller, &request)).await?;
    Ok(answer(&json!({"certificate": encode(certificate)})))
}

/// From which entry on somebody wants the register.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterFrom {
    pub(super) from: u64,
    #[serde(default)]
    wait: u64,
    /// The checkpoint that he verified last, base64url.
    #[serde(default)]
    seen: Option<String>,
    /// The same of the records log.
    #[serde(default)]
    records: Option<String>,
    /// And of the casebook.
    #[serde(default)]
    casebook: Option<String>,
    /// Up to which index of records log and casebook a terminal has been given what it is to keep: `R.C`.
    #[serde(default)]
    kept: Option<String>,
    /// A terminal's epoch, and the seq that its next record gets there: `E.N`.
    #[serde(default)]
    written: Option<String>,
}

pub(super) async fn register(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Asked(asked): Asked<RegisterFrom>,
) -> Result<Response, Inside> {
    let shown = Shown {
        register: asked.seen()?,
        records: note(asked.records.as_ref(), "records")?,
        casebook: note(asked.casebook.as_ref(), "casebook")?,
    };
    let (ledger, shower, seen) = (Arc::clone(&hall.ledger), caller.clone(), shown.register.clone());
    // Also whom the ledger does not know: what it knew of him may be what it has lost.
    blocking(move || ledger.hear(&shower.peer, &shown)).await?;
    let speaks = admitted(&hall, &caller).await?;
    let (kept, written) = (asked.kept()?, asked.written()?);
    if let Some(written) = written.filter(|_| speaks) {
        hall.ledger.heard.told(&caller.peer, written, hall.ledger.clock.now());
    }
    wait_for_more(&hall, &caller.peer.office, &asked, kept.map(|given| (&caller.peer, given))).await?;
    let part = blocking(move || {
        // Again: its key may have been replaced by the very act that it waited for.
        hall.ledger.still_admitted(&caller)?;
        let office = hall.ledger.office(&caller.peer.office)?;
        // That a log has stopped keeps nobody from the register.
        let handed = kept.and_then(|kept| hall.ledger.hand_out(&caller.peer, kept).ok());
        let mut part = hall.ledger.register_part(&office, asked.from, seen.as_deref(), Some(&caller.peer.terminal))?;
        // Later than what is handed out, and all of it: an act of the casebook is worth nothing without the register that it was judged by.
        let is_whole = asked.from + part.entries.len() as u64 == part.checkpoint.size;
        let is_retired = hall.ledger.is_retired(&caller.peer)?;
        let handed = handed.filter(|_| is_whole && !is_retired);
        if is_retired {
            part.names.clear();
        }
        let lacks = LogName::ALL.into_iter().any(|log| office.log(log).lacks().is_some());
        let ended = hall.ledger.presence.ended(&caller.peer, hall.ledger.clock.now());
        Ok((part, handed, lacks, ended))
    });
    let (part, handed, lacks, ended) = part.await?;
    let mut body = register_json(&part);
    if let Value::Object(body) = &mut body {
        body.extend(handed.map(|handed| ("kept".to_owned(), super::refill::handed_json(&handed))));
        body.insert("lacks".into(), lacks.into());
        body.insert("ended".into(), ended.iter().map(ToString::to_string).collect());
    }
    Ok(answer(&body))
}

impl RegisterFrom {
    /// The note that was shown: as long as one in a batch may be (wire §7.3).
    pub(super) fn seen(&self) -> Result<Option<String>, Refusal> {
        note(self.seen.as_ref(), "seen")
    }

    fn kept(&self) -> Result<Option<[u64; 2]>, Refusal> {
        let read = |text: &String| {
            let (records, casebook) = text.split_once('.')?;
            Some([records.parse().ok()?, casebook.parse().ok()?])
        };
        self.kept.as_ref().map(|text| read(text).ok_or(Refusal::Malformed("kept"))).transpose()
    }

    fn written(&self) -> Result<Option<Written>, Refusal> {
        let read = |text: &String| {
            let (epoch, next) = text.split_once('.')?;
            Some(Written { epoch: epoch.parse().ok()?, next: next.parse().ok()? })
        };
        self.written.as_ref().map(|text| read(text).ok_or(Refusal::Malformed("written"))).transpose()
    }
}

fn note(text: Option<&String>, what: &'static str) -> Result<Option<String>, Refusal> {
    let note = |text: &String| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= SEEN_NOTE_MAX)?;
        String::from_utf8(bytes).ok()
    };
    text.map(|text| note(text).ok_or(Refusal::Malformed(what))).transpose()
}

/// Beside the runtime, for the store is asked.
pub(super) async fn admitted(hall: &Hall, caller: &Caller) -> Result<bool, Refusal> {
    let (hall, caller) = (hall.clone(), caller.clone());
    blocking(move || hall.ledger.admit_terminal(&caller).map(|(_, speaks)| speaks)).await
}

/// Waits while there is nothing new in the register, nor anything for this terminal to keep, as long as was asked for.
pub(super) async fn wait_for_more(
    hall: &Hall,
    office: &OfficeId,
    asked: &RegisterFrom,
    keeper: Option<(&Peer, [u64; 2])>,
) -> Result<(), Refusal> {
    let office = hall.ledger.office(office)?;
    let mut size = office.log(LogName::Register).watch();
    // While the ledger hears there is more to come than acts: the note that they are fresh.
    if asked.wait == 0 || *size.borrow() != asked.from || office.hears() {
        return Ok(());
    }
    let (mut stopping, mut calls) = (hall.stopping.clone(), office.calls());
    let to_keep = async {
        match keeper {
            Some((peer, given)) => hall.ledger.wait_for_something_to_keep(peer, given).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        waited = to_keep => waited?,
        _ = calls.changed() => {}
        _ = size.wait_for(|size| *size > asked.from) => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(Duration::from_secs(asked.wait.min(WAIT_MAX))) => {}
    }
    Ok(())
}

pub(super) fn register_json(part: &RegisterPart) -> Value {
    json!({
        "checkpoint": part.checkpoint.text,
        "freshness": part.freshness,
        "entries": part.entries.iter().map(encode).collect::<Vec<_>>(),
        "names": names_json(&part.names),
    })
}

pub(super) fn names_json(names: &[Name]) -> Value {
    let name = |name: &Name| json!({"salt": encode(name.salt.0), "text": name.text.as_str()});
    names.iter().map(name).collect()
}

pub(super) async fn batches(
    State(hall): State<Hall>,
    Terminal(Caller { peer, .. }): Terminal,
    headers: HeaderMap,
    content: Content,
) -> Result<Response, Inside> {
    envelope_only(&headers)?;
    let rooms = hall.rooms.clone();
    let receipt = rooms.work_on_batch(peer.clone(), move || hall.ledger.ingest(&peer, content.bytes())).await?;
    Ok(answer(&receipt_json(&receipt)))
}

pub(super) fn envelope_only(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_bytes = headers.get(CONTENT_TYPE).is_some_and(|content| content == "application/octet-stream");
    if is_bytes { Ok(()) } else { Err(Refusal::Malformed("content type")) }
}

pub(super) fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "epoch": receipt.place.epoch,
        "next": receipt.place.expected,
        "chain": receipt.place.chain.to_base64(),
        "stored": receipt.stored,
        "repeated": receipt.repeated,
        "index": receipt.index,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    epoch: u32,
    from: u64,
    seen: u64,
    before: Option<u64>,
}

impl Sealed {
    pub(super) fn of(&self, ledger: &Ledger, peer: &Peer) -> Result<Seal, Refusal> {
        ledger.seal(peer, self.epoch, self.from, self.seen, self.before)
    }
}

pub(super) async fn seal(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Asked(asked): Asked<Sealed>,
) -> Result<Response, Inside> {
    let seal = blocking(move || {
        hall.ledger.admit_terminal(&caller)?;
        asked.of(&hall.ledger, &caller.peer)
    });
    Ok(answer(&seal_json(&seal.await?)))
}

pub(super) fn seal_json(seal: &Seal) -> Value {
    let range = |range: &SealedRange| {
        json!({
            "first": range.first,
            "count": range.count,
            "index": range.index,
            "left": encode_all(&range.left),
            "right": encode_all(&range.right),
        })
    };
    let mut answer = json!({
        "checkpoint": seal.note,
        "consistency": encode_all(&seal.consistency),
        "ranges": seal.ranges.iter().map(range).collect::<Vec<_>>(),
    });
    if let Some(before) = &seal.before {
        answer["before"] = json!(encode_all(before));
    }
    answer
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfEpoch {
    epoch: u32,
}

pub(super) async fn cursor(
    State(hall): State<Hall>,
    Terminal(caller): Terminal,
    Asked(OfEpoch { epoch }): Asked<OfEpoch>,
) -> Result<Response, Inside> {
    let place = blocking(move || {
        hall.ledger.admit_terminal(&caller)?;
        hall.ledger.cursor(&caller.peer, epoch)
    })
    .await?;
    Ok(answer(&json!({"epoch": epoch, "next": place.expected, "chain": place.chain.to_base64()})))
}

const WAIT_MAX: u64 = 55;
