//! A witness (tlog §13): it sees every checkpoint of the logs that it watches, cosigns what continues what it cosigned before, and nothing else.
//! Two histories of one log never both get its cosignature.
//!
//! It knows no records and no register: sizes, roots and signatures are all that it is shown. It runs on another machine than the ledger, best
//! with somebody else.

mod birth;
pub mod command;
mod config;
mod http;
mod watched;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_tlog::witness::origin_hash;
use sekisho_tlog::{AddCheckpoint, CosigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::birth::Birth;
pub use self::config::WitnessConfig;
pub use self::watched::{Answered, Declined};
use self::watched::{Page, Watched};
use crate::authority::Authority;
use crate::clock::Clock;
use crate::data::{DataDir, Lock};
use crate::error::LedgerError;
use crate::metrics::Doorkeeper;
use crate::server::{InTime, Server, in_time, tls_config};

/// A running witness.
pub struct Witness {
    /// What `witness.toml` says.
    pub config: WitnessConfig,
    clock: Arc<dyn Clock>,
    authority: Authority,
    key: CosigningKey,
    /// By the hash of the origin, as it stands in addresses.
    logs: HashMap<String, Watched>,
    _lock: Lock,
}

/// The key's file: a copy of it beside older pages would be a witness that has forgotten.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPage {
    birth: Birth,
    /// 32 bytes, base64.
    seed: Zeroizing<String>,
}

impl Witness {
    /// Opens a witness's directory for this process alone.
    ///
    /// # Errors
    /// When something is missing, damaged or a copy, or another process has it.
    pub fn open(data: &DataDir, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        data.check_private()?;
        let lock = data.lock()?;
        let config = WitnessConfig::read(&config_path(data))?;
        let key = read_key(data, &config.name)?;
        let mut logs = HashMap::new();
        for path in pages(data)? {
            let (origin, log) = Watched::open(&path)?;
            logs.insert(origin_hash(&origin), log);
        }
        Ok(Self { authority: Authority::read(data)?, config, clock, key, logs, _lock: lock })
    }

    /// The key with which others verify its cosignatures.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// How many logs it watches.
    #[must_use]
    pub fn watches(&self) -> usize {
        self.logs.len()
    }

    /// Cosigns what continues a log. Blocks until it is durable that this was cosigned.
    ///
    /// # Errors
    /// [`Declined`].
    pub fn cosign(&self, request: &AddCheckpoint) -> Result<Answered, Declined> {
        let log = self.logs.get(&origin_hash(request.origin())).ok_or(Declined::UnknownLog)?;
        log.cosign(request, &self.key, (self.clock.now() / 1000).max(1))
    }

    /// What it cosigned last of the log whose origin has this hash.
    #[must_use]
    pub fn latest(&self, origin_hash: &str) -> Option<String> {
        self.logs.get(origin_hash)?.latest()
    }

    /// What it answers over HTTP.
    pub fn routes(self: &Arc<Self>) -> axum::Router {
        http::routes(Arc::clone(self))
    }

    /// Listens on the configured address with a fresh certificate.
    ///
    /// # Errors
    /// When the address is taken, or the certificate cannot be made.
    pub async fn bind(self: &Arc<Self>) -> Result<Server, LedgerError> {
        let identity = self.authority.server(&self.config.hosts, self.clock.machine())?;
        let keeper = Arc::<Doorkeeper>::default();
        let routes = self.routes().layer(from_fn_with_state(InTime::counted_by(Arc::clone(&keeper)), in_time));
        Server::listen(self.config.listen, tls_config(identity, None)?, keeper, |_| routes).await
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({})", self.config.name)
    }
}

fn config_path(data: &DataDir) -> PathBuf {
    data.root().join("witness.toml")
}

fn key_path(data: &DataDir) -> PathBuf {
    data.root().join("witness.key")
}

/// The files of the logs, in a fixed order.
fn pages(data: &DataDir) -> Result<Vec<PathBuf>, LedgerError> {
    let directory = data.checkpoints();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&directory).map_err(LedgerError::file("read", &directory))? {
        paths.push(entry.map_err(LedgerError::file("read", &directory))?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort_unstable();
    Ok(paths)
}

fn write_key(data: &DataDir, seed: &[u8; 32]) -> Result<(), LedgerError> {
    let path = key_path(data);
    let text = |birth| serde_json::to_vec(&KeyPage { birth, seed: STANDARD.encode(seed).into() });
    let written = birth::write(&path, &|birth| text(birth).expect("numbers and a text are JSON"));
    written.map_err(LedgerError::file("write", path))
}

fn read_seed(data: &DataDir) -> Result<(Zeroizing<[u8; 32]>, bool), LedgerError> {
    let path = key_path(data);
    let (birth, bytes) = birth::read(&path).map_err(LedgerError::file("read", &path))?;
    let bytes = Zeroizing::new(bytes);
    let damaged = || LedgerError::Damaged { path: path.clone(), expected: "a witness's key" };
    let page: KeyPage = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    let seed = Zeroizing::new(STANDARD.decode(page.seed.as_bytes()).map_err(|_| damaged())?);
    let seed: [u8; 32] = seed.as_slice().try_into().map_err(|_| damaged())?;
    Ok((Zeroizing::new(seed), page.birth == birth))
}

fn read_key(data: &DataDir, name: &str) -> Result<CosigningKey, LedgerError> {
    let (seed, itself) = read_seed(data)?;
    if !itself {
        return Err(LedgerError::PutBack { path: key_path(data) });
    }
    Ok(CosigningKey::from_seed(name, &seed)?)
}

/// Takes a directory that was copied for the witness itself.
fn adopt(data: &DataDir) -> Result<(), LedgerError> {
    let (seed, _) = read_seed(data)?;
    pages(data)?.iter().try_for_each(|path| Page::adopt(path))?;
    // The key comes last: until it is there nothing is cosigned.
    write_key(data, &seed)
}
