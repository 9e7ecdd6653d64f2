//! `sekisho-nitrokey`: the PIV application of the Nitrokey 3, as its makers publish it (`piv-authenticator`), in a vpcd reader.
//!
//! A card that nobody here has written, for stories about other makers' cards. It has the simulator's command line.
#![forbid(unsafe_code)]

mod backends;
mod device;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sekisho_simulator::{ApduLog, Control, Presence, Vpcd};

use crate::token::Token;

#[derive(Parser)]
#[command(name = "sekisho-nitrokey", version)]
struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Make a token as it comes from the factory: PIN 123456, PUK 12345678, the management key that everybody knows.
    New {
        /// Where it keeps its memory. The file must not exist yet.
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
    },
    /// Put it into a reader; ending the process unplugs it.
    Run {
        /// Its memory.
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// The vpcd reader.
        #[arg(long, value_name = "HOST:PORT")]
        vpcd: String,
        /// As for the simulator.
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
        /// As for the simulator.
        #[arg(long, value_name = "FILE")]
        log_apdus: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("off")).init();
    match act(Arguments::parse().act) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell when even this fails.
            let _ = writeln!(io::stderr(), "sekisho-nitrokey: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(act: Act) -> Result<(), Box<dyn std::error::Error>> {
    match act {
        Act::New { state } => {
            if state.exists() {
                return Err(format!("'{}' exists", state.display()).into());
            }
            // What lies on it is made when it is first asked for anything.
            device::with_client(state, |client| Token::new(client, ApduLog::none()).awake())
        }
        Act::Run { state, vpcd, control, log_apdus } => {
            if !state.is_file() {
                return Err(format!("no token in '{}'", state.display()).into());
            }
            let log = log_apdus.as_deref().map_or_else(|| Ok(ApduLog::none()), ApduLog::append_to)?;
            let presence = Presence::inserted();
            if let Some(path) = control {
                Control::listen(&path)?.obey(presence.clone(), || std::process::exit(0));
            }
            device::with_client(state, |client| Vpcd::at(&vpcd).serve_any(&mut Token::new(client, log), &presence))
        }
    }
}
