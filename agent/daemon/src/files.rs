//! Small files that must be whole or not there, and nobody else's to read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sekisho_wire::secret::SecretBytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Makes a folder with mode 0700 when it is not there; its name is durable when this returns.
///
/// # Errors
/// The file system's.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent(path);
    if !parent.is_dir() {
        private_folder(parent)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    File::open(parent)?.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file of mode 0600 so that, whatever happens, there is afterwards the old one or the new one, whole.
///
/// # Errors
/// The file system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(parent(path))?.sync_all()
}

/// As [`replace`], for a value as JSON.
///
/// # Errors
/// The file system's.
pub fn replace_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    replace(path, &Zeroizing::new(serde_json::to_vec(value)?))
}

/// Reads a JSON file; `None` when it is not there.
///
/// # Errors
/// The file system's; [`io::ErrorKind::InvalidData`] when it is something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&Zeroizing::new(bytes))?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The 32 secret bytes in a file; drawn and written when there is none yet.
///
/// # Errors
/// The file system's; [`io::ErrorKind::InvalidData`] when the file holds something else.
pub fn secret_key(path: &Path) -> io::Result<SecretBytes<32>> {
    match std::fs::read(path) {
        Ok(bytes) => SecretBytes::from_slice(&Zeroizing::new(bytes)).ok_or(io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *bytes).map_err(|error| io::Error::other(error.to_string()))?;
            replace(path, &*bytes)?;
            Ok(SecretBytes::new(*bytes))
        }
        Err(error) => Err(error),
    }
}
