//! Where segments lie: a folder, or in tests a folder that fails on demand.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

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

    /// Gives back room that was kept for the file and is not used.
    ///
    /// # Errors
    /// The file system's; then it stays kept.
    fn give_back(&mut self) -> io::Result<()>;
}

/// A place for segments.
pub trait Medium: Send + Sync {
    /// A new, empty segment whose name is durable when this returns.
    ///
    /// # Errors
    /// The file system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn SegmentFile>>;

    /// Keeps room for one segment of this many bytes, unless it is kept already: what must be said is written there when the disk is full.
    ///
    /// # Errors
    /// The file system's.
    fn reserve(&self, bytes: u64) -> io::Result<()>;

    /// As `create`, of the room that was kept: to fill it asks for none.
    ///
    /// # Errors
    /// The file system's; [`io::ErrorKind::NotFound`] when none is kept.
    fn create_of_reserve(&self, name: &str) -> io::Result<Box<dyn SegmentFile>>;

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

/// The file that keeps room. It is no segment: a segment's name ends otherwise.
const RESERVE: &str = "reserve";

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

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let path = self.0.join(RESERVE);
        let is_new = !path.exists();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        // Its size stays 0, so that it is a segment as soon as it has the name of one.
        match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes) {
            Err(Errno::OPNOTSUPP) => log::warn!("this file system keeps no room for a time when the disk is full"),
            kept => kept?,
        }
        file.sync_all()?;
        if is_new { File::open(&self.0)?.sync_all() } else { Ok(()) }
    }

    fn create_of_reserve(&self, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().append(true).open(self.0.join(RESERVE))?;
        std::fs::rename(self.0.join(RESERVE), self.0.join(name))?;
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

    fn give_back(&mut self) -> io::Result<()> {
        self.0.set_len(self.0.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn the_room_that_is_kept_becomes_a_segment_and_what_it_does_not_use_is_given_back() {
        let path = std::env::temp_dir().join(format!("sekisho-reserve-{}", std::process::id()));
        let folder = Folder::open(&path).unwrap();
        let kept = |name: &str| std::fs::metadata(path.join(name)).map(|file| (file.len(), file.blocks() * 512));
        assert_eq!(folder.create_of_reserve("a").err().unwrap().kind(), io::ErrorKind::NotFound);
        folder.reserve(1 << 18).unwrap();
        folder.reserve(1 << 18).unwrap();
        assert!(matches!(kept(RESERVE), Ok((0, blocks)) if blocks >= 1 << 18), "{:?}", kept(RESERVE));
        let mut file = folder.create_of_reserve("a").unwrap();
        file.write(&[1; 100]).unwrap();
        assert!(matches!(kept("a"), Ok((100, blocks)) if blocks >= 1 << 18), "{:?}", kept("a"));
        file.give_back().unwrap();
        assert!(matches!(kept("a"), Ok((100, blocks)) if blocks < 1 << 16), "{:?}", kept("a"));
        assert!(kept(RESERVE).is_err());
        std::fs::remove_dir_all(path).unwrap();
    }
}
