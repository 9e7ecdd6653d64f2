//! The main job on real parts: told as a script, or left up to play with.

mod play;
mod story;
mod tell;

use clap::Parser;
use sekisho_tests::virtual_card::Body;

/// A ledger, a real pcscd with virtual cards, one clerk terminal: founds a made-up town and works in it (デモ)
#[derive(Parser)]
struct Arguments {
    /// Tell the whole story without asking; exit status 0 if all of it came true
    #[arg(long)]
    script: bool,
    /// The clerks' cards are images of a chip, run by QEMU
    #[arg(long)]
    qemu: bool,
    /// Language of what the programs say: en or ja
    #[arg(long, default_value = "en", value_parser = ["en", "ja"])]
    lang: String,
}

fn main() {
    let arguments = Arguments::parse();
    let body = if arguments.qemu { Body::Chip } else { Body::Simulator };
    if arguments.script { story::tell(&arguments.lang, body) } else { play::play(&arguments.lang, body) }
}
