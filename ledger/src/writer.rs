//! The one writer: jobs wait in line, offices in turn; those that come together are committed together, and nobody is answered before the commit is durable.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sekisho_wire::id::OfficeId;

use crate::clock::{Millis, boot_time, since_boot};
use crate::error::LedgerError;
use crate::line::{Full, Lane, Line};
use crate::locks::lock;
use crate::metrics::Writing;
use crate::stage::{Heads, Stage, Wrote};
use crate::store::{Probe, Store, StoreError};
use crate::vault::Vault;
use crate::world::Offices;

/// A line to the writer.
#[derive(Clone)]
pub struct Writer {
    jobs: Arc<Entrance>,
    /// Whether the last group could not be written because the store failed. Only the writer's thread sets it.
    failing: Arc<AtomicBool>,
    /// When the group that is being written was begun, in milliseconds since the machine started; 0 when none is.
    begun: Arc<AtomicU64>,
    /// When it was last tried whether writing works again; held meanwhile.
    probed: Arc<Mutex<Millis>>,
    counts: Arc<Writing>,
}

/// What two jobs of one group must not both touch: the second waits for the next. Nothing for jobs that get along with every other.
pub type Exclusive = Option<u64>;

struct Job {
    exclusive: Exclusive,
    plan: Box<dyn FnMut(&mut Stage<'_>) -> Answer + Send>,
}

/// Tells the waiting caller how the commit went.
type Answer = Box<dyn FnOnce(Result<(), Arc<StoreError>>) + Send>;

/// Why a job was not done. Nothing can be said about whether its change landed, except for [`NotWritten::Busy`].
#[derive(Clone, Debug)]
pub enum NotWritten {
    /// Too many of this office wait; nothing was tried.
    Busy,
    /// The store failed.
    Store(Arc<StoreError>),
    /// The writer gave the job up: the store cannot be read, or a defect of ours.
    Gone,
}

impl Writer {
    /// Starts the writer's thread. It ends when the last [`Writer`] is dropped and all that waited is done.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        store: Arc<dyn Store>,
        offices: Arc<Offices>,
        vault: Arc<Vault>,
        waiting_max: usize,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let waiting = Arc::new(Waiting::new(waiting_max));
        let (failing, begun, counts) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::default());
        let writing = Loop {
            store,
            offices,
            vault,
            heads: Heads::default(),
            trust: Trust::Memory,
            failing: Arc::clone(&failing),
            begun: Arc::clone(&begun),
            counts: Arc::clone(&counts),
        };
        let jobs = Arc::new(Entrance(Arc::clone(&waiting)));
        let work = move || writing.run(&Exit(waiting));
        let thread = std::thread::Builder::new().name("writer".into()).spawn(work)?;
        Ok((Self { jobs, failing, begun, probed: Arc::default(), counts }, thread))
    }

    /// What it has done since the start.
    pub(crate) fn counts(&self) -> &Writing {
        &self.counts
    }

    /// For how long the group that is being written has been.
    #[must_use]
    pub fn busy_for(&self) -> Millis {
        match self.begun.load(Ordering::Acquire) {
            0 => 0,
            begun => since_boot().saturating_sub(begun),
        }
    }

    /// How many jobs wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.counts.waiting.load(Ordering::Relaxed)
    }

    /// How many jobs would be done before one more of this office.
    pub(crate) fn ahead(&self, office: Option<OfficeId>) -> usize {
        lock(&self.jobs.0.line).as_ref().map_or(0, |line| line.ahead(office))
    }

    /// How long a commit takes: the last one, or the one that is being written where that takes longer already.
    pub(crate) fn commit_time(&self) -> Duration {
        self.counts.last_commit().max(Duration::from_millis(self.busy_for()))
    }

    /// Whether the store failed the last time that something was to be written, and fails still: then something that means nothing is written,
    /// one at a time, at most once a second. Blocks.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        if self.failing.load(Ordering::Acquire)
            && let Ok(mut probed) = self.probed.try_lock()
            && since_boot().saturating_sub(*probed) >= PROBE_EVERY
        {
            *probed = since_boot();
            // What comes of it stands in `failing`.
            let _ = self.run(Lane::Nobodys, None, |stage| stage.change().probe = Some(Probe));
        }
        self.failing.load(Ordering::Acquire)
    }

    /// Plans a change on what is there by then, commits it with others, and returns when it is durable. Blocks.
    ///
    /// `plan` looks first and stages then: what it staged is committed even if it returns a refusal. It is called again when a commit that it
    /// shared with others was refused because of one of them.
    ///
    /// # Errors
    /// [`NotWritten`].
    pub fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        exclusive: Exclusive,
        mut plan: impl FnMut(&mut Stage<'_>) -> T + Send + 'static,
    ) -> Result<T, NotWritten> {
        let (sender, answer) = channel();
        let plan = Box::new(move |stage: &mut Stage<'_>| -> Answer {
            let outcome = plan(stage);
            let sender = sender.clone();
            Box::new(move |committed| {
                // Whoever asked may be gone: what was committed stays committed.
                drop(sender.send(committed.map(|()| outcome)));
            })
        });
        // Counted before it can be taken out of the line.
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.jobs.0.enter(lane, Job { exclusive, plan }).inspect_err(|_| {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
        })?;
        match answer.recv() {
            Ok(outcome) => outcome.map_err(NotWritten::Store),
            Err(_) => Err(NotWritten::Gone),
        }
    }
}

/// Where jobs wait.
struct Waiting {
    /// Nothing once one of the two sides has gone.
    line: Mutex<Option<Line<Job>>>,
    came: Condvar,
}

/// The side of those who bring jobs; with it goes the last of them.
struct Entrance(Arc<Waiting>);

/// The writer's side: what still waits when it goes is given up.
struct Exit(Arc<Waiting>);

impl Waiting {
    fn new(places: usize) -> Self {
        Self { line: Mutex::new(Some(Line::new(places))), came: Condvar::new() }
    }

    fn enter(&self, lane: Lane, job: Job) -> Result<(), NotWritten> {
        let mut line = lock(&self.line);
        line.as_mut().ok_or(NotWritten::Gone)?.enter(lane, job).map_err(|Full| NotWritten::Busy)?;
        drop(line);
        self.came.notify_one();
        Ok(())
    }

    /// Waits for a job, and takes with it all that may go with it and waits by then. Nothing once nobody can bring any more.
    fn group(&self) -> Option<Vec<Job>> {
        let mut line = lock(&self.line);
        loop {
            let group = gathered(line.as_mut()?);
            if !group.is_empty() {
                return Some(group);
            }
            line = self.came.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let left = lock(&self.line).take();
        drop(left);
        self.came.notify_one();
    }
}

impl Drop for Entrance {
    /// Whoever waits for an answer has a writer: nobody does.
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Exit {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Half of a group is for what presses, as far as that waits; of the rest the others come first.
fn gathered(line: &mut Line<Job>) -> Vec<Job> {
    let mut group: Vec<Job> = Vec::with_capacity(line.len().min(GROUP_MAX));
    while group.len() < GROUP_MAX {
        let may = |job: &Job| job.exclusive.is_none() || group.iter().all(|other| other.exclusive != job.exclusive);
        let next = if group.len() < GROUP_MAX / 2 { line.next(may) } else { line.next_in_turn(may) };
        let Some(next) = next else { break };
        group.push(next);
    }
    group
}

struct Loop {
    store: Arc<dyn Store>,
    offices: Arc<Offices>,
    vault: Arc<Vault>,
    heads: Heads,
    trust: Trust,
    failing: Arc<AtomicBool>,
    begun: Arc<AtomicU64>,
    counts: Arc<Writing>,
}

/// What the next plan may stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// What is in memory is what the store has.
    Memory,
    /// A commit failed and may have landed: only the store knows.
    StoreAlone,
}

/// Why a group was not committed.
enum Failed {
    /// The store refuses it, and nothing of it is there.
    Refused(Arc<StoreError>, Vec<Answer>),
    /// The store failed, and it may be there or not.
    Unknown(Arc<StoreError>, Vec<Answer>),
    /// The plan of the job at this place panicked.
    Panicked(usize),
    /// The store cannot even be read.
    Unread(LedgerError),
}

impl Loop {
    fn run(mut self, waiting: &Exit) {
        while let Some(group) = waiting.0.group() {
            self.counts.waiting.fetch_sub(group.len(), Ordering::Relaxed);
            self.begun.store(since_boot().max(1), Ordering::Release);
            self.commit(group);
            self.begun.store(0, Ordering::Release);
        }
    }

    /// Commits a group, or each of it alone when one spoils it for all: a batch that nobody can store must not keep others from theirs.
    fn commit(&mut self, mut group: Vec<Job>) {
        let (jobs, since) = (group.len(), boot_time());
        let attempted = self.attempt(&mut group);
        self.counts.tried(boot_time().saturating_sub(since));
        if let Err(Failed::Refused(..) | Failed::Unknown(..) | Failed::Unread(_)) = &attempted {
            self.counts.store_failed();
        }
        match &attempted {
            Ok((_, Wrote::Something)) => {
                self.counts.written(jobs);
                self.failing.store(false, Ordering::Release);
            }
            Err(Failed::Unknown(..) | Failed::Unread(_)) => self.failing.store(true, Ordering::Release),
            // Nothing was learnt of the disk.
            Ok((_, Wrote::Nothing)) | Err(Failed::Refused(..) | Failed::Panicked(_)) => {}
        }
        match attempted {
            Ok((answers, _)) => answers.into_iter().for_each(|answer| answer(Ok(()))),
            Err(Failed::Refused(error, _)) if group.len() > 1 => {
                log::warn!("{error}; each of {} changes is tried alone", group.len());
                group.into_iter().for_each(|job| self.commit(vec![job]));
            }
            Err(Failed::Refused(error, answers) | Failed::Unknown(error, answers)) => {
                log::error!("{error}");
                answers.into_iter().for_each(|answer| answer(Err(Arc::clone(&error))));
            }
            Err(Failed::Panicked(at)) => {
                log::error!("a change could not be planned and is given up");
                drop(group.remove(at));
                if !group.is_empty() {
                    self.commit(group);
                }
            }
            // Whoever waits is told that the writer is not there; the next group tries again.
            Err(Failed::Unread(error)) => log::error!("nothing can be written: {error}"),
        }
    }

    fn attempt(&mut self, group: &mut [Job]) -> Result<(Vec<Answer>, Wrote), Failed> {
        if self.trust == Trust::StoreAlone {
            self.catch_up().map_err(Failed::Unread)?;
            self.trust = Trust::Memory;
        }
        let mut stage = Stage::new(&*self.store, &self.offices, &self.vault, &mut self.heads);
        let mut answers = Vec::with_capacity(group.len());
        for (at, job) in group.iter_mut().enumerate() {
            // A plan that panics must not take the writer with it. It may have staged a part, so the others are planned again.
            match catch_unwind(AssertUnwindSafe(|| (job.plan)(&mut stage))) {
                Ok(answer) => answers.push(answer),
                Err(_) => {
                    drop(stage);
                    self.heads = Heads::default();
                    return Err(Failed::Panicked(at));
                }
            }
        }
        let error = match stage.commit() {
            Ok(wrote) => return Ok((answers, wrote)),
            Err(error) => error,
        };
        // The change may have landed, or somebody else's is there: nothing that was in memory is believed any more.
        self.heads = Heads::default();
        self.trust = Trust::StoreAlone;
        let refused = error.changed_nothing();
        let error = Arc::new(error);
        Err(if refused { Failed::Refused(error, answers) } else { Failed::Unknown(error, answers) })
    }

    /// Register, casebook, heads and keys as the store has them.
    fn catch_up(&mut self) -> Result<(), LedgerError> {
        self.heads = Heads::default();
        self.vault.catch_up(&*self.store)?;
        self.offices.all().iter().try_for_each(|office| office.catch_up(&*self.store, self.vault.master()))
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

/// Milliseconds between two tries whether writing works again: whoever asks in a loop must not keep the disk busy.
const PROBE_EVERY: Millis = 1000;

/// Jobs in one commit: a batch has at most 1,000 records, so one commit writes at most 32,000 rows.
pub(crate) const GROUP_MAX: usize = 32;
