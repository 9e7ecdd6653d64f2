//! One night's backup: copied onto a medium, read again from it, and only then given its name. Older ones go after that, never before.
//!
//! What is not finished is called so. A power cut, a full disk or a hand that pulls the medium out leaves a folder that nobody takes for a
//! backup; the next night removes it.

use std::fs::File;
use std::path::{Path, PathBuf};

use sekisho_wire::words::Language;
use serde::{Deserialize, Serialize};

use super::{Failed, MARKER, Media, Medium, MediumFault, Verified, apart, device, marker, take};
use crate::backup::backup_beside;
use crate::checkpoint::{CheckpointFile, signed_offices};
use crate::clock::{Clock, MachineClock, Millis, stamp};
use crate::config::Config;
use crate::data::{self, DataDir, replace_file};
use crate::error::LedgerError;
use crate::fsck::{Finding, check_copy};
use crate::sheet::check::Sheet;
use crate::store::LogName;

/// What became of one place.
#[derive(Debug)]
pub struct Done {
    /// What the medium is called.
    pub name: String,
    /// The backup, or why there is none.
    pub result: Result<Verified, LedgerError>,
}

/// Makes a backup onto every medium of the list that is there. The ledger may be running.
///
/// # Errors
/// When no medium is listed or there, another command works with them, or the list cannot be read or written.
pub fn backup_to_media(root: &Path, now: Millis) -> Result<Vec<Done>, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let _busy = take(&data)?;
    let mut list = Media::read(&data.media())?;
    let done = found(&list).map(|found| {
        let make = |there: There| match there {
            There::Listed(at) => {
                let medium = list.media.get_mut(at).expect("it was found in the list");
                let result = make(&data, &config, medium, now);
                if let Ok(verified) = &result {
                    medium.verified = Some(verified.clone());
                }
                Done { name: medium.name.clone(), result }
            }
            There::Stranger(fault) => Done { name: "?".into(), result: Err(fault) },
        };
        found.into_iter().map(make).collect::<Vec<_>>()
    });
    let why = match &done {
        Ok(all) => all.iter().find_map(|done| done.result.as_ref().err()),
        Err(error) => Some(error),
    };
    list.failed = why.map(|error| Failed { at: now, why: error.to_string() });
    list.write(&data)?;
    done
}

/// What is mounted at a place of the list.
enum There {
    /// The medium with this number in it.
    Listed(usize),
    /// Something else.
    Stranger(LedgerError),
}

fn found(list: &Media) -> Result<Vec<There>, LedgerError> {
    let mut places: Vec<&Path> = list.media.iter().map(|medium| &*medium.at).collect();
    places.sort_unstable();
    places.dedup();
    let mut found = Vec::new();
    for at in places {
        match marker(at) {
            Ok(None) => {}
            Ok(Some(known)) => {
                let listed = list.media.iter().position(|medium| medium.id == known.id && medium.at == at);
                let stranger = || There::Stranger(MediumFault::NotListed { at: at.into(), name: known.name }.into());
                found.push(listed.map_or_else(stranger, There::Listed));
            }
            Err(error) => found.push(There::Stranger(error)),
        }
    }
    if list.media.is_empty() {
        return Err(MediumFault::NoneListed.into());
    }
    if found.is_empty() {
        let listed = list.media.iter().map(|medium| (medium.name.clone(), medium.at.clone())).collect();
        return Err(MediumFault::NoneThere { listed }.into());
    }
    Ok(found)
}

fn make(data: &DataDir, config: &Config, medium: &Medium, now: Millis) -> Result<Verified, LedgerError> {
    apart(data, config, &medium.at)?;
    let was = device(&medium.at)?;
    let failed = |cause: LedgerError| {
        // They say themselves what is wrong with which.
        if let LedgerError::Medium(fault) = cause {
            return fault.into();
        }
        let (name, at) = (medium.name.clone(), medium.at.clone());
        LedgerError::from(MediumFault::Failed { name, at, cause: Box::new(cause) })
    };
    remove_unfinished(&medium.at).map_err(failed)?;
    let older = generations(&medium.at).map_err(failed)?;
    // Numbered, not dated: a clock that was set back must not make the newest one the oldest.
    let number = older.last().map_or(1, |newest| newest.number + 1);
    let day = stamp(now);
    let generation = format!("{number:06}-{}", day.split(' ').next().unwrap_or_default());
    let begun = medium.at.join(format!("{generation}.{UNFINISHED}"));
    let newest = older.last().map(|newest| newest.at.as_path());
    let written = write(data, &begun, newest).inspect_err(|_| {
        // It takes room that the medium may not have; where it is gone with the medium, nothing is left to do.
        drop(std::fs::remove_dir_all(&begun));
    });
    written.map_err(failed)?;
    let (entries, lacks) = verify(data, &begun).map_err(failed)?;
    if device(&medium.at)? != was || marker(&medium.at)?.is_none_or(|known| known.id != medium.id) {
        return Err(MediumFault::Swapped { at: medium.at.clone() }.into());
    }
    let bytes = size_of(&begun).map_err(failed)?;
    let verified = Verified { generation, at: now, entries, bytes, lacks };
    finish(&config.name, medium, &begun, &verified).map_err(failed)?;
    thin(&older, lacks, config.backup_keep.saturating_sub(1));
    Ok(verified)
}

/// Book, checkpoints, configuration and the list of media. Cold segments that the one before has are not written again.
fn write(data: &DataDir, begun: &Path, newest: Option<&Path>) -> Result<(), LedgerError> {
    backup_beside(data.root(), begun, newest)?;
    let (list, copy) = (data.media(), DataDir::new(begun).media());
    let bytes = std::fs::read(&list).map_err(LedgerError::file("read", list))?;
    replace_file(&copy, &bytes).map_err(LedgerError::file("write", copy))
}

/// Reads everything again, derives it from its beginning, and holds its signed checkpoints against the ledger's own logs. Says how many
/// entries there are, and how much the book lacks.
fn verify(data: &DataDir, begun: &Path) -> Result<(u64, u64), LedgerError> {
    let copy = DataDir::new(begun);
    forget_cached(begun)?;
    let report = check_copy(&copy, data, MachineClock.now(), &mut |_| {})?;
    let wrong: Vec<&Finding> = report.damage().collect();
    if let [first, ..] = wrong.as_slice() {
        let (at, finding) = (begun.to_path_buf(), first.text(Language::English));
        return Err(MediumFault::NotSound { at, finding, findings: wrong.len() }.into());
    }
    for office in signed_offices(&copy.checkpoints())? {
        // One that has stopped is copied as it is: people know of it already.
        for log in LogName::ALL.into_iter().filter(|log| !report.has_stopped(&office, *log)) {
            let (file, _) = CheckpointFile::newest(&copy.checkpoints(), &office.to_string(), log);
            let text = file.read().map_err(LedgerError::file("read", file.path()))?.unwrap_or_default();
            let sheet = Sheet::read(&text)?;
            if !sheet.check(data.root())?.is_good() {
                return Err(MediumFault::Differs { at: begun.into(), log: sheet.origin().to_owned() }.into());
            }
        }
    }
    // SQLite's side files; they are empty, and none of the backup.
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(begun.join(name));
    }
    Ok((report.entries, report.lacking()))
}

/// A whole folder: what counts is what the medium gives back.
fn forget_cached(folder: &Path) -> Result<(), LedgerError> {
    for path in files_below(folder)? {
        let file = File::open(&path).map_err(LedgerError::file("read", &path))?;
        data::forget_cached(&file).map_err(LedgerError::file("sync", path))?;
    }
    Ok(())
}

/// What says in a backup's folder that it was verified, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    /// Of which ledger.
    pub(super) ledger: String,
    /// What was verified.
    pub(super) verified: Verified,
}

fn finish(ledger: &str, medium: &Medium, begun: &Path, verified: &Verified) -> Result<(), LedgerError> {
    let sealed = Sealed { ledger: ledger.into(), verified: verified.clone() };
    let text = serde_json::to_string_pretty(&sealed).expect("texts and numbers are JSON");
    let path = begun.join(SEALED);
    replace_file(&path, format!("{text}\n").as_bytes()).map_err(LedgerError::file("write", path))?;
    let to = medium.at.join(&verified.generation);
    std::fs::rename(begun, &to).map_err(LedgerError::file("rename", begun))?;
    let synced = File::open(&medium.at).and_then(|place| place.sync_all());
    synced.map_err(LedgerError::file("sync", &medium.at))
}

/// A backup on a medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    number: u64,
    /// Its folder.
    pub(super) at: PathBuf,
}

/// The verified ones on a medium, the oldest first.
pub(super) fn generations(medium: &Path) -> Result<Vec<Generation>, LedgerError> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(medium).map_err(LedgerError::file("read", medium))? {
        let at = entry.map_err(LedgerError::file("read", medium))?.path();
        let name = at.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.split_once('-').and_then(|(number, _)| number.parse().ok());
        if let Some(number) = number.filter(|_| at.extension().is_none() && at.join(SEALED).is_file()) {
            all.push(Generation { number, at });
        }
    }
    all.sort_by_key(|generation| generation.number);
    Ok(all)
}

/// Only so many of the older ones stay, and the newest that lacks less than all after it: it may have what is nowhere else. What a restored book lacks it lacks
/// for years, so not all of them can stay. One that cannot be removed is no reason to say that the new one is not there.
fn thin(older: &[Generation], lacks: u64, keep: usize) {
    let (mut better, mut others) = (0, Vec::new());
    let mut least = lacks;
    for generation in older.iter().rev() {
        match lacking(generation) {
            Some(its) if its >= least => others.push(generation),
            Some(its) => {
                least = its;
                better += 1;
            }
            // It cannot be put back as it is, so it takes no other's place; and nobody can say that nothing is in it.
            None => {}
        }
    }
    if better > 0 {
        log::warn!("{better} older backups stay: they have what the ledger lacks now (sekisho-ledger fsck)");
    }
    for Generation { at, .. } in others.iter().skip(keep.saturating_sub(better)) {
        // Half of it must not look like a backup.
        let going = at.with_extension(UNFINISHED);
        if let Err(error) = std::fs::rename(at, &going).and_then(|()| std::fs::remove_dir_all(&going)) {
            log::warn!("cannot remove the old backup {}: {error}", at.display());
        }
    }
}

/// How much a backup lacks, as it says itself; nothing where that cannot be read.
fn lacking(generation: &Generation) -> Option<u64> {
    let text = std::fs::read(generation.at.join(SEALED)).ok()?;
    serde_json::from_slice::<Sealed>(&text).ok().map(|sealed| sealed.verified.lacks)
}

fn remove_unfinished(medium: &Path) -> Result<(), LedgerError> {
    for entry in std::fs::read_dir(medium).map_err(LedgerError::file("read", medium))? {
        let path = entry.map_err(LedgerError::file("read", medium))?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            std::fs::remove_dir_all(&path).map_err(LedgerError::file("remove", path))?;
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> Result<u64, LedgerError> {
    files_below(folder)?
        .into_iter()
        .try_fold(0, |sum, path| Ok(sum + std::fs::metadata(&path).map_err(LedgerError::file("look at", path))?.len()))
}

/// Every file in a folder and in those below it.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(LedgerError::file("read", &folder))? {
            let path = entry.map_err(LedgerError::file("read", &folder))?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// Whether a medium is mounted there.
pub(super) fn is_medium(at: &Path) -> bool {
    at.join(MARKER).is_file()
}

/// The file that says that a backup was verified.
pub(super) const SEALED: &str = "verified.json";
const UNFINISHED: &str = "unfinished";
