//! Arguments about the ledger's logs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sekisho_register::change::Log;
use sekisho_wire::id::{CaseReference, OfficeId};

use super::records::office_id;
use super::when;
use crate::dates::When;

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
    /// Take the logs out of the ledger into a folder, for an auditor who verifies them without it ('sekisho-admin verify-logs'); each reading is recorded with
    /// the number of its permission (ログの書出し)
    Export(LogExportArguments),
    /// Have a log signed by a new key, which `sekisho-ledger log-key` made and showed (ログの署名鍵を替えます)
    Rekey {
        /// The key, as it was shown there (台帳で表示された検証鍵)
        #[arg(value_name = "NAME+ID+KEY")]
        key: String,
    },
}

/// Arguments of `log export`.
#[derive(Debug, Args)]
pub(crate) struct LogExportArguments {
    /// A new or empty folder, or one in which this very export was interrupted (書出し先フォルダー)
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The number of the decision that permits it (許可番号)
    #[arg(long, value_name = "NUMBER")]
    pub permission: CaseReference,
    /// Only the records from this date on, with those of two days before it that their sessions need [default: all]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: Option<When>,
    /// Only the records until the end of this date [default: all]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: Option<When>,
}

/// What to verify, and by what.
#[derive(Debug, Args)]
pub(crate) struct VerifyLogsArguments {
    /// The folder that 'log export' wrote
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// What 'office export' wrote, compared with the office by its fingerprint
    #[arg(long, value_name = "FILE", required_unless_present = "office_id")]
    pub office: Option<PathBuf>,
    /// The office's id, as it stands on the printed sheet or a person of the office reads it out: the hash of its founding act
    #[arg(long, value_name = "HEX", conflicts_with = "office", value_parser = office_id)]
    pub office_id: Option<OfficeId>,
    /// A checkpoint of one of the logs that was kept elsewhere, as from the month's sheet: the log must continue it; may be given several times
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// Say those that hold from this date on; what does not hold is always said [default: all]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: Option<When>,
    /// Say those that hold until the end of this date [default: all]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: Option<When>,
    /// Say each record, and not only those that do not hold or are unclear
    #[arg(long)]
    pub each: bool,
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
