//! One log of an office at run time: its key, what the database holds of it, and what is signed.

use std::iter;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use sekisho_register::{LogKeys, Register, Succession};
use sekisho_tlog::{Checkpoint, Freshness, Frontier, Hash, ProveError, root_at};
use sekisho_wire::id::OfficeId;
use tokio::sync::watch;

use crate::checkpoint::{CheckpointFile, Halt, HaltNote, SwapError, check};
use crate::clock::{Millis, since_boot};
use crate::cosignatures::{Cosignatures, Witnessed};
use crate::error::LedgerError;
use crate::hearing::Remembered;
use crate::locks::lock;
use crate::log_keys::{Seeds, Signers};
use crate::memory::Memory;
use crate::store::{LogName, Store, StoreError, StoredTree};
use crate::vault::Vault;

mod confirming;
mod halting;

/// One log at run time.
#[derive(Debug)]
pub struct Log {
    name: LogName,
    /// Which of the logs it is that went on in each other's place, from 1 on, and what it began with.
    generation: u32,
    base: Option<Succession>,
    origin: String,
    signers: RwLock<Arc<Signers>>,
    /// Whether the newest checkpoint lacks the line of the key in force.
    renew: AtomicBool,
    file: CheckpointFile,
    memory: Memory,
    /// What the database holds. The writer sets it after each commit, the sequencer reads it.
    committed: Mutex<Committed>,
    /// What of it was read back, if anything was since the start.
    confirmed: Mutex<Option<Frontier>>,
    /// How far reading back has come; it counts once it comes to the root that is committed.
    reading: Mutex<Option<Frontier>>,
    /// What is signed. Held for a moment only, never while a disk works: requests look at it.
    signed: RwLock<Signed>,
    /// What writes that failed may have left in the file all the same: each of them, for a disk can fail twice. Whoever signs holds this
    /// lock from the look at the database to the answer.
    attempted: Mutex<Vec<String>>,
    /// That the log has stopped, while that could not be written down yet.
    owed: Mutex<Option<HaltNote>>,
    /// What was signed and the database does not have: the largest checkpoint of ours that somebody has shown. Held by whoever stops the log or
    /// lets it go on again.
    lacks: Mutex<Option<Arc<Published>>>,
    /// So many entries were there when the ledger started, or were filled in again: what was written behind them may stand at the place of what was
    /// signed.
    sure: AtomicU64,
    /// Whether something was, before the log stopped for being behind.
    grown: AtomicBool,
    /// From which entry on something was written after a start that had not heard everybody, when the log stopped.
    doubtful: Mutex<Option<u64>>,
    size: watch::Sender<u64>,
    cosignatures: Cosignatures,
}

#[derive(Debug)]
struct Committed {
    head: Frontier,
    /// Since when some of it waits for a checkpoint, in milliseconds since the machine started.
    unsealed: Option<Millis>,
}

/// Where a log's signature stands.
#[derive(Clone, Debug)]
enum Signed {
    /// Nothing is signed yet: the office was founded a moment ago.
    Nothing,
    /// This is.
    Checkpoint(Arc<Published>),
    /// Nothing will be signed any more.
    Halted(Halt),
}

/// How checkpoint file and database stand to each other.
enum Standing {
    /// They agree: this is signed.
    Agrees(Signed),
    /// They do not.
    Disagrees {
        /// How.
        halt: Halt,
        /// What stands in the file.
        file: String,
    },
}

/// A checkpoint that everybody may see.
#[derive(Debug)]
pub struct Published {
    /// The signed note.
    pub text: String,
    /// Entries under it.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// How a checkpoint disagrees with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is over more entries.
    Behind {
        /// Than are here.
        stored: u64,
    },
    /// It is over other entries.
    Another,
}

/// A log gives no checkpoint.
#[derive(Debug)]
pub enum Unpublished {
    /// It has stopped.
    Halted(LogName, Halt),
    /// The disk failed; the next tick tries again.
    Disk(LogName, std::io::Error),
    /// Nothing was read back yet; the next tick does.
    Unread(LogName),
}

/// What must be known besides the store to bring an office up.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Where checkpoint files stand.
    pub checkpoints: &'a Path,
    /// What this machine remembers of them.
    pub memory: &'a Memory,
    /// Unwraps the log keys, and opens payloads.
    pub vault: &'a Vault,
    /// How many terminals are heard after a start, where that is configured.
    pub hear: Option<usize>,
    /// How many witnesses are heard after a start.
    pub hear_witnesses: usize,
    /// What time it is.
    pub now: Millis,
}

impl Log {
    pub(crate) fn open(
        store: &dyn Store,
        office: &OfficeId,
        name: LogName,
        seeds: &Seeds,
        around: Surroundings<'_>,
        register: &Register,
    ) -> Result<Self, LedgerError> {
        let generation = register.generation(name.of_acts());
        let signers = Signers::of(seeds, register, name, generation)?;
        let file = CheckpointFile::at(around.checkpoints, &office.to_string(), name, generation);
        file.make_directory()?;
        let head = store.frontier(office, name)?;
        let signers = Arc::new(signers);
        let cosignatures = Cosignatures::open(file.path().with_extension("cosigned"), signers.keys());
        let log = Self {
            name,
            generation,
            base: register.successors(name.of_acts()).last().copied(),
            origin: signers.keys().origin().to_owned(),
            signers: RwLock::new(signers),
            renew: AtomicBool::new(false),
            file,
            memory: around.memory.clone(),
            sure: AtomicU64::new(head.size()),
            grown: AtomicBool::new(false),
            doubtful: Mutex::default(),
            committed: Mutex::new(Committed { head, unsealed: None }),
            confirmed: Mutex::default(),
            reading: Mutex::default(),
            signed: RwLock::new(Signed::Nothing),
            attempted: Mutex::default(),
            owed: Mutex::default(),
            lacks: Mutex::default(),
            size: watch::Sender::new(0),
            cosignatures,
        };
        let (standing, noted) = (log.standing(store, office)?, log.file.halted()?);
        if let Some(HaltNote { halt, evidence, grown, doubtful, .. }) = &noted {
            log.grown.store(*grown, Ordering::Release);
            *lock(&log.doubtful) = *doubtful;
            let mut lacks = lock(&log.lacks);
            log.learn(&mut lacks, *halt, evidence);
            log.stop(*halt);
        }
        match standing {
            Standing::Disagrees { halt, file } => log.halt(halt, &file),
            Standing::Agrees(signed) if noted.is_none() => log.go_on(signed),
            Standing::Agrees(_) => {}
        }
        log.recollect(store, office)?;
        log.hold_against_cosigned(store, office)?;
        // Anybody can have written that file: we sign again what the book confirms, and nothing of a log that has stopped.
        let fits = |published: &Published| {
            let misfit = log.misfit(store, office, published.size, published.root);
            log.halted().is_none() && matches!(misfit, Ok(None))
        };
        log.cosignatures.sign_by(log.signers(), fits);
        Ok(log)
    }

    /// Holds the log against what this machine remembers of it.
    fn recollect(&self, store: &dyn Store, office: &OfficeId) -> Result<(), LedgerError> {
        // What else is wrong with it says more.
        if self.halted().is_some() && !self.is_only_behind() {
            return Ok(());
        }
        let Some((text, signed)) = self.recalled() else { return Ok(()) };
        if signed.size <= self.file.given_up()? {
            return Ok(());
        }
        let misfit = match self.misfit(store, office, signed.size, signed.root) {
            Ok(misfit) => misfit,
            Err(ProveError::Request(_) | ProveError::Reader(StoreError::Damaged { .. })) => return Ok(()),
            Err(ProveError::Reader(error)) if error.is_of_cold_file() => {
                return self.cannot_be_held(&error, signed.size);
            }
            Err(ProveError::Reader(error)) => return Err(error.into()),
        };
        self.stop_for(misfit, signed.size, &text);
        Ok(())
    }

    /// What witnesses cosigned was signed by us: a database and a checkpoint file that were put back without it are behind it, too.
    fn hold_against_cosigned(&self, store: &dyn Store, office: &OfficeId) -> Result<(), LedgerError> {
        let Some(Witnessed { published, note }) = self.cosignatures.newest() else { return Ok(()) };
        let misfit = match self.misfit(store, office, published.size, published.root) {
            Ok(misfit) => misfit,
            Err(ProveError::Request(_) | ProveError::Reader(StoreError::Damaged { .. })) => Some(Misfit::Another),
            Err(ProveError::Reader(error)) if error.is_of_cold_file() => {
                return self.cannot_be_held(&error, published.size);
            }
            Err(ProveError::Reader(error)) => return Err(error.into()),
        };
        self.stop_for(misfit, published.size, &note);
        Ok(())
    }

    /// What was signed long ago cannot be held against the book while a cold file is not there. What is signed now can, and is: no office waits for the file.
    fn cannot_be_held(&self, error: &StoreError, size: u64) -> Result<(), LedgerError> {
        log::error!("{error}; so what was signed of {} at {size} entries is not compared with the book", self.origin);
        Ok(())
    }

    fn recalled(&self) -> Option<(String, Checkpoint)> {
        let text = self.memory.recall(self.file.name())?;
        let signed = self.signers().keys().open_earlier(&text).ok()?;
        Some((text, signed))
    }

    /// Whether this machine remembers what was signed last. What lies below a size that an operator gave up once was held against nothing
    /// ([`Self::recollect`]), and counts as nothing.
    pub(crate) fn remembered(&self) -> Remembered {
        let holds = || {
            let ((_, signed), given_up) = (self.recalled()?, self.file.given_up().ok()?);
            Some(given_up == 0 || signed.size > given_up)
        };
        if self.memory.is_recent() && holds() == Some(true) { Remembered::All } else { Remembered::NotAll }
    }

    /// How a checkpoint of ours disagrees with what the database has, if it does.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn misfit(
        &self,
        store: &dyn Store,
        office: &OfficeId,
        size: u64,
        root: Hash,
    ) -> Result<Option<Misfit>, ProveError<StoreError>> {
        let stored = self.committed_size();
        if size > stored {
            return Ok(Some(Misfit::Behind { stored }));
        }
        let tree = StoredTree { store, office: *office, log: self.name };
        let agrees = size == 0 || root_at(&tree, size)? == root;
        Ok((!agrees).then_some(Misfit::Another))
    }

    /// What witnesses have cosigned of it.
    #[must_use]
    pub const fn cosignatures(&self) -> &Cosignatures {
        &self.cosignatures
    }

    /// What the checkpoint file says beside the database.
    fn standing(&self, store: &dyn Store, office: &OfficeId) -> Result<Standing, LedgerError> {
        let text = self.file.read().map_err(LedgerError::file("read", self.file.path()))?;
        let tree = StoredTree { store, office: *office, log: self.name };
        let head = store.frontier(office, self.name)?;
        let fresh = self.base.as_ref().map_or(fresh_size(self.name), |base| base.kept_size);
        let signers = self.signers();
        let mut checked = check(text.as_deref(), signers.keys(), &tree, &head, fresh)?;
        if checked.is_ok() && !signers.can_sign() {
            checked = Err(Halt::KeyMissing);
        }
        if let Some(base) = self.base.as_ref().filter(|_| checked.is_ok()) {
            // A successor goes on from what its act names, and from nothing else.
            let (size, root) = (base.kept_size, Hash(base.kept_root.0));
            checked = match self.misfit(store, office, size, root) {
                Ok(Some(Misfit::Behind { stored })) => Err(Halt::Behind { signed: size, stored }),
                Ok(Some(Misfit::Another)) => Err(Halt::Forked { size }),
                Ok(None) => checked,
                Err(ProveError::Reader(error)) if error.is_of_cold_file() => {
                    self.cannot_be_held(&error, size)?;
                    checked
                }
                Err(error) => return Err(misfit_error(error).into()),
            };
        }
        let file = text.unwrap_or_default();
        self.renew.store(signers.keys().open(&file).is_err(), Ordering::Release);
        Ok(match checked {
            Ok(Some(Checkpoint { size, root, .. })) => {
                Standing::Agrees(Signed::Checkpoint(Arc::new(Published { text: file, size, root })))
            }
            Ok(None) => Standing::Agrees(Signed::Nothing),
            Err(halt) => Standing::Disagrees { halt, file },
        })
    }

    /// What is signed now is what the log goes on from.
    fn begin_at(&self, signed: &Signed) {
        let size = if let Signed::Checkpoint(published) = signed { published.size } else { 0 };
        self.sure.store(size, Ordering::Release);
        self.grown.store(false, Ordering::Release);
        *lock(&self.doubtful) = None;
        if let Err(error) = self.file.forget_sure() {
            log::warn!("{error}; it is tried again");
        }
    }

    /// This start has to hear whether it is the newest: what is written from here on may stand at the place of what was lost, and a restart must not forget
    /// that. Of several such starts the first knows what is sure, until all have been heard.
    pub(crate) fn keep_what_is_sure(&self) -> Result<(), LedgerError> {
        let here = self.committed_size();
        self.file.note_sure(self.file.sure()?.map_or(here, |sure| sure.min(here)))
    }

    /// From which entry on something may stand at the place of what was lost: it was written after a start that had not heard everybody, before the log stopped.
    /// What it is filled with since stands where it belongs.
    pub(crate) fn doubtful_from(&self) -> Option<u64> {
        *lock(&self.doubtful)
    }

    /// All have been heard.
    pub(crate) fn forget_what_was_sure(&self) {
        if self.halted().is_none()
            && let Err(error) = self.file.forget_sure()
        {
            log::warn!("{error}; it is tried again");
        }
    }

    fn go_on(&self, signed: Signed) {
        let size = match &signed {
            Signed::Checkpoint(published) => published.size,
            Signed::Nothing | Signed::Halted(_) => 0,
        };
        *self.signed.write().unwrap_or_else(PoisonError::into_inner) = signed;
        self.size.send_replace(size);
    }

    fn signers(&self) -> Arc<Signers> {
        Arc::clone(&self.signers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys that open its checkpoints.
    #[must_use]
    pub fn keys(&self) -> LogKeys {
        self.signers().keys().clone()
    }

    /// Whether a register names keys of it that are not known here yet.
    pub(crate) fn has_new_key(&self, register: &Register) -> bool {
        register.log_keys(self.name.of_acts()).len() != self.signers().keys().ever().len()
    }

    /// An act has changed its key: what is signed is signed again at once, for whoever knows the act takes no older key's word.
    pub(crate) fn take_key(&self, signers: Signers) {
        let signers = Arc::new(signers);
        let can_sign = signers.can_sign();
        {
            // Who signs now signs to the end by the keys that he began with, and says afterwards by which.
            let _turn = lock(&self.attempted);
            let has_stopped = self.halted().is_some();
            self.cosignatures.sign_by(Arc::clone(&signers), |_| !has_stopped);
            *self.signers.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&signers);
            self.renew.store(true, Ordering::Release);
        }
        if !can_sign {
            self.halt(Halt::KeyMissing, "");
            return;
        }
        if let Err(Unpublished::Disk(_, error)) = self.publish() {
            log::error!("log {} is not signed by its new key yet, and will be: {error}", self.origin);
        }
    }

    /// Which of the three it is.
    #[must_use]
    pub const fn name(&self) -> LogName {
        self.name
    }

    /// Which of the logs it is that went on in each other's place, from 1 on.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// What it is called in addresses (LEDGER §L2).
    #[must_use]
    pub fn address(&self) -> String {
        self.name.of_acts().name_of(self.generation)
    }

    /// Its name in the world (LEDGER §L2).
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where its checkpoint is kept.
    pub(crate) fn checkpoint_path(&self) -> &Path {
        self.file.path()
    }

    /// A note about it, signed.
    pub(crate) fn sign_freshness(&self, note: &Freshness) -> Option<String> {
        let signers = self.signers();
        signers.can_sign().then(|| note.sign_by(signers.signing()))
    }

    /// Entries in the database.
    #[must_use]
    pub fn committed_size(&self) -> u64 {
        lock(&self.committed).head.size()
    }

    /// Entries under the newest checkpoint that this run has shown.
    #[must_use]
    pub fn signed_size(&self) -> u64 {
        *self.size.borrow()
    }

    /// For how long something has waited for its checkpoint.
    #[must_use]
    pub fn unsealed_for(&self) -> Millis {
        lock(&self.committed).unsealed.map_or(0, |since| since_boot().saturating_sub(since))
    }

    /// Whether something has waited too long for its checkpoint.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.unsealed_for() > crate::ledger::LATE
    }

    /// Takes over a head that is durable now. Only the writer calls this.
    pub fn set_committed(&self, head: Frontier) {
        let mut committed = lock(&self.committed);
        let signed = if let Signed::Checkpoint(published) = &*self.signed() { published.size } else { 0 };
        if head.size() > signed {
            committed.unsealed.get_or_insert_with(since_boot);
        }
        committed.head = head;
    }

    /// Tells each new published size.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.size.subscribe()
    }

    fn checkpoint_text(&self, size: u64, root: Hash) -> String {
        self.signers().checkpoint(size, root)
    }

    fn signed(&self) -> RwLockReadGuard<'_, Signed> {
        self.signed.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// When there is none.
    pub fn published(&self) -> Result<Arc<Published>, Unpublished> {
        let signed = self.signed().clone();
        match signed {
            // Nobody is shown one that only a replaced key has signed.
            Signed::Checkpoint(_) if self.renew.load(Ordering::Acquire) => self.publish(),
            Signed::Checkpoint(published) => Ok(published),
            Signed::Halted(halt) => Err(Unpublished::Halted(self.name, halt)),
            Signed::Nothing => self.publish(),
        }
    }

    /// Signs what was read back of the database, if that is more than was signed: into the file first, then before everybody's eyes.
    ///
    /// # Errors
    /// When the log is halted, or the file could not be written: then nothing new was published.
    pub(crate) fn publish(&self) -> Result<Arc<Published>, Unpublished> {
        let mut attempted = lock(&self.attempted);
        let confirmed = lock(&self.confirmed).as_ref().map(|read| (read.size(), read.root()));
        let before = match &*self.signed() {
            Signed::Halted(halt) => return Err(Unpublished::Halted(self.name, *halt)),
            Signed::Checkpoint(published) => Some(Arc::clone(published)),
            Signed::Nothing => None,
        };
        let more = confirmed.filter(|(size, _)| before.as_ref().is_none_or(|published| *size > published.size));
        let (size, root) = match (&before, more) {
            (_, Some(more)) => more,
            (Some(published), None) if self.renew.load(Ordering::Acquire) => (published.size, published.root),
            (Some(published), None) => return Ok(Arc::clone(published)),
            (None, None) => return Err(Unpublished::Unread(self.name)),
        };
        let text = self.checkpoint_text(size, root);
        let written = before.as_ref().map(|published| published.text.as_str());
        let expected: Vec<Option<&str>> =
            iter::once(written).chain(attempted.iter().map(|text| Some(text.as_str()))).collect();
        match self.file.swap(&expected, &text) {
            Ok(()) => attempted.clear(),
            Err(SwapError::Changed) => {
                let found = self.file.read().ok().flatten().unwrap_or_default();
                self.halt(Halt::Changed, &found);
                return Err(Unpublished::Halted(self.name, Halt::Changed));
            }
            Err(SwapError::Disk(error)) => {
                if !attempted.contains(&text) {
                    attempted.push(text);
                }
                return Err(Unpublished::Disk(self.name, error));
            }
        }
        self.memory.remember(self.file.name(), &text);
        self.renew.store(self.signers().keys().open(&text).is_err(), Ordering::Release);
        let published = Arc::new(Published { text, size, root });
        {
            let mut signed = self.signed.write().unwrap_or_else(PoisonError::into_inner);
            // Stopped while the disk worked: what is in the file is a continuation, but nobody is shown it.
            if let Signed::Halted(halt) = &*signed {
                return Err(Unpublished::Halted(self.name, *halt));
            }
            *signed = Signed::Checkpoint(Arc::clone(&published));
        }
        {
            let mut committed = lock(&self.committed);
            committed.unsealed = (committed.head.size() > size).then(since_boot);
        }
        self.size.send_replace(size);
        Ok(published)
    }
}

/// Entries that a log has from the founding commit itself, before its first checkpoint.
fn fresh_size(log: LogName) -> u64 {
    u64::from(log == LogName::Register)
}

/// A store that does not say what it has.
fn misfit_error(error: ProveError<StoreError>) -> StoreError {
    match error {
        ProveError::Reader(error) => error,
        ProveError::Request(_) => StoreError::Damaged { what: "tree" },
    }
}
