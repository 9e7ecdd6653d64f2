//! The folder that the logs are taken away in (EXPORT.md §X1, §X2): what lies where, and the list of it that its writer's card signs. It is whole once it has
//! its signature, which is written last.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sekisho_link::EvidenceLacks;
use sekisho_register::change::Log;
use sekisho_tlog::tile::{TileContent, TilePath};
use sekisho_wire::words::Language;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::AdminError;

/// Who took what away, when, and what the ledger lacked.
pub(crate) const HEADER: &str = "export.json";
/// The list of all other files but the signature.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The signature over that list.
pub(crate) const SIGNATURE: &str = "signature";
/// What is being taken, while it is.
pub(crate) const BEGUN: &str = "unfinished.json";
/// What the name of a file ends in that is being written.
pub(crate) const PART: &str = ".part";
/// The names of persons.
pub(crate) const NAMES: &str = "register/names.json";
/// The texts of cases, as the ledger answered.
pub(crate) const TEXTS: &str = "casebook/texts";
/// What terminals signed, as the ledger answered.
pub(crate) const BATCHES: &str = "records/batches";

/// The logs in it.
pub(crate) const LOGS: [Log; 3] = [Log::Register, Log::Casebook, Log::Records];

/// Largest file that is read at once: a bundle of 256 entries of 64 KiB, with room.
const FILE_MAX: u64 = 20 * 1024 * 1024;
/// Most bytes of the list: some millions of files.
const SUMS_MAX: u64 = 512 * 1024 * 1024;
const VERSION: u32 = 1;

/// Which entries of the records log are there: from, and up to (not included). A multiple of 256, but for the end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// The first.
    pub from: u64,
    /// The end.
    pub to: u64,
}

/// What was taken, by its writer's word (§X2.1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    sekisho: Mark,
    version: u32,
    /// The office, hex.
    pub office: String,
    /// When, in ms since 1970 UTC.
    pub written: u64,
    /// Who: his code.
    pub operator: String,
    /// With which card (GUID, hex).
    pub card: String,
    /// Under which number it was permitted.
    pub permission: String,
    /// Which records.
    pub records: Shown,
    /// The time that they are of, where not all were taken: from when, until when (not included).
    pub period: Option<(u64, u64)>,
    /// Entries whose contents the ledger could not show, though nothing destroyed them.
    pub unshown: Vec<u64>,
    /// What the ledger lacked.
    pub lacks: EvidenceLacks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Export,
}

impl Header {
    /// Of what this person takes of this office.
    #[must_use]
    pub(crate) fn new(office: String, written: u64, (operator, card): (String, String), begun: &Begun) -> Self {
        Self {
            sekisho: Mark::Export,
            version: VERSION,
            office,
            written,
            operator,
            card,
            permission: begun.permission.clone(),
            records: begun.records,
            period: begun.period,
            unshown: Vec::new(),
            lacks: EvidenceLacks::default(),
        }
    }

    /// Whether this program knows its version.
    #[must_use]
    pub(crate) const fn is_known(&self) -> bool {
        self.version == VERSION
    }
}

/// What was begun: goes on by the same checkpoints, or not at all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// The office, hex.
    pub office: String,
    /// Under which number.
    pub permission: String,
    /// The time that was asked for.
    pub period: Option<(u64, u64)>,
    /// Which records that are.
    pub records: Shown,
    /// Entries that could not be shown so far.
    #[serde(default)]
    pub unshown: Vec<u64>,
}

/// A folder with logs in it, or for them.
#[derive(Clone, Debug)]
pub(crate) struct ExportFolder {
    root: PathBuf,
}

impl ExportFolder {
    /// The folder of this path; nothing is looked at.
    #[must_use]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A file in it.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Makes it, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn make(&self) -> Result<(), AdminError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.root);
        made.map_err(failed(&self.root))
    }

    /// Whether nothing lies in it.
    ///
    /// # Errors
    /// When it cannot be looked into.
    pub(crate) fn is_empty(&self) -> Result<bool, AdminError> {
        let mut inside = std::fs::read_dir(&self.root).map_err(failed(&self.root))?;
        Ok(inside.next().is_none())
    }

    /// Whether there is such a file.
    #[must_use]
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Writes a file that only its owner may read: it has its name when it is whole, and on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), AdminError> {
        let path = self.path(name);
        let part = self.path(&format!("{name}{PART}"));
        if let Some(folder) = path.parent() {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(failed(folder))?;
        }
        let begun = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        let mut file = begun.map_err(failed(&part))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(&part))?;
        std::fs::rename(&part, &path).map_err(failed(&path))
    }

    /// Takes a file away.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn remove(&self, name: &str) -> Result<(), AdminError> {
        std::fs::remove_file(self.path(name)).map_err(failed(&self.path(name)))
    }

    /// All bytes of a file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is larger than any.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, AdminError> {
        self.read_within(name, FILE_MAX)
    }

    fn read_within(&self, name: &str, max: u64) -> Result<Vec<u8>, AdminError> {
        let path = self.path(name);
        let file = File::open(&path).map_err(failed(&path))?;
        let mut bytes = Vec::new();
        file.take(max + 1).read_to_end(&mut bytes).map_err(failed(&path))?;
        if bytes.len() as u64 > max {
            return Err(failed(&path)(io::ErrorKind::FileTooLarge.into()));
        }
        Ok(bytes)
    }

    /// A file as text.
    ///
    /// # Errors
    /// As [`Self::read`]; when it is none.
    pub(crate) fn text(&self, name: &str) -> Result<String, AdminError> {
        let bytes = self.read(name)?;
        String::from_utf8(bytes).map_err(|_| self.wrong(name))
    }

    /// A file as JSON of this shape.
    ///
    /// # Errors
    /// As [`Self::read`]; when it is none.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, AdminError> {
        serde_json::from_slice(&self.read(name)?).map_err(|_| self.wrong(name))
    }

    /// That a file is not what its name says.
    pub(crate) fn wrong(&self, name: &str) -> AdminError {
        failed(&self.path(name))(io::ErrorKind::InvalidData.into())
    }

    /// The names of the files in a folder of it, in their order; none where there is no such folder.
    ///
    /// # Errors
    /// When it cannot be looked into.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, AdminError> {
        let path = self.path(folder);
        let inside = match std::fs::read_dir(&path) {
            Ok(inside) => inside,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&path)(error)),
        };
        let mut names = Vec::new();
        for entry in inside {
            let name = entry.map_err(failed(&path))?.file_name();
            names.extend(name.to_str().map(|name| format!("{folder}/{name}")));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Every file, by its path from here, but for the list and its signature.
    ///
    /// # Errors
    /// When it cannot be looked into.
    pub(crate) fn all(&self) -> Result<Vec<String>, AdminError> {
        let (mut found, mut folders) = (Vec::new(), vec![String::new()]);
        while let Some(folder) = folders.pop() {
            let path = self.path(&folder);
            for entry in std::fs::read_dir(&path).map_err(failed(&path))? {
                let entry = entry.map_err(failed(&path))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if entry.file_type().map_err(failed(&path))?.is_dir() {
                    folders.push(name);
                } else if ![SUMS, SIGNATURE].contains(&name.as_str()) {
                    found.push(name);
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The SHA-256 of a file, however large.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn digest(&self, name: &str) -> Result<[u8; 32], AdminError> {
        let path = self.path(name);
        let mut file = File::open(&path).map_err(failed(&path))?;
        let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
        loop {
            let read = file.read(&mut buffer).map_err(failed(&path))?;
            if read == 0 {
                return Ok(hasher.finalize().into());
            }
            hasher.update(&buffer[..read]);
        }
    }

    /// The list as it stands there, and its SHA-256.
    ///
    /// # Errors
    /// When it is not there, or no list.
    pub(crate) fn sums(&self) -> Result<(Vec<Sum>, [u8; 32]), AdminError> {
        let bytes = self.read_within(SUMS, SUMS_MAX)?;
        let digest = Sha256::digest(&bytes).into();
        let text = String::from_utf8(bytes).map_err(|_| self.wrong(SUMS))?;
        let sums: Option<Vec<Sum>> = text.lines().map(Sum::read).collect();
        Ok((sums.ok_or_else(|| self.wrong(SUMS))?, digest))
    }
}

/// A file of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Its path from the folder.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub digest: [u8; 32],
}

impl Sum {
    /// As a line of the list, as `sha256sum -c` reads it.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let hex: String = self.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}  {}\n", self.name)
    }

    fn read(line: &str) -> Option<Self> {
        let (hex, name) = line.split_once("  ")?;
        let digest: sekisho_wire::id::Hash = hex.parse().ok()?;
        // No name leads out of the folder.
        let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains('\\');
        name.split('/').all(is_plain).then(|| Self { name: name.to_owned(), digest: digest.0 })
    }
}

/// Where the checkpoint of a log lies.
#[must_use]
pub(crate) fn checkpoint_of(log: Log) -> String {
    format!("{}/checkpoint", log.name(Language::English))
}

/// Where a tile of a log lies.
#[must_use]
pub(crate) fn tile_of(log: Log, path: &TilePath) -> String {
    format!("{}/{path}", log.name(Language::English))
}

/// An answer that begins at this entry.
#[must_use]
pub(crate) fn page_of(folder: &str, from: u64) -> String {
    format!("{folder}/{from:012}.json")
}

/// The hash tiles of a tree of this size, level by level.
pub(crate) fn hash_tiles(size: u64) -> impl Iterator<Item = TilePath> {
    let of_level =
        move |level| (0..).map_while(move |index| TilePath::in_tree(TileContent::Hashes(level), index, size));
    (0..8).flat_map(of_level)
}

/// The entry bundles of a tree of this size that have entries between these two.
pub(crate) fn bundles(size: u64, shown: Shown) -> impl Iterator<Item = TilePath> {
    let bundles = (shown.from / 256)..shown.to.div_ceil(256);
    bundles.map_while(move |index| TilePath::in_tree(TileContent::Entries, index, size))
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> AdminError + use<> {
    let path = path.to_owned();
    |cause| AdminError::File { path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_it_was_written_and_none_leads_out_of_the_folder() {
        let sum = Sum { name: "records/tile/0/000.p/7".to_owned(), digest: [0xab; 32] };
        assert_eq!(Sum::read(sum.line().trim_end()), Some(sum.clone()));
        for name in ["../secret", "/etc/passwd", "records/../../x", "", "a//b", ".hidden"] {
            assert_eq!(Sum::read(Sum { name: name.to_owned(), ..sum.clone() }.line().trim_end()), None, "{name}");
        }
    }

    #[test]
    fn every_tile_of_a_tree_has_its_file() {
        let names = |size| hash_tiles(size).map(|path| tile_of(Log::Records, &path)).collect::<Vec<_>>();
        assert_eq!(names(0), [] as [&str; 0]);
        assert_eq!(names(256), ["records/tile/0/000", "records/tile/1/000.p/1"]);
        assert_eq!(
            names(513),
            ["records/tile/0/000", "records/tile/0/001", "records/tile/0/002.p/1", "records/tile/1/000.p/2"]
        );
        let of = |from, to| bundles(600, Shown { from, to }).map(|path| path.to_string()).collect::<Vec<_>>();
        assert_eq!(of(256, 600), ["tile/entries/001", "tile/entries/002.p/88"]);
        assert_eq!(of(0, 256), ["tile/entries/000"]);
    }
}
