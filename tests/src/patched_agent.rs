//! An agent that somebody has patched: it has the keys of its terminal, signs what he likes with them, and the ledger takes it, as it takes all that a
//! terminal signs. What it does not have is anybody's card.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_agent::batch::{Seen, seal};
use sekisho_agent::identity::{Identity, StoredLink};
use sekisho_agent::journal::Run;
use sekisho_agent::secrets::StateSecret;
use sekisho_link::{Identity as LinkIdentity, Link, LinkConfig, MediaType, Options};
use sekisho_tlog::{EMPTY_ROOT, leaf_hash};
use sekisho_wire::batch::{chain_next, chain_start};
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{Hash, RequestId, Salt, SessionId, Signature};
use sekisho_wire::reason::Reason;
use sekisho_wire::record::{Body, Decision, Emitter, Opening, Record, SessionReason};
use sekisho_wire::verdict::VerdictCode;

use crate::terminal::Terminal;

/// The keys of a terminal, and its history so far.
pub struct PatchedAgent {
    identity: Identity,
    link: Link,
    /// The terminal's own records, in their order.
    before: Vec<Record>,
    chain: Hash,
    forged: Vec<Vec<u8>>,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel's randomness");
    bytes
}

impl PatchedAgent {
    /// Of a terminal that is switched off, whose records in the ledger's log are among these entries.
    ///
    /// # Panics
    /// When its keys cannot be read.
    #[must_use]
    pub fn of(terminal: &Terminal, log: &[Vec<u8>]) -> Self {
        let state = terminal.state();
        let identity = Identity::load(&state).expect("its keys can be read").expect("it is enrolled");
        let ours = Emitter::Terminal(identity.terminal.clone());
        let own = |entry: &&Vec<u8>| Record::decode(entry).is_ok_and(|record| record.emitter == ours);
        let entries: Vec<&Vec<u8>> = log.iter().filter(own).collect();
        let start = chain_start(&identity.office, &identity.terminal, 0);
        let chain = entries.iter().fold(start, |chain, entry| chain_next(&chain, &Hash(leaf_hash(entry).0)));
        let before = entries.iter().map(|entry| Record::decode(entry).expect("it was read before")).collect();
        Self { identity, link: link_of(&state.join("link")), before, chain, forged: Vec::new() }
    }

    /// The newest decision of that verdict that it made itself.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn newest(&self, verdict: VerdictCode) -> DecisionInput {
        let decided = self.before.iter().rev().find_map(|record| {
            let Body::Decision(decision) = &record.body else { return None };
            (decision.verdict == verdict).then(|| decision.input.clone())
        });
        decided.expect("it made such a decision")
    }

    /// The newest opening of a session.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn opening(&self) -> Opening {
        let opened = self.before.iter().rev().find_map(|record| {
            if let Body::SessionOpened(opening) = &record.body { Some(opening.clone()) } else { None }
        });
        opened.expect("somebody has logged in")
    }

    /// Writes a decision as it is to be believed.
    pub fn decides(&mut self, input: DecisionInput, verdict: VerdictCode) {
        self.writes(Body::Decision(Decision { request: RequestId(random()), input, verdict, signature: None }));
    }

    /// Opens a session as that one was opened, with `signature` in place of a card's; gives its id.
    ///
    /// # Panics
    /// When that was no opening.
    pub fn opens(&mut self, like: &Opening, signature: Signature) -> SessionId {
        let session = SessionId(random());
        let input = DecisionInput { session: Some(session), ..like.input.clone() };
        self.writes(Body::SessionOpened(Opening { input, signature, ..like.clone() }));
        session
    }

    /// Writes that a session ended.
    pub fn closes(&mut self, session: SessionId) {
        self.writes(Body::SessionClosed(SessionReason { session, reason: Reason::Idle }));
    }

    fn next(&self) -> u64 {
        (self.before.len() + self.forged.len()) as u64
    }

    fn writes(&mut self, body: Body) {
        let last = self.before.last().expect("it has written before");
        let time = body.input().map_or(last.trusted, |input| input.time);
        let (seq, salt, retention) = (self.next(), Salt(random()), body.retention());
        let record = Record { seq, salt, retention, trusted: time, body, ..last.clone() };
        self.forged.push(record.encode().expect("a record fits").to_vec());
    }

    /// Signs what it wrote with the terminal's key, and sends it to the ledger as its forwarder would.
    ///
    /// # Panics
    /// When the ledger does not take it.
    pub fn sends(self) {
        let first = self.before.len() as u64;
        let run = Run { first, chain: self.chain, records: self.forged };
        let seen = Seen { size: 0, root: Hash(EMPTY_ROOT.0), note: None };
        let sent = self.before.last().map_or(0, |record| record.wall);
        let envelope = seal(&self.identity, 0, &run, &seen, sent).expect("it is sealed");
        let path = "/v1/terminal/batches";
        let answer = self.link.post(path, MediaType::OctetStream, &envelope, &Options::default());
        answer.expect("the ledger takes what the terminal's key signed");
    }
}

/// The way to the ledger, with the forwarder's certificate.
fn link_of(folder: &Path) -> Link {
    let bytes = std::fs::read(folder.join("link.json")).expect("the forwarder's half");
    let stored: StoredLink = serde_json::from_slice(&bytes).expect("the forwarder's half");
    let decode = |text: &str| STANDARD.decode(text).expect("base64");
    let key = StateSecret::TlsKey.read(folder).expect("its key can be read").expect("it has a key");
    let identity = LinkIdentity { certificate: decode(&stored.certificate), key };
    let config = LinkConfig::new(stored.url.clone(), decode(&stored.authority)).with_identity(identity);
    Link::new(config).expect("the ledger's address")
}
