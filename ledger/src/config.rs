//! `ledger.toml`: where the ledger listens and what it is called. Unknown keys are refused, each error names file, line and key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::data::DataDir;
use crate::error::LedgerError;
use crate::store::{Book, Server};
use crate::witnesses::Line;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the ledger is called; the first part of every log's origin, so it never changes.
    pub name: String,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Host names and addresses that the server's certificate is for; codes point at the first.
    pub hosts: Vec<String>,
    /// Milliseconds from one look at new entries to the next; a checkpoint is never older than that: 10 to 250.
    #[serde(default = "default_tick")]
    pub tick_ms: u64,
    /// Where the book is kept on a PostgreSQL server, as libpq writes it: `host=/run/postgresql dbname=sekisho`. Without it, in a file of SQLite's in the
    /// data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// The certificate (PEM) that the server's own is made by: then the connection is TLS, and the server may be on another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres_authority: Option<PathBuf>,
    /// Terminals that must have shown, after a start, what they verified last, before anything is written; never more than brought something in the week
    /// before the last batch. Where nothing is said: as many of those as the policy says, and none where witnesses are heard. A log that was behind waits for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hear: Option<usize>,
    /// Requests that may wait for the database before others are told to come again: at least 1.
    #[serde(default = "default_waiting")]
    pub waiting_max: usize,
    /// Backups that stay on each medium, the newest included: at least 1.
    #[serde(default = "default_keep")]
    pub backup_keep: usize,
    /// Hours after which a verified backup must have been followed by a newer one: at least 1.
    #[serde(default = "default_backup_hours")]
    pub backup_hours: u32,
    /// Less free than so many MiB where book or cold segments lie, and somebody is told; 0 for never.
    #[serde(default = "default_disk_free")]
    pub disk_free_mib: u64,
    /// Where Prometheus reads numbers: an address of this machine alone. Without it, nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<SocketAddr>,
    /// Where cold segments lie: a directory that is there, or one inside the data directory. Without it everything stays in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold: Option<PathBuf>,
    /// After so many days entries go cold.
    #[serde(default = "default_cold_after", skip_serializing_if = "is_default_cold_after")]
    pub cold_after_days: u32,
    /// Entries of a segment from now on: a power of two, 256 to 65,536.
    #[serde(default = "default_cold_entries", skip_serializing_if = "is_default_cold_entries")]
    pub cold_entries: u64,
    /// Witnesses that must have cosigned, after a start, what this ledger has, before anything is written: a majority of them where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hear_witnesses: Option<usize>,
    /// Who cosigns the checkpoints of all logs. Last, for a table ends what stands above it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessEntry>,
}

/// One witness, as `sekisho-ledger witness key` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessEntry {
    /// Where it is reached: its submission prefix.
    pub url: String,
    /// Its verifier key, of kind cosignature/v1.
    pub key: String,
    /// The certificate of its TLS authority (DER, base64): the only one that is trusted for it.
    pub authority: String,
}

const fn default_tick() -> u64 {
    100
}

const fn default_waiting() -> usize {
    256
}

const fn default_keep() -> usize {
    7
}

/// A night, and half a day to notice.
const fn default_backup_hours() -> u32 {
    36
}

/// Some millions of records, and time to find more room (ours).
const fn default_disk_free() -> u64 {
    2048
}

/// As long as terminals keep their own, by our policy.
const fn default_cold_after() -> u32 {
    35
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_default_cold_after(days: &u32) -> bool {
    *days == default_cold_after()
}

const fn default_cold_entries() -> u64 {
    crate::cold::ENTRIES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_default_cold_entries(entries: &u64) -> bool {
    *entries == default_cold_entries()
}

impl Config {
    /// A configuration with everything else at its default.
    #[must_use]
    pub fn new(name: &str, listen: SocketAddr, hosts: Vec<String>) -> Self {
        let (tick_ms, waiting_max) = (default_tick(), default_waiting());
        Self {
            name: name.into(),
            listen,
            hosts,
            tick_ms,
            postgres: None,
            postgres_authority: None,
            hear: None,
            waiting_max,
            backup_keep: default_keep(),
            backup_hours: default_backup_hours(),
            disk_free_mib: default_disk_free(),
            metrics: None,
            cold: None,
            cold_after_days: default_cold_after(),
            cold_entries: default_cold_entries(),
            hear_witnesses: None,
            witnesses: Vec::new(),
        }
    }

    /// Reads and checks the file.
    ///
    /// # Errors
    /// With file, line and key.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = std::fs::read_to_string(path).map_err(LedgerError::file("read", path))?;
        Self::parse(path, &text)
    }

    /// Checks the text of the file at `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, LedgerError> {
        let config: Self = from_toml(path, text)?;
        let wrong = |key: &str, cause: &str| {
            let line = text.lines().position(|line| line.trim_start().starts_with(key)).map_or(0, |at| at + 1);
            Err(LedgerError::Config { path: path.into(), line, key: key.into(), cause: cause.into() })
        };
        if !name_is_sound(&config.name) {
            return wrong("name", NAME_RULE);
        }
        if config.hosts.is_empty() {
            return wrong("hosts", "at least one host name or address is needed");
        }
        if !(10..=250).contains(&config.tick_ms) {
            return wrong("tick_ms", "10 to 250 milliseconds");
        }
        match (&config.postgres, &config.postgres_authority) {
            (None, Some(_)) => return wrong("postgres_authority", "there is no postgres beside it"),
            (Some(text), authority) => {
                if let Err(cause) = Server::at(text, authority.as_deref()) {
                    let key = if cause.starts_with("postgres_authority /") { "postgres_authority" } else { "postgres" };
                    return wrong(key, &cause);
                }
            }
            (None, None) => {}
        }
        if config.waiting_max == 0 {
            return wrong("waiting_max", "at least 1");
        }
        if config.backup_keep == 0 {
            return wrong("backup_keep", "at least 1");
        }
        if config.backup_hours == 0 {
            return wrong("backup_hours", "at least 1");
        }
        // Nobody shows who he is there.
        if config.metrics.is_some_and(|address| !address.ip().is_loopback()) {
            return wrong("metrics", "an address of this machine alone: 127.0.0.1 or [::1], with a port");
        }
        if config.cold.as_ref().is_some_and(|cold| cold.as_os_str().is_empty()) {
            return wrong("cold", "a directory");
        }
        if !crate::cold::is_size(config.cold_entries) {
            return wrong("cold_entries", "a power of two, 256 to 65536");
        }
        for (at, entry) in config.witnesses.iter().enumerate() {
            if let Err((key, cause)) = Line::new(entry) {
                return wrong(key, &format!("witness {}: {cause}", at + 1));
            }
            if config.witnesses.iter().take(at).any(|before| before.key == entry.key) {
                return wrong("key", &format!("witness {} stands there twice", at + 1));
            }
        }
        if config.hear_witnesses.is_some_and(|hear| hear > config.witnesses.len()) {
            return wrong("hear_witnesses", "not more than there are witnesses");
        }
        Ok(config)
    }

    /// How many witnesses must be heard after a start.
    #[must_use]
    pub fn witnesses_to_hear(&self) -> usize {
        let majority = if self.witnesses.is_empty() { 0 } else { self.witnesses.len() / 2 + 1 };
        self.hear_witnesses.unwrap_or(majority)
    }

    /// The file's text.
    ///
    /// # Errors
    /// When the values cannot be written as TOML, which sound ones can.
    pub fn to_text(&self) -> Result<String, LedgerError> {
        toml::to_string(self)
            .map_err(|error| LedgerError::Crypto { act: "write the configuration", cause: error.to_string() })
    }

    /// Where the book lies.
    ///
    /// # Errors
    /// When the server's place cannot be read, which a sound configuration's can.
    pub fn book(&self, data: &DataDir) -> Result<Book, LedgerError> {
        let Some(text) = &self.postgres else { return Ok(Book::File(data.database())) };
        let server = Server::at(text, self.postgres_authority.as_deref());
        server
            .map(|server| Book::Server(Box::new(server)))
            .map_err(|cause| LedgerError::Argument { name: "postgres", cause })
    }

    /// Where others reach the ledger.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.hosts, self.listen)
    }
}

/// Where others reach a server: at the first of its hosts.
pub(crate) fn url_of(hosts: &[String], listen: SocketAddr) -> String {
    let host = hosts.first().map_or("localhost", String::as_str);
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.into() };
    format!("https://{bracketed}:{}", listen.port())
}

/// Reads a configuration.
///
/// # Errors
/// With file, line and key.
pub(crate) fn from_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, LedgerError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or("").matches('\n').count() + 1;
        let key = text.lines().nth(line - 1).and_then(|line| line.split_once('='));
        let key = key.map(|(key, _)| key.trim().into()).unwrap_or_default();
        LedgerError::Config { path: path.into(), line, key, cause: error.message().trim().into() }
    })
}

/// Whether a ledger may be called so: it becomes part of key names (tlog §7.1).
#[must_use]
pub fn name_is_sound(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// What [`name_is_sound`] asks for.
pub const NAME_RULE: &str = "1 to 64 of a-z 0-9 . -";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = \"ledger.example\"\nlisten = \"127.0.0.1:8443\"\nhosts = [\"localhost\"]\n";

    fn fault(text: &str) -> String {
        Config::parse(Path::new("ledger.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let config = Config::parse(Path::new("x"), GOOD).unwrap();
        assert_eq!(Config::parse(Path::new("x"), &config.to_text().unwrap()).unwrap(), config);
        assert_eq!(config.url(), "https://localhost:8443");
    }

    #[test]
    fn errors_name_file_line_and_key() {
        for (text, expected) in [
            (format!("{GOOD}tick = 4\n"), "ledger.toml, line 4, key 'tick'"),
            (format!("{GOOD}tick_ms = \"a\"\n"), "ledger.toml, line 4, key 'tick_ms'"),
            (format!("{GOOD}tick_ms = 400\n"), "ledger.toml, line 4, key 'tick_ms'"),
            (GOOD.replace("127.0.0.1:8443", "here"), "ledger.toml, line 2, key 'listen'"),
            (GOOD.replace("ledger.example", "Ledger Example"), "ledger.toml, line 1, key 'name'"),
            (GOOD.replace("[\"localhost\"]", "[]"), "ledger.toml, line 3, key 'hosts'"),
            (format!("{GOOD}postgres = \"host=db.example dbname=a user=b\"\n"), "ledger.toml, line 4, key 'postgres'"),
            (format!("{GOOD}postgres = \"host=/run/postgresql\"\n"), "dbname and user"),
            (format!("{GOOD}postgres_authority = \"/x.pem\"\n"), "line 4, key 'postgres_authority'"),
            (format!("{GOOD}metrics = \"0.0.0.0:9464\"\n"), "ledger.toml, line 4, key 'metrics'"),
            (format!("{GOOD}backup_keep = 0\n"), "ledger.toml, line 4, key 'backup_keep'"),
            (format!("{GOOD}backup_hours = 0\n"), "ledger.toml, line 4, key 'backup_hours'"),
            (format!("{GOOD}cold = \"\"\n"), "ledger.toml, line 4, key 'cold'"),
            (format!("{GOOD}cold_entries = 300\n"), "ledger.toml, line 4, key 'cold_entries'"),
            (format!("{GOOD}= 3"), "ledger.toml, line 4"),
        ] {
            assert!(fault(&text).contains(expected), "{}", fault(&text));
        }
        assert!(fault("name = \"a\"\n").contains("hosts") || fault("name = \"a\"\n").contains("listen"));
    }
}
