//! Batches as the terminal would send them: its own keys, its own history, records like those it wrote.

use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_agent::batch::{Seen, chain_after, seal};
use sekisho_agent::files;
use sekisho_agent::identity::{Identity, StoredLink};
use sekisho_agent::journal::medium::Folder;
use sekisho_agent::journal::segment::Start;
use sekisho_agent::journal::{Journal, Run};
use sekisho_agent::secrets::{StateSecret, journal_key};
use sekisho_link::{Link, LinkConfig, LinkError, MediaType, Options};
use sekisho_wire::batch::chain_start;
use sekisho_wire::id::{Hash, RequestId, Salt};
use sekisho_wire::record::{Body, Emitter, Record};

/// Records in a batch.
pub(crate) const BATCH: u64 = 1000;

/// The terminal's end of the line, while its own processes are stopped and everything they wrote is sealed.
pub(crate) struct Sender {
    /// Who it is.
    pub(crate) identity: Identity,
    link: Link,
    journal: Journal,
    next: Start,
    decisions: Vec<Record>,
}

/// One batch: what is sent, and the records in it.
pub(crate) struct Prepared {
    /// Signed and sealed.
    pub(crate) envelope: Vec<u8>,
    /// The records.
    pub(crate) records: Vec<Vec<u8>>,
}

impl Sender {
    /// Goes on where the terminal whose state lies in this folder stopped.
    pub(crate) fn of(state: &Path) -> Self {
        let identity = Identity::load(state).expect("a readable identity");
        let identity = identity.expect("an enrolled terminal");
        let journal = open_journal(state, &identity);
        let next = journal.next();
        let decisions = decisions_in(&journal, next.first);
        Self { link: link(state), identity, journal, next, decisions }
    }

    /// The same for a terminal that has decided nothing: it sends what the other one decided, as if that had been here.
    pub(crate) fn like(other: &Self, state: &Path) -> Self {
        let identity = Identity::load(state).expect("a readable identity");
        let identity = identity.expect("an enrolled terminal");
        let journal = open_journal(state, &identity);
        let next = journal.next();
        let emitter = Emitter::Terminal(identity.terminal.clone());
        let as_here = |record: &Record| Record { emitter: emitter.clone(), epoch: next.epoch, ..record.clone() };
        let decisions = other.decisions.iter().map(as_here).collect();
        Self { link: link(state), identity, journal, next, decisions }
    }

    /// The decisions granted in the terminal's last session.
    pub(crate) fn decisions(&self) -> &[Record] {
        &self.decisions
    }

    /// Sends what the terminal wrote while it was being stopped.
    pub(crate) fn send_the_rest(&self) {
        let path = format!("/v1/terminal/cursor?epoch={}", self.next.epoch);
        let cursor: serde_json::Value = self.link.get_json(&path, &Options::default()).unwrap_or_else(fail);
        let first = cursor["next"].as_u64().expect("a number");
        if first < self.next.first {
            let rest = self.journal.read(first, usize::MAX, 1 << 20).unwrap_or_else(|error| panic!("{error}"));
            self.post(&self.seal(self.next.epoch, &rest));
        }
    }

    /// The next batch.
    pub(crate) fn prepare(&mut self) -> Prepared {
        let Start { epoch, first, chain } = self.next;
        let records = (first..first + BATCH).map(|seq| self.record(seq)).collect();
        let run = Run { first, chain, records };
        let envelope = self.seal(epoch, &run);
        self.next = Start { epoch, first: first + BATCH, chain: chain_after(&run) };
        Prepared { envelope, records: run.records }
    }

    /// Work with batches that the ledger never sees: its history goes on where it stood before.
    pub(crate) fn aside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.next;
        let made = work(self);
        self.next = before;
        made
    }

    fn seal(&self, epoch: u32, run: &Run) -> Vec<u8> {
        let seen = Seen { size: 0, root: Hash(sekisho_tlog::EMPTY_ROOT.0), note: None };
        let sent = self.decisions.last().map_or(0, |record| record.wall);
        seal(&self.identity, epoch, run, &seen, sent).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A decision that was made at this terminal, as if it were made once more.
    fn record(&self, seq: u64) -> Vec<u8> {
        let place = usize::try_from(seq).expect("a short history") % self.decisions.len();
        let mut record = self.decisions[place].clone();
        record.seq = seq;
        record.salt = Salt(random());
        if let Body::Decision(decision) = &mut record.body {
            decision.request = RequestId(random());
        }
        record.encode().expect("a record no longer than the one it is made from").to_vec()
    }

    /// Sends a batch over HTTPS, and returns when it is durable.
    pub(crate) fn send(&self, batch: &Prepared) {
        let receipt = self.post(&batch.envelope);
        assert_eq!(receipt["stored"], BATCH, "all of the batch is new: {receipt}");
    }

    fn post(&self, envelope: &[u8]) -> serde_json::Value {
        let answer = self.link.post("/v1/terminal/batches", MediaType::OctetStream, envelope, &Options::default());
        answer.and_then(|answer| answer.json()).unwrap_or_else(fail)
    }
}

fn fail<T>(error: LinkError) -> T {
    panic!("{}", error.in_words(sekisho_link::Language::English))
}

fn open_journal(state: &Path, identity: &Identity) -> Journal {
    let master = journal_key(state).expect("a readable key").expect("the journal's key");
    let folder = Folder::open(&state.join("journal")).expect("the journal's folder");
    let chain = chain_start(&identity.office, &identity.terminal, 0);
    let beginning = Start { epoch: 0, first: 0, chain };
    Journal::open(Arc::new(folder), master, beginning, |_, _| ()).unwrap_or_else(|error| panic!("{error}"))
}

fn decisions_in(journal: &Journal, end: u64) -> Vec<Record> {
    let mut found = Vec::new();
    let mut seq = 0;
    while seq < end {
        let run = journal.read(seq, 1000, 1 << 20).unwrap_or_else(|error| panic!("{error}"));
        seq += run.records.len() as u64;
        for record in run.records.iter().filter_map(|bytes| Record::decode(bytes).ok()) {
            if let Body::SessionOpened(_) = record.body {
                found.clear();
            } else if is_granted(&record.body) {
                found.push(record);
            }
        }
    }
    assert!(!found.is_empty(), "the terminal has granted nothing");
    found
}

fn is_granted(body: &Body) -> bool {
    if let Body::Decision(decision) = body { decision.verdict.is_granted() } else { false }
}

/// The forwarder's link.
fn link(state: &Path) -> Link {
    let stored: io::Result<Option<StoredLink>> = files::read_json(&state.join("link/link.json"));
    let stored = stored.expect("a readable link").expect("an enrolled terminal");
    let bytes = |text: &str| STANDARD.decode(text).expect("base64");
    let key = StateSecret::TlsKey.read(&state.join("link")).expect("a readable key").expect("an enrolled terminal");
    let identity = sekisho_link::Identity { certificate: bytes(&stored.certificate), key };
    let config = LinkConfig::new(stored.url.clone(), bytes(&stored.authority)).with_identity(identity);
    Link::new(config).unwrap_or_else(fail)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
