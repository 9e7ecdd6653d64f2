//! A copy of the keys for the safe: on a stick of its own, never beside a backup.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::Path;

use sekisho_wire::id::Hash as WireHash;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::generation::is_medium;
use super::{KeysCopied, Media, MediumFault, device, take};
use crate::clock::{Millis, stamp};
use crate::data::{DataDir, make_dir, replace_file};
use crate::error::LedgerError;

/// What a backup opens with.
pub(super) fn files(data: &DataDir) -> [std::path::PathBuf; 5] {
    [data.master_key(), data.payload_key(), data.envelope_key(), data.authority_key(), data.authority_certificate()]
}

/// Copies the keys to a folder on another medium, in place of older ones that lie there, and reads them again.
///
/// # Errors
/// When backups lie there, or something cannot be read or written.
pub fn copy_keys(root: &Path, to: &Path, now: Millis) -> Result<(), LedgerError> {
    let data = DataDir::new(root);
    let _busy = take(&data)?;
    let mut list = Media::read(&data.media())?;
    make_dir(to)?;
    let beside = |at: &Path| is_medium(at) && device(at).ok() == device(to).ok();
    let above = std::fs::canonicalize(to).map_err(LedgerError::file("look at", to))?;
    if above.ancestors().any(is_medium) || list.media.iter().any(|medium| beside(&medium.at)) {
        return Err(MediumFault::KeysBeside { at: to.into() }.into());
    }
    for file in files(&data) {
        let key = Zeroizing::new(std::fs::read(&file).map_err(LedgerError::file("read", &file))?);
        let copy = to.join(file.file_name().expect("a key is a file"));
        let written = overwrite(&copy).and_then(|()| replace_file(&copy, &key));
        written.map_err(LedgerError::file("write", &copy))?;
        let again = Zeroizing::new(std::fs::read(&copy).map_err(LedgerError::file("read", &copy))?);
        if *again != *key {
            return Err(LedgerError::Damaged { path: copy, expected: "what was written to it" });
        }
    }
    list.keys = Some(KeysCopied { at: now, payload: digest(&data.payload_key())? });
    list.write(&data)
}

/// An older `payload.key` opens what was destroyed since: nothing of it may be left in the new one's place.
fn overwrite(copy: &Path) -> std::io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(copy) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    std::io::copy(&mut std::io::repeat(0).take(length), &mut file)?;
    file.flush()?;
    file.sync_all()
}

/// SHA-256 of a file that may be a key.
pub(super) fn digest(path: &Path) -> Result<String, LedgerError> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(LedgerError::file("read", path))?);
    Ok(WireHash(Sha256::digest(&*bytes).into()).to_string())
}

impl Media {
    /// Whether a copy was made of the keys that the ledger has now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn keys_are_copied(&self, data: &DataDir) -> Result<bool, LedgerError> {
        let Some(KeysCopied { payload, .. }) = &self.keys else { return Ok(false) };
        Ok(*payload == digest(&data.payload_key())?)
    }
}

/// Whether what lies in the safe is what a backup opens with.
pub(super) fn status(data: &DataDir, list: &Media) -> Result<String, LedgerError> {
    let Some(KeysCopied { at, .. }) = &list.keys else {
        return Ok("  the keys are not copied: `sekisho-ledger copy-keys`（鍵の複製がありません）\n".into());
    };
    let at = stamp(*at);
    Ok(if list.keys_are_copied(data)? {
        format!("  keys copied at {at}（{at} に鍵を複製）\n")
    } else {
        format!(
            "  keys copied at {at}, and payload.key CHANGED since: copy them again, destroy the older copies（{at} の複製以降に payload.key が変更されました。再度複製し、古い複製は破棄してください）\n"
        )
    })
}
