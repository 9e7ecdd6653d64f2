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
/// Least time between two records about one line, ms.
const LINK_RECORDS: u64 = 10_000;
/// Refusals of a ledger that goes on with us.
const PASSING: [&str; 3] = ["busy", "gap", "hears"];
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
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    records: OneLink,
    register: OneLink,
}

#[derive(Clone, Copy, Debug)]
struct OneLink {
    state: LinkState,
    /// Whether it worked, as was recorded last.
    recorded: bool,
    /// Boot time of that record.
    at: Option<u64>,
}

impl Default for OneLink {
    fn default() -> Self {
        Self { state: LinkState::Down, recorded: false, at: None }
    }
}

impl OneLink {
    /// Whether a record is due. A line that comes and goes, or seems to, is recorded no faster than this.
    fn is_due(&mut self, now: u64) -> bool {
        let works = self.state == LinkState::Up;
        let due = works != self.recorded && self.at.is_none_or(|at| now.saturating_sub(at) >= LINK_RECORDS);
        if due {
            (self.recorded, self.at) = (works, Some(now));
        }
        due
    }
}

impl Links {
    /// How this line is.
    pub(crate) const fn state(&self, line: Line) -> LinkState {
        match line {
            Line::Records => self.records.state,
            Line::Register => self.register.state,
        }
    }

    const fn of(&mut self, line: Line) -> &mut OneLink {
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
            Some(Brought::Answer { .. }) => LinkState::Up,
            Some(Brought::Refused { code, .. }) if PASSING.contains(&code.as_str()) => LinkState::Up,
            // What it says of one act is not said of this terminal's records.
            Some(Brought::Refused { .. }) if matches!(errand, Errand::Act { .. }) => return brought,
            Some(Brought::Refused { .. }) => LinkState::Refused,
            // Looking at a certificate tells nothing of the ledger.
            Some(Brought::Certified { .. }) => return brought,
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
        let now = self.clock.boottime();
        let mut core = self.lock();
        let link = core.links.of(line);
        let before = std::mem::replace(&mut link.state, state);
        let is_due = link.is_due(now);
        if before != state {
            self.tell(&mut core);
        }
        if !is_due {
            return;
        }
        let recorded = match (line, state) {
            (Line::Records, LinkState::Up) => RecordedLink::Up,
            (Line::Records, LinkState::Refused | LinkState::HeldBack | LinkState::Down) => RecordedLink::Down,
            (Line::Register, LinkState::Up) => RecordedLink::RegisterUp,
            (Line::Register, LinkState::Refused | LinkState::HeldBack | LinkState::Down) => RecordedLink::RegisterDown,
        };
        self.observe(&mut core, Body::Link(recorded));
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
        let (cursor, register) = (
            Errand::Cursor { epoch: 0 },
            Errand::Register {
                from: 0,
                wait: 0,
                seen: None,
                records: None,
                casebook: None,
                kept: [0, 0],
                written: (0, 0),
            },
        );
        for (works, links) in [(Line::Records, ["up", "down"]), (Line::Register, ["down", "up"])] {
            for _ in 0..2 {
                let _ = bench.agent.send_out(&Half(works), &cursor);
                let _ = bench.agent.send_out(&Half(works), &register);
            }
            bench.clock.forward(LINK_RECORDS);
            let state = serde_json::to_value(bench.agent.state(&crate::testing::panel()).0).unwrap();
            assert_eq!([&state["link"], &state["register_link"]], links);
        }
        let recorded: Vec<_> = bench.records().into_iter().map(|record| record.body).collect();
        let recorded: Vec<_> =
            recorded.iter().filter_map(|body| if let Body::Link(state) = body { Some(*state) } else { None }).collect();
        assert_eq!(recorded, [RecordedLink::Up, RecordedLink::Down, RecordedLink::RegisterUp]);
    }

    /// Answers, and refuses with this code.
    struct Refusing(&'static str);

    impl Carrier for Refusing {
        fn go(&self, _: &Errand) -> Option<Brought> {
            let facts = serde_json::Map::new();
            Some(Brought::Refused { status: 409, code: self.0.into(), detail: String::new(), retry_after: None, facts })
        }
    }

    #[test]
    fn a_ledger_that_refuses_us_is_no_ledger_that_works() {
        let bench = Bench::new();
        let cursor = Errand::Cursor { epoch: 0 };
        for (code, link) in [("busy", "up"), ("gap", "up"), ("seen_unproved", "refused"), ("halted", "refused")] {
            let _ = bench.agent.send_out(&Refusing(code), &cursor);
            let state = serde_json::to_value(bench.agent.state(&crate::testing::panel()).0).unwrap();
            assert_eq!(state["link"], link, "{code}");
            bench.clock.forward(LINK_RECORDS);
        }
        let recorded = bench.records().into_iter().map(|record| record.body);
        let recorded: Vec<_> = recorded.filter(|body| matches!(body, Body::Link(_))).collect();
        assert_eq!(recorded, [Body::Link(RecordedLink::Up), Body::Link(RecordedLink::Down)]);
    }

    #[test]
    fn a_line_that_comes_and_goes_does_not_fill_the_journal() {
        let bench = Bench::new();
        let cursor = Errand::Cursor { epoch: 0 };
        for _ in 0..50 {
            let _ = bench.agent.send_out(&Half(Line::Records), &cursor);
            let _ = bench.agent.send_out(&Half(Line::Register), &cursor);
        }
        assert_eq!(bench.kinds().iter().filter(|kind| **kind == "link").count(), 1);
        bench.clock.forward(LINK_RECORDS);
        let _ = bench.agent.send_out(&Half(Line::Register), &cursor);
        assert_eq!(
            bench.kinds().iter().filter(|kind| **kind == "link").count(),
            2,
            "how it is comes through in the end"
        );
    }

    #[test]
    fn what_others_wrote_stays_on_one_line() {
        assert_eq!(printable("lost\n[ERROR] all is well\u{1b}[2J"), "lost [ERROR] all is well [2J");
        assert_eq!(printable(&"x".repeat(5000)).len(), LOGGED_MAX);
    }
}
