//! Forms over access records: the caller brings the records, decoded, with a sentence for each.

mod history;
mod running;
mod statistics;
mod withdrawn;
mod work;

use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::Code;
use sekisho_wire::record::{Emitter, Record};

use crate::forms::GAPS;
use crate::said::Said;
use crate::table::{Cell, Column, Table};

pub use self::history::history;
pub use self::running::running;
pub use self::statistics::Statistics;
pub(crate) use self::withdrawn::{Counts, Withdrawals};
pub use self::work::{Span, Work};

/// One record of the records log.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its index there.
    pub index: u64,
    /// What it says; nothing where it cannot be read.
    pub record: Option<Record>,
    /// The same in a sentence, in the language of the print.
    pub what: String,
    /// That it was carried out of an earlier epoch, and where it stands, in a sentence.
    pub carried: Option<String>,
}

/// A decision's place: what was done by it, and what took it back, names it so.
type Place = (Emitter, u32, u64);

/// The place of this record, or of the one of that seq beside it.
fn place(record: &Record, seq: u64) -> Place {
    (record.emitter.clone(), record.epoch, seq)
}

/// One thing that the records at hand lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// At which terminal, if it is one's.
    pub terminal: Option<String>,
    /// In which of its epochs.
    pub epoch: Option<u32>,
    /// The first seq.
    pub seq: Option<u64>,
    /// In a sentence, in the language of the print.
    pub what: String,
}

/// What is missing, at the end of each print of records: nobody may take it for what never was.
#[must_use]
pub fn gaps(gaps: &[Gap], unread: u64) -> Table {
    let columns = vec![
        Column::new("terminal", "端末機", "terminal"),
        Column::new("epoch", "履歴", "epoch"),
        Column::new("seq", "連番", "seq"),
        Column::new("what", "内容", "what is missing"),
    ];
    let mut table = Table::new(&GAPS, columns);
    for gap in gaps {
        table.row([
            Cell::or_nothing(gap.terminal.as_ref().map(Cell::text)),
            Cell::or_nothing(gap.epoch.map(|epoch| Cell::Number(epoch.into()))),
            Cell::or_nothing(gap.seq.map(Cell::Number)),
            Cell::text(&gap.what),
        ]);
    }
    if unread > 0 {
        table = table.noted(Said::made(
            format!("読み取れない記録が{unread}件あり、集計に含まれていない"),
            format!("{unread} records cannot be read, and are counted nowhere"),
        ));
    }
    // What cannot be read is missing too.
    if gaps.is_empty() && unread == 0 {
        table = table.noted(Said::new("この期間に知られている欠落はない", "nothing is known to be missing"));
    }
    table
}

/// The terminal that wrote it.
fn terminal_of(record: &Record) -> Option<&Code> {
    match &record.emitter {
        Emitter::Terminal(terminal) => Some(terminal),
        Emitter::Ledger => None,
    }
}

fn input_of(record: &Record) -> Option<&DecisionInput> {
    record.body.input()
}
