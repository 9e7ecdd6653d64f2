use std::cell::RefCell;
use std::sync::Mutex;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, Serializable};
use sekisho_tlog::{MemoryTree, consistency_proof, range_proof};
use sekisho_wire::batch::{Batch, ENVELOPE_INFO, Envelope, EnvelopeBinding, chain_next, chain_start};
use sekisho_wire::cose::{Context, write_signed_bytes};
use serde_json::{Map, Value, json};

use sekisho_tlog::{Checkpoint, Hash as TreeHash, leaf_hash};
use sekisho_wire::id::Hash;

use super::told::CERTIFICATE_RETRY;
use super::*;
use crate::testing::{Bench, RECORDS_SEED, ask, code, log_key, panel};

#[path = "tests/by_hand.rs"]
mod by_hand;
#[path = "tests/goes_on.rs"]
mod goes_on;
#[path = "tests/witnessed.rs"]
mod witnessed;

/// Answers as a ledger does (LEDGER.md §L3), from memory; and wrongly, when told to.
struct Ledger {
    key: <DhP256HkdfSha256 as Kem>::PrivateKey,
    state: Mutex<State>,
}

struct State {
    office: sekisho_wire::id::OfficeId,
    records: Vec<Vec<u8>>,
    chain: Hash,
    tree: MemoryTree,
    fault: Fault,
    batches: u32,
    /// Batches that showed a checkpoint.
    notes: u32,
    first_seal: Option<Value>,
    /// Witnesses that cosign its checkpoints, by the seeds of their keys.
    cosigners: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Unreachable,
    /// It stores, and the answer is lost on the way.
    AnswerLost,
    Busy,
    Fork,
    /// An act has opened a later epoch.
    EpochClosed,
    /// It seals other records than it was sent.
    OtherLeaves,
    /// Its checkpoint is smaller than the one before.
    Rollback,
    /// It answers as if it had stored, and stores nothing.
    Stalls,
    /// It expects the very record that it is sent.
    AsksAgain,
    /// It says that it has stored, and forgets.
    Swallows,
    /// Its checkpoint is signed by somebody else.
    ForgedSeal,
    /// A hash in its proof is another.
    ForgedProof,
    /// It shows the seal of an earlier moment for the records of now.
    StaleSeal,
    /// It shows another log's checkpoint, properly signed.
    OtherLog,
    /// Its proof is true of another tree.
    OtherTree,
    /// It has fewer entries than were verified.
    Behind,
    /// It cannot take a batch with this record in it.
    Poison(u64),
}

fn ledger_bench() -> (Bench, Ledger) {
    let (key, public) = DhP256HkdfSha256::derive_keypair(&[5; 32]);
    let bench = Bench::with_envelope(&public.to_bytes());
    let office = bench.agent.identity.office;
    let chain = chain_start(&office, &code("mado-1"), 0);
    let (records, tree) = (Vec::new(), MemoryTree::new());
    let (fault, cosigners) = (Fault::None, Vec::new());
    let state = State { office, records, chain, tree, fault, batches: 0, notes: 0, first_seal: None, cosigners };
    (bench, Ledger { key, state: Mutex::new(state) })
}

impl Ledger {
    fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    fn open(&self, envelope: &str, office: sekisho_wire::id::OfficeId) -> Vec<u8> {
        let bytes = STANDARD.decode(envelope).unwrap();
        let envelope = Envelope::decode(&bytes).unwrap();
        let enc = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(envelope.enc).unwrap();
        let aad = minicbor::to_vec(EnvelopeBinding { office, terminal: code("mado-1") }).unwrap();
        hpke::single_shot_open::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &self.key,
            &enc,
            ENVELOPE_INFO,
            envelope.ciphertext,
            &aad,
        )
        .unwrap()
    }
}

impl State {
    fn place(&self) -> Value {
        json!({"epoch": 0, "next": self.records.len(), "chain": TreeHash(self.chain.0).to_base64()})
    }

    fn take(&mut self, bytes: &[u8], key: &ed25519_dalek::VerifyingKey) -> Brought {
        let batch = Batch::decode(bytes).unwrap();
        let mut signed = Vec::new();
        write_signed_bytes(Context::Batch, &batch.sign1.signer, batch.sign1.payload, &mut signed).unwrap();
        let signature = ed25519_dalek::Signature::from_bytes(&batch.sign1.signature.0);
        key.verify_strict(&signed, &signature).unwrap();
        if batch.header.seen_size > 0 {
            let note = batch.header.seen_note.as_ref().expect("what was seen is shown");
            let key = log_key("records", &self.office, RECORDS_SEED).verifying_key();
            let seen = Checkpoint::open(note.as_str(), &key).unwrap();
            assert_eq!((seen.size, Hash(seen.root.0)), (batch.header.seen_size, batch.header.seen_root));
            self.notes += 1;
        }
        self.batches += 1;
        let next = self.records.len() as u64;
        if batch.header.first > next {
            let chain = TreeHash(self.chain.0).to_base64();
            return refusal(409, "gap", json!({"epoch": 0, "expected": next, "chain": chain}));
        }
        for (seq, record) in (batch.header.first..).zip(batch.records()) {
            if let Some(stored) = self.records.get(usize::try_from(seq).unwrap()) {
                assert_eq!(stored, record, "a repeat has the same bytes");
                continue;
            }
            let leaf = leaf_hash(record);
            self.chain = chain_next(&self.chain, &Hash(leaf.0));
            self.tree.append(if self.fault == Fault::OtherLeaves { leaf_hash(b"other") } else { leaf });
            self.records.push(record.to_vec());
        }
        assert!(self.records.len() as u64 > batch.header.first);
        Brought::Answer { body: self.place() }
    }

    /// The seal, and what is wrong with it.
    fn show_seal(&mut self, from: u64, seen: u64) -> Value {
        let sound = self.seal(from, seen);
        let first = self.first_seal.get_or_insert_with(|| sound.clone()).clone();
        let mut other = MemoryTree::new();
        (0..self.tree.size()).for_each(|number| other.append(leaf_hash(&number.to_be_bytes())));
        let office = self.office;
        let checkpoint = |log: &str, seed: u8, tree: &MemoryTree| {
            let (key, name) = (log_key(log, &office, seed), log_key(log, &office, seed).name().to_owned());
            json!(Checkpoint { origin: name, size: tree.size(), root: tree.root(), extensions: vec![] }.sign(&key))
        };
        let mut shown = sound;
        match self.fault {
            Fault::ForgedSeal => shown["checkpoint"] = checkpoint("records", 99, &self.tree),
            Fault::OtherLog => shown["checkpoint"] = checkpoint("register", RECORDS_SEED, &self.tree),
            Fault::OtherTree => shown["checkpoint"] = checkpoint("records", RECORDS_SEED, &other),
            Fault::ForgedProof => shown["ranges"][0]["left"] = json!([TreeHash([7; 32]).to_base64()]),
            Fault::StaleSeal => {
                shown["checkpoint"] = first["checkpoint"].clone();
                shown["consistency"] = json!([]);
            }
            Fault::None
            | Fault::Unreachable
            | Fault::AnswerLost
            | Fault::Busy
            | Fault::Fork
            | Fault::EpochClosed
            | Fault::OtherLeaves
            | Fault::Rollback
            | Fault::Stalls
            | Fault::AsksAgain
            | Fault::Swallows
            | Fault::Behind
            | Fault::Poison(_) => {}
        }
        shown
    }

    fn seal(&self, from: u64, seen: u64) -> Value {
        let size = if self.fault == Fault::Rollback { seen - 1 } else { self.tree.size() };
        let root = sekisho_tlog::root_at(&self.tree, size).unwrap();
        let key = log_key("records", &self.office, RECORDS_SEED);
        let checkpoint = Checkpoint { origin: key.name().into(), size, root, extensions: vec![] }.sign(&key);
        let checkpoint = witnessed::cosigned(checkpoint, &key.verifying_key(), &self.cosigners);
        let texts = |hashes: Vec<TreeHash>| hashes.iter().map(TreeHash::to_base64).collect::<Vec<_>>();
        let consistency =
            if seen == 0 || size < seen { vec![] } else { consistency_proof(&self.tree, seen, size).unwrap() };
        let ranges = if from < size {
            let proof = range_proof(&self.tree, from, size - from, size).unwrap();
            vec![
                json!({"first": from, "count": size - from, "index": from, "left": texts(proof.left), "right": texts(proof.right)}),
            ]
        } else {
            vec![]
        };
        json!({"checkpoint": checkpoint, "consistency": texts(consistency), "ranges": ranges})
    }
}

fn refusal(status: u16, code: &str, facts: Value) -> Brought {
    let facts: Map<String, Value> = facts.as_object().cloned().unwrap_or_default();
    Brought::Refused { status, code: code.into(), detail: String::new(), retry_after: Some(1), facts }
}

thread_local!(static TERMINAL: RefCell<Option<ed25519_dalek::VerifyingKey>> = const { RefCell::new(None) });

impl Carrier for Ledger {
    fn go(&self, errand: &Errand) -> Option<Brought> {
        let mut state = self.state.lock().unwrap();
        let unreachable = Brought::Unreachable { what: "no way".into(), next: String::new() };
        Some(match (state.fault, errand) {
            (Fault::Unreachable, _) => unreachable,
            (Fault::Busy, Errand::Batch { .. }) => refusal(429, "busy", json!({})),
            (Fault::Fork, Errand::Batch { .. }) => refusal(409, "fork", json!({})),
            (Fault::EpochClosed, Errand::Batch { .. }) => refusal(403, "epoch_closed", json!({})),
            (Fault::Stalls, Errand::Batch { .. }) => Brought::Answer { body: state.place() },
            (Fault::AsksAgain, Errand::Batch { .. }) => {
                let (expected, chain) = (state.records.len(), TreeHash(state.chain.0).to_base64());
                refusal(409, "gap", json!({"epoch": 0, "expected": expected, "chain": chain}))
            }
            (
                _,
                Errand::Register { .. }
                | Errand::Act { .. }
                | Errand::Refill
                | Errand::RefillRecords { .. }
                | Errand::RefillRegister { .. }
                | Errand::RefillKept { .. },
            ) => unreachable,
            (_, Errand::Certificate) => Brought::Certified { ends: 1_700_000_000_000, trouble: Some("no way".into()) },
            (_, Errand::Cursor { .. }) => Brought::Answer { body: state.place() },
            (Fault::Behind, Errand::Seal { .. }) => refusal(409, "seen_unproved", json!({})),
            (_, Errand::Seal { from, seen, .. }) => Brought::Answer { body: state.show_seal(*from, *seen) },
            (fault, Errand::Batch { envelope }) => {
                let batch = self.open(envelope, state.office);
                let key = TERMINAL.with_borrow(|key| key.unwrap());
                let header = Batch::decode(&batch).unwrap().header.clone();
                if matches!(fault, Fault::Poison(seq) if (header.first..header.first + u64::from(header.count)).contains(&seq))
                {
                    return Some(refusal(400, "malformed", json!({})));
                }
                let (records, chain, tree) = (state.records.clone(), state.chain, state.tree.clone());
                let answer = state.take(&batch, &key);
                if fault == Fault::Swallows {
                    (state.records, state.chain, state.tree) = (records, chain, tree);
                }
                if fault == Fault::AnswerLost { unreachable } else { answer }
            }
        })
    }
}

fn uplink(bench: &Bench) -> Uplink {
    TERMINAL.set(Some(bench.agent.identity.key.verifying_key()));
    Uplink::default()
}

fn at(bench: &Bench) -> Cursor {
    bench.agent.position().cursor.clone()
}

/// Goes round until there is nothing more to do, or something is wrong.
fn run(uplink: &mut Uplink, bench: &Bench, ledger: &dyn Carrier) -> Result<Round, Trouble> {
    let _ = bench.records();
    for _ in 0..50 {
        let round = uplink.round(&bench.agent, ledger)?;
        if round != Round::Forward {
            return Ok(round);
        }
    }
    panic!("it goes round and round");
}

/// Inserts the clerk's card, perhaps once more, and waits until that is recorded.
fn insert(bench: &Bench) {
    let before = bench.records().len();
    bench.insert(crate::testing::CLERK);
    crate::testing::until(|| bench.records().len() > before);
}

fn assert_exactly_once(bench: &Bench, ledger: &Ledger) {
    let ours: Vec<Vec<u8>> = bench.records().iter().map(|record| record.encode().unwrap().to_vec()).collect();
    assert_eq!(ledger.state.lock().unwrap().records, ours);
}

#[test]
fn records_are_stored_then_sealed() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    for _ in 0..3 {
        insert(&bench);
        assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Rest);
        let all = bench.records().len() as u64;
        // The link coming up is itself a record, so there may be more on the disk than was sent in that round.
        let Cursor { stored, sealed, .. } = at(&bench);
        assert!(sealed > 0 && sealed == stored && stored <= all);
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
    }
    assert_exactly_once(&bench, &ledger);
    assert_eq!(at(&bench).sealed, bench.records().len() as u64);
    assert!(ledger.state.lock().unwrap().notes > 0, "a batch after the first seal shows the checkpoint");
}

#[test]
fn a_lost_answer_stores_nothing_twice() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::AnswerLost);
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again);
    ledger.fault(Fault::None);
    for _ in 0..3 {
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
    }
    assert_exactly_once(&bench, &ledger);
}

#[test]
fn a_ledger_that_forgot_what_it_stored_is_filled_again_although_nothing_new_is_to_be_sent() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::Behind);
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Stuck);
    {
        let mut state = ledger.state.lock().unwrap();
        state.records.clear();
        (state.chain, state.tree) = (chain_start(&state.office, &code("mado-1"), 0), MemoryTree::new());
    }
    ledger.fault(Fault::None);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    assert_exactly_once(&bench, &ledger);
}

#[test]
fn a_fork_is_a_matter_for_people() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::Fork);
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Stuck);
    ledger.state.lock().unwrap().chain = Hash([3; 32]);
    assert!(matches!(run(&mut uplink, &bench, &ledger), Err(Trouble::OtherChain { next: 0 })));
}

#[test]
fn nothing_is_sent_before_what_was_carried_into_the_epoch_is_on_disk() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    bench.disk.fail(crate::journal::disk::Fault::SyncLanded);
    let seq = bench.agent.journal.carry(bench.records()[0].encode().unwrap().to_vec());
    assert!(bench.agent.journal.wait(seq).is_err());
    for _ in 0..3 {
        assert_eq!(uplink.go_round(&bench.agent, &ledger), Round::Again);
    }
    let file = bench.agent.position().file.clone();
    assert!(!file.exists() && ledger.state.lock().unwrap().batches == 0);
    bench.disk.fail(None);
    bench.agent.journal.flush();
    assert_eq!(uplink.go_round(&bench.agent, &ledger), Round::Forward);
    assert!(file.exists());
}

#[test]
fn an_epoch_that_the_ledger_calls_closed_stops_all_grants_until_the_next_begins() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    bench.log_in();
    let _ = bench.records();
    ledger.fault(Fault::EpochClosed);
    for _ in 0..3 {
        let _ = uplink.go_round(&bench.agent, &ledger);
    }
    assert_eq!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.code, "history_refused");
}

#[test]
fn records_that_this_terminal_itself_cannot_send_are_told_of_and_recorded() {
    for decayed in [false, true] {
        let (bench, ledger) = ledger_bench();
        let mut uplink = uplink(&bench);
        insert(&bench);
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
        insert(&bench);
        let flip = |at: usize| {
            let (name, mut bytes) = bench.disk.newest();
            bytes[at] ^= 1;
            bench.disk.put(&name, &bytes);
        };
        let (last, in_the_way) = (bench.disk.newest().1.len() - 1, bench.agent.position().file.with_extension("new"));
        if decayed {
            flip(last)
        } else {
            std::fs::create_dir(&in_the_way).unwrap()
        }
        // What is whole before it still goes.
        let expected = if decayed { Round::Stuck } else { Round::Again };
        assert!((0..3).any(|_| uplink.go_round(&bench.agent, &ledger) == expected), "{decayed}");
        let link = || serde_json::to_value(bench.agent.state(&panel()).0.link).unwrap();
        assert_eq!(link(), "held_back", "{decayed}");
        bench.agent.journal.flush();
        if decayed {
            flip(last)
        } else {
            std::fs::remove_dir(&in_the_way).unwrap()
        }
        ledger.fault(Fault::Unreachable);
        assert_eq!(uplink.go_round(&bench.agent, &ledger), Round::Again);
        assert_ne!(link(), "held_back", "{decayed}: whether the disk is whole is not the ledger's to say");
        ledger.fault(Fault::None);
        for _ in 0..6 {
            let _ = uplink.go_round(&bench.agent, &ledger);
        }
        assert_eq!((link(), alarms(&bench)), ("up".into(), vec![AlarmKind::RecordsHeldBack]), "{decayed}");
    }
}

#[test]
fn another_history_at_the_ledger_stops_all_grants_until_it_is_one_again() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    bench.log_in();
    let _ = bench.records();
    let ours = ledger.state.lock().unwrap().chain;
    for broken in [Fault::Fork, Fault::None] {
        ledger.fault(broken);
        ledger.state.lock().unwrap().chain = if broken == Fault::None { Hash([3; 32]) } else { ours };
        for _ in 0..4 {
            let _ = uplink.go_round(&bench.agent, &ledger);
        }
        let answer = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
        assert_eq!((answer.verdict.code.as_str(), answer.record), ("history_refused", None), "{broken:?}");
        assert!(bench.agent.state(&panel()).0.advice.next.contains("evidence"));
    }
    ledger.state.lock().unwrap().chain = ours;
    for _ in 0..6 {
        let _ = uplink.go_round(&bench.agent, &ledger);
    }
    assert!(bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap().verdict.granted);
}

#[test]
fn what_the_ledger_cannot_take_holds_up_nothing_that_stands_before_it() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    bench.log_in();
    for _ in 0..9 {
        let _ = bench.agent.authorize(&panel(), &ask("juminhyo")).unwrap();
    }
    for poison in [7, 10] {
        ledger.fault(Fault::Poison(poison));
        assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Stuck);
        assert_eq!((at(&bench).stored, ledger.state.lock().unwrap().records.len() as u64), (poison, poison));
    }
    ledger.fault(Fault::None);
    for _ in 0..8 {
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
    }
    assert_exactly_once(&bench, &ledger);
    assert_eq!(uplink.at_most, None, "as many at once as ever");
}

#[test]
fn a_busy_or_silent_ledger_is_asked_again_later() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::Unreachable);
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again);
    assert!(bench.kinds().is_empty() || !bench.kinds().contains(&"link"), "the link was never up");
    ledger.fault(Fault::Busy);
    let asked = Duration::from_secs(1)..=Duration::from_millis(1500);
    assert!(matches!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Busy(wait) if asked.contains(&wait)));
    ledger.fault(Fault::Unreachable);
    bench.clock.forward(60_000);
    assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again);
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "link").count(), 2, "up, and down again");
}

#[test]
fn nothing_is_called_sealed_that_is_not_in_the_log() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::OtherLeaves);
    assert!(matches!(run(&mut uplink, &bench, &ledger), Err(Trouble::Proof(_))));
    assert_eq!(at(&bench).sealed, 0);
}

#[test]
fn a_smaller_records_log_is_not_believed() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    let _ = run(&mut uplink, &bench, &ledger).unwrap();
    insert(&bench);
    ledger.fault(Fault::Rollback);
    assert!(matches!(run(&mut uplink, &bench, &ledger), Err(Trouble::Rollback { .. })));
}

#[test]
fn a_ledger_that_takes_nothing_is_asked_again_later() {
    for fault in [Fault::Stalls, Fault::AsksAgain] {
        let (bench, ledger) = ledger_bench();
        let mut uplink = uplink(&bench);
        bench.log_in();
        ledger.fault(fault);
        assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again, "{fault:?}");
        assert_eq!(run(&mut uplink, &bench, &ledger).unwrap(), Round::Again, "{fault:?}");
        ledger.fault(Fault::None);
        for _ in 0..3 {
            let _ = run(&mut uplink, &bench, &ledger).unwrap();
        }
        assert_exactly_once(&bench, &ledger);
    }
}

fn alarms(bench: &Bench) -> Vec<AlarmKind> {
    use sekisho_wire::record::Body;
    let bodies = bench.records().into_iter().map(|record| record.body);
    bodies.filter_map(|body| if let Body::Alarm(alarm) = body { Some(alarm.kind) } else { None }).collect()
}

#[test]
fn a_seal_that_is_forged_stale_or_of_another_tree_is_refused_and_recorded() {
    for fault in [
        Fault::ForgedSeal,
        Fault::ForgedProof,
        Fault::StaleSeal,
        Fault::OtherLog,
        Fault::OtherTree,
        Fault::OtherLeaves,
        Fault::Rollback,
    ] {
        let (bench, ledger) = ledger_bench();
        let mut uplink = uplink(&bench);
        insert(&bench);
        let _ = run(&mut uplink, &bench, &ledger).unwrap();
        let before = at(&bench);
        assert!(before.sealed > 0 && alarms(&bench).is_empty());
        insert(&bench);
        ledger.fault(fault);
        for _ in 0..6 {
            let _ = uplink.go_round(&bench.agent, &ledger);
        }
        assert_eq!(alarms(&bench), [AlarmKind::SealRefused], "{fault:?}: once, however often it is shown");
        let Cursor { stored, sealed, seen_size, seen_note, .. } = at(&bench);
        assert_eq!((sealed, seen_size, seen_note), (before.sealed, before.seen_size, before.seen_note), "{fault:?}");
        assert!(stored > sealed, "{fault:?}");
    }
}

#[test]
fn records_that_the_ledger_acknowledged_and_forgot_are_never_sealed_and_are_sent_again() {
    let (bench, ledger) = ledger_bench();
    let mut uplink = uplink(&bench);
    insert(&bench);
    ledger.fault(Fault::Swallows);
    for _ in 0..6 {
        let _ = uplink.go_round(&bench.agent, &ledger);
    }
    assert!(at(&bench).stored > 0, "it said so");
    assert_eq!((at(&bench).sealed, ledger.state.lock().unwrap().records.len()), (0, 0));
    bench.agent.journal.prune(at(&bench).sealed, u64::MAX);
    ledger.fault(Fault::None);
    for _ in 0..ASK_AFTER + 8 {
        let _ = bench.records();
        let _ = uplink.go_round(&bench.agent, &ledger);
    }
    assert_exactly_once(&bench, &ledger);
    assert_eq!(at(&bench).sealed, at(&bench).stored);
}

#[test]
fn how_long_the_certificate_holds_is_in_the_state_and_trouble_is_looked_at_sooner() {
    let (bench, ledger) = ledger_bench();
    ledger.fault(Fault::None);
    TERMINAL.set(Some(bench.agent.identity.key.verifying_key()));
    assert_eq!(bench.agent.state(&panel()).0.certificate_ends, None);
    assert_eq!(bench.agent.look_after_certificate(&ledger), CERTIFICATE_RETRY);
    assert_eq!(bench.agent.state(&panel()).0.certificate_ends, Some(1_700_000_000_000));
}
