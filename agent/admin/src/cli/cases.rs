//! Arguments about forms and cases.

use clap::{Args, Subcommand};
use sekisho_register::change::CaseId;
use sekisho_register::forms::Form;

use super::{CasesAgainArguments, LookArguments, OutputArguments, TemplatesCommand, when, word};
use crate::dates::When;
use crate::given_text;

/// Forms.
#[derive(Debug, Subcommand)]
pub(crate) enum FormCommand {
    /// List the forms (様式一覧)
    List,
    /// Show what a form asks for, and what follows (様式の内容)
    Show {
        /// The form, as 'form list' names it
        #[arg(value_parser = word::<Form>)]
        form: Form,
    },
    /// Templates by which an office replaces the layout of a print; neither card nor ledger is needed (様式テンプレート)
    #[command(subcommand)]
    Templates(TemplatesCommand),
}

/// Cases.
#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// Fill in a form: opens a case, an incident report, a visitor's entry … (様式への記入)
    #[command(after_help = given_text::HELP)]
    Open {
        /// The form, as 'form list' names it
        #[arg(value_parser = word::<Form>)]
        form: Form,
        /// What stands in its fields; 'form show' names them, and a text may be @FILE or -
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// Take a case one step on: acknowledge, instruct, answer, close … (事案の手続)
    #[command(after_help = given_text::HELP)]
    Step {
        /// The case, as in incident-2026-3
        #[arg(value_parser = word::<CaseId>)]
        case: CaseId,
        /// The step, as 'form show' names it
        step: String,
        /// What stands in its fields; a text may be @FILE or -
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// List cases, newest last (事案一覧)
    List {
        /// Only of this form
        #[arg(long, value_parser = word::<Form>)]
        form: Option<Form>,
        /// Only those in which something has still to be done
        #[arg(long)]
        open: bool,
    },
    /// Show everything that stands in a case, and what has still to be done (事案の表示)
    Show {
        /// The case
        #[arg(value_parser = word::<CaseId>)]
        case: CaseId,
    },
    /// Print the book of a form: a row for each case, what was filled in and what followed (簿冊の印刷)
    Print(Box<CaseBookArguments>),
    /// Print one case as a sheet, with what followed and what has still to be done (様式の印刷)
    Sheet(Box<CaseSheetArguments>),
}

/// Which cases, and how.
#[derive(Debug, Args)]
pub(crate) struct CaseBookArguments {
    /// The form, as 'form list' names it
    #[arg(value_parser = word::<Form>)]
    pub form: Form,
    /// Only those that were written from this date on
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub since: Option<When>,
    /// As of the end of this day: cases and steps that had been written by then [default: now] (基準日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub as_of: Option<When>,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
    /// An earlier print again.
    #[command(flatten)]
    pub again: CasesAgainArguments,
}

/// Which case, and how.
#[derive(Debug, Args)]
pub(crate) struct CaseSheetArguments {
    /// The case, as in incident-2026-3
    #[arg(value_parser = word::<CaseId>)]
    pub case: CaseId,
    /// As of the end of this day: steps that had been taken by then [default: now] (基準日)
    #[arg(long, value_parser = when, value_name = "DATE")]
    pub as_of: Option<When>,
    /// Where to.
    #[command(flatten)]
    pub output: OutputArguments,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArguments,
    /// An earlier print again.
    #[command(flatten)]
    pub again: CasesAgainArguments,
}
