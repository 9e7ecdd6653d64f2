//! Each command, one file for what belongs together.

mod acts;
mod apply;
mod batch;
mod card_secret;
mod cards;
mod cards_held;
mod carry;
mod case_prints;
mod cases;
pub(crate) mod console;
mod decisions;
mod evidence;
mod export;
mod first_pin;
mod found;
mod issue;
mod log_export;
mod logs;
mod loss;
mod office;
mod packs;
mod partners;
mod proposals;
mod purposes;
mod record_prints;
mod records;
pub(crate) mod recovery;
mod registers;
mod rekey;
mod renew;
mod reports;
mod retention;
mod review;
mod set_up;
mod survey;
mod sweep;
mod templates;
mod terminals;
mod today;
mod verify;
mod verify_logs;

use self::apply::Manner;
pub(crate) use self::cases::forms;
pub(crate) use self::evidence::check as verify_evidence;
pub(crate) use self::verify_logs::run as verify_logs;
use sekisho_paper::registers::Which;
use sekisho_register::change::Answer;

use crate::cli::{
    CardCommand, CardSecretCommand, Command, OfficeCommand, OperatorCommand, PermitCommand, RouteCommand,
};
use crate::desk::{Desk, Signing};
use crate::error::AdminError;
use crate::home::Home;
use crate::readers::Readers;
use crate::screen::Screen;

/// Does one command.
///
/// # Errors
/// [`AdminError`].
pub(crate) fn run(
    command: Command,
    reader: &[String],
    screen: Screen,
    home: Home,
    readers: Readers,
    signing: Signing,
) -> Result<(), AdminError> {
    if let Command::Found(arguments) = &command {
        return found::run(arguments, reader, screen, home, readers, signing);
    }
    if let Command::Join(arguments) = &command {
        return office::join(arguments, screen, home, readers, signing);
    }
    if let Command::Office(OfficeCommand::CardSecret(CardSecretCommand::Create(arguments))) = command {
        return card_secret::create(arguments, &screen, &home, &signing.token_pin);
    }
    let mut desk = Desk::open(screen, home, readers, signing)?;
    let reader = reader.first().map(String::as_str);
    match command {
        Command::Found(_) | Command::Join(_) | Command::VerifyEvidence(_) | Command::VerifyLogs(_) => Ok(()),
        Command::Console(_) => Ok(()),
        Command::Office(OfficeCommand::Export { file }) => office::export(&desk, &file),
        Command::Office(OfficeCommand::CardSecret(command)) => card_secret::run(&mut desk, command),
        Command::Apply(file) => apply::run(&mut desk, &file, Manner::AsAsked),
        Command::Propose(file) => apply::run(&mut desk, &file, Manner::Propose),
        Command::Section(command) => decisions::section(&mut desk, command),
        Command::Post(command) => decisions::post(&mut desk, command),
        Command::Function(command) => decisions::function(&mut desk, command),
        Command::Purpose(command) => decisions::purpose(&mut desk, command),
        Command::Operator(OperatorCommand::List { unrenewed: false, .. }) => {
            registers::print_now(&mut desk, Which::Operators)
        }
        Command::Operator(OperatorCommand::List { unrenewed: true, as_of }) => {
            registers::list_unrenewed(&mut desk, as_of)
        }
        Command::Operator(OperatorCommand::Renew(renewal)) => renew::run(&mut desk, &renewal),
        Command::Operator(command) => decisions::operator(&mut desk, command),
        Command::Card(CardCommand::Issue(arguments)) => issue::run(&mut desk, arguments, reader),
        Command::Card(CardCommand::Batch(arguments)) => batch::run(&mut desk, &arguments, reader),
        Command::Card(command) => cards::run(&mut desk, command, reader),
        Command::Terminal(command) => terminals::run(&mut desk, command),
        Command::Permit(PermitCommand::List) => registers::print_now(&mut desk, Which::Permits),
        Command::Permit(command) => decisions::permit(&mut desk, command),
        Command::Connection(command) => decisions::connection(&mut desk, command),
        Command::Partner(command) => partners::run(&mut desk, command),
        Command::Route(RouteCommand::List) => registers::print_now(&mut desk, Which::Routes),
        Command::Route(command) => decisions::route(&mut desk, command),
        Command::Approve { ids } => proposals::approve_all(&mut desk, &ids),
        Command::Refuse { id, reason } => proposals::end(&mut desk, Answer::Refused, &id, Some(&reason)),
        Command::Withdraw { id, reason } => proposals::end(&mut desk, Answer::Withdrawn, &id, reason.as_deref()),
        Command::Review { ids } => proposals::review(&mut desk, &ids),
        Command::Proposals => proposals::list(&mut desk),
        Command::Form(command) => forms(&desk.screen, &command, &|| Ok(desk.home.path(""))),
        Command::Today { mine } => today::run(&mut desk, mine),
        Command::Case(command) => cases::run(&mut desk, command),
        Command::Acts { last, full } => acts::run(&mut desk, last, full),
        Command::Records(command) => records::run(&mut desk, command),
        Command::Log(command) => logs::run(&mut desk, command),
        Command::Retention(command) => retention::run(&mut desk, command),
        Command::Report(command) => reports::run(&mut desk, command),
        Command::Register(command) => registers::run(&mut desk, command),
        Command::Recovery(command) => recovery::run(&mut desk, command, reader),
    }
}
