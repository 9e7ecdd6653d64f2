//! The session that one history of a terminal is in, followed record by record (§R6): what a record gives counts only inside it.

use alloc::boxed::Box;

use sekisho_wire::record::{Body, Record};

use crate::fold::Register;
use crate::replay::{Mismatch, replay, replay_in_session};

/// Where a history stands. A terminal has one session at a time, and its records lie in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Session {
    /// Something is missing or unreadable: a session may have been opened or ended there.
    #[default]
    Unknown,
    /// None is open.
    None,
    /// The record that opened it.
    Open(Box<Record>),
    /// The record that opened it; it is locked.
    Locked(Box<Record>),
}

impl Session {
    /// Replays the record that comes next in this history. One that gives something must be of the session that is open, or open
    /// the one that is locked; what is refused gives nothing, and may name a session also where none is.
    ///
    /// # Errors
    /// [`Mismatch`].
    pub fn replay(&self, register: &Register, record: &Record) -> Result<(), Mismatch> {
        if !gives_in_session(record) {
            return replay(register, record);
        }
        match self {
            Self::Unknown => replay(register, record),
            Self::None => Err(Mismatch::OtherSession),
            Self::Locked(_) if matches!(record.body, Body::Decision(_)) => Err(Mismatch::SessionLocked),
            Self::Open(opening) | Self::Locked(opening) => replay_in_session(register, opening, record),
        }
    }

    /// Takes in the record that comes next in this history.
    pub fn follow(&mut self, record: &Record) {
        match &record.body {
            Body::SessionOpened(_) => *self = Self::Open(Box::new(record.clone())),
            // No session outlives the agent that held it.
            Body::SessionClosed(_) | Body::TerminalUp(_) => *self = Self::None,
            Body::Locked(_) => self.lock(),
            Body::SessionUnlocked(_) => self.unlock(),
            Body::Decision(_)
            | Body::Completed(_)
            | Body::Withdrawn(_)
            | Body::PinFailed(_)
            | Body::TerminalDown
            | Body::ReaderUp(_)
            | Body::ReaderDown(_)
            | Body::Link(_)
            | Body::Clock(_)
            | Body::Lost(_)
            | Body::RegisterAdvanced(_)
            | Body::Worker(_)
            | Body::CardSeen(_)
            | Body::CardFalse(_)
            | Body::PinChanged(_)
            | Body::ScreenLocked(_)
            | Body::ScreenNotLocked(_)
            | Body::BreakGlass(_)
            | Body::CardReported(_)
            | Body::IncidentReported(_)
            | Body::ReadersLent(_)
            | Body::ReadersBack(_)
            | Body::Read(_)
            | Body::Alarm(_)
            | Body::Enrolment(_) => {}
        }
    }

    fn lock(&mut self) {
        if let Self::Open(opening) = self {
            *self = Self::Locked(opening.clone());
        }
    }

    fn unlock(&mut self) {
        if let Self::Locked(opening) = self {
            *self = Self::Open(opening.clone());
        }
    }
}

/// Whether a record gives something in a session: it counts only beside the record that opened the session.
#[must_use]
pub fn gives_in_session(record: &Record) -> bool {
    let granted = matches!(&record.body, Body::Decision(decision) if decision.verdict.is_granted());
    granted || matches!(&record.body, Body::SessionUnlocked(_))
}
