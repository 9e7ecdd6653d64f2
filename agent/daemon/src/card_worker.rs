//! The card worker: the one process that speaks to cards. It knows no journal, no register and no network, and decides nothing.
//!
//! Per connection to the agent there are three threads: this one reads what the agent asks, the watcher tells what happens in the
//! readers, the desk has the cards. A removal is told by the watcher, so it never waits behind a card that is busy. A card that is put in
//! is opened beside them (`opening.rs`).

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_card::{PcscReaders, ReaderEvent, ReaderName, SharePolicy, identity_by_name};
use sekisho_ipc::{Connection, ConnectionError, Descriptors, Writer};

use crate::card_desk::{CardDesk, Job};
use crate::clock::{Clock, SystemClock};
use crate::config::{Card, Config, Sharing};
use crate::ending;
use crate::opening::Openings;
use crate::pad_entry::{self, PadEntry};
use crate::pin_intake::{Intake, take_in};
use crate::service_manager::{Heart, ServiceManager};
use crate::watchdog::Watchdog;
use crate::worker_link::{CallAnswer, Failure, FromWorker, Lost, OnReader, ToWorker, WORKER_MESSAGE_MAX};

/// Pause before the agent is called again: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A connection that ends sooner was not wanted.
const AT_ONCE_MS: u64 = 1000;
/// So many looks may take one look at the readers that does not come back. While it lasts, nobody sees a card being pulled.
const LOOKS: u32 = 2;
/// How often a card is looked at that another program holds: nobody tells when it lets go.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long the agent may take to read a message.
const WRITE: Duration = Duration::from_secs(5);

/// Works until the process ends.
///
/// # Errors
/// When no watchdog can be started.
pub fn run(config: &Config) -> io::Result<std::convert::Infallible> {
    let deadline = config.card.deadline();
    let watchdogs = Watchdogs {
        desk: watchdog("a card call", deadline)?,
        watcher: watchdog("a look at the readers", config.card.watch() * LOOKS)?,
    };
    let (manager, heart) = (ServiceManager::of_this_process(), Heart::of_this_process());
    manager.is_ready("waiting for the agent");
    let (mut pause, mut unreached) = (RETRY_FIRST, false);
    loop {
        match UnixStream::connect(config.worker_socket()) {
            Ok(stream) => {
                log::info!("waiting upon the agent at {}", config.worker_socket().display());
                manager.does("waiting upon the agent");
                let begun = SystemClock.boottime();
                let end = serve(stream, &config.card, &watchdogs, &heart);
                manager.does("waiting for the agent");
                // An agent that has another card worker hangs up at once.
                let waited_upon = SystemClock.boottime().saturating_sub(begun) >= AT_ONCE_MS;
                match end {
                    Ok(()) | Err(ConnectionError::Closed) if waited_upon => log::warn!("the agent went away"),
                    Ok(()) | Err(ConnectionError::Closed) => {
                        log::warn!("the agent hung up: it ends, or another card worker waits upon it");
                    }
                    Err(error) => log::warn!("the agent was lost: {error}"),
                }
                unreached = false;
                if waited_upon {
                    pause = RETRY_FIRST;
                }
            }
            // Said once, not every few seconds.
            Err(error) if !unreached => {
                unreached = true;
                log::warn!(
                    "cannot reach the agent at {}: {error}; it is tried again",
                    config.worker_socket().display()
                );
            }
            Err(_) => {}
        }
        heart.beat(0);
        std::thread::sleep(pause);
        pause = (pause * 2).min(RETRY_MAX);
    }
}

/// One for each thread that speaks to pcscd: a frozen service lets neither come back.
struct Watchdogs {
    desk: Watchdog,
    watcher: Watchdog,
}

fn watchdog(what: &'static str, deadline: Duration) -> io::Result<Watchdog> {
    Watchdog::start(deadline, move || {
        log::error!("{what} has not come back for {} s: the card worker ends itself", deadline.as_secs());
        ending::at_once();
    })
}

const fn policy(sharing: Sharing) -> SharePolicy {
    match sharing {
        Sharing::Exclusive => SharePolicy::Exclusive,
        Sharing::ExclusiveThenShared => SharePolicy::ExclusiveThenShared,
        Sharing::Shared => SharePolicy::Shared,
    }
}

/// What the threads of one connection share.
pub(crate) struct Outbox {
    state: Mutex<OutboxState>,
}

struct OutboxState {
    writer: Writer,
    /// Insertions whose card is in its reader, by reader. A card may only be told while it stands here.
    present: HashMap<ReaderName, u64>,
    /// Whether a reader was asked for a PIN, and has not answered.
    reader_waits: bool,
    /// The agent is gone: no reader is asked any more.
    gone: bool,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, OutboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the agent. A message that cannot be told means that the connection is over, which the reading thread sees too.
    pub(crate) fn tell(&self, message: &FromWorker) {
        tell(&mut self.lock().writer, message);
    }

    /// Whether the card of an insertion is in its reader.
    pub(crate) fn is_in(&self, insertion: u64) -> bool {
        self.lock().present.values().any(|present| *present == insertion)
    }

    /// Tells of a card, unless it was pulled while it was being read: after "removed" nobody may hear "inserted".
    pub(crate) fn tell_of_card(&self, insertion: u64, message: &FromWorker) {
        let mut state = self.lock();
        if state.present.values().any(|present| *present == insertion) {
            tell(&mut state.writer, message);
        }
    }

    fn inserted(&self, reader: &ReaderName, insertion: u64) {
        let mut state = self.lock();
        if let Some(before) = state.present.insert(reader.clone(), insertion) {
            tell(&mut state.writer, &FromWorker::CardRemoved { insertion: before });
        }
    }

    fn removed(&self, reader: &ReaderName) -> Option<u64> {
        let mut state = self.lock();
        let insertion = state.present.remove(reader)?;
        tell(&mut state.writer, &FromWorker::CardRemoved { insertion });
        Some(insertion)
    }

    /// A reader went away, and whatever was in it: one message, so that nobody takes it for a card that was pulled.
    fn reader_removed(&self, reader: &ReaderName) -> Option<u64> {
        let mut state = self.lock();
        let insertion = state.present.remove(reader);
        tell(&mut state.writer, &FromWorker::ReaderRemoved { reader: by_name(reader), insertion });
        insertion
    }

    /// A card that the desk lost before the watcher saw it go. Its reader, and the number of what may be in there now.
    pub(crate) fn lost(&self, insertion: u64, lost: Lost) -> Option<(ReaderName, u64)> {
        let mut state = self.lock();
        let reader = state.present.iter().find(|(_, present)| **present == insertion)?.0.clone();
        let next = next_insertion();
        tell(&mut state.writer, &FromWorker::CardLost { insertion, next, lost });
        state.present.insert(reader.clone(), next);
        Some((reader, next))
    }

    /// Lets a reader wait for a PIN, unless nobody would hear of it.
    pub(crate) fn while_reader_waits<R>(&self, ask: impl FnOnce() -> R) -> Option<R> {
        {
            let mut state = self.lock();
            if state.gone {
                return None;
            }
            state.reader_waits = true;
        }
        let done = ask();
        self.lock().reader_waits = false;
        Some(done)
    }

    /// What is in which reader, by insertion.
    pub(crate) fn present(&self) -> Vec<(ReaderName, u64)> {
        self.lock().present.iter().map(|(reader, insertion)| (reader.clone(), *insertion)).collect()
    }

    fn all_removed(&self) {
        let mut state = self.lock();
        state.present.clear();
        tell(&mut state.writer, &FromWorker::ServiceLost);
    }
}

fn tell(writer: &mut Writer, message: &FromWorker) {
    if let Err(error) = writer.write_message(message) {
        log::debug!("cannot tell the agent: {error}");
    }
}

/// Waits upon the agent over one connection.
fn serve(stream: UnixStream, card: &Card, watchdogs: &Watchdogs, heart: &Heart<1>) -> Result<(), ConnectionError> {
    let mut connection = Connection::new(stream, Descriptors::Accepted)?;
    let writer = connection.writer(Some(WRITE))?;
    let state = OutboxState { writer, present: HashMap::new(), reader_waits: false, gone: false };
    let outbox = Arc::new(Outbox { state: Mutex::new(state) });
    let over = Arc::new(AtomicBool::new(false));
    let (jobs, desk_jobs) = channel();
    let (openings, look) = (Openings::new(policy(card.sharing), card.deadline(), jobs.clone()), card.watch());
    let readers = PcscReaders::new();
    let waker = readers.waker();
    std::thread::scope(|scope| {
        let desk_outbox = Arc::clone(&outbox);
        scope.spawn(move || desk_loop(CardDesk::new(openings), &desk_jobs, &desk_outbox, &watchdogs.desk));
        let (watch_jobs, watch_over, watch_outbox) = (jobs.clone(), Arc::clone(&over), Arc::clone(&outbox));
        scope.spawn(move || watch(readers, look, &watch_over, &watch_outbox, &watch_jobs, &watchdogs.watcher, heart));
        let outcome = Asked::new(jobs.clone(), Arc::clone(&outbox)).listen(&mut connection);
        over.store(true, Ordering::Release);
        waker.wake();
        let mut state = outbox.lock();
        state.gone = true;
        if state.reader_waits {
            // Nobody can stop it, and the desk waits for it. Another worker sees the other readers meanwhile, and this one when it is done.
            log::warn!("the agent is gone while a reader waits for a PIN: the card worker begins anew");
            ending::at_once();
        }
        drop(state);
        let _ = jobs.send(Job::End);
        outcome
    })
}

fn desk_loop(mut desk: CardDesk, jobs: &Receiver<Job>, outbox: &Outbox, watchdog: &Watchdog) {
    loop {
        let job = if desk.waits_for_others() {
            jobs.recv_timeout(LOOK_AGAIN)
        } else {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match job {
            Ok(Job::End) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(job) => watchdog.during_and(job.patience(), || desk.work(job, outbox)),
            Err(RecvTimeoutError::Timeout) => desk.look_again(),
        }
    }
    watchdog.during(|| desk.work(Job::End, outbox));
}

/// Insertions of this process.
static INSERTIONS: AtomicU64 = AtomicU64::new(1);

fn next_insertion() -> u64 {
    INSERTIONS.fetch_add(1, Ordering::Relaxed)
}

fn watch(
    mut readers: PcscReaders,
    look: Duration,
    over: &AtomicBool,
    outbox: &Outbox,
    jobs: &Sender<Job>,
    watchdog: &Watchdog,
    heart: &Heart<1>,
) {
    while !over.load(Ordering::Acquire) {
        heart.beat(0);
        let Some(event) = watchdog.during(|| readers.wait(look)) else {
            outbox.tell(&FromWorker::Alive);
            continue;
        };
        match event {
            ReaderEvent::ServiceLost => {
                outbox.all_removed();
                let _ = jobs.send(Job::ForgetAll);
            }
            ReaderEvent::ServiceBack => outbox.tell(&FromWorker::ServiceBack),
            ReaderEvent::ReaderAdded { reader } => outbox.tell(&FromWorker::ReaderAdded { reader: by_name(&reader) }),
            ReaderEvent::ReaderRemoved { reader } => {
                if let Some(insertion) = outbox.reader_removed(&reader) {
                    let _ = jobs.send(Job::Forget { insertion });
                }
            }
            ReaderEvent::CardInserted { reader, .. } => {
                let insertion = next_insertion();
                outbox.inserted(&reader, insertion);
                let _ = jobs.send(Job::Open { reader, insertion });
            }
            ReaderEvent::CardRemoved { reader } => {
                if let Some(insertion) = outbox.removed(&reader) {
                    let _ = jobs.send(Job::Forget { insertion });
                }
            }
            ReaderEvent::CardMute { reader } => {
                let insertion = next_insertion();
                outbox.inserted(&reader, insertion);
                outbox.tell_of_card(
                    insertion,
                    &FromWorker::CardUnreadable { insertion, problem: crate::card_desk::mute() },
                );
            }
        }
    }
}

/// The identity of a reader in which no card was: all that can be told without connecting.
fn by_name(reader: &ReaderName) -> String {
    identity_by_name(&reader.to_string()).to_string()
}

/// What the agent asks.
struct Asked {
    jobs: Sender<Job>,
    outbox: Arc<Outbox>,
    /// Prompts that are open, and PINs that wait for their digest.
    intakes: HashMap<u64, Arc<Intake>>,
    /// PINs that are being typed on readers.
    entries: HashMap<u64, Arc<PadEntry>>,
    /// Descriptors that no prompt has taken yet. The kernel may hand one out together with the message before its own.
    descriptors: VecDeque<OwnedFd>,
}

impl Asked {
    fn new(jobs: Sender<Job>, outbox: Arc<Outbox>) -> Self {
        Self { jobs, outbox, intakes: HashMap::new(), entries: HashMap::new(), descriptors: VecDeque::new() }
    }

    fn listen(mut self, connection: &mut Connection) -> Result<(), ConnectionError> {
        let outcome = loop {
            match connection.read_message_with_fd::<ToWorker>(WORKER_MESSAGE_MAX) {
                Ok((message, descriptor)) => {
                    self.descriptors.extend(descriptor);
                    self.take(message);
                }
                Err(ConnectionError::Closed) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.intakes.values().for_each(|intake| intake.cancel());
        self.entries.values().for_each(|entry| entry.end());
        outcome
    }

    fn take(&mut self, message: ToWorker) {
        self.intakes.retain(|_, intake| !intake.is_over());
        self.entries.retain(|_, entry| !entry.is_over());
        match message {
            ToWorker::Prompt { call, frames, seconds } => {
                let Some(descriptor) = self.descriptors.pop_front() else { return self.fail(call, Failure::NoPin) };
                let intake = Arc::new(Intake::default());
                self.intakes.insert(call, Arc::clone(&intake));
                let (outbox, wait) = (Arc::clone(&self.outbox), Duration::from_secs(seconds));
                let spawned = std::thread::Builder::new().name("pin".into()).spawn(move || {
                    let came = take_in(&intake, &descriptor, frames, wait);
                    let typed = CallAnswer::PinTyped;
                    let answer = if came { typed } else { CallAnswer::Failed { failure: Failure::NoPin } };
                    outbox.tell(&FromWorker::Answer { call, answer });
                });
                if spawned.is_err() {
                    self.fail(call, Failure::NoPin);
                }
            }
            ToWorker::PromptOnReader { call, insertion, what, seconds } => {
                self.on_reader(call, insertion, what, Duration::from_secs(seconds));
            }
            ToWorker::SignWithPin { call, digest, .. } if self.entries.contains_key(&call) => {
                // The desk waits for it, with the card that has taken the PIN.
                if let (Some(entry), Some(digest)) = (self.entries.get(&call), unhex(&digest)) {
                    entry.decide(digest);
                }
            }
            ToWorker::SignWithPin { call, insertion, digest, key } => match (self.intake(call), unhex(&digest)) {
                (Some(intake), Some(digest)) => self.job(Job::Sign { call, insertion, intake, digest, key }),
                (Some(_) | None, _) => self.fail(call, Failure::NoPin),
            },
            ToWorker::ChangePin { call, insertion } => match self.intake(call) {
                Some(intake) => self.job(Job::ChangePin { call, insertion, intake }),
                None => self.fail(call, Failure::NoPin),
            },
            ToWorker::ProvePresence { call, insertion, digest } => match unhex(&digest) {
                Some(digest) => self.job(Job::Prove { call, insertion, digest }),
                None => self.fail(call, Failure::CardGone),
            },
            ToWorker::Forget { call } => {
                if let Some(intake) = self.intakes.remove(&call) {
                    intake.cancel();
                }
                if let Some(entry) = self.entries.remove(&call) {
                    entry.end();
                }
            }
            ToWorker::LetGo { call } => self.job(Job::LetGo { call }),
            ToWorker::TakeUp => self.job(Job::TakeUp),
            ToWorker::ReadGrant { insertion } => self.job(Job::ReadGrant { insertion }),
            ToWorker::LogOut { insertion } => self.job(Job::LogOut { insertion }),
        }
    }

    fn on_reader(&mut self, call: u64, insertion: u64, what: OnReader, patience: Duration) {
        let Some(descriptor) = self.descriptors.pop_front() else { return self.fail(call, Failure::NoPin) };
        let entry = Arc::new(PadEntry::default());
        let watched = Arc::clone(&entry);
        let watch = move || pad_entry::watch(&watched, &descriptor);
        if std::thread::Builder::new().name("pad".into()).spawn(watch).is_err() {
            return self.fail(call, Failure::NoPin);
        }
        self.entries.insert(call, Arc::clone(&entry));
        self.job(Job::OnReader { call, insertion, what, entry, patience });
    }

    fn job(&self, job: Job) {
        let _ = self.jobs.send(job);
    }

    fn fail(&self, call: u64, failure: Failure) {
        self.outbox.tell(&FromWorker::Answer { call, answer: CallAnswer::Failed { failure } });
    }

    /// The PIN stays here until the desk comes to the job: forgotten before that, it never goes to a card.
    fn intake(&self, call: u64) -> Option<Arc<Intake>> {
        self.intakes.get(&call).cloned()
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    text.parse::<sekisho_wire::id::Hash>().ok().map(|hash| hash.0)
}
