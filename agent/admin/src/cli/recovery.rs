//! Arguments about recovery: the keys out of the safe.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sekisho_wire::id::Code;

use super::{When, when, word};

/// Recovery (README, "Recovery").
#[derive(Debug, Subcommand)]
pub(crate) enum RecoveryCommand {
    /// All administrators' cards are lost: make new ones and new sheets, and announce them with the recovery keys (復旧の予告)
    Announce(AnnounceArguments),
    /// After the waiting time: carry out what was announced, with the recovery keys again (復旧の実施)
    Complete(SheetArguments),
    /// Object to what was announced, with an administrator's card: then nothing comes of it (異議の申立て)
    Object,
    /// Take back what was announced, with the recovery keys (予告の取消し)
    Withdraw(SheetArguments),
    /// Show what is announced, since when, and until when somebody can object (予告の確認)
    Show,
    /// Make new sheets in place of all that there are; another administrator approves it (復旧鍵の更新)
    Keys(NewSheetsArguments),
}

/// Arguments of `recovery announce`.
#[derive(Debug, Args)]
pub(crate) struct AnnounceArguments {
    /// Make a new card for this administrator, and end the ones that he signed with; give it as often as needed (管理者)
    #[arg(long = "administrator", value_parser = word::<Code>, value_name = "OPERATOR")]
    pub administrators: Vec<Code>,
    /// Until when the new cards hold [default: the end of the fiscal year after this one]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: Option<When>,
    /// More changes: a file as for 'apply', where other people are to be administrators
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read the PIN that each administrator chose from OPERATOR.pin in this directory instead of asking for it
    #[arg(long, value_name = "DIR")]
    pub own_pin_dir: Option<PathBuf>,
    #[command(flatten)]
    pub sheets: SheetArguments,
    #[command(flatten)]
    pub new: NewSheetsArguments,
}

/// Where the recovery keys come from.
#[derive(Debug, Args)]
pub(crate) struct SheetArguments {
    /// Read a sheet from this file (scanned, say) instead of asking for its lines; give it as often as there are sheets (復旧鍵の用紙)
    #[arg(long = "sheet", value_name = "FILE")]
    pub sheets: Vec<PathBuf>,
}

/// Where the new recovery keys go.
#[derive(Debug, Args)]
pub(crate) struct NewSheetsArguments {
    /// Where the new sheets go; print them, then destroy the files
    #[arg(long = "recovery-dir", value_name = "DIR")]
    pub directory: PathBuf,
    /// How many new sheets [default: as many as there are]
    #[arg(long, value_name = "COUNT")]
    pub keys: Option<u8>,
    /// How many of them together may act [default: as many as now]
    #[arg(long, value_name = "COUNT")]
    pub needed: Option<u8>,
}
