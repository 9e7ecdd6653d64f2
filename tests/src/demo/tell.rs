//! Telling: chapters, the commands as a person would type them, what came of them, and stopping where the story does not come true.

use std::io::Write;
use std::process::Command;

use sekisho_tests::said;

/// The narrator.
pub(crate) struct Narrator {
    chapter: u32,
    lang: String,
}

/// What a command said and how it ended.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

impl Narrator {
    pub(crate) fn new(lang: &str) -> Self {
        Self { chapter: 0, lang: lang.to_owned() }
    }

    /// Begins a chapter.
    pub(crate) fn chapter(&mut self, title: &str) {
        self.chapter += 1;
        line(&format!("\n── {}. {title}", self.chapter));
    }

    /// Says what happens off the keyboard.
    pub(crate) fn happens(&self, what: &str) {
        line(&format!("   · {what}"));
    }

    /// Runs a command and shows it, named as a person would type it. `typed` goes to its standard input and is not shown.
    ///
    /// # Panics
    /// When the command cannot be started.
    pub(crate) fn run(&self, shown: &str, command: &mut Command, typed: Option<&str>) -> Answer {
        line(&format!("   $ {shown}"));
        let (status, said) = said::run(shown, command, typed.unwrap_or(""));
        said.lines().for_each(|text| line(&format!("     {text}")));
        Answer { code: status.code(), said }
    }

    /// The language that programs are asked to speak.
    pub(crate) fn lang(&self) -> &str {
        &self.lang
    }
}

impl Answer {
    /// Goes on only if the command ended so.
    ///
    /// # Panics
    /// When it ended otherwise.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "the story does not come true here");
        self
    }

    /// Goes on only if the command said one of these (one for each language).
    ///
    /// # Panics
    /// When it did not.
    pub(crate) fn says(self, either: [&str; 2]) -> Self {
        assert!(either.iter().any(|words| self.said.contains(words)), "nothing was said of {either:?}");
        self
    }
}

/// One line of the transcript. A closed standard output ends the telling, as for any program in a pipe: what was not told did not come true, and
/// nobody looks at what is left.
pub(crate) fn line(text: &str) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        sekisho_tests::scratch::leave_nothing();
        std::panic::resume_unwind(Box::new("standard output is closed"));
    }
}
