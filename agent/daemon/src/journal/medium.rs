//! Where segments lie: a folder, or in tests a folder that fails on demand.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A segment being written.
///
/// MUST: when `sync` returns `Ok`, everything given to `write` before survives a loss of power.
pub trait SegmentFile: Send {
    /// Appends bytes; they may reach the disk or not.
    ///
    /// # Errors
    /// The file system's; the file may then hold any beginning of `bytes`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// The file system's; what was written since the last success may or may not be there.
    fn sync(&mut self) -> io::Result<()>;
}

/// A place for segments.
pub trait Medium: Send + Sync {
    /// A new, empty segment whose name is durable when this returns.
    ///
    /// # Errors
    /// The file system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn SegmentFile>>;

    /// Names of all segments, in no order.
    ///
    /// # Errors
    /// The file system's.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes all of a segment durable: what a start finds may be only in the page cache.
    ///
    /// # Errors
    /// The file system's.
    fn make_durable(&self, name: &str) -> io::Result<()>;

    /// All bytes of a segment.
    ///
    /// # Errors
    /// The file system's.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Removes a segment.
    ///
    /// # Errors
    /// The file system's.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A folder on disk.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Uses this folder; makes it when it is not there.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        crate::files::private_folder(path)?;
        Ok(Self(path.into()))
    }
}

impl Medium for Folder {
    fn create(&self, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(self.0.join(name))?;
        File::open(&self.0)?.sync_all()?;
        Ok(Box::new(OnDisk(file)))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.0)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn make_durable(&self, name: &str) -> io::Result<()> {
        File::open(self.0.join(name))?.sync_data()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.join(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }
}

struct OnDisk(File);

impl SegmentFile for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}
