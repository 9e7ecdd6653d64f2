//! Another program at the reader: connects, begins, sends, ends and lets go as it is told, a line at a time, and answers each with a line.
//!
//! `connect exclusive|shared`, `begin`, `send HEX`, `end leave|reset`, `drop`. The answers: `ok`, the card's answer in hexadecimal, or `error`
//! and the cause.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use sekisho_card::{
    Disposition, Lengths, PcscReader, PcscTransport, ReaderName, SharePolicy, Transaction as _, Transport as _,
    TransportError,
};

fn main() -> ExitCode {
    let Some(reader) = std::env::args().nth(1).and_then(ReaderName::new) else {
        eprintln!("usage: sekisho-neighbour READER");
        return ExitCode::from(2);
    };
    while let Some(line) = next() {
        let policy = match line.as_str() {
            "connect exclusive" => SharePolicy::Exclusive,
            "connect shared" => SharePolicy::Shared,
            _ => {
                say("error NotConnected");
                continue;
            }
        };
        match PcscReader::open(&reader).and_then(|reader| reader.connect(policy, Lengths::Short)) {
            Ok(card) => connected(card),
            Err(error) => failed(&error),
        }
    }
    ExitCode::SUCCESS
}

/// Until it lets the card go.
fn connected(mut card: PcscTransport) {
    say("ok");
    while let Some(line) = next() {
        match line.as_str() {
            "begin" => transaction(&mut card),
            "drop" => {
                let dropped = card.close(Disposition::Leave);
                return dropped.map_or_else(|error| failed(&error), |()| say("ok"));
            }
            _ => say("error NotBegun"),
        }
    }
}

/// Until it ends it.
fn transaction(card: &mut PcscTransport) {
    let mut transaction = match card.begin() {
        Ok(transaction) => transaction,
        Err(error) => return failed(&error),
    };
    say("ok");
    while let Some(line) = next() {
        let disposition = match line.split_once(' ') {
            Some(("send", command)) => {
                let mut answer = Vec::new();
                match transaction.transmit(&bytes(command), &mut answer) {
                    Ok(()) => say(&answer.iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
                    Err(error) => failed(&error),
                }
                continue;
            }
            Some(("end", "reset")) => Disposition::Reset,
            Some(_) | None => Disposition::Leave,
        };
        return transaction.end(disposition).map_or_else(|error| failed(&error), |()| say("ok"));
    }
}

fn next() -> Option<String> {
    io::stdin().lock().lines().next()?.ok()
}

fn failed(error: &TransportError) {
    say(&format!("error {:?}", error.cause));
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Nobody listens any more: the next line ends this.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|digit| digit.to_digit(16)).filter_map(|digit| digit.try_into().ok()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
