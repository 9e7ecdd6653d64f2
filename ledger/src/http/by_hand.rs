//! Routes for records that a person brings for a terminal whose line is dead (LEDGER §L4, STICK.md). The person adds nothing to them: they are
//! held against the terminal's key and history as those that it brings itself.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::Query as ReadQuery;
use sekisho_wire::record::About;
use serde::Deserialize;

use super::problem::Inside;
use super::terminals::{Sealed, envelope_only, receipt_json, seal_json};
use super::visit::{Knock, Shown};
use super::{Asked, Content, Hall, Named, answer};
use crate::authority::Peer;
use crate::ledger::Ledger;
use crate::refusal::Refusal;
use crate::visitors::{INVITERS, Visitor};

#[derive(Deserialize)]
pub(super) struct AtTerminal {
    terminal: String,
}

impl AtTerminal {
    /// The terminal, if the office has it.
    fn peer(&self, ledger: &Ledger, office: &OfficeId) -> Result<Peer, Refusal> {
        let terminal = Code::new(&self.terminal).map_err(|_| Refusal::NotFound("terminal"))?;
        let known = ledger.office(office)?.register().terminal(&terminal).is_some();
        if known { Ok(Peer { office: *office, terminal }) } else { Err(Refusal::NotFound("terminal")) }
    }
}

pub(super) async fn batches(
    State(hall): State<Hall>,
    knock: Knock,
    Named(at): Named<AtTerminal>,
    headers: HeaderMap,
    content: Content,
) -> Result<Response, Inside> {
    envelope_only(&headers)?;
    let visitor = knock.admitted(&hall.ledger, INVITERS)?;
    let peer = at.peer(&hall.ledger, &visitor.office)?;
    let rooms = hall.rooms.clone();
    let receipt = rooms.work_on_batch(peer.clone(), move || {
        let receipt = hall.ledger.ingest(&peer, content.bytes())?;
        log::info!("records of terminal {} were brought by hand: {} new", peer.terminal, receipt.stored);
        // Who brought them: the answer says how many there are.
        let count = usize::try_from(receipt.stored.saturating_add(receipt.repeated)).unwrap_or(usize::MAX);
        let about = About { terminal: Some(peer.terminal), ..About::default() };
        hall.ledger.note_read(&visitor, ReadQuery::Proof, count, about)?;
        Ok(receipt)
    });
    Ok(answer(&receipt_json(&receipt.await?)))
}

/// How many records a terminal has tells of whoever sits there.
pub(super) async fn seal(
    State(hall): State<Hall>,
    knock: Knock,
    Named(at): Named<AtTerminal>,
    Asked(asked): Asked<Sealed>,
) -> Result<Response, Inside> {
    let seal = knock.visit(hall, INVITERS, move |ledger, Visitor { office, .. }| {
        let peer = at.peer(ledger, office)?;
        let seal = asked.of(ledger, &peer)?;
        let about = About { terminal: Some(peer.terminal), ..About::default() };
        let shown = match seal.ranges.len() {
            0 => Shown::NoPersons,
            count => Shown::rows(ReadQuery::Proof, count, about),
        };
        Ok((seal, shown))
    });
    Ok(answer(&seal_json(&seal.await?)))
}
