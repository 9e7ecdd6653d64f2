//! Arguments about terminals.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sekisho_register::change::{EpochReason, TerminalKind};
use sekisho_wire::id::{Code, ReaderIdentity};

use super::{Since, word};

/// Terminals.
#[derive(Debug, Subcommand)]
pub(crate) enum TerminalCommand {
    /// Have the ledger make a one-time code for a terminal (登録コードの発行)
    Invite {
        /// The terminal
        #[arg(value_parser = word::<Code>)]
        terminal: Code,
        /// Where the code goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// List the terminals that wait for an act (登録待ち一覧)
    Pending,
    /// Register a terminal that waits: compare its fingerprint, sign (端末機の登録)
    Enrol(EnrolArguments),
    /// Suspend a terminal (停止)
    Suspend(TerminalChange),
    /// Lift a suspension (停止の解除)
    Lift(TerminalChange),
    /// Retire a terminal (廃止)
    Retire(TerminalChange),
    /// Let a terminal begin a new history of records
    OpenEpoch {
        /// The terminal
        #[arg(value_parser = word::<Code>)]
        terminal: Code,
        /// The next one: one more than the last (次の番号)
        #[arg(long)]
        epoch: u32,
        /// replaced, restored, fork or other
        #[arg(long, value_parser = word::<EpochReason>)]
        reason: EpochReason,
    },
    /// List terminals, and who is responsible for each (一覧)
    List {
        /// Only those for which nobody is responsible now (責任者不在)
        #[arg(long)]
        unattended: bool,
    },
    /// How far each terminal's records have come (未着の記録)
    Behind,
}

/// Arguments of `terminal enrol`.
#[derive(Debug, Args)]
pub(crate) struct EnrolArguments {
    /// The terminal
    #[arg(value_parser = word::<Code>)]
    pub terminal: Code,
    /// business, management, integrated or card-issuing
    #[arg(long, value_parser = word::<TerminalKind>, default_value = "business")]
    pub kind: TerminalKind,
    /// Where it stands
    #[arg(long, value_parser = word::<Code>)]
    pub section: Code,
    /// The post responsible for it
    #[arg(long, value_parser = word::<Code>)]
    pub responsible: Option<Code>,
    /// What it is for; give it as often as needed
    #[arg(long = "function", value_parser = word::<Code>)]
    pub functions: Vec<Code>,
    /// A reader that belongs to it [default: any one]
    #[arg(long = "reader-id", value_parser = word::<ReaderIdentity>)]
    pub readers: Vec<ReaderIdentity>,
    /// The fingerprint that the terminal shows; compared instead of asking. Needed with --yes
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

/// A change of a terminal's state.
#[derive(Debug, Args)]
pub(crate) struct TerminalChange {
    /// The terminal
    #[arg(value_parser = word::<Code>)]
    pub terminal: Code,
    /// From when.
    #[command(flatten)]
    pub since: Since,
}
