//! The way of a batch into the records log, exactly once (wire §7).
//!
//! [`open`] and [`seal`] do what needs no order: unseal, decode, verify, hash, chain, seal for the disk; many threads do it at a time. [`plan`] runs on the
//! writer's thread: compare with the cursor and with what is stored, then stage.

use std::collections::BTreeMap;

use ed25519_dalek::{Signature, VerifyingKey};
use sekisho_register::Register;
use sekisho_register::calendar::Month;
use sekisho_tlog::{Hash, leaf_hash};
use sekisho_wire::batch::{Batch, BatchHeader, EnvelopeBinding, chain_next, chain_start};
use sekisho_wire::cose::{Context, Sign1, write_signed_bytes};
use sekisho_wire::id::Hash as WireHash;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::{Alarm, Body, Emitter, Record, Retention};

use crate::authority::Peer;
use crate::carried::{CarriedFrom, is_carried};
use crate::clock::{Millis, legal_month};
use crate::keys::{EnvelopeError, EnvelopeKey};
use crate::line::Lane;
use crate::refusal::{Place, Refusal};
use crate::stage::{Stage, class_number};
use crate::store::{Cursor, CursorMove, EmitterName, Entry, LogName, Store, StoreError, StoredBatch};
use crate::vault::{KeyName, PayloadKey};

/// A batch that was verified: it is from this terminal, and its chain holds in itself.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What the terminal signed.
    pub header: BatchHeader,
    /// The key it was signed with: it must still be the terminal's when the batch is stored.
    pub key: [u8; 32],
    /// The COSE_Sign1 as it came: the evidence.
    pub signed: Vec<u8>,
    /// The records.
    pub records: Vec<Arrived>,
    /// The chain over all of them, from the one that the header begins with. Whether the header ends with it is seen when it is stored.
    pub after: WireHash,
}

/// One record as it came.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its leaf.
    pub leaf: Hash,
    /// The chain before it.
    pub before: WireHash,
    /// The key it will be sealed under.
    pub key: KeyName,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it declares lost, if it does.
    pub lost: Option<(u64, u64)>,
    /// Whether it is a record at this place of this history. If not, it is stored all the same (wire §1.3, §7.5).
    pub readable: Readable,
    /// Whether it tells of a refusal, of a login without a card, of a false or lost card, or of an alarm.
    pub pressing: bool,
}

/// Whether bytes are the record that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// They are.
    Yes,
    /// They are a record that the terminal made in an earlier epoch and carried into this one (wire §7.5b). It says nothing of the present.
    Carried {
        /// The epoch that it was made in,
        epoch: u32,
        /// and its place there.
        seq: u64,
    },
    /// They are of a newer version, and say that whoever does not know it may keep them unread.
    Later,
    /// They are not: evidence all the same, and an alarm.
    No,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where the history stands now.
    pub place: Place,
    /// Records stored by this batch.
    pub stored: u64,
    /// Records that were stored before.
    pub repeated: u64,
    /// Index in the records log of the first that was stored by it.
    pub index: Option<u64>,
}

/// Opens and verifies an envelope that came over a connection of `peer`.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::EnvelopeKey`], [`Refusal::NotYou`], [`Refusal::NotEnrolled`], [`Refusal::EpochNotOpen`].
pub fn open(
    envelope: &[u8],
    key: &EnvelopeKey,
    peer: &Peer,
    register: &Register,
    now: Millis,
) -> Result<Verified, Refusal> {
    let terminal_key = registered_key(register, &peer.terminal)?;
    let binding = EnvelopeBinding { office: peer.office, terminal: peer.terminal.clone() };
    let bytes = key.open(&binding, envelope).map_err(|error| match error {
        EnvelopeError::OtherKey => Refusal::EnvelopeKey,
        EnvelopeError::Malformed | EnvelopeError::DoesNotOpen => Refusal::Malformed("envelope"),
    })?;
    let batch = Batch::decode(&bytes).map_err(|_| Refusal::Malformed("batch"))?;
    if batch.header.office != peer.office || batch.header.terminal != peer.terminal {
        return Err(Refusal::NotYou);
    }
    if !is_signed(&batch.sign1, &terminal_key) {
        return Err(Refusal::NotEnrolled);
    }
    let open = register.terminal(&peer.terminal).map_or(0, |terminal| terminal.epoch());
    if batch.header.epoch > open {
        return Err(Refusal::EpochNotOpen { epoch: batch.header.epoch, open });
    }
    let mut signed = Vec::new();
    batch.sign1.write(&mut signed).map_err(|_| Refusal::Malformed("batch"))?;
    let required = register.required_version().into();
    let mut after = batch.header.before;
    let records = (batch.header.first..).zip(batch.records()).map(|(seq, bytes)| {
        let record = arrived(&batch.header, seq, after, bytes, required, now);
        after = chain_next(&after, &WireHash(record.leaf.0));
        record
    });
    let records = records.collect();
    Ok(Verified { header: batch.header, key: terminal_key.to_bytes(), signed, records, after })
}

/// What somebody may have to act upon, and what an attack would rather not have heard.
fn presses(body: &Body) -> bool {
    let refused = matches!(body, Body::Decision(decision) if !decision.verdict.is_granted());
    refused || matches!(body, Body::BreakGlass(_) | Body::CardFalse(_) | Body::CardReported(_) | Body::Alarm(_))
}

impl Verified {
    /// Where it waits for the writer: a batch is written as a whole, so one record that presses takes those before it along.
    #[must_use]
    pub fn lane(&self) -> Lane {
        let office = self.header.office;
        if self.records.iter().any(|record| record.pressing) { Lane::Pressing(office) } else { Lane::Of(office) }
    }

    /// Which of the records is the last that is none.
    pub(crate) fn last_unreadable(&self) -> Option<u64> {
        self.records.iter().rposition(|record| record.readable == Readable::No).map(|at| at as u64)
    }

    /// Those that were carried out of earlier epochs.
    pub(crate) fn carried(&self) -> Vec<CarriedFrom> {
        let of = |record: &Arrived| match record.readable {
            Readable::Carried { epoch, seq } => Some(CarriedFrom { epoch, seq, leaf: record.leaf }),
            Readable::Yes | Readable::Later | Readable::No => None,
        };
        self.records.iter().filter_map(of).collect()
    }

    /// What comes for the first time, and so late that its month was destroyed meanwhile, is kept from when it came: nobody can have decided
    /// about it, and a clock that goes back must not make records vanish as they come. `can_seal`: whether anything can still be sealed under
    /// that name; where a book was put back, the act that says why not may not be there yet.
    pub fn keep_from_now(&mut self, register: &Register, now: Millis, can_seal: impl Fn(&KeyName) -> bool) {
        let mut known: BTreeMap<KeyName, bool> = BTreeMap::new();
        for record in &mut self.records {
            let destroyed = |name: &KeyName| {
                let (_, class, month) = *name;
                let retention = Retention::numbered(class.into());
                retention.is_some_and(|retention| register.destroyed(retention, Month(month)).is_some())
                    || !can_seal(name)
            };
            if *known.entry(record.key).or_insert_with_key(destroyed) {
                record.key.2 = legal_month(now);
            }
        }
    }
}

/// Whether a record may have been made then that came now.
pub(crate) fn is_plausible(made: Millis, now: Millis) -> bool {
    (now.saturating_sub(OLDEST)..now.saturating_add(crate::clock::DAY)).contains(&made)
}

/// The key under which a terminal sends, whatever its state: suspending or retiring it takes its rights away, and `decide` refuses there.
/// What it has already done stays a fact, and a book that would not hear it would lose the last hours before a theft.
fn registered_key(register: &Register, terminal: &Code) -> Result<VerifyingKey, Refusal> {
    let terminal = register.terminal(terminal).ok_or(Refusal::NotEnrolled)?;
    VerifyingKey::from_bytes(&terminal.key().0).map_err(|_| Refusal::NotEnrolled)
}

/// Whether a batch header is signed by this key.
#[must_use]
pub fn is_signed(sign1: &Sign1<'_>, key: &VerifyingKey) -> bool {
    let mut message = Vec::with_capacity(sign1.payload.len() + 96);
    let written = write_signed_bytes(Context::Batch, &sign1.signer, sign1.payload, &mut message);
    written.is_ok() && key.verify_strict(&message, &Signature::from_bytes(&sign1.signature.0)).is_ok()
}

/// `required`: the version that the register asks for. Before it asks for a newer one nobody writes records of it (wire §1.3).
fn arrived(header: &BatchHeader, seq: u64, before: WireHash, bytes: &[u8], required: u64, now: Millis) -> Arrived {
    let leaf = leaf_hash(bytes);
    let carried = |emitter: &Emitter, office: &OfficeId, epoch: u32| {
        is_carried((emitter, office, epoch), (&header.office, &header.terminal, header.epoch))
    };
    let belongs = |emitter: &Emitter, office: OfficeId, epoch: u32, place: u64| {
        let here = *emitter == Emitter::Terminal(header.terminal.clone())
            && (office, epoch, place) == (header.office, header.epoch, seq);
        here || carried(emitter, &office, epoch)
    };
    let record = Record::decode(bytes).ok();
    let record = record.filter(|record| belongs(&record.emitter, record.office, record.epoch, record.seq));
    let from = record.as_ref().filter(|record| carried(&record.emitter, &record.office, record.epoch));
    let from = from.map(|record| Readable::Carried { epoch: record.epoch, seq: record.seq });
    let later = if record.is_none() { Record::kept_unread(bytes) } else { None };
    let later =
        later.filter(|read| read.version <= required && belongs(&read.emitter, read.office, read.epoch, read.seq));
    let (class, month, lost) = match &record {
        Some(record) => {
            // A clock far off must not make keys for months that never were; such records are kept from when they came.
            let operated = if is_plausible(record.trusted, now) { record.trusted } else { now };
            // What an earlier epoch left behind closes no hole of this one (wire §7.2b), nor does what was carried out of one.
            let lost = if let Body::Lost(lost) = &record.body
                && lost.epoch.is_none()
                && from.is_none()
            {
                Some((lost.from, lost.to))
            } else {
                None
            };
            (class_number(record.retention), legal_month(operated), lost)
        }
        // Where nobody knows what it is, it is kept as long as anything.
        None => (later.as_ref().map_or(UNREADABLE_CLASS, |read| class_number(read.retention)), legal_month(now), None),
    };
    let pressing = record.as_ref().is_some_and(|record| presses(&record.body));
    let readable = match (record, later) {
        (Some(_), _) => from.unwrap_or(Readable::Yes),
        (None, Some(_)) => Readable::Later,
        (None, None) => Readable::No,
    };
    Arrived { leaf, before, key: (header.office, class, month), bytes: bytes.to_vec(), lost, readable, pressing }
}

/// Seals every record for the disk, under the key of its name. The keys must be durable.
pub fn seal(verified: &Verified, key: impl Fn(&KeyName) -> PayloadKey) -> Vec<Entry> {
    // A batch has records of a class or two and of a month.
    let mut keys: BTreeMap<KeyName, PayloadKey> = BTreeMap::new();
    let mut entry =
        |record: &Arrived| keys.entry(record.key).or_insert_with_key(&key).entry(record.leaf, &record.bytes);
    verified.records.iter().map(&mut entry).collect()
}

/// What jobs of one history exclude each other by: two of its batches never wait in one group.
#[must_use]
pub fn exclusive(header: &BatchHeader) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (header.office, &header.terminal, header.epoch).hash(&mut hasher);
    hasher.finish()
}

/// Compares a batch with what is stored and stages what is new.
///
/// # Errors
/// [`Refusal::Gap`], [`Refusal::Fork`], [`Refusal::WrongChain`], [`Refusal::EpochClosed`], [`Refusal::NotEnrolled`], or the store's failure.
/// What such a refusal alarms about is written by whoever hears it, not here.
pub fn plan(stage: &mut Stage<'_>, verified: &Verified, entries: &[Entry], now: Millis) -> Result<Receipt, Refusal> {
    let header = &verified.header;
    let open = still_enrolled(stage, verified)?;
    let emitter = EmitterName::Terminal(header.terminal.clone());
    let before = stage.cursor(&header.office, &emitter, header.epoch)?;
    let cursor = before.unwrap_or_else(|| beginning(&header.office, &header.terminal, header.epoch));
    let place = Place { epoch: header.epoch, expected: cursor.next, chain: cursor.chain };
    let known = overlap(stage.store(), verified, &cursor)?;
    let chain = continue_chain(verified, &cursor, known, place)?;

    let repeated = u64::try_from(known).unwrap_or(u64::MAX);
    if known == verified.records.len() {
        return Ok(Receipt { place, stored: 0, repeated, index: None });
    }
    // Once an act has opened a later epoch, what is stored of an earlier one can be confirmed, nothing can be added (wire §7.4).
    if header.epoch < open && !stage.is_filling() {
        return Err(Refusal::EpochClosed { epoch: header.epoch, open });
    }
    let first = header.first.saturating_add(repeated);
    let new: Vec<Entry> = entries.iter().skip(known).cloned().collect();
    // Destroyed since these were sealed: they come again, and are kept from then on.
    if !stage.is_filling() && new.iter().any(|entry| stage.is_destroyed(&header.office, entry.key)) {
        return Err(Refusal::Busy);
    }
    let count = new.len() as u64;
    let index = stage.size(&header.office, LogName::Records)?;
    stage.append(&header.office, LogName::Records, new)?;
    let after = Cursor { next: first.saturating_add(count), chain };
    stage.move_cursor(CursorMove { office: header.office, emitter, epoch: header.epoch, before, after });
    stage.change().batches.push(StoredBatch {
        office: header.office,
        terminal: header.terminal.clone(),
        epoch: header.epoch,
        first,
        count: u32::try_from(count).unwrap_or(u32::MAX),
        index,
        header: verified.signed.clone(),
        received: now,
    });
    // The first stands for all of its batch: a terminal that sends nothing else must not fill the log with our own words.
    let unreadable = |(_, record): &(u64, &Arrived)| record.readable == Readable::No;
    if let Some((seq, _)) = (header.first..).zip(&verified.records).skip(known).find(unreadable)
        && !stage.is_filling()
    {
        let (terminal, epoch, seq) = (Some(header.terminal.clone()), Some(header.epoch), Some(seq));
        let alarm = Alarm { kind: AlarmKind::UnreadableRecord, terminal, epoch, seq, act: None };
        stage.emit(&header.office, Body::Alarm(alarm), now)?;
    }
    let place = Place { epoch: header.epoch, expected: after.next, chain };
    Ok(Receipt { place, stored: count, repeated, index: Some(index) })
}

/// The terminal's open epoch, if the batch's key is still its key in the register as it will be: an act may have waited before this batch.
fn still_enrolled(stage: &Stage<'_>, verified: &Verified) -> Result<u32, Refusal> {
    let header = &verified.header;
    let register = stage.register(&header.office).ok_or(Refusal::NotFound("office"))?;
    if registered_key(&register, &header.terminal)?.to_bytes() != verified.key {
        return Err(Refusal::NotEnrolled);
    }
    let open = register.terminal(&header.terminal).map_or(0, |terminal| terminal.epoch());
    if header.epoch > open {
        return Err(Refusal::EpochNotOpen { epoch: header.epoch, open });
    }
    Ok(open)
}

/// Where a history stands before its first record (wire §7.2).
#[must_use]
pub fn beginning(office: &OfficeId, terminal: &Code, epoch: u32) -> Cursor {
    Cursor { next: 0, chain: tree_hash(&chain_start(office, terminal, epoch)) }
}

/// How many of the batch's records are stored already, once every one of them is the same byte for byte (leaf for leaf).
fn overlap(store: &dyn Store, verified: &Verified, cursor: &Cursor) -> Result<usize, Refusal> {
    let header = &verified.header;
    let Some(behind) = cursor.next.checked_sub(header.first).filter(|behind| *behind > 0) else { return Ok(0) };
    let known = usize::try_from(behind).unwrap_or(usize::MAX).min(verified.records.len());
    let stored = stored_leaves(store, &header.office, (&header.terminal, header.epoch, header.first), known)?;
    let same = verified.records.iter().take(known).map(|record| Some(record.leaf)).eq(stored);
    let place = Place { epoch: header.epoch, expected: cursor.next, chain: cursor.chain };
    if same { Ok(known) } else { Err(Refusal::Fork(place)) }
}

/// The stored leaves of so many records of a terminal's history, from seq `first` on; nothing where none stands.
pub(crate) fn stored_leaves(
    store: &dyn Store,
    office: &OfficeId,
    (terminal, epoch, first): (&Code, u32, u64),
    count: usize,
) -> Result<Vec<Option<Hash>>, StoreError> {
    let mut leaves = vec![None; count];
    let end = first.saturating_add(count as u64);
    let mut seq = first;
    while seq < end {
        let batches = store.batches(office, terminal, epoch, seq, OVERLAP_PAGE)?;
        let Some(last) = batches.last() else { break };
        let next = last.first.saturating_add(u64::from(last.count));
        for batch in &batches {
            let from = batch.first.max(first);
            let to = batch.first.saturating_add(u64::from(batch.count)).min(end);
            if from >= to {
                continue;
            }
            let index = batch.index + (from - batch.first);
            let found = store.leaves(office, LogName::Records, index, index + (to - from))?;
            // With a hole in it, every leaf behind the hole would stand in another's place and look like a fork.
            if found.len() as u64 != to - from {
                return Err(StoreError::Damaged { what: "records log" });
            }
            let start = usize::try_from(from - first).unwrap_or(usize::MAX);
            leaves.iter_mut().skip(start).zip(found).for_each(|(place, leaf)| *place = Some(leaf));
        }
        seq = next;
    }
    Ok(leaves)
}

/// The chain after the batch, once it continues the stored one.
fn continue_chain(verified: &Verified, cursor: &Cursor, known: usize, place: Place) -> Result<Hash, Refusal> {
    let header = &verified.header;
    if header.first > cursor.next && !declares_lost(verified, cursor.next) {
        return Err(Refusal::Gap(place));
    }
    let at_known = verified.records.get(known).map_or(verified.after, |record| record.before);
    let meets_the_end = header.first + known as u64 >= cursor.next;
    if verified.after != header.after || (meets_the_end && at_known.0 != cursor.chain.0) {
        return Err(Refusal::WrongChain(place));
    }
    Ok(tree_hash(&verified.after))
}

/// Whether the batch begins with the record that declares exactly the missing ones lost (wire §4.1): the chain goes on over the gap.
fn declares_lost(verified: &Verified, next: u64) -> bool {
    let lost = verified.records.first().and_then(|record| record.lost);
    lost.is_some_and(|(from, to)| from == next && to.checked_add(1) == Some(verified.header.first))
}

/// The same 32 bytes, as the tree's type.
#[must_use]
pub const fn tree_hash(hash: &WireHash) -> Hash {
    Hash(hash.0)
}

const UNREADABLE_CLASS: u8 = 1;
const OVERLAP_PAGE: u32 = 64;
/// Ten years: longer than any record is kept.
const OLDEST: Millis = 3653 * crate::clock::DAY;

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of version 2 that is not critical, kept for a year, at this place of a history.
    fn newer(terminal: &str, office: OfficeId, epoch: u32, seq: u64) -> Vec<u8> {
        let mut e = minicbor::Encoder::new(Vec::new());
        e.map(7).unwrap().u8(0).unwrap().u8(2).unwrap().u8(1).unwrap().bool(false).unwrap();
        e.u8(2).unwrap().encode(Emitter::Terminal(Code::new(terminal).unwrap())).unwrap();
        e.u8(3).unwrap().encode(office).unwrap().u8(4).unwrap().u32(epoch).unwrap().u8(5).unwrap().u64(seq).unwrap();
        e.u8(8).unwrap().u8(2).unwrap();
        e.into_writer()
    }

    #[test]
    fn a_newer_record_is_no_alarm_only_where_it_says_and_once_the_office_has_come_to_its_version() {
        let (office, root) = (OfficeId([1; 16]), WireHash([0; 32]));
        let header = BatchHeader {
            version: 1,
            critical: true,
            office,
            terminal: Code::new("jumin-1").unwrap(),
            epoch: 3,
            first: 7,
            count: 1,
            before: root,
            after: root,
            seen_size: 0,
            seen_root: root,
            sent: 0,
            seen_note: None,
        };
        let judged = |bytes: &[u8], required| {
            let arrived = arrived(&header, 7, header.before, bytes, required, 0);
            (arrived.readable == Readable::Later, arrived.key.1)
        };
        let here = newer("jumin-1", office, 3, 7);
        assert_eq!(judged(&here, 2), (true, 2));
        assert_eq!(judged(&here, 1), (false, UNREADABLE_CLASS));
        for elsewhere in [
            newer("jumin-2", office, 3, 7),
            newer("jumin-1", OfficeId([2; 16]), 3, 7),
            newer("jumin-1", OfficeId([2; 16]), 2, 7),
            newer("jumin-1", office, 4, 7),
            newer("jumin-1", office, 3, 8),
        ] {
            assert_eq!(judged(&elsewhere, 2), (false, UNREADABLE_CLASS));
        }
        assert_eq!(judged(&newer("jumin-1", office, 2, 70), 2), (true, 2), "carried");
    }
}
