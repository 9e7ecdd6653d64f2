//! The folder on the stick that keys are copied to. Whoever had the stick may have laid links there: the folder is opened once, everything is done by
//! name inside it, and what is no plain file is neither written to nor read.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::MediumFault;
use crate::data::forget_cached;
use crate::error::LedgerError;

/// An open folder.
pub(super) struct Folder {
    at: PathBuf,
    folder: OwnedFd,
}

impl Folder {
    /// Opens it, if it is one and no link to one.
    pub(super) fn open(at: &Path) -> Result<Self, LedgerError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // Without a slash at its end, behind which a link is followed all the same.
        match rustix::fs::open(at.components().as_path(), flags, Mode::empty()) {
            Err(Errno::LOOP | Errno::NOTDIR) => Err(MediumFault::NotPlain { at: at.into() }.into()),
            Err(error) => Err(LedgerError::file("open", at)(error.into())),
            Ok(folder) => Ok(Self { at: at.into(), folder }),
        }
    }

    /// Refuses anything of that name that is no plain file.
    pub(super) fn check(&self, name: &str) -> Result<(), LedgerError> {
        self.plain(name, OFlags::RDONLY).map(drop)
    }

    /// What stands in a file, as the stick gives it.
    pub(super) fn read(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
        let gone = || self.failed("read", name)(Errno::NOENT.into());
        let mut file = self.plain(name, OFlags::RDONLY)?.ok_or_else(gone)?;
        let mut bytes = Zeroizing::new(Vec::new());
        let read = forget_cached(&file).and_then(|()| file.read_to_end(&mut bytes));
        read.map_err(self.failed("read", name))?;
        Ok(bytes)
    }

    /// Puts a file into the place of an older one, and zeros over that: an older `payload.key` opens what was destroyed since. Whenever this is cut short, the new
    /// one or an older one lies there whole, and the next time writes over what was left.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), LedgerError> {
        let (fresh, old) = (format!("{name}.new"), format!("{name}.old"));
        self.wipe(&fresh)?;
        let there = self.plain(name, OFlags::RDONLY)?.is_some();
        if there {
            // Where there is none, it is what the last time left of the older copy.
            self.wipe(&old)?;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = openat(&self.folder, &*fresh, flags, Mode::RUSR | Mode::WUSR).map(File::from);
        let written = made.map_err(std::io::Error::from).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        written.map_err(self.failed("write", &fresh))?;
        if there {
            self.rename(name, &old)?;
        }
        self.rename(&fresh, name)?;
        self.wipe(&old)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), LedgerError> {
        let renamed = renameat(&self.folder, from, &self.folder, to).and_then(|()| rustix::fs::fsync(&self.folder));
        renamed.map_err(|error| self.failed("rename", from)(error.into()))
    }

    /// Zeros over a file, and it is gone; nothing where there is none.
    fn wipe(&self, name: &str) -> Result<(), LedgerError> {
        let Some(mut file) = self.plain(name, OFlags::WRONLY)? else { return Ok(()) };
        let wiped = file.metadata().and_then(|looked| {
            std::io::copy(&mut std::io::repeat(0).take(looked.len()), &mut file)?;
            file.sync_all()?;
            unlinkat(&self.folder, name, AtFlags::empty())?;
            Ok(rustix::fs::fsync(&self.folder)?)
        });
        wiped.map_err(self.failed("write over", name))
    }

    /// Opens a plain file; nothing where there is none.
    fn plain(&self, name: &str, how: OFlags) -> Result<Option<File>, LedgerError> {
        let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let not_plain = || LedgerError::from(MediumFault::NotPlain { at: self.at.join(name) });
        let file = match openat(&self.folder, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(not_plain()),
            opened => opened.map(File::from).map_err(|error| self.failed("open", name)(error.into()))?,
        };
        let looked = file.metadata().map_err(self.failed("look at", name))?;
        if looked.is_file() { Ok(Some(file)) } else { Err(not_plain()) }
    }

    fn failed(&self, act: &'static str, name: &str) -> impl FnOnce(std::io::Error) -> LedgerError {
        LedgerError::file(act, self.at.join(name))
    }
}
