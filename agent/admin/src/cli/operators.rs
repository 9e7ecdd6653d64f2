//! Arguments about operators and their permissions.

use clap::{Args, Subcommand};
use sekisho_register::Title;
use sekisho_register::change::{CardKind, PersonClass, StateReason};
use sekisho_wire::id::Code;

use super::{Period, Since, when, word};
use crate::dates::When;

/// Operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Designate everybody anew for the next fiscal year, with the same section, places and permissions; shown first, signed once. Lists who is left
    /// out (年度更新)
    Renew(Renewal),
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
    /// Say that a person qualifies for cards: for which kinds, by what, until when (交付資格の認定)
    Qualify {
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        /// Kind of card, as 'card issue --kind' names it; give it as often as needed
        #[arg(long = "kind", value_parser = word::<CardKind>, default_value = "business")]
        kinds: Vec<CardKind>,
        /// By what: a training, an examination, the number of the document
        #[arg(long = "by", value_parser = word::<Title>, value_name = "TEXT")]
        ground: Title,
        #[command(flatten)]
        period: Period,
    },
    /// Take that back: what was lent stays with the person, and nothing more is lent (交付資格の取消し)
    EndQualification {
        /// The person
        #[arg(value_parser = word::<Code>)]
        operator: Code,
        #[command(flatten)]
        since: Since,
    },
    /// List operators (一覧)
    List {
        /// Only those whose designation is over by then and who have no later one, though nobody dismissed them (未更新)
        #[arg(long)]
        unrenewed: bool,
        /// With --unrenewed, by the end of this day [default: now] (基準日)
        #[arg(long, value_parser = when, value_name = "DATE", requires = "unrenewed")]
        as_of: Option<When>,
    },
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

/// Arguments of `operator renew`.
#[derive(Debug, Args)]
pub(crate) struct Renewal {
    /// Only this section
    #[arg(long, value_parser = word::<Code>)]
    pub section: Option<Code>,
    /// Everybody but this person; give it as often as needed
    #[arg(long = "except", value_name = "OPERATOR", value_parser = word::<Code>)]
    pub except: Vec<Code>,
    /// From this date [default: 1 April of the next fiscal year]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub from: Option<When>,
    /// Until the end of this date [default: the end of that fiscal year]
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub to: Option<When>,
}
