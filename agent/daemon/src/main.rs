//! `sekisho-agent`: one binary, three units with three privileges, and the administrator's commands.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use sekisho_agent::clock::{Clock, SystemClock};
use sekisho_agent::config::Config;
use sekisho_agent::run::End;
use sekisho_agent::{aside, card_worker, ending, enrol, forwarder, run};

/// The agent of a clerk terminal.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Decide, record, answer the socket; neither card nor network.
    Run {
        #[command(flatten)]
        unit: Unit,
    },
    /// Speak to the cards; neither journal nor network.
    CardWorker {
        #[command(flatten)]
        unit: Unit,
    },
    /// Carry sealed records to the ledger; neither journal nor card.
    Forwarder {
        #[command(flatten)]
        unit: Unit,
    },
    /// Enrol this terminal with a code from an administrator. Run again with the same code, it finishes what was interrupted; with a new code
    /// for the same terminal, it gets a new certificate and keeps key and journal.
    Enrol {
        #[command(flatten)]
        config: ConfigFile,
        /// File that holds the code.
        code: PathBuf,
    },
    /// Check the configuration.
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Look at a journal that the agent refuses, or go on without it. Run as root, with the agent stopped.
    Journal {
        #[command(flatten)]
        config: ConfigFile,
        /// What to do.
        #[command(subcommand)]
        act: JournalAct,
    },
    /// Show what the agent says of itself.
    Status {
        #[command(flatten)]
        config: ConfigFile,
    },
}

#[derive(Subcommand)]
enum JournalAct {
    /// Show which records can be read; changes nothing.
    Show,
    /// Set the whole journal aside, where it stays as evidence. Records that the ledger has not got are in no book then, and nothing is
    /// granted until an administrator has opened a new epoch with a card.
    SetAside,
}

/// What the three units take.
#[derive(clap::Args)]
struct Unit {
    #[command(flatten)]
    config: ConfigFile,
    /// Milliseconds in this file are added to all clocks. For tests: a release build refuses it.
    #[arg(long, value_name = "FILE")]
    simulated_clock: Option<PathBuf>,
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "/etc/sekisho/agent.toml")]
    config: PathBuf,
}

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
