//! The C2SP read paths (LEDGER §L2): checkpoints and hash tiles for everybody, entries for whom the register permits.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sekisho_register::change::TerminalUse;
use sekisho_register::jwk;
use sekisho_tlog::tile::{TileContent, TilePath, encode_bundle};
use sekisho_wire::id::{CaseReference, OfficeId};
use sekisho_wire::reason::Query;
use sekisho_wire::record::About;
use serde::Deserialize;
use serde_json::{Value, json};

use super::people::number;
use super::problem::Inside;
use super::visit::{Knock, Shown};
use super::{Asked, Hall, Named, answer, blocking, encode, encode_all, office_of};
use crate::ledger::Ledger;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::search::BatchInLog;
use crate::store::{LogName, StoredBatch};
use crate::visitors::{ANY_ROLE, CASE_READERS, READERS, Visitor};

pub(super) async fn checkpoint(
    State(hall): State<Hall>,
    Named((office, log)): Named<(String, String)>,
) -> Result<Response, Refusal> {
    let office = hall.ledger.office(&office_of(&office)?)?;
    let log = named(&office, &log)?;
    let note = blocking(move || {
        let log = office.log(log);
        Ok(log.cosignatures().beside(&*log.published()?))
    });
    let note = note.await?;
    let content = HeaderValue::from_static("text/plain; charset=utf-8");
    let caching = HeaderValue::from_static("no-store");
    Ok(([(CONTENT_TYPE, content), (CACHE_CONTROL, caching)], note).into_response())
}

/// The log of that name, or the one that goes on in its place; those before it are there no more.
fn named(office: &Office, name: &str) -> Result<LogName, Refusal> {
    let log = LogName::ALL.into_iter().find(|log| log.as_str() == name || office.log(*log).address() == name);
    log.ok_or(Refusal::NotFound("log"))
}

/// The keys of the terminals in use, for whoever reads signed decisions (DECISION.md §D4).
pub(super) async fn keys(State(hall): State<Hall>, Named(office): Named<String>) -> Result<Response, Refusal> {
    let register = hall.ledger.office(&office_of(&office)?)?.register();
    let now = hall.ledger.clock.now();
    let in_use = register.terminals().filter(|terminal| terminal.state(now) == TerminalUse::Active);
    let keys = in_use.map(|terminal| {
        let key = terminal.key();
        json!({ "kty": "OKP", "crv": "Ed25519", "x": jwk::x(key), "kid": jwk::thumbprint(key), "alg": "EdDSA", "use": "sig",
            "terminal": terminal.code().as_str() })
    });
    let content = HeaderValue::from_static("application/jwk-set+json");
    let caching = HeaderValue::from_static("max-age=300");
    let set = json!({ "keys": keys.collect::<Vec<_>>() }).to_string();
    Ok(([(CONTENT_TYPE, content), (CACHE_CONTROL, caching)], set).into_response())
}

pub(super) async fn tile(
    State(hall): State<Hall>,
    Named((_, log, rest)): Named<(String, String, String)>,
    knock: Knock,
    Asked(taken): Asked<Taken>,
) -> Result<Response, Refusal> {
    let log = named(&*hall.ledger.office(&knock.office)?, &log)?;
    let tile: TilePath = format!("tile/{rest}").parse().map_err(|_| Refusal::NotFound("tile"))?;
    match tile.content() {
        TileContent::Hashes(level) => {
            Ok(octets(blocking(move || hall.ledger.hash_tile_for(&knock, log, level, &tile)).await?))
        }
        TileContent::Entries => {
            let permission = number(taken.permission.as_deref())?;
            Ok(entries((hall, knock), log, tile, permission).await.into_response())
        }
    }
}

/// Hash tiles are open, and nobody is asked for a number; the entries of a bundle may be taken away under one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Taken {
    permission: Option<String>,
}

async fn entries(
    (hall, knock): (Hall, Knock),
    log: LogName,
    tile: TilePath,
    permission: Option<CaseReference>,
) -> Result<Response, Inside> {
    let (roles, query) = match log {
        LogName::Register => (ANY_ROLE, Query::Register),
        LogName::Records => (READERS, Query::Entries),
        LogName::Casebook => (CASE_READERS, Query::Entries),
    };
    let bundle = knock.visit(hall, roles, move |ledger, Visitor { office, .. }| {
        let entries = tile.first()..tile.first().saturating_add(u64::from(tile.width()));
        ledger.permit_bundle(office, permission.as_ref(), log, entries)?;
        let about = About { first: Some(tile.first()), permission, ..About::default() };
        Ok((ledger.entry_bundle(office, log, &tile)?, Shown::rows(query, usize::from(tile.width()), about)))
    });
    Ok(octets(bundle.await?))
}

/// From which entry of the records log on, and under which number the batches are taken away, if they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchesFrom {
    from: u64,
    limit: Option<u32>,
    permission: Option<String>,
}

/// What terminals signed, batch by batch in the order of the log: with the leaves there it is their word for each of their records (LEDGER §L4).
pub(super) async fn batches(
    State(hall): State<Hall>,
    knock: Knock,
    Asked(asked): Asked<BatchesFrom>,
) -> Result<Response, Inside> {
    let permission = number(asked.permission.as_deref())?;
    let (from, limit) = (asked.from, asked.limit.unwrap_or(BATCHES_MAX).min(BATCHES_MAX));
    let page = knock.visit(hall, READERS, move |ledger, Visitor { office, .. }| {
        ledger.permit_logs(office, permission.as_ref())?;
        let batches = ledger.batches_in_log(office, from, limit)?;
        let about = About { first: Some(from), permission, ..About::default() };
        // Where a terminal has brought nothing there is nothing to be seen of anybody.
        let shown = match batches.len() {
            0 => Shown::NoPersons,
            count => Shown::rows(Query::Proof, count, about),
        };
        Ok((batches, shown))
    });
    let batches = page.await?;
    let full = batches.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = batches.last().filter(|_| full).map(|last| last.stored.index.saturating_add(1));
    let mut body = json!({ "batches": batches.iter().map(batch_json).collect::<Vec<_>>() });
    if let (Some(next), Value::Object(body)) = (next, &mut body) {
        body.insert("next".into(), json!(next));
    }
    Ok(answer(&body))
}

fn batch_json(batch: &BatchInLog) -> Value {
    let StoredBatch { index, count, received, header, .. } = &batch.stored;
    match &batch.repeated {
        Some(repeated) => json!({
            "index": index, "count": count, "received": received, "batch": encode(header), "repeated": encode_all(repeated),
        }),
        None => json!({ "index": index, "count": count, "received": received, "damaged": true }),
    }
}

/// Batches in one answer: with the notes in their headers about a megabyte and a half at most.
const BATCHES_MAX: u32 = 256;

fn octets(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))], bytes).into_response()
}

impl Ledger {
    /// A hash tile for everybody; of a log that has stopped for persons of the office: they hold what is left of it against what they verified before
    /// they give up the rest.
    fn hash_tile_for(&self, knock: &Knock, log: LogName, level: u8, tile: &TilePath) -> Result<Vec<u8>, Refusal> {
        match self.office(&knock.office)?.log(log).left() {
            Some((size, ..)) if knock.admitted(self, ANY_ROLE).is_ok() => {
                self.hash_tile_of(&knock.office, log, size, level, tile)
            }
            Some(_) | None => self.hash_tile(&knock.office, log, level, tile),
        }
    }

    /// The bytes of a hash tile under the newest checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the published tree does not have it.
    pub fn hash_tile(&self, office: &OfficeId, log: LogName, level: u8, tile: &TilePath) -> Result<Vec<u8>, Refusal> {
        let size = self.office(office)?.log(log).published()?.size;
        self.hash_tile_of(office, log, size, level, tile)
    }

    fn hash_tile_of(
        &self,
        office: &OfficeId,
        log: LogName,
        size: u64,
        level: u8,
        tile: &TilePath,
    ) -> Result<Vec<u8>, Refusal> {
        if !tile.is_in_tree(size) {
            return Err(Refusal::NotFound("tile"));
        }
        let width = usize::from(tile.width()) * 32;
        let bytes = if level == 0 {
            let leaves = self.store.leaves(office, log, tile.first(), tile.first() + u64::from(tile.width()))?;
            leaves.iter().flat_map(|leaf| leaf.0).collect()
        } else {
            self.store.tile(office, log, level, tile.index())?
        };
        let damaged = || Refusal::Unavailable { cause: format!("tile {tile} is shorter than the tree") };
        Ok(bytes.get(..width).ok_or_else(damaged)?.to_vec())
    }

    /// The bytes of an entry bundle under the newest checkpoint.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the published tree does not have it.
    pub fn entry_bundle(&self, office: &OfficeId, log: LogName, tile: &TilePath) -> Result<Vec<u8>, Refusal> {
        let size = self.office(office)?.log(log).published()?.size;
        if !tile.is_in_tree(size) {
            return Err(Refusal::NotFound("tile"));
        }
        let entries: Vec<Vec<u8>> = if log == LogName::Records {
            let indexes = tile.first()..tile.first() + u64::from(tile.width());
            // Of what was destroyed nothing stands there: no record is empty.
            let bytes = |index| match self.record_bytes(office, index) {
                Err(Refusal::Destroyed { .. }) => Ok(Vec::new()),
                bytes => bytes,
            };
            indexes.map(bytes).collect::<Result<_, _>>()?
        } else {
            let entries = self.store.entries(office, log, tile.first(), u32::from(tile.width()))?;
            if entries.len() != usize::from(tile.width()) {
                return Err(Refusal::Unavailable { cause: format!("the log {log} has a hole in {tile}") });
            }
            entries.into_iter().map(|entry| entry.payload).collect()
        };
        encode_bundle(&entries).map_err(|error| Refusal::Unavailable { cause: error.to_string() })
    }
}
