//! The ledger's witnesses: each checkpoint of each log is shown to them, and what they cosign is kept beside it.
//!
//! A thread for each: one that is slow or dead delays nobody, neither a record nor a signature nor another witness. A witness that shows our own
//! signature under more than we have, or under something else, has shown that this ledger is behind: the log stops, as when a terminal shows it.

mod hearing;
mod line;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use sekisho_tlog::witness::cosignature;
use sekisho_tlog::{AddCheckpoint, Checkpoint, Hash, VerifyingKey, consistency_proof};
use sekisho_wire::id::OfficeId;
use serde::{Deserialize, Serialize};

pub use self::hearing::WitnessHearing;
pub use self::line::{Answer, Fault, Latest, Line, Web};
use crate::clock::{Millis, since_boot};
use crate::complaints::Complaints;
use crate::config::WitnessEntry;
use crate::data::replace_unsynced;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::locks::lock;
use crate::office::Office;
use crate::refusal::Refusal;
use crate::signed_log::{Log, Published};
use crate::store::{LogName, StoredTree};
use crate::terminals::unproved;

/// All witnesses of a ledger.
#[derive(Debug, Default)]
pub struct Witnesses {
    each: Vec<OneWitness>,
    /// What `witnesses.json` says.
    told: Mutex<Option<Vec<WitnessStatus>>>,
}

/// One of them.
#[derive(Debug)]
struct OneWitness {
    line: Line,
    /// Whether it answered when it was asked last.
    answers: AtomicBool,
    /// What is wrong with it, by log.
    faults: Mutex<HashMap<String, String>>,
}

/// How a witness stands, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessStatus {
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub answers: bool,
    /// What is wrong, and with which log.
    pub faults: Vec<(String, String)>,
}

/// What a witness's thread remembers of a log.
#[derive(Debug, Default)]
struct Known {
    /// So many entries it has cosigned last, as far as is known.
    has: Option<u64>,
    /// Since the start it has cosigned what the ledger had, or shown what stopped the log.
    heard: bool,
    /// When it answered last, in milliseconds since the machine started.
    asked: Millis,
    /// Not asked again before, in milliseconds since the machine started.
    not_before: Millis,
    pause: Pause,
}

/// How long nothing is asked after a failure: longer each time.
#[derive(Clone, Copy, Debug, Default)]
struct Pause(u32);

impl Pause {
    fn next(&mut self) -> Duration {
        let pause = PAUSE_MIN.saturating_mul(1 << self.0.min(6)).min(PAUSE_MAX);
        self.0 += 1;
        pause
    }
}

type AllKnown = HashMap<(OfficeId, LogName), Known>;

impl Witnesses {
    /// Those of a configuration that was checked.
    ///
    /// # Errors
    /// When one of them is not sound.
    pub(crate) fn new(entries: &[WitnessEntry]) -> Result<Self, LedgerError> {
        let one = |entry: &WitnessEntry| {
            let line = Line::new(entry).map_err(|(name, cause)| LedgerError::Argument { name, cause })?;
            Ok(OneWitness { line, answers: AtomicBool::new(false), faults: Mutex::default() })
        };
        let each = entries.iter().map(one).collect::<Result<_, LedgerError>>()?;
        Ok(Self { each, told: Mutex::default() })
    }

    /// How they stand.
    #[must_use]
    pub fn status(&self) -> Vec<WitnessStatus> {
        let status = |one: &OneWitness| {
            let mut faults: Vec<_> = lock(&one.faults).clone().into_iter().collect();
            faults.sort_unstable();
            WitnessStatus { name: one.line.key().name().into(), answers: one.answers.load(Ordering::Acquire), faults }
        };
        self.each.iter().map(status).collect()
    }

    fn answering(&self) -> usize {
        self.each.iter().filter(|one| one.answers.load(Ordering::Acquire)).count()
    }
}

impl Ledger {
    /// Starts a thread for each witness.
    pub(crate) fn ask_witnesses(self: &Arc<Self>) -> std::io::Result<Vec<JoinHandle<()>>> {
        let start = |at: usize| {
            let ledger = Arc::clone(self);
            std::thread::Builder::new().name(format!("witness-{}", at + 1)).spawn(move || ledger.ask_one(at))
        };
        (0..self.witnesses.each.len()).map(start).collect()
    }

    fn ask_one(&self, at: usize) {
        let (mut known, mut complaints, mut pause) = (AllKnown::new(), Complaints::default(), Pause::default());
        while !self.is_stopping() {
            // A defect of ours must not end the asking for good: nobody would notice.
            let asked = catch_unwind(AssertUnwindSafe(|| self.ask_about_all(at, &mut known, &mut complaints)));
            let wait = match asked {
                Ok(Asked::AllAnswered) => {
                    pause = Pause::default();
                    Duration::from_millis(self.config.tick_ms)
                }
                Ok(Asked::Unreachable) | Err(_) => pause.next(),
            };
            self.tell_status();
            std::thread::park_timeout(wait);
        }
    }

    /// For `status`, which is another process. What cannot be written is in the log as well.
    fn tell_status(&self) {
        // Held while it is written: each witness has a thread, and there is one file.
        let mut told = lock(&self.witnesses.told);
        let status = self.witnesses.status();
        if told.as_ref() == Some(&status) {
            return;
        }
        let text = serde_json::to_vec_pretty(&status).unwrap_or_default();
        match replace_unsynced(&self.places.witnesses, &text) {
            Ok(()) => *told = Some(status),
            Err(error) => log::debug!("{} cannot be written: {error}", self.places.witnesses.display()),
        }
    }

    fn ask_about_all(&self, at: usize, known: &mut AllKnown, complaints: &mut Complaints) -> Asked {
        let Some(one) = self.witnesses.each.get(at) else { return Asked::AllAnswered };
        let name = one.line.key().name();
        for office in self.offices() {
            for log in LogName::ALL.map(|log| office.log(log)) {
                if self.is_stopping() {
                    return Asked::AllAnswered;
                }
                let known = known.entry((office.id, log.name())).or_default();
                if since_boot() < known.not_before {
                    continue;
                }
                let asked = Question { ledger: self, office: &office, log, one, at }.ask(known);
                if let Err(Fault::Unreachable(why)) = &asked {
                    one.answers.store(false, Ordering::Release);
                    complaints.hear(format!("witness {name} does not answer"), Err::<(), _>(why));
                    lock(&one.faults).insert(String::new(), why.clone());
                    return Asked::Unreachable;
                }
                match &asked {
                    Ok(()) => {
                        known.pause = Pause::default();
                        lock(&one.faults).remove(log.origin());
                    }
                    Err(fault) => {
                        let pause = known.pause.next().as_millis();
                        known.not_before = since_boot().saturating_add(Millis::try_from(pause).unwrap_or(Millis::MAX));
                        lock(&one.faults).insert(log.origin().into(), fault.to_string());
                    }
                }
                complaints.hear(format!("witness {name} does not cosign {}", log.origin()), asked);
            }
        }
        // Also where nothing was asked: what failed before is tried again only after its pause.
        one.answers.store(true, Ordering::Release);
        complaints.hear(format!("witness {name} does not answer"), Ok::<(), String>(()));
        lock(&one.faults).remove("");
        Asked::AllAnswered
    }
}

/// How it went with all logs.
enum Asked {
    /// Where something was asked there was an answer.
    AllAnswered,
    /// There was none.
    Unreachable,
}

/// One log and one witness.
struct Question<'l> {
    ledger: &'l Ledger,
    office: &'l Arc<Office>,
    log: &'l Log,
    one: &'l OneWitness,
    at: usize,
}

impl Question<'_> {
    fn ask(&self, known: &mut Known) -> Result<(), Fault> {
        let Ok(published) = self.log.published() else {
            // It has stopped. What the witness shows may be more than is known.
            if !known.heard {
                self.see(known)?;
                self.heard(known)?;
            }
            return Ok(());
        };
        // After a start it is asked about what there is, whatever it cosigned: what it answers says whether there is more.
        let target = if known.heard && since_boot().saturating_sub(known.asked) < REFRESH {
            let answering = self.ledger.witnesses.answering();
            self.log.cosignatures().to_ask(&published, self.key(), answering, since_boot())
        } else {
            Some(published)
        };
        let Some(target) = target else { return Ok(()) };
        known.asked = since_boot();
        for _ in 0..TRIES {
            let cosigned = self.log.cosignatures().by(self.key()).map_or(0, |by| by.published.size);
            let old = *known.has.get_or_insert(cosigned);
            if old > target.size {
                self.see(known)?;
                if self.log.halted().is_some() {
                    return self.heard(known);
                }
                // It has cosigned what is newer than this question: the next one is about more.
                return Ok(());
            }
            match self.show(old, &target, target.text.clone())? {
                Answer::Cosigned(lines) => {
                    let line = cosignature(&lines, &target.text, self.key())
                        .map_err(|error| Fault::Strange(format!("its answer: {error}")))?;
                    known.has = Some(target.size);
                    self.log.cosignatures().put(&target, line, since_boot());
                    return self.heard(known);
                }
                Answer::Conflict(size) => {
                    known.has = Some(size);
                    self.remind(size)?;
                }
                Answer::Refused(422, why) => {
                    // Either it has another history of ours, or one of us errs.
                    self.see(known)?;
                    return if self.log.halted().is_some() { self.heard(known) } else { Err(Fault::Refused(422, why)) };
                }
                Answer::Refused(status, why) => return Err(Fault::Refused(status, why)),
            }
        }
        Err(Fault::Strange("it names another size each time".into()))
    }

    fn key(&self) -> &VerifyingKey {
        self.one.line.key()
    }

    fn show(&self, old: u64, target: &Published, checkpoint: String) -> Result<Answer, Fault> {
        let proof = if old == 0 { Vec::new() } else { self.proof(old, target.size)? };
        self.one.line.add_checkpoint(&AddCheckpoint { old, proof, checkpoint })
    }

    fn proof(&self, old: u64, new: u64) -> Result<Vec<Hash>, Fault> {
        let tree = StoredTree { store: &*self.ledger.store, office: self.office.id, log: self.log.name() };
        consistency_proof(&tree, old, new).map_err(|error| Fault::Ours(unproved(error).to_string()))
    }

    /// Has the witness show what it cosigned last, and holds that against the log.
    fn see(&self, known: &mut Known) -> Result<(), Fault> {
        let note = match self.one.line.latest(self.log.origin())? {
            Latest::Nothing => return Err(Fault::Strange("it shows no checkpoint".into())),
            Latest::Note(note) => note,
        };
        let opened = Checkpoint::open_cosigned(&note, self.log.keys().ever(), std::slice::from_ref(self.key()));
        let opened = opened.map_err(|error| Fault::Strange(format!("the checkpoint that it shows: {error}")))?;
        if opened.witnesses.is_empty() {
            return Err(Fault::Strange("it shows a checkpoint that it has not cosigned".into()));
        }
        known.has = Some(opened.checkpoint.size);
        match self.ledger.check_note(self.office, self.log.name(), &note) {
            Ok(_) | Err(Refusal::Halted { .. }) => Ok(()),
            Err(error) => Err(Fault::Ours(error.to_string())),
        }
    }

    /// A witness that names less than it has cosigned was put back: shown its own word, it must not go on as if nothing had been.
    fn remind(&self, has: u64) -> Result<(), Fault> {
        let Some(by) = self.log.cosignatures().by(self.key()).filter(|by| by.published.size > has) else {
            return Ok(());
        };
        let (name, origin, size) = (self.key().name(), self.log.origin(), by.published.size);
        log::error!("witness {name} has cosigned {size} entries of {origin} and remembers {has}: it was put back");
        match self.show(has, &by.published, by.note)? {
            Answer::Cosigned(_) | Answer::Conflict(_) => Ok(()),
            Answer::Refused(status, why) => Err(Fault::Refused(status, why)),
        }
    }

    /// The witness knows nothing that the ledger does not, or has stopped the log.
    fn heard(&self, known: &mut Known) -> Result<(), Fault> {
        if !known.heard {
            known.heard = true;
            self.office.witness_hearing().hear(self.at, self.log.name());
            log::info!("witness {} has been heard of {}", self.key().name(), self.log.origin());
            // It may have been the last one that a filled log waited for.
            self.ledger.fill_what_is_whole(self.office).map_err(|error| Fault::Ours(error.to_string()))?;
        }
        Ok(())
    }
}

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A log that does not grow is shown again, so that a witness that has died is noticed, and a cosignature says that this is still the newest.
const REFRESH: Millis = 10 * 60_000;
/// Somebody else may show it our checkpoints meanwhile.
const TRIES: usize = 4;
