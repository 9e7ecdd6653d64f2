//! A log out of a folder (EXPORT.md §X1): its tiles, its entries and its terminals' words, each read when it is asked for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use sekisho_link::{Base64, Exactly};
use sekisho_register::change::Log;
use sekisho_tlog::bundle::decode_bundle;
use sekisho_tlog::tile::{TileContent, TileNode, TilePath};
use sekisho_tlog::{Hash, HashReader};
use sekisho_wire::id::Hash as WireHash;
use serde::Deserialize;

use crate::entries::Entries;
use crate::error::AdminError;
use crate::export_folder::{BATCHES, ExportFolder, Shown, tile_of};
use crate::places::Answer;
use crate::terminal_word::TerminalWord;

/// Tiles that stay in memory: one path from the root to a leaf, and its neighbours.
const TILES_KEPT: usize = 32;
/// Pages of batches that stay in memory.
const PAGES_KEPT: usize = 4;

/// One log at the size of its checkpoint.
#[derive(Debug)]
pub(crate) struct FolderLog<'a> {
    folder: &'a ExportFolder,
    log: Log,
    size: u64,
    shown: Shown,
    tiles: RefCell<BTreeMap<TilePath, Vec<u8>>>,
    /// The bundle that was read last.
    bundle: RefCell<Option<(u64, Vec<Vec<u8>>)>>,
}

impl<'a> FolderLog<'a> {
    /// Nothing is read yet. Of the entries those are there that `shown` says.
    #[must_use]
    pub(crate) fn new(folder: &'a ExportFolder, log: Log, size: u64, shown: Shown) -> Self {
        let (tiles, bundle) = (RefCell::default(), RefCell::default());
        Self { folder, log, size, shown, tiles, bundle }
    }

    /// Its name.
    #[must_use]
    pub(crate) const fn log(&self) -> Log {
        self.log
    }

    /// Its size.
    #[must_use]
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Which entries are there.
    #[must_use]
    pub(crate) const fn entries_shown(&self) -> Shown {
        self.shown
    }

    /// The bytes of a hash tile.
    ///
    /// # Errors
    /// When it is not there, or is not as long as its name says.
    pub(crate) fn tile(&self, path: &TilePath) -> Result<Vec<u8>, AdminError> {
        let name = tile_of(self.log, path);
        let bytes = self.folder.read(&name)?;
        if bytes.len() == usize::from(path.width()) * 32 { Ok(bytes) } else { Err(self.folder.wrong(&name)) }
    }

    /// The entries of a bundle.
    ///
    /// # Errors
    /// When it is not there, or is none.
    pub(crate) fn bundle(&self, path: &TilePath) -> Result<Vec<Vec<u8>>, AdminError> {
        let name = tile_of(self.log, path);
        let bytes = self.folder.read(&name)?;
        let entries = decode_bundle(&bytes).map_err(|_| self.folder.wrong(&name))?;
        if entries.len() != usize::from(path.width()) {
            return Err(self.folder.wrong(&name));
        }
        Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// All entries; of a log of which all are there.
    ///
    /// # Errors
    /// As [`Self::bundle`].
    pub(crate) fn all(&self) -> Result<Vec<Vec<u8>>, AdminError> {
        let mut all = Vec::new();
        for path in crate::export_folder::bundles(self.size, self.shown) {
            all.extend(self.bundle(&path)?);
        }
        Ok(all)
    }
}

impl HashReader for FolderLog<'_> {
    type Error = AdminError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, AdminError> {
        let node = TileNode::of(level, index);
        let path = TilePath::in_tree(TileContent::Hashes(node.tile_level), node.tile_index, self.size)
            .ok_or(AdminError::Ledger("a tree that is smaller than its proof needs"))?;
        let mut tiles = self.tiles.borrow_mut();
        if !tiles.contains_key(&path) {
            if tiles.len() >= TILES_KEPT {
                tiles.clear();
            }
            tiles.insert(path, self.tile(&path)?);
        }
        Ok(node.hash_in(&tiles[&path])?)
    }
}

impl Entries for FolderLog<'_> {
    fn count(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    fn shown(&self) -> Range<usize> {
        let at = |index| usize::try_from(index).unwrap_or(usize::MAX);
        at(self.shown.from)..at(self.shown.to)
    }

    fn leaf(&self, index: usize) -> Result<Hash, AdminError> {
        self.node(0, index as u64)
    }

    fn bytes(&self, index: usize) -> Result<Cow<'_, [u8]>, AdminError> {
        let (number, place) = (index as u64 / 256, index % 256);
        let mut kept = self.bundle.borrow_mut();
        if kept.as_ref().is_none_or(|(kept, _)| *kept != number) {
            let path = TilePath::in_tree(TileContent::Entries, number, self.size);
            let path = path.ok_or(AdminError::Ledger("a log that ends before one of its records"))?;
            *kept = Some((number, self.bundle(&path)?));
        }
        let entry = kept.as_ref().and_then(|(_, entries)| entries.get(place));
        Ok(Cow::Owned(entry.cloned().unwrap_or_default()))
    }
}

/// A page of batches, as the ledger answered it (LEDGER §L4).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchPage {
    /// In the order of the log.
    pub batches: Vec<BatchLine>,
    /// Where the next page begins.
    #[serde(default)]
    pub next: Option<u64>,
}

/// What a terminal signed, and where it lies.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BatchLine {
    /// Index of its first record in the log.
    pub index: u64,
    /// How many records are there.
    pub count: u64,
    /// The signed header; nothing where the ledger could not show it.
    #[serde(default)]
    pub batch: Option<Base64>,
    /// Leaves before those.
    #[serde(default)]
    pub repeated: Vec<Exactly<32>>,
}

/// The terminals' words beside a log.
#[derive(Debug)]
pub(crate) struct FolderWords<'a> {
    folder: &'a ExportFolder,
    log: &'a FolderLog<'a>,
    /// Each page by its first entry.
    pages: Vec<(u64, String)>,
    read: BTreeMap<usize, Vec<BatchLine>>,
}

impl<'a> FolderWords<'a> {
    /// Those that lie beside this log.
    ///
    /// # Errors
    /// When the folder cannot be looked into.
    pub(crate) fn beside(folder: &'a ExportFolder, log: &'a FolderLog<'a>) -> Result<Self, AdminError> {
        let named = |name: String| {
            let from = name.strip_prefix(BATCHES)?.strip_prefix('/')?.strip_suffix(".json")?.parse().ok()?;
            Some((from, name))
        };
        let mut pages: Vec<(u64, String)> = folder.list(BATCHES)?.into_iter().filter_map(named).collect();
        pages.sort_unstable();
        Ok(Self { folder, log, pages, read: BTreeMap::new() })
    }

    /// What the terminal of the entry at this index signed.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub(crate) fn of(&mut self, index: u64) -> Result<Answer, AdminError> {
        let behind = self.pages.partition_point(|(from, _)| *from <= index);
        // The last batch of the page before may reach here.
        for page in (behind.saturating_sub(2)..behind).rev() {
            let lines = self.page(page)?;
            let place = lines.partition_point(|line| line.index <= index);
            let Some(line) = place.checked_sub(1).and_then(|place| lines.get(place)).cloned() else { continue };
            return if index < line.index.saturating_add(line.count) { self.word(line) } else { Ok(Answer::NoWord) };
        }
        Ok(Answer::NoWord)
    }

    fn page(&mut self, page: usize) -> Result<&[BatchLine], AdminError> {
        if !self.read.contains_key(&page) {
            if self.read.len() >= PAGES_KEPT {
                self.read.clear();
            }
            let name = &self.pages[page].1;
            let mut lines = self.folder.json::<BatchPage>(name)?.batches;
            lines.sort_by_key(|line| line.index);
            self.read.insert(page, lines);
        }
        Ok(&self.read[&page])
    }

    fn word(&self, line: BatchLine) -> Result<Answer, AdminError> {
        let Some(batch) = line.batch else { return Ok(Answer::Refused) };
        let end = line.index.saturating_add(line.count);
        // Of what lies behind the checkpoint nothing is known.
        if end > self.log.size() {
            return Ok(Answer::Refused);
        }
        let mut leaves: Vec<WireHash> = line.repeated.iter().map(|leaf| WireHash(leaf.0)).collect();
        for index in line.index..end {
            leaves.push(WireHash(self.log.node(0, index)?.0));
        }
        Ok(Answer::Word(TerminalWord { batch: batch.0, leaves }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sekisho_tlog::tile::{encode_bundle, hash_tile};
    use sekisho_tlog::{MemoryTree, leaf_hash};
    use serde_json::json;

    use super::*;
    use crate::export_folder::{bundles, hash_tiles, page_of};
    use crate::places::tests::Told;
    use crate::places::{Place, Places};
    use crate::terminal_word::CarriedTo;

    /// A folder for one test.
    pub(crate) struct TempFolder(pub(crate) ExportFolder, std::path::PathBuf);

    impl TempFolder {
        pub(crate) fn new() -> Self {
            let name = format!("sekisho-export-{}", u64::from_be_bytes(crate::random::bytes().unwrap()));
            let path = std::env::temp_dir().join(name);
            Self(ExportFolder::at(&path), path)
        }

        /// Writes a log of these entries, of which some are there; gives its tree.
        pub(crate) fn has(&self, log: Log, entries: &[Vec<u8>], shown: Shown) -> MemoryTree {
            let tree: MemoryTree = entries.iter().map(|entry| leaf_hash(entry)).collect();
            for path in hash_tiles(tree.size()) {
                self.0.write(&tile_of(log, &path), &hash_tile(&tree, &path, tree.size()).unwrap()).unwrap();
            }
            for path in bundles(tree.size(), shown) {
                let first = usize::try_from(path.first()).unwrap();
                let bundle = encode_bundle(&entries[first..first + usize::from(path.width())]).unwrap();
                self.0.write(&tile_of(log, &path), &bundle).unwrap();
            }
            tree
        }
    }

    impl Drop for TempFolder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.1));
        }
    }

    fn whole(count: usize) -> Shown {
        Shown { from: 0, to: count as u64 }
    }

    #[test]
    fn a_terminals_word_is_found_whichever_page_it_stands_on() {
        let mut told = Told::new();
        let records = [(0, 3), (0, 4), (0, 5), (1, 0)].map(|place| told.record(place, 1));
        // The second batch repeats the last of the first, and has two of an earlier epoch behind it.
        told.comes(0, 3, &records[..2]);
        told.comes(1, 0, &records[1..3]);
        told.comes(1, 2, &records[3..]);
        let folder = TempFolder::new();
        let entries: Vec<Vec<u8>> = told.records.iter().map(|record| record.encode().unwrap().to_vec()).collect();
        let tree = folder.has(Log::Records, &entries, whole(entries.len()));
        let line = |index: usize, count: u64| {
            let word = told.ask(&std::cell::Cell::new(0))(index as u64).unwrap();
            let Answer::Word(word) = word else { panic!("it is a terminal's") };
            json!({"index": index, "count": count, "received": 5, "batch": Base64(word.batch), "repeated": []})
        };
        // What a page begins with may lie in the last batch of the one before.
        for pages in [vec![vec![0, 2, 4]], vec![vec![0, 2], vec![4]], vec![vec![0], vec![2], vec![4]]] {
            let _ = std::fs::remove_dir_all(folder.0.path(BATCHES));
            let mut from = 0;
            for page in &pages {
                let lines: Vec<_> = page.iter().map(|index| line(*index, if *index == 4 { 1 } else { 2 })).collect();
                folder.0.write(&page_of(BATCHES, from), json!({ "batches": lines }).to_string().as_bytes()).unwrap();
                from = *page.last().unwrap() as u64 + 1;
            }
            let log = FolderLog::new(&folder.0, Log::Records, tree.size(), whole(entries.len()));
            let mut words = FolderWords::beside(&folder.0, &log).unwrap();
            let mut places = Places::new(&log, told.terminal.cache.register(), |index| words.of(index));
            let carried = |seq| Place::Carried(CarriedTo { epoch: 1, seq });
            let found = [4, 0, 3, 1, 2].map(|index| places.of(index).unwrap());
            assert_eq!(found, [Place::Nowhere, Place::Own, carried(1), Place::Own, carried(0)], "{pages:?}");
            drop(places);
            assert!(matches!(words.of(9), Ok(Answer::NoWord)));
        }
    }

    #[test]
    fn entries_come_out_as_they_went_in_and_those_of_other_times_are_not_asked_for() {
        let folder = TempFolder::new();
        let entries: Vec<Vec<u8>> = (0..600_u32).map(|number| number.to_be_bytes().to_vec()).collect();
        let shown = Shown { from: 256, to: 600 };
        let tree = folder.has(Log::Records, &entries, shown);
        let log = FolderLog::new(&folder.0, Log::Records, tree.size(), shown);
        assert_eq!((log.count(), log.shown()), (600, 256..600));
        for index in [256, 599, 300, 512] {
            assert_eq!(log.bytes(index).unwrap(), entries[index]);
        }
        assert!(log.leaf(3).unwrap() == leaf_hash(&entries[3]) && log.bytes(3).is_err());
        assert_eq!(log.all().unwrap(), entries[256..]);
    }
}
