//! A witness before whoever comes, and the ledger before whoever says that he is its witness.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::witness::{Witness, command};
use sekisho_ledger::witnesses::{Answer, Fault, Latest};
use sekisho_tlog::witness::{cosignature, origin_hash};
use sekisho_tlog::{
    AddCheckpoint, Checkpoint, CosigningKey, Hash, MemoryTree, SigningKey, VerifyingKey, consistency_proof, leaf_hash,
};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::script::{Script, spoilt};
use crate::town::{Scratch, scratch};

/// How many requests one input makes.
const REQUESTS: usize = 6;
/// Logs that the witness watches: one that it has seen to its end is of no more use.
const LOGS: u8 = 64;
/// Entries of each, at most.
const SIZE: u64 = 250;

/// A witness that is asked.
struct Place {
    routes: Router,
    key: VerifyingKey,
    runtime: Runtime,
    /// What it has cosigned of each log: roots by size.
    cosigned: RefCell<BTreeMap<(u8, u64), Hash>>,
    _folder: Scratch,
}

thread_local! {
    static PLACE: Place = Place::new();
}

/// Whatever comes, it answers as the specification says, cosigns what continues what it cosigned before, and never a second root for a size.
pub fn witness(bytes: &[u8]) {
    PLACE.with(|place| {
        let mut script = Script(bytes);
        for _ in 0..REQUESTS {
            if place.is_asked(&mut script).is_none() {
                break;
            }
        }
    });
}

impl Place {
    fn new() -> Self {
        let folder = scratch();
        let listen = "127.0.0.1:1".parse().expect("an address");
        let key = command::init(&folder, "w1.test", listen, vec!["localhost".into()]).expect("a witness");
        for log in 0..LOGS {
            command::add_log(&folder, &log_key(log).verifying_key().to_string()).expect("a log");
        }
        let witness = Witness::open(&DataDir::new(&folder), Arc::new(MachineClock)).expect("it opens");
        let routes = Arc::new(witness).routes();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { routes, key, runtime, cosigned: RefCell::default(), _folder: folder }
    }

    fn is_asked(&self, script: &mut Script<'_>) -> Option<()> {
        let log = script.byte()? % LOGS;
        let last = self.cosigned.borrow().range((log, 0)..=(log, u64::MAX)).next_back().map(|((_, size), _)| *size);
        let (path, body) = match script.byte()? % 8 {
            0 => (format!("/{}/checkpoint", origin_hash(log_key(log).name())), Vec::new()),
            1 => ("/add-checkpoint".to_owned(), script.piece()?.to_vec()),
            // Another history, another size that it begins from, or the right one.
            how => {
                let from = if how == 2 { u64::from(script.byte()?) } else { last.unwrap_or(0) };
                let size = (from + u64::from(script.byte()? % 16)).min(SIZE);
                let request = request(log, from, size, u8::from(how == 3)).to_text().into_bytes();
                ("/add-checkpoint".to_owned(), if how == 4 { spoilt(&request, script)? } else { request })
            }
        };
        let method = if path == "/add-checkpoint" { "POST" } else { "GET" };
        let asked = Request::builder().method(method).uri(&path).body(Body::from(body.clone())).expect("a request");
        let (head, answer) = self.runtime.block_on(async {
            let (head, body) = self.routes.clone().oneshot(asked).await.expect("a router always answers").into_parts();
            (head, to_bytes(body, 1 << 20).await.expect("a body of ours"))
        });
        let status = head.status.as_u16();
        assert!(matches!(status, 200 | 400 | 403 | 404 | 409 | 422), "{path}: {status}");
        if status == 200 && method == "POST" {
            self.is_true(std::str::from_utf8(&body).expect("it was read"), &answer);
        }
        Some(())
    }

    /// What it has cosigned goes on from what it had, and nothing else was cosigned for that size.
    fn is_true(&self, asked: &str, answer: &[u8]) {
        let asked = AddCheckpoint::parse(asked).expect("it was read");
        let said = Answer::read(200, "text/plain", answer);
        let Ok(Answer::Cosigned(lines)) = said else { panic!("the ledger does not understand it: {said:?}") };
        cosignature(&lines, &asked.checkpoint, &self.key).expect("its own line under what was asked");
        let log = (0..LOGS).find(|log| log_key(*log).name() == asked.origin()).expect("one of its logs");
        let checkpoint = Checkpoint::open(&asked.checkpoint, &log_key(log).verifying_key()).expect("signed by its log");
        let mut cosigned = self.cosigned.borrow_mut();
        let newest = cosigned.range((log, 0)..=(log, u64::MAX)).next_back().map(|((_, size), _)| *size);
        assert!(newest.is_none_or(|newest| newest <= checkpoint.size), "it went back");
        let root = *cosigned.entry((log, checkpoint.size)).or_insert(checkpoint.root);
        assert_eq!(root, checkpoint.root, "two roots for one size");
    }
}

fn log_key(log: u8) -> SigningKey {
    SigningKey::from_seed(&format!("log.test/{log}"), &[log + 1; 32]).expect("a key")
}

fn tree(size: u64, history: u8) -> MemoryTree {
    (0..size).map(|at| leaf_hash(&[&at.to_be_bytes()[..], &[history]].concat())).collect()
}

fn request(log: u8, old: u64, size: u64, history: u8) -> AddCheckpoint {
    let (tree, key) = (tree(size, history), log_key(log));
    let proof = if old == 0 { Vec::new() } else { consistency_proof(&tree, old, size).unwrap_or_default() };
    let checkpoint = Checkpoint { origin: key.name().into(), size, root: tree.root(), extensions: Vec::new() };
    AddCheckpoint { old, proof, checkpoint: checkpoint.sign(&key) }
}

/// What a ledger asks its witness about, and the right answer, to be spoilt.
struct Asked {
    log: VerifyingKey,
    witness: VerifyingKey,
    checkpoint: String,
    line: String,
}

thread_local! {
    static ASKED: Asked = Asked::new();
}

impl Asked {
    fn new() -> Self {
        let (key, cosigning) = (log_key(0), CosigningKey::from_seed("w1.test", &[9; 32]).expect("a key"));
        let checkpoint = request(0, 0, 5, 0).checkpoint;
        let keys = [key.verifying_key()];
        let note = Checkpoint::cosign(&checkpoint, &keys, &cosigning, 5).expect("a cosignature");
        let line = note.strip_prefix(&checkpoint).expect("a line more").to_owned();
        let [log] = keys;
        Self { log, witness: cosigning.verifying_key(), checkpoint, line }
    }
}

/// What a witness answers, or whoever has its place: what the ledger keeps of it verifies for everybody, and what it writes into its log is one line
/// that can be seen.
pub fn cosigned(bytes: &[u8]) {
    ASKED.with(|asked| {
        let mut script = Script(bytes);
        let _ = asked.is_answered(&mut script);
    });
}

impl Asked {
    fn is_answered(&self, script: &mut Script<'_>) -> Option<()> {
        let status = match script.byte()? % 8 {
            0 => u16::try_from(script.number()?).unwrap_or(u16::MAX),
            which => [200, 200, 200, 404, 409, 422, 503][usize::from(which) - 1],
        };
        let content = script.one_of(&["text/x.tlog.size", "text/plain; charset=utf-8", ""])?;
        let body = match script.byte()? % 4 {
            0 => script.piece()?.to_vec(),
            1 => [script.piece()?, self.line.as_bytes()].concat(),
            2 => self.line.clone().into_bytes(),
            _ => spoilt(self.line.as_bytes(), script)?,
        };
        match Answer::read(status, content, &body) {
            Ok(Answer::Cosigned(lines)) => {
                let Ok(line) = cosignature(&lines, &self.checkpoint, &self.witness) else { return Some(()) };
                let kept = format!("{}{line}\n", self.checkpoint);
                let witnesses = std::slice::from_ref(&self.witness);
                let opened = Checkpoint::open_cosigned(&kept, std::slice::from_ref(&self.log), witnesses);
                assert_eq!(opened.expect("what is kept verifies").witnesses.len(), 1);
            }
            Ok(Answer::Conflict(_)) => assert_eq!(status, 409),
            Ok(Answer::Refused(_, why)) => is_one_line(&why),
            Err(fault) => is_one_line(&fault.to_string()),
        }
        match Latest::read(status, &body) {
            Ok(Latest::Note(_)) => assert_eq!(status, 200),
            Ok(Latest::Nothing) => assert_eq!(status, 404),
            Err(Fault::Refused(_, why) | Fault::Unreachable(why)) => is_one_line(&why),
            Err(fault @ (Fault::Strange(_) | Fault::Ours(_))) => panic!("of what is only shown: {fault}"),
        }
        Some(())
    }
}

fn is_one_line(said: &str) {
    assert!(said.chars().count() <= 300 && !said.contains(char::is_control), "{said:?}");
}
