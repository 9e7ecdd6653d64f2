//! A copy of the keys for the safe: on a stick of its own, never beside a backup.

use std::path::Path;

use sekisho_wire::id::Hash as WireHash;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::generation::is_medium;
use super::key_folder::Folder;
use super::{KeysCopied, Media, MediumFault, apart, device, take};
use crate::clock::{Millis, stamp};
use crate::config::Config;
use crate::data::{DataDir, make_dir};
use crate::error::LedgerError;

/// What a backup opens with.
pub(super) fn files(data: &DataDir) -> [std::path::PathBuf; 5] {
    [data.master_key(), data.payload_key(), data.envelope_key(), data.authority_key(), data.authority_certificate()]
}

/// Copies the keys to a folder on another medium, in place of older ones that lie there, and reads them again.
///
/// # Errors
/// When the ledger or backups lie there, something there is no plain file, or something cannot be read or written.
pub fn copy_keys(root: &Path, to: &Path, now: Millis) -> Result<(), LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let _busy = take(&data)?;
    let mut list = Media::read(&data.media())?;
    // Before a folder is made: where no stick is mounted it would be one on the ledger's disk.
    let there = to.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    apart(&data, &config, there)?;
    make_dir(to)?;
    let folder = Folder::open(to)?;
    apart(&data, &config, to)?;
    let beside = |at: &Path| is_medium(at) && device(at).ok() == device(to).ok();
    let above = std::fs::canonicalize(to).map_err(LedgerError::file("look at", to))?;
    if above.ancestors().any(is_medium) || list.media.iter().any(|medium| beside(&medium.at)) {
        return Err(MediumFault::KeysBeside { at: to.into() }.into());
    }
    let name_of = |file: &Path| file.file_name().and_then(|name| name.to_str()).expect("a key's name").to_owned();
    let files = files(&data).map(|file| (name_of(&file), file));
    // All of them first: nothing is written beside what somebody else laid there.
    for (name, _) in &files {
        folder.check(name)?;
    }
    let mut payload = String::new();
    for (name, file) in &files {
        let key = Zeroizing::new(std::fs::read(file).map_err(LedgerError::file("read", file))?);
        folder.replace(name, &key)?;
        if *folder.read(name)? != *key {
            return Err(LedgerError::Damaged { path: to.join(name), expected: "what was written to it" });
        }
        if *file == data.payload_key() {
            // Of what lies there, not of what the ledger has by now.
            payload = digest_of(&key);
        }
    }
    list.keys = Some(KeysCopied { at: now, payload });
    list.write(&data)
}

/// SHA-256 of a file that may be a key.
pub(super) fn digest(path: &Path) -> Result<String, LedgerError> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(LedgerError::file("read", path))?);
    Ok(digest_of(&bytes))
}

fn digest_of(bytes: &[u8]) -> String {
    WireHash(Sha256::digest(bytes).into()).to_string()
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
