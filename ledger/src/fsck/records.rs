//! The records log: payloads, batches, chains, cursors, verdicts.

use std::collections::{HashMap, VecDeque};

use ed25519_dalek::VerifyingKey;
use sekisho_register::replay;
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::batch::{BATCH_RECORDS_MAX, BatchHeader, chain_next};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::Sign1;
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::record::{Body, Emitter, Record};

use super::acts::{Acts, Registers};
use super::beside::Enrolled;
use super::{Check, Fault, Finding};
use crate::clock::{DAY, Millis};
use crate::error::LedgerError;
use crate::ingest::{beginning, is_signed};
use crate::stage::{LEDGER_EPOCH, NO_CHAIN};
use crate::store::{Cursor, EmitterName, Entry, LogName, StoredBatch, StoredOffice};

/// One history as the records give it.
struct History {
    cursor: Cursor,
    /// The chain before each of the last records: a batch that repeats some begins there.
    recent: VecDeque<(u64, Hash)>,
}

/// The walk through the records log.
struct Walk<'a> {
    office: &'a StoredOffice,
    acts: &'a Acts,
    registers: Registers<'a>,
    /// Batches not yet reached, in log order.
    batches: VecDeque<StoredBatch>,
    next_batch: u64,
    /// The batch that the walk is in, and what its header says.
    open: Option<(StoredBatch, Option<BatchHeader>)>,
    histories: HashMap<(EmitterName, u32), History>,
    enrolled: Enrolled,
    /// When the latest batch so far came.
    latest: Millis,
}

impl Check<'_> {
    pub(super) fn records(&mut self, office: &StoredOffice, acts: &Acts) -> Result<Enrolled, LedgerError> {
        let mut walk = Walk {
            office,
            acts,
            registers: Registers::new(self.store, office.id),
            batches: VecDeque::new(),
            next_batch: 0,
            open: None,
            histories: HashMap::new(),
            enrolled: Enrolled::default(),
            latest: office.founded,
        };
        self.walk(office, LogName::Records, |check, index, entry| check.record(&mut walk, index, entry))?;
        self.left_over_batches(&mut walk)?;
        self.cursors(&walk)?;
        Ok(walk.enrolled)
    }

    fn record(&mut self, walk: &mut Walk<'_>, index: u64, entry: &Entry) -> Result<(), LedgerError> {
        let key = self.vault.numbered(&walk.office.id, entry.key);
        let bytes = key.as_ref().and_then(|key| key.open(&entry.leaf.0, &entry.payload).ok());
        let record = bytes.as_ref().and_then(|bytes| Record::decode(bytes).ok());
        self.enter_batch(walk, index)?;
        let place = walk.place(index, record.as_ref());
        let note = |check: &mut Self, fault| {
            let finding = Finding {
                office: walk.office.id,
                log: Some(LogName::Records),
                index: Some(index),
                place: place.clone(),
                fault,
            };
            check.note(finding);
        };
        match &bytes {
            // One finding for the key stands for all that it sealed.
            None if self.vault.is_damaged(&walk.office.id, entry.key) => {}
            None if key.is_none() => note(self, Fault::KeyMissing),
            None => note(self, Fault::PayloadAltered),
            Some(bytes) if leaf_hash(bytes) != entry.leaf => note(self, Fault::LeafAltered),
            Some(_) => {}
        }
        let Some((emitter, epoch, seq)) = place.clone() else {
            note(self, Fault::Unaccounted);
            return Ok(());
        };
        let expected = walk.history(&emitter, epoch).cursor.next;
        if seq != expected && !record.as_ref().is_some_and(|record| declares(record, expected)) {
            note(self, Fault::BatchOrder);
        }
        walk.advance(&emitter, epoch, seq, entry.leaf);
        let record = record.filter(|record| stands_at(record, &emitter, epoch, seq));
        if let Some(record) = record.as_ref().filter(|_| emitter == EmitterName::Ledger) {
            walk.enrolled.take(record);
        }
        match (&record, &bytes) {
            (Some(record), _) => self.verdict(walk, record, note)?,
            (None, Some(_)) => self.report.unreadable += 1,
            (None, None) => {}
        }
        self.leave_batch(walk, index);
        Ok(())
    }

    /// Makes the decision again.
    fn verdict(
        &mut self,
        walk: &mut Walk<'_>,
        record: &Record,
        note: impl Fn(&mut Self, Fault),
    ) -> Result<(), LedgerError> {
        let Some(input) = record.body.input() else { return Ok(()) };
        if input.register > walk.acts.size {
            note(self, Fault::RegisterAhead { size: input.register });
            return Ok(());
        }
        self.report.replayed += 1;
        if let Err(mismatch) = replay(walk.registers.at(input.register)?, record) {
            note(self, Fault::Verdict(mismatch));
        }
        Ok(())
    }

    /// The batch that begins here, if one does: its signature, its place in the history, its chain.
    fn enter_batch(&mut self, walk: &mut Walk<'_>, index: u64) -> Result<(), LedgerError> {
        if walk.batches.is_empty() {
            walk.batches = self.store.batches_by_index(&walk.office.id, walk.next_batch, super::PAGE)?.into();
        }
        if walk.batches.front().is_none_or(|batch| batch.index > index) {
            return Ok(());
        }
        let Some(batch) = walk.batches.pop_front() else { return Ok(()) };
        walk.next_batch = batch.index + 1;
        self.report.batches += 1;
        let emitter = EmitterName::Terminal(batch.terminal.clone());
        let place = Some((emitter.clone(), batch.epoch, batch.first));
        let header = header_of(&batch);
        let history = walk.history(&emitter, batch.epoch);
        let before = history.chain_before(header.as_ref().map_or(batch.first, |header| header.first));
        let fault = match &header {
            None => Some(Fault::BatchAltered),
            Some(_) if batch.index != index || walk.open.is_some() => Some(Fault::BatchOrder),
            Some(_) if !is_from(&batch, walk.acts) => Some(Fault::BatchSignature),
            Some(header) if before.is_some_and(|chain| chain.0 != header.before.0) => Some(Fault::ChainBroken),
            Some(_) => None,
        };
        // The ledger's clock may be put right by hand, so a day is forgiven.
        let received = batch.received;
        let early = received.saturating_add(DAY) < walk.latest;
        walk.latest = walk.latest.max(received);
        for fault in fault.into_iter().chain(early.then_some(Fault::BatchTime { received })) {
            let (office, log, place) = (walk.office.id, Some(LogName::Records), place.clone());
            self.note(Finding { office, log, index: Some(index), place, fault });
        }
        walk.open = Some((batch, header));
        Ok(())
    }

    /// The end of a batch: the chain is what the terminal signed.
    fn leave_batch(&mut self, walk: &mut Walk<'_>, index: u64) {
        let ends =
            |(batch, _): &mut (StoredBatch, Option<BatchHeader>)| index + 1 >= batch.index + u64::from(batch.count);
        let Some((batch, header)) = walk.open.take_if(ends) else { return };
        let emitter = EmitterName::Terminal(batch.terminal.clone());
        let chain = walk.history(&emitter, batch.epoch).cursor.chain;
        if header.is_some_and(|header| header.after.0 != chain.0) {
            let place = Some((emitter, batch.epoch, batch.first));
            let (office, log) = (walk.office.id, Some(LogName::Records));
            self.note(Finding { office, log, index: Some(batch.index), place, fault: Fault::ChainBroken });
        }
    }

    fn left_over_batches(&mut self, walk: &mut Walk<'_>) -> Result<(), LedgerError> {
        let rest = self.store.batches_by_index(&walk.office.id, walk.next_batch, super::PAGE)?;
        let cut = walk.open.take().map(|(batch, _)| batch);
        for batch in rest.into_iter().chain(cut) {
            let place = Some((EmitterName::Terminal(batch.terminal), batch.epoch, batch.first));
            let (office, log) = (walk.office.id, Some(LogName::Records));
            self.note(Finding { office, log, index: Some(batch.index), place, fault: Fault::BatchOrder });
        }
        Ok(())
    }

    /// Cursors are where the records end, and each history has one.
    fn cursors(&mut self, walk: &Walk<'_>) -> Result<(), LedgerError> {
        let stored = self.store.cursors(&walk.office.id)?;
        for ((emitter, epoch), history) in &walk.histories {
            if !stored.iter().any(|(of, in_epoch, _)| of == emitter && in_epoch == epoch) {
                self.cursor_fault(walk, (emitter.clone(), *epoch, history.cursor.next), Fault::CursorUnpaired);
            }
        }
        for (emitter, epoch, cursor) in stored {
            let place = (emitter.clone(), epoch, cursor.next);
            match walk.histories.get(&(emitter, epoch)).map(|history| history.cursor) {
                None => self.cursor_fault(walk, place, Fault::CursorUnpaired),
                Some(derived) if derived.next != cursor.next => {
                    let fault = Fault::CursorAltered { stored: cursor.next, derived: derived.next };
                    self.cursor_fault(walk, place, fault);
                }
                Some(derived) if derived.chain != cursor.chain => self.cursor_fault(walk, place, Fault::CursorChain),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn cursor_fault(&mut self, walk: &Walk<'_>, place: (EmitterName, u32, u64), fault: Fault) {
        let log = Some(LogName::Records);
        self.note(Finding { office: walk.office.id, log, index: None, place: Some(place), fault });
    }
}

impl Walk<'_> {
    /// Which history an entry belongs to: its batch's, or the ledger's own. A record that says otherwise is unreadable there.
    fn place(&self, index: u64, record: Option<&Record>) -> Option<(EmitterName, u32, u64)> {
        if let Some((batch, _)) = &self.open {
            let emitter = EmitterName::Terminal(batch.terminal.clone());
            return Some((emitter, batch.epoch, batch.first + (index - batch.index)));
        }
        let next = self.histories.get(&(EmitterName::Ledger, LEDGER_EPOCH)).map_or(0, |history| history.cursor.next);
        match record {
            // Its own payloads may be damaged: the history goes on by counting.
            None => Some((EmitterName::Ledger, LEDGER_EPOCH, next)),
            Some(record) => stands_at(record, &EmitterName::Ledger, LEDGER_EPOCH, next).then_some((
                EmitterName::Ledger,
                LEDGER_EPOCH,
                next,
            )),
        }
    }

    fn history(&mut self, emitter: &EmitterName, epoch: u32) -> &mut History {
        let office = self.office.id;
        self.histories.entry((emitter.clone(), epoch)).or_insert_with(|| {
            let cursor = match emitter {
                EmitterName::Ledger => Cursor { next: 0, chain: NO_CHAIN },
                EmitterName::Terminal(code) => beginning(&office, code, epoch),
            };
            History { cursor, recent: VecDeque::new() }
        })
    }

    fn advance(&mut self, emitter: &EmitterName, epoch: u32, seq: u64, leaf: Hash) {
        let history = self.history(emitter, epoch);
        history.recent.push_back((seq, history.cursor.chain));
        if history.recent.len() > RECENT {
            history.recent.pop_front();
        }
        history.cursor.next = seq + 1;
        if *emitter != EmitterName::Ledger {
            let chain = chain_next(&WireHash(history.cursor.chain.0), &WireHash(leaf.0));
            history.cursor.chain = Hash(chain.0);
        }
    }
}

impl History {
    /// The chain before the record of that seq, if it is still remembered. A batch over a declared gap begins at the cursor's chain.
    fn chain_before(&self, seq: u64) -> Option<Hash> {
        if seq >= self.cursor.next {
            return Some(self.cursor.chain);
        }
        self.recent.iter().find(|(at, _)| *at == seq).map(|(_, chain)| *chain)
    }
}

/// The header, when it is one and speaks of the rows beside it.
fn header_of(batch: &StoredBatch) -> Option<BatchHeader> {
    let sign1 = Sign1::decode(&batch.header).ok()?;
    let header: BatchHeader = decode_canonical("batch header", sign1.payload).ok()?;
    let same = header.office == batch.office
        && header.terminal == batch.terminal
        && header.epoch == batch.epoch
        && header.first <= batch.first
        && header.first.checked_add(u64::from(header.count))? == batch.first.checked_add(u64::from(batch.count))?;
    same.then_some(header)
}

fn is_from(batch: &StoredBatch, acts: &Acts) -> bool {
    let Ok(sign1) = Sign1::decode(&batch.header) else { return false };
    let keys = acts.keys.get(&batch.terminal).into_iter().flatten();
    keys.filter_map(|key| VerifyingKey::from_bytes(&key.0).ok()).any(|key| is_signed(&sign1, &key))
}

fn stands_at(record: &Record, emitter: &EmitterName, epoch: u32, seq: u64) -> bool {
    let same = match (&record.emitter, emitter) {
        (Emitter::Terminal(one), EmitterName::Terminal(other)) => one == other,
        (Emitter::Ledger, EmitterName::Ledger) => true,
        (Emitter::Terminal(_), EmitterName::Ledger) | (Emitter::Ledger, EmitterName::Terminal(_)) => false,
    };
    same && record.epoch == epoch && record.seq == seq
}

/// A gap may be crossed only by the record that declares it.
fn declares(record: &Record, from: u64) -> bool {
    matches!(&record.body, Body::Lost(lost) if lost.from == from && lost.to.checked_add(1) == Some(record.seq))
}

/// A batch repeats at most its own length.
const RECENT: usize = BATCH_RECORDS_MAX as usize;
