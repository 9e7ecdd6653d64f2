//! A file that has its name when it is whole: half of one is never taken for it, and none is written over.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::AdminError;

/// One that is being written.
#[derive(Debug)]
pub(crate) struct WholeFile<'a> {
    begun: PathBuf,
    name: &'a Path,
    out: BufWriter<std::fs::File>,
}

impl<'a> WholeFile<'a> {
    /// Begins one that only its owner may read.
    ///
    /// # Errors
    /// When there is something of that name, or it cannot be made.
    pub(crate) fn create(name: &'a Path) -> Result<Self, AdminError> {
        free(name)?;
        let mut begun = name.as_os_str().to_owned();
        begun.push(".part");
        let begun = PathBuf::from(begun);
        // Persons stand in it.
        let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&begun).map_err(failed(&begun))?;
        Ok(Self { begun, name, out: BufWriter::new(out) })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), AdminError> {
        self.out.write_all(bytes).map_err(failed(&self.begun))
    }

    /// Gives it its name, once it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, or there is something of that name by now.
    pub(crate) fn finish(mut self) -> Result<(), AdminError> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(failed(&self.begun))?;
        free(self.name)?;
        std::fs::rename(&self.begun, self.name).map_err(failed(self.name))
    }
}

impl Drop for WholeFile<'_> {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.begun));
    }
}

/// What has the name already is never written over.
fn free(name: &Path) -> Result<(), AdminError> {
    if name.symlink_metadata().is_ok() {
        return Err(failed(name)(std::io::ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> AdminError + use<> {
    let path = path.to_owned();
    |cause| AdminError::File { path, cause }
}
