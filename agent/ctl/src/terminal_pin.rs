//! Reads a PIN from the terminal without showing it, or a line of standard input.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};

use crate::failure::Failure;
use sekisho_ipc::TypedPin;

/// Where PINs come from.
pub(crate) enum PinSource {
    /// The terminal of this process, whatever standard input is.
    Terminal(SilentTerminal),
    /// Standard input, one line for each PIN.
    Stdin,
}

impl PinSource {
    /// # Errors
    /// [`Failure::NoTerminal`], [`Failure::StdinIsTerminal`].
    pub(crate) fn open(pin_stdin: bool) -> Result<Self, Failure> {
        if !pin_stdin {
            return Ok(Self::Terminal(SilentTerminal::open().map_err(|cause| Failure::NoTerminal { cause })?));
        }
        if isatty(io::stdin()) { Err(Failure::StdinIsTerminal) } else { Ok(Self::Stdin) }
    }

    /// Asks for one PIN.
    pub(crate) fn ask(&mut self, question: &str) -> Result<TypedPin, Failure> {
        match self {
            Self::Terminal(terminal) => terminal.ask(question),
            Self::Stdin => read_line(io::stdin()),
        }
    }
}

/// A terminal that shows nothing of what is typed, put back as it was on drop.
pub(crate) struct SilentTerminal {
    file: File,
    before: Termios,
}

impl SilentTerminal {
    fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&file)?;
        let mut silent = before.clone();
        // Without ISIG an interrupt is a character to us, so nobody is left with a terminal that shows nothing.
        silent.local_modes &= !(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&file, OptionalActions::Flush, &silent)?;
        Ok(Self { file, before })
    }

    fn ask(&mut self, question: &str) -> Result<TypedPin, Failure> {
        let failed = |cause| Failure::NoTerminal { cause };
        self.file.write_all(question.as_bytes()).map_err(failed)?;
        let mut pin = TypedPin::default();
        loop {
            match read_byte(&self.file)? {
                None | Some(0x03 | 0x04 | 0x1B) => {
                    let _ = self.file.write_all(b"\n");
                    return Err(Failure::GivenUp);
                }
                Some(b'\r' | b'\n') => break,
                Some(0x7F | 0x08) => pin.pop(),
                Some(0x15) => pin.clear(),
                Some(byte) => pin.push(byte),
            }
        }
        self.file.write_all(b"\n").map_err(failed)?;
        Ok(pin)
    }
}

impl Drop for SilentTerminal {
    fn drop(&mut self) {
        // Flush throws away what was typed ahead: it may be the rest of a PIN and belongs into no shell.
        let _ = tcsetattr(&self.file, OptionalActions::Flush, &self.before);
    }
}

/// Byte by byte, past the standard library's buffer: that one is never wiped, and takes the next line too.
fn read_line(input: impl AsFd) -> Result<TypedPin, Failure> {
    let mut pin = TypedPin::default();
    loop {
        match read_byte(&input)? {
            None if pin.is_empty() => return Err(Failure::GivenUp),
            None | Some(b'\n') => return Ok(pin),
            Some(b'\r') => {}
            Some(byte) => pin.push(byte),
        }
    }
}

fn read_byte(input: impl AsFd) -> Result<Option<u8>, Failure> {
    let mut byte = zeroize::Zeroizing::new([0; 1]);
    loop {
        match rustix::io::read(&input, byte.as_mut()) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::NoTerminal { cause: errno.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_pin_and_the_next_line_stays() {
        let (read, mut write) = io::pipe().unwrap();
        write.write_all(b"246813\r\n13579\nabcdefgh").unwrap();
        drop(write);
        assert_eq!(read_line(&read).unwrap().frame().unwrap().expose(), b"246813");
        assert!(read_line(&read).unwrap().frame().is_err(), "five characters are no PIN");
        assert_eq!(read_line(&read).unwrap().frame().unwrap().expose(), b"abcdefgh");
        assert!(matches!(read_line(&read), Err(Failure::GivenUp)));
    }
}
