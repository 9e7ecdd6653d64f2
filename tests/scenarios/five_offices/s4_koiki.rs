//! S4: the head of the section chooses, データ保護管理者 approves, everything in two stages; a spare card that the head wakes and that ends by itself.

use std::time::Duration;

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};
use sekisho_tests::desk::Issued;
use sekisho_tests::said;

use super::{Office, THIRD, ends, proposed};

/// データ保護管理者 (3): 事務局次長.
const PROTECTION: &str = "20001";
/// 総務課長, for what concerns the whole office.
const GENERAL: &str = "20002";
/// データ取扱責任者 and 端末装置管理責任者 of the section 資格管理課 (5, 9).
const HEAD: &str = THIRD;

const FUNCTIONS: &[&str] = &["kouki.shikaku", "kouki.kyufu", "kouki.ido"];
const DESIGNATE: [&str; 9] =
    ["operator", "designate", "10403", "--name", "早川 実", "--section", "shikaku", "--at-section", "shikaku"];

#[test]
fn s4_a_union_where_everything_takes_two_stages() {
    let mut office = Office::found("s4", "s4-koiki-rengo");
    office.set_up(GENERAL, PROTECTION);

    chosen_and_approved(&mut office);
    qualified(&mut office);
    let mut first = carded(&mut office, "10401");
    let mut second = carded(&mut office, "10402");
    office.enrol((HEAD, Some(PROTECTION)), "shikaku-1", ("shikaku", "shikaku-kacho"), FUNCTIONS);
    insert(&office.terminal, &mut first);
    login(&office.terminal, &first);
    assert_eq!(verdict_of(&office.terminal, "kouki.shikaku"), "granted");
    assert_eq!(verdict_of(&office.terminal, "kouki.kyufu"), "purpose_missing");
    assert_eq!(office.for_purpose("kouki.kyufu", "shinsei"), "granted");
    pull(&office.terminal, &mut first);
    insert(&office.terminal, &mut second);
    login(&office.terminal, &second);
    assert_eq!(office.for_purpose("kouki.kyufu", "shinsei"), "function_not_in_scope", "11(3)");
    pull(&office.terminal, &mut second);

    told_of_a_change(&mut office, &mut second);
    spare_card(&mut office);
    serious_accident(&mut office);
    next_year(&mut office, &mut first, &mut second);
    inspection(&mut office);
    office.end();
}

/// 10(2), 11(1), 23(1): the head's decision comes first, and he is another person than the approver.
fn chosen_and_approved(office: &mut Office) {
    let said = office.refused(PROTECTION, &DESIGNATE);
    assert!(said.contains("may not sign changes of class"), "the approver does not choose: {said}");
    let said = office.refused(HEAD, &DESIGNATE);
    assert!(said.contains("approv"), "the chooser does not decide: {said}");
    let abroad = ["operator", "designate", "10409", "--name", "外山 学", "--section", "somu", "--at-section", "somu"];
    let said = office.refused(HEAD, &[&["--propose"], &abroad[..]].concat());
    assert!(said.contains("may not sign changes of class"), "5: not for another section: {said}");
    let said = office.propose(HEAD, &DESIGNATE);
    let id = proposed(&said).to_owned();
    let said = office.refused(HEAD, &["approve", &id]);
    assert!(!said.is_empty());
    let waits = office.waits(PROTECTION);
    assert!(waits.iter().any(|what| what.contains("a proposal waits")), "{waits:?}");
    let said = office.by(PROTECTION, &["approve", &id]);
    assert!(said.contains("早川 実"), "who it is, is shown before it is signed: {said}");
}

/// 10(1)(1), 10(2): no card before the head has said that the person qualifies, and データ保護管理者 has approved it.
fn qualified(office: &mut Office) {
    let card = ["card", "issue", "--operator", "10403"];
    let said = office.refused(HEAD, &card);
    assert!(said.contains("does not qualify for a business card") && !said.contains("is made"), "{said}");
    let qualify = ["operator", "qualify", "10403", "--by", "端末装置取扱研修"];
    let said = office.refused(HEAD, &qualify);
    assert!(said.contains("approv"), "{said}");
    office.two(HEAD, PROTECTION, &qualify);
    two_for_a_card(office, "10403", &card[2..]);
    let lacks = |waits: Vec<String>| waits.iter().any(|what| what.contains("qualification"));
    assert!(!lacks(office.waits(PROTECTION)), "{:?}", office.waits(PROTECTION));
}

/// 11(3): the head proposes the card, データ保護管理者 approves it, and it is handed out.
fn carded(office: &mut Office, operator: &str) -> Issued {
    let to = office.end_of_next_year();
    two_for_a_card(office, operator, &["--operator", operator, "--to", &to])
}

fn two_for_a_card(office: &mut Office, name: &str, arguments: &[&str]) -> Issued {
    office.desk.sign_by(HEAD);
    let made = office.desk.issue(name, arguments);
    approved(office, HEAD, made)
}

/// What somebody made is no card before it is approved.
fn approved(office: &mut Office, maker: &str, (mut card, said): (Issued, String)) -> Issued {
    office.by(PROTECTION, &["approve", proposed(&said)]);
    office.desk.sign_by(maker);
    office.desk.lay_in(&mut card);
    office.desk.run(&["card", "issue", "--resume"]);
    office.desk.take_out(&mut card);
    card
}

/// 11(4): what is changed is told; until then it stands in the list.
fn told_of_a_change(office: &mut Office, card: &mut Issued) {
    let profile =
        ["operator", "profile", "10402", "shikaku-b", "--function", "kouki.shikaku", "--function", "kouki.kyufu"];
    office.two(HEAD, PROTECTION, &profile);
    office.wait_current();
    insert(&office.terminal, card);
    login(&office.terminal, card);
    assert_eq!(office.for_purpose("kouki.kyufu", "shinsei"), "granted");
    pull(&office.terminal, card);
    let untold = |waits: Vec<String>| waits.iter().any(|what| what.contains("10402") && what.contains("not told"));
    assert!(untold(office.waits(HEAD)));
    let (act, at) = (format!("act={}", office.newest_act()), format!("at={}", office.now()));
    office.by(HEAD, &["case", "open", "notice", &act, "operator=10402", &at, "how=口頭"]);
    assert!(!untold(office.waits(HEAD)));
}

/// 11(5): made beforehand with approval, it sleeps; the head wakes it alone for one of his people, and it ends by itself.
fn spare_card(office: &mut Office) {
    let to = office.end_of_next_year();
    let envelope = office.desk.file("pins/spare.pin");
    let envelope = envelope.to_str().unwrap();
    let said = office.refused(HEAD, &["card", "issue", "--kind", "spare", "--dormant", "--to", &to]);
    assert!(said.contains("may not sign changes of class") && !said.contains("is made"), "no card is spoilt: {said}");
    office.desk.sign_by(GENERAL);
    // It is nobody's, so it is the whole office's, and not one section's; who wakes it is the head of a section.
    let kind = ["--kind", "spare", "--dormant", "--to", &to, "--first-pin-file", envelope];
    let made = office.desk.issue_with("spare", &kind);
    let mut spare = approved(office, GENERAL, made);
    office.desk.choose_pin(&spare, "805294");
    office.wait_current();
    insert(&office.terminal, &mut spare);
    assert_eq!(try_login(&office.terminal, &spare), "card_dormant");
    let cards = office.desk.list(&["card", "list"]);
    let guid = cards.last().unwrap()["guid"].as_str().unwrap().to_owned();
    let until = office.clock.minute_in(Duration::from_secs(3600));
    let wake = ["card", "activate", &guid, "--operator", "10401", "--to", &until, "--reason", "wasure"];
    let said = office.refused(GENERAL, &wake);
    assert!(said.contains("may not sign changes of class"), "another section's head does not: {said}");
    pull(&office.terminal, &mut spare);
    // At any panel, with his own card.
    let mut head = office.desk.leaves(HEAD);
    insert(&office.terminal, &mut head);
    let number = cards.last().unwrap()["number"].as_str().unwrap();
    let wake = ["activate-card", number, "--operator", "10401", "--reason", "wasure", "--hours", "1", "--pin-stdin"];
    let (status, said) = said::run("sekisho", &mut office.terminal.sekisho(&wake), &format!("{}\n", head.pin()));
    assert!(status.success() && said.contains("10401"), "{said}");
    pull(&office.terminal, &mut head);
    office.desk.seat(head);
    office.wait_current();
    insert(&office.terminal, &mut spare);
    login(&office.terminal, &spare);
    assert_eq!(verdict_of(&office.terminal, "kouki.shikaku"), "granted");
    office.clock.pass(Duration::from_secs(3700));
    assert_ne!(verdict_of(&office.terminal, "kouki.shikaku"), "granted");
    wait_state(&office.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&office.terminal, &spare), "card_dormant");
    pull(&office.terminal, &mut spare);
    let waits = office.waits(PROTECTION);
    assert!(waits.iter().any(|what| what.contains("is still with") && what.contains("10401")), "{waits:?}");
}

/// 22: course, damage and first aid, told to データ保護管理者, before it is closed.
fn serious_accident(office: &mut Office) {
    office
        .by(HEAD, &["case", "open", "incident", "class=failure", "level=3", "kind=failure", "circumstances=照会不能"]);
    let case = office.case("incident", 1);
    let close = ["case", "step", &case, "close"];
    office.refused(PROTECTION, &close);
    let report = ["circumstances=回線の断", "cause=機器の故障", "measures=予備機に切替え", "damage=窓口2時間停止"];
    office.by(HEAD, &[&["case", "step", &case, "report"], &report[..]].concat());
    office.by(HEAD, &["case", "step", &case, "prevent", "plan=機器を二重にする"]);
    let said = office.refused(PROTECTION, &close);
    assert!(said.contains("comes first"), "he has not acknowledged: {said}");
    office.by(PROTECTION, &["case", "step", &case, "acknowledge"]);
    office.by(GENERAL, &["case", "step", &case, "acknowledge"]);
    office.by(PROTECTION, &close);
}

/// 7: designated anew for each fiscal year, by the head and with approval; who is left out is refused from 1 April on.
fn next_year(office: &mut Office, first: &mut Issued, second: &mut Issued) {
    office.in_march();
    let waits = office.waits(HEAD);
    for who in ["10401", "10402"] {
        assert!(ends(&waits, who), "{who}: {waits:?}");
    }
    let lacks = |waits: &[String]| waits.iter().any(|what| what.contains("qualification of") && what.contains("10401"));
    assert!(lacks(&waits), "10(1)(1): with the year the qualification ends as well: {waits:?}");
    let april = format!("{}-04-01", office.clock.fiscal_year() + 1);
    let qualify = ["operator", "qualify", "10401", "--kind", "business", "--kind", "spare", "--kind", "emergency"];
    office.two(HEAD, PROTECTION, &[&qualify[..], &["--by", "端末装置取扱研修", "--from", &april]].concat());
    let waits = office.waits(HEAD);
    assert!(!lacks(&waits), "{waits:?}");
    let said = office.two(HEAD, PROTECTION, &["operator", "renew", "--section", "shikaku", "--except", "10402"]);
    assert!(said.contains("10401"), "{said}");
    office.in_april();
    office.begins_the_year(first);
    assert_eq!(verdict_of(&office.terminal, "kouki.shikaku"), "granted");
    pull(&office.terminal, first);
    insert(&office.terminal, second);
    assert_eq!(try_login(&office.terminal, second), "designation_ended");
    pull(&office.terminal, second);
    let waits = office.waits(HEAD);
    assert!(waits.iter().any(|what| what.contains("is still with") && what.contains("10402")), "{waits:?}");
}

/// 4(4): データ保護管理者 looks through the records, asks the section, and judges.
fn inspection(office: &mut Office) {
    let record = office.doubt_about(PROTECTION, "no-purpose", "10401");
    let asked =
        [&format!("record={record}"), "doubt=no-purpose", "operator=10401", "section=shikaku", "question=照会の事由"];
    office.by(PROTECTION, &[&["case", "open", "log-review"], &asked[..]].concat());
    let case = office.case("log-review", 1);
    office.by(HEAD, &["case", "step", &case, "answer", "answer=事由を要しない機能での窓口対応"]);
    office.by(PROTECTION, &["case", "step", &case, "verdict", "verdict=doubtful"]);
    let guid = office.desk.guid_of("10402");
    office.two(HEAD, PROTECTION, &["card", "return", &guid, "--reason", "left_duty"]);
    office.inspect(PROTECTION, HEAD, "shikaku");
    // 10(3): the book as it stood before the year began.
    let before = format!("{}-03-20", office.clock.fiscal_year());
    let then = office.by(PROTECTION, &["register", "print", "cards", "--as-of", &before]);
    assert!(then.contains("10402") && !then.contains("returned"), "{then}");
}
