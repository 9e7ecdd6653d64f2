//! `sekisho-simulator`: a blank card in a file, and that card in a reader.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use sekisho_simulator::{
    ApduLog, Chip, Control, ControlError, Difficulty, Memory, MemoryError, Presence, SimulatedCard, UsbToken, Vpcd,
};

/// The operator card on a PC: the firmware's card application, its memory in a file, its contacts in a vpcd reader.
///
/// A card for tests and demonstrations. Its keys lie in its flash file in plain sight; never issue it to a person.
#[derive(Parser)]
#[command(name = "sekisho-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Make a blank card in factory state: PIN 123456, PUK 12345678, no keys. Prints its serial number.
    New {
        /// Where the card keeps its memory: an image of its flash. The file must not exist yet.
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// Eight hexadecimal digits; random unless given.
        #[arg(long, value_name = "HEX", value_parser = serial)]
        serial: Option<[u8; 4]>,
    },
    /// Put the card into a reader, until it is pulled: ending the process pulls it.
    ///
    /// Starting the process inserts the card, ending it (any signal, also SIGKILL) pulls it; what the card has
    /// acknowledged survives. With --control one process can pull and insert many times.
    Run {
        /// The card's memory, made by `new`.
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// The vpcd reader: where pcscd listens for a card. Tried again until it is there.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:35963", value_parser = host_and_port)]
        vpcd: String,
        /// Listen on this Unix socket for the lines `insert`, `pull` and `quit`; each is answered `ok`.
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
        /// The card is not this program but the image of a board, run by QEMU: a card on a chip.
        #[arg(long, value_name = "IMAGE")]
        chip: Option<PathBuf>,
        /// A card that is difficult: t0, short-only, plain, slow, forgetful, ridden, mute, falls-out-at-verify, or NUMBER:HOW for a wrong answer to that
        /// command after power on, HOW one of empty, half, fine, noise, refused.
        #[arg(long, value_name = "HOW", conflicts_with = "chip")]
        difficult: Option<Difficulty>,
        /// Begin with the card outside the reader; wants --control.
        #[arg(long, requires = "control")]
        pulled: bool,
        /// Append one line per APDU: header, lengths, status word; never data. Lines beginning with # are power events.
        #[arg(long, value_name = "FILE")]
        log_apdus: Option<PathBuf>,
    },
    /// Be a USB token that a Linux kernel attaches over USB/IP (`usbip attach -r HOST -b 1-1`). Prints the port.
    ///
    /// Detaching, or ending the process, unplugs it.
    Usb {
        /// The card's memory, made by `new`.
        #[arg(long, value_name = "FILE")]
        state: PathBuf,
        /// Where to listen on loopback; any free port unless given.
        #[arg(long, value_name = "PORT", default_value_t = 0)]
        port: u16,
        /// What the device says its serial number is.
        #[arg(long, value_name = "TEXT", default_value = "0001")]
        serial: String,
        /// Take so much longer for each signature and key, as a slow chip would.
        #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
        slow: u64,
        /// As in `run`.
        #[arg(long, value_name = "FILE")]
        log_apdus: Option<PathBuf>,
    },
    /// Tell a running card with --control what to do.
    Steer {
        /// Its control socket.
        #[arg(long, value_name = "SOCKET")]
        control: PathBuf,
        /// insert, pull or quit.
        what: String,
    },
}

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let outcome = match Arguments::parse().act {
        Act::New { state, serial } => new(&state, serial),
        Act::Run { state, vpcd, control, chip, difficult, pulled, log_apdus } => {
            let presence = if pulled { Presence::pulled() } else { Presence::inserted() };
            let body = match (chip, difficult) {
                (Some(image), _) => Body::Chip(image),
                (None, Some(difficulty)) => Body::Difficult(difficulty),
                (None, None) => Body::Good,
            };
            run(&state, &body, &Vpcd::at(&vpcd), control.as_deref(), log_apdus.as_deref(), &presence)
        }
        Act::Usb { state, port, serial, slow, log_apdus } => usb(&state, port, &serial, slow, log_apdus.as_deref()),
        Act::Steer { control, what } => steer(&control, &what),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell when even this fails.
            let _ = writeln!(io::stderr(), "sekisho-simulator: {error}");
            if let Some(next_step) = error.downcast_ref().and_then(MemoryError::next_step) {
                let _ = writeln!(io::stderr(), "{next_step}");
            }
            ExitCode::FAILURE
        }
    }
}

fn new(state: &Path, serial: Option<[u8; 4]>) -> Result<(), Box<dyn std::error::Error>> {
    let serial = match serial {
        Some(serial) => serial,
        None => getrandom::u32()?.to_be_bytes(),
    };
    SimulatedCard::blank(Memory::create(state)?, serial)?;
    writeln!(io::stdout(), "{:08x}", u32::from_be_bytes(serial))?;
    Ok(())
}

/// What the card in the reader is.
enum Body {
    Good,
    Difficult(Difficulty),
    Chip(PathBuf),
}

fn run(
    state: &Path,
    body: &Body,
    vpcd: &Vpcd,
    control: Option<&Path>,
    log_apdus: Option<&Path>,
    presence: &Presence,
) -> Result<(), Box<dyn std::error::Error>> {
    let log = apdu_log(log_apdus)?;
    if let Body::Chip(image) = body {
        let mut chip = Chip::new(image, state, log)?;
        obey(control, presence)?;
        vpcd.serve_chip(&mut chip, presence);
    }
    let mut card = SimulatedCard::new(Memory::open(state)?).with_log(log);
    obey(control, presence)?;
    if let Body::Difficult(difficulty) = body {
        vpcd.serve_difficult(&mut card, *difficulty, presence);
    }
    vpcd.serve(&mut card, presence)
}

fn usb(
    state: &Path,
    port: u16,
    serial: &str,
    slow: u64,
    log_apdus: Option<&Path>,
) -> Result<(), Box<dyn std::error::Error>> {
    let card = SimulatedCard::new(Memory::open(state)?).with_log(apdu_log(log_apdus)?);
    let token = UsbToken::listen(port, serial)?.slow(Duration::from_millis(slow));
    writeln!(io::stdout(), "{}", token.port()?)?;
    token.serve(card)
}

fn apdu_log(path: Option<&Path>) -> Result<ApduLog, String> {
    match path {
        Some(path) => ApduLog::append_to(path).map_err(|error| format!("cannot write '{}': {error}", path.display())),
        None => Ok(ApduLog::none()),
    }
}

fn obey(control: Option<&Path>, presence: &Presence) -> Result<(), ControlError> {
    if let Some(path) = control {
        Control::listen(path)?.obey(presence.clone(), || std::process::exit(0));
    }
    Ok(())
}

fn steer(control: &Path, what: &str) -> Result<(), Box<dyn std::error::Error>> {
    let answer = Control::ask(control, what)?;
    if answer == "ok" { Ok(()) } else { Err(answer.into()) }
}

fn host_and_port(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) => {
            Ok(text.to_owned())
        }
        Some(_) | None => Err("HOST:PORT is needed, such as 127.0.0.1:35963".to_owned()),
    }
}

fn serial(text: &str) -> Result<[u8; 4], String> {
    match (text.len(), u32::from_str_radix(text, 16)) {
        (8, Ok(serial)) => Ok(serial.to_be_bytes()),
        _ => Err("eight hexadecimal digits are needed".to_owned()),
    }
}
