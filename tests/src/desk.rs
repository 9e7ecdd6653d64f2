//! The administrator's desk of a story: `sekisho-admin` with a pcscd of its own and two readers, one for the signer's card, one for the card to be made.

mod lists;
mod seats;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::binaries::{checkout, program};
use crate::clock::{StoryClock, live_by};
use crate::ledger::Ledger;
use crate::pcscd::Pcscd;
use crate::process::Process;
use crate::said;
use crate::soft_token::SoftToken;
use crate::terminal::Terminal;
use crate::virtual_card::{Body, VirtualCard};
use crate::wait;

/// The slot of the signer's card, and of the card to be worked on.
const SIGNER: usize = 0;
const WORK: usize = 1;

use crate::foreign_card::{FOREIGN_PIN, personalise};
pub use crate::issued::Issued;
use crate::own_pin::set_pin;

/// The desk, with the administrators' cards.
pub struct Desk {
    folder: PathBuf,
    /// Its card service.
    pub pcscd: Pcscd,
    administrators: Vec<Issued>,
    clock: Option<PathBuf>,
    body: Body,
    /// SoftHSM's configuration, and the file with the token's PIN.
    token: Option<(PathBuf, PathBuf)>,
    /// A clerk terminal that is used as the desk: card service, agent's socket, and the signer's reader.
    terminal: Option<(PathBuf, PathBuf, String)>,
    /// Where the cards of those who sign stay, in their order, where each has a reader ([`Desk::with_seats`]).
    seats: Vec<usize>,
    /// What PINs that are chosen here end in.
    pins_end_in: &'static str,
}

/// The administrators of the offices in `offices/`.
const ADMINISTRATORS: [&str; 2] = ["20001", "20002"];

impl Desk {
    /// A desk without an office yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self::with_slots(folder, 2)
    }

    fn with_slots(folder: &Path, slots: usize) -> Self {
        let pcscd = Pcscd::start(&folder.join("pcsc"), slots);
        std::fs::create_dir_all(folder.join("pins")).expect("cannot make a folder");
        Self {
            folder: folder.to_owned(),
            pcscd,
            administrators: Vec::new(),
            clock: None,
            body: Body::Simulator,
            token: None,
            terminal: None,
            seats: Vec::new(),
            pins_end_in: "",
        }
    }

    /// The desk of an office that was founded before, in a folder that was copied.
    #[must_use]
    pub fn copied(folder: &Path) -> Self {
        let mut desk = Self::new(folder);
        desk.administrators = ADMINISTRATORS.iter().map(|operator| desk.known(operator)).collect();
        desk.sign_as(0);
        desk
    }

    /// Lets the administrator's tool live in the story's time.
    pub fn follow(&mut self, clock: &StoryClock) {
        self.clock = Some(clock.file().to_owned());
    }

    /// Connects a token for the card-management secret.
    pub fn connect(&mut self, token: &SoftToken) {
        self.token = Some((token.configuration().to_owned(), token.pin_file().to_owned()));
    }

    /// From now on the administrator works at this terminal, whose agent runs; her card, in nobody's reader now, goes into the second slot
    /// ([`Self::insert_at_terminal`]).
    pub fn sit_at(&mut self, terminal: &Terminal) {
        for issued in &mut self.administrators {
            issued.card.pull();
        }
        let (cards, agent) = (terminal.pcscd.socket().to_owned(), terminal.socket());
        self.terminal = Some((cards, agent, terminal.pcscd.reader(WORK)));
    }

    /// Puts the administrator's card into the terminal's second slot.
    pub fn insert_at_terminal(&mut self, terminal: &Terminal) {
        self.administrators[0].card.insert(&terminal.pcscd, WORK);
    }

    /// From now on she is at her own desk again.
    pub fn stand_up(&mut self) {
        self.terminal = None;
        self.sign_as(0);
    }

    /// Takes it out there.
    pub fn pull_at_terminal(&mut self, terminal: &Terminal) {
        self.administrators[0].card.pull();
        terminal.pcscd.wait_slot(WORK, false);
    }

    /// Takes out the card of whoever signs, at the desk.
    pub fn pull_signer(&mut self) {
        self.administrators[0].card.pull();
        self.pcscd.wait_slot(SIGNER, false);
    }

    /// What the cards are that are issued from now on.
    pub fn issue_as(&mut self, body: Body) {
        self.body = body;
    }

    /// Founds the office that `offices/<office>.toml` describes; afterwards the first administrator's card lies in the signer's reader.
    ///
    /// # Panics
    /// When founding fails.
    pub fn found(&mut self, ledger: &Ledger, office: &str) -> String {
        self.administrators = ADMINISTRATORS.iter().map(|operator| self.blank(operator)).collect();
        let first = self.seats.first().copied().unwrap_or(SIGNER);
        for (slot, issued) in (first..).zip(&mut self.administrators) {
            issued.card.insert(&self.pcscd, slot);
        }
        let mut command = self.bare();
        command.args(["--reader", &self.pcscd.reader(first), "--reader", &self.pcscd.reader(first + 1)]);
        command.arg("found").arg("--code").arg(ledger.founding_code());
        command.arg("--config").arg(checkout().join("tests/offices").join(office));
        command.arg("--recovery-dir").arg(self.folder.join("recovery"));
        command.arg("--own-pin-dir").arg(self.folder.join("pins")).args(self.token_pin(&[]));
        self.administrators.iter().for_each(|issued| issued.make_up_a_pin(self.pins_end_in));
        let said = run("sekisho-admin found", &mut command);
        self.sign_as(0);
        said
    }

    /// Puts two blank administrators' cards into the readers, and has `command`, which founds through another program, work with them and this
    /// desk's home; afterwards the first administrator's card lies in the signer's reader.
    ///
    /// # Panics
    /// When it fails.
    pub fn found_by(&mut self, command: &mut Command) -> String {
        self.administrators = ADMINISTRATORS.iter().map(|operator| self.blank(operator)).collect();
        for (slot, issued) in self.administrators.iter_mut().enumerate() {
            issued.card.insert(&self.pcscd, slot);
        }
        self.administrators.iter().for_each(|issued| issued.make_up_a_pin(self.pins_end_in));
        command.env("PCSCLITE_CSOCK_NAME", self.pcscd.socket());
        command.args(["--reader", &self.pcscd.reader(SIGNER), "--reader", &self.pcscd.reader(WORK), "--"]);
        command.args(["--lang", "en", "--yes", "--wait", "30", "--home"]).arg(self.folder.join("home"));
        command.arg("--own-pin-dir").arg(self.folder.join("pins"));
        let said = run("the founding", command);
        self.sign_as(0);
        said
    }

    /// A blank card; its PIN is looked for under this name.
    #[must_use]
    pub fn blank(&self, operator: &str) -> Issued {
        self.blank_of(operator, self.body)
    }

    fn blank_of(&self, operator: &str, body: Body) -> Issued {
        let card = VirtualCard::blank_of(&self.folder, operator, body);
        Issued { card, pin_file: self.folder.join("pins").join(format!("{operator}.pin")) }
    }

    /// A card that was made before, in this folder.
    #[must_use]
    pub fn known(&self, name: &str) -> Issued {
        let card = VirtualCard::known(&self.folder, name);
        Issued { card, pin_file: self.folder.join("pins").join(format!("{name}.pin")) }
    }

    /// Puts this administrator's card into the signer's reader, and takes the others out. A card to be worked on stays where it is.
    pub fn sign_as(&mut self, administrator: usize) {
        if !self.seats.is_empty() {
            self.administrators.swap(0, administrator);
            self.seats.swap(0, administrator);
            return;
        }
        let left: Vec<usize> = self.administrators.iter_mut().filter_map(|issued| issued.card.pull()).collect();
        left.into_iter().for_each(|slot| self.pcscd.wait_slot(slot, false));
        self.administrators[administrator].card.insert_seen(&self.pcscd, SIGNER);
        self.administrators.swap(0, administrator);
    }

    /// Has this card, an administrator's too, sign from now on.
    pub fn sign_with(&mut self, issued: Issued) {
        self.administrators.insert(0, issued);
        self.sign_as(0);
    }

    /// Who signs now.
    ///
    /// # Panics
    /// When nobody does yet.
    #[must_use]
    pub fn signer(&self) -> String {
        self.administrators.first().expect("somebody signs").name()
    }

    /// Has this administrator sign from now on.
    ///
    /// # Panics
    /// When the desk has no card of his that signs.
    pub fn sign_by(&mut self, operator: &str) {
        let found = self.administrators.iter().position(|issued| issued.name() == operator);
        self.sign_as(found.unwrap_or_else(|| panic!("{operator} does not sign here")));
    }

    /// An administrator leaves, and takes her card with her. Whoever signs now stays.
    ///
    /// # Panics
    /// When the desk has no such card.
    pub fn leaves(&mut self, operator: &str) -> Issued {
        let found = self.administrators.iter().position(|issued| issued.name() == operator);
        let found = found.unwrap_or_else(|| panic!("{operator} does not sign here"));
        let mut issued = self.administrators.remove(found);
        if !self.seats.is_empty() {
            let slot = self.seats.remove(found);
            issued.card.pull();
            self.pcscd.wait_slot(slot, false);
        }
        issued
    }

    /// The PINs of all administrators.
    #[must_use]
    pub fn pins(&self) -> Vec<String> {
        self.administrators.iter().map(Issued::pin).collect()
    }

    /// A call of `sekisho-admin` in English that answers every question with yes.
    fn bare(&self) -> Command {
        self.bare_in("en")
    }

    /// The same in the language asked for, without card, PIN or reader.
    #[must_use]
    pub fn bare_in(&self, language: &str) -> Command {
        let mut command = Command::new(program("sekisho-admin"));
        command.env("PCSCLITE_CSOCK_NAME", self.pcscd.socket()).env("RUST_LOG", "warn");
        command.args(["--lang", language, "--yes", "--wait", "30", "--home"]).arg(self.folder.join("home"));
        if let Some(clock) = &self.clock {
            live_by(clock, &mut command);
        }
        if let Some((cards, agent, _)) = &self.terminal {
            command.env("PCSCLITE_CSOCK_NAME", cards).env("SEKISHO_SOCKET", agent);
        }
        if let Some((configuration, _)) = &self.token {
            command.env("SOFTHSM2_CONF", configuration);
        }
        command
    }

    /// Runs a call that begins a home, before there is an office.
    ///
    /// # Panics
    /// When it fails.
    pub fn begin(&self, arguments: &[&str]) -> String {
        run(
            &format!("sekisho-admin {}", arguments.join(" ")),
            self.bare().args(self.token_pin(arguments)).args(arguments),
        )
    }

    /// The file with the token's PIN, unless the call names one.
    fn token_pin(&self, arguments: &[&str]) -> Vec<PathBuf> {
        let named = arguments.contains(&"--token-pin-file");
        let file = self.token.iter().filter(|_| !named).map(|(_, pin_file)| pin_file.clone());
        file.flat_map(|file| ["--token-pin-file".into(), file]).collect()
    }

    /// A call signed by the administrator whose card lies in the signer's reader.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_in("en", arguments)
    }

    /// As [`Self::command`], in the language asked for.
    #[must_use]
    pub fn command_in(&self, language: &str, arguments: &[&str]) -> Command {
        let mut command = self.bare_in(language);
        // The other reader is the one for work.
        let here = self.terminal.as_ref().map(|(_, _, reader)| reader.clone());
        let seat = self.seats.first().copied();
        command.args(["--signer-reader", &here.unwrap_or_else(|| self.pcscd.reader(seat.unwrap_or(SIGNER)))]);
        if seat.is_some() {
            command.args(["--reader", &self.pcscd.reader(WORK)]);
        }
        command.arg("--pin-file").arg(&self.administrators[0].pin_file);
        command.args(self.token_pin(arguments)).args(arguments);
        command
    }

    /// Runs a call that must succeed; gives what was said.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        run(&format!("sekisho-admin {}", arguments.join(" ")), &mut self.command(arguments))
    }

    /// Verifies all records; each must hold.
    ///
    /// # Panics
    /// When one does not.
    pub fn assert_verified(&self) {
        let said = self.run(&["records", "verify", "--all"]);
        assert!(said.contains(" records hold, 0 do not"), "{said}");
    }

    /// Runs a call that works on card after card, with the cards of the administrators: the first one lies in the reader for work, the
    /// next one comes when it is done. The first administrator signs afterwards as before.
    ///
    /// # Panics
    /// When it fails.
    pub fn run_on_all(&mut self, arguments: &[&str]) -> String {
        let left: Vec<usize> = self.administrators.iter_mut().filter_map(|issued| issued.card.pull()).collect();
        left.into_iter().for_each(|slot| self.pcscd.wait_slot(slot, false));
        let mut command = self.command(arguments);
        let mut running = Process::start("sekisho-admin", &mut command, &self.folder.join("on-all.log"));
        for (done, issued) in (1..).zip(&mut self.administrators) {
            issued.card.insert(&self.pcscd, WORK);
            wait::until("the next card to be done", || {
                (running.said().matches("now holds keys of the new secret").count() == done).then_some(())
            });
            issued.card.pull();
            self.pcscd.wait_slot(WORK, false);
        }
        let status = wait::until("the end", || running.ended());
        assert!(status.success(), "{}", running.said());
        self.sign_as(0);
        running.said()
    }

    /// Has the administrator at the desk apply for taking records of any day away and take the first two decisions, and the other founder the third; gives
    /// the number.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn permit_export(&mut self, section: &str) -> String {
        self.permit(&[&format!("section={section}")])
    }

    /// The same for logs of the whole office.
    ///
    /// # Panics
    /// When it fails.
    pub fn permit_whole_export(&mut self, section: &str) -> String {
        self.permit(&[&format!("section={section}"), "extent=office"])
    }

    fn permit(&mut self, what: &[&str]) -> String {
        let why = ["purpose=監査", "content=操作履歴", "provided=電子データ", "managed=施錠保管"];
        let why = [&why[..], &["from=2020-01-01", "to=2099-12-31"]].concat();
        self.run(&[&["case", "open", "export-request"], what, &why[..]].concat());
        let cases = self.list(&["case", "list", "--form", "export-request"]);
        let case = cases.last().expect("it was opened")["case"].as_str().expect("a case has a number").to_owned();
        for step in ["consent", "agree"] {
            self.run(&["case", "step", &case, step, "answer=granted"]);
        }
        // Whoever permits is another person.
        let former = self.signer();
        self.sign_by(crate::decided::other_founder(&former));
        self.run(&["case", "step", &case, "permit", "answer=granted"]);
        self.sign_by(&former);
        case
    }

    /// Runs a call that may fail.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("cannot start sekisho-admin")
    }

    /// Makes a card for an operator, who chooses the PIN at the desk. `more` are further arguments of `card issue`.
    ///
    /// # Panics
    /// When it fails.
    pub fn issue(&mut self, name: &str, more: &[&str]) -> (Issued, String) {
        self.issue_on(self.chosen(name), more)
    }

    /// A blank card, with a PIN that its holder will choose.
    #[must_use]
    pub fn chosen(&self, name: &str) -> Issued {
        let issued = self.blank(name);
        issued.make_up_a_pin(self.pins_end_in);
        issued
    }

    /// As [`Self::issue`], with arguments that also say how the card comes to its PIN.
    ///
    /// # Panics
    /// When it fails.
    pub fn issue_with(&mut self, name: &str, arguments: &[&str]) -> (Issued, String) {
        self.make(self.blank(name), arguments)
    }

    /// As [`Self::issue`], on a card that is difficult in this way.
    ///
    /// # Panics
    /// When it fails.
    pub fn issue_difficult(&mut self, name: &str, how: &str, more: &[&str]) -> (Issued, String) {
        let mut issued = self.blank(name);
        issued.card.be_difficult(Some(how));
        issued.make_up_a_pin(self.pins_end_in);
        self.issue_on(issued, more)
    }

    /// A blank card of another maker, with a PIN that its holder will choose.
    #[must_use]
    pub fn other_make(&self, name: &str) -> Issued {
        let issued = self.blank_of(name, Body::Nitrokey);
        issued.make_up_a_pin(self.pins_end_in);
        issued
    }

    /// Puts a card into the reader where it is worked on.
    pub fn lay_in(&self, issued: &mut Issued) {
        issued.card.insert_seen(&self.pcscd, WORK);
    }

    /// Takes it out.
    pub fn take_out(&self, issued: &mut Issued) {
        issued.card.pull();
        self.pcscd.wait_slot(WORK, false);
    }

    /// Makes this blank card an operator's.
    ///
    /// # Panics
    /// When it fails.
    pub fn issue_on(&mut self, issued: Issued, more: &[&str]) -> (Issued, String) {
        let pin_file = issued.pin_file.to_str().expect("a scratch path is text").to_owned();
        self.make(issued, &[&["--own-pin-file", &pin_file], more].concat())
    }

    fn make(&mut self, mut issued: Issued, arguments: &[&str]) -> (Issued, String) {
        self.lay_in(&mut issued);
        let said = self.run(&[&["card", "issue", "--also"], arguments].concat());
        self.take_out(&mut issued);
        (issued, said)
    }

    /// Gives a card that lies in no reader this PIN, and writes it where the one before stood. One of eight characters of all kinds is
    /// found nowhere by chance; six digits are.
    ///
    /// # Panics
    /// When it cannot be set.
    pub fn choose_pin(&self, issued: &Issued, pin: &str) {
        let secret = std::fs::read(self.file("home/card-management.secret")).expect("the card-management secret");
        set_pin(issued.card.state(), &secret, pin);
        std::fs::write(&issued.pin_file, pin).expect("cannot write a PIN file");
    }

    /// A card of another office, with its PIN.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn unregistered(&self, name: &str) -> Issued {
        let issued = self.blank(name);
        personalise(issued.card.state());
        std::fs::write(&issued.pin_file, FOREIGN_PIN).expect("cannot write a PIN file");
        issued
    }

    /// A file at the desk.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn run(what: &str, command: &mut Command) -> String {
    let (status, said) = said::run(what, command, "");
    assert!(status.success(), "{what} ended with {status}:\n{said}");
    said
}
