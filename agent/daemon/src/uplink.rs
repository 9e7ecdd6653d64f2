//! Brings records to the ledger, exactly once, and checks that it has them: *stored* when it says so, *sealed* when its signed
//! checkpoint proves it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::Log;
use sekisho_tlog::{Checkpoint, EMPTY_ROOT, Hash as TreeHash, RangeProof, leaf_hash, verify_consistency, verify_range};
use sekisho_wire::batch::{BATCH_RECORDS_MAX, SeenNote};
use sekisho_wire::id::Hash;
use sekisho_wire::reason::AlarmKind;
use serde::{Deserialize, Serialize};

use crate::agent::{Acknowledged, Agent, History, Records};
use crate::batch::{Seen, chain_after, seal};
use crate::carrier::{Carrier, printable};
use crate::files;
use crate::forwarder_link::{Brought, Errand};
use crate::journal::Run;
use crate::journal::segment::random;
use crate::keeper::keys_in_force;

mod told;
mod trouble;

use trouble::{Held, Trouble};

/// Bytes of records in one batch: the rest of the mebibyte (wire §1.4) is for the header and the lengths.
const BATCH_BYTES: usize = 1_000_000;
/// How soon the ledger is asked whether it has sealed what it stored, and how slowly at last.
const SEAL_FIRST: Duration = Duration::from_millis(100);
const SEAL_MAX: Duration = Duration::from_secs(10);
/// After so many questions without a seal the ledger is asked where it is: with the pauses between them, after a minute and a half.
const ASK_AFTER: u32 = 16;
/// How long records gather for the next batch.
const GATHER: Duration = Duration::from_millis(50);
/// Pause after something went wrong: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Pause after an answer that only people can put right.
const STUCK: Duration = Duration::from_secs(30);
/// No ledger is left alone for longer than this, in seconds, whatever it asks for.
const PATIENCE_MAX: u64 = 120;
/// With nothing to do, look this often.
const IDLE: Duration = Duration::from_secs(30);
const DAY: u64 = 24 * 60 * 60 * 1000;

/// How far the ledger is, kept over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    epoch: u32,
    stored: u64,
    sealed: u64,
    seen_size: u64,
    seen_root: String,
    /// The note of that checkpoint; state files of earlier versions have none.
    #[serde(default)]
    seen_note: Option<String>,
    /// Whether the ledger has another history of this terminal than its journal.
    #[serde(default)]
    refused: bool,
}

#[derive(Debug, Deserialize)]
struct StoredAnswer {
    epoch: u32,
    next: u64,
    chain: String,
}

#[derive(Debug, Deserialize)]
struct SealAnswer {
    checkpoint: String,
    #[serde(default)]
    consistency: Vec<String>,
    #[serde(default)]
    ranges: Vec<SealRange>,
}

#[derive(Debug, Deserialize)]
struct SealRange {
    first: u64,
    count: u64,
    index: u64,
    left: Vec<String>,
    right: Vec<String>,
}

/// What came of one round.
#[derive(Debug, PartialEq, Eq)]
enum Round {
    /// Something went forward: go on at once.
    Forward,
    /// Nothing to do but to wait for news.
    Rest,
    /// The ledger asks for patience.
    Busy(Duration),
    /// It cannot be reached, or something is wrong for now.
    Again,
    /// Only people can put it right.
    Stuck,
}

/// The uplink.
pub(crate) struct Uplink {
    file: PathBuf,
    cursor: Cursor,
    /// Whether the ledger has confirmed our cursor since we started.
    agreed: bool,
    /// How often in a row it was asked for seals and had none.
    unsealed: u32,
    /// What of our own holds the records back.
    held: Option<Held>,
    /// Whether the disk lacks the cursor as it is.
    unkept: bool,
}

impl Uplink {
    /// Continues from what is kept.
    pub(crate) fn open(config: &crate::config::Config, epoch: u32) -> std::io::Result<(Self, Acknowledged)> {
        let file = cursor_file(config);
        let seen_root = Hash(EMPTY_ROOT.0).to_string();
        let fresh = Cursor { epoch, stored: 0, sealed: 0, seen_size: 0, seen_root, seen_note: None, refused: false };
        let cursor = match files::read_json::<Cursor>(&file)? {
            Some(kept) if kept.epoch == epoch => kept,
            // The log goes on over our epochs: what was seen of it stays seen.
            Some(Cursor { seen_size, seen_root, seen_note, .. }) => Cursor { seen_size, seen_root, seen_note, ..fresh },
            None => fresh,
        };
        let acknowledged = Acknowledged { stored: cursor.stored, sealed: cursor.sealed };
        Ok((Self { file, cursor, agreed: false, unsealed: 0, held: None, unkept: false }, acknowledged))
    }

    /// The epoch of what was sent last, as far as it is kept.
    pub(crate) fn kept_epoch(config: &crate::config::Config) -> std::io::Result<Option<u32>> {
        Ok(Self::kept_place(config)?.map(|(epoch, _)| epoch))
    }

    /// As [`Self::kept_epoch`], with the seq below which the ledger has acknowledged all.
    pub(crate) fn kept_place(config: &crate::config::Config) -> std::io::Result<Option<(u32, u64)>> {
        Ok(files::read_json::<Cursor>(&cursor_file(config))?.map(|kept| (kept.epoch, kept.stored)))
    }

    /// Sends and asks, as long as the agent lives.
    pub(crate) fn run(mut self, agent: &Agent, carrier: &dyn Carrier) -> ! {
        let (mut retry, mut seal_pause) = (RETRY_FIRST, SEAL_FIRST);
        let mut look = 0;
        loop {
            if agent.clock.boottime() >= look {
                look = agent.clock.boottime() + agent.look_after_certificate(carrier);
            }
            let sealed = self.cursor.sealed;
            let round = self.go_round(agent, carrier);
            agent.acknowledge(self.cursor.stored, self.cursor.sealed);
            if self.cursor.sealed != sealed {
                seal_pause = SEAL_FIRST;
            }
            match round {
                Round::Forward => {
                    retry = RETRY_FIRST;
                    // While records come in one after the other, a batch for each would cost more than the records themselves.
                    if agent.journal.durable().saturating_sub(self.cursor.stored) < u64::from(BATCH_RECORDS_MAX) {
                        std::thread::sleep(GATHER);
                    }
                }
                Round::Rest if self.cursor.sealed < self.cursor.stored => {
                    agent.wait_for_records(self.cursor.stored, seal_pause);
                    seal_pause = (seal_pause * 3 / 2).min(SEAL_MAX);
                }
                Round::Rest => {
                    seal_pause = SEAL_FIRST;
                    agent.wait_for_records(self.cursor.stored, IDLE);
                }
                Round::Busy(wait) => std::thread::sleep(wait),
                Round::Again => {
                    std::thread::sleep(jittered(retry));
                    retry = (retry * 2).min(RETRY_MAX);
                }
                Round::Stuck => std::thread::sleep(jittered(STUCK)),
            }
        }
    }

    fn go_round(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Round {
        agent.history_is(self.history());
        self.try_our_half(agent);
        let round = self.round(agent, carrier);
        self.held = match &round {
            Ok(Round::Forward | Round::Rest) => None,
            // Nothing was learnt of our own half.
            Ok(Round::Again | Round::Busy(_) | Round::Stuck) => self.held,
            Err(trouble) => trouble.holds().or(self.held),
        };
        let round = round.unwrap_or_else(|trouble| {
            log::error!("{trouble}");
            if trouble.is_disbelief() {
                agent.doubt(AlarmKind::SealRefused);
            }
            self.cursor.refused |= matches!(trouble, Trouble::OtherChain { .. });
            // A disk that is full has room again at any moment.
            if matches!(trouble, Trouble::Disk(_)) { Round::Again } else { Round::Stuck }
        });
        if self.history() != agent.history_is(self.history())
            && let Err(trouble) = self.keep()
        {
            log::error!("{trouble}");
        }
        let goes = self.held.is_none() && !self.unkept;
        agent.records_are(if goes { Records::Go } else { Records::HeldBack });
        round
    }

    /// A disk that healed must not look damaged until the ledger is back.
    fn try_our_half(&mut self, agent: &Agent) {
        let still = |held: &Held| match *held {
            Held::Unread(seq) => read(agent, seq, 1).is_err(),
            Held::Unsealable => self.next_batch(agent).is_err(),
        };
        self.held = self.held.filter(still);
        if self.unkept
            && let Err(trouble) = self.keep()
        {
            log::error!("{trouble}");
        }
    }

    const fn history(&self) -> History {
        if self.cursor.refused { History::Refused } else { History::Goes }
    }

    /// One errand, and what it brought.
    fn round(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        if !self.agreed {
            return self.agree(agent, carrier);
        }
        if self.cursor.stored < agent.journal.durable() {
            return self.send(agent, carrier);
        }
        if self.cursor.sealed < self.cursor.stored {
            return self.ask_for_seal(agent, carrier);
        }
        Ok(Round::Rest)
    }

    /// After each start the ledger says where it is: it may have been restored, or we.
    fn agree(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let epoch = self.cursor.epoch;
        let body = match agent.send_out(carrier, &Errand::Cursor { epoch }) {
            Some(Brought::Answer { body }) => body,
            other => return Ok(self.refused(other.as_ref())),
        };
        let answer: StoredAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
        self.continue_at(agent, &answer)?;
        self.agreed = true;
        // While there is something to send, only its being taken shows that the two histories are one again.
        self.cursor.refused &= self.cursor.stored < agent.journal.durable();
        Ok(Round::Forward)
    }

    /// Continues where the ledger says, if its history is ours.
    fn continue_at(&mut self, agent: &Agent, answer: &StoredAnswer) -> Result<(), Trouble> {
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

    fn send(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let (run, envelope) = self.next_batch(agent)?;
        match agent.send_out(carrier, &Errand::Batch { envelope: STANDARD.encode(envelope) }) {
            Some(Brought::Answer { body }) => {
                let answer: StoredAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
                let end = run.first + run.records.len() as u64;
                if answer.next == end && hash(&answer.chain)? == chain_after(&run) {
                    (self.cursor.stored, self.cursor.refused) = (end, false);
                    self.keep()?;
                } else {
                    self.continue_at(agent, &answer)?;
                }
                Ok(self.grown_from(run.first))
            }
            Some(Brought::Refused { code, facts, .. }) if code == "gap" => {
                let next = facts.get("expected").and_then(serde_json::Value::as_u64).ok_or(Trouble::Malformed)?;
                let chain =
                    facts.get("chain").and_then(serde_json::Value::as_str).ok_or(Trouble::Malformed)?.to_owned();
                log::info!("the ledger expects record {next}");
                self.continue_at(agent, &StoredAnswer { epoch: self.cursor.epoch, next, chain })?;
                Ok(self.grown_from(run.first))
            }
            other => {
                let round = self.refused(other.as_ref());
                // Whatever is wrong, the next attempt begins by asking where the ledger is.
                self.agreed = round != Round::Stuck;
                Ok(round)
            }
        }
    }

    /// The first records that the ledger has not got, and the batch of them.
    fn next_batch(&self, agent: &Agent) -> Result<(Run, Vec<u8>), Trouble> {
        let run = read(agent, self.cursor.stored, BATCH_RECORDS_MAX as usize)?;
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

    /// No answer came. A ledger with another history of this terminal takes nothing that is granted here; nor does one in whose register
    /// an act has closed this epoch, until that act is here and we begin the next.
    fn refused(&mut self, brought: Option<&Brought>) -> Round {
        self.cursor.refused |= brought.is_some_and(takes_nothing_more);
        refused(brought)
    }

    /// A ledger that takes nothing, or sends us back, must not keep us busy.
    fn grown_from(&self, stored: u64) -> Round {
        if self.cursor.stored > stored { Round::Forward } else { Round::Again }
    }

    fn ask_for_seal(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let (epoch, from, seen) = (self.cursor.epoch, self.cursor.sealed, self.cursor.seen_size);
        let body = match agent.send_out(carrier, &Errand::Seal { epoch, from, seen }) {
            Some(Brought::Answer { body }) => body,
            other => {
                let round = self.refused(other.as_ref());
                // A ledger that refuses to seal may have lost what it had stored: the next attempt begins by asking where it is.
                self.agreed = round != Round::Stuck;
                return Ok(round);
            }
        };
        let answer: SealAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
        let before = self.cursor.clone();
        if let Err(trouble) = self.check_seal(agent, &answer) {
            // An answer is believed as a whole or not at all.
            self.cursor = before;
            return Err(trouble);
        }
        if self.cursor.sealed > before.sealed {
            self.unsealed = 0;
        } else {
            // A ledger that never seals what it said it had stored may have lost it: it is asked again where it is.
            self.unsealed += 1;
            self.agreed = !self.unsealed.is_multiple_of(ASK_AFTER);
        }
        if before != self.cursor {
            self.keep()?;
            self.prune(agent);
        }
        Ok(if self.cursor.sealed > before.sealed { Round::Forward } else { Round::Rest })
    }

    fn check_seal(&mut self, agent: &Agent, answer: &SealAnswer) -> Result<(), Trouble> {
        let checkpoint = self.see_checkpoint(agent, answer)?;
        answer.ranges.iter().try_for_each(|range| self.check_range(agent, &checkpoint, range))
    }

    /// The checkpoint must be signed, and must contain what we saw before.
    fn see_checkpoint(&mut self, agent: &Agent, answer: &SealAnswer) -> Result<Checkpoint, Trouble> {
        let (register, since) = {
            let core = agent.lock();
            (Arc::clone(&core.register), core.trusted.newest_note().map_or(0, |note| note.time))
        };
        let keys = keys_in_force(&register, Log::Records, &agent.identity.records, since);
        let opened = keys.iter().rev().find_map(|key| Checkpoint::open(&answer.checkpoint, key).ok());
        let checkpoint = match (opened, keys.last()) {
            (Some(checkpoint), _) => checkpoint,
            // Say why, by the newest key.
            (None, newest) => Checkpoint::open(&answer.checkpoint, newest.ok_or(Trouble::Malformed)?)?,
        };
        let (seen, root) = (self.cursor.seen_size, TreeHash(hash_hex(&self.cursor.seen_root)?.0));
        if checkpoint.size < seen {
            return Err(Trouble::Rollback { seen, shown: checkpoint.size });
        }
        if seen > 0 {
            let proof = hashes(&answer.consistency)?;
            verify_consistency(seen, &root, checkpoint.size, &checkpoint.root, &proof)?;
        }
        self.cursor.seen_size = checkpoint.size;
        self.cursor.seen_root = Hash(checkpoint.root.0).to_string();
        self.cursor.seen_note = Some(answer.checkpoint.clone());
        Ok(checkpoint)
    }

    /// The next records lie in the log, in order: checked against the leaves of our own journal.
    fn check_range(&mut self, agent: &Agent, checkpoint: &Checkpoint, range: &SealRange) -> Result<(), Trouble> {
        let end = range.first.checked_add(range.count).ok_or(Trouble::Malformed)?;
        if range.first != self.cursor.sealed || end > self.cursor.stored {
            return Err(Trouble::Malformed);
        }
        let leaves = leaves(agent, range.first, end)?;
        let proof = RangeProof { left: hashes(&range.left)?, right: hashes(&range.right)? };
        verify_range(range.index, &leaves, checkpoint.size, &proof, &checkpoint.root)?;
        self.cursor.sealed = end;
        Ok(())
    }

    fn keep(&mut self) -> Result<(), Trouble> {
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

fn cursor_file(config: &crate::config::Config) -> PathBuf {
    config.state.join("uplink.json")
}

/// The ledger has this terminal's records otherwise than it shows them now (wire §7.2), or their epoch is over (§7.4).
fn takes_nothing_more(brought: &Brought) -> bool {
    matches!(brought, Brought::Refused { code, .. } if ["fork", "wrong_chain", "epoch_closed"].contains(&code.as_str()))
}

/// What to do when no answer came, by who is at fault.
fn refused(brought: Option<&Brought>) -> Round {
    let Some(Brought::Refused { status, code, detail, retry_after, .. }) = brought else { return Round::Again };
    let detail = printable(detail);
    match code.as_str() {
        // Never sooner than it asks for, and not all at once when the time is over.
        "busy" | "unavailable" => {
            let asked = Duration::from_secs(retry_after.unwrap_or(1).clamp(1, PATIENCE_MAX));
            Round::Busy(asked / 2 + jittered(asked))
        }
        "not_enrolled" => {
            log::warn!("the ledger does not take our records: {detail}");
            Round::Again
        }
        "fork" | "wrong_chain" | "epoch_closed" | "seen_unproved" | "malformed" | "too_large" => {
            log::error!("the ledger refuses our records ({code}): {detail}; call the system manager");
            Round::Stuck
        }
        _ => {
            log::warn!("the ledger does not answer as it should ({status} {}): {detail}", printable(code));
            Round::Again
        }
    }
}

/// Between half and all of it: terminals that lost the ledger together should not come back together.
fn jittered(pause: Duration) -> Duration {
    let [byte] = random::<1>().unwrap_or([128]);
    pause / 2 + pause / 2 * u32::from(byte) / 255
}

/// Durable records from `first` on, as many as a batch takes and no more than `count`.
fn read(agent: &Agent, first: u64, count: usize) -> Result<Run, Trouble> {
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

fn hash(text: &str) -> Result<Hash, Trouble> {
    TreeHash::from_base64(text).map(|hash| Hash(hash.0)).ok_or(Trouble::Malformed)
}

fn hash_hex(text: &str) -> Result<Hash, Trouble> {
    text.parse().map_err(|_| Trouble::Malformed)
}

fn hashes(texts: &[String]) -> Result<Vec<TreeHash>, Trouble> {
    texts.iter().map(|text| TreeHash::from_base64(text).ok_or(Trouble::Malformed)).collect()
}

#[cfg(test)]
#[path = "uplink/tests.rs"]
mod tests;
