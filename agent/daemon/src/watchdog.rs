//! Ends the card worker when a call to card or reader does not come back: `SCardConnect` may block without limit, and nothing else can
//! end it. The service manager starts the worker again; the agent has locked meanwhile.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Watches over one thread that speaks to cards.
#[derive(Clone, Debug)]
pub struct Watchdog {
    shared: Arc<(Mutex<Work>, Condvar)>,
}

#[derive(Debug, Default)]
struct Work {
    /// Counts calls; odd while one is going on.
    count: u64,
    /// How much longer than others this one may last: a person is waited for.
    patience: Duration,
}

impl Watchdog {
    /// Starts watching. `bite` is called once, when a call has lasted longer than `deadline`.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(deadline: Duration, bite: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Work::default()), Condvar::new()));
        let watched = Arc::clone(&shared);
        std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            watch(&watched.0, &watched.1, deadline);
            bite();
        })?;
        Ok(Self { shared })
    }

    /// Does `work` under the watchdog's eye.
    pub fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        self.during_and(Duration::ZERO, work)
    }

    /// As [`Self::during`], for work that may take so much longer.
    pub fn during_and<R>(&self, patience: Duration, work: impl FnOnce() -> R) -> R {
        self.step(patience);
        let result = work();
        self.step(Duration::ZERO);
        result
    }

    fn step(&self, patience: Duration) {
        let mut work = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        work.count += 1;
        work.patience = patience;
        drop(work);
        self.shared.1.notify_all();
    }
}

/// Returns when one call has lasted longer than it may. Sleeps while there is none.
fn watch(work: &Mutex<Work>, changed: &Condvar, deadline: Duration) {
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let seen = work.count;
        if seen.is_multiple_of(2) {
            work = changed.wait_while(work, |work| work.count == seen).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let most = deadline + work.patience;
        let waited = changed.wait_timeout_while(work, most, |work| work.count == seen);
        let (guard, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
        if outcome.timed_out() {
            return;
        }
        work = guard;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_call_that_does_not_come_back_is_bitten() {
        let (bitten, bite) = mpsc::channel();
        let watchdog = Watchdog::start(Duration::from_millis(20), move || bitten.send(()).unwrap()).unwrap();
        watchdog.during(|| ());
        assert!(bite.try_recv().is_err());
        // The call lasts until the bite, however long that takes.
        watchdog.during(|| bite.recv().unwrap());
    }

    #[test]
    fn a_call_in_which_a_person_is_waited_for_may_take_longer() {
        let (bitten, bite) = mpsc::channel();
        let watchdog = Watchdog::start(Duration::from_millis(1), move || bitten.send(()).unwrap()).unwrap();
        let came = watchdog.during_and(Duration::from_secs(600), || bite.recv_timeout(Duration::from_millis(100)));
        assert!(came.is_err(), "bitten while a person typed");
        watchdog.during(|| bite.recv().unwrap());
    }
}
