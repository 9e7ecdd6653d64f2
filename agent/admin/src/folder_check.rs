//! Whether a folder is what was taken out of the ledger (EXPORT.md §X3.2, §X3.4): each file as its writer's list has it, each tile and each entry as the
//! signed root has it. What is not is named by its file.

use sekisho_register::change::Log;
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_tlog::{Hash, HashReader, MemoryTree, leaf_hash, root_at};
use sekisho_wire::words::Language;

use crate::error::AdminError;
use crate::export_folder::{BEGUN, ExportFolder, SIGNATURE, SUMS, bundles, checkpoint_of, hash_tiles, tile_of};
use crate::folder_log::FolderLog;

/// What is wrong with a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FolderFault {
    /// It was begun and not finished.
    Unfinished,
    /// It is none, or its list or signature is gone.
    NoExport(&'static str),
    /// A file of the list is not there.
    Missing(String),
    /// A file is not what it was when the list was made.
    Altered(String),
    /// A file that the list does not have.
    Foreign(String),
    /// A file that the log needs is not in the list either.
    LeftOut(String),
    /// The hashes at the right edge do not come to the root that was signed.
    Root(Log),
    /// A hash tile is not the one that the root stands for.
    Tile(String),
    /// An entry is not the one that the root stands for.
    Entry {
        /// Its bundle.
        file: String,
        /// Its index.
        index: u64,
    },
    /// A file is no bundle, or is not as long as its name says.
    Unreadable(String),
}

impl FolderFault {
    /// For people.
    #[must_use]
    pub(crate) fn in_words(&self, language: Language) -> String {
        let (english, japanese) = match self {
            Self::Unfinished => (
                "the export was interrupted and is not whole: run 'sekisho-admin log export' with this folder again".to_owned(),
                "書出しが途中で中断されています。同じフォルダーを指定して「sekisho-admin log export」をもう一度実行してください".to_owned(),
            ),
            Self::NoExport(file) => (
                format!("there is no {file} in it: it is no export, or was not taken whole"),
                format!("{file} がありません。書出しフォルダーでないか、一部しか受け取っていません"),
            ),
            Self::Missing(file) => (format!("{file} is missing"), format!("{file} がありません")),
            Self::Altered(file) => {
                (format!("{file} is not as it was written"), format!("{file} が書出し時の内容と異なります"))
            }
            Self::Foreign(file) => {
                (format!("{file} does not belong to the export"), format!("{file} は書出しに含まれていないファイルです"))
            }
            Self::LeftOut(file) => (
                format!("{file} is missing, and the list of files does not have it: the log was cut short"),
                format!("{file} がなく、ファイル一覧にもありません。ログの一部が除かれています"),
            ),
            Self::Root(log) => (
                format!("the hash tiles of the {} log do not come to the root in {}", log.name(Language::English), checkpoint_of(*log)),
                format!("{}のハッシュタイルが {} のルートと一致しません", log.name(Language::Japanese), checkpoint_of(*log)),
            ),
            Self::Tile(file) => (
                format!("{file} is not what the signed checkpoint stands for"),
                format!("{file} が署名されたチェックポイントの内容と異なります"),
            ),
            Self::Entry { file, index } => (
                format!("entry {index} in {file} is not the one that the signed checkpoint stands for"),
                format!("{file} の {index} 番が署名されたチェックポイントの内容と異なります"),
            ),
            Self::Unreadable(file) => (format!("{file} cannot be read as what it is"), format!("{file} の形式が正しくありません")),
        };
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }
}

/// Holds every file against the list; the list's SHA-256 comes back, for the signature.
///
/// # Errors
/// When a file cannot be read. What does not fit is no error.
pub(crate) fn look_at_files(folder: &ExportFolder) -> Result<Result<[u8; 32], Vec<FolderFault>>, AdminError> {
    if folder.has(BEGUN) {
        return Ok(Err(vec![FolderFault::Unfinished]));
    }
    if let Some(gone) = [SUMS, SIGNATURE].into_iter().find(|name| !folder.has(name)) {
        return Ok(Err(vec![FolderFault::NoExport(gone)]));
    }
    let (sums, digest) = folder.sums()?;
    let mut faults = Vec::new();
    for sum in &sums {
        if !folder.has(&sum.name) {
            faults.push(FolderFault::Missing(sum.name.clone()));
        } else if folder.digest(&sum.name)? != sum.digest {
            faults.push(FolderFault::Altered(sum.name.clone()));
        }
    }
    let mut listed: Vec<&str> = sums.iter().map(|sum| sum.name.as_str()).collect();
    listed.sort_unstable();
    let foreign = folder.all()?.into_iter().filter(|name| listed.binary_search(&name.as_str()).is_err());
    faults.extend(foreign.map(FolderFault::Foreign));
    Ok(if faults.is_empty() { Ok(digest) } else { Err(faults) })
}

/// Holds the tiles and the entries of a log against its root, from there down: what does not fit is the first thing below what does.
///
/// # Errors
/// When a file cannot be read though it is there. What does not fit is no error.
pub(crate) fn look_at_tree(
    folder: &ExportFolder,
    log: &FolderLog<'_>,
    root: Hash,
) -> Result<Result<(), FolderFault>, AdminError> {
    let (size, name) = (log.size(), log.log());
    let needed = hash_tiles(size).chain(bundles(size, log.entries_shown()));
    if let Some(gone) = needed.map(|path| tile_of(name, &path)).find(|file| !folder.has(file)) {
        return Ok(Err(FolderFault::LeftOut(gone)));
    }
    match root_at(log, size) {
        Ok(found) if found == root => {}
        Ok(_) | Err(_) => return Ok(Err(FolderFault::Root(name))),
    }
    for level in (0..8_u8).rev() {
        for index in 0.. {
            let Some(path) = TilePath::in_tree(TileContent::Hashes(level), index, size) else { break };
            // The hashes of one that is not full made up the root itself.
            if !path.is_full() {
                continue;
            }
            let (Ok(tile), Ok(above)) = (log.tile(&path), log.node(8 * (level + 1), index)) else {
                return Ok(Err(FolderFault::Unreadable(tile_of(name, &path))));
            };
            let hashes: MemoryTree = tile.chunks_exact(32).filter_map(Hash::from_slice).collect();
            if hashes.root() != above {
                return Ok(Err(FolderFault::Tile(tile_of(name, &path))));
            }
        }
    }
    look_at_entries(log)
}

fn look_at_entries(log: &FolderLog<'_>) -> Result<Result<(), FolderFault>, AdminError> {
    for path in bundles(log.size(), log.entries_shown()) {
        let file = tile_of(log.log(), &path);
        let Ok(entries) = log.bundle(&path) else { return Ok(Err(FolderFault::Unreadable(file))) };
        for (entry, index) in entries.iter().zip(path.first()..) {
            // Of what was destroyed the leaf alone is there.
            if !entry.is_empty() && log.node(0, index)? != leaf_hash(entry) {
                return Ok(Err(FolderFault::Entry { file, index }));
            }
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export_folder::{Shown, Sum};
    use crate::folder_log::tests::TempFolder;

    /// More than a tile of tiles.
    const SIZE: u32 = 256 * 256 + 300;

    #[test]
    fn whatever_is_altered_below_a_root_is_named_by_its_own_file() {
        let folder = TempFolder::new();
        let entries: Vec<Vec<u8>> = (0..SIZE).map(|number| number.to_be_bytes().to_vec()).collect();
        let shown = Shown { from: 65_280, to: u64::from(SIZE) };
        let tree = folder.has(Log::Casebook, &entries, shown);
        let root = tree.root();
        let look = || {
            let log = FolderLog::new(&folder.0, Log::Casebook, tree.size(), shown);
            look_at_tree(&folder.0, &log, root).unwrap()
        };
        assert_eq!(look(), Ok(()));
        let spoiled = |name: &str| {
            let name = format!("casebook/{name}");
            let whole = folder.0.read(&name).unwrap();
            let mut bytes = whole.clone();
            *bytes.last_mut().unwrap() ^= 1;
            folder.0.write(&name, &bytes).unwrap();
            let found = look().unwrap_err();
            std::fs::remove_file(folder.0.path(&name)).unwrap();
            assert_eq!(look(), Err(FolderFault::LeftOut(name.clone())));
            folder.0.write(&name, &whole).unwrap();
            (found, name)
        };
        for tile in ["tile/0/000", "tile/0/255", "tile/1/000"] {
            let (found, name) = spoiled(tile);
            assert_eq!(found, FolderFault::Tile(name));
        }
        for tile in ["tile/2/000.p/1", "tile/1/001.p/1", "tile/0/257.p/44"] {
            assert_eq!(spoiled(tile).0, FolderFault::Root(Log::Casebook), "{tile}");
        }
        for (bundle, index) in [("tile/entries/255", 65_535), ("tile/entries/257.p/44", u64::from(SIZE) - 1)] {
            let (found, file) = spoiled(bundle);
            assert_eq!(found, FolderFault::Entry { file, index });
        }
        assert!(
            FolderLog::new(&folder.0, Log::Casebook, tree.size(), shown).tile(&"tile/0/000".parse().unwrap()).is_ok()
        );
        let other = Hash([7; 32]);
        let log = FolderLog::new(&folder.0, Log::Casebook, tree.size(), shown);
        assert_eq!(look_at_tree(&folder.0, &log, other).unwrap(), Err(FolderFault::Root(Log::Casebook)));
    }

    #[test]
    fn every_file_is_held_against_the_list_and_half_an_export_is_none() {
        let folder = TempFolder::new();
        let look = || look_at_files(&folder.0).unwrap().map(drop);
        folder.0.write("records/checkpoint", b"a note").unwrap();
        assert_eq!(look(), Err(vec![FolderFault::NoExport(SUMS)]));
        let digest = folder.0.digest("records/checkpoint").unwrap();
        folder.0.write(SUMS, Sum { name: "records/checkpoint".to_owned(), digest }.line().as_bytes()).unwrap();
        assert_eq!(look(), Err(vec![FolderFault::NoExport(SIGNATURE)]));
        folder.0.write(SIGNATURE, b"signed").unwrap();
        assert_eq!(look(), Ok(()));
        folder.0.write("records/checkpoint", b"a nota").unwrap();
        folder.0.write("more", b"").unwrap();
        let name = || "records/checkpoint".to_owned();
        assert_eq!(look(), Err(vec![FolderFault::Altered(name()), FolderFault::Foreign("more".to_owned())]));
        folder.0.remove("more").unwrap();
        folder.0.remove("records/checkpoint").unwrap();
        assert_eq!(look(), Err(vec![FolderFault::Missing(name())]));
        folder.0.write(BEGUN, b"{}").unwrap();
        assert_eq!(look(), Err(vec![FolderFault::Unfinished]));
        for fault in [FolderFault::Unfinished, FolderFault::Missing(name()), FolderFault::Root(Log::Records)] {
            assert_ne!(fault.in_words(Language::English), fault.in_words(Language::Japanese));
        }
    }
}
