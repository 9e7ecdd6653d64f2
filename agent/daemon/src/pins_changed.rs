//! PINs that were changed at this terminal, until the verified register says so (register §R3.24): here they count at once, with a line or
//! without one. Their records in the journal are what is kept of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_register::Register;
use sekisho_register::calendar::local_day;
use sekisho_register::change::{Change, Log, PinChanged};
use sekisho_wire::decision::ClockState;
use sekisho_wire::id::CardGuid;
use sekisho_wire::record::Body;

use crate::agent::Agent;
use crate::carrier::{Carrier, printable};
use crate::forwarder_link::{Brought, Errand};

/// Pause after a line that did not carry: the first, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// With nothing to send, look this often: a day may have begun.
const IDLE: Duration = Duration::from_secs(60);

/// The last change of each card's PIN at this terminal that the register does not say yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct PinsChanged(BTreeMap<CardGuid, Changed>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Changed {
    /// Trusted time of its record.
    at: u64,
    /// The ledger says that its act lies at this index.
    told: Option<u64>,
}

impl PinsChanged {
    /// A record of this terminal, of now or of before.
    pub(crate) fn see(&mut self, body: &Body, trusted: u64) {
        if let Body::PinChanged(changed) = body {
            self.0.insert(changed.card, Changed { at: trusted, told: None });
        }
    }

    /// When the PIN of this card was changed here, where the register does not say it yet.
    pub(crate) fn of(&self, card: Option<&CardGuid>) -> Option<u64> {
        self.0.get(card?).map(|changed| changed.at)
    }

    /// A newer register decides from here on. What the ledger said that it had, and has not, is sent again.
    pub(crate) fn settle(&mut self, register: &Register) {
        let is_said = |card: &CardGuid, at: u64| {
            register.card(card).is_some_and(|card| card.pin_since(u64::MAX).is_some_and(|since| since >= at))
        };
        self.0.retain(|card, changed| !is_said(card, changed.at));
        self.0.values_mut().for_each(|changed| {
            changed.told.take_if(|index| *index < register.size());
        });
    }

    fn find(&mut self, letter: &Letter) -> Option<&mut Changed> {
        self.0.get_mut(&letter.card).filter(|changed| changed.at == letter.at)
    }
}

/// What is sent of one change.
struct Letter {
    card: CardGuid,
    at: u64,
    entry: Vec<u8>,
    until: Held,
}

/// Until when a change is not worth sending: the register has another size than this, or it is another day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    size: u64,
    day: u32,
}

/// Tells the ledger of changes, one after the other.
#[derive(Default)]
struct Delivery {
    held: HashMap<CardGuid, Held>,
}

/// What came of one look.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// One was answered: the next.
    Went,
    /// Nothing to send, as of this generation.
    Rest(u64),
    /// The line, or the ledger, was not in the mood.
    Again,
}

impl Agent {
    /// Brings changes of PINs to the ledger, as long as the agent lives.
    pub(crate) fn pins_loop(&self, carrier: &dyn Carrier) -> ! {
        let (mut delivery, mut pause) = (Delivery::default(), RETRY_FIRST);
        loop {
            match delivery.step(self, carrier) {
                Step::Went => pause = RETRY_FIRST,
                Step::Rest(generation) => self.wait_beyond(generation, IDLE),
                Step::Again => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }
}

impl Delivery {
    fn step(&mut self, agent: &Agent, carrier: &dyn Carrier) -> Step {
        let (letter, generation) = self.next(agent);
        let Some(letter) = letter else { return Step::Rest(generation) };
        let errand = Errand::Act { office: agent.identity.office.to_string(), act: STANDARD.encode(&letter.entry) };
        match agent.send_out(carrier, &errand) {
            Some(Brought::Answer { body }) => {
                let index = body.get("index").and_then(serde_json::Value::as_u64).unwrap_or_default();
                self.held.insert(letter.card, letter.until);
                if let Some(changed) = agent.lock().pins_changed.find(&letter) {
                    changed.told = Some(index);
                }
                Step::Went
            }
            Some(Brought::Refused { code, facts, .. }) if code == "refused" => {
                let rule = facts.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
                log::warn!("the ledger does not take that a PIN was changed ({})", printable(rule));
                self.refused(agent, &letter, rule)
            }
            Some(Brought::Refused { code, detail, .. }) => {
                log::warn!(
                    "the ledger does not take that a PIN was changed: {}: {}",
                    printable(&code),
                    printable(&detail)
                );
                Step::Again
            }
            Some(Brought::Unreachable { .. } | Brought::Certified { .. }) | None => Step::Again,
        }
    }

    /// The oldest change that is worth sending now, signed as of now.
    fn next(&mut self, agent: &Agent) -> (Option<Letter>, u64) {
        let mut core = agent.lock();
        let (generation, made) = (core.generation, agent.now(&mut core).trusted);
        let register = Arc::clone(&core.register);
        let until = Held { size: register.size(), day: local_day(made) };
        self.held.retain(|_, held| *held == until);
        // A clock that nothing vouches for signs nothing that could count: the note comes with the line.
        if core.trusted.clock_state() != ClockState::Sound {
            return (None, generation);
        }
        let waits = |(card, changed): &(&CardGuid, &Changed)| {
            changed.told.is_none() && !self.held.contains_key(*card) && register.card(card).is_some()
        };
        let oldest = core.pins_changed.0.iter().filter(waits).min_by_key(|(_, changed)| changed.at);
        let Some((card, at)) = oldest.map(|(card, changed)| (*card, changed.at)) else { return (None, generation) };
        // Time that was put back since would name a day to come, and nobody takes that.
        let at = at.min(made);
        if let Some(changed) = core.pins_changed.0.get_mut(&card) {
            changed.at = at;
        }
        drop(core);
        let change = Change::PinChanged(PinChanged { card, at });
        let entry = agent.own_act(&register, Log::Register, agent.salt(), made, change);
        (Some(Letter { card, at, entry, until }), generation)
    }

    fn refused(&mut self, agent: &Agent, letter: &Letter, rule: &str) -> Step {
        match rule {
            "made_too_early" | "made_in_future" | "expired" | "seen_ahead" | "register_size" | "other_history" => {
                Step::Again
            }
            // Nobody opens anything with it any more, whenever its PIN was changed.
            "card_final" => {
                agent.lock().pins_changed.0.retain(|card, _| *card != letter.card);
                Step::Went
            }
            // Another register may take it, another day has room for it; here it counts all the same.
            _ => {
                self.held.insert(letter.card, letter.until);
                Step::Went
            }
        }
    }
}

#[cfg(test)]
#[path = "pins_changed/tests.rs"]
mod tests;
