//! What the agent knows of the line to the ledger, and tells it.

use std::time::Duration;

use sekisho_wire::reason::AlarmKind;

use crate::agent::{Acknowledged, Agent, History, Records};
use crate::carrier::{Carrier, printable};
use crate::forwarder_link::{Brought, Errand};
use crate::run::time_of;

/// How often the certificate is looked after, ms of boot time, and how often after trouble with it.
const CERTIFICATE_LOOK: u64 = 6 * 60 * 60 * 1000;
pub(super) const CERTIFICATE_RETRY: u64 = 60 * 60 * 1000;
/// Since when records wait is known to so many ms.
const UNSENT_LOOK: u64 = 60_000;

impl Agent {
    /// Notes what the ledger says of our history; returns what was noted before.
    pub(crate) fn history_is(&self, history: History) -> History {
        let mut core = self.lock();
        let before = std::mem::replace(&mut core.history, history);
        if before != history {
            self.tell(&mut core);
        }
        before
    }

    /// Notes whether this terminal itself can send its records. That it cannot is in the book when they get there after all, and in the
    /// state at once: a line that works says nothing of it.
    pub(super) fn records_are(&self, records: Records) {
        let mut core = self.lock();
        if std::mem::replace(&mut core.records, records) != records {
            self.tell(&mut core);
        }
        drop(core);
        if records == Records::HeldBack {
            self.doubt(AlarmKind::RecordsHeldBack);
        }
    }

    /// Has the forwarder look after its certificate; returns when to do so again, in ms. A failure stays in the state: the day on which the
    /// certificate ends comes nearer.
    pub(super) fn look_after_certificate(&self, carrier: &dyn Carrier) -> u64 {
        let Some(Brought::Certified { ends, trouble }) = carrier.go(&Errand::Certificate) else {
            return CERTIFICATE_RETRY / 60;
        };
        let mut core = self.lock();
        if core.certificate_ends.replace(ends) != Some(ends) {
            self.tell(&mut core);
        }
        trouble.map_or(CERTIFICATE_LOOK, |trouble| {
            log::error!("{}; without it nothing reaches the ledger any more", printable(&trouble));
            CERTIFICATE_RETRY
        })
    }

    /// How far the ledger is, told to whoever watches.
    pub(super) fn acknowledge(&self) -> Acknowledged {
        let acknowledged = self.position().acknowledged();
        let Acknowledged { stored, sealed } = acknowledged;
        let oldest = self.oldest_unsent(stored);
        let mut core = self.lock();
        core.unsent_since = if self.journal.next().first == stored { None } else { oldest.or(core.unsent_since) };
        if (core.acknowledged.stored, core.acknowledged.sealed) != (stored, sealed) {
            core.acknowledged = acknowledged;
            self.tell(&mut core);
        }
        acknowledged
    }

    /// Trusted time of the oldest record that the ledger has not got. It is read only when what is known is older than that can be by much: a
    /// terminal that is busy has something unsent all the time.
    fn oldest_unsent(&self, stored: u64) -> Option<u64> {
        {
            let mut core = self.lock();
            let now = self.now(&mut core).trusted;
            let known = core.unsent_since?;
            if core.acknowledged.stored == stored || now.saturating_sub(known) < UNSENT_LOOK {
                return None;
            }
        }
        time_of(&self.journal, stored)
    }

    /// Waits until there is a durable record from `next` on, at most `patience` of real time.
    pub(super) fn wait_for_records(&self, next: u64, patience: Duration) {
        let slice = patience.min(Duration::from_secs(1));
        let mut left = patience;
        let mut core = self.lock();
        while self.journal.durable() <= next && !left.is_zero() {
            let generation = core.generation;
            core = self.wait_for_change(core, left);
            if core.generation == generation {
                return;
            }
            // A change that was not a record must not shorten the pause to nothing, nor lengthen it for ever.
            left = left.saturating_sub(slice / 10);
        }
    }
}
