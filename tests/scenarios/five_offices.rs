//! The five offices of `offices/`, each founded from its files and played through: daily work, the yearly renewal, the inspection.

mod s0_koseki;
mod s1_juki;
mod s2_renraku;
mod s3_densan;
mod s4_koiki;

use std::time::Duration;

use sekisho_ipc::AuthorizeRequest;
use sekisho_tests::binaries::checkout;
use sekisho_tests::clerk::{change_pin, insert, login, request, try_login};
use sekisho_tests::clock::StoryClock;
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::history::acts_of;
use sekisho_tests::ledger::{Ledger, both};
use sekisho_tests::scene::{fingerprint_in, wait_fresh, wait_sealed};
use sekisho_tests::scratch::Scratch;
use sekisho_tests::terminal::Terminal;
use sekisho_tests::wait;

/// The head of a section, or who else signs beside the two founders.
const THIRD: &str = "20003";

/// An office of a story. Fields are dropped in order: processes before the folder they write to.
struct Office {
    terminal: Terminal,
    desk: Desk,
    ledger: Ledger,
    clock: StoryClock,
    scratch: Scratch,
    /// Where its files are.
    folder: &'static str,
    /// Under which permit to use the system terminals are set up, where the rules ask for one.
    permit: Option<String>,
}

impl Office {
    /// Founded from `offices/<folder>/found.toml`, on a weekday morning between April and January: its year is not over within the story.
    fn found(story: &str, folder: &'static str) -> Self {
        Self::found_with(story, folder, |_| {})
    }

    /// As [`Self::found`], at a desk that was prepared for it.
    fn found_with(story: &str, folder: &'static str, prepare: impl FnOnce(&mut Desk)) -> Self {
        let scratch = Scratch::new(story);
        let clock = StoryClock::new(scratch.path());
        // 1970 began on a Thursday.
        clock.pass_to(10, |day, (_, month, of_month)| {
            (day + 3) % 7 < 5 && ![2, 3].contains(&month) && (month, of_month) != (4, 1)
        });
        let mut ledger = Ledger::init(&scratch.folder("l"), &clock);
        ledger.serve();
        let mut desk = Desk::with_seats(&scratch.folder("d"));
        desk.follow(&clock);
        prepare(&mut desk);
        desk.found(&ledger, &format!("../../offices/{folder}/found.toml"));
        let terminal = Terminal::new(&scratch.folder("t"), &clock);
        Self { terminal, desk, ledger, clock, scratch, folder, permit: None }
    }

    /// What comes after the founding: the third person's signing card, the routes, the posts as the regulation has them.
    fn set_up(&mut self, proposer: &str, approver: &str) {
        self.third_signs(proposer, approver);
        self.set_up_two(proposer, approver);
    }

    /// As [`Self::set_up`], where two are enough.
    fn set_up_two(&mut self, proposer: &str, approver: &str) {
        set_up_by_two(&mut self.desk, self.folder, proposer, approver);
    }

    /// The third person gets a card that signs, good for the next fiscal year too; it takes two.
    fn third_signs(&mut self, proposer: &str, approver: &str) {
        self.signs(THIRD, proposer, approver);
    }

    /// The same for somebody else.
    fn signs(&mut self, operator: &str, proposer: &str, approver: &str) {
        self.desk.sign_by(proposer);
        let to = self.end_of_next_year();
        let (mut card, said) = self.desk.issue(operator, &["--operator", operator, "--signing", "--to", &to]);
        self.by(approver, &["approve", proposed(&said)]);
        self.desk.sign_by(proposer);
        self.desk.lay_in(&mut card);
        self.desk.run(&["card", "issue", "--resume"]);
        self.desk.take_out(&mut card);
        self.desk.seat(card);
    }

    fn end_of_next_year(&self) -> String {
        format!("{}-03-31", self.clock.fiscal_year() + 2)
    }

    /// This person decides; what waits at the terminal for a new register waits no longer.
    fn by(&mut self, operator: &str, arguments: &[&str]) -> String {
        self.desk.sign_by(operator);
        self.desk.run(arguments)
    }

    /// This person's call is refused; gives what was said.
    fn refused(&mut self, operator: &str, arguments: &[&str]) -> String {
        self.desk.sign_by(operator);
        let output = self.desk.try_run(arguments);
        let said = both(&output);
        assert!(!output.status.success(), "{operator} {arguments:?} went through:\n{said}");
        said
    }

    /// One proposes, the other approves.
    fn two(&mut self, proposer: &str, approver: &str, arguments: &[&str]) -> String {
        let said = self.propose(proposer, arguments);
        self.by(approver, &["approve", proposed(&said)])
    }

    fn propose(&mut self, proposer: &str, arguments: &[&str]) -> String {
        let ask: &[&str] = if arguments[0] == "propose" { &[] } else { &["--propose"] };
        self.by(proposer, &[ask, arguments].concat())
    }

    /// Makes a clerk's card, good for the next fiscal year too.
    fn card(&mut self, issuer: &str, operator: &str) -> Issued {
        self.desk.sign_by(issuer);
        let to = self.end_of_next_year();
        self.desk.issue(operator, &["--operator", operator, "--to", &to]).0
    }

    /// Enrols the terminal and starts it; the approver is asked where the route has one.
    fn enrol(&mut self, by: (&str, Option<&str>), code: &str, place: (&str, &str), functions: &[&str]) {
        let (officer, approver) = by;
        let (section, responsible) = place;
        let invitation = self.desk.file(&format!("{code}.code"));
        self.by(officer, &["terminal", "invite", code, "--out", invitation.to_str().unwrap()]);
        let fingerprint = fingerprint_in(&self.terminal.enrol(&invitation));
        let permit = self.permit.clone();
        let mut arguments: Vec<&str> = permit.iter().flat_map(|number| ["--system-use", number]).collect();
        arguments.extend(["terminal", "enrol", code, "--section", section, "--responsible", responsible]);
        arguments.extend(["--fingerprint", &fingerprint]);
        arguments.extend(functions.iter().flat_map(|function| ["--function", *function]));
        match approver {
            Some(approver) => drop(self.two(officer, approver, &arguments)),
            None => drop(self.by(officer, &arguments)),
        }
        self.terminal.start();
        wait_fresh(&self.terminal);
    }

    /// Waits until the terminal goes by every act that the ledger has.
    fn wait_current(&self) {
        let acts = acts_of(&self.ledger, &self.desk.office());
        let mut client = self.terminal.client();
        wait::until("the newest act at the terminal", || (client.status().ok()?.register_size >= acts).then_some(()));
    }

    /// Asks for a function for this purpose; gives the verdict's name.
    fn for_purpose(&self, function: &str, purpose: &str) -> String {
        let asked = AuthorizeRequest { purpose: Some(purpose.to_owned()), ..request(function) };
        self.terminal.client().authorize(&asked).unwrap_or_else(|error| panic!("no answer: {error}")).verdict.code
    }

    /// The id of the newest act in the register log.
    fn newest_act(&self) -> String {
        let [act] = self.desk.list(&["acts", "--last", "1"]).try_into().unwrap_or_else(|all| panic!("{all:?}"));
        act["id"].as_str().unwrap().to_owned()
    }

    /// Today in Japan, as it is typed.
    fn today(&self) -> String {
        self.now().split('T').next().unwrap().to_owned()
    }

    /// The minute in Japan, as it is typed.
    fn now(&self) -> String {
        self.clock.minute_in(Duration::ZERO)
    }

    /// The case of this form and number.
    fn case(&self, form: &str, number: u32) -> String {
        format!("{form}-{}-{number}", self.clock.fiscal_year())
    }

    /// What waits, as this person reads it.
    fn waits(&mut self, operator: &str) -> Vec<String> {
        self.desk.sign_by(operator);
        self.desk.list(&["today"]).iter().map(|row| row["what"].as_str().unwrap().to_owned()).collect()
    }

    /// As [`Self::by`], recorded from the paper of a post that has no card.
    fn on_paper(&mut self, keeper: &str, post: &str, arguments: &[&str]) -> String {
        let today = self.today();
        let paper = ["--paper-of", post, "--paper-number", "総第12号", "--paper-date", &today];
        self.by(keeper, &[&paper[..], arguments].concat())
    }

    /// The next 20 March, 10 o'clock.
    fn in_march(&self) {
        self.clock.pass_to(10, |_, (_, month, day)| (month, day) == (3, 20));
        wait_fresh(&self.terminal);
    }

    /// The first working day after 1 April, 10 o'clock.
    fn in_april(&self) {
        self.clock.pass_to(10, |day, (_, month, of_month)| month == 4 && of_month >= 2 && (day + 3) % 7 < 5);
        wait_fresh(&self.terminal);
        self.wait_current();
    }

    /// Last year's PIN opens nothing: its holder chooses another one, and works.
    fn begins_the_year(&self, issued: &mut Issued) {
        insert(&self.terminal, issued);
        assert_eq!(try_login(&self.terminal, issued), "pin_expired");
        change_pin(&self.terminal, issued);
        login(&self.terminal, issued);
    }

    /// Looks through the records of the fiscal year so far; gives the record of the doubt about this person.
    fn doubt_about(&mut self, inspector: &str, doubt: &str, operator: &str) -> String {
        wait_sealed(&self.terminal);
        let since = format!("{}-04-01", self.clock.fiscal_year() - 1);
        self.desk.sign_by(inspector);
        let doubts = self.desk.list(&["records", "review", "--since", &since]);
        let about = |row: &&serde_json::Value| {
            row["ask"].as_str().unwrap().contains(&format!("doubt={doubt} "))
                && row["operator"].as_str().unwrap().contains(operator)
        };
        let found =
            doubts.iter().find(about).unwrap_or_else(|| panic!("no doubt {doubt} about {operator}: {doubts:?}"));
        found["record"].as_str().unwrap().to_owned()
    }

    /// Plans an inspection, finds something, has it put right, and ends it.
    fn inspect(&mut self, inspector: &str, head: &str, section: &str) {
        let (today, begin) = (self.today(), format!("from={}-04-01", self.clock.fiscal_year() - 1));
        let (to, due, on) = (format!("to={today}"), format!("due={today}"), format!("on={today}"));
        let section = format!("section={section}");
        let plan = [begin.as_str(), &to, "scope=操作者カードと操作履歴", "items=返納・拒否・時間外", &section, &due];
        self.by(inspector, &[&["case", "open", "inspection"], &plan[..]].concat());
        let case = self.case("inspection", 1);
        self.by(inspector, &["case", "step", &case, "finding", "finding=カードの返納が遅れた", &due, &section]);
        let early = self.refused(inspector, &["case", "step", &case, "close"]);
        assert!(early.contains("comes first"), "{early}");
        self.by(inspector, &["case", "step", &case, "result", "result=おおむね適正", &on]);
        assert!(self.waits(head).iter().any(|what| what.contains("put right")), "the finding waits");
        self.by(head, &["case", "step", &case, "corrected", "finding=1", "result=返納を受けた", &on]);
        self.by(inspector, &["case", "step", &case, "close"]);
    }

    /// The last look: everything is proved, and the ledger's book is sound.
    fn end(mut self) {
        wait_sealed(&self.terminal);
        self.desk.assert_verified();
        self.terminal.stop();
        self.ledger.stop();
        self.ledger.assert_sound();
    }
}

/// Routes and posts of this folder: one proposes, the other approves.
fn set_up_by_two(desk: &mut Desk, folder: &str, proposer: &str, approver: &str) {
    for name in ["routes.toml", "posts.toml"] {
        let file = checkout().join("offices").join(folder).join(name);
        desk.sign_by(proposer);
        let said = desk.run(&["propose", file.to_str().unwrap()]);
        desk.sign_by(approver);
        desk.run(&["approve", proposed(&said)]);
    }
}

/// The id of what was proposed, as it was said.
fn proposed(said: &str) -> &str {
    let id = said.rsplit_once("sekisho-admin approve ").map(|(_, rest)| rest.split(['\'', '」', ' ', '\n']).next());
    id.flatten().unwrap_or_else(|| panic!("nothing was proposed: {said}"))
}

/// Whether somebody waits for this person's designation to be renewed.
fn ends(waits: &[String], operator: &str) -> bool {
    waits.iter().any(|what| what.starts_with("designation of") && what.contains(operator))
}
