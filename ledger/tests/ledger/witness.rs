//! A witness over real TLS, as the specification wants it (tlog §13), and that it never goes back: killed, copied, restored.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use sekisho_ledger::clock::MachineClock;
use sekisho_ledger::config::WitnessEntry;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::witness::{Witness, command};
use sekisho_tlog::witness::{cosignature, origin_hash};
use sekisho_tlog::{AddCheckpoint, Checkpoint, MemoryTree, SigningKey, VerifyingKey, consistency_proof, leaf_hash};
use serde::Deserialize;
use tokio::sync::watch;

use crate::client::{Answer, Client};
use crate::town::{Scratch, free_port, scratch};

/// A witness of a test's own.
pub(crate) struct TestWitness {
    pub(crate) root: Scratch,
    pub(crate) address: SocketAddr,
    pub(crate) key: VerifyingKey,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

impl TestWitness {
    pub(crate) fn new(name: &str) -> Self {
        let (root, address) = (scratch(), SocketAddr::from(([127, 0, 0, 1], free_port())));
        let key = command::init(&root, name, address, vec!["localhost".into()]).unwrap();
        Self { root, address, key, running: None }
    }

    pub(crate) fn start(&mut self) {
        let (stop, stopping) = watch::channel(false);
        let (listening, listens) = std::sync::mpsc::channel();
        let witness = Arc::new(Witness::open(&DataDir::new(&self.root), Arc::new(MachineClock)).unwrap());
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let server = witness.bind().await.unwrap();
                listening.send(()).unwrap();
                server.serve(stopping).await;
            });
        });
        listens.recv().unwrap();
        self.running = Some((stop, server));
    }

    pub(crate) fn stop(&mut self) {
        if let Some((stop, server)) = self.running.take() {
            stop.send_replace(true);
            server.join().unwrap();
        }
    }

    /// What `ledger.toml` says of it.
    pub(crate) fn entry(&self) -> WitnessEntry {
        #[derive(Deserialize)]
        struct Block {
            witnesses: Vec<WitnessEntry>,
        }
        let Block { mut witnesses } = toml::from_str(&command::key(&self.root).unwrap()).unwrap();
        witnesses.remove(0)
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, &std::fs::read(self.root.join("authority.der")).unwrap(), None).of_another()
    }

    pub(crate) fn size_of(&self, origin: &str) -> Option<u64> {
        size(&self.client().get(&format!("/{}/checkpoint", origin_hash(origin))))
    }
}

impl Drop for TestWitness {
    fn drop(&mut self) {
        self.stop();
    }
}

fn size(answer: &Answer) -> Option<u64> {
    let note = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200)?;
    note.lines().nth(1)?.parse().ok()
}

fn log_key() -> SigningKey {
    SigningKey::from_seed("log.test/records", &[7; 32]).unwrap()
}

fn tree(size: u64, history: u8) -> MemoryTree {
    (0..size).map(|i| leaf_hash(&[&i.to_be_bytes()[..], &[if i < 2 { 0 } else { history }]].concat())).collect()
}

fn request(old: u64, size: u64, history: u8) -> AddCheckpoint {
    let tree = tree(size, history);
    let proof = if old == 0 { Vec::new() } else { consistency_proof(&tree, old, size).unwrap() };
    let origin = log_key().name().to_owned();
    let checkpoint = Checkpoint { origin, size, root: tree.root(), extensions: Vec::new() }.sign(&log_key());
    AddCheckpoint { old, proof, checkpoint }
}

fn add(client: &Client, body: &str) -> Answer {
    client.request("POST", "/add-checkpoint", &[], body.as_bytes())
}

#[test]
fn a_witness_answers_over_tls_as_the_specification_says() {
    let mut witness = TestWitness::new("w1.test");
    command::add_log(&witness.root, &log_key().verifying_key().to_string()).unwrap();
    witness.start();
    let (client, latest) = (witness.client(), format!("/{}/checkpoint", origin_hash("log.test/records")));
    assert_eq!((client.get("/healthz").status, client.get(&latest).status), (200, 404));
    let first = request(0, 2, 1);
    let answer = add(&client, &first.to_text());
    assert_eq!(answer.status, 200);
    let line = String::from_utf8(answer.body).unwrap();
    assert!(cosignature(&line, &first.checkpoint, &witness.key).is_ok(), "{line}");
    let shown = String::from_utf8(client.get(&latest).body).unwrap();
    assert_eq!(shown, first.checkpoint.clone() + &line);

    let conflict = add(&client, &request(0, 5, 1).to_text());
    assert_eq!((conflict.status, conflict.body.as_slice()), (409, &b"2\n"[..]));
    assert!(conflict.head.to_lowercase().contains("content-type: text/x.tlog.size\r\n"), "{}", conflict.head);
    let other_key = SigningKey::from_seed("log.test/records", &[8; 32]).unwrap();
    let by_other =
        Checkpoint::from_text(first.checkpoint.split("\n\n").next().map(|text| format!("{text}\n")).unwrap().as_str());
    let by_other = AddCheckpoint { old: 2, proof: Vec::new(), checkpoint: by_other.unwrap().sign(&other_key) };
    let good = request(2, 5, 1).to_text();
    for (what, body, status) in [
        ("another log", good.replacen("log.test/records", "log.test/register", 1), 404),
        ("another key", by_other.to_text(), 403),
        ("another history", AddCheckpoint { proof: request(2, 5, 2).proof, ..request(2, 5, 1) }.to_text(), 422),
        ("no proof", AddCheckpoint { proof: Vec::new(), ..request(2, 5, 1) }.to_text(), 422),
        ("from more to less", good.replacen("old 2", "old 6", 1), 400),
        ("no size", good.replacen("old 2", "old two", 1), 400),
        ("no empty line", good.replacen("\n\n", "\n", 1), 400),
        ("nothing", String::new(), 400),
        ("too long", good.clone() + &"\u{2014} w AAAAAAAA\n".repeat(5000), 400),
        ("from nothing with a proof", AddCheckpoint { old: 0, ..request(2, 5, 1) }.to_text(), 409),
    ] {
        assert_eq!(add(&client, &body).status, status, "{what}");
    }
    assert_eq!(client.request("POST", "/add-checkpoint", &[], &[0xff, 0xfe]).status, 400);
    assert_eq!((client.get("/add-checkpoint").status, client.get("/nothing").status), (405, 404));
    assert_eq!(witness.size_of("log.test/records"), Some(2), "none of these moved it");
    // Whatever strangers write beside the log's line is neither kept nor shown.
    assert_eq!(add(&client, &(good + "\u{2014} stranger AAAAAAAA\n")).status, 200);
    let shown = String::from_utf8(client.get(&latest).body).unwrap();
    assert!(shown.contains("\n5\n") && !shown.contains("stranger"), "{shown}");
    witness.stop();
    witness.start();
    assert_eq!(String::from_utf8(witness.client().get(&latest).body).unwrap(), shown);
}

fn ledger(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho-ledger")).args(arguments).output().unwrap()
}

fn serve(root: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-ledger"));
    let mut child = command.args(["witness", "serve", "--data"]).arg(root).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("listens on")), "it never listened");
    child
}

#[test]
fn a_witness_that_is_killed_again_and_again_never_goes_back_nor_aside() {
    let witness = TestWitness::new("w1.test");
    let root = witness.root.to_str().unwrap();
    let made = ledger(&["witness", "add-log", "--data", root, "--key", &log_key().verifying_key().to_string()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (cosigned, history, over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    // Two histories, each shown by two programs that do not know of each other.
    let show = |number: u64| {
        let client = witness.client();
        let mut old = 0;
        while !over.load(Ordering::Acquire) {
            let request = request(old, old + number, 1 + (number % 2) as u8);
            let text = request.to_text();
            let bytes = format!(
                "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
            let Ok(answer) = client.send(bytes.as_bytes()) else { continue };
            let said = String::from_utf8(answer.body).unwrap_or_default();
            match answer.status {
                200 if cosignature(&said, &request.checkpoint, &witness.key).is_ok() => {
                    old += number;
                    cosigned.fetch_max(old, Ordering::AcqRel);
                    if old > 2 {
                        history.fetch_or(1 << (number % 2), Ordering::AcqRel);
                    }
                }
                409 => old = said.trim().parse().unwrap(),
                _ => {}
            }
        }
    };
    std::thread::scope(|scope| {
        (1..5).for_each(|number| drop(scope.spawn(move || show(number))));
        for round in 0..12 {
            let mut child = serve(&witness.root);
            let before = cosigned.load(Ordering::Acquire);
            // What was given out before is remembered.
            assert!(witness.size_of("log.test/records").unwrap_or(0) >= before, "in round {round}");
            crate::served::until(|| cosigned.load(Ordering::Acquire) > before + 20);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        over.store(true, Ordering::Release);
    });
    assert!(matches!(history.load(Ordering::Acquire), 1 | 2), "one of two histories, whichever came first");
}

#[test]
fn a_witness_that_was_put_back_from_a_copy_does_not_cosign() {
    let mut witness = TestWitness::new("w1.test");
    command::add_log(&witness.root, &log_key().verifying_key().to_string()).unwrap();
    witness.start();
    assert_eq!(add(&witness.client(), &request(0, 2, 1).to_text()).status, 200);
    let copy = scratch();
    let copied = Command::new("cp").arg("-a").arg(&*witness.root).arg(&*copy).status().unwrap();
    assert!(copied.success());
    assert_eq!(add(&witness.client(), &request(2, 5, 1).to_text()).status, 200);
    witness.stop();
    std::fs::remove_dir_all(&*witness.root).unwrap();
    std::fs::rename(&*copy, &*witness.root).unwrap();
    let root = witness.root.to_str().unwrap();
    let refused = ledger(&["witness", "serve", "--data", root]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(said.contains("it is a copy") && said.contains("new key") && said.contains("新しい鍵"), "{said}");
    let key = log_key().verifying_key().to_string();
    assert_eq!(ledger(&["witness", "add-log", "--data", root, "--key", &key]).status.code(), Some(2));
    let status = ledger(&["witness", "status", "--data", root]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("PUT BACK"));
    // Somebody says that it was moved. He errs, and the log shows it.
    assert_eq!(ledger(&["witness", "moved", "--data", root]).status.code(), Some(2));
    assert!(ledger(&["witness", "moved", "--data", root, "--it-was-stopped-first"]).status.success());
    let status = ledger(&["witness", "status", "--data", root]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("log.test/records: 2 entries") && !status.contains("PUT BACK"), "{status}");
    witness.start();
    assert_eq!(witness.size_of("log.test/records"), Some(2));
}
