//! Beside the agent in a clerk's desktop session, as the clerk and without rights: says when somebody works, asks for the PIN, warns, and
//! locks the screen where the desktop does not. It decides nothing; what it does not say counts as nobody there.

mod agent;
mod bus;
mod configuration;
mod idle;
mod locker;
mod login;
mod notices;
mod on_reader;
mod pinentry;
mod presence;
mod programs;
mod seat;
mod words;

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::{CommandFactory, Parser, ValueEnum};
use rustix::fs::{FlockOperation, flock};
use sekisho_ipc::PinEntry;
use sekisho_wire::words::Language;

use crate::configuration::Configuration;
use crate::notices::Errand;
use crate::presence::Looks;
use crate::seat::{Action, Asking, Came, Event, Locker, Question, Seat, Wishes};

/// How often it is seen whether somebody works, while a session is open. Input between two looks is recent for longer than this.
const LOOK: Duration = Duration::from_secs(2);

const EXIT_CODES: &str = "\
Exit codes:
  0  the desktop session is over
  1  failed; standard error says what and what next
  2  wrong arguments";

/// Beside the agent in a desktop session: idle, questions for the PIN, warnings, the screen's locker
///
/// Started with the desktop (XDG autostart), as its user. Without it whoever works counts as idle, unless programs or the panel say otherwise.
#[derive(Parser)]
#[command(name = "sekisho-seat", version, after_help = EXIT_CODES)]
struct Arguments {
    /// What this desktop wants [default: /etc/sekisho/seat.toml, which need not be there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The agent's socket [default: SEKISHO_SOCKET, else /run/sekisho/agent.sock]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Language of messages [default: from LC_ALL, LC_MESSAGES, LANG; else ja]
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<LanguageArgument>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageArgument {
    Ja,
    En,
}

/// The command line, for the manual.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Serves the desktop until it is gone.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything else: a PIN passes through.
    let _ = sekisho_ipc::forbid_dumps();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    let arguments = Arguments::parse();
    let language = match arguments.lang {
        Some(LanguageArgument::Ja) => Language::Japanese,
        Some(LanguageArgument::En) => Language::English,
        None => Language::from_variables(|name| std::env::var(name).ok()),
    };
    match serve(&arguments, language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let (what, next) = failure.words(language);
            eprintln!("sekisho-seat: {what}\n  {next}");
            ExitCode::FAILURE
        }
    }
}

/// It cannot begin.
enum Failure {
    Configuration(configuration::ConfigurationError),
    /// Another one serves this session.
    Second(PathBuf),
    Place(PathBuf, std::io::Error),
}

impl Failure {
    fn words(&self, language: Language) -> (String, &'static str) {
        match self {
            Self::Configuration(error) => (
                format!("{}: {error}", language.pick("設定を使えません", "cannot use the configuration")),
                language.pick("その行を直して、もう一度起動してください。", "Correct that line and start it again."),
            ),
            Self::Second(file) => (
                format!(
                    "{} ({})",
                    language.pick(
                        "この画面では別の sekisho-seat が動いています",
                        "another sekisho-seat serves this session"
                    ),
                    file.display()
                ),
                language.pick("何もする必要はありません。", "Nothing is left to do."),
            ),
            Self::Place(file, error) => (
                format!("{}: {error}", file.display()),
                language.pick(
                    "XDG_RUNTIME_DIR のフォルダーがあり、書き込めるか確かめてください。",
                    "See that the folder that XDG_RUNTIME_DIR names is there and can be written.",
                ),
            ),
        }
    }
}

/// One of us for each session: two would ask twice.
fn be_the_only_one() -> Result<Option<File>, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(folder) = set("XDG_RUNTIME_DIR") else { return Ok(None) };
    let session = set("XDG_SESSION_ID").unwrap_or_else(|| "auto".into()).replace('/', "_");
    let path = PathBuf::from(folder).join(format!("sekisho-seat-{session}.lock"));
    let file = File::create(&path).map_err(|error| Failure::Place(path.clone(), error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::AGAIN) => Err(Failure::Second(path)),
        Err(errno) => Err(Failure::Place(path, errno.into())),
    }
}

fn serve(arguments: &Arguments, language: Language) -> Result<(), Failure> {
    let configuration = Configuration::read(arguments.config.as_deref()).map_err(Failure::Configuration)?;
    let _only = be_the_only_one()?;
    let socket = arguments.socket.clone().unwrap_or_else(sekisho_ipc::socket_path);
    let (events, happened) = channel();
    let notices = notices::start(language, &events);
    agent::start(&socket, &events);
    let followed = events.clone();
    std::thread::spawn(move || login::follow(&followed));
    let looks = presence::start(&socket, &events);
    Hand { configuration, language, socket, events, notices, looks, standing: None }.work(&happened);
    Ok(())
}

/// What asks for a PIN now.
enum Standing {
    /// A window.
    OnScreen(pinentry::Standing),
    /// The reader.
    OnReader(on_reader::Standing),
}

/// Carries out what the machine wants.
struct Hand {
    configuration: Configuration,
    language: Language,
    socket: PathBuf,
    events: Sender<Event>,
    notices: Sender<Errand>,
    looks: Looks,
    standing: Option<Standing>,
}

impl Hand {
    fn work(mut self, happened: &Receiver<Event>) {
        let wishes = Wishes { ask: self.configuration.pin.ask, lock: !self.configuration.lock.command.is_empty() };
        let mut seat = Seat::new(wishes);
        let start = now();
        let mut looked = start;
        loop {
            let event = if seat.counts() {
                match happened.recv_timeout((looked + LOOK).saturating_duration_since(now())) {
                    Err(RecvTimeoutError::Timeout) => {
                        looked = now();
                        Event::Tick
                    }
                    Ok(event) => event,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                match happened.recv() {
                    Ok(event) => event,
                    Err(_) => return,
                }
            };
            if let Event::Over(why) = &event {
                log::info!("the desktop is gone: {why}");
                self.stop_asking();
                // Not on a thread of its own: this process ends with it.
                programs::end(&self.configuration.lock.end);
                return;
            }
            for action in seat.step(now().duration_since(start), event) {
                self.carry_out(action);
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            // A look that takes long is under way: nobody is reported active meanwhile.
            Action::Look => drop(self.looks.try_send(())),
            Action::Show(topic, note) => drop(self.notices.send(Errand::Show(topic, Box::new(note)))),
            Action::Withdraw(topic) => drop(self.notices.send(Errand::Withdraw(topic))),
            Action::Ask(asking, question) => self.ask(asking, question),
            Action::StopAsking => self.stop_asking(),
            Action::Decline(waiting) => agent::decline(&self.socket, waiting),
            Action::StartLocker => {
                if let Err(error) = locker::start(&self.configuration.lock.command, &self.events) {
                    log::error!("cannot start the locker: {error}");
                    let _ = self.events.send(Event::Locker(Locker::Failed));
                }
            }
            Action::EndPrograms => {
                let programs = self.configuration.lock.end.clone();
                std::thread::spawn(move || programs::end(&programs));
            }
            Action::TellLocked(locked) => {
                if let Err(error) = login::tell_locked(locked) {
                    log::error!("cannot tell logind that the screen is locked: {error}");
                }
            }
        }
    }

    fn ask(&mut self, asking: Asking, question: Question) {
        if question.entry != PinEntry::Keyboard {
            let standing = on_reader::ask(&self.socket, asking, question.prompt(), &self.events);
            self.standing = Some(Standing::OnReader(standing));
            return;
        }
        let asked = (asking, question);
        match pinentry::ask(&self.configuration.pin, self.language, &self.socket, asked, &self.events) {
            Ok(standing) => self.standing = Some(Standing::OnScreen(standing)),
            Err(error) => {
                let program = self.configuration.pin.program.join(" ");
                log::error!(
                    "cannot start '{program}': {error}. Install pinentry, or name another one under [pin] in seat.toml."
                );
                let _ = self.events.send(Event::Pin(asking, Came::Failed));
            }
        }
    }

    fn stop_asking(&mut self) {
        match self.standing.take() {
            Some(Standing::OnScreen(standing)) => standing.stop(),
            Some(Standing::OnReader(standing)) => standing.stop(),
            None => {}
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the loop measures waits; the agent's time decides")]
fn now() -> Instant {
    Instant::now()
}
