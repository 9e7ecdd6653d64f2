//! Telling: chapters, the commands as a person would type them, what came of them, and stopping where the story does not come true.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

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
        // One pipe for both outputs, so that they stand in the order in which they were said.
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let both = writer.try_clone().expect("a pipe");
        let child = command.stdin(Stdio::piped()).stdout(both).stderr(writer).spawn();
        let mut child = child.unwrap_or_else(|cause| panic!("cannot start {shown}: {cause}"));
        // The command holds the writing ends; they have to go before reading can end.
        *command = Command::new("true");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A program that ends without reading is heard by its answer, not by our pipe.
        let _ = stdin.write_all(typed.unwrap_or("").as_bytes());
        drop(stdin);
        let mut said = String::new();
        reader.read_to_string(&mut said).expect("programs say text");
        said.lines().for_each(|text| line(&format!("     {text}")));
        Answer { code: child.wait().expect("a child can be waited for").code(), said }
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
