//! What stands between records and the ledger.

use std::fmt;

use sekisho_tlog::TlogError;

use crate::batch::CannotSeal;
use crate::journal::error::JournalError;

/// Why the ledger's word is not believed, or records cannot be sent.
#[derive(Debug)]
pub(super) enum Trouble {
    /// A proof or signature is wrong.
    Proof(TlogError),
    /// The answer is not what it should be.
    Malformed,
    /// The records log is smaller than it was.
    Rollback { seen: u64, shown: u64 },
    /// The ledger's chain is not ours.
    OtherChain { next: u64 },
    /// The journal cannot be read from this record on.
    Journal { seq: u64, error: JournalError },
    /// Our half of sealing failed.
    CannotSeal(CannotSeal),
    /// The cursor cannot be kept.
    Disk(std::io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proof(error) => write!(f, "cannot believe the ledger's seal: {error}"),
            Self::Malformed => f.write_str("cannot read the ledger's answer: malformed"),
            Self::Rollback { seen, shown } => {
                write!(f, "cannot believe the ledger: its records log had {seen} entries and is shown with {shown}")
            }
            Self::OtherChain { next } => {
                write!(f, "cannot send records: the ledger has another history of this terminal before record {next}")
            }
            Self::Journal { error, .. } => write!(f, "{error}"),
            Self::CannotSeal(error) => write!(f, "{error}"),
            Self::Disk(error) => write!(f, "cannot keep how far the ledger is: {error}"),
        }
    }
}

impl Trouble {
    /// What of our own holds the records back, whatever the ledger does. A cursor that cannot be kept is known by [`Uplink::keep`].
    pub(super) const fn holds(&self) -> Option<Held> {
        match self {
            Self::Journal { seq, .. } => Some(Held::Unread(*seq)),
            Self::CannotSeal(_) => Some(Held::Unsealable),
            Self::Disk(_) | Self::Proof(_) | Self::Malformed | Self::Rollback { .. } | Self::OtherChain { .. } => None,
        }
    }

    /// Whether the ledger shows what cannot be true of its log.
    pub(super) const fn is_disbelief(&self) -> bool {
        match self {
            Self::Proof(_) | Self::Malformed | Self::Rollback { .. } => true,
            Self::OtherChain { .. } | Self::Journal { .. } | Self::CannotSeal(_) | Self::Disk(_) => false,
        }
    }
}

impl From<TlogError> for Trouble {
    fn from(error: TlogError) -> Self {
        Self::Proof(error)
    }
}

/// Why this terminal itself cannot send: tried again in each round, for a ledger that does not answer says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// The journal cannot be read from this record on.
    Unread(u64),
    /// Records cannot be sealed for the ledger.
    Unsealable,
}
