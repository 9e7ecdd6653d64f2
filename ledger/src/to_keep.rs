//! Which entries terminals are to keep for the ledger (`keepsake.rs`) since a moment ago. Whoever waits for the register comes for them at once:
//! a machine that is lost meanwhile would take them with it.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::watch;

use crate::locks::lock;
use crate::store::LogName;

/// Those of one office.
#[derive(Debug, Default)]
pub(crate) struct ToKeep {
    /// Durable, and not signed yet.
    written: Mutex<Vec<Place>>,
    signed: watch::Sender<Recent>,
}

/// A log, and an index in it.
pub(crate) type Place = (LogName, u64);

/// The last of them that were signed. Whoever comes for one gets those before it as well, so no more are remembered.
pub(crate) type Recent = VecDeque<Place>;

const RECENT: usize = 256;

impl ToKeep {
    /// These are durable.
    pub(crate) fn wrote(&self, places: impl IntoIterator<Item = Place>) {
        lock(&self.written).extend(places);
    }

    /// So many entries of a log are under its checkpoint.
    pub(crate) fn signed(&self, log: LogName, size: u64) {
        let mut written = lock(&self.written);
        let now: Vec<Place> = written.extract_if(.., |(of, index)| *of == log && *index < size).collect();
        drop(written);
        if !now.is_empty() {
            self.signed.send_modify(|recent| {
                recent.extend(now);
                recent.drain(..recent.len().saturating_sub(RECENT));
            });
        }
    }

    /// Tells each that was signed.
    pub(crate) fn watch(&self) -> watch::Receiver<Recent> {
        self.signed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_told_and_the_last_of_it_remembered() {
        let to_keep = ToKeep::default();
        let watch = to_keep.watch();
        to_keep.wrote([(LogName::Records, 4), (LogName::Casebook, 0)]);
        assert!(watch.borrow().is_empty());
        to_keep.signed(LogName::Records, 4);
        assert!(!watch.has_changed().unwrap());
        to_keep.signed(LogName::Records, 5);
        to_keep.signed(LogName::Records, 9);
        assert_eq!(*watch.borrow(), [(LogName::Records, 4)]);
        to_keep.wrote((0..1000).map(|index| (LogName::Casebook, index)));
        to_keep.signed(LogName::Casebook, 900);
        assert_eq!((watch.borrow().len(), watch.borrow().back().copied()), (RECENT, Some((LogName::Casebook, 899))));
    }
}
