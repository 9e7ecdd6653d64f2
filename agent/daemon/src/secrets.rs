//! The secrets of this terminal, and where they lie: in the state folder, or in credentials that the service manager hands over.
//!
//! A credential is sealed by the machine or its TPM, and opened by systemd for one unit alone. All the cryptography of it is
//! `systemd-creds`'s: nothing here speaks to a TPM.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sekisho_wire::secret::SecretBytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::files;

/// A file that holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSecret {
    /// `identity.json` of the state folder: signs batches.
    Identity,
    /// `journal.key` of the state folder: opens the journal.
    JournalKey,
    /// `tls.key` of the forwarder's folder: lets it in at the ledger.
    TlsKey,
}

impl StateSecret {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Identity, Self::JournalKey, Self::TlsKey];

    /// The folder in which it lies.
    #[must_use]
    pub fn folder(self, config: &Config) -> PathBuf {
        match self {
            Self::Identity | Self::JournalKey => config.state.clone(),
            Self::TlsKey => config.link_folder(),
        }
    }

    /// Its name there.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Identity => "identity.json",
            Self::JournalKey => "journal.key",
            Self::TlsKey => "tls.key",
        }
    }

    /// Its name as a credential.
    #[must_use]
    pub const fn credential(self) -> &'static str {
        match self {
            Self::Identity => "sekisho-identity",
            Self::JournalKey => "sekisho-journal-key",
            Self::TlsKey => "sekisho-tls-key",
        }
    }

    /// Its bytes: those in its folder, else those that the service manager handed over. `None` when it was never made.
    ///
    /// # Errors
    /// The file system's; [`io::ErrorKind::NotFound`] when it was moved into a credential that was not handed over.
    pub fn read(self, folder: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.read_from(folder, std::env::var_os("CREDENTIALS_DIRECTORY"))
    }

    fn read_from(self, folder: &Path, credentials: Option<OsString>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let handed_over = credentials.map(|folder| PathBuf::from(folder).join(self.credential()));
        for path in [Some(folder.join(self.file())), handed_over].into_iter().flatten() {
            if let Some(bytes) = files::read(&path)? {
                return Ok(Some(bytes));
            }
        }
        match Moved::read(folder)? {
            Some(moved) if moved.holds(self) => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "it was moved into {}, and the service manager did not hand it over (LoadCredentialEncrypted={})",
                    moved.folder.join(self.credential()).display(),
                    self.credential()
                ),
            )),
            Some(_) | None => Ok(None),
        }
    }
}

/// The key of the journal; `None` when none was drawn yet.
///
/// # Errors
/// As [`StateSecret::read`]; [`io::ErrorKind::InvalidData`] when there is something else.
pub fn journal_key(state: &Path) -> io::Result<Option<SecretBytes<32>>> {
    let bytes = StateSecret::JournalKey.read(state)?;
    bytes.map(|bytes| SecretBytes::from_slice(&bytes).ok_or(io::ErrorKind::InvalidData.into())).transpose()
}

/// Where the secrets of a folder were moved to, in `credentials.json` there.
#[derive(Debug, Serialize, Deserialize)]
struct Moved {
    folder: PathBuf,
    credentials: Vec<String>,
}

impl Moved {
    fn file(folder: &Path) -> PathBuf {
        folder.join("credentials.json")
    }

    fn read(folder: &Path) -> io::Result<Option<Self>> {
        files::read_json(&Self::file(folder))
    }

    fn holds(&self, secret: StateSecret) -> bool {
        self.credentials.iter().any(|name| name == secret.credential())
    }
}

/// Whether this secret was moved into a credential.
///
/// # Errors
/// The file system's.
pub fn is_moved(config: &Config, secret: StateSecret) -> io::Result<bool> {
    Ok(Moved::read(&secret.folder(config))?.is_some_and(|moved| moved.holds(secret)))
}

/// With what `systemd-creds` seals.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// `auto`, `host`, `tpm2` or `host+tpm2`, as `systemd-creds` calls them.
    pub with_key: String,
    /// Which TPM, where it is not the machine's own.
    pub tpm2_device: Option<String>,
}

/// Secrets could not be moved.
#[derive(Debug)]
pub enum MoveError {
    /// An agent uses them.
    AgentRuns,
    /// An enrolment was begun, and holds keys of its own until it is finished.
    EnrolmentBegun,
    /// The terminal has none yet.
    NotEnrolled,
    /// They lie in another folder already.
    Elsewhere(PathBuf),
    /// `systemd-creds` cannot be started.
    NoTool(io::Error),
    /// It refused.
    Refused {
        /// What it was to do.
        act: &'static str,
        /// With which credential.
        credential: &'static str,
        /// What it said.
        said: String,
    },
    /// What it sealed does not open to the same bytes.
    Differs(&'static str),
    /// A file.
    File(io::Error),
}

impl MoveError {
    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::AgentRuns => "Stop agent and forwarder first.",
            Self::EnrolmentBegun => "Finish it with the same code first: sekisho-agent enrol --config FILE CODEFILE",
            Self::NotEnrolled => "Enrol the terminal first: sekisho-agent enrol --config FILE CODEFILE",
            Self::Elsewhere(_) => "Move them back first: sekisho-agent key move --to file",
            Self::NoTool(_) => "Install systemd 250 or later, whose systemd-creds this needs.",
            Self::Refused { .. } | Self::Differs(_) => {
                "Nothing was removed. Check that the machine has what was asked for (systemd-creds has-tpm2), or choose another --with-key; \
                 then run this again."
            }
            Self::File(_) => "Run this as root; check that both folders can be written.",
        }
    }
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentRuns => f.write_str("cannot move the keys: an agent uses them"),
            Self::EnrolmentBegun => f.write_str("cannot move the keys: an enrolment was begun and not finished"),
            Self::NotEnrolled => f.write_str("cannot move the keys: this terminal has none"),
            Self::Elsewhere(folder) => write!(f, "cannot move the keys: they are in {} already", folder.display()),
            Self::NoTool(error) => write!(f, "cannot start systemd-creds: {error}"),
            Self::Refused { act, credential, said } => write!(f, "cannot {act} {credential}: {said}"),
            Self::Differs(credential) => {
                write!(f, "cannot seal {credential}: what systemd-creds wrote does not open to the same")
            }
            Self::File(error) => write!(f, "cannot move the keys: {error}"),
        }
    }
}

impl std::error::Error for MoveError {}

impl From<io::Error> for MoveError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// Moves every secret that lies in its folder into a credential in `credentials`; returns their names. Run again, it finishes what was
/// interrupted: a file is removed when its credential has been opened again, and counts before it until then.
///
/// # Errors
/// [`MoveError`]; what could not be moved is where it was.
pub fn move_to_credentials(config: &Config, credentials: &Path, sealing: &Sealing) -> Result<Vec<String>, MoveError> {
    let _held = files::hold(&config.state)?.ok_or(MoveError::AgentRuns)?;
    if config.enrolment_file().exists() {
        return Err(MoveError::EnrolmentBegun);
    }
    files::private_folder(credentials)?;
    let mut names = Vec::new();
    for secret in StateSecret::ALL {
        let (folder, name) = (secret.folder(config), secret.credential());
        let before = Moved::read(&folder)?;
        if let Some(elsewhere) = before.as_ref().filter(|moved| moved.folder != credentials) {
            return Err(MoveError::Elsewhere(elsewhere.folder.clone()));
        }
        let mut moved = before.unwrap_or(Moved { folder: credentials.to_owned(), credentials: Vec::new() });
        let file = folder.join(secret.file());
        if let Some(bytes) = files::read(&file)? {
            let sealed = systemd_creds(
                "seal",
                secret,
                sealing,
                &["encrypt", "--with-key", &sealing.with_key, "-", "-"],
                &bytes,
            )?;
            if *systemd_creds("open", secret, sealing, &["decrypt", "-", "-"], &sealed)? != *bytes {
                return Err(MoveError::Differs(name));
            }
            files::replace(&credentials.join(name), &sealed)?;
            if !moved.holds(secret) {
                moved.credentials.push(name.into());
            }
            files::replace_json(&Moved::file(&folder), &moved)?;
        }
        if moved.holds(secret) {
            files::remove(&file)?;
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { Err(MoveError::NotEnrolled) } else { Ok(names) }
}

/// Moves every secret back into its folder; returns the names of the credentials that are gone.
///
/// # Errors
/// [`MoveError`]; what could not be moved is where it was.
pub fn move_to_files(config: &Config, tpm2_device: Option<String>) -> Result<Vec<String>, MoveError> {
    let _held = files::hold(&config.state)?.ok_or(MoveError::AgentRuns)?;
    let sealing = Sealing { with_key: String::new(), tpm2_device };
    let (mut words, mut credentials, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for secret in StateSecret::ALL {
        let folder = secret.folder(config);
        let Some(moved) = Moved::read(&folder)?.filter(|moved| moved.holds(secret)) else { continue };
        let (file, credential) = (folder.join(secret.file()), moved.folder.join(secret.credential()));
        // One that is there was made since, and counts.
        if files::read(&file)?.is_none() {
            let sealed = std::fs::read(&credential)?;
            let bytes = systemd_creds("open", secret, &sealing, &["decrypt", "-", "-"], &sealed)?;
            files::replace(&file, &bytes)?;
        }
        words.push(Moved::file(&folder));
        credentials.push(credential);
        names.push(secret.credential().to_owned());
    }
    // First the word that they are elsewhere, then they: interrupted, it leaves credentials too many, and never a secret nowhere.
    for file in words.iter().chain(&credentials) {
        files::remove(file)?;
    }
    Ok(names)
}

/// Lets `systemd-creds` work on bytes. They go through pipes: what is secret is never in a file of ours, nor in an argument.
fn systemd_creds(
    act: &'static str,
    secret: StateSecret,
    sealing: &Sealing,
    arguments: &[&str],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, MoveError> {
    let mut command = Command::new("systemd-creds");
    command.arg(format!("--name={}", secret.credential()));
    command.args(sealing.tpm2_device.iter().map(|device| format!("--tpm2-device={device}"))).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(MoveError::NoTool)?;
    if let Some(mut stdin) = child.stdin.take()
        && let Err(error) = stdin.write_all(bytes)
    {
        // It has ended, and says why.
        log::debug!("systemd-creds does not read: {error}");
    }
    let output = child.wait_with_output()?;
    let bytes = Zeroizing::new(output.stdout);
    if output.status.success() {
        return Ok(bytes);
    }
    let said = crate::carrier::printable(String::from_utf8_lossy(&output.stderr).trim());
    Err(MoveError::Refused { act, credential: secret.credential(), said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_state_folder_counts_before_a_credential_and_what_was_moved_is_missed() {
        let folder = std::env::temp_dir().join(format!("sekisho-secrets-{}", std::process::id()));
        let (state, handed) = (folder.join("state"), folder.join("handed"));
        files::private_folder(&state).unwrap();
        files::private_folder(&handed).unwrap();
        let secret = StateSecret::JournalKey;
        let read = || secret.read_from(&state, Some(handed.clone().into_os_string()));
        assert!(read().unwrap().is_none());
        let moved = Moved { folder: "/etc/credstore.encrypted".into(), credentials: vec![secret.credential().into()] };
        files::replace_json(&Moved::file(&state), &moved).unwrap();
        let missing = read().unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(missing.to_string().contains("LoadCredentialEncrypted=sekisho-journal-key"), "{missing}");
        assert!(StateSecret::Identity.read_from(&state, None).unwrap().is_none(), "that one was never moved");
        std::fs::write(handed.join(secret.credential()), b"credential").unwrap();
        assert_eq!(**read().unwrap().unwrap(), *b"credential");
        std::fs::write(state.join(secret.file()), b"file").unwrap();
        assert_eq!(**read().unwrap().unwrap(), *b"file");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
