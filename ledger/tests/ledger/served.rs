//! A town behind real TLS on loopback, and who knocks at it.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use sekisho_ledger::code::Code as LedgerCode;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::server::Server;
use sekisho_ledger::store::LogName;
use sekisho_tlog::{Checkpoint, Hash};
use sekisho_wire::batch::enrol_digest;
use sekisho_wire::id::{Hash as WireHash, OfficeId};
use sekisho_wire::record::token_digest;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::client::{Client, Identity};
use crate::town::{Slot, TestTerminal, Town};

/// In the town's directory.
const METRICS: &str = "metrics.sock";

/// A town that listens.
pub(crate) struct Served {
    /// Goes first: it works in the town.
    running: Running,
    pub(crate) town: Town,
    pub(crate) address: SocketAddr,
}

/// What serves it.
struct Running {
    ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    server: Option<std::thread::JoinHandle<()>>,
    threads: Option<sekisho_ledger::ledger::Threads>,
}

impl Served {
    pub(crate) fn new() -> Self {
        Self::of(Town::new())
    }

    pub(crate) fn of(town: Town) -> Self {
        let socket = town.root.join(METRICS);
        Self::with_numbers_at(town, &socket)
    }

    pub(crate) fn with_numbers_at(town: Town, socket: &Path) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (sender, receiver) = std::sync::mpsc::channel();
        let (ledger, socket) = (Arc::clone(&town.ledger), socket.to_path_buf());
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let mut server = Server::bind(Arc::clone(&ledger)).await.unwrap();
                server.show_numbers_at(&ledger, &socket);
                sender.send(server.address().unwrap()).unwrap();
                server.serve(stopping).await;
            });
        });
        let address = receiver.recv().unwrap();
        let threads = town.ledger.start().unwrap();
        let ledger = Arc::clone(&town.ledger);
        Self { town, address, running: Running { ledger, stop, server: Some(server), threads: Some(threads) } }
    }

    /// Stops, and gives the town back.
    pub(crate) fn into_town(self) -> Town {
        drop(self.running);
        self.town
    }

    /// The page of numbers, as a reader on this machine gets it.
    pub(crate) fn numbers(&self) -> String {
        let mut stream = UnixStream::connect(self.town.root.join(METRICS)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).unwrap();
        page
    }

    /// One of its numbers; nothing where there is no such line.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let page = self.numbers();
        let line =
            page.lines().find_map(|line| line.strip_prefix("sekisho_ledger_")?.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    /// Waits until so much was counted: a connection's end is seen a moment after whoever closed it has gone.
    pub(crate) fn counts(&self, name: &str, count: u64) {
        let seen = || {
            (0..100).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                self.number(name).is_some_and(|seen| seen >= count)
            })
        };
        assert!(seen(), "{name} is {:?}", self.number(name));
    }

    pub(crate) fn anybody(&self) -> Client {
        Client::new(self.address, &self.town.authority, None)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("/v1/{}/{path}", self.town.office)
    }

    /// The mayor's token.
    pub(crate) fn token(&self) -> String {
        self.prove(&self.town.mayor).ok()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn prove(&self, card: &crate::town::TestCard) -> crate::client::Answer {
        self.anybody().post(&self.at("token"), &self.proof(&self.town.office, card))
    }

    /// What a card signs for a token of an office on this ledger.
    pub(crate) fn proof(&self, office: &OfficeId, card: &crate::town::TestCard) -> Value {
        let challenge = self.anybody().post(&format!("/v1/{office}/challenge"), &json!({})).ok();
        let challenge: [u8; 32] = bytes(&challenge["challenge"]).try_into().unwrap();
        let signature = card.sign(Slot::Authentication, &token_digest(office, &WireHash(challenge)));
        json!({"card": card.guid.to_string(), "challenge": STANDARD.encode(challenge), "signature": STANDARD.encode(signature)})
    }

    /// Enrols the town's terminal under a code: its client certificate.
    pub(crate) fn enrol(&self) -> Identity {
        let invitation = json!({"terminal": "jumin-1"});
        let code = self.anybody().post_as(&self.at("invitations"), &self.token(), &invitation).ok();
        let code = LedgerCode::from_line(code["code"].as_str().unwrap()).unwrap();
        let (request, key) = self.request(&code.secret, &self.town.terminal);
        (bytes(&self.anybody().post("/v1/enrol", &request).ok()["certificate"]), key)
    }

    pub(crate) fn request(&self, secret: &str, terminal: &TestTerminal) -> (Value, Vec<u8>) {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        (self.request_for(secret, terminal, &key), key.serialize_der())
    }

    /// An application over a TLS key that is there already.
    pub(crate) fn request_for(&self, secret: &str, terminal: &TestTerminal, key: &KeyPair) -> Value {
        let csr = CertificateParams::default().serialize_request(key).unwrap();
        let shared: [u8; 16] = STANDARD.decode(secret).unwrap().try_into().unwrap();
        let proof = terminal.key.sign(&enrol_digest(&shared, csr.der())).to_bytes();
        json!({
            "secret": secret,
            "office": terminal.peer.office.to_string(),
            "terminal": terminal.peer.terminal.as_str(),
            "key": STANDARD.encode(terminal.key.verifying_key().to_bytes()),
            "csr": STANDARD.encode(csr.der()),
            "proof": STANDARD.encode(proof),
        })
    }

    pub(crate) fn terminal(&self) -> Client {
        Client::new(self.address, &self.town.authority, Some(self.enrol()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.server.take().map(std::thread::JoinHandle::join);
        self.threads.take().into_iter().for_each(|threads| self.ledger.stop(threads));
    }
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

pub(crate) fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(|hash| Hash::from_base64(hash.as_str().unwrap()).unwrap()).collect()
}

pub(crate) fn open(served: &Served, log: LogName, text: &Value) -> Checkpoint {
    let key = served.town.ledger.office(&served.town.office).unwrap().log(log).keys().newest().clone();
    Checkpoint::open(text.as_str().unwrap(), &key).unwrap()
}

/// Waits for something that another thread brings about.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..1500 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came about");
}
