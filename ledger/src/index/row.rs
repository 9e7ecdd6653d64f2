//! What of a record the index has: a row for each.

use sekisho_wire::record::{Body, Emitter, Record};

/// What of a record can be searched for.
#[derive(Default)]
pub(super) struct Row {
    pub(super) terminal: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) card: Option<String>,
    pub(super) function: Option<String>,
    pub(super) case: Option<String>,
    pub(super) verdict: Option<u16>,
    pub(super) session: Option<[u8; 16]>,
    /// Whether the terminal in this row wrote it, and not the ledger about the terminal.
    pub(super) own: bool,
    /// Seq of the decision that this record belongs to.
    pub(super) of: Option<u64>,
    /// Index of the record that said what this row has not from its own.
    pub(super) told_by: Option<i64>,
}

impl Row {
    pub(super) fn of(record: &Record) -> Self {
        let terminal = match &record.emitter {
            Emitter::Terminal(code) => Some(code.to_string()),
            Emitter::Ledger => None,
        };
        let mut row = Self { own: terminal.is_some(), terminal, ..Self::default() };
        let (operator, card) = record.body.names();
        (row.operator, row.card) = (operator.map(ToString::to_string), card.map(|card| card.to_string()));
        row.verdict = record.body.verdict().map(|verdict| verdict as u16);
        if let Some(input) = record.body.input() {
            row.function = input.function.as_ref().map(ToString::to_string);
            row.case = input.case.as_ref().map(|case| case.as_str().to_owned());
            row.session = input.session.map(|session| session.0);
        }
        row.fill(&record.body);
        row
    }

    /// What it belongs to, and the terminal that the ledger writes about.
    fn fill(&mut self, body: &Body) {
        match body {
            Body::SessionClosed(end) | Body::Locked(end) => self.session = Some(end.session.0),
            Body::Completed(completed) => self.of = Some(completed.of),
            Body::Withdrawn(withdrawn) => self.of = Some(withdrawn.of),
            Body::ScreenLocked(screen) => self.session = screen.session.map(|session| session.0),
            Body::ScreenNotLocked(screen) => self.session = screen.session.map(|session| session.0),
            Body::CardReported(reported) => self.session = reported.session.map(|session| session.0),
            Body::IncidentReported(reported) => self.session = reported.session.map(|session| session.0),
            Body::Alarm(alarm) => self.terminal = alarm.terminal.as_ref().map(ToString::to_string),
            Body::Enrolment(enrolment) => self.terminal = Some(enrolment.terminal.to_string()),
            Body::SessionOpened(_)
            | Body::SessionUnlocked(_)
            | Body::Decision(_)
            | Body::PinFailed(_)
            | Body::PinChanged(_)
            | Body::CardSeen(_)
            | Body::CardFalse(_)
            | Body::Read(_)
            | Body::TerminalUp(_)
            | Body::BreakGlass(_)
            | Body::ReadersLent(_)
            | Body::ReadersBack(_)
            | Body::TerminalDown
            | Body::ReaderUp(_)
            | Body::ReaderDown(_)
            | Body::Link(_)
            | Body::Clock(_)
            | Body::Lost(_)
            | Body::RegisterAdvanced(_)
            | Body::Worker(_) => {}
        }
    }
}
