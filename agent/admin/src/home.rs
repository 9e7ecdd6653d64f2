//! The administrator's home directory: 0700, each file 0600, each replaced as a whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::geteuid;
use sekisho_issuer::{OfficeCa, Validity};
use zeroize::Zeroizing;

use crate::error::AdminError;

/// Locked while a run works here. It stays when the run ends, and says nothing then.
const LOCK: &str = "lock";
const CA_KEY: &str = "card-ca.key.pem";
const CA_CERTIFICATE: &str = "card-ca.pem";

/// The directory.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// Opens the directory, and makes it when it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others may read it.
    pub(crate) fn open(path: &Path) -> Result<Self, AdminError> {
        let fail = |cause| AdminError::File { path: path.to_owned(), cause };
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(fail(cause)),
        }
        expect_private(path, &fs::metadata(path).map_err(fail)?, geteuid().as_raw())?;
        Ok(Self(path.to_owned()))
    }

    /// Opens a directory that must be there: a mistyped path should not become an empty home.
    ///
    /// # Errors
    /// [`AdminError::NoOffice`] when it is not there; when others may read it.
    pub(crate) fn existing(path: &Path) -> Result<Self, AdminError> {
        if path.is_dir() { Self::open(path) } else { Err(AdminError::NoOffice) }
    }

    /// Keeps other runs out of it, as long as what comes back lives: each would write over what the other has verified, sent or made.
    /// Looks once, and after a second each as often as `patience` says.
    ///
    /// # Errors
    /// [`AdminError::HomeBusy`]; when there cannot be a lock.
    pub(crate) fn lock(&self, patience: u32) -> Result<File, AdminError> {
        let path = self.path(LOCK);
        let fail = |cause| AdminError::File { path: path.clone(), cause };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fail)?;
        for look in 0..=patience {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if look < patience => sleep(Duration::from_secs(1)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(cause)) => return Err(fail(cause)),
            }
        }
        Err(AdminError::HomeBusy(self.0.clone()))
    }

    /// A file in it.
    #[must_use]
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads a file; nothing when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, AdminError> {
        let path = self.path(name);
        let fail = |cause| AdminError::File { path: path.clone(), cause };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(fail(cause)),
        };
        let size = file.metadata().map_err(fail)?.len();
        // Room for everything at once: a buffer that grows leaves pieces of a secret behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
        file.read_to_end(&mut bytes).map_err(fail)?;
        Ok(Some(bytes))
    }

    /// Replaces a file: after a crash it is the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), AdminError> {
        let path = self.path(name);
        let fail = |cause| AdminError::File { path: path.clone(), cause };
        let parent = path.parent().unwrap_or(&self.0);
        if !parent.is_dir() {
            DirBuilder::new().mode(0o700).create(parent).map_err(fail)?;
            // A file that is on the disk in a folder that is not is lost all the same.
            File::open(&self.0).and_then(|home| home.sync_all()).map_err(fail)?;
        }
        let new = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(fail)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
        fs::rename(&new, &path).map_err(fail)?;
        File::open(parent).and_then(|directory| directory.sync_all()).map_err(fail)
    }

    /// Gives a file another name, in the same folder, if it is there.
    ///
    /// # Errors
    /// When it keeps its own.
    pub(crate) fn rename(&self, name: &str, to: &str) -> Result<(), AdminError> {
        let path = self.path(name);
        let fail = |cause| AdminError::File { path: path.clone(), cause };
        match fs::rename(&path, self.path(to)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(fail),
        }?;
        File::open(path.parent().unwrap_or(&self.0)).and_then(|folder| folder.sync_all()).map_err(fail)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn remove(&self, name: &str) -> Result<(), AdminError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(AdminError::File { path, cause }),
        }
    }

    /// Removes a file that holds a secret, overwritten first, if it is there. On a disk that writes elsewhere than it reads, or in a backup, the
    /// bytes may outlive it.
    ///
    /// # Errors
    /// When it stays.
    pub(crate) fn dangerous_destroy(&self, name: &str) -> Result<(), AdminError> {
        let path = self.path(name);
        let fail = |cause| AdminError::File { path: path.clone(), cause };
        let mut file = match OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(fail(cause)),
        };
        let length = usize::try_from(file.metadata().map_err(fail)?.len()).unwrap_or(0);
        file.write_all(&vec![0; length]).and_then(|()| file.sync_all()).map_err(fail)?;
        self.remove(name)?;
        File::open(&self.0).and_then(|home| home.sync_all()).map_err(fail)
    }

    /// The names of the files in a subdirectory, sorted; none when it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn list(&self, directory: &str) -> Result<Vec<String>, AdminError> {
        let path = self.path(directory);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(AdminError::File { path, cause }),
        };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// The authority that issues the certificates of cards.
    ///
    /// # Errors
    /// [`AdminError::NoCardSecret`] when this home has none.
    pub(crate) fn card_ca(&self) -> Result<OfficeCa, AdminError> {
        let missing = || AdminError::NoCardSecret(self.path(CA_KEY));
        let text = |bytes: Zeroizing<Vec<u8>>| {
            std::str::from_utf8(&bytes)
                .map(|text| Zeroizing::new(text.to_owned()))
                .map_err(|_| AdminError::Damaged(self.path(CA_KEY)))
        };
        let key = text(self.read(CA_KEY)?.ok_or_else(missing)?)?;
        let certificate = text(self.read(CA_CERTIFICATE)?.ok_or_else(missing)?)?;
        OfficeCa::load(&key, &certificate).map_err(AdminError::Ca)
    }

    /// Makes the authority, unless there is one.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub(crate) fn ensure_card_ca(&self, office: &str, validity: Validity) -> Result<OfficeCa, AdminError> {
        if self.read(CA_KEY)?.is_none() || self.read(CA_CERTIFICATE)?.is_none() {
            let ca = OfficeCa::create(office, validity).map_err(AdminError::Ca)?;
            self.write(CA_CERTIFICATE, ca.certificate_pem().as_bytes())?;
            self.write(CA_KEY, ca.key_pem().as_bytes())?;
        }
        self.card_ca()
    }
}

/// Nobody but `me` may read or exchange what lies in the home: whose it is could, whatever its mode.
fn expect_private(path: &Path, home: &fs::Metadata, me: u32) -> Result<(), AdminError> {
    if home.uid() != me {
        return Err(AdminError::HomeOfSomebodyElse(path.to_owned()));
    }
    if home.permissions().mode() & 0o077 != 0 {
        return Err(AdminError::HomeOpenToOthers(path.to_owned()));
    }
    Ok(())
}

/// Writes a secret for a person to a new file of his own: 0600, and never over another one.
///
/// # Errors
/// When the file exists or cannot be written.
pub(crate) fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<(), AdminError> {
    let fail = |cause| AdminError::File { path: path.to_owned(), cause };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::random;

    /// A home of its own, removed at the end.
    pub(crate) struct TempHome(pub(crate) Home);

    impl TempHome {
        pub(crate) fn new() -> Self {
            let name = format!("sekisho-admin-test-{:032x}", u128::from_le_bytes(random::bytes().unwrap()));
            Self(Home::open(&std::env::temp_dir().join(name)).unwrap())
        }
    }

    impl Drop for TempHome {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.0);
        }
    }

    #[test]
    fn nobody_else_can_read_what_lies_in_it() {
        let home = TempHome::new();
        home.0.write("x.secret", b"secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home.0.0), 0o700);
        assert_eq!(mode(&home.0.path("x.secret")), 0o600);
        let metadata = fs::metadata(&home.0.0).unwrap();
        expect_private(&home.0.0, &metadata, metadata.uid()).unwrap();
        let refused = expect_private(&home.0.0, &metadata, metadata.uid() + 1);
        assert!(matches!(refused, Err(AdminError::HomeOfSomebodyElse(_))));
        fs::set_permissions(&home.0.0, fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(Home::open(&home.0.0), Err(AdminError::HomeOpenToOthers(_))));
    }

    #[test]
    fn one_run_at_a_time_works_in_a_home() {
        let home = TempHome::new();
        let lock = home.0.lock(0).unwrap();
        let other = Home::open(&home.0.0).unwrap();
        assert!(matches!(other.lock(0), Err(AdminError::HomeBusy(_))));
        drop(lock);
        let _lock = other.lock(0).unwrap();
    }

    #[test]
    fn a_secret_that_is_destroyed_was_overwritten() {
        let home = TempHome::new();
        home.0.write("x.secret", b"secret").unwrap();
        // Whoever has it open still sees its place on the disk.
        let mut open = File::open(home.0.path("x.secret")).unwrap();
        home.0.dangerous_destroy("x.secret").unwrap();
        let mut left = Vec::new();
        open.read_to_end(&mut left).unwrap();
        assert_eq!(left, [0; 6]);
        assert!(!home.0.path("x.secret").exists());
        home.0.dangerous_destroy("x.secret").unwrap();
    }

    #[test]
    fn files_in_subdirectories_come_and_go() {
        let home = TempHome::new();
        assert_eq!(home.0.list("pending").unwrap(), Vec::<String>::new());
        home.0.write("pending/b.toml", b"x").unwrap();
        home.0.write("pending/a.toml", b"y").unwrap();
        assert_eq!(home.0.list("pending").unwrap(), ["a.toml", "b.toml"]);
        home.0.remove("pending/a.toml").unwrap();
        home.0.remove("pending/a.toml").unwrap();
        assert_eq!(home.0.read("pending/a.toml").unwrap(), None);
    }
}
