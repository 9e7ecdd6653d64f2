//! How a first PIN reaches the card's holder: on the screen once, or in a file of its own. Never through a log or a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

use sekisho_wire::secret::Pin;

use crate::error::AdminError;
use crate::home::write_new_secret;
use crate::screen::Screen;

/// Where first PINs go. Made before a card is touched, so that no PIN is lost for want of a place.
#[derive(Debug)]
pub(super) enum Delivery {
    /// A new file.
    File(PathBuf),
    /// The terminal, until Enter is pressed.
    Terminal(File),
}

/// What a file with a PIN may be that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Somebody's PIN.
    ForSomebody,
    /// Of a card whose making did not come to its end.
    ByInterruption,
}

impl Left {
    pub(super) const fn of(interrupted: bool) -> Self {
        if interrupted { Self::ByInterruption } else { Self::ForSomebody }
    }
}

impl Delivery {
    /// A place for a PIN. A file that is there is in the way, unless it is what an interrupted run left: that card is made anew.
    pub(super) fn open(file: Option<PathBuf>, left: Left) -> Result<Self, AdminError> {
        if let Some(path) = file {
            if left == Left::ByInterruption && path.exists() {
                std::fs::remove_file(&path).map_err(|cause| AdminError::File { path: path.clone(), cause })?;
            }
            if path.exists() {
                let cause = std::io::ErrorKind::AlreadyExists.into();
                return Err(AdminError::File { path, cause });
            }
            return Ok(Self::File(path));
        }
        File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(Self::Terminal)
            .map_err(|_| AdminError::NoTerminalForFirstPin)
    }

    /// Hands the PIN over.
    pub(super) fn deliver(self, screen: &Screen, pin: &Pin) -> Result<(), AdminError> {
        match self {
            Self::File(path) => write_new_secret(&path, pin.expose()),
            Self::Terminal(mut terminal) => show_once(&mut terminal, screen, pin).map_err(AdminError::Output),
        }
    }
}

/// Shows it to the holder, and takes it off the screen again.
fn show_once(terminal: &mut File, screen: &Screen, pin: &Pin) -> std::io::Result<()> {
    let before = screen.words(
        "Let the holder of the card look, and nobody else. First PIN: ",
        "カードの所持者だけに見せてください。初期暗証番号: ",
    );
    write!(terminal, "{before}")?;
    terminal.write_all(pin.expose())?;
    writeln!(
        terminal,
        "\n{}",
        screen.words("Press Enter when it has been read.", "読み終えたら Enter を押してください。")
    )?;
    BufReader::new(terminal.try_clone()?).read_until(b'\n', &mut Vec::new())?;
    // Up over the prompt and the PIN, erasing each line (ECMA-48 CUU, EL).
    write!(terminal, "\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\r")
}
