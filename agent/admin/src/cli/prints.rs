//! Arguments about registers and forms in print.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use sekisho_paper::registers::Which;
use sekisho_wire::id::{CaseReference, Code};
use sekisho_wire::words::Language;

use super::{Question, when, word};
use crate::dates::When;

/// Registers.
#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Print a register as it stood on a date: as lines, as CSV, or as pages for a printer (台帳)
    Print(Box<RegisterArguments>),
}

/// Which register, and how.
#[derive(Debug, Args)]
pub(crate) struct RegisterArguments {
    /// Which
    #[arg(value_parser = registers())]
    pub which: Which,
    /// As of the end of this day, or of this minute [default: now] (基準日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub as_of: Option<When>,
    /// Of 'designations': for the fiscal year that begins in this year [default: the present one] (年度)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1989..=9000))]
    pub year: Option<u16>,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
    /// An earlier print again.
    #[command(flatten)]
    pub again: AgainArguments,
}

/// The registers by their names, each with what it is.
fn registers() -> impl TypedValueParser<Value = Which> {
    let named = Which::ALL.map(|which| {
        let (form, number) = (which.form(), which.form().number_in_words(Language::Japanese));
        let number = if number.is_empty() { number } else { format!("({number})") };
        PossibleValue::new(form.key).help(format!("{}{number}", form.title.japanese))
    });
    PossibleValuesParser::new(named).map(|key| Which::from_key(&key).expect("it is one of those that were named"))
}

/// Where a print goes.
#[derive(Debug, Default, Args)]
pub(crate) struct OutputArguments {
    /// Write it into this new file as CSV, one row a line; what stands in head and foot and under the table goes beside it, into FILE with -notes before
    /// its ending (表計算用。表題・条件・注は「-notes」のファイルへ)
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Begin the CSV file with a byte order mark: Excel shows Japanese as rubbish without it
    #[arg(long, requires = "csv")]
    pub bom: bool,
    /// Write it into this new file as pages for a printer: A4, opened with any browser (印刷用)
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// How a print looks.
#[derive(Debug, Default, Args)]
pub(crate) struct LookArguments {
    /// Folder with the office's own templates [default: templates in the home directory, where there is one] (様式)
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

/// An earlier print again. Only of logs that can be had as they were: a head that says another minute than that of its contents would be false.
#[derive(Debug, Default, Args)]
pub(crate) struct AgainArguments {
    /// From the register of so many entries, as the foot of an earlier print says; with --printed-at and --printed-by the same print again
    #[arg(long, value_name = "ENTRIES")]
    pub at_size: Option<u64>,
    /// With --at-size: the minute in which that print was made [default: now] (印刷日時)
    #[arg(long, value_parser = when, value_name = "TIME", requires = "at_size")]
    pub printed_at: Option<When>,
    /// With --at-size: who made it [default: the holder of the card] (印刷者)
    #[arg(long, value_parser = word::<Code>, value_name = "OPERATOR", requires = "at_size")]
    pub printed_by: Option<Code>,
}

/// An earlier print of cases again: the casebook is a log of its own.
#[derive(Debug, Default, Args)]
pub(crate) struct CasesAgainArguments {
    /// Of which register, by whom, when.
    #[command(flatten)]
    pub of_register: AgainArguments,
    /// With --at-size: from the casebook of so many entries, as the head of that print says
    #[arg(long, value_name = "ENTRIES", requires = "at_size")]
    pub cases_size: Option<u64>,
}

/// A form over access records, and how.
#[derive(Debug, Args)]
pub(crate) struct RecordsPrintArguments {
    /// Which
    pub form: RecordsForm,
    /// Which records.
    #[command(flatten)]
    pub question: Question,
    /// The number of the decision that permits it (許可番号); it stands on the print, and in the record of each reading
    #[arg(long, value_name = "NUMBER")]
    pub permission: CaseReference,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
}

/// Which form over access records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordsForm {
    /// 操作履歴(様式第7号)
    History,
    /// 端末機操作実績簿、日別(様式第8号)
    WorkByDay,
    /// 端末機操作実績簿、月別(様式第8号)
    WorkByMonth,
    /// 端末機稼働状況記録(様式第9号)
    Running,
}

/// What is counted, and how.
#[derive(Debug, Args)]
pub(crate) struct StatisticsArguments {
    /// Of the fiscal year that begins in this year (年度)
    #[arg(long, value_parser = clap::value_parser!(u16).range(1989..=9000))]
    pub year: u16,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
}

/// A report of several tables.
#[derive(Debug, Args)]
pub(crate) struct CustodyArguments {
    /// The new file, pages for a printer
    #[arg(long, value_name = "FILE")]
    pub html: PathBuf,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
}

/// Which media, and how.
#[derive(Debug, Args)]
pub(crate) struct MediaArguments {
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
}

/// A report of a period.
#[derive(Debug, Args)]
pub(crate) struct CommitteeArguments {
    /// From this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: When,
    /// Until the end of this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: When,
    /// The new file, pages for a printer
    #[arg(long, value_name = "FILE")]
    pub html: PathBuf,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
    /// An earlier print again.
    #[command(flatten)]
    pub again: CasesAgainArguments,
    /// With --at-size: from the records log of so many entries, as the head of that print says; of them what is kept still
    #[arg(long, value_name = "ENTRIES", requires = "at_size")]
    pub records_size: Option<u64>,
}

/// Labels for cards.
#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// For these cards, by GUID or number [default: all that are not gone]
    #[arg(value_name = "CARD")]
    pub cards: Vec<String>,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
}

/// Templates.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplatesCommand {
    /// List the forms that can be printed, with the template of each (一覧)
    List,
    /// Write the built-in templates into a folder, to begin from; no file is written over
    Export {
        /// The folder; made if it is not there
        folder: PathBuf,
    },
    /// Try every form with the templates in a folder, filled in with samples
    Check {
        /// The folder [default: templates in the home directory]
        folder: Option<PathBuf>,
    },
}
