//! What all threads of the agent share: the session machine, the register, the journal. One lock; nothing waits while holding it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_ipc::{Recent, RecordRef, ScreenState};
use sekisho_register::{NameHash, Register};
use sekisho_wire::id::{BootId, Code, Hash, ReaderIdentity, RequestId, Salt, SessionId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body, Emitter, RECORD_VERSION, Record, SessionReason};
use sekisho_wire::verdict::VerdictCode;

use crate::card_grant::CardGrants;
use crate::carrier::Links;
use crate::clock::Clock;
use crate::config::Config;
use crate::doubt::Doubts;
use crate::false_card::FalseCards;
use crate::function::{Answered, Decided, Granted};
use crate::identity::Identity;
use crate::journal::segment::random;
use crate::journal::{Journal, Trouble};
use crate::keepsakes::Keepsakes;
use crate::lease::Lent;
use crate::pad_turns::Turns;
use crate::panel_act::PanelActs;
use crate::pins_changed::PinsChanged;
use crate::pins_sent::PinsSent;
use crate::prompt::Prompt;
use crate::reports::Reports;
use crate::screen::Screen;
use crate::service_manager::Heart;
use crate::session::{Action, Event, Insertion, Limits, Machine, Now};
use crate::trusted::{Moment, TrustedTime};
use crate::uplink::Position;
use crate::waiting::Waiting;
use crate::work_time::WorkTime;
use crate::worker_link::{CallAnswer, Problem, ToWorker};

/// How long records that nobody waits for may gather before they are written.
const GATHER: Duration = Duration::from_millis(5);
/// The clocks that count sleep and those that do not are apart by more than this after a sleep, ms.
const SLEEP: u64 = 500;
/// Pause before a journal that failed is tried again: the first, and the longest. Each attempt makes a segment.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(15);

/// The agent.
#[derive(Debug)]
pub struct Agent {
    /// Its configuration.
    pub config: Config,
    /// Who it is.
    pub identity: Identity,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) journal: Journal,
    /// How far the ledger is. Whoever holds it may take the core, and never the other way round.
    position: Mutex<Position>,
    core: Mutex<Core>,
    /// Told at each change that a watcher, a prompt or the uplink may wait for.
    changed: Condvar,
    /// Wakes the thread that writes records nobody waits for.
    kick: SyncSender<()>,
    /// Screens to be locked. Whoever holds the core may take its lock, and never the other way round.
    pub(crate) screen: Screen,
    /// Held by whoever writes down what was reported.
    pub(crate) keeping_reports: Mutex<()>,
    /// What the ledger has given us to keep.
    pub(crate) keepsakes: Keepsakes,
    /// A log of the ledger's stands still, and it was not asked yet what it lacks.
    pub(crate) ledger_lacks: AtomicBool,
}

/// What changes, under the one lock.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) machine: Machine,
    pub(crate) trusted: TrustedTime,
    pub(crate) register: Arc<Register>,
    pub(crate) names: HashMap<NameHash, String>,
    pub(crate) worker: Option<Worker>,
    /// Who waits for an answer of the card worker. Dropping the sender tells that none will come.
    pub(crate) calls: HashMap<u64, Sender<CallAnswer>>,
    pub(crate) last_call: u64,
    pub(crate) prompts: Vec<Prompt>,
    /// Requests of this session that have their answer.
    pub(crate) answered: HashMap<RequestId, Answered>,
    /// Grants on their way to the disk, once for each answer that has not left.
    pub(crate) unanswered: Vec<Decided>,
    /// Grants that may still be completed, oldest first.
    pub(crate) granted: VecDeque<Granted>,
    /// Decisions that have been taken back.
    pub(crate) withdrawn: BTreeSet<u64>,
    /// Grants whose outcome has been told.
    pub(crate) completed: BTreeSet<u64>,
    pub(crate) recent: VecDeque<Recent>,
    /// Sessions whose record of opening is on its way to the disk.
    pub(crate) opening: Vec<SessionId>,
    /// The session that opened last, and whose it is: the uid that opened its prompt, or for which root did.
    pub(crate) owner: Option<(SessionId, u32)>,
    /// The prompt whose PIN is typed and whose outcome is not known yet: no other one opens meanwhile.
    pub(crate) proving: Option<u64>,
    /// The uid whose last prompt brought no PIN.
    pub(crate) gives_way: Option<u32>,
    pub(crate) turns: Turns,
    pub(crate) pins: PinsSent,
    pub(crate) pins_changed: PinsChanged,
    pub(crate) panel_acts: PanelActs,
    /// Counts changes.
    pub(crate) generation: u64,
    pub(crate) links: Links,
    /// Until when the forwarder's certificate holds, as it said last.
    pub(crate) certificate_ends: Option<u64>,
    pub(crate) doubts: Doubts,
    pub(crate) false_cards: FalseCards,
    pub(crate) grants: CardGrants,
    pub(crate) reports: Reports,
    /// Readers that are there: those whose `reader_up` has no `reader_down` yet.
    pub(crate) readers: BTreeSet<ReaderIdentity>,
    pub(crate) acknowledged: Acknowledged,
    pub(crate) history: History,
    pub(crate) records: Records,
    /// Trusted time of the record that waits longest for the ledger, or a little earlier.
    pub(crate) unsent_since: Option<u64>,
    /// How long people have worked here.
    pub(crate) work: WorkTime,
    /// What is in readers and cannot be used, by the worker's number of the insertion.
    pub(crate) unreadable: BTreeMap<u64, Problem>,
    /// The requests that wait for the clerk's PIN, in the order in which they came.
    pub(crate) waiting: VecDeque<Waiting>,
    /// Who has the readers, if not we.
    pub(crate) lease: Option<Lent>,
    /// How many leases there were.
    pub(crate) leases: u64,
    /// What came of the last lock of the screen.
    pub(crate) screen: ScreenState,
    /// How long the machine had slept, ms, when it was last looked at.
    asleep: u64,
    boot: BootId,
}

/// How far the ledger has our records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acknowledged {
    /// Records below this are durable at the ledger.
    pub(crate) stored: u64,
    /// Records below this lie under a checkpoint that we checked.
    pub(crate) sealed: u64,
}

/// What the ledger says of the history that this terminal shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum History {
    /// It goes on the one the ledger has, as far as anybody knows.
    #[default]
    Goes,
    /// The ledger has another one: what is granted here would never be recorded there.
    Refused,
    /// There is none that could be gone on with, nor a journal: an act has to open a new epoch.
    Gone,
}

/// Whether this terminal itself can send its records on, whatever the ledger does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Records {
    /// Nothing of our own holds them back, as far as anybody knows.
    #[default]
    Go,
    /// The journal cannot be read, or how far the ledger is cannot be kept.
    HeldBack,
}

/// What the worker is asked, and the descriptor that goes with it.
pub(crate) type Errand = (ToWorker, Option<OwnedFd>);

/// The card worker that is connected.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Goes to a thread that writes: nothing waits for the worker under the lock.
    pub(crate) queue: SyncSender<Errand>,
    /// Which connection: insertions of another one mean other cards.
    pub(crate) number: u64,
}

/// What the agent begins with.
pub(crate) struct Beginning {
    pub(crate) trusted: TrustedTime,
    pub(crate) register: Register,
    pub(crate) names: HashMap<NameHash, String>,
    pub(crate) position: Position,
    pub(crate) unsent_since: Option<u64>,
    pub(crate) work: WorkTime,
    pub(crate) pins_changed: PinsChanged,
    pub(crate) keepsakes: Keepsakes,
    pub(crate) boot: BootId,
}

impl Agent {
    pub(crate) fn new(
        config: Config,
        identity: Identity,
        clock: Arc<dyn Clock>,
        journal: Journal,
        beginning: Beginning,
        kick: SyncSender<()>,
    ) -> Self {
        let Beginning { trusted, register, names, position, unsent_since, work, pins_changed, keepsakes, boot } =
            beginning;
        let acknowledged = position.acknowledged();
        let core = Core {
            machine: Machine::default(),
            trusted,
            register: Arc::new(register),
            names,
            worker: None,
            calls: HashMap::new(),
            last_call: 0,
            prompts: Vec::new(),
            answered: HashMap::new(),
            unanswered: Vec::new(),
            granted: VecDeque::new(),
            withdrawn: BTreeSet::new(),
            completed: BTreeSet::new(),
            recent: VecDeque::new(),
            opening: Vec::new(),
            owner: None,
            proving: None,
            gives_way: None,
            turns: Turns::default(),
            pins: PinsSent::default(),
            pins_changed,
            panel_acts: PanelActs::default(),
            generation: 0,
            links: Links::default(),
            certificate_ends: None,
            doubts: Doubts::default(),
            false_cards: FalseCards::default(),
            grants: CardGrants::default(),
            reports: Reports::default(),
            readers: BTreeSet::new(),
            acknowledged,
            history: History::default(),
            records: Records::default(),
            unsent_since,
            work,
            unreadable: BTreeMap::new(),
            waiting: VecDeque::new(),
            lease: None,
            leases: 0,
            screen: Screen::before_any(&config),
            asleep: clock.asleep(),
            boot,
        };
        Self {
            config,
            identity,
            clock,
            journal,
            position: Mutex::new(position),
            core: Mutex::new(core),
            changed: Condvar::new(),
            kick,
            screen: Screen::default(),
            keeping_reports: Mutex::new(()),
            keepsakes,
            ledger_lacks: AtomicBool::new(false),
        }
    }

    pub(crate) fn position(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic elsewhere must not unlock anything: the machine changes in one step, and records are appended whole.
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        self.notice_sleep(&mut core);
        core
    }

    /// A sleep that nobody told of ends what was open before anything else is done: only the clocks know of it when the bus is away.
    fn notice_sleep(&self, core: &mut Core) {
        let asleep = self.clock.asleep();
        if asleep > core.asleep.saturating_add(SLEEP) {
            log::info!("the machine was asleep");
            core.asleep = asleep;
            self.step(core, Event::Suspending);
        }
    }

    /// Why nothing at all may be granted, whoever asks for what: what is granted here could not be recorded.
    pub(crate) fn grants_nothing(&self, core: &mut Core) -> Option<VerdictCode> {
        match core.history {
            History::Refused | History::Gone => Some(VerdictCode::HistoryRefused),
            History::Goes => match self.journal.trouble() {
                Some(Trouble::Full) => Some(VerdictCode::JournalFull),
                Some(Trouble::Failing) => Some(VerdictCode::NotRecorded),
                None if !self.journal.takes_grants() => Some(VerdictCode::NotRecorded),
                None => self.unsent_too_long(core).then_some(VerdictCode::UnsentTooLong),
            },
        }
    }

    /// Until when the records that wait longest for the ledger must be there, or nothing more is granted; `None` when all are.
    pub(crate) fn unsent_until(&self, core: &Core) -> Option<u64> {
        Some(core.unsent_since?.saturating_add(self.config.journal.unsent()))
    }

    fn unsent_too_long(&self, core: &mut Core) -> bool {
        let now = self.now(core).trusted;
        self.unsent_until(core).is_some_and(|until| now > until)
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment { wall: self.clock.wall(), boottime: self.clock.boottime() }
    }

    /// Trusted time and boot time.
    pub(crate) fn now(&self, core: &mut Core) -> Now {
        let moment = self.moment();
        Now { trusted: core.trusted.now(moment), boottime: moment.boottime }
    }

    /// Appends a record. It is durable when [`Journal::wait`] says so; nobody need wait for one that grants nothing.
    pub(crate) fn write(&self, core: &mut Core, body: Body) -> RecordRef {
        let salt = self.salt();
        self.write_salted(core, salt, body)
    }

    /// As [`Self::write`], for what was seen and neither grants nor ends anything. It is left out while more records wait for a failing
    /// disk than memory should hold: nothing is granted then, and whoever pulls a card in and out must not end the agent.
    pub(crate) fn observe(&self, core: &mut Core, body: Body) {
        if self.journal.is_short() {
            log::error!("{} is not recorded: what the disk still takes is for what must be said", body.kind().1);
        } else {
            self.write(core, body);
        }
    }

    /// As [`Self::write`], with the salt that a card has signed over.
    pub(crate) fn write_salted(&self, core: &mut Core, salt: Salt, body: Body) -> RecordRef {
        let moment = self.moment();
        // A record that holds an input names one moment: that of the decision (wire §4.2).
        let trusted = body.input().map_or_else(|| core.trusted.now(moment), |input| input.time);
        core.unsent_since.get_or_insert(trusted);
        core.work.see(&body, trusted);
        core.pins_changed.see(&body, trusted);
        let written = self.journal.next().epoch;
        let seq = self.journal.append(|epoch, seq| {
            let record = Record {
                version: RECORD_VERSION,
                critical: true,
                emitter: Emitter::Terminal(self.identity.terminal.clone()),
                office: self.identity.office,
                epoch,
                seq,
                boot: core.boot,
                salt,
                retention: body.retention(),
                wall: moment.wall,
                trusted,
                monotonic: moment.boottime,
                body,
            };
            record.encode().expect("a record made of valid parts fits its 1024 bytes").to_vec()
        });
        // Full means that the writer is already on its way.
        let _ = self.kick.try_send(());
        RecordRef { epoch: u64::from(written), seq }
    }

    /// Sixteen random bytes.
    pub(crate) fn salt(&self) -> Salt {
        Salt(random().expect("the kernel has given randomness since before this process started"))
    }

    /// Takes an event and carries out what follows from it. Locking waits for nothing.
    pub(crate) fn step(&self, core: &mut Core, event: Event) {
        let now = self.now(core);
        let limits = limits(&core.register, now.trusted);
        let before = (core.machine.terminal_state(), core.machine.card().cloned());
        let actions = core.machine.step(now, &limits, event);
        if !actions.is_empty() || before != (core.machine.terminal_state(), core.machine.card().cloned()) {
            self.tell(core);
        }
        for action in actions {
            self.carry_out(core, action);
        }
    }

    fn carry_out(&self, core: &mut Core, action: Action) {
        match action {
            // The authorization is locked already, and waits for no screen.
            Action::LockScreen(session) => self.ask_for_screen(core, session),
            Action::LogOutCard(insertion) => self.log_out(core, insertion),
            Action::CancelPrompts(insertion) => core.cancel_prompts(insertion),
            Action::WriteLocked(session, reason) => {
                self.write(core, Body::Locked(SessionReason { session, reason }));
            }
            Action::WriteClosed(session, reason) => {
                core.forget_session(session);
                self.write(core, Body::SessionClosed(SessionReason { session, reason }));
            }
        }
    }

    fn log_out(&self, core: &mut Core, insertion: Insertion) {
        let Some(worker) = core.worker.as_ref() else { return };
        if let Some(insertion) = worker.own(insertion) {
            core.ask_worker(ToWorker::LogOut { insertion }, None);
        }
    }

    /// Something changed that others may wait for.
    pub(crate) fn tell(&self, core: &mut Core) {
        core.generation += 1;
        self.changed.notify_all();
    }

    /// Waits for the next change, at most `patience` of real time.
    pub(crate) fn wait_for_change<'a>(&self, core: MutexGuard<'a, Core>, patience: Duration) -> MutexGuard<'a, Core> {
        self.changed.wait_timeout(core, patience).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Writes what nobody waits for, as long as the agent lives.
    pub(crate) fn flush_loop(&self, kicks: &std::sync::mpsc::Receiver<()>) {
        while kicks.recv().is_ok() {
            // Who waits for a record writes it himself. This is for the others, and must not race with those for the disk.
            std::thread::sleep(GATHER);
            self.journal.flush();
            let mut pause = RETRY_FIRST;
            if self.journal.trouble() == Some(Trouble::Full) {
                let mut core = self.lock();
                let (terminal, epoch) = (Some(self.identity.terminal.clone()), Some(self.journal.next().epoch));
                let alarm = Alarm { kind: AlarmKind::JournalFull, terminal, epoch, seq: None, act: None };
                // Never left out: it is what must be said.
                self.write(&mut core, Body::Alarm(alarm));
            }
            while self.journal.trouble().is_some() {
                {
                    let mut core = self.lock();
                    self.step(&mut core, Event::JournalFailed);
                    // Panels say why nothing is granted.
                    self.tell(&mut core);
                }
                std::thread::sleep(pause);
                pause = (pause * 2).min(RETRY_MAX);
                self.journal.flush();
            }
            // The uplink and watchers wait for durable records.
            let mut core = self.lock();
            self.tell(&mut core);
        }
    }

    /// Lets time do its work, as long as the agent lives.
    pub(crate) fn tick_loop(&self, heart: &Heart<1>) {
        loop {
            self.wait_for_session(heart.every());
            std::thread::sleep(self.clock.tick());
            self.tick();
            heart.beat(0);
        }
    }

    /// Time ends nothing but sessions: while there is none, nobody need be woken for it, but to say that this loop is not stuck.
    fn wait_for_session(&self, at_most: Option<Duration>) {
        let core = self.lock();
        let idle = |core: &mut Core| core.machine.session().is_none();
        match at_most {
            Some(at_most) => drop(self.changed.wait_timeout_while(core, at_most, idle)),
            None => drop(self.changed.wait_while(core, idle)),
        }
    }

    /// One tick.
    pub(crate) fn tick(&self) {
        let mut core = self.lock();
        self.step(&mut core, Event::Tick);
        self.recheck(&mut core);
    }
}

impl Core {
    /// Sends to the card worker, and waits for nothing; `false` when there is none, or it takes nothing any more.
    pub(crate) fn ask_worker(&self, message: ToWorker, descriptor: Option<OwnedFd>) -> bool {
        let Some(worker) = self.worker.as_ref() else { return false };
        let sent = worker.queue.try_send((message, descriptor));
        sent.inspect_err(|_| log::warn!("cannot ask the card worker: it does not read")).is_ok()
    }

    /// What belongs to a session ends with it, and with no other: a login that lost its card has opened nothing.
    fn forget_session(&mut self, session: SessionId) {
        self.answered.retain(|_, answered| answered.session() != Some(session));
        if self.owner.is_some_and(|(owned, _)| owned == session) {
            self.owner = None;
            self.recent.clear();
        }
    }

    pub(crate) fn cancel_prompts(&mut self, insertion: Insertion) {
        self.panel_acts.forget(insertion);
        for prompt in self.prompts.iter_mut().filter(|prompt| prompt.insertion == insertion) {
            // One whose PIN is typed ends by itself, with what the card said if it said anything.
            if self.proving != Some(prompt.call) {
                prompt.cancel();
            }
            let call = prompt.call;
            self.calls.remove(&call);
        }
        let calls: Vec<u64> =
            self.prompts.iter().filter(|prompt| prompt.insertion == insertion).map(|prompt| prompt.call).collect();
        for call in calls {
            self.ask_worker(ToWorker::Forget { call }, None);
        }
    }

    /// Whether the register is older at this time than policy allows, or than its note says that it may be.
    pub(crate) fn is_stale(&self, time: u64) -> bool {
        let policy = self.register.policy_at(time.max(self.register.newest_made()));
        let freshness = u64::from(policy.freshness_seconds) * 1000;
        self.trusted.newest_note().is_none_or(|note| time >= note.until || time.saturating_sub(note.time) >= freshness)
    }

    /// Under which root the register stands.
    pub(crate) fn root(&self) -> Hash {
        self.register.root()
    }

    /// A person's name, where this terminal has heard it.
    pub(crate) fn name_of(&self, operator: &Code) -> Option<String> {
        self.names.get(self.deciding().name_hash(operator)?).cloned()
    }
}

/// Insertions are numbered by the worker; the upper bits say which worker.
const WORKER_SHIFT: u32 = 40;

impl Worker {
    /// The insertion as the agent names it.
    pub(crate) const fn insertion(&self, own: u64) -> Insertion {
        Insertion(self.number << WORKER_SHIFT | own & ((1 << WORKER_SHIFT) - 1))
    }

    /// The insertion as the worker names it, if it is one of its own.
    pub(crate) fn own(&self, insertion: Insertion) -> Option<u64> {
        (insertion.0 >> WORKER_SHIFT == self.number).then_some(insertion.0 & ((1 << WORKER_SHIFT) - 1))
    }
}

/// What policy says about sessions.
pub(crate) fn limits(register: &Register, time: u64) -> Limits {
    let policy = register.policy_at(time.max(register.newest_made()));
    Limits { idle: u64::from(policy.idle_seconds) * 1000, session: u64::from(policy.session_seconds) * 1000 }
}
