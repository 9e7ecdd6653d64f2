//! Arguments about access records.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sekisho_wire::id::{CardGuid, CaseReference, Code, OfficeId};
use sekisho_wire::record::{KINDS, kind_number};

use super::{RecordsPrintArguments, StatisticsArguments, when, word};
use crate::dates::When;

/// Records.
#[derive(Debug, Subcommand)]
pub(crate) enum RecordsCommand {
    /// Search access records, newest first; the search itself is recorded (検索)
    Search(Box<SearchArguments>),
    /// Count what each operator asked for, by function and purpose, to review it; each page that is read is recorded (事由別の利用状況)
    Purposes(Box<Question>),
    /// Write what a search finds into a file, as CSV or as OCSF events; each page that is read is recorded with the number of its
    /// permission (書き出し)
    Export(Box<ExportArguments>),
    /// Print a form over access records, with what is missing at its end; each page that is read is recorded with the number of its
    /// permission (帳票の印刷)
    Print(Box<RecordsPrintArguments>),
    /// Count a fiscal year by month, function and kind of terminal; nobody is named; the reading is recorded (利用統計)
    Statistics(Box<StatisticsArguments>),
    /// Show one record (表示)
    Show {
        /// Its index in the records log
        index: u64,
    },
    /// Verify records: place in the log, terminal, decision, card; ends with 3 if one does not hold, 4 if some are missing (検証)
    Verify {
        /// Its index in the records log
        #[arg(required_unless_present = "all")]
        index: Option<u64>,
        /// Every record
        #[arg(long, conflicts_with = "index")]
        all: bool,
    },
    /// List the entries of a period that somebody should be asked about: one id all day, out of hours without a permit, outside duties, no purpose, two
    /// terminals, many refusals, unusual counts; the reading is recorded (確認対象の抽出)
    Review {
        /// From this date
        #[arg(long, value_parser = when, value_name = "DATE")]
        since: When,
        /// Until the end of this date [default: now]
        #[arg(long, value_parser = when, value_name = "DATE")]
        until: Option<When>,
        /// Only about this person
        #[arg(long, value_parser = word::<Code>)]
        operator: Option<Code>,
        /// Only at this terminal
        #[arg(long, value_parser = word::<Code>)]
        terminal: Option<Code>,
        /// Write down that the period was looked through, with the counts, on the form 'log-check' (確認表の作成)
        #[arg(long)]
        check: bool,
    },
    /// Write an evidence file: records, and all by which anybody verifies them without the ledger ('sekisho-admin verify-evidence') (証拠ファイル)
    Evidence(Box<EvidenceArguments>),
    /// Give the ledger the records of a terminal whose line is dead, from the file that 'sekisho-agent records export' wrote there, and
    /// write the ledger's proof into another, for 'sekisho-agent records import'; may be repeated (持ち運び)
    Carry {
        /// The file of records
        file: PathBuf,
        /// The file of seals to write [default: FILE.seals]
        #[arg(long, value_name = "FILE")]
        seals: Option<PathBuf>,
    },
}

fn kind(text: &str) -> Result<u16, String> {
    kind_number(text).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|(_, name)| *name).collect();
        format!("not a kind of record: one of {}", names.join(", "))
    })
}

/// What to show.
#[derive(Debug, Default, Args)]
pub(crate) struct SearchArguments {
    /// What to look for.
    #[command(flatten)]
    pub question: Question,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

/// What to take away.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// What to look for.
    #[command(flatten)]
    pub question: Question,
    /// The number of the decision that permits it (許可番号); no name fits it
    #[arg(long, value_name = "NUMBER")]
    pub permission: CaseReference,
    /// For spreadsheets (csv), or for programs that watch over security (ocsf)
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// The file; it has its name when it is whole
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Begin a CSV file with a byte order mark: Excel shows Japanese as rubbish without it
    #[arg(long)]
    pub bom: bool,
}

/// What to write evidence of.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArguments {
    /// Their indexes in the records log; at most 256, with what is found
    #[arg(value_name = "INDEX")]
    pub indexes: Vec<u64>,
    /// What to look for besides.
    #[command(flatten)]
    pub question: Question,
    /// The new file; it has its name when it is whole
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The number of the decision that permits it (許可番号); it stands in the file and in the record of each reading
    #[arg(long, value_name = "NUMBER")]
    pub permission: CaseReference,
}

/// What to check, and by what.
#[derive(Debug, Args)]
pub(crate) struct VerifyEvidenceArguments {
    /// What 'records evidence' wrote
    pub file: PathBuf,
    /// What 'office export' wrote, compared with the office by its fingerprint
    #[arg(long, value_name = "FILE", required_unless_present = "office_id")]
    pub office: Option<PathBuf>,
    /// The office's id, as a person of the office reads it out: the hash of its founding act
    #[arg(long, value_name = "HEX", conflicts_with = "office", value_parser = office_id)]
    pub office_id: Option<OfficeId>,
}

pub(super) fn office_id(text: &str) -> Result<OfficeId, String> {
    text.trim().to_lowercase().parse().map_err(|_| "not an office's id: 32 digits and letters from a to f".to_owned())
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// RFC 4180, UTF-8, safe against formulas; titles in the language of --lang
    Csv,
    /// Open Cybersecurity Schema Framework, one event a line
    Ocsf,
}

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Question {
    /// Who
    #[arg(long, value_parser = word::<Code>)]
    pub operator: Option<Code>,
    /// With which card (GUID)
    #[arg(long, value_parser = word::<CardGuid>)]
    pub card: Option<CardGuid>,
    /// At which terminal
    #[arg(long, value_parser = word::<Code>)]
    pub terminal: Option<Code>,
    /// Which function
    #[arg(long, value_parser = word::<Code>)]
    pub function: Option<Code>,
    /// For which case
    #[arg(long)]
    pub case: Option<CaseReference>,
    /// granted, refused, or the number of a verdict
    #[arg(long)]
    pub verdict: Option<String>,
    /// Kind of record, by name or number: session_opened, decision, locked, …; a wrong one is answered with the list
    #[arg(long, value_parser = kind)]
    pub kind: Option<u16>,
    /// From this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub since: Option<When>,
    /// Until the end of this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub until: Option<When>,
}
