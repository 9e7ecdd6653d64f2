//! The files of cold segments: written once, read back before they are relied on, and held against their hashes whenever something is read.

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::fs::{Advice, fadvise};
use sekisho_wire::id::OfficeId;

use super::format::{BLOCK, Block, Head, digest};
use super::seal::{self, Place, Trust};
use crate::data::{above, beside, make_dir, replace_file};
use crate::error::LedgerError;
use crate::locks::lock;
use crate::store::{Entry, SegmentFault, StoreError, StoredSegment};
use crate::vault::Vault;

/// Where cold segments lie: a folder for each office.
pub(super) struct Folder {
    root: PathBuf,
    /// Files that were read last.
    open: Mutex<VecDeque<Arc<OpenSegment>>>,
    /// Blocks that were read last; sealed, as the database gives them.
    blocks: Mutex<VecDeque<Opened>>,
}

/// A block's entries, by the file's digest and the block's number.
type Opened = (([u8; 32], usize), Arc<Vec<Option<Entry>>>);

/// A file whose head is the one that the book names.
pub(super) struct OpenSegment {
    path: PathBuf,
    file: File,
    head: Head,
    segment: StoredSegment,
}

/// A block as it was read.
struct Read {
    /// Its bytes, as far as there are any.
    bytes: Vec<u8>,
    trust: Trust,
    fault: SegmentFault,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.into(), open: Mutex::default(), blocks: Mutex::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A file's name says what it holds: an altered one would need another.
    pub(super) fn path(&self, office: &OfficeId, segment: &StoredSegment) -> PathBuf {
        let name: String = segment.digest.iter().take(NAMED).map(|byte| format!("{byte:02x}")).collect();
        self.root.join(office.to_string()).join(format!("{:012}-{name}.segment", segment.first))
    }

    /// Keeps what was replaced from being removed, while a view of an older book may still read it.
    pub(super) fn hold(&self) -> Option<File> {
        File::open(&self.root).and_then(|folder| folder.lock_shared().map(|()| folder)).ok()
    }

    /// Opens a segment's file.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is another one.
    pub(super) fn open(&self, office: &OfficeId, segment: &StoredSegment) -> Result<Arc<OpenSegment>, StoreError> {
        let mut recent = lock(&self.open);
        if let Some(found) = recent.iter().find(|open| open.head.office == *office && open.segment == *segment) {
            return Ok(Arc::clone(found));
        }
        let opened = Arc::new(OpenSegment::open(self.path(office, segment), office, segment)?);
        recent.push_front(Arc::clone(&opened));
        recent.truncate(FILES_OPEN);
        Ok(opened)
    }

    /// The entries of one block, each as it was stored; nothing stands for one that cannot be given.
    ///
    /// # Errors
    /// When the file is not there or is another one.
    pub(super) fn block(
        &self,
        open: &OpenSegment,
        number: usize,
        vault: &Vault,
    ) -> Result<Arc<Vec<Option<Entry>>>, StoreError> {
        let name = (open.segment.digest, number);
        if let Some((_, found)) = lock(&self.blocks).iter().find(|(of, _)| *of == name) {
            return Ok(Arc::clone(found));
        }
        let read = open.read(number)?;
        let entries = match Block::decode(&read.bytes) {
            Ok(block) => seal::open(open.place(number), &block, vault, read.trust),
            Err(_) => vec![None; BLOCK],
        };
        let entries = Arc::new(entries);
        if read.trust != Trust::Whole {
            // A disk may answer better the next time, and somebody may put a sound file in its place.
            self.close(open);
            return Ok(entries);
        }
        let mut recent = lock(&self.blocks);
        recent.push_front((name, Arc::clone(&entries)));
        recent.truncate(BLOCKS_OPEN);
        Ok(entries)
    }

    /// What a reader is told, who asked for an entry that the file does not give; the file is opened anew for the next one.
    pub(super) fn faulty(&self, open: &OpenSegment, index: u64) -> StoreError {
        self.close(open);
        open.fault(index)
    }

    /// The next reader opens the file anew.
    pub(super) fn close(&self, open: &OpenSegment) {
        lock(&self.open).retain(|recent| recent.segment != open.segment);
    }

    /// Writes a file durably under its name. One that is there already and is whole is left as it is.
    ///
    /// # Errors
    /// When it cannot be written; nothing is left of it then.
    pub(super) fn write(
        &self,
        office: &OfficeId,
        head: &Head,
        blocks: &[Vec<u8>],
    ) -> Result<StoredSegment, StoreError> {
        let encoded = head.encode();
        let segment = StoredSegment { first: head.first, entries: head.entries, digest: digest(&encoded) };
        let path = self.path(office, &segment);
        let failed = |cause: String| StoreError::Database { act: "write a cold segment", cause };
        if !self.root.is_dir() {
            let cause = format!("there is no directory {}: mount its disk, or make it", self.root.display());
            return Err(failed(cause));
        }
        make_dir(&self.root.join(office.to_string())).map_err(|error: LedgerError| failed(error.to_string()))?;
        let there = OpenSegment::open(path.clone(), office, &segment).is_ok_and(|open| open.is_whole());
        if !there {
            let bytes = [encoded.as_slice(), &blocks.concat()].concat();
            if let Err(error) = replace_file(&path, &bytes) {
                // Half a file takes room that a full disk does not have.
                drop(std::fs::remove_file(beside(&path)));
                return Err(failed(format!("{}: {error}", path.display())));
            }
        }
        // Also of one that was there: whoever wrote it may have been cut short before its name was durable. Then it is read from the disk.
        let settled = File::open(&path).and_then(|file| {
            file.sync_all()?;
            File::open(above(&path))?.sync_all()?;
            Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
        });
        settled.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        Ok(segment)
    }

    /// Removes the files of segments that were replaced: zeros are written over what nobody else has a name for.
    ///
    /// # Errors
    /// When one cannot be removed, or somebody reads an older view.
    pub(super) fn remove_replaced(&self, office: &OfficeId, known: &[StoredSegment]) -> Result<(), StoreError> {
        let failed = |cause: String| StoreError::Database { act: "remove a cold segment that was replaced", cause };
        let directory = self.root.join(office.to_string());
        let listed = match std::fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            listed => listed.map_err(|error| failed(format!("{}: {error}", directory.display())))?,
        };
        let current: Vec<PathBuf> = known.iter().map(|segment| self.path(office, segment)).collect();
        // What no book here names may be all that is left of a history: only what took its place makes a file superfluous.
        let firsts: Vec<String> = known.iter().map(|segment| format!("{:012}-", segment.first)).collect();
        let replaced = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            !current.contains(path) && firsts.iter().any(|first| name.starts_with(first.as_str()))
        };
        let mut replaced: Vec<PathBuf> =
            listed.filter_map(|file| file.ok().map(|file| file.path())).filter(replaced).collect();
        if replaced.is_empty() {
            return Ok(());
        }
        replaced.sort();
        let _alone = self.alone()?;
        lock(&self.open).clear();
        for path in replaced {
            overwrite(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        }
        File::open(&directory).and_then(|folder| folder.sync_all()).map_err(|error| failed(error.to_string()))
    }

    /// Keeps everybody from reading an older view here, while it is held.
    ///
    /// # Errors
    /// When somebody reads one.
    pub(super) fn alone(&self) -> Result<File, StoreError> {
        let failed = |cause: String| StoreError::Database { act: "remove a cold segment", cause };
        let folder = File::open(&self.root).map_err(|error| failed(format!("{}: {error}", self.root.display())))?;
        match folder.try_lock() {
            Ok(()) => Ok(folder),
            Err(TryLockError::WouldBlock) => {
                Err(failed("somebody reads an older view, a backup or fsck; when it has ended it goes on".into()))
            }
            Err(TryLockError::Error(error)) => Err(failed(error.to_string())),
        }
    }

    /// Removes the file of a segment that is in the database again. Whoever does holds the folder alone ([`Self::alone`]).
    ///
    /// # Errors
    /// When it cannot be.
    pub(super) fn remove(&self, office: &OfficeId, segment: &StoredSegment) -> std::io::Result<()> {
        lock(&self.open).clear();
        std::fs::remove_file(self.path(office, segment))
    }
}

/// Zeros first, where no copy shares the bytes.
fn overwrite(path: &Path) -> std::io::Result<()> {
    let looked = std::fs::metadata(path)?;
    if looked.nlink() == 1 {
        let mut file = File::options().write(true).open(path)?;
        file.seek(SeekFrom::Start(0))?;
        let mut left = looked.len();
        while left > 0 {
            let some = usize::try_from(left).unwrap_or(ZEROS.len()).min(ZEROS.len());
            file.write_all(ZEROS.get(..some).unwrap_or_default())?;
            left -= some as u64;
        }
        file.sync_all()?;
    }
    std::fs::remove_file(path)
}

impl OpenSegment {
    /// Opens a file that must have this head.
    pub(super) fn open(path: PathBuf, office: &OfficeId, segment: &StoredSegment) -> Result<Self, StoreError> {
        let read = || {
            let missing = |error: &std::io::Error| error.kind() == ErrorKind::NotFound;
            let not_opened =
                |error| if missing(&error) { SegmentFault::Missing } else { SegmentFault::Unreadable(error) };
            let file = File::open(&path).map_err(not_opened)?;
            let mut bytes = vec![0; Head::length(segment.entries)];
            let there = read_up_to(&file, &mut bytes, 0).map_err(SegmentFault::Unreadable)?;
            if there < bytes.len() {
                return Err(SegmentFault::Truncated);
            }
            let head = Head::decode(&bytes).ok().filter(|_| digest(&bytes) == segment.digest);
            let fits =
                |head: &Head| (head.office, head.first, head.entries) == (*office, segment.first, segment.entries);
            let head = head.filter(fits).ok_or(SegmentFault::OtherHead)?;
            Ok((file, head))
        };
        let failed = |fault| StoreError::Segment { path: path.clone(), index: segment.first, fault };
        // A size that no file of ours has would ask for all memory.
        if !is_segment(segment) {
            return Err(StoreError::Damaged { what: "size of a cold segment" });
        }
        let (file, head) = read().map_err(failed)?;
        Ok(Self { path, file, head, segment: segment.clone() })
    }

    pub(super) const fn head(&self) -> &Head {
        &self.head
    }

    /// What a reader is told who asked for an entry that the file does not give.
    pub(super) fn fault(&self, index: u64) -> StoreError {
        let number = usize::try_from((index - self.segment.first) / BLOCK as u64).unwrap_or(usize::MAX);
        let fault = self.read(number).map_or(SegmentFault::Truncated, |read| read.fault);
        StoreError::Segment { path: self.path.clone(), index, fault }
    }

    /// The leaves of one block.
    ///
    /// # Errors
    /// When the block is not as it was written.
    pub(super) fn leaves(&self, number: usize) -> Result<Vec<sekisho_tlog::Hash>, StoreError> {
        let read = self.read(number)?;
        let block = Block::decode(&read.bytes).ok().filter(|_| read.trust == Trust::Whole);
        block.map(|block| block.leaves).ok_or_else(|| self.fault(self.place(number).first))
    }

    /// One block as it was written.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn whole_block(&self, number: usize) -> Result<(Block, Vec<u8>), StoreError> {
        let read = self.read(number)?;
        let block = Block::decode(&read.bytes).ok().filter(|_| read.trust == Trust::Whole);
        let block = block.ok_or_else(|| self.fault(self.place(number).first))?;
        Ok((block, read.bytes))
    }

    /// Whether every byte is as it was written, and nothing stands behind.
    pub(super) fn is_whole(&self) -> bool {
        let blocks: u64 = self.head.blocks.iter().map(|(length, _)| u64::from(*length)).sum();
        let long = Head::length(self.head.entries) as u64 + blocks;
        self.file.metadata().is_ok_and(|looked| looked.len() == long)
            && (0..self.head.blocks.len()).all(|number| self.whole_block(number).is_ok())
    }

    /// The first entry that is not as it was written.
    pub(super) fn first_fault(&self) -> Option<StoreError> {
        (0..self.head.blocks.len()).find_map(|number| self.whole_block(number).err())
    }

    pub(super) const fn place(&self, number: usize) -> Place {
        Place { office: self.head.office, first: self.segment.first + (number * BLOCK) as u64 }
    }

    fn read(&self, number: usize) -> Result<Read, StoreError> {
        let place = self.head.place(number).zip(self.head.blocks.get(number));
        let ((from, length), (_, hash)) = place.ok_or(StoreError::Damaged { what: "size of a cold segment" })?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = |fault, bytes| Read { bytes, trust: Trust::Altered, fault };
        Ok(match read_up_to(&self.file, &mut bytes, from) {
            Err(error) => read(SegmentFault::Unreadable(error), Vec::new()),
            Ok(there) if there < bytes.len() => {
                read(SegmentFault::Truncated, bytes.get(..there).map(<[u8]>::to_vec).unwrap_or_default())
            }
            Ok(_) if digest(&bytes) == *hash => Read { bytes, trust: Trust::Whole, fault: SegmentFault::Altered },
            Ok(_) => read(SegmentFault::Altered, bytes),
        })
    }
}

/// Whether a segment can be one: a power of two from a block on, and where one may begin.
pub(super) const fn is_segment(segment: &StoredSegment) -> bool {
    is_size(segment.entries) && segment.first.is_multiple_of(segment.entries)
}

/// Whether a segment may have so many entries.
pub(crate) const fn is_size(entries: u64) -> bool {
    entries.is_power_of_two() && entries >= BLOCK as u64 && entries <= super::ENTRIES
}

fn read_up_to(file: &File, bytes: &mut [u8], from: u64) -> std::io::Result<usize> {
    let mut there = 0;
    while let Some(rest) = bytes.get_mut(there..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + there as u64) {
            Ok(0) => break,
            Ok(some) => there += some,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(there)
}

/// Bytes of the digest that stand in a file's name.
const NAMED: usize = 8;
const FILES_OPEN: usize = 8;
/// A search shows a hundred records; those of a day lie in a few blocks.
const BLOCKS_OPEN: usize = 16;
const ZEROS: &[u8] = &[0; 65_536];
