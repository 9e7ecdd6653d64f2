//! Why the journal cannot be opened, and why an append was not recorded.

use std::fmt;
use std::io;

/// The journal cannot be used.
#[derive(Debug)]
pub enum JournalError {
    /// The file system refused.
    Io {
        /// What was being done: "read", "create", ….
        act: &'static str,
        /// With what.
        object: String,
        /// Why.
        source: io::Error,
    },
    /// Records are missing, or a segment was not sealed by this terminal's key.
    Damaged {
        /// In or before which segment.
        segment: String,
        /// The first seq that is missing, where that is known.
        first: Option<u64>,
    },
    /// Bytes that were sealed once do not open any more.
    Changed {
        /// In which segment.
        segment: String,
        /// The first record that does not open.
        first: u64,
    },
    /// Records are asked for that were sealed and have been removed.
    Pruned {
        /// The first of them.
        first: u64,
    },
    /// The journal ends before what the ledger has acknowledged: records are lost, or an old copy was put back.
    Short {
        /// Where the journal would go on.
        next: u64,
        /// Records below this were acknowledged by the ledger.
        stored: u64,
    },
    /// The journal of this epoch was set aside: nothing more is written in it.
    SetAside {
        /// The epoch.
        epoch: u32,
    },
    /// The journal would begin an epoch before that of which the ledger has heard: it is gone, and so is the register that tells the epoch.
    Behind {
        /// The epoch that it would begin.
        epoch: u32,
        /// The epoch of what was sent last.
        sent: u32,
    },
    /// The kernel gives no randomness.
    NoRandomness,
}

impl JournalError {
    pub(crate) fn io(act: &'static str, object: &str, source: io::Error) -> Self {
        Self::Io { act, object: object.into(), source }
    }

    /// Whether the disk has no room, or this user none of it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        matches!(self, Self::Io { source, .. } if full(source.kind()))
    }

    /// What a person does next.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "Check that the disk has room, is not read-only, and that the folder belongs to the agent."
            }
            Self::Damaged { .. } | Self::Changed { .. } => {
                "Leave the journal as it is and call the system manager: it is evidence. Do not restore it from a copy. To look at it: \
                 sekisho-agent journal show; to go on without it: sekisho-agent journal set-aside."
            }
            Self::Pruned { .. } => {
                "The ledger has lost records that it had sealed longer ago than terminals keep them. Call the system manager: a newer copy of \
                 the ledger has to be restored; where another log goes on in its place, an administrator opens a new epoch with a card: \
                 sekisho-admin terminal open-epoch."
            }
            Self::Short { .. } | Self::SetAside { .. } | Self::Behind { .. } => {
                "Nothing is granted until an administrator opens a new epoch with a card: sekisho-admin terminal open-epoch."
            }
            Self::NoRandomness => "Restart the machine; if that does not help, call the system manager.",
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { act, object, source } => write!(f, "cannot {act} {object}: {source}"),
            Self::Damaged { segment, first: Some(first) } => {
                write!(f, "cannot use the journal: records from {first} on are missing before {segment}")
            }
            Self::Damaged { segment, first: None } => {
                write!(f, "cannot use the journal: {segment} is damaged or belongs to another terminal")
            }
            Self::Changed { segment, first } => {
                write!(f, "cannot use the journal: record {first} in {segment} was changed or has decayed")
            }
            Self::Pruned { first } => {
                write!(f, "cannot send records from {first} on: they were sealed, and have been removed since")
            }
            Self::Short { next, stored } => write!(
                f,
                "cannot use the journal: it ends before record {next}, and the ledger has acknowledged all before {stored}"
            ),
            Self::SetAside { epoch } => write!(f, "cannot go on with epoch {epoch}: its journal was set aside"),
            Self::Behind { epoch, sent } => {
                write!(f, "cannot begin epoch {epoch}: records of epoch {sent} were sent, and their journal is gone")
            }
            Self::NoRandomness => f.write_str("cannot seal the journal: the kernel gives no randomness"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Damaged { .. }
            | Self::Changed { .. }
            | Self::Pruned { .. }
            | Self::Short { .. }
            | Self::SetAside { .. }
            | Self::Behind { .. }
            | Self::NoRandomness => None,
        }
    }
}

/// The record is not known to be on disk: nothing may be granted on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRecorded;

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot write the record to the journal")
    }
}

impl std::error::Error for NotRecorded {}
