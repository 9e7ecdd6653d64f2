//! Cold segments into a copy of the book, and back out of one. A file is what its name says, so one that an earlier copy has is given a second name there,
//! and not written again; and where one has decayed, any other copy of that name serves.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sekisho_wire::id::OfficeId;

use super::folder::{Folder, OpenSegment};
use super::folder_of;
use crate::config::Config;
use crate::data::{DataDir, forget_cached, make_dir, replace_file};
use crate::error::LedgerError;
use crate::store::{SegmentFault, Store, StoreError, StoredSegment};

/// Keeps files that are replaced meanwhile from being removed, until it is dropped.
pub(crate) fn hold(config: &Config, data: &DataDir) -> Option<File> {
    folder_of(config, data).and_then(|root| Folder::new(&root).hold())
}

/// Copies the files of all segments that this copy of the database names, each checked byte for byte on the way. `earlier`: a copy on the same disk.
/// Gives how many were written and how many only named again.
///
/// # Errors
/// When one is damaged or cannot be written.
pub(crate) fn copy_segments(
    (config, data): (&Config, &DataDir),
    copied: &dyn Store,
    to: &Path,
    earlier: Option<&Path>,
) -> Result<(u64, u64), LedgerError> {
    let Some(root) = folder_of(config, data) else { return Ok((0, 0)) };
    let (from, to) = (Folder::new(&root), Folder::new(to));
    let earlier = earlier.map(Folder::new);
    make_dir(to.root())?;
    let (mut written, mut named) = (0, 0);
    for office in copied.offices()? {
        let office: OfficeId = office.id;
        for segment in copied.segments(&office)? {
            let path = to.path(&office, &segment);
            make_dir(&to.root().join(office.to_string()))?;
            let there = earlier.as_ref().map(|earlier| earlier.path(&office, &segment));
            let whole = |path: &Path| is_whole(path, &office, &segment);
            if let Some(there) = there.filter(|there| may_be_named(there) && whole(there))
                && fs::hard_link(&there, &path).is_ok()
            {
                named += 1;
                continue;
            }
            let source = from.path(&office, &segment);
            let open = OpenSegment::open(source.clone(), &office, &segment)?;
            let bytes = fs::read(&source).map_err(LedgerError::file("read", &source))?;
            replace_file(&path, &bytes).map_err(LedgerError::file("write", &path))?;
            if !whole(&path) {
                // Damage is not copied: what is wrong here was wrong there.
                drop(fs::remove_file(&path));
                let first = open.first_fault();
                let fault = StoreError::Segment { path: source, index: segment.first, fault: SegmentFault::Altered };
                return Err(first.unwrap_or(fault).into());
            }
            written += 1;
        }
        if let Ok(folder) = File::open(to.root().join(office.to_string())) {
            folder.sync_all().map_err(LedgerError::file("sync", to.root()))?;
        }
    }
    Ok((written, named))
}

/// Puts the files of all segments that this database names into `to`, each from the first of these folders that has it whole. Gives how many were not
/// taken from the very first.
///
/// # Errors
/// When none has one, or it cannot be written.
pub(crate) fn take_segments(database: &dyn Store, sources: &[PathBuf], to: &Path) -> Result<u64, LedgerError> {
    let (sources, to) = (sources.iter().map(|source| Folder::new(source)).collect::<Vec<_>>(), Folder::new(to));
    let mut from_others = 0;
    for office in database.offices()? {
        let office: OfficeId = office.id;
        for segment in database.segments(&office)? {
            let mut paths = sources.iter().map(|source| source.path(&office, &segment));
            let Some((number, path)) = paths.clone().enumerate().find(|(_, path)| is_whole(path, &office, &segment))
            else {
                let path = paths.next().unwrap_or_default();
                let fault = OpenSegment::open(path.clone(), &office, &segment)?.first_fault();
                let altered = StoreError::Segment { path, index: segment.first, fault: SegmentFault::Altered };
                return Err(fault.unwrap_or(altered).into());
            };
            let bytes = fs::read(&path).map_err(LedgerError::file("read", &path))?;
            let copy = to.path(&office, &segment);
            copy.parent().map_or(Ok(()), make_dir)?;
            replace_file(&copy, &bytes).map_err(LedgerError::file("write", &copy))?;
            from_others += u64::from(number > 0);
        }
    }
    Ok(from_others)
}

/// Whether a file is one and every byte of it as it was written; by what the disk gives, not by what is in memory of it.
fn is_whole(path: &Path, office: &OfficeId, segment: &StoredSegment) -> bool {
    // Looked at before it is opened: a pipe never ends.
    let is_file = fs::symlink_metadata(path).is_ok_and(|looked| looked.is_file());
    let read_anew = || File::open(path).and_then(|file| forget_cached(&file)).is_ok();
    is_file && read_anew() && OpenSegment::open(path.to_path_buf(), office, segment).is_ok_and(|open| open.is_whole())
}

/// All names of a file are one copy, and decay at once: so many backups share one, the next writes another.
fn may_be_named(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|looked| looked.nlink() < NAMES)
}

const NAMES: u64 = 3;
