//! Speed as ratios: each number beside a bare loop or a named peer, measured in one run on one machine.
//!
//! Nothing is decided here: goals that are not met are said so, and only errors fail.

mod append;
mod at_rest;
mod authorize;
mod bare_card;
mod bare_rows;
mod batches;
mod card_in_memory;
mod chip;
mod growth;
mod helper;
mod ingest;
mod login;
mod many_clients;
mod mixed;
mod pam;
mod polkit;
mod register;
mod removal;
mod report;
mod screen;
mod sealed;
mod start;
mod stopwatch;
mod stored;
mod sync_count;
mod times;

use clap::{Parser, Subcommand};
use sekisho_tests::clerk::insert;
use sekisho_tests::scene::Scene;

use report::Report;

/// Measures the speed of this build, as ratios to bare loops and named peers in the same run.
#[derive(Parser)]
#[command(name = "sekisho-bench")]
struct Arguments {
    /// Measures a tenth as often.
    #[arg(long)]
    quick: bool,
    /// Measures these alone: at-rest, start, login, pam, authorize, polkit, sealed, removal, screen, ingest, register, chip, growth, mixed. May be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    #[command(subcommand)]
    helper: Option<Helper>,
}

/// Work in a process of its own, because libpcsclite reads its socket's name from the environment.
#[derive(Subcommand)]
enum Helper {
    /// Logs in to the card again and again without any agent; the PIN comes on standard input.
    #[command(hide = true)]
    BareLogins {
        /// The reader.
        reader: String,
        /// How often.
        count: usize,
    },
    /// Tells when pcscd tells that a card was pulled.
    #[command(hide = true)]
    TellRemovals,
    /// Asks polkit once for each line of standard input.
    #[command(hide = true)]
    AskPolkit,
}

/// One measurement.
type Measure = fn(&mut Scene, Effort, &mut Report);

/// How often things are measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    quick: bool,
}

impl Effort {
    /// `full`, or a tenth of it, at least `least`.
    pub(crate) fn of(self, full: usize, least: usize) -> usize {
        if self.quick { (full / 10).max(least) } else { full }
    }
}

fn main() {
    let arguments = Arguments::parse();
    match arguments.helper {
        Some(Helper::BareLogins { reader, count }) => bare_card::log_in_again_and_again(&reader, count),
        Some(Helper::TellRemovals) => removal::tell(),
        Some(Helper::AskPolkit) => polkit::ask_for_each_line(),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) {
    let effort = Effort { quick: arguments.quick };
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let mut report = Report::default();
    report::progress("founding an office, issuing cards, enrolling a terminal");
    let mut scene = Scene::new("bench");
    insert(&scene.terminal, &mut scene.clerk);
    authorize::work(&scene);
    let steps: [(&str, Measure); 14] = [
        ("at-rest", at_rest::measure),
        ("start", start::measure),
        ("login", login::measure),
        ("pam", pam::measure),
        ("authorize", authorize::measure),
        ("polkit", polkit::measure),
        ("sealed", sealed::measure),
        ("removal", removal::measure),
        ("screen", screen::measure),
        ("ingest", ingest::measure),
        ("register", register::measure),
        ("chip", chip::measure),
        ("growth", growth::measure),
        ("mixed", mixed::measure),
    ];
    for (name, step) in steps.into_iter().filter(|(name, _)| wanted(name)) {
        report::progress(name);
        step(&mut scene, effort, &mut report);
        report.print();
    }
}
