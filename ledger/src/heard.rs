//! What this run has heard of terminals, beside what is stored: who asked lately, and who holds records that did not get in.

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
    /// Whether the last batch that it brought was not taken.
    holds_back: bool,
}

impl Heard {
    /// A terminal asked something.
    pub(crate) fn asked(&self, terminal: &Peer, now: Millis) {
        lock(&self.terminals).entry(terminal.clone()).or_default().asked = Some(now);
    }

    /// A terminal brought a batch, and it was taken or not.
    pub(crate) fn brought(&self, terminal: &Peer, taken: bool) {
        lock(&self.terminals).entry(terminal.clone()).or_default().holds_back = !taken;
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

    /// When a terminal last asked and owed nothing: one that is here sends what it has before it asks for more.
    pub(crate) fn last_at_ease(&self, office: &OfficeId, terminal: &Code) -> Option<Millis> {
        let known = self.known(office, terminal);
        known.asked.filter(|_| !known.holds_back)
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
