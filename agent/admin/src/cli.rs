//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sekisho_register::Title;
use sekisho_register::change::{CardKind, EpochReason, PersonClass, SectionState, StateReason, TerminalKind, UseState};
use sekisho_register::role::{Class, Role};
use sekisho_wire::decision::Level;
use sekisho_wire::id::{CardGuid, CaseReference, Code, Hash, Numbered, ReaderIdentity};

use crate::config_text::FromText;
use crate::dates::When;

/// Reads an argument by the same rules as a value in a file.
fn word<T: FromText>(text: &str) -> Result<T, String> {
    T::from_text(text)
}

fn when(text: &str) -> Result<When, String> {
    When::parse(text).ok_or_else(|| "not a date: 2026-04-01, 2026-04-01T08:30, 令和8年4月1日 or R8.4.1".to_owned())
}

/// The administrator's tool of an operator-card system: founds offices, issues cards, decides, verifies (管理者用コマンド).
#[derive(Debug, Parser)]
#[command(name = "sekisho-admin", version, max_term_width = 120)]
pub(crate) struct Cli {
    /// Home directory with the office's register and secrets (0700) [default: ~/.sekisho-admin]
    #[arg(long, global = true, value_name = "DIR", env = "SEKISHO_ADMIN_HOME")]
    pub home: Option<PathBuf>,
    /// Language of texts and messages (表示言語) [default: from LANG]
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
    /// Reader with the card to be worked on: its name or a part of it; 'found' takes several
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
    /// Put the decision into the casebook for somebody else to approve (申請として提出)
    #[arg(long, global = true)]
    pub propose: bool,
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
    /// Who proposes and who approves (決裁経路)
    #[command(subcommand)]
    Route(RouteCommand),
    /// Propose a file of changes for somebody else to approve (申請)
    Propose(FileArgument),
    /// Approve a proposal (承認)
    Approve {
        /// Its id, or the beginning of it
        id: String,
    },
    /// List the proposals that wait for approval (承認待ち一覧)
    Proposals,
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
    /// Print registers (台帳の印刷)
    #[command(subcommand)]
    Register(RegisterCommand),
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
    /// Write each administrator's first PIN to <DIR>/<operator>.pin instead of showing it
    #[arg(long, value_name = "DIR")]
    pub first_pin_dir: Option<PathBuf>,
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

/// Sections.
#[derive(Debug, Subcommand)]
pub(crate) enum SectionCommand {
    /// Open, rename, suspend or end a section
    Set {
        /// Its code
        #[arg(value_parser = word::<Code>)]
        section: Code,
        /// Its name
        #[arg(value_parser = word::<Title>)]
        title: Title,
        /// open, suspended or ended
        #[arg(long, value_parser = word::<SectionState>, default_value = "open")]
        state: SectionState,
        #[command(flatten)]
        since: Since,
    },
}

/// Posts.
#[derive(Debug, Subcommand)]
pub(crate) enum PostCommand {
    /// Make a post, or change its name and roles
    Set {
        /// Its code
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// Its name
        #[arg(value_parser = word::<Title>)]
        title: Title,
        /// What it may do; give it as often as needed
        #[arg(long = "role", value_parser = word::<Role>, required = true)]
        roles: Vec<Role>,
        /// The section it belongs to
        #[arg(long, value_parser = word::<Code>)]
        section: Option<Code>,
    },
    /// Let a person hold a post (就任)
    Hold {
        /// The post
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// As deputy (代決者)
        #[arg(long)]
        deputy: bool,
        /// From this date [default: now]
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: Option<When>,
        /// Until the end of this date [default: until the person leaves]
        #[arg(long, value_parser = when, value_name = "DATE")]
        to: Option<When>,
    },
    /// Let a person leave a post (離任)
    Leave {
        /// The post
        #[arg(value_parser = word::<Code>)]
        post: Code,
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        #[command(flatten)]
        since: Since,
    },
}

/// Functions.
#[derive(Debug, Subcommand)]
pub(crate) enum FunctionCommand {
    /// Register a function or change it
    Set(SetFunctionArguments),
}

/// A function.
#[derive(Debug, Args)]
pub(crate) struct SetFunctionArguments {
    /// Its code
    #[arg(value_parser = word::<Code>)]
    pub function: Code,
    /// Its name
    #[arg(value_parser = word::<Title>)]
    pub title: Title,
    /// What must be proved for each use: session, card or pin
    #[arg(long, value_parser = word::<Level>, default_value = "session")]
    pub level: Level,
    /// Each use names a purpose (事由必須)
    #[arg(long)]
    pub purpose_required: bool,
    /// Works on when the register is stale
    #[arg(long)]
    pub essential: bool,
    /// Needs a card-management card
    #[arg(long)]
    pub management: bool,
    /// The only kind of terminal it runs on
    #[arg(long, value_parser = word::<TerminalKind>)]
    pub terminal_kind: Option<TerminalKind>,
    /// The only application that may ask for it; give it as often as needed
    #[arg(long = "application", value_parser = word::<Code>)]
    pub applications: Vec<Code>,
    /// in_use or ended
    #[arg(long, value_parser = word::<UseState>, default_value = "in_use")]
    pub state: UseState,
}

/// Purposes.
#[derive(Debug, Subcommand)]
pub(crate) enum PurposeCommand {
    /// Register a purpose or change it
    Set {
        /// Its code
        #[arg(value_parser = word::<Code>)]
        purpose: Code,
        /// Its name
        #[arg(value_parser = word::<Title>)]
        title: Title,
        /// For which functions [default: all]
        #[arg(long = "function", value_parser = word::<Code>)]
        functions: Vec<Code>,
        /// in_use or ended
        #[arg(long, value_parser = word::<UseState>, default_value = "in_use")]
        state: UseState,
    },
}

/// Operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Designate a person (指定)
    Designate {
        /// The person's code (照合ID)
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// The person's name
        #[arg(long)]
        name: String,
        /// operator or system_staff
        #[arg(long, value_parser = word::<PersonClass>, default_value = "operator")]
        class: PersonClass,
        /// The section the person belongs to
        #[arg(long, value_parser = word::<Code>)]
        section: Code,
        /// Terminals where the person may work
        #[arg(long = "terminal", value_parser = word::<Code>)]
        terminals: Vec<Code>,
        /// Sections at whose terminals the person may work
        #[arg(long = "at-section", value_parser = word::<Code>)]
        sections: Vec<Code>,
        #[command(flatten)]
        period: Period,
    },
    /// Suspend an operator (停止)
    Suspend(OperatorChange),
    /// Lift a suspension (停止の解除)
    Lift(OperatorChange),
    /// End a designation (指定の解除)
    End(OperatorChange),
    /// Give a permission (操作者IDの付与)
    Profile {
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// The permission (操作者ID)
        #[arg(value_parser = word::<Code>)]
        profile: Code,
        /// What it permits; give it as often as needed
        #[arg(long = "function", value_parser = word::<Code>, required = true)]
        functions: Vec<Code>,
        #[command(flatten)]
        period: Period,
    },
    /// Withdraw a permission (操作者IDの取消し)
    WithdrawProfile {
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// The permission
        #[arg(value_parser = word::<Code>)]
        profile: Code,
        #[command(flatten)]
        since: Since,
    },
    /// List operators (一覧)
    List,
}

/// A change of an operator's state.
#[derive(Debug, Args)]
pub(crate) struct OperatorChange {
    /// The person
    #[arg(value_parser = word::<Code>)]
    pub operator: Code,
    /// Why: none, lost, stolen, damaged, pin_compromised, name_changed, left_duty, replaced or other
    #[arg(long, value_parser = word::<StateReason>, default_value = "none")]
    pub reason: StateReason,
    /// From when.
    #[command(flatten)]
    pub since: Since,
}

/// Cards.
#[derive(Debug, Subcommand)]
pub(crate) enum CardCommand {
    /// Make a card for an operator: keys on the card, PIN, act, grant (貸与)
    Issue(IssueArguments),
    /// Suspend a card (停止)
    Suspend(CardChange),
    /// Lift a suspension (停止の解除)
    Lift(CardChange),
    /// Revoke a card for good (失効)
    Revoke(CardChange),
    /// Take a card back for good (返納)
    Return(CardChange),
    /// Record that a card was destroyed (廃棄)
    Dispose(CardChange),
    /// Wake a dormant card for a person and a limited time (予備・緊急カードの使用)
    Activate {
        /// The card: GUID or number (2026-12)
        card: String,
        /// Who gets it
        #[arg(long, value_parser = word::<Code>)]
        operator: Code,
        /// Which of his permissions work with it [default: all]
        #[arg(long = "profile", value_parser = word::<Code>)]
        profiles: Vec<Code>,
        /// Why, as the office codes its reasons
        #[arg(long, value_parser = word::<Code>)]
        reason: Code,
        /// From this date [default: now]
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: Option<When>,
        /// Until the end of this date
        #[arg(long, value_parser = when, value_name = "DATE")]
        to: When,
    },
    /// Show what is in the reader (カードの確認)
    Show,
    /// Set a new PIN and unblock the card in the reader (暗証番号の再設定)
    ResetPin {
        /// Write the new PIN to this new file instead of showing it
        #[arg(long, value_name = "FILE")]
        first_pin_file: Option<PathBuf>,
    },
    /// List cards (一覧)
    List,
}

/// Arguments of `card issue`.
#[derive(Debug, Args)]
pub(crate) struct IssueArguments {
    /// Whose card it is; a spare or emergency card has nobody
    #[arg(long, value_parser = word::<Code>, required_unless_present_any = ["resume", "dormant"])]
    pub operator: Option<Code>,
    /// business, special, card-management, spare, emergency or room-entry
    #[arg(long, value_parser = word::<CardKind>, default_value = "business")]
    pub kind: CardKind,
    /// Which of the operator's permissions work with it [default: all]
    #[arg(long = "profile", value_parser = word::<Code>)]
    pub profiles: Vec<Code>,
    /// When it holds.
    #[command(flatten)]
    pub period: Period,
    /// The card sleeps until it is activated (spare and emergency cards)
    #[arg(long)]
    pub dormant: bool,
    /// The card may sign acts: its issue is a proposal that a second person approves
    #[arg(long, conflicts_with_all = ["dormant", "resume"])]
    pub signing: bool,
    /// Write the first PIN to this new file instead of showing it
    #[arg(long, value_name = "FILE")]
    pub first_pin_file: Option<PathBuf>,
    /// Go on with the card in the reader where it was interrupted
    #[arg(long)]
    pub resume: bool,
}

/// A change of a card's state.
#[derive(Debug, Args)]
pub(crate) struct CardChange {
    /// The card: GUID or number (2026-12)
    pub card: String,
    /// Why: none, lost, stolen, damaged, pin_compromised, name_changed, left_duty, replaced or other
    #[arg(long, value_parser = word::<StateReason>, default_value = "none")]
    pub reason: StateReason,
    /// From when.
    #[command(flatten)]
    pub since: Since,
}

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
        /// Larger than any before
        #[arg(long)]
        epoch: u32,
        /// replaced, restored, fork or other
        #[arg(long, value_parser = word::<EpochReason>)]
        reason: EpochReason,
    },
    /// List terminals (一覧)
    List,
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

/// Permits.
#[derive(Debug, Subcommand)]
pub(crate) enum PermitCommand {
    /// Permit use out of hours (許可)
    Grant {
        /// Who; give it as often as needed
        #[arg(long = "operator", value_parser = word::<Code>, required = true)]
        operators: Vec<Code>,
        /// Where; give it as often as needed
        #[arg(long = "terminal", value_parser = word::<Code>, required = true)]
        terminals: Vec<Code>,
        /// What [default: everything]
        #[arg(long = "function", value_parser = word::<Code>)]
        functions: Vec<Code>,
        /// From this moment
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: When,
        /// Until this moment
        #[arg(long, value_parser = when, value_name = "DATE")]
        to: When,
        /// Why, as the office codes its reasons
        #[arg(long, value_parser = word::<Code>)]
        reason: Code,
    },
    /// End a permit early
    End {
        /// Its number (2026-12)
        #[arg(value_parser = word::<Numbered>)]
        permit: Numbered,
        #[command(flatten)]
        since: Since,
    },
    /// List permits (一覧)
    List,
}

/// The connection.
#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionCommand {
    /// Stop it at once (結合停止)
    Stop(ConnectionChange),
    /// Restore it (再結合)
    Open(ConnectionChange),
}

/// What is stopped or restored.
#[derive(Debug, Args)]
pub(crate) struct ConnectionChange {
    /// Only these functions [default: all business functions]
    #[arg(long = "function", value_parser = word::<Code>)]
    pub functions: Vec<Code>,
    /// The incident it answers (2026-3)
    #[arg(long, value_parser = word::<Numbered>)]
    pub incident: Option<Numbered>,
}

/// Routes.
#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// Say who proposes and who approves changes of a class
    Set {
        /// founding, organisation, functions, operators, cards, block, terminals, hours, stop, connection, policy or report
        #[arg(value_parser = word::<Class>)]
        class: Class,
        /// Who may propose; give it as often as needed
        #[arg(long = "proposer", value_parser = word::<Role>, required = true)]
        proposers: Vec<Role>,
        /// Who approves [default: nobody has to]
        #[arg(long = "approver", value_parser = word::<Role>)]
        approvers: Vec<Role>,
        /// One person may do both
        #[arg(long)]
        same_person: bool,
    },
    /// List the routes
    List,
}

/// Records.
#[derive(Debug, Subcommand)]
pub(crate) enum RecordsCommand {
    /// Search access records, newest first; the search itself is recorded (検索)
    Search(Box<SearchArguments>),
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
}

/// What to look for.
#[derive(Debug, Default, Args)]
pub(crate) struct SearchArguments {
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
    /// Kind of record, by name or number
    #[arg(long)]
    pub kind: Option<String>,
    /// From this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub since: Option<When>,
    /// Until the end of this date
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub until: Option<When>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub limit: u32,
}

/// Registers.
#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Print a register as it stood on a date (台帳)
    Print {
        /// Which
        which: Which,
        /// As of this moment [default: now] (基準日)
        #[arg(long, value_parser = when, value_name = "DATE")]
        as_of: Option<When>,
    },
}

/// Which register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// 操作者名簿
    Operators,
    /// カード管理簿
    Cards,
    /// 端末機管理簿
    Terminals,
    /// 業務機能一覧
    Functions,
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
