//! Another program beside the agent at a reader, as a process of its own (`neighbour/main.rs`).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::binaries::program;
use crate::pcscd::Pcscd;

/// The program. Dropping ends it, and with it whatever it holds.
pub struct Neighbour {
    child: Child,
    lines: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Neighbour {
    /// One that comes to this slot, and has done nothing yet.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn at(pcscd: &Pcscd, slot: usize) -> Self {
        let mut command = Command::new(program("sekisho-neighbour"));
        command.arg(pcscd.reader(slot)).env("PCSCLITE_CSOCK_NAME", pcscd.socket());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cannot start a neighbour");
        let lines = child.stdin.take().expect("a pipe was asked for");
        let answers = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        Self { child, lines, answers }
    }

    /// Tells it what to do; gives what it says of it.
    ///
    /// # Panics
    /// When it has ended.
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.lines, "{line}").expect("the neighbour is there");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the neighbour answers");
        answer.trim_end().to_owned()
    }

    /// Has it do all of this.
    ///
    /// # Panics
    /// When one does not come to `ok`.
    pub fn does(&mut self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.ask(line), "ok", "{line}");
        }
    }

    /// Sends a command in its transaction; gives the status word.
    pub fn send(&mut self, command: &str) -> String {
        let answer = self.ask(&format!("send {command}"));
        answer.get(answer.len().saturating_sub(4)..).unwrap_or_default().to_owned()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
