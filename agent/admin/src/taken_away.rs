//! A record as it is taken away from here: one row of facts, as a line of CSV or as an event of OCSF.

mod csv;
mod ocsf;

use sekisho_tlog::leaf_hash;
use sekisho_wire::decision::DecisionInput;
use sekisho_wire::id::{CardGuid, Code, OfficeId};
use sekisho_wire::record::{Emitter, Record};
use sekisho_wire::verdict::VerdictCode;

use crate::terminal_word::CarriedTo;

pub(crate) use self::csv::{csv_head, csv_lack, csv_line};
pub(crate) use self::ocsf::{Source, ocsf_lack, ocsf_line};

/// One record.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its index in the records log.
    pub index: u64,
    /// Its leaf there, in hexadecimal: by it anybody finds the record in the tree again. Empty where the ledger could not open it.
    leaf: String,
    /// What it says; nothing where it cannot be read.
    record: Option<Record>,
    /// The same in a sentence.
    what: String,
    /// Where it stands, if it was carried out of an earlier epoch.
    carried: Option<CarriedTo>,
}

impl Row {
    /// The record with these bytes; `tell` puts it into a sentence.
    #[must_use]
    pub(crate) fn new(index: u64, bytes: &[u8], tell: impl FnOnce(&Record) -> String) -> Self {
        let leaf = if bytes.is_empty() { String::new() } else { hex(&leaf_hash(bytes).0) };
        // A record that cannot be read is evidence all the same, and keeps its row.
        match Record::decode(bytes) {
            Ok(record) => Self { index, leaf, what: tell(&record), record: Some(record), carried: None },
            Err(error) => Self { index, leaf, what: error.to_string(), record: None, carried: None },
        }
    }

    /// It was carried there.
    #[must_use]
    pub(crate) fn carried_to(mut self, to: Option<CarriedTo>) -> Self {
        self.carried = to;
        self
    }

    fn kind(&self) -> &'static str {
        self.record.as_ref().map_or("unread", |record| record.body.kind().1)
    }

    fn terminal(&self) -> Option<&Code> {
        match self.record.as_ref().map(|record| &record.emitter) {
            Some(Emitter::Terminal(terminal)) => Some(terminal),
            Some(Emitter::Ledger) | None => None,
        }
    }

    fn input(&self) -> Option<&DecisionInput> {
        self.record.as_ref().and_then(|record| record.body.input())
    }

    /// The office that lent the card, where the person is another office's.
    fn home(&self) -> Option<OfficeId> {
        self.input().and_then(|input| input.home)
    }

    fn verdict(&self) -> Option<VerdictCode> {
        self.record.as_ref().and_then(|record| record.body.verdict())
    }

    /// Whom it names, and which card.
    fn who(&self) -> (Option<&Code>, Option<CardGuid>) {
        self.record.as_ref().map_or((None, None), |record| record.body.names())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(of: Option<impl ToString>) -> String {
    of.map_or_else(String::new, |value| value.to_string())
}
