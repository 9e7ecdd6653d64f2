//! A small office to test with: two administrators with cards, one terminal, and the bytes they send.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use ed25519_dalek::Signer as _;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sekisho_ledger::acts::Name;
use sekisho_ledger::authority::Peer;
use sekisho_ledger::backup::backup;
use sekisho_ledger::clock::{Clock, MachineClock};
use sekisho_ledger::code::{Code as LedgerCode, CodeSecret};
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::data::DataDir;
use sekisho_ledger::ingest::Receipt;
use sekisho_ledger::keys::key_id;
use sekisho_ledger::ledger::Ledger;
use sekisho_ledger::memory::Memory;
use sekisho_ledger::refusal::Refusal;
use sekisho_ledger::store::{LogName, SqliteStore, Store};
use sekisho_ledger::terminals::Shown;
use sekisho_register::act::Proposal;
use sekisho_register::change::{
    Administrator, CardKind, Change, Found, FoundingKeys, IssueCard, Log, Recovery, SectionState, SetSection,
    SetTerminal, TerminalKind,
};
use sekisho_register::{Act, Ed25519Key, P256Key, Policy, PublicKeyBytes, Title, office_of};
use sekisho_register::{NO_OFFICE, SignedAct};
use sekisho_tlog::leaf_hash;
use sekisho_wire::batch::{
    BATCH_VERSION, BatchHeader, ENVELOPE_INFO, Envelope, EnvelopeBinding, chain_next, chain_start, write_batch,
};
use sekisho_wire::cose::{Context, Sign1, Signer, write_signed_bytes};
use sekisho_wire::id::{BootId, CardGuid, Code, Hash, OfficeId, Salt, Signature};
use sekisho_wire::reason::LinkState;
use sekisho_wire::record::{Body, Emitter, RECORD_VERSION, Record};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

// Fuzz targets take this file from elsewhere.
#[path = "town/people.rs"]
pub(crate) mod people;

use people::name_hash;
pub(crate) use people::person;

/// 2026-06-01 in UTC, a Monday.
pub(crate) const NOON: u64 = 1_780_300_800_000;

/// Of the town's recovery key.
pub(crate) const RECOVERY_SEED: u8 = 77;

/// A clock that stands until a test moves it.
#[derive(Default)]
pub(crate) struct TestClock {
    now: AtomicU64,
    machine: AtomicU64,
}

impl TestClock {
    pub(crate) fn advance(&self, milliseconds: u64) {
        self.now.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, milliseconds: u64) {
        self.now.fetch_sub(milliseconds, Ordering::SeqCst);
    }

    /// Moves the time that certificates are dated by; the one that TLS judges them by stays.
    pub(crate) fn advance_machine(&self, milliseconds: u64) {
        self.machine.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub(crate) fn set_machine_back(&self, milliseconds: u64) {
        self.machine.fetch_sub(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        NOON.wrapping_add(self.now.load(Ordering::SeqCst))
    }

    fn machine(&self) -> u64 {
        MachineClock.machine().wrapping_add(self.machine.load(Ordering::SeqCst))
    }
}

/// A card: a key per slot.
pub(crate) struct TestCard {
    pub(crate) guid: CardGuid,
    operator: Code,
}

/// Which key of a card.
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Authentication = 1,
    Signature = 2,
    Presence = 3,
}

impl TestCard {
    pub(crate) fn new(number: u8, operator: &str) -> Self {
        Self { guid: CardGuid([number; 16]), operator: code(operator) }
    }

    fn key(&self, slot: Slot) -> SigningKey {
        SigningKey::from_bytes(&[self.guid.0[0] * 8 + slot as u8; 32].into()).unwrap()
    }

    pub(crate) fn sign(&self, slot: Slot, digest: &[u8; 32]) -> [u8; 64] {
        let signature: p256::ecdsa::Signature = self.key(slot).sign_prehash(digest).unwrap();
        signature.to_bytes().into()
    }

    fn public(&self, slot: Slot) -> P256Key {
        P256Key(self.key(slot).verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap())
    }

    pub(crate) fn issue(&self) -> IssueCard {
        IssueCard {
            card: self.guid,
            kind: CardKind::Business,
            operator: Some(self.operator.clone()),
            profiles: Vec::new(),
            authentication: self.public(Slot::Authentication),
            signature: Some(self.public(Slot::Signature)),
            presence: self.public(Slot::Presence),
            from: 0,
            to: NOON * 2,
            dormant: false,
        }
    }
}

pub(crate) fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

/// A founded office with an enrolled terminal, and everything needed to speak for them.
pub(crate) struct Town {
    pub(crate) data: DataDir,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) office: OfficeId,
    pub(crate) mayor: TestCard,
    pub(crate) deputy: TestCard,
    pub(crate) terminal: TestTerminal,
    pub(crate) authority: Vec<u8>,
    /// Goes last, after the ledger that works in it.
    pub(crate) root: Scratch,
}

/// A terminal's keys and where its history stands.
#[derive(Clone)]
pub(crate) struct TestTerminal {
    pub(crate) peer: Peer,
    pub(crate) key: ed25519_dalek::SigningKey,
    pub(crate) envelope: Vec<u8>,
    pub(crate) epoch: u32,
    pub(crate) next: u64,
    pub(crate) chain: Hash,
}

/// A place that nothing stands at yet; what a test puts there goes with the test, also when it fails.
pub(crate) struct Scratch(PathBuf);

pub(crate) fn scratch() -> Scratch {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Scratch(std::env::temp_dir().join(format!("sekisho-ledger-tests-{}-{number}", std::process::id())))
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A free port of this machine: codes carry it, so it is needed before anything listens.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An empty ledger in a fresh directory.
pub(crate) fn empty_ledger() -> (Scratch, DataDir) {
    empty_ledger_with(None, None)
}

/// The same with its book on a server, where one is named.
pub(crate) fn empty_ledger_with(postgres: Option<String>, authority: Option<PathBuf>) -> (Scratch, DataDir) {
    let root = scratch();
    let listen = format!("127.0.0.1:{}", free_port()).parse().unwrap();
    command::init(&root, "ledger.test", listen, vec!["localhost".into(), "127.0.0.1".into()], postgres, authority)
        .unwrap();
    let data = DataDir::new(&root).remembered_by(Memory::at(&root.join("memory")));
    (root, data)
}

/// The book, wherever the configuration says that it lies.
pub(crate) fn opened(data: &DataDir) -> Arc<dyn Store> {
    Config::read(&data.config()).unwrap().book(data).unwrap().open_existing().unwrap()
}

impl Town {
    pub(crate) fn new() -> Self {
        Self::over(|data| Arc::new(SqliteStore::open_existing(&data.database()).unwrap()))
    }

    /// A town whose ledger keeps its book on a PostgreSQL server.
    pub(crate) fn on_server() -> Self {
        Self::founded(empty_ledger_with(Some(crate::postgres::database()), None), opened)
    }

    /// The same, reached as a server on another machine is.
    pub(crate) fn on_server_by_tls(authority: &Path) -> Self {
        let place = crate::postgres::database();
        let (_, rest) = place.split_once(' ').unwrap();
        Self::founded(empty_ledger_with(Some(format!("host=localhost {rest}")), Some(authority.into())), opened)
    }

    /// A town whose ledger keeps its book in a store of the test's own.
    pub(crate) fn over(store: impl FnOnce(&DataDir) -> Arc<dyn Store>) -> Self {
        Self::founded(empty_ledger(), store)
    }

    pub(crate) fn founded((root, data): (Scratch, DataDir), store: impl FnOnce(&DataDir) -> Arc<dyn Store>) -> Self {
        let clock = Arc::new(TestClock::default());
        let founding = command::founding_code(&root, std::time::Duration::from_secs(60), &*clock).unwrap();
        let founding = LedgerCode::from_line(&founding).unwrap();
        let ledger = Ledger::open_with(&data, clock.clone(), store(&data), None).unwrap();
        let (mayor, deputy) = (TestCard::new(1, "mayor"), TestCard::new(2, "deputy"));
        let act = founding_act(&founding, &mayor, &deputy);
        let names = vec![person("関守 花子"), person("山田 太郎")];
        let (office, terminal, authority) = found(&ledger, &founding, act, names, [3; 32]);
        let town = Self { data, clock, ledger, office, mayor, deputy, terminal, authority, root };
        town.register_terminal(&town.terminal);
        town
    }

    /// The same directory, opened again.
    /// Whoever has verified everything shows this.
    pub(crate) fn shown(&self) -> Shown {
        let office = self.ledger.office(&self.office).unwrap();
        let note = |log| self.ledger.publish(&office, log).ok().map(|published| published.text.clone());
        Shown { register: note(LogName::Register), records: note(LogName::Records), casebook: note(LogName::Casebook) }
    }

    /// It writes at once after a start, as a ledger would that everybody has been heard by.
    pub(crate) fn waits_for_nobody(&self) {
        let config = Config { hear: Some(0), ..Config::read(&self.data.config()).unwrap() };
        std::fs::write(self.data.config(), config.to_text().unwrap()).unwrap();
    }

    /// The machine was switched off.
    pub(crate) fn forget(&self) {
        let _ = std::fs::remove_dir_all(self.root.join("memory"));
    }

    /// The whole disk as it was in this copy, and a machine that remembers nothing; it is still to be opened.
    pub(crate) fn put_back(&self, copy: &Path) {
        self.forget();
        for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
            let _ = std::fs::remove_file(self.root.join(name));
        }
        std::fs::copy(copy.join("ledger.db"), self.data.database()).unwrap();
        let office = self.office.to_string();
        for log in LogName::ALL {
            let file = |root: &std::path::Path| root.join("checkpoints").join(&office).join(log.as_str());
            std::fs::copy(file(copy), file(&self.root)).unwrap();
        }
    }

    pub(crate) fn reopen(&mut self) {
        let store = opened(&self.data);
        self.ledger = Ledger::open_with(&self.data, self.clock.clone(), store, None).unwrap();
    }

    pub(crate) fn register_terminal(&self, terminal: &TestTerminal) {
        let section = SetSection {
            section: code("jumin"),
            title: Title::new("住民課").unwrap(),
            state: SectionState::Open,
            effective: 0,
        };
        self.submit(vec![Change::Section(section), Change::Terminal(Box::new(terminal.registration()))]).unwrap();
    }

    /// Signs changes as the mayor and submits them.
    pub(crate) fn submit(&self, changes: Vec<Change>) -> Result<u64, Refusal> {
        let act = self.act(changes);
        self.ledger.submit(&self.office, act, Vec::new()).map(|(placed, _)| placed.index)
    }

    /// What needs two persons: the mayor proposes, the deputy approves.
    pub(crate) fn decide_together(&self, changes: Vec<Change>) -> Result<(), Refusal> {
        self.decide_with_names(changes, Vec::new())
    }

    /// The same about persons.
    pub(crate) fn decide_with_names(&self, changes: Vec<Change>, names: Vec<Name>) -> Result<(), Refusal> {
        let register = self.ledger.office(&self.office).unwrap().register();
        let act = |log, changes, proposal| Act {
            office: self.office,
            log,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(code("managers")),
            proposal,
            ..blank_act(self.clock.now(), changes)
        };
        let proposal = sign_act(&act(Log::Casebook, changes, None), &self.mayor);
        self.ledger.submit(&self.office, proposal.clone(), names)?;
        let approval = sign_act(&act(Log::Register, Vec::new(), Some(Proposal(proposal))), &self.deputy);
        self.ledger.submit(&self.office, approval, Vec::new()).map(drop)
    }

    /// The same, which nothing refuses.
    pub(crate) fn approve(&self, changes: Vec<Change>) {
        self.decide_together(changes).unwrap();
    }

    /// Five records, signed, and a copy of the whole directory as it is then.
    pub(crate) fn copied(&mut self) -> Scratch {
        self.send(5);
        self.publish();
        let copy = scratch();
        backup(&self.root, &copy).unwrap();
        copy
    }

    /// An act signed by the mayor.
    pub(crate) fn act(&self, changes: Vec<Change>) -> Vec<u8> {
        let register = self.ledger.office(&self.office).unwrap().register();
        let act = Act {
            office: self.office,
            seen_size: register.size(),
            seen_root: register.root(),
            post: Some(code("managers")),
            ..blank_act(self.clock.now(), changes)
        };
        sign_act(&act, &self.mayor)
    }

    /// A batch of `count` records after those sent before, taken by the ledger.
    pub(crate) fn send(&mut self, count: u64) -> Receipt {
        let (batch, after) = self.terminal.batch(count);
        let receipt = self.deliver(&batch).unwrap();
        self.terminal = after;
        receipt
    }

    pub(crate) fn deliver(&self, batch: &TestBatch) -> Result<Receipt, Refusal> {
        self.ledger.ingest(&self.terminal.peer, &batch.envelope(&self.terminal))
    }

    /// Signs everything that is committed.
    pub(crate) fn publish(&self) {
        let office = self.ledger.office(&self.office).unwrap();
        for log in sekisho_ledger::store::LogName::ALL {
            self.ledger.publish(&office, log).unwrap();
        }
    }
}

pub(crate) fn blank_act(now: u64, changes: Vec<Change>) -> Act {
    Act {
        version: 1,
        critical: true,
        office: NO_OFFICE,
        log: Log::Register,
        salt: Salt(sekisho_ledger::random::bytes()),
        made: now,
        expires: now + 3_600_000,
        seen_size: 0,
        seen_root: Hash(sekisho_tlog::EMPTY_ROOT.0),
        post: None,
        as_deputy: false,
        request: None,
        agreement: None,
        changes,
        proposal: None,
        effective: None,
        paper: None,
        permit: None,
    }
}

pub(crate) fn sign_act(act: &Act, card: &TestCard) -> Vec<u8> {
    let to_sign = act.to_be_signed(&Signer::Card(card.guid));
    let signature = card.sign(Slot::Signature, &to_sign.digest);
    to_sign.finish(signature)
}

pub(crate) fn found(
    ledger: &Ledger,
    founding: &LedgerCode,
    act: Vec<u8>,
    names: Vec<Name>,
    seed: [u8; 32],
) -> (OfficeId, TestTerminal, Vec<u8>) {
    let office = office_of(&SignedAct::decode(&act).unwrap());
    let secret = CodeSecret::from_base64(&founding.secret).unwrap();
    assert_eq!(ledger.found(secret, act, names).unwrap(), (office, 1));
    let envelope = STANDARD.decode(&founding.envelope).unwrap();
    let terminal = TestTerminal::new(office, "jumin-1", seed, envelope);
    (office, terminal, STANDARD.decode(&founding.authority).unwrap())
}

pub(crate) fn founding_act(founding: &LedgerCode, mayor: &TestCard, deputy: &TestCard) -> Vec<u8> {
    founding_act_of(founding, "関所町", [(mayor, "関守 花子"), (deputy, "山田 太郎")])
}

pub(crate) fn founding_act_of(founding: &LedgerCode, title: &str, administrators: [(&TestCard, &str); 2]) -> Vec<u8> {
    let [(mayor, _), _] = administrators;
    let key = |text: &str| Ed25519Key(STANDARD.decode(text).unwrap().try_into().unwrap());
    let administrator = |card: &TestCard, name: &str| Administrator {
        operator: card.operator.clone(),
        name: name_hash(&person(name)),
        post: code("managers"),
        card: card.issue(),
    };
    let recovery = ed25519_dalek::SigningKey::from_bytes(&[RECOVERY_SEED; 32]).verifying_key().to_bytes();
    let recovery = Ed25519Key(recovery);
    let found = Found {
        ledger: Title::new(&founding.ledger).unwrap(),
        title: Title::new(title).unwrap(),
        jurisdiction: code("123456"),
        keys: FoundingKeys {
            records: key(&founding.records),
            register: key(&founding.register),
            casebook: key(&founding.casebook),
            envelope: PublicKeyBytes::new(&STANDARD.decode(&founding.envelope).unwrap()).unwrap(),
        },
        administrators: administrators.map(|(card, name)| administrator(card, name)).to_vec(),
        recovery: Recovery { k: 1, keys: vec![recovery] },
        policy: Policy::default(),
    };
    sign_act(&blank_act(NOON, vec![Change::Found(Box::new(found))]), mayor)
}

impl TestTerminal {
    pub(crate) fn new(office: OfficeId, name: &str, seed: [u8; 32], envelope: Vec<u8>) -> Self {
        let peer = Peer { office, terminal: code(name) };
        let chain = chain_start(&office, &peer.terminal, 0);
        Self { peer, key: ed25519_dalek::SigningKey::from_bytes(&seed), envelope, epoch: 0, next: 0, chain }
    }

    pub(crate) fn registration(&self) -> SetTerminal {
        SetTerminal {
            terminal: self.peer.terminal.clone(),
            kind: TerminalKind::Business,
            section: code("jumin"),
            responsible: None,
            functions: Vec::new(),
            readers: Vec::new(),
            key: Ed25519Key(self.key.verifying_key().to_bytes()),
        }
    }

    pub(crate) fn record(&self, seq: u64, body: Body) -> Vec<u8> {
        let record = Record {
            version: RECORD_VERSION,
            critical: true,
            emitter: Emitter::Terminal(self.peer.terminal.clone()),
            office: self.peer.office,
            epoch: self.epoch,
            seq,
            boot: BootId([1; 16]),
            salt: Salt([u8::try_from(seq % 251).unwrap(); 16]),
            retention: body.retention(),
            wall: NOON + seq,
            trusted: body.input().map_or(NOON + seq, |input| input.time),
            monotonic: seq,
            body,
        };
        record.encode().unwrap().to_vec()
    }

    /// The next `count` records, and the terminal as it is once they are taken.
    pub(crate) fn batch(&self, count: u64) -> (TestBatch, Self) {
        let bodies = (self.next..self.next + count).map(|seq| self.record(seq, Body::Link(LinkState::Up)));
        self.batch_of(bodies.collect())
    }

    pub(crate) fn batch_of(&self, records: Vec<Vec<u8>>) -> (TestBatch, Self) {
        let fold = |chain: Hash, record: &Vec<u8>| chain_next(&chain, &Hash(leaf_hash(record).0));
        let chain = records.iter().fold(self.chain, fold);
        let count = u32::try_from(records.len()).unwrap();
        let header = BatchHeader {
            version: BATCH_VERSION,
            critical: true,
            office: self.peer.office,
            terminal: self.peer.terminal.clone(),
            epoch: self.epoch,
            first: self.next,
            count,
            before: self.chain,
            after: chain,
            seen_size: 0,
            seen_root: Hash(sekisho_tlog::EMPTY_ROOT.0),
            sent: NOON,
            seen_note: None,
        };
        (TestBatch { header, records }, Self { next: self.next + u64::from(count), chain, ..self.clone() })
    }
}

/// A batch before it is signed, so that a test can spoil it.
#[derive(Clone)]
pub(crate) struct TestBatch {
    pub(crate) header: BatchHeader,
    pub(crate) records: Vec<Vec<u8>>,
}

impl TestBatch {
    /// Signed by the terminal's key and sealed for the ledger.
    pub(crate) fn envelope(&self, terminal: &TestTerminal) -> Vec<u8> {
        terminal.seal(&self.signed(terminal))
    }

    /// Signed by the terminal's key.
    pub(crate) fn signed(&self, terminal: &TestTerminal) -> Vec<u8> {
        let payload = minicbor::to_vec(&self.header).unwrap();
        let signer = Signer::Terminal(self.header.terminal.clone());
        let mut message = Vec::new();
        write_signed_bytes(Context::Batch, &signer, &payload, &mut message).unwrap();
        let signature = Signature(terminal.key.sign(&message).to_bytes());
        let sign1 = Sign1 { signer, payload: &payload, signature };
        let mut batch = Vec::new();
        write_batch(&sign1, &self.records, &mut batch).unwrap();
        batch
    }
}

impl TestTerminal {
    /// Any bytes in an envelope of this terminal's.
    pub(crate) fn seal(&self, batch: &[u8]) -> Vec<u8> {
        use hpke::aead::AesGcm256;
        use hpke::kdf::HkdfSha256;
        use hpke::kem::DhP256HkdfSha256;
        use hpke::{Deserializable, Kem, OpModeS, Serializable};
        let public = <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(&self.envelope).unwrap();
        let binding = EnvelopeBinding { office: self.peer.office, terminal: self.peer.terminal.clone() };
        let aad = minicbor::to_vec(&binding).unwrap();
        let mut random = KernelRandom;
        let (enc, ciphertext) = hpke::single_shot_seal::<AesGcm256, HkdfSha256, DhP256HkdfSha256, _>(
            &OpModeS::Base,
            &public,
            ENVELOPE_INFO,
            batch,
            &aad,
            &mut random,
        )
        .unwrap();
        let enc = enc.to_bytes();
        let envelope = Envelope { key_id: key_id(&self.envelope), enc: &enc, ciphertext: &ciphertext };
        let mut out = Vec::new();
        envelope.write(&mut out).unwrap();
        out
    }
}

struct KernelRandom;

impl hpke::rand_core::RngCore for KernelRandom {
    fn next_u32(&mut self) -> u32 {
        u32::from_ne_bytes(sekisho_ledger::random::bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_ne_bytes(sekisho_ledger::random::bytes())
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        getrandom::fill(dest).unwrap();
    }
}

impl hpke::rand_core::CryptoRng for KernelRandom {}
