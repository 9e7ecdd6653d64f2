//! The way of a signed act to the ledger: at once, or not at all. Whoever signed it waits and hears; nothing is kept for later.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_wire::id::Salt;

use crate::agent::Agent;
use crate::carrier::{Carrier, printable};
use crate::forwarder_link::{Brought, Errand};

/// With nothing to send, look this often.
const IDLE: Duration = Duration::from_secs(60);
/// Pause after a line that did not carry: somebody waits.
const RETRY: Duration = Duration::from_millis(500);

/// An act on its way.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// Names it here.
    pub(super) id: Salt,
    /// As it was signed.
    pub(super) entry: Vec<u8>,
    /// How far it is.
    pub(super) stage: Stage,
}

/// How far an act is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It lies here.
    Waits,
    /// The ledger is being asked.
    OnItsWay,
    /// This came of it.
    Came(Came),
}

/// What the ledger made of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It has it.
    Placed,
    /// It will not have it, by this rule.
    Refused(String),
}

impl Agent {
    /// Brings what was signed at this terminal to the ledger, as long as the agent lives.
    pub(crate) fn panel_acts_loop(&self, carrier: &dyn Carrier) -> ! {
        loop {
            let (next, generation) = {
                let mut core = self.lock();
                let generation = core.generation;
                let waits = core.panel_acts.outgoing.iter_mut().find(|outgoing| outgoing.stage == Stage::Waits);
                let next = waits.map(|outgoing| {
                    outgoing.stage = Stage::OnItsWay;
                    (outgoing.id, outgoing.entry.clone())
                });
                (next, generation)
            };
            let Some((id, entry)) = next else {
                self.wait_beyond(generation, IDLE);
                continue;
            };
            let came = self.brought(carrier, &entry);
            let failed = came.is_none();
            let mut core = self.lock();
            // Whoever signed it may have given up waiting.
            if let Some(outgoing) = core.panel_acts.outgoing.iter_mut().find(|outgoing| outgoing.id == id) {
                outgoing.stage = came.map_or(Stage::Waits, Stage::Came);
            }
            self.tell(&mut core);
            drop(core);
            if failed {
                std::thread::sleep(RETRY);
            }
        }
    }

    fn brought(&self, carrier: &dyn Carrier, entry: &[u8]) -> Option<Came> {
        let errand = Errand::Act { office: self.identity.office.to_string(), act: STANDARD.encode(entry) };
        match self.send_out(carrier, &errand)? {
            Brought::Answer { .. } => Some(Came::Placed),
            Brought::Refused { code, facts, detail, .. } if code == "refused" => {
                let rule = facts.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
                log::warn!(
                    "the ledger refuses an act that was signed here ({}): {}",
                    printable(rule),
                    printable(&detail)
                );
                Some(Came::Refused(printable(rule)))
            }
            Brought::Refused { code, detail, .. } => {
                log::warn!("the ledger does not take an act now: {}: {}", printable(&code), printable(&detail));
                None
            }
            Brought::Unreachable { .. } | Brought::Certified { .. } => None,
        }
    }
}
