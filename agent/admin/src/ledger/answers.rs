//! What the ledger answers, as its JSON says it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sekisho_link::{EvidenceLacks, MissingRange};
use sekisho_wire::id::Hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::AdminError;
use crate::terminal_word::{CarriedTo, TerminalWord};

/// An act's place, proved.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Index in its log.
    pub index: u64,
    /// Inclusion proof.
    pub proof: Vec<Hash>,
    /// The checkpoint it leads to; many may lead to one.
    pub checkpoint: Arc<str>,
}

/// A terminal that asks to belong to the office.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Waiting {
    /// Its code.
    pub terminal: String,
    /// Its key, base64.
    pub key: String,
    /// When it asked.
    pub at: u64,
}

/// What is left of a log that has stopped.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Lost {
    /// Which log.
    pub log: String,
    /// Entries that the ledger has.
    pub size: u64,
    root: String,
    /// Entries that were signed, as far as anybody has shown.
    pub signed: u64,
    /// Why it has stopped.
    pub cause: String,
    /// Whether terminals may still bring what is missing.
    pub refillable: bool,
}

impl Lost {
    /// The root of what the ledger has.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn root(&self) -> Result<sekisho_tlog::Hash, AdminError> {
        sekisho_tlog::Hash::from_base64(&self.root).ok_or(AdminError::Ledger("a root that is none"))
    }
}

/// How far a terminal's records have come.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Behind {
    /// Its code.
    pub terminal: String,
    /// When the ledger last heard of it.
    pub last_heard: Option<u64>,
    /// Its epoch.
    pub epoch: u64,
    /// The next record that the ledger expects.
    pub next: u64,
    /// Records that it said last that it has and the ledger has not.
    #[serde(default)]
    pub holds: u64,
    /// What is missing.
    #[serde(default)]
    pub missing: Vec<MissingRange>,
}

/// One page of a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Index in the records log, and the record's bytes; newest first.
    pub rows: Vec<(u64, Vec<u8>)>,
    /// Which of them were carried out of an earlier epoch, and where they stand.
    pub carried: BTreeMap<u64, CarriedTo>,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// What it lacks.
    pub lacks: EvidenceLacks,
    /// Entries of the records log that the answer was made from,
    pub size: u64,
    /// of so many.
    pub of: u64,
    /// What was destroyed: nothing of it is found.
    pub destroyed: Vec<DestroyedMonths>,
}

/// Months of a class that an act destroyed (§L5).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct DestroyedMonths {
    /// Number of the class.
    pub class: u64,
    /// The first month.
    pub from: u32,
    /// The first month that was not.
    pub to: u32,
    /// Index of the act.
    pub act: u64,
}

/// How the ledger's backups stand (§L4).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Media {
    /// The media.
    pub media: Vec<Medium>,
    /// Since when there should have been a newer backup.
    pub overdue_since: Option<u64>,
    /// When the last attempt came to nothing.
    pub failed: Option<u64>,
    /// When the keys were copied elsewhere.
    pub keys_copied: Option<u64>,
}

/// A medium for backups.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Medium {
    /// What stands on its label.
    pub name: String,
    /// Where it is kept.
    pub place: Option<String>,
    /// Since when it is listed.
    pub listed: u64,
    /// When the backup was made that was verified on it last.
    pub verified: Option<u64>,
}

/// A month of a class that has records (§L5).
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct KeptMonth {
    /// Number of the class.
    pub class: u64,
    /// The month.
    pub month: u32,
    /// Whether its contents are erased.
    pub erased: bool,
}

/// Which records of a terminal are to be proved sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    /// Of which epoch.
    pub epoch: u32,
    /// From which seq on.
    pub from: u64,
    /// Size of the checkpoint that the terminal has seen, or will have.
    pub seen: u64,
}

/// The ledger's answer to that, as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    /// All of it.
    pub answer: Value,
}

impl Seal {
    /// The signed note in it.
    pub(crate) fn checkpoint(&self) -> &str {
        self.answer.get("checkpoint").and_then(Value::as_str).unwrap_or_default()
    }

    /// Where the records end that it proves from `from` on, if it does.
    pub(crate) fn end(&self, from: u64) -> Option<u64> {
        let range = self.answer.get("ranges")?.as_array()?.last()?;
        let number = |name: &str| range.get(name).and_then(Value::as_u64);
        number("first")?.checked_add(number("count")?).filter(|end| *end > from)
    }
}

/// A record with what proves it.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// The record's bytes.
    pub record: Vec<u8>,
    /// Its place.
    pub place: Place,
    /// What its terminal signed; nothing for records of the ledger.
    pub word: Option<TerminalWord>,
    /// What the ledger lacks.
    pub lacks: EvidenceLacks,
}

#[derive(Deserialize)]
pub(super) struct RegisterPage {
    pub(super) checkpoint: String,
    pub(super) entries: Vec<String>,
    #[serde(default)]
    pub(super) names: Vec<WireName>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireName {
    pub(super) salt: String,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) record: String,
    #[serde(default)]
    pub(super) carried: Option<CarriedTo>,
}
