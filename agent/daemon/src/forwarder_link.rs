//! What agent and forwarder say to each other. The agent asks, the forwarder carries and brings the answer; it understands neither.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest message on this link: a mebibyte of acts in base64 and the names in them (LEDGER.md §L3), with room.
pub(crate) const FORWARDER_MESSAGE_MAX: usize = 16 * 1024 * 1024;

/// The two lines of a forwarder: the register's waits up to a minute for news, and records must not wait behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// Register and freshness.
    Register,
    /// Batches, seals, cursor, acts.
    Records,
}

/// The first message of the forwarder on each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Which line this is.
    pub(crate) line: Line,
}

/// From the agent to the forwarder (LEDGER.md §L3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "carry", rename_all = "snake_case")]
pub(crate) enum Errand {
    /// GET register.
    Register {
        /// Entries from this index on.
        from: u64,
        /// Seconds to wait for one.
        wait: u64,
        /// The checkpoint of the register that was verified last, as it came.
        seen: Option<String>,
        /// The same of the records log, or what the ledger gave us to show.
        records: Option<String>,
        /// The checkpoint of the casebook that the ledger gave us to show.
        casebook: Option<String>,
        /// Up to which index of records log and casebook the ledger has given us what we are to keep.
        kept: [u64; 2],
        /// Our epoch, and the seq that our next record gets there.
        written: (u32, u64),
    },
    /// POST batches.
    Batch {
        /// The sealed envelope, base64.
        envelope: String,
    },
    /// GET seal.
    Seal {
        /// Epoch.
        epoch: u32,
        /// From which seq.
        from: u64,
        /// Size of the newest checkpoint that was verified.
        seen: u64,
        /// Size of another that has to be contained as well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
    },
    /// GET cursor.
    Cursor {
        /// Epoch.
        epoch: u32,
    },
    /// POST acts: one that this terminal's key has signed.
    Act {
        /// The office, hexadecimal.
        office: String,
        /// The signed act, base64.
        act: String,
    },
    /// GET refill: what a ledger lacks that is behind what was signed.
    Refill,
    /// POST refill/records: our own, from this index of the log on.
    RefillRecords {
        /// The index.
        index: u64,
        /// The sealed envelope, base64.
        envelope: String,
    },
    /// POST refill/register.
    RefillRegister {
        /// Acts and names.
        body: Value,
    },
    /// POST refill/kept: what the ledger gave us to keep.
    RefillKept {
        /// The entries.
        body: Value,
    },
    /// Look after the certificate; POST certificate when little of its time is left.
    Certificate,
}

impl Errand {
    /// On which line it goes.
    pub(crate) const fn line(&self) -> Line {
        match self {
            Self::Register { .. } => Line::Register,
            Self::Batch { .. }
            | Self::Seal { .. }
            | Self::Cursor { .. }
            | Self::Act { .. }
            | Self::Refill
            | Self::RefillRecords { .. }
            | Self::RefillRegister { .. }
            | Self::RefillKept { .. }
            | Self::Certificate => Line::Records,
        }
    }
}

/// From the forwarder to the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "brought", rename_all = "snake_case")]
pub(crate) enum Brought {
    /// The ledger's answer, as it came.
    Answer {
        /// Its JSON.
        body: Value,
    },
    /// The ledger refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// The ledger's code: "gap", "fork", ….
        code: String,
        /// What happened, for the log.
        detail: String,
        /// Seconds to wait.
        retry_after: Option<u64>,
        /// What else it said.
        facts: Map<String, Value>,
    },
    /// How the certificate is.
    Certified {
        /// Until when it holds, ms since 1970 UTC.
        ends: u64,
        /// Why it was not renewed although it should have been.
        trouble: Option<String>,
    },
    /// The ledger did not answer, or not as a ledger does.
    Unreachable {
        /// Why.
        what: String,
        /// What to do about it.
        next: String,
    },
}
