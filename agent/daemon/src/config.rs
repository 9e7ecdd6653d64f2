//! The agent's configuration file. Every error names file, line, key, and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sekisho_wire::id::Code;
use serde::Deserialize;

/// What stands in `agent.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the agent keeps keys, journal and register; its own, mode 0700.
    #[serde(default = "default_state")]
    pub state: PathBuf,
    /// What the forwarder has: way and key to the ledger; its own, mode 0700. `link` in `state` unless given, where one user runs both.
    #[serde(default)]
    pub link: Option<PathBuf>,
    /// Where the sockets are; made by the service manager.
    #[serde(default = "default_runtime")]
    pub runtime: PathBuf,
    /// The socket for programs and people; `agent.sock` in `runtime` unless given.
    #[serde(default)]
    pub socket: Option<PathBuf>,
    /// The machine's list of logins, read at a start for those that happened while no agent ran.
    #[serde(default = "default_wtmp")]
    pub wtmp: PathBuf,
    /// Who may speak on which socket.
    #[serde(default)]
    pub peers: Peers,
    /// Registered applications: code = user.
    #[serde(default)]
    pub applications: BTreeMap<String, User>,
    /// The units of those that are not all of what their user runs.
    #[serde(default)]
    pub units: BTreeMap<String, String>,
    /// The card reader and the card.
    #[serde(default)]
    pub card: Card,
    /// The journal.
    #[serde(default)]
    pub journal: Journal,
    /// What is displayed, when a session is locked or ends.
    #[serde(default)]
    pub lock: Lock,
    /// Limits of the socket.
    #[serde(default)]
    pub limits: Limits,
}

/// The journal.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// Days that records may wait for the ledger; then nothing more is granted.
    pub days_unsent: u64,
}

impl Default for Journal {
    /// A certificate has at least ten days left unless its renewal fails: until then the ledger surely lets the terminal in when the line is back.
    fn default() -> Self {
        Self { days_unsent: 10 }
    }
}

impl Journal {
    /// How long records may wait for the ledger, ms.
    #[must_use]
    pub const fn unsent(&self) -> u64 {
        self.days_unsent * 24 * 60 * 60 * 1000
    }
}

/// A user of this machine, by uid. In the file a number, or a name of `/etc/passwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "UserWritten")]
pub struct User(pub u32);

#[derive(Deserialize)]
#[serde(untagged, expecting = "it must be a user: a uid, or a name that stands in /etc/passwd")]
enum UserWritten {
    Uid(u32),
    Name(String),
}

impl TryFrom<UserWritten> for User {
    type Error = String;

    fn try_from(written: UserWritten) -> Result<Self, String> {
        match written {
            UserWritten::Uid(uid) => Ok(Self(uid)),
            UserWritten::Name(name) => {
                let passwd =
                    std::fs::read_to_string(PASSWD).map_err(|error| format!("cannot read {PASSWD}: {error}"))?;
                uid_of(&passwd, &name).map(Self).ok_or_else(|| format!("no user '{name}' stands in {PASSWD}"))
            }
        }
    }
}

/// The users of this machine; those of a directory are given by uid.
const PASSWD: &str = "/etc/passwd";

fn uid_of(passwd: &str, name: &str) -> Option<u32> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let listed = fields.into_iter().find(|fields| fields.first() == Some(&name))?;
    listed.get(2)?.parse().ok()
}

/// The name of a user of this machine, where it stands in its list.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    named(&std::fs::read_to_string(PASSWD).ok()?, uid)
}

fn named(passwd: &str, uid: u32) -> Option<String> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let of_uid = |fields: &Vec<&str>| fields.get(2).and_then(|text| text.parse().ok()) == Some(uid);
    let listed = fields.into_iter().find(of_uid)?;
    listed.first().map(|name| (*name).to_owned()).filter(|name| !name.is_empty())
}

/// Who may speak on which socket. Root always may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    /// The card worker; the agent's own uid unless given.
    #[serde(default)]
    pub worker: Option<User>,
    /// The forwarder; the agent's own uid unless given.
    #[serde(default)]
    pub forwarder: Option<User>,
    /// Who may open a prompt for a PIN: panel, seat, PAM. The agent's own uid unless given.
    #[serde(default)]
    pub prompt: Vec<User>,
    /// Who may borrow the card readers besides root and the agent's own uid. Who has them can spend a card's PIN tries.
    #[serde(default)]
    pub borrow: Vec<User>,
    /// Whether every uid may connect and ask; else only those named here, in `prompt` or in `applications`.
    #[serde(default = "yes")]
    pub anyone_may_ask: bool,
}

/// The card reader and the card.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Card {
    /// Whether other programs may use the card besides us.
    pub sharing: Sharing,
    /// Seconds after which a card call that has not come back ends the card worker.
    pub deadline_seconds: u64,
    /// Seconds that one look at the readers may take. The watcher says something after each; two that do not come back end the card worker, and
    /// three without a word end every session.
    pub watch_seconds: u64,
    /// PINs sent to the card per insertion.
    pub tries_per_insertion: u8,
    /// Seconds that a prompt waits for a PIN.
    pub prompt_seconds: u64,
    /// Whether PINs are typed on the reader, where it has a keypad.
    pub pin_pad: PadUse,
    /// Minutes for which the readers are lent to `sekisho-admin` at a time.
    pub lease_minutes: u64,
    /// Seconds that the reader waits for a PIN. As long, the card worker cannot see whether the card is still in it.
    pub pad_seconds: u64,
}

/// Whether PINs are typed on the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadUse {
    /// At the keyboard, whatever the reader has.
    Off,
    /// On a reader that has a keypad, and there alone; at the keyboard with any other.
    Use,
    /// On a reader that has a keypad, or not at all.
    Require,
}

/// Whether other programs may use the card besides us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Ours alone, or not at all.
    Exclusive,
    /// Ours alone if possible.
    ExclusiveThenShared,
    /// Shared from the start.
    Shared,
}

impl Default for Card {
    fn default() -> Self {
        Self {
            sharing: Sharing::Exclusive,
            deadline_seconds: 10,
            watch_seconds: 5,
            tries_per_insertion: 3,
            prompt_seconds: 120,
            pin_pad: PadUse::Off,
            pad_seconds: 30,
            lease_minutes: 30,
        }
    }
}

impl Card {
    /// After how long a card call is given up, and the worker with it.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }

    /// How long one look at the readers takes.
    #[must_use]
    pub const fn watch(&self) -> Duration {
        Duration::from_secs(self.watch_seconds)
    }

    /// For how long the readers are lent.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_minutes * 60)
    }

    /// How long the reader waits for a PIN.
    #[must_use]
    pub const fn pad(&self) -> Duration {
        Duration::from_secs(self.pad_seconds)
    }

    /// How long a prompt waits for a PIN.
    #[must_use]
    pub const fn prompt(&self) -> Duration {
        Duration::from_secs(self.prompt_seconds)
    }
}

/// What becomes of the screen when a session is locked or ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// Who locks the screen.
    pub screen: ScreenLock,
    /// The seat whose active session is locked.
    pub seat: String,
    /// What is done when nobody confirms that it is locked.
    pub on_failure: OnFailure,
}

/// Who locks the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreenLock {
    /// The desktop, told by logind.
    Logind,
    /// Nobody: there is none, or it is not ours.
    None,
}

/// What is done when nobody confirms that the screen is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The desktop session is ended, with all that is open in it.
    Terminate,
    /// People are told, and the screen shows what it shows.
    Alert,
}

impl Default for Lock {
    fn default() -> Self {
        Self { screen: ScreenLock::Logind, seat: "seat0".into(), on_failure: OnFailure::Terminate }
    }
}

/// Limits of the socket.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at one time. An eighth is kept for root; a uid that is named here has a quarter at most, any other a sixteenth, and those
    /// together half.
    pub connections: usize,
    /// Requests per second and uid that is named here, on average; ten seconds' worth may come at once. All others together have a tenth.
    pub requests_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 128, requests_per_second: 2000 }
    }
}

const fn yes() -> bool {
    true
}

fn default_state() -> PathBuf {
    "/var/lib/sekisho".into()
}

fn default_runtime() -> PathBuf {
    "/run/sekisho".into()
}

fn default_wtmp() -> PathBuf {
    "/var/log/wtmp".into()
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line and key.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError {
            file: file.into(),
            line: None,
            problem: Problem::Unreadable(source),
        })?;
        Self::parse(file, &text)
    }

    /// Checks the text of a file; `file` is for messages only.
    ///
    /// # Errors
    /// [`ConfigError`] with file, line and key.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| line_of(text, span.start));
            let message = error.message().replace('\n', " ");
            let key = line.and_then(|line| key_on_line(text, line));
            ConfigError { file: file.into(), line, problem: Problem::Syntax { key, message } }
        })?;
        config.check().map_err(|(key, rule)| ConfigError {
            file: file.into(),
            line: line_of_key(text, &key),
            problem: Problem::Value { key, rule },
        })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (String, String)> {
        let places = [("state", Some(&self.state)), ("link", self.link.as_ref()), ("runtime", Some(&self.runtime))];
        for (key, path) in places {
            if path.is_some_and(|path| !path.is_absolute()) {
                return Err((key.into(), "an absolute path, such as /var/lib/sekisho".into()));
            }
        }
        // sd_seat names: an empty one or one with a slash would be another object of logind's.
        if self.lock.seat.is_empty() || !self.lock.seat.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            return Err(("seat".into(), "the name of a seat, such as seat0 (loginctl list-seats)".into()));
        }
        self.check_applications()?;
        for (key, value, most) in [
            ("deadline_seconds", self.card.deadline_seconds, 600),
            ("watch_seconds", self.card.watch_seconds, 20),
            ("prompt_seconds", self.card.prompt_seconds, 3600),
            // libccid gives a reader 90 s at least; beyond that it is asked for longer, but nobody looks whether the card is there.
            ("pad_seconds", self.card.pad_seconds, 80),
            ("lease_minutes", self.card.lease_minutes, 240),
            ("tries_per_insertion", u64::from(self.card.tries_per_insertion), 15),
            ("days_unsent", self.journal.days_unsent, 365),
            ("connections", self.limits.connections as u64, 4096),
            ("requests_per_second", u64::from(self.limits.requests_per_second), 1_000_000),
        ] {
            if value == 0 || value > most {
                return Err((key.into(), format!("a whole number from 1 to {most}")));
            }
        }
        Ok(())
    }

    /// Each is a code, and can be told apart from all others.
    fn check_applications(&self) -> Result<(), (String, String)> {
        if let Some(code) = self.applications.keys().find(|code| Code::new(code).is_err()) {
            let rule = "a code: 1 to 32 of a-z 0-9 . _ -, starting with a letter or digit";
            return Err((code.clone(), rule.into()));
        }
        if let Some(code) = self.units.keys().find(|code| !self.applications.contains_key(*code)) {
            return Err((code.clone(), "an application that [applications] names, with its user".into()));
        }
        if let Some((code, _)) = self.units.iter().find(|(_, unit)| !is_a_service(unit)) {
            return Err((code.clone(), "the name of a service, such as jumin-web.service".into()));
        }
        let mut known: Vec<(User, Option<&String>)> = Vec::new();
        for (code, user) in &self.applications {
            let place = (*user, self.units.get(code));
            if known.contains(&place) {
                let rule =
                    "a user of its own, or a unit under [units]: two applications with one user cannot be told apart";
                return Err((code.clone(), rule.into()));
            }
            known.push(place);
        }
        Ok(())
    }

    /// The socket for programs and people.
    #[must_use]
    pub fn agent_socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| self.runtime.join("agent.sock"))
    }

    /// The socket at which the card worker waits upon the agent.
    #[must_use]
    pub fn worker_socket(&self) -> PathBuf {
        self.runtime.join("worker.sock")
    }

    /// The socket at which the forwarder waits upon the agent.
    #[must_use]
    pub fn forwarder_socket(&self) -> PathBuf {
        self.runtime.join("forwarder.sock")
    }

    /// What enrolment left for the agent.
    #[must_use]
    pub fn identity_file(&self) -> PathBuf {
        self.state.join("identity.json")
    }

    /// An enrolment that was begun: keys that no act names yet.
    #[must_use]
    pub fn enrolment_file(&self) -> PathBuf {
        self.state.join("enrolment.json")
    }

    /// What enrolment left for the forwarder: a folder, so that it can belong to another user.
    #[must_use]
    pub fn link_folder(&self) -> PathBuf {
        self.link.clone().unwrap_or_else(|| self.state.join("link"))
    }

    /// The applications of this user, each with its unit where it has one.
    pub fn applications_of(&self, uid: u32) -> impl Iterator<Item = (Code, Option<&String>)> {
        let mine = self.applications.iter().filter(move |(_, user)| user.0 == uid);
        mine.filter_map(|(code, _)| Some((Code::new(code).ok()?, self.units.get(code))))
    }
}

/// Whether it can be the name of a system service.
fn is_a_service(unit: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    unit.strip_suffix(".service").is_some_and(|name| !name.is_empty() && name.chars().all(is_plain))
        && unit.len() < 256
        // All that a user runs: each of its programs can call itself by any name there.
        && !unit.starts_with("user@")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// What stands before the equals sign of a line that has one.
fn key_on_line(text: &str, line: usize) -> Option<String> {
    let (key, _) = text.lines().nth(line.checked_sub(1)?)?.split_once('=')?;
    Some(key.trim().trim_matches('"').to_owned())
}

fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let names = |line: &str| {
        let name = line.split('=').next().unwrap_or("").trim().trim_matches('"');
        line.contains('=') && name == key
    };
    text.lines().position(names).map(|index| index + 1)
}

/// The configuration cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(std::io::Error),
    Syntax { key: Option<String>, message: String },
    Value { key: String, rule: String },
}

impl ConfigError {
    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self.problem {
            Problem::Unreadable(_) => "Check the path given with --config and who may read the file.",
            Problem::Syntax { .. } | Problem::Value { .. } => {
                "Correct that line, then try it with: sekisho-agent check --config FILE"
            }
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use configuration {}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        match &self.problem {
            Problem::Unreadable(source) => write!(f, ": {source}"),
            Problem::Syntax { key: Some(key), message } => write!(f, ", key '{key}': {message}"),
            Problem::Syntax { key: None, message } => write!(f, ": {message}"),
            Problem::Value { key, rule } => write!(f, ", key '{key}': it must be {rule}"),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Unreadable(source) => Some(source),
            Problem::Syntax { .. } | Problem::Value { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
