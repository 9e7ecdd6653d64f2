//! How the PIN of a card or a token comes in: typed without echo, from a file, or from standard input; never as an argument, which others can read.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use sekisho_wire::secret::Pin;
use zeroize::Zeroizing;

use crate::error::AdminError;
use crate::screen::Screen;

/// A card's PIN has at most eight characters, a token's hardly more than this; longer is another file.
const MAX_LINE: u64 = 128;

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
        let line = self.read_line(screen, english, japanese)?;
        Pin::parse(&line).map_err(AdminError::PinShape)
    }

    /// As [`Self::read`], for a PIN of whatever shape: that of a token.
    ///
    /// # Errors
    /// No terminal, no such file.
    pub(crate) fn read_line(
        &self,
        screen: &Screen,
        english: &str,
        japanese: &str,
    ) -> Result<Zeroizing<Vec<u8>>, AdminError> {
        let mut line = match self {
            Self::Terminal => from_terminal(screen.words(english, japanese))?,
            Self::File(path) => {
                let file = File::open(path).map_err(|cause| AdminError::File { path: path.clone(), cause })?;
                line_to(b"\n", io::BufReader::new(file.take(MAX_LINE)))?
            }
            Self::Stdin => line_to(b"\n", io::stdin().lock())?,
        };
        let length = line.trim_ascii_end().len();
        line.truncate(length);
        Ok(line)
    }
}

/// Ctrl-C and Ctrl-\, as bytes.
const INTERRUPTS: [u8; 2] = [0x03, 0x1c];

/// Reads byte by byte into a buffer that is wiped: a growing `String` would leave copies behind. Ends behind one of `ends`, at the end of
/// input, or where no PIN is any more.
fn line_to(ends: &[u8], mut from: impl BufRead) -> Result<Zeroizing<Vec<u8>>, AdminError> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE as usize + 1));
    let mut byte = [0];
    while line.len() < MAX_LINE as usize && from.read(&mut byte).map_err(AdminError::Input)? == 1 {
        line.push(byte[0]);
        if ends.contains(&byte[0]) {
            break;
        }
    }
    Ok(line)
}

/// Asks without echo. Meanwhile the keys that would end this program are characters that end the line: ended here, it would leave the
/// terminal silent.
fn from_terminal(prompt: &str) -> Result<Zeroizing<Vec<u8>>, AdminError> {
    let mut terminal =
        File::options().read(true).write(true).open("/dev/tty").map_err(|_| AdminError::NoTerminalForPin)?;
    let before = tcgetattr(&terminal).map_err(|cause| AdminError::Input(cause.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    silent.local_modes.insert(LocalModes::ECHONL);
    for (code, interrupt) in [SpecialCodeIndex::VEOL, SpecialCodeIndex::VEOL2].into_iter().zip(INTERRUPTS) {
        silent.special_codes[code] = interrupt;
    }
    tcsetattr(&terminal, OptionalActions::Flush, &silent).map_err(|cause| AdminError::Input(cause.into()))?;
    let _ = write!(terminal, "{prompt}: ");
    let line = line_to(&[b'\n', INTERRUPTS[0], INTERRUPTS[1]], io::BufReader::with_capacity(1, &terminal));
    // Echo comes back whatever happened in between.
    tcsetattr(&terminal, OptionalActions::Now, &before).map_err(|cause| AdminError::Input(cause.into()))?;
    let line = line?;
    if line.last().is_some_and(|last| INTERRUPTS.contains(last)) {
        let _ = writeln!(terminal);
        return Err(AdminError::Declined);
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_read_and_no_more() {
        let line = |bytes: &[u8]| Pin::parse(line_to(b"\n", bytes).unwrap().trim_ascii_end()).map(drop);
        line(b"493716\n000000\n").unwrap();
        line(b"493716").unwrap();
        assert!(line(b"49371\x03").is_err(), "in a file this is no interruption, and no PIN");
        assert!(line_to(b"\n", &[b'1'; 500][..]).unwrap().len() <= 128);
    }
}
