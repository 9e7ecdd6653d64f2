//! 端末機稼働状況記録 (no. 9; S3 18(1)).

use sekisho_wire::reason::{LinkState, WorkerState};
use sekisho_wire::record::{Body, Record};

use super::{Access, terminal_of};
use crate::forms::RUNNING;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// What became of terminals, oldest first: starts, stops, cut lines, and what was out of order.
#[must_use]
pub fn running(accesses: &[Access]) -> Table {
    let columns = vec![
        Column::new("index", "連番", "no."),
        Column::new("time", "日時", "time"),
        Column::new("terminal", "端末", "terminal"),
        Column::new("event", "区分", "event"),
        Column::new("what", "内容・理由", "what"),
    ];
    let mut table = Table::new(&RUNNING, columns);
    let mut rows: Vec<&Access> = accesses.iter().collect();
    rows.sort_by_key(|access| access.index);
    for access in rows {
        let Some((record, event)) = access.record.as_ref().and_then(|record| Some((record, event(record)?))) else {
            continue;
        };
        table.row([
            Cell::Number(access.index),
            Cell::Moment(record.trusted),
            Cell::or_nothing(terminal_of(record).map(Cell::text)),
            Cell::Said(event),
            access
                .carried
                .as_ref()
                .map_or_else(|| Cell::text(&access.what), |carried| Cell::list([&access.what, carried])),
        ]);
    }
    table
}

/// Which of the form's events it is, if it is one.
const fn event(record: &Record) -> Option<Said> {
    match &record.body {
        Body::TerminalUp(_) => Some(Said::new("起動", "start")),
        Body::TerminalDown => Some(Said::new("停止", "stop")),
        Body::Link(LinkState::Down | LinkState::RegisterDown) => Some(Said::new("接続断", "line cut")),
        Body::Link(LinkState::Up | LinkState::RegisterUp) => Some(Said::new("接続復旧", "line back")),
        Body::ReaderDown(_) | Body::Worker(WorkerState::Lost) => Some(Said::new("異常", "out of order")),
        Body::ReaderUp(_) | Body::Worker(WorkerState::Back) => Some(Said::new("復旧", "in order again")),
        Body::Clock(_) | Body::Lost(_) | Body::ScreenNotLocked(_) | Body::BreakGlass(_) | Body::CardFalse(_) => {
            Some(Said::new("異常", "out of order"))
        }
        Body::SessionOpened(_)
        | Body::SessionUnlocked(_)
        | Body::SessionClosed(_)
        | Body::Decision(_)
        | Body::Completed(_)
        | Body::Withdrawn(_)
        | Body::Locked(_)
        | Body::PinFailed(_)
        | Body::RegisterAdvanced(_)
        | Body::CardSeen(_)
        | Body::PinChanged(_)
        | Body::ScreenLocked(_)
        | Body::CardReported(_)
        | Body::IncidentReported(_)
        | Body::ReadersLent(_)
        | Body::ReadersBack(_)
        | Body::Read(_)
        | Body::Alarm(_)
        | Body::Enrolment(_) => None,
    }
}
