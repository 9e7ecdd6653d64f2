//! A reader of a pcscd with one of our cards in it, and other people's programs in front of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pcscd::Pcscd;
use crate::scratch::Scratch;
use crate::virtual_card::VirtualCard;

/// What a program said on both outputs, and whether it ended well.
#[derive(Debug)]
pub struct Said {
    /// Exit status 0.
    pub well: bool,
    /// Standard output, then standard error.
    pub text: String,
}

/// One card, one reader, one folder in which programs leave their files.
pub struct Reader {
    card: VirtualCard,
    pcscd: Pcscd,
    scratch: Scratch,
}

impl Reader {
    /// A blank card, which `prepare` may make something of before it goes into the reader: it is given the file of its memory.
    ///
    /// # Panics
    /// When pcscd or the card fail.
    #[must_use]
    pub fn with_card(story: &str, prepare: impl FnOnce(&Path)) -> Self {
        let scratch = Scratch::new(story);
        let pcscd = Pcscd::start(&scratch.folder("pcscd"), 2);
        let mut card = VirtualCard::blank(scratch.path(), "card");
        prepare(card.state());
        card.insert(&pcscd, 0);
        pcscd.wait_slot(0, true);
        Self { card, pcscd, scratch }
    }

    /// The reader's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.pcscd.reader(0)
    }

    /// A file in the folder in which programs run.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A program that finds this pcscd and no other, and nothing of what its user has set up for it.
    #[must_use]
    pub fn command(&self, line: &[&str]) -> Command {
        let (program, arguments) = line.split_first().expect("a program");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.scratch.path());
        command
            .env("PCSCLITE_CSOCK_NAME", self.pcscd.socket())
            .env("HOME", self.scratch.path())
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// Runs a program to its end.
    ///
    /// # Panics
    /// When it is not there.
    pub fn run(&self, line: &[&str]) -> Said {
        finish(&mut self.command(line))
    }

    /// Runs a program that has to end well.
    ///
    /// # Panics
    /// With what it said, when it does not.
    pub fn must(&self, line: &[&str]) -> String {
        let said = self.run(line);
        assert!(said.well, "{line:?} said: {}", said.text);
        said.text
    }

    /// The status word that the card answers to one command, in hexadecimal digits, asked by `opensc-tool`.
    ///
    /// # Panics
    /// When nothing is answered.
    #[must_use]
    pub fn status_of(&self, command: &str) -> String {
        let said = self.must(&["opensc-tool", "-r", &self.name(), "-s", command]);
        let (_, words) = said.split_once("Received (SW1=0x").expect("an answer");
        format!("{}{}", &words[..2], &words[words.find("SW2=0x").expect("a status") + 6..][..2])
    }

    /// How many APDUs the card has answered.
    #[must_use]
    pub fn apdus(&self) -> usize {
        self.card.apdus()
    }

    /// Header, lengths and status of all APDUs from that number on.
    #[must_use]
    pub fn apdus_from(&self, from: usize) -> Vec<String> {
        self.card.apdus_from(from)
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When the program is not there.
pub fn finish(command: &mut Command) -> Said {
    let output =
        command.output().unwrap_or_else(|cause| panic!("cannot start {command:?}: {cause}; run tests/setup.sh"));
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Said { well: output.status.success(), text }
}

/// OpenSC's PKCS#11 module, where Debian puts it.
#[must_use]
pub fn pkcs11_module() -> String {
    format!("/usr/lib/{}-linux-gnu/opensc-pkcs11.so", std::env::consts::ARCH)
}
