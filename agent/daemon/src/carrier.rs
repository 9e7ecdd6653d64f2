//! The agent's end of the forwarder: an errand is given, and what was brought comes back.

use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use sekisho_ipc::{Connection, ConnectionError, Descriptors, LinkState};

use crate::agent::Agent;
use crate::forwarder_link::{Brought, Errand, FORWARDER_MESSAGE_MAX, Hello, Line};

/// The longest any errand takes: a long poll and the way there.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whoever brings the ledger's answers.
pub(crate) trait Carrier: Send + Sync {
    /// Goes on one errand and waits. `None`: there is nobody to send.
    fn go(&self, errand: &Errand) -> Option<Brought>;
}

/// The lines of the forwarder that is connected.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    register: LineEnd,
    records: LineEnd,
}

#[derive(Debug, Default)]
struct LineEnd {
    connection: Mutex<Option<Connection>>,
    came: Condvar,
}

/// One line, as its user sees it.
pub(crate) struct OneLine<'a> {
    lines: &'a Lines,
    line: Line,
}

impl Lines {
    const fn end(&self, line: Line) -> &LineEnd {
        match line {
            Line::Register => &self.register,
            Line::Records => &self.records,
        }
    }

    pub(crate) const fn line(&self, line: Line) -> OneLine<'_> {
        OneLine { lines: self, line }
    }

    /// Takes a connection of the forwarder; it replaces the one before, which is dead or will be.
    pub(crate) fn take(&self, stream: UnixStream) -> Result<(), ConnectionError> {
        let mut connection = Connection::new(stream, Descriptors::Refused)?;
        connection.set_read_waits(Some(PATIENCE), Some(PATIENCE));
        connection.set_write_wait(Some(PATIENCE));
        let Hello { line } = connection.read_message(1024)?;
        let end = self.end(line);
        *end.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        end.came.notify_all();
        Ok(())
    }
}

impl Carrier for OneLine<'_> {
    fn go(&self, errand: &Errand) -> Option<Brought> {
        let end = self.lines.end(self.line);
        let mut held = end.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            held = end.came.wait_timeout(held, Duration::from_secs(1)).unwrap_or_else(PoisonError::into_inner).0;
        }
        let connection = held.as_mut()?;
        let went = connection.write_message(errand).and_then(|()| connection.read_message(FORWARDER_MESSAGE_MAX));
        if let Err(error) = &went {
            log::warn!("lost the forwarder: {error}");
            *held = None;
        }
        went.ok()
    }
}

impl Agent {
    /// Goes on an errand, and notes whether the ledger answered.
    pub(crate) fn send_out(&self, carrier: &dyn Carrier, errand: &Errand) -> Option<Brought> {
        let brought = carrier.go(errand);
        match &brought {
            Some(Brought::Answer { .. } | Brought::Refused { .. }) => self.link_is(LinkState::Up),
            Some(Brought::Unreachable { what, next }) => {
                log::info!("{what}; {next}");
                self.link_is(LinkState::Down);
            }
            None => self.link_is(LinkState::Down),
        }
        brought
    }
}
