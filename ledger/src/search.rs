//! Searching: the follower that feeds the index, the question put to it, and who is behind.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_register::change::TerminalUse;
use sekisho_register::places::Terminal;
use sekisho_register::retention::Destroyed;
use sekisho_tlog::{Hash, ProveError, root_at};
use sekisho_wire::batch::{BATCH_RECORDS_MAX, BatchHeader};
use sekisho_wire::cose::Sign1;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::record::{Body, Emitter, Lost, Record};

use crate::carried::{Attributed, CarriedTo, is_carried_in, leaf_at};
use crate::clock::{Millis, since_boot};
use crate::cold::behind_block;
use crate::complaints::Complaints;
use crate::heard::Written;
use crate::index::{Followed, Question};
use crate::ingest::stored_leaves;
use crate::ledger::Ledger;
use crate::missing::AllMissing;
use crate::office::Office;
use crate::people::Proved;
use crate::refusal::Refusal;
use crate::store::{EmitterName, Entry, LogName, StoreError, StoredBatch, StoredTree};

/// What a search answers.
#[derive(Debug)]
pub struct Found {
    /// Index and bytes, newest first; no bytes where the payload is damaged: the leaf still stands in the log, and the row says so.
    pub rows: Vec<(u64, Option<Vec<u8>>)>,
    /// Which of them were carried out of an earlier epoch (wire §7.5b), and where they stand.
    pub carried: BTreeMap<u64, CarriedTo>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// Terminals with something missing.
    pub behind: Vec<Behind>,
    /// Which records are missing, wherever anybody has said or shown it.
    pub missing: AllMissing,
    /// Entries of the records log that the answer was made from.
    pub size: u64,
    /// What was destroyed: of these months nothing is found.
    pub destroyed: Vec<Destroyed>,
    /// Entries that the log has: when it is more, the index has not come that far.
    pub of: u64,
}

/// How far a terminal has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The terminal.
    pub terminal: String,
    /// When it last sent records, or said that it has none but those that are here; nothing for never.
    pub last_heard: Option<Millis>,
    /// Its epoch.
    pub epoch: u32,
    /// The record that is expected next.
    pub next: u64,
    /// So many records it said last that it has and are not here.
    pub holds: u64,
    /// The first record that it has sent after those that are missing, when it has shown one.
    pub gap: Option<u64>,
    /// What it has said last of an earlier epoch's records: that they are lost.
    pub lost: Option<Lost>,
}

/// Evidence of one record (LEDGER §L4).
#[derive(Debug)]
pub struct Evidence {
    /// Its bytes.
    pub record: Vec<u8>,
    /// Where it stands, proved.
    pub proved: Proved,
    /// What its terminal signed; nothing for records of the ledger.
    pub signed: Option<SignedByTerminal>,
}

/// A terminal's own word for what it brought (wire §7.6), beside where that lies in the records log.
#[derive(Debug)]
pub struct BatchInLog {
    /// What was stored of it, and its signed header.
    pub stored: StoredBatch,
    /// The leaves before the first that was stored: what an earlier batch had brought already. Nothing where they cannot be read.
    pub repeated: Option<Vec<Hash>>,
}

/// The terminal's own word for a record (wire §7.6).
#[derive(Debug)]
pub struct SignedByTerminal {
    /// The signed batch header, as it came.
    pub header: Vec<u8>,
    /// The leaves of that batch, all of them.
    pub leaves: Vec<Hash>,
}

impl Ledger {
    /// Feeds the index, and takes out of it and of the book what was destroyed, until the ledger stops.
    pub(crate) fn follow(&self) {
        let (mut complaints, mut looked) = (Complaints::default(), since_boot());
        complaints.hear(TOLD_BESIDE.into(), self.write_watched());
        while !self.is_stopping() {
            let mut is_behind = false;
            // Asked once for all: what takes long at one office must not let the time of another pass.
            let is_time = since_boot().saturating_sub(looked) >= LOOK;
            for office in self.offices() {
                let about = format!("the search index of office {} falls behind", office.id);
                // Others have their turn, however much one of them has to be indexed.
                let followed = self.follow_pages(&office, FOLLOW_PAGES);
                let size = office.log(LogName::Records).committed_size();
                is_behind |= followed.as_ref().is_ok_and(|next| *next < size);
                complaints.hear(about, followed.map(drop));
                let about = format!("what was destroyed in office {} is not erased yet", office.id);
                if let Some(tried) = self.destroy_a_few_pages(&office) {
                    complaints.hear(about, tried);
                }
                self.look_at_recovery(&office);
                if let Some(tried) = self.cool_one(&office) {
                    complaints.hear(format!("what is old in office {} does not go cold", office.id), tried);
                }
                let sessions = self.look_at_sessions(&office);
                complaints.hear(format!("nobody looks who is at two terminals of office {}", office.id), sessions);
                if is_time {
                    let terminals = self.look_at_terminals(&office);
                    complaints
                        .hear(format!("nobody looks which terminals of office {} are silent", office.id), terminals);
                    complaints.hear("nobody looks whether backups come".into(), self.look_at_backups(&office));
                }
            }
            if is_time {
                complaints.hear(TOLD_BESIDE.into(), self.write_watched());
                looked = since_boot();
            }
            if !is_behind {
                std::thread::park_timeout(Duration::from_millis(self.config.tick_ms));
            }
        }
    }

    /// Takes what is published and not yet in the index. Returns how many entries that were.
    ///
    /// # Errors
    /// When log or index cannot be read or written.
    pub fn follow_office(&self, office: &Office) -> Result<u64, StoreError> {
        let start = self.indexed(&office.id)?;
        Ok(self.follow_pages(office, u32::MAX)? - start)
    }

    /// The same, no more than so many pages. Returns how far the index has come.
    fn follow_pages(&self, office: &Office, pages: u32) -> Result<u64, StoreError> {
        let (mut next, mut left) = (self.indexed(&office.id)?, pages);
        while left > 0 && next < office.log(LogName::Records).committed_size() && !self.is_stopping() {
            left -= 1;
            let entries = self.page_to_follow(office, next)?;
            if entries.is_empty() {
                // Committed, and not there: what stands behind the hole must not look as if it were all.
                return Err(StoreError::Damaged { what: "records log" });
            }
            let batches = self.batches_around(&office.id, next, entries.len() as u64)?;
            let mut unshown = Vec::new();
            let record = |(index, entry): (u64, &Option<Entry>)| {
                let Some(entry) = entry else {
                    unshown.push(index);
                    return Ok(None);
                };
                let taken = self.attributed(&office.id, &batches, index, entry);
                let taken = taken.inspect_err(|why| {
                    if *why != DESTROYED {
                        log::warn!("record {index} of office {} is not indexed: {why}", office.id);
                        unshown.push(index);
                    }
                });
                // What the ledger has in its own place is found there.
                let again = match &taken {
                    Ok(Attributed { record, carried: Some((_, leaf)) }) => self.stands(&office.id, record, leaf)?,
                    Ok(Attributed { carried: None, .. }) | Err(_) => false,
                };
                Ok(taken.ok().filter(|_| !again))
            };
            let there = (next..).zip(&entries);
            let records = there.map(record).collect::<Result<Vec<Option<Attributed>>, StoreError>>()?;
            let from = next;
            next += records.len() as u64;
            let root = match self.root_of(&office.id, next) {
                // The run ends within a block that is not as it was written: what is behind that is to be found.
                Err(damage) if damage.is_of_one_block() => {
                    let end = behind_block(next - 1);
                    unshown.extend(next..end);
                    log::warn!("{damage}; what else it held of office {} is found by no search", office.id);
                    next = end;
                    self.root_of(&office.id, next)?
                }
                root => root?,
            };
            // Before them: whatever becomes of this run, no answer calls itself whole that is not.
            if !unshown.is_empty() {
                self.index.pass_over(&office.id, &unshown)?;
            }
            self.index.take(&office.id, from, &records, Followed { next, root })?;
            self.presence.saw(&office.id, &records, self.clock.now());
        }
        Ok(next)
    }

    /// The next entries. Nothing stands for those of a block of a cold file that is not as it was written: what is behind it is to be found.
    fn page_to_follow(&self, office: &Office, next: u64) -> Result<Vec<Option<Entry>>, StoreError> {
        match self.store.entries(&office.id, LogName::Records, next, FOLLOW_PAGE) {
            Ok(entries) => Ok(entries.into_iter().map(Some).collect()),
            Err(damage) if damage.is_of_one_block() => {
                log::warn!("{damage}; what it held of office {} is found by no search", office.id);
                Ok(vec![None; usize::try_from(behind_block(next) - next).unwrap_or_default()])
            }
            Err(error) => Err(error),
        }
    }

    /// Throws away what the index has of another history than the book's: a book was put back, or the index comes from another one.
    ///
    /// # Errors
    /// When log or index cannot be read or written.
    pub(crate) fn hold_index_against_log(&self, office: &Office) -> Result<(), StoreError> {
        let Some(followed) = self.index.followed(&office.id)? else { return Ok(()) };
        let there = followed.next <= office.log(LogName::Records).committed_size();
        if !there || self.root_of(&office.id, followed.next)? != followed.root {
            log::warn!("the search index is of another log than that of office {}: made again", office.id);
            self.index.forget(&office.id)?;
        }
        Ok(())
    }

    /// Records of an office that the index has looked at.
    pub(crate) fn indexed(&self, office: &OfficeId) -> Result<u64, StoreError> {
        Ok(self.index.followed(office)?.map_or(0, |followed| followed.next))
    }

    fn root_of(&self, office: &OfficeId, size: u64) -> Result<Hash, StoreError> {
        let tree = StoredTree { store: &*self.store, office: *office, log: LogName::Records };
        root_at(&tree, size).map_err(|error| match error {
            ProveError::Reader(error) => error,
            ProveError::Request(_) => StoreError::Damaged { what: "tree" },
        })
    }

    /// The record in an entry, if it says the truth about who wrote it: a batch holds it in that place, or the ledger wrote it itself.
    fn attributed(
        &self,
        office: &OfficeId,
        batches: &[StoredBatch],
        index: u64,
        entry: &Entry,
    ) -> Result<Attributed, &'static str> {
        if self.vault.destroyed(office, entry.key).is_some() {
            return Err(DESTROYED);
        }
        let key = self.vault.numbered(office, entry.key).ok_or("its key is not there")?;
        let bytes = key.open_payload(&entry.leaf.0, &entry.payload).map_err(|_| "its payload is damaged")?;
        let record = Record::decode(&bytes).map_err(|_| "it is no record")?;
        let own = match holding(batches, index) {
            Some(batch) => {
                let seq = batch.first + (index - batch.index);
                if is_carried_in(batch, &record) {
                    let into = CarriedTo { epoch: batch.epoch, seq };
                    return Ok(Attributed { record, carried: Some((into, entry.leaf)) });
                }
                record.emitter == Emitter::Terminal(batch.terminal.clone())
                    && record.epoch == batch.epoch
                    && record.seq == seq
            }
            None => record.emitter == Emitter::Ledger,
        };
        if own { Ok(record.into()) } else { Err("it names another emitter or place than its own") }
    }

    /// Whether this very record stands in the place that it names.
    fn stands(&self, office: &OfficeId, record: &Record, leaf: &Hash) -> Result<bool, StoreError> {
        let Emitter::Terminal(terminal) = &record.emitter else { return Ok(false) };
        let there = || -> Result<bool, StoreError> {
            let there = leaf_at(&*self.store, office, (terminal, record.epoch, record.seq))?;
            let Some((index, _)) = there.filter(|(_, there)| there == leaf) else { return Ok(false) };
            let Some(entry) = self.store.entries(office, LogName::Records, index, 1)?.pop() else { return Ok(false) };
            // What stands there and does not open hides no copy that does.
            let opens = || {
                let key = self.vault.numbered(office, entry.key);
                key.is_some_and(|key| key.open_payload(&entry.leaf.0, &entry.payload).is_ok())
            };
            Ok(self.vault.destroyed(office, entry.key).is_some() || opens())
        };
        match there() {
            // Where that cannot be told, it is found twice rather than not at all.
            Err(damage) if damage.is_of_one_block() => Ok(false),
            found => found,
        }
    }

    /// Every batch that holds one of `count` entries from `index` on.
    pub(crate) fn batches_around(
        &self,
        office: &OfficeId,
        index: u64,
        count: u64,
    ) -> Result<Vec<StoredBatch>, StoreError> {
        let end = index.saturating_add(count);
        // No batch is longer than this, so none that begins earlier reaches here.
        let mut from = index.saturating_sub(u64::from(BATCH_RECORDS_MAX));
        let mut found = Vec::new();
        loop {
            let page = self.store.batches_by_index(office, from, FOLLOW_PAGE)?;
            let Some(last) = page.last().map(|batch| batch.index) else { return Ok(found) };
            found.extend(page.into_iter().filter(|batch| batch.index < end));
            if last >= end {
                return Ok(found);
            }
            from = last.saturating_add(1);
        }
    }

    /// A record with everything that proves it. Whoever shows it to a person writes that down first.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Unavailable`] when its payload does not open, or when the terminal's signature over it is gone:
    /// evidence without it would show only what the ledger says.
    pub fn evidence(&self, office: &OfficeId, index: u64) -> Result<Evidence, Refusal> {
        let office = self.office(office)?;
        let proved = self.prove(&office, LogName::Records, index)?;
        let record = self.record_bytes(&office.id, index)?;
        let batches = self.batches_around(&office.id, index, 1)?;
        let signed = match holding(&batches, index) {
            Some(batch) => Some(self.signed_by_terminal(batch)?),
            None if Record::decode(&record).is_ok_and(|record| record.emitter == Emitter::Ledger) => None,
            None => return Err(StoreError::Damaged { what: "batch of a terminal's record" }.into()),
        };
        Ok(Evidence { record, proved, signed })
    }

    /// The header of a batch with all its leaves, also those that an earlier batch had brought already.
    fn signed_by_terminal(&self, batch: &StoredBatch) -> Result<SignedByTerminal, StoreError> {
        let header = Sign1::decode(&batch.header).ok();
        let header = header.and_then(|sign1| minicbor::decode::<BatchHeader>(sign1.payload).ok());
        let header = header.ok_or(StoreError::Damaged { what: "batch header" })?;
        let count = usize::try_from(header.count).unwrap_or(usize::MAX);
        let history = (&header.terminal, header.epoch, header.first);
        let leaves = stored_leaves(&*self.store, &header.office, history, count)?;
        let leaves: Option<Vec<Hash>> = leaves.into_iter().collect();
        let leaves = leaves.ok_or(StoreError::Damaged { what: "batch" })?;
        Ok(SignedByTerminal { header: batch.header.clone(), leaves })
    }

    /// The batches of an office in log order, at most `limit` whose first record lies at `index` or behind it. Whoever shows them to a person writes that
    /// down first.
    ///
    /// # Errors
    /// When the store fails. One batch that is damaged hides no other.
    pub fn batches_in_log(&self, office: &OfficeId, index: u64, limit: u32) -> Result<Vec<BatchInLog>, Refusal> {
        let batches = self.store.batches_by_index(office, index, limit)?;
        let with_repeated = |stored: StoredBatch| {
            let repeated = self.repeated_by(&stored).inspect_err(|damage| {
                log::error!("the batch at record {} of office {office} cannot be shown: {damage}", stored.index);
            });
            BatchInLog { repeated: repeated.ok(), stored }
        };
        Ok(batches.into_iter().map(with_repeated).collect())
    }

    fn repeated_by(&self, batch: &StoredBatch) -> Result<Vec<Hash>, StoreError> {
        let mut leaves = self.signed_by_terminal(batch)?.leaves;
        let stored = usize::try_from(batch.count).unwrap_or(usize::MAX);
        let repeated = leaves.len().checked_sub(stored).ok_or(StoreError::Damaged { what: "batch" })?;
        leaves.truncate(repeated);
        Ok(leaves)
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

    /// Answers a search. Whoever shows it to a person writes that down first.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn search(&self, office: &OfficeId, question: &Question) -> Result<Found, Refusal> {
        let office = self.office(office)?;
        let size = self.indexed(&office.id)?;
        let of = office.log(LogName::Records).committed_size();
        let indexes = self.index.find(&office.id, question)?;
        let full = indexes.len() >= usize::try_from(question.limit).unwrap_or(usize::MAX);
        let next = indexes.last().copied().filter(|_| full);
        // One damaged payload must not hide all the others.
        let bytes = |index| match self.record_bytes(&office.id, index) {
            Ok(bytes) => Some((index, Some(bytes))),
            // The index has not come so far as to forget it.
            Err(Refusal::Destroyed { .. }) => None,
            Err(refusal) => {
                log::error!("record {index} of office {} cannot be shown: {refusal}", office.id);
                Some((index, None))
            }
        };
        let asked_for = |(index, bytes): &(u64, Option<Vec<u8>>)| {
            let record = bytes.as_deref().map(Record::decode);
            let fits = record.is_none_or(|record| record.is_ok_and(|record| question.is_answered_by(*index, &record)));
            if !fits {
                log::error!("the search index is wrong about record {index} of office {}: run reindex", office.id);
            }
            fits
        };
        let carried = self.index.carried_among(&office.id, &indexes)?;
        let rows: Vec<_> = indexes.into_iter().filter_map(bytes).filter(asked_for).collect();
        let behind = self.late(&office.id)?;
        let missing = self.missing(&office.id)?;
        let destroyed = office.register().all_destroyed().to_vec();
        Ok(Found { rows, carried, next, behind, missing, size, of, destroyed })
    }

    /// The terminals whose records an answer may lack.
    ///
    /// # Errors
    /// When the store fails.
    pub fn late(&self, office: &OfficeId) -> Result<Vec<Behind>, Refusal> {
        Ok(self.behind(office)?.into_iter().filter(|row| self.is_late(row)).collect())
    }

    /// How far each terminal has come: also a retired one, until it has sent something after that. What it made before may still be missing,
    /// and nobody else would ever say so.
    ///
    /// # Errors
    /// When the store fails.
    pub fn behind(&self, office: &OfficeId) -> Result<Vec<Behind>, Refusal> {
        let register = self.office(office)?.register();
        let heard = self.store.last_heard(office)?;
        let now = self.clock.now();
        let mut rows = Vec::new();
        for terminal in register.terminals() {
            let (code, epoch) = (terminal.code().clone(), terminal.epoch());
            let sent = heard.iter().filter(|(of, _, _)| *of == code).map(|(_, _, at)| *at).max();
            let cursor = self.store.cursor(office, &EmitterName::Terminal(code.clone()), epoch)?;
            let next = cursor.map_or(0, |cursor| cursor.next);
            let gap = self.heard.after_gap(office, &code, epoch).filter(|first| *first > next);
            if gap.is_none() && retired_since(terminal, now).is_some_and(|since| sent >= Some(since)) {
                continue;
            }
            let (holds, at_ease) = self.holds(office, &code)?;
            let last_heard = sent.max(at_ease);
            let lost = self.left_behind(office, &code)?;
            rows.push(Behind { terminal: code.to_string(), last_heard, epoch, next, holds, gap, lost });
        }
        Ok(rows)
    }

    /// How many records a terminal said last that it has and are not here, and when it said it, if there are none.
    pub(crate) fn holds(&self, office: &OfficeId, terminal: &Code) -> Result<(u64, Option<Millis>), StoreError> {
        let Some((Written { epoch, next }, at)) = self.heard.last_told(office, terminal) else { return Ok((0, None)) };
        let cursor = self.store.cursor(office, &EmitterName::Terminal(terminal.clone()), epoch)?;
        let holds = next.saturating_sub(cursor.map_or(0, |cursor| cursor.next));
        Ok((holds, (holds == 0).then_some(at)))
    }

    /// What a terminal's newest `lost` record says of an earlier epoch (wire §7.2b).
    fn left_behind(&self, office: &OfficeId, terminal: &Code) -> Result<Option<Lost>, Refusal> {
        let Some(index) = self.index.newest_lost(office, terminal)? else { return Ok(None) };
        let record = self.record_bytes(office, index).ok().and_then(|bytes| Record::decode(&bytes).ok());
        let Some(Body::Lost(lost)) = record.map(|record| record.body) else { return Ok(None) };
        Ok(Some(lost).filter(|lost| lost.epoch.is_some()))
    }

    /// A terminal that has been silent for a while may hold records that an answer lacks; one with a gap surely does.
    pub(crate) fn is_late(&self, row: &Behind) -> bool {
        row.gap.is_some() || row.last_heard.is_none_or(|at| at.saturating_add(LATE) < self.clock.now())
    }
}

/// Since when a terminal is retired, if it is.
fn retired_since(terminal: &Terminal, now: Millis) -> Option<Millis> {
    let retired = terminal.states().iter().filter(|state| state.value == TerminalUse::Retired);
    let since = retired.map(|state| state.effective).filter(|effective| *effective <= now).min();
    since.filter(|_| terminal.state(now) == TerminalUse::Retired)
}

/// The batch that holds an entry.
fn holding(batches: &[StoredBatch], index: u64) -> Option<&StoredBatch> {
    batches.iter().find(|batch| index.checked_sub(batch.index).is_some_and(|at| at < u64::from(batch.count)))
}

/// Why a record is not in the index although nothing is wrong with it.
const DESTROYED: &str = "its month was destroyed";
const FOLLOW_PAGE: u32 = 1000;
/// What one office has indexed before the next has its turn: a fraction of a second.
const FOLLOW_PAGES: u32 = 20;
/// Ten minutes: terminals send what they have within seconds while the ledger can be reached.
pub(crate) const LATE: Millis = 10 * 60_000;
/// What fails where what this machine sees is not written down.
const TOLD_BESIDE: &str = "what this machine sees cannot be told";
/// Between two looks at terminals.
pub(crate) const LOOK: Millis = 10_000;
