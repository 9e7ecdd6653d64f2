//! A ledger put back from a medium and the keys out of the safe, on a machine that has none.

use std::path::{Path, PathBuf};

use sekisho_wire::words::Language;

use super::generation::{SEALED, Sealed, files_below, generations, is_medium};
use super::{Media, MediumFault, Verified, key_copy, marker};
use crate::data::{DataDir, above, make_dir, replace_file};
use crate::error::LedgerError;
use crate::fsck::{Fault, check_copy};

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Of which ledger.
    pub ledger: String,
    /// Which backup.
    pub verified: Verified,
    /// What `fsck` says of it and a ledger starts with all the same: English, Japanese.
    pub told: Vec<(String, String)>,
}

/// Puts a backup into `root`, where there is no ledger yet. `from` is a backup's folder, or a medium: then its newest.
///
/// # Errors
/// When there is a ledger, no verified backup, a key is missing or does not open it, the backup is not sound, or something cannot be
/// read or written. There is no ledger in `root` then.
pub fn restore(root: &Path, from: &Path, keys: &Path, progress: &mut dyn FnMut(u64)) -> Result<Restored, LedgerError> {
    let data = DataDir::new(root);
    for there in [data.config(), data.database(), data.master_key()] {
        if there.exists() {
            return Err(LedgerError::AlreadyThere { path: root.into() });
        }
    }
    let from = chosen(from)?;
    let sealed = from.join(SEALED);
    let text = std::fs::read(&sealed).map_err(LedgerError::file("read", &sealed))?;
    let damaged = || LedgerError::Damaged { path: sealed, expected: "what was verified" };
    let Sealed { ledger, verified } = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let (copy, safe) = (DataDir::new(&from), DataDir::new(keys));
    // Before anything is written: a medium decays, and a stick may be another ledger's.
    let told = sound(&copy, &safe, progress)?;
    make_dir(root)?;
    make_dir(&data.checkpoints())?;
    for key in key_copy::files(&safe) {
        put(&key, &root.join(key.file_name().expect("a key is a file")))?;
    }
    for file in files_below(&from)? {
        let name = file.strip_prefix(&from).expect("it lies below");
        let beside = ["ledger.toml", SEALED, "ledger.db-wal", "ledger.db-shm"];
        if !beside.iter().any(|beside| name == Path::new(beside)) {
            put(&file, &root.join(name))?;
        }
    }
    remember(&data, &from, &verified)?;
    // The configuration comes last: a directory without it is not a ledger, and a restore that was cut short is none either.
    put(&copy.config(), &data.config())?;
    Ok(Restored { ledger, verified, told })
}

fn chosen(from: &Path) -> Result<PathBuf, LedgerError> {
    let none = || LedgerError::from(MediumFault::NoBackup { at: from.into() });
    if is_medium(from) {
        return generations(from)?.pop().map(|newest| newest.at).ok_or_else(none);
    }
    if from.join(SEALED).is_file() && from.extension().is_none() { Ok(from.into()) } else { Err(none()) }
}

/// The list in a backup was written before it was verified.
fn remember(data: &DataDir, from: &Path, verified: &Verified) -> Result<(), LedgerError> {
    let mut list = Media::read(&data.media())?;
    let known = marker(above(from))?;
    for medium in list.media.iter_mut().filter(|medium| known.as_ref().is_some_and(|known| known.id == medium.id)) {
        medium.verified = Some(verified.clone());
    }
    list.failed = None;
    list.write(data)
}

/// What `fsck` finds and a ledger starts with all the same. A month that was destroyed after the backup has no key any more, and the act that says so
/// comes back with the register.
fn sound(copy: &DataDir, safe: &DataDir, progress: &mut dyn FnMut(u64)) -> Result<Vec<(String, String)>, LedgerError> {
    let report = check_copy(copy, safe, progress)?;
    let known = |fault: &Fault| matches!(fault, Fault::Halted { .. } | Fault::DestroyedWithoutAct { .. });
    let wrong: Vec<_> = report.findings.iter().filter(|finding| !known(&finding.fault)).collect();
    if let [first, ..] = wrong.as_slice() {
        let (at, finding) = (copy.root().to_path_buf(), first.text(Language::English));
        return Err(MediumFault::NotSound { at, finding, findings: wrong.len() }.into());
    }
    let both = |finding: &crate::fsck::Finding| (finding.text(Language::English), finding.text(Language::Japanese));
    Ok(report.findings.iter().map(both).collect())
}

/// A file of ours (0600), whole or not there. The book may be larger than what is read at once.
fn put(from: &Path, to: &Path) -> Result<(), LedgerError> {
    to.parent().map_or(Ok(()), make_dir)?;
    let mut source = std::fs::File::open(from).map_err(LedgerError::file("read", from))?;
    if to.extension().is_some_and(|extension| extension == "db") {
        crate::data::make_private(to).map_err(LedgerError::file("make", to))?;
        let copied = std::fs::File::create(to).and_then(|mut file| {
            std::io::copy(&mut source, &mut file)?;
            file.sync_all()
        });
        return copied.map_err(LedgerError::file("write", to));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    std::io::Read::read_to_end(&mut source, &mut bytes).map_err(LedgerError::file("read", from))?;
    replace_file(to, &bytes).map_err(LedgerError::file("write", to))
}
