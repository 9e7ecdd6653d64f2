//! S0: two towns, each with its own 保護管理者; the trustee sets a PIN anew on request under the agreement, and touches neither people nor terminals.

use std::process::Command;
use std::time::Duration;

use sekisho_tests::binaries::program;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of};
use sekisho_tests::clock::live_by;
use sekisho_tests::desk::{Desk, Issued};
use sekisho_tests::ledger::{both, succeeded};

use super::{Office, ends, set_up_by_two};

/// 保護管理者 of either town (5).
const PROTECTION: &str = "20001";
/// 端末機取扱責任者 of either town (7).
const TERMINALS: &str = "20002";

const FUNCTIONS: &[&str] = &["koseki.search", "koseki.issue", "koseki.server"];
const AGREEMENT: [&str; 2] = ["--agreement", "K-4"];
const REQUEST: [&str; 4] = ["--request", "IRAI-8", "--agreement", "K-4"];

/// The trustee: the desk of its own office, and a home of its 保護管理者 for the member's.
struct Trustee {
    desk: Desk,
}

impl Trustee {
    fn founded(office: &Office) -> Self {
        let _ = std::fs::remove_file(office.ledger.data().with_file_name("founding.code"));
        let mut desk = Desk::with_seats(&office.scratch.folder("e"));
        desk.follow(&office.clock);
        desk.found(&office.ledger, "../../offices/s0-koseki-itaku/trustee/found.toml");
        set_up_by_two(&mut desk, "s0-koseki-itaku/trustee", PROTECTION, TERMINALS);
        desk.sign_by(PROTECTION);
        Self { desk }
    }

    fn there(&self, office: &Office, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(program("sekisho-admin"));
        command.env("PCSCLITE_CSOCK_NAME", self.desk.pcscd.socket()).env("RUST_LOG", "warn");
        command.args(["--lang", "en", "--yes", "--wait", "30", "--home"]).arg(self.desk.file("member"));
        command.args(["--signer-reader", &self.desk.pcscd.reader(2), "--reader", &self.desk.pcscd.reader(1)]);
        command.arg("--pin-file").arg(self.desk.file("pins/20001.pin"));
        live_by(office.clock.file(), &mut command);
        command.args(arguments).output().unwrap()
    }

    fn acts(&self, office: &Office, arguments: &[&str]) -> String {
        let output = self.there(office, arguments);
        succeeded("sekisho-admin", &output);
        both(&output)
    }

    fn refused(&self, office: &Office, arguments: &[&str]) -> String {
        let output = self.there(office, arguments);
        assert!(!output.status.success(), "{arguments:?} went through:\n{}", both(&output));
        both(&output)
    }
}

#[test]
fn s0_two_towns_of_which_one_acts_for_the_other_on_request() {
    let mut office = Office::found("s0", "s0-koseki-itaku/member");
    office.set_up_two(PROTECTION, TERMINALS);
    let mut trustee = Trustee::founded(&office);
    entrusted(&mut office, &trustee);

    // 8(1): the town's own 保護管理者 says who works and what for. 9: its terminals are its own.
    let whom = ["operator", "designate", "10003", "--name", "相田 渚", "--section", "koseki", "--at-section", "koseki"];
    let said = office.refused(TERMINALS, &whom);
    assert!(said.contains("may not sign changes of class"), "{said}");
    let said = trustee.refused(&office, &[&REQUEST[..], &whom].concat());
    assert!(said.contains("not entrusted"), "operators stay the town's own: {said}");
    office.by(PROTECTION, &whom);
    let mut first = office.card(PROTECTION, "10001");
    let mut second = office.card(PROTECTION, "10002");
    office.enrol((TERMINALS, None), "koseki-1", ("koseki", "toriatsukai"), FUNCTIONS);
    for act in ["retire", "suspend"] {
        let said = trustee.refused(&office, &[&REQUEST[..], &["terminal", act, "koseki-1"]].concat());
        assert!(said.contains("not entrusted"), "{said}");
    }
    insert(&office.terminal, &mut first);
    login(&office.terminal, &first);
    assert_eq!(verdict_of(&office.terminal, "koseki.search"), "purpose_missing", "8(4)");
    assert_eq!(office.for_purpose("koseki.search", "seikyu"), "granted");
    assert_eq!(verdict_of(&office.terminal, "koseki.server"), "terminal_kind_wrong", "2(8)");
    pull(&office.terminal, &mut first);
    insert(&office.terminal, &mut second);
    login(&office.terminal, &second);
    assert_eq!(office.for_purpose("koseki.search", "seikyu"), "function_not_in_scope", "8(1)");
    pull(&office.terminal, &mut second);

    reset_on_request(&mut office, &trustee, &mut second);
    confirmed(&office, &mut trustee);
    accident(&mut office);
    next_year(&mut office, &trustee, &mut first, &mut second);
    inspection(&mut office);
    trustee.desk.assert_verified();
    office.end();
}

/// 協議書, 3(3): introduced, registered, entrusted with what 3(3) asks for, and seated as the trustee's administrator.
fn entrusted(office: &mut Office, trustee: &Trustee) {
    let introduction = trustee.desk.file("introduction").to_str().unwrap().to_owned();
    let said = trustee.desk.run(&["partner", "introduce", &introduction, "--operator", PROTECTION]);
    let print = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    let introduced = [introduction.as_str(), "--fingerprint", &print];
    let mut two = |arguments: &[&str]| drop(office.two(PROTECTION, TERMINALS, arguments));
    two(&[&["partner", "set", "nireno"], &introduced[..]].concat());
    two(&[&AGREEMENT[..], &["partner", "entrust", "nireno", "--class", "cards", "--class", "block"]].concat());
    let admit = ["partner", "admit", "nireno-kanri", "--home-operator", PROTECTION, "--signs", "--section", "koseki"];
    two(&[&admit[..], &introduced[..]].concat());
    two(&["post", "set", "jutaku", "受託管理者", "--role", "trustee_admin"]);
    two(&["post", "hold", "jutaku", "nireno-kanri"]);

    let export = office.desk.file("office.export").to_str().unwrap().to_owned();
    let said = office.by(PROTECTION, &["office", "export", &export]);
    let print = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap();
    trustee.acts(office, &["join", &export, "--fingerprint", print]);
    // Out of the safe: who sets a PIN needs it.
    for secret in ["card-management.secret", "card-ca.key.pem", "card-ca.pem"] {
        std::fs::copy(office.desk.file("home").join(secret), trustee.desk.file("member").join(secret)).unwrap();
    }
}

/// 3 柱書, 3(3): not without the number of a request; with it the act says who did it, for whom, and under which agreement.
fn reset_on_request(office: &mut Office, trustee: &Trustee, card: &mut Issued) {
    trustee.desk.lay_in(card);
    let envelope = trustee.desk.file("reset.pin").to_str().unwrap().to_owned();
    let reset = ["card", "reset-pin", "--identified", "staff-card", "--first-pin-file", &envelope];
    let said = trustee.refused(office, &reset);
    assert!(said.contains("request"), "{said}");
    trustee.acts(office, &[&REQUEST[..], &reset].concat());
    trustee.desk.take_out(card);
    office.desk.sign_by(PROTECTION);
    let act = office.desk.run(&["acts", "--full", "--last", "1"]);
    for expected in ["is given a new PIN", "nireno-kanri", "IRAI-8", "K-4"] {
        assert!(act.contains(expected), "{expected}: {act}");
    }
    office.wait_current();
    insert(&office.terminal, card);
    assert_ne!(try_login(&office.terminal, card), "granted", "the PIN of before opens nothing");
    pull(&office.terminal, card);
    // Its holder chooses another one, as everybody does with one that was handed over.
    office.desk.choose_pin(card, "805294");
    insert(&office.terminal, card);
    login(&office.terminal, card);
    assert_eq!(verdict_of(&office.terminal, "koseki.issue"), "granted");
    pull(&office.terminal, card);
}

/// 3(1)(2): the trustee confirms each day; a day that nobody confirmed stands in the list.
fn confirmed(office: &Office, trustee: &mut Trustee) {
    let missing = |trustee: &Trustee| {
        let rows = trustee.desk.list(&["today"]);
        rows.iter().filter(|row| row["what"].as_str().unwrap().starts_with("no confirmation of")).count()
    };
    // Whatever is missing since the founding, on which nobody ever began.
    let before = missing(trustee);
    office.clock.pass(Duration::from_secs(24 * 3600));
    assert_eq!(missing(trustee), before + 2, "yesterday's backup and 副本");
    let rows = trustee.desk.list(&["today"]);
    let row = rows.iter().find(|row| row["what"].as_str().unwrap().starts_with("no confirmation of")).unwrap();
    let how = row["do"].as_str().unwrap().trim_start_matches("sekisho-admin ").to_owned();
    trustee.desk.run(&how.split(' ').collect::<Vec<_>>());
    assert_eq!(missing(trustee), before + 1);
}

/// 3(4), 6(2): nothing is closed before the other town has been told.
fn accident(office: &mut Office) {
    sekisho_tests::scene::wait_fresh(&office.terminal);
    office.by(TERMINALS, &["case", "open", "incident", "class=failure", "level=1", "kind=failure"]);
    let case = office.case("incident", 1);
    let what = ["circumstances=専用回線の断", "cause=工事", "measures=復旧", "damage=交付の遅れ"];
    office.by(PROTECTION, &[&["case", "step", &case, "report"], &what[..]].concat());
    let close = ["case", "step", &case, "close"];
    let said = office.refused(PROTECTION, &close);
    assert!(said.contains("told"), "{said}");
    let at = format!("at={}", office.now());
    office.by(TERMINALS, &["case", "step", &case, "told", "partner=nireno", &at, "how=電話"]);
    office.by(PROTECTION, &close);
}

/// The town renews its own people; the other town's is admitted anew, and can do nothing until then.
fn next_year(office: &mut Office, trustee: &Trustee, first: &mut Issued, second: &mut Issued) {
    office.in_march();
    let waits = office.waits(PROTECTION);
    assert!(ends(&waits, "10001") && ends(&waits, "10002"), "{waits:?}");
    let said = office.by(PROTECTION, &["operator", "renew", "--except", "10002"]);
    assert!(said.contains("from another office, and has to be admitted anew"), "{said}");
    office.in_april();
    office.begins_the_year(first);
    assert_eq!(verdict_of(&office.terminal, "koseki.issue"), "granted");
    pull(&office.terminal, first);
    insert(&office.terminal, second);
    assert_eq!(try_login(&office.terminal, second), "designation_ended");
    pull(&office.terminal, second);
    let guid = office.desk.guid_of("10002");
    trustee.refused(office, &[&REQUEST[..], &["card", "suspend", &guid]].concat());
    let still = |waits: Vec<String>| waits.iter().any(|what| what.contains("is still with") && what.contains("10002"));
    assert!(still(office.waits(PROTECTION)));
    office.by(PROTECTION, &["card", "return", &guid, "--reason", "left_duty"]);
    assert!(!still(office.waits(PROTECTION)));
}

/// 6(1): the state of the data is grasped; a refusal is asked about.
fn inspection(office: &mut Office) {
    let record = office.doubt_about(PROTECTION, "out-of-duty", "10002");
    let record = format!("record={record}");
    let asked = ["doubt=out-of-duty", &record, "operator=10002", "section=koseki", "question=検索を試みた理由"];
    office.by(PROTECTION, &[&["case", "open", "log-review"], &asked[..]].concat());
    let case = office.case("log-review", 1);
    office.by(TERMINALS, &["case", "step", &case, "answer", "answer=担当者の不在"]);
    office.by(PROTECTION, &["case", "step", &case, "verdict", "verdict=doubtful"]);
    office.inspect(PROTECTION, TERMINALS, "koseki");
    let before = format!("{}-03-20", office.clock.fiscal_year());
    let then = office.by(PROTECTION, &["register", "print", "cards", "--as-of", &before]);
    assert!(then.contains("10002") && !then.contains("returned"), "{then}");
}
