//! S1: アクセス管理者 alone for operators and cards, or his deputy; loss told to two, a stop by either door that only committee and mayor lift, training that the
//! mayor approves.

use sekisho_ipc::SessionState;
use sekisho_tests::clerk::{insert, login, pull, try_login, verdict_of, wait_state};

use super::{Office, THIRD, ends};

/// システム管理者 (6(2)).
const SYSTEM: &str = "20001";
/// セキュリティ責任者 and 端末機操作管理者 in one post (7(2), 10(2)).
const ACCESS: &str = "20002";
/// 総務部長, who keeps the committee's papers (8(8)).
const SECRETARY: &str = THIRD;

/// 市民課長補佐, who decides in the head's place while he is away.
const DEPUTY: &str = "20004";

const FUNCTIONS: &[&str] = &["juki.search", "juki.koiki", "juki.card"];

#[test]
fn s1_a_city_on_the_residents_network() {
    let mut office = Office::found("s1", "s1-juki");
    office.set_up(SYSTEM, ACCESS);

    // 11: one post alone enters operators and lends cards, in that order; nobody else does.
    let designate =
        ["operator", "designate", "10103", "--name", "今井 新", "--section", "shimin", "--at-section", "shimin"];
    let said = office.refused(SYSTEM, &designate);
    assert!(said.contains("may not sign changes of class"), "{said}");
    let said = office.refused(ACCESS, &["card", "issue", "--operator", "10103"]);
    assert!(said.contains("10103"), "no card before the entry in the register: {said}");
    office.by(ACCESS, &designate);
    // A card that signs is no matter of lending: either officer proposes it, and the other one decides.
    office.desk.sign_by(SYSTEM);
    let (_, said) = office.desk.issue("another", &["--operator", SECRETARY, "--signing", "--also"]);
    office.by(ACCESS, &["refuse", super::proposed(&said), "--reason", "一枚で足りる"]);
    let mut first = office.card(ACCESS, "10101");
    let mut second = office.card(ACCESS, "10102");
    office.enrol((ACCESS, None), "shimin-1", ("shimin", "shimin-kacho"), FUNCTIONS);

    // 4(2): what is looked up has a purpose. 11(3): nobody works beyond what he was given.
    insert(&office.terminal, &mut first);
    login(&office.terminal, &first);
    assert_eq!(verdict_of(&office.terminal, "juki.search"), "purpose_missing");
    assert_eq!(office.for_purpose("juki.search", "madoguchi"), "granted");
    assert_eq!(verdict_of(&office.terminal, "juki.koiki"), "granted");
    pull(&office.terminal, &mut first);
    insert(&office.terminal, &mut second);
    login(&office.terminal, &second);
    assert_eq!(verdict_of(&office.terminal, "juki.koiki"), "function_not_in_scope");
    pull(&office.terminal, &mut second);

    training(&mut office);
    loss(&mut office, &mut second);
    deputy(&mut office);
    stop_and_return(&mut office, &mut first, Door::Immediate);
    stop_and_return(&mut office, &mut first, Door::Ordinary);
    next_year(&mut office, &mut first, &mut second);
    inspection(&mut office);
    office.end();
}

/// 19(2): planned, approved by the mayor on paper, held.
fn training(office: &mut Office) {
    let on = format!("on={}", office.today());
    office.by(SYSTEM, &["case", "open", "training", "content=住基ネットの運用と事故時の措置", &on, "audience=市民課"]);
    let case = office.case("training", 1);
    let attended = ["case", "step", &case, "attended", "operator=10101", &on];
    let said = office.refused(ACCESS, &attended);
    assert!(said.contains("comes first"), "{said}");
    let said = office.refused(ACCESS, &["case", "step", &case, "approve"]);
    assert!(!said.is_empty());
    office.on_paper(ACCESS, "shicho", &["case", "step", &case, "approve"]);
    office.by(ACCESS, &attended);
}

/// 12(2): blocked at once, told to two officers, and back when it is found.
fn loss(office: &mut Office, card: &mut sekisho_tests::desk::Issued) {
    office.desk.sign_by(ACCESS);
    let guid = office.desk.guid_of("10102");
    office.by(ACCESS, &["card", "suspend", &guid, "--reason", "lost"]);
    office.wait_current();
    insert(&office.terminal, card);
    assert_eq!(try_login(&office.terminal, card), "card_suspended");
    pull(&office.terminal, card);
    let (of, at) = (format!("card={guid}"), format!("at={}", office.now()));
    let what = [of.as_str(), "reason=lost", &at, "place=庁舎内", "circumstances=退庁時に見当たらない"];
    office.by(ACCESS, &[&["case", "open", "card-loss"], &what[..]].concat());
    let case = office.case("card-loss", 1);
    office.by(ACCESS, &["case", "step", &case, "instruct", "instruction=執務室を探すこと"]);
    office.by(ACCESS, &["case", "step", &case, "acknowledge"]);
    let said = office.refused(ACCESS, &["case", "step", &case, "close"]);
    assert!(said.contains("comes first"), "the other officer has not heard: {said}");
    office.by(SYSTEM, &["case", "step", &case, "acknowledge"]);
    office.by(ACCESS, &["case", "step", &case, "close", "remark=机の引出しで発見"]);
    office.by(ACCESS, &["card", "lift", &guid]);
    office.wait_current();
    insert(&office.terminal, card);
    login(&office.terminal, card);
    pull(&office.terminal, card);
}

/// 代決, 後閲: while the head is away his deputy decides; the head looks at it when he is back, and nobody in his place.
fn deputy(office: &mut Office) {
    office.signs(DEPUTY, SYSTEM, ACCESS);
    let as_deputy = ["--post", "shimin-kacho", "--as-deputy"];
    let said = office.refused(SECRETARY, &[&as_deputy[..], &["operator", "suspend", "10103"]].concat());
    assert!(said.contains("shimin-kacho"), "{said}");
    office.by(DEPUTY, &[&as_deputy[..], &["operator", "suspend", "10103"]].concat());
    let act = office.newest_act();
    let waits = |office: &mut Office| {
        office.desk.sign_by(ACCESS);
        let rows = office.desk.list(&["today", "--mine"]);
        rows.iter().any(|row| row["do"].as_str().unwrap().contains(&format!("review {}", &act[..16])))
    };
    assert!(waits(office), "{:?}", office.desk.list(&["today"]));
    office.refused(DEPUTY, &["review", &act]);
    office.by(ACCESS, &["review", &act]);
    assert!(!waits(office));
    office.by(ACCESS, &["operator", "lift", "10103"]);
}

/// By which door the network is left (14(1), 15).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// At once; the committee is told afterwards.
    Immediate,
    /// Once the committee was heard.
    Ordinary,
}

/// 15, 14(5): the mayor stops at once, or (14(1)) once the committee was heard. 16: the committee reports, then the mayor confirms; neither alone opens anything.
fn stop_and_return(office: &mut Office, card: &mut sekisho_tests::desk::Issued, door: Door) {
    let (round, name) = if door == Door::Immediate { (1, "door=immediate") } else { (2, "door=ordinary") };
    insert(&office.terminal, card);
    login(&office.terminal, card);
    let report = ["class=misuse", "level=2", "kind=leak", "circumstances=他市への誤送信"];
    let report = [&["case", "open", "incident"], &report[..]].concat();
    let said = office.refused(ACCESS, &[&report[..], &["recipients=system_manager"]].concat());
    assert!(said.contains("has to be told to executive"), "15(2): {said}");
    office.by(ACCESS, &report);
    let acknowledge = ["case", "step", &office.case("incident", round), "acknowledge"].map(str::to_owned);
    let acknowledge: Vec<&str> = acknowledge.iter().map(String::as_str).collect();
    office.on_paper(ACCESS, "shicho", &acknowledge);
    office.on_paper(SECRETARY, "iinkai", &acknowledge);
    let number = format!("{}-{round}", office.clock.fiscal_year());
    let incident = format!("incident={}", office.case("incident", round));
    let open = ["case", "open", "disconnection", name, &incident, "reason=漏えいの差し迫った危険"];
    let case = office.case("disconnection", round);
    if door == Door::Ordinary {
        office.by(ACCESS, &open);
        let minute = std::time::Duration::from_secs(60);
        office.clock.pass(minute);
        office.on_paper(SECRETARY, "iinkai", &["case", "step", &case, "hear", "opinion=停止が相当"]);
        office.clock.pass(minute);
    }
    office.on_paper(ACCESS, "shicho", &["connection", "stop", "--incident", &number]);
    wait_state(&office.terminal, SessionState::AwaitPin);
    assert_eq!(try_login(&office.terminal, card), "connection_stopped");
    let act = format!("act={}", office.newest_act());
    if door == Door::Immediate {
        office.by(ACCESS, &open);
    }
    office.by(ACCESS, &["case", "step", &case, "stop", &act]);
    let at = format!("at={}", office.now());
    office.by(ACCESS, &["case", "step", &case, "notify", "roles=security_committee", &at, "content=結合を停止した"]);
    // 14(3): what happened is kept.
    let order = format!("hozen-{round}");
    office.by(ACCESS, &["retention", "preserve", &order, "--incident", &number]);
    office.by(ACCESS, &["case", "step", &case, "keep", &format!("order={order}")]);

    let reopen = ["--propose", "connection", "open", "--incident", &number];
    let said = office.refused(SYSTEM, &reopen);
    assert!(said.contains("step") || said.contains("comes first"), "{said}");
    let on = format!("on={}", office.today());
    let resolve = ["case", "step", &case, "resolve", "reporter=委員長", "cause=送信先一覧の誤り。訂正した", &on];
    office.on_paper(SECRETARY, "iinkai", &resolve);
    office.refused(SYSTEM, &reopen);
    office.on_paper(ACCESS, "shicho", &["case", "step", &case, "confirm", "safety=安全を確認した"]);
    let said = office.by(SYSTEM, &reopen);
    let id = super::proposed(&said).to_owned();
    let today = office.today();
    let mayor = ["--paper-of", "shicho", "--paper-number", "総第13号", "--paper-date", &today, "approve", &id];
    let said = office.refused(ACCESS, &mayor);
    assert!(said.contains("the stage before this one"), "{said}");
    office.on_paper(SECRETARY, "iinkai", &["approve", &id]);
    office.by(ACCESS, &mayor);
    office.wait_current();
    login(&office.terminal, card);
    assert_eq!(office.for_purpose("juki.search", "kakunin"), "granted");
    pull(&office.terminal, card);
    let act = format!("act={}", office.newest_act());
    office.by(SYSTEM, &["case", "step", &case, "close", &act]);
}

/// Everybody is renewed but one, whose card then opens nothing and is asked for (12(3)).
fn next_year(office: &mut Office, first: &mut sekisho_tests::desk::Issued, second: &mut sekisho_tests::desk::Issued) {
    office.in_march();
    let waits = office.waits(ACCESS);
    for who in ["10101", "10102"] {
        assert!(ends(&waits, who), "{who}: {waits:?}");
    }
    let untrained = |who: &str| waits.iter().any(|what| what.contains(who) && what.contains("no training"));
    assert!(untrained("10102") && !untrained("10101"), "19(1): {waits:?}");
    let said = office.refused(SYSTEM, &["operator", "renew"]);
    assert!(said.contains("may not sign changes of class"), "{said}");
    let said = office.by(ACCESS, &["operator", "renew", "--except", "10102"]);
    assert!(said.contains("left out by the command line"), "{said}");
    office.in_april();
    office.begins_the_year(first);
    assert_eq!(office.for_purpose("juki.search", "madoguchi"), "granted");
    pull(&office.terminal, first);
    insert(&office.terminal, second);
    assert_eq!(try_login(&office.terminal, second), "designation_ended");
    pull(&office.terminal, second);
    let still = |waits: Vec<String>| waits.iter().any(|what| what.contains("is still with") && what.contains("10102"));
    assert!(still(office.waits(ACCESS)));
    let guid = office.desk.guid_of("10102");
    office.by(ACCESS, &["card", "return", &guid, "--reason", "left_duty"]);
    assert!(!still(office.waits(ACCESS)));
}

/// 8(2)(2): the refusal of last year is asked about, answered and judged; the register is as it was then.
fn inspection(office: &mut Office) {
    let record = office.doubt_about(SECRETARY, "out-of-duty", "10102");
    let record = format!("record={record}");
    let asked = ["doubt=out-of-duty", &record, "operator=10102", "section=shimin", "question=広域交付を試みた理由"];
    office.by(SECRETARY, &[&["case", "open", "log-review"], &asked[..]].concat());
    let case = office.case("log-review", 1);
    let said = office.refused(SECRETARY, &["case", "step", &case, "verdict", "verdict=sound"]);
    assert!(said.contains("comes first"), "{said}");
    office.by(ACCESS, &["case", "step", &case, "answer", "answer=操作を誤った"]);
    office.by(SECRETARY, &["case", "step", &case, "verdict", "verdict=sound"]);
    office.inspect(SECRETARY, ACCESS, "shimin");
    let before = format!("{}-03-20", office.clock.fiscal_year());
    let then = office.by(SECRETARY, &["register", "print", "operators", "--as-of", &before]);
    assert!(then.contains("森 拓也") && then.contains("今井 新"), "{then}");
    let out = office.scratch.path().join("s1.evidence").to_str().unwrap().to_owned();
    office.desk.sign_by(SYSTEM);
    let number = office.desk.permit_export("shimin");
    let record = record.trim_start_matches("record=");
    let said = office.by(SECRETARY, &["records", "evidence", record, "--permission", &number, "--out", &out]);
    assert!(!said.is_empty());
    let id = office.desk.office().to_string();
    let said = office.by(SECRETARY, &["verify-evidence", &out, "--office-id", &id]);
    assert!(said.contains("10102") || said.contains("森 拓也"), "{said}");
}
