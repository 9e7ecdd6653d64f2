//! Files that know when they were born, so that a copy shows that it is one.
//!
//! A witness that was put back from a copy has forgotten what it cosigned since, and could cosign a second history. The copy holds the same
//! bytes, but the file that they lie in is another: what a file was when it was written stands in it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{AtFlags, StatxFlags, statx};
use serde::{Deserialize, Serialize};

use crate::data::above;

/// Which file: its number on the disk, and when it was made, where the file system keeps that (all of Linux's usual ones do). No program sets either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Birth {
    inode: u64,
    seconds: i64,
    nanoseconds: u32,
}

impl Birth {
    /// Of a file that is open.
    pub(super) fn of(file: &File) -> std::io::Result<Self> {
        let stat = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::INO | StatxFlags::BTIME)?;
        let known = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        let (seconds, nanoseconds) = if known { (stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec) } else { (0, 0) };
        Ok(Self { inode: stat.stx_ino, seconds, nanoseconds })
    }
}

/// What a file says of its own birth beside its content, and its bytes.
pub(super) fn read(path: &Path) -> std::io::Result<(Birth, Vec<u8>)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok((Birth::of(&file)?, bytes))
}

/// Puts a whole file (0600) in place of an older one, durably; `content` is told what the file will be. After a crash there is the old one or the
/// new one.
///
/// # Errors
/// When one of the steps fails; the old file may or may not have been replaced then.
pub(super) fn write(path: &Path, content: &dyn Fn(Birth) -> Vec<u8>) -> std::io::Result<()> {
    let directory = File::open(above(path))?;
    let fresh = path.with_extension("new");
    // Another file each time, also where a crash left one: it would be as old as that.
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
    let bytes = content(Birth::of(&file)?);
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    directory.sync_all()
}
