//! Arguments about permits, the connection and routes.

use crate::config_text::Stage;
use clap::{Args, Subcommand};
use sekisho_register::role::{Class, Role};
use sekisho_wire::id::{Code, Numbered};

use super::{Since, when, word};
use crate::dates::When;

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
        /// founding, organisation, functions, operators, cards, block, terminals, hours, stop, connection, policy, report, destruction, preservation or activation
        #[arg(value_parser = word::<Class>)]
        class: Class,
        /// Who may propose; give it as often as needed
        #[arg(long = "proposer", value_parser = word::<Role>, required = true)]
        proposers: Vec<Role>,
        /// Who approves, any of several as 'system_manager,access_manager'; given again: the stage after it, and so on [default: nobody has to]
        #[arg(long = "approver", value_parser = word::<Stage>)]
        approvers: Vec<Stage>,
        /// One person may do all of it
        #[arg(long)]
        same_person: bool,
    },
    /// List the routes
    List,
}
