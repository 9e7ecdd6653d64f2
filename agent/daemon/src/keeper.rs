//! Keeps the register: fetches acts, checks them against the signed checkpoint, puts them on disk, then lets decisions use them.
//!
//! Nothing the ledger says is believed without the register log's signature, and nothing that contradicts what was verified before:
//! not a smaller log (rollback), not another root for the same size (fork).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::Log;
use sekisho_register::{Concluded, LogKeys, NameHash, Register};
use sekisho_tlog::{Checkpoint, Freshness, TlogError, VerifyingKey};
use sekisho_wire::decision::ClockState;
use sekisho_wire::id::Salt;
use sekisho_wire::reason::{AlarmKind, Reason};
use sekisho_wire::record::{Body, ClockStep, RegisterAdvanced};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::agent::Agent;
use crate::carrier::{Carrier, printable};
use crate::config::Config;
use crate::ending;
use crate::files;
use crate::forwarder_link::{Brought, Errand};
use crate::identity::Identity;
use crate::keepsakes::Handed;
use crate::register_entries::{EntriesFile, Judged};
use crate::session::Event;
use crate::trusted::{Moment, SeenNote, Taken, TimeBase};

/// Seconds that the ledger may wait for news.
const WAIT: u64 = 50;
/// Pause after something went wrong: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A checkpoint that is longer is not shown (LEDGER.md §L3).
const SEEN_MAX: usize = 1024;
/// The ledger's word for it.
const SEEN_UNPROVED: &str = "seen_unproved";
/// A note that is newer by less brings nothing that is worth another question at once, or another write, ms.
const NOTE_NEWS: u64 = 10_000;
/// Least pause between two questions.
const BREATH: Duration = Duration::from_millis(50);

/// The ledger's answer (LEDGER.md §L3).
#[derive(Debug, Deserialize)]
pub(crate) struct RegisterAnswer {
    checkpoint: String,
    /// None from a ledger that has just started and hears whether it is the newest itself.
    #[serde(default)]
    freshness: Option<String>,
    #[serde(default)]
    entries: Vec<String>,
    #[serde(default)]
    names: Vec<NameText>,
    /// What we are to keep for the ledger.
    #[serde(default)]
    kept: Option<Handed>,
    /// Whether one of its logs is behind what was signed.
    #[serde(default)]
    lacks: bool,
    /// Sessions of this terminal that are to end: their operators have one open elsewhere.
    #[serde(default)]
    ended: Vec<String>,
}

/// A person's name beside its hash.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NameText {
    pub(crate) salt: String,
    pub(crate) text: String,
}

/// What lies beside the entries on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    checkpoint: String,
    #[serde(default)]
    freshness: Option<String>,
    time: Option<TimeBase>,
    names: Vec<NameText>,
    /// What the checkpoint says; state files of earlier versions have only the checkpoint.
    #[serde(default)]
    floor: Option<Floor>,
}

/// The largest register that was ever verified here. It stays when the entries are lost: nothing smaller or other is believed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Floor {
    size: u64,
    root: [u8; 32],
}

/// Why an answer is not believed.
#[derive(Debug)]
pub(crate) enum Disbelief {
    /// A signature or form is wrong.
    Note(TlogError),
    /// Not base64.
    Malformed,
    /// The log is smaller than it was.
    Rollback { seen: u64, shown: u64 },
    /// Entries and checkpoint do not agree, or the same size has another root.
    Fork { size: u64 },
    /// The first act founds another office.
    OtherOffice,
    /// More acts before their checkpoint than any office has.
    TooMuch,
    /// It could not be kept.
    Disk(io::Error),
}

impl fmt::Display for Disbelief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => write!(f, "cannot believe the register: {error}"),
            Self::Malformed => f.write_str("cannot read the register: malformed"),
            Self::Rollback { seen, shown } => {
                write!(f, "cannot believe the register: it had {seen} acts and is shown with {shown}")
            }
            Self::Fork { size } => write!(f, "cannot believe the register: two histories at size {size}"),
            Self::OtherOffice => f.write_str("cannot use the register: it is another office's"),
            Self::TooMuch => f.write_str("cannot take the register: too many acts before their checkpoint"),
            Self::Disk(error) => write!(f, "cannot keep the register: {error}"),
        }
    }
}

impl From<TlogError> for Disbelief {
    fn from(error: TlogError) -> Self {
        Self::Note(error)
    }
}

/// Whether an answer brought anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Acts, names, or a newer note.
    Some,
    /// What was known.
    None,
}

/// What was verified before, as found at the start.
pub(crate) struct Found {
    pub(crate) register: Register,
    pub(crate) names: HashMap<NameHash, String>,
    pub(crate) time: Option<TimeBase>,
}

/// The keeper.
pub(crate) struct Keeper {
    folder: PathBuf,
    /// As last written.
    kept: Option<Kept>,
    /// Acts that came before the checkpoint over them: one answer holds no more than 500. Nothing decides by them yet.
    ahead: Option<Ahead>,
    entries: EntriesFile,
    /// Whether an answer was believed since the start.
    heard: bool,
}

struct Ahead {
    register: Arc<Register>,
    entries: Vec<Judged>,
}

/// Acts ahead of their checkpoint may take so many bytes: far more than an office has, far less than memory.
const AHEAD_MAX: usize = 64 << 20;

impl Keeper {
    /// Opens what is kept. Entries that are not whole are fetched again, and must come to the same.
    pub(crate) fn open(config: &Config, identity: &Identity) -> io::Result<(Self, Found)> {
        let folder = config.state.join("register");
        files::private_folder(&folder)?;
        files::overwrite_replaced(&folder.join("register.json"))?;
        let entries = EntriesFile::new(&folder);
        let mut keeper = Self { folder, kept: None, ahead: None, entries, heard: false };
        let Some(mut kept) = files::read_json::<Kept>(&keeper.note_file())? else {
            return Ok((keeper, Found { register: Register::new(), names: HashMap::new(), time: None }));
        };
        let names = kept.names.iter().filter_map(named).collect();
        let time = kept.time.clone();
        let (register, length) = match keeper.fold_kept(&kept, identity)? {
            Some((register, length)) => {
                kept.floor = Some(Floor { size: register.size(), root: register.root().0 });
                (register, length)
            }
            None => {
                log::warn!("the register on disk is not whole; it is fetched again");
                let signed = || Checkpoint::open(&kept.checkpoint, &identity.register).ok();
                kept.floor =
                    kept.floor.or_else(|| signed().map(|signed| Floor { size: signed.size, root: signed.root.0 }));
                (Register::new(), 0)
            }
        };
        (keeper.kept, keeper.entries.verified) = (Some(kept), length);
        Ok((keeper, Found { register, names, time }))
    }

    /// The register up to the checkpoint that was kept, and how many bytes its entries take; `None` when they do not come to it.
    fn fold_kept(&self, kept: &Kept, identity: &Identity) -> io::Result<Option<(Register, u64)>> {
        let (mut register, mut length) = (Register::new(), 0);
        let open =
            |register: &Register| keys_of(register, Log::Register, &identity.register).open(&kept.checkpoint).ok();
        let mut size = kept.floor.map(|floor| floor.size);
        for (concluded, entry) in self.entries.read()? {
            size = size.or_else(|| open(&register).map(|checkpoint| checkpoint.size));
            // An entry beyond the checkpoint was being written when the agent died.
            if size.is_some_and(|size| register.size() >= size) {
                break;
            }
            let again = register.fold_stored(&entry, concluded);
            // Also where this program takes what an older one could not judge: what follows was judged without it (register §R4.10).
            if again.is_ok() != (concluded == Concluded::Accepted) {
                return Ok(None);
            }
            length += EntriesFile::length_of(&entry);
        }
        let whole =
            open(&register).is_some_and(|signed| signed.size == register.size() && signed.root.0 == register.root().0);
        Ok(whole.then_some((register, length)))
    }

    fn note_file(&self) -> PathBuf {
        self.folder.join("register.json")
    }

    /// Fetches and applies, as long as the agent lives.
    pub(crate) fn run(mut self, agent: &Agent, carrier: &dyn Carrier) -> ! {
        let mut pause = RETRY_FIRST;
        loop {
            match agent.send_out(carrier, &self.question(agent)) {
                Some(Brought::Answer { body }) => {
                    if self.take(agent, body).is_ok_and(|news| news == News::Some) && self.goes_on(agent) {
                        pause = RETRY_FIRST;
                        // A ledger that does not wait must not keep us busy.
                        std::thread::sleep(BREATH);
                        continue;
                    }
                }
                Some(Brought::Refused { code, detail, .. }) => {
                    log::warn!("the ledger refuses the register: {}: {}", printable(&code), printable(&detail));
                    self.refused(agent, &code);
                }
                Some(Brought::Unreachable { .. } | Brought::Certified { .. }) | None => {}
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// What is asked next. With it goes the checkpoint that was verified last: a ledger that has lost acts stops its log only when it is
    /// shown its own signature, and until then might sign others in their place.
    fn question(&self, agent: &Agent) -> Errand {
        let [handed, casebook] = agent.keepsakes.checkpoints();
        let records = larger(agent.position().seen_note(), handed);
        let mut core = agent.lock();
        let from = self.ahead.as_ref().map_or(core.register.size(), |ahead| ahead.register.size());
        // At once where a clerk may be waiting for it: after a start nobody knows how old the register is, and while there is no note, or
        // an old one, or a clock that cannot be, little or nothing is granted.
        let time = agent.now(&mut core).trusted;
        let sound = core.trusted.clock_state() == ClockState::Sound;
        let wait = if self.heard && sound && !core.is_stale(time) { WAIT } else { 0 };
        let seen = self.kept.as_ref().map(|kept| kept.checkpoint.clone()).filter(|note| note.len() <= SEEN_MAX);
        let [records, casebook] =
            [records, Some(casebook)].map(|note| note.filter(|note| !note.is_empty() && note.len() <= SEEN_MAX));
        let next = agent.journal.next();
        let (kept, written) = (agent.keepsakes.to(), (next.epoch, next.first));
        Errand::Register { from, wait, seen, records, casebook, kept, written }
    }

    /// Whether there is reason to ask again at once: more acts follow, or the ledger waits for news. One whose first note is of no use does
    /// neither.
    fn goes_on(&self, agent: &Agent) -> bool {
        self.ahead.is_some() || agent.lock().trusted.newest_note().is_some()
    }

    /// A ledger that has fewer acts than it is asked for has lost what was verified here, or had shown us acts that never were.
    fn refused(&mut self, agent: &Agent, code: &str) {
        agent.heard_that_ledger_lacks(code);
        if code == SEEN_UNPROVED && self.ahead.take().is_none() {
            agent.doubt(AlarmKind::RegisterRefused);
        }
    }

    /// Takes an answer as it came; what is not believed is recorded.
    fn take(&mut self, agent: &Agent, body: serde_json::Value) -> Result<News, Disbelief> {
        let answer = serde_json::from_value(body).map_err(|_| Disbelief::Malformed);
        let taken = answer.and_then(|answer: RegisterAnswer| {
            let news = self.believe(agent, &answer)?;
            answer.kept.iter().for_each(|handed| agent.keep_for_ledger(handed));
            if answer.lacks {
                agent.ledger_lacks_something();
            }
            agent.end_if_elsewhere(&answer.ended);
            Ok(news)
        });
        if let Err(disbelief) = &taken {
            log::error!("{disbelief}");
            if !matches!(disbelief, Disbelief::Disk(_)) {
                agent.doubt(AlarmKind::RegisterRefused);
            }
        }
        taken
    }

    /// Verifies an answer, keeps it, applies it.
    pub(crate) fn believe(&mut self, agent: &Agent, answer: &RegisterAnswer) -> Result<News, Disbelief> {
        let before = Arc::clone(&agent.lock().register);
        let ahead = self.ahead.take();
        let (base, mut fetched) =
            ahead.map_or_else(|| (Arc::clone(&before), Vec::new()), |ahead| (ahead.register, ahead.entries));
        let entries = answer.entries.iter().map(|entry| STANDARD.decode(entry));
        let entries: Vec<Vec<u8>> = entries.collect::<Result<_, _>>().map_err(|_| Disbelief::Malformed)?;
        let floor = self.kept.as_ref().and_then(|kept| kept.floor);
        let after = if entries.is_empty() { base } else { fold(&base, entries, &mut fetched, &agent.identity, floor)? };
        if fetched.iter().map(|(_, entry)| entry.len()).sum::<usize>() > AHEAD_MAX {
            return Err(Disbelief::TooMuch);
        }
        let keys = keys_of(&after, Log::Register, &agent.identity.register);
        let opened = keys.open(&answer.checkpoint);
        // The act that names the key of this checkpoint may be among those that still follow: what its text claims decides only that
        // more is asked for.
        let size = opened.as_ref().ok().map(|checkpoint| checkpoint.size).or_else(|| claimed_size(&answer.checkpoint));
        if size.is_some_and(|size| size > after.size()) && !answer.entries.is_empty() {
            self.ahead = Some(Ahead { register: after, entries: fetched });
            return Ok(News::Some);
        }
        let checkpoint = opened.map_err(Disbelief::Note)?;
        let seen = before.size().max(floor.map_or(0, |floor| floor.size));
        if checkpoint.size < seen {
            return Err(Disbelief::Rollback { seen, shown: checkpoint.size });
        }
        if checkpoint.size != after.size() || checkpoint.root.0 != after.root().0 {
            return Err(Disbelief::Fork { size: checkpoint.size });
        }
        let entries = fetched;
        let note = answer.freshness.as_deref();
        let freshness = note.and_then(|note| Freshness::open(note, keys.newest()).ok());
        let freshness = freshness.filter(|note| note.size == after.size() && note.root.0 == after.root().0);
        let freshness = freshness.map(|note| SeenNote { time: note.time_ms, until: note.valid_until_ms });
        let (moment, mut trusted) = (agent.moment(), agent.lock().trusted.clone());
        let freshness = freshness.filter(|note| trusted.note(*note, moment) != Taken::NotCredited);
        if note.is_none() {
            log::info!("the ledger has just started and does not say yet that the register is fresh");
        } else if freshness.is_none() {
            log::warn!("the ledger's freshness note does not fit the register or the time; it is not used");
            agent.doubt(AlarmKind::RegisterRefused);
        }
        let names = names_in(&after, &answer.names);
        let time = trusted.to_keep(moment);
        let news = self.news(&entries, &names, time.as_ref());
        if news == News::Some {
            let length =
                if entries.is_empty() { None } else { Some(self.entries.append(&entries).map_err(Disbelief::Disk)?) };
            self.keep(answer, time, &after, &names)?;
            self.entries.verified = length.unwrap_or(self.entries.verified);
        }
        self.heard = true;
        agent.advance(&before, after, freshness, moment, names);
        Ok(news)
    }

    /// Whether there is anything that is not kept yet.
    fn news(&self, entries: &[Judged], names: &HashMap<NameHash, NameText>, time: Option<&TimeBase>) -> News {
        let Some(kept) = self.kept.as_ref() else { return News::Some };
        let known: HashSet<NameHash> = kept.names.iter().filter_map(|name| Some(named(name)?.0)).collect();
        let same_time = match (time, &kept.time) {
            (None, None) => true,
            (Some(time), Some(kept)) => {
                time.note.time.abs_diff(kept.note.time) < NOTE_NEWS && time.behind == kept.behind
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        let nothing = entries.is_empty() && same_time && names.keys().all(|name| known.contains(name));
        if nothing { News::None } else { News::Some }
    }

    fn keep(
        &mut self,
        answer: &RegisterAnswer,
        time: Option<TimeBase>,
        after: &Register,
        new: &HashMap<NameHash, NameText>,
    ) -> Result<(), Disbelief> {
        let kept = self.kept.as_ref().map(|kept| kept.names.as_slice()).unwrap_or_default();
        let mut names = names_in(after, kept);
        names.extend(new.clone());
        let names = names.into_values().collect();
        let floor = Some(Floor { size: after.size(), root: after.root().0 });
        let before = self.kept.as_ref().and_then(|kept| kept.freshness.clone());
        let (checkpoint, freshness) = (answer.checkpoint.clone(), answer.freshness.clone().or(before));
        let replaced = self.kept.as_ref().map(|kept| kept.names.as_slice()).unwrap_or_default();
        let erased = replaced.iter().filter_map(named).any(|(name, _)| after.name_erased(&name).is_some());
        let kept = Kept { checkpoint, freshness, time, names, floor };
        let json = serde_json::to_vec(&kept).map(Zeroizing::new).map_err(|error| Disbelief::Disk(error.into()))?;
        // A name that an act erased is written over where it stood.
        let replace = if erased { files::replace_wholly } else { files::replace };
        replace(&self.note_file(), &json).map_err(Disbelief::Disk)?;
        self.kept = Some(kept);
        Ok(())
    }
}

/// Of two checkpoints of one log the one that says more. One of them is the ledger's own word that nobody here has verified: the ledger does, when it is
/// shown it again.
fn larger(verified: Option<String>, handed: String) -> Option<String> {
    let size = |note: &str| claimed_size(note).unwrap_or_default();
    match verified {
        Some(verified) if size(&verified) >= size(&handed) => Some(verified),
        Some(_) | None => Some(handed),
    }
}

/// Entries of the register, as they came.
type Acts = Vec<Vec<u8>>;

/// The acts that were verified here, from the first on, and the names that are known; nothing where there are none.
pub(crate) fn kept_acts(config: &Config) -> io::Result<Option<(Acts, HashMap<NameHash, NameText>)>> {
    let folder = config.state.join("register");
    let Some(kept) = files::read_json::<Kept>(&folder.join("register.json"))? else { return Ok(None) };
    let Some(size) = kept.floor.and_then(|floor| usize::try_from(floor.size).ok()) else { return Ok(None) };
    // What stands behind it was being written.
    let entries = EntriesFile::new(&folder).read()?.into_iter().map(|(_, entry)| entry).take(size);
    let names = kept.names.into_iter().filter_map(|name| Some((named(&name)?.0, name)));
    Ok(Some((entries.collect(), names.collect())))
}

/// Folds the new entries, and adds them with what was concluded about each to those that were fetched before.
fn fold(
    before: &Register,
    entries: Vec<Vec<u8>>,
    fetched: &mut Vec<Judged>,
    identity: &Identity,
    floor: Option<Floor>,
) -> Result<Arc<Register>, Disbelief> {
    let mut after = before.clone();
    for entry in entries {
        let folded = after.fold(&entry);
        if floor.is_some_and(|floor| floor.size == after.size() && floor.root != after.root().0) {
            return Err(Disbelief::Fork { size: after.size() });
        }
        fetched.push((Concluded::of(&folded), entry));
        if let Err(refusal) = folded {
            // The ledger appends nothing that the fold refuses: it is at fault, and size and root go on all the same.
            log::error!("an act in the register is refused: {}", refusal.text(sekisho_wire::words::Language::English));
        }
    }
    match after.office() {
        Some(office) if office != identity.office => Err(Disbelief::OtherOffice),
        Some(_) | None => Ok(Arc::new(after)),
    }
}

/// The size in a checkpoint whose signature nobody has checked.
fn claimed_size(checkpoint: &str) -> Option<u64> {
    Checkpoint::claimed(checkpoint).ok().map(|claimed| claimed.size)
}

/// The keys of a log as the register has them; before the founding act the one of the enrolment code.
pub(crate) fn keys_of(register: &Register, log: Log, enrolled: &VerifyingKey) -> LogKeys {
    let named = register.keys_in_force(log);
    named.unwrap_or_else(|| LogKeys::from(enrolled.clone()))
}

fn named(name: &NameText) -> Option<(NameHash, String)> {
    let salt = STANDARD.decode(&name.salt).ok().and_then(|salt| Salt::from_slice(&salt));
    let salt = salt.or_else(|| name.salt.parse().ok())?;
    Some((NameHash::of(&salt, &name.text), name.text.clone()))
}

/// Of these names, those that the register knows and no act erased. Nobody signs names: what is in no act must not pile up here.
fn names_in(register: &Register, names: &[NameText]) -> HashMap<NameHash, NameText> {
    if names.is_empty() {
        return HashMap::new();
    }
    let known = register.names();
    let hashed = names.iter().filter_map(|name| Some((named(name)?.0, name.clone())));
    hashed.filter(|(hash, _)| known.contains(hash)).collect()
}

impl Agent {
    /// Ends the session if it is one of these. The ledger can only take away by this: what it says gives nobody anything.
    fn end_if_elsewhere(&self, ended: &[String]) {
        let mut core = self.lock();
        let is_ended = core.machine.session().is_some_and(|session| ended.contains(&session.id.to_string()));
        if is_ended {
            log::warn!("the session ends: its operator has another open at another terminal");
            self.step(&mut core, Event::RightGone(Reason::OpenElsewhere));
        }
    }

    /// A newer register and note are on disk: from here on they decide.
    fn advance(
        &self,
        before: &Register,
        after: Arc<Register>,
        freshness: Option<SeenNote>,
        moment: Moment,
        names: HashMap<NameHash, NameText>,
    ) {
        let mut core = self.lock();
        core.names.extend(names.into_iter().map(|(hash, name)| (hash, name.text)));
        if let Some(note) = freshness
            && let Taken::Counts(Some(step)) = core.trusted.note(note, moment)
        {
            if step.to < step.from {
                // No session sees time go back: what it was allowed for, and how long it may last, was counted by the other time.
                self.step(&mut core, Event::RightGone(Reason::ClockImpossible));
            }
            self.observe(&mut core, Body::Clock(ClockStep { from: step.from, to: step.to }));
        }
        if after.size() != before.size() {
            let (size, root) = (after.size(), after.root());
            core.names.retain(|name, _| after.name_erased(name).is_none());
            core.take_register(after);
            self.observe(&mut core, Body::RegisterAdvanced(RegisterAdvanced { size, root }));
            if let Some(announced) = core.register.announced_recovery(core.register.newest_made()) {
                let (index, due) = (announced.index, announced.due);
                log::error!(
                    "a recovery is announced by act {index} and can be completed from {due} on (ms since 1970): whoever knows nothing of it objects"
                );
            }
            if self.epoch_is_over(&core.register) {
                log::warn!("an act has opened a new epoch of this terminal: the agent ends in order, and begins it");
                ending::in_order();
            }
        }
        self.recheck(&mut core);
        self.tell(&mut core);
    }
}

#[cfg(test)]
#[path = "keeper/tests.rs"]
mod tests;
