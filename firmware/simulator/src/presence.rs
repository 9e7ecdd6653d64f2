//! Whether the card is in the reader: said by the control, obeyed by the connection to vpcd.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Shared by the control and the loop that speaks to vpcd.
#[derive(Clone, Debug)]
pub struct Presence(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug)]
struct State {
    inserted: bool,
    /// The connection that stands for the contacts. Cut by [`Presence::pull`], so that pulling does not wait for the
    /// command that is under way.
    contacts: Option<TcpStream>,
}

impl Presence {
    /// A card that is in.
    #[must_use]
    pub fn inserted() -> Self {
        Self(Arc::new((Mutex::new(State { inserted: true, contacts: None }), Condvar::new())))
    }

    /// A card that is out.
    #[must_use]
    pub fn pulled() -> Self {
        Self(Arc::new((Mutex::new(State { inserted: false, contacts: None }), Condvar::new())))
    }

    /// Puts the card in. Nothing happens if it is in already.
    pub fn insert(&self) {
        self.state().inserted = true;
        self.0.1.notify_all();
    }

    /// Takes the card out, at once.
    pub fn pull(&self) {
        let mut state = self.state();
        state.inserted = false;
        if let Some(contacts) = state.contacts.take() {
            // An error says that the other side has cut already, which is what is wanted.
            let _ = contacts.shutdown(Shutdown::Both);
        }
    }

    /// Waits until the card is in.
    pub(crate) fn wait_inserted(&self) {
        let mut state = self.state();
        while !state.inserted {
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Names the connection that is to be cut; `false` when the card was pulled in the meantime.
    pub(crate) fn joined(&self, contacts: TcpStream) -> bool {
        let mut state = self.state();
        if state.inserted {
            state.contacts = Some(contacts);
        }
        state.inserted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
