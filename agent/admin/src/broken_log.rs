//! A log that the ledger shows is not the one it showed before.

use std::fmt;

use sekisho_register::change::Log;
use sekisho_tlog::TlogError;
use sekisho_wire::words::Language;

/// What the ledger shows of a log is not a continuation of what it showed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokenLog {
    /// Which log.
    pub log: Log,
    /// What is wrong with it.
    pub broken: Broken,
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Fewer entries than were verified before.
    Rollback {
        /// Entries verified before.
        known: u64,
        /// Entries the ledger shows now.
        shown: u64,
    },
    /// Another root over entries that were verified before, or over the new ones.
    Fork {
        /// Size of the checkpoint that does not fit.
        size: u64,
    },
    /// The checkpoint names more or fewer entries than the ledger handed out.
    Incomplete {
        /// Entries at hand.
        have: u64,
        /// Entries the checkpoint names.
        size: u64,
    },
    /// It begins with the founding act of another office.
    OtherOffice,
    /// The checkpoint is not signed by the log's key.
    Checkpoint(TlogError),
}

impl Broken {
    /// Of this log.
    #[must_use]
    pub(crate) const fn of(self, log: Log) -> BrokenLog {
        BrokenLog { log, broken: self }
    }
}

impl BrokenLog {
    /// In Japanese.
    #[must_use]
    pub(crate) fn japanese(&self) -> String {
        let log = self.log.name(Language::Japanese);
        match &self.broken {
            Broken::Rollback { known, shown } => {
                format!("台帳の{log}が後戻りしています(検証済み{known}件、台帳は{shown}件)")
            }
            Broken::Fork { size } => format!("台帳の示す{log}({size}件)は、以前に検証したものの続きではありません"),
            Broken::Incomplete { have, size } => {
                format!("台帳の{log}がそろっていません(届いたもの{have}件、署名{size}件)")
            }
            Broken::OtherOffice => format!("台帳の示す{log}は、別の団体のものです"),
            Broken::Checkpoint(error) => format!("{log}のチェックポイントを信頼できません: {error}"),
        }
    }
}

impl fmt::Display for BrokenLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log.name(Language::English);
        match &self.broken {
            Broken::Rollback { known, shown } => {
                write!(f, "the ledger's {log} log went back: {known} entries were verified, it shows {shown}")
            }
            Broken::Fork { size } => {
                write!(f, "the ledger's {log} log forked: {size} entries are not those that were verified")
            }
            Broken::Incomplete { have, size } => {
                write!(f, "the ledger's {log} log is incomplete: {have} entries came, the checkpoint names {size}")
            }
            Broken::OtherOffice => write!(f, "the ledger's {log} log is another office's"),
            Broken::Checkpoint(error) => write!(f, "cannot trust the checkpoint of the {log} log: {error}"),
        }
    }
}

impl std::error::Error for BrokenLog {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.broken {
            Broken::Checkpoint(error) => Some(error),
            Broken::Rollback { .. } | Broken::Fork { .. } | Broken::Incomplete { .. } | Broken::OtherOffice => None,
        }
    }
}
