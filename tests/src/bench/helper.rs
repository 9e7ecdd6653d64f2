//! This program again, in a process of its own, which writes a time in nanoseconds on each line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// It lives as long as this.
pub(crate) struct Helper {
    child: Child,
    asks: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Helper {
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let asks = child.stdin.take().expect("a pipe was asked for");
        let lines = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        Self { child, asks, lines }
    }

    /// The next time that it tells.
    pub(crate) fn next(&mut self) -> Duration {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the helper tells");
        Duration::from_nanos(line.trim().parse().expect("nanoseconds"))
    }

    /// Asks it for one.
    pub(crate) fn ask(&mut self) -> Duration {
        writeln!(self.asks).expect("the helper listens");
        self.next()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
