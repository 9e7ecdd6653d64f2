//! Brings records to the ledger, exactly once, and checks that it has them: *stored* when it says so, *sealed* when its signed
//! checkpoint proves it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_wire::batch::BATCH_RECORDS_MAX;
use sekisho_wire::reason::AlarmKind;

use crate::agent::{Acknowledged, Agent, Records};
use crate::batch::chain_after;
use crate::carrier::{Carrier, printable};
use crate::forwarder_link::{Brought, Errand};
use crate::journal::Run;
use crate::journal::segment::random;
use crate::keepsakes::Handed;

mod by_hand;
mod position;
mod refill;
mod told;
mod trouble;

use position::{Cursor, DAY, SealAnswer, StoredAnswer, hash, read};
pub(crate) use position::{KeptPlace, Position};
use trouble::{Held, Trouble};

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
#[derive(Default)]
pub(crate) struct Uplink {
    /// Whether the ledger has confirmed our cursor since we started.
    agreed: bool,
    /// How often in a row it was asked for seals and had none.
    unsealed: u32,
    /// What of our own holds the records back.
    held: Option<Held>,
    /// After a batch that the ledger could not take as a whole: how many records the next one has at most.
    at_most: Option<u32>,
}

impl Uplink {
    /// Sends and asks, as long as the agent lives.
    pub(crate) fn run(mut self, agent: &Agent, carrier: &dyn Carrier) -> ! {
        let (mut retry, mut seal_pause) = (RETRY_FIRST, SEAL_FIRST);
        let mut look = 0;
        loop {
            if agent.clock.boottime() >= look {
                look = agent.clock.boottime() + agent.look_after_certificate(carrier);
            }
            let before = agent.position().acknowledged();
            let round = self.go_round(agent, carrier);
            let Acknowledged { stored, sealed } = agent.acknowledge();
            if sealed != before.sealed {
                seal_pause = SEAL_FIRST;
            }
            match round {
                Round::Forward => {
                    retry = RETRY_FIRST;
                    // While records come in one after the other, a batch for each would cost more than the records themselves.
                    if agent.journal.durable().saturating_sub(stored) < u64::from(BATCH_RECORDS_MAX) {
                        std::thread::sleep(GATHER);
                    }
                }
                Round::Rest if sealed < stored => {
                    agent.wait_for_records(stored, seal_pause);
                    seal_pause = (seal_pause * 3 / 2).min(SEAL_MAX);
                }
                Round::Rest => {
                    seal_pause = SEAL_FIRST;
                    agent.wait_for_records(stored, IDLE);
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
        // The cursor of this epoch takes the place of the one that says how far the ledger was with the epoch before.
        if !agent.journal.has_settled() {
            log::info!("nothing is sent before what was carried into this epoch is on disk");
            return Round::Again;
        }
        let history = agent.position().history();
        agent.history_is(history);
        self.follow_successor(agent);
        self.try_our_half(agent);
        if agent.ledger_lacks.swap(false, Ordering::AcqRel)
            && let Err(trouble) = refill::refill(agent, carrier)
        {
            log::warn!("cannot bring the ledger what it lacks: {trouble}");
        }
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
            agent.position().cursor.refused |= matches!(trouble, Trouble::OtherChain { .. });
            // A disk that is full has room again at any moment.
            if matches!(trouble, Trouble::Disk(_)) { Round::Again } else { Round::Stuck }
        });
        let history = agent.position().history();
        if history != agent.history_is(history) {
            keep(&mut agent.position());
        }
        let goes = self.held.is_none() && agent.position().is_kept();
        agent.records_are(if goes { Records::Go } else { Records::HeldBack });
        round
    }

    /// Where another log goes on in place of one that lost something, the ledger is asked anew how far it is: what was sealed and is lost is sent again.
    fn follow_successor(&mut self, agent: &Agent) {
        let register = std::sync::Arc::clone(&agent.lock().register);
        agent.keepsakes.follow(&register);
        if agent.position().follow(&register) {
            self.agreed = false;
        }
    }

    /// A disk that healed must not look damaged until the ledger is back.
    fn try_our_half(&mut self, agent: &Agent) {
        let still = |held: &Held| match *held {
            Held::Unread(seq) => read(agent, seq, 1).is_err(),
            Held::Unsealable => self.next_batch(agent).is_err(),
        };
        self.held = self.held.filter(still);
        let mut position = agent.position();
        if !position.is_kept() {
            keep(&mut position);
        }
    }

    /// One errand, and what it brought.
    fn round(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let Acknowledged { stored, sealed } = agent.position().acknowledged();
        if !self.agreed {
            return self.agree(agent, carrier);
        }
        if stored < agent.journal.durable() {
            return self.send(agent, carrier);
        }
        if sealed < stored {
            return self.ask_for_seal(agent, carrier);
        }
        Ok(Round::Rest)
    }

    /// After each start the ledger says where it is: it may have been restored, or we.
    fn agree(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let epoch = agent.position().epoch();
        let body = match agent.send_out(carrier, &Errand::Cursor { epoch }) {
            Some(Brought::Answer { body }) => body,
            other => return Ok(refused(agent, other.as_ref())),
        };
        let answer: StoredAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
        let mut position = agent.position();
        position.continue_at(agent, &answer)?;
        self.agreed = true;
        // While there is something to send, only its being taken shows that the two histories are one again.
        position.cursor.refused &= position.cursor.stored < agent.journal.durable();
        Ok(Round::Forward)
    }

    fn send(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let (run, envelope) = self.next_batch(agent)?;
        let brought = agent.send_out(carrier, &Errand::Batch { envelope: STANDARD.encode(envelope) });
        match brought {
            Some(Brought::Answer { body }) => {
                let answer: StoredAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
                // As long as a batch is full, the next is twice as large; then all that waited has gone.
                let full = |count: &u32| run.records.len() >= *count as usize && *count < BATCH_RECORDS_MAX / 2;
                self.at_most = self.at_most.filter(full).map(|count| count * 2);
                let end = run.first + run.records.len() as u64;
                let mut position = agent.position();
                if answer.next == end && hash(&answer.chain)? == chain_after(&run) {
                    // A stick may have brought more meanwhile.
                    position.cursor.stored = position.cursor.stored.max(end);
                    position.cursor.refused = false;
                    position.cursor.remember_told(answer.put());
                    position.keep()?;
                } else {
                    position.continue_at(agent, &answer)?;
                }
                Ok(grown_from(run.first, &position))
            }
            Some(Brought::Refused { code, facts, .. }) if code == "gap" => {
                let next = facts.get("expected").and_then(serde_json::Value::as_u64).ok_or(Trouble::Malformed)?;
                let chain =
                    facts.get("chain").and_then(serde_json::Value::as_str).ok_or(Trouble::Malformed)?.to_owned();
                log::info!("the ledger expects record {next}");
                let mut position = agent.position();
                let epoch = position.epoch();
                position.continue_at(agent, &StoredAnswer::at(epoch, next, chain))?;
                Ok(grown_from(run.first, &position))
            }
            Some(Brought::Refused { code, .. }) if is_about_the_batch(&code) && run.records.len() > 1 => {
                // What the ledger cannot take is perhaps one record, and what stands before it need not wait for that.
                let count = run.records.len() / 2;
                log::warn!("the ledger cannot take {} records at once ({code}): {count} are sent", run.records.len());
                self.at_most = u32::try_from(count).ok();
                Ok(Round::Forward)
            }
            other => {
                let round = refused(agent, other.as_ref());
                if round == Round::Stuck {
                    log::error!("it was sent records from {} on", run.first);
                }
                // Whatever is wrong, the next attempt begins by asking where the ledger is.
                self.agreed = round != Round::Stuck;
                Ok(round)
            }
        }
    }

    /// The first records that the ledger has not got, and the batch of them.
    fn next_batch(&self, agent: &Agent) -> Result<(Run, Vec<u8>), Trouble> {
        let position = agent.position();
        position.batch(agent, position.cursor.stored, self.at_most.unwrap_or(BATCH_RECORDS_MAX))
    }

    fn ask_for_seal(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Result<Round, Trouble> {
        let Cursor { epoch, sealed: from, seen_size: seen, before, .. } = agent.position().cursor.clone();
        let before = before.map(|head| head.size);
        let register = Arc::clone(&agent.lock().register);
        let body = match agent.send_out(carrier, &Errand::Seal { epoch, from, seen, before }) {
            Some(Brought::Answer { body }) => body,
            other => {
                let round = refused(agent, other.as_ref());
                // A ledger that refuses to seal may have lost what it had stored: the next attempt begins by asking where it is.
                self.agreed = round != Round::Stuck;
                return Ok(round);
            }
        };
        let answer: SealAnswer = serde_json::from_value(body).map_err(|_| Trouble::Malformed)?;
        let mut position = agent.position();
        if position.cursor.seen_size != seen {
            // A stick brought a seal meanwhile: this answer goes on from another place.
            return Ok(Round::Forward);
        }
        // A ledger that is asked has to show it; a seal that was brought by hand may be one of before.
        if before.is_some() && !answer.shows_before() {
            return Err(Trouble::Malformed);
        }
        if position.take_seal(agent, &register, &answer)? {
            self.unsealed = 0;
            return Ok(Round::Forward);
        }
        // A ledger that never seals what it said it had stored may have lost it: it is asked again where it is.
        self.unsealed += 1;
        self.agreed = !self.unsealed.is_multiple_of(ASK_AFTER);
        Ok(Round::Rest)
    }
}

impl Agent {
    /// A log of the ledger's stands still: perhaps it lacks what is here, and is asked.
    pub(crate) fn heard_that_ledger_lacks(&self, code: &str) {
        // A ledger that was restored may have forgotten that it let us in.
        if ["halted", "not_enrolled"].contains(&code) {
            self.ledger_lacks_something();
        }
    }

    /// It is asked what, in the next round.
    pub(crate) fn ledger_lacks_something(&self) {
        self.ledger_lacks.store(true, Ordering::Release);
    }

    /// Keeps what the ledger has given us for that, as long as our own sealed records.
    pub(crate) fn keep_for_ledger(&self, handed: &Handed) {
        let (now, days) = {
            let core = self.lock();
            let now = core.trusted.vouched(self.moment());
            (now, u64::from(core.register.policy_at(now.max(core.register.newest_made())).keep_sealed_days))
        };
        self.keepsakes.take(handed, now, now.saturating_sub(days * DAY));
    }
}

fn keep(position: &mut Position) {
    if let Err(trouble) = position.keep() {
        log::error!("{trouble}");
    }
}

/// A ledger that takes nothing, or sends us back, must not keep us busy.
const fn grown_from(stored: u64, position: &Position) -> Round {
    if position.cursor.stored > stored { Round::Forward } else { Round::Again }
}

/// No answer came. A ledger with another history of this terminal takes nothing that is granted here; nor does one in whose register an act
/// has closed this epoch, until that act is here and we begin the next.
fn refused(agent: &Agent, brought: Option<&Brought>) -> Round {
    agent.position().cursor.refused |= brought.is_some_and(takes_nothing_more);
    if let Some(Brought::Refused { code, .. }) = brought {
        agent.heard_that_ledger_lacks(code);
    }
    next_after(brought)
}

/// Whether another batch, of fewer records, may be taken.
fn is_about_the_batch(code: &str) -> bool {
    ["malformed", "too_large"].contains(&code)
}

/// The ledger has this terminal's records otherwise than it shows them now (wire §7.2), or their epoch is over (§7.4).
fn takes_nothing_more(brought: &Brought) -> bool {
    matches!(brought, Brought::Refused { code, .. } if ["fork", "wrong_chain", "epoch_closed"].contains(&code.as_str()))
}

/// What to do when no answer came, by who is at fault.
fn next_after(brought: Option<&Brought>) -> Round {
    let Some(Brought::Refused { status, code, detail, retry_after, .. }) = brought else { return Round::Again };
    let detail = printable(detail);
    match code.as_str() {
        // Never sooner than it asks for, and not all at once when the time is over.
        "busy" | "unavailable" | "hears" => {
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

#[cfg(test)]
#[path = "uplink/tests.rs"]
mod tests;
