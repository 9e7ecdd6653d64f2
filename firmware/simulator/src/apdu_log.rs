//! One line per APDU: header, lengths, status word. Never data.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use sekisho_wire::apdu::{Answer, Command};

/// Where the lines go, or nowhere. Lines that begin with `#` are events of power; every other line is one APDU.
#[derive(Debug)]
pub struct ApduLog {
    file: Option<File>,
}

impl ApduLog {
    /// Writes nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self { file: None }
    }

    /// Appends to this file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Some(file) })
    }

    pub(crate) fn event(&mut self, what: &str) {
        self.line(&format!("# {what}\n"));
    }

    /// One APDU and its answer.
    pub fn exchange(&mut self, command: &[u8], reply: &[u8]) {
        if self.file.is_none() {
            return;
        }
        let asked = match Command::parse(command) {
            Ok(command) => format!("{command:?}"),
            Err(error) => format!("malformed ({error})"),
        };
        match Answer::parse(reply) {
            Some(answer) => self.line(&format!("{asked} {answer:?}\n")),
            None => self.line(&format!("{asked} no answer\n")),
        }
    }

    /// One write call a line, so that a reader of the file never sees half of one.
    fn line(&mut self, text: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(text.as_bytes())
        {
            log::warn!("cannot write the APDU log: {error}");
            self.file = None;
        }
    }
}
