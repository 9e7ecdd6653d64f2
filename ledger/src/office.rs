//! One office at run time: its three logs with their keys, and the register that is in force.

use std::collections::VecDeque;
use std::iter;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use sekisho_register::{Casebook, Concluded, FoldRefusal, Register};
use sekisho_tlog::{Checkpoint, Freshness, Frontier, Hash, SigningKey, VerifyingKey};
use sekisho_wire::id::OfficeId;
use sekisho_wire::words::Language;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::checkpoint::{CheckpointFile, Halt, HaltNote, SwapError, check};
use crate::clock::{Clock, MachineClock, Millis, since_boot};
use crate::code::LogKeys;
use crate::error::LedgerError;
use crate::keys::EnvelopeKey;
use crate::secret::{DoesNotOpen, SecretKey};
use crate::store::{LogName, Store, StoreError, StoredOffice, StoredTree};

/// How many registers of the past an office keeps to judge by: acts come in by ones and twos that were drafted over the same register.
const JUDGES: usize = 2;

/// An office.
#[derive(Debug)]
pub struct Office {
    /// Its id.
    pub id: OfficeId,
    logs: [Log; 3],
    register: RwLock<Arc<Register>>,
    casebook: RwLock<Arc<Casebook>>,
    filing: Mutex<Judges>,
}

/// Registers of the past, by which entries of the casebook are judged.
#[derive(Debug, Default)]
pub struct Judges {
    /// Those asked last, the newest first.
    kept: VecDeque<Arc<Register>>,
}

/// One log at run time.
#[derive(Debug)]
pub struct Log {
    name: LogName,
    key: SigningKey,
    file: CheckpointFile,
    /// What the database holds. The writer sets it after each commit, the sequencer reads it.
    committed: Mutex<Committed>,
    /// What is signed. Held for a moment only, never while a disk works: requests look at it.
    signed: RwLock<Signed>,
    /// What writes that failed may have left in the file all the same: each of them, for a disk can fail twice. Whoever signs holds this
    /// lock from the look at the database to the answer.
    attempted: Mutex<Vec<String>>,
    /// That the log has stopped, while that could not be written down yet.
    owed: Mutex<Option<HaltNote>>,
    size: watch::Sender<u64>,
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

/// A log gives no checkpoint.
#[derive(Debug)]
pub enum Unpublished {
    /// It has stopped.
    Halted(LogName, Halt),
    /// The disk failed; the next tick tries again.
    Disk(LogName, std::io::Error),
}

/// What must be known besides the store to bring an office up.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The ledger's name: first part of each origin.
    pub name: &'a str,
    /// Where checkpoint files stand.
    pub checkpoints: &'a Path,
    /// Unwraps the log keys.
    pub master: &'a SecretKey,
}

impl Office {
    /// Brings an office up from the store: unwraps its keys, folds its acts, compares each log with its checkpoint file. What is not signed
    /// yet is signed before anybody can write: a log that has entries and no file is one whose file was taken away.
    ///
    /// # Errors
    /// When store or disk fails, or an act is missing or does not fold. A log that disagrees with its file is no error: it is halted.
    pub fn open(store: &dyn Store, stored: &StoredOffice, around: Surroundings<'_>) -> Result<Self, LedgerError> {
        let seeds = open_seeds(around.master, &stored.seeds)?;
        let log = |name: LogName| Log::open(store, &stored.id, name, &seeds, around);
        let logs = [log(LogName::Records)?, log(LogName::Register)?, log(LogName::Casebook)?];
        for log in &logs {
            match log.publish() {
                Ok(_) | Err(Unpublished::Halted(..)) => {}
                Err(Unpublished::Disk(_, source)) => return Err(LedgerError::file("write", log.file.path())(source)),
            }
        }
        let register = fold_register(store, &stored.id)?;
        let mut casebook = Casebook::new();
        fold_casebook(store, &stored.id, &register, &mut casebook)?;
        let (register, casebook) = (RwLock::new(Arc::new(register)), RwLock::new(Arc::new(casebook)));
        Ok(Self { id: stored.id, logs, register, casebook, filing: Mutex::default() })
    }

    /// The turn to bring something for the casebook. Whoever has it keeps it from the look at the casebook until his entry is filed or refused, so
    /// that one older register at most is folded at a time, and none for an entry that those before it leave no room for. The writer takes no turn: what is
    /// done in one keeps nobody waiting but those who bring something for the casebook of this office.
    pub fn filing(&self) -> MutexGuard<'_, Judges> {
        lock(&self.filing)
    }

    /// Takes over what the store has and memory has not: a commit that failed may have landed all the same.
    ///
    /// # Errors
    /// When the store fails, or an act in it is missing or does not fold.
    pub fn catch_up(&self, store: &dyn Store) -> Result<(), LedgerError> {
        let mut register = (*self.register()).clone();
        each_act(store, &self.id, LogName::Register, register.size(), |index, entry| {
            register.fold(entry).map(drop).map_err(|refusal| unfolded(index, &refusal))
        })?;
        let mut casebook = (*self.casebook()).clone();
        fold_casebook(store, &self.id, &register, &mut casebook)?;
        for log in &self.logs {
            log.set_committed(store.frontier(&self.id, log.name)?);
        }
        self.set_register(Arc::new(register));
        self.set_casebook(Arc::new(casebook));
        Ok(())
    }

    /// Whether its founding act names this envelope key.
    #[must_use]
    pub fn was_founded_with(&self, envelope: &EnvelopeKey) -> bool {
        let register = self.register();
        register.founding().is_some_and(|found| found.keys.envelope.as_bytes() == envelope.public())
    }

    /// One of its logs.
    #[must_use]
    pub const fn log(&self, name: LogName) -> &Log {
        let [records, register, casebook] = &self.logs;
        match name {
            LogName::Records => records,
            LogName::Register => register,
            LogName::Casebook => casebook,
        }
    }

    /// The register in force.
    #[must_use]
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The casebook as it stands.
    #[must_use]
    pub fn casebook(&self) -> Arc<Casebook> {
        Arc::clone(&self.casebook.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over a register that is durable now. Only the writer calls this.
    pub fn set_register(&self, register: Arc<Register>) {
        replace(&self.register, register);
    }

    /// Takes over a casebook that is durable now. Only the writer calls this.
    pub fn set_casebook(&self, casebook: Arc<Casebook>) {
        replace(&self.casebook, casebook);
    }

    /// The public keys of the three logs.
    #[must_use]
    pub fn keys(&self) -> LogKeys {
        let key = |name| self.log(name).verifying_key().to_bytes();
        LogKeys { records: key(LogName::Records), register: key(LogName::Register), casebook: key(LogName::Casebook) }
    }

    /// A note that the register is as fresh as the newest checkpoint, for as long as policy says (tlog §11).
    ///
    /// # Errors
    /// When the register log has no checkpoint.
    pub fn freshness(&self, now: Millis) -> Result<(Arc<Published>, String), Unpublished> {
        let log = self.log(LogName::Register);
        let published = log.published()?;
        let age = u64::from(self.register().policy_at(now).freshness_seconds).saturating_mul(1000);
        let note = Freshness {
            origin: log.key.name().into(),
            size: published.size,
            root: published.root,
            time_ms: now,
            valid_until_ms: now.saturating_add(age),
        };
        Ok((published, note.sign(&log.key)))
    }
}

impl Judges {
    /// The register of this size, by which a casebook entry is judged when it comes next: mostly the one in force. Folding an older one takes
    /// time: look at the entry first (`Casebook::look`).
    ///
    /// # Errors
    /// When the store fails.
    pub fn of_size(
        &mut self,
        store: &dyn Store,
        office: &OfficeId,
        in_force: &Arc<Register>,
        size: u64,
    ) -> Result<Arc<Register>, StoreError> {
        if size >= in_force.size() {
            return Ok(Arc::clone(in_force));
        }
        if let Some(at) = self.kept.iter().position(|judge| judge.size() == size)
            && let Some(judge) = self.kept.remove(at)
        {
            self.kept.push_front(Arc::clone(&judge));
            return Ok(judge);
        }
        let below = self.kept.iter().filter(|judge| judge.size() < size).max_by_key(|judge| judge.size());
        let mut judge = below.map_or_else(Register::new, |judge| (**judge).clone());
        fold_to(store, office, &mut judge, size)?;
        let judge = Arc::new(judge);
        self.kept.truncate(JUDGES - 1);
        self.kept.push_front(Arc::clone(&judge));
        Ok(judge)
    }
}

impl Log {
    fn open(
        store: &dyn Store,
        office: &OfficeId,
        name: LogName,
        seeds: &Zeroizing<Vec<u8>>,
        around: Surroundings<'_>,
    ) -> Result<Self, LedgerError> {
        let origin = origin(around.name, office, name);
        let seed = seed_of(seeds, name)?;
        let key = SigningKey::from_seed(&origin, &seed)?;
        let file = CheckpointFile::at(around.checkpoints, &office.to_string(), name);
        file.make_directory()?;
        let log = Self {
            name,
            key,
            file,
            committed: Mutex::new(Committed { head: store.frontier(office, name)?, unsealed: None }),
            signed: RwLock::new(Signed::Nothing),
            attempted: Mutex::default(),
            owed: Mutex::default(),
            size: watch::Sender::new(0),
        };
        let noted = log.file.halted()?.map(|note| note.halt);
        match (log.standing(store, office)?, noted) {
            (_, Some(halt)) => log.stop(halt),
            (Standing::Agrees(signed), None) => log.go_on(signed),
            (Standing::Disagrees { halt, file }, None) => log.halt(halt, &file),
        }
        Ok(log)
    }

    /// What the checkpoint file says beside the database.
    fn standing(&self, store: &dyn Store, office: &OfficeId) -> Result<Standing, LedgerError> {
        let text = self.file.read().map_err(LedgerError::file("read", self.file.path()))?;
        let tree = StoredTree { store, office: *office, log: self.name };
        let head = store.frontier(office, self.name)?;
        let checked = check(text.as_deref(), &self.verifying_key(), &tree, &head, fresh_size(self.name))?;
        let file = text.unwrap_or_default();
        Ok(match checked {
            Ok(Some(Checkpoint { size, root, .. })) => {
                Standing::Agrees(Signed::Checkpoint(Arc::new(Published { text: file, size, root })))
            }
            Ok(None) => Standing::Agrees(Signed::Nothing),
            Err(halt) => Standing::Disagrees { halt, file },
        })
    }

    fn go_on(&self, signed: Signed) {
        let size = match &signed {
            Signed::Checkpoint(published) => published.size,
            Signed::Nothing | Signed::Halted(_) => 0,
        };
        *self.signed.write().unwrap_or_else(PoisonError::into_inner) = signed;
        self.size.send_replace(size);
    }

    /// Lets a stopped log go on, once it agrees with its checkpoint file; the note of why it stopped is kept under another name.
    ///
    /// # Errors
    /// [`LedgerError::NotResumed`] when it does not agree or has not stopped; when the disk fails. Then it stands still as before.
    pub fn resume(&self, store: &dyn Store, office: &OfficeId, at: Millis) -> Result<HaltNote, LedgerError> {
        let not_stopped = || LedgerError::NotResumed { cause: format!("{} has not stopped", self.origin()) };
        let note = self.file.halted()?.ok_or_else(not_stopped)?;
        let signed = match self.standing(store, office)? {
            Standing::Agrees(signed) => signed,
            Standing::Disagrees { halt, .. } => {
                return Err(LedgerError::NotResumed { cause: format!("what stopped it is still so: {halt}") });
            }
        };
        self.file.clear_halt(at)?;
        self.go_on(signed);
        Ok(note)
    }

    /// The key that its checkpoints verify with.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// Which of the three it is.
    #[must_use]
    pub const fn name(&self) -> LogName {
        self.name
    }

    /// Its name in the world (LEDGER §L2).
    #[must_use]
    pub fn origin(&self) -> &str {
        self.key.name()
    }

    /// Entries in the database.
    #[must_use]
    pub fn committed_size(&self) -> u64 {
        lock(&self.committed).head.size()
    }

    /// For how long something has waited for its checkpoint.
    #[must_use]
    pub fn unsealed_for(&self) -> Millis {
        lock(&self.committed).unsealed.map_or(0, |since| since_boot().saturating_sub(since))
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

    /// Why the log has stopped, if it has.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        match &*self.signed() {
            Signed::Halted(halt) => Some(*halt),
            Signed::Nothing | Signed::Checkpoint(_) => None,
        }
    }

    /// Stops signing: somebody has shown that this database is not the one that was signed. Lasts until an operator says that it may go on
    /// (`sekisho-ledger resume`): it is written beside the checkpoint file, with what showed it.
    pub fn halt(&self, halt: Halt, evidence: &str) {
        self.stop(halt);
        let note = HaltNote { halt, at: MachineClock.machine(), evidence: evidence.to_owned() };
        lock(&self.owed).get_or_insert(note);
        if let Err(error) = self.write_owed_note() {
            log::error!(
                "that log {} has stopped is not on the disk ({error}): do not restart the ledger, for it would go on; it tries again",
                self.key.name()
            );
        }
    }

    /// Writes down that the log has stopped, if that is still to be done: a restart would forget it.
    ///
    /// # Errors
    /// When the disk fails; it stays owed.
    pub fn write_owed_note(&self) -> Result<(), LedgerError> {
        let mut owed = lock(&self.owed);
        if let Some(note) = &*owed {
            self.file.note_halt(note)?;
            *owed = None;
        }
        Ok(())
    }

    fn stop(&self, halt: Halt) {
        log::error!("log {} is halted and will not be signed: {halt}", self.key.name());
        *self.signed.write().unwrap_or_else(PoisonError::into_inner) = Signed::Halted(halt);
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
            Signed::Checkpoint(published) => Ok(published),
            Signed::Halted(halt) => Err(Unpublished::Halted(self.name, halt)),
            Signed::Nothing => self.publish(),
        }
    }

    /// Signs what the database holds, if that is more than was signed: into the file first, then before everybody's eyes.
    ///
    /// # Errors
    /// When the log is halted, or the file could not be written: then nothing new was published.
    pub fn publish(&self) -> Result<Arc<Published>, Unpublished> {
        let mut attempted = lock(&self.attempted);
        let head = lock(&self.committed).head.clone();
        let before = match &*self.signed() {
            Signed::Halted(halt) => return Err(Unpublished::Halted(self.name, *halt)),
            Signed::Checkpoint(published) if published.size >= head.size() => return Ok(Arc::clone(published)),
            Signed::Checkpoint(published) => Some(Arc::clone(published)),
            Signed::Nothing => None,
        };
        let (size, root) = (head.size(), head.root());
        let text = Checkpoint { origin: self.key.name().into(), size, root, extensions: Vec::new() }.sign(&self.key);
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

/// Name of a log in the world (LEDGER §L2).
#[must_use]
pub fn origin(ledger: &str, office: &OfficeId, log: LogName) -> String {
    format!("{ledger}/{office}/{log}")
}

/// Folds the register log.
///
/// # Errors
/// When the store fails, an entry is missing, or the fold refuses it: the ledger never appends such a one.
pub fn fold_register(store: &dyn Store, office: &OfficeId) -> Result<Register, LedgerError> {
    let mut register = Register::new();
    each_act(store, office, LogName::Register, 0, |index, entry| {
        register.fold(entry).map(drop).map_err(|refusal| unfolded(index, &refusal))
    })?;
    Ok(register)
}

/// Folds what the casebook has and `casebook` has not, each entry by the register of its own size (register §R4.9).
///
/// # Errors
/// As [`fold_register`].
fn fold_casebook(
    store: &dyn Store,
    office: &OfficeId,
    register: &Register,
    casebook: &mut Casebook,
) -> Result<(), LedgerError> {
    let mut judge = Register::new();
    each_act(store, office, LogName::Casebook, casebook.size(), |index, entry| {
        // The sizes never go back, so one register goes along.
        fold_to(store, office, &mut judge, casebook.judged_by(entry).min(register.size()))?;
        casebook.fold(&judge, entry).map(drop).map_err(|refusal| unfolded(index, &refusal))
    })
}

/// Folds up to `size` entries of the stored register log. This process has folded and verified every one of them before.
fn fold_to(store: &dyn Store, office: &OfficeId, register: &mut Register, size: u64) -> Result<(), StoreError> {
    while register.size() < size {
        let left = u32::try_from(size - register.size()).unwrap_or(u32::MAX).min(PAGE);
        let page = store.entries(office, LogName::Register, register.size(), left)?;
        if page.is_empty() {
            return Err(StoreError::Damaged { what: "register log" });
        }
        for entry in &page {
            let folded = register.fold_stored(&entry.payload, Concluded::Accepted);
            folded.map_err(|_| StoreError::Damaged { what: "register log" })?;
        }
    }
    Ok(())
}

fn unfolded(index: u64, refusal: &FoldRefusal) -> LedgerError {
    LedgerError::Register { index, cause: format!("it is refused: {}", refusal.text(Language::English)) }
}

/// Every act from `next` on. Up to a hole would be another register: what a revocation behind it took away would hold again.
fn each_act(
    store: &dyn Store,
    office: &OfficeId,
    log: LogName,
    mut next: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let end = store.frontier(office, log)?.size();
    loop {
        let entries = store.entries(office, log, next, PAGE)?;
        if entries.is_empty() && next < end {
            return Err(LedgerError::Register {
                index: next,
                cause: format!("it is missing, the log {log} has {end}"),
            });
        }
        if entries.is_empty() {
            return Ok(());
        }
        for entry in &entries {
            take(next, &entry.payload)?;
            next += 1;
        }
    }
}

fn open_seeds(master: &SecretKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
    let opened = master.open(SEEDS_AAD, sealed);
    opened.map_err(|DoesNotOpen| StoreError::Damaged { what: "wrapped log keys" }.into())
}

fn seed_of(seeds: &Zeroizing<Vec<u8>>, log: LogName) -> Result<Zeroizing<[u8; 32]>, LedgerError> {
    let start = log.number() * 32;
    let seed = seeds.get(start..start + 32).and_then(|seed| seed.try_into().ok());
    seed.map(Zeroizing::new).ok_or_else(|| StoreError::Damaged { what: "log key" }.into())
}

/// The key of one log of an office, out of its wrapped seeds.
///
/// # Errors
/// When they do not open.
pub fn log_key(
    master: &SecretKey,
    sealed: &[u8],
    ledger: &str,
    office: &OfficeId,
    log: LogName,
) -> Result<SigningKey, LedgerError> {
    let seed = seed_of(&open_seeds(master, sealed)?, log)?;
    Ok(SigningKey::from_seed(&origin(ledger, office, log), &seed)?)
}

/// Fresh seeds for the three logs of an office to be: wrapped, and their public keys.
///
/// # Errors
/// When a key cannot be made from its seed, which random ones can.
pub fn make_log_keys(master: &SecretKey) -> Result<(Vec<u8>, LogKeys), LedgerError> {
    let seeds: Zeroizing<Vec<u8>> = Zeroizing::new(crate::random::bytes::<96>().to_vec());
    Ok((master.seal(SEEDS_AAD, &seeds), public_keys(&seeds)?))
}

/// The public keys of wrapped seeds.
///
/// # Errors
/// When they do not open.
pub fn wrapped_public_keys(master: &SecretKey, sealed: &[u8]) -> Result<LogKeys, LedgerError> {
    public_keys(&open_seeds(master, sealed)?)
}

fn public_keys(seeds: &Zeroizing<Vec<u8>>) -> Result<LogKeys, LedgerError> {
    let public = |log| -> Result<[u8; 32], LedgerError> {
        let seed = seed_of(seeds, log)?;
        Ok(SigningKey::from_seed("sekisho", &seed)?.verifying_key().to_bytes())
    };
    Ok(LogKeys {
        records: public(LogName::Records)?,
        register: public(LogName::Register)?,
        casebook: public(LogName::Casebook)?,
    })
}

/// The old value ends after the lock is free: a big register takes its time, and requests wait for the lock.
fn replace<T>(place: &RwLock<T>, value: T) {
    let old = std::mem::replace(&mut *place.write().unwrap_or_else(PoisonError::into_inner), value);
    drop(old);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SEEDS_AAD: &[u8] = b"sekisho log keys v1";
const PAGE: u32 = 1000;
