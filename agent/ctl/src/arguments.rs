//! The command line. The English texts stand here, the Japanese ones in `help_japanese`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use sekisho_ipc::{AuthorizeRequest, Outcome, Recipient};
use sekisho_wire::words::Language;

use crate::{help_japanese, language, programs, report};

/// Exit codes, below every help.
const EXIT_CODES: &str = "\
Exit codes:
  0  done, or granted
  1  failed; standard error says what and what next
  2  wrong arguments
  3  refused
  4  run: the session was locked or ended, so the program was ended
  run otherwise ends as the program did: its own code, 128 + signal, or 127 when it cannot be started.";

/// Work with the operator card of this terminal
#[derive(Parser)]
#[command(name = "sekisho", version, after_help = EXIT_CODES, disable_help_subcommand = true, args_override_self = true)]
pub(crate) struct Arguments {
    /// Language of messages: ja or en [default: from LC_ALL, LC_MESSAGES, LANG; else ja]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<LanguageArgument>,
    /// The agent's socket [default: SEKISHO_SOCKET, else /run/sekisho/agent.sock]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show who is in, what is allowed, and what to do next
    Status {
        /// One line of JSON, as the interface declares it
        #[arg(long)]
        json: bool,
    },
    /// Open a session with the card in the reader, or open a locked one again
    Login {
        /// The permission profile to work with
        #[arg(long)]
        profile: Option<String>,
        /// What the session is for
        #[arg(long)]
        kind: Option<Kind>,
        #[command(flatten)]
        pin: PinFrom,
    },
    /// Lock the session
    Lock {
        /// Close it too
        #[arg(long)]
        end: bool,
    },
    /// Ask whether a function may be run here and now; the answer is on record
    Authorize {
        #[command(flatten)]
        request: Asked,
        /// One line of JSON: verdict, record and signed decision
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        pin: PinFrom,
    },
    /// Say what came of a granted function
    Complete {
        /// The record of the grant
        #[arg(value_name = "EPOCH:SEQ")]
        record: Record,
        /// How many items were handled
        #[arg(long)]
        items: u32,
        /// What came of it
        #[arg(long, default_value = "done")]
        outcome: OutcomeArgument,
    },
    /// Run a program under a grant, and end it when the session is locked
    Run(Run),
    /// Show each change of the state
    Watch {
        /// JSON, one state a line
        #[arg(long)]
        json: bool,
    },
    /// Find what is wrong on this terminal, and say how it is mended; as root it sees more
    Doctor {
        /// One line of JSON: a list of findings
        #[arg(long)]
        json: bool,
    },
    /// Change the PIN of the card in the reader
    ChangePin {
        #[command(flatten)]
        pin: PinFrom,
    },
    /// Report a card that is lost, stolen, damaged or whose PIN is known: it is blocked at once; or report an incident
    Report {
        /// What happened
        #[arg(value_name = "WHAT")]
        what: report::What,
        /// The card's number or its operator's ID [default: the card in the reader; for incidents none]
        #[arg(id = "reported", value_name = "CARD")]
        card: Option<String>,
        /// One line of JSON, as the interface declares it
        #[arg(long)]
        json: bool,
    },
    /// Activate a spare or emergency card for a person, with your own card in the reader; the act is shown before the PIN is asked for
    ActivateCard {
        /// The dormant card: its number (2026-31) or GUID
        #[arg(id = "dormant", value_name = "CARD")]
        card: String,
        /// Who gets it, by operator's ID
        #[arg(long)]
        operator: String,
        /// Why, as the office codes its reasons
        #[arg(long)]
        reason: String,
        /// Which of that person's profiles work with it [default: all]
        #[arg(id = "profiles", long = "profile", value_name = "PROFILE")]
        profiles: Vec<String>,
        /// For so many hours [default: until the office closes today]
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=744))]
        hours: Option<u16>,
        /// In the name of which of your posts [default: the first that may decide it]
        #[arg(long)]
        post: Option<String>,
        #[command(flatten)]
        pin: PinFrom,
    },
    /// End the activation of a card before its time, with your own card in the reader
    EndActivation {
        /// The card: its number (2026-31) or GUID
        #[arg(id = "dormant", value_name = "CARD")]
        card: String,
        /// Why, as the office codes its reasons
        #[arg(long)]
        reason: String,
        /// In the name of which of your posts [default: the first that may decide it]
        #[arg(long)]
        post: Option<String>,
        #[command(flatten)]
        pin: PinFrom,
    },
    /// Stop the connection at once, with your own card in the reader; whoever has to be told is told afterwards
    StopConnection {
        /// Only this function [default: all business functions]
        #[arg(id = "functions", long = "function", value_name = "FUNCTION")]
        functions: Vec<String>,
        /// The incident that it answers (2026-3)
        #[arg(long)]
        incident: Option<String>,
        /// In the name of which of your posts [default: the first that may decide it]
        #[arg(long)]
        post: Option<String>,
        #[command(flatten)]
        pin: PinFrom,
    },
    /// Show the panel
    Panel {
        /// Programs that it starts under a grant
        #[arg(long, value_name = "FILE", default_value = programs::PROGRAMS)]
        programs: PathBuf,
    },
}

/// What is asked of `Authorize`.
#[derive(Args)]
pub(crate) struct Asked {
    /// The function's code
    function: String,
    #[command(flatten)]
    details: Details,
    /// 16 bytes in hexadecimal: the same request asked again gets the same answer
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Have a grant signed for this recipient: an application on a server
    #[arg(long, value_name = "AUDIENCE")]
    recipient: Option<String>,
    /// What the recipient gave for this very occasion
    #[arg(long, requires = "recipient")]
    nonce: Option<String>,
    /// Where the function wants the PIN: do not ask for it here, but wait until the clerk has typed it in panel or desktop; so many seconds, 600 at most
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["pin_stdin", "card"])]
    wait: Option<u32>,
}

/// Where a PIN comes from, and what for.
#[derive(Args)]
pub(crate) struct PinFrom {
    /// Read the PIN from standard input instead of the terminal; for change-pin the old and the new one, one line each
    #[arg(long = "pin-stdin", id = "pin_stdin")]
    pub(crate) stdin: bool,
    /// The card that the PIN is for, by its GUID: it goes to no other
    #[arg(long, value_name = "GUID")]
    pub(crate) card: Option<String>,
}

#[derive(Args)]
pub(crate) struct Details {
    /// The purpose's code
    #[arg(long)]
    purpose: Option<String>,
    /// The case in the office's own ledger; never a person's name
    #[arg(long)]
    case: Option<String>,
}

#[derive(Args)]
pub(crate) struct Run {
    /// The function's code
    #[arg(long)]
    function: String,
    #[command(flatten)]
    details: Details,
    /// How many items to report when the program ends well
    #[arg(long, default_value_t = 1)]
    pub(crate) items: u32,
    /// Do not ask: this record is the grant, and waits for its outcome
    #[arg(long, hide = true, value_name = "EPOCH:SEQ", conflicts_with_all = ["purpose", "case", "pin_stdin", "card"])]
    pub(crate) under: Option<Record>,
    #[command(flatten)]
    pub(crate) pin: PinFrom,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
}

impl Asked {
    pub(crate) fn into_request(self) -> AuthorizeRequest {
        let Details { purpose, case } = self.details;
        let recipient = self.recipient.map(|audience| Recipient { audience, nonce: self.nonce });
        let wait = self.wait;
        AuthorizeRequest { function: self.function, purpose, case, request: self.request, recipient, wait }
    }
}

impl Run {
    pub(crate) fn request(&self) -> AuthorizeRequest {
        let Details { purpose, case } = &self.details;
        AuthorizeRequest {
            function: self.function.clone(),
            purpose: purpose.clone(),
            case: case.clone(),
            ..AuthorizeRequest::default()
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum LanguageArgument {
    Ja,
    En,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Ordinary,
    Maintenance,
    Training,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Maintenance => "maintenance",
            Self::Training => "training",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum OutcomeArgument {
    Done,
    Failed,
    Cancelled,
}

impl From<OutcomeArgument> for Outcome {
    fn from(outcome: OutcomeArgument) -> Self {
        match outcome {
            OutcomeArgument::Done => Self::Done,
            OutcomeArgument::Failed => Self::Failed,
            OutcomeArgument::Cancelled => Self::Cancelled,
        }
    }
}

/// `EPOCH:SEQ`, as `authorize` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

impl FromStr for Record {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (epoch, seq) = text.split_once(':')?;
            Some(Self { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
        };
        parse().ok_or("two numbers with a colon between them, as 'sekisho authorize' prints them")
    }
}

impl Arguments {
    /// Parses the command line; prints help or a complaint and ends the process where clap would.
    pub(crate) fn from_command_line() -> Self {
        let words: Vec<OsString> = std::env::args_os().collect();
        let language = language_of(&words).unwrap_or_else(language::from_environment);
        let matches = localised(language).get_matches_from(words);
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    pub(crate) fn language(&self) -> Language {
        match self.lang {
            Some(LanguageArgument::Ja) => Language::Japanese,
            Some(LanguageArgument::En) => Language::English,
            None => language::from_environment(),
        }
    }
}

/// The command line, with its texts in that language.
#[must_use]
pub fn localised(language: Language) -> clap::Command {
    match language {
        Language::English => Arguments::command(),
        Language::Japanese => help_japanese::of(Arguments::command()),
    }
}

/// Looks for `--lang` ahead of clap, since help and complaints already want a language. What follows `--` is the program's.
fn language_of(words: &[OsString]) -> Option<Language> {
    let words: Vec<_> = words.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str()).collect();
    let after = words.iter().position(|word| *word == "--lang").and_then(|at| words.get(at + 1)).copied();
    let joined = words.iter().find_map(|word| word.strip_prefix("--lang="));
    match joined.or(after)? {
        "ja" => Some(Language::Japanese),
        "en" => Some(Language::English),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        localised(Language::English).debug_assert();
        localised(Language::Japanese).debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_a_japanese_text() {
        let (english, japanese) = (localised(Language::English), localised(Language::Japanese));
        compare(&english, &japanese);
        for (english, japanese) in english.get_subcommands().zip(japanese.get_subcommands()) {
            compare(english, japanese);
        }
    }

    fn compare(english: &clap::Command, japanese: &clap::Command) {
        assert_ne!(english.get_about().unwrap().to_string(), japanese.get_about().unwrap().to_string());
        for (english, japanese) in english.get_arguments().zip(japanese.get_arguments()) {
            let text = |argument: &clap::Arg| argument.get_help().map(ToString::to_string);
            assert!(text(english).is_some(), "{}", english.get_id());
            assert_ne!(text(english), text(japanese), "{}", english.get_id());
        }
    }

    #[test]
    fn the_language_of_the_program_that_is_run_is_not_ours() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(language_of(&words("sekisho --lang en status")), Some(Language::English));
        assert_eq!(language_of(&words("sekisho status --lang=ja")), Some(Language::Japanese));
        assert_eq!(language_of(&words("sekisho run --function f -- x --lang en")), None);
    }

    #[test]
    fn a_record_is_two_numbers() {
        assert_eq!("1:57".parse(), Ok(Record { epoch: 1, seq: 57 }));
        for bad in ["", "1", "1:", ":1", "1:2:3", "-1:2", "a:b"] {
            assert!(bad.parse::<Record>().is_err(), "{bad}");
        }
    }
}
