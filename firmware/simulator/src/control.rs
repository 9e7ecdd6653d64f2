//! A socket through which a test puts the card in and takes it out.
//!
//! One command a line (`insert`, `pull`, `quit`), one answer a line (`ok`, or `error` and the reason). `quit` is answered
//! before the process ends.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use crate::presence::Presence;

/// The listening socket.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
}

/// Why there is no control socket.
#[derive(Debug)]
pub struct ControlError {
    path: PathBuf,
    cause: io::Error,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on '{}': {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for ControlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl Control {
    /// Listens here. A socket left behind by an earlier run is replaced; one that somebody answers, and anything that is no socket, is not.
    ///
    /// # Errors
    /// When the socket cannot be bound.
    pub fn listen(path: &Path) -> Result<Self, ControlError> {
        let is_socket = std::fs::symlink_metadata(path).is_ok_and(|entry| entry.file_type().is_socket());
        if is_socket && UnixStream::connect(path).is_err() {
            // Nobody is behind it. If it cannot be removed, binding says why.
            let _ = std::fs::remove_file(path);
        }
        match UnixListener::bind(path) {
            Ok(listener) => Ok(Self { listener }),
            Err(cause) => Err(ControlError { path: path.to_owned(), cause }),
        }
    }

    /// Sends one line to a running card, and gives its answer.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn ask(path: &Path, line: &str) -> io::Result<String> {
        let mut stream = UnixStream::connect(path)?;
        writeln!(stream, "{line}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    /// Obeys in the background, as long as the process lives; `quit` is called for `quit`.
    pub fn obey(self, presence: Presence, quit: impl Fn() + Clone + Send + 'static) {
        thread::spawn(move || {
            for stream in self.listener.incoming() {
                let (presence, quit) = (presence.clone(), quit.clone());
                match stream {
                    Ok(stream) => drop(thread::spawn(move || attend(&stream, &presence, &quit))),
                    Err(error) => log::warn!("cannot accept a control connection: {error}"),
                }
            }
        });
    }
}

fn attend(stream: &UnixStream, presence: &Presence, quit: &impl Fn()) {
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let answer = match line.trim() {
            "insert" => {
                presence.insert();
                "ok"
            }
            "pull" => {
                presence.pull();
                "ok"
            }
            "quit" => {
                presence.pull();
                "ok"
            }
            _ => "error: say insert, pull or quit",
        };
        let mut writer = stream;
        if writeln!(writer, "{answer}").is_err() {
            return;
        }
        if line.trim() == "quit" {
            quit();
        }
    }
}
