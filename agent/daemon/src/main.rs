//! `sekisho-agent`: one binary, three units with three privileges, and the administrator's commands.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use sekisho_agent::arguments::{Arguments, Command, ConfigFile, JournalAct, KeyAct, KeyPlace, RecordsAct};
use sekisho_agent::clock::{Clock, SystemClock};
use sekisho_agent::config::Config;
use sekisho_agent::run::End;
use sekisho_agent::secrets::{self, Sealing};
use sekisho_agent::{aside, card_worker, ending, enrol, forwarder, run, screen, stick};

/// What is said before the process ends: what happened, and what to do.
struct Failure {
    what: String,
    next: String,
}

fn failure(what: &dyn std::fmt::Display, next: impl Into<String>) -> Failure {
    Failure { what: what.to_string(), next: next.into() }
}

fn main() -> ExitCode {
    ending::with_the_first_panic();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    if let Err(error) = sekisho_ipc::forbid_dumps() {
        log::warn!("cannot forbid images of this process: {error}");
    }
    match obey(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { what, next }) => {
            let _ = writeln!(std::io::stderr(), "sekisho-agent: {what}\n  {next}");
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run { unit } => {
            let clock = clock(unit.simulated_clock)?;
            let ran = run::run(load(&unit.config)?, clock, wait_for_signal);
            match ran.map_err(|error| failure(&error, error.next_step()))? {
                End::Asked => Ok(()),
                End::NewEpoch => Err(failure(&begin_again(), "Start the agent.")),
            }
        }
        Command::CardWorker { unit } => {
            let _ = clock(unit.simulated_clock)?;
            let never = card_worker::run(&load(&unit.config)?);
            never.map(|never| match never {}).map_err(|error| failure(&error, "Restart the card worker."))
        }
        Command::Forwarder { unit } => {
            let _ = clock(unit.simulated_clock)?;
            let never = forwarder::run(&load(&unit.config)?);
            never.map(|never| match never {}).map_err(|error| failure(&error, error.next_step()))
        }
        Command::Enrol { config, code } => enrol_terminal(&load(&config)?, &code),
        Command::Check { config } => {
            load(&config)?;
            say(&format!("{}: good", config.config.display()))
        }
        Command::Journal { config, act } => journal(&load(&config)?, &act),
        Command::Records { config, act } => records(&load(&config)?, act),
        Command::Key { config, act } => move_keys(&load(&config)?, act),
        Command::LockScreen { config } => lock_screen(&config),
        Command::Status { config } => status(&load(&config)?),
    }
}

fn load(file: &ConfigFile) -> Result<Config, Failure> {
    Config::load(&file.config).map_err(|error| failure(&error, error.next_step()))
}

#[cfg(debug_assertions)]
fn clock(simulated: Option<PathBuf>) -> Result<Arc<dyn Clock>, Failure> {
    Ok(match simulated {
        Some(file) => Arc::new(sekisho_agent::clock::SimulatedClock::new(file)),
        None => Arc::new(SystemClock),
    })
}

#[cfg(not(debug_assertions))]
fn clock(simulated: Option<PathBuf>) -> Result<Arc<dyn Clock>, Failure> {
    match simulated {
        Some(_) => Err(failure(&"cannot use --simulated-clock: this is a release build", "Leave the option out.")),
        None => Ok(Arc::new(SystemClock)),
    }
}

/// Becomes the same program from its beginning; returns why it could not.
fn begin_again() -> std::io::Error {
    use std::os::unix::process::CommandExt as _;
    match std::env::current_exe() {
        Ok(program) => std::process::Command::new(program).args(std::env::args_os().skip(1)).exec(),
        Err(error) => error,
    }
}

/// Returns at SIGTERM or SIGINT.
fn wait_for_signal() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    match signal_hook::iterator::Signals::new([SIGTERM, SIGINT]) {
        Ok(mut signals) => {
            let _ = signals.forever().next();
        }
        Err(error) => {
            log::error!("cannot listen to signals: {error}; the agent will not be able to end in order");
            loop {
                std::thread::park();
            }
        }
    }
}

fn enrol_terminal(config: &Config, code: &PathBuf) -> Result<(), Failure> {
    let text = std::fs::read_to_string(code).map_err(enrol::EnrolError::File);
    let enrolled = text.and_then(|text| enrol::enrol(config, &text));
    let enrolled = enrolled.map_err(|error| failure(&error, error.next_step()))?;
    let next = match enrolled.key {
        enrol::KeyIs::New => "Read this fingerprint out to the administrator, who confirms it with a card:",
        enrol::KeyIs::Kept => {
            "It keeps its key. Restart the forwarder. An administrator who has not confirmed the key yet does so by:"
        }
    };
    say(&format!("terminal {} is known to the ledger.\n{next}\n\n  {}\n", enrolled.terminal, enrolled.fingerprint))
}

fn journal(config: &Config, act: &JournalAct) -> Result<(), Failure> {
    let done = match act {
        JournalAct::Show => aside::show(config),
        JournalAct::SetAside => aside::set_aside(config).map(|place| {
            format!(
                "the journal is in {} now. Start the agent, and ask an administrator for a new epoch:\n  sekisho-admin terminal open-epoch",
                place.display()
            )
        }),
    };
    say(&done.map_err(|error| failure(&error, error.next_step()))?)
}

fn records(config: &Config, act: RecordsAct) -> Result<(), Failure> {
    let said = match act {
        RecordsAct::Export { from, file } => {
            let progress = |so_far: stick::Exported| log::info!("{} records", so_far.count);
            stick::export(config, &file, from, progress).map(|stick::Exported { first, count }| {
                format!(
                    "{count} records from {first} on are in {file}. At a machine with a line to the ledger:\n  sekisho-admin records carry {file}",
                    file = file.display()
                )
            })
        }
        RecordsAct::Import { file } => stick::import(config, &file)
            .map(|sealed| format!("the ledger has sealed all records before {sealed}; what this terminal has written since goes next time.")),
    };
    say(&said.map_err(|error| failure(&error, error.next_step()))?)
}

fn move_keys(config: &Config, act: KeyAct) -> Result<(), Failure> {
    let KeyAct::Move { to, folder, with_key, tpm2_device } = act;
    let moved = match to {
        KeyPlace::Credential => secrets::move_to_credentials(config, &folder, &Sealing { with_key, tpm2_device }),
        KeyPlace::File => secrets::move_to_files(config, tpm2_device),
    };
    let moved = moved.map_err(|error| failure(&error, error.next_step()))?;
    if moved.is_empty() {
        return say("the keys are in the state folder already.");
    }
    match to {
        KeyPlace::Credential => say(&format!(
            "{} are in {} now. The units of the package take them from /etc/credstore.encrypted; others need \
             LoadCredentialEncrypted=NAME:FILE for each. Start agent and forwarder.",
            moved.join(", "),
            folder.display()
        )),
        KeyPlace::File => say(&format!("{} are in their folders again. Start agent and forwarder.", moved.join(", "))),
    }
}

fn lock_screen(file: &ConfigFile) -> Result<(), Failure> {
    // A configuration that somebody broke since the agent started must not leave the screen open, nor end what is on it.
    let config = Config::load(&file.config).or_else(|error| {
        log::error!("{error}. {}", error.next_step());
        Config::parse(&file.config, "[lock]\non_failure = \"alert\"\n")
    });
    let config = config.map_err(|error| failure(&error, error.next_step()))?;
    if screen::lock_for_an_agent_that_ended(&config) {
        return Ok(());
    }
    Err(failure(
        &"the screen is NOT locked",
        "Lock it by hand, and see that the desktop has a locker: loginctl seat-status.",
    ))
}

fn status(config: &Config) -> Result<(), Failure> {
    let next = "Start the agent, or check its log: sekisho-agent run --config FILE";
    let mut client = sekisho_ipc::Client::connect(&config.agent_socket()).map_err(|error| failure(&error, next))?;
    let state = client.status().map_err(|error| failure(&error, next))?;
    let text = serde_json::to_string_pretty(&state).map_err(|error| failure(&error, next))?;
    say(&text)
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|error| failure(&error, "Check where the output goes."))
}
