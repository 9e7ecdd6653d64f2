//! How a PIN comes in: typed without echo, from a file, or from standard input; never as an argument, which others can read.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use sekisho_wire::secret::Pin;
use zeroize::Zeroizing;

use crate::error::AdminError;
use crate::screen::Screen;

/// A PIN has at most eight characters; more than this is another file.
const MAX_FILE: u64 = 64;

/// Where the administrator's PIN comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PinSource {
    /// The keyboard, without echo.
    Terminal,
    /// The first line of a file.
    File(PathBuf),
    /// The first line of standard input.
    Stdin,
}

impl PinSource {
    /// Gets the PIN; a prompt says for which card.
    ///
    /// # Errors
    /// No terminal, no such file, or not the shape of a PIN: nothing is sent to the card then.
    pub(crate) fn read(&self, screen: &Screen, english: &str, japanese: &str) -> Result<Pin, AdminError> {
        let line = match self {
            Self::Terminal => from_terminal(screen.words(english, japanese))?,
            Self::File(path) => {
                let file = File::open(path).map_err(|cause| AdminError::File { path: path.clone(), cause })?;
                first_line(io::BufReader::new(file.take(MAX_FILE)))?
            }
            Self::Stdin => first_line(io::stdin().lock())?,
        };
        Pin::parse(line.trim_ascii_end()).map_err(AdminError::PinShape)
    }
}

/// Reads byte by byte into a buffer that is wiped: a growing `String` would leave copies behind.
fn first_line(mut from: impl BufRead) -> Result<Zeroizing<Vec<u8>>, AdminError> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    let mut byte = [0];
    while line.len() < MAX_FILE as usize && from.read(&mut byte).map_err(AdminError::Input)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    Ok(line)
}

fn from_terminal(prompt: &str) -> Result<Zeroizing<Vec<u8>>, AdminError> {
    let mut terminal =
        File::options().read(true).write(true).open("/dev/tty").map_err(|_| AdminError::NoTerminalForPin)?;
    let _ = write!(terminal, "{prompt}: ");
    let before = tcgetattr(&terminal).map_err(|cause| AdminError::Input(cause.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|cause| AdminError::Input(cause.into()))?;
    let line = first_line(io::BufReader::with_capacity(1, &terminal));
    // Echo comes back whatever happened in between.
    tcsetattr(&terminal, OptionalActions::Now, &before).map_err(|cause| AdminError::Input(cause.into()))?;
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_no_more() {
        assert_eq!(*first_line(&b"493716\n000000\n"[..]).unwrap(), b"493716");
        assert_eq!(*first_line(&b"493716"[..]).unwrap(), b"493716");
        assert!(first_line(&[b'1'; 500][..]).unwrap().len() <= 64);
    }
}
