//! The kinds of records: numbers, names, and how long each is kept (wire §4.1).

use super::{Body, Retention};

/// Every kind of record, by number and name.
pub const KINDS: [(u16, &str); 30] = [
    (1, "session_opened"),
    (2, "session_unlocked"),
    (3, "session_closed"),
    (4, "decision"),
    (5, "completed"),
    (6, "withdrawn"),
    (7, "locked"),
    (8, "pin_failed"),
    (9, "terminal_up"),
    (10, "terminal_down"),
    (11, "reader_up"),
    (12, "reader_down"),
    (13, "link"),
    (14, "clock"),
    (15, "lost"),
    (16, "register_advanced"),
    (17, "worker"),
    (18, "card_seen"),
    (19, "card_false"),
    (20, "pin_changed"),
    (21, "screen_locked"),
    (22, "screen_not_locked"),
    (23, "break_glass"),
    (24, "card_reported"),
    (25, "incident_reported"),
    (26, "readers_lent"),
    (27, "readers_back"),
    (30, "read"),
    (32, "alarm"),
    (33, "enrolment"),
];

/// A kind by its number or its name.
#[must_use]
pub fn kind_number(text: &str) -> Option<u16> {
    let number = text.parse().ok();
    KINDS.iter().find(|(of, name)| *name == text || Some(*of) == number).map(|(number, _)| *number)
}

impl Body {
    /// The kind's number and name (wire §4.1).
    #[must_use]
    pub const fn kind(&self) -> (u16, &'static str) {
        match self {
            Self::SessionOpened(_) => (1, "session_opened"),
            Self::SessionUnlocked(_) => (2, "session_unlocked"),
            Self::SessionClosed(_) => (3, "session_closed"),
            Self::Decision(_) => (4, "decision"),
            Self::Completed(_) => (5, "completed"),
            Self::Withdrawn(_) => (6, "withdrawn"),
            Self::Locked(_) => (7, "locked"),
            Self::PinFailed(_) => (8, "pin_failed"),
            Self::TerminalUp(_) => (9, "terminal_up"),
            Self::TerminalDown => (10, "terminal_down"),
            Self::ReaderUp(_) => (11, "reader_up"),
            Self::ReaderDown(_) => (12, "reader_down"),
            Self::Link(_) => (13, "link"),
            Self::Clock(_) => (14, "clock"),
            Self::Lost(_) => (15, "lost"),
            Self::RegisterAdvanced(_) => (16, "register_advanced"),
            Self::Worker(_) => (17, "worker"),
            Self::CardSeen(_) => (18, "card_seen"),
            Self::CardFalse(_) => (19, "card_false"),
            Self::PinChanged(_) => (20, "pin_changed"),
            Self::ScreenLocked(_) => (21, "screen_locked"),
            Self::ScreenNotLocked(_) => (22, "screen_not_locked"),
            Self::BreakGlass(_) => (23, "break_glass"),
            Self::CardReported(_) => (24, "card_reported"),
            Self::IncidentReported(_) => (25, "incident_reported"),
            Self::ReadersLent(_) => (26, "readers_lent"),
            Self::ReadersBack(_) => (27, "readers_back"),
            Self::Read(_) => (30, "read"),
            Self::Alarm(_) => (32, "alarm"),
            Self::Enrolment(_) => (33, "enrolment"),
        }
    }

    /// The retention class of this kind (wire §4.1).
    #[must_use]
    pub const fn retention(&self) -> Retention {
        match self {
            Self::SessionOpened(_)
            | Self::SessionUnlocked(_)
            | Self::SessionClosed(_)
            | Self::Decision(_)
            | Self::Completed(_)
            | Self::Withdrawn(_)
            | Self::Locked(_)
            | Self::PinFailed(_)
            | Self::Clock(_)
            | Self::Lost(_)
            | Self::RegisterAdvanced(_)
            | Self::CardFalse(_)
            | Self::PinChanged(_)
            | Self::ScreenLocked(_)
            | Self::ScreenNotLocked(_)
            | Self::BreakGlass(_)
            | Self::CardReported(_)
            | Self::IncidentReported(_)
            | Self::ReadersLent(_)
            | Self::ReadersBack(_) => Retention::Access,
            Self::TerminalUp(_)
            | Self::TerminalDown
            | Self::ReaderUp(_)
            | Self::ReaderDown(_)
            | Self::Link(_)
            | Self::Worker(_)
            | Self::CardSeen(_) => Retention::Operation,
            Self::Read(_) | Self::Alarm(_) | Self::Enrolment(_) => Retention::Administration,
        }
    }
}
