//! S3: ICT推進課長 alone designates and gives cards; the head of the section asks him for work out of hours; records leave by three decisions in order.

use std::time::Duration;

use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of};
use sekisho_tests::desk::Issued;

use super::{Office, THIRD, ends, proposed};

/// ICT推進課長 (17, 18).
const ICT: &str = "20001";
/// データ保護管理者 (8): 総務部参与.
const PROTECTION: &str = "20002";
/// データ取扱責任者 of the section 課税課 (9).
const HEAD: &str = THIRD;

/// 18(1): what the terminal is there for. Not the correction of taxes.
const FUNCTIONS: &[&str] = &["zei.kazei", "zei.shomei"];

#[test]
fn s3_a_city_that_permits_work_out_of_hours() {
    let mut office = Office::found("s3", "s3-densan");
    office.set_up(ICT, PROTECTION);

    // 18(2): the IT chief designates and limits; the head of the section does neither.
    let who = ["operator", "designate", "10303", "--name", "杉本 要", "--section", "kazei", "--at-section", "kazei"];
    let said = office.refused(HEAD, &who);
    assert!(said.contains("may not sign changes of class"), "{said}");
    office.by(ICT, &who);
    let mut first = office.card(ICT, "10301");
    let mut second = office.card(ICT, "10302");
    office.enrol((ICT, None), "kazei-1", ("kazei", "kazei-kacho"), FUNCTIONS);
    insert(&office.terminal, &mut first);
    login(&office.terminal, &first);
    assert_eq!(verdict_of(&office.terminal, "zei.kazei"), "granted");
    assert_eq!(verdict_of(&office.terminal, "zei.kosei"), "function_not_for_terminal", "18(1)");
    pull(&office.terminal, &mut first);
    insert(&office.terminal, &mut second);
    login(&office.terminal, &second);
    assert_eq!(verdict_of(&office.terminal, "zei.kazei"), "function_not_in_scope", "18(2)");
    pull(&office.terminal, &mut second);
    // 17(1): 電算要員 have a register of their own kind.
    let staff = office.desk.list(&["register", "print", "staff"]);
    assert!(
        staff.iter().any(|row| row["operator"] == "30001") && !staff.iter().any(|row| row["operator"] == "10301"),
        "{staff:?}"
    );

    out_of_hours(&mut office, &mut first);
    export(&mut office);
    accident(&mut office);
    next_year(&mut office, &mut first, &mut second);
    inspection(&mut office);
    office.end();
}

/// 18(4): asked for beforehand by the section, permitted by another one, named by each record of the work.
fn out_of_hours(office: &mut Office, card: &mut Issued) {
    let minute = |office: &Office, hours: u64| office.clock.minute_in(Duration::from_secs(hours * 3600));
    // It is past ten: from eight to ten in the evening.
    let (from, to) = (minute(office, 10), minute(office, 12));
    let who = ["permit", "grant", "--operator", "10301", "--terminal", "kazei-1"];
    let permit = [&who[..], &["--from", &from, "--to", &to, "--reason", "zangyo"]].concat();
    let said = office.refused(ICT, &permit);
    assert!(!said.is_empty(), "who permits does not ask");
    let said = office.refused(HEAD, &permit);
    assert!(said.contains("approv"), "who asks does not permit: {said}");
    let said = office.propose(HEAD, &permit);
    let id = proposed(&said).to_owned();
    let said = office.refused(PROTECTION, &["approve", &id]);
    assert!(!said.is_empty());
    office.clock.pass(Duration::from_secs(9 * 3600 + 1800));
    insert(&office.terminal, card);
    assert_eq!(try_login(&office.terminal, card), "out_of_hours", "asked for is not permitted");
    office.by(ICT, &["approve", &id]);
    office.wait_current();
    assert_eq!(try_login(&office.terminal, card), "out_of_hours", "the permit has not begun");
    office.clock.pass(Duration::from_secs(3600));
    login(&office.terminal, card);
    assert_eq!(verdict_of(&office.terminal, "zei.kazei"), "granted");
    pull(&office.terminal, card);
    sekisho_tests::scene::wait_sealed(&office.terminal);
    let opened = office.desk.list(&["records", "search", "--kind", "session_opened", "--limit", "1"]);
    let shown = office.desk.run(&["records", "show", opened[0]["index"].as_str().unwrap()]);
    assert!(shown.contains(&format!("permit {}-1", office.clock.fiscal_year())), "{shown}");
    office.clock.pass(Duration::from_secs(2 * 3600));
    insert(&office.terminal, card);
    assert_eq!(try_login(&office.terminal, card), "out_of_hours", "the permit is over");
    pull(&office.terminal, card);
}

/// 33: the owning section, then the IT chief, then データ保護管理者; before all three nothing is taken away.
fn export(office: &mut Office) {
    let days = [format!("from={}", office.today()), format!("to={}", office.today())];
    let why = ["purpose=統計", "content=操作件数", "provided=電子データ", "managed=施錠保管", "section=kazei"];
    let why = [&why[..], &[&days[0], &days[1]]].concat();
    office.by(ICT, &[&["case", "open", "export-request"], &why[..]].concat());
    let case = office.case("export-request", 1);
    let out = office.scratch.path().join("s3.csv").to_str().unwrap().to_owned();
    let take = ["records", "export", "--format", "csv", "--out", &out, "--permission", &case];
    let decide = |name| ["case", "step", &case, name, "answer=granted"];
    let said = office.refused(ICT, &decide("agree"));
    assert!(said.contains("comes first"), "{said}");
    office.by(HEAD, &decide("consent"));
    office.by(ICT, &decide("agree"));
    let said = office.refused(ICT, &take);
    assert!(said.contains("not_permitted"), "{said}");
    office.by(PROTECTION, &decide("permit"));
    office.by(ICT, &take);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.contains("function_not_for_terminal") && text.contains("10301"), "{text}");
}

/// 27: kind, circumstances, cause and measures, from whoever finds it.
fn accident(office: &mut Office) {
    office.by(HEAD, &["case", "open", "incident", "class=failure", "level=1", "kind=failure", "finder=杉本 要"]);
    let case = office.case("incident", 1);
    office.by(ICT, &["case", "step", &case, "acknowledge"]);
    let lacking = ["case", "step", &case, "report", "circumstances=印刷の停止", "cause=紙詰まり"];
    let said = office.refused(HEAD, &lacking);
    assert!(said.contains("measures"), "{said}");
    office.by(HEAD, &[&lacking[..], &["measures=機器の交換", "damage=なし"]].concat());
    office.by(ICT, &["case", "step", &case, "close"]);
    let shown = office.by(PROTECTION, &["case", "show", &case]);
    for field in ["failure", "印刷の停止", "紙詰まり", "機器の交換"] {
        assert!(shown.contains(field), "{field}: {shown}");
    }
}

fn next_year(office: &mut Office, first: &mut Issued, second: &mut Issued) {
    office.in_march();
    let waits = office.waits(ICT);
    assert!(ends(&waits, "10301") && ends(&waits, "30001"), "{waits:?}");
    let said = office.refused(HEAD, &["operator", "renew", "--section", "kazei"]);
    assert!(said.contains("may not sign changes of class"), "{said}");
    let said = office.by(ICT, &["operator", "renew", "--except", "10302"]);
    assert!(said.contains("left out by the command line"), "{said}");
    office.in_april();
    office.begins_the_year(first);
    assert_eq!(verdict_of(&office.terminal, "zei.shomei"), "granted");
    pull(&office.terminal, first);
    insert(&office.terminal, second);
    assert_eq!(try_login(&office.terminal, second), "designation_ended");
    pull(&office.terminal, second);
    let still = |waits: Vec<String>| waits.iter().any(|what| what.contains("is still with") && what.contains("10302"));
    assert!(still(office.waits(ICT)));
    let guid = office.desk.guid_of("10302");
    office.by(ICT, &["card", "return", &guid, "--reason", "left_duty"]);
    assert!(!still(office.waits(ICT)));
}

/// 34: periodically or when there is reason.
fn inspection(office: &mut Office) {
    let record = office.doubt_about(PROTECTION, "out-of-duty", "10301");
    let record = format!("record={record}");
    let asked = ["doubt=out-of-duty", &record, "operator=10301", "section=kazei", "question=更正を試みた理由"];
    office.by(PROTECTION, &[&["case", "open", "log-review"], &asked[..]].concat());
    let case = office.case("log-review", 1);
    office.by(HEAD, &["case", "step", &case, "answer", "answer=別の端末で行うべきところを誤った"]);
    office.by(PROTECTION, &["case", "step", &case, "verdict", "verdict=sound"]);
    office.inspect(PROTECTION, HEAD, "kazei");
    let before = format!("{}-03-20", office.clock.fiscal_year());
    let then = office.by(PROTECTION, &["register", "print", "cards", "--as-of", &before]);
    assert!(then.contains("10302") && !then.contains("returned"), "{then}");
}
