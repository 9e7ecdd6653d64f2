//! The records log: payloads, batches, chains, cursors, verdicts.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use sekisho_register::{Mismatch, Session, grant_of, register_of};
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::batch::{BATCH_RECORDS_MAX, BatchHeader, chain_next};
use sekisho_wire::canonical::decode_canonical;
use sekisho_wire::cose::Sign1;
use sekisho_wire::id::{Code, Hash as WireHash, OfficeId, Salt, SessionId};
use sekisho_wire::record::{Body, Emitter, Lost, Record};

use super::acts::{Acts, Registers};
use super::beside::Enrolled;
use super::carried::Carried;
use super::{Check, Extent, Fault, Finding};
use crate::carried::{is_carried, leaf_at};
use crate::clock::{DAY, Millis, legal_month};
use crate::error::LedgerError;
use crate::ingest::{beginning, is_plausible, is_signed};
use crate::payload::{Opened, RecordKey};
use crate::secret::DoesNotOpen;
use crate::stage::{LEDGER_EPOCH, NO_CHAIN, class_number};
use crate::store::{Cursor, EmitterName, Entry, KeyState, LogName, StoredBatch, StoredOffice};
use crate::vault::Vault;

/// One history as the records give it.
struct History {
    emitter: EmitterName,
    epoch: u32,
    cursor: Cursor,
    /// The chain before each of the last records: a batch that repeats some begins there.
    recent: VecDeque<(u64, Hash)>,
    session: Session,
}

/// What a terminal's card-signed records have used up, in all its epochs (wire §6).
#[derive(Default)]
struct UsedUp {
    salts: HashSet<Salt>,
    sessions: HashSet<SessionId>,
}

/// A record's place: the number of its history in the walk, its seq there.
type Place = (usize, u64);

/// The batch that the walk is in.
struct OpenBatch {
    batch: StoredBatch,
    /// What the terminal signed, if that is readable.
    header: Option<BatchHeader>,
    history: usize,
}

/// Whether a payload opens, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    Open,
    Altered,
    KeyMissing,
    KeyDamaged,
    /// Its month was destroyed.
    Destroyed,
    /// It was, and what was sealed is there although it is said to be gone.
    Remains,
}

/// The walk through the records log.
struct Walk<'a> {
    office: &'a StoredOffice,
    acts: &'a Acts,
    registers: Registers<'a>,
    /// Batches not yet reached, in log order.
    batches: VecDeque<StoredBatch>,
    next_batch: u64,
    /// Whether the last page of them was read.
    all_batches: bool,
    open: Option<OpenBatch>,
    histories: Vec<History>,
    numbers: HashMap<(EmitterName, u32), usize>,
    used: HashMap<Code, UsedUp>,
    carried: Carried,
    /// The payload key used last: the records of a month lie under a few.
    key: Option<(u32, Arc<RecordKey>)>,
    /// Class and month of each key, by its number.
    filed: HashMap<u32, (u8, u32)>,
    /// Numbers of keys whose payloads are said to be erased.
    erased: HashSet<u32>,
    /// The record that is looked at.
    opened: Opened,
    enrolled: Enrolled,
    /// What records say that earlier epochs left behind (wire §7.2b): where that is said, of which terminal and epoch, from which seq on.
    left: Vec<(u64, Place, (EmitterName, u32), u64)>,
    /// When the latest batch so far came.
    latest: Millis,
    /// By the clock of whoever checks.
    now: Millis,
}

impl Check<'_> {
    /// What the ledger's own records tell; nothing when the log could not be read to its end.
    pub(super) fn records(&mut self, office: &StoredOffice, acts: &Acts) -> Result<Option<Enrolled>, LedgerError> {
        let keys = self.store.keys(&office.id)?;
        let mut walk = Walk {
            office,
            acts,
            registers: Registers::new(self.store, office.id, &acts.concluded),
            batches: VecDeque::new(),
            next_batch: 0,
            all_batches: false,
            open: None,
            histories: Vec::new(),
            numbers: HashMap::new(),
            used: HashMap::new(),
            carried: Carried::default(),
            key: None,
            filed: keys.iter().map(|key| (key.number, (key.class, key.month))).collect(),
            erased: keys.iter().filter(|key| key.state == KeyState::Erased).map(|key| key.number).collect(),
            opened: Opened::default(),
            enrolled: Enrolled::default(),
            left: Vec::new(),
            latest: office.founded,
            now: self.now,
        };
        let extent =
            self.walk(office, LogName::Records, |check, index, entry| check.record(&mut walk, index, entry))?;
        if extent == Extent::Partly {
            return Ok(None);
        }
        self.left_over_batches(&mut walk)?;
        self.cursors(&walk)?;
        self.left_behind(&walk);
        Ok(Some(walk.enrolled))
    }

    fn record(&mut self, walk: &mut Walk<'_>, index: u64, entry: &Entry) -> Result<(), LedgerError> {
        let payload = walk.open_payload(self.vault, entry);
        let record = (payload == Payload::Open).then(|| Record::decode(walk.opened.record()).ok()).flatten();
        self.enter_batch(walk, index)?;
        let place = walk.place(index, payload, record.as_ref());
        match payload {
            Payload::Open if leaf_hash(walk.opened.record()) == entry.leaf => {}
            Payload::Open => self.note_at(walk, index, place, Fault::LeafAltered),
            Payload::Altered => self.note_at(walk, index, place, Fault::PayloadAltered),
            // One finding for the keys stands for all that they sealed.
            Payload::KeyMissing if self.keys == Extent::Whole => self.note_at(walk, index, place, Fault::KeyMissing),
            Payload::Remains => self.note_at(walk, index, place, Fault::PayloadRemains),
            Payload::KeyMissing | Payload::KeyDamaged | Payload::Destroyed => {}
        }
        let Some((history, seq)) = place else {
            self.note_at(walk, index, None, Fault::Unaccounted);
            return Ok(());
        };
        let expected = walk.histories[history].cursor.next;
        let destroyed = matches!(payload, Payload::Destroyed | Payload::Remains);
        self.report.destroyed += u64::from(destroyed);
        // What declared the gap may be destroyed itself.
        let declared = record.as_ref().is_some_and(|record| declares(record, expected)) || destroyed && seq > expected;
        if seq != expected && !declared {
            self.note_at(walk, index, place, Fault::BatchOrder);
        }
        let of = &mut walk.histories[history];
        of.advance(seq, entry.leaf);
        if let Some(record) = record.as_ref().filter(|record| of.has_carried(record, &walk.office.id)) {
            self.carried_record(walk, index, place, (record, entry))?;
            self.leave_batch(walk, index);
            return Ok(());
        }
        let record = record.filter(|record| stands_at(record, &of.emitter, of.epoch, seq));
        if record.is_none() {
            of.session = Session::Unknown;
        }
        match &record {
            Some(record) => {
                if seq != expected {
                    of.session = Session::Unknown;
                }
                if of.emitter == EmitterName::Ledger {
                    walk.enrolled.take(record);
                }
                if let Body::Lost(Lost { epoch: Some(epoch), from, .. }) = &record.body {
                    walk.left.push((index, (history, seq), (of.emitter.clone(), *epoch), *from));
                }
                if walk.is_misfiled(entry.key, record) {
                    self.note_at(walk, index, place, Fault::Misfiled { number: entry.key });
                }
                let session = std::mem::take(&mut walk.histories[history].session);
                let holds = self.verdict(walk, index, place, (record, &session))?;
                let used = self.signed_once(walk, index, place, record);
                walk.histories[history].session = behind(session, record, (holds, used));
            }
            None if payload != Payload::Open => {}
            None if walk.is_newer((history, seq)) => self.report.newer += 1,
            None => self.report.unreadable += 1,
        }
        self.leave_batch(walk, index);
        Ok(())
    }

    /// One that was carried out of an earlier epoch is looked at once, in the session that its own epoch opened.
    fn carried_record(
        &mut self,
        walk: &mut Walk<'_>,
        index: u64,
        place: Option<Place>,
        (record, entry): (&Record, &Entry),
    ) -> Result<(), LedgerError> {
        self.report.carried += 1;
        let Some((history, _)) = place else { return Ok(()) };
        let EmitterName::Terminal(terminal) = walk.histories[history].emitter.clone() else { return Ok(()) };
        if let Body::Lost(Lost { epoch: Some(epoch), from, .. }) = &record.body {
            let emitter = EmitterName::Terminal(terminal.clone());
            walk.left.extend(place.map(|place| (index, place, (emitter, *epoch), *from)));
        }
        if walk.is_misfiled(entry.key, record) {
            self.note_at(walk, index, place, Fault::Misfiled { number: entry.key });
        }
        let (stands, contradicts) = match leaf_at(self.store, &walk.office.id, (&terminal, record.epoch, record.seq)) {
            // That is found at its own place; what nobody can tell apart from a repeat is taken for one.
            Err(error) if error.is_damage() => (true, false),
            found => found?.map_or((false, false), |(_, leaf)| (leaf == entry.leaf, leaf != entry.leaf)),
        };
        let again = walk.carried.is_again(entry.leaf) || stands;
        self.report.contradicting += u64::from(contradicts && !again);
        let line = (&terminal, walk.histories[history].epoch, record.epoch);
        let own = walk.numbers.get(&(EmitterName::Terminal(terminal.clone()), record.epoch));
        let own = own.map(|own| &walk.histories[*own]).map(|own| (own.cursor.next, &own.session));
        let session = walk.carried.session(line, record.seq, own);
        let mut stands = (true, Used::Once);
        if !again {
            let holds = self.verdict(walk, index, place, (record, &session))?;
            stands = (holds, self.signed_once(walk, index, place, record));
        }
        walk.carried.goes_on(line, record.seq, behind(session, record, stands));
        Ok(())
    }

    /// A card's signature belongs to one record of its terminal (wire §6), and no session opens twice. Whether that is so.
    fn signed_once(&mut self, walk: &mut Walk<'_>, index: u64, place: Option<Place>, record: &Record) -> Used {
        let Emitter::Terminal(terminal) = &record.emitter else { return Used::Once };
        let opens = if let Body::SessionOpened(opening) = &record.body { opening.input.session } else { None };
        let proved = matches!(&record.body, Body::Decision(decision) if decision.signature.is_some());
        if !proved && !matches!(&record.body, Body::SessionOpened(_) | Body::SessionUnlocked(_)) {
            return Used::Once;
        }
        let used = walk.used.entry(terminal.clone()).or_default();
        let salt_again = !used.salts.insert(record.salt);
        let opens_again = opens.is_some_and(|session| !used.sessions.insert(session));
        if salt_again {
            self.note_at(walk, index, place, Fault::SaltRepeated);
        }
        if opens_again {
            self.note_at(walk, index, place, Fault::SessionRepeated);
        }
        if opens_again {
            Used::Opened
        } else if salt_again {
            Used::Signed
        } else {
            Used::Once
        }
    }

    /// Makes the decision again. Whether it comes out as it was written, as far as that can be told.
    fn verdict(
        &mut self,
        walk: &mut Walk<'_>,
        index: u64,
        place: Option<Place>,
        (record, session): (&Record, &Session),
    ) -> Result<bool, LedgerError> {
        let Some(size) = register_of(record).filter(|_| walk.acts.extent == Extent::Whole) else { return Ok(true) };
        if size > walk.acts.size {
            self.note_at(walk, index, place, Fault::RegisterAhead { size });
            return Ok(false);
        }
        self.report.replayed += u64::from(record.body.input().is_some());
        // The index is the terminal's word.
        let on_card = match grant_of(record).filter(|grant| grant.index < walk.acts.size) {
            Some(grant) => self.store.entries(&walk.office.id, LogName::Register, grant.index, 1)?.pop(),
            None => None,
        };
        let on_card = on_card.as_ref().map(|entry| entry.payload.as_slice());
        let decided = walk.registers.at(size)?.as_it_decided(record, on_card);
        let replayed = decided.and_then(|register| session.replay(&register, record));
        // Of rules that this program does not know it says neither that they were kept nor that they were broken.
        let holds = matches!(replayed, Ok(()) | Err(Mismatch::RulesUnknown { .. }));
        if let Err(mismatch) = replayed {
            self.note_at(walk, index, place, Fault::Verdict(mismatch));
        }
        Ok(holds)
    }

    fn note_at(&mut self, walk: &Walk<'_>, index: u64, place: Option<Place>, fault: Fault) {
        let named =
            |(history, seq): Place| (walk.histories[history].emitter.clone(), walk.histories[history].epoch, seq);
        let (office, log, place) = (walk.office.id, Some(LogName::Records), place.map(named));
        self.note(Finding { office, log, index: Some(index), place, fault });
    }

    /// The batches that follow, if there are any.
    fn more_batches(&mut self, walk: &mut Walk<'_>) -> Result<(), LedgerError> {
        if walk.batches.is_empty() && !walk.all_batches {
            walk.batches = self.store.batches_by_index(&walk.office.id, walk.next_batch, super::PAGE)?.into();
            walk.all_batches = walk.batches.is_empty();
        }
        Ok(())
    }

    /// The batch that begins here, if one does: its signature, its place in the history, its chain.
    fn enter_batch(&mut self, walk: &mut Walk<'_>, index: u64) -> Result<(), LedgerError> {
        self.more_batches(walk)?;
        if walk.batches.front().is_none_or(|batch| batch.index > index) {
            return Ok(());
        }
        let Some(batch) = walk.batches.pop_front() else { return Ok(()) };
        walk.next_batch = batch.index + 1;
        self.report.batches += 1;
        let header = header_of(&batch);
        let history = walk.number(&EmitterName::Terminal(batch.terminal.clone()), batch.epoch);
        let first = header.as_ref().map_or(batch.first, |header| header.first);
        let before = walk.histories[history].chain_before(first);
        let fault = match &header {
            None => Some(Fault::BatchAltered),
            Some(_) if batch.index != index || walk.open.is_some() => Some(Fault::BatchOrder),
            Some(_) if walk.acts.extent == Extent::Whole && !is_from(&batch, walk.acts) => Some(Fault::BatchSignature),
            Some(header) if before.is_some_and(|chain| chain.0 != header.before.0) => Some(Fault::ChainBroken),
            Some(_) => None,
        };
        self.more_batches(walk)?;
        let received = batch.received;
        let came_then = walk.came_when_it_says(received, header.as_ref());
        if came_then {
            walk.latest = walk.latest.max(received);
        }
        for fault in fault.into_iter().chain((!came_then).then_some(Fault::BatchTime { received })) {
            self.note_at(walk, index, Some((history, batch.first)), fault);
        }
        walk.open = Some(OpenBatch { batch, header, history });
        Ok(())
    }

    /// The end of a batch: the chain is what the terminal signed.
    fn leave_batch(&mut self, walk: &mut Walk<'_>, index: u64) {
        let ends = |open: &mut OpenBatch| index + 1 >= open.batch.index + u64::from(open.batch.count);
        let Some(OpenBatch { batch, header, history }) = walk.open.take_if(ends) else { return };
        let chain = walk.histories[history].cursor.chain;
        if header.is_some_and(|header| header.after.0 != chain.0) {
            self.note_at(walk, batch.index, Some((history, batch.first)), Fault::ChainBroken);
        }
    }

    fn left_over_batches(&mut self, walk: &mut Walk<'_>) -> Result<(), LedgerError> {
        let rest = self.store.batches_by_index(&walk.office.id, walk.next_batch, super::PAGE)?;
        let cut = walk.open.take().map(|open| open.batch);
        for batch in rest.into_iter().chain(cut) {
            let history = walk.number(&EmitterName::Terminal(batch.terminal), batch.epoch);
            self.note_at(walk, batch.index, Some((history, batch.first)), Fault::BatchOrder);
        }
        Ok(())
    }

    /// Cursors are where the records end, and each history has one.
    fn cursors(&mut self, walk: &Walk<'_>) -> Result<(), LedgerError> {
        let stored = self.store.cursors(&walk.office.id)?;
        for History { emitter, epoch, cursor, .. } in &walk.histories {
            if !stored.iter().any(|(of, in_epoch, _)| of == emitter && in_epoch == epoch) {
                self.cursor_fault(walk, (emitter.clone(), *epoch, cursor.next), Fault::CursorUnpaired);
            }
        }
        for (emitter, epoch, cursor) in stored {
            let place = (emitter.clone(), epoch, cursor.next);
            match walk.numbers.get(&(emitter, epoch)).map(|number| walk.histories[*number].cursor) {
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

    /// What a terminal had acknowledged of an earlier epoch must be there.
    fn left_behind(&mut self, walk: &Walk<'_>) {
        for (index, place, history, from) in &walk.left {
            let stored = walk.numbers.get(history).map_or(0, |number| walk.histories[*number].cursor.next);
            if stored < *from {
                let fault = Fault::AcknowledgedGone { epoch: history.1, acknowledged: *from, stored };
                self.note_at(walk, *index, Some(*place), fault);
            }
        }
    }

    fn cursor_fault(&mut self, walk: &Walk<'_>, place: (EmitterName, u32, u64), fault: Fault) {
        let log = Some(LogName::Records);
        self.note(Finding { office: walk.office.id, log, index: None, place: Some(place), fault });
    }
}

impl Walk<'_> {
    /// Whether a record lies under a key of another class or month than its own. What came with a clock far off, or so late that its month was destroyed,
    /// is kept from when it came.
    fn is_misfiled(&self, key: u32, record: &Record) -> bool {
        let Some((class, month)) = self.filed.get(&key).copied() else { return false };
        let own = legal_month(record.trusted);
        let received = self.open.as_ref().map(|open| open.batch.received);
        let late = received.is_some_and(|received| {
            let gone = self.acts.destroy(record.retention, record.trusted);
            // A refill may have been brought in one month and written in the next.
            month + 1 >= legal_month(received) && (gone || !is_plausible(record.trusted, received))
        });
        class != class_number(record.retention) || (month != own && !late)
    }

    /// Opens the entry's payload.
    fn open_payload(&mut self, vault: &Vault, entry: &Entry) -> Payload {
        if self.key.as_ref().is_none_or(|(number, _)| *number != entry.key) {
            self.key = vault.numbered(&self.office.id, entry.key).map(|key| (entry.key, key));
        }
        match &self.key {
            None if vault.is_damaged(&self.office.id, entry.key) => Payload::KeyDamaged,
            None if vault.destroyed(&self.office.id, entry.key).is_some() => {
                let erased = self.erased.contains(&entry.key) && !entry.payload.is_empty();
                if erased { Payload::Remains } else { Payload::Destroyed }
            }
            None => Payload::KeyMissing,
            Some((_, key)) => match key.open_into(&mut self.opened, &entry.leaf.0, &entry.payload) {
                Ok(()) => Payload::Open,
                Err(DoesNotOpen) => Payload::Altered,
            },
        }
    }

    /// Whether a batch came when it says: not before those that stand before it, nor after the one behind it. The ledger's clock may be put
    /// right by hand, so a day is forgiven.
    fn came_when_it_says(&self, received: Millis, header: Option<&BatchHeader>) -> bool {
        let long_before = |one: Millis, other: Millis| one.saturating_add(DAY) < other;
        if long_before(received, self.latest) {
            return false;
        }
        match self.batches.front() {
            // Where the next one does not even fit those before this one, it is the next one that is wrong.
            Some(next) => !long_before(next.received, received) || long_before(next.received, self.latest),
            // The last one: by the terminal's own word, or by the clock here and now.
            None => header.is_none_or(|header| !long_before(header.sent.max(self.now), received)),
        }
    }

    /// Which history an entry belongs to: its batch's, or the ledger's own. The ledger writes no record that it cannot read; where its
    /// payload is damaged, its history goes on by counting.
    fn place(&mut self, index: u64, payload: Payload, record: Option<&Record>) -> Option<Place> {
        if let Some(OpenBatch { batch, history, .. }) = &self.open {
            return Some((*history, batch.first + (index - batch.index)));
        }
        let history = self.number(&EmitterName::Ledger, LEDGER_EPOCH);
        let next = self.histories[history].cursor.next;
        let its_own = match record {
            Some(record) => stands_at(record, &EmitterName::Ledger, LEDGER_EPOCH, next),
            None => payload != Payload::Open,
        };
        its_own.then_some((history, next))
    }

    /// Whether the record that is looked at is of a newer version, which the register requires, and stands where it says (wire §1.3).
    fn is_newer(&self, (history, seq): Place) -> bool {
        let of = &self.histories[history];
        Record::kept_unread(self.opened.record()).is_some_and(|read| {
            let here = (read.epoch, read.seq) == (of.epoch, seq) || read.epoch < of.epoch;
            here && is_emitter(&read.emitter, &of.emitter)
                && read.office == self.office.id
                && read.version <= self.acts.required
        })
    }

    /// The number of a history in this walk.
    fn number(&mut self, emitter: &EmitterName, epoch: u32) -> usize {
        if let Some(number) = self.numbers.get(&(emitter.clone(), epoch)) {
            return *number;
        }
        let cursor = match emitter {
            EmitterName::Ledger => Cursor { next: 0, chain: NO_CHAIN },
            EmitterName::Terminal(code) => beginning(&self.office.id, code, epoch),
        };
        self.histories.push(History {
            emitter: emitter.clone(),
            epoch,
            cursor,
            recent: VecDeque::new(),
            session: Session::None,
        });
        self.numbers.insert((emitter.clone(), epoch), self.histories.len() - 1);
        self.histories.len() - 1
    }
}

impl History {
    /// Whether its terminal carried this record into it.
    fn has_carried(&self, record: &Record, office: &OfficeId) -> bool {
        let EmitterName::Terminal(terminal) = &self.emitter else { return false };
        is_carried((&record.emitter, &record.office, record.epoch), (office, terminal, self.epoch))
    }

    fn advance(&mut self, seq: u64, leaf: Hash) {
        self.recent.push_back((seq, self.cursor.chain));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.cursor.next = seq + 1;
        if self.emitter != EmitterName::Ledger {
            self.cursor.chain = Hash(chain_next(&WireHash(self.cursor.chain.0), &WireHash(leaf.0)).0);
        }
    }

    /// The chain before the record of that seq, if it is still remembered. A batch over a declared gap begins at the cursor's chain.
    fn chain_before(&self, seq: u64) -> Option<Hash> {
        if seq >= self.cursor.next {
            return Some(self.cursor.chain);
        }
        self.recent.iter().find(|(at, _)| *at == seq).map(|(_, chain)| *chain)
    }
}

/// What of a record was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    /// Nothing.
    Once,
    /// What a card signed.
    Signed,
    /// The session that it opens.
    Opened,
}

/// The session behind a record. What opens it a second time opens nothing, and an unlocking that does not hold unlocks nothing; whatever ends or locks a
/// session is followed, for it gives nobody anything.
fn behind(mut session: Session, record: &Record, (holds, used): (bool, Used)) -> Session {
    if used == Used::Opened {
        return Session::None;
    }
    let stands = holds && used == Used::Once;
    if stands || !matches!(record.body, Body::SessionUnlocked(_)) {
        session.follow(record);
    }
    session
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
    is_emitter(&record.emitter, emitter) && record.epoch == epoch && record.seq == seq
}

fn is_emitter(named: &Emitter, emitter: &EmitterName) -> bool {
    match (named, emitter) {
        (Emitter::Terminal(one), EmitterName::Terminal(other)) => one == other,
        (Emitter::Ledger, EmitterName::Ledger) => true,
        (Emitter::Terminal(_), EmitterName::Ledger) | (Emitter::Ledger, EmitterName::Terminal(_)) => false,
    }
}

/// A gap may be crossed only by the record that declares it.
fn declares(record: &Record, from: u64) -> bool {
    let is_it = |lost: &Lost| (lost.epoch, lost.from, lost.to.checked_add(1)) == (None, from, Some(record.seq));
    matches!(&record.body, Body::Lost(lost) if is_it(lost))
}

/// A batch repeats at most its own length.
const RECENT: usize = BATCH_RECORDS_MAX as usize;
