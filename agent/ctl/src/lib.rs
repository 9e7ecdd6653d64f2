//! The clerk's command line and panel. Both only ask the agent: nothing is decided here.

mod arguments;
mod authorize;
mod clock;
mod complete;
mod decide;
mod doctor;
mod exit;
mod failure;
mod foreground;
mod help_japanese;
mod language;
mod login;
mod output;
mod panel;
mod phrases;
mod program;
mod programs;
mod report;
mod status;
mod terminal_pin;
mod time_text;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use sekisho_ipc::{ActKind, Client, DraftActRequest};
use sekisho_wire::words::Language;

pub use crate::arguments::localised as command;
use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

/// What every command needs to know.
struct Surroundings {
    socket: PathBuf,
    language: Language,
}

impl Surroundings {
    fn connect(&self) -> Result<Client, Failure> {
        Client::connect(&self.socket).map_err(|error| Failure::asking(&self.socket, error))
    }

    fn asking(&self, error: sekisho_ipc::ClientError) -> Failure {
        Failure::asking(&self.socket, error)
    }
}

/// Runs the command that the arguments name; the exit code is documented in `sekisho --help`.
#[must_use]
pub fn run() -> ExitCode {
    // Before anything else: a PIN may be typed into this process.
    let _ = sekisho_ipc::forbid_dumps();
    let arguments = Arguments::from_command_line();
    let surroundings = Surroundings {
        socket: arguments.socket.clone().unwrap_or_else(sekisho_ipc::socket_path),
        language: arguments.language(),
    };
    match dispatch(&surroundings, arguments.command) {
        Ok(code) => code,
        Err(failure) => {
            failure.report(surroundings.language);
            failure.exit_code().into()
        }
    }
}

fn dispatch(surroundings: &Surroundings, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status { json } => status::run(surroundings, json),
        Command::Login { profile, kind, pin } => login::run(surroundings, profile, kind, &pin),
        Command::ChangePin { pin } => login::change_pin(surroundings, &pin),
        Command::Lock { end } => login::lock(surroundings, end),
        Command::Authorize { request, json, pin } => authorize::run(surroundings, request, json, &pin),
        Command::Complete { record, items, outcome } => complete::run(surroundings, record, items, outcome),
        Command::Run(run) => program::run(surroundings, run),
        Command::Watch { json } => watch::run(surroundings, json),
        Command::Doctor { json } => doctor::run(surroundings, json),
        Command::Report { what, card, json } => report::run(surroundings, what, card.as_deref(), json),
        Command::ActivateCard { card, operator, reason, profiles, hours, post, pin } => {
            let (card, operator, reason) = (Some(card), Some(operator), Some(reason));
            let profiles = Some(profiles).filter(|profiles| !profiles.is_empty());
            let what = DraftActRequest::new(ActKind::ActivateCard);
            decide::run(surroundings, DraftActRequest { card, operator, reason, profiles, post, ..what }, hours, &pin)
        }
        Command::EndActivation { card, reason, post, pin } => {
            let (card, reason, what) = (Some(card), Some(reason), DraftActRequest::new(ActKind::EndActivation));
            decide::run(surroundings, DraftActRequest { card, reason, post, ..what }, None, &pin)
        }
        Command::StopConnection { functions, incident, post, pin } => {
            let what = DraftActRequest::new(ActKind::StopConnection);
            let functions = Some(functions).filter(|functions| !functions.is_empty());
            decide::run(surroundings, DraftActRequest { functions, incident, post, ..what }, None, &pin)
        }
        Command::Panel { programs } => panel::run(surroundings, &programs),
    }
}
