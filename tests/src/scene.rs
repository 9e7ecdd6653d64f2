//! A founded office to tell a story in: ledger, desk, one terminal, two clerks with cards.

use crate::clock::StoryClock;
use crate::desk::{Desk, Issued};
use crate::ledger::Ledger;
use crate::scratch::Scratch;
use crate::secrets::{Secret, secrets_below};
use crate::terminal::Terminal;
use crate::town::Town;
use crate::wait;

/// Everything of one story. Fields are dropped in order: processes before the folder they write to.
pub struct Scene {
    /// The residents' counter.
    pub terminal: Terminal,
    /// The administrator's desk.
    pub desk: Desk,
    /// The ledger.
    pub ledger: Ledger,
    /// The clerk of the residents' section (10023).
    pub clerk: Issued,
    /// The clerk of the tax section (10031).
    pub other: Issued,
    /// The story's time.
    pub clock: StoryClock,
    /// The folder.
    pub scratch: Scratch,
}

impl Scene {
    /// The keys of terminal, desk and ledger.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let places =
            [self.terminal.state(), self.desk.file("home"), self.desk.file("recovery"), self.ledger.data().to_owned()];
        places.iter().flat_map(|place| secrets_below(place)).collect()
    }

    /// The town with two cards issued; its terminal `jumin-1` is enrolled and started.
    #[must_use]
    pub fn new(story: &str) -> Self {
        Self::with(story, |_| {})
    }

    /// As [`Self::new`], on a terminal that is prepared before it is enrolled.
    #[must_use]
    pub fn with(story: &str, prepare: impl FnOnce(&mut Terminal)) -> Self {
        let scratch = Scratch::new(story);
        let clock = StoryClock::new(scratch.path());
        let Town { ledger, desk, clerk, other } = Town::copy(scratch.path(), &clock);
        let mut terminal = Terminal::new(&scratch.folder("t"), &clock);
        prepare(&mut terminal);
        enrol(&desk, &terminal, "jumin-1", FUNCTIONS);
        terminal.start();
        wait_fresh(&terminal);
        Self { terminal, desk, ledger, clerk, other, clock, scratch }
    }

    /// Runs an administrator's decision, and waits until the terminal goes by it.
    pub fn decide(&self, arguments: &[&str]) -> String {
        let said = self.desk.run(arguments);
        self.wait_current();
        said
    }

    /// Decides a file of changes, and waits until the terminal goes by it.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn apply(&self, changes: &str) -> String {
        let file = self.desk.file("changes.toml");
        std::fs::write(&file, changes).expect("cannot write a file of changes");
        self.decide(&["apply", file.to_str().expect("a scratch path is text")])
    }

    /// Waits until the terminal has folded every act that the ledger has.
    pub fn wait_current(&self) {
        let acts = crate::history::acts_of(&self.ledger, &self.desk.office());
        let mut client = self.terminal.client();
        wait::until("the newest act at the terminal", || (client.status().ok()?.register_size >= acts).then_some(()));
    }

    /// Another terminal of the residents' counter, up and fresh, in the folder `folder` of the story.
    #[must_use]
    pub fn another_terminal(&self, folder: &str, code: &str) -> Terminal {
        let mut terminal = Terminal::new(&self.scratch.folder(folder), &self.clock);
        enrol(&self.desk, &terminal, code, FUNCTIONS);
        terminal.start();
        wait_fresh(&terminal);
        self.wait_current();
        terminal
    }

    /// The rows of a search, newest first: index, kind, what.
    #[must_use]
    pub fn search(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        self.desk.list(&[&["records", "search"], arguments].concat())
    }
}

/// Waits until the terminal has a register it may decide by.
pub fn wait_fresh(terminal: &Terminal) {
    let mut client = terminal.client();
    wait::until("a fresh register at the terminal", || {
        let state = client.status().ok()?;
        (state.terminal.is_some() && state.register_size > 0 && !state.register_stale).then_some(())
    });
}

/// Waits until the terminal has folded more acts than it had.
pub fn wait_register(terminal: &Terminal, more_than: u64) {
    let mut client = terminal.client();
    wait::until("newer acts at the terminal", || (client.status().ok()?.register_size > more_than).then_some(()));
}

/// Waits until everything that happened at the terminal is sealed.
pub fn wait_sealed(terminal: &Terminal) {
    let mut client = terminal.client();
    wait::until("everything sealed", || {
        let state = client.status().ok()?;
        (state.unsent == 0 && state.unsealed == 0).then_some(())
    });
}

/// What the residents' counter is for. Not the tax certificate.
pub const FUNCTIONS: &[&str] = &["juminhyo.issue", "juminhyo.search", "koseki.issue", "inkan.register"];

/// Invites a terminal, lets it enrol, and signs its act.
///
/// # Panics
/// When a step fails.
pub fn enrol(desk: &Desk, terminal: &Terminal, code: &str, functions: &[&str]) -> String {
    let invitation = desk.file(&format!("{code}.code"));
    let file = invitation.to_str().expect("a scratch path is text");
    let mut said = desk.run(&["terminal", "invite", code, "--out", file]);
    let shown = terminal.enrol(&invitation);
    let fingerprint = fingerprint_in(&shown);
    said += &shown;
    let mut arguments = vec!["terminal", "enrol", code, "--section", "jumin", "--fingerprint", &fingerprint];
    arguments.extend(functions.iter().flat_map(|function| ["--function", *function]));
    said += &desk.run(&arguments);
    said
}

/// The fingerprint that the terminal shows: the line of eight groups of four digits.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn fingerprint_in(shown: &str) -> String {
    let group = |text: &str| text.len() == 4 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    let is_one = |line: &&str| line.split(' ').count() == 8 && line.split(' ').all(group);
    shown.lines().map(str::trim).find(is_one).unwrap_or_else(|| panic!("no fingerprint in: {shown}")).to_owned()
}
