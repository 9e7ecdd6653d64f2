//! A store whose older entries lie in files: whoever reads does not notice. One for both databases.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use sekisho_tlog::{Frontier, Hash, MemoryTree, ProveError, inclusion_proof, verify_inclusion};
use sekisho_wire::id::{Code, OfficeId};

use super::folder::{Folder, OpenSegment};
use super::format::{BLOCK, Head, digest};
use super::seal;
use crate::clock::Millis;
use crate::store::{
    Change, Cursor, EmitterName, Entry, KeyState, LogName, SegmentStep, Store, StoreError, StoredAct, StoredBatch,
    StoredCode, StoredEnrolment, StoredKey, StoredName, StoredOffice, StoredSegment, StoredTree,
};
use crate::vault::Vault;

/// Two places that are one store: a database, and beside it files with the entries that were there before.
pub struct ColdStore {
    hot: Arc<dyn Store>,
    folder: Folder,
    /// Nothing for whoever needs leaves alone.
    vault: Option<Arc<Vault>>,
    /// What the database says of each office, as it was read last.
    known: RwLock<HashMap<OfficeId, Arc<Vec<StoredSegment>>>>,
    /// Held by a view: what it may still read is not removed.
    _held: Option<std::fs::File>,
}

/// What is signed: so many entries, with this root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    /// How many.
    pub(crate) size: u64,
    /// Their root.
    pub(crate) root: Hash,
}

/// How long a reader looks again, while what it reads is moved away under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    /// It is elsewhere now.
    Away,
    /// It is where it was.
    No,
}

impl ColdStore {
    /// A store that is written to.
    pub(super) fn new(hot: Arc<dyn Store>, folder: Folder, vault: Option<Arc<Vault>>) -> Self {
        Self { hot, folder, vault, known: RwLock::default(), _held: None }
    }

    /// A view of one moment.
    pub(super) fn view(hot: Arc<dyn Store>, folder: Folder, vault: Option<Arc<Vault>>) -> Self {
        let held = folder.hold();
        Self { hot, folder, vault, known: RwLock::default(), _held: held }
    }

    pub(super) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Index of the first entry that is not cold.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cold_size(&self, office: &OfficeId) -> Result<u64, StoreError> {
        Ok(self.known(office)?.last().map_or(0, StoredSegment::end))
    }

    fn known(&self, office: &OfficeId) -> Result<Arc<Vec<StoredSegment>>, StoreError> {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(office).cloned();
        known.map_or_else(|| self.look_again(office), Ok)
    }

    fn look_again(&self, office: &OfficeId) -> Result<Arc<Vec<StoredSegment>>, StoreError> {
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Arc::new(self.hot.segments(office)?);
        known.insert(*office, Arc::clone(&now));
        Ok(now)
    }

    fn moved(&self, office: &OfficeId, before: &[StoredSegment]) -> Result<Moved, StoreError> {
        Ok(if **self.look_again(office)? == *before { Moved::No } else { Moved::Away })
    }

    /// Entries of a segment from one on.
    /// Entries of one segment. What cannot be read of an open file is tried once more in the file that lies there now: somebody may have put it right.
    fn entries_in_file(
        &self,
        office: &OfficeId,
        segment: &StoredSegment,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        match self.entries_in_open_file(office, segment, from, limit) {
            Err(damage) if damage.is_of_one_block() => self.entries_in_open_file(office, segment, from, limit),
            read => read,
        }
    }

    fn entries_in_open_file(
        &self,
        office: &OfficeId,
        segment: &StoredSegment,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let vault = self.vault.as_ref().ok_or(StoreError::Damaged { what: "way to the payload keys" })?;
        let open = self.folder.open(office, segment)?;
        let mut found = Vec::new();
        let end = segment.end().min(from.saturating_add(u64::from(limit)));
        let mut index = from;
        while index < end {
            let (number, at) = place_in(segment, index);
            let block = self.folder.block(&open, number, vault)?;
            for entry in block.iter().skip(at) {
                match entry {
                    Some(entry) if index < end => found.push(entry.clone()),
                    None if found.is_empty() => return Err(self.folder.faulty(&open, index)),
                    Some(_) | None => return Ok(found),
                }
                index += 1;
            }
        }
        Ok(found)
    }

    fn leaves_in_file(
        &self,
        office: &OfficeId,
        segment: &StoredSegment,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        let open = self.folder.open(office, segment)?;
        let (end, mut index, mut found) = (segment.end().min(to), from, Vec::new());
        while index < end {
            let (number, at) = place_in(segment, index);
            let some = usize::try_from(end - index).unwrap_or(usize::MAX);
            let leaves = open.leaves(number).inspect_err(|_| self.folder.close(&open))?;
            found.extend(leaves.into_iter().skip(at).take(some));
            index = from + found.len() as u64;
        }
        Ok(found)
    }

    /// Whose entry it is: a file's, or the database's.
    fn segment_of(known: &[StoredSegment], index: u64) -> Option<&StoredSegment> {
        known.iter().find(|segment| segment.holds(index))
    }

    /// Brings the next entries into a file and takes their rows out of the database: the file is written, synced, read back and compared first. Whatever is
    /// cut short leaves the rows, or the rows and a file that the next try finds.
    ///
    /// # Errors
    /// When entries are not what was signed or do not open, the file cannot be written or read back, or the database fails.
    pub(crate) fn cool(&self, office: &OfficeId, entries: u64, signed: Signed) -> Result<StoredSegment, StoreError> {
        let vault = self.vault.as_ref().ok_or(StoreError::Damaged { what: "way to the payload keys" })?;
        let first = self.cold_size(office)?;
        let rows = self.rows(office, first, entries)?;
        let tree: MemoryTree = rows.iter().map(|entry| entry.leaf).collect();
        self.is_signed(office, first, &tree, entries, signed)?;
        let mut blocks = Vec::new();
        for (number, of_block) in rows.chunks(BLOCK).enumerate() {
            let place = seal::Place { office: *office, first: first + (number * BLOCK) as u64 };
            blocks.push(seal::seal(place, of_block, vault)?.encode());
        }
        let hashes =
            blocks.iter().map(|block| Ok((length_of(block)?, digest(block)))).collect::<Result<_, StoreError>>()?;
        let head = Head { office: *office, first, entries, root: tree.root(), blocks: hashes };
        let segment = self.folder.write(office, &head, &blocks)?;
        self.read_back(office, &segment, &rows, vault)?;
        let segments = vec![(*office, SegmentStep::Cool(segment.clone()))];
        self.commit(&Change { segments, ..Change::default() })?;
        Ok(segment)
    }

    fn rows(&self, office: &OfficeId, first: u64, entries: u64) -> Result<Vec<Entry>, StoreError> {
        let mut rows = Vec::new();
        while (rows.len() as u64) < entries {
            let left = u32::try_from(entries - rows.len() as u64).unwrap_or(PAGE).min(PAGE);
            let page = self.hot.entries(office, LogName::Records, first + rows.len() as u64, left)?;
            if page.is_empty() {
                return Err(StoreError::Damaged { what: "records log" });
            }
            rows.extend(page);
        }
        Ok(rows)
    }

    /// The leaves are those under the checkpoint: their tree is the part of the log's that a proof goes through.
    fn is_signed(
        &self,
        office: &OfficeId,
        first: u64,
        tree: &MemoryTree,
        entries: u64,
        signed: Signed,
    ) -> Result<(), StoreError> {
        let damaged = || StoreError::Damaged { what: "tree" };
        let stored = StoredTree { store: &*self.hot, office: *office, log: LogName::Records };
        let proof = inclusion_proof(&stored, first, signed.size).map_err(|error| match error {
            ProveError::Reader(error) => error,
            ProveError::Request(_) => damaged(),
        })?;
        let leaf = sekisho_tlog::HashReader::node(tree, 0, 0).map_err(|_| damaged())?;
        let within = inclusion_proof(tree, 0, entries).map_err(|_| damaged())?;
        let holds =
            proof.starts_with(&within) && verify_inclusion(&leaf, first, signed.size, &proof, &signed.root).is_ok();
        if holds { Ok(()) } else { Err(damaged()) }
    }

    /// Reads a file as it lies on the disk and compares it with the rows ([`Folder::write`] has dropped what is in memory of it).
    fn read_back(
        &self,
        office: &OfficeId,
        segment: &StoredSegment,
        rows: &[Entry],
        vault: &Vault,
    ) -> Result<(), StoreError> {
        let open = OpenSegment::open(self.folder.path(office, segment), office, segment)?;
        let mut leaves = Vec::with_capacity(rows.len());
        for (number, of_block) in rows.chunks(BLOCK).enumerate() {
            let (block, _) = open.whole_block(number)?;
            let read = seal::open(open.place(number), &block, vault, seal::Trust::Whole);
            for (at, (entry, row)) in read.iter().zip(of_block).enumerate() {
                // Of what is destroyed nothing is written, also where the row had it still.
                let gone = vault.destroyed(office, row.key).is_some();
                let same = entry.as_ref().is_some_and(|entry| {
                    (entry.leaf, entry.key) == (row.leaf, row.key) && (gone || entry.payload == row.payload)
                });
                if !same {
                    return Err(open.fault(open.place(number).first + at as u64));
                }
            }
            leaves.extend(block.leaves);
        }
        let root = leaves.into_iter().collect::<MemoryTree>().root();
        if root == open.head().root { Ok(()) } else { Err(open.fault(segment.first)) }
    }

    /// Writes a segment anew without the payloads under these keys.
    fn erase_in(&self, office: &OfficeId, segment: &StoredSegment, gone: &[u32]) -> Result<(), StoreError> {
        let open = self.folder.open(office, segment)?;
        let (mut blocks, mut changed) = (Vec::new(), false);
        for number in 0..open.head().blocks.len() {
            let (block, bytes) = open.whole_block(number)?;
            let left = seal::without(&block, gone);
            changed |= left.is_some();
            blocks.push(left.map_or(bytes, |left| left.encode()));
        }
        if !changed {
            return Ok(());
        }
        let hashes =
            blocks.iter().map(|block| Ok((length_of(block)?, digest(block)))).collect::<Result<_, StoreError>>()?;
        let head = Head { blocks: hashes, ..open.head().clone() };
        let after = self.folder.write(office, &head, &blocks)?;
        let written = OpenSegment::open(self.folder.path(office, &after), office, &after)?;
        if !written.is_whole() {
            return Err(written.fault(after.first));
        }
        let step = SegmentStep::Replace { before: segment.digest, after };
        self.commit(&Change { segments: vec![(*office, step)], ..Change::default() })
    }

    /// Brings the last cold segment back into the database; nothing when none is cold.
    ///
    /// # Errors
    /// When its file is not whole, or the database fails.
    pub(super) fn warm_last(&self, office: &OfficeId) -> Result<Option<StoredSegment>, StoreError> {
        let known = self.look_again(office)?;
        let Some(segment) = known.last().cloned() else { return Ok(None) };
        let mut entries = Vec::new();
        while (entries.len() as u64) < segment.entries {
            let from = segment.first + entries.len() as u64;
            entries.extend(self.entries_in_file(office, &segment, from, PAGE)?);
        }
        // What cannot be opened at the moment would come back as nothing, and the file is what it could be read from later.
        let vault = self.vault.as_ref().ok_or(StoreError::Damaged { what: "way to the payload keys" })?;
        let is_gone = |entry: &Entry| vault.destroyed(office, entry.key).is_some();
        if entries.iter().any(|entry| entry.payload.is_empty() && !is_gone(entry)) {
            return Err(StoreError::Damaged { what: "payload key of an entry that comes back" });
        }
        let open = self.folder.open(office, &segment)?;
        let root = entries.iter().map(|entry| entry.leaf).collect::<MemoryTree>().root();
        if root != open.head().root {
            return Err(open.fault(segment.first));
        }
        let step = SegmentStep::Warm { segment: segment.clone(), entries };
        self.commit(&Change { segments: vec![(*office, step)], ..Change::default() })?;
        Ok(Some(segment))
    }
}

/// Block and place in it.
fn place_in(segment: &StoredSegment, index: u64) -> (usize, usize) {
    let at = index.saturating_sub(segment.first);
    let number = usize::try_from(at / BLOCK as u64).unwrap_or(usize::MAX);
    (number, usize::try_from(at % BLOCK as u64).unwrap_or(0))
}

fn length_of(block: &[u8]) -> Result<u32, StoreError> {
    u32::try_from(block.len()).map_err(|_| StoreError::TooLarge { act: "write a cold segment" })
}

impl Store for ColdStore {
    fn hold(&self) -> Result<(), StoreError> {
        self.hot.hold()
    }

    fn commit(&self, change: &Change) -> Result<(), StoreError> {
        let done = self.hot.commit(change);
        for (office, _) in &change.segments {
            // Also after an error: it may be there all the same.
            self.look_again(office)?;
        }
        done
    }

    fn entries(&self, office: &OfficeId, log: LogName, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        if log != LogName::Records {
            return self.hot.entries(office, log, from, limit);
        }
        let mut found: Vec<Entry> = Vec::new();
        let mut known = self.known(office)?;
        while found.len() < limit as usize {
            let (at, left) = (from.saturating_add(found.len() as u64), limit - found.len() as u32);
            let segment = Self::segment_of(&known, at);
            let page = match segment {
                Some(segment) => self.entries_in_file(office, segment, at, left),
                None => self.hot.entries(office, log, at, left),
            };
            // It may have gone cold between the two looks, or its file was replaced.
            let nothing = page.as_ref().map_or(true, Vec::is_empty);
            if nothing && self.moved(office, &known)? == Moved::Away {
                known = self.known(office)?;
                continue;
            }
            match page {
                Ok(page) => found.extend(page),
                // What comes before it can be had; who asks for the next one hears why not.
                Err(_) if !found.is_empty() => break,
                Err(error) => return Err(error),
            }
            // The database has given all that it has from there on; so has a file that was damaged.
            if segment.is_none_or(|segment| from.saturating_add(found.len() as u64) < segment.end()) {
                break;
            }
        }
        Ok(found)
    }

    fn leaves(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<Hash>, StoreError> {
        if log != LogName::Records {
            return self.hot.leaves(office, log, from, to);
        }
        let mut found: Vec<Hash> = Vec::new();
        let mut known = self.known(office)?;
        while from.saturating_add(found.len() as u64) < to {
            let at = from + found.len() as u64;
            let segment = Self::segment_of(&known, at);
            let page = match segment {
                Some(segment) => self.leaves_in_file(office, segment, at, to),
                None => self.hot.leaves(office, log, at, to),
            };
            let short = match (&page, segment) {
                (Ok(page), None) => (page.len() as u64) < to - at,
                (Ok(_), Some(_)) => false,
                (Err(_), _) => true,
            };
            if short && self.moved(office, &known)? == Moved::Away {
                known = self.known(office)?;
                continue;
            }
            found.extend(page?);
            if segment.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn end(&self, office: &OfficeId, log: LogName) -> Result<u64, StoreError> {
        let end = self.hot.end(office, log)?;
        Ok(if log == LogName::Records { end.max(self.cold_size(office)?) } else { end })
    }

    fn erase(&self, office: &OfficeId, indexes: &[u64]) -> Result<(), StoreError> {
        let known = self.known(office)?;
        let keys = self.hot.keys(office)?;
        let gone: Vec<u32> = keys.iter().filter(|key| key.state != KeyState::InUse).map(|key| key.number).collect();
        // All of a segment at once: it is a file, and would be written anew for every page.
        for segment in known.iter().filter(|segment| indexes.iter().any(|index| segment.holds(*index))) {
            self.erase_in(office, segment, &gone)?;
        }
        let hot: Vec<u64> =
            indexes.iter().copied().filter(|index| Self::segment_of(&known, *index).is_none()).collect();
        if hot.is_empty() { Ok(()) } else { self.hot.erase(office, &hot) }
    }

    fn scrub(&self) -> Result<(), StoreError> {
        self.hot.scrub()?;
        for office in self.hot.offices()? {
            self.folder.remove_replaced(&office.id, &self.look_again(&office.id)?)?;
        }
        Ok(())
    }

    fn segments(&self, office: &OfficeId) -> Result<Vec<StoredSegment>, StoreError> {
        self.hot.segments(office)
    }

    fn offices(&self) -> Result<Vec<StoredOffice>, StoreError> {
        self.hot.offices()
    }

    fn frontier(&self, office: &OfficeId, log: LogName) -> Result<Frontier, StoreError> {
        self.hot.frontier(office, log)
    }

    fn tile(&self, office: &OfficeId, log: LogName, level: u8, index: u64) -> Result<Vec<u8>, StoreError> {
        self.hot.tile(office, log, level, index)
    }

    fn tiles(&self, office: &OfficeId, log: LogName) -> Result<Vec<(u8, u64)>, StoreError> {
        self.hot.tiles(office, log)
    }

    fn cursor(&self, office: &OfficeId, emitter: &EmitterName, epoch: u32) -> Result<Option<Cursor>, StoreError> {
        self.hot.cursor(office, emitter, epoch)
    }

    fn cursors(&self, office: &OfficeId) -> Result<Vec<(EmitterName, u32, Cursor)>, StoreError> {
        self.hot.cursors(office)
    }

    fn batches(
        &self,
        office: &OfficeId,
        terminal: &Code,
        epoch: u32,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        self.hot.batches(office, terminal, epoch, seq, limit)
    }

    fn batches_by_index(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<StoredBatch>, StoreError> {
        self.hot.batches_by_index(office, index, limit)
    }

    fn last_heard(&self, office: &OfficeId) -> Result<Vec<(Code, u32, Millis)>, StoreError> {
        self.hot.last_heard(office)
    }

    fn act(&self, office: &OfficeId, id: &Hash) -> Result<Option<StoredAct>, StoreError> {
        self.hot.act(office, id)
    }

    fn acts(&self, office: &OfficeId, log: LogName) -> Result<Vec<StoredAct>, StoreError> {
        self.hot.acts(office, log)
    }

    fn names(&self, office: &OfficeId, log: LogName, from: u64, to: u64) -> Result<Vec<StoredName>, StoreError> {
        self.hot.names(office, log, from, to)
    }

    fn names_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<StoredName>, StoreError> {
        self.hot.names_at(office, log, indexes)
    }

    fn acts_at(&self, office: &OfficeId, log: LogName, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.hot.acts_at(office, log, indexes)
    }

    fn code(&self, hash: &[u8; 32]) -> Result<Option<StoredCode>, StoreError> {
        self.hot.code(hash)
    }

    fn codes(&self) -> Result<Vec<StoredCode>, StoreError> {
        self.hot.codes()
    }

    fn enrolments(&self, office: &OfficeId) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.hot.enrolments(office)
    }

    fn enrolments_of(&self, office: &OfficeId, terminal: &Code) -> Result<Vec<StoredEnrolment>, StoreError> {
        self.hot.enrolments_of(office, terminal)
    }

    fn keys(&self, office: &OfficeId) -> Result<Vec<StoredKey>, StoreError> {
        self.hot.keys(office)
    }

    fn misfits(&self) -> Result<Vec<String>, StoreError> {
        self.hot.misfits()
    }
}

const PAGE: u32 = 2_000;
