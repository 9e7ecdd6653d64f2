//! Arguments about logs that have stopped.

use clap::Subcommand;

/// The ledger's logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// What is left of the logs that have stopped, and why they have (停止したログの一覧)
    Lost,
    /// Give up what nobody can bring back of the records log: another goes on from what is left (失われた記録を確定し、新しいログに引き継ぎます)
    Succeed,
}
