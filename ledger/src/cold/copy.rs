//! Cold segments into a copy of the book. A file is what its name says, so one that an earlier copy has is given a second name there, and not written again.

use std::fs::{self, File};
use std::path::Path;

use sekisho_wire::id::OfficeId;

use super::folder::{Folder, OpenSegment};
use super::folder_of;
use crate::config::Config;
use crate::data::{DataDir, make_dir, replace_file};
use crate::error::LedgerError;
use crate::store::{SegmentFault, Store, StoreError};

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
            let whole = |path: &Path| {
                OpenSegment::open(path.to_path_buf(), &office, &segment).is_ok_and(|open| open.is_whole())
            };
            if let Some(there) = there.filter(|there| whole(there))
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
