//! A PIN that is typed on the reader: whether anybody still wants it, and the digest that the card signs when it has taken it.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// How often is looked whether the call is over. Only while one is.
const LOOK: Duration = Duration::from_millis(200);

/// One PIN.
#[derive(Debug, Default)]
pub(crate) struct PadEntry {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// It is being typed, or the agent decides.
    #[default]
    Wanted,
    /// This is to be signed.
    Decided([u8; 32]),
    /// Nobody wants it: it opens nothing. The reader cannot be stopped; it waits until the person or its own time ends it.
    Over,
}

impl PadEntry {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody wants it any more, or it has been used.
    pub(crate) fn end(&self) {
        *self.lock() = State::Over;
        self.changed.notify_all();
    }

    /// Whether nothing is to be expected any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.lock(), State::Over)
    }

    /// What the agent decided upon.
    pub(crate) fn decide(&self, digest: [u8; 32]) {
        let mut state = self.lock();
        if matches!(*state, State::Wanted) {
            *state = State::Decided(digest);
            self.changed.notify_all();
        }
    }

    /// What is to be signed, once; `None` when nobody wants it, or says nothing for so long.
    pub(crate) fn decided(&self, wait: Duration) -> Option<[u8; 32]> {
        let waiting = self.changed.wait_timeout_while(self.lock(), wait, |state| matches!(state, State::Wanted));
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner).0;
        match std::mem::replace(&mut *state, State::Over) {
            State::Decided(digest) => Some(digest),
            State::Wanted | State::Over => None,
        }
    }
}

/// Waits until the client's end is closed, which gives the prompt up, or the call is over. What is written to it is never read: a PIN that was
/// typed at a keyboard has no business here, and the prompt ends with it.
pub(crate) fn watch(entry: &PadEntry, descriptor: &OwnedFd) {
    let slice = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) };
    while !entry.is_over() {
        match poll(&mut [PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN)], Some(&slice)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return entry.end(),
            Err(errno) => {
                log::warn!("cannot watch over a prompt: {errno}");
                return entry.end();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    const WAIT: Duration = Duration::from_secs(9);

    #[test]
    fn a_digest_is_signed_once() {
        let entry = PadEntry::default();
        entry.decide([7; 32]);
        assert_eq!(entry.decided(WAIT), Some([7; 32]));
        entry.decide([8; 32]);
        assert_eq!(entry.decided(WAIT), None);
        let silent = PadEntry::default();
        assert_eq!(silent.decided(Duration::from_millis(1)), None);
        assert!(silent.is_over(), "a digest that comes later signs nothing");
    }

    #[test]
    fn who_closes_the_prompt_gives_it_up_and_so_does_who_writes_into_it() {
        for written in [false, true] {
            let (client, worker) = UnixStream::pair().unwrap();
            let entry = PadEntry::default();
            if written {
                rustix::io::write(&client, b"PIN1").unwrap();
            } else {
                drop(client);
            }
            watch(&entry, &worker.into());
            entry.decide([7; 32]);
            assert_eq!(entry.decided(WAIT), None);
        }
    }
}
