//! The ledger as seen from a terminal or an administrator: HTTPS that trusts one authority and nobody else.
//!
//! `LEDGER.md` says what is asked and answered; this crate carries it, and says in words a person can use why it could not.

#![forbid(unsafe_code)]

mod answer;
mod code;
mod config;
mod error;
mod evidence;
mod failure;
mod fingerprint;
mod language;
mod link;
mod problem;
mod stick;

pub use answer::Answer;
pub use code::{CodeError, CodeKind, LedgerCode};
pub use config::{Identity, LinkConfig, ServerAddress};
pub use error::{CertificateFault, LinkError, Unreachable};
pub use evidence::{
    ASKED_MAX, Base64, EVIDENCE_MAX, EvidenceContent, EvidenceContents, EvidenceError, EvidenceFile, EvidenceHeader,
    EvidenceLacks, EvidenceName, EvidenceRecord, Exactly, LateTerminal, MissingRange, RecordsCheckpoint, Unshown,
    evidence_content_digest, evidence_signature_line,
};
pub use fingerprint::{TerminalTrust, fingerprint};
pub use language::Language;
pub use link::{Link, MediaType, Options};
pub use problem::Problem;
pub use stick::{CarriedBatch, StickError, StickHeader, StickKind, StickReader, StickWriter};
