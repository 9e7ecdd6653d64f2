//! S2: 運用管理者 of each agency chooses, システム管理者 examines, permits and sets up; an agency that is run improperly is suspended.

use sekisho_ipc::{CardTrouble, IncidentClass, ReportCardRequest, ReportIncidentRequest, SessionState};
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::desk::Issued;
use sekisho_tests::wait;

use super::{Office, THIRD, ends, proposed};

/// システム管理者 (3): 危機管理監.
const SYSTEM: &str = "20001";
/// 最高情報セキュリティ責任者 (15(2)).
const CHIEF: &str = "20002";
/// 運用管理者 of 教育委員会 (4).
const AGENCY: &str = THIRD;

const FUNCTIONS: &[&str] = &["renraku.soshin", "renraku.jushin", "renraku.toroku"];

#[test]
fn s2_a_city_whose_agencies_apply() {
    let mut office = Office::found_with("s2", "s2-joho-renraku", |desk| desk.choose_pins_with("#K"));
    office.set_up(SYSTEM, CHIEF);

    // 4(2)(2): the agency designates its own, and no other's; 3(2)(4): what sets the person up is the system manager's.
    let whom = ["operator", "designate", "10203", "--name", "堀 美月"];
    let own = [&whom[..], &["--section", "kyoiku", "--at-section", "kyoiku"]].concat();
    let other = [&whom[..], &["--section", "nogyo", "--at-section", "nogyo"]].concat();
    // 6: nothing is set up without the number of a permit.
    let said = office.refused(AGENCY, &[&["--propose"], &own[..]].concat());
    assert!(said.contains("permit to use the system"), "{said}");
    let number = application(&mut office);
    let under = ["--system-use", &number];
    let own = [&under[..], &own].concat();
    let other = [&under[..], &other].concat();
    let said = office.refused(SYSTEM, &own);
    assert!(said.contains("may not sign changes of class"), "{said}");
    let said = office.refused(AGENCY, &[&["--propose"], &other[..]].concat());
    assert!(said.contains("is another section's"), "{said}");
    let said = office.propose(AGENCY, &own);
    let id = proposed(&said).to_owned();
    office.refused(CHIEF, &["approve", &id]);
    office.by(SYSTEM, &["approve", &id]);

    let mut first = office.card(SYSTEM, "10201");
    let mut second = office.card(SYSTEM, "10202");
    weak_pin(&mut office);
    insert(&office.terminal, &mut first);
    login(&office.terminal, &first);
    assert_eq!(verdict_of(&office.terminal, "renraku.soshin"), "purpose_missing");
    assert_eq!(office.for_purpose("renraku.soshin", "kinkyu"), "granted");
    // As often as that somebody asks why, later.
    for _ in 0..5 {
        assert_eq!(verdict_of(&office.terminal, "renraku.toroku"), "function_not_in_scope", "5");
    }

    suspended(&mut office, &mut first);
    leaked(&mut office, &mut second);
    accident(&mut office);
    next_year(&mut office, &mut first, &mut second);
    inspection(&mut office);
    office.end();
}

/// 6: applied for, examined, permitted, and only then set up; gives the permit's number.
fn application(office: &mut Office) -> String {
    office.by(AGENCY, &["case", "open", "system-use", "section=kyoiku", "purpose=保護者への連絡", "users=1200"]);
    let case = office.case("system-use", 1);
    let permit = ["case", "step", &case, "permit", "answer=granted"];
    let said = office.refused(SYSTEM, &permit);
    assert!(said.contains("comes first"), "{said}");
    office.by(SYSTEM, &["case", "step", &case, "examine", "result=利用規程を確認した"]);
    let said = office.refused(AGENCY, &permit);
    assert!(!said.is_empty());
    let act = format!("act={}", office.newest_act());
    let said = office.refused(SYSTEM, &["case", "step", &case, "set-up", &act]);
    assert!(said.contains("comes first"), "{said}");
    office.by(SYSTEM, &permit);
    let number = case.strip_prefix("system-use-").unwrap().to_owned();
    office.permit = Some(number.clone());
    office.enrol((SYSTEM, None), "kyoiku-1", ("kyoiku", "kyoiku-unyo"), FUNCTIONS);
    let act = format!("act={}", office.newest_act());
    office.by(SYSTEM, &["case", "step", &case, "set-up", &act]);
    assert!(office.desk.list(&["case", "list", "--open"]).is_empty());
    number
}

/// 11(2)(3): long enough, and of all kinds.
fn weak_pin(office: &mut Office) {
    let file = office.desk.file("weak.pin");
    for pin in ["493172", "49317205", "abcdefgh"] {
        std::fs::write(&file, pin).unwrap();
        let issue = ["card", "issue", "--operator", "10203", "--own-pin-file", file.to_str().unwrap()];
        let said = office.refused(SYSTEM, &issue);
        assert!(said.contains("PIN"), "{pin}: {said}");
    }
}

/// 6(3): the agency's cards are refused until it is lifted.
fn suspended(office: &mut Office, card: &mut Issued) {
    let suspend = ["section", "set", "kyoiku", "教育委員会", "--state", "suspended"];
    let said = office.refused(AGENCY, &suspend);
    assert!(said.contains("may not sign changes of class"), "{said}");
    office.by(SYSTEM, &suspend);
    wait_state(&office.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&office.terminal, card), "section_suspended");
    office.by(SYSTEM, &["section", "set", "kyoiku", "教育委員会", "--state", "open"]);
    office.wait_current();
    login(&office.terminal, card);
    assert_eq!(verdict_of(&office.terminal, "renraku.jushin"), "granted");
    pull(&office.terminal, card);
}

/// 11(2)(6): whoever's PIN is known to somebody says so at the terminal; the card is blocked at once, until the system manager has set another one.
fn leaked(office: &mut Office, card: &mut Issued) {
    insert(&office.terminal, card);
    let report = ReportCardRequest { card: None, reason: CardTrouble::PinCompromised };
    assert_eq!(office.terminal.client().report_card(&report).unwrap().cards.len(), 1);
    let blocked = try_login(&office.terminal, card);
    assert!(["card_reported", "card_suspended"].contains(&blocked.as_str()), "{blocked}");
    pull(&office.terminal, card);
    office.desk.sign_by(SYSTEM);
    wait::until("the report at the desk", || {
        (office.desk.list(&["report", "list", "--open"]).len() == 1).then_some(())
    });
    let guid = office.desk.guid_of("10202");
    office.desk.lay_in(card);
    std::fs::write(card.pin_file(), "805294#K").unwrap();
    let own = card.pin_file().to_str().unwrap().to_owned();
    office.desk.run(&["card", "reset-pin", "--identified", "staff-card", "--own-pin-file", &own]);
    office.desk.take_out(card);
    office.desk.run(&["card", "lift", &guid]);
    assert!(office.desk.list(&["report", "list", "--open"]).is_empty());
    office.wait_current();
    insert(&office.terminal, card);
    login(&office.terminal, card);
    assert_eq!(verdict_of(&office.terminal, "renraku.jushin"), "granted");
    pull(&office.terminal, card);
}

/// 12, 15: found at the terminal, told at once; the agency is asked for a report, and a plan is made.
fn accident(office: &mut Office) {
    let report = ReportIncidentRequest { class: IncidentClass::Misuse, kind: "intrusion".into(), card: None };
    office.terminal.client().report_incident(&report).unwrap();
    let case = office.case("incident", 1);
    wait::until("the report in the casebook", || {
        (office.terminal.client().status().ok()?.reports_waiting == 0).then_some(())
    });
    let due = format!("due={}", office.today());
    let asked = ["subject=侵害の経過", "post=kyoiku-unyo", &due];
    office.by(SYSTEM, &[&["case", "open", "report-request"], &asked[..]].concat());
    let request = office.case("report-request", 1);
    let waits = office.waits(AGENCY);
    assert!(waits.iter().any(|what| what.contains("request for a report")), "{waits:?}");
    office.by(AGENCY, &["case", "step", &request, "answer", "report=不審な送信が1件あった"]);
    office.by(SYSTEM, &["case", "step", &case, "judge", "class=misuse", "level=3", "kind=intrusion"]);
    office.by(SYSTEM, &["case", "step", &case, "acknowledge"]);
    let what = ["circumstances=不審な送信", "cause=調査中", "measures=送信の停止", "damage=なし"];
    office.by(AGENCY, &[&["case", "step", &case, "report"], &what[..]].concat());
    let close = ["case", "step", &case, "close"];
    let said = office.refused(SYSTEM, &close);
    assert!(said.contains("comes first"), "15(2): {said}");
    office.by(CHIEF, &["case", "step", &case, "acknowledge"]);
    let said = office.refused(SYSTEM, &close);
    assert!(said.contains("prevent"), "15(3): {said}");
    office.by(SYSTEM, &["case", "step", &case, "prevent", "plan=登録URLを改める"]);
    office.by(SYSTEM, &close);
}

/// 11(1)(2): whoever is not designated anew by the agency is nobody from 1 April on.
fn next_year(office: &mut Office, first: &mut Issued, second: &mut Issued) {
    office.in_march();
    let waits = office.waits(SYSTEM);
    assert!(ends(&waits, "10201") && ends(&waits, "10202"), "{waits:?}");
    let renew = ["operator", "renew", "--section", "kyoiku", "--except", "10202"];
    let said = office.refused(AGENCY, &[&["--propose"], &renew[..]].concat());
    assert!(said.contains("permit to use the system"), "6: {said}");
    let number = office.permit.clone().unwrap();
    office.two(AGENCY, SYSTEM, &[&["--system-use", &number], &renew[..]].concat());
    office.in_april();
    office.begins_the_year(first);
    assert_eq!(verdict_of(&office.terminal, "renraku.jushin"), "granted");
    pull(&office.terminal, first);
    insert(&office.terminal, second);
    assert_eq!(try_login(&office.terminal, second), "designation_ended");
    pull(&office.terminal, second);
    let still = |waits: Vec<String>| waits.iter().any(|what| what.contains("is still with") && what.contains("10202"));
    assert!(still(office.waits(SYSTEM)));
    let guid = office.desk.guid_of("10202");
    office.by(SYSTEM, &["card", "return", &guid, "--reason", "left_duty"]);
    assert!(!still(office.waits(SYSTEM)));
}

/// 12(2): the system manager looks into it, the agency answers.
fn inspection(office: &mut Office) {
    let record = office.doubt_about(SYSTEM, "refusals", "10201");
    let record = format!("record={record}");
    let asked =
        ["doubt=refusals", &record, "operator=10201", "section=kyoiku", "question=登録事項の変更を何度も試みた理由"];
    office.by(SYSTEM, &[&["case", "open", "log-review"], &asked[..]].concat());
    let case = office.case("log-review", 1);
    office.by(AGENCY, &["case", "step", &case, "answer", "answer=利用者からの依頼による"]);
    office.by(SYSTEM, &["case", "step", &case, "verdict", "verdict=doubtful"]);
    office.inspect(SYSTEM, AGENCY, "kyoiku");
    let before = format!("{}-03-20", office.clock.fiscal_year());
    let then = office.by(CHIEF, &["register", "print", "operators", "--as-of", &before]);
    assert!(then.contains("竹内 陽") && then.contains("堀 美月"), "{then}");
}
