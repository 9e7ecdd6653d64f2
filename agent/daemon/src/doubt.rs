//! What is to be known at the ledger of the way there: its word is not believed, or our own records are held back here. Said in a record,
//! so that it stands in the book when the ledger takes it after all.

use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body};

use crate::agent::Agent;

/// The same doubt is recorded once in this time, ms: whoever forges answers must not fill the journal with what we think of them.
const AGAIN: u64 = 60 * 60 * 1000;

/// What was doubted, and when last.
#[derive(Debug, Default)]
pub(crate) struct Doubts(Vec<(AlarmKind, u64)>);

impl Doubts {
    /// Whether this is worth a record at this boot time.
    fn is_news(&mut self, kind: AlarmKind, now: u64) -> bool {
        self.0.retain(|(_, at)| now.saturating_sub(*at) < AGAIN);
        let news = self.0.iter().all(|(doubted, _)| *doubted != kind);
        if news {
            self.0.push((kind, now));
        }
        news
    }
}

impl Agent {
    /// Records that the ledger's word was not believed, or that records are held back here.
    pub(crate) fn doubt(&self, kind: AlarmKind) {
        let now = self.clock.boottime();
        let mut core = self.lock();
        if core.doubts.is_news(kind, now) {
            let (terminal, epoch) = (Some(self.identity.terminal.clone()), Some(self.journal.next().epoch));
            self.observe(&mut core, Body::Alarm(Alarm { kind, terminal, epoch, seq: None, act: None }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_doubt_is_said_once_an_hour() {
        let mut doubts = Doubts::default();
        assert!(doubts.is_news(AlarmKind::SealRefused, 0));
        assert!(!doubts.is_news(AlarmKind::SealRefused, AGAIN - 1));
        assert!(doubts.is_news(AlarmKind::RegisterRefused, AGAIN - 1));
        assert!(doubts.is_news(AlarmKind::SealRefused, AGAIN));
    }
}
