//! Arguments about other offices.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sekisho_register::role::Class;
use sekisho_wire::id::Code;

use super::{Period, Since, when, word};
use crate::dates::When;

/// Other offices.
#[derive(Debug, Subcommand)]
pub(crate) enum PartnerCommand {
    /// Other offices that this one knows, and what they are entrusted with (関係団体の一覧)
    List,
    /// Write what another office needs to know of this one and of some of its people (紹介書の作成)
    Introduce {
        /// The new file
        file: PathBuf,
        /// A person, with the card that is his now; give it as often as needed
        #[arg(long = "operator", value_parser = word::<Code>)]
        operators: Vec<Code>,
    },
    /// Register another office, from what it wrote (関係団体の登録)
    Set {
        /// What it is to be called here
        #[arg(value_parser = word::<Code>)]
        partner: Code,
        #[command(flatten)]
        introduction: Introduction,
    },
    /// Entrust it with acts on request, under the agreement of --agreement (委託)
    Entrust {
        /// The office
        #[arg(value_parser = word::<Code>)]
        partner: Code,
        /// What its people may sign: functions, operators, cards, block, hours, stop, report or activation; give it as often as needed
        #[arg(long = "class", value_parser = word::<Class>, required = true)]
        classes: Vec<Class>,
        #[command(flatten)]
        period: Period,
    },
    /// End what it is entrusted with, at once or from a date (委託の終了)
    EndTrust {
        /// The office
        #[arg(value_parser = word::<Code>)]
        partner: Code,
        #[command(flatten)]
        since: Since,
    },
    /// Admit a person of it with the card from there; 'card suspend' withdraws it at once (他団体の操作者の受入れ)
    Admit(Box<AdmitArguments>),
    /// Decide a policy that holds once the other office has decided the same, under --agreement (共通の運用方針)
    SharePolicy {
        /// The office
        #[arg(value_parser = word::<Code>)]
        partner: Code,
        /// A file of changes with a [policy] [default: the policy of this office]
        #[arg(long, value_name = "FILE", conflicts_with = "end")]
        policy: Option<PathBuf>,
        /// Share none any more
        #[arg(long)]
        end: bool,
        /// From this date: the same in both offices (施行日)
        #[arg(long, value_parser = when, value_name = "DATE")]
        from: When,
    },
    /// Write for the other office what this one has decided, with its proof (決定の証明の作成)
    ProvePolicy {
        /// The office
        #[arg(value_parser = word::<Code>)]
        partner: Code,
        /// The new file
        file: PathBuf,
    },
    /// Show by what the other office wrote that it has decided the same: the policy holds then (相手の決定の提示)
    ShowPolicy {
        /// What 'partner prove-policy' wrote there
        file: PathBuf,
    },
}

/// What another office wrote.
#[derive(Debug, Args)]
pub(crate) struct Introduction {
    /// What 'partner introduce' wrote there
    pub file: PathBuf,
    /// The fingerprint that it showed; compared instead of asking. Needed with --yes
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

/// Arguments of `admit`.
#[derive(Debug, Args)]
pub(crate) struct AdmitArguments {
    /// What the person is to be called here
    #[arg(value_parser = word::<Code>)]
    pub operator: Code,
    /// The person's code at home
    #[arg(long, value_parser = word::<Code>)]
    pub home_operator: Code,
    /// The introduction.
    #[command(flatten)]
    pub introduction: Introduction,
    /// The section here
    #[arg(long, value_parser = word::<Code>)]
    pub section: Code,
    /// Terminals where the person may work
    #[arg(long = "terminal", value_parser = word::<Code>)]
    pub terminals: Vec<Code>,
    /// Sections at whose terminals the person may work
    #[arg(long = "at-section", value_parser = word::<Code>)]
    pub sections: Vec<Code>,
    /// A permission to give as well (操作者ID)
    #[arg(long, value_parser = word::<Code>, requires = "functions")]
    pub profile: Option<Code>,
    /// What it permits; give it as often as needed
    #[arg(long = "function", value_parser = word::<Code>, requires = "profile")]
    pub functions: Vec<Code>,
    /// Let the person sign entrusted acts: a trustee's administrator (受託管理者)
    #[arg(long)]
    pub signs: bool,
    /// From when, until when.
    #[command(flatten)]
    pub period: Period,
}
