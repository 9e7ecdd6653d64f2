//! What the agent that ran before left behind in its records.

use sekisho_wire::id::SessionId;
use sekisho_wire::reason::{LoginSeen, PreviousEnd};
use sekisho_wire::record::{Body, Record};

use crate::pins_changed::PinsChanged;
use crate::work_time::WorkTime;

/// What the records of the run before say about its end.
#[derive(Default)]
pub(crate) struct Before {
    any: bool,
    in_order: bool,
    pub(crate) open: Option<SessionId>,
    /// Whether the readers were lent, and nothing says that they came back.
    pub(crate) lent: bool,
    /// The latest trusted time in them.
    pub(crate) latest: u64,
    /// By the machine's clock, until when an agent was there for sure. Not by what was found in the list of logins: a crash in the middle of
    /// that must not lose the rest.
    pub(crate) there: Option<u64>,
    /// How long people have worked.
    pub(crate) work: WorkTime,
    /// Whose PINs were changed.
    pub(crate) pins_changed: PinsChanged,
}

impl Before {
    pub(crate) fn see(&mut self, record: &[u8]) {
        let Ok(record) = Record::decode(record) else { return };
        self.any = true;
        self.work.see(&record.body, record.trusted);
        self.pins_changed.see(&record.body, record.trusted);
        if !matches!(&record.body, Body::BreakGlass(login) if login.seen == LoginSeen::Listed) {
            self.there = Some(record.wall);
        }
        self.in_order = matches!(record.body, Body::TerminalDown);
        // Provisional time was replaced, downwards perhaps: what was recorded under it counts no more.
        let replaced = if let Body::Clock(step) = &record.body { Some(step.to) } else { None };
        self.latest = replaced.unwrap_or(self.latest.max(record.trusted));
        match record.body {
            Body::SessionOpened(opening) | Body::SessionUnlocked(opening) => self.open = opening.input.session,
            Body::SessionClosed(closed) if self.open == Some(closed.session) => self.open = None,
            Body::ReadersLent(_) => self.lent = true,
            Body::ReadersBack(_) => self.lent = false,
            Body::SessionClosed(_)
            | Body::Decision(_)
            | Body::Completed(_)
            | Body::Withdrawn(_)
            | Body::Locked(_)
            | Body::PinFailed(_)
            | Body::TerminalUp(_)
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
            | Body::Read(_)
            | Body::Alarm(_)
            | Body::Enrolment(_) => {}
        }
    }

    pub(crate) const fn end(&self) -> PreviousEnd {
        match (self.any, self.in_order) {
            (false, _) => PreviousEnd::FirstStart,
            (true, true) => PreviousEnd::InOrder,
            (true, false) => PreviousEnd::WithoutNotice,
        }
    }
}
