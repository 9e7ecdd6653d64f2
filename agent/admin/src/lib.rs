//! The administrator's tool: founds offices, makes cards, decides by card-signed acts, verifies records.
//!
//! The README tells the life of an act from the command to the terminal.
#![forbid(unsafe_code)]

mod act_draft;
mod after_some;
mod batch;
mod broken_log;
mod card_secret;
mod carried;
mod casebook;
mod changes_file;
mod cli;
mod clock;
mod commands;
mod config_text;
mod dates;
mod desk;
mod entries;
mod error;
mod every_record;
mod evidence_check;
mod examined;
mod exhibits;
mod export_folder;
mod filled_in;
mod fingerprint;
mod folder_check;
mod folder_log;
mod former_policy;
mod given_text;
mod grant;
mod grounds;
mod home;
mod introduction;
mod invitation;
mod judge;
mod known_names;
mod lacks;
mod lease;
mod ledger;
mod log_tiles;
mod logs_in_force;
mod missing;
mod name;
mod office_file;
mod outbox;
mod pending;
mod persons;
mod pin_entry;
mod places;
mod plan;
mod prints;
mod progress;
mod proposal_file;
mod random;
mod readers;
mod record_words;
mod recovery;
mod recovery_sheet;
mod register_cache;
mod rekeying;
mod report;
mod reported;
mod screen;
mod seen;
mod sending;
mod settled;
mod signed_once;
mod strangers;
mod table;
mod taken_away;
mod template_folder;
mod terminal_word;
mod whole_file;
mod whole_log;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sekisho_register::Paper;
use sekisho_register::organisation::Capacity;
use sekisho_wire::words::Language;

use crate::cli::{Cli, Command, Lang};
use crate::commands::console::Seat;
use crate::desk::Signing;
use crate::error::{AdminError, Said};
use crate::home::Home;
use crate::pin_entry::PinSource;
use crate::readers::Readers;
use crate::screen::{Confirm, Lists, Screen, visible};

/// How many seconds a run waits for another one in the same home to end: enough for one that only reads.
const LOCK_LOOKS: u32 = 5;

/// The command line, for the manual.
#[must_use]
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// The whole program: parses the arguments, does what they say, and says what went wrong in the language asked for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let language = language(&cli);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sekisho-admin: {}", visible(&error.in_words(language)));
            let next = error.next_step(language);
            if !next.is_empty() {
                eprintln!("{}", visible(&next));
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// The language of this run: as asked, else as the environment says.
fn language(cli: &Cli) -> Language {
    match cli.lang {
        Some(Lang::Ja) => Language::Japanese,
        Some(Lang::En) => Language::English,
        None => Language::from_variables(|name| std::env::var(name).ok()),
    }
}

/// Does what the command line says.
///
/// # Errors
/// [`AdminError`], with words for people.
fn run(cli: Cli) -> Result<(), AdminError> {
    #[cfg(debug_assertions)]
    if let Some(file) = &cli.simulated_clock {
        clock::simulate(file.clone());
    }
    let screen = Screen {
        language: language(&cli),
        confirm: if cli.yes { Confirm::Yes } else { Confirm::Ask },
        lists: if cli.json { Lists::Json } else { Lists::Text },
    };
    // What forms ask for is the same everywhere, and whoever writes templates needs no office.
    if let Command::Form(command) = &cli.command {
        return commands::forms(&screen, command, &|| home_path(cli.home.clone()));
    }
    // An auditor has no home.
    if let Command::VerifyEvidence(arguments) = &cli.command {
        return commands::verify_evidence(arguments, &screen);
    }
    if let Command::VerifyLogs(arguments) = &cli.command {
        return commands::verify_logs(arguments, screen);
    }
    let path = home_path(cli.home)?;
    let begins = cli.command.begins();
    let home = if begins { Home::open(&path)? } else { Home::existing(&path)? };
    let pin = match (cli.pin_file, cli.pin_stdin) {
        (Some(file), _) => PinSource::File(file),
        (None, true) => PinSource::Stdin,
        (None, false) => PinSource::Terminal,
    };
    let paper = match (cli.paper_of, cli.paper_number, cli.paper_date) {
        (Some(post), Some(document), Some(date)) => Some(Paper { post, document, decided: date.day }),
        _ => None,
    };
    let signing = Signing {
        pin,
        token_pin: cli.token_pin_file.map_or(PinSource::Terminal, PinSource::File),
        reader: cli.signer_reader,
        post: cli.post,
        capacity: Capacity::of(cli.as_deputy),
        request: cli.request,
        agreement: cli.agreement,
        permit: cli.system_use,
        propose: cli.propose,
        effective: cli.effective,
        paper,
    };
    let wait = Duration::from_secs(cli.wait);
    if let Command::Console(arguments) = &cli.command {
        // The browser alone would decide what is signed.
        if cli.yes && !cfg!(debug_assertions) {
            let rule = Said::new(
                "what is wished for in a browser is asked about here",
                "ブラウザーからの依頼は、この画面で確認します",
            );
            return Err(AdminError::Argument { name: "--yes", value: "console".to_owned(), rule });
        }
        // It stays for hours, and takes the home for itself only while something is signed.
        return commands::console::run(arguments, &Seat { screen, home: &path, wait, signing: &signing });
    }
    let _alone = home.lock(LOCK_LOOKS)?;
    let readers = Readers::new(wait);
    commands::run(cli.command, &cli.reader, screen, home, readers, signing)
}

fn home_path(given: Option<PathBuf>) -> Result<PathBuf, AdminError> {
    if let Some(path) = given {
        return Ok(path);
    }
    let user = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let user = user.ok_or_else(|| AdminError::Argument {
        name: "--home",
        value: String::new(),
        rule: Said::new(
            "HOME is not set, so --home must be given",
            "HOME が設定されていないため、--home の指定が必要です",
        ),
    })?;
    Ok(PathBuf::from(user).join(".sekisho-admin"))
}
