//! `seat.toml`: what this desktop wants. Every error names file, line and key.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the administrator may have put it.
pub(crate) const FILE: &str = "/etc/sekisho/seat.toml";

/// What stands in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Configuration {
    /// The question for the PIN.
    pub(crate) pin: Pin,
    /// The locker.
    pub(crate) lock: Lock,
}

/// The question for the PIN.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pin {
    /// Whether it is asked for by itself.
    pub(crate) ask: bool,
    /// The program that asks, with its arguments.
    pub(crate) program: Vec<String>,
    /// How long the question stands.
    pub(crate) seconds: u32,
}

impl Default for Pin {
    fn default() -> Self {
        Self { ask: true, program: vec!["pinentry".into()], seconds: 120 }
    }
}

/// The locker.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lock {
    /// Its command; empty where the desktop locks itself.
    pub(crate) command: Vec<String>,
    /// Programs that end with the session, and when it is locked.
    pub(crate) end: Vec<PathBuf>,
}

/// The configuration cannot be used.
#[derive(Debug)]
pub(crate) struct ConfigurationError {
    file: PathBuf,
    cause: String,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.cause)
    }
}

impl std::error::Error for ConfigurationError {}

impl Configuration {
    /// Reads a file. The one that need not be there is [`FILE`].
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, ConfigurationError> {
        let path = file.unwrap_or(Path::new(FILE));
        let wrong = |cause: String| ConfigurationError { file: path.to_owned(), cause };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(wrong),
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if read.pin.program.is_empty() {
            return Err("[pin] program: at least the name of a program, such as [\"pinentry\"]".into());
        }
        if !(1..=3600).contains(&read.pin.seconds) {
            return Err("[pin] seconds: a whole number from 1 to 3600".into());
        }
        if read.lock.end.iter().any(|program| !program.is_absolute()) {
            return Err("[lock] end: each program by its whole path, such as [\"/opt/kiroku/bin/kiroku\"]".into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_asks_by_pinentry_and_leaves_the_screen_to_the_desktop() {
        let read = Configuration::parse("").unwrap();
        assert!(read.pin.ask && read.pin.program == ["pinentry"] && read.lock.command.is_empty());
        assert!(Configuration::read(Some(Path::new("/nowhere/seat.toml"))).is_err(), "a file that was named is there");
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, part) in [
            ("[pin]\nasks = true\n", "line 2"),
            ("[pin]\nprogram = []\n", "program"),
            ("[pin]\nseconds = 0\n", "1 to 3600"),
            ("[lock]\ncommand = \"swaylock\"\n", "line 2"),
            ("[lock]\nend = [\"kiroku\"]\n", "whole path"),
        ] {
            let told = Configuration::parse(text).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
