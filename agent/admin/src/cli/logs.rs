//! Arguments about the ledger's logs.

use clap::Subcommand;

/// The ledger's logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// What is left of the logs that have stopped, and why they have (停止したログの一覧)
    Lost,
    /// Give up what nobody can bring back of the records log: another goes on from what is left (失われた記録を確定し、新しいログに引き継ぎます)
    Succeed,
    /// Have a log signed by a new key, which `sekisho-ledger log-key` made and showed (ログの署名鍵を替えます)
    Rekey {
        /// The key, as it was shown there (台帳で表示された検証鍵)
        #[arg(value_name = "NAME+ID+KEY")]
        key: String,
    },
}
