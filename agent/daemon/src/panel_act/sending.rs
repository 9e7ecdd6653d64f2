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
    /// What came of it.
    pub(super) came: Option<Came>,
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
                let core = self.lock();
                let waits = core.panel_acts.outgoing.iter().find(|outgoing| outgoing.came.is_none());
                (waits.map(|outgoing| (outgoing.id, outgoing.entry.clone())), core.generation)
            };
            let Some((id, entry)) = next else {
                self.wait_beyond(generation, IDLE);
                continue;
            };
            match self.brought(carrier, &entry) {
                None => std::thread::sleep(RETRY),
                Some(came) => {
                    let mut core = self.lock();
                    // Whoever signed it may have given up waiting.
                    if let Some(outgoing) = core.panel_acts.outgoing.iter_mut().find(|outgoing| outgoing.id == id) {
                        outgoing.came = Some(came);
                    }
                    self.tell(&mut core);
                }
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
