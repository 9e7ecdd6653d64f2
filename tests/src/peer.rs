//! A terminal's place at the ledger without its agent: its own keys and certificate in the hands of a story, to send what no agent would.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_agent::batch::{Seen, seal};
use sekisho_agent::files::read_json;
use sekisho_agent::identity::{Identity, StoredLink};
use sekisho_agent::journal::Run;
use sekisho_agent::journal::medium::Folder;
use sekisho_agent::journal::recovery::recover;
use sekisho_agent::secrets::StateSecret;
use sekisho_link::{Link, LinkConfig, LinkError, MediaType, Options};
use sekisho_tlog::{EMPTY_ROOT, leaf_hash};
use sekisho_wire::batch::{chain_next, chain_start};
use sekisho_wire::id::{BootId, Hash, Salt};
use sekisho_wire::record::{Body, Emitter, RECORD_VERSION, Record};
use sekisho_wire::secret::SecretBytes;

/// What the ledger said to a batch.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// It took so many new ones, knew so many, and expects this one next.
    Took {
        /// How many are new.
        stored: u64,
        /// How many it had.
        repeated: u64,
        /// The next seq.
        next: u64,
    },
    /// It refused: status and code.
    Refused(u16, String),
    /// It refused and said what it expects.
    Expects(String, u64),
}

/// A terminal by its state folder. Its agent must not run.
pub struct Peer {
    /// Office, terminal, keys.
    pub identity: Identity,
    link: Link,
}

impl Peer {
    /// The terminal that enrolled with this state folder.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        let identity = Identity::load(state).expect("a file").expect("an enrolled terminal");
        let stored: StoredLink =
            read_json(&state.join("link/link.json")).expect("a file").expect("a way to the ledger");
        let bytes = |text: &str| STANDARD.decode(text).expect("base64");
        let key = StateSecret::TlsKey.read(&state.join("link")).expect("a file").expect("the key of the certificate");
        let certificate = bytes(&stored.certificate);
        let config = LinkConfig::new(stored.url.clone(), bytes(&stored.authority));
        let link = Link::new(config.with_identity(sekisho_link::Identity { certificate, key })).expect("a sound link");
        Self { identity, link }
    }

    /// An empty run at the beginning of the first epoch.
    #[must_use]
    pub fn beginning(&self) -> Run {
        let chain = chain_start(&self.identity.office, &self.identity.terminal, 0);
        Run { first: 0, chain, records: Vec::new() }
    }

    /// Records that this terminal could have written, from a seq on. `salt` makes others at the same places.
    ///
    /// # Panics
    /// When a record cannot be encoded.
    #[must_use]
    pub fn records(&self, from: u64, count: u64, salt: u8) -> Vec<Vec<u8>> {
        let record = |seq| {
            let body = Body::TerminalDown;
            let record = Record {
                version: RECORD_VERSION,
                critical: true,
                emitter: Emitter::Terminal(self.identity.terminal.clone()),
                office: self.identity.office,
                epoch: 0,
                seq,
                boot: BootId([1; 16]),
                salt: Salt([salt; 16]),
                retention: body.retention(),
                wall: 0,
                trusted: 0,
                monotonic: seq,
                body,
            };
            record.encode().expect("a record of ours").to_vec()
        };
        (from..from + count).map(record).collect()
    }

    /// A run, sealed under this terminal's own keys.
    ///
    /// # Panics
    /// When it cannot be sealed.
    #[must_use]
    pub fn envelope(&self, run: &Run) -> Vec<u8> {
        let seen = Seen { size: 0, root: Hash(EMPTY_ROOT.0), note: None };
        seal(&self.identity, 0, run, &seen, 0).expect("a run can be sealed")
    }

    /// Sends a run.
    pub fn send(&self, run: &Run) -> Said {
        self.post(&self.envelope(run))
    }

    /// Sends any bytes in place of an envelope, under this terminal's certificate.
    ///
    /// # Panics
    /// When the ledger cannot be reached, or answers what is no answer.
    pub fn post(&self, bytes: &[u8]) -> Said {
        let options = Options::default();
        match self.link.post("/v1/terminal/batches", MediaType::OctetStream, bytes, &options) {
            Ok(answer) => {
                let body: serde_json::Value = answer.json().expect("JSON");
                let number = |name: &str| body[name].as_u64().expect("a number");
                Said::Took { stored: number("stored"), repeated: number("repeated"), next: number("next") }
            }
            Err(LinkError::Refused(problem)) => {
                match problem.facts.get("expected").and_then(serde_json::Value::as_u64) {
                    Some(expected) => Said::Expects(problem.code, expected),
                    None => Said::Refused(problem.status, problem.code),
                }
            }
            Err(error) => panic!("no answer from the ledger: {error}"),
        }
    }
}

/// The run that follows when these records have been taken.
#[must_use]
pub fn after(run: &Run) -> Run {
    let chain = run.records.iter().fold(run.chain, |chain, record| chain_next(&chain, &Hash(leaf_hash(record).0)));
    Run { first: run.first + run.records.len() as u64, chain, records: Vec::new() }
}

/// Every record in the journal of a terminal whose agent has ended, from the first on.
///
/// # Panics
/// When the journal cannot be read.
#[must_use]
pub fn journal(state: &Path) -> Vec<Vec<u8>> {
    let medium = Arc::new(Folder::open(&state.join("journal")).expect("a journal"));
    let key: [u8; 32] = std::fs::read(state.join("journal.key")).expect("its key").try_into().expect("32 bytes");
    let mut records = Vec::new();
    recover(medium.as_ref(), &SecretBytes::new(key), |_, record| records.push(record.to_vec()))
        .expect("a sound journal");
    records
}
