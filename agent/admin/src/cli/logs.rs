//! Arguments about the ledger's logs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sekisho_register::change::Log;

/// The ledger's logs.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// What is left of the logs that have stopped, and why they have (停止したログの一覧)
    Lost,
    /// Give up what nobody can bring back of a log: another goes on from what is left (失われた内容を確定し、新しいログに引き継ぎます)
    Succeed(SucceedArguments),
    /// Approve that another casebook goes on, out of the file that 'log succeed casebook' wrote (処理簿の引継ぎの承認)
    Approve {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Have a log signed by a new key, which `sekisho-ledger log-key` made and showed (ログの署名鍵を替えます)
    Rekey {
        /// The key, as it was shown there (台帳で表示された検証鍵)
        #[arg(value_name = "NAME+ID+KEY")]
        key: String,
    },
}

/// Arguments of `log succeed`.
#[derive(Debug, Args)]
pub(crate) struct SucceedArguments {
    /// Which log (対象のログ)
    #[arg(value_enum, default_value_t = SuccessorOf::Records)]
    pub log: SuccessorOf,
    /// Where the proposal goes, if it is for the casebook: with '--propose'. No casebook can take it, so it goes to the approver as a file (申請の書き出し先)
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// A log in whose place another can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SuccessorOf {
    /// 操作記録
    Records,
    /// 処理簿
    Casebook,
}

impl SuccessorOf {
    /// It.
    #[must_use]
    pub(crate) const fn log(self) -> Log {
        match self {
            Self::Records => Log::Records,
            Self::Casebook => Log::Casebook,
        }
    }
}
