//! The one writer: jobs wait in line, those that wait together are committed together, and nobody is answered before the commit is durable.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;

use crate::error::LedgerError;
use crate::stage::{Heads, Stage};
use crate::store::{Store, StoreError};
use crate::vault::Vault;
use crate::world::Offices;

/// A line to the writer.
#[derive(Clone)]
pub struct Writer {
    jobs: SyncSender<Job>,
}

/// What two jobs of one group must not both touch: a group ends before the second. Nothing for jobs that get along with every other.
pub type Exclusive = Option<u64>;

struct Job {
    exclusive: Exclusive,
    plan: Box<dyn FnOnce(&mut Stage<'_>) -> Answer + Send>,
}

/// Tells the waiting caller how the commit went.
type Answer = Box<dyn FnOnce(Result<(), Arc<StoreError>>) + Send>;

/// Why a job was not done. Nothing can be said about whether its change landed, except for [`NotWritten::Busy`].
#[derive(Clone, Debug)]
pub enum NotWritten {
    /// Too many wait; nothing was tried.
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
        let (jobs, waiting) = sync_channel(waiting_max);
        let work = move || {
            Loop { store, offices, vault, heads: Heads::default(), held: None, trust: Trust::Memory }.run(&waiting)
        };
        let thread = std::thread::Builder::new().name("writer".into()).spawn(work)?;
        Ok((Self { jobs }, thread))
    }

    /// Plans a change on what is there by then, commits it with others, and returns when it is durable. Blocks.
    ///
    /// `plan` looks first and stages then: what it staged is committed even if it returns a refusal.
    ///
    /// # Errors
    /// [`NotWritten`].
    pub fn run<T: Send + 'static>(
        &self,
        exclusive: Exclusive,
        plan: impl FnOnce(&mut Stage<'_>) -> T + Send + 'static,
    ) -> Result<T, NotWritten> {
        let (sender, answer) = channel();
        let plan = Box::new(move |stage: &mut Stage<'_>| -> Answer {
            let outcome = plan(stage);
            Box::new(move |committed| {
                // Whoever asked may be gone: what was committed stays committed.
                drop(sender.send(committed.map(|()| outcome)));
            })
        });
        self.jobs.try_send(Job { exclusive, plan }).map_err(|error| match error {
            TrySendError::Full(_) => NotWritten::Busy,
            TrySendError::Disconnected(_) => NotWritten::Gone,
        })?;
        match answer.recv() {
            Ok(outcome) => outcome.map_err(NotWritten::Store),
            Err(_) => Err(NotWritten::Gone),
        }
    }
}

struct Loop {
    store: Arc<dyn Store>,
    offices: Arc<Offices>,
    vault: Arc<Vault>,
    heads: Heads,
    /// The job that a group ended before.
    held: Option<Job>,
    trust: Trust,
}

/// What the next plan may stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// What is in memory is what the store has.
    Memory,
    /// A commit failed and may have landed: only the store knows.
    StoreAlone,
}

impl Loop {
    fn run(mut self, waiting: &Receiver<Job>) {
        while let Some(first) = self.held.take().or_else(|| waiting.recv().ok()) {
            let group = self.group(first, waiting);
            self.commit(group);
        }
    }

    /// All that waits by now, up to the first that must not go with the others.
    fn group(&mut self, first: Job, waiting: &Receiver<Job>) -> Vec<Job> {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            let Ok(next) = waiting.try_recv() else { break };
            if next.exclusive.is_some() && group.iter().any(|job| job.exclusive == next.exclusive) {
                self.held = Some(next);
                break;
            }
            group.push(next);
        }
        group
    }

    fn commit(&mut self, group: Vec<Job>) {
        if self.trust == Trust::StoreAlone {
            match self.catch_up() {
                Ok(()) => self.trust = Trust::Memory,
                // Whoever waits is told that the writer is not there; the next group tries again.
                Err(error) => return log::error!("nothing can be written: {error}"),
            }
        }
        let mut stage = Stage::new(&*self.store, &self.offices, &self.vault, &mut self.heads);
        let mut answers = Vec::with_capacity(group.len());
        for job in group {
            // A plan that panics must not take the writer with it. It may have staged a part, so the whole group is given up.
            match catch_unwind(AssertUnwindSafe(|| (job.plan)(&mut stage))) {
                Ok(answer) => answers.push(answer),
                Err(_) => {
                    log::error!("a change could not be planned; what waited with it is given up");
                    drop(stage);
                    self.heads = Heads::default();
                    return;
                }
            }
        }
        let outcome = stage.commit().map_err(Arc::new);
        if let Err(error) = &outcome {
            log::error!("{error}");
            // The change may have landed: nothing that was in memory is believed any more.
            self.heads = Heads::default();
            self.trust = Trust::StoreAlone;
        }
        answers.into_iter().for_each(|answer| answer(outcome.clone()));
    }

    /// Register, casebook, heads and keys as the store has them.
    fn catch_up(&mut self) -> Result<(), LedgerError> {
        self.heads = Heads::default();
        self.vault.catch_up(&*self.store)?;
        self.offices.all().iter().try_for_each(|office| office.catch_up(&*self.store))
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

/// Jobs in one commit: a batch has at most 1,000 records, so one commit writes at most 32,000 rows.
const GROUP_MAX: usize = 32;
