//! What terminals ask (LEDGER §L3): take my records, how far did you get, give me the register, prove that my records are sealed.

use std::sync::Arc;

use sekisho_register::change::{SetWitnesses, TerminalUse, Witness};
use sekisho_tlog::{Checkpoint, Hash, KeyKind, ProveError, VerifyingKey, consistency_proof, range_proof};
use sekisho_wire::batch::BatchHeader;
use sekisho_wire::id::{Code, OfficeId};
use sekisho_wire::reason::AlarmKind;
use sekisho_wire::record::Alarm;

use crate::acts::Name;
use crate::authority::Peer;
use crate::carried::CarriedFrom;
use crate::checkpoint::Halt;
use crate::clock::{DAY, Millis};
use crate::cosignatures::Witnessed;
use crate::ingest::{self, Receipt, Verified};
use crate::ledger::{Ledger, of_kind};
use crate::office::Office;
use crate::refusal::{Place, Refusal};
use crate::signed_log::{Log, Misfit, Published};
use crate::store::{EmitterName, LogName, StoreError, StoredTree};

/// What a terminal gets of the register.
#[derive(Debug)]
pub struct RegisterPart {
    /// The newest checkpoint of the register log.
    pub checkpoint: Arc<Published>,
    /// A note that it is fresh; none while the ledger hears whether it is the newest itself.
    pub freshness: Option<String>,
    /// Entries from the index asked for on, under the checkpoint.
    pub entries: Vec<Vec<u8>>,
    /// The names beside them.
    pub names: Vec<Name>,
}

/// What proves that records are sealed.
#[derive(Debug)]
pub struct Seal {
    /// The newest checkpoint of the records log, or the newest that so many witnesses have cosigned as the register asks for.
    pub checkpoint: Arc<Published>,
    /// It as a note, with their lines.
    pub note: String,
    /// That it continues the one the terminal saw.
    pub consistency: Vec<Hash>,
    /// That it contains what was asked for besides.
    pub before: Option<Vec<Hash>>,
    /// Where the records stand.
    pub ranges: Vec<SealedRange>,
}

/// Records of one batch under a checkpoint.
#[derive(Debug)]
pub struct SealedRange {
    /// Seq of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Index of the first in the records log.
    pub index: u64,
    /// The proof's left side (tlog §4.3).
    pub left: Vec<Hash>,
    /// Its right side.
    pub right: Vec<Hash>,
}

/// What a terminal verified last, and what it was given to keep: signed notes, as far as it has any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Of the register.
    pub register: Option<String>,
    /// Of the records log.
    pub records: Option<String>,
    /// Of the casebook.
    pub casebook: Option<String>,
}

/// Whose signature stands under a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The log's own.
    Ours,
    /// Anybody else's: it tells nothing.
    NotOurs,
}

/// One that is of our log, larger than it, and under keys that are not here is no proof, and the best word there is that this database is too old.
fn tell_of_unknown_key(log: &Log, note: &str) {
    let Ok(claimed) = Checkpoint::claimed(note) else { return };
    if claimed.origin == log.origin() && claimed.size > log.committed_size() {
        let (origin, size, here) = (log.origin(), claimed.size, log.committed_size());
        log::error!(
            "somebody shows {size} entries of {origin}, of which {here} are here, under keys that this database does not have: if it was put back, restore a younger backup"
        );
    }
}

impl Ledger {
    /// Takes an envelope. Blocks until the records are durable.
    ///
    /// # Errors
    /// [`Refusal`]; nothing of the batch is stored then.
    pub fn ingest(&self, peer: &Peer, envelope: &[u8]) -> Result<Receipt, Refusal> {
        let office = self.office(&peer.office)?;
        let now = self.clock.now();
        let Taken { header, carried, receipt } = self.take(&office, peer, envelope, now)?;
        self.look_at_clock(&header, now);
        self.look_at_histories(&header, carried);
        self.look_at_retired(&office, &header, &receipt, now);
        Ok(receipt)
    }

    fn take(&self, office: &Office, peer: &Peer, envelope: &[u8], now: Millis) -> Result<Taken, Refusal> {
        let register = office.register();
        let mut verified = ingest::open(envelope, &self.envelope, peer, &register, now)?;
        verified.keep_from_now(&register, now, |name| self.vault.can_wrap(name));
        if let Some(halt) = office.log(LogName::Records).halted() {
            // It may know of more than those before it.
            let note = verified.header.seen_note.as_ref().map_or("", sekisho_wire::batch::SeenNote::as_str);
            self.check_note(office, LogName::Records, note)?;
            return Err(Refusal::Halted { cause: halt.to_string() });
        }
        self.check_seen(office, &verified.header).inspect_err(|refusal| self.alarm_about(refusal, &verified.header))?;
        self.make_keys(&verified)?;
        let vault = Arc::clone(&self.vault);
        let entries = ingest::seal(&verified, |name| vault.named(name).expect("made a line before"));
        let (header, lane, unreadable) = (verified.header.clone(), verified.lane(), verified.last_unreadable());
        let carried = verified.carried();
        let receipt = self
            .writer
            .run(lane, Some(ingest::exclusive(&header)), move |stage| ingest::plan(stage, &verified, &entries, now))?;
        // Of an epoch that is closed nothing comes any more.
        let is_open =
            || office.register().terminal(&header.terminal).map(|terminal| terminal.epoch()) == Some(header.epoch);
        if matches!(receipt, Err(Refusal::Gap(_))) && is_open() {
            self.heard.gap(&header);
        }
        let receipt = receipt.inspect_err(|refusal| self.alarm_about(refusal, &header))?;
        // Its alarm was written with it.
        if receipt.stored > 0 && unreadable.is_some_and(|at| at >= receipt.repeated) {
            self.doorkeeper.alarmed(AlarmKind::UnreadableRecord);
        }
        Ok(Taken { header, carried, receipt })
    }

    /// Raises an alarm about a clock far off ours, once a day for each terminal (wire §7.5a). Nothing is refused for it.
    fn look_at_clock(&self, header: &BatchHeader, now: Millis) {
        let (terminal, sent, day) = (&header.terminal, header.sent, now / DAY);
        if now.abs_diff(sent) > CLOCK_FAR {
            let why = format!("the clock of terminal {terminal} is far off: it says {sent}, and it is {now}");
            let alarm = about_batch(AlarmKind::ClockFarOff, header, Some(header.first));
            self.alarm_once(&header.office, format!("clock of {terminal} on day {day}"), alarm, &why);
        }
    }

    /// What a retired terminal still sends is taken, for it was done before anybody could take it back (wire §7.7); but somebody has to look:
    /// whoever holds the key of a machine that is gone can add to its history.
    fn look_at_retired(&self, office: &Office, header: &BatchHeader, receipt: &Receipt, now: Millis) {
        let terminal = &header.terminal;
        let state = office.register().terminal(terminal).map(|terminal| terminal.state(now));
        if receipt.stored > 0 && state == Some(TerminalUse::Retired) {
            let alarm = about_batch(AlarmKind::RetiredHeard, header, Some(receipt.place.expected - receipt.stored));
            let (about, why) = (format!("retired {terminal}"), format!("terminal {terminal} is retired and sends"));
            self.alarm_once(&header.office, about, alarm, &why);
        }
    }

    /// A terminal that has verified more than there is, or something else, knows a history that this ledger has lost: signing on would make
    /// a second one. Only our own signature under what it saw stops the log (wire §7.3): a bare claim refuses its batch.
    fn check_seen(&self, office: &Office, header: &BatchHeader) -> Result<(), Refusal> {
        let claimed =
            self.misfit(office.log(LogName::Records), &office.id, header.seen_size, Hash(header.seen_root.0))?;
        let Some(claimed) = claimed else { return Ok(()) };
        let note = header.seen_note.as_ref().map_or("", sekisho_wire::batch::SeenNote::as_str);
        self.check_note(office, LogName::Records, note)?;
        log::warn!("terminal {} claims without proof: {claimed}", header.terminal);
        Err(Refusal::SeenUnproved)
    }

    /// A terminal shows the checkpoints that it verified last. One that is ours and does not fit stops its log, and no other.
    ///
    /// # Errors
    /// When the store fails.
    pub fn hear(&self, peer: &Peer, shown: &Shown) -> Result<(), Refusal> {
        let office = self.office(&peer.office)?;
        let Shown { register, records, casebook } = shown;
        let mut ours = [false; 3];
        for ((log, note), ours) in LogName::ALL.into_iter().zip([records, register, casebook]).zip(&mut ours) {
            let shown = note.as_deref().map_or(Ok(Word::NotOurs), |note| self.check_note(&office, log, note));
            *ours = match shown {
                Ok(word) => word == Word::Ours,
                Err(Refusal::Halted { .. }) => true,
                Err(refusal) => return Err(refusal),
            };
        }
        let [of_records, of_register, _] = ours;
        if self.is_retired(peer)? {
            // What it shows is heard; nobody waits for it.
            return Ok(());
        }
        // Of a log that began anew nobody has verified anything before the act is known that says so, and little after it.
        let anew = office.register().generation(LogName::Records.of_acts()) > 1;
        if of_register && (anew || of_records) {
            office.hearing().hear(&peer.terminal);
        } else if register.is_none() && records.is_none() {
            office.hearing().came(&peer.terminal);
        }
        office.look_whether_all_is_sure();
        // It may have been the last one that a filled log waited for. That a log cannot be filled is no answer to who asks for the register.
        if let Err(refusal) = self.fill_what_is_whole(&office) {
            log::warn!("what is whole of office {} is not filled: {refusal}", office.id);
        }
        Ok(())
    }

    /// Stops a log when a checkpoint that it has signed does not fit it any more. A note that is none of ours says nothing.
    pub(crate) fn check_note(&self, office: &Office, log: LogName, note: &str) -> Result<Word, Refusal> {
        let log = office.log(log);
        let keys = log.keys();
        let Ok(signed) = keys.open_earlier(note) else {
            tell_of_unknown_key(log, note);
            return Ok(Word::NotOurs);
        };
        let Some(halt) = self.misfit(log, &office.id, signed.size, signed.root)? else { return Ok(Word::Ours) };
        // Whoever stole a key that was replaced could stop the log for ever. A database that has the act has what was signed before it, unless it is one
        // that was put back and does not know yet what it lacks.
        let by_replaced = keys.open(note).is_err();
        if by_replaced && !office.hears() && log.lacks().is_none() {
            let alarm = of_kind(AlarmKind::SeenUnproved, None);
            let why =
                format!("somebody shows a checkpoint of {} that a replaced key alone has signed: {halt}", log.origin());
            self.alarm_once(&office.id, format!("a replaced key of {}", log.origin()), alarm, &why);
            return Ok(Word::NotOurs);
        }
        log::error!("somebody shows a checkpoint of {} that we signed and that does not fit", log.origin());
        log.halt(halt, note);
        Err(Refusal::Halted { cause: halt.to_string() })
    }

    /// How a checkpoint disagrees with what the ledger has, if it does.
    fn misfit(&self, log: &Log, office: &OfficeId, seen: u64, root: Hash) -> Result<Option<Halt>, Refusal> {
        let misfit = match log.misfit(&*self.store, office, seen, root) {
            // What was verified so long ago that it lies in a file that is gone: that is our trouble. Who comes with it is heard and served as far as can be.
            Err(ProveError::Reader(error)) if error.is_of_cold_file() => {
                log::error!("{error}; so what somebody has seen of {} is not compared with the book", log.origin());
                None
            }
            misfit => misfit.map_err(unproved)?,
        };
        Ok(misfit.map(|misfit| match misfit {
            Misfit::Behind { stored } => Halt::Outrun { seen, stored },
            Misfit::Another => Halt::Contradicted { size: seen },
        }))
    }

    /// Payload keys become durable before anything is sealed under them.
    pub(crate) fn make_keys(&self, verified: &Verified) -> Result<(), Refusal> {
        let mut missing: Vec<_> = verified.records.iter().map(|record| record.key).collect();
        missing.sort_unstable();
        missing.dedup();
        missing.retain(|name| self.vault.named(name).is_none());
        if missing.is_empty() {
            return Ok(());
        }
        let lane = verified.lane();
        Ok(self.writer.run(lane, None, move |stage| missing.iter().for_each(|name| drop(stage.payload_key(*name))))?)
    }

    /// Raises the alarm that a fork, a wrong chain or an unproved claim deserves, once. If it cannot be written, the next try of the terminal
    /// tries again.
    fn alarm_about(&self, refusal: &Refusal, header: &BatchHeader) {
        let Some((kind, seq)) = alarm_kind(refusal) else { return };
        let about = format!("{kind:?} {} {} {seq:?}", header.terminal, header.epoch);
        let why = format!("terminal {}, epoch {}: {refusal}", header.terminal, header.epoch);
        self.alarm_once(&header.office, about, about_batch(kind, header, seq), &why);
    }

    /// Where a terminal's history stands.
    ///
    /// # Errors
    /// When there is no such office, or the store fails.
    pub fn cursor(&self, peer: &Peer, epoch: u32) -> Result<Place, Refusal> {
        self.office(&peer.office)?;
        let emitter = EmitterName::Terminal(peer.terminal.clone());
        let cursor = self.store.cursor(&peer.office, &emitter, epoch)?;
        let cursor = cursor.unwrap_or_else(|| ingest::beginning(&peer.office, &peer.terminal, epoch));
        Ok(Place { epoch, expected: cursor.next, chain: cursor.chain })
    }

    /// The register from entry `from` on, under the newest checkpoint, with a new freshness note; held against the checkpoint that whoever
    /// asks has verified last, if he shows it.
    ///
    /// # Errors
    /// [`Refusal::SeenUnproved`], with an alarm, when he knows more entries than there are. [`Refusal::Halted`] when the checkpoint is ours
    /// and does not fit.
    pub fn register_part(
        &self,
        office: &Office,
        from: u64,
        seen: Option<&str>,
        terminal: Option<&Code>,
    ) -> Result<RegisterPart, Refusal> {
        if let Some(note) = seen {
            self.check_note(office, LogName::Register, note)?;
        }
        // A ledger that does not know whether it is the newest says of nothing that it is, nor does one that knows of newer acts and cannot sign them. What it
        // shows may take rights away all the same.
        let (checkpoint, freshness) = if office.hears() || office.log(LogName::Register).is_late() {
            (office.log(LogName::Register).published()?, None)
        } else {
            let (checkpoint, freshness) = office.freshness(self.clock.now())?;
            (checkpoint, Some(freshness))
        };
        let Some(waiting) = checkpoint.size.checked_sub(from) else {
            self.note_outrun(&office.id, terminal, LogName::Register, from);
            return Err(Refusal::SeenUnproved);
        };
        let count = u32::try_from(waiting).unwrap_or(u32::MAX).min(REGISTER_PAGE);
        let mut entries = self.store.entries(&office.id, LogName::Register, from, count)?;
        // Signed, and not there. An answer without entries would say that there are none.
        if entries.is_empty() && waiting > 0 {
            return Err(StoreError::Damaged { what: "register log" }.into());
        }
        let names = self.store.names(&office.id, LogName::Register, from, from + entries.len() as u64)?;
        // At least one, or nobody would ever come past a long one.
        let mut bytes = 0;
        let fits = (from..).zip(&entries).take_while(|(index, entry)| {
            let beside = names.iter().filter(|name| name.index == *index).map(|name| name.sealed.len());
            bytes += entry.payload.len() + beside.sum::<usize>();
            bytes <= REGISTER_BYTES
        });
        let fits = fits.count().max(1);
        entries.truncate(fits);
        let to = from + entries.len() as u64;
        let names = self.open_names(names.into_iter().filter(|name| name.index < to));
        let entries = entries.into_iter().map(|entry| entry.payload).collect();
        Ok(RegisterPart { checkpoint, freshness, entries, names })
    }

    /// Proof that a terminal's records from `from` on are sealed. `before` asks for a proof of another size besides: what the terminal had seen before
    /// an act had it go on from more.
    ///
    /// # Errors
    /// [`Refusal::SeenUnproved`], with an alarm, when the terminal has seen more entries than there are.
    pub fn seal(&self, peer: &Peer, epoch: u32, from: u64, seen: u64, before: Option<u64>) -> Result<Seal, Refusal> {
        let office = self.office(&peer.office)?;
        let newest = office.log(LogName::Records).published()?;
        let tree = StoredTree { store: &*self.store, office: office.id, log: LogName::Records };
        let largest = seen.max(before.unwrap_or(0));
        if largest > newest.size {
            self.note_outrun(&office.id, Some(&peer.terminal), LogName::Records, largest);
            return Err(Refusal::SeenUnproved);
        }
        let (checkpoint, note, most) = match witnessed(&office) {
            Enough::NoneNeeded => (Arc::clone(&newest), newest.text.clone(), SEAL_RANGES),
            Enough::Cosigned(found) if found.published.size >= largest => (found.published, found.note, SEAL_RANGES),
            // The newest with what lines it has: it seals nothing yet, and says so to whoever counts them.
            Enough::Cosigned(_) | Enough::NotYet => (Arc::clone(&newest), newest.text.clone(), 0),
        };
        let continued = |from: u64| match from {
            0 => Ok(Vec::new()),
            from => consistency_proof(&tree, from, checkpoint.size).map_err(unproved),
        };
        let consistency = continued(seen)?;
        let before = before.map(continued).transpose()?;
        let mut ranges = Vec::new();
        for batch in self.store.batches(&office.id, &peer.terminal, epoch, from, most)? {
            let first = batch.first.max(from);
            let index = batch.index + (first - batch.first);
            let end = (batch.index + u64::from(batch.count)).min(checkpoint.size);
            let Some(count) = end.checked_sub(index).filter(|count| *count > 0) else { break };
            let proof = range_proof(&tree, index, count, checkpoint.size).map_err(unproved)?;
            ranges.push(SealedRange { first, count, index, left: proof.left, right: proof.right });
        }
        Ok(Seal { checkpoint, note, consistency, before, ranges })
    }
}

/// What the register asks of a checkpoint before records are sealed under it (register §R3.16).
enum Enough {
    /// No cosignatures.
    NoneNeeded,
    /// This has them.
    Cosigned(Witnessed),
    /// None has.
    NotYet,
}

fn witnessed(office: &Office) -> Enough {
    let register = office.register();
    let Some(SetWitnesses { witnesses, needed }) = register.witnesses().filter(|witnesses| witnesses.needed > 0) else {
        return Enough::NoneNeeded;
    };
    let key = |witness: &Witness| {
        VerifyingKey::from_bytes(witness.name.as_str(), KeyKind::CosignatureV1, &witness.key.0).ok()
    };
    let keys: Vec<_> = witnesses.iter().filter_map(key).collect();
    let found = office.log(LogName::Records).cosignatures().by_so_many(usize::from(*needed), &keys);
    found.map_or(Enough::NotYet, Enough::Cosigned)
}

/// A batch that was taken.
struct Taken {
    header: BatchHeader,
    carried: Vec<CarriedFrom>,
    receipt: Receipt,
}

fn about_batch(kind: AlarmKind, header: &BatchHeader, seq: Option<u64>) -> Alarm {
    Alarm { kind, terminal: Some(header.terminal.clone()), epoch: Some(header.epoch), seq, act: None }
}

fn alarm_kind(refusal: &Refusal) -> Option<(AlarmKind, Option<u64>)> {
    if let Refusal::Fork(place) = refusal {
        return Some((AlarmKind::Fork, Some(place.expected)));
    }
    if let Refusal::WrongChain(place) = refusal {
        return Some((AlarmKind::WrongChain, Some(place.expected)));
    }
    matches!(refusal, Refusal::SeenUnproved).then_some((AlarmKind::SeenUnproved, None))
}

/// A proof that cannot be made from the store.
pub(crate) fn unproved(error: ProveError<StoreError>) -> Refusal {
    Refusal::Unavailable { cause: error.to_string() }
}

/// As far as an act's time may lie from the newest one's (register §R4).
const CLOCK_FAR: Millis = 10 * 60_000;
const REGISTER_PAGE: u32 = 500;
/// Bytes of entries and names in one page: as base64 it stays far below what clients take (4 MiB).
const REGISTER_BYTES: usize = 1 << 20;
/// Batches in one seal: with the proofs of a log of 2^40 entries it fits into a message to an agent (64 KiB).
const SEAL_RANGES: u32 = 8;
