//! Arguments about business functions and purposes.

use clap::{Args, Subcommand};
use sekisho_register::Title;
use sekisho_register::change::{TerminalKind, UseState};
use sekisho_wire::decision::Level;
use sekisho_wire::id::Code;

use super::word;

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
