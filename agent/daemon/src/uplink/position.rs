//! How far the ledger is with our records: kept over restarts, moved on by what the ledger says and what it proves.

use std::io;
use std::path::PathBuf;

use sekisho_register::change::Log;
use sekisho_register::{Cosignatures, Register};
use sekisho_tlog::witness::only_lines_of;
use sekisho_tlog::{
    Checkpoint, EMPTY_ROOT, Hash as TreeHash, RangeProof, VerifyingKey, leaf_hash, verify_consistency, verify_range,
};
use sekisho_wire::batch::{BATCH_RECORDS_MAX, SeenNote};
use sekisho_wire::id::Hash;
use serde::{Deserialize, Serialize};

use super::trouble::Trouble;
use crate::agent::{Acknowledged, Agent, History};
use crate::batch::{Seen, seal};
use crate::config::Config;
use crate::files;
use crate::journal::Run;
use crate::keeper::keys_of;
use crate::whereabouts::{Stretch, Whereabouts};

/// Bytes of records in one batch: the rest of the mebibyte (wire §1.4) is for the header and the lengths.
const BATCH_BYTES: usize = 1_000_000;
pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;

/// What is on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) epoch: u32,
    /// Which of the records logs it is that went on in each other's place.
    #[serde(default = "first")]
    pub(super) generation: u32,
    pub(super) stored: u64,
    pub(super) sealed: u64,
    /// All below this seq was ever proved, also by a log that was given up since: the journal may not have it any more.
    #[serde(default)]
    pub(super) proved: u64,
    /// From this index of the log on is to be forgotten where records lay.
    #[serde(default)]
    pub(super) to_forget: Option<u64>,
    pub(super) seen_size: u64,
    pub(super) seen_root: String,
    /// The note of that checkpoint; state files of earlier versions have none.
    #[serde(default)]
    pub(super) seen_note: Option<String>,
    /// What was seen before an act had another log go on from more than that: what is shown next has to contain it as well.
    #[serde(default)]
    pub(super) before: Option<Head>,
    /// Where the ledger says that records lie which are not sealed yet. Nobody has proved it; a ledger that is filled again looks.
    #[serde(default)]
    pub(super) told: Vec<Stretch>,
    /// Whether the ledger has another history of this terminal than its journal.
    #[serde(default)]
    pub(super) refused: bool,
}

impl Cursor {
    /// Where records lie that were just stored. Neighbours are one; where too much waits for its seal the oldest is forgotten, for others hold the same.
    pub(super) fn remember_told(&mut self, told: Option<Stretch>) {
        let Some(told) = told else { return };
        match self.told.last_mut() {
            Some(last) if last.is_followed_by(&told) => last.count += told.count,
            Some(_) | None => self.told.push(told),
        }
        if self.told.len() > TOLD_MAX {
            self.told.remove(0);
        }
    }
}

/// How far a terminal's history is known to be the ledger's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptPlace {
    pub(crate) epoch: u32,
    /// All below this seq is acknowledged; where the ledger has said since that it has another history, proved.
    pub(crate) known: u64,
    /// All below this seq was proved to lie in its log.
    pub(crate) proved: u64,
    /// The same, without what an act gave up since.
    pub(crate) sealed: u64,
}

/// A size of the records log, and its root then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) size: u64,
    pub(super) root: String,
}

/// Up to where the ledger has the records of an epoch (LEDGER.md §L3).
#[derive(Debug, Deserialize)]
pub(super) struct StoredAnswer {
    pub(super) epoch: u32,
    pub(super) next: u64,
    pub(super) chain: String,
    /// How many records of the batch are new to it,
    #[serde(default)]
    stored: u64,
    /// and the index of the first of them in the records log.
    #[serde(default)]
    index: Option<u64>,
}

impl StoredAnswer {
    /// Where a ledger is, as it says when it refuses a batch.
    pub(super) const fn at(epoch: u32, next: u64, chain: String) -> Self {
        Self { epoch, next, chain, stored: 0, index: None }
    }

    /// Where it says that it has put them.
    pub(super) fn put(&self) -> Option<Stretch> {
        let first = self.next.checked_sub(self.stored).filter(|_| self.stored > 0)?;
        Some(Stretch { epoch: self.epoch, first, count: self.stored, index: self.index? })
    }
}

/// What proves that records are sealed (LEDGER.md §L3).
#[derive(Debug, Deserialize)]
pub(super) struct SealAnswer {
    checkpoint: String,
    #[serde(default)]
    consistency: Vec<String>,
    #[serde(default)]
    before: Option<Vec<String>>,
    #[serde(default)]
    ranges: Vec<SealRange>,
}

impl SealAnswer {
    /// Whether it has a proof for what was seen before a succession.
    pub(super) const fn shows_before(&self) -> bool {
        self.before.is_some()
    }
}

#[derive(Debug, Deserialize)]
struct SealRange {
    first: u64,
    count: u64,
    index: u64,
    left: Vec<String>,
    right: Vec<String>,
}

/// How far the ledger is.
#[derive(Debug)]
pub(crate) struct Position {
    pub(super) file: PathBuf,
    pub(super) cursor: Cursor,
    /// Whether the disk lacks the cursor as it is.
    unkept: bool,
    whereabouts: Whereabouts,
}

impl Position {
    /// Continues from what is kept.
    pub(crate) fn open(config: &Config, epoch: u32) -> io::Result<Self> {
        let file = file(config);
        let fresh = Self::fresh(file, epoch, Whereabouts::open(&config.state, epoch));
        let cursor = match files::read_json::<Cursor>(&fresh.file)? {
            Some(kept) if kept.epoch == epoch => kept,
            // The log goes on over our epochs: what was seen of it stays seen.
            Some(Cursor { generation, seen_size, seen_root, seen_note, before, .. }) => {
                Cursor { generation, seen_size, seen_root, seen_note, before, ..fresh.cursor }
            }
            None => fresh.cursor,
        };
        Ok(Self { cursor, ..fresh })
    }

    /// The ledger has nothing of this epoch yet.
    pub(crate) fn fresh(file: PathBuf, epoch: u32, whereabouts: Whereabouts) -> Self {
        let seen_root = Hash(EMPTY_ROOT.0).to_string();
        let cursor = Cursor {
            epoch,
            generation: first(),
            stored: 0,
            sealed: 0,
            proved: 0,
            to_forget: None,
            seen_size: 0,
            seen_root,
            seen_note: None,
            before: None,
            told: Vec::new(),
            refused: false,
        };
        Self { file, cursor, unkept: false, whereabouts }
    }

    /// The epoch of what was sent last, and up to where that was acknowledged, as far as it is kept.
    pub(crate) fn kept_end(config: &Config) -> io::Result<Option<(u32, u64)>> {
        Ok(files::read_json::<Cursor>(&file(config))?.map(|kept| (kept.epoch, kept.stored)))
    }

    /// How far our history is known to be the ledger's: as far as what this register says of its log leaves it.
    pub(crate) fn kept_place(config: &Config, register: &Register) -> io::Result<Option<KeptPlace>> {
        let Some(kept) = files::read_json::<Cursor>(&file(config))? else { return Ok(None) };
        let Cursor { epoch, stored, sealed, proved, refused, generation, .. } = kept;
        let least = register.given_up(Log::Records, generation);
        let lost = least
            .map(|least| Whereabouts::open(&config.state, epoch).first_from(least.kept_size))
            .transpose()?
            .flatten();
        let known = if refused { sealed } else { stored };
        let (proved, sealed) = (proved.max(sealed), lost.map_or(sealed, |lost| sealed.min(lost)));
        Ok(Some(KeptPlace { epoch, known, proved, sealed }))
    }

    /// Follows an act that has another log go on in place of the one that was seen: it goes on from what the act names, and where our records lay behind
    /// that they lie no more. Says whether there was such an act.
    pub(crate) fn follow(&mut self, register: &Register) -> bool {
        if let Some(size) = self.cursor.to_forget {
            self.forget_from(size);
        }
        let generation = register.generation(Log::Records);
        let Some(least) = register.given_up(Log::Records, self.cursor.generation) else { return false };
        log::warn!("another records log goes on from {} entries, by an act", least.kept_size);
        self.cursor.generation = generation;
        // The log that goes on has to continue what two persons say is kept, and what was seen of it.
        let kept = Head { size: least.kept_size, root: least.kept_root.to_string() };
        let seen = Head { size: self.cursor.seen_size, root: self.cursor.seen_root.clone() };
        let before = self.cursor.before.take().or_else(|| (seen.size > 0 && seen != kept).then_some(seen));
        self.cursor.before = before.filter(|before| before.size <= kept.size);
        (self.cursor.seen_size, self.cursor.seen_root) = (kept.size, kept.root);
        self.cursor.seen_note = None;
        self.cursor.told.clear();
        match self.whereabouts.first_from(least.kept_size) {
            Ok(Some(lost)) => {
                self.cursor.proved = self.cursor.proved.max(self.cursor.sealed);
                self.cursor.sealed = self.cursor.sealed.min(lost);
            }
            Ok(None) => {}
            Err(error) => log::warn!("cannot tell where records lay at the ledger: {error}"),
        }
        // First it is on the disk up to where they are proved still; then where the others lay may be forgotten.
        self.cursor.to_forget = Some(least.kept_size);
        match self.keep() {
            Ok(()) => self.forget_from(least.kept_size),
            Err(trouble) => log::error!("{trouble}"),
        }
        true
    }

    fn forget_from(&mut self, size: u64) {
        self.whereabouts.forget_from(size);
        self.cursor.to_forget = None;
        if let Err(trouble) = self.keep() {
            log::error!("{trouble}");
        }
    }

    pub(crate) const fn acknowledged(&self) -> Acknowledged {
        Acknowledged { stored: self.cursor.stored, sealed: self.cursor.sealed }
    }

    pub(crate) const fn epoch(&self) -> u32 {
        self.cursor.epoch
    }

    pub(super) const fn history(&self) -> History {
        if self.cursor.refused { History::Refused } else { History::Goes }
    }

    pub(super) const fn is_kept(&self) -> bool {
        !self.unkept
    }

    /// A batch of records from this seq on, no more than `count`.
    pub(super) fn batch(&self, agent: &Agent, from: u64, count: u32) -> Result<(Run, Vec<u8>), Trouble> {
        let run = read(agent, from, count.min(BATCH_RECORDS_MAX) as usize)?;
        // A note too long to carry is left out: what it says is then a claim that stops nothing.
        let note = self.cursor.seen_note.as_deref().and_then(|text| SeenNote::new(text).ok());
        let seen = Seen { size: self.cursor.seen_size, root: hash_hex(&self.cursor.seen_root)?, note };
        let sent = {
            let mut core = agent.lock();
            agent.now(&mut core).trusted
        };
        let envelope = seal(&agent.identity, self.cursor.epoch, &run, &seen, sent).map_err(Trouble::CannotSeal)?;
        Ok((run, envelope))
    }

    /// Continues where the ledger says, if its history is ours.
    pub(super) fn continue_at(&mut self, agent: &Agent, answer: &StoredAnswer) -> Result<(), Trouble> {
        let chain = hash(&answer.chain)?;
        if answer.epoch != self.cursor.epoch || answer.next > agent.journal.durable() {
            return Err(Trouble::OtherChain { next: answer.next });
        }
        if chain_at(agent, answer.next)? != chain {
            return Err(Trouble::OtherChain { next: answer.next });
        }
        self.cursor.stored = answer.next;
        // A ledger that was restored from a backup has lost what it had sealed, too: it is sealed again.
        self.cursor.sealed = self.cursor.sealed.min(answer.next);
        self.keep()
    }

    /// What of ours lies in these indexes of the log, from the first to before the second: as was proved, or else as the ledger said.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn within(&self, ranges: &[(u64, u64)]) -> io::Result<Vec<Stretch>> {
        let mut found = self.whereabouts.within(self.cursor.epoch, ranges)?;
        found.extend(ranges.iter().flat_map(|range| self.cursor.told.iter().filter_map(|told| told.cut(*range))));
        Ok(found)
    }

    /// The newest checkpoint of the records log that was verified, as it came.
    pub(crate) fn seen_note(&self) -> Option<String> {
        self.cursor.seen_note.clone()
    }

    /// Moves on by a seal; returns whether more is sealed now. An answer is believed as a whole or not at all.
    /// `register` is the one that was in force when the answer was asked for: a key that was replaced meanwhile had signed it by then.
    pub(super) fn take_seal(
        &mut self,
        agent: &Agent,
        register: &Register,
        answer: &SealAnswer,
    ) -> Result<bool, Trouble> {
        let before = self.cursor.clone();
        if let Err(trouble) = self.check_seal(agent, register, answer) {
            self.cursor = before;
            return Err(trouble);
        }
        if before != self.cursor {
            for range in &answer.ranges {
                // Up to there it was known before.
                let known = before.sealed.saturating_sub(range.first).min(range.count);
                if known < range.count {
                    let (first, index, count) = (range.first + known, range.index + known, range.count - known);
                    self.whereabouts.add(Stretch { epoch: self.cursor.epoch, first, count, index });
                }
            }
            let sealed = self.cursor.sealed;
            self.cursor.told.retain(|told| told.end() > sealed);
            self.keep()?;
            self.prune(agent);
        }
        Ok(self.cursor.sealed > before.sealed)
    }

    fn check_seal(&mut self, agent: &Agent, register: &Register, answer: &SealAnswer) -> Result<(), Trouble> {
        let Some(checkpoint) = self.see_checkpoint(agent, register, answer)? else { return Ok(()) };
        answer.ranges.iter().try_for_each(|range| self.check_range(agent, &checkpoint, range))
    }

    /// The checkpoint must be signed, cosigned by as many witnesses as the register asks for, and must contain what we saw before. Nothing is seen while
    /// witnesses are missing: they are slow, or this register is an older one than the ledger's.
    fn see_checkpoint(
        &mut self,
        agent: &Agent,
        register: &Register,
        answer: &SealAnswer,
    ) -> Result<Option<Checkpoint>, Trouble> {
        let keys = keys_of(register, Log::Records, &agent.identity.records);
        let checkpoint = keys.open(&answer.checkpoint)?;
        if !is_witnessed(register, &answer.checkpoint, keys.ever())? {
            return Ok(None);
        }
        let (seen, root) = (self.cursor.seen_size, TreeHash(hash_hex(&self.cursor.seen_root)?.0));
        if checkpoint.size < seen {
            return Err(Trouble::Rollback { seen, shown: checkpoint.size });
        }
        let continues = |size: u64, root: &TreeHash, proof: &[String]| -> Result<(), Trouble> {
            Ok(verify_consistency(size, root, checkpoint.size, &checkpoint.root, &hashes(proof)?)?)
        };
        if seen > 0 {
            continues(seen, &root, &answer.consistency)?;
        }
        if let (Some(before), Some(proof)) = (&self.cursor.before, &answer.before) {
            continues(before.size, &TreeHash(hash_hex(&before.root)?.0), proof)?;
            self.cursor.before = None;
        }
        self.cursor.seen_size = checkpoint.size;
        self.cursor.seen_root = Hash(checkpoint.root.0).to_string();
        // What the ledger is shown of it again is its own word alone, also by the key before: one that was put back knows no newer one.
        self.cursor.seen_note = Some(only_lines_of(&answer.checkpoint, keys.ever())?);
        Ok(Some(checkpoint))
    }

    /// The next records lie in the log, in order: checked against the leaves of our own journal. What lies there is stored, whether an answer
    /// has said so or not: those of a stick have none.
    fn check_range(&mut self, agent: &Agent, checkpoint: &Checkpoint, range: &SealRange) -> Result<(), Trouble> {
        let end = range.first.checked_add(range.count).ok_or(Trouble::Malformed)?;
        if range.first > self.cursor.sealed || end > agent.journal.durable() {
            return Err(Trouble::Malformed);
        }
        if end <= self.cursor.sealed {
            return Ok(());
        }
        let leaves = leaves(agent, range.first, end)?;
        let proof = RangeProof { left: hashes(&range.left)?, right: hashes(&range.right)? };
        verify_range(range.index, &leaves, checkpoint.size, &proof, &checkpoint.root)?;
        self.cursor.sealed = end;
        self.cursor.stored = self.cursor.stored.max(end);
        Ok(())
    }

    pub(super) fn keep(&mut self) -> Result<(), Trouble> {
        let kept = files::replace_json(&self.file, &self.cursor);
        self.unkept = kept.is_err();
        kept.map_err(Trouble::Disk)
    }

    fn prune(&self, agent: &Agent) {
        let (now, days) = {
            let core = agent.lock();
            // What is removed does not come back, so no clock that nobody vouches for may have it removed.
            let now = core.trusted.vouched(agent.moment());
            let policy = core.register.policy_at(now.max(core.register.newest_made()));
            (now, u64::from(policy.keep_sealed_days))
        };
        agent.journal.prune(self.cursor.sealed, now.saturating_sub(days * DAY));
    }
}

/// The log that the office was founded with.
const fn first() -> u32 {
    1
}

/// Whether so many witnesses have cosigned a checkpoint as the register asks for (register §R3.16).
fn is_witnessed(register: &Register, checkpoint: &str, log: &[VerifyingKey]) -> Result<bool, Trouble> {
    let cosigned = register.cosignatures(checkpoint, log)?;
    if !cosigned.suffice() {
        let Cosignatures { found, needed } = cosigned;
        log::info!("the ledger shows a checkpoint with {found} of {needed} cosignatures: it seals nothing yet");
        return Ok(false);
    }
    Ok(true)
}

fn file(config: &Config) -> PathBuf {
    config.state.join("uplink.json")
}

/// Durable records from `first` on, as many as a batch takes and no more than `count`.
pub(super) fn read(agent: &Agent, first: u64, count: usize) -> Result<Run, Trouble> {
    agent.journal.read(first, count, BATCH_BYTES).map_err(|error| Trouble::Journal { seq: first, error })
}

fn chain_at(agent: &Agent, seq: u64) -> Result<Hash, Trouble> {
    let next = agent.journal.next();
    if seq == next.first {
        return Ok(next.chain);
    }
    Ok(read(agent, seq, 1)?.chain)
}

fn leaves(agent: &Agent, first: u64, end: u64) -> Result<Vec<TreeHash>, Trouble> {
    let mut leaves = Vec::new();
    while first + (leaves.len() as u64) < end {
        let at = first + leaves.len() as u64;
        let left = usize::try_from(end - at).unwrap_or(usize::MAX);
        let Run { records, .. } = read(agent, at, left)?;
        if records.is_empty() {
            return Err(Trouble::Malformed);
        }
        leaves.extend(records.iter().map(|record| leaf_hash(record)));
    }
    Ok(leaves)
}

pub(super) fn hash(text: &str) -> Result<Hash, Trouble> {
    TreeHash::from_base64(text).map(|hash| Hash(hash.0)).ok_or(Trouble::Malformed)
}

fn hash_hex(text: &str) -> Result<Hash, Trouble> {
    text.parse().map_err(|_| Trouble::Malformed)
}

fn hashes(texts: &[String]) -> Result<Vec<TreeHash>, Trouble> {
    texts.iter().map(|text| TreeHash::from_base64(text).ok_or(Trouble::Malformed)).collect()
}

/// Stretches that wait for their seal: hours of a ledger whose witnesses do not come.
const TOLD_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_waits_for_its_seal_the_oldest_is_forgotten_before_memory_is() {
        let empty = serde_json::json!({"epoch": 0, "stored": 0, "sealed": 0, "seen_size": 0, "seen_root": ""});
        let mut cursor: Cursor = serde_json::from_value(empty).unwrap();
        let at = |first: u64| Stretch { epoch: 0, first, count: 1, index: first * 2 };
        (0..1500).for_each(|first| cursor.remember_told(Some(at(first))));
        assert_eq!(
            (cursor.told.len(), cursor.told.first(), cursor.told.last()),
            (TOLD_MAX, Some(&at(500)), Some(&at(1499)))
        );
        // Neighbours are one.
        cursor.remember_told(Some(Stretch { epoch: 0, first: 1500, count: 7, index: 1499 * 2 + 1 }));
        assert_eq!((cursor.told.len(), cursor.told.last().map(|told| told.count)), (TOLD_MAX, Some(8)));
        cursor.remember_told(None);
        assert_eq!(cursor.told.len(), TOLD_MAX);
    }
}
