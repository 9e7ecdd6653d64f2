//! The story of issue "a clerk logs in": founding, cards, one day at the counter, a ledger that goes away, a byte that is flipped.

use std::time::Duration;

use sekisho_tests::clock::StoryClock;
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::history::{assert_once_each, flip_a_byte};
use sekisho_tests::ledger::Ledger;
use sekisho_tests::scene::FUNCTIONS;
use sekisho_tests::scratch::Scratch;
use sekisho_tests::terminal::Terminal;
use sekisho_tests::virtual_card::{Body, VirtualCard};
use sekisho_tests::wait;
use sekisho_wire::verdict::VerdictCode;
use sekisho_wire::words::Language;

use crate::tell::{Narrator, line};

/// Exit statuses of `sekisho` (its `--help`).
const GRANTED: i32 = 0;
const REFUSED: i32 = 3;

struct Story {
    narrator: Narrator,
    terminal: Terminal,
    desk: Desk,
    ledger: Ledger,
    clock: StoryClock,
    /// Last, so that it goes after everything that writes there.
    _scratch: Scratch,
}

/// Tells it all. Panics, and so ends with a failure, at the first thing that does not come true.
pub(crate) fn tell(lang: &str, body: Body) {
    let scratch = Scratch::new("demo");
    let clock = StoryClock::real(scratch.path());
    let terminal = Terminal::new(&scratch.folder("t"), &clock);
    let desk = Desk::new(&scratch.folder("d"));
    let ledger = Ledger::init(&scratch.folder("l"), &clock);
    let mut story = Story { narrator: Narrator::new(lang), terminal, desk, ledger, clock, _scratch: scratch };
    story.desk.issue_as(body);
    story.founding();
    let (mut clerk, mut other) = story.cards();
    story.enrolment();
    story.first_login(&mut clerk);
    story.a_day_s_work(&clerk);
    story.idle(&clerk);
    story.pulled(&mut clerk);
    story.strangers(&mut other);
    story.ledger_away(&mut clerk);
    story.tampering();
    line("\nEverything came true.");
}

impl Story {
    fn sekisho(&self, arguments: &[&str], typed: Option<&str>) -> crate::tell::Answer {
        let mut command = self.terminal.sekisho(arguments);
        command.env("LC_ALL", self.narrator.lang()).arg("--lang").arg(self.narrator.lang());
        self.narrator.run(&format!("sekisho {}", arguments.join(" ")), &mut command, typed)
    }

    fn refused(&self, arguments: &[&str], code: VerdictCode) {
        let words = [Language::English, Language::Japanese].map(|language| code.words(language).what);
        self.sekisho(arguments, None).ends(REFUSED).says(words);
    }

    fn admin(&self, arguments: &[&str]) -> crate::tell::Answer {
        self.narrator.run(&format!("sekisho-admin {}", arguments.join(" ")), &mut self.desk.command(arguments), None)
    }

    fn login(&self, issued: &Issued) -> crate::tell::Answer {
        self.sekisho(&["login", "--pin-stdin"], Some(&format!("{}\n", issued.pin())))
    }

    fn founding(&mut self) {
        self.narrator.chapter("An office is founded");
        self.narrator.happens("the ledger of 白樺町 is started; two blank cards lie on the administrators' desk");
        self.ledger.serve();
        let said = self.desk.found(&self.ledger, "town.toml");
        line("   $ sekisho-admin found --code founding.code --config town.toml …");
        said.lines().for_each(|text| line(&format!("     {text}")));
    }

    fn cards(&mut self) -> (Issued, Issued) {
        self.narrator.chapter("Two operators with different scopes get cards");
        let mut issue = |operator: &str| {
            let (issued, said) = self.desk.issue(operator, &["--operator", operator]);
            line(&format!("   $ sekisho-admin card issue --operator {operator}"));
            said.lines().for_each(|text| line(&format!("     {text}")));
            issued
        };
        let both = (issue("10023"), issue("10031"));
        self.admin(&["register", "print", "cards"]).ends(0);
        both
    }

    fn enrolment(&mut self) {
        self.narrator.chapter("The residents' counter gets its terminal");
        let said = sekisho_tests::scene::enrol(&self.desk, &self.terminal, "jumin-1", FUNCTIONS);
        line(
            "   $ sekisho-admin terminal invite jumin-1 …; sekisho-agent enrol …; sekisho-admin terminal enrol jumin-1 …",
        );
        said.lines().for_each(|text| line(&format!("     {text}")));
        self.terminal.start();
        sekisho_tests::scene::wait_fresh(&self.terminal);
        self.refused(&["authorize", "juminhyo.issue"], VerdictCode::NoCard);
    }

    fn insert(&self, issued: &mut VirtualCard, who: &str) {
        self.narrator.happens(&format!("{who} inserts a card"));
        issued.insert(&self.terminal.pcscd, 0);
        self.wait_card(true);
    }

    fn wait_card(&self, present: bool) {
        let mut client = self.terminal.client();
        wait::until("the terminal to see the card", || (client.status().ok()?.card.is_some() == present).then_some(()));
    }

    fn first_login(&mut self, clerk: &mut Issued) {
        self.narrator.chapter("A clerk logs in, with a wrong PIN first");
        self.insert(&mut clerk.card, "田中");
        let before = clerk.card.apdus();
        self.sekisho(&["login", "--pin-stdin"], Some("918273\n")).ends(REFUSED_PIN).says(["tries left: 4", "残り4回"]);
        let spent = clerk.card.verifications_from(before);
        assert_eq!(spent, 1, "the wrong PIN went to the card once and nothing else was spent");
        self.narrator.happens("the card saw one VERIFY: one try is gone, nothing else");
        self.login(clerk).ends(GRANTED);
        self.sekisho(&["status"], None).ends(0);
    }

    fn a_day_s_work(&mut self, clerk: &Issued) {
        self.narrator.chapter("Work within the permitted scope, and at its edges");
        self.sekisho(&["authorize", "juminhyo.issue", "--case", "R8-0012"], None).ends(GRANTED);
        self.sekisho(&["authorize", "juminhyo.search", "--purpose", "counter"], None).ends(GRANTED);
        self.sekisho(&["authorize", "koseki.issue"], None).ends(GRANTED);
        let pin = format!("{}\n", clerk.pin());
        self.sekisho(&["authorize", "inkan.register", "--pin-stdin"], Some(&pin)).ends(GRANTED);
        self.refused(&["authorize", "juminhyo.search"], VerdictCode::PurposeMissing);
        self.refused(&["authorize", "zei.certificate"], VerdictCode::FunctionNotForTerminal);
        self.refused(&["authorize", "fukushi.search"], VerdictCode::FunctionUnknown);
    }

    fn idle(&mut self, clerk: &Issued) {
        self.narrator.chapter("Nobody works for five minutes: the terminal locks, and the PIN opens it again");
        self.narrator.happens("five minutes pass");
        self.clock.pass(Duration::from_secs(301));
        let mut client = self.terminal.client();
        wait::until("the idle lock", || {
            (client.status().ok()?.state == sekisho_ipc::SessionState::Locked).then_some(())
        });
        self.refused(&["authorize", "juminhyo.issue"], VerdictCode::Locked);
        self.login(clerk).ends(GRANTED);
        self.sekisho(&["authorize", "juminhyo.issue"], None).ends(GRANTED);
    }

    fn pulled(&mut self, clerk: &mut Issued) {
        self.narrator.chapter("The card is pulled: the very next request is refused");
        clerk.card.pull();
        self.narrator.happens("田中 pulls the card");
        // As soon as pcscd knows. That the agent says so too is not waited for.
        self.terminal.pcscd.wait_slot(0, false);
        self.refused(&["authorize", "juminhyo.issue"], VerdictCode::NoCard);
    }

    fn strangers(&mut self, other: &mut Issued) {
        self.narrator.chapter("Another duty, an unknown card, a revoked card");
        self.insert(&mut other.card, "高橋 of the tax section");
        self.login(other).ends(GRANTED);
        self.sekisho(&["authorize", "juminhyo.search", "--purpose", "post"], None).ends(GRANTED);
        self.refused(&["authorize", "juminhyo.issue"], VerdictCode::FunctionNotInScope);
        other.card.pull();
        self.wait_card(false);

        let mut unknown = self.desk.unregistered("unknown");
        self.insert(&mut unknown.card, "somebody with a card of another office");
        let unknown_words = [Language::English, Language::Japanese].map(|l| VerdictCode::CardUnknown.words(l).what);
        self.login(&unknown).ends(REFUSED).says(unknown_words);
        unknown.card.pull();
        self.wait_card(false);

        let guid = self.desk.guid_of("10031");
        let before = self.terminal.client().status().expect("the agent answers").register_size;
        self.admin(&["card", "revoke", &guid, "--reason", "lost"]).ends(0);
        sekisho_tests::scene::wait_register(&self.terminal, before);
        self.insert(&mut other.card, "the finder of 高橋's lost card");
        let revoked = [Language::English, Language::Japanese].map(|l| VerdictCode::CardRevoked.words(l).what);
        self.login(other).ends(REFUSED).says(revoked);
        other.card.pull();
        self.wait_card(false);
    }

    fn ledger_away(&mut self, clerk: &mut Issued) {
        self.narrator.chapter("The ledger goes away, work goes on, the ledger comes back");
        self.insert(&mut clerk.card, "田中");
        self.login(clerk).ends(GRANTED);
        self.ledger.kill();
        self.narrator.happens("the ledger's machine loses power");
        for case in ["R8-0013", "R8-0014", "R8-0015"] {
            self.sekisho(&["authorize", "juminhyo.issue", "--case", case], None).ends(GRANTED);
        }
        self.sekisho(&["status"], None).ends(0);
        self.ledger.serve();
        self.narrator.happens("the ledger is back");
        sekisho_tests::scene::wait_sealed(&self.terminal);
        self.sekisho(&["lock", "--end"], None).ends(0);
        sekisho_tests::scene::wait_sealed(&self.terminal);
        self.admin(&["records", "search", "--terminal", "jumin-1", "--limit", "12"]).ends(0);
        self.admin(&["records", "verify", "--all"]).ends(0);
        self.terminal.stop();
        self.ledger.stop();
        let records = assert_once_each(&self.ledger);
        self.narrator.happens(&format!("{records} records of the terminal are sealed, each exactly once"));
        let (code, said) = self.ledger.fsck();
        line("   $ sekisho-ledger fsck --data …");
        said.lines().for_each(|text| line(&format!("     {text}")));
        assert_eq!(code, Some(0), "fsck finds nothing wrong");
    }

    fn tampering(&mut self) {
        self.narrator.chapter("Somebody flips one byte in the ledger's database");
        let entry = flip_a_byte(&self.ledger);
        self.narrator.happens(&format!("a byte of entry {entry} of the records log is another one now"));
        let (code, said) = self.ledger.fsck();
        line("   $ sekisho-ledger fsck --data …");
        said.lines().for_each(|text| line(&format!("     {text}")));
        assert_eq!(code, Some(1), "fsck finds it");
        // With the words around it: the number alone stands in a hash too.
        let [row, log] = [format!("log records, entry {entry} ("), format!("log records, entry {entry}:")];
        let words = [row, log, format!("ログ records、{entry} 番")];
        let named = words.iter().any(|words| said.contains(words));
        assert!(named, "fsck names entry {entry}");
    }
}

/// Exit status of `sekisho login` after a wrong PIN.
const REFUSED_PIN: i32 = REFUSED;
