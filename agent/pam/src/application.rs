//! The program that authenticates somebody, as we see it: who it is for, and how to speak to the person.

use sekisho_ipc::{PinFrame, PinFrameError};

/// How a text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What to do now.
    Request,
    /// Why it did not work.
    Refusal,
}

/// No PIN came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPin {
    /// The person gave up, or the program has no way to ask.
    NoAnswer,
    /// What was typed is none.
    NotOne(PinFrameError),
}

/// What a module may ask of the program that loaded it.
pub(crate) trait Application {
    /// The account.
    fn user(&self) -> Option<String>;
    /// The account's uid.
    fn uid_of(&self, user: &str) -> Option<u32>;
    /// From which machine the person comes, when it is not this one.
    fn remote_host(&self) -> Option<String>;
    /// The real uid of the process: of who started the program, whatever rights it has.
    fn starter(&self) -> u32;
    /// A variable of the session that is to be.
    fn variable(&self, name: &str) -> Option<String>;
    /// Sets a variable of the session that is to be.
    fn set_variable(&self, name: &str, value: &str);
    /// A variable of the program itself.
    fn inherited(&self, name: &str) -> Option<String>;
    /// Says something. A program that cannot show it is no reason to stop.
    fn tell(&self, tone: Tone, text: &str);
    /// Asks for a PIN, which does not show.
    fn ask_pin(&self, question: &str) -> Result<PinFrame, NoPin>;
    /// Writes to the system's log. Never a PIN.
    fn log(&self, text: &str);
}
