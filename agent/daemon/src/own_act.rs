//! An act that this terminal's key signs: what it reports, and that a PIN was changed at it (register §R3.3).

use ed25519_dalek::Signer as _;
use sekisho_register::act::ACT_VERSION;
use sekisho_register::change::{Change, Log};
use sekisho_register::{Act, Register};
use sekisho_wire::cose::Signer;
use sekisho_wire::id::Salt;

use crate::agent::Agent;

/// How long such an act is good for, ms: the ledger takes none that is older than ten minutes.
const LIFETIME: u64 = 60 * 60 * 1000;

impl Agent {
    /// One change, signed by this terminal's key as of `made`.
    pub(crate) fn own_act(&self, register: &Register, log: Log, salt: Salt, made: u64, change: Change) -> Vec<u8> {
        let act = Act {
            version: ACT_VERSION,
            critical: true,
            office: self.identity.office,
            log,
            salt,
            made,
            expires: made.saturating_add(LIFETIME),
            seen_size: register.size(),
            seen_root: register.root(),
            post: None,
            as_deputy: false,
            request: None,
            agreement: None,
            permit: None,
            changes: vec![change],
            proposal: None,
            effective: None,
            paper: None,
        };
        let to_be_signed = act.to_be_signed(&Signer::Terminal(self.identity.terminal.clone()));
        let signature = self.identity.key.sign(&to_be_signed.signed_bytes());
        to_be_signed.finish(signature.to_bytes())
    }
}
