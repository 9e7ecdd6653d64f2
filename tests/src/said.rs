//! What a program says on both outputs, in the order in which it said it.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};

/// Runs a command to its end; `typed` goes to its standard input.
///
/// # Panics
/// When it cannot be started, or says what is no text.
pub fn run(what: &str, command: &mut Command, typed: &str) -> (ExitStatus, String) {
    // One pipe for both outputs, so that they stand in their order.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let both = writer.try_clone().expect("a pipe");
    let child = command.stdin(Stdio::piped()).stdout(both).stderr(writer).spawn();
    let mut child = child.unwrap_or_else(|cause| panic!("cannot start {what}: {cause}"));
    // The command holds the writing ends; they have to go before reading can end.
    *command = Command::new("true");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A program that ends without reading is heard by its answer, not by our pipe.
    let _ = stdin.write_all(typed.as_bytes());
    drop(stdin);
    let mut said = String::new();
    reader.read_to_string(&mut said).expect("programs say text");
    (child.wait().expect("a child can be waited for"), said)
}
