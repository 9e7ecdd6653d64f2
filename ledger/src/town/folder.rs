//! The administrator's folder, in which root writes what is to be hers. She may lay links there while it does: the folder is opened once, everything is
//! done by name inside it, and what is given away is the open file.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Stat, fchmod, fchown, fstat, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::{Gid, Uid, geteuid};

use super::hands::fault;
use crate::data::above;
use crate::error::LedgerError;

/// An open folder.
pub(super) struct Folder {
    at: PathBuf,
    folder: OwnedFd,
    looked: Stat,
}

impl Folder {
    /// Opens it, if it is one and no link to one.
    pub(super) fn open(at: &Path) -> Result<Self, LedgerError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // Without a slash at its end, behind which a link is followed all the same.
        let folder = match rustix::fs::open(at.components().as_path(), flags, Mode::empty()) {
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(fault(
                    &at.display().to_string(),
                    "it is no folder; name the folder itself, not a link to it",
                ));
            }
            opened => opened.map_err(|error| LedgerError::file("open", at)(error.into()))?,
        };
        let looked = fstat(&folder).map_err(|error| LedgerError::file("look at", at)(error.into()))?;
        Ok(Self { at: at.into(), folder, looked })
    }

    /// The same, closed to others; made where it is not there, and given to whoever owns the folder that it lies in.
    pub(super) fn make(at: &Path) -> Result<Self, LedgerError> {
        if std::fs::symlink_metadata(at).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            make_hers(at)?;
        }
        let folder = Self::open(at)?;
        fchmod(&folder.folder, Mode::RWXU).map_err(|error| LedgerError::file("close", at)(error.into()))?;
        Ok(folder)
    }

    /// Whose it is: user and group.
    pub(super) fn owner(&self) -> (Uid, Gid) {
        (Uid::from_raw(self.looked.st_uid), Gid::from_raw(self.looked.st_gid))
    }

    /// What stands in a file of it; nothing where there is none.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, LedgerError> {
        // A pipe would never end.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.folder, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(self.not_plain(name)),
            opened => opened.map(File::from).map_err(|error| self.failed("read", name, error.into()))?,
        };
        if !file.metadata().map_err(|error| self.failed("look at", name, error))?.is_file() {
            return Err(self.not_plain(name));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| self.failed("read", name, error))?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A file (0600) of hers, whole or not there, in place of what lay there.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), LedgerError> {
        let fresh = format!("{name}.new");
        let written = self.remove(&fresh).and_then(|()| {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(openat(&self.folder, &*fresh, flags, Mode::RUSR | Mode::WUSR)?);
            file.write_all(text.as_bytes())?;
            give(&file, self.owner())?;
            file.sync_all()?;
            renameat(&self.folder, &*fresh, &self.folder, name)?;
            Ok(rustix::fs::fsync(&self.folder)?)
        });
        written.map_err(|error| self.failed("write", name, error))
    }

    /// Removes a name; nothing where there is none.
    pub(super) fn remove(&self, name: &str) -> std::io::Result<()> {
        match unlinkat(&self.folder, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    fn not_plain(&self, name: &str) -> LedgerError {
        let path = self.at.join(name);
        fault(&path.display().to_string(), "it is no plain file: remove it, or find out who laid it there")
    }

    fn failed(&self, act: &'static str, name: &str, error: std::io::Error) -> LedgerError {
        LedgerError::file(act, self.at.join(name))(error)
    }
}

/// Makes the folder. Root's it must not be: everything of the office would be done as root.
fn make_hers(at: &Path) -> Result<(), LedgerError> {
    let (parent, failed) = (above(at), |error: Errno| LedgerError::file("make", at)(error.into()));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = rustix::fs::open(parent, flags, Mode::empty())
        .map_err(|error| LedgerError::file("open", parent)(error.into()))?;
    let looked = fstat(&parent).map_err(failed)?;
    if geteuid().is_root() && looked.st_uid == geteuid().as_raw() {
        let cause =
            "it would belong to root; make it as the administrator, in her home（管理者の利用者で作成してください）";
        return Err(fault(&at.display().to_string(), cause));
    }
    let name = at.file_name().ok_or_else(|| fault(&at.display().to_string(), "it has no name"))?;
    mkdirat(&parent, name, Mode::RWXU).map_err(failed)?;
    let flags = flags | OFlags::NOFOLLOW;
    let folder = openat(&parent, name, flags, Mode::empty()).map_err(failed)?;
    give(&folder, (Uid::from_raw(looked.st_uid), Gid::from_raw(looked.st_gid))).map_err(failed)
}

/// Only root can give away; whoever else runs this makes what is her own.
fn give(file: impl std::os::fd::AsFd, (user, group): (Uid, Gid)) -> rustix::io::Result<()> {
    if geteuid().is_root() { fchown(file, Some(user), Some(group)) } else { Ok(()) }
}

/// A description is a page, a code a line.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn links_in_the_folder_lead_nowhere() {
        let directory = crate::testing::scratch("hers");
        let (at, other) = (directory.join("office"), directory.join("other"));
        std::fs::create_dir(&at).unwrap();
        std::fs::write(&other, "somebody else's").unwrap();
        let before = std::fs::metadata(&other).unwrap();
        for name in ["town.toml", "town.toml.new", "founding.code"] {
            symlink(&other, at.join(name)).unwrap();
        }
        let folder = Folder::make(&at).unwrap();
        assert_eq!(std::fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o700);
        let error = folder.read("town.toml").unwrap_err().to_string();
        assert!(error.contains("no plain file"), "{error}");
        folder.write("town.toml", "hers").unwrap();
        folder.remove("founding.code").unwrap();
        let after = std::fs::metadata(&other).unwrap();
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "somebody else's");
        assert_eq!((before.uid(), before.mode()), (after.uid(), after.mode()));
        assert_eq!(folder.read("town.toml").unwrap().as_deref(), Some("hers"));
        assert_eq!(folder.read("founding.code").unwrap(), None);

        let link = directory.join("link");
        symlink(&at, &link).unwrap();
        assert!(
            Folder::open(&link)
                .and_then(|_| Folder::make(&link))
                .is_err_and(|error| error.to_string().contains("not a link"))
        );
    }

    #[test]
    fn a_folder_that_is_made_belongs_to_the_owner_of_the_one_above_and_never_to_root() {
        let directory = crate::testing::scratch("given");
        let made = directory.join("office");
        if !geteuid().is_root() {
            return Folder::make(&made).map(drop).unwrap();
        }
        let error = Folder::make(&made).err().unwrap().to_string();
        assert!(error.contains("it would belong to root") && !made.exists(), "{error}");
        std::os::unix::fs::chown(&*directory, Some(12_345), Some(12_346)).unwrap();
        let folder = Folder::make(&made).unwrap();
        folder.write("town.toml", "hers").unwrap();
        for path in [&made, &made.join("town.toml")] {
            let looked = std::fs::metadata(path).unwrap();
            assert_eq!((looked.uid(), looked.gid()), (12_345, 12_346));
        }
    }
}
