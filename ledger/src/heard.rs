//! What this run has heard of terminals, beside what is stored: who asked lately, and how many records they say that they have.

use std::collections::HashMap;
use std::sync::Mutex;

use sekisho_wire::batch::BatchHeader;
use sekisho_wire::id::{Code, OfficeId};

use crate::authority::Peer;
use crate::clock::Millis;
use crate::locks::lock;

/// In memory only: after a start a terminal is heard as soon as it asks again, which takes no minute.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    terminals: Mutex<HashMap<Peer, Known>>,
    /// Where batches began that came too early, by history: what is missing before them is known to be somewhere.
    gaps: Mutex<HashMap<(Peer, u32), u64>>,
}

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
        let terminal = Peer { office: header.office, terminal: header.terminal.clone() };
        lock(&self.gaps).insert((terminal, header.epoch), header.first);
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
        let terminal = Peer { office: *office, terminal: terminal.clone() };
        lock(&self.gaps).get(&(terminal, epoch)).copied()
    }
}
