//! Tiles: 256 hashes of one level as one file (§5).

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::error::{ProveError, TlogError};
use crate::frontier::Frontier;
use crate::hash::{HASH_BYTES, Hash};
use crate::prove::HashReader;
use crate::text::decimal;

pub use crate::bundle::{decode_bundle, encode_bundle};

/// Which tile, and how much of it: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]` (§5.1, §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    content: TileContent,
    index: u64,
    width: u16,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileContent {
    /// Hashes of this tile level, eight tree levels above the next lower one.
    Hashes(u8),
    /// Entries: an entry bundle.
    Entries,
}

impl TilePath {
    /// Tile `index` as wide as the tree of `size` leaves allows, if it reaches so far (§5.3).
    #[must_use]
    pub fn in_tree(content: TileContent, index: u64, size: u64) -> Option<Self> {
        let before = index.checked_mul(u64::from(TILE_WIDTH))?;
        let width = content.width_at(size).checked_sub(before)?.min(u64::from(TILE_WIDTH));
        u16::try_from(width).ok().filter(|width| *width > 0).map(|width| Self { content, index, width })
    }

    /// Whether the tree of `size` leaves has this tile, at least so wide (§5.3).
    #[must_use]
    pub fn is_in_tree(&self, size: u64) -> bool {
        Self::in_tree(self.content, self.index, size).is_some_and(|widest| self.width <= widest.width)
    }

    /// Hashes or entries.
    #[must_use]
    pub const fn content(&self) -> TileContent {
        self.content
    }

    /// Number of the tile within its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Hashes or entries in it: 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all its 256 hashes or entries and will never change.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Index of its first node within tree level `8·L`, or of its first entry.
    #[must_use]
    pub const fn first(&self) -> u64 {
        // `in_tree` and the parser keep the product within 64 bits.
        self.index * TILE_WIDTH as u64
    }
}

impl TileContent {
    /// How many hashes or entries of this kind a tree of `size` leaves has.
    fn width_at(self, size: u64) -> u64 {
        match self {
            Self::Hashes(level) => size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0),
            Self::Entries => size,
        }
    }
}

/// The bytes of a hash tile (§5.2) of the tree of `size` leaves.
///
/// # Errors
/// When the path is that of an entry bundle, when the tree does not have this tile, and those of the reader.
pub fn hash_tile<R: HashReader>(reader: &R, path: &TilePath, size: u64) -> Result<Vec<u8>, ProveError<R::Error>> {
    let outside = || ProveError::Request(TlogError::TileOutsideTree { path: path.to_string(), size });
    let TileContent::Hashes(tile_level) = path.content else { return Err(outside()) };
    if !path.is_in_tree(size) {
        return Err(outside());
    }
    // A tile in a tree of fewer than 2^64 leaves has a level below 8.
    let level = tile_level * TILE_HEIGHT;
    let mut bytes = Vec::with_capacity(usize::from(path.width) * HASH_BYTES);
    for index in path.first()..path.first() + u64::from(path.width) {
        bytes.extend_from_slice(&reader.node(level, index).map_err(ProveError::Reader)?.0);
    }
    Ok(bytes)
}

/// Where a node of the tree is found in hash tiles: it is the root over `count` hashes from `first` on in one tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileNode {
    /// Level of the tile.
    pub tile_level: u8,
    /// Number of the tile within its level.
    pub tile_index: u64,
    /// First hash within the tile.
    pub first: u8,
    /// Number of hashes: 1, 2, 4, … 128.
    pub count: u8,
}

impl TileNode {
    /// Where node `(level, index)` of §2.2 is found.
    #[must_use]
    pub const fn of(level: u8, index: u64) -> Self {
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        // Counted in hashes of the tile, 2^height for each node of this level.
        let first = (index << height) % TILE_WIDTH as u64;
        Self { tile_level, tile_index: index >> (TILE_HEIGHT - height), first: first as u8, count: 1 << height }
    }

    /// The node's hash, out of the bytes of its tile.
    ///
    /// # Errors
    /// When the tile does not reach so far.
    pub fn hash_in(&self, tile: &[u8]) -> Result<Hash, TlogError> {
        let (first, end) = (usize::from(self.first), usize::from(self.first) + usize::from(self.count));
        let bytes = tile.get(first * HASH_BYTES..end * HASH_BYTES);
        let cut_short = TlogError::TileBytes { expected: end * HASH_BYTES, found: tile.len() };
        let bytes = bytes.ok_or(cut_short)?;
        let mut subtree = Frontier::new();
        bytes.chunks(HASH_BYTES).filter_map(Hash::from_slice).for_each(|hash| subtree.append(hash));
        Ok(subtree.root())
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            TileContent::Hashes(level) => write!(f, "tile/{level}/")?,
            TileContent::Entries => f.write_str("tile/entries/")?,
        }
        let digits = self.index.to_string();
        let groups = digits.len().div_ceil(GROUP);
        let padded = alloc::format!("{digits:0>width$}", width = groups * GROUP);
        for (number, digit) in padded.char_indices() {
            if number % GROUP == 0 {
                f.write_str(if number == 0 { "" } else { "/" })?;
                f.write_str(if number / GROUP + 1 == groups { "" } else { "x" })?;
            }
            write!(f, "{digit}")?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = TlogError;

    fn from_str(path: &str) -> Result<Self, TlogError> {
        parse(path).filter(|tile| tile.to_string() == path).ok_or_else(|| TlogError::TilePath { path: shortened(path) })
    }
}

/// Reads a path leniently in the number of groups; the caller compares with the one right form.
fn parse(path: &str) -> Option<TilePath> {
    let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let content = match level {
        "entries" => TileContent::Entries,
        level => TileContent::Hashes(decimal::<u8>(level).filter(|level| *level <= MAX_TILE_LEVEL)?),
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, decimal::<u16>(width).filter(|width| (1..TILE_WIDTH).contains(width))?),
        None => (rest, TILE_WIDTH),
    };
    let digits: String = number.split('/').map(|group| group.strip_prefix('x').unwrap_or(group)).collect();
    let index = digits.parse::<u64>().ok().filter(|index| *index <= MAX_INDEX)?;
    Some(TilePath { content, index, width })
}

/// Enough of a stranger's path to recognise it in a message.
fn shortened(path: &str) -> String {
    path.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect::<String>().trim().to_owned()
}

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// Tree levels from one tile level to the next.
pub const TILE_HEIGHT: u8 = 8;

// tlog-tiles: the level is a number between 0 and 63.
const MAX_TILE_LEVEL: u8 = 63;
// Beyond it the first node of a tile has no 64-bit number.
const MAX_INDEX: u64 = u64::MAX >> TILE_HEIGHT;
const GROUP: usize = 3;
const SHOWN: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::memory::MemoryTree;

    fn hashes(level: u8, index: u64, width: u16) -> TilePath {
        TilePath { content: TileContent::Hashes(level), index, width }
    }

    #[test]
    fn paths_read_and_write_as_tlog_tiles_says() {
        let entries = TilePath { content: TileContent::Entries, index: 5, width: 112 };
        for (path, tile) in [
            ("tile/0/000", hashes(0, 0, 256)),
            ("tile/0/999", hashes(0, 999, 256)),
            ("tile/0/x001/000", hashes(0, 1000, 256)),
            ("tile/0/x001/x234/067", hashes(0, 1_234_067, 256)),
            ("tile/63/x001/x234/067.p/255", hashes(63, 1_234_067, 255)),
            ("tile/entries/005.p/112", entries),
        ] {
            assert_eq!(path.parse(), Ok(tile));
            assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn a_tile_has_one_path() {
        for path in [
            "",
            "tile/0/",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001/x002",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/+01",
            "/tile/0/000",
            "tile/0/000/",
            "tile/data/000",
            "tile/0/xx001/002",
            "tile/0/000.p/1.p/1",
            "tile/0/..",
            "tile/8/0/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x072/x057/x594/x037/x927/936",
        ] {
            assert_eq!(path.parse::<TilePath>(), Err(TlogError::TilePath { path: path.into() }), "{path:?}");
        }
    }

    #[test]
    fn a_tree_of_70_000_has_the_tiles_that_tlog_tiles_counts() {
        let widest =
            |level, index| TilePath::in_tree(TileContent::Hashes(level), index, 70_000).map(|tile| tile.width());
        assert_eq!((widest(0, 272), widest(0, 273), widest(0, 274)), (Some(256), Some(112), None));
        assert_eq!((widest(1, 0), widest(1, 1), widest(1, 2)), (Some(256), Some(17), None));
        assert_eq!((widest(2, 0), widest(2, 1), widest(3, 0)), (Some(1), None, None));
        assert_eq!(widest(63, 0), None);
        assert!(!hashes(0, 273, 113).is_in_tree(70_000));
    }

    #[test]
    fn every_node_is_found_in_its_tile() {
        let tree: MemoryTree = (0..700u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        for (level, index) in [(0, 0), (0, 699), (1, 349), (3, 2), (7, 4), (8, 0), (8, 1), (9, 0)] {
            let node = TileNode::of(level, index);
            let path = TilePath::in_tree(TileContent::Hashes(node.tile_level), node.tile_index, 700).unwrap();
            let tile = hash_tile(&tree, &path, 700).unwrap();
            assert_eq!(node.hash_in(&tile), tree.node(level, index), "level {level}, index {index}");
        }
    }

    #[test]
    fn a_tile_that_is_too_short_is_said_to_be() {
        let node = TileNode::of(2, 1);
        assert_eq!(node.hash_in(&[0; 7 * 32]), Err(TlogError::TileBytes { expected: 256, found: 224 }));
    }

    #[test]
    fn a_tile_beyond_the_tree_is_not_given_out() {
        let tree: MemoryTree = (0..3u8).map(|i| leaf_hash(&[i])).collect();
        let outside = TlogError::TileOutsideTree { path: "tile/0/000.p/4".into(), size: 3 };
        assert_eq!(hash_tile(&tree, &hashes(0, 0, 4), 3), Err(ProveError::Request(outside)));
        let bundle = TilePath::in_tree(TileContent::Entries, 0, 3).unwrap();
        assert!(hash_tile(&tree, &bundle, 3).is_err());
    }
}
