//! Media for backups: which are listed, where each is mounted, and what was verified on it last.
//!
//! A medium is known by a file in it with a random id, which `medium add` writes. A folder where nothing is mounted has none, somebody
//! else's disk has another: neither is taken for ours.

mod fault;
pub mod generation;
pub mod key_copy;
mod key_folder;
mod overdue;
mod parts;
pub mod restore;
mod said;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sekisho_wire::id::Salt;
use serde::{Deserialize, Serialize};

pub use self::fault::MediumFault;
use crate::clock::{DAY, Millis, stamp};
use crate::cold;
use crate::config::Config;
use crate::data::{DataDir, replace_file, try_lock};
use crate::error::LedgerError;

/// `media.json` in the data directory: written by commands, read by the running ledger and by whoever prints the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// The list.
    pub media: Vec<Medium>,
    /// Why the last attempt came to nothing; gone after the next that succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// When the keys were copied to another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysCopied>,
}

/// One medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// What stands in the file on it.
    pub id: String,
    /// What people call it; it stands on its label.
    pub name: String,
    /// Where it is mounted. Media that take turns have the same place.
    pub at: PathBuf,
    /// Since when it is listed.
    pub added: Millis,
    /// Where it lies when it is not in its machine (S3 23(2)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// What was verified on it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
}

/// A backup that was read again from its medium, and was sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// The name of its folder.
    pub generation: String,
    /// When it was begun: it holds what there was then.
    pub at: Millis,
    /// Entries of all logs.
    pub entries: u64,
    /// How large it is.
    pub bytes: u64,
    /// How much was found in it that says that the book lacks something: a log that has stopped, a name, a row.
    #[serde(default)]
    pub lacks: u64,
}

/// An attempt that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failed {
    /// When.
    pub at: Millis,
    /// Why.
    pub why: String,
}

/// A copy of the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysCopied {
    /// When it was made.
    pub at: Millis,
    /// SHA-256 of `payload.key` as it was then: the one file of them that changes.
    pub payload: String,
}

/// What stands in the file on a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marker {
    id: String,
    name: String,
    /// Whose backups it holds.
    ledger: String,
    /// SHA-256 of that ledger's TLS authority: two may have one name.
    authority: String,
}

/// Held by whatever changes the list or a medium.
#[derive(Debug)]
pub(crate) struct Busy(#[expect(dead_code, reason = "the lock ends with it")] File);

impl Media {
    /// Reads the list; an empty one where there is none yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(LedgerError::file("read", path))?,
        };
        let damaged = || LedgerError::Damaged { path: path.into(), expected: "a list of media" };
        serde_json::from_slice(&bytes).map_err(|_| damaged())
    }

    fn write(&self, data: &DataDir) -> Result<(), LedgerError> {
        let path = data.media();
        let text = serde_json::to_string_pretty(self).expect("names, numbers and texts are JSON");
        replace_file(&path, format!("{text}\n").as_bytes()).map_err(LedgerError::file("write", path))
    }

    /// The newest backup that was verified on any of them. One of a day that is not yet was made while the clock was ahead: nobody knows when.
    #[must_use]
    pub fn newest(&self, now: Millis) -> Option<(&Medium, &Verified)> {
        let verified = |medium| Some((medium, Medium::verified(medium)?));
        let verified = self.media.iter().filter_map(verified);
        verified.filter(|(_, verified)| !is_ahead(verified.at, now)).max_by_key(|(_, verified)| verified.at)
    }

    /// Since when there should have been a newer one, if that is so. Nothing is expected before a medium is listed.
    #[must_use]
    pub fn overdue_since(&self, config: &Config, now: Millis) -> Option<Millis> {
        let begun = self.media.iter().map(|medium| medium.added).min()?;
        let hours = u64::from(config.backup_hours) * HOUR;
        // Listed while the clock was ahead, too: nobody knows how long nothing came.
        let begun = if is_ahead(begun, now) { now.saturating_sub(hours + 1) } else { begun };
        let last = self.newest(now).map_or(begun, |(_, verified)| verified.at);
        let due = last.saturating_add(hours);
        (due < now).then_some(due)
    }
}

/// Whether a clock that was ahead said so: two clocks differ by less than a day.
const fn is_ahead(at: Millis, now: Millis) -> bool {
    at > now.saturating_add(DAY)
}

impl Medium {
    const fn verified(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }
}

/// Takes list and media for this command alone.
fn take(data: &DataDir) -> Result<Busy, LedgerError> {
    let path = data.root().join("media.lock");
    let open = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let file = open.map_err(LedgerError::file("open", &path))?;
    match try_lock(&file) {
        Ok(()) => Ok(Busy(file)),
        Err(TryLockError::WouldBlock) => Err(MediumFault::Busy.into()),
        Err(TryLockError::Error(source)) => Err(LedgerError::File { act: "lock", path, source }),
    }
}

/// Lists the medium that is mounted at `at` under this name.
///
/// # Errors
/// When it lies on the ledger's own disk, is somebody else's, is listed already, or cannot be written to.
pub fn add(root: &Path, at: &Path, name: &str, now: Millis) -> Result<Medium, LedgerError> {
    let data = DataDir::new(root);
    let config = Config::read(&data.config())?;
    let _busy = take(&data)?;
    let mut list = Media::read(&data.media())?;
    let at = std::fs::canonicalize(at).map_err(LedgerError::file("look at", at))?;
    if !fits_a_label(name) {
        let cause = format!("'{name}' does not fit on a label: 1 to {NAME_MAX} characters");
        return Err(LedgerError::Argument { name: "--name", cause });
    }
    apart(&data, &config, &at)?;
    let authority = key_copy::digest(&data.authority_certificate())?;
    let id = match marker(&at)? {
        Some(known) if known.authority != authority => {
            return Err(MediumFault::OtherLedgers { at, ledger: known.ledger }.into());
        }
        Some(known) if list.media.iter().any(|medium| medium.id == known.id) => {
            return Err(MediumFault::Listed { name: known.name }.into());
        }
        // It was listed before, or by the ledger whose place this one has taken.
        Some(known) => known.id,
        None => Salt(crate::random::bytes()).to_string(),
    };
    if list.media.iter().any(|medium| medium.name == name) {
        return Err(MediumFault::Listed { name: name.into() }.into());
    }
    let marker = Marker { id: id.clone(), name: name.into(), ledger: config.name, authority };
    let text = serde_json::to_string_pretty(&marker).expect("texts are JSON");
    let path = at.join(MARKER);
    replace_file(&path, format!("{text}\n").as_bytes()).map_err(LedgerError::file("write", path))?;
    let medium = Medium { id, name: name.into(), at, added: now, kept: None, verified: None };
    list.media.push(medium.clone());
    list.write(&data)?;
    Ok(medium)
}

fn fits_a_label(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_MAX && !text.chars().any(char::is_control)
}

/// Says where a medium of the list is kept when it is not in its machine.
///
/// # Errors
/// When there is none of that name, the place is too long for the list, or the list cannot be written.
pub fn keep(root: &Path, name: &str, place: &str) -> Result<Medium, LedgerError> {
    let data = DataDir::new(root);
    let _busy = take(&data)?;
    if !fits_a_label(place) {
        let cause = format!("'{place}' does not fit into the list: 1 to {NAME_MAX} characters");
        return Err(LedgerError::Argument { name: "--place", cause });
    }
    let mut list = Media::read(&data.media())?;
    let medium = list.media.iter_mut().find(|medium| medium.name == name);
    let medium = medium.ok_or_else(|| MediumFault::Unknown { name: name.into() })?;
    medium.kept = Some(place.into());
    let medium = medium.clone();
    list.write(&data)?;
    Ok(medium)
}

/// Takes a medium off the list. What is on it stays there.
///
/// # Errors
/// When there is none of that name, or the list cannot be written.
pub fn forget(root: &Path, name: &str) -> Result<Medium, LedgerError> {
    let data = DataDir::new(root);
    let _busy = take(&data)?;
    let mut list = Media::read(&data.media())?;
    let at = list.media.iter().position(|medium| medium.name == name);
    let at = at.ok_or_else(|| MediumFault::Unknown { name: name.into() })?;
    let medium = list.media.remove(at);
    list.write(&data)?;
    Ok(medium)
}

/// How the backups stand, for `status`.
///
/// # Errors
/// When the list or a key cannot be read.
pub fn status(data: &DataDir, config: &Config, now: Millis) -> Result<String, LedgerError> {
    let list = Media::read(&data.media())?;
    let mut text = String::new();
    if list.media.is_empty() {
        text += "backups: no medium is listed: `sekisho-ledger medium add`（バックアップ媒体が登録されていません）\n";
    } else {
        text += "backups（バックアップ）\n";
    }
    for medium in &list.media {
        text += &format!("  {} ({}): {}\n", medium.name, medium.at.display(), medium.words());
    }
    if let Some(since) = list.overdue_since(config, now) {
        let since = stamp(since);
        text += &format!(
            "  OVERDUE since {since}: no newer backup was verified（{since} 以降、検証済みバックアップがありません）\n"
        );
    }
    if let Some(Failed { at, why }) = &list.failed {
        let at = stamp(*at);
        text += &format!("  FAILED at {at}: {why}（{at} に失敗）\n");
    }
    text += &key_copy::status(data, &list)?;
    Ok(text)
}

impl Medium {
    /// Since when it is listed, where it is kept, what was verified on it.
    fn words(&self) -> String {
        let listed = stamp(self.added);
        let kept = self.kept.as_deref().map_or_else(
            || "kept at a place that nobody named（保管場所の登録なし）".to_owned(),
            |place| format!("kept at {place}（保管場所 {place}）"),
        );
        format!("listed {listed}（{listed} 登録）, {kept}; {}", self.words_of_the_newest())
    }

    fn words_of_the_newest(&self) -> String {
        self.verified.as_ref().map_or_else(
            || "nothing verified yet（検証済みのバックアップなし）".into(),
            |Verified { generation, at, entries, bytes, lacks: _ }| {
                let at = stamp(*at);
                format!(
                    "{generation} verified, of {at}, {entries} entries, {bytes} bytes（{at} 検証済み、{entries} 件、{bytes} バイト）"
                )
            },
        )
    }
}

/// What is written on the medium that is there; nothing where none is.
fn marker(at: &Path) -> Result<Option<Marker>, LedgerError> {
    let path = at.join(MARKER);
    match std::fs::read(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(LedgerError::file("read", path)(error)),
        Ok(bytes) => {
            let damaged = || LedgerError::Damaged { path, expected: "the mark of a medium" };
            serde_json::from_slice(&bytes).map(Some).map_err(|_| damaged())
        }
    }
}

/// Refuses a place on a disk that the book, its keys or its cold segments lie on: it would be lost with them.
fn apart(data: &DataDir, config: &Config, at: &Path) -> Result<(), LedgerError> {
    let there = device(at)?;
    // Where no disk is mounted there is none that could be lost; who needs what lies on it says so.
    let cold = cold::folder_of(config, data).filter(|cold| cold.exists()).map(|cold| device(&cold)).transpose()?;
    if there == device(data.root())? || cold == Some(there) {
        return Err(MediumFault::SameDisk { at: at.into() }.into());
    }
    Ok(())
}

/// Which file system a folder lies on.
fn device(at: &Path) -> Result<u64, LedgerError> {
    std::fs::metadata(at).map(|folder| folder.dev()).map_err(LedgerError::file("look at", at))
}

/// The file on a medium.
const MARKER: &str = "sekisho-medium.json";
/// As long as a label takes.
const NAME_MAX: usize = 40;
const HOUR: Millis = 3_600_000;
