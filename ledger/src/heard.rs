//! What the ledger has heard of terminals, beside what is stored: who asked lately, how many records they say that they have, and which they have
//! shown to be missing.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use sekisho_wire::batch::BatchHeader;
use sekisho_wire::id::{Code, OfficeId};

use crate::authority::Peer;
use crate::clock::Millis;
use crate::data::replace_file;
use crate::locks::lock;

/// Who asked is in memory only: after a start a terminal is heard as soon as it asks again, which takes no minute.
#[derive(Debug)]
pub(crate) struct Heard {
    terminals: Mutex<HashMap<Peer, Known>>,
    gaps: Mutex<Gaps>,
    /// Something of them is not in the file yet.
    is_new: AtomicBool,
    /// Gaps are remembered over a start: the terminal that has shown one may never come again.
    file: PathBuf,
}

/// Where batches began that came too early, by office, terminal and epoch: what is missing before them is known to be somewhere.
type Gaps = BTreeMap<String, BTreeMap<String, BTreeMap<u32, u64>>>;

/// Most epochs of a terminal of which a gap is remembered: a terminal whose epoch is not open is not heard at all.
const EPOCHS_MAX: usize = 16;

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// When it last asked anything as itself.
    asked: Option<Millis>,
    /// What it said last of itself, and when.
    told: Option<(Written, Millis)>,
}

/// How many records a terminal says that it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Its epoch.
    pub(crate) epoch: u32,
    /// The seq that its next record gets there.
    pub(crate) next: u64,
}

impl Heard {
    /// With what earlier runs were shown to be missing. A file that cannot be read is begun anew: terminals show again what they still have.
    pub(crate) fn remembered_in(file: PathBuf) -> Self {
        let read = std::fs::read(&file).map_err(|error| error.to_string());
        let gaps = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
        let gaps = gaps.unwrap_or_else(|error| {
            if file.exists() {
                log::warn!("what was missing before this start is not known: {}: {error}", file.display());
            }
            Gaps::default()
        });
        Self { terminals: Mutex::default(), gaps: Mutex::new(gaps), is_new: AtomicBool::default(), file }
    }

    /// A terminal asked something.
    pub(crate) fn asked(&self, terminal: &Peer, now: Millis) {
        lock(&self.terminals).entry(terminal.clone()).or_default().asked = Some(now);
    }

    /// A terminal said how many records it has.
    pub(crate) fn told(&self, terminal: &Peer, written: Written, now: Millis) {
        lock(&self.terminals).entry(terminal.clone()).or_default().told = Some((written, now));
    }

    /// A batch began after what was expected.
    pub(crate) fn gap(&self, header: &BatchHeader) {
        let mut gaps = lock(&self.gaps);
        let office = gaps.entry(header.office.to_string()).or_default();
        let epochs = office.entry(header.terminal.to_string()).or_default();
        if epochs.insert(header.epoch, header.first) == Some(header.first) {
            return;
        }
        if epochs.len() > EPOCHS_MAX {
            epochs.pop_first();
        }
        self.is_new.store(true, Ordering::Release);
    }

    /// Writes down what was shown to be missing since the last time, if anything was. A terminal that shows much must keep nobody waiting for the disk, so
    /// this is not done as it comes.
    pub(crate) fn keep(&self) {
        if !self.is_new.swap(false, Ordering::AcqRel) {
            return;
        }
        let bytes = serde_json::to_vec(&*lock(&self.gaps)).expect("text and numbers are JSON");
        if let Err(error) = replace_file(&self.file, &bytes) {
            log::warn!("cannot remember in {} what is missing: {error}", self.file.display());
            self.is_new.store(true, Ordering::Release);
        }
    }

    /// When a terminal last asked.
    pub(crate) fn last_asked(&self, office: &OfficeId, terminal: &Code) -> Option<Millis> {
        self.known(office, terminal).asked
    }

    /// What a terminal said last of how many records it has, and when.
    pub(crate) fn last_told(&self, office: &OfficeId, terminal: &Code) -> Option<(Written, Millis)> {
        self.known(office, terminal).told
    }

    fn known(&self, office: &OfficeId, terminal: &Code) -> Known {
        let terminal = Peer { office: *office, terminal: terminal.clone() };
        lock(&self.terminals).get(&terminal).copied().unwrap_or_default()
    }

    /// The first record that it has shown after those that are missing.
    pub(crate) fn after_gap(&self, office: &OfficeId, terminal: &Code, epoch: u32) -> Option<u64> {
        lock(&self.gaps).get(&office.to_string())?.get(terminal.as_str())?.get(&epoch).copied()
    }

    /// The same of all terminals and epochs of an office.
    pub(crate) fn all_gaps(&self, office: &OfficeId) -> Vec<(Code, u32, u64)> {
        let gaps = lock(&self.gaps);
        let terminals = gaps.get(&office.to_string()).into_iter().flatten();
        let known = terminals.filter_map(|(terminal, epochs)| Some((Code::new(terminal).ok()?, epochs)));
        known
            .flat_map(|(code, epochs)| epochs.iter().map(move |(epoch, first)| (code.clone(), *epoch, *first)))
            .collect()
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.keep();
    }
}
