//! After a start witnesses say what they cosigned last, before anything new is written (LEDGER.md §L3): a book that was put back together with its
//! checkpoint files knows of nothing newer by itself, and they do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::hearing::{Awaited, Whom};
use crate::locks::lock;
use crate::store::LogName;

/// Which witnesses have been heard of an office's logs since the start.
#[derive(Debug, Default)]
pub struct WitnessHearing {
    needed: usize,
    heard: Mutex<BTreeMap<usize, BTreeSet<LogName>>>,
    /// An operator says that nobody else need be waited for.
    over: AtomicBool,
}

impl WitnessHearing {
    /// So many have to be heard.
    #[must_use]
    pub fn of(needed: usize) -> Self {
        Self { needed, ..Self::default() }
    }

    /// Who is waited for; nothing when enough were heard.
    #[must_use]
    pub fn awaited(&self) -> Option<Awaited> {
        let needed = self.needed;
        let heard = lock(&self.heard).values().filter(|logs| logs.len() == LogName::ALL.len()).count();
        let waits = heard < needed && !self.over.load(Ordering::Acquire);
        waits.then_some(Awaited { whom: Whom::Witnesses, needed, heard })
    }

    /// An operator says that nobody else need be waited for.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// A witness has cosigned what the ledger has of a log, or has shown what stopped it.
    pub(super) fn hear(&self, witness: usize, log: LogName) {
        lock(&self.heard).entry(witness).or_default().insert(log);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_counts_once_it_was_heard_of_every_log() {
        let hearing = WitnessHearing::of(2);
        let heard = || hearing.awaited().map(|awaited| awaited.heard);
        for log in LogName::ALL {
            assert_eq!(heard(), Some(0));
            hearing.hear(0, log);
        }
        hearing.hear(1, LogName::Records);
        assert_eq!(heard(), Some(1));
        LogName::ALL.into_iter().for_each(|log| hearing.hear(1, log));
        assert_eq!((heard(), WitnessHearing::default().awaited()), (None, None));
    }
}
