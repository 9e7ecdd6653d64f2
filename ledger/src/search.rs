//! Searching: the follower that feeds the index, the question put to it, and who is behind.

use std::time::Duration;

use sekisho_register::change::TerminalUse;
use sekisho_wire::id::OfficeId;
use sekisho_wire::reason::Query;
use sekisho_wire::record::Record;

use crate::clock::Millis;
use crate::index::Question;
use crate::ledger::Ledger;
use crate::office::Office;
use crate::people::Visitor;
use crate::refusal::Refusal;
use crate::store::{EmitterName, LogName, StoreError};

/// What a search answers.
#[derive(Debug)]
pub struct Found {
    /// Index and bytes, newest first.
    pub rows: Vec<(u64, Vec<u8>)>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// Terminals with something missing.
    pub behind: Vec<Behind>,
    /// Entries of the records log that the answer was made from.
    pub size: u64,
}

/// How far a terminal has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The terminal.
    pub terminal: String,
    /// When it last sent records; nothing for never.
    pub last_heard: Option<Millis>,
    /// Its epoch.
    pub epoch: u32,
    /// The record that is expected next.
    pub next: u64,
}

impl Ledger {
    /// Feeds the index until the ledger stops.
    pub(crate) fn follow(&self) {
        while !self.is_stopping() {
            for office in self.offices() {
                if let Err(error) = self.follow_office(&office) {
                    log::error!("the search index falls behind: {error}");
                }
            }
            std::thread::park_timeout(Duration::from_millis(self.config.tick_ms));
        }
    }

    /// Takes what is published and not yet in the index. Returns how many entries that were.
    ///
    /// # Errors
    /// When log or index cannot be read or written.
    pub fn follow_office(&self, office: &Office) -> Result<u64, StoreError> {
        let start = self.index.next(&office.id)?;
        let mut next = start;
        while next < office.log(LogName::Records).committed_size() && !self.is_stopping() {
            let entries = self.store.entries(&office.id, LogName::Records, next, FOLLOW_PAGE)?;
            if entries.is_empty() {
                break;
            }
            let record = |entry: &crate::store::Entry| {
                let key = self.vault.numbered(&office.id, entry.key)?;
                let bytes = key.open(&entry.leaf.0, &entry.payload).ok()?;
                Record::decode(&bytes).ok()
            };
            let records: Vec<Option<Record>> = entries.iter().map(record).collect();
            self.index.take(&office.id, next, &records)?;
            next += records.len() as u64;
        }
        Ok(next - start)
    }

    /// Throws the index away and makes it again.
    ///
    /// # Errors
    /// When log or index cannot be read or written.
    pub fn reindex(&self) -> Result<u64, crate::error::LedgerError> {
        self.index.clear()?;
        let mut taken = 0;
        for office in self.offices() {
            taken += self.follow_office(&office)?;
        }
        Ok(taken)
    }

    /// Answers a search. It is written down before it is answered.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn search(&self, visitor: &Visitor, question: &Question) -> Result<Found, Refusal> {
        let office = self.office(&visitor.office)?;
        let size = self.index.next(&office.id)?;
        let indexes = self.index.find(&office.id, question)?;
        let full = indexes.len() >= usize::try_from(question.limit).unwrap_or(usize::MAX);
        let next = indexes.last().copied().filter(|_| full);
        let rows = indexes.into_iter().map(|index| Ok((index, self.record_bytes(&office.id, index)?)));
        let rows: Vec<(u64, Vec<u8>)> = rows.collect::<Result<_, Refusal>>()?;
        self.note_read(visitor, Query::Search, rows.len())?;
        let behind = self.behind(&office.id)?;
        Ok(Found { rows, next, behind: behind.into_iter().filter(|row| self.is_late(row)).collect(), size })
    }

    /// How far each active terminal has come.
    ///
    /// # Errors
    /// When the store fails.
    pub fn behind(&self, office: &OfficeId) -> Result<Vec<Behind>, Refusal> {
        let register = self.office(office)?.register();
        let heard = self.store.last_heard(office)?;
        let now = self.clock.now();
        let mut rows = Vec::new();
        for terminal in register.terminals().filter(|terminal| terminal.state(now) != TerminalUse::Retired) {
            let (code, epoch) = (terminal.code().clone(), terminal.epoch());
            let last = heard.iter().filter(|(of, _, _)| *of == code).map(|(_, _, at)| *at).max();
            let cursor = self.store.cursor(office, &EmitterName::Terminal(code.clone()), epoch)?;
            let next = cursor.map_or(0, |cursor| cursor.next);
            rows.push(Behind { terminal: code.to_string(), last_heard: last, epoch, next });
        }
        Ok(rows)
    }

    /// A terminal that has been silent for a while may hold records that an answer lacks.
    fn is_late(&self, row: &Behind) -> bool {
        row.last_heard.is_none_or(|at| at.saturating_add(LATE) < self.clock.now())
    }
}

const FOLLOW_PAGE: u32 = 1000;
/// Ten minutes: terminals send what they have within seconds while the ledger can be reached.
const LATE: Millis = 10 * 60_000;
