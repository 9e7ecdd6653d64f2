//! A journal that cannot be gone on with: shown, set aside, never deleted. Afterwards the agent waits for a new epoch and grants nothing.
//!
//! Why an epoch, and not a repaired journal: what the damaged part held may be at the ledger, or on its way. Any record written in its
//! place would give a seq two contents; in a new epoch every seq is new, and people have signed for it.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::files::{self, StateFile};
use crate::identity::Identity;
use crate::journal::medium::{Folder, Medium, SegmentFile};
use crate::journal::recovery::{Found, survey};
use crate::keeper::Keeper;
use crate::secrets::journal_key;
use crate::uplink::Position;

/// What a set-aside journal is called: this, its epoch, a number.
const NAME: &str = "journal-aside-";

/// The journal can be neither shown nor set aside.
#[derive(Debug)]
pub enum AsideError {
    /// An agent runs on it.
    AgentRuns,
    /// The terminal is not enrolled: there is no history.
    NotEnrolled,
    /// Nothing on this disk tells in which epoch the journal is: this file does not any more, and nothing else does.
    NoEpoch(StateFile),
    /// A file holds something else than the agent wrote.
    Damaged(StateFile, io::Error),
    /// A file or folder.
    File(io::Error),
}

impl AsideError {
    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::AgentRuns => "Stop the agent first; if it runs and grants, its journal is sound.",
            Self::NotEnrolled => "Enrol the terminal: sekisho-agent enrol --config FILE CODEFILE",
            Self::NoEpoch(_) => {
                "Put a copy of that file back. Without one, keep the whole state folder as evidence under another name and have the terminal \
                 enrolled anew."
            }
            Self::Damaged(file, _) => file.next_step(),
            Self::File(_) => "Run this as root; check that the state folder is the agent's, and not read-only.",
        }
    }
}

impl fmt::Display for AsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentRuns => f.write_str("cannot set the journal aside: an agent uses it"),
            Self::NotEnrolled => f.write_str("cannot look at the journal: this terminal is not enrolled"),
            Self::NoEpoch(file) => {
                write!(f, "cannot set the journal aside: nothing tells its epoch, and {} cannot be read", file.name())
            }
            Self::Damaged(file, error) => write!(f, "cannot look at the journal: {}: {error}", file.name()),
            Self::File(error) => write!(f, "cannot look at the journal: {error}"),
        }
    }
}

impl std::error::Error for AsideError {}

impl From<io::Error> for AsideError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// What can be read of the journal, a line for each segment. Changes nothing.
///
/// # Errors
/// [`AsideError`].
pub fn show(config: &Config) -> Result<String, AsideError> {
    let folder = config.state.join("journal");
    if !folder.is_dir() {
        return Ok("there is no journal".into());
    }
    let key = journal_key(&config.state).map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData {
            AsideError::Damaged(StateFile::JournalKey, error)
        } else {
            AsideError::File(error)
        }
    })?;
    let key = key.ok_or_else(|| AsideError::File(io::Error::new(io::ErrorKind::NotFound, "journal.key is missing")))?;
    let lines = survey(&Folder::open(&folder)?, &key)?;
    let lines = lines.into_iter().map(|(name, found)| match found {
        Found::Readable { epoch, first, count, whole } => {
            let rest = if whole { "" } else { ", and what follows cannot be read" };
            format!("{name}: epoch {epoch}, {count} records from {first} on{rest}")
        }
        Found::Unreadable => format!("{name}: cannot be read"),
        Found::Empty => format!("{name}: nothing was written in it"),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Sets the journal aside, whole; returns where it is now. With it goes what the ledger had not got, and a key that is none any more.
///
/// # Errors
/// [`AsideError`]; the journal is then where it was.
pub fn set_aside(config: &Config) -> Result<PathBuf, AsideError> {
    let _held = files::hold(&config.state)?.ok_or(AsideError::AgentRuns)?;
    let epoch = newest_told_of(config)?;
    let places = (0_u32..).map(|number| config.state.join(format!("{NAME}{epoch}-{number}")));
    let place =
        places.into_iter().find(|place| !place.exists()).ok_or(io::Error::from(io::ErrorKind::AlreadyExists))?;
    let key = config.state.join("journal.key");
    let key_too = key.is_file() && whole(StateFile::JournalKey, journal_key(&config.state), &mut None)?.is_none();
    files::as_owner(&config.state, || {
        std::fs::rename(config.state.join("journal"), &place)?;
        if key_too {
            std::fs::rename(key, place.join("journal.key"))?;
        }
        File::open(&config.state)?.sync_all()
    })?;
    Ok(place)
}

/// The newest epoch that anything on this disk tells of. The register may have decayed with the journal, and an epoch that is set aside under
/// too low a number would be begun once more: where something has decayed, something else must tell.
fn newest_told_of(config: &Config) -> Result<u32, AsideError> {
    let mut decayed = None;
    let identity = whole(StateFile::Identity, Identity::load(&config.state), &mut decayed)?;
    let registered = match identity {
        Some(None) => return Err(AsideError::NotEnrolled),
        Some(Some(identity)) => {
            let opened = whole(StateFile::Register, Keeper::open(config, &identity), &mut decayed)?;
            opened.and_then(|(_, found)| found.register.terminal(&identity.terminal).map(|terminal| terminal.epoch()))
        }
        None => None,
    };
    let folder = config.state.join("journal");
    let key = whole(StateFile::JournalKey, journal_key(&config.state), &mut decayed)?;
    let segments = match key.flatten() {
        Some(key) if folder.is_dir() => survey(&Folder::open(&folder)?, &key)?,
        Some(_) | None => Vec::new(),
    };
    let written = segments.into_iter().filter_map(|(_, found)| match found {
        Found::Readable { epoch, .. } => Some(epoch),
        Found::Unreadable | Found::Empty => None,
    });
    let sent = whole(StateFile::Uplink, Position::kept_end(config), &mut decayed)?.flatten().map(|(epoch, _)| epoch);
    let told = written.max().max(sent).max(newest_epoch(&config.state)?).max(registered);
    match (told, decayed) {
        (None, Some(file)) => Err(AsideError::NoEpoch(file)),
        (told, _) => Ok(told.unwrap_or(0)),
    }
}

/// What was read of a file; nothing of one that has decayed, which is noted.
fn whole<T>(file: StateFile, read: io::Result<T>, decayed: &mut Option<StateFile>) -> Result<Option<T>, AsideError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            log::warn!("{} cannot be read: {error}", file.name());
            *decayed = Some(file);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The newest epoch whose journal was set aside: it is never gone on with.
pub(crate) fn newest_epoch(state: &Path) -> io::Result<Option<u32>> {
    let mut newest = None;
    for entry in std::fs::read_dir(state)? {
        let name = entry?.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(NAME));
        newest = newest.max(rest.and_then(|rest| rest.split('-').next()?.parse().ok()));
    }
    Ok(newest)
}

/// Where records go while the agent waits for a new epoch: nowhere. Nothing can be durable, so nothing can be granted.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Medium for Nowhere {
    fn create(&self, _: &str) -> io::Result<Box<dyn SegmentFile>> {
        Err(io::Error::other("this terminal waits for a new epoch"))
    }

    fn reserve(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn create_of_reserve(&self, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        self.create(name)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn make_durable(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sekisho_wire::id::Hash;
    use sekisho_wire::secret::SecretBytes;

    use super::*;
    use crate::identity::StoredIdentity;
    use crate::journal::Journal;
    use crate::journal::segment::Start;

    fn enrolled(name: &str) -> Config {
        let state = std::env::temp_dir().join(format!("sekisho-aside-{name}-{}", std::process::id()));
        let config =
            Config { state, runtime: "/nowhere".into(), ..Config::parse(Path::new("agent.toml"), "").unwrap() };
        files::private_folder(&config.state).unwrap();
        let key = ed25519_dalek::SigningKey::from_bytes(&[3; 32]);
        let public = STANDARD.encode(key.verifying_key().to_bytes());
        let identity = StoredIdentity {
            office: "01".repeat(16),
            terminal: "mado-1".into(),
            ledger: "ledger.example".into(),
            records: public.clone(),
            register: public,
            envelope: STANDARD.encode([4]),
            key: zeroize::Zeroizing::new(STANDARD.encode([3; 32])),
        };
        files::replace_json(&config.identity_file(), &identity).unwrap();
        config
    }

    fn journal_of(config: &Config, epoch: u32) {
        let key = files::new_key(&config.state.join("journal.key")).unwrap();
        let folder = Folder::open(&config.state.join("journal")).unwrap();
        let start = Start { epoch, first: 0, chain: Hash([0; 32]) };
        let journal = Journal::open(std::sync::Arc::new(folder), SecretBytes::new(*key.expose()), start, |_, _| {});
        let journal = journal.unwrap();
        let seq = journal.append(|_, _| vec![1]);
        journal.wait(seq).unwrap();
    }

    #[test]
    fn a_journal_is_set_aside_under_its_own_epoch_though_the_register_is_lost() {
        for (written, sent, epoch) in [(Some(3), None, 3), (Some(2), Some(3), 3), (None, Some(4), 4)] {
            let config = enrolled(&format!("{epoch}-{}", written.unwrap_or(0)));
            files::private_folder(&config.state.join("journal")).unwrap();
            written.into_iter().for_each(|written| journal_of(&config, written));
            if let Some(sent) = sent {
                let cursor =
                    serde_json::json!({"epoch": sent, "stored": 0, "sealed": 0, "seen_size": 0, "seen_root": ""});
                files::replace_json(&config.state.join("uplink.json"), &cursor).unwrap();
            }
            let place = set_aside(&config).unwrap();
            assert_eq!(place, config.state.join(format!("journal-aside-{epoch}-0")));
            assert_eq!(newest_epoch(&config.state).unwrap(), Some(epoch));
            std::fs::remove_dir_all(&config.state).unwrap();
        }
    }

    #[test]
    fn a_file_that_has_decayed_keeps_no_journal_from_being_set_aside_whose_epoch_something_else_tells() {
        let config = enrolled("decayed");
        journal_of(&config, 3);
        files::private_folder(&config.state.join("register")).unwrap();
        for file in [StateFile::Register, StateFile::Uplink, StateFile::Identity] {
            std::fs::write(config.state.join(file.name()), b"{").unwrap();
        }
        assert_eq!(set_aside(&config).unwrap(), config.state.join("journal-aside-3-0"));
        std::fs::remove_dir_all(&config.state).unwrap();

        let config = enrolled("decayed-key");
        journal_of(&config, 3);
        std::fs::write(config.state.join("journal.key"), b"short").unwrap();
        let refused = set_aside(&config);
        assert!(matches!(refused, Err(AsideError::NoEpoch(StateFile::JournalKey))), "{refused:?}");
        let cursor = serde_json::json!({"epoch": 3, "stored": 0, "sealed": 0, "seen_size": 0, "seen_root": ""});
        files::replace_json(&config.state.join("uplink.json"), &cursor).unwrap();
        let place = set_aside(&config).unwrap();
        assert!(place.join("journal.key").is_file() && !config.state.join("journal.key").exists());
        std::fs::remove_dir_all(&config.state).unwrap();
    }

    #[test]
    fn the_newest_epoch_that_was_set_aside_is_found_by_its_folders() {
        let state = std::env::temp_dir().join(format!("sekisho-aside-{}", std::process::id()));
        std::fs::create_dir(&state).unwrap();
        assert_eq!(newest_epoch(&state).unwrap(), None);
        for name in ["journal", "journal-aside-0-0", "journal-aside-12-1", "journal-aside-2-0", "journal-aside-x"] {
            std::fs::create_dir(state.join(name)).unwrap();
        }
        assert_eq!(newest_epoch(&state).unwrap(), Some(12));
        std::fs::remove_dir_all(state).unwrap();
    }
}
