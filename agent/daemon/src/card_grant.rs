//! What a card says of itself that the register does not know yet (wire §9): asked for once, verified, and taken over the register as long
//! as that has not grown so far.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::change::Log;
use sekisho_register::{LogKeys, Register};
use sekisho_tlog::{leaf_hash, verify_inclusion};
use sekisho_wire::decision::NamedGrant;
use sekisho_wire::grant::Grant;
use sekisho_wire::id::Hash;
use sekisho_wire::verdict::VerdictCode;

use crate::agent::{Agent, Core};
use crate::keeper::keys_of;
use crate::session::Insertion;
use crate::worker_link::ToWorker;

/// Whoever waits for a grant looks again after this long at the latest, told of a change or not.
const LOOK: Duration = Duration::from_secs(5);

/// Of the cards that are in, those that the register did not know when they came.
#[derive(Debug, Default)]
pub(crate) struct CardGrants(Vec<(Insertion, Read)>);

/// What was read of one.
#[derive(Debug)]
enum Read {
    /// The card worker has been asked.
    Asked,
    /// Nothing that could count: there is none, it cannot be read, or it is of another log.
    None,
    /// It names our register log, and does not hold.
    False,
    /// Its act lies in our register log.
    Lies(Place),
}

/// An act on a card, and where it lies in the register log.
#[derive(Debug)]
struct Place {
    index: u64,
    act: Vec<u8>,
    /// The register with the act; nothing where it does not take it.
    over: Option<Arc<Register>>,
}

impl Place {
    fn named(&self) -> NamedGrant {
        NamedGrant { index: self.index, act: Hash(leaf_hash(&self.act).0) }
    }

    fn take_over(&mut self, register: &Register) {
        let taken = register.with_grant(self.index, &self.act);
        self.over = taken.inspect_err(|refusal| log::info!("{refusal}")).ok().map(Arc::new);
    }
}

impl CardGrants {
    fn read(&self, insertion: Insertion) -> Option<&Read> {
        self.0.iter().find(|(of, _)| *of == insertion).map(|(_, read)| read)
    }

    fn put(&mut self, insertion: Insertion, read: Read) {
        self.0.retain(|(of, _)| *of != insertion);
        self.0.push((insertion, read));
    }
}

/// Reads a grant, and looks whether its act lies where it says, under a checkpoint of our register log.
fn judge(bytes: &[u8], keys: &LogKeys) -> Read {
    let Ok(grant) = Grant::decode(bytes) else {
        log::info!("the grant on the card cannot be read");
        return Read::None;
    };
    let origin = grant.checkpoint.lines().next();
    if Some(keys.origin()) != origin {
        log::info!("the grant on the card is of another log");
        return Read::None;
    }
    let proof: Vec<sekisho_tlog::Hash> = grant.proof.iter().map(|hash| sekisho_tlog::Hash(hash.0)).collect();
    let lies = keys.open(grant.checkpoint).is_ok_and(|checkpoint| {
        let leaf = leaf_hash(grant.act);
        verify_inclusion(&leaf, grant.index, checkpoint.size, &proof, &checkpoint.root).is_ok()
    });
    if lies { Read::Lies(Place { index: grant.index, act: grant.act.to_vec(), over: None }) } else { Read::False }
}

impl Agent {
    /// A card was inserted: one that the register does not know is asked for its grant.
    pub(crate) fn ask_for_grant(&self, core: &mut Core, insertion: Insertion) {
        core.forget_gone();
        let unknown = core.machine.card().is_some_and(|card| core.register.card(&card.card).is_none());
        let Some(own) = core.own(insertion).filter(|_| unknown) else { return };
        if core.ask_worker(ToWorker::ReadGrant { insertion: own }, None) {
            core.grants.put(insertion, Read::Asked);
        }
    }

    /// The card worker has read the grant of a card, or found none.
    pub(crate) fn grant_came(&self, own: u64, grant: Option<&str>) {
        let register = Arc::clone(&self.lock().register);
        let keys = keys_of(&register, Log::Register, &self.identity.register);
        let bytes = grant.and_then(|grant| STANDARD.decode(grant).ok());
        let mut read = bytes.map_or(Read::None, |bytes| judge(&bytes, &keys));
        // Without the lock: it copies the register.
        if let Read::Lies(place) = &mut read {
            place.take_over(&register);
        }
        let mut core = self.lock();
        let Some(insertion) = core.numbered(own) else { return };
        if !matches!(core.grants.read(insertion), Some(Read::Asked)) {
            return;
        }
        if let Read::Lies(place) = &mut read
            && core.register.size() != register.size()
        {
            place.take_over(&core.register);
        }
        if matches!(read, Read::False) {
            self.false_grant(&mut core, insertion);
        }
        core.grants.put(insertion, read);
        self.tell(&mut core);
    }

    /// Waits until it is known what the card says of itself. The worker answers, or ends by its watchdog and takes the card along.
    pub(crate) fn once_read<'a>(&'a self, mut core: MutexGuard<'a, Core>) -> MutexGuard<'a, Core> {
        while core.reads_grant() {
            core = self.wait_for_change(core, LOOK);
        }
        core
    }
}

impl Core {
    /// A newer register decides from here on.
    pub(crate) fn take_register(&mut self, register: Arc<Register>) {
        self.forget_gone();
        for (_, read) in &mut self.grants.0 {
            if let Read::Lies(place) = read {
                place.take_over(&register);
            }
        }
        self.reports.settle(&register);
        self.pins_changed.settle(&register);
        self.register = register;
    }

    /// Of cards that are not in any more nothing is kept.
    fn forget_gone(&mut self) {
        let machine = &self.machine;
        self.grants.0.retain(|(of, _)| machine.card_of(*of).is_some());
    }

    /// The grant on the card that counts, as long as the register does not go so far.
    fn place(&self) -> Option<&Place> {
        let card = self.machine.card().filter(|card| self.register.card(&card.card).is_none())?;
        match self.grants.read(card.insertion)? {
            Read::Lies(place) if place.index >= self.register.size() => Some(place),
            Read::Lies(_) | Read::Asked | Read::None | Read::False => None,
        }
    }

    /// The register that decides about the card that is in: the verified one, or that with the act on the card.
    pub(crate) fn deciding(&self) -> &Arc<Register> {
        self.place().and_then(|place| place.over.as_ref()).unwrap_or(&self.register)
    }

    /// The act on the card that its decisions rest on.
    pub(crate) fn named_grant(&self) -> Option<NamedGrant> {
        self.place().map(Place::named)
    }

    /// Whether the card that is in is known by its own grant alone.
    pub(crate) fn is_by_grant(&self) -> bool {
        self.deciding().grant().is_some()
    }

    /// Whether the card that is in is being asked what it says of itself.
    pub(crate) fn reads_grant(&self) -> bool {
        let read = self.machine.card().and_then(|card| self.grants.read(card.insertion));
        matches!(read, Some(Read::Asked))
    }

    /// What a person is told of a verdict: of a card that is unknown, and has a grant that does not hold, more than that.
    pub(crate) fn told(&self, verdict: VerdictCode) -> VerdictCode {
        let read = self.machine.card().and_then(|card| self.grants.read(card.insertion));
        match (verdict, read) {
            (VerdictCode::CardUnknown, Some(Read::False)) => VerdictCode::GrantFalse,
            (verdict, _) => verdict,
        }
    }
}

#[cfg(test)]
#[path = "card_grant/tests.rs"]
mod tests;
