//! How a first PIN reaches the card's holder: on the screen once, or in a file of its own. Never through a log or a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

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
            if left == Left::ByInterruption && holds_a_pin(&path) {
                std::fs::remove_file(&path).map_err(|cause| AdminError::File { path: path.clone(), cause })?;
            }
            if path.exists() {
                let cause = std::io::ErrorKind::AlreadyExists.into();
                return Err(AdminError::File { path, cause });
            }
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                return Err(AdminError::File { path: folder.to_owned(), cause: std::io::ErrorKind::NotFound.into() });
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

/// Whether a file is what an interrupted run can have left, whole or in part: a mistyped name must cost nobody a file.
fn holds_a_pin(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.is_empty() || Pin::parse(&bytes).is_ok())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::TempHome;

    #[test]
    fn only_what_an_interrupted_run_left_is_replaced() {
        let home = TempHome::new();
        let file = |name: &str, bytes: &[u8]| {
            home.0.write(name, bytes).unwrap();
            home.0.path(name)
        };
        let pin = file("pin", b"493716");
        assert!(Delivery::open(Some(pin.clone()), Left::ForSomebody).is_err());
        assert!(Delivery::open(Some(pin.clone()), Left::ByInterruption).is_ok());
        assert!(!pin.exists());
        let other = file("office.toml", b"[office]\ntitle = \"x\"\n");
        assert!(Delivery::open(Some(other.clone()), Left::ByInterruption).is_err());
        assert!(other.exists(), "somebody's file");
        assert!(Delivery::open(Some(home.0.path("no/where")), Left::ForSomebody).is_err(), "before a card is touched");
    }
}
