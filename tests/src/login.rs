//! A program that lets people in, as PAM sees it: `pamtester`, with stanzas of the story's own (`libpam-wrapper`), so that no file of this
//! machine is touched.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::binaries::{checkout, program};
use crate::terminal::Terminal;

/// The stanzas of a story.
pub struct Stanzas {
    folder: PathBuf,
    socket: PathBuf,
}

impl Stanzas {
    /// None yet, for this terminal.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn new(folder: &Path, terminal: &Terminal) -> Self {
        let stanzas = Self { folder: folder.to_owned(), socket: terminal.socket() };
        std::fs::create_dir_all(folder).expect("cannot make a folder");
        for name in ["other", "common-session", "common-session-noninteractive"] {
            let lines: String =
                ["auth", "account", "session"].map(|kind| format!("{kind} required pam_deny.so\n")).concat();
            let common = "session required pam_permit.so\n".to_owned();
            stanzas.write(name, if name == "other" { &lines } else { &common });
        }
        stanzas
    }

    /// A service whose stanza is one of the examples, with some of its words replaced.
    ///
    /// # Panics
    /// When there is no such example, or a word is not in it.
    pub fn example(&self, service: &str, example: &str, replaced: &[(&str, &str)]) {
        let path = checkout().join("agent/pam/examples").join(example);
        let text = std::fs::read_to_string(path).expect("an example");
        let text = replaced.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "no '{from}' in {example}");
            text.replace(from, to)
        });
        let module = format!("{} socket={}", program("libpam_sekisho.so").display(), self.socket.display());
        self.write(service, &text.replace("pam_sekisho.so", &module));
    }

    /// A service with these lines, somebody else's.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn plain(&self, service: &str, lines: &str) {
        self.write(service, lines);
    }

    fn write(&self, service: &str, text: &str) {
        std::fs::write(self.folder.join(service), text).expect("cannot write a stanza");
    }

    /// Goes through these steps of a service for an account: `authenticate`, `acct_mgmt`, `open_session`, `close_session`.
    #[must_use]
    pub fn steps(&self, service: &str, user: &str, steps: &[&str]) -> Command {
        self.steps_with(&[], service, user, steps)
    }

    /// As [`Stanzas::steps`], with options of `pamtester`.
    #[must_use]
    pub fn steps_with(&self, options: &[&str], service: &str, user: &str, steps: &[&str]) -> Command {
        let mut command = Command::new("pamtester");
        command.args(options).arg(service).arg(user).args(steps).env("LC_ALL", "en_US.UTF-8");
        // Beside the wrapper, coreutils' means of having what is said at once.
        command.env("LD_PRELOAD", "libpam_wrapper.so /usr/libexec/coreutils/libstdbuf.so").env("_STDBUF_O", "0");
        command.env("PAM_WRAPPER", "1").env("PAM_WRAPPER_SERVICE_DIR", &self.folder).env_remove("TERM");
        command
    }
}

/// A login that goes on while the story does.
pub struct Attempt {
    child: Child,
    screen: std::io::PipeReader,
    said: Vec<u8>,
}

impl Attempt {
    /// Begins one.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn begin(mut command: Command) -> Self {
        let (screen, writer) = std::io::pipe().expect("a pipe");
        command.stdin(Stdio::piped()).stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let child = command.spawn().expect("cannot start pamtester");
        Self { child, screen, said: Vec::new() }
    }

    /// Reads until this is on the screen.
    ///
    /// # Panics
    /// When it never is.
    pub fn wait_said(&mut self, what: &str) {
        let mut byte = [0];
        while !String::from_utf8_lossy(&self.said).contains(what) {
            let read = self.screen.read(&mut byte).expect("the screen");
            assert_eq!(read, 1, "no '{what}' in: {}", String::from_utf8_lossy(&self.said));
            self.said.push(byte[0]);
        }
    }

    /// Types a line, and reads to the end; gives the exit code (none when a signal ended it) and everything that was said.
    ///
    /// # Panics
    /// When the screen cannot be read.
    pub fn finish(mut self, line: &str) -> (Option<i32>, String) {
        let mut keyboard = self.child.stdin.take().expect("a pipe");
        let _ = keyboard.write_all(format!("{line}\n").as_bytes());
        drop(keyboard);
        self.screen.read_to_end(&mut self.said).expect("the screen");
        let ended = self.child.wait().expect("a child can be waited for");
        (ended.code(), String::from_utf8_lossy(&self.said).into_owned())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
