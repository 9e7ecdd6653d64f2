//! A terminal on a bench, for tests: a real agent over a disk in memory, a clock that is set, and a card worker that signs with keys
//! that the register knows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use sekisho_ipc::{AgentError, AuthorizeRequest, AwaitAnswer, PinFrame, PromptRequest};
use sekisho_register::calendar::{Date, Month, day_of_date, moment};
use sekisho_register::change::*;
use sekisho_register::retention::CLASSES;
use sekisho_register::{
    Act, Change, Ed25519Key, NO_OFFICE, NameHash, P256Key, Policy, PublicKeyBytes, Register, Title,
};
use sekisho_tlog::{KeyKind, SigningKey as LogKey, VerifyingKey};
use sekisho_wire::batch::chain_start;
use sekisho_wire::cose::Signer;
use sekisho_wire::decision::Level;
use sekisho_wire::id::*;
use sekisho_wire::record::Record;
use sekisho_wire::secret::SecretBytes;

use crate::agent::{Agent, Beginning};
use crate::clock::Clock;
use crate::config::Config;
use crate::function::Caller;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::journal::disk::Disk;
use crate::journal::segment::Start;
use crate::keepsakes::Keepsakes;
use crate::trusted::{Moment, SeenNote, TrustedTime};
use crate::uplink::Position;
use crate::whereabouts::Whereabouts;
use crate::work_time::WorkTime;

mod double;

pub(crate) use double::Double;

/// 2026-11-24 is a Tuesday; 10:00 in Japan.
pub(crate) fn tuesday_ten() -> u64 {
    day(2026, 11, 24, 10)
}

fn day(year: u16, month: u8, day: u8, hour: u16) -> u64 {
    moment(day_of_date(Date { year, month, day }), hour * 60)
}

pub(crate) fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

fn title(text: &str) -> Title {
    Title::new(text).unwrap()
}

pub(crate) const LEDGER: &str = "ledger.example";
pub(crate) const CLERK: u8 = 10;
/// A card of the clerk's that the terminal's register does not have.
pub(crate) const NEWER: u8 = 11;
pub(crate) const RIGHT_PIN: &[u8] = b"246813";

#[derive(Clone, Copy)]
enum Slot {
    Authentication = 1,
    Signature = 2,
    Presence = 3,
}

fn card_key(card: u8, slot: Slot) -> p256::ecdsa::SigningKey {
    let mut seed = [card; 32];
    seed[31] = slot as u8;
    p256::ecdsa::SigningKey::from_slice(&seed).unwrap()
}

fn public(card: u8, slot: Slot) -> P256Key {
    P256Key(card_key(card, slot).verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap())
}

fn sign(card: u8, slot: Slot, digest: &[u8; 32]) -> [u8; 64] {
    let signature: p256::ecdsa::Signature = card_key(card, slot).sign_prehash(digest).unwrap();
    signature.to_bytes().into()
}

pub(crate) fn log_key(log: &str, office: &OfficeId, seed: u8) -> LogKey {
    LogKey::from_seed(&format!("{LEDGER}/{office}/{log}"), &[seed; 32]).unwrap()
}

fn edwards(seed: u8) -> Ed25519Key {
    Ed25519Key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes())
}

pub(crate) const RECORDS_SEED: u8 = 20;
pub(crate) const REGISTER_SEED: u8 = 21;
const TERMINAL_SEED: u8 = 40;

pub(crate) fn issue(card: u8, operator: &str, kind: CardKind) -> IssueCard {
    IssueCard {
        card: CardGuid([card; 16]),
        kind,
        operator: Some(code(operator)),
        profiles: vec![],
        authentication: public(card, Slot::Authentication),
        // A clerk's card signs no acts (register §R3.6).
        signature: (card < CLERK).then(|| public(card, Slot::Signature)),
        presence: public(card, Slot::Presence),
        from: day(2026, 4, 1, 0),
        to: day(2027, 4, 1, 0),
        dormant: false,
    }
}

fn founding(envelope: &[u8]) -> Found {
    let administrator = |operator: &str, post: &str, card: u8| Administrator {
        operator: code(operator),
        name: NameHash::of(&Salt([card; 16]), operator),
        post: code(post),
        // Longer than any record is kept.
        card: IssueCard { to: day(2040, 4, 1, 0), ..issue(card, operator, CardKind::CardManagement) },
    };
    Found {
        ledger: title(LEDGER),
        title: title("関所町"),
        jurisdiction: code("011011"),
        keys: FoundingKeys {
            records: edwards(RECORDS_SEED),
            register: edwards(REGISTER_SEED),
            casebook: edwards(22),
            envelope: PublicKeyBytes::new(envelope).unwrap(),
        },
        administrators: vec![administrator("aoki", "chief", 1), administrator("baba", "vice", 2)],
        recovery: Recovery { k: 2, keys: vec![edwards(30), edwards(31), edwards(32)] },
        policy: Policy::default(),
    }
}

/// A register that grows by acts of its chief.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) register: Register,
    pub(crate) entries: Vec<Vec<u8>>,
    now: u64,
}

impl Office {
    pub(crate) fn new(envelope: &[u8]) -> Self {
        let mut office = Self { register: Register::new(), entries: Vec::new(), now: tuesday_ten() - 3_600_000 };
        office.act(vec![Change::Found(Box::new(founding(envelope)))]);
        let function = |name: &str, level| {
            Change::Function(SetFunction {
                function: code(name),
                title: title(name),
                level,
                purpose_required: false,
                essential: false,
                terminal_kind: None,
                applications: vec![],
                state: UseState::InUse,
                management: false,
            })
        };
        let effective = day(2026, 4, 1, 0);
        let (from, to) = (effective, day(2027, 4, 1, 0));
        let open =
            SetSection { section: code("jumin"), title: title("住民課"), state: SectionState::Open, effective };
        let functions = vec![code("juminhyo"), code("koseki"), code("inkan")];
        office.act(vec![
            Change::Section(open),
            function("juminhyo", Level::Session),
            function("koseki", Level::Card),
            function("inkan", Level::Pin),
            Change::Terminal(Box::new(SetTerminal {
                terminal: code("mado-1"),
                kind: TerminalKind::Business,
                section: code("jumin"),
                responsible: None,
                functions: functions.clone(),
                readers: vec![],
                key: edwards(TERMINAL_SEED),
            })),
            Change::Designate(Box::new(Designate {
                operator: code("chiba"),
                name: NameHash::of(&Salt([9; 16]), "chiba"),
                class: PersonClass::Operator,
                section: code("jumin"),
                from,
                to,
                terminals: vec![],
                sections: vec![code("jumin")],
            })),
            Change::Profile(GiveProfile { operator: code("chiba"), profile: code("p1"), functions, from, to }),
            Change::IssueCard(Box::new(issue(CLERK, "chiba", CardKind::Business))),
        ]);
        office
    }

    pub(crate) fn act(&mut self, changes: Vec<Change>) {
        let entry = self.signed(Log::Register, 1, "chief", changes, None);
        self.take(entry);
    }

    /// What needs two persons: the chief proposes, the vice chief approves.
    pub(crate) fn act_of_two(&mut self, changes: Vec<Change>) {
        let proposal = self.signed(Log::Casebook, 1, "chief", changes, None);
        let entry = self.signed(Log::Register, 2, "vice", vec![], Some(proposal));
        self.take(entry);
    }

    fn take(&mut self, entry: Vec<u8>) {
        self.register.fold(&entry).unwrap();
        self.entries.push(entry);
    }

    fn signed(&self, log: Log, card: u8, post: &str, changes: Vec<Change>, proposal: Option<Vec<u8>>) -> Vec<u8> {
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.register.size().to_be_bytes());
        let act = Act {
            version: 1,
            critical: true,
            office: self.register.office().unwrap_or(NO_OFFICE),
            log,
            salt: Salt(salt),
            made: self.now,
            expires: self.now + 24 * 60 * 60 * 1000,
            seen_size: self.register.size(),
            seen_root: self.register.root(),
            post: self.register.office().map(|_| code(post)),
            as_deputy: false,
            request: None,
            agreement: None,
            changes,
            proposal: proposal.map(sekisho_register::act::Proposal),
            effective: None,
            paper: None,
            permit: None,
        };
        let to_be_signed = act.to_be_signed(&Signer::Card(CardGuid([card; 16])));
        let signature = sign(card, Slot::Signature, &to_be_signed.digest);
        to_be_signed.finish(signature)
    }

    pub(crate) fn revoke_clerk(&mut self) {
        self.revoke(CLERK);
    }

    pub(crate) fn revoke(&mut self, card: u8) {
        self.set(card, CardState::Revoked, StateReason::Lost);
    }

    pub(crate) fn suspend(&mut self, card: u8) {
        self.set(card, CardState::Suspended, StateReason::Other);
    }

    pub(crate) fn lift(&mut self, card: u8) {
        self.set(card, CardState::Active, StateReason::None);
    }

    fn set(&mut self, card: u8, state: CardState, reason: StateReason) {
        let card = CardGuid([card; 16]);
        self.act(vec![Change::CardState(SetCardState { card, state, reason, effective: self.now, disposal: None })]);
    }

    pub(crate) fn suspend_terminal(&mut self) {
        let (terminal, state) = (code("mado-1"), TerminalUse::Suspended);
        self.act(vec![Change::TerminalState(SetTerminalState { terminal, state, effective: self.now })]);
    }

    /// The clerk's card comes back; when everything that may mention him is destroyed, his name goes.
    pub(crate) fn clerk_left_and_is_erased(&mut self) {
        self.set(CLERK, CardState::Returned, StateReason::LeftDuty);
        self.signs_at(day(2034, 6, 1, 0));
        let (from, to) = (Month::of(day(2026, 4, 1, 0)), Month::of(day(2027, 5, 1, 0)));
        self.act_of_two(CLASSES.map(|class| Change::Destroy(Destroy { class, from, to })).to_vec());
        self.act_of_two(vec![Change::EraseNames(EraseNames { operators: vec![code("chiba")] })]);
    }

    /// From here on its acts are made at this time.
    pub(crate) fn signs_at(&mut self, time: u64) {
        self.now = time;
    }

    /// What somebody else signed.
    pub(crate) fn append(&mut self, entry: Vec<u8>) {
        self.take(entry);
    }
}

/// A clock that is set.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64, AtomicU64);

impl TestClock {
    pub(crate) fn forward(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// The machine sleeps, and nobody tells of it.
    pub(crate) fn sleep(&self, ms: u64) {
        self.forward(ms);
        self.1.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn wall(&self) -> u64 {
        tuesday_ten() + self.0.load(Ordering::SeqCst)
    }

    fn boottime(&self) -> u64 {
        1_000_000 + self.0.load(Ordering::SeqCst)
    }

    fn asleep(&self) -> u64 {
        self.1.load(Ordering::SeqCst)
    }

    fn tick(&self) -> Duration {
        Duration::from_millis(100)
    }
}

/// The terminal.
pub(crate) struct Bench {
    pub(crate) agent: Arc<Agent>,
    pub(crate) disk: Disk,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) office: Office,
    pub(crate) worker: Double,
    kicks: std::sync::mpsc::Receiver<()>,
    _cursor: CursorFile,
    _folder: Folder,
}

/// What the uplink keeps; nothing of it stays on the disk.
pub(crate) struct CursorFile(PathBuf);

impl Drop for CursorFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_envelope(&[4; 65])
    }

    pub(crate) fn with_envelope(envelope: &[u8]) -> Self {
        Self::made(envelope, "")
    }

    /// A terminal with this in its `agent.toml`.
    pub(crate) fn configured(text: &str) -> Self {
        Self::made(&[4; 65], text)
    }

    fn made(envelope: &[u8], configuration: &str) -> Self {
        let office = Office::new(envelope);
        let id = office.register.office().unwrap();
        let key = |log, seed| {
            VerifyingKey::from_bytes(log_key(log, &id, seed).name(), KeyKind::Ed25519, &edwards(seed).0).unwrap()
        };
        let identity = Identity {
            office: id,
            terminal: code("mado-1"),
            records: key("records", RECORDS_SEED),
            register: key("register", REGISTER_SEED),
            envelope: envelope.to_vec(),
            key: ed25519_dalek::SigningKey::from_bytes(&[TERMINAL_SEED; 32]),
        };
        let disk = Disk::default();
        let start = Start { epoch: 0, first: 0, chain: chain_start(&id, &code("mado-1"), 0) };
        let journal = Journal::open(Arc::new(disk.clone()), SecretBytes::new([1; 32]), start, |_, _| {}).unwrap();
        let clock = Arc::new(TestClock(AtomicU64::new(0), AtomicU64::new(0)));
        let boot = BootId([7; 16]);
        let now = Moment { wall: clock.wall(), boottime: clock.boottime() };
        let mut trusted = TrustedTime::new(&boot, None, now);
        let until = tuesday_ten() + 72 * 3_600_000;
        let _ = trusted.note(SeenNote { time: tuesday_ten(), until }, now);
        let config = Config { state: state_folder(), ..Config::parse(Path::new("agent.toml"), configuration).unwrap() };
        let (kick, kicks) = std::sync::mpsc::sync_channel(1);
        static BENCHES: AtomicU64 = AtomicU64::new(0);
        let number = BENCHES.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("sekisho-uplink-{}-{number}", std::process::id()));
        crate::files::private_folder(&config.state).unwrap();
        let whereabouts = Whereabouts::open(&config.state, 0);
        let (names, position) = (HashMap::new(), Position::fresh(file.clone(), 0, whereabouts));
        let keepsakes = Keepsakes::open(&config.state, 0);
        let beginning = Beginning {
            trusted,
            register: office.register.clone(),
            names,
            position,
            unsent_since: None,
            work: WorkTime::default(),
            pins_changed: crate::pins_changed::PinsChanged::default(),
            keepsakes,
            boot,
        };
        let agent = Arc::new(Agent::new(config, identity, clock.clone(), journal, beginning, kick));
        let worker = Double::join(&agent, 1);
        let _folder = Folder(agent.config.state.clone());
        Self { agent, disk, clock, office, worker, kicks, _cursor: CursorFile(file), _folder }
    }

    /// Brings the office's newest register to the terminal, as the keeper would after checking it.
    pub(crate) fn advance(&self) {
        let mut core = self.agent.lock();
        core.take_register(Arc::new(self.office.register.clone()));
        self.agent.recheck(&mut core);
    }

    pub(crate) fn insert(&self, card: u8) {
        self.worker.insert(&self.agent, card);
    }

    /// Types a PIN, and waits for what comes of it.
    pub(crate) fn prompt(&self, request: &PromptRequest, pin: &[u8]) -> Result<AwaitAnswer, AgentError> {
        let (answer, client) = self.agent.prompt(&panel(), request)?;
        PinFrame::new(pin).unwrap().send(&client).unwrap();
        self.agent.await_prompt(&panel(), &answer.prompt)
    }

    pub(crate) fn log_in(&self) {
        self.insert(CLERK);
        let answer = self.prompt(&PromptRequest::login(), RIGHT_PIN).unwrap();
        assert!(answer.verdict.granted && answer.session.is_some(), "{answer:?}");
    }

    /// All records, after everything has reached the disk.
    pub(crate) fn records(&self) -> Vec<Record> {
        let _ = self.kicks.try_recv();
        self.agent.journal.flush();
        self.on_disk()
    }

    /// The records that a power cut now would leave.
    pub(crate) fn on_disk(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let start = Start { epoch: 0, first: 0, chain: Hash([0; 32]) };
        let see = |_, bytes: &[u8]| records.push(Record::decode(bytes).unwrap());
        Journal::open(Arc::new(self.disk.copy()), SecretBytes::new([1; 32]), start, see).unwrap();
        records
    }

    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.body.kind().1).collect()
    }

    /// Every verdict and signature in the records must come out again from the bytes alone.
    pub(crate) fn assert_replays(&self) {
        for record in self.records() {
            let Some(input) = record.body.input() else { continue };
            let size = input.register;
            let mut register = Register::new();
            for entry in self.office.entries.iter().take(usize::try_from(size).unwrap()) {
                register.fold(entry).unwrap();
            }
            let on_card = sekisho_register::grant_of(&record);
            let on_card = on_card.map(|grant| self.office.entries[usize::try_from(grant.index).unwrap()].as_slice());
            let register = register.as_it_decided(&record, on_card).unwrap();
            sekisho_register::replay(&register, &record).unwrap();
        }
    }
}

/// A folder of a bench's own; it is there for those that make it.
fn state_folder() -> std::path::PathBuf {
    static BENCHES: AtomicU64 = AtomicU64::new(0);
    let number = BENCHES.fetch_add(1, Ordering::SeqCst);
    std::env::temp_dir().join(format!("sekisho-bench-{}-{number}", std::process::id()))
}

/// Goes with the bench.
pub(crate) struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A panel of the agent's own user.
pub(crate) fn panel() -> Caller {
    Caller { uid: 0, application: None, trusted: true, may_prompt: true }
}

pub(crate) fn ask(function: &str) -> AuthorizeRequest {
    AuthorizeRequest { function: function.into(), ..AuthorizeRequest::default() }
}

/// Waits for another thread to come so far.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not come to that");
}
