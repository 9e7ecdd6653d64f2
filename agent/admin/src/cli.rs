//! The command line.

mod card_secret;
mod cards;
mod cases;
mod console;
mod functions;
mod logs;
mod operators;
mod organisation;
mod partners;
mod permits;
mod prints;
mod records;
mod recovery;
mod reports;
mod retention;
mod terminals;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sekisho_register::Title;
use sekisho_wire::id::{CaseReference, Code, Hash, Numbered};
use sekisho_wire::words::Language;

pub(crate) use self::card_secret::{CardSecretCommand, RenewArguments, TokenArguments};
pub(crate) use self::cards::{BatchArguments, CardChange, CardCommand, FirstPinArguments, IssueArguments};
pub(crate) use self::cases::{CaseBookArguments, CaseCommand, CaseSheetArguments, FormCommand};
pub(crate) use self::console::ConsoleArguments;
pub(crate) use self::functions::{FunctionCommand, PurposeCommand};
pub(crate) use self::logs::{LogCommand, LogExportArguments, SucceedArguments, VerifyLogsArguments};
pub(crate) use self::operators::{OperatorChange, OperatorCommand, Renewal};
pub(crate) use self::organisation::{PostCommand, SectionCommand};
pub(crate) use self::partners::{AdmitArguments, Introduction, PartnerCommand};
pub(crate) use self::permits::{ConnectionChange, ConnectionCommand, PermitCommand, RouteCommand};
pub(crate) use self::prints::{
    AgainArguments, CasesAgainArguments, CommitteeArguments, CustodyArguments, LabelArguments, LookArguments,
    MediaArguments, OutputArguments, RecordsForm, RecordsPrintArguments, RegisterArguments, RegisterCommand,
    StatisticsArguments, TemplatesCommand,
};
pub(crate) use self::records::{
    EvidenceArguments, ExportArguments, ExportFormat, Question, RecordsCommand, SearchArguments,
    VerifyEvidenceArguments,
};
pub(crate) use self::recovery::{AnnounceArguments, NewSheetsArguments, RecoveryCommand, SheetArguments};
pub(crate) use self::reports::ReportCommand;
pub(crate) use self::retention::RetentionCommand;
pub(crate) use self::terminals::{EnrolArguments, TerminalChange, TerminalCommand};
use crate::config_text::FromText;
use crate::dates::When;
use crate::given_text;

/// Reads an argument by the same rules as a value in a file.
fn word<T: FromText>(text: &str) -> Result<T, String> {
    // clap speaks English.
    T::from_text(text).map_err(|rule| rule.in_words(Language::English).to_owned())
}

fn when(text: &str) -> Result<When, String> {
    // clap speaks English.
    When::read(text).map_err(|fault| fault.text(Language::English))
}

const AT_A_TERMINAL: &str = "\
At a clerk's terminal a command that needs a card borrows the card readers from the agent, as root or as a user under [peers] borrow in
agent.toml, while nobody's session is open there; the clerk's card is read again when the command has ended. （端末のリーダーの借用）";

/// The administrator's tool of an operator-card system: founds offices, issues cards, decides, verifies (管理者用コマンド).
#[derive(Debug, Parser)]
#[command(name = "sekisho-admin", version, max_term_width = 120, args_override_self = true, after_help = AT_A_TERMINAL)]
pub(crate) struct Cli {
    /// Home directory with the office's register and secrets (0700) [default: ~/.sekisho-admin]
    #[arg(long, global = true, value_name = "DIR", env = "SEKISHO_ADMIN_HOME")]
    pub home: Option<PathBuf>,
    /// Language of texts and messages (表示言語) [default: from LC_ALL, LC_MESSAGES, LANG; else ja]
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    /// Answer every question with yes (確認を省略)
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Print lists as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Read the administrator's PIN from the first line of this file
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "pin_stdin")]
    pub pin_file: Option<PathBuf>,
    /// Read the administrator's PIN from standard input
    #[arg(long, global = true)]
    pub pin_stdin: bool,
    /// Read the PIN of the token (HSM) with the card-management secret from the first line of this file [default: asked for]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_pin_file: Option<PathBuf>,
    /// Reader with the card to be worked on: its name or a part of it [default: the only one, or the one beside the administrator's]; 'found' takes several
    #[arg(long, global = true, value_name = "NAME")]
    pub reader: Vec<String>,
    /// Reader with the administrator's card [default: whichever holds one]
    #[arg(long, global = true, value_name = "NAME")]
    pub signer_reader: Option<String>,
    /// Seconds to wait for a card that is asked for
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300)]
    pub wait: u64,
    /// Sign in the name of this post [default: the only one held] (署名する職)
    #[arg(id = "signing_post", long = "post", value_name = "POST", global = true, value_parser = word::<Code>)]
    pub post: Option<Code>,
    /// Sign as deputy of the post's holder (代決)
    #[arg(long, global = true)]
    pub as_deputy: bool,
    /// Number of the request that this answers (依頼番号)
    #[arg(long, global = true, value_name = "NUMBER")]
    pub request: Option<CaseReference>,
    /// Number of the agreement that this stands under (協議書番号)
    #[arg(long, global = true, value_name = "NUMBER")]
    pub agreement: Option<CaseReference>,
    /// Number of the permit to use the system under which this is set up, as in 2026-3 (利用許可番号)
    #[arg(long, global = true, value_name = "NUMBER", value_parser = word::<Numbered>)]
    pub system_use: Option<Numbered>,
    /// Put the decision into the casebook for somebody else to approve (申請として提出)
    #[arg(long, global = true)]
    pub propose: bool,
    /// From when it takes effect, where the change has no date of its own [default: at once] (施行日)
    #[arg(long, global = true, value_parser = when, value_name = "DATE")]
    pub effective: Option<When>,
    /// Record what this post decided on paper, having no card (書面による決定の記録) [with --paper-number and --paper-date]
    #[arg(long, global = true, value_name = "POST", value_parser = word::<Code>, requires_all = ["paper_number", "paper_date"])]
    pub paper_of: Option<Code>,
    /// The number of that document (文書番号)
    #[arg(long, global = true, value_name = "NUMBER", value_parser = word::<Title>, requires = "paper_of")]
    pub paper_number: Option<Title>,
    /// The day on which it was decided (決定日)
    #[arg(long, global = true, value_name = "DATE", value_parser = when, requires = "paper_of")]
    pub paper_date: Option<When>,
    /// For tests: a file with milliseconds to add to the clock
    #[cfg(debug_assertions)]
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub simulated_clock: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// 日本語
    Ja,
    /// English
    En,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Found an office: cards of the administrators, recovery keys, founding act, first setup (団体の設置)
    Found(Found),
    /// Make this a home of an office that another desk exported: for a second administrator (参加)
    Join(JoinArguments),
    /// The office (団体)
    #[command(subcommand)]
    Office(OfficeCommand),
    /// Decide everything in a file of changes with one signature (変更一覧を一括で処分)
    Apply(FileArgument),
    /// Sections (課)
    #[command(subcommand)]
    Section(SectionCommand),
    /// Posts and who holds them (職)
    #[command(subcommand)]
    Post(PostCommand),
    /// Business functions (各処理)
    #[command(subcommand)]
    Function(FunctionCommand),
    /// Purposes (事由)
    #[command(subcommand)]
    Purpose(PurposeCommand),
    /// Operators and their permissions (操作者)
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Cards (操作者カード)
    #[command(subcommand)]
    Card(CardCommand),
    /// Terminals (端末機)
    #[command(subcommand, alias = "terminals")]
    Terminal(TerminalCommand),
    /// Permits for use out of hours (時間外使用)
    #[command(subcommand)]
    Permit(PermitCommand),
    /// The connection (結合停止・再結合)
    #[command(subcommand)]
    Connection(ConnectionCommand),
    /// Other offices: trustees, their people, shared policy (関係団体)
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Who proposes and who approves (決裁経路)
    #[command(subcommand)]
    Route(RouteCommand),
    /// Propose a file of changes for somebody else to approve (申請)
    Propose(FileArgument),
    /// Approve proposals, each by itself (承認)
    Approve {
        /// The id of each, or the beginning of it
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Refuse a proposal that one could approve (不承認)
    #[command(after_help = given_text::HELP)]
    Refuse {
        /// Its id, or the beginning of it
        #[arg(value_name = "ID")]
        id: String,
        /// Why; @FILE or - for a text from there (理由)
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Withdraw a proposal of one's own (取下げ)
    #[command(after_help = given_text::HELP)]
    Withdraw {
        /// Its id, or the beginning of it
        #[arg(value_name = "ID")]
        id: String,
        /// Why; @FILE or - for a text from there (理由)
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Look at what deputies decided: without an id a list of it (後閲)
    Review {
        /// The id of each act that was looked at, or the beginning of it
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// List the proposals that wait for approval (承認待ち一覧)
    Proposals,
    /// What waits: approvals, reports, answers, reviews, cards to come back, designations to renew (本日の要処理)
    Today {
        /// Only what the person at the desk can do
        #[arg(long)]
        mine: bool,
    },
    /// Forms (様式)
    #[command(subcommand)]
    Form(FormCommand),
    /// Cases: what was written on forms, and what follows (事案・簿冊)
    #[command(subcommand)]
    Case(CaseCommand),
    /// The web console: a link for the browser, and the window in which the card signs what is decided there (管理画面)
    Console(ConsoleArguments),
    /// Print the register log: number, date, who, what (処分の記録)
    Acts {
        /// Only the newest so many
        #[arg(long, value_name = "COUNT")]
        last: Option<usize>,
        /// Print each act in full
        #[arg(long)]
        full: bool,
    },
    /// Access records (操作履歴)
    #[command(subcommand)]
    Records(RecordsCommand),
    /// Check an evidence file, with nothing but what describes the office: no card, no ledger, no home; ends with 3 if something does not
    /// hold, 4 if something is missing (証拠ファイルの検証)
    VerifyEvidence(VerifyEvidenceArguments),
    /// Verify logs that were taken out of the ledger, every record and decision, with nothing but what describes the office: no card, no ledger, no
    /// home; ends with 3 if something does not hold, 4 if something is missing or unclear (書き出したログの検証)
    VerifyLogs(VerifyLogsArguments),
    /// The logs of the ledger: taken away for an auditor, those that have stopped, and their keys (台帳のログと署名鍵)
    #[command(subcommand)]
    Log(LogCommand),
    /// How long records are kept, and what is destroyed (保存・廃棄・保全)
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// When all administrators' cards are lost: the recovery keys out of the safe (復旧)
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    /// What was reported at terminals: lost cards, incidents (届出)
    #[command(subcommand)]
    Report(ReportCommand),
    /// Print registers (台帳の印刷)
    #[command(subcommand)]
    Register(RegisterCommand),
}

impl Command {
    /// Whether it may be the first one in a home.
    #[must_use]
    pub(crate) const fn begins(&self) -> bool {
        let creates = matches!(self, Self::Office(OfficeCommand::CardSecret(CardSecretCommand::Create(_))));
        creates || matches!(self, Self::Found(_) | Self::Join(_))
    }
}

/// Arguments of `found`.
#[derive(Debug, Args)]
pub(crate) struct Found {
    /// The ledger's founding code
    #[arg(long, value_name = "FILE")]
    pub code: PathBuf,
    /// Office, administrators, policy, and the first changes
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Where the sheets with the recovery keys go; print them, then destroy the files
    #[arg(long, value_name = "DIR")]
    pub recovery_dir: PathBuf,
    /// Read the PIN that each administrator chose from OPERATOR.pin in this directory instead of asking for it
    #[arg(long, value_name = "DIR")]
    pub own_pin_dir: Option<PathBuf>,
}

/// The office.
#[derive(Debug, Subcommand)]
pub(crate) enum OfficeCommand {
    /// Write what another desk needs to join: addresses and public keys, no secret (書出し)
    Export {
        /// The new file
        file: PathBuf,
    },
    /// The secret that the management keys and PUKs of all cards are made of (カード管理鍵)
    #[command(subcommand)]
    CardSecret(CardSecretCommand),
}

/// Arguments of `join`.
#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// What 'office export' wrote
    pub file: PathBuf,
    /// The fingerprint that 'office export' showed; compared instead of asking. Needed with --yes
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

/// A file of changes.
#[derive(Debug, Args)]
pub(crate) struct FileArgument {
    /// The file (README, "The file of changes")
    pub file: PathBuf,
}

/// From when to when.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Period {
    /// From this date [default: now] (開始日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: Option<When>,
    /// Until the end of this date [default: the end of the fiscal year] (終了日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: Option<When>,
}

/// From when.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Since {
    /// From this date [default: now] (効力発生日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: Option<When>,
}

/// An act by its id, as people copy it: whole or its beginning.
#[must_use]
pub(crate) fn is_beginning_of(text: &str, id: &Hash) -> bool {
    text.len() >= 4 && id.to_string().starts_with(&text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use sekisho_register::change::CardKind;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// Every command, argument and default in one text. When it is meant to change, run the test with `UPDATE_HELP=1`.
    #[test]
    fn the_help_is_what_was_agreed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/help.txt");
        let mut command = Cli::command();
        command.build();
        let text = help_of(&command, "");
        if std::env::var_os("UPDATE_HELP").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let agreed = std::fs::read_to_string(path).unwrap();
        assert!(text == agreed, "the help changed: look at it with UPDATE_HELP=1 and git diff");
    }

    /// The usage and the arguments of each command, without the global ones, which stand at the top.
    fn help_of(command: &clap::Command, path: &str) -> String {
        let name = format!("{path} {}", command.get_name()).trim().to_owned();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut text = format!("{name}: {about}\n");
        let own = |argument: &&clap::Arg| path.is_empty() || !argument.is_global_set();
        for argument in command.get_arguments().filter(own).filter(|argument| !argument.is_hide_set()) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("    {argument}  {help}\n"));
        }
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            text.push_str(&help_of(inner, &name));
        }
        text
    }

    #[test]
    fn arguments_follow_the_rules_of_files() {
        let line = "sekisho-admin --lang en card issue --operator 0012 --kind spare --from R8.4.1 --to 2027-03-31";
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let Command::Card(CardCommand::Issue(issue)) = cli.command else { panic!("another command") };
        assert_eq!((issue.kind, issue.operator.unwrap().as_str()), (CardKind::Spare, "0012"));
        for wrong in [
            "card issue --operator Tanaka",
            "card issue",
            "post set a b",
            "records verify",
            "card issue --operator a --to 2026-02-30",
        ] {
            assert!(Cli::try_parse_from(format!("sekisho-admin {wrong}").split(' ')).is_err(), "{wrong}");
        }
    }
}
