//! One log's tree, grown again leaf by leaf and compared with everything that was derived from it.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_tlog::tile::{TILE_HEIGHT, TILE_WIDTH};
use sekisho_tlog::{Checkpoint, Frontier, Hash};

use super::{Check, Extent, Fault, Finding};
use crate::error::LedgerError;
use crate::store::{Entry, LogName, StoredOffice};

/// A tree that grows while a log is walked.
pub(super) struct Growing {
    frontier: Frontier,
    /// The tile that is being filled, by level: its number and hashes.
    tiles: BTreeMap<u8, (u64, Vec<u8>)>,
    full: Vec<(u8, u64, Vec<u8>)>,
    /// Every tile so far.
    seen: BTreeSet<(u8, u64)>,
    signed: Option<Checkpoint>,
}

impl Growing {
    pub(super) fn new(signed: Option<Checkpoint>) -> Self {
        Self { frontier: Frontier::new(), tiles: BTreeMap::new(), full: Vec::new(), seen: BTreeSet::new(), signed }
    }

    fn push(&mut self, leaf: Hash) {
        let (tiles, full, seen) = (&mut self.tiles, &mut self.full, &mut self.seen);
        self.frontier.append_with(leaf, &mut |level, index, hash| {
            if level == 0 || !level.is_multiple_of(TILE_HEIGHT) {
                return;
            }
            let (level, number) = (level / TILE_HEIGHT, index / u64::from(TILE_WIDTH));
            seen.insert((level, number));
            let (_, hashes) = tiles.entry(level).or_insert((number, Vec::new()));
            hashes.extend_from_slice(&hash.0);
            if hashes.len() == usize::from(TILE_WIDTH) * 32 {
                full.extend(tiles.remove(&level).map(|(number, hashes)| (level, number, hashes)));
            }
        });
    }
}

impl Check<'_> {
    /// Walks a log to its head: each entry to `look`, its leaf into the tree, tiles, head and checkpoint compared on the way. Ends at the
    /// first entry that is not there or cannot be read: without its leaf nothing behind it can be derived.
    pub(super) fn walk(
        &mut self,
        office: &StoredOffice,
        log: LogName,
        mut look: impl FnMut(&mut Self, u64, &Entry) -> Result<(), LedgerError>,
    ) -> Result<Extent, LedgerError> {
        let head = match self.store.frontier(&office.id, log) {
            Ok(head) => Some(head),
            // The entries tell where the log ends.
            Err(error) if error.is_damage() => None,
            Err(error) => return Err(error.into()),
        };
        let end = match &head {
            Some(head) => head.size(),
            None => self.part(office, Some(log), |check| Ok(check.store.end(&office.id, log)?))?.unwrap_or(0),
        };
        let signed = self.part(office, Some(log), |check| check.signed(office, log, end))?.flatten();
        let mut tree = Growing::new(signed);
        let (mut index, mut limit) = (0, super::PAGE);
        self.compare_signed(office, log, &mut tree);
        while index < end {
            let page = match self.store.entries(&office.id, log, index, limit) {
                // One by one up to the one that cannot be read.
                Err(error) if error.is_damage() && limit > 1 => {
                    limit = 1;
                    continue;
                }
                Err(error) if error.is_damage() => {
                    self.find(office.id, log, index, Fault::Unreadable { cause: error.to_string() });
                    return Ok(Extent::Partly);
                }
                page => page?,
            };
            if page.is_empty() {
                self.find(office.id, log, index, Fault::EntryMissing);
                return Ok(Extent::Partly);
            }
            for entry in page.iter().take(usize::try_from(end - index).unwrap_or(usize::MAX)) {
                look(self, index, entry)?;
                self.looked_at_entry();
                tree.push(entry.leaf);
                index += 1;
                self.compare_full_tiles(office, log, &mut tree)?;
                self.compare_signed(office, log, &mut tree);
            }
        }
        self.part(office, Some(log), |check| check.finish(office, log, tree, head.as_ref()))?;
        Ok(Extent::Whole)
    }

    fn compare_full_tiles(
        &mut self,
        office: &StoredOffice,
        log: LogName,
        tree: &mut Growing,
    ) -> Result<(), LedgerError> {
        for (level, tile, hashes) in tree.full.drain(..) {
            self.compare_tile(office, log, (level, tile), &hashes)?;
        }
        Ok(())
    }

    fn compare_tile(
        &mut self,
        office: &StoredOffice,
        log: LogName,
        (level, tile): (u8, u64),
        derived: &[u8],
    ) -> Result<(), LedgerError> {
        let stored = self.store.tile(&office.id, log, level, tile);
        let (stored, fault) = match stored {
            Ok(stored) if stored == derived => return Ok(()),
            Ok(stored) => (stored, Fault::TileAltered { level, tile }),
            Err(error) if error.is_damage() => (Vec::new(), Fault::Unreadable { cause: error.to_string() }),
            Err(error) => return Err(error.into()),
        };
        let same = stored.chunks(32).zip(derived.chunks(32)).take_while(|(stored, derived)| stored == derived).count();
        let span = 1_u64 << (level * TILE_HEIGHT);
        let first = (tile * u64::from(TILE_WIDTH) + same as u64) * span;
        self.find(office.id, log, first, fault);
        Ok(())
    }

    fn compare_signed(&mut self, office: &StoredOffice, log: LogName, tree: &mut Growing) {
        let Some(signed) = tree.signed.take_if(|signed| signed.size == tree.frontier.size()) else { return };
        if signed.root != tree.frontier.root() {
            self.find(office.id, log, signed.size.saturating_sub(1), Fault::CheckpointRoot);
        }
    }

    fn finish(
        &mut self,
        office: &StoredOffice,
        log: LogName,
        tree: Growing,
        head: Option<&Frontier>,
    ) -> Result<(), LedgerError> {
        for (level, (tile, hashes)) in &tree.tiles {
            self.compare_tile(office, log, (*level, *tile), hashes)?;
        }
        let stray = self.store.tiles(&office.id, log)?.into_iter().filter(|tile| !tree.seen.contains(tile));
        for (level, tile) in stray {
            let log = Some(log);
            self.note(Finding { log, ..Finding::of(office.id, Fault::TileStray { level, tile }) });
        }
        let size = tree.frontier.size();
        let altered = head.is_none_or(|head| size == head.size() && tree.frontier != *head);
        if altered {
            self.find(office.id, log, size.saturating_sub(1), Fault::HeadAltered);
        }
        if self.store.end(&office.id, log)? > size {
            self.find(office.id, log, size, Fault::EntryBeyondHead);
        }
        Ok(())
    }
}
