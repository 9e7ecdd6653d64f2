//! The ledger as one thing: opened from its directory, asked by the server's routes, kept signed by its sequencer.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body};

use crate::authority::Authority;
use crate::checkpoint::signed_offices;
use crate::clock::{Clock, Millis, since_boot};
use crate::code::LedgerFacts;
use crate::cold::{self, ColdStore, Cooling};
use crate::complaints::Complaints;
use crate::config::Config;
use crate::console::Console;
use crate::data::{DataDir, Lock, make_private};
use crate::destroy::Destructions;
use crate::error::LedgerError;
use crate::go_on::Told;
use crate::heard::Heard;
use crate::index::Index;
use crate::keys::{EnvelopeKey, Keys, finish_writing_payload_keys};
use crate::line::Lane;
use crate::locks::lock;
use crate::metrics::{Answers, Doorkeeper};
use crate::missing::Declared;
use crate::office::Office;
use crate::patience::Patience;
use crate::presence::Presence;
use crate::refill::Refills;
use crate::refusal::Refusal;
use crate::signed_log::{Log, Published, Surroundings};
use crate::store::{LogName, Store, StoreError};
use crate::vault::Vault;
use crate::visitors::Visitors;
use crate::witnesses::Witnesses;
use crate::world::{Offices, Places};
use crate::writer::Writer;

/// A running ledger.
pub struct Ledger {
    /// What `ledger.toml` says.
    pub config: Config,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The TLS authority.
    pub authority: Authority,
    pub(crate) envelope: EnvelopeKey,
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Arc<dyn Store>,
    /// The same store, where segments of it go cold.
    pub(crate) cold: Option<Arc<ColdStore>>,
    pub(crate) offices: Arc<Offices>,
    /// What writes.
    pub writer: Writer,
    writing: JoinHandle<()>,
    pub(crate) places: Places,
    pub(crate) visitors: Visitors,
    /// Who is in the web console.
    pub(crate) console: Console,
    /// The search index.
    pub index: Index,
    /// Alarms raised since the start, so that a terminal that tries again and again fills no log.
    alarmed: Mutex<HashSet<(OfficeId, String)>>,
    /// Refused codes and acts written down lately: an office's log cannot be flooded by strangers.
    pub(crate) strangers: Strangers,
    /// What terminals let hear since the start.
    pub(crate) heard: Heard,
    /// What they declared lost.
    pub(crate) declared: Declared,
    /// What they brought again for logs that are behind what was signed.
    pub(crate) refills: Refills,
    /// Who works where.
    pub(crate) presence: Presence,
    /// Since when the disk has too little room.
    pub(crate) disk_low: Mutex<Option<Millis>>,
    /// What routes answered since the start.
    pub(crate) answers: Answers,
    /// Who was let in to no route, and what was alarmed about.
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    /// Who was sent away lately.
    patience: Patience,
    /// What is being destroyed.
    pub(crate) destructions: Destructions,
    /// What goes cold.
    pub(crate) cooling: Cooling,
    /// Who cosigns what is published.
    pub witnesses: Witnesses,
    /// Held while an office is brought up.
    pub(crate) founding: Mutex<()>,
    stopping: AtomicBool,
    _lock: Option<Lock>,
}

/// Counts what strangers cause to be written: wrong codes and refused acts, at most ten a minute in each office.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<HashMap<OfficeId, Vec<Millis>>>);

impl Strangers {
    /// Whether one more may be written down now; counts it if so. Only for offices that exist, so that the table stays small.
    pub(crate) fn may_note(&self, office: OfficeId, now: Millis) -> bool {
        let mut offices = lock(&self.0);
        let noted = offices.entry(office).or_default();
        // Times ahead of now are from before the clock was set back.
        noted.retain(|at| *at <= now && at.saturating_add(STRANGERS_WINDOW) > now);
        let may = noted.len() < STRANGERS_MAX;
        if may {
            noted.push(now);
        }
        may
    }
}

/// How many milliseconds a commit or a checkpoint may take before the ledger counts as one that cannot write.
pub const LATE: Millis = 5000;

/// Why nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotWrite {
    /// The writer's thread has ended.
    WriterGone,
    /// The store cannot even be read.
    CannotRead,
    /// The store failed the last time.
    LastCommitFailed,
    /// The store has not come back for [`LATE`].
    CommitHangs,
    /// What was written has waited for its checkpoint for [`LATE`].
    NoCheckpoint,
}

impl std::fmt::Display for CannotWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WriterGone => "the writer has ended",
            Self::CannotRead => "the database cannot be read",
            Self::LastCommitFailed => "the last commit failed",
            Self::CommitHangs => "a commit does not come back",
            Self::NoCheckpoint => "what was written gets no checkpoint",
        })
    }
}

/// The threads that work beside the requests.
#[derive(Debug)]
pub struct Threads {
    sequencer: JoinHandle<()>,
    follower: JoinHandle<()>,
    witnesses: Vec<JoinHandle<()>>,
}

impl Ledger {
    /// Opens the ledger of a data directory for this process alone.
    ///
    /// # Errors
    /// When a file is missing or damaged, another process has it, or a register does not fold.
    pub fn open(data: &DataDir, clock: Arc<dyn Clock>) -> Result<Arc<Self>, LedgerError> {
        data.check_private()?;
        let lock = data.lock()?;
        let store = Config::read(&data.config())?.book(data)?.open_alone()?;
        Self::open_with(data, clock, store, Some(lock))
    }

    /// The same over any store, for tests that let it fail.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_with(
        data: &DataDir,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        lock: Option<Lock>,
    ) -> Result<Arc<Self>, LedgerError> {
        let config = Config::read(&data.config())?;
        let Keys { wrapping, envelope } = Keys::read(data)?;
        finish_writing_payload_keys(data)?;
        let vault = Arc::new(Vault::open(wrapping, &*store)?);
        let cold = cold::over(Arc::clone(&store), &config, data, Arc::clone(&vault))?;
        let store: Arc<dyn Store> = match &cold {
            Some(cold) => Arc::clone(cold) as _,
            None => store,
        };
        let places = Places {
            checkpoints: data.checkpoints(),
            memory: data.memory().clone(),
            index: data.index(),
            witnesses: data.witnesses(),
            media: data.media(),
            watched: data.watched(),
        };
        // What it says is of an earlier run.
        drop(std::fs::remove_file(&places.witnesses));
        let witnesses = Witnesses::new(&config.witnesses)?;
        let offices = Arc::new(Offices::default());
        let stored_offices = store.offices()?;
        for office in signed_offices(&places.checkpoints)? {
            if stored_offices.iter().all(|stored| stored.id != office) {
                return Err(LedgerError::OfficeGone { office, path: places.checkpoints.join(office.to_string()) });
            }
        }
        make_private(&places.index).map_err(LedgerError::file("make", &places.index))?;
        for stored in stored_offices {
            let (checkpoints, memory) = (&*places.checkpoints, &places.memory);
            let (hear, hear_witnesses) = (config.hear, config.witnesses_to_hear());
            // Witnesses know more than terminals: where they are heard, terminals are as well only where somebody says so.
            let hear = hear.or((hear_witnesses > 0).then_some(0));
            let around = Surroundings { checkpoints, memory, vault: &vault, hear, hear_witnesses, now: clock.now() };
            let office = Office::open(&*store, &stored, around)?;
            // Terminals seal for the key that their office was founded with: under another one nothing that they send would open.
            if !office.was_founded_with(&envelope) {
                return Err(LedgerError::OtherEnvelopeKey { office: office.id, path: data.envelope_key() });
            }
            offices.add(Arc::new(office));
        }
        places.memory.forget_if_old();
        let started = Writer::start(Arc::clone(&store), Arc::clone(&offices), Arc::clone(&vault), config.waiting_max);
        // The writer ends by itself when the ledger is dropped: the last sender goes then.
        let (writer, writing) = started.map_err(LedgerError::file("start the writer for", data.database()))?;
        let ledger = Self {
            authority: Authority::read(data)?,
            index: Index::open(&places.index)?,
            visitors: Visitors::default(),
            console: Console::default(),
            alarmed: Mutex::default(),
            strangers: Strangers::default(),
            heard: Heard::remembered_in(data.gaps()),
            declared: Declared::default(),
            refills: Refills::default(),
            presence: Presence::default(),
            disk_low: Mutex::default(),
            answers: Answers::default(),
            doorkeeper: Arc::default(),
            patience: Patience::default(),
            destructions: Destructions::default(),
            cooling: Cooling::default(),
            witnesses,
            founding: Mutex::default(),
            stopping: AtomicBool::new(false),
            config,
            clock,
            envelope,
            vault,
            store,
            cold,
            offices,
            writer,
            writing,
            places,
            _lock: lock,
        };
        for office in ledger.offices() {
            // Before anybody can ask: a copy from before an act brings back what the act destroyed.
            ledger.destroy_keys(&office)?;
            ledger.erase_names(&office)?;
            // A book with damage in it is served as far as it can be; the follower says again why the index falls behind.
            if let Err(error) = ledger.hold_index_against_log(&office) {
                log::error!("the search index of office {} is made again: {error}", office.id);
                ledger.index.forget(&office.id)?;
            }
        }
        ledger.remember_that_it_runs();
        Ok(Arc::new(ledger))
    }

    /// Starts the sequencer, the index's follower, and who asks the witnesses.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(self: &Arc<Self>) -> std::io::Result<Threads> {
        let (sequencing, following) = (Arc::clone(self), Arc::clone(self));
        let spawn =
            |name: &str, work: Box<dyn FnOnce() + Send>| std::thread::Builder::new().name(name.into()).spawn(work);
        let sequencer = spawn("sequencer", Box::new(move || sequencing.sequence()))?;
        let follower = spawn("follower", Box::new(move || following.follow()))?;
        Ok(Threads { sequencer, follower, witnesses: self.ask_witnesses()? })
    }

    /// Whether what comes can be written and gets its checkpoint.
    ///
    /// # Errors
    /// Why not, as far as what came last showed.
    pub fn can_write(&self, of: Option<&OfficeId>) -> Result<(), CannotWrite> {
        if self.writing.is_finished() {
            return Err(CannotWrite::WriterGone);
        }
        // First: who asks a store that does not come back waits for it.
        if self.writer.busy_for() > LATE {
            return Err(CannotWrite::CommitHangs);
        }
        // Where the database is gone, whatever comes is refused before it reaches the writer, who would never notice.
        if self.store.offices().is_err() {
            return Err(CannotWrite::CannotRead);
        }
        if self.writer.is_failing() {
            return Err(CannotWrite::LastCommitFailed);
        }
        // A log that has stopped is another matter.
        let late = |log: &Log| log.halted().is_none() && log.is_late();
        let unsealed = |office: &&Arc<Office>| LogName::ALL.into_iter().any(|name| late(office.log(name)));
        let asked = |office: &&Arc<Office>| of.is_none_or(|of| office.id == *of);
        if self.offices().iter().filter(asked).any(|office| unsealed(&office)) {
            Err(CannotWrite::NoCheckpoint)
        } else {
            Ok(())
        }
    }

    /// Sends somebody away while so many wait for their turn: after how many seconds he may come again.
    pub(crate) fn send_away(&self, office: Option<OfficeId>, is_its_own: bool, outside: usize) -> u64 {
        let waiting = self.writer.ahead(office).saturating_add(outside);
        let counts_for = office.filter(|_| is_its_own);
        self.patience.send_away((office, counts_for), since_boot(), waiting, self.writer.commit_time())
    }

    /// Tells the threads to end. What is committed gets its checkpoint first.
    pub fn stop(&self, threads: Threads) {
        self.stopping.store(true, Ordering::Release);
        threads.witnesses.iter().for_each(|thread| thread.thread().unpark());
        for thread in [threads.sequencer, threads.follower].into_iter().chain(threads.witnesses) {
            thread.thread().unpark();
            if thread.join().is_err() {
                log::error!("a thread of the ledger had panicked");
            }
        }
        self.publish_all(&mut Complaints::default());
    }

    /// The office, if it is one of ours.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn office(&self, id: &OfficeId) -> Result<Arc<Office>, Refusal> {
        self.offices.find(id).ok_or(Refusal::NotFound("office"))
    }

    /// Every office.
    #[must_use]
    pub fn offices(&self) -> Vec<Arc<Office>> {
        self.offices.all()
    }

    /// What codes hold of this ledger.
    #[must_use]
    pub fn facts(&self) -> LedgerFacts {
        LedgerFacts {
            url: self.config.url(),
            name: self.config.name.clone(),
            authority: self.authority.certificate().to_vec(),
            envelope: self.envelope.public().to_vec(),
        }
    }

    /// Writes down that an operator let a stopped log go on. When the records log itself stands still, only the note beside its checkpoint
    /// file tells.
    pub fn note_resumed(&self, office: &OfficeId, log: LogName) {
        log::warn!("log {log} of office {office} goes on: an operator said so");
        self.note_goes_on(office);
    }

    /// Writes down that a stopped log goes on.
    pub(crate) fn note_goes_on(&self, office: &OfficeId) {
        let alarm = of_kind(AlarmKind::LogResumed, None);
        if !self.alarm(office, alarm.clone()) {
            // Nothing may be written yet: it enters the log when it may.
            self.owe(office, Body::Alarm(alarm), self.clock.now());
        }
    }

    /// A terminal, or a person's program, knows more entries of a log than there are, and shows no signature of ours: refused by whoever
    /// calls this, and alarmed once. It may be a liar, or database and checkpoint files were both put back.
    pub fn note_outrun(&self, office: &OfficeId, terminal: Option<&Code>, log: LogName, seen: u64) {
        let asker = terminal.map_or_else(|| "a person".to_owned(), |code| format!("terminal {code}"));
        let why = format!("{asker} of office {office} knows {seen} entries of the log {log}, which has fewer");
        let alarm = of_kind(AlarmKind::SeenUnproved, terminal.cloned());
        self.alarm_once(office, format!("outrun {log} {asker}"), alarm, &why);
    }

    /// Writes an alarm of the ledger's own; says whether it is durable.
    pub(crate) fn alarm(&self, office: &OfficeId, alarm: Alarm) -> bool {
        let (office, now, kind) = (*office, self.clock.now(), alarm.kind);
        let body = Body::Alarm(alarm);
        let written =
            self.writer.run(Lane::Pressing(office), None, move |stage| stage.emit(&office, body.clone(), now));
        let durable = matches!(written, Ok(Ok(())));
        if durable {
            self.doorkeeper.alarmed(kind);
        } else {
            log::error!("an alarm of office {office} could not be written");
        }
        durable
    }

    /// Writes an alarm that is raised once since the start for what it is about. One that could not be written is raised again the next time:
    /// whether it stands is answered.
    pub(crate) fn alarm_once(&self, office: &OfficeId, about: String, alarm: Alarm, why: &str) -> bool {
        let about = (*office, about);
        let alarmed = || lock(&self.alarmed);
        if !alarmed().insert(about.clone()) {
            return true;
        }
        log::warn!("{why}");
        let stands = self.alarm(office, alarm);
        if !stands {
            alarmed().remove(&about);
        }
        stands
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// A ledger that still hears whether it is the newest leaves nothing behind that would spare the next start the hearing.
    pub(crate) fn remember_that_it_runs(&self) {
        if self.offices().iter().all(|office| !office.hears()) {
            self.places.memory.beat();
        }
    }

    /// One look at every log per tick: what is committed and not yet signed is signed.
    fn sequence(&self) {
        let (mut complaints, mut told, mut beaten) = (Complaints::default(), Told::default(), None::<Millis>);
        while !self.is_stopping() {
            // Without its writer a ledger answers and takes nothing: better one that is started again (`main.rs`).
            assert!(!self.writing.is_finished(), "the writer has ended before the ledger");
            self.publish_all(&mut complaints);
            self.heed_operator(&mut told, &mut complaints);
            // Not by the wall's clock: one that is set back would stop this.
            let now = since_boot();
            if beaten.is_none_or(|beaten| now.saturating_sub(beaten) >= BEAT) {
                self.remember_that_it_runs();
                self.remember_gaps();
                if let Err(error @ StoreError::OtherWriter { .. }) = self.store.hold() {
                    // What it knows is old, and it would say that nothing is newer.
                    panic!("{error}: this ledger ends");
                }
                beaten = Some(now);
            }
            std::thread::park_timeout(Duration::from_millis(self.config.tick_ms));
        }
    }

    /// Writes down what terminals have shown to be missing since the last time; every few seconds, and when the ledger ends.
    pub fn remember_gaps(&self) {
        self.heard.keep();
    }

    /// Signs what a log has, once it was read back.
    ///
    /// # Errors
    /// When it does not read back, has stopped, or the disk fails.
    pub fn publish(&self, office: &Office, log: LogName) -> Result<Arc<Published>, Refusal> {
        let log = office.log(log);
        log.confirm(&*self.store, &self.vault, &office.id)?;
        Ok(log.publish()?)
    }

    fn publish_all(&self, complaints: &mut Complaints) {
        for office in self.offices.all() {
            let about = format!("what was read in office {} while its log stood still is not in the log", office.id);
            complaints.hear(about, self.write_what_is_owed(&office));
            for name in LogName::ALL {
                let log = office.log(name);
                let noted = log.write_owed_note();
                complaints
                    .hear(format!("that log {} has stopped is not on the disk: do not restart", log.origin()), noted);
                if log.halted().is_none() {
                    let published = self.publish(&office, name);
                    let published = published.map(|published| office.to_keep().signed(name, published.size));
                    complaints.hear(format!("no new checkpoint for {}", log.origin()), published);
                }
            }
        }
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({})", self.config.name)
    }
}

/// How often it is remembered that a ledger runs here.
const BEAT: Millis = 5_000;
const STRANGERS_WINDOW: Millis = 60_000;
const STRANGERS_MAX: usize = 10;

/// An alarm about nothing closer than perhaps a terminal.
pub(crate) const fn of_kind(kind: AlarmKind, terminal: Option<Code>) -> Alarm {
    Alarm { kind, terminal, epoch: None, seq: None, act: None }
}
