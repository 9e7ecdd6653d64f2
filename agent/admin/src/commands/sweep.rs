//! All that a search finds, page by page: one page lies in memory, however much it is.

use std::time::Duration;

use sekisho_wire::id::CaseReference;
use sekisho_wire::record::Record;

use super::records::{PAGE, query};
use crate::cli::Question;
use crate::desk::Desk;
use crate::error::AdminError;
use crate::ledger::Found;
use crate::terminal_word::CarriedTo;

/// How often and how fast the ledger is asked whether its search has caught up.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

/// A record as the search answers it: its index, its bytes, where it stands if it was carried there.
pub(super) type Swept<'a> = (u64, &'a [u8], Option<CarriedTo>);

/// Gives each record to `take`, newest first. What comes back says what is missing, as of the beginning.
///
/// # Errors
/// As the link says; those of `take`.
pub(super) fn sweep(
    desk: &mut Desk,
    question: &Question,
    permission: Option<&CaseReference>,
    take: impl FnMut(&Desk, Swept<'_>) -> Result<(), AdminError>,
) -> Result<Found, AdminError> {
    sweep_before(desk, question, permission, None, take)
}

/// The same of the first entries of the log alone: as many as this says.
///
/// # Errors
/// As [`sweep`].
pub(super) fn sweep_before(
    desk: &mut Desk,
    question: &Question,
    permission: Option<&CaseReference>,
    mut before: Option<u64>,
    mut take: impl FnMut(&Desk, Swept<'_>) -> Result<(), AdminError>,
) -> Result<Found, AdminError> {
    desk.log_in()?;
    let found = caught_up(desk, question, permission)?;
    loop {
        // Again for each page: a token ends long before ten million rows do.
        desk.log_in()?;
        let page = search(desk, question, permission, before, PAGE)?;
        for (index, bytes) in &page.rows {
            take(desk, (*index, bytes, page.carried.get(index).copied()))?;
        }
        before = page.next;
        if before.is_none() {
            return Ok(found);
        }
    }
}

/// The newest record of those that a query finds for which this holds, however far back it lies.
///
/// # Errors
/// As the link says.
pub(super) fn newest(
    desk: &Desk,
    query: &str,
    mut is_it: impl FnMut(&Record) -> bool,
) -> Result<Option<Record>, AdminError> {
    let mut before = String::new();
    loop {
        let page = desk.ledger.search(&format!("limit={PAGE}&{query}{before}"))?;
        let mut records = page.rows.iter().filter_map(|(_, bytes)| Record::decode(bytes).ok());
        if let Some(record) = records.find(&mut is_it) {
            return Ok(Some(record));
        }
        let Some(next) = page.next else { return Ok(None) };
        before = format!("&before={next}");
    }
}

fn search(
    desk: &Desk,
    question: &Question,
    permission: Option<&CaseReference>,
    before: Option<u64>,
    rows: u32,
) -> Result<Found, AdminError> {
    let permission = permission.map_or_else(String::new, |number| format!("&permission={}", number.as_str()));
    desk.ledger.search(&(query(question, before, rows)? + &permission))
}

/// Waits until the ledger's search has come to what its log held when this began. It follows within a second; where it does not, records are
/// missing from it, and the last answer says so.
fn caught_up(desk: &Desk, question: &Question, permission: Option<&CaseReference>) -> Result<Found, AdminError> {
    let first = search(desk, question, permission, None, 0)?;
    let mut found = first.clone();
    for _ in 0..LOOKS {
        if found.size >= first.of {
            break;
        }
        std::thread::sleep(PAUSE);
        found = search(desk, question, permission, None, 0)?;
    }
    Ok(Found { of: first.of, ..found })
}
