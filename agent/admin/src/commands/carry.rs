//! Records that a person brings for a terminal whose line is dead (STICK.md).

use sekisho_register::change::Log;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sekisho_link::{CarriedBatch, LinkError, StickError, StickHeader, StickKind, StickReader, StickWriter};
use sekisho_wire::id::Code;

use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::Sealed;

/// How often in a row the ledger is asked for a seal that it has not yet, and how fast: it seals within a second, and has a minute.
const SEAL_LOOKS: u32 = 200;
const SEAL_PAUSE: Duration = Duration::from_millis(300);

/// Records of one epoch, without holes.
#[derive(Clone, Copy)]
struct Span {
    first: u64,
    end: u64,
}

pub(super) fn run(desk: &mut Desk, file: &Path, seals: Option<PathBuf>) -> Result<(), AdminError> {
    let seals = seals.unwrap_or_else(|| {
        let mut name = file.as_os_str().to_owned();
        name.push(".seals");
        name.into()
    });
    let mut reader = StickReader::open(file, StickKind::Records)?;
    let header = reader.header().clone();
    // It becomes part of an address.
    let terminal = Code::new(&header.terminal).map_err(|_| StickError::Foreign(file.to_owned()))?;
    if header.office != desk.office.id.to_string() {
        return Err(AdminError::RecordsOfOtherOffice(file.to_owned()));
    }
    // Before anything is sent: nobody carries records twice because a name was taken.
    let writer = StickWriter::create(&seals, &header.seals())?;
    desk.log_in()?;
    let mut span = None;
    let whole = loop {
        match reader.next_line::<CarriedBatch>() {
            Ok(None) => break Ok(()),
            Ok(Some(batch)) => span = Some(bring(desk, &terminal, &batch, span)?),
            Err(torn) => break Err(torn),
        }
    };
    // What was whole in a torn file has arrived, and is proved.
    if let Some(span) = span {
        fetch_seals(desk, &terminal, &header, span, writer)?;
        let (count, seals) = (span.end - span.first, seals.display());
        desk.screen.note(
            &format!(
                "The ledger has sealed {count} records of terminal {terminal}. At the terminal, as root:\n  sekisho-agent records import {seals}"
            ),
            &format!(
                "端末機 {terminal} の記録 {count} 件を台帳が封印しました。端末機で root として実行してください:\n  sekisho-agent records import {seals}"
            ),
        );
    }
    Ok(whole?)
}

fn bring(desk: &mut Desk, terminal: &Code, batch: &CarriedBatch, span: Option<Span>) -> Result<Span, AdminError> {
    desk.log_in()?;
    desk.ledger.bring(terminal, &batch.envelope).map_err(|error| lacking(terminal, error))?;
    let end = batch.first.saturating_add(batch.count);
    desk.screen.note(&format!("records up to {end} have arrived"), &format!("{end} までの記録が届きました"));
    Ok(Span { first: span.map_or(batch.first, |span| span.first), end })
}

/// A ledger that lacks earlier records says which.
fn lacking(terminal: &Code, error: AdminError) -> AdminError {
    if let AdminError::Link(LinkError::Refused(problem)) = &error
        && problem.code == "gap"
        && let Some(expected) = problem.facts.get("expected").and_then(serde_json::Value::as_u64)
    {
        return AdminError::RecordsBefore { terminal: terminal.clone(), expected };
    }
    error
}

/// What proves that they are sealed, page by page. Only its shape is looked at here: the terminal knows what it has to be of.
fn fetch_seals(
    desk: &mut Desk,
    terminal: &Code,
    header: &StickHeader,
    span: Span,
    mut writer: StickWriter,
) -> Result<(), AdminError> {
    let keys = desk.log_keys(Log::Records)?;
    let (mut from, mut seen) = (span.first, header.seen);
    let mut looks = SEAL_LOOKS;
    while from < span.end {
        desk.log_in()?;
        let seal = desk.ledger.seal(terminal, &Sealed { epoch: header.epoch, from, seen })?;
        match seal.end(from) {
            Some(end) => {
                (from, seen) = (end, keys.open(seal.checkpoint())?.size);
                writer.add(&seal.answer)?;
            }
            None if looks > 0 => {
                looks -= 1;
                std::thread::sleep(SEAL_PAUSE);
            }
            None => return Err(AdminError::NotSealed),
        }
    }
    Ok(writer.finish()?)
}
