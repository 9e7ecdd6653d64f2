//! Arguments about what was reported at terminals.

use clap::Subcommand;

use super::{CommitteeArguments, CustodyArguments, MediaArguments};
use crate::given_text;

/// Reports.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// List cards blocked at terminals, and incidents, newest first (届出一覧)
    List {
        /// Only cards about which nobody has decided, or whose form is not closed
        #[arg(long)]
        open: bool,
    },
    /// Show one: its act, and the terminal's record of who reported it when; the search is recorded (届出の表示)
    Show {
        /// The id of its act, or the beginning of it
        id: String,
    },
    /// Fill in the form of a lost card from a report: its card, reason, time, terminal and act stand in it already (紛失等届の作成)
    #[command(after_help = given_text::HELP)]
    Form {
        /// The id of the act that blocked the card, or the beginning of it, as 'report list' and 'acts' show it
        id: String,
        /// What else stands in it, place and circumstances at least; 'form show card-loss' names the fields, and a text may be @FILE or -
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// Print what is kept, since when and until when, what keeps it longer, what was destroyed, and the media (データ保管状況報告書)
    Custody(Box<CustodyArguments>),
    /// Print the media, those of the ledger's backups and those of the form 'medium': where each lies, when it was verified last (媒体一覧)
    Media(Box<MediaArguments>),
    /// Print what the security committee looks at: operators, cards, refusals, incidents, stops, inspections, reviews of entries, training; the reading is
    /// recorded (委員会報告資料)
    Committee(Box<CommitteeArguments>),
}
