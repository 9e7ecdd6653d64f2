//! 利用統計 (S3 20): how much was used, and nothing that tells who it was or about whom.

use std::collections::BTreeMap;

use sekisho_register::Register;
use sekisho_register::calendar::Month;
use sekisho_register::change::TerminalKind;
use sekisho_register::wareki::month_text;
use sekisho_wire::id::Code;
use sekisho_wire::record::{Body, Record};

use super::{Counts, Withdrawals, input_of, terminal_of};
use crate::forms::STATISTICS;
use crate::registers::AsOf;
use crate::registers::terminal_kind;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

/// The records of a period as they come, counted and forgotten.
#[derive(Debug, Default)]
pub struct Statistics {
    functions: BTreeMap<(Month, Option<Code>, Option<TerminalKind>), [u64; 2]>,
    sessions: BTreeMap<(Month, Option<TerminalKind>), [u64; 3]>,
    withdrawals: Withdrawals,
}

impl Statistics {
    /// Counts one record; they come newest first. Small counts stay what they are: no person stands beside them. A grant that was taken back counts
    /// as a refusal.
    pub fn add(&mut self, register: &Register, record: &Record) {
        let month = Month::of(record.trusted);
        let terminal = terminal_of(record).and_then(|code| register.terminal(code)?.version_at(record.trusted));
        let kind = terminal.map(|version| version.kind);
        let place = match &record.body {
            Body::Decision(decision) => {
                let function = input_of(record).and_then(|input| input.function.clone());
                let counts = self.functions.entry((month, function, kind)).or_default();
                counts[usize::from(self.withdrawals.counts(record, decision) != Counts::Granted)] += 1;
                return;
            }
            Body::Withdrawn(_) => return self.withdrawals.add(record),
            Body::SessionOpened(_) => 0,
            Body::PinFailed(_) => 1,
            Body::CardReported(_) => 2,
            Body::SessionUnlocked(_)
            | Body::SessionClosed(_)
            | Body::Completed(_)
            | Body::Locked(_)
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
            | Body::IncidentReported(_)
            | Body::ReadersLent(_)
            | Body::ReadersBack(_)
            | Body::Read(_)
            | Body::Alarm(_)
            | Body::Enrolment(_) => return,
        };
        self.sessions.entry((month, kind)).or_default()[place] += 1;
    }

    /// How often each function was granted and refused.
    #[must_use]
    pub fn functions(&self, of: AsOf<'_>) -> Table {
        let columns = vec![
            Column::new("month", "年月", "month"),
            Column::new("function", "業務・処理", "function"),
            Column::new("terminal_kind", "端末種別", "kind of terminal"),
            Column::new("granted", "許可", "granted"),
            Column::new("refused", "拒否", "refused"),
        ];
        let mut table = Table::new(&STATISTICS, columns);
        let mut total = [0, 0];
        for ((month, function, kind), [granted, refused]) in &self.functions {
            total[0] += granted;
            total[1] += refused;
            table.row([
                month_of(*month),
                function.as_ref().map_or(Cell::Nothing, |code| of.function(code)),
                kind_of(*kind),
                Cell::Number(*granted),
                Cell::Number(*refused),
            ]);
        }
        let [granted, refused] = total.map(Cell::Number);
        table.row([Cell::said("合計", "total"), Cell::Nothing, Cell::Nothing, granted, refused]);
        table.notes.extend(self.withdrawals.note());
        table
    }

    /// How often work began, PINs were wrong, cards were reported.
    #[must_use]
    pub fn sessions(&self) -> Table {
        let columns = vec![
            Column::new("month", "年月", "month"),
            Column::new("terminal_kind", "端末種別", "kind of terminal"),
            Column::new("sessions", "利用開始", "sessions"),
            Column::new("wrong_pins", "暗証番号の誤り", "wrong PINs"),
            Column::new("reported", "カードの届出", "cards reported"),
        ];
        let title = Said::new("利用開始・届出の件数", "sessions and reports");
        let mut table = Table::new(&STATISTICS, columns).titled(title);
        for ((month, kind), [sessions, wrong, reported]) in &self.sessions {
            let counts = [*sessions, *wrong, *reported].map(Cell::Number);
            table.row([month_of(*month), kind_of(*kind)].into_iter().chain(counts));
        }
        table
    }
}

fn month_of(month: Month) -> Cell {
    Cell::Said(Said::by(|language| month_text(month, language)))
}

fn kind_of(kind: Option<TerminalKind>) -> Cell {
    kind.map_or(Cell::Nothing, |kind| Cell::Said(terminal_kind(kind)))
}
