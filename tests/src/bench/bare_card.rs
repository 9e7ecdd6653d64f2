//! A login without an agent: the same APDUs by the same crate over the same reader, in one thread of one process.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use sekisho_card::{Lengths, OperatorCard, PcscReader, ReaderName, SharePolicy};
use sekisho_tests::desk::Issued;
use sekisho_tests::pcscd::Pcscd;
use sekisho_wire::secret::Pin;

use crate::stopwatch::timed;

/// Starts this program again as the bare loop; gives how long each login took.
pub(crate) fn run(pcscd: &Pcscd, issued: &Issued, count: usize) -> Vec<Duration> {
    let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
    command.args(["bare-logins", &pcscd.reader(0), &count.to_string()]);
    command.env("PCSCLITE_CSOCK_NAME", pcscd.socket()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("cannot start the bare loop");
    let mut keyboard = child.stdin.take().expect("a pipe was asked for");
    keyboard.write_all(issued.pin().as_bytes()).expect("cannot type the PIN");
    drop(keyboard);
    let output = child.wait_with_output().expect("the bare loop ends");
    assert!(output.status.success(), "the bare loop of logins ended with {}", output.status);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().map(|line| Duration::from_nanos(line.parse().expect("nanoseconds"))).collect()
}

/// The bare loop: writes nanoseconds, a line each. The reset between two logins, which an ended session causes too, is not timed.
pub(crate) fn log_in_again_and_again(reader: &str, count: usize) {
    let mut typed = String::new();
    std::io::stdin().read_to_string(&mut typed).expect("a PIN on standard input");
    let pin = Pin::parse(typed.trim().as_bytes()).unwrap_or_else(|_| panic!("what was typed is no PIN"));
    let reader = ReaderName::new(reader).expect("a reader's name");
    let reader = PcscReader::open(&reader).unwrap_or_else(|error| panic!("{error}"));
    let transport = reader.connect(SharePolicy::Exclusive, Lengths::Short).unwrap_or_else(|error| panic!("{error}"));
    let mut card = OperatorCard::open(transport).unwrap_or_else(|error| panic!("{error}"));
    let mut out = std::io::stdout().lock();
    for number in 0..count {
        card.reset().unwrap_or_else(|error| panic!("{error}"));
        let digest = [u8::try_from(number % 256).unwrap_or(0); 32];
        let (signed, took) = timed(|| card.login(&pin, &digest));
        signed.unwrap_or_else(|error| panic!("{error}"));
        writeln!(out, "{}", took.as_nanos()).expect("cannot tell a time");
    }
}
