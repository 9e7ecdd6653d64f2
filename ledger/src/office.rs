//! One office at run time: its three logs, the register that is in force, and those of the past that judge.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sekisho_register::change::TerminalUse;
use sekisho_register::{Casebook, Concluded, FoldRefusal, Register};
use sekisho_tlog::Freshness;
use sekisho_wire::id::{Code, OfficeId};
use tokio::sync::watch;

use crate::checkpoint::Halt;
use crate::clock::Millis;
use crate::code::PublicKeys;
use crate::error::LedgerError;
use crate::hearing::{Awaited, Hearing, Remembered};
use crate::keys::EnvelopeKey;
use crate::locks::lock;
use crate::log_keys::{Seeds, Signers};
use crate::secret::SecretKey;
use crate::signed_log::{Log, Published, Surroundings, Unpublished};
use crate::store::{LogName, Store, StoreError, StoredOffice};
use crate::to_keep::ToKeep;
use crate::witnesses::WitnessHearing;

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
    hearing: Hearing,
    /// Counts how often terminals that wait were called.
    called: watch::Sender<u64>,
    witness_hearing: WitnessHearing,
    to_keep: ToKeep,
}

/// Registers of the past, by which entries of the casebook are judged.
#[derive(Debug, Default)]
pub struct Judges {
    /// Those asked last, the newest first.
    kept: VecDeque<Arc<Register>>,
}

impl Office {
    /// Brings an office up from the store: unwraps its keys, folds its acts, compares each log with its checkpoint file. What is not signed
    /// yet is signed before anybody can write: a log that has entries and no file is one whose file was taken away.
    ///
    /// # Errors
    /// When store or disk fails, or an act is missing or does not fold. A log that disagrees with its file is no error: it is halted.
    pub fn open(store: &dyn Store, stored: &StoredOffice, around: Surroundings<'_>) -> Result<Self, LedgerError> {
        around.vault.keep_names_at_hand(&stored.id);
        let seeds = Seeds::open(around.vault.master(), &stored.seeds)?;
        let register = fold_register(store, &stored.id)?;
        let log = |name: LogName| Log::open(store, &stored.id, name, &seeds, around, &register);
        let logs = [log(LogName::Records)?, log(LogName::Register)?, log(LogName::Casebook)?];
        let all = logs.iter().all(|log| log.remembered() == Remembered::All);
        let remembered = if all { Remembered::All } else { Remembered::NotAll };
        let in_use = |code: &Code| is_in_use(&register, code);
        let percent = register.policy_at(register.newest_made()).hear_percent;
        let hearing = Hearing::new(store, &stored.id, around.hear, percent, (remembered, around.now), in_use)?;
        if remembered == Remembered::NotAll && !hearing.all_have_come(in_use) {
            logs.iter().try_for_each(Log::keep_what_is_sure)?;
        }
        // What the database holds may be signed without hearing anybody.
        for log in &logs {
            if let Err(error) = log.confirm(store, around.vault, &stored.id) {
                log::error!("log {} is not read back, and no more of it signed: {error}", log.origin());
            }
            match log.publish() {
                Ok(_) | Err(Unpublished::Halted(..) | Unpublished::Unread(_)) => {}
                Err(Unpublished::Disk(_, source)) => {
                    return Err(LedgerError::file("write", log.checkpoint_path())(source));
                }
            }
        }
        let mut casebook = Casebook::of(&register);
        fold_casebook(store, &stored.id, &register, &mut casebook)?;
        let (register, casebook) = (RwLock::new(Arc::new(register)), RwLock::new(Arc::new(casebook)));
        let witness_hearing = WitnessHearing::of(around.hear_witnesses);
        Ok(Self {
            id: stored.id,
            logs,
            register,
            casebook,
            filing: Mutex::default(),
            hearing,
            witness_hearing,
            called: watch::Sender::new(0),
            to_keep: ToKeep::default(),
        })
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
    pub fn catch_up(&self, store: &dyn Store, master: &SecretKey) -> Result<(), LedgerError> {
        let mut register = (*self.register()).clone();
        each_act(store, &self.id, LogName::Register, register.size(), |index, entry| {
            register.fold(entry).map(drop).map_err(|refusal| unfolded(index, &refusal))
        })?;
        let mut casebook = (*self.casebook()).clone();
        fold_casebook(store, &self.id, &register, &mut casebook)?;
        self.take_keys(store, master, &register)?;
        for log in &self.logs {
            log.set_committed(store.frontier(&self.id, log.name())?);
        }
        self.set_register(Arc::new(register));
        self.set_casebook(Arc::new(casebook));
        Ok(())
    }

    /// Takes over keys of logs that this register names. Before anything that lies behind their act is signed, for who knows the act takes no older key's
    /// word for it.
    ///
    /// # Errors
    /// When the store fails, or the seeds do not open.
    pub(crate) fn take_keys(
        &self,
        store: &dyn Store,
        master: &SecretKey,
        register: &Register,
    ) -> Result<(), LedgerError> {
        if !self.logs.iter().any(|log| log.has_new_key(register)) {
            return Ok(());
        }
        let seeds = seeds_of(store, master, &self.id)?;
        for log in self.logs.iter().filter(|log| log.has_new_key(register)) {
            log.take_key(Signers::of(&seeds, register, log.name(), log.generation())?);
        }
        Ok(())
    }

    /// Who has to show since the start what he verified last.
    #[must_use]
    pub const fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// Terminals that wait for the register are to come again at once: there is something to hear of them, or to tell them.
    pub fn call(&self) {
        self.called.send_modify(|calls| *calls += 1);
    }

    /// Tells each call.
    #[must_use]
    pub fn calls(&self) -> watch::Receiver<u64> {
        self.called.subscribe()
    }

    /// What was written since a moment ago that terminals are to keep.
    pub(crate) const fn to_keep(&self) -> &ToKeep {
        &self.to_keep
    }

    /// Who is waited for before a log goes on that was behind.
    #[must_use]
    pub fn awaited_by_a_filled_log(&self) -> Option<Awaited> {
        let register = self.register();
        self.hearing.awaited_by_a_filled_log(|code| is_in_use(&register, code))
    }

    /// Once all that were at work lately have come, it is known that nothing was written at the place of something that was lost.
    pub(crate) fn look_whether_all_is_sure(&self) {
        let register = self.register();
        if self.hearing.all_have_come(|code| is_in_use(&register, code)) {
            self.logs.iter().for_each(Log::forget_what_was_sure);
        }
    }

    /// Which terminals are waited for before anything is written.
    #[must_use]
    pub fn awaited(&self) -> Option<Awaited> {
        self.hearing.awaited(|code| is_in_use(&self.register(), code))
    }

    /// Whether somebody is waited for before anything is written.
    #[must_use]
    pub fn hears(&self) -> bool {
        self.awaited().is_some() || self.witness_hearing.awaited().is_some()
    }

    /// Which witnesses have said since the start what they cosigned last.
    #[must_use]
    pub const fn witness_hearing(&self) -> &WitnessHearing {
        &self.witness_hearing
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

    /// Takes over a register that is durable now. Only the writer calls this. A log that it gives up stands still from here on: its successor begins with
    /// the next start.
    pub fn set_register(&self, register: Arc<Register>) {
        for log in &self.logs {
            if register.generation(log.name().of_acts()) > log.generation() && log.halted() != Some(Halt::Succeeded) {
                log.halt(Halt::Succeeded, "");
            }
        }
        replace(&self.register, register);
    }

    /// Takes over a casebook that is durable now. Only the writer calls this.
    pub fn set_casebook(&self, casebook: Arc<Casebook>) {
        replace(&self.casebook, casebook);
    }

    /// The public keys of the three logs.
    #[must_use]
    pub fn keys(&self) -> PublicKeys {
        let key = |name| self.log(name).keys().newest().to_bytes();
        PublicKeys {
            records: key(LogName::Records),
            register: key(LogName::Register),
            casebook: key(LogName::Casebook),
        }
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
            origin: log.origin().into(),
            size: published.size,
            root: published.root,
            time_ms: now,
            valid_until_ms: now.saturating_add(age),
        };
        let note = log.sign_freshness(&note).ok_or(Unpublished::Halted(log.name(), Halt::KeyMissing))?;
        Ok((published, note))
    }
}

/// Whether a terminal was not retired, nor is unknown.
fn is_in_use(register: &Register, code: &Code) -> bool {
    let terminal = register.terminal(code);
    terminal.is_some_and(|terminal| terminal.state(register.newest_made()) != TerminalUse::Retired)
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

/// The seeds of an office's log keys as the store has them now.
///
/// # Errors
/// When the store fails, has no such office, or they do not open.
pub(crate) fn seeds_of(store: &dyn Store, master: &SecretKey, office: &OfficeId) -> Result<Seeds, LedgerError> {
    let stored = store.offices()?.into_iter().find(|stored| stored.id == *office);
    Seeds::open(master, &stored.ok_or(StoreError::Damaged { what: "office" })?.seeds)
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
pub fn fold_casebook(
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

/// By its code: its words may name a card or a person, and this comes into the log file.
fn unfolded(index: u64, refusal: &FoldRefusal) -> LedgerError {
    LedgerError::Register { index, cause: format!("it is refused ({})", refusal.code()) }
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

/// The old value ends after the lock is free: a big register takes its time, and requests wait for the lock.
fn replace<T>(place: &RwLock<T>, value: T) {
    let old = std::mem::replace(&mut *place.write().unwrap_or_else(PoisonError::into_inner), value);
    drop(old);
}

const PAGE: u32 = 1000;
