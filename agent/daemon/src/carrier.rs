//! The agent's end of the forwarder: an errand is given, and what was brought comes back.

use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use sekisho_ipc::{Connection, ConnectionError, Descriptors, LinkState};
use sekisho_wire::reason::LinkState as RecordedLink;
use sekisho_wire::record::Body;

use crate::agent::Agent;
use crate::forwarder_link::{Brought, Errand, FORWARDER_MESSAGE_MAX, Hello, Line};

/// The longest any errand takes: a long poll and the way there.
const PATIENCE: Duration = Duration::from_secs(90);
/// So much of what others say is worth a line in the log.
const LOGGED_MAX: usize = 500;

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

/// Whether each line reaches the ledger. One that works must not hide the other that does not: records that stay here are lost with the
/// disk, and a register that does not come brings no revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) records: LinkState,
    pub(crate) register: LinkState,
}

impl Default for Links {
    fn default() -> Self {
        Self { records: LinkState::Down, register: LinkState::Down }
    }
}

impl Links {
    const fn of(&mut self, line: Line) -> &mut LinkState {
        match line {
            Line::Records => &mut self.records,
            Line::Register => &mut self.register,
        }
    }
}

impl Agent {
    /// Goes on an errand, and notes whether the ledger answered.
    pub(crate) fn send_out(&self, carrier: &dyn Carrier, errand: &Errand) -> Option<Brought> {
        let brought = carrier.go(errand);
        let state = match &brought {
            Some(Brought::Answer { .. } | Brought::Refused { .. }) => LinkState::Up,
            Some(Brought::Unreachable { what, next }) => {
                log::info!("{}; {}", printable(what), printable(next));
                LinkState::Down
            }
            None => LinkState::Down,
        };
        self.link_is(errand.line(), state);
        brought
    }

    /// A line to the ledger opened or closed.
    fn link_is(&self, line: Line, state: LinkState) {
        let mut core = self.lock();
        if std::mem::replace(core.links.of(line), state) == state {
            return;
        }
        let recorded = match (line, state) {
            (Line::Records, LinkState::Up) => RecordedLink::Up,
            (Line::Records, LinkState::Down) => RecordedLink::Down,
            (Line::Register, LinkState::Up) => RecordedLink::RegisterUp,
            (Line::Register, LinkState::Down) => RecordedLink::RegisterDown,
        };
        self.write(&mut core, Body::Link(recorded));
        self.tell(&mut core);
    }
}

/// What others wrote, fit for one line of our log: a forwarder in wrong hands must not write lines of its own.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(LOGGED_MAX).map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;

    /// Reaches the ledger on one line only.
    struct Half(Line);

    impl Carrier for Half {
        fn go(&self, errand: &Errand) -> Option<Brought> {
            (errand.line() == self.0).then_some(Brought::Answer { body: serde_json::Value::Null })
        }
    }

    #[test]
    fn a_line_that_works_does_not_hide_the_other() {
        let bench = Bench::new();
        let (cursor, register) = (Errand::Cursor { epoch: 0 }, Errand::Register { from: 0, wait: 0 });
        for (works, links) in [(Line::Records, ["up", "down"]), (Line::Register, ["down", "up"])] {
            for _ in 0..2 {
                let _ = bench.agent.send_out(&Half(works), &cursor);
                let _ = bench.agent.send_out(&Half(works), &register);
            }
            let state = serde_json::to_value(bench.agent.state(&crate::testing::panel()).0).unwrap();
            assert_eq!([&state["link"], &state["register_link"]], links);
        }
        let recorded: Vec<_> = bench.records().into_iter().map(|record| record.body).collect();
        let recorded: Vec<_> =
            recorded.iter().filter_map(|body| if let Body::Link(state) = body { Some(*state) } else { None }).collect();
        assert_eq!(recorded, [RecordedLink::Up, RecordedLink::Down, RecordedLink::RegisterUp]);
    }

    #[test]
    fn what_others_wrote_stays_on_one_line() {
        assert_eq!(printable("lost\n[ERROR] all is well\u{1b}[2J"), "lost [ERROR] all is well [2J");
        assert_eq!(printable(&"x".repeat(5000)).len(), LOGGED_MAX);
    }
}
