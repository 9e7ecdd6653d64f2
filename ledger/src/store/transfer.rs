//! Copies a book from one store into another, whichever they are: a backup of a database on a server is a file, and the file becomes a
//! database again.

use sekisho_tlog::Frontier;
use sekisho_wire::id::OfficeId;

use super::{Append, Change, CursorMove, Entry, KeyState, LogName, SegmentStep, Store, StoreError, StoredSegment};
use crate::stage::growth;

/// Entries, batches and others in one commit.
const PAGE: u32 = 2_000;

/// Copies everything into an empty store; gives how many entries, and tells `progress` as they are copied. The source must not change
/// meanwhile: a snapshot.
///
/// # Errors
/// When one of them fails. The copy is none then.
pub fn transfer(from: &dyn Store, to: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<u64, StoreError> {
    let offices = from.offices()?;
    to.commit(&Change { offices: offices.clone(), ..Change::default() })?;
    let mut entries = 0;
    for office in &offices {
        let office = office.id;
        let keys = from.keys(&office)?;
        // What lies under a destroyed key still need not go along.
        let gone: Vec<u32> = keys.iter().filter(|key| key.state != KeyState::InUse).map(|key| key.number).collect();
        to.commit(&Change { keys, ..Change::default() })?;
        for log in LogName::ALL {
            entries += entries_of(from, to, (&office, log), &gone, &mut |copied| progress(entries + copied))?;
            let acts = from.acts(&office, log)?;
            for page in acts.chunks(PAGE as usize) {
                to.commit(&Change { acts: page.to_vec(), ..Change::default() })?;
            }
        }
        let step = |(emitter, epoch, after)| CursorMove { office, emitter, epoch, before: None, after };
        let cursors = from.cursors(&office)?.into_iter().map(step).collect();
        to.commit(&Change { cursors, ..Change::default() })?;
        let mut next = 0;
        loop {
            let batches = from.batches_by_index(&office, next, PAGE)?;
            let Some(last) = batches.last() else { break };
            next = last.index + 1;
            to.commit(&Change { batches, ..Change::default() })?;
        }
        to.commit(&Change { enrolments: from.enrolments(&office)?, ..Change::default() })?;
    }
    to.commit(&Change { codes: from.codes()?, ..Change::default() })?;
    Ok(entries)
}

/// What is cold stays in its file: the tree grows over its leaves, and no row is left of them.
fn cold(
    from: &dyn Store,
    to: &dyn Store,
    office: &OfficeId,
    frontier: &mut Frontier,
    segment: &StoredSegment,
) -> Result<(), StoreError> {
    while frontier.size() < segment.end() {
        let at = frontier.size();
        let leaves = from.leaves(office, LogName::Records, at, segment.end().min(at + u64::from(PAGE)))?;
        if leaves.is_empty() || at < segment.first {
            return Err(StoreError::Damaged { what: "records log" });
        }
        let mut tiles = Vec::new();
        for leaf in &leaves {
            frontier.append_with(*leaf, &mut |level, index, hash| tiles.extend(growth(level, index, hash)));
        }
        let entries = leaves.into_iter().map(|leaf| Entry { leaf, key: 0, payload: Vec::new() }).collect();
        let append =
            Append { office: *office, log: LogName::Records, from: at, entries, tiles, frontier: frontier.clone() };
        let whole = frontier.size() == segment.end();
        let segments = whole.then(|| (*office, SegmentStep::Cool(segment.clone()))).into_iter().collect();
        to.commit(&Change { appends: vec![append], segments, ..Change::default() })?;
    }
    Ok(())
}

/// The entries of one log with their names, and what tiles gain by them.
fn entries_of(
    from: &dyn Store,
    to: &dyn Store,
    (office, log): (&OfficeId, LogName),
    gone: &[u32],
    progress: &mut dyn FnMut(u64),
) -> Result<u64, StoreError> {
    let mut frontier = Frontier::new();
    if log == LogName::Records {
        for segment in from.segments(office)? {
            cold(from, to, office, &mut frontier, &segment)?;
        }
    }
    loop {
        let at = frontier.size();
        let mut entries = from.entries(office, log, at, PAGE)?;
        if entries.is_empty() {
            break;
        }
        entries.iter_mut().filter(|entry| gone.contains(&entry.key)).for_each(|entry| entry.payload.clear());
        let mut tiles = Vec::new();
        for entry in &entries {
            frontier.append_with(entry.leaf, &mut |level, index, hash| tiles.extend(growth(level, index, hash)));
        }
        let names = from.names(office, log, at, frontier.size())?;
        let append = Append { office: *office, log, from: at, entries, tiles, frontier: frontier.clone() };
        to.commit(&Change { appends: vec![append], names, ..Change::default() })?;
        progress(frontier.size());
    }
    if frontier == from.frontier(office, log)? {
        Ok(frontier.size())
    } else {
        Err(StoreError::Damaged { what: "tree" })
    }
}
